"""Keeps officers told of what needs them, with the settings as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from pathlib import Path

from herald.errors import StoreUnusable
from herald.model.ids import ChannelId
from herald.model.notice import Occasion, Rules, Stuck, Telling, Way
from herald.notifying.notifier import Notifier, told_together
from herald.notifying.ways import Ways, rules_of, ways_of
from herald.ports import Clock, NoticeStore
from herald.reporting.concerns import Situation, concerns_of
from herald.reporting.notices import Notice
from herald.reporting.noticetext import text_of
from herald.settings import Settings, read_settings

Look = Callable[[], Awaitable[Situation | None]]
"""Gives what may concern officers; None where that is for another process to tell."""


class Officers:
    """Who is told, how, and by this process."""

    def __init__(
        self, folder: Path, settings: Settings, *, store: NoticeStore, clock: Clock, owner: str
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._store = store
        self._clock = clock
        self._notifier = Notifier(store, clock=clock, owner=owner)

    async def tell(self, situation: Look) -> None:
        """Look what needs somebody, and tell it where that is due; for every minute.

        While the database cannot be used, that alone is told, from memory.
        """
        ways, rules = await self.settle_on_ways()
        await self._tell(situation, ways, rules)

    async def tell_and_leave(self, situation: Look) -> None:
        """Do the same once: what came up waits for nothing else, and the next one may look."""
        ways, rules = await self.settle_on_ways()
        await self._tell(situation, ways, told_together(rules))
        if ways.ready:
            with suppress(StoreUnusable):  # the turn ends by itself
                await self._notifier.end_turn()

    async def stuck(self, by_hand: Collection[ChannelId]) -> tuple[Stuck, ...]:
        """Return the deliveries that concern officers."""
        return await self._store.stuck(now=self._clock.now(), by_hand=by_hand)

    async def end_leases(self) -> None:
        """Take over from whoever told before: for one who knows that nobody else does."""
        await self._notifier.end_leases()

    async def test(self) -> tuple[tuple[tuple[Way, Telling], ...], Ways]:
        """Send a test on every way; return what came of each, and the ways as they are."""
        ways, rules = await self.settle_on_ways()
        return await self._notifier.test(ways, rules), ways

    async def preview(self, situation: Situation) -> tuple[str, Ways]:
        """Return what a summary would say of *situation*, empty for nothing, and all ways."""
        ways, rules = await self.settle_on_ways()
        concerns = concerns_of(situation)
        if not ways.ready or not (concerns or situation.heard):
            return "", ways
        notice = Notice(occasion=Occasion.DIGEST, new=concerns, heard=situation.heard)
        return text_of(notice, ways.ready[0].way, zone=rules.zone), ways

    async def settle_on_ways(self) -> tuple[Ways, Rules]:
        """Return the ways and rules of the settings as they stand, or stood when last sound."""
        found, _ = await asyncio.to_thread(read_settings, self._folder)
        self._settings = found or self._settings
        ways = await asyncio.to_thread(ways_of, self._settings, self._folder)
        return ways, rules_of(self._settings, ways)

    async def _tell(self, situation: Look, ways: Ways, rules: Rules) -> None:
        if not ways.ready:
            return
        try:
            found = await situation()
            if found is not None:
                await self._notifier.look(concerns_of(found), ways, rules, heard=found.heard)
        except StoreUnusable as error:
            await self._notifier.tell_without_store(str(error), ways, rules)
