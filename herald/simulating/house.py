"""Joins the stages for a simulated year, as ``herald/app`` does for a true one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from herald.consequences import concerned, file_stops, refuse_broken_configuration
from herald.delivery.happened import Happened
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.foresight import known_capabilities
from herald.mailing.letters.gather import Sources
from herald.model.ids import CampaignId, ChannelId
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.outbox.reconcile import reconcile
from herald.planning.payloads import Composer, composers
from herald.planning.plan import make_plan
from herald.ports import Channel, OutboxStore
from herald.simulating.clock import PatientClock, YearClock
from herald.simulating.letters import Letters
from herald.simulating.network import chance
from herald.simulating.partners import ScratchFeeds
from herald.sources.load import Loaded

REMEMBER_ENTRIES = timedelta(days=60)
"""As long as a true Herald passes on what it has seen."""


class House:
    """Herald on a clock that jumps: it plans, and one worker at a time sends."""

    def __init__(
        self,
        *,
        load: Callable[[], Loaded],
        outbox: OutboxStore,
        feeds: ScratchFeeds,
        letters: Letters,
        clock: YearClock,
    ) -> None:
        self.outbox = outbox
        self.feeds = feeds
        self.letters = letters
        self.clock = clock
        self.patient = PatientClock(clock)
        self.channels: dict[ChannelId, Channel] = {}
        self.settled: list[Happened] = []
        self._load = load
        self._lives = 0
        self._worker: Worker | None = None
        self._working: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._composers: Mapping[CampaignId, Composer] = {}

    @property
    def is_running(self) -> bool:
        """Tell whether a worker is at work."""
        return self._working is not None

    def start(self) -> None:
        """Let a worker begin, as one process does."""
        self._lives += 1
        self._stop = asyncio.Event()
        self._worker = Worker(
            self.outbox,
            self.channels,
            clock=self.patient,
            owner=f"life {self._lives}",
            policy=Policy(),
            random=chance.get,
            on_settled=self.settled.append,
        )
        self._working = asyncio.create_task(self._worker.run(self._stop), name="delivery")

    async def crash(self) -> None:
        """End the worker in the middle of whatever it does; what it held in memory is gone."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.wait({self._working})
        self._worker = self._working = None

    def fail_if_broken(self) -> None:
        """Raise what ended the worker, if anything did: a bug."""
        if self._working is not None and self._working.done():
            self._working.result()

    def look(self) -> None:
        """Let the worker look whether something is due."""
        self.patient.wake()

    async def replan(
        self, *, ahead: timedelta, confirmed: str = ""
    ) -> tuple[Loaded, Plan, Reconciliation]:
        """Plan what lies *ahead*, and bring the outbox in line with it."""
        loaded, now = self._load(), self.clock.now()
        refuse_broken_configuration(loaded)
        history = await self.outbox.history()
        entries = await self.feeds.entries(now - REMEMBER_ENTRIES)
        limits = await self.capabilities(loaded)
        self._composers = composers(
            loaded.campaigns, loaded.configuration, limits, before=self._composers
        )
        plan = make_plan(
            loaded.campaigns,
            loaded.configuration,
            entries=entries,
            history=history,
            capabilities=limits,
            now=now,
            first=now,
            last=now + ahead,
            composed_by=self._composers,
        )
        difference = await self.outbox.reconcile(
            plan,
            lambda rows: reconcile(plan, concerned(rows, loaded), now=now, confirmed=confirmed),
            now=now,
        )
        await self.outbox.sync_file_stops(file_stops(loaded, now))
        sources = Sources(
            campaigns=loaded.campaigns,
            configuration=loaded.configuration,
            entries=entries,
            history=history,
        )
        await self.letters.follow(plan.issues, sources, now=now)
        if self._worker is not None:
            self._worker.wake()
        return loaded, plan, difference

    async def capabilities(self, loaded: Loaded) -> dict[ChannelId, Capabilities]:
        """Return each channel's limits: what its network said last, else what is known of it."""
        stored = await self.outbox.capabilities()
        return {
            channel.id: stored.get(channel.id) or known_capabilities(channel, None)
            for channel in loaded.configuration.channels.values()
        }

    def next_issue(self) -> datetime | None:
        """Return when the next newsletter is due."""
        return self.letters.next_due(self.clock.now())
