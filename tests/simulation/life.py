"""One life of a small network: the real house on a real folder, moved on by a clock that is set."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

from herald.app import App, open_app
from herald.clock import SetClock
from herald.model.delivery import Delivery
from herald.results import Compared
from tests.simulation.accounts import Account, FaultyChannel, WatchedChannel
from tests.simulation.promises import Promises
from tests.simulation.world import World

HOP = timedelta(hours=6)
TICK = timedelta(minutes=5)

log = logging.getLogger(__name__)


class Life:
    """Herald on one folder through restarts, crashes and edits, watched all the time."""

    def __init__(self, root: Path, world: World, clock: SetClock, dice: random.Random) -> None:
        self.root = root
        self.world = world
        self.clock = clock
        self.dice = dice
        self.promises = Promises(clock)
        self.did: list[str] = []
        self.counts: Counter[str] = Counter()
        self.accounts = {
            "wild": Account(name="wild", dice=dice, watch=self.promises.published_now, clock=clock)
        }
        self._stack = AsyncExitStack()
        self._app: App | None = None
        self.sound_files: set[str] = set()

    @property
    def app(self) -> App:
        """The running Herald."""
        assert self._app is not None
        return self._app

    # ------------------------------------------------------------------ lives

    async def start(self) -> None:
        """Start Herald as a process does."""
        self.world.write(self.root)
        self.sound_files = set()
        self._app = await self._stack.enter_async_context(
            open_app(self.root, self.clock, channels=True)
        )
        for account in self.accounts.values():
            account.crashed = asyncio.Event()
            account.crash = ""
        await self._take_accounts()
        await self._app.begin()
        self.promises.woke_at = self.clock.now()
        await self.replan()

    async def _take_accounts(self) -> None:
        """Put the simulation's accounts in the place of those that Herald has just opened."""
        channels = self.app.accounts.channels
        assert isinstance(channels, dict)
        new = {
            name: channel
            for name, channel in channels.items()
            if not isinstance(channel, FaultyChannel | WatchedChannel)
        }
        for name, channel in new.items():
            account = self.accounts.get(name)
            channels[name] = (
                FaultyChannel(account)
                if account is not None
                else WatchedChannel(channel, self.promises.published_now, self.clock)
            )
        if new:
            await self.app.refresh_capabilities()

    async def stop(self) -> None:
        """End the process; what it holds in memory is gone."""
        await self._stack.aclose()
        self._app = None

    async def rest(self, span: timedelta) -> None:
        """Be off for a while."""
        self.note(f"off for {span}")
        await self.stop()
        self.clock.advance(span)
        await self.start()
        await self.drain()

    # ------------------------------------------------------------------ steps

    def note(self, what: str) -> None:
        """Remember what was done, for whoever reads a counterexample."""
        self.did.append(f"{self.clock.now():%m-%d %H:%M} {what}")

    async def replan(self, *, confirmed: str = "") -> Compared:
        """Let Herald read the files, and see to it that it understood them."""
        self.world.write(self.root)
        before = await self.app.store.list_deliveries()
        limbo = any(one.broken and one.file not in self.sound_files for one in self.world.campaigns)
        there = {one.file for one in self.world.campaigns}
        self.sound_files = (self.sound_files & there) | {
            one.file for one in self.world.campaigns if not one.broken
        }
        compared = await self.app.replan(confirmed=confirmed)
        await self._take_accounts()
        self.promises.learn(self.world, limbo=limbo)
        self.counts["plans"] += 1
        for step in compared.difference.steps:
            if step.after is not None:
                self.counts[f"planned {step.change}"] += 1
        rows = await self.app.store.list_deliveries()
        self.promises.check_plan(
            before,
            rows,
            self.world,
            refused=compared.difference.refused,
            confirmed=bool(confirmed),
        )
        again = await self.app.compare()
        for step in again.difference.steps:
            if step.after is not None:
                self.promises.broken(
                    f"planning twice is not planning once: {step.change} {step.state}"
                    f" {step.reason} {self._told(step.key, rows)}"
                )
        return compared

    def _told(self, key: str, rows: tuple[Delivery, ...]) -> str:
        row = next((row for row in rows if row.key == key), None)
        return told(row) if row else key[:8]

    async def drain(self) -> None:
        """Send what is due; an account may kill the process meanwhile."""
        crashes = [account.crashed for account in self.accounts.values()]
        draining = asyncio.create_task(self.app.worker.drain())
        dying = [asyncio.create_task(each.wait()) for each in crashes]
        await asyncio.wait({draining, *dying}, return_when=asyncio.FIRST_COMPLETED)
        for each in dying:
            each.cancel()
        if not draining.done():
            draining.cancel()
            await asyncio.wait({draining})
            self.note("crashed while sending")
            self.counts["crashes"] += 1
            await self.stop()
            self.clock.advance(timedelta(minutes=self.dice.choice([1, 3, 90])))
            await self.start()
            return
        draining.result()

    async def live(self, span: timedelta) -> None:
        """Be on for a while, every moment met."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            until = min(self.clock.now() + HOP, end)
            await self.poll()
            await self.drain()
            while (due := await self.app.next_due(until)) is not None:
                self.clock.advance(max(due - self.clock.now(), timedelta(0)))
                await self.drain()
            self.clock.advance(max(until - self.clock.now(), timedelta(0)))
            await self.drain()
            await self.replan()
        await self.drain()
        await self.look()

    async def poll(self) -> None:
        """Ask the partners' feeds that are due."""
        if not self.world.feeds:
            return
        if await self.app.poll():
            self.counts["feeds with news"] += 1
            await self.replan()

    async def look(self) -> None:
        """Check everything that can be seen in the outbox."""
        rows = await self.app.store.list_deliveries()
        throttled = {
            name
            for name, account in self.accounts.items()
            if account.throttled_until and account.throttled_until > self.clock.now()
        }
        self.promises.check_outbox(rows, throttled=throttled)
        for name, account in self.accounts.items():
            self.promises.check_account(name, account)
        self.counts["looks"] += 1


def told(row: Delivery) -> str:
    """Return a row in a line."""
    return (
        f"{row.key[:8]} {row.campaign}/{row.item}/{row.occasion} {row.channel} {row.language}"
        f" {row.state} {row.reason} due {row.due_at:%m-%d %H:%M} next {row.next_at:%m-%d %H:%M}"
        f" until {row.not_after_at:%m-%d %H:%M} {row.note or row.error!r}"
    )
