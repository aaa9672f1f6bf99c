"""The wall clock of a zone, turned into moments: what happens when its clocks change.

A time that a clock change skips moves forward by the gap; one that happens twice means the first
(``fold=0`` of PEP 495 gives both). Local times are naive, with the name of their zone beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The clocks skipped this time; they show *shown* instead."""

    shown: datetime


@dataclass(frozen=True, slots=True)
class Overlap:
    """The clocks showed this time twice; the first is meant."""


ClockChange = Gap | Overlap


@lru_cache(maxsize=65536)
def resolve(local: datetime, zone: str) -> tuple[datetime, ClockChange | None]:
    """Return the moment (UTC) at which the clocks of *zone* show *local*, and what was odd.

    Raises OverflowError at the ends of the calendar (the years 1 and 9999).
    """
    return _first(local, zone).astimezone(UTC), clock_change(local, zone)


def clock_change(local: datetime, zone: str) -> ClockChange | None:
    """Return what is odd about *local* in *zone*; None for a time that is there once."""
    first = _first(local, zone)
    if first.utcoffset() == first.replace(fold=1).utcoffset():
        return None
    shown = localise(first.astimezone(UTC), zone)
    return Overlap() if shown == local else Gap(shown=shown)


def moment_of(local: datetime, zone: str) -> datetime:
    """Return the moment (UTC) of *local*, whatever the clocks did."""
    return resolve(local, zone)[0]


def localise(moment: datetime, zone: str) -> datetime:
    """Return what the clocks of *zone* show at *moment*, naive."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=65536)
def day_begins(day: date, zone: str) -> datetime:
    """Return the moment (UTC) at which *day* begins in *zone*."""
    return moment_of(datetime.combine(day, time.min), zone)


def day_ends(day: date, zone: str) -> datetime:
    """Return the moment (UTC) at which *day* is over in *zone*: the next one begins."""
    return day_begins(day + ONE_DAY, zone)


def describe(change: ClockChange, local: datetime, zone: str) -> str:
    """Tell an editor in one sentence what the clock change makes of *local*."""
    spelled = local.strftime("%Y-%m-%d %H:%M")
    match change:
        case Gap(shown=shown):
            to = shown.strftime("%H:%M" if shown.date() == local.date() else "%Y-%m-%d %H:%M")
            return f"{spelled} does not exist in {zone}: the clocks go forward, so it means {to}"
        case Overlap():
            return f"{spelled} happens twice in {zone}: the clocks go back, so the first is meant"


def _first(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=ZoneInfo(zone), fold=0)
