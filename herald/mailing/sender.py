"""Sending an issue: claim a copy, hand it over, settle it; one after the other, until told to stop.

A copy's claim is committed before its mail leaves, and a connection claims its next copy only
after the last one was settled.  So a crash leaves at most one doubtful copy per connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from herald.mailing.bounces.verp import bounce_address
from herald.mailing.judge import judge_mail
from herald.mailing.mime import Envelope, Sender, UnsafeHeader, make_mail
from herald.mailing.render import address_to
from herald.mailing.smtp import Mailer
from herald.mailing.tokens import message_id, unsubscribe_token
from herald.model.bounces import CopyOf
from herald.model.ids import Language
from herald.model.mailing import (
    Deferred,
    Edition,
    Issue,
    MailServer,
    RecipientClaim,
    RecipientState,
    RecipientVerdict,
    Rejected,
    RelayTrouble,
    Uncertain,
)
from herald.ports import Clock, MailingStore

log = logging.getLogger(__name__)

_MARGIN = timedelta(minutes=2)
_COMMANDS = 6
"""MAIL, RCPT, DATA, RSET, and some: each may take the server's whole timeout."""

_SETTLE_WITHIN = 60.0
"""Seconds for which settling is tried: within the lease's margin, as a second answer is fenced."""
_BETWEEN_TRIES = 1.0

_LOSSES_IN_A_ROW = 3
"""A server that hangs up on so many copies one after the other is left alone for a while."""


Refused = Callable[[CopyOf, str, str], Awaitable[object]]
"""Is told of a copy of an issue that a mail server refused for good, and what the server said."""


async def _unnoted(copy: CopyOf, issue: str, said: str) -> None:
    """Let a refusal be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """An issue that is being sent, with all that its copies are made of."""

    issue: Issue
    editions: Mapping[Language, Edition]
    senders: Mapping[Language, Sender]
    key: bytes
    public_url: str
    bounce_pattern: str = ""
    """Of the addresses that copies come back to; empty where they come back to the sender."""
    refused: Refused = _unnoted


def lease_of(server: MailServer) -> timedelta:
    """Return how long a claim holds: longer than the longest a single copy can take."""
    return timedelta(seconds=server.timeout * _COMMANDS + server.final_timeout) + _MARGIN


async def send_copies(
    dispatch: Dispatch,
    *,
    store: MailingStore,
    mailer: Mailer,
    clock: Clock,
    owner: str,
    lease: timedelta,
    may_go_on: Callable[[], Awaitable[bool]],
    chance: Callable[[], float],
) -> RelayTrouble | None:
    """Send what is due of an issue over one connection; return why the server takes no more.

    None means that nothing was left, or that *may_go_on* said no. No copy is claimed while there
    is no connection.
    """
    losses = 0
    while await may_go_on():
        trouble = await mailer.connect()
        if trouble is not None:
            return trouble
        claim = await store.claim_recipient(
            dispatch.issue.key, owner=owner, now=clock.now(), lease=lease
        )
        if claim is None:
            return None
        # Once begun, a copy is sent and settled even if everything else is being stopped.
        outcome = await _finished(_send_one(dispatch, claim, store, mailer, clock, chance))
        if isinstance(outcome, Rejected):
            await dispatch.refused(_copy(claim), claim.issue, outcome.why)
        if isinstance(outcome, RelayTrouble):
            return outcome
        is_loss = isinstance(outcome, Uncertain) or (
            isinstance(outcome, Deferred) and outcome.code in {None, 421}
        )
        losses = losses + 1 if is_loss else 0
        if losses >= _LOSSES_IN_A_ROW:
            return RelayTrouble("it hangs up again and again")
    return None


def compose_copy(dispatch: Dispatch, claim: RecipientClaim) -> bytes:
    """Return the mail of one claimed copy: the same bytes at every attempt. Raises UnsafeHeader."""
    sender, edition = dispatch.senders[claim.language], dispatch.editions[claim.language]
    started_at = dispatch.issue.started_at or claim.first_at
    envelope = Envelope(
        address=claim.address,
        name=claim.name,
        message_id=message_id(claim.issue, claim.subscription, sender.domain, dispatch.key),
        token=unsubscribe_token(claim.subscription, dispatch.key),
        date=started_at,
        public_url=dispatch.public_url,
    )
    return make_mail(address_to(edition, envelope.link(sender)), sender, envelope)


def envelope_sender(dispatch: Dispatch, claim: RecipientClaim) -> str:
    """Return where a copy comes back to: an address of its own, else the list's sender."""
    if not dispatch.bounce_pattern:
        return dispatch.senders[claim.language].address
    return bounce_address(dispatch.bounce_pattern, _copy(claim), dispatch.key)


def _copy(claim: RecipientClaim) -> CopyOf:
    return CopyOf(subscription=claim.subscription, recipient=claim.id)


async def _send_one(
    dispatch: Dispatch,
    claim: RecipientClaim,
    store: MailingStore,
    mailer: Mailer,
    clock: Clock,
    chance: Callable[[], float],
) -> object:
    try:
        mail = compose_copy(dispatch, claim)
    except UnsafeHeader as error:
        verdict = RecipientVerdict(
            state=RecipientState.FAILED, attempts=claim.attempts + 1, reply=str(error)
        )
        await _settle(claim, verdict, store, clock)
        return None
    sender = envelope_sender(dispatch, claim)
    outcome = await mailer.send(sender=sender, recipient=claim.address, mail=mail)
    verdict = judge_mail(claim, outcome, now=clock.now(), chance=chance())
    await _settle(claim, verdict, store, clock)
    level = logging.INFO if verdict.state is RecipientState.ACCEPTED else logging.WARNING
    log.log(
        level,
        "copy %s",
        verdict.state.value,
        extra={"issue": claim.issue, "recipient": claim.id, "code": verdict.code},
    )
    return outcome


async def _settle(
    claim: RecipientClaim, verdict: RecipientVerdict, store: MailingStore, clock: Clock
) -> None:
    """Write what came of a copy, again and again while the store is away for a moment.

    The mail server's answer is known, and lost for good with this process: a copy that was taken
    would be uncertain, and wait for a person. Raises what the store raises in the end.
    """
    begun = clock.monotonic()
    while True:
        try:
            is_fresh = await store.settle_recipient(claim, verdict, now=clock.now())
        except Exception:
            if clock.monotonic() - begun >= _SETTLE_WITHIN:
                log.exception("copy could not be settled", extra={"recipient": claim.id})
                raise
            log.warning("settling a copy failed, tried again", extra={"recipient": claim.id})
            await clock.sleep(_BETWEEN_TRIES)
            continue
        if not is_fresh:
            log.warning("copy moved on before it was settled", extra={"recipient": claim.id})
        return


async def _finished(work: Awaitable[object]) -> object:
    """Await *work* to its end, even if this task is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
