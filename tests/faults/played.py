"""Lives that are played in one process: crash, restart, crash, restart, finish, in milliseconds.

A crash ends everything that a life holds in memory, exactly at its point; the database takes back
what was not committed. What was on its way to the network lands later, in the next life.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event

from herald.clock import SetClock
from herald.delivery.verdict import Policy, lease_of
from herald.delivery.worker import POLL, Worker
from herald.model.campaign import CatchUp
from herald.model.delivery import Claim, Outcome, Receipt, Sent, Sighting
from herald.model.ids import CampaignId, ChannelId, ItemId, Language, OccasionId, campaign_key
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery
from herald.outbox.reconcile import reconcile
from herald.store import tables
from herald.store.engine import Store, open_store
from herald.store.outbox import StoredOutbox
from tests.faults.channel import limits, sighting
from tests.faults.crashing import CrashingStore, Killed, PlayedCrash, Wire
from tests.faults.network import Shelf, Sight
from tests.makers import NOON, a_payload

ON_ITS_WAY = 0.8
"""Seconds until a request lands, whoever waits for its answer."""
SETTLE_WINDOW = 1.0
TIMEOUT = 20.0
STRIDE = 10.0
"""Seconds that whoever polls sleeps while nothing is on its way: each look at the outbox costs."""
LATER = timedelta(minutes=10)
"""When the second life begins by the wall clock; nothing else waits so long."""

FORGETS_AFTER = 15
"""Pairs that stay in one outbox: each reading of it takes longer."""


class PlayedClock(SetClock):
    """Who polls sleeps long where nothing can happen meanwhile, and exactly where something can."""

    is_quiet: Callable[[], bool] = staticmethod(lambda: False)

    async def sleep(self, seconds: float) -> None:
        """Move on by *seconds*, or by a stride."""
        await super().sleep(STRIDE if seconds == POLL and self.is_quiet() else seconds)


@dataclass(slots=True, kw_only=True)
class Air:
    """The network, and what is on its way to it."""

    clock: SetClock
    shelf: Shelf = field(default_factory=Shelf)
    _flying: list[tuple[float, str, str, int]] = field(default_factory=list)

    def post(self, channel: str, key: str, container: int) -> None:
        """Let a whole request go: nobody can call it back."""
        self._flying.append((self.clock.monotonic() + ON_ITS_WAY, channel, key, container))

    def land(self) -> None:
        """Let what is due arrive."""
        now, flying = self.clock.monotonic(), self._flying
        self._flying = [each for each in flying if each[0] > now]
        for lands_at, channel, key, container in flying:
            if lands_at <= now:
                self.shelf.publish(channel, key, container)

    def is_quiet(self) -> bool:
        """Tell whether nothing is on its way."""
        self.land()
        return not self._flying

    def holds(self, channel: str, key: str) -> bool:
        """Tell whether a post is there now."""
        self.land()
        return self.shelf.accepted[channel, key] > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedChannel:
    """One account, as a life that may end sees it."""

    id: ChannelId
    sight: Sight
    air: Air
    crash: PlayedCrash
    limits: Capabilities
    network: str = "played"

    async def capabilities(self) -> Capabilities:
        return self.limits

    async def send(self, claim: Claim) -> Outcome:
        container = self.air.shelf.stage()
        for point in ("media upload", "connect", "half body"):
            self.crash.at(point)
        self.air.post(self.id, claim.delivery.key, container)
        self.crash.at("full body")
        await self.air.clock.sleep(ON_ITS_WAY)
        self.air.land()
        self.crash.at("response header")
        self.crash.at("response body")
        return Sent(Receipt(remote_id=claim.delivery.key))

    async def look_up(self, claim: Claim) -> Sighting:
        self.crash.check()
        holds = self.air.holds(self.id, claim.delivery.key)
        self.crash.at("look-up read")
        return sighting(self.sight, holds=holds, key=claim.delivery.key)

    async def close(self) -> None:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a pair of crashes came to."""

    missed: tuple[str, ...] = ()
    """Points that were not passed."""
    doubled: int = 0
    lost: int = 0
    held: int = 0


