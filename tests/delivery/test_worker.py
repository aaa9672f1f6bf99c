"""The worker, with channels that answer as they are told and a clock that is moved by hand."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.clock import SetClock
from herald.delivery.happened import Happened, Summary
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.errors import StoreUnusable
from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Delivery,
    DeliveryState,
    Found,
    Outcome,
    Reason,
    Receipt,
    Refused,
    RefusedScope,
    RepeatSafe,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId, Language, OccasionId
from herald.model.network import Capabilities
from herald.model.verdict import Verdict
from tests.delivery.clocks import StandingClock, advance_until, until
from tests.delivery.memory import MemoryOutbox
from tests.delivery.scripted import ScriptedChannel
from tests.makers import NOON, a_delivery

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LIMITS = Capabilities(settle_window=90 * SECOND, timeout=60 * SECOND)


def due(channel: str = "fedi", nth: int = 0, **changes: Any) -> Delivery:
    """Make the *nth* delivery that is due on a channel at noon."""
    place = {"channel": ChannelId(channel), "occasion": OccasionId(f"at-{nth}")}
    return a_delivery(**(place | changes))


def a_worker(outbox: Any, *channels: ScriptedChannel, clock: SetClock, **changes: Any) -> Worker:
    """Make a worker that retries after half of the longest wait."""
    values: dict[str, Any] = {"owner": "w1", "policy": Policy(), "random": lambda: 0.5}
    by_id = {channel.id: channel for channel in channels}
    return Worker(outbox, by_id, clock=clock, **(values | changes))


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Event]:
    """Run *worker* in the background; it must end when it is told to stop."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(60):
            await task


def answering_when(gate: asyncio.Event, channel: ScriptedChannel) -> Any:
    """Make an answer that comes when *gate* opens."""

    async def answer(claim: Claim) -> Outcome:
        await gate.wait()
        return channel.publish(claim)

    return answer


async def test_what_is_due_is_sent_once_and_its_receipt_is_kept() -> None:
    row = due()
    outbox, channel = MemoryOutbox(row, limits={"fedi": LIMITS}), ScriptedChannel()
    summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    sent = outbox.rows[row.key]
    assert (sent.state, sent.url) == (DeliveryState.SENT, "https://fedi.example.org/1")
    assert len(channel.sent) == 1
    assert summary == Summary(sent=1)


async def test_what_is_not_due_yet_is_left_alone() -> None:
    outbox = MemoryOutbox(due(due_at=NOON + MINUTE), limits={"fedi": LIMITS})
    channel = ScriptedChannel()
    assert (await a_worker(outbox, channel, clock=SetClock(NOON)).drain()).sent == 0
    assert channel.sent == []


class LateAnswers(MemoryOutbox):
    """An outbox that is asked for what is unclear while the network's answers come in."""

    gate: asyncio.Event
    looks = 0

    async def unclear(self) -> tuple[Delivery, ...]:
        self.looks += 1
        if self.looks > 1:
            self.gate.set()
            for _ in range(100):
                await asyncio.sleep(0)
        return await super().unclear()


async def test_nothing_due_is_left_where_the_slots_empty_while_it_looks_up() -> None:
    one_at_a_time = replace(LIMITS, concurrent=1, pace=timedelta(0))
    outbox = LateAnswers(due(nth=1), due(nth=2), limits={"fedi": one_at_a_time})
    outbox.gate, channel = asyncio.Event(), ScriptedChannel()
    channel.answers = [answering_when(outbox.gate, channel)]
    worker = a_worker(outbox, channel, clock=SetClock(NOON))
    draining = asyncio.create_task(worker.drain())
    await until(lambda: outbox.looks == 1)
    worker.wake()  # something was enqueued while the only slot is taken
    assert await draining == Summary(sent=2)


async def test_a_running_worker_sends_within_a_poll_of_the_moment() -> None:
    outbox = MemoryOutbox(due(due_at=NOON + MINUTE), limits={"fedi": LIMITS})
    clock, channel = StandingClock(NOON), ScriptedChannel()
    async with running(a_worker(outbox, channel, clock=clock)):
        await advance_until(clock, lambda: channel.sent)
    assert NOON + MINUTE <= clock.now() <= NOON + MINUTE + 1.2 * SECOND


