"""Parts of Herald made wrong on purpose; each stands in the place of the right one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from herald.model.delivery import (
    Absent,
    Claim,
    DeliveryState,
    Found,
    Outcome,
    Receipt,
    Sighting,
    TryAgain,
    Unclear,
)
from herald.model.ids import DeliveryKey
from herald.model.network import Capabilities
from herald.model.plan import PlannedDelivery
from herald.model.verdict import Done, Park, Retry, Verdict
from herald.outbox.fingerprint import payload_fingerprint
from herald.store.claiming import claim_due
from herald.store.engine import Store
from herald.store.outbox import StoredOutbox
from herald.store.tables import delivery
from tests.machine.lives import MachineClock
from tests.machine.network import ModelChannel

_d = delivery.c
_PENDING, _CLAIMED = DeliveryState.PENDING.value, DeliveryState.CLAIMED.value
_AS_NEW: dict[str, Any] = {
    # What is frozen counts as a repeat, which is not sent unseen: a second line of defence.
    "state": _PENDING,
    "lease_ends_at": None,
    "frozen": None,
    "first_send_at": None,
}
_NEVER = 1e9


class Outbox(StoredOutbox):
    """A right outbox that wrong ones begin from."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.database = store

    async def alter(self, *where: Any, **values: Any) -> int:
        """Write *values* past all rules; return into how many rows."""
        async with self.database.writing() as connection:
            changed = await connection.execute(update(delivery).where(*where).values(values))
            return changed.rowcount


class Requeues(Outbox):
    """Takes what nobody knows the end of for what was never sent."""

    async def reap(self, *, now: datetime) -> int:
        lapsed = (_d.state == _CLAIMED, _d.unclear_at.is_(None), _d.lease_ends_at <= now)
        return await self.alter(*lapsed, **_AS_NEW, token=_d.token + 1)


class ForgetsOwners(Outbox):
    """Takes whoever held a claim that lapsed for dead."""

    async def reap(self, *, now: datetime) -> int:
        reaped = await super().reap(now=now)
        await self.alter(_d.unclear_at == now, owner="")
        return reaped


class ForgetsTokens(Outbox):
    """Lets anybody settle whatever is claimed now."""

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        async with self.database.reading() as connection:
            newest = await connection.scalar(select(_d.token).where(_d.key == key))
        return await super().settle(key, token=newest or token, verdict=verdict, now=now)


class RecordsFirst(Outbox):
    """Writes down that it was sent, and then sends it."""

    async def claim(self, *, now: datetime, **asked: Any) -> tuple[Claim, ...]:
        claims = await super().claim(now=now, **asked)
        for claim in claims:
            done = Done(Receipt(remote_id="soon"))
            await self.settle(claim.delivery.key, token=claim.token, verdict=done, now=now)
        return claims


class SharesClaims(Outbox):
    """Lets a second worker take what the first one has."""

    async def claim(self, **asked: Any) -> tuple[Claim, ...]:
        await self.alter(_d.state == _CLAIMED, _d.unclear_at.is_(None), **_AS_NEW)
        return await super().claim(**asked)


class _NotYet(Exception):
    """Takes a transaction back."""


class CommitsLater(Outbox):
    """Sends first, and commits the claim when the answer is there."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._asked: dict[str, Any] = {}

    async def claim(self, **asked: Any) -> tuple[Claim, ...]:
        claims: tuple[Claim, ...] = ()
        self._asked = asked
        try:
            async with self.database.writing() as connection:
                claims = await claim_due(connection, **asked)
                raise _NotYet
        except _NotYet:
            return claims

    async def settle(self, key: DeliveryKey, **asked: Any) -> bool:
        await super().claim(**self._asked)
        return await super().settle(key, **asked)


class CountsThrottles(Outbox):
    """Takes a network's request to wait for a failed attempt."""

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        if isinstance(verdict, Park):
            verdict = Retry(verdict.until, verdict.why)
        return await super().settle(key, token=token, verdict=verdict, now=now)


class SendsForEver(Outbox):
    """Claims whatever was due at any time."""

    async def claim(self, *, now: datetime, **asked: Any) -> tuple[Claim, ...]:
        long = now + timedelta(days=1)
        await self.alter(_d.state == _PENDING, _d.not_after_at < long, not_after_at=long)
        return await super().claim(now=now, **asked)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A right channel that wrong ones begin from."""

    inner: ModelChannel

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class SendsAgain(Wrapped):
    """Takes a lost answer for a failure."""

    async def send(self, claim: Claim) -> Outcome:
        outcome = await self.inner.send(claim)
        return TryAgain(outcome.why) if isinstance(outcome, Unclear) else outcome


class FindsNothing(Wrapped):
    """Never finds what it looks for."""

    async def look_up(self, claim: Claim) -> Sighting:
        return Absent()


class FindsAll(Wrapped):
    """Finds whatever it looks for."""

    async def look_up(self, claim: Claim) -> Sighting:
        return Found(Receipt(remote_id="surely"))


@dataclass(frozen=True, slots=True)
class WallClockOnly:
    """Measures on the wall clock how long something took."""

    inner: MachineClock

    def now(self) -> datetime:
        return self.inner.now()

    def monotonic(self) -> float:
        return self.inner.now().timestamp()

    async def sleep(self, seconds: float) -> None:
        await self.inner.sleep(seconds)


class NeverPolls(WallClockOnly):
    """Sleeps until it is woken."""

    def monotonic(self) -> float:
        return self.inner.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(_NEVER)


def looking_at_once(limits: Capabilities) -> Capabilities:
    """Return *limits* without the time that a network may go on with a lost request."""
    return replace(limits, settle_window=timedelta(0))


def keyed_by_content(planned: PlannedDelivery) -> PlannedDelivery:
    """Return *planned* under a key that its words are part of."""
    words = payload_fingerprint(planned.payload)
    return replace(planned, key=DeliveryKey(f"{words}{planned.key}"[:32]))
