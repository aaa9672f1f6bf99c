"""Gathers what a preview shows beside the words: how posts stand, their pictures, their cards.

Nothing is written, and no account is asked.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from herald.errors import MediaMissing, PictureUnusable
from herald.media.fitting import Limits, limits_of
from herald.media.prepare import JPEG, PNG, WEBP, prepare
from herald.model.card import LinkCard
from herald.model.configuration import Configuration
from herald.model.delivery import Action, Delivery, DeliveryState, Media, Payload
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.model.plan import Change, Plan, Step
from herald.ports import MediaStore
from herald.reporting.previewposts import One, payload_of, wants_card
from herald.reporting.previewvalues import Sight, Standing, Thumb
from herald.results import Compared

THUMB_SIDE = 640
"""Pixels: as wide as a telephone shows it, on a good screen."""
THUMB_BYTES = 60_000
PICTURES_MOST = 120
"""On one page; more would take a minute to make."""
PAGE_BYTES = 6_000_000
"""Of pictures on one page, which then still passes as an attachment of a letter."""
CARDS_MOST = 300
"""Pages that are read for one preview."""
_CARDS_AT_ONCE = 8
_THUMB_TYPES = frozenset({JPEG, PNG, WEBP})
_WAITS = frozenset({DeliveryState.PENDING, DeliveryState.HELD, DeliveryState.CLAIMED})
_TOO_MUCH = "The picture is left out here, to keep the page small."


class KnowsCards(Protocol):
    """Kept cards, or also such as are made of pages that are read now."""

    async def card(self, link: str) -> LinkCard | None:
        """Return what the page behind *link* shows of itself; None where that is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Looks up what planned posts show."""

    folder: Path
    """Where the campaigns' pictures are."""
    media: MediaStore
    """Where pictures are that are in no file any more, or never were."""
    cards: KnowsCards

    async def sight(
        self,
        compared: Compared,
        configuration: Configuration,
        capabilities: Mapping[ChannelId, Capabilities],
    ) -> Sight:
        """Return how the posts stand, and the cards of their links."""
        sight = Sight(
            standing=standing_of(compared),
            changes=changes_of(compared),
            capabilities=capabilities,
            like={
                channel.id: like
                for channel in configuration.channels.values()
                if (like := channel.settings.get("like", ""))
            },
            statements=tuple(
                text for project in configuration.projects.values() for _, text in project.statement
            ),
        )
        return replace(sight, cards=await self._cards(compared.plan, sight))

    async def with_pictures(self, plan: Plan, sight: Sight) -> Sight:
        """Return *sight* with the pictures of *plan*, as their networks show them, but small.

        The first ones, as many as a page can carry; the others are counted.
        """
        made: dict[tuple[str, Limits], Thumb | str] = {}
        thumbs: dict[tuple[ChannelId, str], Thumb | str] = {}
        left_out: set[str] = set()
        size = 0
        for channel, media in _pictures(plan, sight):
            limits = _small(sight.capabilities.get(channel))
            key = (media.sha256, limits)
            if key not in made and (len(made) >= PICTURES_MOST or size >= PAGE_BYTES):
                left_out.add(media.sha256)
                thumbs[channel, media.sha256] = _TOO_MUCH
                continue
            if key not in made:
                made[key] = await self._thumb(media, limits)
                size += _size(made[key])
            thumbs[channel, media.sha256] = made[key]
        return replace(sight, thumbs=thumbs, left_out=len(left_out))

    async def _cards(self, plan: Plan, sight: Sight) -> dict[str, LinkCard]:
        links = list(dict.fromkeys(_linked(plan, sight)))[:CARDS_MOST]
        room = asyncio.Semaphore(_CARDS_AT_ONCE)

        async def read(link: str) -> LinkCard | None:
            async with room:
                return await self.cards.card(link)

        found = await asyncio.gather(*(read(link) for link in links))
        return {
            link: card
            for link, card in zip(links, found, strict=True)
            if card is not None and not card.trouble
        }

    async def _thumb(self, media: Media, limits: Limits) -> Thumb | str:
        """Return a picture for the page, or why there is none."""
        if media.media_type and not media.media_type.startswith("image/"):
            return "A film cannot be seen here."
        try:
            content = await self._original(media)
            picture = await asyncio.to_thread(prepare, content, limits, media_type=media.media_type)
        except MediaMissing:
            return "The picture is not there."
        except PictureUnusable as error:
            return f"The picture cannot be used: {error}."
        return thumb_of(picture)

    async def _original(self, media: Media) -> bytes:
        """Return the bytes as they were planned: from the file, else from the store."""
        if media.file:
            try:
                content = await asyncio.to_thread((self.folder / media.file).read_bytes)
            except OSError:
                content = b""
            if hashlib.sha256(content).hexdigest() == media.sha256:
                return content
        return await self.media.get_media(media.sha256)