class Stage:
    """Plays pairs of crashes on one store, one after the other.

    Each life has something to send and something to reap and look up, which another worker left:
    every other time its request was already on its way.
    """

    def __init__(self, store: Store, sight: Sight, *, settle_window: float = SETTLE_WINDOW) -> None:
        logging.getLogger("herald").setLevel(logging.CRITICAL)
        self._store = store
        self._wire = Wire(store.engine)
        if store.path is not None:
            # Nobody pulls the plug: what the system has is safe, and a play takes half the time.
            event.listen(store.engine.sync_engine, "connect", _trust_the_system)
        self._sight = sight
        self._limits = limits(sight, timeout=TIMEOUT, settle_window=settle_window)
        self._own, self._other = ChannelId(sight), ChannelId(f"{sight}-other")
        self._clock = PlayedClock(NOON)
        self._air = Air(clock=self._clock)
        self._clock.is_quiet = self._air.is_quiet
        self._plays = 0

    async def play(self, *points: str) -> Ended:
        """Crash at each of *points* in turn, restart each time, and finish."""
        self._plays += 1
        if self._plays % FORGETS_AFTER == 1:
            await self._begin_anew()
        rows = self._rows(len(points))
        missed = []
        for nth, point in enumerate((*points, "")):
            self._clock.jump(self._clock.now() + LATER)
            if point:
                await self._leave_behind(rows, nth)
            crash = PlayedCrash(point)
            with suppress(Killed, BaseExceptionGroup):
                await self._live(crash, self._plan(rows))
            if point and not crash.is_dead:
                missed.append(point)
        self._clock.advance(timedelta(seconds=ON_ITS_WAY))
        self._air.land()
        return replace(await self._count(rows), missed=tuple(missed))

    def _rows(self, lives: int) -> list[list[PlannedDelivery]]:
        """Return for each life what it is to send, and what another worker leaves behind."""
        start = self._clock.now()
        return [
            [self._planned(channel, nth, start) for channel in (self._own, self._other)]
            for nth in range(lives)
        ]

    def _planned(self, channel: ChannelId, nth: int, start: Any) -> PlannedDelivery:
        campaign, language = CampaignId("stories"), Language("en")
        item, occasion = ItemId(f"item-{self._plays}-{nth}"), OccasionId("once")
        due_at = start + LATER * (nth + 1) - timedelta(seconds=1)
        return PlannedDelivery(
            key=campaign_key(campaign, item, occasion, channel, language),
            campaign=campaign,
            item=item,
            occasion=occasion,
            channel=channel,
            network="played",
            language=language,
            occasion_local=due_at.replace(tzinfo=None),
            zone="UTC",
            due_at=due_at,
            not_after_at=due_at + timedelta(hours=12),
            catch_up=CatchUp.POST,
            moves=False,
            payload=a_payload(text=f"{item} on {channel}"),
            content_hash=item,
        )

    def _plan(self, rows: Sequence[Sequence[PlannedDelivery]]) -> Plan:
        now = self._clock.now()
        wanted = [each for life in rows for each in life]
        return Plan(
            made_at=now,
            first=now - timedelta(days=1),
            last=now + timedelta(days=1),
            deliveries=tuple(sorted(wanted, key=lambda one: (one.due_at, one.key))),
        )

    async def _leave_behind(self, rows: Sequence[Sequence[PlannedDelivery]], nth: int) -> None:
        """Let another worker claim its row, perhaps send it, and die."""
        outbox, now = StoredOutbox(self._store), self._clock.now()
        self._wire.crash = PlayedCrash()
        if nth == 0:
            plan = self._plan([life[1:] for life in rows])
            await outbox.reconcile(plan, partial(reconcile, plan, now=now), now=now)
        claims = await outbox.claim(
            owner="another", now=now, most=1, capabilities={self._other: self._limits}
        )
        for claim in claims:
            if self._plays % 2:
                self._air.post(self._other, claim.delivery.key, self._air.shelf.stage())

    async def _live(self, crash: PlayedCrash, plan: Plan) -> None:
        """Begin as a daemon does, and go on until nothing is left to do or the point is passed."""
        self._wire.crash = crash
        inner, clock = StoredOutbox(self._store), self._clock
        store: Any = CrashingStore(inner, crash)
        if self._store.path is not None:
            await inner.end_leases(now=clock.now())
        else:  # on PostgreSQL nobody knows who else is alive
            clock.jump(clock.now() + lease_of(self._limits))
        now = clock.now()
        await store.reconcile(plan, partial(reconcile, plan, now=now), now=now)
        channels = {
            name: PlayedChannel(
                id=name, sight=self._sight, air=self._air, crash=crash, limits=self._limits
            )
            for name in (self._own, self._other)
        }
        worker = Worker(
            store,
            channels,
            clock=clock,
            owner="this one",
            policy=Policy(first_wait=timedelta(0)),
            random=random.Random(self._plays).random,
        )
        await worker.drain()

    async def _count(self, rows: Sequence[Sequence[PlannedDelivery]]) -> Ended:
        doubled = lost = held = 0
        standing = {row.key: row for row in await StoredOutbox(self._store).list_deliveries()}
        for planned in (each for life in rows for each in life):
            row = standing.get(planned.key)
            copies = self._air.shelf.accepted[planned.channel, planned.key]
            doubled += copies > 1
            if row is not None and (row.state, row.reason) == ("held", "unclear"):
                held += 1
            else:
                lost += row is None or row.state != "sent" or not copies
        return Ended(doubled=doubled, lost=lost, held=held)

    async def _begin_anew(self) -> None:
        """Empty the outbox, as what is counted is counted, and tell it the accounts' limits."""
        self._wire.crash = PlayedCrash()
        for name in (self._own, self._other):
            await StoredOutbox(self._store).save_capabilities(name, "played", self._limits)
        async with self._store.writing() as connection:
            for table in (tables.attempt, tables.delivery, tables.turn, tables.pace):
                await connection.execute(table.delete())


def _trust_the_system(connection: Any, record: object) -> None:
    connection.cursor().execute("PRAGMA synchronous=OFF")


Pair = tuple[Sight, str, str]


async def play_all(url: str, folder: Path, pairs: Sequence[Pair]) -> list[tuple[Pair, Ended]]:
    """Play *pairs* one after the other; return how each ended."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # of tasks that died
    ends, sights = [], {sight for sight, _, _ in pairs}
    store = await open_store(url, folder)
    try:
        for wanted in sorted(sights):
            stage = Stage(store, wanted)
            for sight, first, second in pairs:
                if sight is wanted:
                    ends.append(((sight, first, second), await stage.play(first, second)))
    finally:
        await store.close()
    return ends


def play_here(url: str, folder: Path, pairs: Sequence[Pair]) -> list[tuple[Pair, Ended]]:
    """Play *pairs* in this process, which does nothing else."""
    return asyncio.run(play_all(url, folder, pairs))
