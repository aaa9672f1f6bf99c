"""The copies of an issue: each reader's mail, and the envelope that it goes in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from herald.mailing.bounces.verp import bare_address, bounce_address, envelope_id
from herald.mailing.sending.mime import Envelope, Mould, Pages, Sender, make_mould
from herald.mailing.sending.smtp import NextEnvelope
from herald.mailing.tokens import message_id, preferences_token, unsubscribe_token
from herald.model.bounces import CopyOf
from herald.model.ids import Language
from herald.model.mailing import DueCopy, Edition, Issue, RecipientClaim

_QUARTER = timedelta(minutes=15)

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
    pages: Mapping[Language, Pages] = field(default_factory=dict)
    key: bytes
    public_url: str
    bounce_pattern: str = ""
    """Of the addresses that copies come back to; empty where they come back to the sender."""
    refused: Refused = _unnoted

    @property
    def addresses(self) -> frozenset[str]:
        """Return the addresses that its copies are from."""
        return frozenset(sender.address for sender in self.senders.values())


class Copies:
    """Makes the copies of one issue, each edition built once."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._moulds: dict[tuple[Language, datetime], Mould] = {}

    def mail(self, claim: RecipientClaim) -> bytes:
        """Return the mail of one copy: the same bytes at every attempt. Raises UnsafeHeader."""
        dispatch = self._dispatch
        sender = dispatch.senders[claim.language]
        date = _date_of(dispatch.issue, claim)
        envelope = Envelope(
            address=claim.address,
            name=claim.name,
            message_id=message_id(claim.issue, claim.subscription, sender.domain, dispatch.key),
            token=unsubscribe_token(claim.subscription, dispatch.key),
            preferences=preferences_token(claim.subscription, dispatch.key),
            date=date,
            public_url=dispatch.public_url,
            leaving_to=bare_address(dispatch.bounce_pattern),
        )
        mould = self._moulds.get((claim.language, date))
        if mould is None:
            edition = dispatch.editions[claim.language]
            pages = dispatch.pages.get(claim.language, Pages())
            mould = make_mould(edition, sender, envelope, pages)
            self._moulds[claim.language, date] = mould
        return mould.fill(envelope)

    def envelope(self, copy: RecipientClaim | DueCopy) -> NextEnvelope:
        """Return whom a copy goes to, and where it comes back to: an address of its own if any."""
        sender, called = self._dispatch.senders[copy.language].address, copy_of(copy)
        if self._dispatch.bounce_pattern:
            sender = bounce_address(self._dispatch.bounce_pattern, called, self._dispatch.key)
        name = envelope_id(called, self._dispatch.key)
        return NextEnvelope(sender=sender, recipient=copy.address, envelope_id=name)


def _date_of(issue: Issue, claim: RecipientClaim) -> datetime:
    """Return the date in a copy's header, the same at every attempt.

    Where readers have mornings of their own it is about the reader's: the quarter of an hour in
    which the copy was first claimed, so that few moulds serve all.
    """
    if not issue.local_time or issue.started_at is None:
        return issue.started_at or claim.first_at
    quarters = (claim.first_at - issue.started_at) // _QUARTER
    return issue.started_at + _QUARTER * max(quarters, 0)


def copy_of(copy: RecipientClaim | DueCopy) -> CopyOf:
    """Return what a copy is called where it may come back."""
    return CopyOf(subscription=copy.subscription, recipient=copy.id)
