"""What follows from the files as they were loaded: what is planned, what is paused, what stops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from herald.errors import ConfigurationBroken
from herald.model.delivery import Delivery
from herald.model.problem import Problem, Severity
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.sources.load import Loaded

AHEAD = timedelta(days=60)
"""What falls in this span from now is enqueued."""


def errors(loaded: Loaded) -> tuple[Problem, ...]:
    """Return what keeps files from being read as they are."""
    return tuple(each for each in loaded.problems if each.severity is Severity.ERROR)


def refuse_broken_configuration(loaded: Loaded) -> None:
    """Raise ConfigurationBroken where files under config/ are unusable and never were sound."""
    unusable = [
        problem
        for problem in errors(loaded)
        if problem.place.file == "campaigns" or problem.place.file.startswith("config")
        if problem.place.file not in loaded.kept
    ]
    if unusable:
        told = "\n".join(str(problem) for problem in unusable)
        raise ConfigurationBroken(f"{told}\nNothing was planned. `herald check` shows it all.")


def concerned(rows: Sequence[Delivery], loaded: Loaded) -> tuple[Delivery, ...]:
    """Return the deliveries that a plan of *loaded* speaks about.

    While a file is broken and its last sound state is not known, any campaign that is missing
    may be in it: what waits for such a campaign stays as it is.
    """
    if not set(loaded.broken) - set(loaded.kept):
        return tuple(rows)
    known = {campaign.id for campaign in loaded.campaigns}
    return tuple(row for row in rows if row.campaign in known)


def planned_span(
    zone: ZoneInfo, now: datetime, first: date | None, last: date | None
) -> tuple[datetime, datetime]:
    """Return the moments that a plan of whole local days begins and ends with."""
    begin = now if first is None else datetime.combine(first, time(0), zone)
    if last is None:
        return begin, max(begin, now) + AHEAD
    return begin, datetime.combine(last + timedelta(days=1), time(0), zone)


def file_stops(loaded: Loaded, now: datetime) -> tuple[Stop, ...]:
    """Return everything that files say is paused."""
    configuration = loaded.configuration
    named = [
        (scope, name)
        for scope, names in (
            (StopScope.EVERYTHING, [""] if configuration.paused else []),
            (StopScope.CHANNEL, [c.id for c in configuration.channels.values() if c.paused]),
            (StopScope.PARTNER, [p.id for p in configuration.partners.values() if p.paused]),
            (StopScope.CAMPAIGN, [c.id for c in loaded.campaigns if c.paused]),
        )
        for name in names
    ]
    return tuple(
        Stop(scope=scope, name=name, origin=StopOrigin.FILE, because="paused in a file", since=now)
        for scope, name in named
    )
