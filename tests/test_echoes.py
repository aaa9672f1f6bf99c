"""Asking networks what became of posts: politely, once, and of every account by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from herald.clock import SetClock
from herald.echoes import COUNT_EVERY, FORGOTTEN_AFTER, LOOK_EVERY, OVERLAP, Echoes
from herald.errors import ChannelUnreachable
from herald.model.account import Reactions, Reply
from herald.model.delivery import DeliveryState, Receipt
from herald.model.ids import ChannelId, ItemId
from herald.store.echoes import StoredEchoes
from herald.store.engine import Store, open_store
from herald.store.rows import insert_rows
from tests.makers import NOON, a_delivery

FEDI = ChannelId("fedi")


@dataclass
class Account:
    """An account on a network that tells what became of posts."""

    id: ChannelId = FEDI
    is_away: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)
    looked: list[datetime] = field(default_factory=list)
    written: list[Reply] = field(default_factory=list)
    told: dict[str, Reactions] = field(default_factory=dict)

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Count."""
        if self.is_away:
            raise ChannelUnreachable("it is away")
        self.asked.append(tuple(one.remote_id for one in receipts))
        return self.told

    async def replies(self, *, since: datetime) -> tuple[Reply, ...]:
        """Tell what was written."""
        if self.is_away:
            raise ChannelUnreachable("it is away")
        self.looked.append(since)
        return tuple(one for one in self.written if one.at >= since)


@dataclass
class World:
    """Echoes of some accounts."""

    clock: SetClock
    store: StoredEchoes
    database: Store

    async def listen(self, *accounts: Account) -> None:
        channels = {one.id: one for one in accounts}
        await Echoes(self.store, channels, clock=self.clock).listen()  # type: ignore[arg-type]

    async def heard(self) -> list[str]:
        found = await self.store.heard(after=NOON - timedelta(days=400), most=100)
        return [one.reply.id for one in found]

    async def sent(self, item: str) -> None:
        row = a_delivery(
            item=ItemId(item),
            state=DeliveryState.SENT,
            sent_at=self.clock.now(),
            remote_id=f"id-{item}",
        )
        async with self.database.writing() as connection:
            await insert_rows(connection, [row])


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    database = await open_store(sqlite_url, tmp_path)
    yield World(SetClock(NOON), StoredEchoes(database), database)
    await database.close()


def a_reply(name: str, at: datetime) -> Reply:
    return Reply(id=name, author="@ana@example.org", text="Grazie!", at=at)


async def test_what_was_there_before_herald_came_is_not_told(world: World) -> None:
    account = Account(written=[a_reply("old", NOON - timedelta(days=2))])
    await world.listen(account)
    assert await world.heard() == []


async def test_what_is_written_later_is_heard_once(world: World) -> None:
    account = Account()
    await world.listen(account)
    account.written.append(a_reply("1", NOON + timedelta(minutes=5)))
    for _ in range(4):
        world.clock.advance(LOOK_EVERY)
        await world.listen(account)
    assert await world.heard() == ["1"]
    assert account.looked[1] == NOON - OVERLAP


async def test_an_account_that_is_away_loses_nothing_and_stops_no_other(world: World) -> None:
    account, other = Account(), Account(id=ChannelId("sky"))
    await world.listen(account, other)
    account.written.append(a_reply("1", NOON + timedelta(minutes=5)))
    account.is_away = True
    world.clock.advance(timedelta(days=2))
    await world.listen(account, other)
    assert len(other.looked) == 2
    account.is_away = False
    await world.listen(account, other)
    assert await world.heard() == ["1"]


async def test_no_account_is_asked_more_often_than_it_must_be(world: World) -> None:
    account = Account()
    for _ in range(10):
        world.clock.advance(LOOK_EVERY / 10)
        await world.listen(account)
    assert len(account.looked) == 1


async def test_posts_are_counted_once_a_day_for_a_month(world: World) -> None:
    account = Account(told={"id-salt": Reactions(boosts=2)})
    await world.sent("salt")
    world.clock.advance(COUNT_EVERY + timedelta(minutes=1))
    for _ in range(24 * 40):
        await world.listen(account)
        world.clock.advance(timedelta(hours=1))
    assert 27 <= len(account.asked) <= 30
    assert set(account.asked) == {("id-salt",)}


async def test_what_a_network_does_not_tell_is_left_as_it_was(world: World) -> None:
    account = Account(told={"id-salt": Reactions(boosts=2)})
    await world.sent("salt")
    world.clock.advance(COUNT_EVERY + timedelta(minutes=1))
    await world.listen(account)
    account.told = {}
    world.clock.advance(COUNT_EVERY + timedelta(minutes=1))
    await world.listen(account)
    account.is_away = True
    await world.listen(account)
    key = a_delivery(item=ItemId("salt")).key
    assert (await world.store.counts([key]))[key].reactions == Reactions(boosts=2)


async def test_what_people_wrote_is_forgotten_after_a_month(world: World) -> None:
    account = Account()
    await world.listen(account)
    account.written.append(a_reply("1", NOON + timedelta(minutes=5)))
    world.clock.advance(LOOK_EVERY)
    await world.listen(account)
    account.written.clear()
    world.clock.advance(FORGOTTEN_AFTER + timedelta(hours=1))
    await world.listen(account)
    assert await world.heard() == []
