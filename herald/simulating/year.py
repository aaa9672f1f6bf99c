"""Lives through a year: from one moment at which something is due or changes to the next.

year = Year(house, accounts, clock=clock, dice=Dice(7), troubles=troubles, ...)
with asyncio.Runner(loop_factory=clock.loop) as runner:
    runner.run(year.live(until))
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import count
from typing import Protocol

from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.feed import Entry
from herald.model.ids import ChannelId, DeliveryKey, FeedId
from herald.model.plan import Plan, Reconciliation, Skipped
from herald.model.polling import WantedFeed
from herald.model.problem import Problem
from herald.model.stop import Stop, StopOrigin
from herald.outbox.decisions import approve
from herald.ports import OutboxStore
from herald.simulating.clock import YearClock
from herald.simulating.dice import Dice
from herald.simulating.house import House
from herald.simulating.network import Account, SimulatedChannel
from herald.simulating.partners import publications
from herald.simulating.troubles import Troubles
from herald.sources.feeds.wanted import wanted_feeds
from herald.sources.load import Loaded

STRIDE = timedelta(seconds=10)
"""Between two looks while something is being sent, doubted, or kept back by pace."""
AHEAD = timedelta(days=14)
"""What is planned at a time. A true Herald plans sixty days: the same goes out, and four times as
much is composed every day."""
PLANS_AT = time(7, 0)
"""UTC: when what partners have published since yesterday is read, and all is planned anew."""
RESTARTS_AFTER = (timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=90))
STAYS_OFF = (timedelta(hours=2), timedelta(hours=9), timedelta(hours=30), timedelta(days=4))
_ALL_DAY = 24 * 60 - 1

_Act = Callable[[], Awaitable[None]]


class ForeseeingOutbox(OutboxStore, Protocol):
    """An outbox that can tell when it is worth looking at."""

    async def next_look(self, after: datetime) -> datetime | None:
        """Return the next moment later than *after* at which a claim could find something new."""
        ...

    async def is_busy(self, now: datetime) -> bool:
        """Tell whether something is claimed, or due and kept back by nothing but its pace."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What a simulated year takes for granted about people."""

    approve_after: timedelta | None = None
    """How long a post or an issue waits for its approval; None: for ever."""
    sign_in_after: timedelta = timedelta(days=1)
    """How long a channel stays stopped whose sign-in was refused."""
    a_week: Mapping[FeedId, float] = field(default_factory=dict)
    """How many entries each feed publishes."""


async def _nothing_more(day: date) -> None:
    return


