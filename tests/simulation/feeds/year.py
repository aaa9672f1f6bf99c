"""A year of Herald among its partners' feeds: the real stages joined, on a clock that jumps."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from herald.clock import SetClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.campaign import Amplify, Approve, Before, Campaign, Quota
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.delivery import (
    Absent,
    Claim,
    Delivery,
    DeliveryState,
    Found,
    Outcome,
    Reason,
    Receipt,
    Sent,
    Sighting,
)
from herald.model.ids import CampaignId, ChannelId, FeedId, Language
from herald.model.network import Capabilities, Handle
from herald.model.plan import Plan
from herald.model.polling import Decision, Identity, Known, NamedFeed, Polled, Understood
from herald.model.span import Span
from herald.model.words import Words
from herald.outbox import decisions
from herald.outbox.reconcile import reconcile
from herald.planning.plan import make_plan
from herald.sources.feeds.identity.identify import feed_id
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.understand import understand
from herald.sources.feeds.parsing.workers import ParseFailed
from herald.sources.feeds.poll import Poller
from herald.sources.feeds.wanted import wanted_feeds
from herald.store.engine import Store, open_store
from herald.store.feeds import StoredFeeds
from herald.store.outbox import StoredOutbox
from tests.makers import SOMEWHERE, an_occasion
from tests.simulation.feeds.country import Country
from tests.simulation.feeds.news import Agency
from tests.simulation.feeds.partners import Site
from tests.simulation.feeds.reckoning import CHANNELS, LIMIT, Post, Reckoning
from tests.simulation.feeds.web import Web

STARTS = datetime(2027, 1, 4, 6, 0, tzinfo=UTC)
_TICK = timedelta(hours=1)
"""Feeds that are due within it are polled together, as in one pass of a busy daemon."""
_MINUTES = timedelta(minutes=5)
_REMEMBERED = timedelta(days=30)
"""What came earlier is no news, and its event is over: it would only be planned in vain."""
_AHEAD = timedelta(days=60)
_AT_LEAST = timedelta(hours=12)
"""Herald plans so often though no feed said anything new; a daemon does every hour."""
_RESTARTS = timedelta(days=33)
CAPABILITIES = Capabilities(handle=Handle.LOOK_UP, concurrent=16)

Tamper = Callable[[Callable[[Known], Decision]], Callable[[Known], Decision]]
"""A fault of identity, for testing that the promises notice it."""


class ParsesHere:
    """Parses in this process, and once what is read again: a year has many weekly readings."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[bytes, NamedFeed]] = {}

    async def understand(self, document: Document) -> NamedFeed | ParseFailed:
        """Read a document."""
        last = self._last.get(document.url)
        # A calendar's recurring events depend on the day.
        if last is not None and last[0] == document.body and b"VCALENDAR" not in last[0][:40]:
            return last[1]
        parsed = understand(document)
        self._last[document.url] = (document.body, parsed)
        return parsed


class TamperedFeeds(StoredFeeds):
    """The store of feeds, with decisions that a fault may have changed."""

    tamper: Tamper | None = None

    async def save_understood(
        self,
        polled: FeedId,
        poll: Understood,
        named: Sequence[Identity],
        decide: Callable[[Known], Decision],
        *,
        now: datetime,
    ) -> Decision:
        """Let the fault have its way."""
        decided = self.tamper(decide) if self.tamper else decide
        return await super().save_understood(polled, poll, named, decided, now=now)


@dataclass(slots=True, repr=False)
class Wire:
    """A network that keeps what it gets, like a journal."""

    id: ChannelId
    clock: SetClock
    posts: dict[str, Post] = field(default_factory=dict)
    unseen: list[Post] = field(default_factory=list)
    """Posts that nobody has looked at."""
    twice: list[str] = field(default_factory=list)
    network: str = "journal"

    async def capabilities(self) -> Capabilities:
        """Return its habits."""
        return CAPABILITIES

    async def send(self, claim: Claim) -> Outcome:
        """Keep it."""
        delivery = claim.delivery
        if delivery.key in self.posts:
            self.twice.append(f"{self.clock.now():%m-%d %H:%M} {delivery.key[:8]} was sent again")
        self.posts[delivery.key] = post = Post(
            at=self.clock.now(),
            due_at=delivery.due_at,
            channel=delivery.channel,
            language=claim.payload.language,
            occasion=delivery.occasion,
            partner=str(delivery.partner),
            entry=str(delivery.entry),
            text=claim.payload.text,
            link=claim.payload.link,
        )
        self.unseen.append(post)
        return Sent(Receipt(remote_id=delivery.key))

    async def look_up(self, claim: Claim) -> Sighting:
        """Tell whether it is kept."""
        key = claim.delivery.key
        return Found(Receipt(remote_id=key)) if key in self.posts else Absent()

    async def close(self) -> None:
        """Do nothing."""


