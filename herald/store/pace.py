"""How many sends a pace allows now: GCRA, on one stored moment per channel and per server. Pure.

The theoretical arrival time (tat) is when the channel will have earned back all that it sent.
See https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from herald.model.network import Capabilities

UNLIMITED = 1_000_000
"""More than anybody claims at once."""


class Paced(Protocol):
    """Whatever earns one send in every *pace*, and may start *burst* of them at once."""

    @property
    def pace(self) -> timedelta:
        """The least time between two sends, on average; zero without a limit."""
        ...

    @property
    def burst(self) -> int:
        """Sends that may follow each other at once."""
        ...


def host_row(capabilities: Capabilities) -> str:
    """Return under which name a server's own pace is stored; empty where it has none.

    No channel's name has a space.
    """
    paced = capabilities.host and capabilities.host_pace > timedelta(0)
    return f"host {capabilities.host}" if paced else ""


def of_host(capabilities: Capabilities) -> Capabilities:
    """Return the limits with the server's pace in place of the account's."""
    return replace(capabilities, pace=capabilities.host_pace, burst=capabilities.host_burst)


def slots(tat: datetime | None, capabilities: Paced, *, now: datetime) -> int:
    """Return how many sends may start at *now*."""
    if capabilities.pace <= timedelta(0):
        return UNLIMITED
    full = now + capabilities.pace * max(capabilities.burst, 1)
    return max((full - _begun(tat, capabilities, now=now)) // capabilities.pace, 0)


def after_sends(
    count: int, tat: datetime | None, capabilities: Paced, *, now: datetime
) -> datetime:
    """Return the channel's tat once *count* sends have started at *now*."""
    return _begun(tat, capabilities, now=now) + capabilities.pace * count


def _begun(tat: datetime | None, capabilities: Paced, *, now: datetime) -> datetime:
    """Return where counting begins; a clock that was set back must not silence the channel."""
    furthest = now + capabilities.pace * max(capabilities.burst, 1)
    return min(max(tat or now, now), furthest)
