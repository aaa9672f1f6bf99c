"""Planning decides beside the others: what they do meanwhile is never overwritten."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.ids import ChannelId, OccasionId
from herald.model.network import Capabilities
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from herald.store.reconciling import FREE_TRIES
from tests.makers import NOON, a_delivery

PLAN = Plan(made_at=NOON, first=NOON, last=NOON)
LIMITS = {ChannelId("fedi"): Capabilities(concurrent=10)}
Meanwhile = Callable[[], Coroutine[Any, Any, object]]
SALT = a_delivery()
RICE = a_delivery(occasion=OccasionId("rice"))


@pytest.fixture
async def outbox(store_url: str, tmp_path: Path) -> AsyncIterator[StoredOutbox]:
    store = await open_store(store_url, tmp_path)
    yield StoredOutbox(store)
    await store.close()


class Deciding:
    """Decides upon fixed steps, and lets something else happen before it has done so."""

    def __init__(self, *after: Delivery, meanwhile: Meanwhile | None = None, times: int = 1):
        self.seen: list[tuple[Delivery, ...]] = []
        self._after = after
        self._meanwhile = meanwhile
        self._times = times
        self._loop = asyncio.get_running_loop()

    def __call__(self, rows: Sequence[Delivery]) -> Reconciliation:
        self.seen.append(tuple(rows))
        if self._meanwhile is not None and len(self.seen) <= self._times:
            asyncio.run_coroutine_threadsafe(self._meanwhile(), self._loop).result(timeout=20)
        steps = tuple(
            Step(change=Change.CHANGED, key=row.key, planned=None, state=row.state, after=row)
            for row in self._after
        )
        return Reconciliation(steps=steps, hash="", withdrawals=0)


async def plan(outbox: StoredOutbox, deciding: Callable[..., Reconciliation]) -> None:
    await outbox.reconcile(PLAN, deciding, now=NOON)


def withdrawn(row: Delivery) -> Delivery:
    return replace(row, state=DeliveryState.WITHDRAWN, note="it is no longer in its file")


async def rows(outbox: StoredOutbox) -> dict[str, Delivery]:
    return {row.key: row for row in await outbox.list_deliveries()}


async def test_what_is_claimed_while_planning_decides_is_not_withdrawn(
    outbox: StoredOutbox,
) -> None:
    await plan(outbox, Deciding(SALT))

    async def claim() -> None:
        assert await outbox.claim(owner="a", now=SALT.due_at, most=9, capabilities=LIMITS)

    deciding = Deciding(withdrawn(SALT), meanwhile=claim)
    await plan(outbox, deciding)

    assert (await rows(outbox))[SALT.key].state is DeliveryState.CLAIMED
    assert [seen[0].state for seen in deciding.seen] == ["pending", "claimed"]


async def test_planning_sees_what_a_person_decided_while_it_was_deciding(
    outbox: StoredOutbox,
) -> None:
    await plan(outbox, Deciding(SALT))
    held = replace(SALT, state=DeliveryState.HELD, reason=Reason.PERSON)

    async def hold() -> None:
        assert await outbox.decide(held, was=SALT)

    deciding = Deciding(replace(SALT, zone="Europe/Malta"), meanwhile=hold)
    await plan(outbox, deciding)
    assert [seen[0].reason for seen in deciding.seen] == [None, Reason.PERSON]


async def test_two_plans_at_once_see_what_the_other_one_has_enqueued(outbox: StoredOutbox) -> None:
    other = Deciding(RICE)
    deciding = Deciding(SALT, meanwhile=lambda: plan(outbox, other))
    await plan(outbox, deciding)
    assert [[row.key for row in seen] for seen in deciding.seen] == [[], [RICE.key]]
    assert set(await rows(outbox)) == {SALT.key, RICE.key}


async def test_two_plans_that_enqueue_the_same_enqueue_it_once(outbox: StoredOutbox) -> None:
    other = Deciding(SALT)
    deciding = Deciding(SALT, meanwhile=lambda: plan(outbox, other))
    await plan(outbox, deciding)
    assert await rows(outbox) == {SALT.key: SALT}


async def test_what_planning_leaves_alone_may_be_claimed_meanwhile(outbox: StoredOutbox) -> None:
    await plan(outbox, Deciding(SALT))

    async def claim() -> None:
        assert await outbox.claim(owner="a", now=SALT.due_at, most=9, capabilities=LIMITS)

    deciding = Deciding(RICE, meanwhile=claim)
    await plan(outbox, deciding)
    assert len(deciding.seen) == 1
    assert set(await rows(outbox)) == {SALT.key, RICE.key}


async def test_planning_that_is_always_disturbed_gets_its_turn_in_the_end(
    outbox: StoredOutbox,
) -> None:
    await plan(outbox, Deciding(SALT))
    later = [SALT.due_at + timedelta(minutes=nth) for nth in range(FREE_TRIES)]

    async def touch() -> None:
        row = (await rows(outbox))[SALT.key]
        assert await outbox.decide(replace(row, next_at=later.pop()), was=row)

    deciding = Deciding(withdrawn(SALT), meanwhile=touch, times=FREE_TRIES)
    await plan(outbox, deciding)
    assert len(deciding.seen) == FREE_TRIES + 1
    assert (await rows(outbox))[SALT.key].state is DeliveryState.WITHDRAWN


async def test_the_loop_serves_others_while_planning_decides(outbox: StoredOutbox) -> None:
    loop, served = asyncio.get_running_loop(), threading.Event()

    def decide(_: Sequence[Delivery]) -> Reconciliation:
        loop.call_soon_threadsafe(served.set)
        assert served.wait(timeout=20)
        return Reconciliation(steps=(), hash="", withdrawals=0)

    await plan(outbox, decide)
    assert served.is_set()


async def test_more_rows_than_are_read_or_written_at_once_come_back_in_order(
    outbox: StoredOutbox,
) -> None:
    many = [a_delivery(occasion=OccasionId(f"day-{nth}")) for nth in range(1201)]
    await plan(outbox, Deciding(*many))
    in_order = sorted(many, key=lambda row: (row.due_at, row.key))
    assert list((await outbox.history()).deliveries) == in_order

    moved = [replace(row, note="moved", content_hash=row.key) for row in many]
    await plan(outbox, Deciding(*moved))
    assert {row.note for row in await outbox.list_deliveries()} == {"moved"}
    assert all(row.content_hash == key for key, row in (await rows(outbox)).items())
