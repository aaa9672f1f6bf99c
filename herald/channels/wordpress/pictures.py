"""Brings a post's pictures to a site, each once."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import multipart
from herald.channels.wordpress.page import Shown, caption_of, picture_slug
from herald.channels.wordpress.site import Site
from herald.channels.wordpress.wire import Hindrance, read_noisy, trouble
from herald.errors import MediaMissing, PictureUnusable
from herald.model.delivery import Media, Payload, Refused, TryAgain
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.ports import Clock, Pictures

UPLOAD_SECONDS = 60.0
"""For all pictures of a post."""
_ENDINGS = {"image/jpeg": "jpg", "image/svg+xml": "svg"}


class SitePictures:
    """The pictures of one site. Each has a name that its bytes and its description give it."""

    def __init__(
        self, site: Site, pictures: Pictures, *, limits: Capabilities, clock: Clock
    ) -> None:
        self._site = site
        self._pictures = pictures
        self._limits = limits
        self._clock = clock

    async def shown(self, payload: Payload) -> tuple[Shown, ...] | Hindrance:
        """Return the site's pictures of a post, uploaded once; else why there is no post."""
        shown: list[Shown] = []
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                for media in payload.media:
                    if not media.sha256:
                        continue
                    picture = await self._shown(media)
                    if not isinstance(picture, Shown):
                        return picture
                    shown.append(picture)
        except TimeoutError:
            return TryAgain(f"the pictures took longer than {UPLOAD_SECONDS:g} seconds")
        return tuple(shown)

    async def _shown(self, media: Media) -> Shown | Hindrance:
        try:
            picture = await self._pictures.picture(media, self._limits)
        except MediaMissing:
            return Refused(f"the picture {media.file} is not kept: run herald plan, it reads it")
        except PictureUnusable as error:
            return Refused(str(error))
        there = await self._find(picture, media)
        return there if there is not None else await self._upload(picture, media)

    async def _find(self, picture: Picture, media: Media) -> Shown | Hindrance | None:
        """Return the picture if the site has it; None if it has not."""
        query = {"slug": picture_slug(picture.sha256, media)}
        answer = await self._site.call("GET", "wp/v2/media", query=query)
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        told = read_noisy(answer) if isinstance(answer, Answer) and answer.is_good else None
        if not isinstance(told, list):
            return trouble(answer, "the site's pictures cannot be read", now=self._clock.now())
        return _read(told[0], media) if told else None

    async def _upload(self, picture: Picture, media: Media) -> Shown | Hindrance:
        slug = picture_slug(picture.sha256, media)
        fields = {"slug": slug, "alt_text": media.alt, "caption": html.escape(caption_of(media))}
        kind = picture.media_type
        name = f"{slug}.{_ENDINGS.get(kind) or kind.partition('/')[2] or 'jpg'}"
        form, form_kind = await multipart(fields, [("file", name, kind, picture.content)])
        answer = await self._site.upload(form, form_kind)
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        if isinstance(answer, NoAnswer) or not answer.is_good:
            what = f"the site does not take the picture {media.file}"
            return trouble(answer, what, now=self._clock.now())
        why = "the site took a picture, but does not say under which number"
        return _read(read_noisy(answer), media) or TryAgain(why)


def _read(told: object, media: Media) -> Shown | None:
    if not isinstance(told, Mapping) or type(told.get("id")) is not int:
        return None
    address = told.get("source_url")
    if not isinstance(address, str) or not address.startswith(("https://", "http://")):
        return None
    details = told.get("media_details")
    size = details if isinstance(details, Mapping) else {}
    width, height = (
        value if type(value) is int else 0 for value in (size.get("width"), size.get("height"))
    )
    return Shown(id=told["id"], address=address, media=media, width=width, height=height)
