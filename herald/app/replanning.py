"""Plans what lies ahead and brings the outbox and the newsletters in line with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from herald.accounts import Accounts
from herald.app.files import Files
from herald.app.looking import Plans
from herald.consequences import concerned, file_stops
from herald.correcting import Corrections
from herald.errors import ConfigurationBroken, NotItsTurn
from herald.mailing.mailing import Mailing
from herald.model.configuration import Configuration
from herald.model.plan import Plan
from herald.outbox.reconcile import reconcile
from herald.ports import MediaStore, OutboxStore, PlannerStore
from herald.results import Compared
from herald.turn import Turn

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True, eq=False)
class Replanning:
    """Keeps what is stored in line with the files, where that is this process's turn."""

    files: Files
    plans: Plans
    store: OutboxStore
    media: MediaStore
    accounts: Accounts
    planners: PlannerStore
    turn: Turn
    mailing: Mailing
    corrections: Corrections
    wake: Callable[[], None]
    """Tells whoever sends that something may be due."""
    news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    """Set when there may be something to plan that others have found, or nobody has the turn."""
    _planned_news: int | None = field(default=None, init=False)
    """The count of news, over all processes, when this one planned last; None before."""
    _planning: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

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
        loaded = await self.files.load_all()
        plan, history = await self.plans.make(loaded)
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
            await self.plans.letter_sources(loaded, history, now=now),
            until=plan.last,
        )
        self._planned_news = news
        self.corrections.planned(plan.corrections, at=now)
        self.wake()
        return await self.plans.compared(loaded, plan, difference, waiting=history.deliveries)

    async def replan_if_sound(self) -> None:
        """Plan again where it is this process's turn, else only follow config/.

        Unusable configuration is logged, and everything stays as it was planned.
        """
        if not await self.turn.seek():
            await self._follow_configuration()
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

    async def _follow_configuration(self) -> None:
        """Use the accounts that config/ names now, where this process sends."""
        self._planned_news = None
        await self._follow_accounts((await self.files.load()).configuration)
        self.wake()

    async def _follow_accounts(self, configuration: Configuration) -> None:
        """Open what config/ names anew, where this process sends, and ask it for its limits."""
        if self.accounts.are_open:
            opened = self.accounts.open(configuration, self.files.settings_now())
            await self.accounts.ask_for_limits(opened)

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
            content = await asyncio.to_thread((self.files.folder / media.file).read_bytes)
            if sha256(content).hexdigest() == digest:
                await self.media.put_media(digest, media.media_type, content)
            else:
                log.warning("a picture changed while planning", extra={"file": media.file})
