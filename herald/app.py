"""The composition root: builds everything from settings and joins the stages.

    async with open_app(folder, clock) as app:
        await app.replan()

Reads from top to bottom as the pipeline: sources, planning, outbox, delivery.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from herald.accounts import Accounts
from herald.channels.registry import network_names
from herald.clock import SystemClock
from herald.condition import Condition
from herald.consequences import (
    concerned,
    errors,
    file_stops,
    planned_span,
    refuse_broken_configuration,
)
from herald.correcting import Corrections
from herald.data.calendar import observances
from herald.delivery.happened import Happened
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker, unwatched
from herald.desk import Desk
from herald.echoes import Echoes
from herald.errors import ConfigurationBroken, HeraldError, NotItsTurn
from herald.foresight import known_capabilities
from herald.links import Links
from herald.mailing.approving import Approving
from herald.mailing.archive import Archive
from herald.mailing.bounces.counting import Bounces
from herald.mailing.bounces.lmtp import Door
from herald.mailing.bounces.mailbox import Emptied, MailboxTrouble, empty
from herald.mailing.dkim.signing import signing
from herald.mailing.dkim.trials import Trials, TriedWay
from herald.mailing.dns.lookup import Names
from herald.mailing.dns.resolver import DnsNames
from herald.mailing.drafting import draft
from herald.mailing.gather import Sources
from herald.mailing.issues import news_begins
from herald.mailing.joining import Joining
from herald.mailing.mailing import Mailing
from herald.mailing.pictures import KeepsPictures, LetterPictures
from herald.mailing.preferences import Preferences
from herald.mailing.reconciling import Reconciling, knock
from herald.mailing.retention import keep_to
from herald.mailing.smtp import SmtpMailer
from herald.model.configuration import Configuration
from herald.model.delivery import Delivery, History
from herald.model.ids import CampaignId, ChannelId
from herald.model.mailing import Edition, Issue
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.model.retention import Forgotten, Retention
from herald.notifying.ways import Ways
from herald.officers import Officers
from herald.outbox.reconcile import reconcile
from herald.planning.payloads import Composer, composers
from herald.planning.plan import make_plan
from herald.planning.reach import reach_of
from herald.polling import Polling
from herald.ports import Clock
from herald.results import Compared, Pass
from herald.settings import (
    Settings,
    bounce_mailbox,
    load_settings,
    mail_server,
    read_settings,
    signing_key,
)
from herald.sources.cards import Cards, Fetches, ReadsPages
from herald.sources.load import Loaded, Loader
from herald.store.ahead import shorten_waits
from herald.store.bounces import StoredBounces
from herald.store.cards import StoredCards
from herald.store.databaseclock import DatabaseClock
from herald.store.echoes import StoredEchoes
from herald.store.engine import Store, open_store
from herald.store.feeds import StoredFeeds
from herald.store.instance import StoredInstance
from herald.store.lock import run_lock
from herald.store.looking import open_to_look
from herald.store.mailing import StoredMailing
from herald.store.mailing_archive import StoredArchive
from herald.store.mailing_doubts import StoredDoubts
from herald.store.mailing_joining import StoredJoining
from herald.store.mailing_preferences import StoredPreferences
from herald.store.mailing_retention import StoredRetention
from herald.store.mailing_trials import StoredTrials
from herald.store.media import StoredMedia
from herald.store.notices import StoredNotices
from herald.store.outbox import StoredOutbox
from herald.store.planner import StoredPlanner
from herald.store.websub import StoredHubs
from herald.timelines import write_timelines
from herald.turn import Role, Turn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REPLAN_WHILE_POLLING = 60.0
"""Seconds: thousands of feeds take long to ask, and the first news shall not wait for the last."""
SET_BACK = timedelta(minutes=1)
"""Less is a clock that is kept right."""
REMEMBER_ENTRIES = timedelta(days=60)
"""Entries first seen longer ago are amplified no more; events are as long as they lie ahead."""

log = logging.getLogger(__name__)


class App:
    """Herald on one folder, its stages joined. Make it with ``open_app``."""

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
        self.store = StoredOutbox(store)
        self.instance = StoredInstance(store)
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.planners = StoredPlanner(store)
        self.turn = Turn(self.planners, role=role, clock=clock, owner=self.owner)
        self.news = asyncio.Event()
        """Set when there may be something to plan that others have found, or nobody has the turn.
        """
        self.is_alone = False
        """Nobody else sends from this store: what is claimed in it was left by the dead."""
        self.media = StoredMedia(store)
        self.cards = Cards(StoredCards(store), self.media, self._readers, clock=clock)
        self.accounts = Accounts(
            folder, store=self.store, media=self.media, cards=self.cards, clock=clock
        )
        self.echo_store = StoredEchoes(store)
        self.echoes = Echoes(self.echo_store, self.accounts.channels, clock=clock)
        self.links = Links(self.store, self.accounts.channels, clock=clock)
        self.desk = Desk(self.store, clock=clock)
        self.officers = Officers(
            folder, settings, store=StoredNotices(store), clock=clock, owner=self.owner
        )
        server = mail_server(settings)
        self.mailing_store = StoredMailing(store, limits=server.limits, account=server.account)
        key = signing_key(settings, folder)
        mailer = signing(SmtpMailer, key)
        self.trials = Trials(
            way=TriedWay(
                server=mail_server(settings),
                selector=settings.smtp.dkim_selector or "",
                key=key,
                returns_to=settings.bounces.address or "",
                public_url=settings.web.public_url or "",
            ),
            store=StoredTrials(store),
            keys=self.mailing_store.mailing_key,
            senders=self.list_senders,
            names=names or DnsNames(),
            mailer=mailer,
            clock=clock,
        )
        self.bounces = Bounces(
            store=StoredBounces(store),
            keys=self.mailing_store,
            pattern=settings.bounces.address or "",
            clock=clock,
            is_trial=self.trials.judge,
        )
        self.mailing = Mailing(
            store=self.mailing_store,
            lists=lambda: self._loader.load_configuration().configuration.lists,
            server=mail_server(settings),
            public_url=settings.web.public_url or "",
            clock=clock,
            stops=self.store.stops,
            bounces=self.bounces,
            pictures=LetterPictures(
                self.media, folder=folder, clock=clock, public_url=settings.web.public_url or ""
            ),
            mailer=mailer,
            trials=self.trials,
        )
        self.doubts = Reconciling(
            store=self.mailing_store,
            doubts=StoredDoubts(store),
            clock=clock,
            pattern=self.bounces.pattern,
            path=str(folder / settings.smtp.log) if settings.smtp.log else "",
            knock=lambda: knock(SmtpMailer(mail_server(settings))),
        )
        self.archive = Archive(
            store=StoredArchive(store),
            lists=lambda: self._loader.load_configuration().configuration.lists,
            public_url=settings.web.public_url or "",
        )
        self.approving = Approving(
            store=self.mailing_store, public_url=settings.web.public_url or "", clock=clock
        )
        self.joining_store = StoredJoining(store)
        self.joining = Joining(
            store=self.joining_store,
            mailing_key=self.mailing_store.mailing_key,
            lists=lambda: self._loader.load_configuration().configuration.lists,
            server=mail_server(settings),
            public_url=settings.web.public_url or "",
            clock=clock,
            stops=self.store.stops,
            mailer=mailer,
        )
        self.preference_store = StoredPreferences(store)
        self.preferences = Preferences(
            store=self.preference_store,
            people=self.mailing_store,
            joining=self.joining,
            lists=lambda: self._loader.load_configuration().configuration.lists,
            mailer=lambda: mailer(mail_server(settings)),
            public_url=settings.web.public_url or "",
            clock=clock,
            stops=self.store.stops,
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
        corrections = Corrections(
            load=self.load,
            entries=self.feeds.entries,
            capabilities=self.capabilities,
            store=self.store,
            clock=clock,
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
            corrections=corrections,
            echoes=self.echo_store,
            approving=self.approving,
        )
        self.corrections = corrections
        self._loader = loader
        self._database = store
        self._planned_news: int | None = None
        """The count of news, over all processes, when this one planned last; None before."""
        self._planning = asyncio.Lock()
        self._composers: Mapping[CampaignId, Composer] = {}
        self._wall_clock_ahead = clock_difference(clock)
        self.worker = Worker(
            self.store,
            self.accounts.channels,
            clock=clock,
            owner=self.owner,
            policy=Policy(),
            random=random.random,
            on_settled=on_settled,
        )

    async def _readers(self) -> tuple[Fetches, ReadsPages]:
        return await self.polling.readers()

    # ------------------------------------------------------------------ sources

    async def load(self) -> Loaded:
        """Read campaigns and configuration; a broken file keeps its last good value.

        Where other processes plan, the configuration alone.
        """
        if self.reads_campaigns:
            return await self._load_all()
        return await asyncio.to_thread(self._loader.load_configuration)

    async def _load_all(self) -> Loaded:
        return await asyncio.to_thread(self._loader.load)

    @property
    def database(self) -> Store:
        """The store that everything is kept in."""
        return self._database

    @property
    def reads_campaigns(self) -> bool:
        """Tell whether campaigns/ concerns this process; a command's, where the folder has it."""
        if self.turn.role is Role.FOLLOWS:
            return False
        return self._database.path is not None or (self.folder / "campaigns").is_dir()

    async def poll(self, stop: asyncio.Event | None = None) -> int:
        """Ask the feeds that are due; return how many entries are new or changed."""
        configuration = (await self.load()).configuration
        return await self.polling.poll(configuration, stop or asyncio.Event())

    # ------------------------------------------------------------------ planning and outbox

    async def compare(self, *, first: date | None = None, last: date | None = None) -> Compared:
        """Plan the span from *first* to *last*, both included, and compare; writes nothing."""
        loaded = await self._load_all()
        plan, history = await self._plan(loaded, first, last)
        rows = concerned(await self.store.concerned_by(plan), loaded)
        difference = reconcile(plan, rows, now=plan.made_at)
        known = concerned(history.deliveries, loaded)
        return await self._compared(loaded, plan, difference, (*known, *rows))

    async def draft_issue(
        self, key: str, *, media: KeepsPictures
    ) -> tuple[Issue, tuple[Edition, ...]] | None:
        """Return an issue that lies ahead as it would be put together now.

        Nothing is written; the pictures that its letters show are given to *media*.
        """
        loaded = await self._load_all()
        plan, history = await self._plan(loaded, None, None)
        planned = next((one for one in plan.issues if one.key == key), None)
        if planned is None:
            return None
        public_url = self.settings.web.public_url or ""
        return await draft(
            planned,
            await self._letter_sources(loaded, history, now=plan.made_at),
            await self.mailing_store.issues(),
            now=plan.made_at,
            public_url=public_url,
            pictures=LetterPictures(
                media, folder=self.folder, clock=self.clock, public_url=public_url
            ),
        )

    async def _letter_sources(self, loaded: Loaded, history: History, *, now: datetime) -> Sources:
        begins = news_begins(
            loaded.campaigns,
            await self.mailing_store.issues(),
            now=now,
            at_least=REMEMBER_ENTRIES,
        )
        return Sources(
            campaigns=loaded.campaigns,
            configuration=loaded.configuration,
            entries=await self.feeds.entries(begins),
            history=history,
        )

    async def replan(self, *, confirmed: str = "") -> Compared:
        """Plan what lies ahead and bring the outbox in line with it.

        *confirmed* is the hash with which a person agreed to a mass withdrawal. Raises
        ConfigurationBroken when the files under config/ cannot be used, and NotItsTurn when
        another process plans by now: nothing changes then.
        """
        async with self._planning:  # an older reading of the files must not come last
            return await self._replan(confirmed)

    async def _replan(self, confirmed: str) -> Compared:
        news, turn = (await self.planners.planner()).news, self.turn.token
        loaded = await self._load_all()
        plan, history = await self._plan(loaded, None, None)
        await self._keep_media(plan)
        now = plan.made_at
        difference = await self.store.reconcile(
            plan,
            lambda rows: reconcile(plan, concerned(rows, loaded), now=now, confirmed=confirmed),
            now=now,
            turn=turn,
        )
        await self.store.sync_file_stops(file_stops(loaded, now), turn=turn)
        await self._follow_accounts(loaded.configuration)
        if not await self.turn.make_sure():
            raise NotItsTurn("another Herald has taken over planning: newsletters are left to it")
        await self.mailing.sync_issues(
            plan.issues,
            await self._letter_sources(loaded, history, now=now),
            until=plan.last,
        )
        self._planned_news = news
        self.corrections.planned(plan.corrections, at=now)
        self.worker.wake()
        return await self._compared(loaded, plan, difference, history.deliveries)

    async def replan_if_sound(self) -> None:
        """Plan again where it is this process's turn, else only follow config/.

        Unusable configuration is logged, and everything stays as it was planned.
        """
        if not await self.turn.seek():
            await self.follow_configuration()
            return
        try:
            compared = await self.replan()
        except ConfigurationBroken as error:
            log.error("planning waits until config/ is mended: %s", error)
            self._planned_news = (await self.planners.planner()).news
            return
        except NotItsTurn as error:
            log.warning("%s", error)
            await self.turn.make_sure()
            return
        for problem in compared.broken:
            log.error("a broken file keeps its last good plan: %s", problem)
        if compared.difference.refused:
            log.error(
                "too much would be withdrawn and is held; see herald plan",
                extra={"withdrawals": compared.difference.withdrawals},
            )

    async def follow_configuration(self) -> None:
        """Use the accounts that config/ names now, where this process sends."""
        self._planned_news = None
        await self._follow_accounts((await self.load()).configuration)
        self.worker.wake()

    async def take_turn(self) -> None:
        """Take the turn if it is free, hold it, and see whether there is something to plan."""
        if not await self.turn.seek():
            self._planned_news = None
        elif (await self.planners.planner()).news != self._planned_news:
            self.news.set()

    async def plan_news(self) -> bool:
        """Plan what was not planned yet, where it is this process's turn; tell whether it was."""
        await self.take_turn()
        if not self.news.is_set():
            return False
        self.news.clear()
        await self.replan_if_sound()
        return True

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

    async def _plan(
        self, loaded: Loaded, first: date | None, last: date | None
    ) -> tuple[Plan, History]:
        refuse_broken_configuration(loaded)
        now = self.clock.now()
        begin, end = planned_span(ZoneInfo(loaded.configuration.zone), now, first, last)
        campaigns, configuration = loaded.campaigns, loaded.configuration
        entries = await self.feeds.entries(now - REMEMBER_ENTRIES)
        reach = reach_of(campaigns, configuration, entries, now=now, first=begin, last=end)
        history = await self.store.history_within(reach)
        limits = await self.capabilities(configuration)
        self._composers = composers(campaigns, configuration, limits, before=self._composers)
        plan = await asyncio.to_thread(
            make_plan,
            campaigns,
            configuration,
            entries=entries,
            history=history,
            capabilities=limits,
            now=now,
            first=begin,
            last=end,
            composed_by=self._composers,
        )
        return plan, history

    async def capabilities(self, configuration: Configuration) -> dict[ChannelId, Capabilities]:
        """Return each channel's limits: what its network said last, else what is known of it."""
        stored = await self.store.capabilities()
        return {
            channel.id: known_capabilities(channel, stored.get(channel.id))
            for channel in configuration.channels.values()
        }

    async def _keep_media(self, plan: Plan) -> None:
        """Put the plan's pictures into the store, so that what is enqueued needs no files."""
        wanted = {
            media.sha256: media
            for delivery in plan.deliveries
            for media in delivery.payload.media
            if media.sha256 and media.file
        }
        missing = wanted.keys() - await self.media.has_media(wanted.keys())
        for digest in sorted(missing):
            media = wanted[digest]
            content = await asyncio.to_thread((self.folder / media.file).read_bytes)
            if sha256(content).hexdigest() == digest:
                await self.media.put_media(digest, media.media_type, content)
            else:
                log.warning("a picture changed while planning", extra={"file": media.file})

    async def _compared(
        self,
        loaded: Loaded,
        plan: Plan,
        difference: Reconciliation,
        waiting: Sequence[Delivery],
    ) -> Compared:
        return Compared(
            plan=plan,
            difference=difference,
            waiting=waiting,
            broken=errors(loaded),
            campaigns=tuple(campaign.id for campaign in loaded.campaigns),
            issue_states={each.key: each.state for each in await self.mailing_store.issues()},
        )

    # ------------------------------------------------------------------ delivery

    async def begin(self) -> None:
        """Make ready to send: check that the store is whole, ask networks for limits."""
        await self._database.verify()
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
        before, self._wall_clock_ahead = self._wall_clock_ahead, clock_difference(self.clock)
        if self._wall_clock_ahead >= before - SET_BACK:
            return
        log.warning(
            "the clock was set back; what waited for a later moment is tried again",
            extra={"by": str(before - self._wall_clock_ahead)},
        )
        await self.shorten_waits()
        await self.replan_if_sound()

    async def shorten_waits(self) -> None:
        """Let nothing wait for what a clock said that ran ahead, this one or a dead machine's."""
        await shorten_waits(self._database, now=self.clock.now())

    async def refresh_capabilities(self) -> None:
        """Ask every network for its limits."""
        await self.accounts.ask_for_limits(tuple(self.accounts.channels.values()))

    async def _follow_accounts(self, configuration: Configuration) -> None:
        """Open what config/ names anew, where this app sends, and ask it for its limits."""
        if self.accounts.are_open:
            settings = read_settings(self.folder)[0] or self.settings
            await self.accounts.ask_for_limits(self.accounts.open(configuration, settings))

    async def send_issues(self, stop: asyncio.Event | None = None) -> None:
        """Send what is due of the newsletters' issues."""
        await self.mailing.send_due(stop or asyncio.Event())

    async def keep_sending_issues(self, stop: asyncio.Event) -> None:
        """Send what is due of the newsletters' issues, at the pace that limits allow."""
        await self.mailing.keep_sending(stop)

    async def settle_doubts(self) -> None:
        """Find out what became of copies that may have arrived, or not."""
        await self.doubts.settle()

    async def send_confirmations(self, stop: asyncio.Event | None = None) -> None:
        """Send the mails that people wait for: to confirm, and with links of their own."""
        await self.joining.send_owed(stop or asyncio.Event())
        await self.preferences.send_owed(stop or asyncio.Event())

    async def forget_readers(self) -> Forgotten:
        """Forget what is held of subscribers for longer than ``retention`` allows."""
        kept = self.settings.retention
        allowed = Retention(letters=kept.letters, left=kept.left, unconfirmed=kept.unconfirmed)
        return await keep_to(allowed, StoredRetention(self._database), self.clock)

    async def fetch_bounces(self) -> Emptied | None:
        """Let what came back to the mailbox take effect; None where there is no mailbox."""
        mailbox = bounce_mailbox(self.settings)
        return await empty(mailbox, self.bounces.take) if mailbox is not None else None

    def list_senders(self) -> tuple[str, ...]:
        """Return the addresses from which lists are written, each once."""
        lists = self._loader.load_configuration().configuration.lists.values()
        return tuple(dict.fromkeys(each.sender_address for each in lists))

    def bounce_door(self) -> Door:
        """Return what takes mail that came back from a mail server on this computer."""

        async def expects(address: str) -> bool:
            senders = {sender.lower() for sender in self.list_senders()}
            return address.lower() in senders or await self.bounces.expects(address)

        return Door(lambda raw, to: self.bounces.take(raw, came_to=to), expects)

    async def run_once(self, stop: asyncio.Event) -> Pass:
        """Plan, poll, send everything that is due, and tell what came of it."""
        await self.begin()
        await self.replan_if_sound()
        if not stop.is_set():
            await self.poll_and_replan(stop)
        summary = await self.worker.drain(stop)
        if not stop.is_set():
            await self.links.find()
        await self.send_confirmations(stop)
        await self.settle_doubts()
        await self._fetch_trials()
        await self.send_issues(stop)
        await self.officers.tell_and_leave(self.condition.known_trouble)
        self.write_timelines()
        return Pass(summary=summary, health=await self.condition.health())

    async def _fetch_trials(self) -> None:
        """Look into the mailbox where an issue may wait for a mail that comes back to it."""
        if not self.trials.is_wanted:
            return
        try:
            await self.fetch_bounces()
        except MailboxTrouble as error:
            log.error("what came back cannot be fetched", extra={"why": str(error)})

    async def next_due(self, until: datetime) -> datetime | None:
        """Return the next moment after now, up to *until*, at which something may be sent."""
        now = self.clock.now()
        return await self.store.next_moment(after=now, until=until)

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


