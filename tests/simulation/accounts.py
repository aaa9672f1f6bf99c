"""Accounts on networks that misbehave, and that outlive every crash of Herald."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from herald.clock import SetClock
from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities, Handle
from herald.ports import Channel

Watch = Callable[[Claim, datetime], None]

LIMITS = Capabilities(
    handle=Handle.LOOK_UP,
    timeout=timedelta(seconds=20),
    settle_window=timedelta(seconds=5),
    concurrent=3,
)


@dataclass(slots=True)
class Account:
    """What a network holds of one account, and how it treats who writes to it."""

    name: str
    dice: random.Random
    watch: Watch
    clock: SetClock
    trouble: float = 0.25
    posts: list[tuple[Claim, datetime]] = field(default_factory=list)
    throttled_until: datetime | None = None
    crash: str = ""
    """``before`` or ``after``: where the process dies at the next send."""
    crashed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self, claim: Claim) -> Sent:
        """Make a post, whether there is one of this key or not."""
        now = self.clock.now()
        self.watch(claim, now)
        self.posts.append((claim, now))
        return Sent(Receipt(remote_id=f"{len(self.posts)}"))

    def held(self, key: str) -> Found | None:
        """Return the post of *key*."""
        for nth, (claim, _) in enumerate(self.posts, 1):
            if claim.delivery.key == key:
                return Found(Receipt(remote_id=f"{nth}"))
        return None


@dataclass(slots=True)
class FaultyChannel:
    """One life of Herald's hold on an account."""

    account: Account
    network: str = "journal"

    @property
    def id(self) -> ChannelId:
        return ChannelId(self.account.name)

    async def capabilities(self) -> Capabilities:
        return LIMITS

    async def send(self, claim: Claim) -> Outcome:
        account = self.account
        if account.crash:
            if account.crash == "after":
                account.publish(claim)
            account.crash = ""
            account.crashed.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return self._misbehave(claim)

    def _misbehave(self, claim: Claim) -> Outcome:  # noqa: PLR0911 - one return for each fault
        account, now = self.account, self.account.clock.now()
        if account.dice.random() > account.trouble:
            return account.publish(claim)
        match account.dice.randrange(6):
            case 0:
                account.publish(claim)
                return Unclear("the answer was lost")
            case 1:
                return Unclear("the request was lost")
            case 2:
                wait = timedelta(minutes=account.dice.choice([1, 20, 180]))
                account.throttled_until = now + wait
                return Throttled("slowly", wait, 429)
            case 3:
                return TryAgain("not now", 503)
            case 4:
                return Refused("not like this", 422)
            case _:
                account.clock.advance(timedelta(seconds=account.dice.randrange(15)))
                return account.publish(claim)

    async def look_up(self, claim: Claim) -> Sighting:
        if self.account.dice.random() < 0.1:
            return CannotTell("no answer", again=self.account.dice.random() < 0.8)
        return self.account.held(claim.delivery.key) or Absent()

    async def close(self) -> None:
        return


@dataclass(slots=True)
class WatchedChannel:
    """A real channel, whose sends are looked at."""

    inner: Channel
    watch: Watch
    clock: SetClock

    @property
    def id(self) -> ChannelId:
        return self.inner.id

    @property
    def network(self) -> str:
        return self.inner.network

    async def capabilities(self) -> Capabilities:
        return await self.inner.capabilities()

    async def send(self, claim: Claim) -> Outcome:
        self.watch(claim, self.clock.now())
        return await self.inner.send(claim)

    async def look_up(self, claim: Claim) -> Sighting:
        return await self.inner.look_up(claim)

    async def close(self) -> None:
        await self.inner.close()
