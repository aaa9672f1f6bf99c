"""Letting a mail that came back take effect: read, decide, write."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Protocol

from herald.mailing.bounces.leaving_mail import read_leaving
from herald.mailing.bounces.reading import Seal, kind_of, read_returned, status_in
from herald.mailing.bounces.verp import bare_address, read_bounce_address
from herald.model.bounces import (
    BounceCounts,
    BounceKind,
    CopyOf,
    Effect,
    ReturnedMail,
    reason_to_end,
)
from herald.model.ids import ListId
from herald.model.mailing import SuppressionReason
from herald.ports import Clock, MailingStore

log = logging.getLogger(__name__)


class BounceStore(Protocol):
    """What came back, on disk. Every method is one short, durable transaction."""

    async def record_bounce(
        self,
        returned: ReturnedMail,
        copy: CopyOf,
        decide: Callable[[tuple[datetime, ...]], SuppressionReason | None],
        *,
        now: datetime,
    ) -> Effect:
        """Count a mail that came back, once, and end what *decide* says is to end.

        *decide* is told the moments of all failures of the subscription that are remembered, and
        may run again. What ends is every subscription of the address, at once, for that reason.
        """
        ...

    async def arrived(self, copy: CopyOf, *, now: datetime) -> bool:
        """Make a copy accepted of which nobody knew it; tell whether that was news."""
        ...

    async def bounced_of_issue(self, issue: str) -> BounceCounts:
        """Return how many copies of an issue came back, and of how many was complained."""
        ...

    async def bounced_of_list(self, mailing_list: ListId) -> BounceCounts:
        """Return how many people of a list are written to no more because of what came back."""
        ...


IsTrial = Callable[[ReturnedMail, bytes], Awaitable[bool]]
"""Looks at a mail that Herald may have sent to itself; tells whether it was one."""


async def _is_no_trial(returned: ReturnedMail, raw: bytes) -> bool:
    return False


class Bounces:
    """Takes what comes back; taking it again changes nothing."""

    def __init__(
        self,
        *,
        store: BounceStore,
        keys: MailingStore,
        pattern: str,
        clock: Clock,
        is_trial: IsTrial = _is_no_trial,
    ) -> None:
        """Join the parts; *pattern* is of bounce addresses, empty where copies have none."""
        self._store = store
        self._keys = keys
        self._clock = clock
        self._is_trial = is_trial
        self.pattern = pattern

    async def take(self, raw: bytes, *, came_to: str = "") -> Effect:
        """Let one mail take effect; once this returns, the mail is no longer needed.

        Raises StoreUnusable while the store is away: the mail is to be kept, and tried again.
        """
        seal = Seal(key=await self._keys.mailing_key(), pattern=self.pattern)
        returned = read_returned(raw, seal, came_to=came_to)
        effect = Effect.IGNORED
        if returned.copy is not None and returned.copy.recipient is not None:
            # Whatever is sent to a copy's own address, the mail server has taken that copy.
            await self._store.arrived(returned.copy, now=self._clock.now())
        if await self._is_trial(returned, raw):
            effect = Effect.TRIAL
        elif returned.kind is BounceKind.NOTHING:
            effect = await self._let_leave(raw, seal)
        elif returned.copy is not None:
            effect = await self._record(returned, returned.copy)
        log.info(
            "mail came back",
            extra={
                "kind": returned.kind.value,
                "status": returned.status,
                "effect": effect.value,
            },
        )
        return effect

    async def expects(self, address: str) -> bool:
        """Tell whether copies come back to *address*: one that Herald signed, or the mailbox's.

        Raises StoreUnusable while the store is away.
        """
        if not self.pattern:
            return False
        if address.lower() == bare_address(self.pattern).lower():
            return True
        key = await self._keys.mailing_key()
        return read_bounce_address(address, self.pattern, key) is not None

    async def refused(self, copy: CopyOf, issue: str, said: str) -> Effect:
        """Let a mail server's refusal take effect: what was not taken does not come back.

        *said* is its answer, addresses taken out; it holds a status code, or counts as a failure.
        """
        status = status_in(said)
        returned = ReturnedMail(
            kind=kind_of(status),
            copy=copy,
            status=status,
            diagnostic=said,
            fingerprint=sha256(f"refused\n{issue}".encode()).hexdigest(),
        )
        return await self._record(returned, copy)

    async def counts_of_issue(self, issue: str) -> BounceCounts:
        """Return how many copies of an issue came back, and of how many was complained."""
        return await self._store.bounced_of_issue(issue)

    async def counts_of_list(self, mailing_list: ListId) -> BounceCounts:
        """Return how many people of a list are written to no more because of what came back."""
        return await self._store.bounced_of_list(mailing_list)

    async def _let_leave(self, raw: bytes, seal: Seal) -> Effect:
        """End the subscription of whoever asks for that by mail; repeating it changes nothing."""
        tie = read_leaving(raw, seal.key)
        if tie is None:
            return Effect.IGNORED
        has_left = await self._keys.leave(tie, now=self._clock.now())
        return Effect.LEFT if has_left else Effect.UNKNOWN

    async def _record(self, returned: ReturnedMail, copy: CopyOf) -> Effect:
        now = self._clock.now()
        decide = partial(reason_to_end, returned.kind, now=now)
        return await self._store.record_bounce(returned, copy, decide, now=now)
