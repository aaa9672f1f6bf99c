"""Reads the moments of a calendar's event: dates, times, lists of them, periods."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from icalendar import Component

from herald.sources.feeds.calendars.icalzones import UNIVERSAL, Zone, Zones

_MOST_LISTED = 2_000
"""Dates of one event that are added or left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A calendar moment as written: local where it names a zone."""

    local: datetime
    zone: Zone
    all_day: bool
    utc: datetime
    is_floating: bool = False
    """A time of day that names no zone: the wall clock of wherever one reads it."""


def when_of(component: Component, name: str, zones: Zones | None) -> When | None:
    """Read one moment; None where it is none. Without *zones* a bare time is UTC."""
    found = component.get(name)
    found = found[0] if isinstance(found, list) and found else found
    try:
        value = getattr(found, "dt", None)
        parameters = getattr(found, "params", None) or {}
    except ValueError:
        return None  # a broken property raises when it is looked into
    return _as_when(value, str(parameters.get("X-TZID") or ""), zones)


def moments_of(component: Component, name: str, zones: Zones) -> list[When]:
    """Read a list of moments, on one line or on several; of a period, its beginning."""
    found = component.get(name)
    lines = found if isinstance(found, list) else [] if found is None else [found]
    read = []
    for line in lines[:_MOST_LISTED]:
        try:
            values = [getattr(one, "dt", None) for one in getattr(line, "dts", ())]
            parameters = getattr(line, "params", None) or {}
        except ValueError:
            continue
        tzid = str(parameters.get("X-TZID") or "")
        starts = (one[0] if isinstance(one, tuple) else one for one in values)
        read += [when for one in starts if (when := _as_when(one, tzid, zones))]
    return read[:_MOST_LISTED]


def same_moment(when: When, series: When) -> When:
    """Return *when* on the wall clock of *series*, in which its occurrences are named."""
    if when.all_day or series.all_day:
        local = datetime.combine(when.local.date(), time(0))
        return replace(when, local=local, zone=series.zone)
    try:
        return replace(when, local=series.zone.local(when.utc), zone=series.zone)
    except OverflowError:
        return when


def _as_when(value: object, tzid: str, zones: Zones | None) -> When | None:
    default = zones.default if zones else UNIVERSAL
    try:
        if isinstance(value, datetime):
            if value.tzinfo is not None:
                utc = value.astimezone(UTC)
                return When(local=utc.replace(tzinfo=None), zone=UNIVERSAL, all_day=False, utc=utc)
            zone = zones.named(tzid) if zones and tzid else default
            return When(
                local=value,
                zone=zone,
                all_day=False,
                utc=zone.moment(value),
                is_floating=not tzid,
            )
        if isinstance(value, date):
            local = datetime.combine(value, time(0))
            return When(local=local, zone=default, all_day=True, utc=default.moment(local))
    except (ValueError, OverflowError):
        return None
    return None
