"""What every store of the planner's turn promises."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from herald.errors import NotItsTurn
from herald.model.delivery import Delivery
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.model.planner import Planner, missing_planner
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds
from herald.store.outbox import StoredOutbox
from herald.store.planner import StoredPlanner
from tests.contracts.test_feed_store import a_feed, news, polled_before, save
from tests.makers import NOON, a_delivery

LEASE = timedelta(minutes=2)
SECOND = timedelta(seconds=1)
PLAN = Plan(made_at=NOON, first=NOON, last=NOON)
PAUSED = Stop(
    scope=StopScope.EVERYTHING, name="", origin=StopOrigin.FILE, because="paused", since=NOON
)


@dataclass
class Shelf:
    """One store, seen as the planner's row, the outbox and the feeds."""

    turns: StoredPlanner
    outbox: StoredOutbox
    feeds: StoredFeeds

    async def take(self, owner: str, *, after: timedelta = timedelta(0)) -> int | None:
        return await self.turns.take_turn(owner=owner, now=NOON + after, lease=LEASE)

    async def keep(self, token: int, *, after: timedelta = timedelta(0)) -> bool:
        return await self.turns.keep_turn(token, now=NOON + after, lease=LEASE)


@pytest.fixture
async def shelf(store_url: str, tmp_path: Path) -> AsyncIterator[Shelf]:
    store = await open_store(store_url, tmp_path)
    yield Shelf(StoredPlanner(store), StoredOutbox(store), StoredFeeds(store))
    await store.close()


def adding(*deliveries: Delivery) -> Callable[[Sequence[Delivery]], Reconciliation]:
    def decide(_: Sequence[Delivery]) -> Reconciliation:
        steps = tuple(
            Step(change=Change.NEW, key=row.key, planned=None, state=row.state, after=row)
            for row in deliveries
        )
        return Reconciliation(steps=steps, hash="", withdrawals=0)

    return decide


# The turn


async def test_nobody_has_the_turn_at_first(shelf: Shelf) -> None:
    assert await shelf.turns.planner() == Planner()


async def test_one_has_the_turn_and_the_others_wait(shelf: Shelf) -> None:
    assert await shelf.take("one") == 1
    assert await shelf.take("two") is None
    row = await shelf.turns.planner()
    assert (row.owner, row.token, row.lease_ends_at) == ("one", 1, NOON + LEASE)


async def test_a_lease_that_lapsed_goes_to_whoever_asks_first(shelf: Shelf) -> None:
    assert await shelf.take("one") == 1
    assert await shelf.take("two", after=LEASE - SECOND) is None
    assert await shelf.take("two", after=LEASE) == 2
    assert not await shelf.keep(1, after=LEASE)


async def test_a_turn_that_is_kept_lasts_longer(shelf: Shelf) -> None:
    await shelf.take("one")
    assert await shelf.keep(1, after=LEASE - SECOND)
    assert await shelf.take("two", after=LEASE) is None


async def test_a_turn_that_lapsed_and_nobody_took_is_kept(shelf: Shelf) -> None:
    await shelf.take("one")
    assert await shelf.keep(1, after=2 * LEASE)
    assert await shelf.take("two", after=2 * LEASE) is None


async def test_a_turn_given_back_is_free_at_once(shelf: Shelf) -> None:
    await shelf.take("one")
    assert await shelf.turns.end_turn(1, now=NOON)
    assert not await shelf.keep(1)
    assert await shelf.take("two") == 2


async def test_who_lost_the_turn_cannot_give_back_that_of_another(shelf: Shelf) -> None:
    await shelf.take("one")
    await shelf.take("two", after=LEASE)
    assert not await shelf.turns.end_turn(1, now=NOON + LEASE)
    assert (await shelf.turns.planner()).owner == "two"


async def test_a_lease_from_before_the_clock_was_set_back_keeps_nobody_waiting(
    shelf: Shelf,
) -> None:
    await shelf.take("one", after=timedelta(days=1))
    assert await shelf.take("two") == 2


# The fence


async def test_a_plan_is_written_by_who_has_the_turn_and_by_a_person(shelf: Shelf) -> None:
    token = await shelf.take("one")
    row, other = a_delivery(), a_delivery(language="it")
    await shelf.outbox.reconcile(PLAN, adding(row), now=NOON, turn=token)
    await shelf.outbox.reconcile(PLAN, adding(other), now=NOON)
    assert len(await shelf.outbox.list_deliveries()) == 2


async def test_who_lost_the_turn_writes_no_plan_and_no_pause(shelf: Shelf) -> None:
    token = await shelf.take("one")
    await shelf.take("two", after=LEASE)
    with pytest.raises(NotItsTurn):
        await shelf.outbox.reconcile(PLAN, adding(a_delivery()), now=NOON, turn=token)
    with pytest.raises(NotItsTurn):
        await shelf.outbox.sync_file_stops([PAUSED], turn=token)
    assert await shelf.outbox.list_deliveries() == ()
    assert await shelf.outbox.stops() == ()


async def test_who_keeps_losing_races_is_fenced_in_the_last_one_too(shelf: Shelf) -> None:
    token = await shelf.take("one")
    asked = 0

    def decide(rows: Sequence[Delivery]) -> Reconciliation:
        nonlocal asked
        asked += 1
        return adding(a_delivery())(rows)

    await shelf.take("two", after=LEASE)
    with pytest.raises(NotItsTurn):
        await shelf.outbox.reconcile(PLAN, decide, now=NOON, turn=token)
    assert asked == 1


# News


async def test_news_of_feeds_is_counted_once_and_a_quiet_feed_brings_none(shelf: Shelf) -> None:
    (feed,) = await polled_before(shelf.feeds, a_feed("one"))
    assert (await shelf.turns.planner()).news == 0
    await save(shelf.feeds, feed, news("a"))
    await save(shelf.feeds, feed, news("a"))
    assert (await shelf.turns.planner()).news == 1


# What people are told


@pytest.mark.parametrize(
    ("planner", "told"),
    [
        pytest.param(Planner(), "nobody has planned yet", id="never"),
        pytest.param(
            Planner(owner="one", lease_ends_at=NOON - timedelta(minutes=4)), "", id="just died"
        ),
        pytest.param(
            Planner(owner="one", lease_ends_at=NOON - timedelta(minutes=6)),
            "nobody plans since 2027",
            id="dead",
        ),
        pytest.param(
            Planner(lease_ends_at=NOON - timedelta(minutes=59)), "", id="between two runs of cron"
        ),
        pytest.param(
            Planner(lease_ends_at=NOON - timedelta(minutes=61)),
            "nobody plans since 2027",
            id="stopped",
        ),
    ],
)
def test_people_are_told_when_nobody_plans(planner: Planner, told: str) -> None:
    found = missing_planner(planner, now=NOON)
    assert found.startswith(told)
    assert bool(found) == bool(told)