async def test_a_wake_up_spares_the_wait_for_the_next_poll() -> None:
    outbox, channel = MemoryOutbox(limits={"fedi": LIMITS}), ScriptedChannel()
    worker = a_worker(outbox, channel, clock=StandingClock(NOON))
    async with running(worker):
        for _ in range(50):
            await asyncio.sleep(0)
        row = due()
        outbox.put(row)
        worker.wake()
        await until(lambda: channel.sent)


async def test_a_channel_that_is_opened_while_it_runs_is_served_and_stops_nobody() -> None:
    gate, fedi, added = asyncio.Event(), ScriptedChannel("fedi"), ScriptedChannel("added")
    fedi.answers.append(answering_when(gate, fedi))
    outbox = MemoryOutbox(due("fedi"), due("added"), limits={"fedi": LIMITS, "added": LIMITS})
    channels = {fedi.id: fedi}
    worker = Worker(
        outbox,
        channels,
        clock=StandingClock(NOON),
        owner="w1",
        policy=Policy(),
        random=lambda: 0.5,
    )
    async with running(worker):
        await fedi.asked.wait()
        channels[added.id] = added
        gate.set()  # what ends makes the worker look again, while it knows the old limits
        for _ in range(50):
            await asyncio.sleep(0)
        worker.wake()
        await until(lambda: added.sent)


async def test_a_slow_channel_delays_no_other() -> None:
    gate, slow, quick = asyncio.Event(), ScriptedChannel("slow"), ScriptedChannel("quick")
    slow.answers = [answering_when(gate, slow)]
    outbox = MemoryOutbox(
        due("slow", 1),
        due("slow", 2),
        *(due("quick", nth) for nth in range(5)),
        limits={"slow": LIMITS, "quick": LIMITS},
    )
    async with running(a_worker(outbox, slow, quick, clock=StandingClock(NOON))):
        await until(lambda: len(quick.sent) == 5)
        assert len(slow.sent) == 1
        gate.set()
        await until(lambda: len(slow.sent) == 2)


async def test_no_more_is_claimed_than_can_be_sent_at_once() -> None:
    gate, channel = asyncio.Event(), ScriptedChannel()
    channel.answers = [answering_when(gate, channel) for _ in range(9)]
    rows = [due(nth=nth) for nth in range(9)]
    outbox = MemoryOutbox(*rows, limits={"fedi": replace(LIMITS, concurrent=6)})
    worker = a_worker(outbox, channel, clock=StandingClock(NOON), policy=Policy(slots=4))
    async with running(worker):
        await until(lambda: len(channel.sent) == 4)
        for _ in range(50):
            await asyncio.sleep(0)
        claimed = [row for row in outbox.rows.values() if row.state is DeliveryState.CLAIMED]
        assert len(claimed) == len(channel.sent) == 4
        gate.set()
        await until(lambda: len(channel.sent) == 9)


async def test_a_channel_that_hangs_with_all_its_slots_leaves_the_others_theirs() -> None:
    gate, slow, quick = asyncio.Event(), ScriptedChannel("slow"), ScriptedChannel("quick")
    slow.answers = [answering_when(gate, slow) for _ in range(9)]
    wide = replace(LIMITS, concurrent=300)
    rows = [due("slow", nth) for nth in range(9)] + [due("quick", nth) for nth in range(3)]
    outbox = MemoryOutbox(*rows, limits={"slow": wide, "quick": LIMITS})
    clock = StandingClock(NOON)
    async with running(a_worker(outbox, slow, quick, clock=clock, policy=Policy(slots=4))):
        await until(lambda: len(quick.sent) == 3)
        assert len(slow.sent) == 4
        gate.set()
        await until(lambda: len(slow.sent) == 9)


