"""The world of the state machine: editors, people, processes, clocks and networks on one store.

Every action takes small numbers, which pick what it acts on: so hypothesis can choose and shrink
them, and a seeded walk can draw them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.campaign import CatchUp
from herald.model.delivery import Claim, Delivery, DeliveryState, Reason
from herald.model.ids import CampaignId, ChannelId, ItemId, Language, OccasionId, campaign_key
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery, Reconciliation
from herald.model.stop import Stop, StopScope
from herald.model.verdict import Park, StopChannel
from herald.outbox import decisions
from herald.outbox.lifecycle import By, may_follow
from herald.outbox.reconcile import reconcile
from herald.ports import Channel, Clock
from herald.store.ahead import shorten_waits
from herald.store.engine import Store
from herald.store.outbox import StoredOutbox
from herald.store.tables import from_microseconds, to_microseconds
from tests.machine.database import Eye, Standing
from tests.machine.lives import BEGIN, STALLS, Gate, Life, MachineClock
from tests.machine.loop import HandMovedLoop
from tests.machine.network import (
    ANSWERS,
    LIMITS,
    TIMEOUT,
    Kind,
    ModelChannel,
    Networks,
    Stage,
    answer,
)
from tests.machine.promises import Broken, Promise
from tests.makers import a_payload

OWNERS = ("one", "two", "three")
KINDS = tuple(Kind)
HORIZON = timedelta(days=60)
_S = DeliveryState

TICKS = (1, 5, 20, 31, 61, 91, 200, 400, 3600, 20_000)
"""Seconds by which time moves on."""
JUMPS = tuple(
    timedelta(seconds=sign * seconds)
    for seconds in (1, 5, 61, 200, 3600, 86_400, 31_536_000)
    for sign in (1, -1)
)
"""How far a wall clock jumps."""
MOMENTS = (-600, -30, 0, 30, 300, 3600, 90_000)
"""Seconds from now to an occasion."""
PATIENCES = tuple(timedelta(minutes=minutes) for minutes in (2, 60, 360, 4000))
"""``at_most_late``, as editors give it."""
HOLDS = (None, None, None, Reason.TRANSLATION, Reason.VISIBILITY, Reason.DRAFT)
SLIP = 11
"""So many must leave their file at once before a person is asked."""

At = tuple[DeliveryState, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What Herald is made of; a mutant is a build with one part exchanged."""

    outbox: Callable[[Store], Any] = StoredOutbox
    channel: Callable[[ModelChannel], Channel] = lambda channel: channel
    clock: Callable[[MachineClock], Clock] = lambda clock: clock
    limits: Callable[[Capabilities], Capabilities] = lambda limits: limits
    planned: Callable[[PlannedDelivery], PlannedDelivery] = lambda planned: planned


@dataclass(slots=True)
class Seen:
    """What a run passed through."""

    steps: Counter[tuple[By, At, At]] = field(default_factory=Counter)

    @property
    def standings(self) -> set[At]:
        """Return every state, with its reason, that was reached."""
        return {then for _, _, then in self.steps}

    @property
    def left(self) -> set[At]:
        """Return every state, with its reason, that was left for another state."""
        return {was for _, was, then in self.steps if was[0] is not then[0]}


