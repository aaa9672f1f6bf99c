"""A delivery's life as a state machine: everything that may happen, in any order.

A small world stands around an outbox: an editor's file, a network that keeps what lands, workers
that answer, crash, and answer too late, people who decide, and a clock. Whatever happens, no
delivery lands twice, and none is forgotten.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from herald.model.campaign import CatchUp
from herald.model.delivery import Claim, Delivery, DeliveryState, Reason, Receipt
from herald.model.ids import ChannelId, DeliveryKey, ItemId, OccasionId
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery
from herald.model.stop import Stop, StopScope
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict
from herald.outbox import decisions
from herald.outbox.lifecycle import By, may_follow
from herald.outbox.reconcile import reconcile
from tests.makers import NOON, a_payload, a_planned_delivery

FEDI = ChannelId("fedi")
LIMITS = {FEDI: Capabilities(concurrent=3, pace=timedelta(seconds=10), burst=3)}
LEASE = timedelta(minutes=1)
S = DeliveryState

ITEMS = st.sampled_from(
    [ItemId(name) for name in ("house", "walk", "basket", "boat", "bell", "mill")]
)
MINUTES = st.integers(min_value=0, max_value=12)
NTH = st.integers(min_value=0, max_value=9)


@dataclass(slots=True)
class Sending:
    """A request under way, or one whose worker is gone."""

    claim: Claim
    lands: bool = False


class Life(RuleBasedStateMachine):
    """The world around one outbox, made by *make* on a loop of its own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.close: Callable[[], Any] | None = None
        self.outbox = self.run(self._opened(make))
        self.now = NOON
        self.files: dict[ItemId, PlannedDelivery] = {}
        self.edits = 0
        self.landed: Counter[DeliveryKey] = Counter()
        self.sending: list[Sending] = []
        self.zombies: list[Sending] = []
        self.before: dict[DeliveryKey, Delivery] = {}
        self.by = By.WORKER

    async def _opened(self, make: Callable[[], Any]) -> Any:
        opened = make()
        if asyncio.iscoroutine(opened):
            outbox, self.close = await opened
            return outbox
        return opened

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    # The editor

    @rule(
        item=ITEMS,
        due=MINUTES,
        catch_up=st.sampled_from(CatchUp),
        approve=NTH.map(lambda n: n == 9),
    )
    def write(self, item: ItemId, due: int, catch_up: CatchUp, approve: bool) -> None:
        moment = self.now + timedelta(minutes=due)
        self.edits += 1
        self.files[item] = a_planned_delivery(
            item=item,
            occasion=OccasionId(f"{moment:%Y-%m-%dT%H:%M}"),
            occasion_local=moment.replace(tzinfo=None),
            due_at=moment,
            not_after_at=moment + timedelta(minutes=30),
            catch_up=catch_up,
            needs_approval=approve,
            content_hash=f"{self.edits}",
            payload=a_payload(text=f"{self.edits}"),
        )
        self.plan()

    @precondition(lambda self: self.files)
    @rule(nth=NTH, draft=st.booleans())
    def edit(self, nth: int, draft: bool) -> None:
        item = sorted(self.files)[nth % len(self.files)]
        self.edits += 1
        self.files[item] = replace(
            self.files[item],
            payload=a_payload(text=f"{self.edits}"),
            content_hash=f"{self.edits}",
            hold=Reason.DRAFT if draft else None,
        )

    @precondition(lambda self: self.files)
    @rule(nth=NTH)
    def remove(self, nth: int) -> None:
        del self.files[sorted(self.files)[nth % len(self.files)]]

    @rule()
    def plan(self) -> None:
        self.by = By.PLANNING
        inside = [each for each in self.files.values() if each.not_after_at >= self.now]
        outside = [each for each in self.files.values() if each.not_after_at < self.now]
        plan = Plan(
            made_at=self.now,
            first=self.now,
            last=self.now + timedelta(days=1),
            deliveries=tuple(inside),
            standing=tuple(outside),
        )

        def decide(rows: Any) -> Any:
            return reconcile(plan, rows, now=self.now)

        self.run(self.outbox.reconcile(plan, decide, now=self.now))
        again = self.run(self.outbox.reconcile(plan, decide, now=self.now))
        assert [step for step in again.steps if step.after is not None] == []

    # The clock

    @rule(minutes=MINUTES)
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        for each in list(self.sending):
            lease = each.claim.delivery.lease_ends_at
            if lease is not None and lease <= self.now:  # its timeout was shorter than that
                self._lose(each)

    # Workers

    @rule(most=st.integers(min_value=1, max_value=4))
    def claim(self, most: int) -> None:
        self.by = By.WORKER
        claims = self.run(
            self.outbox.claim(owner="w", now=self.now, most=most, capabilities=LIMITS)
        )
        assert len(claims) <= most
        for claim in claims:
            assert claim.delivery.not_after_at >= self.now
            assert claim.delivery.due_at <= self.now
            self.sending.append(Sending(claim))
        assert len(self.sending) <= LIMITS[FEDI].concurrent

    @precondition(lambda self: self.sending)
    @rule(
        nth=NTH,
        answer=st.sampled_from(["sent", "again", "wait", "refused", "lost", "cut", "401"]),
    )
    def answer(self, nth: int, answer: str) -> None:
        self.by = By.WORKER
        each = self.sending.pop(nth % len(self.sending))
        if answer in {"sent", "lost"}:
            self._land(each)
        assert self._settle(each.claim, self._verdict(answer))

    def _verdict(self, answer: str) -> Verdict:
        soon = self.now + timedelta(minutes=1)
        return {
            "sent": Done(Receipt(remote_id="1")),
            "again": Retry(soon, "500"),
            "wait": Park(soon, "429"),
            "refused": Fail("422"),
            "lost": Doubt("no answer"),
            "cut": Doubt("cut off"),
            "401": StopChannel("401"),
        }[answer]

    @rule()
    def wait_and_claim(self) -> None:
        self.wait(4)
        self.claim(4)

    @precondition(lambda self: self.sending)
    @rule(lands=st.lists(st.booleans(), min_size=3, max_size=3))
    def crash(self, lands: list[bool]) -> None:
        for each, landed in zip(list(self.sending), lands, strict=False):
            each.lands = landed
            self._lose(each)

    @precondition(lambda self: self.zombies)
    @rule(nth=NTH)
    def answer_too_late(self, nth: int) -> None:
        """Let a worker that everybody thought gone write what it believes."""
        self.by = By.WORKER
        each = self.zombies.pop(nth % len(self.zombies))
        row = self.before[each.claim.delivery.key]
        verdict = Done(Receipt(remote_id="1")) if each.lands else Fail("422")
        fresh = row.state is S.CLAIMED and row.token == each.claim.token
        assert self._settle(each.claim, verdict) is fresh

    @rule()
    def reap(self) -> None:
        self.by = By.WORKER
        self.run(self.outbox.reap(now=self.now))

    @rule(tells=st.booleans())
    def look_up(self, tells: bool) -> None:
        self.by = By.WORKER
        for row in self.run(self.outbox.unclear()):
            claim = self.run(
                self.outbox.claim_look_up(row.key, owner="l", now=self.now, lease=LEASE)
            )
            if claim is not None:
                assert self._settle(claim, self._seen(row, tells=tells))

    def _seen(self, row: Delivery, *, tells: bool) -> Verdict:
        if not tells:
            return Hold(Reason.UNCLEAR, "it cannot be asked")
        if self.landed[row.key]:
            return Done(Receipt(remote_id="1"))
        if self.now <= row.not_after_at:
            return Retry(self.now, "it is not there")
        return Expire("it is not there")

    def _settle(self, claim: Claim, verdict: Verdict) -> bool:
        return self.run(
            self.outbox.settle(claim.delivery.key, token=claim.token, verdict=verdict, now=self.now)
        )

    def _land(self, each: Sending) -> None:
        self.landed[each.claim.delivery.key] += 1

    def _lose(self, each: Sending) -> None:
        self.sending.remove(each)
        if each.lands:
            self._land(each)
        self.zombies.append(each)

    # People

    @rule(verb=st.sampled_from(["approve", "hold", "release", "withdraw", "retry"]), nth=NTH)
    def decide(self, verb: str, nth: int) -> None:
        self.by = By.PERSON
        rows = self.run(self.outbox.list_deliveries())
        if not rows:
            return
        row = rows[nth % len(rows)]
        decided = {
            "approve": lambda: decisions.approve(row, now=self.now),
            "hold": lambda: decisions.hold(row),
            "release": lambda: decisions.release(row, now=self.now),
            "withdraw": lambda: decisions.withdraw(row),
            "retry": lambda: self._looked_and_retried(row),
        }[verb]()
        if isinstance(decided, Delivery):
            assert self.run(self.outbox.decide(decided, was=row))

    def _looked_and_retried(self, row: Delivery) -> Delivery | str:
        if self.landed[row.key]:
            return decisions.mark_sent(row, "https://example.org/1", now=self.now)
        return decisions.retry(row, now=self.now)

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        if paused:
            self.run(self.outbox.stop(Stop(scope=StopScope.CHANNEL, name=FEDI, since=self.now)))
        else:
            self.run(self.outbox.resume("channel", FEDI))

    # What always holds

    @invariant()
    def nothing_lands_twice(self) -> None:
        assert not [key for key, count in self.landed.items() if count > 1]

    @invariant()
    def every_step_is_legal(self) -> None:
        rows = {row.key: row for row in self.run(self.outbox.history()).deliveries}
        assert self.before.keys() <= rows.keys()
        for key, was in self.before.items():
            then = rows[key]
            assert then.token >= was.token
            if was.state is S.SENT:
                assert (then.state, then.payload, then.frozen) == (S.SENT, was.payload, was.frozen)
            if then.state is not was.state:
                legal = may_follow(was.state, then.state, by=self.by, reason=was.reason)
                assert legal, (was.state, was.reason, then.state, self.by)
        self.before = rows

    def teardown(self) -> None:
        try:
            self._nothing_is_forgotten()
        finally:
            if self.close is not None:
                self.run(self.close())
            self.runner.close()

    def _nothing_is_forgotten(self) -> None:
        """When all is well again, everything that is due goes out, once."""
        self.run(self.outbox.resume("channel", FEDI))
        for each in list(self.sending):
            each.lands = True
            self._lose(each)
        for _ in range(12):
            self.wait(3)
            self.reap()
            self.look_up(tells=True)
            for _ in range(3):
                self.claim(4)
                while self.sending:
                    self.answer(0, "sent")
        self.nothing_lands_twice()
        for row in self.run(self.outbox.list_deliveries()):
            assert row.state is not S.CLAIMED
            assert row.state is not S.PENDING or row.next_at > self.now
            assert bool(self.landed[row.key]) == (row.state is S.SENT) or _is_a_persons(row)


def _is_a_persons(row: Delivery) -> bool:
    """Tell whether only a person can know of it, or a person dropped it."""
    return row.reason in {Reason.UNCLEAR, Reason.PERSON}
