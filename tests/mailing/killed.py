"""A Herald that only sends newsletters, and what may be wrong with it: a process to be killed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import update

from herald.clock import SystemClock
from herald.mailing.bounces.counting import Bounces
from herald.mailing.mailing import Mailing
from herald.mailing.sending.maillog.files import read_files
from herald.mailing.sending.maillog.reading import MailLog
from herald.mailing.sending.reconciling import Reconciling, knock
from herald.mailing.sending.smtp import SmtpMailer
from herald.model.mailing import MailServer, RecipientState, Tls
from herald.store.bounces import StoredBounces
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_doubts import StoredDoubts
from herald.store.mailing_tables import recipient
from tests.mailing.makers import FRIENDS, a_list

_SLEEPS_MOST = 0.05


class Flaw(StrEnum):
    """What is made wrong on purpose."""

    NONE = ""
    CLAIMS = "claims are lost with the process, as if they were never committed"
    HEADERS = "the line of a header is taken for a proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What one process is to do."""

    store: str
    folder: str
    port: int
    connections: int = 3
    log: str = ""
    pattern: str = ""
    ahead: float = 0.0
    """Seconds by which its clock is ahead: it lives so much later."""
    flaw: Flaw = Flaw.NONE


class LaterClock(SystemClock):
    """The machine's clock, ahead; nobody sleeps long."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        """Return a later moment."""
        return super().now() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Wait for a moment."""
        await asyncio.sleep(min(seconds, _SLEEPS_MOST))


class TrustsHeaders(Reconciling):
    """Takes the line of a header for a proof."""

    __slots__ = ()

    def _read(self, reading: MailLog, since: datetime) -> str:
        return read_files(self.path, _Trusting(reading), since=since, now=self.clock.now())


class _Trusting(MailLog):
    """Hears the queue speak whenever a header was read."""

    def __init__(self, inner: MailLog) -> None:
        self._inner = inner

    def turn_to(self, near: datetime) -> None:
        self._inner.turn_to(near)

    def take(self, line: bytes) -> None:
        self._inner.take(line)
        before, is_header, _ = line.partition(b": message-id=<")
        if is_header:
            queued = before.replace(b"/cleanup[", b"/qmgr[")
            self._inner.take(queued + b": from=<x>, size=1, nrcpt=1 (queue active)\n")


def live(life: Life) -> None:
    """Send what is due; end by itself when nothing is left."""
    asyncio.run(_live(life))


async def _live(life: Life) -> None:
    database = await open_store(life.store, Path(life.folder))
    clock = LaterClock(timedelta(seconds=life.ahead))
    store = StoredMailing(database)
    server = MailServer(
        host="127.0.0.1", port=life.port, tls=Tls.NONE, connections=life.connections
    )
    mailing = Mailing(
        store=store,
        lists=lambda: {FRIENDS: a_list()},
        server=server,
        public_url="https://herald.example.org",
        clock=clock,
        bounces=Bounces(
            store=StoredBounces(database), keys=store, pattern=life.pattern, clock=clock
        )
        if life.pattern
        else None,
    )
    doubts = (TrustsHeaders if life.flaw is Flaw.HEADERS else Reconciling)(
        store=store,
        doubts=StoredDoubts(database),
        clock=clock,
        pattern=life.pattern,
        path=life.log,
        knock=lambda: knock(SmtpMailer(server)),
    )
    if life.flaw is Flaw.CLAIMS:
        await _forget_claims(database)
    if database.path is not None:
        await mailing.recover()
    else:
        await store.reap_recipients(now=clock.now())
    await doubts.settle()
    await mailing.send_due(asyncio.Event())
    await database.close()


async def _forget_claims(database: Store) -> None:
    async with database.writing() as connection:
        await connection.execute(
            update(recipient)
            .where(recipient.c.state == RecipientState.CLAIMED.value)
            .values(state=RecipientState.PENDING.value)
        )
