"""Reads the dates and durations that schema.org asks for (ISO 8601), also where they are careless.

A date keeps what was written: whether it had a time of day, and whether it named an offset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

_DATE = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d{1,2})-?(?P<day>\d{1,2})"
    r"(?:[Tt\s]\s*(?P<hour>\d{1,2})(?::?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,]\d{1,9})?)?)?"
    r"\s*(?P<zone>[Zz]|[+-]\d{1,2}(?::?\d{2})?)?)?"
)
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,3})W)?(?:(?P<days>\d{1,3})D)?"
    r"(?:T(?:(?P<hours>\d{1,4})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})(?:\.\d+)?S)?)?"
)
_YEARS = range(1990, 2200)
_LONGEST = 60
"""Characters of a date."""
_LONGEST_EVENT = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A date or a time as it was written."""

    local: datetime
    """Naive: what it says."""
    is_date: bool
    """It has no time of day."""
    moment: datetime | None = None
    """UTC, where it named its offset."""

    @property
    def midnight(self) -> datetime:
        """The beginning of its day, naive."""
        return datetime.combine(self.local.date(), time(0))


def read_written(text: str) -> Written | None:
    """Read an ISO 8601 date or date-time; None where it is none, or nobody's lifetime."""
    match = _DATE.fullmatch(text[:_LONGEST].strip())
    if match is None or int(match["year"]) not in _YEARS:
        return None
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
        if match["hour"] is None:
            return Written(local=datetime.combine(day, time(0)), is_date=True)
        clock = time(int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0))
        local = datetime.combine(day, clock)
        moment = _moment(local, match["zone"]) if match["zone"] else None
    except ValueError:
        return None
    return Written(local=local, is_date=False, moment=moment)


def length_of(text: str) -> timedelta | None:
    """Read an ISO 8601 duration of at most a year; None where it is none."""
    match = _DURATION.fullmatch(text.strip()[:_LONGEST])
    if match is None:
        return None
    length = timedelta(**{name: int(count or 0) for name, count in match.groupdict().items()})
    return length if timedelta(0) < length <= _LONGEST_EVENT else None


def _moment(local: datetime, zone: str) -> datetime:
    if zone in "Zz":
        return local.replace(tzinfo=UTC)
    hours, minutes = zone[1:].replace(":", "")[:-2] or "0", zone[-2:]
    if len(zone.replace(":", "")) <= 3:
        hours, minutes = zone[1:], "0"
    east = timedelta(hours=int(hours), minutes=int(minutes))
    return local.replace(tzinfo=timezone(east if zone[0] == "+" else -east)).astimezone(UTC)
