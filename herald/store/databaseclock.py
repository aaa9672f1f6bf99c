"""The database's time, so that all who share it agree on what is due, whatever their clocks say.

    clock = DatabaseClock(store, SystemClock())
    await clock.measure()           # at the start, and again every so often
    clock.now()

Between two measurements the time that passed is counted by a clock that nobody sets and that goes
on while the machine sleeps. A measurement is a question and its answer: the database read its
clock somewhere in between, so the middle is at most half of that wrong.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, func, select

from herald.errors import StoreUnusable
from herald.ports import MachineClock
from herald.store.engine import Store

TRIES = 3
"""Questions of one measurement; the one that was answered the fastest counts."""
SLOWEST = 2.0
"""Seconds; what took longer says less than the last measurement does."""
TELL_FROM = timedelta(seconds=2)
"""A difference that is worth a word in the log."""

_NOW = select(func.clock_timestamp(type_=DateTime(timezone=True)))

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Measured:
    moment: datetime
    """The database's."""
    at: float
    """The machine's seconds at that moment."""
    took: float


class DatabaseClock:
    """Tells the time of *store*'s database; waits like *machine*."""

    def __init__(self, store: Store, machine: MachineClock) -> None:
        self._store = store
        self._machine = machine
        self._last: _Measured | None = None

    def now(self) -> datetime:
        """Return the database's moment in UTC."""
        if self._last is None:
            raise StoreUnusable(f"{self._store.place}: its clock was not read yet")
        return self._last.moment + timedelta(seconds=self._machine.since_boot() - self._last.at)

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        return self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        await self._machine.sleep(seconds)

    async def measure(self) -> None:
        """Read the database's clock; raises StoreUnusable, and the last measurement holds on."""
        found = min([await self._ask() for _ in range(TRIES)], key=lambda each: each.took)
        if self._last is None:
            ahead = self._machine.now() - self._as_told(found)
            if abs(ahead) > TELL_FROM:
                log.warning(
                    "this machine's clock differs from the database's, which counts",
                    extra={"ahead_seconds": round(ahead.total_seconds(), 1)},
                )
        elif found.took > SLOWEST:
            return
        elif abs(moved := self._as_told(found) - self.now()) > TELL_FROM:
            log.warning("the database's clock was set", extra={"by": str(moved)})
        self._last = found

    def _as_told(self, measured: _Measured) -> datetime:
        """Return what the time is now by *measured*."""
        return measured.moment + timedelta(seconds=self._machine.since_boot() - measured.at)

    async def _ask(self) -> _Measured:
        async with self._store.reading() as connection:
            begun = self._machine.since_boot()
            moment = (await connection.execute(_NOW)).scalar_one()
            ended = self._machine.since_boot()
        return _Measured(moment.astimezone(UTC), (begun + ended) / 2, ended - begun)
