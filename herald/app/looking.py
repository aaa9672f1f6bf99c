"""What would be planned now. Whoever only looks needs this alone: nothing here is written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from herald.app.files import Files
from herald.consequences import concerned, errors, planned_span, refuse_broken_configuration
from herald.foresight import known_capabilities
from herald.mailing.letters.drafting import draft
from herald.mailing.letters.gather import Sources
from herald.mailing.letters.issues import news_begins
from herald.mailing.letters.pictures import KeepsPictures, LetterPictures
from herald.model.configuration import Configuration
from herald.model.delivery import Delivery, History
from herald.model.ids import CampaignId, ChannelId
from herald.model.mailing import Edition, Issue
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.outbox.reconcile import reconcile
from herald.planning.payloads import Composer, composers
from herald.planning.plan import make_plan
from herald.planning.reach import reach_of
from herald.ports import Clock, FeedStore, MailingStore, OutboxStore
from herald.results import Compared
from herald.sources.load import Loaded

REMEMBER_ENTRIES = timedelta(days=60)
"""Entries first seen longer ago are amplified no more; events are as long as they lie ahead."""


class Plans:
    """Makes plans of the files, the feeds and what was sent before."""

    def __init__(
        self,
        files: Files,
        *,
        store: OutboxStore,
        feeds: FeedStore,
        mailing: MailingStore,
        clock: Clock,
    ) -> None:
        self._files = files
        self._store = store
        self._feeds = feeds
        self._mailing = mailing
        self._clock = clock
        self._composers: Mapping[CampaignId, Composer] = {}

    async def compare(self, *, first: date | None = None, last: date | None = None) -> Compared:
        """Plan the span from *first* to *last*, both included, and compare."""
        loaded = await self._files.load_all()
        plan, history = await self.make(loaded, first=first, last=last)
        rows = concerned(await self._store.concerned_by(plan), loaded)
        difference = reconcile(plan, rows, now=plan.made_at)
        known = concerned(history.deliveries, loaded)
        return await self.compared(loaded, plan, difference, waiting=(*known, *rows))

    async def draft_issue(
        self, key: str, *, media: KeepsPictures
    ) -> tuple[Issue, tuple[Edition, ...]] | None:
        """Return an issue that lies ahead as it would be put together now; None for no such one.

        The pictures that its letters show are given to *media*.
        """
        loaded = await self._files.load_all()
        plan, history = await self.make(loaded)
        planned = next((one for one in plan.issues if one.key == key), None)
        if planned is None:
            return None
        public_url = self._files.settings.web.public_url or ""
        return await draft(
            planned,
            await self.letter_sources(loaded, history, now=plan.made_at),
            await self._mailing.issues(),
            now=plan.made_at,
            public_url=public_url,
            pictures=LetterPictures(
                media, folder=self._files.folder, clock=self._clock, public_url=public_url
            ),
        )

    async def make(
        self, loaded: Loaded, *, first: date | None = None, last: date | None = None
    ) -> tuple[Plan, History]:
        """Plan the span from *first* to *last*; return the past it depends on as well.

        Raises ConfigurationBroken when the files under config/ cannot be used.
        """
        refuse_broken_configuration(loaded)
        now = self._clock.now()
        begin, end = planned_span(ZoneInfo(loaded.configuration.zone), now, first, last)
        campaigns, configuration = loaded.campaigns, loaded.configuration
        entries = await self._feeds.entries(now - REMEMBER_ENTRIES)
        reach = reach_of(campaigns, configuration, entries, now=now, first=begin, last=end)
        history = await self._store.history_within(reach)
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

    async def compared(
        self,
        loaded: Loaded,
        plan: Plan,
        difference: Reconciliation,
        *,
        waiting: Sequence[Delivery],
    ) -> Compared:
        """Return *plan* beside what waits, for people to read."""
        return Compared(
            plan=plan,
            difference=difference,
            waiting=waiting,
            broken=errors(loaded),
            campaigns=tuple(campaign.id for campaign in loaded.campaigns),
            issue_states={each.key: each.state for each in await self._mailing.issues()},
        )

    async def letter_sources(self, loaded: Loaded, history: History, *, now: datetime) -> Sources:
        """Return what newsletters are put together from."""
        begins = news_begins(
            loaded.campaigns,
            await self._mailing.issues(),
            now=now,
            at_least=REMEMBER_ENTRIES,
        )
        return Sources(
            campaigns=loaded.campaigns,
            configuration=loaded.configuration,
            entries=await self._feeds.entries(begins),
            history=history,
        )

    async def capabilities(self, configuration: Configuration) -> dict[ChannelId, Capabilities]:
        """Return each channel's limits: what its network said last, else what is known of it."""
        stored = await self._store.capabilities()
        return {
            channel.id: known_capabilities(channel, stored.get(channel.id))
            for channel in configuration.channels.values()
        }
