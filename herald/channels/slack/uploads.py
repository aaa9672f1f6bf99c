"""Uploads a post's pictures, each once, before the post is made: nobody sees them until then."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from herald.channels.answer import Answer
from herald.channels.prepared import Prepared
from herald.channels.slack import wire
from herald.channels.slack.asking import Bot
from herald.model.delivery import Outcome, TryAgain
from herald.ports import Clock

UPLOAD_SECONDS = 60.0
"""For all pictures of a post."""
_OF_USE = timedelta(minutes=15)
"""So long an uploaded picture is used again: by then Slack has surely looked at it."""
_REMEMBERED_MOST = 200


class Uploads:
    """The pictures that one bot has uploaded lately, by their bytes and descriptions."""

    def __init__(self, bot: Bot, *, clock: Clock) -> None:
        self._bot = bot
        self._clock = clock
        self._files: OrderedDict[tuple[str, str], tuple[str, datetime]] = OrderedDict()

    async def uploaded(self, pictures: Sequence[Prepared]) -> list[str] | Outcome:
        """Return Slack's numbers of *pictures*, or why there is no post: nothing was made."""
        files: list[str] = []
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                for one in pictures:
                    file = await self._one(one)
                    if not isinstance(file, str):
                        return file
                    files.append(file)
        except TimeoutError:
            return TryAgain(f"the pictures took longer than {UPLOAD_SECONDS:g} seconds")
        return files

    async def _one(self, one: Prepared) -> str | Outcome:
        """Return the number of a picture, uploaded in three steps.

        https://docs.slack.dev/messaging/working-with-files#upload. It is shared with nobody: the
        post shows it by its number.
        """
        place, now = (one.picture.sha256, one.alt), self._clock.now()
        kept, since = self._files.get(place, ("", now))
        if kept and now - since < _OF_USE:
            return kept
        what = f"the picture {one.name} could not be uploaded"
        form = {"filename": one.name, "length": str(len(one.picture.content))}
        if one.alt:
            form["alt_txt"] = one.alt
        answer = await self._bot.fill_in("files.getUploadURLExternal", form)
        told = answer.read_object() if isinstance(answer, Answer) else {}
        address, file = told.get("upload_url"), told.get("file_id")
        if not wire.is_done(answer) or not isinstance(file, str) or not self._is_safe(address):
            return wire.trouble_before(answer, now=now, what=what)
        content, kind = one.picture.content, one.picture.media_type
        answer = await self._bot.upload(str(address), content, kind=kind)
        if not (isinstance(answer, Answer) and answer.is_good):
            return wire.trouble_before(answer, now=now, what=what)
        body = {"files": [{"id": file, "title": one.name}]}
        answer = await self._bot.change("files.completeUploadExternal", body)
        if not wire.is_done(answer):
            return wire.trouble_before(answer, now=now, what=what)
        self._remember(place, file, now)
        return file

    def _is_safe(self, address: object) -> bool:
        """Tell whether pictures may go to *address*: with TLS, where Slack itself is asked so."""
        if not isinstance(address, str):
            return False
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.scheme == urlsplit(self._bot.server).scheme

    def _remember(self, place: tuple[str, str], file: str, now: datetime) -> None:
        self._files[place] = (file, now)
        self._files.move_to_end(place)
        while len(self._files) > _REMEMBERED_MOST:
            self._files.popitem(last=False)
