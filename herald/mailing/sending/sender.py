"""Sending an issue over several connections, one copy after the other over each of them.

A copy's claim is committed before its mail leaves, and a connection's next claim is committed
together with the end of its last copy, never before it.  So a crash leaves at most one doubtful
copy per connection.  What a connection will most likely claim next is known to it before: a
mailer may announce that envelope while it waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from herald.mailing.sending.copies import Copies, Dispatch, copy_of
from herald.mailing.sending.judge import judge_mail
from herald.mailing.sending.mime import UnsafeHeader
from herald.mailing.sending.smtp import Mailer
from herald.model.mailing import (
    Accepted,
    Deferred,
    DueCopy,
    MailOutcome,
    MailServer,
    RecipientClaim,
    RecipientState,
    RecipientVerdict,
    Rejected,
    RelayTrouble,
    Settled,
    Turned,
    Uncertain,
    Wish,
)
from herald.ports import Clock, MailingStore

T = TypeVar("T")

log = logging.getLogger(__name__)

_MARGIN = timedelta(minutes=2)
_COMMANDS = 6
"""MAIL, RCPT, DATA, RSET, and some: each may take the server's whole timeout."""

_SETTLE_WITHIN = 60.0
"""Seconds for which settling is tried: within the lease's margin, as a second answer is fenced."""
_BETWEEN_TRIES = 1.0

_LOSSES_IN_A_ROW = 3
"""A server that hangs up on so many copies one after the other is left alone for a while."""

_LOOKED_AT = 200
"""Copies that one look at what is due brings: many more than there are connections."""
_CLOSING = 421


def lease_of(server: MailServer) -> timedelta:
    """Return how long a claim holds: longer than the longest a single copy can take."""
    return timedelta(seconds=server.timeout * _COMMANDS + server.final_timeout) + _MARGIN


class Shelf:
    """What is due of an issue, handed out to the connections of this process: each copy to one.

    It only looks; whether a copy may be sent is found out when it is claimed.
    """

    def __init__(self, look: Callable[[], Awaitable[Iterable[DueCopy]]]) -> None:
        self._look = look
        self._due: deque[DueCopy] = deque()
        self._out: set[int] = set()
        self._door = asyncio.Lock()

    async def take(self) -> DueCopy | None:
        """Return the copy that is due next; None if nothing is that is not handed out."""
        async with self._door:
            if not self._due:
                out = frozenset(self._out)  # claimed, perhaps, while this looks
                self._due.extend(
                    copy for copy in await self._look() if copy.id not in out | self._out
                )
            if not self._due:
                return None
            copy = self._due.popleft()
            self._out.add(copy.id)
            return copy

    def strike(self, copy: DueCopy) -> None:
        """Forget a copy: it was claimed, or cannot be."""
        self._out.discard(copy.id)

    def drop(self, domain: str) -> None:
        """Forget the copies to a domain that takes none for a while; a later look finds them."""
        self._due = deque(copy for copy in self._due if copy.domain != domain)

    def put_back(self, copy: DueCopy) -> None:
        """Take back a copy that nobody tried to claim."""
        self._out.discard(copy.id)
        self._due.appendleft(copy)


@dataclass(slots=True)
class _Line:
    """A connection, and what it has in hand."""

    mailer: Mailer
    claim: RecipientClaim | None = None
    asked_at: datetime | None = None
    """When the claim was asked for: its lease began no sooner."""
    losses: int = 0


