"""Gives channels the pictures of a post as their network takes them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import timedelta

from herald.errors import PictureUnusable
from herald.media.fitting import Limits, limits_of
from herald.media.prepare import prepare
from herald.model.delivery import Media
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.ports import Clock, MediaStore

PUBLISHED_FOR = timedelta(days=90)
"""Networks fetch a picture within a day; what somebody embedded meanwhile stays for a while."""
_REMEMBERED_BYTES = 32_000_000
"""Of prepared pictures, for a post's other accounts and its next try."""

_Key = tuple[str, Limits]


class PreparedPictures:
    """Makes pictures ready from their kept originals.

    One at a time, in a thread: decoded, a single one can take 300 MB. What was made is remembered
    for as long as there is room; made again, after a restart, it is the same to the last byte.
    """

    def __init__(self, media: MediaStore, *, clock: Clock, public_url: str = "") -> None:
        """Take *public_url*, under which this Herald's pages are reached; empty: they are not."""
        self._media = media
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._room = asyncio.Semaphore(1)
        self._remembered: OrderedDict[_Key, Picture] = OrderedDict()

    async def picture(self, media: Media, limits: Capabilities) -> Picture:
        """Return the picture of *media* within *limits*."""
        key = (media.sha256, limits_of(limits))
        if found := self._remembered.get(key):
            self._remembered.move_to_end(key)
            return found
        await self._room.acquire()
        making = asyncio.ensure_future(self._make(key, media))
        making.add_done_callback(self._made)
        # Who asked may be cancelled; a thread cannot be, and nobody else may start meanwhile.
        return await asyncio.shield(making)

    async def address(self, picture: Picture) -> str:
        """Keep *picture* and return where everybody can fetch it; '' if there is no such place.

        What was published long ago and not asked for since goes.
        """
        if not self._public_url:
            return ""
        now = self._clock.now()
        await self._media.unpublish(before=now - PUBLISHED_FOR)
        await self._media.publish(picture, now=now)
        return f"{self._public_url}/media/{picture.file_name}"

    async def _make(self, key: _Key, media: Media) -> Picture:
        if found := self._remembered.get(key):
            return found
        content = await self._media.get_media(media.sha256)
        try:
            made = await asyncio.to_thread(prepare, content, key[1], media_type=media.media_type)
        except PictureUnusable as error:
            name = media.file or media.url or media.sha256[:12]
            what = "video" if media.media_type.startswith("video/") else "picture"
            raise PictureUnusable(f"the {what} {name}: {error}") from error
        if len(made.content) > _REMEMBERED_BYTES:
            return made  # a video: nothing was made of it that is worth its room
        self._remembered[key] = made
        self._forget_all_but(key)
        return made

    def _made(self, making: asyncio.Future[Picture]) -> None:
        self._room.release()
        if not making.cancelled():
            making.exception()  # told to who asked, if anybody still listens

    def _forget_all_but(self, key: _Key) -> None:
        held = sum(len(each.content) for each in self._remembered.values())
        while held > _REMEMBERED_BYTES and next(iter(self._remembered)) != key:
            _, gone = self._remembered.popitem(last=False)
            held -= len(gone.content)
