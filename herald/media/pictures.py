"""Gives channels the pictures of a post as their network takes them."""

from __future__ import annotations

import mimetypes

from herald.model.delivery import Media
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.ports import MediaStore


class PreparedPictures:
    """Makes pictures ready from their kept originals."""

    def __init__(self, media: MediaStore, *, public_url: str = "") -> None:
        """Take *public_url*, under which this Herald's pages are reached; empty: they are not."""
        self._media = media
        self._public_url = public_url.rstrip("/")

    async def picture(self, media: Media, limits: Capabilities) -> Picture:
        """Return the picture of *media* within *limits*."""
        content = await self._media.get_media(media.sha256)
        return Picture(content=content, media_type=media.media_type)

    async def address(self, picture: Picture) -> str:
        """Keep *picture* and return where everybody can fetch it; '' if there is no such place."""
        if not self._public_url:
            return ""
        await self._media.put_media(picture.sha256, picture.media_type, picture.content)
        ending = mimetypes.guess_extension(picture.media_type) or ""
        return f"{self._public_url}/media/{picture.sha256}{ending}"