async def test_a_failed_attempt_is_made_again_after_a_while() -> None:
    row, clock = due(), SetClock(NOON)
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})
    channel = ScriptedChannel(answers=[TryAgain("no connection")])
    worker = a_worker(outbox, channel, clock=clock)
    assert (await worker.drain()).later == 1
    assert outbox.rows[row.key].next_at == NOON + 2.5 * SECOND
    clock.advance(3 * SECOND)
    assert (await worker.drain()).sent == 1
    assert [claim.attempt for claim in channel.sent] == [1, 2]


async def test_a_throttled_channel_rests_and_no_attempt_is_used() -> None:
    first, second = due(nth=1), due(nth=2)
    outbox, clock = MemoryOutbox(first, second, limits={"fedi": LIMITS}), SetClock(NOON)
    channel = ScriptedChannel(answers=[Throttled("429", 10 * MINUTE, 429)])
    worker = a_worker(outbox, channel, clock=clock)
    assert (await worker.drain()).later == 1
    assert len(channel.sent) == 1
    clock.advance(10 * MINUTE)
    assert (await worker.drain()).sent == 2
    assert {row.attempts for row in outbox.rows.values()} == {1}


async def test_refused_credentials_stop_the_channel_and_not_the_delivery() -> None:
    first, second, other = due(nth=1), due(nth=2), due("quick")
    refusal = Refused("the token was revoked", 401, RefusedScope.CHANNEL)
    outbox = MemoryOutbox(first, second, other, limits={"fedi": LIMITS, "quick": LIMITS})
    fedi, quick = ScriptedChannel(answers=[refusal]), ScriptedChannel("quick")
    summary = await a_worker(outbox, fedi, quick, clock=SetClock(NOON)).drain()
    assert summary.stopped == ("fedi",)
    assert len(fedi.sent) == len(quick.sent) == 1
    assert {outbox.rows[row.key].state for row in (first, second)} == {DeliveryState.PENDING}


@pytest.mark.parametrize(
    ("answer", "state", "field"),
    [
        (Refused("too long", 422), DeliveryState.FAILED, "failed"),
        (TryAgain("down"), DeliveryState.EXPIRED, "expired"),
    ],
    ids=["refused", "no time for another attempt"],
)
async def test_what_cannot_be_sent_any_more_ends_and_says_so(
    answer: Outcome, state: DeliveryState, field: str
) -> None:
    row = due(not_after_at=NOON + SECOND)
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})
    channel = ScriptedChannel(answers=[answer])
    summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert outbox.rows[row.key].state is state
    assert getattr(summary, field) == 1


async def test_a_stop_lets_what_is_being_sent_finish_and_claims_nothing_more() -> None:
    gate, channel, first, second = asyncio.Event(), ScriptedChannel(), due(nth=1), due(nth=2)
    channel.answers = [answering_when(gate, channel)]
    outbox = MemoryOutbox(first, second, limits={"fedi": LIMITS})
    async with running(a_worker(outbox, channel, clock=StandingClock(NOON))) as stop:
        await until(channel.asked.is_set)
        stop.set()
        for _ in range(50):
            await asyncio.sleep(0)
        gate.set()
    states = sorted(row.state for row in outbox.rows.values())
    assert states == [DeliveryState.PENDING, DeliveryState.SENT]


async def test_a_channel_that_breaks_is_unclear_and_its_error_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = due()
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})
    channel = ScriptedChannel(answers=[KeyError("secret-token")], sights=[Absent()])
    with caplog.at_level(logging.INFO):
        summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert [record.message for record in caplog.records if record.exc_info] == [
        "channel broke while sending"
    ]
    assert "secret-token" not in outbox.rows[row.key].error
    assert (len(channel.looked_up), len(channel.sent), summary.sent) == (1, 2, 1)


