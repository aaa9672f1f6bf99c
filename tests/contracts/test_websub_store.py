"""What every store of hub subscriptions promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.model.feed import HubLink
from herald.model.ids import FeedId, PartnerId
from herald.model.polling import Decision, Failed, Feed, Understood, Validators, WantedFeed
from herald.model.websub import HubSteps, HubSubscription
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds
from herald.store.websub import StoredHubs
from tests.makers import NOON

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LINK = HubLink(hub="https://hub.example.org/", topic="https://one.example/feed")
ONE, TWO = (
    WantedFeed(id=FeedId(name), url=f"https://{name}.example", partners=(PartnerId(name),))
    for name in ("one", "two")
)


@dataclass
class Shelf:
    """The hubs and the feeds of one store."""

    hubs: StoredHubs
    feeds: StoredFeeds

    async def begin(self, *subscriptions: HubSubscription) -> None:
        await self.hubs.sync_hubs(lambda wanted, known: HubSteps(begin=subscriptions))

    async def names(self, feed: FeedId, link: HubLink | None, *, at: datetime = NOON) -> None:
        poll = Understood(
            title="",
            validators=Validators(),
            body_hash="h",
            interval=HOUR,
            next_check_at=at + 5 * HOUR,
            hub=link,
        )
        await self.feeds.save_understood(feed, poll, (), lambda known: Decision(), now=at)

    async def feed(self, name: FeedId = ONE.id) -> Feed:
        (found,) = [each.feed for each in await self.feeds.health(now=NOON) if each.feed.id == name]
        return found

    async def next_check_at(self) -> datetime:
        return (await self.feed()).next_check_at


@pytest.fixture
async def shelf(store_url: str, tmp_path: Path) -> AsyncIterator[Shelf]:
    store = await open_store(store_url, tmp_path)
    shelf = Shelf(StoredHubs(store), StoredFeeds(store))
    await shelf.feeds.sync_feeds([ONE, TWO], now=NOON)
    yield shelf
    await store.close()


def a_subscription(token: str = "t" * 43, **changes: Any) -> HubSubscription:
    values: dict[str, Any] = {
        "token": token,
        "secret": "s" * 43,
        "feed": ONE.id,
        "link": LINK,
        "callback": f"https://herald.example.org/websub/{token}",
        "ask_at": NOON,
    }
    return HubSubscription(**(values | changes))


async def test_a_subscription_comes_back_as_it_was(shelf: Shelf) -> None:
    whole = a_subscription(
        expects_until=NOON,
        errors=3,
        lease_ends_at=NOON + HOUR,
        leaving=True,
        denied=True,
        trouble="the hub is away",
        refused_at=NOON,
        is_owed=True,
    )
    await shelf.begin(whole)
    assert await shelf.hubs.hub(whole.token) == whole
    assert await shelf.hubs.hub("unknown") is None


async def test_only_feeds_that_are_polled_and_name_a_hub_are_shown(shelf: Shelf) -> None:
    seen: list[dict[FeedId, HubLink]] = []

    def look(wanted: Mapping[FeedId, HubLink], known: Sequence[HubSubscription]) -> HubSteps:
        seen.append(dict(wanted))
        return HubSteps()

    await shelf.names(ONE.id, LINK)
    await shelf.hubs.sync_hubs(look)
    await shelf.feeds.save_failed(
        ONE.id, Failed(why="gone", gone=True, next_check_at=NOON), now=NOON
    )
    await shelf.hubs.sync_hubs(look)
    await shelf.names(TWO.id, LINK)
    await shelf.feeds.sync_feeds([ONE], now=NOON)
    await shelf.hubs.sync_hubs(look)
    assert seen == [{ONE.id: LINK}, {}, {}]


async def test_two_that_begin_at_once_subscribe_once(shelf: Shelf) -> None:
    await asyncio.gather(
        shelf.begin(a_subscription("a" * 43)), shelf.begin(a_subscription("b" * 43))
    )
    found = [await shelf.hubs.hub(token * 43) for token in "ab"]
    assert sum(each is not None for each in found) == 1


async def test_steps_change_and_forget(shelf: Shelf) -> None:
    first, second = a_subscription("a" * 43), a_subscription("b" * 43, feed=TWO.id)
    await shelf.begin(first, second)
    leaving = replace(first, leaving=True)
    await shelf.hubs.sync_hubs(lambda wanted, known: HubSteps(change=(leaving,), forget=(second,)))
    assert await shelf.hubs.hub(first.token) == leaving
    assert await shelf.hubs.hub(second.token) is None


async def test_a_claim_is_exclusive_and_bounded_and_takes_the_longest_due_first(
    shelf: Shelf,
) -> None:
    early = a_subscription("b" * 43, ask_at=NOON - HOUR)
    late = a_subscription("a" * 43, feed=TWO.id)
    await shelf.begin(early, late)

    def claim(one: HubSubscription) -> HubSubscription:
        return replace(one, ask_at=NOON + HOUR)

    ((first,), (second,)) = await asyncio.gather(
        shelf.hubs.claim_hubs(claim, now=NOON, most=1),
        shelf.hubs.claim_hubs(claim, now=NOON, most=1),
    )
    assert {first.token, second.token} == {early.token, late.token}
    assert await shelf.hubs.claim_hubs(claim, now=NOON, most=1) == ()
    assert await shelf.hubs.hub(early.token) == claim(early)


async def test_what_is_given_up_is_forgotten(shelf: Shelf) -> None:
    await shelf.begin(a_subscription())
    assert await shelf.hubs.claim_hubs(lambda one: None, now=NOON, most=9) == ()
    assert await shelf.hubs.hub("t" * 43) is None


async def test_a_change_returns_what_was_and_none_forgets(shelf: Shelf) -> None:
    was = a_subscription()
    await shelf.begin(was)
    changed = replace(was, trouble="the hub is away")
    assert await shelf.hubs.change_hub(was.token, lambda one: changed) == was
    assert await shelf.hubs.change_hub(was.token, lambda one: None) == changed
    assert await shelf.hubs.change_hub(was.token, lambda one: one) is None


async def test_a_push_makes_its_feed_due_and_no_other(shelf: Shelf) -> None:
    await shelf.begin(a_subscription())
    await shelf.names(ONE.id, LINK)
    await shelf.names(TWO.id, LINK)
    await shelf.hubs.save_push("t" * 43, now=NOON + HOUR)
    assert await shelf.next_check_at() == NOON + HOUR
    assert (await shelf.feed(TWO.id)).next_check_at == NOON + 5 * HOUR


async def test_a_storm_of_pushes_polls_once_a_minute(shelf: Shelf) -> None:
    await shelf.begin(a_subscription())
    await shelf.names(ONE.id, LINK)
    for second in range(0, 50, 10):
        await shelf.hubs.save_push("t" * 43, now=NOON + timedelta(seconds=second))
        assert await shelf.next_check_at() == NOON + MINUTE


async def test_a_push_never_delays_a_check(shelf: Shelf) -> None:
    await shelf.begin(a_subscription())
    await shelf.names(ONE.id, LINK, at=NOON - 5 * HOUR)
    await shelf.hubs.save_push("t" * 43, now=NOON + HOUR)
    assert await shelf.next_check_at() == NOON


async def test_a_feed_in_trouble_keeps_the_pause_that_its_server_asked_for(shelf: Shelf) -> None:
    await shelf.begin(a_subscription())
    later = NOON + 40 * HOUR
    await shelf.feeds.save_failed(ONE.id, Failed(why="429", next_check_at=later), now=NOON)
    await shelf.hubs.save_push("t" * 43, now=NOON + HOUR)
    assert await shelf.next_check_at() == later


async def test_a_push_while_its_feed_is_polled_is_owed_a_poll_after_that(shelf: Shelf) -> None:
    await shelf.begin(a_subscription())
    lease = timedelta(minutes=10)
    taken = await shelf.feeds.claim_feeds(owner="me", now=NOON, most=9, lease=lease)
    assert ONE.id in {each.id for each in taken}
    await shelf.hubs.save_push("t" * 43, now=NOON)
    assert await shelf.hubs.settle_pushes(now=NOON) == 0
    await shelf.names(ONE.id, LINK)
    assert await shelf.next_check_at() == NOON + 5 * HOUR
    assert await shelf.hubs.settle_pushes(now=NOON + MINUTE) == 1
    assert await shelf.next_check_at() == NOON + MINUTE
    assert await shelf.hubs.settle_pushes(now=NOON + MINUTE) == 0


async def test_a_poll_that_is_owed_waits_as_long_as_the_feeds_server_asked(shelf: Shelf) -> None:
    await shelf.begin(a_subscription())
    await shelf.feeds.claim_feeds(owner="me", now=NOON, most=9, lease=HOUR)
    await shelf.hubs.save_push("t" * 43, now=NOON)
    later = NOON + 40 * HOUR
    await shelf.feeds.save_failed(ONE.id, Failed(why="429", next_check_at=later), now=NOON)
    await shelf.hubs.settle_pushes(now=NOON + MINUTE)
    assert await shelf.next_check_at() == later


async def test_people_see_how_subscriptions_fare_but_no_secret(shelf: Shelf) -> None:
    await shelf.begin(
        a_subscription(lease_ends_at=NOON + HOUR, trouble="slow"),
        a_subscription("x" * 43, feed=TWO.id, leaving=True),
    )
    (only,) = (await shelf.hubs.active_hubs(now=NOON)).values()
    assert (only.feed, only.hub, only.active_until) == (ONE.id, LINK.hub, NOON + HOUR)
    assert (await shelf.hubs.active_hubs(now=NOON + HOUR))[ONE.id].active_until is None
    assert "t" * 43 not in repr(only)
    assert "s" * 43 not in repr(await shelf.hubs.hub("t" * 43))
    assert "t" * 43 not in repr(await shelf.hubs.hub("t" * 43))
