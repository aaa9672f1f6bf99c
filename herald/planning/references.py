"""The points in time that relative occasions count from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from herald.model.campaign import DEFAULT_AT, Item, Reference
from herald.model.ids import ItemId
from herald.model.span import Span
from herald.model.wallclock import ONE_DAY, day_begins, day_ends, localise, moment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point to count from: its local day, and the moment before which a reminder makes sense."""

    day: date
    at: datetime
    """UTC. Midnight of an all-day beginning; the end of the day on which something closes."""
    whole_day: bool
    zone: str


def find(of: str, item: Item, items: Mapping[ItemId, Item]) -> Point | None:
    """Return what ``of: …`` means for *item*; None where the files do not say when that is.

    An id of another item means when that one begins.
    """
    match of:
        case Reference.BEGINS:
            return begins(item)
        case Reference.FINISHES:
            return finishes(item)
        case Reference.REGISTRATION:
            closes = item.registration.closes if item.registration else None
            return None if closes is None else _closing(closes, item.zone)
    other = items.get(ItemId(of))
    return None if other is None else begins(other)


def begins(item: Item) -> Point | None:
    """Return when *item* begins; an all-day one at midnight."""
    when = item.begins
    if when is None:
        return None
    if isinstance(when, datetime):
        return _on_the_clock(when, item.zone)
    return Point(day=when, at=day_begins(when, item.zone), whole_day=True, zone=item.zone)


def finishes(item: Item) -> Point | None:
    """Return when *item* is over: when it finishes, else when it begins; bare days are whole."""
    when = item.finishes if item.finishes is not None else item.begins
    return None if when is None else _closing(when, item.zone)


def until_over(at: datetime, item: Item) -> datetime | None:
    """Return when *item* is over, if that comes after *at*: what announces it ends there."""
    end = finishes(item)
    return end.at if end is not None and at < end.at else None


def back(point: Point, span: Span, at: time | None, zone: str) -> tuple[datetime, datetime]:
    """Return the local time and the moment *span* before *point*.

    Days are days of the calendar, at the time of day *at*; hours and minutes are exact.
    """
    if span.is_calendar:
        return _on_day(point.day - span.days * ONE_DAY, at, zone)
    return _exactly(point.at - span.clock, zone)


def on(point: Point, span: Span, at: time | None, zone: str) -> tuple[datetime, datetime]:
    """Return the local time and the moment *span* after *point*, counted like ``back``."""
    if span.is_calendar:
        return _on_day(point.day + span.days * ONE_DAY, at, zone)
    return _exactly(point.at + span.clock, zone)


def reminder_ends(point: Point, span: Span) -> datetime:
    """Return when a reminder of *point* makes no sense any more.

    A reminder on the very day of something that takes all day (``before: 0d``) is good that day.
    """
    if point.whole_day and span.is_calendar and span.days == 0:
        return day_ends(point.day, point.zone)
    return point.at


def _on_day(day: date, at: time | None, zone: str) -> tuple[datetime, datetime]:
    local = datetime.combine(day, DEFAULT_AT if at is None else at)
    return local, moment_of(local, zone)


def _exactly(moment: datetime, zone: str) -> tuple[datetime, datetime]:
    return localise(moment, zone), moment


def _closing(when: date | datetime, zone: str) -> Point:
    if isinstance(when, datetime):
        return _on_the_clock(when, zone)
    return Point(day=when, at=day_ends(when, zone), whole_day=True, zone=zone)


def _on_the_clock(when: datetime, zone: str) -> Point:
    return Point(day=when.date(), at=moment_of(when, zone), whole_day=False, zone=zone)
