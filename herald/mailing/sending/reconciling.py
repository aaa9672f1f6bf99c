"""Settling doubts: what a mail server's log proves about copies that may have arrived, or not.

A copy is in doubt when Herald died, or the line broke, between its final dot and the answer.  The
log of a Postfix tells which of these it took.  That it took one is proven by a single line.  That
it did not is proven by silence, and silence needs care: the log must be this server's, whole, and
go on long enough.  So the copies that the server is known to have taken are looked for with the
others: where one of these is missing, silence proves nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol

from herald.mailing.bounces.verp import bounce_address
from herald.mailing.sending.maillog.files import local_zone, read_files, read_stream
from herald.mailing.sending.maillog.reading import MailLog, Told, Wanted
from herald.mailing.sending.maillog.stamps import Stamp
from herald.mailing.sending.smtp import Mailer
from herald.mailing.tokens import message_id
from herald.model.bounces import CopyOf
from herald.model.doubts import Doubt, Reconciled, Witness
from herald.model.mailing import Issue, SubscriptionId, WhenUncertain
from herald.ports import Clock, MailingStore

log = logging.getLogger(__name__)

WAIT = timedelta(minutes=10)
"""So long a server may take to answer the final dot (RFC 5321 section 4.5.3.2.6), and a connection
that nobody holds any more may last at it: Postfix's smtpd_timeout is 5 minutes."""

LOG_WAIT = timedelta(hours=1)
"""So long the log is looked at, where there is one, before the newsletter's own word decides."""

CLOCKS = timedelta(minutes=1)
"""By so much the clocks of Herald and of whoever writes the log may differ."""

_LOOK_AGAIN = timedelta(days=1)
"""A doubt that the log did not settle within LOG_WAIT is looked up so seldom."""

_WITNESSES_MOST = 2000


class DoubtStore(Protocol):
    """Doubtful copies on disk. Every method is one short, durable transaction."""

    async def doubts(self, issue: str) -> tuple[Doubt, ...]:
        """Return an issue's doubtful copies."""
        ...

    async def witnesses(
        self, issue: str, *, since: datetime, until: datetime
    ) -> tuple[Witness, ...]:
        """Return the copies that the server said to have taken, first claimed within the span."""
        ...

    async def settle_doubts(
        self,
        accepted: Sequence[tuple[Doubt, str]],
        absent: Sequence[Doubt],
        *,
        now: datetime,
    ) -> int:
        """Make doubts ``accepted``, or ``pending``; leave those that moved on; return how many."""
        ...

    async def hold_doubts(self, doubts: Sequence[Doubt], *, now: datetime) -> int:
        """Leave doubtful copies for good; leave those that moved on alone; return how many."""
        ...


Knock = Callable[[], Awaitable[object]]
"""Connects to the mail server and takes leave, which stands in its log."""

_FLUSHED = 1.0
"""Seconds after which what a mail server did stands in its log."""

Read = Callable[[MailLog, datetime], str]
"""Lets a log be read that was written since a moment; returns what is wrong with it."""