def thumb_of(picture: Picture) -> Thumb:
    """Return *picture* as a page holds it."""
    inside = base64.b64encode(picture.content).decode("ascii")
    return Thumb(
        id=picture.sha256[:16],
        width=picture.width,
        height=picture.height,
        address=f"data:{picture.media_type};base64,{inside}",
    )


def standing_of(compared: Compared) -> dict[DeliveryKey, Standing]:
    """Return how every delivery stands once the plan is in force, by its key."""
    rows = {row.key: row for row in compared.waiting}
    planned = {
        step.key: Standing(
            state=step.state,
            reason=step.reason,
            note=step.note,
            payload=_said(step, rows.get(step.key)),
        )
        for step in compared.difference.steps
    }
    changes = {
        row.key: Standing(state=row.state, reason=row.reason, note=row.note)
        for row in changes_of(compared)
    }
    return {**planned, **changes}


def changes_of(compared: Compared) -> tuple[Delivery, ...]:
    """Return what waits to be done with posts that are out, and that stands in no plan."""
    planned = {step.key for step in compared.difference.steps}
    rows = {row.key: row for row in compared.waiting if row.key not in planned}
    return tuple(
        row
        for row in rows.values()
        if (row.corrects or row.action is not Action.CREATE) and row.state in _WAITS
    )


def _said(step: Step, row: Delivery | None) -> Payload | None:
    """Return the words of a delivery that goes or went out in others than the planned ones."""
    if row is None:
        return None
    if row.frozen is not None and step.change in {Change.SENT, Change.UNCHANGED}:
        return row.frozen
    return row.payload if row.translated and step.change is Change.UNCHANGED else None


def _linked(plan: Plan, sight: Sight) -> Iterator[str]:
    for one in plan.deliveries:
        payload, limits = payload_of(one, sight), sight.capabilities.get(one.channel)
        if one.action is Action.CREATE and wants_card(payload, limits):
            yield payload.link


def _pictures(plan: Plan, sight: Sight) -> Iterable[tuple[ChannelId, Media]]:
    """Return each kept picture with the channels that show it, in the order of the posts."""
    found: dict[tuple[ChannelId, str], Media] = {}
    everything: Sequence[One] = [*plan.deliveries, *sight.changes]
    for one in everything:
        channel, payload = one.channel, payload_of(one, sight)
        shown = list(payload.media)
        card = sight.cards.get(payload.link)
        if card and card.picture and wants_card(payload, sight.capabilities.get(channel)):
            shown.append(card.picture)
        for media in shown:
            if media.sha256:
                found.setdefault((channel, media.sha256), media)
    return tuple((channel, media) for (channel, _), media in found.items())


def _small(capabilities: Capabilities | None) -> Limits:
    """Return what a network says of a picture's shape, and what a page says of its size."""
    limits = limits_of(capabilities) if capabilities else Limits()
    return Limits(bytes_most=THUMB_BYTES, side=THUMB_SIDE, ratio=limits.ratio, types=_THUMB_TYPES)


def _size(thumb: Thumb | str) -> int:
    return len(thumb.address) if isinstance(thumb, Thumb) else 0