class Sending:
    """One issue as it is being sent; its connections share what is due."""

    def __init__(
        self,
        dispatch: Dispatch,
        *,
        store: MailingStore,
        clock: Clock,
        owner: str,
        lease: timedelta,
        may_go_on: Callable[[], Awaitable[bool]],
        chance: Callable[[], float],
    ) -> None:
        """Prepare to send; *may_go_on* is asked before every claim."""
        self._dispatch = dispatch
        self._store = store
        self._clock = clock
        self._owner = owner
        self._lease = lease
        self._may_go_on = may_go_on
        self._chance = chance
        self._copies = Copies(dispatch)
        self._shelf = Shelf(self._look)
        self._is_full = False

    async def send_over(self, mailer: Mailer) -> RelayTrouble | None:
        """Send what is due over one connection; return why the server takes no more.

        None means that nothing was left, or that *may_go_on* said no. No copy is claimed while
        there is no connection.
        """
        line = _Line(mailer)
        try:
            return await self._send_over(line)
        finally:
            if line.claim is not None:  # something broke, or this was cancelled
                await _finished(self._give_back(line))

    async def _send_over(self, line: _Line) -> RelayTrouble | None:
        while True:
            if line.claim is None:
                if not await self._may_go_on():
                    return None
                if (trouble := await line.mailer.connect()) is not None:
                    return trouble
                await _finished(self._claim_next(line))
            if (claim := line.claim) is None:
                return None
            # Once begun, a copy is sent and settled even if everything else is being stopped.
            outcome = await _finished(self._send_one(line, claim))
            if isinstance(outcome, Rejected):
                await self._dispatch.refused(copy_of(claim), claim.issue, outcome.why)
            if isinstance(outcome, RelayTrouble):
                return outcome
            line.losses = line.losses + 1 if _is_loss(outcome) else 0
            if line.losses >= _LOSSES_IN_A_ROW:
                return RelayTrouble("it hangs up again and again")

    async def _look(self) -> Iterable[DueCopy]:
        return await self._store.due_copies(
            self._dispatch.issue.key,
            most=_LOOKED_AT,
            now=self._clock.now(),
            senders=self._dispatch.addresses,
        )

    async def _claim_next(self, line: _Line) -> None:
        """Claim the first copy that may be sent; none if nothing is left."""
        while not self._is_full:
            copy = await self._shelf.take()
            if copy is None:
                return
            line.asked_at = self._clock.now()
            try:
                turned = await self._store.turn(wish=self._wish(copy), now=self._clock.now())
            finally:
                self._shelf.strike(copy)
            line.claim = self._claimed(turned)
            if line.claim is not None:
                return

    async def _send_one(self, line: _Line, claim: RecipientClaim) -> MailOutcome | None:
        """Send a claimed copy, settle it and claim the next one; return what came of it.

        None for a copy that cannot be a mail.
        """
        ahead = await self._shelf.take()
        line.claim = None  # from here on it is settled, or in doubt, and never given back
        outcome = None
        try:
            mail = self._copies.mail(claim)
        except UnsafeHeader as error:
            verdict = RecipientVerdict(
                state=RecipientState.FAILED, attempts=claim.attempts + 1, reply=str(error)
            )
        else:
            outcome = await self._hand_over(line, claim, mail, ahead)
            verdict = judge_mail(claim, outcome, now=self._clock.now(), chance=self._chance())
        wished = ahead
        if wished is not None and not (_goes_on(outcome) and await self._wants_more()):
            self._shelf.put_back(wished)
            wished = None
        line.asked_at = self._clock.now()
        line.claim = await self._settle(claim, verdict, wished)
        # That a copy went well stands in the journal; ten thousand lines would hide what did not.
        level = logging.DEBUG if verdict.state is RecipientState.ACCEPTED else logging.WARNING
        log.log(
            level,
            "copy %s",
            verdict.state.value,
            extra={"issue": claim.issue, "recipient": claim.id, "code": verdict.code},
        )
        return outcome

    async def _hand_over(
        self, line: _Line, claim: RecipientClaim, mail: bytes, ahead: DueCopy | None
    ) -> MailOutcome:
        # The server may have hung up since the last copy, with which this one was claimed.
        if (trouble := await line.mailer.connect()) is not None:
            return trouble
        if line.asked_at is None or self._clock.now() - line.asked_at > self._lease / 2:
            # This machine slept: another one may soon find the claim lapsed, and send the copy.
            return Deferred("it was claimed too long ago, nothing was sent")
        envelope = self._copies.envelope(claim)
        return await line.mailer.send(
            sender=envelope.sender,
            recipient=envelope.recipient,
            mail=mail,
            ahead=self._copies.envelope(ahead) if ahead is not None and ahead.address else None,
            envelope_id=envelope.envelope_id,
        )

    async def _wants_more(self) -> bool:
        return not self._is_full and await self._may_go_on()

    def _claimed(self, turned: Turned) -> RecipientClaim | None:
        """Return what was claimed, and mind the limits that others would meet next."""
        self._is_full = self._is_full or turned.is_full
        if turned.barred_domain:
            self._shelf.drop(turned.barred_domain)
        return turned.claim

    async def _settle(
        self, claim: RecipientClaim, verdict: RecipientVerdict, wished: DueCopy | None
    ) -> RecipientClaim | None:
        """Write what came of a copy, again and again while the store is away for a moment.

        The mail server's answer is known, and lost for good with this process: a copy that was
        taken would be uncertain, and wait for a person. Returns the claim of the wished copy, which
        is given up when the store is away. Raises what the store raises in the end.
        """
        begun, tried_at = self._clock.monotonic(), self._clock.now()
        settled = Settled(claim=claim, verdict=verdict)
        wish = self._wish(wished) if wished is not None else None
        lost: Wish | None = None
        try:
            while True:
                try:
                    now = self._clock.now() if wish is None else tried_at
                    turned = await self._store.turn(settled=settled, wish=wish, now=now)
                    if lost is not None and await self._store.give_back(lost, claimed_at=tried_at):
                        log.info("claim without an answer given back", extra={"recipient": lost.id})
                except Exception:
                    if self._clock.monotonic() - begun >= _SETTLE_WITHIN:
                        log.exception("copy could not be settled", extra={"recipient": claim.id})
                        raise
                    log.warning(
                        "settling a copy failed, tried again", extra={"recipient": claim.id}
                    )
                    # It may have written all, and been gone before it said so.
                    lost, wish = lost or wish, None
                    await self._clock.sleep(_BETWEEN_TRIES)
                    continue
                if not turned.is_fresh:
                    log.warning(
                        "copy moved on before it was settled", extra={"recipient": claim.id}
                    )
                return self._claimed(turned)
        finally:
            if wished is not None:
                self._shelf.strike(wished)

    async def _give_back(self, line: _Line) -> None:
        """Let a claimed copy of which nothing has left wait for the next time."""
        claim, line.claim = line.claim, None
        if claim is None:
            return
        verdict = RecipientVerdict(
            state=RecipientState.PENDING, attempts=claim.attempts, next_at=self._clock.now()
        )
        await self._settle(claim, verdict, None)

    def _wish(self, copy: DueCopy) -> Wish:
        sender = self._dispatch.senders[copy.language].address
        return Wish(id=copy.id, owner=self._owner, lease=self._lease, sender=sender)


def _goes_on(outcome: MailOutcome | None) -> bool:
    """Tell whether a connection stands after *outcome*, as far as one knows."""
    match outcome:
        case None | Accepted() | Rejected():
            return True
        case Deferred(code=code):
            return code is not None and code != _CLOSING
        case _:
            return False


def _is_loss(outcome: MailOutcome | None) -> bool:
    return isinstance(outcome, Uncertain | Deferred) and not _goes_on(outcome)


async def _finished(work: Awaitable[T]) -> T:
    """Await *work* to its end, even if this task is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
