"""An outbox in memory that keeps the port's promises about claims, tokens and leases."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from herald.delivery.verdict import lease_of
from herald.model.delivery import Claim, Delivery, DeliveryState, Reason
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.model.verdict import (
    Done,
    Doubt,
    Expire,
    Fail,
    Hold,
    Park,
    Retry,
    StopChannel,
    Verdict,
)


class MemoryOutbox:
    """Only what delivery asks of a store; nothing survives."""

    def __init__(self, *rows: Delivery, limits: dict[str, Capabilities]) -> None:
        self.rows = {row.key: row for row in rows}
        self.limits = {ChannelId(name): limit for name, limit in limits.items()}
        self.parked: dict[ChannelId, datetime] = {}
        self.stopped: list[Stop] = []

    async def capabilities(self) -> dict[ChannelId, Capabilities]:
        return dict(self.limits)

    async def claim(
        self, *, owner: str, now: datetime, most: int, capabilities: dict[ChannelId, Capabilities]
    ) -> tuple[Claim, ...]:
        claims: list[Claim] = []
        for row in sorted(self.rows.values(), key=lambda row: (row.next_at, row.key)):
            if row.state is not DeliveryState.PENDING or row.next_at > now:
                continue
            if row.not_after_at < now:
                self.rows[row.key] = replace(row, state=DeliveryState.EXPIRED)
            elif len(claims) < most and row.channel in capabilities and self._is_free(row, now):
                claims.append(self._claimed(row, capabilities[row.channel], owner, now))
        return tuple(claims)

    def _is_free(self, row: Delivery, now: datetime) -> bool:
        taken = sum(
            other.channel == row.channel and other.state is DeliveryState.CLAIMED
            for other in self.rows.values()
        )
        is_stopped = any(stop.name == row.channel for stop in self.stopped)
        return (
            not is_stopped
            and taken < self.limits.get(row.channel, Capabilities()).concurrent
            and self.parked.get(row.channel, now) <= now
        )

    def _claimed(self, row: Delivery, limits: Capabilities, owner: str, now: datetime) -> Claim:
        claimed = replace(
            row,
            state=DeliveryState.CLAIMED,
            owner=owner,
            token=row.token + 1,
            attempts=row.attempts + 1,
            lease_ends_at=now + lease_of(limits),
            first_send_at=row.first_send_at or now,
            frozen=row.frozen or row.payload,
        )
        self.rows[row.key] = claimed
        return Claim(
            delivery=claimed,
            token=claimed.token,
            attempt=claimed.attempts,
            repeats=row.frozen is not None,
        )

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        row = self.rows[key]
        if row.token != token or row.state is not DeliveryState.CLAIMED:
            return False
        if isinstance(verdict, StopChannel):
            self.stopped.append(
                Stop(scope=StopScope.CHANNEL, name=row.channel, origin=StopOrigin.AUTH, since=now)
            )
        if isinstance(verdict, Park):
            self.parked[row.channel] = verdict.until
        self.rows[key] = replace(row, **self._changes(row, verdict, now))
        return True

    def _changes(  # noqa: PLR0911 - one for each verdict
        self, row: Delivery, verdict: Verdict, now: datetime
    ) -> dict[str, Any]:
        thawed = {"frozen": None, "first_send_at": None} if getattr(verdict, "thaw", 0) else {}
        free: dict[str, Any] = {"lease_ends_at": None, "unclear_at": None}
        pending: dict[str, Any] = free | thawed | {"state": DeliveryState.PENDING}
        match verdict:
            case Done(receipt):
                sent = {"state": DeliveryState.SENT, "sent_at": now, "url": receipt.url}
                return free | sent | {"remote_id": receipt.remote_id}
            case Retry(at, why):
                return pending | {"next_at": at, "error": why}
            case Park(until, why):
                return pending | {"next_at": until, "attempts": row.attempts - 1, "error": why}
            case StopChannel(why):
                return pending | {"attempts": row.attempts - 1, "error": why}
            case Fail(why):
                return free | {"state": DeliveryState.FAILED, "error": why}
            case Expire(why):
                return free | {"state": DeliveryState.EXPIRED, "error": why}
            case Hold(reason, why):
                return free | {"state": DeliveryState.HELD, "reason": reason, "error": why}
            case Doubt(why):
                since = row.unclear_at or now
                return {"unclear_at": since, "lease_ends_at": None, "error": why}

    async def reap(self, *, now: datetime) -> int:
        lapsed = [
            row
            for row in self.rows.values()
            if row.state is DeliveryState.CLAIMED and row.lease_ends_at and row.lease_ends_at <= now
        ]
        for row in lapsed:
            self.rows[row.key] = replace(
                row,
                token=row.token + 1,
                lease_ends_at=None,
                unclear_at=row.unclear_at or now,
            )
        return len(lapsed)

    async def unclear(self) -> tuple[Delivery, ...]:
        return tuple(
            row
            for row in self.rows.values()
            if row.state is DeliveryState.CLAIMED and row.unclear_at is not None
        )

    async def claim_look_up(
        self, key: DeliveryKey, *, owner: str, now: datetime, lease: timedelta
    ) -> Claim | None:
        row = self.rows[key]
        if row.unclear_at is None or (row.lease_ends_at and row.lease_ends_at > now):
            return None
        taken = replace(row, owner=owner, token=row.token + 1, lease_ends_at=now + lease)
        self.rows[key] = taken
        return Claim(delivery=taken, token=taken.token, attempt=taken.attempts)

    async def list_deliveries(self, *, states: tuple[str, ...] = ()) -> tuple[Delivery, ...]:
        return tuple(
            replace(row, reason=Reason.AUTH)
            if any(stop.name == row.channel for stop in self.stopped)
            else row
            for row in self.rows.values()
            if not states or row.state in states
        )
