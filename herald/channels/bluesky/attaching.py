"""Brings to the server what a post carries beside its words, before the post is written."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import Request
from herald.channels.bluesky.record import Blob, link_card
from herald.channels.bluesky.session import SignedIn
from herald.channels.bluesky.wire import Hindrance, read_blob, trouble_uploading
from herald.errors import MediaMissing, PictureUnusable
from herald.model.card import LinkCard
from herald.model.delivery import Claim, Media, Payload, Refused, TryAgain
from herald.model.network import Capabilities
from herald.ports import Cards, Clock, Pictures

UPLOAD_SECONDS = 45.0
"""For all pictures of a post."""
THUMB_BYTES = 1_000_000
"""Of the picture of a card (lexicon app.bsky.embed.external)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attaching:
    """Uploads the pictures of one account's posts, and makes the cards of their links."""

    signed_in: SignedIn
    pictures: Pictures
    cards: Cards | None
    clock: Clock
    limits: Capabilities

    async def upload(self, claim: Claim) -> tuple[Blob, ...] | Hindrance:
        """Return the server's blobs of the pictures, or why there is no post: nothing was made.

        A picture is known by its bytes: uploaded again, it is the same blob.
        """
        kept = [media for media in claim.payload.media if media.sha256]
        if left_out := len(claim.payload.media) - len(kept):
            fields = {"key": claim.delivery.key, "pictures": left_out}
            log.warning("pictures left out, only their address is known", extra=fields)
        blobs: list[Blob] = []
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                for media in kept:
                    blob = await self._upload(media, self.limits)
                    if not isinstance(blob, Blob):
                        return blob
                    blobs.append(blob)
        except TimeoutError:
            return TryAgain(f"the pictures took longer than {UPLOAD_SECONDS:g} seconds")
        return tuple(blobs)

    async def card(self, payload: Payload) -> dict[str, Any]:
        """Return the card of the post's link; empty where there is none.

        The network fetches no page to make one. Of a page that cannot be read the card says what
        the post says; whatever happens here keeps no post back.
        """
        if not payload.link.startswith(("https://", "http://")):
            return {}
        card = await self.cards.card(payload.link) if self.cards else None
        return link_card(payload, card, await self._thumb(card))

    async def _thumb(self, card: LinkCard | None) -> Blob | None:
        if card is None or card.picture is None:
            return None
        small = replace(self.limits, media_bytes=THUMB_BYTES)
        try:
            async with asyncio.timeout(UPLOAD_SECONDS / 3):
                blob = await self._upload(card.picture, small)
        except TimeoutError:
            return None
        return blob if isinstance(blob, Blob) else None

    async def _upload(self, media: Media, limits: Capabilities) -> Blob | Hindrance:
        try:
            picture = await self.pictures.picture(media, limits)
        except PictureUnusable as error:
            return Refused(str(error))
        except MediaMissing:
            return Refused(f"the picture {media.file} is not kept: run herald plan, it reads it")
        request = Request(
            method="POST",
            address=f"{self.signed_in.server}/xrpc/com.atproto.repo.uploadBlob",
            body=picture.content,
            kind=picture.media_type,
        )
        answer = await self.signed_in.authorised(request)
        if not isinstance(answer, Answer | NoAnswer):
            return answer
        if ref := read_blob(answer):
            return Blob(ref=ref, width=picture.width, height=picture.height)
        return trouble_uploading(answer, now=self.clock.now())
