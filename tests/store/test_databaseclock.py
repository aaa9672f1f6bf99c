"""Machines whose clocks differ agree on what is due, since a shared database tells the time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herald.clock import SystemClock
from herald.delivery.worker import Worker
from herald.errors import StoreUnusable
from herald.model.delivery import Delivery, DeliveryState
from herald.model.ids import OccasionId
from herald.model.plan import Plan
from herald.store.databaseclock import DatabaseClock
from herald.store.engine import Store, open_store
from herald.store.outbox import StoredOutbox
from herald.store.planner import StoredPlanner
from tests.delivery.scripted import ScriptedChannel
from tests.delivery.test_worker import a_worker
from tests.makers import a_delivery
from tests.postgresql import PostgreSQL
from tests.running import until
from tests.store.test_listening import to

NEAR = timedelta(seconds=2)
"""A busy machine answers late."""
WRONG = [
    timedelta(0),
    timedelta(seconds=5),
    timedelta(seconds=-5),
    timedelta(hours=1),
    timedelta(hours=-1),
    timedelta(days=365),
    timedelta(days=-365),
]


class WrongClock(SystemClock):
    """A machine's clock that somebody set wrongly, and may set again."""

    def __init__(self, wrong: timedelta) -> None:
        self.wrong = wrong
        self.slept = 0.0

    def now(self) -> datetime:
        return super().now() + self.wrong

    def since_boot(self) -> float:
        return super().since_boot() + self.slept


@pytest.fixture
async def store(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(postgresql_url, tmp_path)
    yield opened
    await opened.close()


async def a_clock(store: Store, wrong: timedelta) -> tuple[DatabaseClock, WrongClock]:
    machine = WrongClock(wrong)
    clock = DatabaseClock(store, machine)
    await clock.measure()
    return clock, machine


def off(clock: DatabaseClock) -> timedelta:
    """Return how wrong *clock* is: the database of the tests runs on this machine."""
    return abs(clock.now() - datetime.now(UTC))


@pytest.mark.parametrize("wrong", WRONG, ids=str)
async def test_whatever_the_machine_says_the_database_is_believed(
    store: Store, wrong: timedelta
) -> None:
    clock, _ = await a_clock(store, wrong)
    assert off(clock) < NEAR


async def test_a_clock_that_is_set_while_herald_runs_moves_nothing(store: Store) -> None:
    clock, machine = await a_clock(store, timedelta(0))
    for wrong in WRONG:
        machine.wrong = wrong
        assert off(clock) < NEAR
        await clock.measure()
        assert off(clock) < NEAR


async def test_the_hours_that_a_machine_slept_have_passed(store: Store) -> None:
    clock, machine = await a_clock(store, timedelta(0))
    machine.slept = 8 * 3600.0
    assert abs(clock.now() - datetime.now(UTC) - timedelta(hours=8)) < NEAR
    await clock.measure()
    assert off(clock) < NEAR


async def test_while_the_database_is_away_time_goes_on(
    store: Store, postgresql: PostgreSQL
) -> None:
    clock, _ = await a_clock(store, timedelta(hours=1))
    await asyncio.to_thread(postgresql.stop)
    try:
        with pytest.raises(StoreUnusable):
            await clock.measure()
        assert off(clock) < NEAR
    finally:
        await asyncio.to_thread(postgresql.start)
    await clock.measure()
    assert off(clock) < NEAR


async def test_unmeasured_it_tells_no_time(store: Store) -> None:
    with pytest.raises(StoreUnusable, match="its clock was not read yet"):
        DatabaseClock(store, SystemClock()).now()


async def test_workers_whose_clocks_are_wrong_send_each_post_once_and_none_too_early(
    store: Store, postgresql_url: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    due, early, stale = (
        tuple(_posts(name, due_at=now + after, lasts=lasts))
        for name, after, lasts in (
            ("due", timedelta(minutes=-1), timedelta(hours=6)),
            ("early", timedelta(minutes=30), timedelta(hours=6)),
            ("stale", timedelta(hours=-2), timedelta(hours=1)),
        )
    )
    outbox = StoredOutbox(store)
    plan = Plan(made_at=now, first=now, last=now)
    await outbox.reconcile(plan, to(*due, *early, *stale), now=now)
    channel = ScriptedChannel()
    stores = [await open_store(postgresql_url, tmp_path) for _ in WRONG]
    workers = [
        await _worker(each, channel, wrong) for each, wrong in zip(stores, WRONG, strict=True)
    ]
    stop = asyncio.Event()
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    await until(lambda: len(channel.sent) >= len(due))
    stop.set()
    await asyncio.gather(*tasks)
    for each in stores:
        await each.close()
    rows = await outbox.list_deliveries()
    came = Counter((str(row.occasion).partition("-")[0], row.state) for row in rows)
    assert came == {
        ("due", DeliveryState.SENT): len(due),
        ("early", DeliveryState.PENDING): len(early),
        ("stale", DeliveryState.EXPIRED): len(stale),
    }
    assert len(channel.sent) == len(due)
    assert {row.attempts for row in rows if row.state is DeliveryState.SENT} == {1}


async def test_a_lease_is_not_lapsed_for_a_machine_that_is_an_hour_ahead(store: Store) -> None:
    behind, _ = await a_clock(store, timedelta(hours=-1))
    ahead, _ = await a_clock(store, timedelta(hours=1))
    turns, lease = StoredPlanner(store), timedelta(minutes=2)
    assert await turns.take_turn(owner="behind", now=behind.now(), lease=lease) is not None
    assert await turns.take_turn(owner="ahead", now=ahead.now(), lease=lease) is None


def _posts(name: str, *, due_at: datetime, lasts: timedelta) -> Sequence[Delivery]:
    return [
        a_delivery(occasion=OccasionId(f"{name}-{nth}"), due_at=due_at, not_after_at=due_at + lasts)
        for nth in range(10)
    ]


async def _worker(store: Store, channel: ScriptedChannel, wrong: timedelta) -> Worker:
    clock, _ = await a_clock(store, wrong)
    return a_worker(StoredOutbox(store), channel, clock=clock, owner=str(wrong))  # type: ignore[arg-type]
