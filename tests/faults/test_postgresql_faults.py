"""PostgreSQL loses answers and takes transactions back: nothing is sent twice, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from herald.clock import SetClock
from herald.delivery.settler import Settler
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker, unwatched
from herald.errors import StoreUnusable
from herald.model.delivery import Claim, Delivery, DeliveryState, Receipt, Sent
from herald.model.ids import ChannelId
from herald.model.verdict import Done
from herald.outbox.reconcile import reconcile
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from tests.faults.channel import limits
from tests.faults.crashing import PlayedCrash
from tests.faults.harness import a_plan
from tests.faults.network import Sight
from tests.faults.played import Air, PlayedChannel
from tests.faults.proxy import proxied
from tests.postgresql import PostgreSQL

READ = ChannelId("read")
LIMITS = limits(Sight.READ, timeout=20.0, settle_window=1.0)

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """An outbox with deliveries that are due, and what they are to be sent with."""

    outbox: StoredOutbox
    clock: SetClock
    air: Air
    channel: PlayedChannel
    taken_back: list[str]
    """The codes with which the database took transactions back."""

    def worker(self) -> Worker:
        return Worker(
            self.outbox,
            {READ: self.channel},
            clock=self.clock,
            owner="this one",
            policy=Policy(first_wait=timedelta(0)),
            random=lambda: 0.0,
        )

    async def rows(self) -> tuple[Delivery, ...]:
        return await self.outbox.list_deliveries()

    def arrived(self) -> list[int]:
        self.clock.advance(timedelta(seconds=60))
        self.air.land()
        return sorted(self.air.shelf.accepted.values())


@asynccontextmanager
async def house(address: str, tmp_path: Any, *, due: int = 1) -> AsyncIterator[House]:
    store = await open_store(address, tmp_path)
    outbox, plan = StoredOutbox(store), a_plan((READ,), due)
    clock = SetClock(plan.made_at)
    air = Air(clock=clock)
    await outbox.reconcile(plan, partial(reconcile, plan, now=clock.now()), now=clock.now())
    await outbox.save_capabilities(READ, "played", LIMITS)
    channel = PlayedChannel(id=READ, sight=Sight.READ, air=air, crash=PlayedCrash(), limits=LIMITS)
    codes: list[str] = []
    event.listen(
        store.engine.sync_engine,
        "handle_error",
        lambda context: codes.append(getattr(context.original_exception, "sqlstate", "")),
    )
    try:
        yield House(outbox=outbox, clock=clock, air=air, channel=channel, taken_back=codes)
    finally:
        await store.close()


async def test_a_claim_whose_commit_got_no_answer_is_not_sent_but_looked_up(
    postgresql_url: str, tmp_path: Any
) -> None:
    async with proxied(postgresql_url) as (proxy, address), house(address, tmp_path) as at:
        proxy.loses_next = True
        with pytest.raises(StoreUnusable):
            await _claimed(at)
        (row,) = await at.rows()
        assert (proxy.lost, row.state, row.token) == (1, DeliveryState.CLAIMED, 1)
        await at.worker().drain()
        assert at.arrived() == []

        at.clock.advance(timedelta(minutes=5))
        await at.worker().drain()
        (row,) = await at.rows()
        assert (row.state, at.arrived()) == (DeliveryState.SENT, [1])
        attempts = await at.outbox.attempts(row.key)
        assert [attempt.outcome for attempt in attempts] == ["lapsed, then try_again", "sent"]


async def test_a_settlement_whose_commit_got_no_answer_is_repeated_and_fenced(
    postgresql_url: str, tmp_path: Any
) -> None:
    async with proxied(postgresql_url) as (proxy, address), house(address, tmp_path) as at:
        (claim,) = await _claimed(at)
        assert await at.channel.send(claim) == Sent(Receipt(remote_id=claim.delivery.key))
        proxy.loses_next = True
        settler = Settler(at.outbox, clock=at.clock, on_settled=unwatched)
        assert not await settler.settle(claim, Done(Receipt(remote_id="1")))  # the second time
        (row,) = await at.rows()
        assert (proxy.lost, row.state, row.token) == (1, DeliveryState.SENT, 1)
        assert at.arrived() == [1]
        assert [each.outcome for each in await at.outbox.attempts(row.key)] == ["sent"]


async def test_a_real_deadlock_is_taken_back_and_done_again(
    postgresql: PostgreSQL, postgresql_url: str, tmp_path: Any
) -> None:
    """Another transaction holds the second row and then wants the first, which this one holds."""
    name = postgresql_url.rpartition("/")[2]
    postgresql.tell(f"ALTER DATABASE {name} SET deadlock_timeout = '500ms'")
    async with house(postgresql_url, tmp_path, due=2) as at:
        first, second = await _claimed(at)
        other = await asyncpg.connect(postgresql_url)
        await other.execute("SET deadlock_timeout = '60s'")  # it is not the one to give way
        async with other.transaction():
            await _lock(other, second)
            settling = [asyncio.create_task(_settle(at, claim)) for claim in (first, second)]
            await _until_somebody_waits(postgresql, name)
            await _lock(other, first)  # until the deadlock is found
        assert await asyncio.gather(*settling) == [True, True]
        assert at.taken_back == ["40P01"]
        assert {row.state for row in await at.rows()} == {DeliveryState.SENT}
        await other.close()


async def test_a_real_serialization_failure_is_taken_back_and_done_again(
    postgresql: PostgreSQL, postgresql_url: str, tmp_path: Any
) -> None:
    """The database's own setting asks for more isolation than Herald does."""
    name = postgresql_url.rpartition("/")[2]
    postgresql.tell(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    async with house(postgresql_url, tmp_path) as at:
        (claim,) = await _claimed(at)
        other = await asyncpg.connect(postgresql_url)
        async with other.transaction():
            await other.execute("UPDATE delivery SET note = 'seen'")
            settling = asyncio.create_task(_settle(at, claim))
            await _until_somebody_waits(postgresql, name)
        assert await settling
        assert at.taken_back == ["40001"]
        assert {row.state for row in await at.rows()} == {DeliveryState.SENT}
        await other.close()


async def _claimed(at: House) -> list[Claim]:
    now = at.clock.now()
    claims = await at.outbox.claim(owner="this", now=now, most=9, capabilities={READ: LIMITS})
    return sorted(claims, key=lambda claim: claim.delivery.key)


async def _settle(at: House, claim: Claim) -> bool:
    return await at.outbox.settle(
        claim.delivery.key,
        token=claim.token,
        verdict=Done(Receipt(remote_id="1")),
        now=at.clock.now(),
    )


async def _lock(connection: asyncpg.Connection, claim: Claim) -> None:
    key = claim.delivery.key
    await connection.execute("SELECT 1 FROM delivery WHERE key = $1 FOR UPDATE", key)


async def _until_somebody_waits(server: PostgreSQL, name: str) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(60):
        while await asyncio.to_thread(server.tell, waiting, database=name) == "0":  # noqa: ASYNC110 - another's
            await asyncio.sleep(0.01)
