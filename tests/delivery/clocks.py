"""A clock that stands still until it is moved, sleepers included."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from herald.clock import SetClock


class StandingClock(SetClock):
    """Who sleeps on it wakes when it was advanced far enough, and not before."""

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved on by *seconds*."""
        end = self.monotonic() + seconds
        while self.monotonic() < end:  # noqa: ASYNC110 - who moves the clock tells nobody
            await asyncio.sleep(0)


async def until(is_so: Callable[[], object]) -> None:
    """Let other tasks go on until *is_so*; fail after sixty true seconds."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - anything may make it so
            await asyncio.sleep(0)


async def advance_until(clock: SetClock, is_so: Callable[[], object]) -> None:
    """Move *clock* on in tenths of a second until *is_so*; fail after sixty true seconds."""
    async with asyncio.timeout(60):
        while not is_so():
            clock.advance(timedelta(seconds=0.1))
            for _ in range(20):
                await asyncio.sleep(0)
