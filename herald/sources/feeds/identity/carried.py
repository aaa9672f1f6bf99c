"""Decides whose facts of an event stand where several feeds carry it. Pure.

The feed that tells it best gives the facts; any feed that carries it may call it off. Who is right
where calendars disagree nobody can know: a reminder that is not sent can be sent by hand, one of
an event that does not take place cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta

from herald.model.feed import EntryEvent, EventSource
from herald.model.ids import FeedId
from herald.model.wallclock import localise

_OFF = frozenset({"cancelled", "postponed"})
_WIDEST_OFFSET = timedelta(hours=14)
"""Between two clocks that show one event: some feeds call local time UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What one feed says of an entry's event at one poll."""

    feed: FeedId
    event: EntryEvent | None
    left: AbstractSet[FeedId] = frozenset()
    """Feeds that are not configured any more: they will not take back what they said."""


def is_off(event: EntryEvent | None) -> bool:
    """Tell whether an event will not take place, or not when it was to."""
    return event is not None and event.status in _OFF


def rank(event: EntryEvent) -> int:
    """Tell how well an event is told: a calendar knows best, then its page; a bare date least.

    An UID is what a calendar gives; a feed may hand it on with all of the calendar's facts.
    """
    match event.source:
        case EventSource.PUBDATE:
            return 0
        case EventSource.PAGE:
            return 2
        case EventSource.FEED:
            return 3 if event.uid else 1


def is_same_day(one: EntryEvent, other: EntryEvent, zone: str = "") -> bool:
    """Tell whether two accounts of an event agree on its day, whatever they call its hour."""
    if abs(one.begins_at - other.begins_at) <= _WIDEST_OFFSET:
        return True
    shown = [localise(event.begins_at, one.zone or zone or "UTC") for event in (one, other)]
    return shown[0].date() == shown[1].date()


def standing(
    stored: EntryEvent | None, said: Saying, *, was_of: FeedId, is_of: FeedId
) -> EntryEvent | None:
    """Return an entry's event after a feed said *said*; the entry was, and is, of these feeds.

    Its facts come from the feed that tells it best, and follow that feed. Whoever calls it off
    must say itself that it takes place after all, or leave the configuration.
    """
    new = said.event
    if stored is None:
        return None if new is None else _written(new, said.feed, (), is_of)
    teller, callers = stored.by or was_of, _callers(stored, was_of)
    if new is None or _is_repeated(new):
        takes_back = new is None and said.feed == teller == is_of
        if takes_back and stored.source is not EventSource.PAGE:
            return None
        return _written(stored, teller, callers, is_of)
    takes = teller == said.feed or teller in said.left or _outranks(new, stored)
    facts = new if takes else stored
    left_over = tuple(one for one in callers if one != said.feed and one not in said.left)
    status = new.status if takes or callers != left_over else stored.status
    if is_off(new) and (takes or is_same_day(new, stored)):
        left_over, status = (*left_over, said.feed), new.status
    elif left_over:
        status = stored.status
    return _written(replace(facts, status=status), said.feed if takes else teller, left_over, is_of)


def differs(one: EntryEvent | None, other: EntryEvent | None) -> bool:
    """Tell whether two accounts of an event differ in anything but how its calendar counts them."""
    if one is None or other is None:
        return one is not other
    return one != replace(other, uid=one.uid, sequence=one.sequence)


def _outranks(new: EntryEvent, stored: EntryEvent) -> bool:
    """Tell whether *new* is told better, or is a later edition of it (RFC 5545, SEQUENCE)."""
    if rank(new) != rank(stored):
        return rank(new) > rank(stored)
    return new.uid != "" and new.uid == stored.uid and new.sequence > stored.sequence


def _is_repeated(event: EntryEvent) -> bool:
    """Tell whether a feed's entry only carries on what is stored: its page was not read anew."""
    return event.by != "" or event.called_off_by != ()


def _callers(event: EntryEvent, own: FeedId) -> tuple[FeedId, ...]:
    """Return the feeds that call an event off."""
    if not is_off(event):
        return ()
    return event.called_off_by or (event.by or own,)


def _written(
    event: EntryEvent, teller: FeedId, callers: tuple[FeedId, ...], own: FeedId
) -> EntryEvent:
    """Return *event* with whose it is, which is left out where it is the entry's own feed's."""
    return replace(
        event,
        by=FeedId("") if teller == own else teller,
        called_off_by=() if callers in {(), (teller,)} else tuple(sorted(callers)),
    )
