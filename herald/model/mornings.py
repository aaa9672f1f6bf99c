"""When each reader's copy of an issue is due that goes out on the readers' own clocks.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from herald.model.mailing import Issue
from herald.model.wallclock import localise, moment_of

EARLIEST_BEFORE = timedelta(hours=26)
"""Clocks on Earth differ by no more: the first morning lies no longer before any other."""


def reader_moment(issue: Issue, zone: str) -> datetime:
    """Return when a copy for a reader in *zone* is due: the issue's day and time on that clock.

    A time that the reader's clocks skip moves forward by the gap; one that they show twice means
    the first. An empty or unknown zone is the campaign's.
    """
    if not issue.local_time or not zone:
        return issue.due_at
    try:
        return moment_of(localise(issue.due_at, issue.zone), zone)
    except (ZoneInfoNotFoundError, ValueError):
        return issue.due_at


def mornings(issue: Issue, zones: Collection[str]) -> tuple[datetime, datetime]:
    """Return the first and the last moment at which copies for readers in *zones* are due."""
    moments = [reader_moment(issue, zone) for zone in zones] or [issue.due_at]
    return min(moments), max(moments)
