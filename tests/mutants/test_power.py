"""The power goes right after a claim: what was promised to the outside must be on the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from herald.model.delivery import Delivery, DeliveryState
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.store.engine import Store, open_store
from herald.store.outbox import StoredOutbox
from tests.makers import NOON, a_delivery
from tests.mutants.power import lose_power, why_not

_PLAN = Plan(made_at=NOON, first=NOON, last=NOON)
_LIMITS = {ChannelId("fedi"): Capabilities()}


@asynccontextmanager
async def opened(folder: Path, *, mutant: bool = False) -> AsyncIterator[Store]:
    """Open the store in *folder*; the mutant does not sync the journal at each commit."""
    await (await open_store("sqlite:///herald.db", folder)).close()
    store = await open_store("sqlite:///herald.db", folder)
    if mutant:
        await store.engine.dispose()
        event.listen(store.engine.sync_engine, "connect", _normal)
    try:
        yield store
    finally:
        await store.close()


def _normal(connection: Any, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _adding(row: Delivery) -> Reconciliation:
    step = Step(change=Change.NEW, key=row.key, planned=None, state=row.state, after=row)
    return Reconciliation(steps=(step,), hash="", withdrawals=0)


async def claimed_then_dark(folder: Path, *, mutant: bool) -> Delivery:
    """Claim a delivery, lose the power, and return it as the next start finds it."""
    if why := why_not(folder):
        pytest.skip(why)
    row, (before, after) = a_delivery(), (folder / "before", folder / "after")
    before.mkdir()
    after.mkdir()
    async with opened(before, mutant=mutant) as store:
        outbox = StoredOutbox(store)
        await outbox.reconcile(_PLAN, lambda _: _adding(row), now=NOON)
        await store.engine.dispose()  # the last one to leave brings all to the disk
        assert await outbox.claim(owner="one", now=NOON, most=1, capabilities=_LIMITS)
        lose_power(before / "herald.db", after)
    async with opened(after) as store:
        (found,) = (await StoredOutbox(store).history()).deliveries
    return found


async def test_a_claim_outlives_a_loss_of_power(tmp_path: Path) -> None:
    found = await claimed_then_dark(tmp_path, mutant=False)
    assert (found.state, found.token) == (DeliveryState.CLAIMED, 1)


async def test_a_journal_that_is_not_synced_forgets_a_claim_and_would_send_twice(
    tmp_path: Path,
) -> None:
    found = await claimed_then_dark(tmp_path, mutant=True)
    assert (found.state, found.token) == (DeliveryState.PENDING, 0)


async def test_every_connection_that_is_opened_syncs_at_each_commit(tmp_path: Path) -> None:
    async with (
        opened(tmp_path) as store,
        store.reading() as one,
        store.reading() as two,
        store.writing() as three,
    ):
        for connection in (one, two, three):
            asked = await connection.exec_driver_sql("PRAGMA synchronous")
            assert asked.scalar() == 2, "2 is FULL"
