"""NOTIFY is a hint, polling the truth: with it what is due goes at once, without it soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.clock import SetClock
from herald.delivery.worker import POLL
from herald.model.delivery import Claim, Delivery, DeliveryState, Reason
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.store.engine import Store, open_store
from herald.store.listening import listen
from herald.store.notifying import Heard, notify
from herald.store.outbox import StoredOutbox
from herald.store.planner import StoredPlanner
from tests.delivery.clocks import StandingClock
from tests.delivery.scripted import ScriptedChannel
from tests.delivery.test_worker import a_worker, running
from tests.makers import NOON, a_delivery
from tests.postgresql import PostgreSQL
from tests.running import until

PLAN = Plan(made_at=NOON, first=NOON, last=NOON)
HELD = a_delivery(state=DeliveryState.HELD, reason=Reason.APPROVAL)
FREE = replace(HELD, state=DeliveryState.PENDING, reason=None)
PAUSED = Stop(
    scope=StopScope.EVERYTHING, name="", origin=StopOrigin.FILE, because="paused", since=NOON
)


def to(*deliveries: Delivery) -> Callable[[Sequence[Delivery]], Reconciliation]:
    def decide(_: Sequence[Delivery]) -> Reconciliation:
        steps = tuple(
            Step(change=Change.NEW, key=row.key, planned=None, state=row.state, after=row)
            for row in deliveries
        )
        return Reconciliation(steps=steps, hash="", withdrawals=0)

    return decide


@pytest.fixture
async def here(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(postgresql_url, tmp_path)
    yield store
    await store.close()


@pytest.fixture
async def there(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    """Give the same store as another process has it."""
    store = await open_store(postgresql_url, tmp_path)
    yield store
    await store.close()


@dataclass
class Ears:
    """What was heard."""

    due: int = 0
    news: int = 0

    def bells(self) -> dict[Heard, Callable[[], None]]:
        return {Heard.DUE: self.hear_due, Heard.NEWS: self.hear_news}

    def hear_due(self) -> None:
        self.due += 1

    def hear_news(self) -> None:
        self.news += 1


@asynccontextmanager
async def listening(store: Store, bells: dict[Heard, Callable[[], None]]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(listen(store, bells, clock=SetClock(NOON), stop=stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await task


async def _nothing(outbox: StoredOutbox) -> None:
    pass


async def _is_held(outbox: StoredOutbox) -> None:
    await outbox.reconcile(PLAN, to(HELD), now=NOON)


async def _is_paused_by_a_person(outbox: StoredOutbox) -> None:
    await outbox.reconcile(PLAN, to(FREE), now=NOON)
    await outbox.stop(replace(PAUSED, origin=StopOrigin.PERSON))


async def _is_paused_in_a_file(outbox: StoredOutbox) -> None:
    await outbox.reconcile(PLAN, to(FREE), now=NOON)
    await outbox.sync_file_stops([PAUSED])


WAYS: list[Any] = [
    pytest.param(_nothing, lambda o: o.reconcile(PLAN, to(FREE), now=NOON), id="planned"),
    pytest.param(_is_held, lambda o: o.decide(FREE, was=HELD), id="approved"),
    pytest.param(_is_paused_by_a_person, lambda o: o.resume("everything", ""), id="resumed"),
    pytest.param(_is_paused_in_a_file, lambda o: o.sync_file_stops([]), id="unpaused in a file"),
]


@pytest.mark.parametrize(("begin", "make_due"), WAYS)
async def test_what_another_process_makes_due_is_sent_before_any_poll(
    here: Store,
    there: Store,
    begin: Callable[[StoredOutbox], Coroutine[Any, Any, object]],
    make_due: Callable[[StoredOutbox], Coroutine[Any, Any, object]],
) -> None:
    await begin(StoredOutbox(there))
    clock, channel, ears = StandingClock(NOON), ScriptedChannel(), Ears()
    worker = a_worker(StoredOutbox(here), channel, clock=clock)

    def wake() -> None:
        ears.hear_due()
        worker.wake()

    async with running(worker), listening(here, {Heard.DUE: wake}):
        await until(lambda: ears.due == 1)  # once, as it begins to listen
        await make_due(StoredOutbox(there))
        await until(lambda: len(channel.sent) == 1)
        assert clock.monotonic() == 0  # no poll has come


class Asked(StoredOutbox):
    """Counts how often it was asked for what is due."""

    times = 0

    async def claim(self, **asked: Any) -> tuple[Claim, ...]:
        claims = await super().claim(**asked)
        self.times += 1
        return claims


async def test_without_any_notification_what_is_due_is_sent_one_poll_later(
    here: Store, there: Store
) -> None:
    clock, channel, outbox = StandingClock(NOON), ScriptedChannel(), Asked(here)
    async with running(a_worker(outbox, channel, clock=clock)):
        await until(lambda: outbox.times == 1)
        await StoredOutbox(there).reconcile(PLAN, to(FREE), now=NOON)
        clock.advance(timedelta(seconds=POLL))
        await until(lambda: len(channel.sent) == 1)


async def test_what_was_taken_back_is_not_heard(here: Store, there: Store) -> None:
    ears = Ears()
    async with listening(here, ears.bells()):
        await until(lambda: ears.due == ears.news == 1)

        async def notify_and_fail(connection: AsyncConnection) -> None:
            await notify(connection, Heard.DUE)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await there.write(notify_and_fail)
        async with there.writing() as connection:
            await notify(connection, Heard.NEWS)
        await until(lambda: ears.news == 2)
        assert ears.due == 1


async def test_a_turn_that_is_given_back_is_heard(here: Store, there: Store) -> None:
    turns, ears = StoredPlanner(there), Ears()
    token = await turns.take_turn(owner="one", now=NOON, lease=timedelta(minutes=2))
    assert token is not None
    async with listening(here, ears.bells()):
        await until(lambda: ears.news == 1)
        await turns.end_turn(token, now=NOON)
        await until(lambda: ears.news == 2)


async def test_a_connection_that_breaks_is_made_anew_and_rings_every_bell(
    here: Store, there: Store, postgresql: PostgreSQL, postgresql_url: str
) -> None:
    ears = Ears()
    async with listening(here, ears.bells()):
        for nth in (1, 2, 3):
            await until(lambda nth=nth: (ears.due, ears.news) == (nth, nth))  # type: ignore[misc]
            postgresql.disconnect(postgresql_url.rpartition("/")[2])
        await until(lambda: ears.due == 4)
        async with there.writing() as connection:
            await notify(connection, Heard.DUE)
        await until(lambda: ears.due == 5)


async def test_a_server_that_is_away_for_long_is_heard_again(
    here: Store, postgresql: PostgreSQL
) -> None:
    ears = Ears()
    async with listening(here, ears.bells()):
        await until(lambda: ears.due == 1)
        await asyncio.to_thread(postgresql.crash)
        await until(lambda: ears.due == 2)


async def test_on_sqlite_there_is_nothing_to_listen_to(tmp_path: Path) -> None:
    store = await open_store("sqlite:///herald.db", tmp_path)
    async with asyncio.timeout(60):
        await listen(store, Ears().bells(), clock=SetClock(NOON), stop=asyncio.Event())
    await store.close()
