"""The only reader of the time."""

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

_WITH_SLEEP: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's clocks: the wall clock says when, the monotonic clock says how long."""

    def now(self) -> datetime:
        """Return the wall clock's moment in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        return time.monotonic()

    def since_boot(self) -> float:
        """Return seconds on a clock that never jumps, and goes on while the machine sleeps.

        Where the system has none it stands meanwhile, as Linux's monotonic clock does.
        """
        return time.clock_gettime(_WITH_SLEEP)

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        await asyncio.sleep(seconds)


class SetClock:
    """A clock that stands where it is put: for ``--now``, the demo and tests."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the moment at which it was put."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds by which it was moved on."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Move on by *seconds* without waiting.

        Whoever sleeps comes on: what is left of a sum of fractions may be less than a clock counts.
        """
        least = timedelta.resolution if seconds > 0 else timedelta(0)
        self.advance(max(timedelta(seconds=seconds), least))
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        """Move both clocks on."""
        self._now += by
        self._monotonic += by.total_seconds()

    def jump(self, to: datetime) -> None:
        """Set the wall clock alone, as NTP or a person does."""
        self._now = to.astimezone(UTC)


async def first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of *waits* has ended; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
