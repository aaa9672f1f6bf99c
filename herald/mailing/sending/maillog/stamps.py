"""The moment at which a line of a log was written.  Pure.

Three ways of writing it are understood: ``Nov 22 12:00:00`` (RFC 3164: no year, no zone), ISO 8601
as rsyslog writes it, and ``journalctl -o short-iso``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_PRIORITY = rb"(?:<\d{1,3}>(?:1 )?)?"
_OLD = re.compile(
    _PRIORITY + rb"([A-Z][a-z][a-z]) ([ 0-3]\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? ", re.ASCII
)
_ISO = re.compile(
    _PRIORITY + rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?(Z|[+-]\d\d:?\d\d)? ",
    re.ASCII,
)
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov")
_MONTH = {name: nth for nth, name in enumerate((*_MONTHS, b"Dec"), start=1)}
_SECOND = timedelta(seconds=1)
_AHEAD = timedelta(days=1)
"""A line without a year is from the newest one in which it is not further ahead than this."""
_YEARS = 8
"""How far back a year is looked for: the longest from one 29 February to the next."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a line was written, in UTC: not before *earliest*, and not after *latest*.

    They differ by the second that is not told apart, and by an hour where the clocks went back.
    """

    earliest: datetime
    latest: datetime


def read_stamp(line: bytes, *, near: datetime, zone: tzinfo) -> tuple[Stamp, int] | None:
    """Return when a line was written and where the rest of it begins; None if it does not say.

    *near* is a moment shortly after it, which gives the year, and *zone* where the machine stands
    that wrote it.
    """
    found = _ISO.match(line)
    if found is not None:
        stamp = _iso(found, zone)
    else:
        found = _OLD.match(line)
        stamp = _old(found, near, zone) if found is not None else None
    return (stamp, found.end()) if found is not None and stamp is not None else None


def _iso(found: re.Match[bytes], zone: tzinfo) -> Stamp | None:
    try:
        written = datetime.fromisoformat(found[1].decode())
        return _within(written, _offset(found[2]) or zone)
    except (ValueError, OverflowError):
        return None


def _offset(written: bytes | None) -> tzinfo | None:
    if not written:
        return None
    if written == b"Z":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if written[:1] == b"-" else ahead)


def _old(found: re.Match[bytes], near: datetime, zone: tzinfo) -> Stamp | None:
    month = _MONTH.get(found[1])
    if month is None:
        return None
    day, hour, minute, second = (int(part) for part in found.groups()[1:])
    latest = near + _AHEAD
    for year in range(latest.year + 1, latest.year - _YEARS - 1, -1):
        try:
            stamp = _within(datetime(year, month, day, hour, minute, min(second, 59)), zone)
        except (ValueError, OverflowError):
            continue
        if stamp.earliest <= latest:
            return stamp
    return None


def _within(written: datetime, zone: tzinfo) -> Stamp:
    """Return the span that a written second may mean: an hour more where it happened twice."""
    moments = [written.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return Stamp(earliest=min(moments), latest=max(moments) + _SECOND)
