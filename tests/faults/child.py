"""The process that is killed: the real worker on a real store.

It is told everything by one value and tells nothing; what it did stands in the store and on the
network.
"""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from herald.channels.journal import open_journal
from herald.clock import SystemClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.errors import StoreUnusable
from herald.model.ids import ChannelId
from herald.model.plan import Plan
from herald.outbox.reconcile import reconcile
from herald.ports import Channel
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from tests.faults.channel import LoopbackChannel, limits
from tests.faults.crashing import CrashingStore, ProcessCrash, Wire
from tests.faults.network import Sight
from tests.makers import a_channel

T = TypeVar("T")
LEASE_AND_MORE = timedelta(seconds=45)
"""Between two lives the machine is off for longer than a lease of these channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One life of the process."""

    folder: Path
    plan: Plan
    store: str = "sqlite:///herald.db"
    port: int = 0
    """Of the fake network; 0 for a journal channel alone."""
    sights: tuple[Sight, ...] = tuple(Sight)
    """The accounts on the fake network, one of each."""
    nth: int = 0
    """Which life: each begins later on the wall clock."""
    crash_at: str = ""
    crash_on: int = 1
    timeout: float = 0.4
    settle_window: float = 0.5
    mutant: str = ""
    """``look-up denies``, ``lapsed is pending`` or ``claimed is claimed again``."""
    until_done: bool = False
    """End when every delivery has come to its end; otherwise live until killed."""


class LaterClock(SystemClock):
    """The machine's clocks, the wall clock set forward."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        """Return a later moment."""
        return super().now() + self._by

    def set_forward(self, by: timedelta) -> None:
        """Set the wall clock forward by more."""
        self._by += by


_TO_PENDING = (
    "UPDATE delivery SET state='pending', token=token+1, lease_ends_at=NULL, frozen=NULL,"
    " first_send_at=NULL WHERE state='claimed'"
)


class BrokenStore:
    """A mutant store, on SQLite: before one of its steps, what must not be is simply pending."""

    def __init__(self, inner: Any, path: Path) -> None:
        self._inner = inner
        self._path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def _free(self, which: str, *values: int) -> int:
        return await asyncio.to_thread(self._update, which, values)

    def _update(self, which: str, values: tuple[int, ...]) -> int:
        database = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        freed = database.execute(f"{_TO_PENDING} AND {which}", values).rowcount
        database.close()
        return freed


class ReapToPending(BrokenStore):
    """A lapsed claim is sent again."""

    async def reap(self, *, now: datetime) -> int:
        moment = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return await self._free("lease_ends_at < ?", moment)


class ClaimAgain(BrokenStore):
    """A lease keeps nobody away."""

    async def claim(self, **asked: Any) -> Any:
        await self._free("unclear_at IS NULL")
        return await self._inner.claim(**asked)


BROKEN = {"lapsed is pending": ReapToPending, "claimed is claimed again": ClaimAgain}


def live(life: Life) -> None:
    """Live *life*; the target of a process."""
    logging.disable(logging.CRITICAL)
    asyncio.run(_live(life))


async def _live(life: Life) -> None:
    clock = LaterClock(LEASE_AND_MORE * life.nth)
    crash = ProcessCrash(life.crash_at, life.crash_on)
    opened = await _kept_trying(lambda: open_store(life.store, life.folder))
    Wire(opened.engine).crash = crash
    store: Any = StoredOutbox(opened)
    if life.mutant in BROKEN:
        store = BROKEN[life.mutant](store, life.folder / "herald.db")
    store = CrashingStore(store, crash)
    channels = _channels(life, crash, clock)
    for channel in channels.values():
        capabilities = replace(
            await channel.capabilities(),
            timeout=timedelta(seconds=life.timeout),
            settle_window=timedelta(seconds=life.settle_window),
        )
        remember = partial(store.save_capabilities, channel.id, channel.network, capabilities)
        await _kept_trying(remember)
    now = clock.now()
    decide = partial(reconcile, life.plan, now=now)
    await _kept_trying(lambda: store.reconcile(life.plan, decide, now=now))
    worker = Worker(
        store,
        channels,
        clock=clock,
        owner=f"life {life.nth}",
        policy=Policy(first_wait=timedelta(seconds=0.05), longest_wait=timedelta(seconds=0.2)),
        random=random.Random(life.nth).random,
    )
    if not life.until_done:
        await worker.run(asyncio.Event())
    while await store.list_deliveries(states=("pending", "claimed")):
        await worker.drain()
        clock.set_forward(LEASE_AND_MORE)
    await opened.close()


async def _kept_trying(step: Callable[[], Awaitable[T]]) -> T:
    """Do what a daemon's tick does again when the database comes back."""
    while True:
        with suppress(StoreUnusable):
            return await step()
        await asyncio.sleep(0.05)


def _channels(life: Life, crash: ProcessCrash, clock: LaterClock) -> dict[ChannelId, Channel]:
    if not life.port:
        journal = open_journal(a_channel(id="journal"), folder=life.folder, clock=clock)
        return {journal.id: journal}
    return {
        ChannelId(sight): LoopbackChannel(
            id=ChannelId(sight),
            sight=sight,
            port=life.port,
            limits=limits(sight, timeout=life.timeout, settle_window=life.settle_window),
            crash=crash,
            denies=life.mutant == "look-up denies",
        )
        for sight in life.sights
    }
