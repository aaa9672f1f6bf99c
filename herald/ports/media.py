"""Ports to pictures and to cards of links."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from herald.model.card import LinkCard
from herald.model.delivery import Media
from herald.model.network import Capabilities
from herald.model.picture import Picture


class MediaStore(Protocol):
    """Keeps pictures by the SHA-256 of their bytes, so that a worker needs no campaign files."""

    async def put_media(self, sha256: str, media_type: str, content: bytes) -> None:
        """Keep *content*; a repeat changes nothing."""
        ...

    async def has_media(self, hashes: Collection[str]) -> frozenset[str]:
        """Return those of *hashes* that are kept."""
        ...

    async def get_media(self, sha256: str) -> bytes:
        """Return the bytes; raise ``herald.errors.MediaMissing`` when they are not kept."""
        ...

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        """Let everybody fetch *picture* by its SHA-256 from now on; a repeat counts from *now*."""
        ...

    async def published(self, sha256: str) -> Picture | None:
        """Return what was published; None for anything else, kept or not."""
        ...

    async def unpublish(self, *, before: datetime) -> None:
        """Forget what was published before that moment, and never again since."""
        ...


class Pictures(Protocol):
    """Pictures made ready for networks."""

    async def picture(self, media: Media, limits: Capabilities) -> Picture:
        """Return the kept picture of *media* as *limits* allow, the same each time it is asked for.

        Turned upright, without what its camera noted, scaled and compressed no more than needed.
        Raises ``herald.errors.MediaMissing`` when its bytes are not kept, and
        ``herald.errors.PictureUnusable`` when they are no picture that can be made to fit.
        """
        ...

    async def address(self, picture: Picture) -> str:
        """Keep *picture* and return where everybody can fetch it; '' if there is no such place."""
        ...


class CardStore(Protocol):
    """What linked pages show of themselves, on disk."""

    async def card(self, link: str) -> LinkCard | None:
        """Return what was kept last of the page behind *link*; None for nothing."""
        ...

    async def save_card(self, card: LinkCard) -> None:
        """Keep *card* in the place of an earlier one of its link."""
        ...

    async def forget_cards(self, *, before: datetime) -> None:
        """Forget the cards that were made before that moment."""
        ...


class Cards(Protocol):
    """Cards of links, for networks on which the sender makes them."""

    async def card(self, link: str) -> LinkCard | None:
        """Return the card of the page behind *link*; None if the page cannot be read now.

        Takes at most half a minute, and never raises for what the page or the way to it does.
        """
        ...