async def test_no_answer_in_time_is_unclear() -> None:
    channel = ScriptedChannel()
    channel.answers = [answering_when(asyncio.Event(), channel)]
    row = due()
    limits = replace(LIMITS, timeout=timedelta(milliseconds=20))
    outbox = MemoryOutbox(row, limits={"fedi": limits})
    happened: list[Happened] = []
    worker = a_worker(outbox, channel, clock=SetClock(NOON), on_settled=happened.append)
    summary = await worker.drain()
    assert [(type(h.verdict).__name__, h.looked_up) for h in happened] == [
        ("Doubt", False),
        ("Hold", True),
    ]
    assert summary.held == 1
    assert outbox.rows[row.key].reason is Reason.UNCLEAR


async def test_nothing_is_looked_up_before_the_settle_window_has_passed() -> None:
    clock = StandingClock(NOON)
    channel = ScriptedChannel(answers=[Unclear("504", 504)], sights=[Absent()])
    outbox = MemoryOutbox(due(), limits={"fedi": LIMITS})
    async with running(a_worker(outbox, channel, clock=clock)):
        await until(outbox_is_unclear(outbox))
        await advance_until(clock, lambda: clock.monotonic() > 89)
        assert channel.looked_up == []
        await advance_until(clock, lambda: len(channel.sent) == 2)
    assert 90 <= clock.monotonic() <= 93


async def test_a_wall_clock_that_jumps_does_not_shorten_the_settle_window() -> None:
    clock = StandingClock(NOON)
    channel = ScriptedChannel(answers=[Unclear("504", 504)])
    outbox = MemoryOutbox(due(), limits={"fedi": LIMITS})
    async with running(a_worker(outbox, channel, clock=clock)):
        await until(outbox_is_unclear(outbox))
        await advance_until(clock, lambda: clock.monotonic() > 3)
        clock.jump(NOON + HOUR)
        await advance_until(clock, lambda: clock.monotonic() > 60)
        assert channel.looked_up == []


def outbox_is_unclear(outbox: MemoryOutbox) -> Any:
    """Tell whether a row is unclear."""
    return lambda: any(row.unclear_at for row in outbox.rows.values())


async def test_a_new_doubt_about_the_same_delivery_has_a_settle_window_of_its_own() -> None:
    clock = StandingClock(NOON)
    channel = ScriptedChannel(answers=[Unclear("504"), Unclear("504")], sights=[Absent(), Absent()])
    outbox = MemoryOutbox(due(), limits={"fedi": LIMITS})
    async with running(a_worker(outbox, channel, clock=clock)):
        await advance_until(clock, lambda: len(channel.sent) == 2)
        again_at = clock.monotonic()
        await advance_until(clock, lambda: len(channel.looked_up) == 2)
    assert clock.monotonic() - again_at >= 90


async def test_a_doubt_that_another_process_renewed_has_a_settle_window_of_its_own() -> None:
    """Between two looks another process found it absent, sent it again, and lost that answer."""
    clock, channel = StandingClock(NOON), ScriptedChannel(sights=[Absent()])
    row = due(state=DeliveryState.CLAIMED, token=1, unclear_at=NOON, first_send_at=NOON)
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})
    async with running(a_worker(outbox, channel, clock=clock)):
        await advance_until(clock, lambda: clock.monotonic() > 60)
        outbox.put(replace(row, token=3, unclear_at=clock.now()))
        await advance_until(clock, lambda: channel.looked_up)
    assert 150 <= clock.monotonic() <= 153


async def test_a_channel_is_asked_about_one_delivery_at_a_time() -> None:
    gate, other = asyncio.Event(), ScriptedChannel("quick", sights=[Absent()])

    async def slow_sight(claim: Claim) -> Sighting:
        await gate.wait()
        return Absent()

    channel = ScriptedChannel(sights=[slow_sight, Absent()])
    doubt: dict[str, Any] = {"state": DeliveryState.CLAIMED, "unclear_at": NOON}
    rows = (due(nth=1, **doubt), due(nth=2, **doubt), due("quick", **doubt))
    outbox = MemoryOutbox(*rows, limits={"fedi": LIMITS, "quick": LIMITS})
    clock = StandingClock(NOON)
    async with running(a_worker(outbox, channel, other, clock=clock)):
        await advance_until(clock, lambda: clock.monotonic() > 100)
        assert (len(channel.looked_up), len(other.looked_up)) == (1, 1)
        gate.set()
        await advance_until(clock, lambda: len(channel.sent) == 2)