class World:
    """One run, on an empty store."""

    def __init__(
        self,
        loop: HandMovedLoop,
        store: Store,
        eye: Eye,
        *,
        build: Build,
        seen: Seen,
        processes: int,
    ) -> None:
        self.loop, self.store, self.eye, self.build, self.seen = loop, store, eye, build, seen
        loop.moved = 0.0
        loop.set_exception_handler(self._fell)
        self.broken = Broken()
        self.networks = Networks(lambda: loop.moved)
        self.clocks = {owner: MachineClock(loop) for owner in OWNERS[:processes]}
        self.desk = Gate(By.PERSON, self.clocks["one"], self._noticed, build.outbox(store))
        self.planner = Gate(By.PLANNING, self.clocks["one"], self._noticed, build.outbox(store))
        self.files: dict[str, PlannedDelivery] = {}
        self.gone: list[PlannedDelivery] = []
        self.glimpsed: tuple[Delivery, ...] = ()
        """The outbox as a person saw it last."""
        self.hash = ""
        """Of the withdrawals that somebody was asked to confirm."""
        self.stops: set[tuple[StopScope, str]] = set()
        self.answered_for: set[str] = set()
        """Keys of which a person said: send it again all the same."""
        self.said_there: set[str] = set()
        """Keys of which a person said: it is there."""
        self.agreed: set[tuple[str, str]] = set()
        """Keys and texts that a person approved."""
        self.rows: dict[str, Standing] = {}
        self.promised: dict[str, datetime] = {}
        """Until when each delivery may go, as planning or a person wrote it last."""
        self.said: dict[str, str] = {}
        self.lives: dict[str, Life] = {}
        for owner in self.clocks:
            self._start(owner)
        for kind in KINDS:
            limits = build.limits(LIMITS[kind])
            self._do(self.desk.inner.save_capabilities(ChannelId(kind), "model", limits))

    # ---------------------------------------------------------------- editors

    def add(self, kind: int, item: int, moment: int, patience: int, habits: int) -> None:
        """Write a post into a file, and plan."""
        due = self._now() + timedelta(seconds=MOMENTS[moment])
        planned = _planned(
            campaign="stories" if item % 2 else "news",
            item=f"item-{item}",
            channel=KINDS[kind],
            due=due,
            patience=PATIENCES[patience],
            text=f"Text {item}",
            habits=habits,
        )
        self._write(planned)
        self.plan()

    def edit_text(self, pick: int, text: int) -> None:
        """Change the words of a post, or whether it waits for something."""
        if planned := _nth(list(self.files.values()), pick):
            payload = replace(planned.payload, text=f"Words {text}")
            hold = HOLDS[text % len(HOLDS)] if text > 2 else planned.hold
            self._write(replace(planned, payload=payload, hold=hold), planned)

    def edit_moment(self, pick: int, moment: int, patience: int, way: int) -> None:
        """Move a post: its event (the same occasion), or its own moment (another one)."""
        if planned := _nth(list(self.files.values()), pick):
            due = self._now() + timedelta(seconds=MOMENTS[moment])
            local = due.replace(tzinfo=None, microsecond=0)
            moved = replace(
                planned,
                due_at=due,
                not_after_at=due + PATIENCES[patience],
                occasion_local=local,
                occasion=planned.occasion if way else OccasionId(local.isoformat()),
            )
            self._write(_keyed(moved), planned)

    def remove(self, pick: int) -> None:
        """Take a post out of its file."""
        if planned := _nth(list(self.files.values()), pick):
            self.gone.append(self.files.pop(planned.key))

    def put_back(self, pick: int) -> None:
        """Write again what was taken out."""
        if planned := _nth(self.gone, pick):
            self.gone.remove(planned)
            self._write(planned)

    def rename(self, pick: int) -> None:
        """Give a campaign another name."""
        if planned := _nth(list(self.files.values()), pick):
            old = planned.campaign
            new = CampaignId(f"{old}'")
            for each in [each for each in self.files.values() if each.campaign == old]:
                self._write(_keyed(replace(each, campaign=new)), each)

    def slip(self, kind: int) -> None:
        """Empty a campaign of many posts by a slip of the finger, and plan."""
        due = self._now() + timedelta(hours=1)
        for nth in range(SLIP):
            self._write(
                _planned(
                    campaign="many",
                    item=f"many-{nth}",
                    channel=KINDS[kind],
                    due=due,
                    patience=PATIENCES[2],
                    text=f"One of many {nth}",
                    habits=0,
                )
            )
        self.plan()
        for each in [each for each in self.files.values() if each.campaign == "many"]:
            self.gone.append(self.files.pop(each.key))
        self.plan()

    def put_right(self) -> None:
        """Write again all that was taken out, and plan."""
        for planned in self.gone:
            self._write(planned)
        self.gone.clear()
        self.plan()

    def confirm(self) -> None:
        """Agree to the withdrawals that were shown."""
        self.plan(confirmed=self.hash)

    def plan(self, confirmed: str = "") -> None:
        """Bring the outbox in line with the files."""
        now = self._now()
        wanted = sorted(self.files.values(), key=lambda each: (each.due_at, each.key))
        inside = [each for each in wanted if each.not_after_at >= now]
        plan = Plan(
            made_at=now,
            first=now,
            last=now + HORIZON,
            deliveries=tuple(each for each in inside if each.due_at < now + HORIZON),
            standing=tuple(wanted),
        )
        decide = partial(_reconciled, plan, now=now, confirmed=confirmed)
        try:
            self.hash = self._do(self.planner.reconcile(plan, decide, now=now)).hash
        except Exception as error:  # noqa: BLE001 - whatever it is, the plan was not taken in
            self.broken(Promise.PLANNED, str(error))

    # ----------------------------------------------------------------- people

    def glimpse(self) -> None:
        """Let a person read the outbox."""
        self.glimpsed = self._do(self.desk.list_deliveries())

    def approve(self, pick: int) -> None:
        """Let a person approve what was seen."""
        row = self._decided(pick, Reason.APPROVAL, partial(decisions.approve, now=self._now()))
        if row is not None:
            self.agreed.add((row.key, row.payload.text))

    def release(self, pick: int) -> None:
        """Let a person release what was held by hand, is late, or may be a repeat."""
        reasons = (Reason.PERSON, Reason.LATE, Reason.MOVED)
        for reason in reasons:
            if self._decided(pick, reason, partial(decisions.release, now=self._now())):
                return

    def hold(self, pick: int) -> None:
        """Let a person hold what is pending."""
        self._decided(pick, _S.PENDING, decisions.hold)

    def drop(self, pick: int) -> None:
        """Let a person withdraw a delivery."""
        self._decided(pick, None, decisions.withdraw)

    def retry(self, pick: int, sure: int) -> None:
        """Let a person send something again; what may be out there only if they insist."""
        row = _nth(self.glimpsed, pick)
        if row is None or (decisions.caution(row) and not sure):
            return
        if decisions.caution(row):
            self.answered_for.add(row.key)
        self._decided(pick, None, partial(decisions.retry, now=self._now()))

    def mark_sent(self, pick: int) -> None:
        """Let a person say that something is there."""
        if row := self._decided(pick, None, partial(_marked, now=self._now())):
            self.said_there.add(row.key)

    def translate(self, pick: int) -> None:
        """Let a person type a translation."""
        payload = a_payload(text="Typed by hand")
        typed = partial(decisions.translate, payload=payload, now=self._now())
        self._decided(pick, Reason.TRANSLATION, typed)

    def pause(self, what: int) -> None:
        """Stop a channel, a campaign, or everything."""
        scope, name = _SCOPES[what]
        self._do(self.desk.stop(Stop(scope=scope, name=name, since=self._now())))
        self.stops.add((scope, name))

    def resume(self, what: int) -> None:
        """Let go on what was stopped."""
        scope, name = _SCOPES[what]
        self._do(self.desk.resume(scope, name))
        self.stops.discard((scope, name))

    def _decided(
        self,
        pick: int,
        wanted: Reason | DeliveryState | None,
        decide: Callable[[Delivery], Delivery | str],
    ) -> Delivery | None:
        """Write a decision about one of those that were seen; None if it came to nothing."""
        fitting = [
            row for row in self.glimpsed if wanted is None or wanted in {row.reason, row.state}
        ]
        row = _nth(fitting, pick)
        if row is None:
            return None
        after = decide(row)
        if isinstance(after, str):
            return None
        return after if self._do(self.desk.decide(after, was=row)) else None

    # -------------------------------------------------------------- processes

    def poll(self, who: int) -> None:
        """Let a process claim what is due and begin to send it."""
        self._life(who).begin(self.loop, "claim")
        self.loop.settle()

    def look(self, who: int) -> None:
        """Let a process mind its clock, reap, and look up what is ripe."""
        life = self._life(who)
        if life.gate.clock.ahead < life.noticed_ahead:
            self._do(shorten_waits(self.store, now=life.gate.clock.now()))
        life.noticed_ahead = life.gate.clock.ahead
        life.begin(self.loop, "look")
        self.loop.settle()

    def stall(self, who: int, where: int) -> None:
        """Let a process stand still when it next comes to a point."""
        self._life(who).gate.stalls.add(STALLS[where])

    def go_on(self, who: int) -> None:
        """Let a process go on that stood still."""
        self._life(who).gate.go_on()
        self.loop.settle()

    def crash(self, who: int) -> None:
        """Kill a process where it stands, and start another in its place."""
        owner = _nth(list(self.lives), who)
        assert owner is not None
        self.lives[owner].die()
        self.loop.settle()
        self._start(owner)

    def _start(self, owner: str) -> None:
        clock = self.clocks[owner]
        gate = Gate(By.WORKER, clock, self._noticed, self.build.outbox(self.store))
        channels = {
            ChannelId(kind): self.build.channel(
                ModelChannel(
                    ChannelId(kind), self.networks, partial(self._begins, clock), self._first_byte
                )
            )
            for kind in KINDS
        }
        worker = Worker(
            gate,  # type: ignore[arg-type]
            channels,
            clock=self.build.clock(clock),
            owner=owner,
            policy=Policy(),
            random=lambda: 0.5,
        )
        self.lives[owner] = Life(worker, gate, clock.ahead)
        self._do(shorten_waits(self.store, now=clock.now()))
        if len(self.clocks) == 1:  # it knows itself alone, as on SQLite
            self._do(gate.inner.end_leases(now=clock.now()))

    def run_by_itself(self, who: int) -> None:
        """Let a process go on as the daemon lets it: it polls and is woken."""
        life = self._life(who)
        life.tasks.add(self.loop.create_task(life.worker.run(asyncio.Event())))
        self.loop.settle()

    def _life(self, who: int) -> Life:
        return list(self.lives.values())[who % len(self.lives)]

    # --------------------------------------------------------------- networks

    def connect(self, pick: int) -> None:
        """Let a request's first byte leave, and the rest of it follow."""
        waiting = [each for each in self.networks.requests if each.stage is Stage.CONNECTING]
        if request := _nth(waiting, pick):
            request.connected.set()
            self.loop.settle()

    def land(self, pick: int) -> None:
        """Let a request be acted on, whoever still waits for its answer."""
        underway = [each for each in self.networks.requests if each.stage is Stage.UNDERWAY]
        if request := _nth(underway, pick):
            self.networks.land(request)
            self._judge_posts()

    def answer(self, pick: int, how: int) -> None:
        """Answer a request."""
        waiting = [
            each
            for each in self.networks.requests
            if each.is_open and each.stage is not Stage.CONNECTING
        ]
        if request := _nth(waiting, pick):
            answer(self.networks, request, ANSWERS[how])
            self._judge_posts()
            self.loop.settle()

    def slow_looks(self, is_slow: int) -> None:
        """Let look-ups be answered later, or at once."""
        self.networks.is_slow_to_show = bool(is_slow)

    def show(self, pick: int, how: int) -> None:
        """Answer a look-up: with what is to be seen, or not at all."""
        self.networks.looks = [each for each in self.networks.looks if not each[1].done()]
        if look := _nth(self.networks.looks, pick):
            claim, future = look
            if how:
                future.set_result(self.networks.shows(claim))
            else:
                future.set_exception(ConnectionError("the network does not answer"))
            self.loop.settle()

    # ------------------------------------------------------------------- time

    def tick(self, by: int) -> None:
        """Let time pass."""
        self.pass_time(TICKS[by])

    def jump(self, who: int, by: int) -> None:
        """Set one computer's wall clock, or all of them."""
        clocks = list(self.clocks.values())
        for nth in range(len(clocks)) if who >= len(clocks) else [who]:
            self.set_clock(nth, JUMPS[by])

    def set_clock(self, who: int, by: timedelta) -> None:
        """Set one computer's wall clock forward or back."""
        list(self.clocks.values())[who].ahead += by

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.loop.moved += seconds
        self.networks.forget_what_is_over()
        self.loop.settle()

    def _now(self) -> datetime:
        return self.clocks["one"].now()

    # ----------------------------------------------------------------- judges

    def _begins(self, clock: MachineClock, claim: Claim) -> None:
        """Judge a send as the network is turned to; to connect may take as long as it takes."""
        until = self.promised[claim.delivery.key]
        if clock.now() > until:
            how = f"{claim.delivery.key} at {clock.now()}, which might go until {until}"
            self.broken(Promise.IN_TIME, how)

    async def _first_byte(self, claim: Claim) -> None:
        """Judge a send at its first byte."""
        key, rows = claim.delivery.key, await self.eye.rows()
        row = rows[key]
        if row.state is not _S.CLAIMED or not await self.eye.attempts(key, claim.token):
            self.broken(Promise.WRITTEN_FIRST, f"{key} was {row.state} at its first byte")
        if claim.repeats and self.said.get(key, claim.payload.text) != claim.payload.text:
            self.broken(Promise.SAME, f"{key} said {self.said[key]!r}, then {claim.payload.text!r}")
        self.said[key] = claim.payload.text

    async def _noticed(self, gate: Gate, name: str, asked: dict[str, Any], result: Any) -> None:
        """Judge what a call of the store has changed."""
        if name not in _CHANGING:
            return
        before, self.rows = self.rows, await self.eye.rows()
        for key, row in self.rows.items():
            self._judge_step(gate.by, before.get(key), row)
            if gate.by is not By.WORKER:
                self.promised[key] = from_microseconds(row.not_after_at)
        if name == "claim":
            for claim in result:
                self._judge_claim(claim, gate.clock)
        if name == "settle" and result:
            self._judge_settled(asked, before)

    def _judge_step(self, by: By, was: Standing | None, row: Standing) -> None:
        then = (row.state, row.reason)
        if was is None:
            self.seen.steps[by, then, then] += 1
            return
        at = (was.state, was.reason)
        if at != then or was.is_unclear != row.is_unclear:
            self.seen.steps[by, at, then] += 1
        reason = Reason(was.reason) if was.reason else None
        if was.state is not row.state and not may_follow(
            was.state, row.state, by=by, reason=reason
        ):
            self.broken(Promise.LAWFUL, f"{row.key}: {by} took it from {at} to {then}")
        if row.state is _S.SENT and was.state is not row.state and by is By.WORKER:
            self._judge_sent(row.key)

    def _judge_sent(self, key: str) -> None:
        if not any(post.key == key for post in self.networks.posts):
            self.broken(Promise.THERE, f"{key} is marked as sent")

    def _judge_claim(self, claim: Claim, clock: MachineClock) -> None:
        delivery = claim.delivery
        if not claim.repeats:
            self.said.pop(delivery.key, None)
        names = {
            (StopScope.EVERYTHING, ""),
            (StopScope.CHANNEL, delivery.channel),
            (StopScope.CAMPAIGN, delivery.campaign),
        }
        if met := names & self.stops:
            self.broken(Promise.FREE, f"{delivery.key} was claimed while {met} was stopped")
        agreed = (delivery.key, claim.payload.text) in self.agreed
        if delivery.needs_approval and not agreed:
            self.broken(Promise.FREE, f"{delivery.key} was claimed without approval")
        if clock.now() > self.promised[delivery.key]:
            self.broken(Promise.IN_TIME, f"{delivery.key} was claimed too late")

    def _judge_settled(self, asked: dict[str, Any], before: Mapping[str, Standing]) -> None:
        verdict = asked["verdict"]
        changed = [row for key, row in self.rows.items() if before.get(key) != row]
        if isinstance(verdict, StopChannel):
            self.stops |= {
                (StopScope.CHANNEL, row.channel) for row in changed if row.state is _S.PENDING
            }
        for row in changed:
            was = before[row.key]
            waits = isinstance(verdict, Park | StopChannel) and not was.is_unclear
            if waits and row.attempts != max(was.attempts - 1, 0):
                self.broken(Promise.COUNTED, f"{row.key}: {was.attempts}, then {row.attempts}")

    def _judge_posts(self) -> None:
        excused = self.answered_for
        times = Counter(post.place for post in self.networks.posts if post.key not in excused)
        for place, count in times.items():
            if count > 1:
                self.broken(Promise.ONCE, f"{place} appeared {count} times")

    def _fell(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        raise AssertionError(context["message"]) from context.get("exception")

    # -------------------------------------------------------------------- end

    def finish(self) -> None:
        """Let everything be well again, wait, and judge what is left."""
        self.networks.is_well, self.networks.is_slow_to_show = True, False
        for clock in self.clocks.values():
            clock.ahead = timedelta(0)
        for request in self.networks.requests:
            request.connected.set()
        for claim, future in self.networks.looks:
            if not future.done():
                future.set_result(self.networks.shows(claim))
        for owner in list(self.lives):
            self.lives[owner].die()
        self.loop.settle()
        self._judge_posts()
        for scope, name in sorted(self.stops):
            self._do(self.desk.resume(scope, name))
        self.stops.clear()
        for owner in list(self.lives):
            self._start(owner)
        self.plan()
        self._drain()

    def _drain(self) -> None:
        begun, rows = self._now(), self._do(self.eye.rows())
        free = _free_to_go(rows, begun, self._do(self.eye.rests()))
        for _ in range(200):
            self.look(0)
            self.poll(0)
            self._judge_posts()
            rows = self._do(self.eye.rows())
            moment = self._next_moment(rows)
            if moment is None:
                break
            if moment - self._now() > _LONGEST_REST:
                break
            self.pass_time(max((moment - self._now()).total_seconds(), 0.001))
        now = to_microseconds(self._now())
        for key, row in rows.items():
            if row.state is _S.CLAIMED or (row.state is _S.PENDING and row.due_at <= now):
                self.broken(Promise.REMEMBERED, f"{key} is left {row}")
            if key in free and row.state not in {_S.SENT, _S.HELD}:
                self.broken(Promise.REMEMBERED, f"{key} might have gone, and is {row}")

    def _next_moment(self, rows: Mapping[str, Standing]) -> datetime | None:
        """Return when something may happen next; None if nothing is left to be done."""
        now = self._now()
        moments: list[datetime] = []
        late = False
        for row in rows.values():
            if row.state is _S.CLAIMED:
                late = True
                if row.lease_ends_at is not None:
                    moments.append(from_microseconds(row.lease_ends_at))
            if row.state is _S.PENDING:
                moments.append(from_microseconds(row.next_at))
                late = late or moments[-1] <= now
        if not moments and not late:
            return None
        for life in self.lives.values():
            moments += [BEGIN + timedelta(seconds=ripe) for ripe in life.ripe_at]
        if late:
            moments += [from_microseconds(rest) for rest in self._do(self.eye.rests())]
            moments.append(now + TIMEOUT)
        return min((each for each in moments if each > now), default=now + timedelta(seconds=1))

    def judge_overdue(self) -> None:
        """Judge whether something is left that should have gone a while ago."""
        moment = to_microseconds(self._now() - timedelta(seconds=5))
        for key, row in self._do(self.eye.rows()).items():
            if row.state is _S.PENDING and row.next_at < moment:
                self.broken(Promise.REMEMBERED, f"{key} is left {row}")

    def close(self) -> None:
        """End every task."""
        for life in self.lives.values():
            life.die()
        for _ in range(10):
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            self.loop.settle()
            if not tasks:
                return

    def _do(self, coroutine: Any) -> Any:
        """Return what a call comes to; nothing else stalls it."""
        result = self.loop.run_until_complete(coroutine)
        self.loop.settle()
        return result

    def _write(self, planned: PlannedDelivery, instead_of: PlannedDelivery | None = None) -> None:
        if instead_of is not None:
            self.files.pop(instead_of.key, None)
        hashed = self.build.planned(_hashed(planned))
        self.files[hashed.key] = hashed


_CHANGING = frozenset({"claim", "settle", "reap", "claim_look_up", "reconcile", "decide"})
_LONGEST_REST = timedelta(days=2)
"""A day is the longest wait that a network is granted."""
_SCOPES = (
    *((StopScope.CHANNEL, str(kind)) for kind in KINDS),
    (StopScope.CAMPAIGN, "stories"),
    (StopScope.EVERYTHING, ""),
)
_A_WHILE = timedelta(hours=3)


def _free_to_go(rows: Mapping[str, Standing], now: datetime, rests: Sequence[int]) -> set[str]:
    """Return the keys that nothing holds up, with time to spare."""
    moment, soon = to_microseconds(now), to_microseconds(now + _A_WHILE)
    if any(rest > moment for rest in rests):
        return set()
    return {
        key
        for key, row in rows.items()
        if row.state is _S.PENDING
        and row.next_at <= moment
        and row.not_after_at > soon
        and row.catch_up == CatchUp.POST.value
        and not row.is_frozen
    }


def _nth(values: Sequence[Any], pick: int) -> Any:
    return values[pick % len(values)] if values else None


def _marked(row: Delivery, *, now: datetime) -> Delivery | str:
    return decisions.mark_sent(row, "https://example.org/1", now=now)


def _reconciled(
    plan: Plan, rows: Sequence[Delivery], *, now: datetime, confirmed: str
) -> Reconciliation:
    return reconcile(plan, rows, now=now, confirmed=confirmed)


def _planned(
    *,
    campaign: str,
    item: str,
    channel: Kind,
    due: datetime,
    patience: timedelta,
    text: str,
    habits: int,
) -> PlannedDelivery:
    """Make what an editor wrote; *habits* says what it waits for and what becomes of it if late."""
    return _keyed(
        PlannedDelivery(
            key=campaign_key(*_nowhere),
            campaign=CampaignId(campaign),
            item=ItemId(item),
            occasion=OccasionId(f"before-{habits}"),
            channel=ChannelId(channel),
            network="model",
            language=Language("en"),
            occasion_local=due.replace(tzinfo=None),
            zone="Europe/Rome",
            due_at=due,
            not_after_at=due + patience,
            catch_up=tuple(CatchUp)[habits % 7] if habits % 7 < len(CatchUp) else CatchUp.POST,
            moves=habits % 2 == 0,
            payload=a_payload(text=text),
            hold=HOLDS[habits % len(HOLDS)],
            needs_approval=habits % 5 == 4,
            content_hash="",
        )
    )


_nowhere = (CampaignId(""), ItemId(""), OccasionId(""), ChannelId(""), Language("en"))


def _keyed(planned: PlannedDelivery) -> PlannedDelivery:
    key = campaign_key(
        planned.campaign, planned.item, planned.occasion, planned.channel, planned.language
    )
    return replace(planned, key=key)


def _hashed(planned: PlannedDelivery) -> PlannedDelivery:
    shown = f"{planned.payload.text} {planned.due_at.isoformat()}"
    return replace(planned, content_hash=shown)
