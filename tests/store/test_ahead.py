"""What a clock wrote that ran ahead keeps nothing waiting once it was set right."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from herald.model.delivery import Delivery, DeliveryState
from herald.model.ids import FeedId, ItemId, PartnerId
from herald.model.polling import WantedFeed
from herald.store import tables
from herald.store.ahead import LONGEST_LEASE, shorten_waits
from herald.store.engine import Store, open_store
from herald.store.feed_rows import new_feed
from herald.store.feed_tables import feed
from herald.store.outbox import StoredOutbox
from herald.store.rows import insert_rows
from tests.makers import NOON, a_delivery

YEAR = timedelta(days=365)


@pytest.fixture
async def store(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(store_url, tmp_path)
    yield opened
    await opened.close()


async def test_retries_rests_leases_and_polls_written_a_year_ahead_end_when_the_clock_is_right(
    store: Store,
) -> None:
    ahead = NOON + YEAR
    await put(store, "retried", state="pending", attempts=1, due_at=NOON, next_at=ahead)
    await put(store, "sent again by a person", state="pending", due_at=NOON, next_at=ahead)
    await put(store, "claimed", state="claimed", attempts=1, lease_ends_at=ahead)
    async with store.writing() as connection:
        await connection.execute(
            insert(tables.pace).values(channel="fedi", tat=ahead, not_before=ahead)
        )
        await connection.execute(insert(feed).values(**a_feed(checked_at=ahead)))
    assert await shorten_waits(store, now=NOON) == 5
    rows = await by_item(store)
    assert rows["retried"].next_at == rows["sent again by a person"].next_at == NOON
    assert rows["claimed"].lease_ends_at == NOON + LONGEST_LEASE
    async with store.reading() as connection:
        pace = (await connection.execute(select(tables.pace))).one()
        polled = (await connection.execute(select(feed.c.next_check_at))).scalar_one()
    assert (pace.not_before, polled) == (None, NOON)
    assert await shorten_waits(store, now=NOON) == 0


async def test_waits_that_herald_itself_would_ask_for_stay(store: Store) -> None:
    soon = NOON + timedelta(minutes=15)
    await put(store, "retried", state="pending", attempts=1, due_at=NOON, next_at=soon)
    await put(store, "planned", state="pending", due_at=NOON + YEAR, next_at=NOON + YEAR)
    await put(store, "claimed", state="claimed", attempts=1, lease_ends_at=soon)
    async with store.writing() as connection:
        resting = {"channel": "fedi", "not_before": NOON + timedelta(hours=23)}
        await connection.execute(insert(tables.pace).values(**resting))
        await connection.execute(
            insert(feed).values(**a_feed(checked_at=NOON, next_check_at=NOON + timedelta(days=30)))
        )
    assert await shorten_waits(store, now=NOON) == 0


async def put(store: Store, item: str, **changes: object) -> None:
    row = a_delivery(item=ItemId(item), **changes)
    if "state" in changes:
        row = replace(row, state=DeliveryState(str(changes["state"])))
    async with store.writing() as connection:
        await insert_rows(connection, [row])


async def by_item(store: Store) -> dict[str, Delivery]:
    return {row.item: row for row in await StoredOutbox(store).list_deliveries()}


def a_feed(**changes: object) -> dict[str, object]:
    feed_of = WantedFeed(
        id=FeedId("one"), url="https://mill.example/feed", partners=(PartnerId("mill"),)
    )
    return new_feed(feed_of, now=NOON) | changes
