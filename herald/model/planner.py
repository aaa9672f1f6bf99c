"""Whose turn it is to read the campaign files and plan, where several processes share a store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

UNATTENDED = timedelta(hours=1)
"""So long may nobody have planned, all having stopped in good order, before somebody is told."""
DEAD = timedelta(minutes=5)
"""So long after the end of its lease a planner that gave no notice is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """The row that one process at a time holds, which alone reads files and plans meanwhile."""

    owner: str = ""
    """The process; empty when nobody has it."""
    token: int = 0
    """Raised whenever the row changes hands, so that a former holder can be told apart."""
    lease_ends_at: datetime | None = None
    """Until when nobody else may take it, or when it was given back; None if never held."""
    news: int = 0
    """Raised whenever a feed brought something that is to be planned."""


def missing_planner(planner: Planner, *, now: datetime) -> str:
    """Tell in a sentence that nobody plans, or nothing."""
    remedy = "start herald run --plan on a machine that has the campaign files"
    if planner.lease_ends_at is None:
        return f"nobody has planned yet: {remedy}"
    if now - planner.lease_ends_at > (DEAD if planner.owner else UNATTENDED):
        since = f"{planner.lease_ends_at:%Y-%m-%d %H:%M} UTC"
        return f"nobody plans since {since}, changes of campaign files are not seen: {remedy}"
    return ""