@dataclass(slots=True, kw_only=True)
class Reconciling:
    """Settles the doubts of every issue, by the log and by what its newsletter says."""

    store: MailingStore
    doubts: DoubtStore
    clock: Clock
    pattern: str = ""
    """Of the addresses that copies come back to; empty where they come back to the sender."""
    path: str = ""
    """Where the mail server's log lies; empty where none can be read."""
    knock: Knock | None = None
    _looked_at: dict[str, datetime] = field(default_factory=dict)

    async def settle(self) -> None:
        """Settle what the log settles; where it cannot, do what the newsletter says."""
        for issue in await self.store.issues():
            if issue.started_at is not None and issue.finished_at is None:
                await self._settle(issue)

    async def read(self, issue: Issue, *, path: str = "") -> Reconciled | str:
        """Settle an issue's doubts by a log, now; return a sentence where there is none to read.

        *path* leads to another log than the one that is always read.
        """
        found = await self.doubts.doubts(issue.key)
        if path:
            return await self._look_up(issue, found, self._reader(path))
        if not self.path:
            return "say where the mail server's log is: smtp: {log: ...} in config/herald.yaml"
        await self._be_heard(found)
        return await self._look_up(issue, found, self._read)

    async def read_piped(self, issue: Issue, stream: BinaryIO) -> Reconciled:
        """Settle an issue's doubts by a log that is piped in."""

        def read(reading: MailLog, _: datetime) -> str:
            read_stream(stream, reading)
            return ""

        return await self._look_up(issue, await self.doubts.doubts(issue.key), read)

    async def _settle(self, issue: Issue) -> None:
        found = await self.doubts.doubts(issue.key)
        now = self.clock.now()
        if not found:
            self._looked_at.pop(issue.key, None)
            return
        looked_at = self._looked_at.get(issue.key)
        newest = max(one.doubted_at for one in found)
        is_fresh = newest + LOG_WAIT + WAIT >= now
        if self.path and (is_fresh or looked_at is None or looked_at + _LOOK_AGAIN <= now):
            self._looked_at[issue.key] = now
            await self._be_heard(found)
            settled = await self._look_up(issue, found, self._read)
            if settled.fault:
                log.warning("mail server's log: %s", settled.fault, extra={"issue": issue.key})
            found = tuple(doubt for doubt, _ in settled.open)
        await self._obey(issue, found)

    async def _obey(self, issue: Issue, found: Sequence[Doubt]) -> None:
        """Do what the newsletter says about copies that nothing settles."""
        now = self.clock.now()
        over = [one for one in found if is_over(one, has_log=bool(self.path), now=now)]
        if not over or issue.when_uncertain is WhenUncertain.ASK:
            return
        if issue.when_uncertain is WhenUncertain.RESEND:
            count = await self.doubts.settle_doubts((), over, now=now)
        else:
            count = await self.doubts.hold_doubts(over, now=now)
        log.warning(
            "doubtful copies: %s",
            issue.when_uncertain.value,
            extra={"issue": issue.key, "n": count},
        )
        await self.store.finish_issue(issue.key, now=now)

    async def _look_up(self, issue: Issue, found: Sequence[Doubt], read: Read) -> Reconciled:
        if not found:
            return Reconciled(issue=issue.key)
        key = await self.store.mailing_key()
        since = min(_begins(one, issue) for one in found)
        until = max(one.doubted_at for one in found)
        stood = await self.doubts.witnesses(issue.key, since=since - LOG_WAIT, until=until + WAIT)
        witnesses = stood[:: len(stood) // _WITNESSES_MOST + 1]
        people = {one.id: one.subscription for one in witnesses}
        people |= {one.id: one.subscription for one in found if one.subscription is not None}
        wanted = [
            self._wanted(issue, copy, subscription, key) for copy, subscription in people.items()
        ]
        reading = MailLog(wanted, near=self.clock.now(), zone=local_zone())
        # With all that the log may hold of the witnesses: what is earlier proves nothing.
        fault = await asyncio.to_thread(read, reading, since - LOG_WAIT)
        settled = judge_doubts(
            issue, found, witnesses, reading.told(), fault=fault, now=self.clock.now()
        )
        now = self.clock.now()
        await self.doubts.settle_doubts(settled.accepted, settled.absent, now=now)
        await self.store.finish_issue(issue.key, now=now)
        log.info(
            "doubtful copies looked up",
            extra={
                "issue": issue.key,
                "accepted": len(settled.accepted),
                "absent": len(settled.absent),
                "open": dict(Counter(why for _, why in settled.open)),
            },
        )
        return settled

    def _wanted(self, issue: Issue, copy: int, subscription: SubscriptionId, key: bytes) -> Wanted:
        named = message_id(issue.key, subscription, "", key)
        of = CopyOf(subscription=subscription, recipient=copy)
        return Wanted(
            copy=copy,
            sender=bounce_address(self.pattern, of, key) if self.pattern else "",
            name=named.strip("<>@"),
            since=(issue.started_at or issue.due_at) - CLOCKS,
        )

    async def _be_heard(self, found: Sequence[Doubt]) -> None:
        """Let the log go on, if silence may prove something: a quiet server writes nothing."""
        now = self.clock.now()
        if self.knock is not None and any(one.doubted_at + WAIT <= now for one in found):
            await self.knock()
            await self.clock.sleep(_FLUSHED)

    def _read(self, reading: MailLog, since: datetime) -> str:
        return self._reader(self.path)(reading, since)

    def _reader(self, path: str) -> Read:
        now = self.clock.now()
        return lambda reading, since: read_files(path, reading, since=since, now=now)


async def knock(mailer: Mailer) -> None:
    """Connect to the mail server and take leave; nothing more, and no harm if it is away."""
    await mailer.connect()
    await mailer.close()


def is_over(doubt: Doubt, *, has_log: bool, now: datetime) -> bool:
    """Tell whether nothing more is awaited that could settle a doubt, so that one may decide it.

    What a copy of the database knows nothing of may be a whole issue: that is left to a person.
    """
    return not doubt.is_of_a_copy and doubt.doubted_at + (LOG_WAIT if has_log else WAIT) <= now


def judge_doubts(
    issue: Issue,
    doubts: Sequence[Doubt],
    witnesses: Sequence[Witness],
    told: Told,
    *,
    fault: str,
    now: datetime,
) -> Reconciled:
    """Return what a log proves about each doubt.  Pure."""
    flaw = fault or why_silence_proves_nothing(witnesses, told, now=now)
    accepted: list[tuple[Doubt, str]] = []
    absent: list[Doubt] = []
    still: list[tuple[Doubt, str]] = []
    for one in doubts:
        if (queue_id := told.taken.get(one.id)) is not None:
            accepted.append((one, queue_id))
        elif why := flaw or _why_open(one, told):
            still.append((one, why))
        else:
            absent.append(one)
    return Reconciled(
        issue=issue.key,
        accepted=tuple(accepted),
        absent=tuple(absent),
        open=tuple(still),
        fault=fault,
    )


def why_silence_proves_nothing(witnesses: Collection[Witness], told: Told, *, now: datetime) -> str:
    """Return why a log may be silent about a copy that was taken; empty where it may not."""
    if told.first is None or told.last is None:
        return "there is no line of Postfix in the log"
    if told.last.earliest > now + CLOCKS:
        return "the log's clock is ahead of Herald's, or in another time zone"
    within = [
        one
        for one in witnesses
        if told.first.latest + CLOCKS <= one.first_at
        and one.settled_at + CLOCKS <= told.last.earliest
    ]
    missing = sum(one.id not in told.seen for one in within)
    if not within or missing == len(within):
        return (
            "the log tells of no copy that the mail server surely took: it may be another server's,"
            " or too short"
        )
    if missing:
        return f"the log lacks {missing} of {len(within)} copies that the mail server surely took"
    if any(not _is_in_time(one, told.seen) for one in within):
        return "the log's clock and Herald's differ, or they are in different time zones"
    return ""


def _is_in_time(witness: Witness, seen: Mapping[int, Stamp]) -> bool:
    stamp = seen[witness.id]
    return (
        stamp.latest + CLOCKS >= witness.first_at and stamp.earliest - CLOCKS <= witness.settled_at
    )


def _why_open(doubt: Doubt, told: Told) -> str:
    """Return why a sound log's silence proves nothing about this copy; empty where it does."""
    first, last, begins = told.first, told.last, doubt.first_at
    if doubt.is_of_a_copy or begins is None:
        return "the database was put back from a copy: when it was sent, nobody knows"
    reasons = {
        "the person was erased": doubt.subscription is None,
        "the log begins too late": first is None or first.latest + CLOCKS > begins,
        "the log ends too early: look again when the copy has been in doubt for ten minutes": (
            last is None or last.earliest < doubt.doubted_at + WAIT
        ),
        "lines of the log were lost, or its clock was set back": (
            told.unsound_until is not None and told.unsound_until >= begins - CLOCKS
        ),
        "the mail server read its beginning, and tells nothing more": doubt.id in told.unfinished,
    }
    return next((why for why, holds in reasons.items() if holds), "")


def _begins(doubt: Doubt, issue: Issue) -> datetime:
    return doubt.first_at or issue.started_at or issue.due_at
