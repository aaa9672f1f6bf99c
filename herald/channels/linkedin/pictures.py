"""Brings a post's pictures to LinkedIn and waits until they can be used.

https://learn.microsoft.com/linkedin/marketing/community-management/shares/images-api
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from herald.channels.answer import Answer, NoAnswer
from herald.channels.linkedin.post import Uploaded
from herald.channels.linkedin.rest import Rest, spelled
from herald.channels.linkedin.wire import Hindrance, trouble
from herald.errors import MediaMissing, PictureUnusable
from herald.model.delivery import Media, Payload, Refused, TryAgain
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.ports import Clock, Pictures

UPLOAD_SECONDS = 90.0
"""For all pictures of a post."""
THUMBNAIL_SECONDS = 20.0
LOOKS_MOST = 12
_LOOK_SECONDS = 2.0
_REMEMBERED_MOST = 200


class PagePictures:
    """The pictures of one page; what was uploaded is used again while the process lives."""

    def __init__(
        self, rest: Rest, pictures: Pictures, *, owner: str, limits: Capabilities, clock: Clock
    ) -> None:
        self._rest = rest
        self._pictures = pictures
        self._owner = owner
        self._limits = limits
        self._clock = clock
        self._known: dict[str, str] = {}
        """URNs by the SHA-256 of the bytes."""

    async def uploaded(self, payload: Payload) -> tuple[Uploaded, ...] | Hindrance:
        """Return the pictures of a post; else why there is no post: nothing was made public."""
        uploaded: list[Uploaded] = []
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                for media in payload.media:
                    if not media.sha256:
                        continue
                    urn = await self._urn(media)
                    if not isinstance(urn, str):
                        return urn
                    uploaded.append(Uploaded(urn=urn, alt=media.alt))
        except TimeoutError:
            return TryAgain(f"the pictures took longer than {UPLOAD_SECONDS:g} seconds")
        return tuple(uploaded)

    async def thumbnail(self, media: Media) -> str:
        """Return the URN of a linked page's picture; '' where it cannot be had in time.

        A post is not worth less without it.
        """
        try:
            async with asyncio.timeout(THUMBNAIL_SECONDS):
                urn = await self._urn(media)
        except TimeoutError:
            return ""
        return urn if isinstance(urn, str) else ""

    def forget(self) -> None:
        """Upload anew from now on: LinkedIn refused a post, perhaps for its pictures."""
        self._known.clear()

    async def _urn(self, media: Media) -> str | Hindrance:
        try:
            picture = await self._pictures.picture(media, self._limits)
        except MediaMissing:
            return Refused(f"the picture {media.file} is not kept: run herald plan, it reads it")
        except PictureUnusable as error:
            return Refused(str(error))
        urn = self._known.get(picture.sha256) or await self._upload(picture, media)
        if not isinstance(urn, str):
            return urn
        if len(self._known) >= _REMEMBERED_MOST:
            self._known.clear()
        self._known[picture.sha256] = urn
        return await self._ready(urn, media) or urn

    async def _upload(self, picture: Picture, media: Media) -> str | Hindrance:
        what = f"LinkedIn does not take the picture {media.file}"
        body = {"initializeUploadRequest": {"owner": self._owner}}
        answer = await self._rest.prepare("images", {"action": "initializeUpload"}, body)
        told = _told(answer).get("value")
        there = told if isinstance(told, Mapping) else {}
        address, urn = there.get("uploadUrl"), there.get("image")
        if not (isinstance(address, str) and isinstance(urn, str)):
            return trouble(answer, what, now=self._clock.now())
        if not self._rest.may_upload_to(address):
            return Refused(f"{what}: it wants it at an address that is not LinkedIn's")
        answer = await self._rest.upload(address, picture.content, picture.media_type)
        is_there = isinstance(answer, Answer) and answer.is_good
        return urn if is_there else trouble(answer, what, now=self._clock.now())

    async def _ready(self, urn: str, media: Media) -> Hindrance | None:
        """Wait until a picture can be used; None once it can, or where that cannot be asked."""
        for _ in range(LOOKS_MOST):
            answer = await self._rest.read(f"images/{spelled(urn)}")
            # What LinkedIn does not tell is seen when the post is made.
            status = _told(answer).get("status")
            if status == "PROCESSING_FAILED":
                self._known.clear()
                return Refused(f"LinkedIn cannot use the picture {media.file}: save it anew")
            if status not in {"PROCESSING", "WAITING_UPLOAD"}:
                return None
            await self._clock.sleep(_LOOK_SECONDS)
        return TryAgain(f"LinkedIn is still preparing the picture {media.file}")


def _told(answer: Answer | NoAnswer) -> Mapping[str, object]:
    return answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
