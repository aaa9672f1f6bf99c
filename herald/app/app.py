"""Herald on one folder: what commands and the daemon use, its stages joined.

Reads from top to bottom as the pipeline: sources, planning, outbox, delivery.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import socket
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from herald.accounts import Accounts
from herald.app.files import Files
from herald.app.looking import Plans
from herald.app.newsletters import Newsletters
from herald.app.replanning import Replanning
from herald.app.wallclock import WallClock
from herald.condition import Condition
from herald.correcting import Corrections
from herald.delivery.happened import Happened
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.desk import Desk
from herald.echoes import Echoes
from herald.errors import HeraldError
from herald.links import Links
from herald.mailing.dns.lookup import Names
from herald.mailing.dns.resolver import DnsNames
from herald.mailing.letters.pictures import KeepsPictures
from herald.model.configuration import Configuration
from herald.model.ids import ChannelId
from herald.model.mailing import Edition, Issue
from herald.model.network import Capabilities
from herald.notifying.ways import Ways
from herald.officers import Officers
from herald.polling import Polling
from herald.ports import Clock
from herald.results import Compared, Pass
from herald.settings import Settings
from herald.sources.cards import Cards
from herald.sources.load import Loaded, Loader
from herald.store.ahead import shorten_waits
from herald.store.cards import StoredCards
from herald.store.databaseclock import DatabaseClock
from herald.store.echoes import StoredEchoes
from herald.store.engine import Store
from herald.store.feeds import StoredFeeds
from herald.store.instance import StoredInstance
from herald.store.media import StoredMedia
from herald.store.notices import StoredNotices
from herald.store.outbox import StoredOutbox
from herald.store.planner import StoredPlanner
from herald.store.websub import StoredHubs
from herald.timelines import write_timelines
from herald.turn import Role, Turn

REPLAN_WHILE_POLLING = 60.0
"""Seconds: thousands of feeds take long to ask, and the first news shall not wait for the last."""

log = logging.getLogger(__name__)


class App:
    """Herald on one folder, its stages joined. Make it with ``open_app``.

    What concerns one part is asked of that part; what joins several is a method here.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        clock: Clock,
        store: Store,
        loader: Loader,
        role: Role,
        on_settled: Callable[[Happened], None],
        names: Names | None = None,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.clock = clock
        self.database = store
        """The store that everything is kept in."""
        self.is_alone = False
        """Nobody else sends from this store: what is claimed in it was left by the dead."""
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.instance = StoredInstance(store)
        self._wall_clock = WallClock(clock)
        # Sources
        self.planners = StoredPlanner(store)
        self.turn = Turn(self.planners, role=role, clock=clock, owner=self.owner)
        self.files = Files(
            folder, settings, loader=loader, turn=self.turn, is_shared=store.path is None
        )
        self.polling = Polling(
            StoredFeeds(store),
            StoredHubs(store),
            settings,
            turn=self.turn,
            clock=clock,
            owner=self.owner,
        )
        self.feeds = self.polling.feeds
        # The outbox, and whoever sends from it
        self.store = StoredOutbox(store)
        self.media = StoredMedia(store)
        self.cards = Cards(StoredCards(store), self.media, self.polling.readers, clock=clock)
        self.accounts = Accounts(
            folder, store=self.store, media=self.media, cards=self.cards, clock=clock
        )
        self.worker = Worker(
            self.store,
            self.accounts.channels,
            clock=clock,
            owner=self.owner,
            policy=Policy(),
            random=random.random,
            on_settled=on_settled,
        )
        self.desk = Desk(self.store, clock=clock)
        self.links = Links(self.store, self.accounts.channels, clock=clock)
        self.echo_store = StoredEchoes(store)
        self.echoes = Echoes(self.echo_store, self.accounts.channels, clock=clock)
        # Newsletters
        letters = Newsletters(
            self.files,
            store,
            media=self.media,
            stops=self.store.stops,
            names=names or DnsNames(),
            clock=clock,
        )
        self.newsletters = letters
        self.mailing, self.mailing_store = letters.mailing, letters.store
        self.joining, self.joining_store = letters.joining, letters.joining_store
        self.preferences, self.preference_store = letters.preferences, letters.preference_store
        self.archive, self.approving = letters.archive, letters.approving
        self.bounces, self.doubts, self.trials = letters.bounces, letters.doubts, letters.trials
        # Planning
        self.plans = Plans(
            self.files, store=self.store, feeds=self.feeds, mailing=letters.store, clock=clock
        )
        self.corrections = Corrections(
            load=self.load,
            entries=self.feeds.entries,
            capabilities=self.capabilities,
            store=self.store,
            clock=clock,
        )
        self.replanning = Replanning(
            files=self.files,
            plans=self.plans,
            store=self.store,
            media=self.media,
            accounts=self.accounts,
            planners=self.planners,
            turn=self.turn,
            mailing=self.mailing,
            corrections=self.corrections,
            wake=self.worker.wake,
        )
        # Telling
        self.officers = Officers(
            folder, settings, store=StoredNotices(store), clock=clock, owner=self.owner
        )
        self.condition = Condition(
            folder=folder,
            settings=settings,
            disk=store.path,
            load=self.load,
            clock=clock,
            store=self.store,
            feeds=self.feeds,
            mailing=self.mailing,
            accounts=self.accounts,
            planners=self.planners,
            turn=self.turn,
            officers=self.officers,
            corrections=self.corrections,
            echoes=self.echo_store,
            approving=self.approving,
        )

    # ------------------------------------------------------------------ sources

    @property
    def reads_campaigns(self) -> bool:
        """Tell whether campaigns/ concerns this process; a command's, where the folder has it."""
        return self.files.reads_campaigns

    async def load(self) -> Loaded:
        """Read campaigns and configuration; a broken file keeps its last good value.

        Where other processes plan, the configuration alone.
        """
        return await self.files.load()

    async def poll(self, stop: asyncio.Event | None = None) -> int:
        """Ask the feeds that are due; return how many entries are new or changed."""
        configuration = (await self.load()).configuration
        return await self.polling.poll(configuration, stop or asyncio.Event())

    # ------------------------------------------------------------------ planning and outbox

    async def capabilities(self, configuration: Configuration) -> dict[ChannelId, Capabilities]:
        """Return each channel's limits: what its network said last, else what is known of it."""
        return await self.plans.capabilities(configuration)

    async def compare(self, *, first: date | None = None, last: date | None = None) -> Compared:
        """Plan the span from *first* to *last*, both included, and compare; writes nothing."""
        return await self.plans.compare(first=first, last=last)

    async def draft_issue(
        self, key: str, *, media: KeepsPictures
    ) -> tuple[Issue, tuple[Edition, ...]] | None:
        """Return an issue that lies ahead as it would be put together now.

        Nothing is written; the pictures that its letters show are given to *media*.
        """
        return await self.plans.draft_issue(key, media=media)

    async def replan(self, *, confirmed: str = "") -> Compared:
        """Plan what lies ahead and bring the outbox in line with it.

        *confirmed* is the hash with which a person agreed to a mass withdrawal. Raises
        ConfigurationBroken and NotItsTurn, changing nothing, as ``Replanning.replan`` says.
        """
        return await self.replanning.replan(confirmed=confirmed)

    async def replan_if_sound(self) -> None:
        """Plan again where it is this process's turn and config/ can be used."""
        await self.replanning.replan_if_sound()

    async def poll_and_replan(self, stop: asyncio.Event | None = None) -> None:
        """Ask the feeds that are due, and plan again when they have said something new."""
        polling = asyncio.create_task(self.poll(stop), name="poll")
        try:
            while not polling.done():
                await asyncio.wait({polling}, timeout=REPLAN_WHILE_POLLING)
                if self.polling.news and self.turn.is_ours:
                    self.polling.news = 0
                    await self.replan_if_sound()
        finally:
            polling.cancel()
            await asyncio.wait({polling})
        polling.result()

    # ------------------------------------------------------------------ delivery

    async def begin(self) -> None:
        """Make ready to send: check that the store is whole, ask networks for limits."""
        await self.database.verify()
        await self.shorten_waits()
        if self.is_alone:
            await self.store.end_leases(now=self.clock.now())
            await self.feeds.end_leases()
            await self.mailing.recover()
            await self.officers.end_leases()
        await self._recognise()
        await self.refresh_capabilities()

    async def _recognise(self) -> None:
        """Find out whether the store was put back from a copy, and say so."""
        if why := await self.instance.recognise(now=self.clock.now()):
            log.warning(
                "%s. What may have been sent since then is looked up before it is sent; what cannot"
                " be looked up is held: herald outbox list --state held",
                why,
            )

    async def mark_as_seen(self) -> None:
        """Let the store be newer than every copy of it that was made before."""
        await self.instance.mark(now=self.clock.now())

    async def measure_time(self) -> None:
        """Read the clock of a database that several machines share: theirs need not agree."""
        if isinstance(self.clock, DatabaseClock):
            await self.clock.measure()

    async def mind_the_clock(self) -> None:
        """Notice when the wall clock was set back, and let nothing wait for what it said before."""
        if self._wall_clock.was_set_back():
            await self.shorten_waits()
            await self.replan_if_sound()

    async def shorten_waits(self) -> None:
        """Let nothing wait for what a clock said that ran ahead, this one or a dead machine's."""
        await shorten_waits(self.database, now=self.clock.now())

    async def refresh_capabilities(self) -> None:
        """Ask every network for its limits."""
        await self.accounts.ask_for_limits(tuple(self.accounts.channels.values()))

    async def run_once(self, stop: asyncio.Event) -> Pass:
        """Plan, poll, send everything that is due, and tell what came of it."""
        await self.begin()
        await self.replan_if_sound()
        if not stop.is_set():
            await self.poll_and_replan(stop)
        summary = await self.worker.drain(stop)
        if not stop.is_set():
            await self.links.find()
        await self.newsletters.send_confirmations(stop)
        await self.doubts.settle()
        await self.newsletters.fetch_trials()
        await self.mailing.send_due(stop)
        await self.officers.tell_and_leave(self.condition.known_trouble)
        self.write_timelines()
        return Pass(summary=summary, health=await self.condition.health())

    async def next_due(self, until: datetime) -> datetime | None:
        """Return the next moment after now, up to *until*, at which something may be sent."""
        return await self.store.next_moment(after=self.clock.now(), until=until)

    # ------------------------------------------------------------------ telling

    async def tell_officers(self) -> None:
        """Tell officers what needs them."""
        await self.officers.tell(self.condition.known_trouble)

    async def preview_for_officers(self) -> tuple[str, Ways]:
        """Return what a summary would say now, in the first way's words, and all ways."""
        return await self.officers.preview(await self.condition.situation())

    def write_timelines(self) -> None:
        """Write each journal's readable page beside its JSON lines."""
        accounts = self.accounts.channels.values()
        journals = [each.id for each in accounts if each.network == "journal"]
        write_timelines(self.folder, journals, zone=self.settings.timezone)

    async def close(self) -> None:
        """Give back connections, processes and files."""
        await self.polling.close()
        await self.accounts.close()
        try:
            await self.turn.release()
            await self.mark_as_seen()
        except HeraldError as error:
            log.error("the end of this run is not on record: %s", error)
