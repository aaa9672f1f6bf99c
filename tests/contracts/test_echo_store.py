"""What every store keeps of what became of posts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from herald.model.account import Reactions, Reply
from herald.model.delivery import Action, Delivery, DeliveryState, Receipt
from herald.model.echo import Counts, Uncounted
from herald.model.ids import ChannelId, ItemId
from herald.store.echoes import StoredEchoes
from herald.store.engine import Store, open_store
from herald.store.rows import insert_rows
from tests.makers import NOON, a_delivery

FEDI, SKY = ChannelId("fedi"), ChannelId("sky")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def database(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(store_url, tmp_path)
    yield store
    await store.close()


def sent(item: str, **changes: object) -> Delivery:
    values = {
        "state": DeliveryState.SENT,
        "sent_at": NOON,
        "remote_id": f"id-{item}",
        "url": f"https://social.example.org/{item}",
        **changes,
    }
    return a_delivery(item=ItemId(item), **values)


async def put(database: Store, *rows: Delivery) -> StoredEchoes:
    async with database.writing() as connection:
        await insert_rows(connection, rows)
    return StoredEchoes(database)


def a_reply(name: str, **changes: object) -> Reply:
    values = {"author": "@ana@example.org", "text": "Grazzi ħafna!", "at": NOON, **changes}
    return Reply(id=name, **values)  # type: ignore[arg-type]


async def test_sent_posts_of_a_channel_are_counted_and_nothing_else(database: Store) -> None:
    store = await put(
        database,
        sent("salt"),
        sent("deleted", action=Action.DELETE),
        sent("old", sent_at=NOON - 40 * DAY),
        sent("elsewhere", channel=SKY),
        sent("waiting", state=DeliveryState.PENDING, remote_id="", sent_at=None),
    )
    found = await store.uncounted(FEDI, since=NOON - 30 * DAY, before=NOON + HOUR, most=10)
    receipt = Receipt(remote_id="id-salt", url="https://social.example.org/salt")
    assert found == (Uncounted(key=sent("salt").key, receipt=receipt),)


async def test_those_never_counted_come_first_then_those_counted_longest_ago(
    database: Store,
) -> None:
    store = await put(database, *(sent(name) for name in ("a", "b", "c")))
    some = Reactions(boosts=1, likes=None, replies=0)
    await store.save_counts({sent("a").key: some}, now=NOON + 2 * HOUR)
    await store.save_counts({sent("b").key: some}, now=NOON + HOUR)
    late = NOON + 2 * DAY
    found = await store.uncounted(FEDI, since=NOON - DAY, before=late, most=10)
    assert [each.receipt.remote_id for each in found] == ["id-c", "id-b", "id-a"]
    assert len(await store.uncounted(FEDI, since=NOON - DAY, before=late, most=1)) == 1
    again = await store.uncounted(FEDI, since=NOON - DAY, before=NOON + 90 * HOUR / 60, most=10)
    assert [each.receipt.remote_id for each in again] == ["id-c", "id-b"]


async def test_the_last_count_stands(database: Store) -> None:
    store = await put(database, sent("salt"))
    key = sent("salt").key
    await store.save_counts({key: Reactions(boosts=1, likes=2, replies=3)}, now=NOON)
    last = Reactions(boosts=4, likes=None, replies=5)
    await store.save_counts({key: last}, now=NOON + DAY)
    assert await store.counts([key]) == {key: Counts(reactions=last, counted_at=NOON + DAY)}
    await store.save_counts({}, now=NOON)
    assert await store.counts([]) == {}


async def test_one_process_looks_for_replies_at_a_time(database: Store) -> None:
    store = StoredEchoes(database)
    assert await store.take_look(FEDI, now=NOON, every=HOUR) == NOON
    assert await store.take_look(FEDI, now=NOON + HOUR / 2, every=HOUR) is None
    assert await store.take_look(SKY, now=NOON + HOUR / 2, every=HOUR) == NOON + HOUR / 2
    assert await store.take_look(FEDI, now=NOON + HOUR, every=HOUR) == NOON
    assert await store.take_look(FEDI, now=NOON + 3 * HOUR, every=HOUR) == NOON + HOUR


async def test_a_clock_that_was_set_back_keeps_no_look_waiting(database: Store) -> None:
    store = StoredEchoes(database)
    await store.take_look(FEDI, now=NOON + 365 * DAY, every=HOUR)
    assert await store.take_look(FEDI, now=NOON, every=HOUR) == NOON


async def test_a_look_that_came_to_nothing_is_made_again(database: Store) -> None:
    store = StoredEchoes(database)
    await store.take_look(FEDI, now=NOON, every=HOUR)
    await store.put_back_look(FEDI, NOON - DAY)
    assert await store.take_look(FEDI, now=NOON, every=HOUR) == NOON - DAY


async def test_what_was_written_is_kept_once_with_the_post_that_it_answers(
    database: Store,
) -> None:
    store = await put(database, sent("salt"), sent("salt", channel=SKY))
    first = a_reply("1", answers="id-salt", text="Half a \ud83c and a \0")
    await store.save_replies(FEDI, [first, a_reply("2", url="https://x.example/2")], now=NOON)
    await store.save_replies(FEDI, [a_reply("2", text="edited"), a_reply("3")], now=NOON + HOUR)
    await store.save_replies(SKY, [a_reply("2")], now=NOON + HOUR)
    heard = await store.heard(after=NOON - HOUR, most=10)
    assert [(one.channel, one.reply.id, one.item) for one in heard] == [
        (FEDI, "1", "salt"),
        (FEDI, "2", None),
        (SKY, "2", None),
        (FEDI, "3", None),
    ]
    assert heard[1].reply.text == "Grazzi ħafna!"
    assert len(await store.heard(after=NOON, most=10)) == 2
    assert len(await store.heard(after=NOON - HOUR, most=1)) == 1


async def test_what_was_written_is_forgotten(database: Store) -> None:
    store = StoredEchoes(database)
    await store.save_replies(FEDI, [a_reply("1")], now=NOON)
    await store.save_replies(FEDI, [a_reply("2")], now=NOON + DAY)
    await store.forget_replies(before=NOON + HOUR)
    assert [one.reply.id for one in await store.heard(after=NOON - DAY, most=9)] == ["2"]
