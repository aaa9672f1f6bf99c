"""An outbox in memory, for a simulated year.

It keeps the contract of ``herald.ports.OutboxStore``, held to it by the same tests as the store on
disk, with which it shares no code: a mistake in either shows as a difference between the two.
Nothing outlives it. Deliveries that wait for their moment lie on a heap, so that a claim costs no
more than what is due.

    outbox = ScratchOutbox(a_delivery(), a_delivery(language="it"))
    claims = await outbox.claim(owner="w", now=NOON, most=1, capabilities={...})
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from herald.model.campaign import CatchUp
from herald.model.delivery import (
    HELD_UP_AFTER,
    LATE_AFTER,
    Action,
    Attempt,
    Claim,
    Delivery,
    DeliveryState,
    History,
    Reason,
    Receipt,
)
from herald.model.health import OutboxHealth, StateCount
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, EntryId, ItemId
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.model.reach import Reach
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict

S = DeliveryState


class ScratchOutbox:
    """A dictionary of deliveries, and what else the port remembers."""

    def __init__(self, *deliveries: Delivery) -> None:
        self.rows: dict[DeliveryKey, Delivery] = {}
        self._waking: list[tuple[datetime, DeliveryKey]] = []
        self._awake: dict[DeliveryKey, None] = {}
        self._claimed: dict[DeliveryKey, None] = {}
        self._in_order: tuple[Delivery, ...] | None = None
        self._attempts: dict[DeliveryKey, list[Attempt]] = {}
        self._seen: dict[str, datetime] = {}
        self._stops: dict[tuple[StopScope, str, StopOrigin], Stop] = {}
        self._capabilities: dict[ChannelId, Capabilities] = {}
        self._spent: dict[str, datetime] = {}
        """By account, and by server that counts all its accounts together."""
        self._parked: dict[ChannelId, datetime] = {}
        self._served: dict[tuple[str, str], int] = {}
        self._turns = 0
        for each in deliveries:
            self._put(each)

    def take_over(self, history: History, stops: Iterable[Stop]) -> None:
        """Begin with what another outbox holds."""
        for row in history.deliveries:
            self._put(_unstopped(row))
        self._seen.update(history.first_seen)
        for stop in stops:
            self._keep(stop)

    # ------------------------------------------------------------------ planning

    async def history(self) -> History:
        """Return the whole outbox, and what was seen when (see OutboxStore)."""
        return History(deliveries=self._sorted(), first_seen=tuple(sorted(self._seen.items())))

    async def history_within(self, reach: Reach) -> History:
        """Return the whole outbox: a year of it is little."""
        return await self.history()

    async def concerned_by(self, plan: Plan) -> tuple[Delivery, ...]:
        """Return the whole outbox, of which a plan may depend on a part."""
        return self._sorted()

    async def reconcile(
        self,
        plan: Plan,
        decide: Callable[[Sequence[Delivery]], Reconciliation],
        *,
        now: datetime,
        turn: int | None = None,
    ) -> Reconciliation:
        """Let *decide* compare, and write its steps (see OutboxStore)."""
        difference = decide(self._sorted())
        for step in difference.steps:
            row = self.rows.get(step.key)
            if step.after is None or step.after is row or (row and row.may_be_out_there):
                continue
            self._put(_unstopped(step.after))
        for name in plan.first_seen:
            self._seen.setdefault(name, now)
        return difference

    # ------------------------------------------------------------------ sending

    async def claim(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        capabilities: dict[ChannelId, Capabilities],
    ) -> tuple[Claim, ...]:
        """Take up to *most* due deliveries, fairly (see OutboxStore)."""
        self._wake(now)
        self._mind_the_time(now, capabilities)
        due = self._due(now, capabilities)
        claims: list[Claim] = []
        while len(claims) < most and due:
            for channel in sorted(due):
                if len(claims) == most:
                    break
                if not due[channel] or not self._may_send(channel, capabilities[channel], now):
                    del due[channel]
                    continue
                row = min(due[channel], key=self._turn)
                due[channel].remove(row)
                claims.append(self._take(row, capabilities[channel], owner, now))
        return tuple(sorted(claims, key=lambda each: (each.delivery.next_at, each.delivery.key)))

    async def next_look(self, after: datetime) -> datetime | None:
        """Return the next moment later than *after* at which a claim could find something new."""
        while self._waking and not self._still_wakes(*self._waking[0]):
            heapq.heappop(self._waking)
        moments = [self._waking[0][0]] if self._waking else []
        moments += [until for until in self._parked.values() if until > after]
        return min((max(one, after) for one in moments), default=None)

    async def is_busy(self, now: datetime) -> bool:
        """Tell whether something is claimed, or due and kept back by nothing but its pace."""
        self._wake(now)
        return bool(self._claimed) or any(
            self._parked.get(self.rows[key].channel, now) <= now
            and not self._waits_for(self.rows[key])
            and self._why_stopped(self.rows[key]) is None
            for key in self._awake
        )

    def _wake(self, now: datetime) -> None:
        while self._waking and self._waking[0][0] <= now:
            moment, key = heapq.heappop(self._waking)
            if self._still_wakes(moment, key):
                self._awake[key] = None

    def _still_wakes(self, moment: datetime, key: DeliveryKey) -> bool:
        row = self.rows[key]
        return row.state is S.PENDING and _wakes_at(row) == moment and key not in self._awake

    def _mind_the_time(self, now: datetime, capabilities: Collection[ChannelId]) -> None:
        for key in list(self._awake):
            row = self.rows[key]
            if row.due_at > now or self._why_stopped(row):
                continue
            if row.not_after_at < now and row.frozen is not None:
                changed = replace(
                    row,
                    state=S.CLAIMED,
                    unclear_at=row.unclear_at or now,
                    token=row.token + 1,
                    lease_ends_at=None,
                )
            elif row.not_after_at < now:
                waited = self._waits_for(row)
                note = f"its moment is over{f': it waited for {waited}' if waited else ''}"
                changed = replace(row, state=S.EXPIRED, reason=None, note=note)
            elif (
                row.target is None and _is_asked_about(row, now=now) and row.channel in capabilities
            ):
                skip = row.catch_up is CatchUp.SKIP
                changed = replace(
                    row,
                    state=S.EXPIRED if skip else S.HELD,
                    reason=None if skip else Reason.LATE,
                    note="it was late",
                )
            else:
                continue
            self._put(changed)

    def _due(
        self, now: datetime, capabilities: Collection[ChannelId]
    ) -> dict[ChannelId, list[Delivery]]:
        due: dict[ChannelId, list[Delivery]] = {}
        for key in self._awake:
            row = self.rows[key]
            if row.channel in capabilities and row.next_at <= now and not self._why_stopped(row):
                if self._waits_for(row):
                    continue
                due.setdefault(row.channel, []).append(row)
        return due

    def _turn(self, row: Delivery) -> tuple[int, datetime, DeliveryKey]:
        return self._served.get((row.channel, row.campaign), 0), row.next_at, row.key

    def _may_send(self, channel: ChannelId, limits: Capabilities, now: datetime) -> bool:
        claimed = (self.rows[key] for key in self._claimed)
        sending = sum(
            row.channel == channel
            and row.unclear_at is None
            and row.lease_ends_at is not None
            and row.lease_ends_at > now
            for row in claimed
        )
        if sending >= limits.concurrent or self._parked.get(channel, now) > now:
            return False
        return all(
            self._spent_by(name, pace, burst, now) + pace <= now + pace * burst
            for name, pace, burst in _paces(channel, limits)
        )

    def _spent_by(self, name: str, pace: timedelta, burst: int, now: datetime) -> datetime:
        spent = max(self._spent.get(name, now), now)
        return min(spent, now + pace * burst)

    def _take(self, row: Delivery, limits: Capabilities, owner: str, now: datetime) -> Claim:
        taken = replace(
            row,
            state=S.CLAIMED,
            reason=None,
            note="",
            token=row.token + 1,
            attempts=row.attempts + 1,
            owner=owner,
            lease_ends_at=now + 2 * limits.timeout + timedelta(seconds=30),
            first_send_at=row.first_send_at or now,
            unclear_at=None,
            frozen=row.frozen or row.payload,
        )
        self._put(taken)
        self._remember(Attempt(key=row.key, token=taken.token, started_at=now))
        for name, pace, burst in _paces(row.channel, limits):
            self._spent[name] = self._spent_by(name, pace, burst, now) + pace
        self._turns += 1
        self._served[row.channel, row.campaign] = self._turns
        return Claim(
            delivery=taken,
            token=taken.token,
            attempt=taken.attempts,
            repeats=row.frozen is not None,
            target=self._receipt(row.target),
            root=self._receipt(row.thread),
        )

    def _receipt(self, key: DeliveryKey | None) -> Receipt | None:
        row = self.rows.get(key) if key is not None else None
        if row is None or row.state is not S.SENT or not row.remote_id:
            return None
        return Receipt(remote_id=row.remote_id, url=row.url)

    def _waits_for(self, row: Delivery) -> str:
        """Say what *row* waits for; nothing where that was sent."""
        if row.target is None or self._receipt(row.target) is not None:
            return ""
        blocking = self.rows.get(row.target)
        if blocking is None:
            return "a post that is not there"
        return f"part {blocking.part + 1} ({blocking.key[:8]}), which is {blocking.state}"

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        """Write what follows from a send or a look-up; False if *token* is stale."""
        row = self.rows.get(key)
        if row is None or row.state is not S.CLAIMED or row.token != token:
            return False
        self._put(self._settled(row, verdict, now))
        if isinstance(verdict, Done) and row.action is Action.DELETE and row.target in self.rows:
            gone = self.rows[row.target]
            url = gone.url if gone.network == "manual" else ""
            self._put(replace(gone, url=url, note="it was deleted on its network"))
        ended = type(verdict).__name__.casefold()
        self._attempts[key] = [
            replace(one, ended_at=now, outcome=ended) if one.token == token else one
            for one in self._attempts.get(key, ())
        ]
        return True

    def _settled(  # noqa: PLR0911 - one return for each verdict
        self, row: Delivery, verdict: Verdict, now: datetime
    ) -> Delivery:
        row = replace(row, owner="", lease_ends_at=None)
        thawed = replace(row, frozen=None, first_send_at=None, unclear_at=None)
        match verdict:
            case Done(receipt):
                return replace(
                    row,
                    state=S.SENT,
                    sent_at=now,
                    remote_id=receipt.remote_id,
                    url=receipt.url,
                    unclear_at=None,
                    error="",
                )
            case Retry(at=at, why=why, thaw=thaw):
                back = thawed if thaw else replace(row, unclear_at=None)
                return replace(back, state=S.PENDING, next_at=at, error=why)
            case Park() | StopChannel():
                return self._resting(row, thawed, verdict, now)
            case Fail(why=why):
                return replace(thawed, state=S.FAILED, error=why)
            case Expire(why=why):
                return replace(thawed, state=S.EXPIRED, error=why)
            case Doubt(why=why):
                return replace(row, unclear_at=row.unclear_at or now, error=why)
            case Hold(reason, why):
                return replace(row, state=S.HELD, reason=reason, note=why, error=why)

    def _resting(
        self, row: Delivery, thawed: Delivery, verdict: Park | StopChannel, now: datetime
    ) -> Delivery:
        if isinstance(verdict, Park):
            until = self._parked.get(row.channel, verdict.until)
            self._parked[row.channel] = max(until, verdict.until)
        else:
            self._keep(
                Stop(
                    scope=StopScope.CHANNEL,
                    name=row.channel,
                    origin=StopOrigin.AUTH,
                    because=verdict.why,
                    since=now,
                )
            )
        if row.unclear_at is not None:
            return replace(row, error=verdict.why)
        back = thawed if verdict.thaw else row
        return replace(back, state=S.PENDING, attempts=max(row.attempts - 1, 0), error=verdict.why)

    async def reap(self, *, now: datetime) -> int:
        """Make every claim whose lease lapsed unclear, its token raised; never pending."""
        lapsed = [
            row
            for row in (self.rows[key] for key in self._claimed)
            if row.unclear_at is None and (row.lease_ends_at is None or row.lease_ends_at <= now)
        ]
        for row in lapsed:
            self._put(replace(row, unclear_at=now, token=row.token + 1, lease_ends_at=None))
        return len(lapsed)

    async def unclear(self) -> tuple[Delivery, ...]:
        """Return the claimed deliveries that may be out there, longest in doubt first."""
        doubts = [
            (row.unclear_at, row.key, row)
            for row in (self.rows[key] for key in self._claimed)
            if row.unclear_at is not None
        ]
        return tuple(row for _, _, row in sorted(doubts, key=lambda one: one[:2]))

    async def claim_look_up(
        self, key: DeliveryKey, *, owner: str, now: datetime, lease: timedelta
    ) -> Claim | None:
        """Take an unclear delivery for a look-up; None if another has it (see OutboxStore)."""
        row = self.rows.get(key)
        if row is None or row.state is not S.CLAIMED or row.unclear_at is None:
            return None
        if row.lease_ends_at is not None and row.lease_ends_at > now:
            return None
        taken = replace(row, token=row.token + 1, owner=owner, lease_ends_at=now + lease)
        self._put(taken)
        return Claim(
            delivery=taken,
            token=taken.token,
            attempt=taken.attempts,
            target=self._receipt(row.target),
            root=self._receipt(row.thread),
        )

    # ------------------------------------------------------------------ looking and deciding

    async def list_deliveries(
        self,
        *,
        states: Collection[str] = (),
        prefix: str = "",
        campaign: str = "",
        item: str = "",
        channel: str = "",
    ) -> tuple[Delivery, ...]:
        """Return deliveries by due_at and key, with why they are stopped (see OutboxStore)."""
        return tuple(
            self._shown(row)
            for row in self._sorted()
            if (not states or row.state in states)
            and row.key.startswith(prefix)
            and (not campaign or row.campaign == campaign)
            and (not item or row.item == item)
            and (not channel or row.channel == channel)
        )

    async def attempts(self, key: DeliveryKey) -> tuple[Attempt, ...]:
        """Return every send of a delivery, oldest first."""
        return tuple(self._attempts.get(key, ()))

    async def decide(self, changed: Delivery, *, was: Delivery) -> bool:
        """Write a person's decision, fenced by all that the person saw (see OutboxStore)."""
        row = self.rows.get(was.key)
        if row is None or row.state in (S.CLAIMED, S.SENT) or _seen(row) != _seen(was):
            return False
        self._put(_unstopped(changed))
        return True

    async def sent_of(
        self, items: Collection[tuple[CampaignId, ItemId]], entries: Collection[EntryId]
    ) -> tuple[Delivery, ...]:
        """Return what was sent of *items* and *entries* (see OutboxStore)."""
        return tuple(
            row
            for row in self._sorted()
            if row.state is S.SENT
            and (row.entry in entries if row.entry else (row.campaign, row.item) in items)
        )

    async def following(self, keys: Collection[DeliveryKey]) -> tuple[Delivery, ...]:
        """Return what follows one of *keys* (see OutboxStore)."""
        found = (row for row in self.rows.values() if row.target in keys)
        return tuple(sorted(found, key=lambda row: (row.due_at, row.part, row.key)))

    async def add(self, delivery: Delivery) -> bool:
        """Enqueue what a person made, if what it follows was sent (see OutboxStore)."""
        if delivery.key in self.rows or self._waits_for(delivery):
            return False
        self._put(delivery)
        return True

    async def set_url(self, key: DeliveryKey, url: str, *, now: datetime) -> bool:
        """Tell where a sent delivery is to be seen, which closes a manual channel's task."""
        row = self.rows.get(key)
        if row is None or row.state is not S.SENT:
            return False
        self._put(replace(row, url=url))
        self._remember(
            Attempt(key=key, token=0, started_at=now, ended_at=now, outcome="done", answer=url)
        )
        return True

    async def health(self, *, now: datetime) -> OutboxHealth:
        """Return how the outbox fares at *now*."""
        shown = await self.list_deliveries()
        overdue = [row for row in shown if self._is_overdue(row, now)]
        kinds = Counter((row.state, row.reason) for row in shown)
        return OutboxHealth(
            counts=tuple(
                StateCount(state=state, reason=reason, count=kinds[state, reason])
                for state, reason in sorted(kinds, key=lambda kind: (kind[0], kind[1] or ""))
            ),
            overdue=len(overdue),
            oldest_overdue_at=overdue[0].due_at if overdue else None,
            unclear=sum(
                (row.state is S.CLAIMED and _is_doubted(row, now=now))
                or (row.state is S.HELD and row.reason is Reason.UNCLEAR)
                for row in shown
            ),
            failed_lately=sum(
                row.state is S.FAILED and row.due_at > now - timedelta(days=1) for row in shown
            ),
            missed_lately=sum(
                row.state is S.EXPIRED
                and row.not_after_at > now - timedelta(days=3)
                and row.catch_up is not CatchUp.SKIP
                for row in shown
            ),
        )

    def _is_overdue(self, row: Delivery, now: datetime) -> bool:
        cut = now - LATE_AFTER
        if row.state is not S.PENDING or row.reason is not None or row.due_at >= cut:
            return False
        is_free = (
            row.next_at < cut
            and self._parked.get(row.channel, now) <= now
            and self._spent.get(row.channel, now) <= now
        )
        if self._waits_for(row) or (row.target and not self._was_sent_by(row.target, cut)):
            return False  # what it follows is in trouble, or was just sent
        return is_free or row.due_at < now - HELD_UP_AFTER

    def _was_sent_by(self, key: DeliveryKey, moment: datetime) -> bool:
        sent_at = self.rows[key].sent_at
        return sent_at is not None and sent_at <= moment

    async def next_moment(self, *, after: datetime, until: datetime) -> datetime | None:
        """Return when the next pending delivery may be claimed, after *after* and by *until*."""
        pending = (row.next_at for row in self.rows.values() if row.state is S.PENDING)
        return min((moment for moment in pending if after < moment <= until), default=None)

    async def next_delivery(self, *, now: datetime) -> Delivery | None:
        """Return the first pending delivery that is due from *now* on and not stopped."""
        ahead = (row for row in self._sorted() if row.state is S.PENDING and row.due_at >= now)
        return next((row for row in ahead if self._why_stopped(row) is None), None)

    async def channels_due(
        self, channels: Collection[ChannelId], *, now: datetime
    ) -> frozenset[ChannelId]:
        """Return those of *channels* on which something may be claimed that is not stopped."""
        self._wake(now)
        return frozenset(self._due(now, channels))

    async def unlinked(self, network: str) -> tuple[Delivery, ...]:
        """Return what was sent on *network* and has no address yet, by due_at and key."""
        sent = (row for row in self._sorted() if row.state is S.SENT)
        return tuple(row for row in sent if row.network == network and not row.url)

    # ------------------------------------------------------------------ stopping, limits

    async def stop(self, stop: Stop) -> None:
        """Stop claiming what *stop* names; repeating it updates the reason."""
        self._keep(stop)

    async def resume(self, scope: str, name: str) -> bool:
        """End a person's stop and one for refused credentials; a file's stays with its file."""
        ended = [
            key for key in self._stops if key[:2] == (scope, name) and key[2] is not StopOrigin.FILE
        ]
        for key in ended:
            del self._stops[key]
        return bool(ended)

    async def stops(self) -> tuple[Stop, ...]:
        """Return everything that is stopped."""
        return tuple(self._stops[key] for key in sorted(self._stops))

    async def sync_file_stops(self, stops: Iterable[Stop], *, turn: int | None = None) -> None:
        """Make *stops* the stops of origin file; one that stands keeps its ``since``."""
        wanted = {(each.scope, each.name, StopOrigin.FILE): each for each in stops}
        for key in [key for key in self._stops if key[2] is StopOrigin.FILE and key not in wanted]:
            del self._stops[key]
        for stop in wanted.values():
            self._keep(stop)

    async def capabilities(self) -> dict[ChannelId, Capabilities]:
        """Return the channels' last stored capabilities."""
        return dict(self._capabilities)

    async def save_capabilities(
        self, channel: ChannelId, network: str, capabilities: Capabilities
    ) -> None:
        """Remember a channel's capabilities."""
        self._capabilities[channel] = capabilities

    # ------------------------------------------------------------------ inside

    def _put(self, row: Delivery) -> None:
        """Keep *row*, and know when it wants to be looked at."""
        key = row.key
        self.rows[key] = row
        self._in_order = None
        self._awake.pop(key, None)
        self._claimed.pop(key, None)
        if row.state is S.CLAIMED:
            self._claimed[key] = None
        elif row.state is S.PENDING:
            heapq.heappush(self._waking, (_wakes_at(row), key))

    def _sorted(self) -> tuple[Delivery, ...]:
        if self._in_order is None:
            self._in_order = tuple(
                sorted(self.rows.values(), key=lambda row: (row.due_at, row.key))
            )
        return self._in_order

    def _remember(self, attempt: Attempt) -> None:
        self._attempts.setdefault(attempt.key, []).append(attempt)

    def _keep(self, stop: Stop) -> None:
        key = (stop.scope, stop.name, stop.origin)
        since = self._stops[key].since if key in self._stops else stop.since
        self._stops[key] = replace(stop, since=since)

    def _shown(self, row: Delivery) -> Delivery:
        if row.state is not S.PENDING:
            return row
        waits_for = self._waits_for(row)
        row = replace(row, note=f"waits for {waits_for}") if waits_for else row
        why = self._why_stopped(row)
        return row if why is None else replace(row, reason=why)

    def _why_stopped(self, row: Delivery) -> Reason | None:
        if not self._stops:
            return None
        named = {
            (StopScope.EVERYTHING, ""),
            (StopScope.CHANNEL, row.channel),
            (StopScope.PARTNER, row.partner),
            (StopScope.CAMPAIGN, row.campaign),
        }
        met = {stop.origin for stop in self._stops.values() if (stop.scope, stop.name) in named}
        if not met:
            return None
        return Reason.AUTH if StopOrigin.AUTH in met else Reason.PAUSED


