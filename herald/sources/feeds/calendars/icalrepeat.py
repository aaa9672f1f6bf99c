"""Spreads recurring events: rules by dateutil, bounded whatever they ask for.

recurring-ical-events, which does that too, is LGPL; dateutil is not. RFC 5545, section 3.3.10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

from dateutil.rrule import rrulestr

from herald.sources.feeds.calendars.icalzones import Zone

MOST_OF_ONE = 200
"""Occurrences of one event."""
_PERIODS = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}
_RARE_ENOUGH = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
"""Nobody announces what happens every hour."""
_MOST_COUNT = 10_000
"""A higher COUNT means for ever."""
_MOST_A_DAY = 4
_MOST_INTERVAL = 1_000
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def spread(
    rule: Mapping[str, Any], begins: datetime, zone: Zone, *, first: datetime, last: datetime
) -> list[datetime] | None:
    """Return the local moments of a rule from *first* to *last*; None where it is not followed.

    All moments are naive, on the wall clock of the event.
    """
    try:
        parts = {name.upper(): _listed(value) for name, value in rule.items()}
        if not _can_be_followed(parts):
            return None
        until = min([last, *(_until(one, zone) for one in parts.pop("UNTIL", []))])
        count = _count(parts, begins, last)
        start = begins if count is not None else _nearer(parts, begins, first)
        text = ";".join(f"{name}={_written(value)}" for name, value in parts.items())
        moments = rrulestr(f"RRULE:{text}", dtstart=start.replace(fold=0))
        return list(_within(iter(moments), first, until, count))
    except (ValueError, TypeError, OverflowError, IndexError, KeyError, AttributeError):
        return None


def _within(
    moments: Iterator[datetime], first: datetime, until: datetime, count: int | None
) -> Iterator[datetime]:
    found = 0
    for number, moment in enumerate(takewhile(lambda one: one <= until, moments)):
        if (count is not None and number >= count) or found >= MOST_OF_ONE:
            return
        if moment >= first:
            found += 1
            yield moment


def _can_be_followed(parts: Mapping[str, list[Any]]) -> bool:
    if str(parts["FREQ"][0]).upper() not in _RARE_ENOUGH:
        return False
    if not 1 <= int(parts.get("INTERVAL", [1])[0]) <= _MOST_INTERVAL:
        return False
    if max(len(parts.get(name, [])) for name in ("BYMINUTE", "BYSECOND")) > 1:
        return False
    if len(parts.get("BYHOUR", [])) > _MOST_A_DAY:
        return False
    return not _never_comes(parts)


def _never_comes(parts: Mapping[str, list[Any]]) -> bool:
    """Tell whether a rule asks for the 30th of February: it would be looked for until 9999."""
    days = [abs(int(day)) for day in parts.get("BYMONTHDAY", [])]
    months = [int(month) for month in parts.get("BYMONTH", range(1, 13))]
    longest = max((_LONGEST_MONTHS[month - 1] for month in months if 1 <= month <= 12), default=0)
    return bool(days) and min(days) > longest


def _count(parts: dict[str, list[Any]], begins: datetime, last: datetime) -> int | None:
    """Take the COUNT out of a rule; None if there is none, or none that ends before *last*."""
    if "COUNT" not in parts:
        return None
    count = int(parts.pop("COUNT")[0])
    is_daily = str(parts["FREQ"][0]).upper() == "DAILY" and "BYHOUR" not in parts
    interval = int(parts.get("INTERVAL", [1])[0])
    days_left = (last - begins).days + 1
    if count > _MOST_COUNT or (is_daily and count * interval > days_left):
        return None
    return count


def _nearer(parts: Mapping[str, list[Any]], begins: datetime, first: datetime) -> datetime:
    """Return a start in step with *begins* shortly before *first*: old series need no counting."""
    period = _PERIODS.get(str(parts["FREQ"][0]).upper())
    if period is None or begins >= first:
        return begins
    step = period * int(parts.get("INTERVAL", [1])[0])
    return begins + max(0, (first - begins) // step - 1) * step


def _until(value: Any, zone: Zone) -> datetime:
    """Return the end of a rule on the wall clock of its event; a date includes its whole day."""
    if isinstance(value, datetime):
        return zone.local(value) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time(23, 59, 59))
    raise ValueError(value)


def _written(values: list[Any]) -> str:
    return ",".join(str(value) for value in values)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
