"""Time that jumps: an event loop and a clock that stand still until nothing is left to do.

    clock = YearClock(begins)
    with asyncio.Runner(loop_factory=clock.loop) as runner:
        runner.run(live(clock))

Whoever sleeps on the clock, and every ``asyncio.timeout``, waits in the clock's time. The one who
moves it waits for ``rest()``, which returns when everybody else waits.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

_SURELY = timedelta(microseconds=1)
"""Moments are whole microseconds: rounded down, a timer would be met just before it rings."""


class YearClock:
    """The wall clock and the monotonic clock of a simulation; they move only by ``move``."""

    def __init__(self, now: datetime) -> None:
        self._begins = now.astimezone(UTC)
        self._seconds = 0.0
        self._now = self._begins
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()
        self._resting: asyncio.Future[float | None] | None = None

    def now(self) -> datetime:
        """Return the simulated moment, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the simulated seconds since the beginning."""
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has moved on by *seconds*, or is moved beyond."""
        waiting = asyncio.get_running_loop().create_future()
        until = self._now + timedelta(seconds=max(seconds, 0.0))
        heapq.heappush(self._sleepers, (until, next(self._order), waiting))
        await waiting

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return an event loop that lives in this clock's time."""
        return _Loop(self)

    async def rest(self) -> datetime | None:
        """Wait until everybody waits; return the moment of the next ``asyncio`` timer, if any."""
        self._resting = asyncio.get_running_loop().create_future()
        timer = await self._resting
        return None if timer is None else self._now + timedelta(seconds=timer) + _SURELY

    def next_waking(self) -> datetime | None:
        """Return when the first sleeper wants to wake."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers:
            return None
        return self._sleepers[0][0]

    def move(self, to: datetime) -> None:
        """Move on to *to*, and wake whoever wanted to sleep no longer than that."""
        if to > self._now:
            self._now = to
            self._seconds = (to - self._begins).total_seconds()
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, waiting = heapq.heappop(self._sleepers)
            if not waiting.done():
                waiting.set_result(None)

    def _idle(self, timer: float | None) -> bool:
        """Take note that nothing can go on; return whether somebody was waiting for that."""
        if self._resting is None or self._resting.done():
            return False
        self._resting.set_result(timer)
        return True


class PatientClock:
    """The same time for those who look again and again: they sleep until something may be due.

    A worker that looks every second would look 31 million times a year. It is woken when the clock
    is moved, which is whenever a look could find something: like a worker whose looks come late.
    """

    def __init__(self, clock: YearClock) -> None:
        self._clock = clock
        self._asleep: list[asyncio.Future[None]] = []

    def now(self) -> datetime:
        """Return the simulated moment, in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return the simulated seconds since the beginning."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait until the next moment at which something may be due."""
        waiting = asyncio.get_running_loop().create_future()
        self._asleep.append(waiting)
        await waiting

    def wake(self) -> None:
        """Let everybody look again."""
        asleep, self._asleep = self._asleep, []
        for waiting in asleep:
            if not waiting.done():
                waiting.set_result(None)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose time is the clock's."""

    def __init__(self, clock: YearClock) -> None:
        self._year = clock
        super().__init__(_Patience(clock))
        # asyncio's own nanosecond is less than what a float tells apart after some months
        self._clock_resolution = _SURELY.total_seconds()

    def time(self) -> float:
        """Return the clock's seconds, so that timeouts are counted in them."""
        return self._year.monotonic()


class _Patience(selectors.DefaultSelector):
    """Waits for nothing: where the loop would, everybody waits and the clock may be moved."""

    def __init__(self, clock: YearClock) -> None:
        super().__init__()
        self._year = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what files have to say; the loop asks with a *timeout* when nothing can go on."""
        would_wait = timeout is None or timeout > 0
        found = super().select(0)
        if found or not would_wait or self._year._idle(timeout):  # noqa: SLF001 - one clock
            return list(found)
        return list(super().select(_A_LITTLE))


_A_LITTLE = 0.05
"""True seconds to wait for a thread, where somebody uses one."""