async def test_what_the_network_holds_after_all_is_not_sent_again() -> None:
    row, channel = due(), ScriptedChannel()

    async def lost_answer(claim: Claim) -> Outcome:
        channel.publish(claim)
        return Unclear("connection lost")

    channel.answers = [lost_answer]
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})
    summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert outbox.rows[row.key].state is DeliveryState.SENT
    assert (len(channel.sent), summary.sent) == (1, 1)


async def test_a_claim_of_a_dead_worker_is_looked_up_and_never_simply_sent() -> None:
    dead = due(
        state=DeliveryState.CLAIMED,
        token=3,
        frozen=due().payload,
        first_send_at=NOON - HOUR,
        lease_ends_at=NOON - SECOND,
    )
    outbox = MemoryOutbox(dead, limits={"fedi": LIMITS})
    channel = ScriptedChannel()
    summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert (channel.sent, len(channel.looked_up), summary.held) == ([], 1, 1)


async def test_a_lease_that_still_runs_is_left_to_its_worker() -> None:
    other = due(state=DeliveryState.CLAIMED, token=3, lease_ends_at=NOON + MINUTE)
    outbox, channel = MemoryOutbox(other, limits={"fedi": LIMITS}), ScriptedChannel()
    await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert outbox.rows[other.key] == other


async def test_a_network_that_does_not_answer_a_look_up_is_asked_again_later() -> None:
    clock = StandingClock(NOON)
    channel = ScriptedChannel(
        answers=[Unclear("504")],
        sights=[CannotTell("down", again=True), ValueError("broken"), Absent()],
    )
    outbox = MemoryOutbox(due(), limits={"fedi": LIMITS})
    asked_at: list[float] = []
    async with running(a_worker(outbox, channel, clock=clock)):
        for nth in (1, 2, 3):
            await advance_until(clock, lambda nth=nth: len(channel.looked_up) == nth)
            asked_at.append(clock.monotonic())
        await advance_until(clock, lambda: len(channel.sent) == 2)
    first, second = asked_at[1] - asked_at[0], asked_at[2] - asked_at[1]
    assert 30 <= first <= 33
    assert 60 <= second <= 63


async def test_a_pass_does_not_wait_for_a_network_that_cannot_be_asked_now() -> None:
    channel = ScriptedChannel(
        answers=[Unclear("504")], sights=[CannotTell("down", again=True) for _ in range(9)]
    )
    outbox = MemoryOutbox(due(), limits={"fedi": LIMITS})
    summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert (len(channel.looked_up), summary.unclear) == (1, 1)


async def test_a_look_up_that_somebody_else_makes_is_not_waited_for() -> None:
    taken = due(state=DeliveryState.CLAIMED, token=3, unclear_at=NOON, lease_ends_at=NOON + HOUR)
    outbox, channel = MemoryOutbox(taken, limits={"fedi": LIMITS}), ScriptedChannel()
    async with asyncio.timeout(60):
        await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert channel.looked_up == []


async def test_an_unclear_delivery_of_a_channel_that_is_gone_is_held() -> None:
    row = due("gone", state=DeliveryState.CLAIMED, unclear_at=NOON, first_send_at=NOON)
    outbox = MemoryOutbox(row, limits={})
    summary = await a_worker(outbox, clock=SetClock(NOON)).drain()
    assert (summary.held, outbox.rows[row.key].reason) == (1, Reason.UNCLEAR)
    assert "gone is no longer configured" in outbox.rows[row.key].error


