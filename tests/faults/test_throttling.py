"""Networks that ask to wait, and networks that are slow: who rests, and who goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from herald.channels.journal import open_journal
from herald.channels.mastodon.channel import MastodonChannel
from herald.channels.mastodon.reading import Account
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.settings import read_settings
from herald.clock import SetClock
from herald.delivery.happened import Happened
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.delivery import Delivery, DeliveryState
from herald.model.ids import ChannelId, OccasionId
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.ports import Channel
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from tests.channels.kept import KeptMedia, pictures_of
from tests.delivery.clocks import StandingClock, until
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.faulty import Fault, FaultyWay, an_answer
from tests.servers.mastodon import MASTODON, TOKEN, MastodonServer, serving

CREATE = ("POST", "/api/v1/statuses")
ASKS_TO_WAIT = an_answer(
    429,
    b'{"error": "Too many requests"}',
    headers={"X-RateLimit-Reset": "2027-05-10T12:30:00.000Z", "X-RateLimit-Remaining": "0"},
)
MINUTE = timedelta(minutes=1)


@dataclass
class Accounts:
    """Two accounts on one server, each reached on a way of its own, and a journal."""

    server: MastodonServer
    one: FaultyWay
    two: FaultyWay
    clock: SetClock
    folder: Path
    url: str
    happened: list[Happened] = field(default_factory=list)

    def channels(self) -> dict[ChannelId, Channel]:
        made: list[Channel] = [
            a_mastodon("one", self.one.address, self.clock),
            a_mastodon("two", self.two.address, self.clock),
            open_journal(a_channel(id=ChannelId("diary")), folder=self.folder, clock=self.clock),
        ]
        return {channel.id: channel for channel in made}

    @asynccontextmanager
    async def herald(self) -> AsyncIterator[tuple[Worker, StoredOutbox]]:
        """Start Herald on the store, as after a restart."""
        store, channels = await open_store(self.url, self.folder), self.channels()
        outbox = StoredOutbox(store)
        for channel in channels.values():
            limits = await channel.capabilities()
            await outbox.save_capabilities(channel.id, channel.network, limits)
        worker = Worker(
            outbox,
            channels,
            clock=self.clock,
            owner="w",
            policy=Policy(),
            random=lambda: 0.5,
            on_settled=self.happened.append,
        )
        try:
            yield worker, outbox
        finally:
            for channel in channels.values():
                await channel.close()
            await store.close()


@asynccontextmanager
async def accounts(url: str, folder: Path, clock: SetClock) -> AsyncIterator[Accounts]:
    async with (
        serving(MASTODON, clock) as server,
        FaultyWay(server.address).serving() as one,
        FaultyWay(server.address).serving() as two,
    ):
        yield Accounts(server, one, two, clock, folder, url)


def a_mastodon(name: str, address: str, clock: SetClock) -> MastodonChannel:
    config = a_channel(id=ChannelId(name), network="mastodon", settings={"server": address})
    return MastodonChannel(
        config.id,
        read_settings(MastodonSettings, config),
        Account(server=address, token=TOKEN, user_agent="Herald/test"),
        pictures=pictures_of(KeptMedia(), clock),
        clock=clock,
    )


def due(channel: str, count: int) -> list[Delivery]:
    return [
        a_delivery(
            channel=ChannelId(channel),
            occasion=OccasionId(f"at-{nth}"),
            payload=a_payload(text=f"Post {nth} on {channel}"),
        )
        for nth in range(count)
    ]


async def enqueue(outbox: StoredOutbox, rows: Sequence[Delivery]) -> None:
    def decide(_: Sequence[Delivery]) -> Reconciliation:
        steps = tuple(
            Step(change=Change.NEW, key=row.key, planned=None, state=row.state, after=row)
            for row in rows
        )
        return Reconciliation(steps=steps, hash="", withdrawals=0)

    await outbox.reconcile(Plan(made_at=NOON, first=NOON, last=NOON), decide, now=NOON)


async def states(outbox: StoredOutbox, channel: str) -> list[tuple[DeliveryState, int]]:
    rows = await outbox.list_deliveries(channel=channel)
    return [(row.state, row.attempts) for row in rows]


async def test_an_account_that_is_asked_to_wait_rests_across_a_restart_and_the_others_go_on(
    store_url: str, tmp_path: Path
) -> None:
    clock = SetClock(NOON)
    async with accounts(store_url, tmp_path, clock) as all_of_them:
        all_of_them.one.spoil(*CREATE, Fault(answer=ASKS_TO_WAIT))
        async with all_of_them.herald() as (worker, outbox):
            await enqueue(outbox, [*due("one", 3), *due("two", 3), *due("diary", 3)])
            await worker.drain()
            assert await states(outbox, "one") == [(DeliveryState.PENDING, 0)] * 3
            assert await states(outbox, "two") == [(DeliveryState.SENT, 1)] * 3
            assert await states(outbox, "diary") == [(DeliveryState.SENT, 1)] * 3
            assert all_of_them.one.passed.count(CREATE) == 1
        clock.jump(NOON + 29 * MINUTE)
        async with all_of_them.herald() as (worker, outbox):
            await worker.drain()
            assert all_of_them.one.passed.count(CREATE) == 1
        clock.jump(NOON + 31 * MINUTE)
        async with all_of_them.herald() as (worker, outbox):
            await worker.drain()
            assert await states(outbox, "one") == [(DeliveryState.SENT, 1)] * 3
        assert len(all_of_them.server.statuses) == 6


async def test_one_account_sends_one_post_at_a_time(store_url: str, tmp_path: Path) -> None:
    async with accounts(store_url, tmp_path, SetClock(NOON)) as all_of_them:
        for _ in range(6):
            all_of_them.one.spoil(*CREATE, Fault(lands=True, waits=0.02))
        async with all_of_them.herald() as (worker, outbox):
            await enqueue(outbox, due("one", 6))
            await worker.drain()
        assert len(all_of_them.server.statuses) == 6
        assert all_of_them.one.most_under_way == 1


async def test_a_network_that_hangs_delays_no_post_of_another(
    store_url: str, tmp_path: Path
) -> None:
    """All fifty of the other go out while the first is still waited for."""
    answers, stop = asyncio.Event(), asyncio.Event()
    async with accounts(store_url, tmp_path, StandingClock(NOON)) as all_of_them:
        all_of_them.one.spoil(*CREATE, Fault(lands=True, waits_for=answers))
        async with all_of_them.herald() as (worker, outbox):
            await enqueue(outbox, [*due("one", 2), *due("diary", 50)])
            running = asyncio.create_task(worker.run(stop))
            await until(lambda: len(all_of_them.happened) == 50)
            assert {one.delivery.channel for one in all_of_them.happened} == {"diary"}
            assert all_of_them.one.under_way == 1
            answers.set()
            await until(lambda: len(all_of_them.happened) == 52)
            stop.set()
            await running
