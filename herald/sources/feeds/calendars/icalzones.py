"""Finds the time zone that a calendar means: by IANA's name, Windows' name, or its own definition.

The library keeps a calendar's own zones for the whole process, so that one partner's "Custom"
would rule in another's calendar; so zones are found here, for each calendar by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, use_zoneinfo
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_MOST_ZONES = 50
"""Definitions of one calendar that are read."""
_LONGEST = 200
_UNIVERSAL = frozenset({"UTC", "ETC/UTC", "GMT", "Z", "ETC/GMT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A time zone: its rules, and its name if it has one that others know."""

    name: str
    """IANA's; empty for UTC and for what only this calendar defines."""
    rules: tzinfo

    def moment(self, local: datetime) -> datetime:
        """Return the moment (UTC) at which its clocks show *local*.

        The first of two; a time that the clocks skip moves forward by the gap.
        """
        return local.replace(tzinfo=self.rules, fold=0).astimezone(UTC)

    def local(self, moment: datetime) -> datetime:
        """Return what its clocks show at *moment*, naive."""
        return moment.astimezone(self.rules).replace(tzinfo=None, fold=0)


UNIVERSAL = Zone(name="", rules=UTC)


class Zones:
    """The zones of one calendar."""

    def __init__(self, head: Calendar, *, default: str, now: datetime) -> None:
        """Read *head*; *default* is the zone of times that name none, where it says nothing."""
        use_zoneinfo()  # type: ignore[no-untyped-call]  # it keeps what calendars define, for ever
        own = named_zone(str(head.get("X-WR-TIMEZONE") or ""))
        network = named_zone(default)
        self.default = own or network or UNIVERSAL
        """Of times without a zone."""
        self.is_told = own is not None
        """The calendar itself names the zone of such times."""
        self.unknown: set[str] = set()
        """Names that were asked for and mean nothing."""
        self._candidates = [zone for zone in (own, network) if zone]
        self._now = now
        self._found: dict[str, Zone | None] = {}
        self._defined = {
            str(zone.get("TZID") or ""): zone for zone in head.walk("VTIMEZONE")[:_MOST_ZONES]
        }

    def named(self, tzid: str) -> Zone:
        """Return the zone that is called so; the default, and a note of it, where none is."""
        if tzid not in self._found:
            self._found[tzid] = named_zone(tzid) or self._own(tzid)
        found = self._found[tzid]
        if found is None:
            self.unknown.add(tzid[:_LONGEST])
        return found or self.default

    def _own(self, tzid: str) -> Zone | None:
        definition = self._defined.get(tzid)
        if definition is None:
            return None
        if located := named_zone(str(definition.get("X-LIC-LOCATION") or "")):
            return located
        rules = _rules(definition)
        if rules is None:
            return None
        same = (zone for zone in self._candidates if self._agree(zone.rules, rules))
        return next(same, Zone(name="", rules=rules))

    def _agree(self, one: tzinfo, other: tzinfo) -> bool:
        """Tell whether two zones show the same time all through two years."""
        days = [
            datetime(self._now.year + year, month, 15, 12)
            for year in (0, 1)
            for month in range(1, 13)
        ]
        return all(one.utcoffset(day) == other.utcoffset(day) for day in days)


def named_zone(name: str) -> Zone | None:
    """Return the zone that IANA or Windows calls *name*, whatever stands before it."""
    bare = name.strip().strip('"').strip()
    if not bare or len(bare) > _LONGEST:
        return None
    if bare.upper() in _UNIVERSAL:
        return UNIVERSAL
    return next((zone for one in _spellings(bare) if (zone := _iana(one))), None)


def _spellings(name: str) -> Iterator[str]:
    yield WINDOWS_TO_OLSON.get(name, name)
    steps = name.strip("/").split("/")
    for start in range(1, len(steps)):  # "/freeassociation.sourceforge.net/Europe/Rome"
        yield "/".join(steps[start:])


def _iana(name: str) -> Zone | None:
    try:
        found = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
    return UNIVERSAL if name.upper() in _UNIVERSAL else Zone(name=found.key, rules=found)


def _rules(definition: Component) -> tzinfo | None:
    try:
        if not all(_is_yearly(change) for change in definition.subcomponents):
            return None
        rules = definition.to_tz(lookup_tzid=False)  # type: ignore[attr-defined]  # VTIMEZONE's
        datetime(2027, 1, 1, tzinfo=rules).astimezone(UTC)
    except Exception:  # noqa: BLE001 -- a partner's own rules, read by two libraries: any fault is one
        return None
    return rules if isinstance(rules, tzinfo) else None


def _is_yearly(change: Component) -> bool:
    """Tell whether clocks change once a year: whoever changes them every second means harm."""
    rule = change.get("RRULE")
    return rule is None or [str(one).upper() for one in rule.get("FREQ", [])] == ["YEARLY"]