async def test_what_an_empty_store_doubts_is_looked_for_once_and_at_once() -> None:
    """No send is known of; only an earlier store that was lost could have sent it."""
    lost = {"state": DeliveryState.CLAIMED, "unclear_at": NOON}
    rows = due("seeing", nth=1, **lost), due("blind", nth=2, **lost)
    seeing, blind = (
        ScriptedChannel("seeing", sights=[Found(Receipt(remote_id="1"))]),
        ScriptedChannel("blind"),
    )
    blind.sights.append(CannotTell("nobody can look there", again=True))
    outbox = MemoryOutbox(*rows, limits={"seeing": LIMITS, "blind": LIMITS})
    clock = SetClock(NOON)
    summary = await a_worker(outbox, seeing, blind, clock=clock).drain()
    assert summary.sent == 2
    assert (len(seeing.sent), len(blind.sent)) == (0, 1)
    assert clock.monotonic() < LIMITS.settle_window.total_seconds()


async def test_a_repeat_sends_the_same_key_while_the_network_knows_it() -> None:
    limits = replace(LIMITS, repeat_within=50 * MINUTE)
    channel = ScriptedChannel(answers=[Unclear("504")], sights=[RepeatSafe()])
    outbox = MemoryOutbox(due(), limits={"fedi": limits})
    summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    first, second = channel.sent
    assert (first.repeats, second.repeats, summary.sent) == (False, True, 1)
    assert first.delivery.first_send_at == second.delivery.first_send_at


async def test_a_repeat_that_waited_too_long_is_looked_up_and_not_sent() -> None:
    """The channel was stopped, or Herald was down, for longer than the network keeps its key."""
    limits = replace(LIMITS, repeat_within=50 * MINUTE)
    row = due(frozen=due().payload, first_send_at=NOON - HOUR)
    channel = ScriptedChannel()
    summary = await a_worker(
        MemoryOutbox(row, limits={"fedi": limits}), channel, clock=SetClock(NOON)
    ).drain()
    assert (channel.sent, len(channel.looked_up), summary.held) == ([], 1, 1)


class SlowToClaim(MemoryOutbox):
    """A store whose answer takes so long that the lease is as good as over."""

    clock: SetClock
    takes = 100 * SECOND

    async def claim(self, **asked: Any) -> tuple[Claim, ...]:
        claims = await super().claim(**asked)
        if claims:
            self.clock.advance(self.takes)
            self.takes = timedelta(0)
        return claims


async def test_a_worker_whose_lease_is_nearly_over_starts_no_request() -> None:
    row, clock, channel = due(), SetClock(NOON), ScriptedChannel()
    outbox = SlowToClaim(row, limits={"fedi": LIMITS})
    outbox.clock = clock
    summary = await a_worker(outbox, channel, clock=clock).drain()
    assert (channel.sent, summary.later) == ([], 1)
    assert outbox.rows[row.key].frozen is None


async def test_a_lease_that_ended_while_the_machine_slept_starts_no_request() -> None:
    """The monotonic clock stands while a laptop sleeps; the wall clock does not."""
    row, clock, channel = due(), SetClock(NOON), ScriptedChannel()

    class Sleepy(MemoryOutbox):
        async def claim(self, **asked: Any) -> tuple[Claim, ...]:
            claims = await super().claim(**asked)
            if claims:
                clock.jump(NOON + HOUR)
            return claims

    sleepy = Sleepy(row, limits={"fedi": LIMITS})
    await a_worker(sleepy, channel, clock=clock).drain()
    assert channel.sent == []


class FullDisk(MemoryOutbox):
    """A store that cannot write for a while."""

    settles_left = 0
    claims_left = 0

    async def settle(self, *args: Any, **asked: Any) -> bool:
        if self.settles_left:
            self.settles_left -= 1
            raise StoreUnusable("the disk is full")
        return await super().settle(*args, **asked)

    async def claim(self, **asked: Any) -> tuple[Claim, ...]:
        if self.claims_left:
            self.claims_left -= 1
            raise StoreUnusable("the disk is full")
        return await super().claim(**asked)


async def test_an_answer_is_written_again_until_the_disk_has_room() -> None:
    row, channel = due(), ScriptedChannel()
    outbox = FullDisk(row, limits={"fedi": LIMITS})
    outbox.settles_left = 4
    summary = await a_worker(outbox, channel, clock=SetClock(NOON)).drain()
    assert (len(channel.sent), summary.sent) == (1, 1)


