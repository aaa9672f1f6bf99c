"""Several Heralds on one PostgreSQL: each piece of work has one owner, and all of it is done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.mailing.letters.issues import issue_of
from herald.model.delivery import Delivery, DeliveryState, Receipt
from herald.model.ids import CampaignId, ChannelId, Language, OccasionId
from herald.model.mailing import (
    AddressHash,
    Edition,
    IssueState,
    RecipientState,
    RecipientVerdict,
    SubscriptionId,
    SuppressionReason,
)
from herald.model.network import Capabilities
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.model.polling import Unchanged, Validators
from herald.model.verdict import Done, Park
from herald.model.websub import HubSteps
from herald.store.alone import Guarded, alone
from herald.store.engine import Store, open_store
from herald.store.feeds import StoredFeeds
from herald.store.mailing import StoredMailing
from herald.store.outbox import StoredOutbox
from herald.store.websub import StoredHubs
from tests.contracts.test_feed_store import a_feed, news, polled_before, save, some_feeds
from tests.contracts.test_websub_store import a_subscription
from tests.mailing.makers import FRIENDS, a_planned_issue, claim_copy, settle_copy, subscribe_many
from tests.makers import NOON, a_delivery
from tests.postgresql import PostgreSQL
from tests.running import until

PROCESSES = 4
"""Each with an engine and connections of its own, as in processes of their own."""
PLAN = Plan(made_at=NOON, first=NOON, last=NOON)
CHANNELS = tuple(ChannelId(name) for name in ("fedi", "manual", "sky"))
WIDE = dict.fromkeys(CHANNELS, Capabilities(concurrent=100))
LEASE = timedelta(minutes=10)
ISSUE = "stories/monthly/2027-05-10"
EN = Language("en")

Outboxes = Sequence[StoredOutbox]


@pytest.fixture
async def stores(postgresql_url: str, tmp_path: Path) -> AsyncIterator[list[Store]]:
    opened = [await open_store(postgresql_url, tmp_path) for _ in range(PROCESSES)]
    yield opened
    for each in opened:
        await each.close()


@pytest.fixture
def outboxes(stores: Sequence[Store]) -> Outboxes:
    return [StoredOutbox(each) for each in stores]


def some(count: int, **changes: object) -> tuple[Delivery, ...]:
    """Make deliveries on every channel, of three campaigns."""
    return tuple(
        a_delivery(
            occasion=OccasionId(f"occasion-{nth:04}"),
            channel=CHANNELS[nth % 3],
            campaign=CampaignId(f"campaign-{nth % 5}"),
            **changes,
        )
        for nth in range(count)
    )


def changing(*after: Delivery) -> Callable[[Sequence[Delivery]], Reconciliation]:
    def decide(_: Sequence[Delivery]) -> Reconciliation:
        steps = tuple(
            Step(change=Change.CHANGED, key=row.key, planned=None, state=row.state, after=row)
            for row in after
        )
        return Reconciliation(steps=steps, hash="", withdrawals=0)

    return decide


def noting(note: str) -> Callable[[Sequence[Delivery]], Reconciliation]:
    """Change every delivery that still waits."""

    def decide(rows: Sequence[Delivery]) -> Reconciliation:
        waiting = [row for row in rows if row.state is DeliveryState.PENDING]
        return changing(*(replace(row, zone=note) for row in waiting))(rows)

    return decide


async def work(outbox: StoredOutbox, owner: str, *, most: int = 7) -> list[str]:
    """Claim and settle until nothing is left; return what was claimed."""
    taken: list[str] = []
    while await outbox.list_deliveries(states=("pending",)):
        claims = await outbox.claim(owner=owner, now=NOON, most=most, capabilities=WIDE)
        taken += [claim.delivery.key for claim in claims]
        done = Done(Receipt(remote_id=owner, url=""))
        settled = await asyncio.gather(
            *(
                outbox.settle(claim.delivery.key, token=claim.token, verdict=done, now=NOON)
                for claim in claims
            )
        )
        assert all(settled)
    return taken


async def test_each_delivery_is_claimed_once_and_all_are_settled(outboxes: Outboxes) -> None:
    rows = some(300)
    await outboxes[0].reconcile(PLAN, changing(*rows), now=NOON)
    shares = await asyncio.gather(
        *(work(outbox, f"process {nth}") for nth, outbox in enumerate(outboxes))
    )
    taken = Counter(key for share in shares for key in share)
    assert taken == Counter({row.key: 1 for row in rows})
    assert sum(bool(share) for share in shares) > 1
    left = await outboxes[0].list_deliveries()
    assert {(row.state, row.attempts) for row in left} == {(DeliveryState.SENT, 1)}


async def test_planning_reaping_and_settling_go_on_beside_each_other(outboxes: Outboxes) -> None:
    rows = some(120)
    await outboxes[0].reconcile(PLAN, changing(*rows), now=NOON)

    async def disturb(outbox: StoredOutbox, nth: int) -> None:
        for time in range(8):
            await outbox.reconcile(PLAN, noting(f"Etc/GMT+{(nth + time) % 12}"), now=NOON)
            await outbox.reap(now=NOON)

    working = [work(outbox, "worker", most=3) for outbox in outboxes[:2]]
    first, second, *_ = await asyncio.gather(
        *working, *(disturb(outbox, nth) for nth, outbox in enumerate(outboxes[2:]))
    )
    assert Counter([*(first or ()), *(second or ())]) == Counter({row.key: 1 for row in rows})
    states = {row.state for row in await outboxes[0].list_deliveries()}
    assert states == {DeliveryState.SENT}


async def test_two_who_plan_the_same_enqueue_it_once(outboxes: Outboxes) -> None:
    rows = some(50)

    def decide(standing: Sequence[Delivery]) -> Reconciliation:
        known = {row.key for row in standing}
        return changing(*(row for row in rows if row.key not in known))(standing)

    await asyncio.gather(*(outbox.reconcile(PLAN, decide, now=NOON) for outbox in outboxes))
    assert len(await outboxes[0].list_deliveries()) == 50


@pytest.mark.parametrize(
    ("limits", "together"),
    [
        pytest.param(Capabilities(concurrent=5), 5, id="slots"),
        pytest.param(Capabilities(concurrent=100, pace=LEASE, burst=3), 3, id="pace"),
    ],
)
async def test_what_a_channel_can_take_is_shared(
    outboxes: Outboxes, limits: Capabilities, together: int
) -> None:
    await outboxes[0].reconcile(PLAN, changing(*some(60)), now=NOON)
    shares = await asyncio.gather(
        *(
            outbox.claim(owner="a", now=NOON, most=50, capabilities=dict.fromkeys(CHANNELS, limits))
            for outbox in outboxes
        )
    )
    taken = Counter(claim.delivery.channel for share in shares for claim in share)
    assert taken == dict.fromkeys(CHANNELS, together)


async def test_channels_that_ask_for_rest_at_once_hold_nobody_up(outboxes: Outboxes) -> None:
    await outboxes[0].reconcile(PLAN, changing(*some(90)), now=NOON)
    claims = await outboxes[0].claim(owner="a", now=NOON, most=60, capabilities=WIDE)
    park = Park(until=NOON + LEASE, why="too many")
    await asyncio.gather(
        *(
            outboxes[nth % PROCESSES].settle(
                claim.delivery.key, token=claim.token, verdict=park, now=NOON
            )
            for nth, claim in enumerate(claims)
        ),
        *(outbox.claim(owner="b", now=NOON, most=9, capabilities=WIDE) for outbox in outboxes * 3),
    )
    assert await outboxes[0].claim(owner="c", now=NOON, most=9, capabilities=WIDE) == ()


async def test_each_feed_is_polled_once(stores: Sequence[Store]) -> None:
    polling = [StoredFeeds(each) for each in stores]
    await asyncio.gather(*(each.sync_feeds(some_feeds(60), now=NOON) for each in polling))
    unchanged = Unchanged(validators=Validators(), next_check_at=NOON + LEASE)

    async def poll(feeds: StoredFeeds, owner: str) -> list[str]:
        polled: list[str] = []
        while taken := await feeds.claim_feeds(owner=owner, now=NOON, most=4, lease=LEASE):
            polled += [feed.id for feed in taken]
            await asyncio.gather(
                *(feeds.save_unchanged(feed.id, unchanged, now=NOON) for feed in taken)
            )
        return polled

    shares = await asyncio.gather(*(poll(each, f"{nth}") for nth, each in enumerate(polling)))
    polled = Counter(name for share in shares for name in share)
    assert polled == Counter({feed.id: 1 for feed in some_feeds(60)})


async def test_news_that_two_feeds_bring_at_once_is_one_piece_of_news(
    stores: Sequence[Store],
) -> None:
    polling = [StoredFeeds(each) for each in stores]
    feeds = await polled_before(polling[0], *(a_feed(f"feed-{nth}") for nth in range(PROCESSES)))
    for nth in range(10):
        story = news(f"story-{nth}")
        await asyncio.gather(
            *(save(each, feed, story) for each, feed in zip(polling, feeds, strict=True))
        )
    entries = await polling[0].entries(NOON)
    assert sorted(entry.content.title for entry in entries) == sorted(
        news(f"story-{nth}").title for nth in range(10)
    )


async def test_each_copy_of_a_newsletter_is_sent_once(stores: Sequence[Store]) -> None:
    rooms = [StoredMailing(each) for each in stores]
    await subscribe_many(rooms[0], 60)
    issue = issue_of(a_planned_issue(), None)
    edition = Edition(language=EN, subject="s", text="t", html="h")
    saved = await asyncio.gather(
        *(each.save_issue(issue, was=None, editions=[edition]) for each in rooms)
    )
    assert sorted(saved) == [False] * (PROCESSES - 1) + [True]
    frozen = await asyncio.gather(
        *(each.freeze_audience(issue, lambda _: EN, now=NOON) for each in rooms)
    )
    assert sorted(frozen, key=str) == [60, None, None, None]

    async def send(room: StoredMailing, owner: str) -> list[str]:
        sent: list[str] = []
        accepted = RecipientVerdict(state=RecipientState.ACCEPTED, attempts=1)
        while claim := await claim_copy(room, ISSUE, owner=owner, now=NOON, lease=LEASE):
            sent.append(claim.address)
            assert await settle_copy(room, claim, accepted, now=NOON)
        return sent

    shares = await asyncio.gather(*(send(each, f"{nth}") for nth, each in enumerate(rooms)))
    assert len({address for share in shares for address in share}) == 60
    assert sum(len(share) for share in shares) == 60
    finished = await asyncio.gather(*(each.finish_issue(ISSUE, now=NOON) for each in rooms))
    assert finished.count(True) == 1
    done = await rooms[0].issue(ISSUE)
    assert done is not None
    assert done.state is IssueState.SENT


async def test_people_who_leave_while_a_file_is_imported_stay_away(
    stores: Sequence[Store],
) -> None:
    rooms = [StoredMailing(each) for each in stores]
    await subscribe_many(rooms[0], 40)
    people = await rooms[0].subscribers(FRIENDS)
    await asyncio.gather(
        *(subscribe_many(each, 40) for each in rooms),
        *(
            rooms[nth % PROCESSES].leave(one.subscription, now=NOON)
            for nth, one in enumerate(people)
        ),
    )
    await asyncio.gather(*(subscribe_many(each, 40) for each in rooms))
    left = await rooms[0].subscribers(FRIENDS)
    assert len(left) == 40
    assert {one.state.value for one in left} == {"left"}


def _imports(store: Store) -> Coroutine[Any, Any, object]:
    return subscribe_many(StoredMailing(store), 3)


def _leaves(store: Store) -> Coroutine[Any, Any, object]:
    return StoredMailing(store).leave(SubscriptionId("0" * 32), now=NOON)


def _forgets(store: Store) -> Coroutine[Any, Any, object]:
    return StoredMailing(store).erase(
        AddressHash("0" * 64), reason=SuppressionReason.ERASED, now=NOON
    )


def _plans(store: Store) -> Coroutine[Any, Any, object]:
    return StoredOutbox(store).reconcile(PLAN, changing(*some(1)), now=NOON)


def _synchronises_feeds(store: Store) -> Coroutine[Any, Any, object]:
    return StoredFeeds(store).sync_feeds(some_feeds(1), now=NOON)


def _synchronises_hubs(store: Store) -> Coroutine[Any, Any, object]:
    begun = a_subscription()
    return StoredHubs(store).sync_hubs(lambda wanted, known: HubSteps(forget=(begun,)))


@pytest.mark.parametrize(
    ("step", "does"),
    [
        (Guarded.PEOPLE, _imports),
        (Guarded.PEOPLE, _leaves),
        (Guarded.PEOPLE, _forgets),
        (Guarded.PLANNING, _plans),
        (Guarded.FEEDS, _synchronises_feeds),
        (Guarded.HUBS, _synchronises_hubs),
    ],
)
async def test_what_rests_on_what_is_not_there_waits_for_its_turn(
    stores: Sequence[Store],
    postgresql: PostgreSQL,
    step: Guarded,
    does: Callable[[Store], Coroutine[Any, Any, object]],
) -> None:
    async with stores[0].writing() as connection:
        await alone(connection, step)
        task = asyncio.create_task(does(stores[1]))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        await until(lambda: task.done() or postgresql.tell(waiting) == "1")
        assert not task.done()
    await task