class Year:
    """Herald and the country around it; what the parts are made of are arguments."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        feeds: int,
        days: int,
        plan_every: timedelta = timedelta(hours=3),
        tamper: Tamper | None = None,
        limit: int = LIMIT,
        is_wild: bool = False,
    ) -> None:
        self.folder, self.seed, self.tamper, self.limit = folder, seed, tamper, limit
        self.clock = SetClock(STARTS)
        self.ends = STARTS + timedelta(days=days)
        self.plan_every = plan_every
        self.web = Web(self.clock)
        self.dice = random.Random(seed)
        self.country = Country(self.clock, self.web, self.dice, Agency(random.Random(seed + 1)))
        if is_wild:
            self.country.mischief_every, self.country.shared = 3.0, 0.4
            self.country.ahead = (4, 14)
            self.country.calendars, self.country.languages = 6, ("it", "es")
        self.country.settle(feeds)
        self.reckoning = Reckoning(self.clock, self.country, self.web)
        self.country.heard = self.reckoning.tellers
        self.wires = {name: Wire(ChannelId(name), self.clock) for name in CHANNELS}
        self.due: dict[FeedId, datetime] = {}
        self.sites: dict[str, Site] = {}
        self.news = True
        self.sending: list[datetime] = []
        self.counts: Counter[str] = Counter()

    # ------------------------------------------------------------------ living

    async def live(self) -> None:
        """Live through the year, and stop at the first broken promise."""
        await self.start()
        plan_at = person_at = restart_at = self.clock.now()
        try:
            while self.clock.now() < self.ends and not self.reckoning.broken:
                now = self.clock.now()
                self.country.live_until(now)
                if now >= restart_at:
                    await self.restart()
                    restart_at = now + _RESTARTS
                await self.follow_members()
                if any(at <= now for at in self.due.values()):
                    await self.poller.poll_due(now, asyncio.Event())
                    await self._leave_the_gone(now)
                if (self.news and now >= plan_at) or now >= plan_at + _AT_LEAST:
                    await self.plan()
                    plan_at = now + self.plan_every
                if now >= person_at:
                    await self.decide_by_hand()
                    person_at = now.replace(hour=8, minute=0, second=0) + timedelta(days=1)
                await self.send()
                self.reckoning.look(self.wires.values())
                self._jump(plan_at, person_at)
            if not self.reckoning.broken:
                await self.plan()
                self.reckoning.identify(await self.feeds.entries(STARTS - _REMEMBERED))
                self.reckoning.close(self.wires.values(), await self.outbox.list_deliveries())
        finally:
            await self.store.close()

    def _jump(self, plan_at: datetime, person_at: datetime) -> None:
        """Put the clock where something happens next."""
        now = self.clock.now()
        polls = _ceil(min(self.due.values()), _TICK)
        sends = _ceil(min(self.sending), _MINUTES) if self.sending else self.ends
        world = _ceil(self.country.next_at(), _TICK)
        plans = plan_at if self.news else plan_at + _AT_LEAST
        to = max(min(polls, sends, world, plans, person_at), now + timedelta(seconds=1))
        self.clock.advance(to - now)
        self.counts["moments"] += 1

    async def start(self) -> None:
        """Begin, or begin again, on the same store."""
        self.store = await open_store("sqlite:///herald.db", self.folder)
        await _without_waiting_for_the_disk(self.store)
        self.outbox = StoredOutbox(self.store)
        self.feeds = TamperedFeeds(self.store)
        self.feeds.tamper = self.tamper
        self.poller = Poller(
            self.feeds,
            self.web,
            ParsesHere(),
            clock=self.clock,
            random=self._draw,
            tell=self._hear,
            zone="Europe/Rome",
        )
        self.worker = Worker(
            self.outbox,
            self.wires,
            clock=self.clock,
            owner="herald",
            policy=Policy(),
            random=self._draw,
        )
        for wire in self.wires.values():
            await self.outbox.save_capabilities(wire.id, wire.network, CAPABILITIES)

    def _draw(self) -> float:
        """Draw by the moment: what runs side by side must not draw in a chance order."""
        return random.Random(f"{self.seed} {self.clock.now()}").random()

    async def restart(self) -> None:
        """Leave, and begin again with nothing but the store."""
        await self.store.close()
        await self.start()
        self.counts["restarts"] += 1

    async def follow_members(self) -> None:
        """Bring the configuration in line with who takes part."""
        if not self.country.members_changed:
            return
        self.country.members_changed = False
        members = [house for house in self.country.houses if house.is_member]
        self.partners = {house.id: house.configured() for house in members}
        self.sites = {feed_id(site.url): site for house in members for site in house.sites}
        wanted = wanted_feeds(self.partners.values())
        await self.poller.sync(wanted)
        now = self.clock.now()
        self.due = {one.id: self.due.get(one.id, now) for one in wanted}
        if self.counts["plans"]:
            await self.plan()

    def _hear(self, polled: Polled) -> None:
        self.due[polled.feed] = polled.next_check_at
        if polled.new or polled.edited:
            self.news = True
        self.counts["new"] += polled.new
        self.counts["edited"] += polled.edited
        self.counts["seeded"] += polled.seeded
        self.reckoning.hear(self.sites[polled.feed], polled)

    async def _leave_the_gone(self, now: datetime) -> None:
        """Wait no more for feeds that are asked no more."""
        if not any(at <= now for at in self.due.values()):
            return
        for one in await self.feeds.health(now=now):
            if one.feed.gone:
                self.due[one.feed.id] = datetime.max.replace(tzinfo=UTC)

    # ------------------------------------------------------------------ planning and sending

    async def plan(self) -> None:
        """Plan what lies ahead and bring the outbox in line."""
        now = self.clock.now()
        plan: Plan = await asyncio.to_thread(
            make_plan,
            [a_campaign(self.limit)],
            Configuration(zone="Europe/Rome", channels=_CHANNELS, partners=self.partners),
            entries=await self.feeds.entries(now - _REMEMBERED),
            history=await self.outbox.history(),
            capabilities=dict.fromkeys(self.wires, CAPABILITIES),
            now=now,
            first=now,
            last=now + _AHEAD,
        )
        difference = await self.outbox.reconcile(
            plan, lambda rows: reconcile(plan, rows, now=now), now=now
        )
        if difference.refused:
            confirmed = difference.hash
            await self.outbox.reconcile(
                plan, lambda rows: reconcile(plan, rows, now=now, confirmed=confirmed), now=now
            )
            self.counts["confirmed"] += 1
        self.worker.wake()
        self.news = False
        self.counts["plans"] += 1
        self.reckoning.planned(plan)
        await self._look_ahead()

    async def _look_ahead(self) -> None:
        waiting = await self.outbox.list_deliveries(states=(DeliveryState.PENDING,))
        self.sending = [row.next_at for row in waiting]

    async def send(self) -> None:
        """Send what is due; a second look is taken as a daemon takes one every second."""
        now = self.clock.now()
        if not any(at <= now for at in self.sending):
            return
        for _ in range(20):
            await self.worker.drain()
            await self._look_ahead()
            if not any(at <= now for at in self.sending):
                return
            self.counts["looks that a drain left to the next"] += 1

    async def decide_by_hand(self) -> None:
        """Be the officer, who looks once a day: news goes out, repeats do not."""
        rows = await self.outbox.list_deliveries(states=(DeliveryState.HELD,))
        for row in rows:
            if row.reason not in {Reason.APPROVAL, Reason.MOVED}:
                continue
            is_news = self.reckoning.judge_by_hand(row)
            after = self._by_hand(row, is_news=is_news)
            if isinstance(after, Delivery):
                await self.outbox.decide(after, was=row)
            self.counts["approved" if is_news else "refused"] += 1
        if rows:
            self.worker.wake()
            await self._look_ahead()

    def _by_hand(self, row: Delivery, *, is_news: bool) -> Delivery | str:
        if not is_news:
            return decisions.withdraw(row)
        verb = decisions.approve if row.reason is Reason.APPROVAL else decisions.release
        return verb(row, now=self.clock.now())


def a_campaign(limit: int) -> Campaign:
    """Return the campaign that passes on what partners say."""
    rule = Amplify(
        partners=("*",),
        fresh=timedelta(days=7),
        limit_partner=Quota(count=limit, period=timedelta(days=1)),
        approve=Approve.AUTO,
        text=Words.in_every_language("{title} — {partner}\n{link}\n{text}"),
        post=(an_occasion(Before(span=Span(days=2), at=time(10))),),
        place=SOMEWHERE,
    )
    return Campaign(
        id=CampaignId("voices"),
        zone="Europe/Rome",
        languages=(Language("en"),),
        channels=tuple(ChannelId(name) for name in CHANNELS),
        amplify=(rule,),
        place=SOMEWHERE,
    )


_CHANNELS = {
    ChannelId(name): ChannelConfig(
        id=ChannelId(name),
        network="journal",
        languages=tuple(Language(tag) for tag in spoken),
        place=SOMEWHERE,
    )
    for name, spoken in CHANNELS.items()
}


def _ceil(at: datetime, tick: timedelta) -> datetime:
    behind = (at - STARTS) % tick
    return at + (tick - behind if behind else timedelta(0)) if at.year < 9000 else at


async def _without_waiting_for_the_disk(store: Store) -> None:
    """Let nothing be forced to the disk: no power fails here, and a year has many commits."""

    def prepare(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.close()

    event.listen(store.engine.sync_engine, "connect", prepare)
    await store.engine.dispose()