@asynccontextmanager
async def open_app(
    folder: Path,
    clock: Clock,
    *,
    channels: bool = False,
    alone: bool = False,
    plans: bool = False,
    looking: bool = False,
    on_settled: Callable[[Happened], None] = unwatched,
    names: Names | None = None,
) -> AsyncIterator[App]:
    """Open Herald on *folder*.

    *looking* is for commands that write nothing: they make no store where there is none, and work
    in a folder that may not be written. With *channels* the configured accounts are opened, so
    that it can send. With *alone* it is ``herald run``: on SQLite the only one on its store, a
    second one is refused with StoreTaken; on PostgreSQL one of many, of which those with *plans*
    take turns planning. Time is PostgreSQL's there, unless *clock* was set. *names* are looked up
    where this machine's name servers say, unless others are given. A folder that is none
    of Herald's is refused before anything is written into it.
    """
    _refuse_another_folder(folder)
    settings = load_settings(folder)
    loader = Loader(
        folder,
        anchors=frozenset(observances()),
        networks=network_names(),
        settings=lambda: read_settings(folder)[0],
    )
    async with AsyncExitStack() as stack:
        if looking:
            store = await stack.enter_async_context(open_to_look(settings.store, folder))
        else:
            store = await open_store(settings.store, folder)
            stack.push_async_callback(store.close)
        await StoredInstance(store).refuse_moved()
        if alone and store.path is not None:
            stack.enter_context(run_lock(store.path))
        # Any other clock was set on purpose, as by --now.
        if store.path is None and type(clock) is SystemClock:
            clock = DatabaseClock(store, clock)
            await clock.measure()
        app = App(
            folder,
            settings,
            clock=clock,
            store=store,
            loader=loader,
            role=_role(store, folder, runs=alone, plans=plans),
            on_settled=on_settled,
            names=names,
        )
        app.is_alone = alone and store.path is not None
        stack.push_async_callback(app.close)
        if channels:
            app.accounts.open((await app.load()).configuration, settings)
        yield app


def _role(store: Store, folder: Path, *, runs: bool, plans: bool) -> Role:
    """Return what a process has to do with planning: what runs on a shared store was told."""
    if store.path is not None or not runs:
        return Role.ALONE
    if not plans:
        return Role.FOLLOWS
    if not (folder / "campaigns").is_dir():
        raise ConfigurationBroken(
            f"--plan reads campaigns/, and there is none in {folder.absolute()}: put the campaign"
            " files there, or leave --plan to a machine that has them."
        )
    return Role.TAKES_TURNS


def clock_difference(clock: Clock) -> timedelta:
    """Return how far the wall clock is ahead of the one that never jumps: it changes by jumps."""
    return clock.now() - EPOCH - timedelta(seconds=clock.monotonic())


def _refuse_another_folder(folder: Path) -> None:
    if not any((folder / name).is_dir() for name in ("campaigns", "config")):
        raise ConfigurationBroken(
            f"There is no campaigns/ and no config/ in {folder.absolute()}: name the folder with"
            " herald -C DIR, or write an example with herald init."
        )
