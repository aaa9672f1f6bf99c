"""An outbox in memory that keeps the contract of ``herald.ports.OutboxStore`` and ``MediaStore``.

For tests of whatever works with an outbox: nothing is written to disk, so nothing outlives it. It
passes ``tests/contracts/test_outbox_store.py`` like the real one. It shares no code with the
store, so that a mistake in either shows as a difference between the two.

    outbox = MemoryOutbox(a_delivery(), a_delivery(language="it"))
    claims = await outbox.claim(owner="w", now=NOON, most=1, capabilities={...})
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from herald.errors import MediaMissing
from herald.model.campaign import CatchUp
from herald.model.delivery import (
    HELD_UP_AFTER,
    LATE_AFTER,
    Attempt,
    Claim,
    Delivery,
    DeliveryState,
    History,
    Reason,
)
from herald.model.health import OutboxHealth, StateCount
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.model.reach import Reach
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict

S = DeliveryState


class MemoryOutbox:
    """A dictionary of deliveries, and what else the port remembers."""

    def __init__(self, *deliveries: Delivery) -> None:
        self.rows = {each.key: each for each in deliveries}
        self._attempts: list[Attempt] = []
        self._seen: dict[str, datetime] = {}
        self._stops: dict[tuple[StopScope, str, StopOrigin], Stop] = {}
        self._capabilities: dict[ChannelId, Capabilities] = {}
        self._spent: dict[str, datetime] = {}
        self._parked: dict[ChannelId, datetime] = {}
        self._served: dict[tuple[str, str], int] = {}
        self._turns = 0
        self._media: dict[str, bytes] = {}

    # Planning

    async def history(self) -> History:
        return History(deliveries=self._sorted(), first_seen=tuple(sorted(self._seen.items())))

    async def history_within(self, reach: Reach) -> History:
        return await self.history()

    async def concerned_by(self, plan: Plan) -> tuple[Delivery, ...]:
        return self._sorted()

    async def reconcile(
        self,
        plan: Plan,
        decide: Callable[[Sequence[Delivery]], Reconciliation],
        *,
        now: datetime,
        turn: int | None = None,
    ) -> Reconciliation:
        difference = decide(self._sorted())
        for step in difference.steps:
            row = self.rows.get(step.key)
            if step.after is not None and not (row and _is_out_there(row)):
                self.rows[step.key] = step.after
        for name in plan.first_seen:
            self._seen.setdefault(name, now)
        return difference

    # Sending

    async def claim(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        capabilities: dict[ChannelId, Capabilities],
    ) -> tuple[Claim, ...]:
        self._mind_the_time(now, capabilities)
        claims: list[Claim] = []
        progress = True
        while progress and len(claims) < most:
            progress = False
            for channel in sorted(capabilities):
                if len(claims) < most and self._may_send(channel, capabilities[channel], now):
                    due = self._due(channel, now)
                    if due:
                        claims.append(self._take(due[0], capabilities[channel], owner, now))
                        progress = True
        return tuple(sorted(claims, key=lambda each: (each.delivery.next_at, each.delivery.key)))

    def _mind_the_time(self, now: datetime, capabilities: Collection[ChannelId]) -> None:
        for row in list(self.rows.values()):
            if row.state is not S.PENDING or row.due_at > now or self._why_stopped(row):
                continue
            if row.not_after_at < now and row.frozen is not None:
                changed = replace(
                    row, state=S.CLAIMED, unclear_at=now, token=row.token + 1, lease_ends_at=None
                )
            elif row.not_after_at < now:
                changed = replace(row, state=S.EXPIRED, reason=None)
            elif (
                now - row.due_at > LATE_AFTER
                and row.attempts == 0
                and not row.released
                and row.frozen is None
                and row.catch_up is not CatchUp.POST
                and row.channel in capabilities
            ):
                skip = row.catch_up is CatchUp.SKIP
                changed = replace(
                    row,
                    state=S.EXPIRED if skip else S.HELD,
                    reason=None if skip else Reason.LATE,
                )
            else:
                continue
            self.rows[row.key] = changed

    def _may_send(self, channel: ChannelId, limits: Capabilities, now: datetime) -> bool:
        sending = sum(
            row.channel == channel
            and row.state is S.CLAIMED
            and row.unclear_at is None
            and row.lease_ends_at is not None
            and row.lease_ends_at > now
            for row in self.rows.values()
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

    def _due(self, channel: ChannelId, now: datetime) -> list[Delivery]:
        due = [
            row
            for row in self.rows.values()
            if row.state is S.PENDING
            and row.channel == channel
            and row.next_at <= now
            and not self._why_stopped(row)
        ]
        return sorted(
            due,
            key=lambda row: (
                self._served.get((channel, row.campaign), 0),
                row.next_at,
                row.key,
            ),
        )

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
        self.rows[row.key] = taken
        self._attempts.append(Attempt(key=row.key, token=taken.token, started_at=now))
        for name, pace, burst in _paces(row.channel, limits):
            self._spent[name] = self._spent_by(name, pace, burst, now) + pace
        self._turns += 1
        self._served[row.channel, row.campaign] = self._turns
        return Claim(
            delivery=taken,
            token=taken.token,
            attempt=taken.attempts,
            repeats=row.frozen is not None,
        )

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        row = self.rows.get(key)
        if row is None or row.state is not S.CLAIMED or row.token != token:
            return False
        self.rows[key] = self._settled(row, verdict, now)
        for nth, attempt in enumerate(self._attempts):
            if (attempt.key, attempt.token) == (key, token):
                self._attempts[nth] = replace(
                    attempt, ended_at=now, outcome=type(verdict).__name__.casefold()
                )
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
        lapsed = [
            row
            for row in self.rows.values()
            if row.state is S.CLAIMED
            and row.unclear_at is None
            and (row.lease_ends_at is None or row.lease_ends_at <= now)
        ]
        for row in lapsed:
            self.rows[row.key] = replace(
                row, unclear_at=now, token=row.token + 1, lease_ends_at=None
            )
        return len(lapsed)

    async def unclear(self) -> tuple[Delivery, ...]:
        rows = (row for row in self.rows.values() if row.state is S.CLAIMED and row.unclear_at)
        return tuple(sorted(rows, key=lambda row: (row.unclear_at, row.key)))

    async def claim_look_up(
        self, key: DeliveryKey, *, owner: str, now: datetime, lease: timedelta
    ) -> Claim | None:
        row = self.rows.get(key)
        if row is None or row.state is not S.CLAIMED or row.unclear_at is None:
            return None
        if row.lease_ends_at is not None and row.lease_ends_at > now:
            return None
        taken = replace(row, token=row.token + 1, owner=owner, lease_ends_at=now + lease)
        self.rows[key] = taken
        return Claim(delivery=taken, token=taken.token, attempt=taken.attempts)

    # Looking and deciding

    async def list_deliveries(
        self,
        *,
        states: Collection[str] = (),
        prefix: str = "",
        campaign: str = "",
        item: str = "",
        channel: str = "",
    ) -> tuple[Delivery, ...]:
        return tuple(
            replace(row, reason=self._why_stopped(row)) if self._shows_stop(row) else row
            for row in self._sorted()
            if (not states or row.state in states)
            and row.key.startswith(prefix)
            and campaign in ("", row.campaign)
            and item in ("", row.item)
            and channel in ("", row.channel)
        )

    async def attempts(self, key: DeliveryKey) -> tuple[Attempt, ...]:
        return tuple(each for each in self._attempts if each.key == key)

    async def decide(self, changed: Delivery, *, was: Delivery) -> bool:
        row = self.rows.get(was.key)
        if row is None or row.state in (S.CLAIMED, S.SENT) or _seen(row) != _seen(was):
            return False
        self.rows[was.key] = _unstopped(changed)
        return True

    async def set_url(self, key: DeliveryKey, url: str, *, now: datetime) -> bool:
        row = self.rows.get(key)
        if row is None or row.state is not S.SENT:
            return False
        self.rows[key] = replace(row, url=url)
        self._attempts.append(
            Attempt(key=key, token=0, started_at=now, ended_at=now, outcome="done", answer=url)
        )
        return True

    async def next_moment(self, *, after: datetime, until: datetime) -> datetime | None:
        moments = (row.next_at for row in self.rows.values() if row.state is S.PENDING)
        return min((each for each in moments if after < each <= until), default=None)

    async def next_delivery(self, *, now: datetime) -> Delivery | None:
        ahead = (row for row in self._sorted() if row.state is S.PENDING and row.due_at >= now)
        return next((row for row in ahead if self._why_stopped(row) is None), None)

    async def channels_due(
        self, channels: Collection[ChannelId], *, now: datetime
    ) -> frozenset[ChannelId]:
        return frozenset(channel for channel in channels if self._due(channel, now))

    async def unlinked(self, network: str) -> tuple[Delivery, ...]:
        sent = (row for row in self._sorted() if row.state is S.SENT)
        return tuple(row for row in sent if row.network == network and not row.url)

    async def health(self, *, now: datetime) -> OutboxHealth:
        cut = now - LATE_AFTER
        shown = await self.list_deliveries()
        kinds = sorted({(row.state, row.reason or "") for row in shown})
        overdue = [
            row
            for row in shown
            if row.state is S.PENDING
            and row.reason is None
            and row.due_at < cut
            and (
                (
                    row.next_at < cut
                    and self._parked.get(row.channel, now) <= now
                    and self._spent.get(row.channel, now) <= now
                )
                or row.due_at < now - HELD_UP_AFTER
            )
        ]
        return OutboxHealth(
            counts=tuple(
                StateCount(
                    state=state,
                    reason=Reason(reason) if reason else None,
                    count=sum((row.state, row.reason or "") == (state, reason) for row in shown),
                )
                for state, reason in kinds
            ),
            overdue=len(overdue),
            oldest_overdue_at=overdue[0].due_at if overdue else None,
            unclear=sum(
                (row.state is S.CLAIMED and row.unclear_at is not None)
                or (row.state is S.CLAIMED and row.lease_ends_at and row.lease_ends_at <= now)
                or (row.state is S.HELD and row.reason is Reason.UNCLEAR)
                for row in shown
            ),
            failed_lately=sum(
                row.state is S.FAILED and row.due_at > now - timedelta(days=1) for row in shown
            ),
        )

    # Stopping, limits, pictures

    async def stop(self, stop: Stop) -> None:
        self._keep(stop)

    async def resume(self, scope: str, name: str) -> bool:
        ended = [
            key for key in self._stops if key[:2] == (scope, name) and key[2] is not StopOrigin.FILE
        ]
        for key in ended:
            del self._stops[key]
        return bool(ended)

    async def stops(self) -> tuple[Stop, ...]:
        return tuple(self._stops[key] for key in sorted(self._stops))

    async def sync_file_stops(self, stops: Iterable[Stop], *, turn: int | None = None) -> None:
        wanted = {(each.scope, each.name, StopOrigin.FILE): each for each in stops}
        for key in [key for key in self._stops if key[2] is StopOrigin.FILE and key not in wanted]:
            del self._stops[key]
        for stop in wanted.values():
            self._keep(stop)

    async def capabilities(self) -> dict[ChannelId, Capabilities]:
        return dict(self._capabilities)

    async def save_capabilities(
        self, channel: ChannelId, network: str, capabilities: Capabilities
    ) -> None:
        self._capabilities[channel] = capabilities

    async def put_media(self, sha256: str, media_type: str, content: bytes) -> None:
        self._media.setdefault(sha256, content)

    async def has_media(self, hashes: Collection[str]) -> frozenset[str]:
        return frozenset(hashes) & self._media.keys()

    async def get_media(self, sha256: str) -> bytes:
        if sha256 not in self._media:
            raise MediaMissing(f"the picture {sha256[:12]} is not in the store")
        return self._media[sha256]

    # Inside

    def _sorted(self) -> tuple[Delivery, ...]:
        return tuple(sorted(self.rows.values(), key=lambda row: (row.due_at, row.key)))

    def _keep(self, stop: Stop) -> None:
        key = (stop.scope, stop.name, stop.origin)
        since = self._stops[key].since if key in self._stops else stop.since
        self._stops[key] = replace(stop, since=since)

    def _shows_stop(self, row: Delivery) -> bool:
        return row.state is S.PENDING and self._why_stopped(row) is not None

    def _why_stopped(self, row: Delivery) -> Reason | None:
        met = {
            stop.origin
            for stop in self._stops.values()
            if (stop.scope, stop.name)
            in {
                (StopScope.EVERYTHING, ""),
                (StopScope.CHANNEL, row.channel),
                (StopScope.PARTNER, row.partner),
                (StopScope.CAMPAIGN, row.campaign),
            }
        }
        if not met:
            return None
        return Reason.AUTH if StopOrigin.AUTH in met else Reason.PAUSED


def _paces(channel: ChannelId, limits: Capabilities) -> list[tuple[str, timedelta, int]]:
    """Return what a send uses up: of its account, and of the server that it shares."""
    paces = [(str(channel), limits.pace, limits.burst)]
    if limits.host:
        paces.append((f"on {limits.host}", limits.host_pace, limits.host_burst))
    return [(name, pace, max(burst, 1)) for name, pace, burst in paces if pace]


def _is_out_there(row: Delivery) -> bool:
    return row.state in (S.CLAIMED, S.SENT) or (
        row.state is S.HELD and row.reason is Reason.UNCLEAR
    )


def _unstopped(row: Delivery) -> Delivery:
    stopped = row.reason in (Reason.PAUSED, Reason.AUTH)
    return replace(row, reason=None) if stopped else row


def _seen(row: Delivery) -> tuple[object, ...]:
    row = _unstopped(row)
    return (row.state, row.reason, row.token, row.content_hash, row.payload, row.due_at)
