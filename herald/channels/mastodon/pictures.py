"""Uploads a post's pictures before the post is made, each once, and waits until they are ready."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from herald.channels.answer import Answer, NoAnswer
from herald.channels.mastodon.reading import Conversation
from herald.channels.mastodon.wire import outcome_of_upload
from herald.errors import MediaMissing, PictureUnusable
from herald.model.delivery import Claim, Media, Outcome, Refused, TryAgain
from herald.model.ids import DeliveryKey
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.ports import Clock, Pictures

log = logging.getLogger(__name__)

Ask = Callable[[Callable[[Conversation], Answer | NoAnswer]], Awaitable[Answer | NoAnswer]]
"""Runs one question to the server in a thread."""

UPLOAD_SECONDS = 45.0
"""For all pictures of a post."""
_WAITS = (0.5, 1, 1, 2, 2, 3, 3, 5, 5, 5, 5)
"""Seconds between looks at a picture that the server is still preparing."""
_REMEMBERED_MOST = 500

Place = tuple[DeliveryKey, int, str]
"""A delivery, the picture's number in it, and the SHA-256 of its original."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The server's ids of a post's pictures; *reused* if some were uploaded for an earlier try."""

    ids: tuple[str, ...] = ()
    reused: bool = False


class Uploads:
    """The pictures that one account has uploaded and not yet posted."""

    def __init__(self, *, ask: Ask, pictures: Pictures, clock: Clock) -> None:
        self._ask = ask
        self._pictures = pictures
        self._clock = clock
        self._ids: OrderedDict[Place, str] = OrderedDict()

    async def upload(self, claim: Claim, limits: Capabilities) -> Uploaded | Outcome:
        """Return the ids of the pictures of *claim*, or why there is no post: nothing was made.

        They are made ready within *limits* first.

        What was uploaded for an earlier try is used again.
        """
        _tell_left_out(claim)
        ids: list[str] = []
        reused = False
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                for place, media in _kept(claim):
                    reused = reused or place in self._ids
                    found = await self._one(place, media, limits)
                    if not isinstance(found, str):
                        return found
                    ids.append(found)
        except TimeoutError:
            return TryAgain(f"the pictures took longer than {UPLOAD_SECONDS:g} seconds")
        return Uploaded(tuple(ids), reused)

    def forget(self, claim: Claim) -> None:
        """Upload the pictures of *claim* anew, should it be sent again."""
        for place, _ in _kept(claim):
            self._ids.pop(place, None)

    async def _one(self, place: Place, media: Media, limits: Capabilities) -> str | Outcome:
        if place not in self._ids:
            try:
                picture = await self._pictures.picture(media, limits)
            except PictureUnusable as error:
                return Refused(str(error))
            except MediaMissing:
                return Refused(
                    f"the picture {media.file} is not kept: run herald plan, it reads it"
                )
            answer = await self._ask(lambda server: _upload(server, media, picture))
            if outcome := outcome_of_upload(answer, now=self._clock.now()):
                return outcome
            media_id = _id_of(answer)
            if media_id is None:
                return TryAgain("the server took a picture and gave no id for it")
            self._ids[place] = media_id
            while len(self._ids) > _REMEMBERED_MOST:
                self._ids.popitem(last=False)
            if _is_ready(answer):
                return media_id
        return await self._when_ready(place)

    async def _when_ready(self, place: Place) -> str | Outcome:
        """Wait until the server has prepared a picture: 202 or 206 until then, 200 after."""
        media_id = self._ids[place]
        for wait in (0.0, *_WAITS):
            await self._clock.sleep(wait)
            answer = await self._ask(lambda server: server.media(media_id))
            if isinstance(answer, Answer) and (_is_ready(answer) or answer.status in {404, 405}):
                # Not every server lets one ask; if it is not ready the post is refused, and comes
                # again.
                return media_id
            if outcome := outcome_of_upload(answer, now=self._clock.now()):
                if isinstance(outcome, Refused):
                    self._ids.pop(place, None)
                return outcome
        return TryAgain("the server is still preparing a picture")


def _kept(claim: Claim) -> list[tuple[Place, Media]]:
    """Return the pictures whose bytes are kept; one known by address alone is not uploaded."""
    key = claim.delivery.key
    return [
        ((key, number, media.sha256), media)
        for number, media in enumerate(claim.payload.media)
        if media.sha256
    ]


def _upload(server: Conversation, media: Media, picture: Picture) -> Answer | NoAnswer:
    name = f"{media.sha256[:16]}{picture.ending}"
    return server.upload(
        picture.content, media_type=picture.media_type, name=name, description=media.alt
    )


def _id_of(answer: Answer | NoAnswer) -> str | None:
    found = answer.read_object().get("id") if isinstance(answer, Answer) else None
    return str(found) if isinstance(found, str | int) and str(found) else None


def _is_ready(answer: Answer | NoAnswer) -> bool:
    """Tell whether a picture can be posted (https://docs.joinmastodon.org/methods/media/#get)."""
    return isinstance(answer, Answer) and answer.status in {200, 201}


def _tell_left_out(claim: Claim) -> None:
    """Log the pictures known by address alone: Herald fetches nothing while it sends."""
    left_out = sum(1 for media in claim.payload.media if not media.sha256)
    if left_out:
        fields = {"key": claim.delivery.key, "pictures": left_out}
        log.warning("pictures left out, only their address is known", extra=fields)
