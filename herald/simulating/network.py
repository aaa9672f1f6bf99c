"""Simulated accounts: they take posts, lose answers, ask to wait, and are away for a day."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    RepeatSafe,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities, Handle
from herald.simulating.clock import YearClock
from herald.simulating.dice import Dice
from herald.simulating.troubles import Troubles

_WAITS = (timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=3))
"""What a network may ask for that is asked too often."""
_AS_A_RULE = 0.4
"""Seconds that a network takes."""
_SLOW = 25
_STILL_UNDER_WAY = timedelta(seconds=_SLOW)
_BEYOND = 0.3
"""Of the settle window: how long after Herald gave up a late request lands at most."""

chance: ContextVar[float] = ContextVar("chance", default=0.5)
"""Drawn for the running task's send: what spreads its retries, whatever others do meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What an account holds."""

    key: DeliveryKey
    asked_at: datetime
    """When the request left."""
    at: datetime
    claim: Claim


@dataclass(slots=True)
class Account:
    """One account on a network; it outlives every Herald that writes to it."""

    id: ChannelId
    network: str
    limits: Capabilities
    clock: YearClock
    dice: Dice
    troubles: Troubles
    watch: Callable[[Claim], None]
    """Told of every request that arrives or may arrive, before its fate is known."""
    posts: list[Post] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    throttled_until: datetime | None = None
    by_key: dict[DeliveryKey, list[Post]] = field(default_factory=dict)
    _landing: list[tuple[datetime, datetime, Claim]] = field(default_factory=list)

    def is_away(self) -> bool:
        """Tell whether the network cannot be reached today."""
        day = self.clock.now().date()
        return self.dice.hits(self.troubles.day_off, "day off", self.id, day)

    def strikes(self, fault: str, claim: Claim) -> bool:
        """Tell whether *fault* strikes this request, and count it."""
        often = getattr(self.troubles, fault)
        if not self.dice.hits(often, fault, claim.delivery.key, claim.token):
            return False
        self.faults[fault] += 1
        return True

    def publish(self, claim: Claim, *, asked_at: datetime) -> Receipt:
        """Make a post; the network that tells repeats apart gives the first one instead."""
        now, key = self.clock.now(), claim.delivery.key
        for post in self.by_key.get(key, ()):
            within = self.limits.repeat_within
            if within is not None and now - post.asked_at < within:
                self.faults["repeat recognised"] += 1
                return self._receipt(post)
        post = Post(key=key, asked_at=asked_at, at=now, claim=claim)
        self.posts.append(post)
        self.by_key.setdefault(key, []).append(post)
        return self._receipt(post)

    def land_later(self, claim: Claim, *, at: datetime, asked_at: datetime) -> None:
        """Remember a request that will arrive when nobody waits for its answer any more."""
        self._landing.append((at, asked_at, claim))

    def land(self) -> None:
        """Let arrive what should have by now."""
        now = self.clock.now()
        arrived = [one for one in self._landing if one[0] <= now]
        if arrived:
            self._landing = [one for one in self._landing if one[0] > now]
            for _, asked_at, claim in sorted(arrived, key=lambda one: one[0]):
                self.publish(claim, asked_at=asked_at)

    def next_landing(self) -> datetime | None:
        """Return when the next late request arrives."""
        return min((at for at, _, _ in self._landing), default=None)

    def _receipt(self, post: Post) -> Receipt:
        return Receipt(remote_id=f"{self.id}-{post.key[:12]}")


class SimulatedChannel:
    """One Herald's hold on an account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.dies: str = ""
        """``before`` or ``after``: Herald dies in its next send, before or after it arrives."""
        self.on_death: Callable[[], None] = lambda: None

    @property
    def id(self) -> ChannelId:
        """The channel's name."""
        return self.account.id

    @property
    def network(self) -> str:
        """The network's name."""
        return self.account.network

    async def capabilities(self) -> Capabilities:
        """Return the account's limits."""
        return self.account.limits

    async def send(self, claim: Claim) -> Outcome:
        """Do with a request what the year has in store for it."""
        account = self.account
        chance.set(account.dice.draw("jitter", claim.delivery.key, claim.token))
        account.watch(claim)
        if self.dies:
            await self._die(claim)
        asked_at = account.clock.now()
        slow = account.strikes("slow", claim)
        names = ("seconds", claim.delivery.key, claim.token)
        try:
            await account.clock.sleep(account.dice.number(2, _SLOW, *names) if slow else _AS_A_RULE)
        except asyncio.CancelledError:  # Herald died; its request is on its way all the same
            if account.dice.hits(0.5, "still arrives", claim.delivery.key, claim.token):
                account.land_later(claim, at=asked_at + _STILL_UNDER_WAY, asked_at=asked_at)
            raise
        if (rejected := self._rejected(claim)) is not None:
            return rejected
        return await self._accepted(claim, asked_at)

    def _rejected(  # noqa: PLR0911 - one return for each reason
        self, claim: Claim
    ) -> Outcome | None:
        """Return why the request is not taken; None if it is."""
        account, now = self.account, self.account.clock.now()
        if account.is_away():
            account.faults["away"] += 1
            return TryAgain("the network cannot be reached")
        if account.throttled_until is not None and now < account.throttled_until:
            return Throttled("slowly", account.throttled_until - now, 429)
        if account.strikes("throttled", claim):
            nth = account.dice.number(0, len(_WAITS) - 1, "wait", claim.delivery.key, claim.token)
            account.throttled_until = now + _WAITS[nth]
            return Throttled("slowly", _WAITS[nth], 429)
        if account.strikes("unavailable", claim):
            return TryAgain("not now", 503)
        if account.strikes("refused", claim):
            return Refused("not this", 422)
        if account.strikes("signed_out", claim):
            return Refused("who are you?", 401, RefusedScope.CHANNEL)
        return None

    async def _accepted(self, claim: Claim, asked_at: datetime) -> Outcome:
        account = self.account
        if account.strikes("lost_request", claim):
            return Unclear("the connection was lost")
        if account.strikes("late", claim):
            window = account.limits.settle_window * _BEYOND
            beyond = window * account.dice.draw("beyond", claim.delivery.key, claim.token)
            account.land_later(
                claim, at=asked_at + account.limits.timeout + beyond, asked_at=asked_at
            )
            await account.clock.sleep(2 * account.limits.timeout.total_seconds())
        receipt = account.publish(claim, asked_at=asked_at)
        if account.strikes("lost_answer", claim):
            return Unclear("the connection was lost")
        return Sent(receipt)

    async def _die(self, claim: Claim) -> None:
        account = self.account
        if self.dies == "after":
            account.publish(claim, asked_at=account.clock.now())
        account.faults[f"crash {self.dies}"] += 1
        self.on_death()
        await account.clock.sleep(timedelta(days=400).total_seconds())

    async def look_up(self, claim: Claim) -> Sighting:
        """Tell what the account holds, as far as its network can be asked."""
        account = self.account
        await account.clock.sleep(_AS_A_RULE)
        if account.limits.handle is Handle.NOTHING:
            return CannotTell("this network cannot be asked")
        if account.is_away() or account.strikes("blind", claim):
            return CannotTell("no answer", again=True)
        held = account.by_key.get(claim.delivery.key)
        if account.limits.repeat_within is not None and account.strikes("hidden", claim):
            return RepeatSafe()
        if held:
            return Found(Receipt(remote_id=f"{account.id}-{held[0].key[:12]}"))
        return Absent()

    async def close(self) -> None:
        """Give back nothing."""
