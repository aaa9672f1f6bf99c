"""Port to requests to join lists, on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from herald.model.ids import Language, ListId
from herald.model.joining import Allowance, Asked, ConsentText, Proof, SignUp, SignUpId
from herald.model.mailing import AddressHash, Subscriber, SubscriptionId


class JoiningStore(Protocol):
    """Requests to join lists, on disk. Every method is one short, durable transaction."""

    async def ask(
        self,
        asked: SignUp,
        *,
        of_source: Sequence[Allowance],
        of_address: Sequence[Allowance],
        now: datetime,
    ) -> Asked:
        """Take down a request, which then owes a mail; one of the same person and list is renewed.

        ``TOO_MANY``, changing nothing, where an allowance *of_source* is used up; where one
        *of_address* is, the answer is the usual one and no mail is owed.
        """
        ...

    async def invite(
        self,
        mailing_list: ListId,
        hashes: Sequence[AddressHash],
        *,
        language_of: Callable[[str], Language],
        now: datetime,
        apart: timedelta,
    ) -> int:
        """Owe a mail to those of *hashes* who wait on a list and were never asked; say to how many.

        The mails go *apart* from each other. *language_of* gives each one's language.
        """
        ...

    async def sign_up(self, known: SignUpId, *, since: datetime) -> SignUp | None:
        """Return a request that was made at *since* or later and is not confirmed yet."""
        ...

    async def joined(self, known: SignUpId) -> Subscriber | None:
        """Return who confirmed this request and is still subscribed."""
        ...

    async def confirm(
        self,
        known: SignUpId,
        *,
        text: ConsentText,
        tie: SubscriptionId,
        other_lists: Sequence[ListId],
        since: datetime,
        now: datetime,
    ) -> bool:
        """Subscribe whoever made a request, keep the proof, and erase the request.

        Ends the suppression for this list alone: one for every list stays for *other_lists*. *tie*
        names the subscription unless there was one. False if there is no such request.
        """
        ...

    async def claim_mail(self, *, now: datetime) -> SignUp | None:
        """Take the next mail that is owed by *now*; it is nobody else's until it is given back."""
        ...

    async def mail_sent(self, claimed: SignUp, *, message_id: str) -> None:
        """Note that a claimed mail was accepted."""
        ...

    async def mail_lost(self, claimed: SignUp) -> None:
        """Note that a claimed mail is not to be sent again by itself."""
        ...

    async def mail_later(self, claimed: SignUp, *, at: datetime) -> None:
        """Owe a claimed mail again that was certainly not accepted."""
        ...

    async def forget(self, *, asked_before: datetime, now: datetime) -> int:
        """Erase requests made before that, and counts that are over; return how many requests."""
        ...

    async def pending(self, mailing_list: ListId, *, since: datetime) -> int:
        """Return how many requests of *since* or later wait for their confirmation."""
        ...

    async def proofs(self, address: AddressHash) -> tuple[Proof, ...]:
        """Return what proves that an address's owner agreed, the oldest first."""
        ...
