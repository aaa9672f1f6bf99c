"""Occasions as written, turned into values; and what their names are, so that none is twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from herald.model.campaign import (
    DEFAULT_AT,
    After,
    Anchored,
    At,
    Before,
    ChannelOverride,
    Every,
    Image,
    Item,
    Now,
    Occasion,
    Reference,
    When,
)
from herald.model.ids import ChannelId, Language, OccasionId
from herald.sources.campaigns.images import image_of
from herald.sources.campaigns.item_shapes import OccasionShape, OverrideShape
from herald.sources.campaigns.scope import Named, Scope
from herald.sources.problems import did_you_mean
from herald.sources.yaml import Loc, Step


def occasion_of(shape: OccasionShape, loc: Loc, scope: Scope) -> Occasion:
    """Return one occasion; the forms that exclude each other were told apart before."""
    return Occasion(
        when=_when(shape, loc, scope),
        id=None if shape.id is None else OccasionId(shape.id),
        text=scope.own_words(shape.text, (*loc, "text")),
        texts=tuple(
            scope.own_words(words, (*loc, "texts", at)) for at, words in enumerate(shape.texts)
        ),
        title=scope.own_words(shape.title, (*loc, "title")),
        link=scope.links(shape.link, (*loc, "link")),
        image=image_of(shape.image, (*loc, "image"), scope),
        channels=scope.channels(shape.channels, (*loc, "channels")),
        languages=tuple(Language(tag) for tag in shape.languages),
        on_channel=overrides_of(shape.on_channel, (*loc, "on_channel"), scope),
        draft=shape.draft,
        urgent=shape.urgent,
        at_most_late=shape.at_most_late,
        catch_up=shape.catch_up,
        thread=shape.thread,
        place=scope.place(loc),
    )


def overrides_of(
    shapes: Mapping[str, OverrideShape], loc: Loc, scope: Scope
) -> tuple[ChannelOverride, ...]:
    """Return what single channels get instead."""
    return tuple(
        _override(channel, shape, (*loc, channel), scope) for channel, shape in shapes.items()
    )


def every_of(shape: Any, *, last: date | None = None) -> Every:
    """Return the recurrence of anything that carries every, at, from, until and skip."""
    return Every(
        recurrence=shape.every,
        at=shape.at,
        first=shape.from_,
        last=shape.until or last,
        skip=shape.skip,
    )


def note_twins(occasions: Sequence[Occasion], loc: Loc, scope: Scope) -> None:
    """Note occasions of one item that could not be told apart after an edit."""
    seen: dict[str, int] = {}
    for at, occasion in enumerate(occasions):
        name = _name(occasion)
        before = seen.setdefault(name, at)
        if before == at or _never_meet(occasions[before].when, occasion.when):
            continue
        line = occasions[before].place.line
        message = f"this occasion equals the one in line {line} ({name})"
        scope.error((*loc, at), "same-occasion", message, "give one of them an id: of its own")


def note_references(item: Item, others: Iterable[str], loc: Loc, scope: Scope) -> None:
    """Note occasions that count from a day which the item does not have."""
    known = {*others, *Reference} - {item.id}
    for at, occasion in enumerate(item.post or ()):
        if not isinstance(occasion.when, Before | After):
            continue
        of = occasion.when.of
        where: tuple[Step, ...] = (*loc, at, "of")
        if of not in known:
            hint = did_you_mean(of, known)
            scope.error(where, "unknown-item", f'there is no item "{of}"', hint)
        elif of in (Reference.BEGINS, Reference.FINISHES) and item.begins is None:
            scope.error(
                (*loc, at), "no-reference", 'the item has no "begins" to count from', _BEGINS
            )
        elif of == Reference.REGISTRATION and _closes(item) is None:
            message = 'the item has no "registration" that closes'
            scope.error(
                (*loc, at), "no-reference", message, "add registration: {closes: 2027-05-10}"
            )


_BEGINS = "add begins:, or name another item with of:"


def _closes(item: Item) -> date | datetime | None:
    return item.registration.closes if item.registration else None


def _when(shape: OccasionShape, loc: Loc, scope: Scope) -> When:
    if shape.anchor is not None:
        scope.mention(Named.ANCHOR, shape.anchor, (*loc, "anchor"))
        return Anchored(anchor=shape.anchor, before=shape.before, after=shape.after, at=shape.at)
    if shape.before is not None:
        return Before(span=shape.before, at=shape.at, of=shape.of or Reference.BEGINS)
    if shape.after is not None:
        return After(span=shape.after, at=shape.at, of=shape.of or Reference.FINISHES)
    if shape.every is not None:
        return every_of(shape)
    return _on(shape, loc, scope)


def _on(shape: OccasionShape, loc: Loc, scope: Scope) -> At | Now:
    if isinstance(shape.on, Now) or shape.on is None:
        return Now()
    local = with_time(shape.on, shape.at)
    scope.local(local, (*loc, "on"))
    return At(local=local)


def _override(channel: str, shape: OverrideShape, loc: Loc, scope: Scope) -> ChannelOverride:
    scope.mention_key(Named.CHANNEL, channel, loc)
    on = None if shape.on is None else with_time(shape.on, shape.at)
    scope.local(on, (*loc, "on"))
    image: Image | None = image_of(shape.image, (*loc, "image"), scope)
    return ChannelOverride(
        channel=ChannelId(channel),
        text=scope.own_words(shape.text, (*loc, "text")),
        title=scope.own_words(shape.title, (*loc, "title")),
        link=scope.links(shape.link, (*loc, "link")),
        image=image,
        on=on,
        at=None if on else shape.at,
        thread=shape.thread,
    )


def with_time(day: date | datetime, at: time | None) -> datetime:
    """Return the moment on a day at *at*, else at ten; one that has its time keeps it."""
    return day if isinstance(day, datetime) else datetime.combine(day, at or DEFAULT_AT)


def _name(occasion: Occasion) -> str:
    """Return what an occasion's identity is made of, without the days of a recurrence."""
    if occasion.id is not None:
        return occasion.id
    match occasion.when:
        case At(local=local):
            return f"{local:%Y-%m-%dT%H:%M}"
        case Before(span=span, of=of) | After(span=span, of=of):
            side, usual = _SIDES[type(occasion.when)]
            return f"{side}-{span}" + ("" if of == usual else f"-of-{of}")
        case Anchored(anchor=anchor, before=before, after=after):
            far = f"-before-{before}" if before else f"-after-{after}" if after else ""
            return f"{anchor}{far}"
        case Every(recurrence=recurrence):
            return f"every {recurrence.name}"
    return "now"


_SIDES: dict[type[When], tuple[str, Reference]] = {
    Before: ("before", Reference.BEGINS),
    After: ("after", Reference.FINISHES),
}
"""How a relative occasion is called, and what it counts from unless it says so."""


def _never_meet(one: When, other: When) -> bool:
    """Tell whether two recurrences of one name have no day in common."""
    if not (isinstance(one, Every) and isinstance(other, Every)):
        return False
    early, late = sorted((one, other), key=lambda every: every.first or date.min)
    return early.last is not None and late.first is not None and early.last < late.first
