"""The pictures of a letter as its editors see them: no world has to reach Herald for that."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from herald.errors import PictureUnusable
from herald.media.fitting import Limits
from herald.media.prepare import prepare
from herald.model.mailing import Edition
from herald.model.picture import Picture
from herald.ports import MediaStore

_SIDE = 640
_TYPES = frozenset({"image/jpeg", "image/png"})
_TIMES_SHOWN = 4
"""Each letter stands in the page as often: on telephone and desk, light and dark."""
_BYTES_IN_ALL = 12_000_000
_BYTES_LEAST, _BYTES_MOST = 8_000, 80_000
_PICTURE = re.compile(r'src="([^"]*/media/([0-9a-f]{64})\.[a-z0-9]+)"')


class DraftMedia:
    """Pictures of a letter that is only drafted: kept for as long as it is looked at."""

    def __init__(self, kept: MediaStore) -> None:
        """Take where the pictures are that everybody can fetch already."""
        self._kept = kept
        self._drafted: dict[str, Picture] = {}

    async def get_media(self, sha256: str) -> bytes:
        """Return the bytes; raise ``herald.errors.MediaMissing`` when they are not kept."""
        return await self._kept.get_media(sha256)

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        """Remember *picture*; nobody else can fetch it."""
        self._drafted[picture.sha256] = picture

    async def published(self, sha256: str) -> Picture | None:
        """Return a picture of the draft, or one that was published."""
        return self._drafted.get(sha256) or await self._kept.published(sha256)


async def seen_pictures(editions: Sequence[Edition], media: DraftMedia) -> dict[str, str]:
    """Return for each picture at Herald's own address what shows it in a page without a network.

    One that is not there is left out. The more pictures, the smaller each is made.
    """
    found = [match for one in editions for match in _PICTURE.finditer(one.html)]
    share = _BYTES_IN_ALL // max(1, len(found) * _TIMES_SHOWN)
    most = max(_BYTES_LEAST, min(_BYTES_MOST, share))
    limits = Limits(side=_SIDE, bytes_most=most, types=_TYPES)
    seen: dict[str, str] = {}
    for url, digest in dict.fromkeys((match[1], match[2]) for match in found):
        picture = await media.published(digest)
        if picture is not None:
            seen[url] = await asyncio.to_thread(_data, picture, limits)
    return seen


def _data(picture: Picture, limits: Limits) -> str:
    # As it is where its share is too small for it.
    with suppress(PictureUnusable):
        picture = prepare(picture.content, limits)
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.content).decode()}"
