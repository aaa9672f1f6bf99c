"""Ports to the time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the wall clock's moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        ...


class MachineClock(Clock, Protocol):
    """A machine's clock, which also knows how long the machine was asleep."""

    def since_boot(self) -> float:
        """Return seconds on a clock that nobody sets and that goes on while the machine sleeps."""
        ...
