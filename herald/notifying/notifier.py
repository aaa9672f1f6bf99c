"""Tells officers: looks what concerns them, writes down what to say, and sends what is owed.

notifier = Notifier(StoredNotices(store), clock=clock, owner=owner)
await notifier.look(concerns, ways, rules)       # every minute
await notifier.tell_without_store(why, ways, rules)   # while the database cannot be used
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from herald.model.echo import Heard
from herald.model.notice import (
    Concern,
    Kind,
    Message,
    NotNow,
    Occasion,
    Refused,
    Rules,
    Telling,
    Told,
    Unsure,
    Way,
)
from herald.notifying.ways import OpenWay, Ways
from herald.ports import Clock, NoticeStore
from herald.reporting.concerns import redacted
from herald.reporting.notices import Notice, decide, messages_of
from herald.reporting.noticetext import writer

TURN = timedelta(minutes=3)
"""A process that looks every minute keeps its turn; another takes it when that one is gone."""
LEASE = timedelta(minutes=5)
"""Longer than any way takes for one message."""
AT_A_TIME = 20
"""Messages on one way in one round."""
STORE_TROUBLE = timedelta(minutes=5)
"""A database that cannot be used for less is being restarted."""

log = logging.getLogger(__name__)


class Notifier:
    """What one process knows about telling officers."""

    def __init__(self, store: NoticeStore, *, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner
        self._down: set[str] = set()
        """Ways that failed when they were last used: each is logged once."""
        self._trouble_at: float | None = None
        """Since when the store cannot be used, on the clock that never jumps."""
        self._from_memory: tuple[Message, ...] | None = None
        """What was said of the store, once; None as long as nothing was."""
        self._untold: set[str] = set()
        """The ways on which that is still owed."""

    async def look(
        self, concerns: Sequence[Concern], ways: Ways, rules: Rules, *, heard: Sequence[Heard] = ()
    ) -> None:
        """Decide what is to be said, write it down, and send what is owed.

        Raises StoreUnusable; does nothing where there is no way, or while others have the turn.
        """
        if not ways.ready:
            return
        now = self._clock.now()
        write = writer(zone=rules.zone, now=now)
        round_ = await self._store.observe(
            lambda known: decide(concerns, known, rules, now=now, write=write, heard=heard),
            owner=self._owner,
            now=now,
            lease=TURN,
        )
        self._trouble_at = None
        if round_ is not None:
            await asyncio.gather(*(self._send_owed(each) for each in ways.ready))

    async def end_leases(self) -> None:
        """Take over at once from whoever told before and is dead."""
        await self._store.end_leases()

    async def end_turn(self) -> None:
        """Let the next process look at once."""
        await self._store.end_turn(owner=self._owner)

    async def tell_without_store(self, why: str, ways: Ways, rules: Rules) -> None:
        """Tell that the store cannot be used, from memory: once in the life of this process.

        Waits until it has lasted. A way that does not take it is tried again at the next call.
        """
        now = self._clock.monotonic()
        if self._trouble_at is None:
            self._trouble_at = now
        if now - self._trouble_at < STORE_TROUBLE.total_seconds():
            return
        if self._from_memory is None:
            self._from_memory = self._about_the_store(why, rules)
            self._untold = {message.way for message in self._from_memory}
        said = {message.way: message for message in self._from_memory}
        await asyncio.gather(
            *(
                self._tell_from_memory(each, said[each.way.name])
                for each in ways.ready
                if each.way.name in self._untold
            )
        )

    async def test(self, ways: Ways, rules: Rules) -> tuple[tuple[Way, Telling], ...]:
        """Send a test on every way, and return what came of each."""
        now = self._clock.now()
        notice = Notice(occasion=Occasion.TEST)
        messages = messages_of(notice, rules.ways, now=now, write=writer(zone=rules.zone, now=now))
        ready = {each.way.name: each for each in ways.ready}
        came_of = await asyncio.gather(
            *(ready[message.way].teller.tell(message, now=now) for message in messages)
        )
        return tuple(zip((ready[one.way].way for one in messages), came_of, strict=True))

    def _about_the_store(self, why: str, rules: Rules) -> tuple[Message, ...]:
        now = self._clock.now()
        concern = Concern(
            kind=Kind.STORE,
            subject="",
            say="store",
            since=now - STORE_TROUBLE,
            detail=redacted(why),
            commands=("herald status",),
        )
        notice = Notice(occasion=Occasion.ALERT, new=(concern,))
        return messages_of(notice, rules.ways, now=now, write=writer(zone=rules.zone, now=now))

    async def _tell_from_memory(self, way: OpenWay, message: Message) -> None:
        telling = await way.teller.tell(message, now=self._clock.now())
        self._note(way, telling)
        if not isinstance(telling, NotNow):
            self._untold.discard(way.way.name)

    async def _send_owed(self, way: OpenWay) -> None:
        """Send what is owed on one way, one after the other, until it takes no more."""
        for _ in range(AT_A_TIME):
            now = self._clock.now()
            owed = await self._store.claim_message(
                way.way.name, owner=self._owner, now=now, lease=LEASE
            )
            if owed is None:
                return
            telling = await way.teller.tell(owed.message, now=now)
            self._note(way, telling)
            # nothing that may fail stands between the answer and its commit
            await asyncio.shield(self._store.settle_message(owed, telling, now=self._clock.now()))
            if isinstance(telling, NotNow | Unsure):
                return

    def _note(self, way: OpenWay, telling: Telling) -> None:
        """Log what came of it; a way that stays down is logged once."""
        name, label = way.way.name, way.way.label
        match telling:
            case Told():
                log.info("officers were told", extra={"way": label})
                self._down.discard(name)
            case Refused(why=why) | Unsure(why=why):
                log.error("a notice did not arrive", extra={"way": label, "why": why})
            case NotNow(why=why):
                if name not in self._down:
                    log.warning(
                        "officers cannot be told, it is tried again",
                        extra={"way": label, "why": why},
                    )
                self._down.add(name)


def told_together(rules: Rules) -> Rules:
    """Return *rules* for a process that looks once and leaves: what is there is told now."""
    return replace(rules, gather=timedelta())


def failures(came_of: Iterable[tuple[Way, Telling]]) -> tuple[str, ...]:
    """Return why ways did not take a message, by the names that people know them by."""
    return tuple(
        f"{way.label}: {telling.why}" for way, telling in came_of if not isinstance(telling, Told)
    )