class Year:
    """One house, its accounts and its partners, on one clock."""

    def __init__(
        self,
        house: House,
        outbox: ForeseeingOutbox,
        *,
        clock: YearClock,
        dice: Dice,
        troubles: Troubles,
        open_account: Callable[[ChannelId, Loaded], Account],
        assumptions: Assumptions,
        every_day: Callable[[date], Awaitable[None]] = _nothing_more,
    ) -> None:
        """Take *every_day*, called each morning: a progress display, or people who edit files."""
        self.house = house
        self.outbox = outbox
        self.clock = clock
        self.dice = dice
        self.troubles = troubles
        self.assumptions = assumptions
        self.accounts: dict[ChannelId, Account] = {}
        self.faults: Counter[str] = Counter()
        self.plans = 0
        self.steps = 0
        self.skipped: dict[Skipped, datetime] = {}
        self.problems: dict[Problem, datetime] = {}
        self.away: list[tuple[datetime, datetime]] = []
        """When Herald was off."""
        self.stops_left: tuple[Stop, ...] = ()
        """What is stopped when it is over."""
        self.approved: Counter[str] = Counter()
        """What was approved, by campaign."""
        self._open_account = open_account
        self._every_day = every_day
        self._agenda: list[tuple[datetime, int, _Act]] = []
        self._order = count()
        self._unread: list[tuple[datetime, int, Entry]] = []
        self._feeds: Sequence[WantedFeed] = ()
        self._waits_since: dict[DeliveryKey, datetime] = {}

    # ------------------------------------------------------------------ time

    async def live(self, until: datetime) -> None:
        """Go on from now to *until*."""
        await self._wake_up()
        self._at(_midnight(self.clock.now()), self._morning)
        while self.clock.now() < until:
            timer = await self.clock.rest()
            self.house.fail_if_broken()
            self.clock.move(await self._next_moment(timer, until))
            await self._arrive()
            self.house.look()
            self.steps += 1
        await self.clock.rest()
        await self.house.crash()
        self.stops_left = await self.outbox.stops()

    async def _next_moment(self, timer: datetime | None, until: datetime) -> datetime:
        now = self.clock.now()
        moments = [until, self.clock.next_waking(), timer]
        moments += [account.next_landing() for account in self.accounts.values()]
        if self._agenda:
            moments.append(self._agenda[0][0])
        if self.house.is_running:
            moments.append(self.house.next_issue())
            if await self.outbox.is_busy(now):
                moments.append(now + STRIDE)
            else:
                moments.append(await self.outbox.next_look(now))
        return max(min(moment for moment in moments if moment is not None), now)

    async def _arrive(self) -> None:
        """Let happen what the moment holds besides sending."""
        now = self.clock.now()
        for account in self.accounts.values():
            account.land()
        while self._agenda and self._agenda[0][0] <= now:
            _, _, act = heapq.heappop(self._agenda)
            await act()
        if self.house.is_running:
            self.house.letters.send_due(now=now)

    def _at(self, moment: datetime, act: _Act) -> None:
        heapq.heappush(self._agenda, (moment, next(self._order), act))

    # ------------------------------------------------------------------ days

    async def _morning(self) -> None:
        """Make out what the day will bring."""
        day = self.clock.now().date()
        self._at(_midnight(self.clock.now()), self._morning)
        self._publish(day)
        self._at(datetime.combine(day, PLANS_AT, UTC), self._plan_the_day)
        dice = self.dice
        if dice.hits(self.troubles.crash, "crash", day):
            minute = dice.number(0, _ALL_DAY, "crash at", day)
            self._at(_minute(day, minute), self._prepare_crash)
        if dice.hits(self.troubles.absence, "absence", day):
            minute = dice.number(0, _ALL_DAY, "absence at", day)
            self._at(_minute(day, minute), self._go_away)
        await self._sign_in()
        await self._every_day(day)

    async def _plan_the_day(self) -> None:
        if self.house.is_running:
            self._read_news()
            await self.replan()
            await self._approve()

    async def replan(self, *, confirmed: str = "") -> tuple[Plan, Reconciliation]:
        """Plan, and open the accounts that are new."""
        loaded, plan, difference = await self.house.replan(ahead=AHEAD, confirmed=confirmed)
        now = self.clock.now()
        self.plans += 1
        for skipped in plan.skipped:
            self.skipped.setdefault(skipped, now)
        for problem in plan.problems:
            self.problems.setdefault(problem, now)
        self._feeds = wanted_feeds(loaded.configuration.partners.values())
        for channel in loaded.configuration.channels.values():
            if channel.id not in self.house.channels:
                await self._open(channel.id, loaded)
        return plan, difference

    async def _open(self, channel: ChannelId, loaded: Loaded) -> None:
        account = self.accounts.get(channel) or self._open_account(channel, loaded)
        self.accounts[channel] = account
        self.house.channels[channel] = SimulatedChannel(account)
        await self.outbox.save_capabilities(channel, account.network, account.limits)

    # ------------------------------------------------------------------ partners

    def _publish(self, day: date) -> None:
        for feed in self._feeds:
            a_week = self.assumptions.a_week.get(feed.id, 0.0)
            for one in publications(feed, day, a_week=a_week, dice=self.dice):
                heapq.heappush(self._unread, (one.at, next(self._order), one.entry))

    def _read_news(self) -> None:
        """Take in what partners have published by now."""
        now = self.clock.now()
        while self._unread and self._unread[0][0] <= now:
            _, _, entry = heapq.heappop(self._unread)
            self.house.feeds.read(entry, now=now)
            self.faults["entries read"] += 1

    # ------------------------------------------------------------------ people

    async def _approve(self) -> None:
        patience, now = self.assumptions.approve_after, self.clock.now()
        if patience is None:
            return
        self.house.letters.approve(waits_for=patience, now=now)
        for row in await self.outbox.list_deliveries(states=(DeliveryState.HELD,)):
            if row.reason is not Reason.APPROVAL:
                continue
            since = self._waits_since.setdefault(row.key, now)
            if now - since >= patience:
                agreed = approve(row, now=now)
                if isinstance(agreed, Delivery) and await self.outbox.decide(agreed, was=row):
                    self.approved[row.campaign] += 1

    async def _sign_in(self) -> None:
        for stop in await self.outbox.stops():
            waited = self.clock.now() - stop.since
            if stop.origin is StopOrigin.AUTH and waited >= self.assumptions.sign_in_after:
                self.faults["signed in again"] += 1
                await self.outbox.resume(stop.scope, stop.name)

    # ------------------------------------------------------------------ lives

    async def _wake_up(self) -> None:
        """Begin a life: plan all that lies ahead, and let a worker work."""
        for account in self.accounts.values():
            self.house.channels[account.id] = SimulatedChannel(account)
        await self.replan()
        self.house.start()

    async def _prepare_crash(self) -> None:
        """Let the next send on one channel be this life's last act."""
        channels = sorted(self.house.channels)
        if not self.house.is_running or not channels:
            return
        now = self.clock.now()
        name = channels[self.dice.number(0, len(channels) - 1, "which dies", now)]
        channel = self.house.channels[name]
        if isinstance(channel, SimulatedChannel):
            channel.dies = "after" if self.dice.hits(0.5, "dies", now) else "before"
            channel.on_death = lambda: self._at(self.clock.now(), self._crash)

    async def _crash(self) -> None:
        nth = self.dice.number(0, len(RESTARTS_AFTER) - 1, "restarts", self.clock.now())
        self.faults["crash"] += 1
        await self._be_off(RESTARTS_AFTER[nth])

    async def _go_away(self) -> None:
        nth = self.dice.number(0, len(STAYS_OFF) - 1, "stays off", self.clock.now())
        self.faults["absence"] += 1
        await self._be_off(STAYS_OFF[nth])

    async def _be_off(self, span: timedelta) -> None:
        if not self.house.is_running:
            return
        await self.house.crash()
        now = self.clock.now()
        self.away.append((now, now + span))
        self._at(now + span, self._wake_up)

    # ------------------------------------------------------------------ telling

    async def summary_hash(self) -> str:
        """Return a name for all that came of it: the same seed gives the same."""
        rows = await self.outbox.list_deliveries()
        told = [
            (row.key, row.state, row.reason, row.sent_at, row.attempts, row.payload.text)
            for row in sorted(rows, key=lambda row: row.key)
        ]
        posts = [
            (name, [(post.key, post.at.isoformat()) for post in account.posts])
            for name, account in sorted(self.accounts.items())
        ]
        return sha256(repr((told, posts)).encode()).hexdigest()[:16]

    def fault_counts(self) -> Counter[str]:
        """Return how often each fault struck."""
        total = Counter(self.faults)
        for account in self.accounts.values():
            total.update(account.faults)
        return total


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date() + timedelta(days=1), time(0), UTC)


def _minute(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(0), UTC) + timedelta(minutes=minute)
