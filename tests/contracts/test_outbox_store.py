"""What every outbox promises, the one on disk and the one in memory alike."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.errors import MediaMissing
from herald.model.campaign import CatchUp
from herald.model.delivery import (
    Action,
    Claim,
    Delivery,
    DeliveryState,
    Media,
    Reason,
    Receipt,
)
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, Language, OccasionId, PartnerId
from herald.model.network import Capabilities, Count, Handle
from herald.model.picture import Picture
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict
from herald.store.engine import open_store
from herald.store.media import StoredMedia
from herald.store.outbox import StoredOutbox
from tests.fakes.outbox import MemoryOutbox
from tests.makers import NOON, a_delivery, a_payload

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FEDI = ChannelId("fedi")
SKY = ChannelId("sky")
WIDE = Capabilities(concurrent=100)
LEASE = timedelta(seconds=150)
"""Of the default capabilities: twice the timeout of a minute, and half a minute."""
DONE = Done(Receipt(remote_id="1139", url="https://social.example.org/@us/1139"))


class DiskOutbox(StoredOutbox, StoredMedia):
    """The outbox and the pictures of one store."""


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
def place(request: pytest.FixtureRequest) -> str:
    is_stored = request.param != "memory"
    return str(request.getfixturevalue(f"{request.param}_url")) if is_stored else ""


@pytest.fixture
async def outbox(place: str, tmp_path: Path) -> AsyncIterator[Any]:
    if not place:
        yield MemoryOutbox()
        return
    store = await open_store(place, tmp_path)
    yield DiskOutbox(store)
    await store.close()


async def enqueue(outbox: Any, *deliveries: Delivery, seen: Sequence[str] = ()) -> None:
    def decide(_: Sequence[Delivery]) -> Reconciliation:
        steps = tuple(
            Step(change=Change.NEW, key=each.key, planned=None, state=each.state, after=each)
            for each in deliveries
        )
        return Reconciliation(steps=steps, hash="", withdrawals=0)

    plan = Plan(made_at=NOON, first=NOON, last=NOON, first_seen=tuple(seen))
    await outbox.reconcile(plan, decide, now=NOON)


def some(count: int, **changes: Any) -> tuple[Delivery, ...]:
    """Make deliveries that differ in their occasion alone."""
    return tuple(
        a_delivery(occasion=OccasionId(f"occasion-{nth:04}"), **changes) for nth in range(count)
    )


async def claim(
    outbox: Any,
    *,
    now: datetime = NOON,
    most: int = 100,
    capabilities: dict[ChannelId, Capabilities] | None = None,
) -> tuple[Claim, ...]:
    limits = {FEDI: WIDE} if capabilities is None else capabilities
    return await outbox.claim(owner="worker", now=now, most=most, capabilities=limits)


def a_stop(scope: StopScope, name: str) -> Stop:
    return Stop(scope=scope, name=name, since=NOON)


async def only(outbox: Any) -> Delivery:
    (row,) = await outbox.list_deliveries()
    return row


async def claim_one(outbox: Any, **changes: Any) -> Claim:
    await enqueue(outbox, a_delivery(**changes))
    (taken,) = await claim(outbox)
    return taken


# Enqueueing and history


async def test_a_delivery_comes_back_as_it_was_enqueued(outbox: Any) -> None:
    picture = Media(
        file="media/a.jpg", alt="Sól, קֶסֶם, 塩 👩‍👩‍👧‍👦", sha256="0" * 64, media_type="image/jpeg"
    )
    full = a_delivery(
        partner=PartnerId("argenta"),
        entry="feed-entry",
        payload=a_payload(text="Il-ħobż\nسلام 🧂", media=(picture,), length=12, limit=500),
        due_at=NOON + timedelta(microseconds=1),
        content_hash="abc",
        needs_approval=True,
        planned_hold=Reason.TRANSLATION,
        state=DeliveryState.HELD,
        reason=Reason.TRANSLATION,
        note="waits",
        moves=True,
        approved="def",
        released=True,
        translated="123",
        moved_from=DeliveryKey("f" * 32),
        unclear_at=NOON,
        first_send_at=NOON,
        frozen=a_payload(text="before"),
        error="no",
    )
    await enqueue(outbox, full)
    assert await only(outbox) == full
    assert (await outbox.history()).deliveries == (full,)


async def test_what_was_seen_keeps_the_moment_at_which_it_was_seen_first(outbox: Any) -> None:
    await enqueue(outbox, seen=["stories/salt-house/now"])
    plan = Plan(made_at=NOON, first=NOON, last=NOON, first_seen=("stories/salt-house/now", "b/c/d"))
    await outbox.reconcile(
        plan, lambda _: Reconciliation(steps=(), hash="", withdrawals=0), now=NOON + MINUTE
    )
    seen = dict((await outbox.history()).first_seen)
    assert seen == {"stories/salt-house/now": NOON, "b/c/d": NOON + MINUTE}


async def test_reconciling_shows_every_row_to_whoever_decides(outbox: Any) -> None:
    rows = some(3)
    await enqueue(outbox, *rows)
    shown: list[Delivery] = []

    def decide(deliveries: Sequence[Delivery]) -> Reconciliation:
        shown.extend(deliveries)
        return Reconciliation(steps=(), hash="", withdrawals=0)

    await outbox.reconcile(Plan(made_at=NOON, first=NOON, last=NOON), decide, now=NOON)
    assert {row.key for row in shown} == {row.key for row in rows}


@pytest.mark.parametrize(
    "verdict",
    [None, Doubt("cut off"), DONE, Hold(Reason.UNCLEAR, "nobody knows")],
    ids=["claimed", "unclear", "sent", "held as unclear"],
)
async def test_planning_changes_nothing_that_is_or_may_be_out_there(
    outbox: Any, verdict: Verdict | None
) -> None:
    taken = await claim_one(outbox)
    if verdict is not None:
        await outbox.settle(taken.delivery.key, token=taken.token, verdict=verdict, now=NOON)
    before = await only(outbox)
    await enqueue(outbox, a_delivery(payload=a_payload(text="Edited"), state=DeliveryState.PENDING))
    assert await only(outbox) == before


async def test_planning_rewrites_what_waits(outbox: Any) -> None:
    await enqueue(outbox, a_delivery())
    edited = a_delivery(payload=a_payload(text="Edited"), due_at=NOON + MINUTE)
    await enqueue(outbox, edited)
    assert await only(outbox) == edited


# Claiming


async def test_a_claim_freezes_what_is_sent_and_says_who_holds_it_and_how_long(outbox: Any) -> None:
    taken = await claim_one(outbox)
    row = await only(outbox)
    assert row == taken.delivery
    assert (row.state, row.owner, row.token, row.attempts) == (
        DeliveryState.CLAIMED,
        "worker",
        1,
        1,
    )
    assert row.lease_ends_at == NOON + LEASE
    assert row.first_send_at == NOON
    assert row.frozen == row.payload == taken.payload
    assert not taken.repeats
    (attempt,) = await outbox.attempts(row.key)
    assert (attempt.token, attempt.started_at, attempt.ended_at) == (1, NOON, None)


async def test_a_claim_is_exclusive_even_after_its_lease(outbox: Any) -> None:
    await claim_one(outbox)
    assert await claim(outbox, now=NOON + 2 * LEASE) == ()


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        pytest.param({}, True, id="due now"),
        pytest.param({"due_at": NOON + timedelta(microseconds=1)}, False, id="not yet"),
        pytest.param({"next_at": NOON + MINUTE}, False, id="backing off"),
        pytest.param({"channel": SKY}, False, id="another worker's channel"),
        *[
            pytest.param({"state": state}, False, id=state.value)
            for state in DeliveryState
            if state is not DeliveryState.PENDING
        ],
    ],
)
async def test_only_what_is_pending_and_due_is_claimed(
    outbox: Any, changes: dict[str, Any], due: bool
) -> None:
    await enqueue(outbox, a_delivery(**changes))
    assert len(await claim(outbox)) == due


async def test_no_more_is_claimed_than_asked_for(outbox: Any) -> None:
    await enqueue(outbox, *some(5))
    assert len(await claim(outbox, most=2)) == 2
    assert await claim(outbox, most=0) == ()
    assert len(await claim(outbox)) == 3


async def test_the_oldest_go_first(outbox: Any) -> None:
    early, late = (
        a_delivery(occasion=OccasionId(name), due_at=NOON - nth * MINUTE)
        for nth, name in ((2, "early"), (1, "late"))
    )
    await enqueue(outbox, late, early)
    assert [each.delivery.key for each in await claim(outbox, most=1)] == [early.key]


async def test_an_account_sends_no_more_at_a_time_than_it_may(outbox: Any) -> None:
    await enqueue(outbox, *some(3))
    two = {FEDI: Capabilities(concurrent=2)}
    first = await claim(outbox, capabilities=two)
    assert len(first) == 2
    assert await claim(outbox, capabilities=two) == ()
    await outbox.settle(first[0].delivery.key, token=1, verdict=DONE, now=NOON)
    assert len(await claim(outbox, capabilities=two)) == 1


async def test_what_is_unclear_does_not_block_its_account(outbox: Any) -> None:
    await enqueue(outbox, *some(2))
    one = {FEDI: Capabilities(concurrent=1)}
    (taken,) = await claim(outbox, capabilities=one)
    await outbox.settle(taken.delivery.key, token=1, verdict=Doubt("cut off"), now=NOON)
    assert len(await claim(outbox, capabilities=one)) == 1


async def test_campaigns_take_turns_on_an_account(outbox: Any) -> None:
    busy, quiet = CampaignId("busy"), CampaignId("quiet")
    await enqueue(
        outbox,
        *some(6, campaign=busy, due_at=NOON - 4 * MINUTE),
        *some(3, campaign=quiet, due_at=NOON),
    )
    turns = []
    for second in range(6):
        (taken,) = await claim(outbox, now=NOON + timedelta(seconds=second), most=1)
        turns.append(taken.delivery.campaign)
    assert turns == [busy, quiet, busy, quiet, busy, quiet]


async def test_campaigns_share_one_claim(outbox: Any) -> None:
    await enqueue(
        outbox,
        *some(6, campaign=CampaignId("busy"), due_at=NOON - 4 * MINUTE),
        *some(6, campaign=CampaignId("quiet"), due_at=NOON),
    )
    taken = await claim(outbox, most=4)
    assert sorted(each.delivery.campaign for each in taken) == ["busy", "busy", "quiet", "quiet"]


async def test_channels_share_one_claim(outbox: Any) -> None:
    await enqueue(outbox, *some(6, due_at=NOON - 4 * MINUTE), *some(6, channel=SKY))
    taken = await claim(outbox, most=4, capabilities={FEDI: WIDE, SKY: WIDE})
    assert sorted(each.delivery.channel for each in taken) == ["fedi", "fedi", "sky", "sky"]


async def test_pace_lets_a_burst_through_and_then_one_at_a_time(outbox: Any) -> None:
    await enqueue(outbox, *some(9, not_after_at=NOON + timedelta(days=1)))
    paced = {FEDI: Capabilities(concurrent=100, pace=MINUTE, burst=3)}
    counts = [
        len(await claim(outbox, now=NOON + nth * MINUTE / 2, capabilities=paced))
        for nth in range(6)
    ]
    assert counts == [3, 0, 1, 0, 1, 0]


ON_ONE_SERVER = Capabilities(
    concurrent=100, host="social.example.org", host_pace=MINUTE, host_burst=4
)


async def test_accounts_on_one_server_share_its_pace(outbox: Any) -> None:
    later = NOON + timedelta(days=1)
    await enqueue(outbox, *some(9, not_after_at=later), *some(9, channel=SKY, not_after_at=later))
    both = {FEDI: ON_ONE_SERVER, SKY: ON_ONE_SERVER}
    first = await claim(outbox, capabilities=both)
    assert sorted(each.delivery.channel for each in first) == [FEDI, FEDI, SKY, SKY]
    counts = [
        len(await claim(outbox, now=NOON + nth * MINUTE / 2, capabilities=both))
        for nth in range(1, 6)
    ]
    assert counts == [0, 1, 0, 1, 0]
    assert len(await claim(outbox, now=NOON + timedelta(hours=2), capabilities=both)) == 4


async def test_accounts_on_other_servers_do_not_wait_for_one(outbox: Any) -> None:
    await enqueue(outbox, *some(9), *some(9, channel=SKY))
    elsewhere = replace(ON_ONE_SERVER, host="museums.example.org", host_burst=5)
    claims = await claim(outbox, capabilities={FEDI: ON_ONE_SERVER, SKY: elsewhere})
    assert Counter(each.delivery.channel for each in claims) == {FEDI: 4, SKY: 5}


async def test_an_accounts_own_pace_binds_besides_its_servers(outbox: Any) -> None:
    await enqueue(outbox, *some(9), *some(9, channel=SKY))
    slow = replace(ON_ONE_SERVER, pace=MINUTE, burst=1)
    claims = await claim(outbox, capabilities={FEDI: slow, SKY: ON_ONE_SERVER})
    assert Counter(each.delivery.channel for each in claims) == {FEDI: 1, SKY: 3}


async def test_unused_pace_is_saved_up_to_the_burst_only(outbox: Any) -> None:
    await enqueue(outbox, *some(9, not_after_at=NOON + timedelta(days=1)))
    paced = {FEDI: Capabilities(concurrent=100, pace=MINUTE, burst=3)}
    await claim(outbox, capabilities=paced)
    assert len(await claim(outbox, now=NOON + timedelta(hours=2), capabilities=paced)) == 3


async def test_a_clock_that_was_set_back_does_not_silence_an_account(outbox: Any) -> None:
    a_year_on = NOON + timedelta(days=365)
    await enqueue(outbox, *some(2, not_after_at=a_year_on + timedelta(days=1)))
    paced = {FEDI: Capabilities(pace=MINUTE)}
    assert len(await claim(outbox, now=a_year_on, capabilities=paced)) == 1
    assert (
        len(await claim(outbox, now=NOON + MINUTE, capabilities={FEDI: replace(WIDE, pace=MINUTE)}))
        == 0
    )
    assert len(await claim(outbox, now=NOON + 3 * MINUTE, capabilities={FEDI: WIDE})) == 1


# Time


async def test_nothing_is_claimed_after_the_moment_until_which_it_may_go(outbox: Any) -> None:
    until = NOON + timedelta(hours=1)
    await enqueue(outbox, a_delivery(not_after_at=until))
    assert await claim(outbox, now=until + timedelta(microseconds=1)) == ()
    assert (await only(outbox)).state is DeliveryState.EXPIRED


async def test_what_is_late_yet_in_time_goes_out(outbox: Any) -> None:
    until = NOON + timedelta(hours=1)
    await enqueue(outbox, a_delivery(not_after_at=until))
    assert len(await claim(outbox, now=until)) == 1


@pytest.mark.parametrize(
    ("late", "changes", "state", "reason"),
    [
        pytest.param(5, {"catch_up": "skip"}, "claimed", None, id="skip, five minutes late"),
        pytest.param(6, {"catch_up": "skip"}, "expired", None, id="skip, late"),
        pytest.param(6, {"catch_up": "ask"}, "held", "late", id="ask, late"),
        pytest.param(6, {"catch_up": "post"}, "claimed", None, id="post, late"),
        pytest.param(6, {"catch_up": "ask", "released": True}, "claimed", None, id="released"),
        pytest.param(6, {"catch_up": "skip", "attempts": 1}, "claimed", None, id="tried already"),
    ],
)
async def test_what_is_late_follows_its_catch_up(
    outbox: Any, late: int, changes: dict[str, Any], state: str, reason: str | None
) -> None:
    changes |= {"catch_up": CatchUp(changes["catch_up"])}
    await enqueue(outbox, a_delivery(**changes))
    await claim(outbox, now=NOON + late * MINUTE)
    row = await only(outbox)
    assert (row.state, row.reason) == (state, reason)


async def test_a_repeat_that_comes_too_late_is_looked_up_and_not_given_up(outbox: Any) -> None:
    taken = await claim_one(outbox)
    again = Retry(NOON, "a repeat makes no second post", thaw=False)
    await outbox.settle(taken.delivery.key, token=1, verdict=again, now=NOON)
    assert await claim(outbox, now=NOON + timedelta(hours=7)) == ()
    row = await only(outbox)
    assert (row.state, row.token) == (DeliveryState.CLAIMED, 2)
    assert await outbox.unclear() == (row,)


# Stops


STOPS = {
    "everything": Stop(scope=StopScope.EVERYTHING, since=NOON),
    "channel": Stop(scope=StopScope.CHANNEL, name="fedi", since=NOON),
    "partner": Stop(scope=StopScope.PARTNER, name="argenta", since=NOON),
    "campaign": Stop(scope=StopScope.CAMPAIGN, name="stories", since=NOON),
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
async def test_what_is_stopped_waits_and_says_so_until_it_is_resumed(
    outbox: Any, stop: Stop
) -> None:
    await enqueue(outbox, a_delivery(partner=PartnerId("argenta")))
    await outbox.stop(stop)
    assert await claim(outbox, now=NOON + timedelta(days=1)) == ()
    row = await only(outbox)
    assert (row.state, row.reason) == (DeliveryState.PENDING, Reason.PAUSED)
    assert await outbox.resume(stop.scope, stop.name)
    assert len(await claim(outbox)) == 1


async def test_a_stop_elsewhere_stops_nothing_here(outbox: Any) -> None:
    await enqueue(outbox, a_delivery())
    for scope in (StopScope.CHANNEL, StopScope.PARTNER, StopScope.CAMPAIGN):
        await outbox.stop(Stop(scope=scope, name="elsewhere", since=NOON))
    assert (await only(outbox)).reason is None
    assert len(await claim(outbox)) == 1


async def test_resuming_what_was_not_stopped_says_so(outbox: Any) -> None:
    assert not await outbox.resume("channel", "fedi")


async def test_stopping_again_keeps_since_when_and_changes_why(outbox: Any) -> None:
    await outbox.stop(replace(STOPS["channel"], because="moving house"))
    await outbox.stop(replace(STOPS["channel"], because="moved", since=NOON + MINUTE))
    (stop,) = await outbox.stops()
    assert (stop.because, stop.since) == ("moved", NOON)


async def test_each_origin_stops_on_its_own(outbox: Any) -> None:
    by_file = replace(STOPS["channel"], origin=StopOrigin.FILE)
    await outbox.sync_file_stops([by_file])
    await outbox.stop(STOPS["channel"])
    assert await outbox.resume("channel", "fedi")
    assert await outbox.stops() == (by_file,)
    assert not await outbox.resume("channel", "fedi")
    await outbox.sync_file_stops([])
    assert await outbox.stops() == ()


async def test_a_files_stop_keeps_since_when_over_planning_again(outbox: Any) -> None:
    by_file = replace(STOPS["campaign"], origin=StopOrigin.FILE)
    await outbox.stop(STOPS["everything"])
    await outbox.sync_file_stops([by_file])
    await outbox.sync_file_stops([replace(by_file, since=NOON + MINUTE)])
    assert set(await outbox.stops()) == {by_file, STOPS["everything"]}


# Settling


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        pytest.param(
            DONE,
            {"state": "sent", "remote_id": "1139", "sent_at": NOON + MINUTE, "attempts": 1},
            id="done",
        ),
        pytest.param(
            Retry(NOON + 2 * MINUTE, "500", 500),
            {"state": "pending", "attempts": 1, "next_at": NOON + 2 * MINUTE, "frozen": None},
            id="retry",
        ),
        pytest.param(
            Retry(NOON + MINUTE, "safe", thaw=False),
            {"state": "pending", "frozen": a_payload(), "first_send_at": NOON},
            id="retry the same",
        ),
        pytest.param(
            Park(NOON + MINUTE, "429", 429),
            {"state": "pending", "attempts": 0, "next_at": NOON, "frozen": None},
            id="park",
        ),
        pytest.param(
            Park(NOON + MINUTE, "429", 429, thaw=False),
            {"state": "pending", "attempts": 0, "frozen": a_payload()},
            id="park a repeat",
        ),
        pytest.param(Fail("422", 422), {"state": "failed", "error": "422"}, id="fail"),
        pytest.param(Expire("too late"), {"state": "expired", "error": "too late"}, id="expire"),
        pytest.param(
            Doubt("cut off"),
            {"state": "claimed", "unclear_at": NOON + MINUTE, "frozen": a_payload()},
            id="doubt",
        ),
        pytest.param(
            Hold(Reason.UNCLEAR, "nobody knows"),
            {"state": "held", "reason": "unclear", "note": "nobody knows", "frozen": a_payload()},
            id="hold",
        ),
        pytest.param(
            StopChannel("401", 401),
            {"state": "pending", "reason": "auth", "attempts": 0, "frozen": None},
            id="stop",
        ),
    ],
)
async def test_a_verdict_moves_its_delivery_on(
    outbox: Any, verdict: Verdict, expected: dict[str, Any]
) -> None:
    taken = await claim_one(outbox)
    key = taken.delivery.key
    assert await outbox.settle(key, token=taken.token, verdict=verdict, now=NOON + MINUTE)
    row = await only(outbox)
    assert {name: getattr(row, name) for name in expected} == expected
    assert (row.owner, row.lease_ends_at) == ("", None)
    (attempt,) = await outbox.attempts(key)
    assert attempt.ended_at == NOON + MINUTE


@pytest.mark.parametrize("token", [0, 2, 99])
async def test_a_stale_token_changes_nothing(outbox: Any, token: int) -> None:
    taken = await claim_one(outbox)
    assert not await outbox.settle(taken.delivery.key, token=token, verdict=DONE, now=NOON)
    assert await only(outbox) == taken.delivery


async def test_what_is_settled_cannot_be_settled_again(outbox: Any) -> None:
    taken = await claim_one(outbox)
    key = taken.delivery.key
    assert await outbox.settle(key, token=1, verdict=Fail("422"), now=NOON)
    assert not await outbox.settle(key, token=1, verdict=DONE, now=NOON)
    assert (await only(outbox)).state is DeliveryState.FAILED


async def test_settling_what_is_not_there_changes_nothing(outbox: Any) -> None:
    assert not await outbox.settle(DeliveryKey("0" * 32), token=1, verdict=DONE, now=NOON)


async def test_a_parked_channel_rests_and_the_others_do_not(outbox: Any) -> None:
    await enqueue(outbox, *some(2), *some(1, channel=SKY))
    both = {FEDI: Capabilities(), SKY: Capabilities()}
    taken = {each.delivery.channel: each for each in await claim(outbox, capabilities=both)}
    await outbox.settle(
        taken[FEDI].delivery.key, token=1, verdict=Park(NOON + MINUTE, "429"), now=NOON
    )
    await outbox.settle(taken[SKY].delivery.key, token=1, verdict=Retry(NOON, "500"), now=NOON)
    just_before = NOON + MINUTE - timedelta(microseconds=1)
    again = await claim(outbox, now=just_before, capabilities=both)
    assert [each.delivery.channel for each in again] == [SKY]
    assert len(await claim(outbox, now=NOON + MINUTE, capabilities=both)) == 1


async def test_of_two_waits_that_a_network_asks_for_the_longer_holds(outbox: Any) -> None:
    limits = {FEDI: Capabilities(concurrent=2)}
    await enqueue(outbox, *some(3))
    first, second = await claim(outbox, most=2, capabilities=limits)
    for each, wait in ((first, 2 * MINUTE), (second, MINUTE)):
        await outbox.settle(each.delivery.key, token=1, verdict=Park(NOON + wait, "429"), now=NOON)
    assert await claim(outbox, now=NOON + MINUTE, capabilities=limits) == ()
    assert await claim(outbox, now=NOON + 2 * MINUTE, capabilities=limits)


async def test_refused_credentials_stop_the_channel_and_spend_no_attempt(outbox: Any) -> None:
    taken = await claim_one(outbox)
    key = taken.delivery.key
    await outbox.settle(key, token=1, verdict=StopChannel("401", 401), now=NOON)
    (stop,) = await outbox.stops()
    assert (stop.scope, stop.name, stop.origin) == ("channel", "fedi", "auth")
    assert await claim(outbox) == ()
    await outbox.resume("channel", "fedi")
    (again,) = await claim(outbox)
    assert (again.attempt, again.token) == (1, 2)


async def test_a_proven_miss_lets_an_edit_through(outbox: Any) -> None:
    taken = await claim_one(outbox)
    key = taken.delivery.key
    await outbox.settle(key, token=1, verdict=Retry(NOON, "refused to connect"), now=NOON)
    row = await only(outbox)
    await enqueue(outbox, replace(row, payload=a_payload(text="Edited")))
    (again,) = await claim(outbox, now=NOON + MINUTE)
    assert again.payload.text == "Edited"
    assert not again.repeats
    assert again.delivery.first_send_at == NOON + MINUTE


async def test_a_repeat_sends_the_same_whatever_was_edited(outbox: Any) -> None:
    taken = await claim_one(outbox)
    await outbox.settle(
        taken.delivery.key, token=1, verdict=Retry(NOON, "safe", thaw=False), now=NOON
    )
    row = await only(outbox)
    await enqueue(outbox, replace(row, payload=a_payload(text="Edited")))
    (again,) = await claim(outbox, now=NOON + MINUTE)
    assert again.payload == taken.payload
    assert again.repeats
    assert again.delivery.first_send_at == NOON


# Lapsed leases and look-ups


async def test_a_lapsed_claim_becomes_unclear_and_never_pending(outbox: Any) -> None:
    taken = await claim_one(outbox)
    assert await outbox.reap(now=NOON + LEASE - timedelta(microseconds=1)) == 0
    assert await outbox.reap(now=NOON + LEASE) == 1
    assert await outbox.reap(now=NOON + LEASE) == 0
    row = await only(outbox)
    assert (row.state, row.unclear_at, row.token) == (DeliveryState.CLAIMED, NOON + LEASE, 2)
    assert await claim(outbox, now=NOON + LEASE) == ()
    assert row.owner == taken.delivery.owner, "it may be sending still, by another clock"
    assert not await outbox.settle(taken.delivery.key, token=1, verdict=DONE, now=NOON)
    assert await outbox.unclear() == (row,)


async def test_a_late_answer_settles_while_nobody_has_reaped(outbox: Any) -> None:
    taken = await claim_one(outbox)
    assert await outbox.settle(taken.delivery.key, token=1, verdict=DONE, now=NOON + 2 * LEASE)


async def in_doubt(outbox: Any) -> Delivery:
    taken = await claim_one(outbox)
    await outbox.settle(taken.delivery.key, token=1, verdict=Doubt("cut off"), now=NOON)
    return taken.delivery


async def test_a_look_up_is_exclusive_until_its_lease_ends(outbox: Any) -> None:
    key = (await in_doubt(outbox)).key
    look_up = await outbox.claim_look_up(key, owner="a", now=NOON, lease=MINUTE)
    assert look_up is not None
    assert (look_up.token, look_up.attempt) == (2, 1)
    assert look_up.payload == a_payload()
    assert await outbox.claim_look_up(key, owner="b", now=NOON, lease=MINUTE) is None
    other = await outbox.claim_look_up(key, owner="b", now=NOON + MINUTE, lease=MINUTE)
    assert other is not None
    assert not await outbox.settle(key, token=look_up.token, verdict=DONE, now=NOON)
    assert await outbox.settle(key, token=other.token, verdict=DONE, now=NOON)
    assert (await only(outbox)).state is DeliveryState.SENT


@pytest.mark.parametrize("state", [each for each in DeliveryState if each != "claimed"])
async def test_only_what_is_unclear_is_looked_up(outbox: Any, state: DeliveryState) -> None:
    await enqueue(outbox, a_delivery(state=state, unclear_at=NOON))
    key = (await only(outbox)).key
    assert await outbox.claim_look_up(key, owner="a", now=NOON, lease=MINUTE) is None
    assert await outbox.unclear() == ()


async def test_what_is_being_sent_is_not_looked_up(outbox: Any) -> None:
    taken = await claim_one(outbox)
    key = taken.delivery.key
    assert await outbox.claim_look_up(key, owner="a", now=NOON, lease=MINUTE) is None


async def test_doubt_after_a_look_up_remembers_the_first_doubt(outbox: Any) -> None:
    key = (await in_doubt(outbox)).key
    look_up = await outbox.claim_look_up(key, owner="a", now=NOON + MINUTE, lease=MINUTE)
    await outbox.settle(key, token=look_up.token, verdict=Doubt("again"), now=NOON + MINUTE)
    row = await only(outbox)
    assert row.unclear_at == NOON
    assert await outbox.claim_look_up(key, owner="a", now=NOON + MINUTE, lease=MINUTE)


@pytest.mark.parametrize("verdict", [Park(NOON + MINUTE, "429"), StopChannel("401")])
async def test_a_look_up_that_is_turned_away_leaves_the_doubt(
    outbox: Any, verdict: Verdict
) -> None:
    key = (await in_doubt(outbox)).key
    look_up = await outbox.claim_look_up(key, owner="a", now=NOON, lease=MINUTE)
    await outbox.settle(key, token=look_up.token, verdict=verdict, now=NOON)
    row = await only(outbox)
    assert (row.state, row.unclear_at) == (DeliveryState.CLAIMED, NOON)


# People


async def test_a_decision_is_written_if_nothing_moved_on(outbox: Any) -> None:
    await enqueue(outbox, a_delivery(state=DeliveryState.HELD, reason=Reason.APPROVAL))
    was = await only(outbox)
    approved = replace(was, state=DeliveryState.PENDING, reason=None, approved="abc")
    assert await outbox.decide(approved, was=was)
    assert await only(outbox) == approved
    assert not await outbox.decide(approved, was=was)


@pytest.mark.parametrize(
    "moved_on",
    [
        {"state": DeliveryState.PENDING, "reason": None},
        {"reason": Reason.DRAFT},
        {"content_hash": "edited"},
        {"payload": a_payload(text="Edited")},
        {"due_at": NOON + MINUTE},
        {"token": 7},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_decision_about_what_nobody_saw_is_refused(
    outbox: Any, moved_on: dict[str, Any]
) -> None:
    await enqueue(outbox, a_delivery(state=DeliveryState.HELD, reason=Reason.APPROVAL))
    was = await only(outbox)
    now_stands = replace(was, **moved_on)
    await enqueue(outbox, now_stands)
    approved = replace(was, state=DeliveryState.PENDING, reason=None)
    assert not await outbox.decide(approved, was=was)
    assert await only(outbox) == now_stands


async def test_a_person_decides_nothing_about_what_is_being_sent(outbox: Any) -> None:
    taken = await claim_one(outbox)
    dropped = replace(taken.delivery, state=DeliveryState.WITHDRAWN)
    assert not await outbox.decide(dropped, was=taken.delivery)


async def test_a_decision_about_what_is_paused_stores_no_pause(outbox: Any) -> None:
    await enqueue(outbox, a_delivery())
    await outbox.stop(STOPS["everything"])
    was = await only(outbox)
    assert was.reason is Reason.PAUSED
    assert await outbox.decide(replace(was, note="seen"), was=was)
    await outbox.resume("everything", "")
    row = await only(outbox)
    assert (row.note, row.reason) == ("seen", None)


async def test_a_task_is_closed_with_its_link_and_that_is_remembered(outbox: Any) -> None:
    taken = await claim_one(outbox)
    key = taken.delivery.key
    assert not await outbox.set_url(key, "https://example.org/1", now=NOON)
    await outbox.settle(key, token=1, verdict=Done(Receipt(remote_id="task")), now=NOON)
    assert await outbox.set_url(key, "https://example.org/1", now=NOON + MINUTE)
    assert (await only(outbox)).url == "https://example.org/1"
    done = (await outbox.attempts(key))[-1]
    assert (done.outcome, done.ended_at) == ("done", NOON + MINUTE)


# Looking


async def test_deliveries_are_listed_by_moment_and_narrowed(outbox: Any) -> None:
    first = a_delivery(due_at=NOON - MINUTE, campaign=CampaignId("b"), language=Language("it"))
    second = a_delivery(campaign=CampaignId("a"))
    third = a_delivery(due_at=NOON + MINUTE, item="walk", channel=SKY, state=DeliveryState.EXPIRED)
    await enqueue(outbox, third, second, first)

    async def keys(**narrow: Any) -> list[str]:
        return [row.key for row in await outbox.list_deliveries(**narrow)]

    assert await keys() == [first.key, second.key, third.key]
    assert await keys(campaign="a") == [second.key]
    assert await keys(item="walk") == [third.key]
    assert await keys(channel="sky") == [third.key]
    assert await keys(states=("pending",)) == [first.key, second.key]
    assert await keys(states=("pending",), campaign="b") == [first.key]
    assert await keys(prefix=second.key[:8]) == [second.key]
    assert await keys(prefix="%") == []
    assert await keys(campaign="' OR 1=1 --") == []


async def test_health_tells_what_needs_somebody(outbox: Any) -> None:
    def one(name: str, **changes: Any) -> Delivery:
        return a_delivery(occasion=OccasionId(name), **changes)

    hours_ago = NOON - timedelta(hours=2)
    await enqueue(
        outbox,
        one("future", due_at=NOON + MINUTE),
        one("just late", due_at=NOON - 4 * MINUTE),
        one("overdue", due_at=NOON - 6 * MINUTE),
        one("long overdue", due_at=hours_ago),
        one("backing off", due_at=NOON - 14 * MINUTE, next_at=NOON + MINUTE),
        one("backing off too long", due_at=NOON - 16 * MINUTE, next_at=NOON + MINUTE),
        one("failed", due_at=hours_ago, state=DeliveryState.FAILED),
        one("failed long ago", due_at=NOON - timedelta(days=2), state=DeliveryState.FAILED),
        one("missed", due_at=hours_ago, not_after_at=NOON - MINUTE, state=DeliveryState.EXPIRED),
        one(
            "let go",
            not_after_at=NOON - MINUTE,
            catch_up=CatchUp.SKIP,
            state=DeliveryState.EXPIRED,
        ),
        one(
            "missed long ago",
            due_at=NOON - timedelta(days=5),
            not_after_at=NOON - timedelta(days=4),
            state=DeliveryState.EXPIRED,
        ),
        one("unclear", state=DeliveryState.HELD, reason=Reason.UNCLEAR),
        one("looked up", state=DeliveryState.CLAIMED, unclear_at=NOON),
        one("sending", state=DeliveryState.CLAIMED, lease_ends_at=NOON + MINUTE),
        one("left by the dead", state=DeliveryState.CLAIMED, lease_ends_at=NOON),
        one("approval", state=DeliveryState.HELD, reason=Reason.APPROVAL),
    )
    health = await outbox.health(now=NOON)
    assert not health.is_well
    assert (health.overdue, health.unclear, health.failed_lately) == (3, 3, 1)
    assert health.missed_lately == 1
    assert health.oldest_overdue_at == hours_ago
    assert health.count(DeliveryState.PENDING) == 6
    assert health.count(DeliveryState.HELD, Reason.APPROVAL) == 1
    assert health.count(DeliveryState.SENT) == 0


async def test_what_is_stopped_or_told_to_wait_is_not_overdue(outbox: Any) -> None:
    stopped = NOON - timedelta(hours=1)
    await enqueue(outbox, a_delivery(due_at=stopped), a_delivery(channel=SKY))
    (taken,) = await claim(outbox, capabilities={SKY: WIDE})
    await outbox.stop(STOPS["channel"])
    await outbox.settle(
        taken.delivery.key, token=1, verdict=Park(NOON + 30 * MINUTE, "429"), now=NOON
    )
    health = await outbox.health(now=NOON + 10 * MINUTE)
    assert health.is_well
    assert health.count(DeliveryState.PENDING, Reason.PAUSED) == 1
    later = await outbox.health(now=NOON + 40 * MINUTE)
    assert later.overdue == 1


async def test_an_empty_outbox_is_well(outbox: Any) -> None:
    health = await outbox.health(now=NOON)
    assert health.is_well
    assert health.counts == ()


# Channels and pictures


async def test_a_channels_limits_are_remembered(outbox: Any) -> None:
    limits = Capabilities(
        count=Count.MASTODON,
        limit=500,
        media_most=4,
        media_types=frozenset({"image/png", "image/jpeg"}),
        handle=Handle.LOOK_UP,
        repeat_within=timedelta(minutes=50),
        pace=timedelta(seconds=1.5),
        burst=5,
        host="social.example.org",
        host_pace=timedelta(seconds=0.5),
        host_burst=60,
    )
    await outbox.save_capabilities(FEDI, "mastodon", Capabilities())
    await outbox.save_capabilities(FEDI, "mastodon", limits)
    await outbox.save_capabilities(SKY, "bluesky", Capabilities())
    assert await outbox.capabilities() == {FEDI: limits, SKY: Capabilities()}


async def test_pictures_are_kept_by_their_hash(outbox: Any) -> None:
    await outbox.put_media("a" * 64, "image/png", b"\x89PNG\x00")
    await outbox.put_media("a" * 64, "image/png", b"\x89PNG\x00")
    assert await outbox.get_media("a" * 64) == b"\x89PNG\x00"
    many = [f"{nth:064}" for nth in range(1500)]
    assert await outbox.has_media([*many, "a" * 64]) == {"a" * 64}
    assert await outbox.has_media([]) == frozenset()


async def test_a_picture_that_is_not_kept_is_told_from_an_empty_one(outbox: Any) -> None:
    await outbox.put_media("e" * 64, "image/png", b"")
    assert await outbox.get_media("e" * 64) == b""
    with pytest.raises(MediaMissing, match="bbbbbbbbbbbb"):
        await outbox.get_media("b" * 64)


# Several at once


async def test_workers_that_claim_at_once_share_and_never_overlap(outbox: Any) -> None:
    await enqueue(outbox, *some(20))
    claims = await asyncio.gather(*(claim(outbox, most=3) for _ in range(8)))
    keys = [each.delivery.key for taken in claims for each in taken]
    assert len(keys) == len(set(keys)) == 20


async def test_lookers_that_claim_at_once_get_one_look_up(outbox: Any) -> None:
    key = (await in_doubt(outbox)).key
    found = await asyncio.gather(
        *(outbox.claim_look_up(key, owner=str(n), now=NOON, lease=MINUTE) for n in range(8))
    )
    assert sum(each is not None for each in found) == 1


async def test_a_refusal_in_words_that_no_database_keeps_is_settled(outbox: Any) -> None:
    taken = await claim_one(outbox)
    why = "gone\0 \ud83d away"  # as a JSON error can spell it
    fail = Fail(why=why, status=422)
    assert await outbox.settle(taken.delivery.key, token=taken.token, verdict=fail, now=NOON)
    row = await only(outbox)
    assert row.state is DeliveryState.FAILED
    assert row.error.startswith("gone")
    assert row.error.endswith(" away")


# Small questions about a large outbox


async def test_the_next_moment_is_the_earliest_in_a_span_of_whatever_channel(outbox: Any) -> None:
    late = a_delivery(due_at=NOON + 9 * MINUTE)
    soon = a_delivery(channel=SKY, due_at=NOON + 5 * MINUTE)
    past = a_delivery(channel=ChannelId("blog"), due_at=NOON)
    held = a_delivery(
        item="other", due_at=NOON + MINUTE, state=DeliveryState.HELD, reason=Reason.PERSON
    )
    assert await outbox.next_moment(after=NOON, until=NOON + 9 * MINUTE) is None
    await enqueue(outbox, late, soon, past, held)

    async def ask(after: datetime, until: datetime) -> datetime | None:
        found = await outbox.next_moment(after=after, until=until)
        assert found is None or isinstance(found, datetime)
        return found

    assert await ask(NOON, NOON + 9 * MINUTE) == soon.due_at
    assert await ask(NOON + 5 * MINUTE, NOON + 9 * MINUTE) == late.due_at
    assert await ask(NOON + 5 * MINUTE, NOON + 8 * MINUTE) is None
    assert await ask(NOON - MINUTE, NOON + MINUTE) == NOON


async def test_the_next_delivery_is_not_stopped_and_not_past(outbox: Any) -> None:
    assert await outbox.next_delivery(now=NOON) is None
    past = a_delivery(due_at=NOON - MINUTE)
    stopped = a_delivery(channel=SKY, due_at=NOON)
    first = a_delivery(item="walk", due_at=NOON + MINUTE, catch_up=CatchUp.SKIP)
    second = a_delivery(due_at=NOON + 2 * MINUTE, language=Language("it"))
    await enqueue(outbox, second, first, stopped, past)
    assert (await outbox.next_delivery(now=NOON)).key == stopped.key
    await outbox.stop(a_stop(StopScope.CHANNEL, "sky"))
    assert (await outbox.next_delivery(now=NOON)).key == first.key
    await outbox.stop(a_stop(StopScope.EVERYTHING, ""))
    assert await outbox.next_delivery(now=NOON) is None


async def test_channels_are_due_on_which_something_may_be_claimed(outbox: Any) -> None:
    blog = ChannelId("blog")
    due, ahead = a_delivery(due_at=NOON), a_delivery(channel=blog, due_at=NOON + MINUTE)
    stopped = a_delivery(channel=SKY, due_at=NOON, partner=PartnerId("mill"))
    await enqueue(outbox, due, ahead, stopped)
    every = (FEDI, SKY, blog, ChannelId("unknown"))
    assert await outbox.channels_due(every, now=NOON) == {FEDI, SKY}
    assert await outbox.channels_due((SKY,), now=NOON) == {SKY}
    await outbox.stop(a_stop(StopScope.PARTNER, "mill"))
    assert await outbox.channels_due(every, now=NOON + MINUTE) == {FEDI, blog}


async def test_what_was_sent_without_a_link_is_told_until_it_has_one(outbox: Any) -> None:
    await enqueue(
        outbox,
        done := a_delivery(state=DeliveryState.SENT, network="manual"),
        a_delivery(state=DeliveryState.SENT, network="manual", language="it", url="https://x.org"),
        a_delivery(state=DeliveryState.SENT, language="pl"),
        a_delivery(network="manual", language="es"),
    )
    assert [row.key for row in await outbox.unlinked("manual")] == [done.key]
    await outbox.set_url(done.key, "https://example.org/1", now=NOON)
    assert await outbox.unlinked("manual") == ()


async def test_only_what_was_published_is_shown_and_not_for_ever(outbox: Any) -> None:
    old = Picture(content=b"\x89PNG\x00", media_type="image/png", width=3, height=2)
    new = Picture(content=b"\xff\xd8", media_type="image/jpeg", width=1, height=1)
    await outbox.put_media(old.sha256, "image/png", old.content)
    assert await outbox.published(old.sha256) is None
    await outbox.publish(old, now=NOON)
    await outbox.publish(new, now=NOON)
    assert await outbox.published(old.sha256) == old
    await outbox.publish(new, now=NOON + timedelta(days=2))
    await outbox.unpublish(before=NOON + timedelta(days=1))
    assert await outbox.published(old.sha256) is None
    assert await outbox.published(new.sha256) == new
    assert await outbox.get_media(old.sha256) == old.content


# What follows another delivery: threads and corrections


def a_thread(parts: int = 3, **changes: Any) -> tuple[Delivery, ...]:
    """Make a thread whose parts answer each other."""
    keys = [DeliveryKey(f"part-{part}") for part in range(parts)]
    return tuple(
        a_delivery(
            key=keys[part],
            part=part,
            target=keys[part - 1] if part else None,
            thread=keys[0] if part else None,
            payload=a_payload(text=f"part {part}"),
            **changes,
        )
        for part in range(parts)
    )


async def row_of(outbox: Any, key: str) -> Delivery:
    (row,) = await outbox.list_deliveries(prefix=key)
    return row


async def sent(outbox: Any, taken: Claim, *, at: datetime = NOON, verdict: Verdict = DONE) -> None:
    assert await outbox.settle(taken.delivery.key, token=taken.token, verdict=verdict, now=at)


async def test_a_part_is_claimed_when_the_one_before_was_sent(outbox: Any) -> None:
    await enqueue(outbox, *a_thread())
    for part in range(3):
        (taken,) = await claim(outbox)
        assert taken.delivery.part == part
        assert await claim(outbox) == ()
        assert await outbox.channels_due([FEDI], now=NOON) == frozenset()
        receipt = Receipt(remote_id=f"id-{part}", url=f"https://social.example.org/{part}")
        await sent(outbox, taken, verdict=Done(receipt))
    assert taken.target == Receipt(remote_id="id-1", url="https://social.example.org/1")
    assert taken.root == Receipt(remote_id="id-0", url="https://social.example.org/0")
    assert {row.state for row in await outbox.list_deliveries()} == {DeliveryState.SENT}


async def test_what_follows_nothing_has_no_receipts(outbox: Any) -> None:
    taken = await claim_one(outbox)
    assert (taken.target, taken.root) == (None, None)


async def test_a_look_up_has_the_receipts_of_a_claim(outbox: Any) -> None:
    await enqueue(outbox, *a_thread(2))
    (first,) = await claim(outbox)
    await sent(outbox, first)
    (second,) = await claim(outbox)
    await sent(outbox, second, verdict=Doubt("no answer"))
    look = await outbox.claim_look_up(second.delivery.key, owner="looker", now=NOON, lease=MINUTE)
    assert (look.target, look.root) == (DONE.receipt, DONE.receipt)


async def test_a_part_waits_while_the_one_before_is_unclear(outbox: Any) -> None:
    await enqueue(outbox, *a_thread(2))
    (first,) = await claim(outbox)
    await sent(outbox, first, verdict=Doubt("no answer"))
    assert await claim(outbox) == ()
    await outbox.claim_look_up(first.delivery.key, owner="looker", now=NOON, lease=MINUTE)
    assert await claim(outbox, now=NOON + HOUR) == ()


@pytest.mark.parametrize(
    ("verdict", "told"),
    [(Fail("too long"), "failed"), (Hold(Reason.UNCLEAR, "look"), "held")],
    ids=["failed", "held"],
)
async def test_the_rest_of_a_thread_says_what_it_waits_for_and_ends_with_that(
    outbox: Any, verdict: Verdict, told: str
) -> None:
    await enqueue(outbox, *a_thread(2))
    (first,) = await claim(outbox)
    await sent(outbox, first, verdict=verdict)
    rest = await row_of(outbox, "part-1")
    assert rest.state is DeliveryState.PENDING
    assert rest.note.startswith("waits for part 1 (part-0), which")
    assert told in rest.note
    health = await outbox.health(now=NOON + HOUR)
    assert health.overdue == 0  # the trouble is that of the first
    assert await claim(outbox, now=NOON + 7 * HOUR) == ()
    rest = await row_of(outbox, "part-1")
    assert rest.state is DeliveryState.EXPIRED
    assert rest.note.startswith("its moment is over: it waited for part 1 (part-0), which")


async def test_what_just_became_free_is_not_overdue(outbox: Any) -> None:
    await enqueue(outbox, *a_thread(2))
    (first,) = await claim(outbox)
    await sent(outbox, first, at=NOON + HOUR)
    assert (await outbox.health(now=NOON + HOUR + MINUTE)).overdue == 0
    assert (await outbox.health(now=NOON + 2 * HOUR)).overdue == 1


async def test_the_rest_of_a_thread_is_as_late_as_its_first_part(outbox: Any) -> None:
    """Where what is late is skipped, half a thread is not: the first part was in time."""
    await enqueue(outbox, *a_thread(2, catch_up=CatchUp.SKIP))
    (first,) = await claim(outbox)
    await sent(outbox, first)
    (second,) = await claim(outbox, now=NOON + HOUR)
    assert second.delivery.part == 1


async def test_what_was_marked_as_sent_without_an_id_cannot_be_followed(outbox: Any) -> None:
    await enqueue(outbox, *a_thread(2))
    (first,) = await claim(outbox)
    await sent(outbox, first, verdict=Done(Receipt(remote_id="")))
    assert await claim(outbox) == ()
    assert "waits for part 1" in (await row_of(outbox, "part-1")).note


async def test_a_person_adds_a_correction_of_what_was_sent_once(outbox: Any) -> None:
    await enqueue(outbox, *a_thread(1))
    edit = a_delivery(
        key=DeliveryKey("edit-0"),
        action=Action.EDIT,
        target=DeliveryKey("part-0"),
        payload=a_payload(text="right"),
    )
    assert not await outbox.add(edit)
    (first,) = await claim(outbox)
    await sent(outbox, first)
    assert await outbox.add(edit)
    assert not await outbox.add(edit)
    assert await outbox.following([DeliveryKey("part-0")]) == (edit,)
    (taken,) = await claim(outbox)
    assert (taken.delivery.action, taken.target) == (Action.EDIT, DONE.receipt)


async def test_a_deleted_post_says_so_and_is_nowhere_to_be_seen(outbox: Any) -> None:
    await enqueue(outbox, *a_thread(1))
    (first,) = await claim(outbox)
    await sent(outbox, first)
    place = {"target": DeliveryKey("part-0"), "key": DeliveryKey("delete-0")}
    assert await outbox.add(a_delivery(**place, action=Action.DELETE))
    (taken,) = await claim(outbox)
    assert (await row_of(outbox, "part-0")).url
    await sent(outbox, taken, verdict=Done(Receipt(remote_id="1139")))
    gone = await row_of(outbox, "part-0")
    assert (gone.state, gone.url) == (DeliveryState.SENT, "")
    assert gone.note == "it was deleted on its network"


async def test_an_edit_of_the_file_that_comes_too_late_tears_no_thread(outbox: Any) -> None:
    """The first part is claimed between the planner's reading and its writing."""
    await enqueue(outbox, *a_thread(2))
    rounds = 0

    def decide(rows: Sequence[Delivery]) -> Reconciliation:
        nonlocal rounds
        rounds += 1
        (first, second) = sorted(rows, key=lambda row: row.part)
        if first.state is not DeliveryState.PENDING:
            return Reconciliation(steps=(), hash="", withdrawals=0)
        if rounds == 1 and not isinstance(outbox, MemoryOutbox):
            asyncio.run_coroutine_threadsafe(claim(outbox), loop).result(10)
        after = replace(second, payload=a_payload(text="changed"))
        step = Step(
            change=Change.CHANGED, key=second.key, planned=None, state=second.state, after=after
        )
        return Reconciliation(steps=(step,), hash="", withdrawals=0)

    loop = asyncio.get_running_loop()
    await outbox.reconcile(Plan(made_at=NOON, first=NOON, last=NOON), decide, now=NOON)
    changed = (await row_of(outbox, "part-1")).payload.text
    assert changed == ("changed" if isinstance(outbox, MemoryOutbox) else "part 1")


async def test_what_was_sent_of_items_and_entries_is_found_with_its_corrections(
    outbox: Any,
) -> None:
    sent_rows = [
        a_delivery(item="walk", state=DeliveryState.SENT, moves=True, remote_id="1"),
        a_delivery(item="talk", state=DeliveryState.SENT, remote_id="2"),
        a_delivery(item="news", entry="news", state=DeliveryState.SENT, remote_id="3"),
        a_delivery(item="other", state=DeliveryState.SENT, remote_id="4"),
        a_delivery(item="walk", language="it"),
    ]
    edit = a_delivery(
        key=DeliveryKey("edit"),
        item="walk",
        action=Action.EDIT,
        target=sent_rows[0].key,
        state=DeliveryState.SENT,
    )
    await enqueue(outbox, *sent_rows, edit)
    found = await outbox.sent_of([("stories", "walk"), ("stories", "talk")], ["news"])
    assert {row.key for row in found} == {*(row.key for row in sent_rows[:3]), "edit"}
    assert await outbox.sent_of([], []) == ()