async def test_an_answer_that_cannot_be_written_is_looked_up_when_the_lease_is_over() -> None:
    row, channel, clock = due(), ScriptedChannel(), SetClock(NOON)
    outbox = FullDisk(row, limits={"fedi": LIMITS})
    outbox.settles_left = 5
    worker = a_worker(outbox, channel, clock=clock)
    assert (await worker.drain()).sent == 0
    clock.advance(3 * MINUTE)
    assert (await worker.drain()).sent == 1
    assert (len(channel.sent), len(channel.looked_up)) == (1, 1)


async def test_a_store_that_cannot_be_written_sends_nothing_and_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, channel = StandingClock(NOON), ScriptedChannel()
    outbox = FullDisk(due(), limits={"fedi": LIMITS})
    outbox.claims_left = 3
    with caplog.at_level(logging.INFO):
        async with running(a_worker(outbox, channel, clock=clock)):
            await until(lambda: outbox.claims_left == 2)
            assert channel.sent == []
            await advance_until(clock, lambda: "delivery sent" in caplog.messages)
    assert caplog.messages == [
        "nothing can be claimed",
        "the store is well again",
        "delivery sent",
    ]


async def test_a_pass_over_a_broken_store_says_so() -> None:
    outbox = FullDisk(due(), limits={"fedi": LIMITS})
    outbox.claims_left = 1
    with pytest.raises(StoreUnusable, match="the disk is full"):
        await a_worker(outbox, ScriptedChannel(), clock=SetClock(NOON)).drain()


async def test_an_answer_of_a_worker_that_lost_its_claim_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row, channel = due(), ScriptedChannel()
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})

    async def overtaken(claim: Claim) -> Outcome:
        withdrawn = replace(outbox.rows[row.key], token=99, state=DeliveryState.WITHDRAWN)
        outbox.put(withdrawn)
        return channel.publish(claim)

    channel.answers = [overtaken]
    happened: list[Happened] = []
    worker = a_worker(outbox, channel, clock=SetClock(NOON), on_settled=happened.append)
    await worker.drain()
    assert happened == []
    assert outbox.rows[row.key].state is DeliveryState.WITHDRAWN
    assert "delivery moved on before it was settled" in caplog.messages


async def test_a_cancelled_worker_still_writes_the_answer_it_has() -> None:
    """Nothing stands between the network's answer and the commit, a second signal included."""
    row, channel, begun, gate = due(), ScriptedChannel(), asyncio.Event(), asyncio.Event()

    class SlowSettle(MemoryOutbox):
        async def settle(self, *args: Any, **asked: Any) -> bool:
            begun.set()
            await gate.wait()
            return await super().settle(*args, **asked)

    outbox = SlowSettle(row, limits={"fedi": LIMITS})
    task = asyncio.create_task(
        a_worker(outbox, channel, clock=StandingClock(NOON)).run(asyncio.Event())
    )
    await begun.wait()
    task.cancel()
    for _ in range(50):
        await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outbox.rows[row.key].state is DeliveryState.SENT


async def test_a_look_up_waits_while_its_own_process_is_still_sending() -> None:
    """A wall clock that jumps ends the lease while the request is on its way."""
    gate, channel, clock, row = asyncio.Event(), ScriptedChannel(), StandingClock(NOON), due()
    channel.answers = [answering_when(gate, channel)]
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})
    async with running(a_worker(outbox, channel, clock=clock)):
        await until(channel.asked.is_set)
        clock.jump(NOON + HOUR)
        await advance_until(clock, lambda: clock.monotonic() > 200)
        assert outbox.rows[row.key].unclear_at is not None
        assert channel.looked_up == []
        gate.set()
        await advance_until(clock, lambda: channel.looked_up)
    assert outbox.rows[row.key].state is DeliveryState.SENT
    assert len(channel.sent) == 1


