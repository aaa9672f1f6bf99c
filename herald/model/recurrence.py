"""Days that come back: every Friday, the first Tuesday, the 15th, or an RRULE.

A recurrence speaks of local calendar days only. The time of day and the zone belong to the
occasion, so that no clock change can move a day (RFC 5545 section 3.3.10 with FREQ of a day or
longer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from dateutil.rrule import rrulestr

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_EVERY_DAY = ("day", "daily")
_PART = re.compile(r"(?P<name>[A-Z]+)=(?P<value>[A-Z0-9,+\-]+)")
_WHOLE_DAYS = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_ALLOWED = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"}
    | {"BYYEARDAY", "BYWEEKNO", "WKST"}
)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule for days, and the name by which they are known (``friday``, ``first-tuesday``)."""

    name: str
    rule: str
    """An RFC 5545 RRULE without ``RRULE:``, in whole days."""

    def days(self, first: date, last: date, *, start: date) -> Iterator[date]:
        """Yield the days from *first* to *last*, both included, of the rule that began on *start*.

        *start* anchors INTERVAL and COUNT (every second week from when?).
        """
        begin = datetime.combine(start, datetime.min.time())
        expanded = rrulestr(self.rule, dtstart=begin)
        after = datetime.combine(max(first, start), datetime.min.time())
        for moment in expanded.xafter(after, inc=True):
            if moment.date() > last:
                return
            yield moment.date()


def parse_recurrence(text: str) -> Recurrence:
    """Read the words after ``every:``; raise ValueError with a remedy when they are no rule."""
    words = " ".join(text.split()).casefold()
    if words in _EVERY_DAY:
        return Recurrence("day", "FREQ=DAILY")
    if words == "weekday":
        return Recurrence("weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
    if words in _DAYS:
        return Recurrence(words, f"FREQ=WEEKLY;BYDAY={_short(words)}")
    if words.isdecimal() and 1 <= int(words) <= 31:
        return Recurrence(str(int(words)), f"FREQ=MONTHLY;BYMONTHDAY={int(words)}")
    nth, _, day = words.partition(" ")
    if nth in _NTH and day in _DAYS:
        return Recurrence(f"{nth}-{day}", f"FREQ=MONTHLY;BYDAY={_NTH[nth]:+d}{_short(day)}")
    if "=" in words:
        return Recurrence("rrule", _checked_rule(text))
    raise ValueError(
        f"{text!r} is no recurrence (write day, weekday, friday, first tuesday, a day of the month"
        " such as 15, or an RRULE such as FREQ=WEEKLY;INTERVAL=2;BYDAY=MO)"
    )


def _short(day: str) -> str:
    return day[:2].upper()


def _checked_rule(text: str) -> str:
    rule = "".join(text.upper().split()).removeprefix("RRULE:").rstrip(";")
    parts = {}
    for part in rule.split(";"):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{text!r} is no RRULE: {part!r} is not NAME=VALUE")
        if match["name"] not in _ALLOWED:
            raise ValueError(
                f"{text!r}: {match['name']} cannot stand in a rule of whole days"
                " (give the time of day with at)"
            )
        parts[match["name"]] = match["value"]
    if parts.get("FREQ") not in _WHOLE_DAYS:
        raise ValueError(f"{text!r}: FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")
    if parts.get("INTERVAL") == "0":
        raise ValueError(f"{text!r}: INTERVAL must be 1 or more")
    try:
        first = next(iter(rrulestr(rule, dtstart=datetime(2024, 1, 1))), None)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(f"{text!r} is no RRULE: {error}") from error
    if first is None:
        raise ValueError(f"{text!r}: no day ever fits this rule")
    return rule