def _is_doubted(row: Delivery, *, now: datetime) -> bool:
    lapsed = row.lease_ends_at is not None and row.lease_ends_at <= now
    return row.unclear_at is not None or lapsed


def _paces(channel: ChannelId, limits: Capabilities) -> list[tuple[str, timedelta, int]]:
    """Return every pace that binds a channel: its own, and that of its server."""
    paces = [(str(channel), limits.pace, max(limits.burst, 1))]
    if limits.host:
        paces.append((f"on {limits.host}", limits.host_pace, max(limits.host_burst, 1)))
    return [one for one in paces if one[1]]


def _wakes_at(row: Delivery) -> datetime:
    """Return when a pending row may be sent first, is over, or is late."""
    moments = [row.next_at, row.not_after_at]
    if row.catch_up is not CatchUp.POST:
        moments.append(row.due_at + LATE_AFTER)
    return min(moments)


def _is_asked_about(row: Delivery, *, now: datetime) -> bool:
    return (
        now - row.due_at > LATE_AFTER
        and row.attempts == 0
        and not row.released
        and row.frozen is None
        and row.catch_up is not CatchUp.POST
    )


def _unstopped(row: Delivery) -> Delivery:
    stopped = row.reason in (Reason.PAUSED, Reason.AUTH)
    return replace(row, reason=None) if stopped else row


def _seen(row: Delivery) -> tuple[object, ...]:
    row = _unstopped(row)
    return (row.state, row.reason, row.token, row.content_hash, row.payload, row.due_at)