async def test_a_pass_waits_for_the_pace_of_a_channel_that_has_more_to_send() -> None:
    clock, channel = SetClock(NOON), ScriptedChannel()
    limits = {"fedi": replace(LIMITS, pace=36 * SECOND)}
    outbox = MemoryOutbox(*(due(nth=nth) for nth in range(4)), limits=limits)
    assert (await a_worker(outbox, channel, clock=clock).drain()).sent == 4
    assert 108 <= clock.monotonic() <= 120


async def test_a_pass_waits_for_the_pace_of_a_server_that_accounts_share() -> None:
    shared = replace(LIMITS, host="social.example.org", host_pace=5 * SECOND)
    outbox = MemoryOutbox(due("one"), due("two"), limits={"one": shared, "two": shared})
    one, two = ScriptedChannel("one"), ScriptedChannel("two")
    clock = SetClock(NOON)
    assert (await a_worker(outbox, one, two, clock=clock).drain()).sent == 2
    assert clock.now() >= NOON + 5 * SECOND


async def test_a_pass_comes_to_its_end_where_fractions_of_seconds_do_not_add_up() -> None:
    clock, channel = SetClock(NOON), ScriptedChannel()
    for _ in range(3):
        await clock.sleep(1e-9)
    assert clock.monotonic() > 0
    clock.advance(timedelta(seconds=93.6))
    limits = {"fedi": replace(LIMITS, settle_window=38.4 * SECOND)}
    outbox = MemoryOutbox(due(unclear_at=NOON, state=DeliveryState.CLAIMED), limits=limits)
    async with asyncio.timeout(60):
        await a_worker(outbox, channel, clock=clock).drain()
    assert len(channel.looked_up) == 1


async def test_a_pass_that_is_told_to_stop_claims_nothing_more() -> None:
    outbox, channel = MemoryOutbox(due(), limits={"fedi": LIMITS}), ScriptedChannel()
    stop = asyncio.Event()
    stop.set()
    assert (await a_worker(outbox, channel, clock=SetClock(NOON)).drain(stop)).sent == 0
    assert channel.sent == []


async def test_sending_leaves_one_line_with_its_place_and_its_link(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = due(language=Language("sl"))
    outbox = MemoryOutbox(row, limits={"fedi": LIMITS})
    with caplog.at_level(logging.INFO):
        await a_worker(outbox, ScriptedChannel(), clock=SetClock(NOON)).drain()
    (line,) = [record for record in caplog.records if record.message == "delivery sent"]
    assert (
        vars(line).items()
        >= {
            "key": row.key,
            "campaign": "stories",
            "item": "salt-house",
            "channel": "fedi",
            "language": "sl",
            "url": "https://fedi.example.org/1",
            "attempt": 1,
        }.items()
    )


async def test_every_verdict_is_told_to_who_watches() -> None:
    answers: list[Any] = [TryAgain("down"), Refused("no", 422), Unclear("504")]
    rows = [due(nth=nth) for nth in range(4)]
    outbox = MemoryOutbox(*rows, limits={"fedi": LIMITS})
    seen: list[Verdict] = []
    worker = a_worker(
        outbox,
        ScriptedChannel(answers=answers),
        clock=SetClock(NOON),
        on_settled=lambda happened: seen.append(happened.verdict),
    )
    await worker.drain()
    names = [type(verdict).__name__ for verdict in seen]
    assert sorted(names) == ["Done", "Done", "Doubt", "Fail", "Hold", "Retry"]


async def test_a_channel_without_stored_limits_gets_the_most_careful_ones() -> None:
    """One send at a time, and no repeat that was not looked up."""
    outbox = MemoryOutbox(due(nth=1), due(nth=2), limits={})
    gate, channel = asyncio.Event(), ScriptedChannel()
    channel.answers = [answering_when(gate, channel), answering_when(gate, channel)]
    async with running(a_worker(outbox, channel, clock=StandingClock(NOON))):
        await until(lambda: channel.sent)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(channel.sent) == 1
        gate.set()
        await until(lambda: len(channel.sent) == 2)
