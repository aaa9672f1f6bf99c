"""Ports to newsletters: their lists, issues and copies, and the letters of their archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from herald.model.archive import Letter
from herald.model.headway import Pulse
from herald.model.ids import Language, ListId
from herald.model.mailing import (
    AddressHash,
    Candidate,
    DueCopy,
    Edition,
    Issue,
    Progress,
    Refusals,
    RowReport,
    Settled,
    Subscriber,
    SubscriptionId,
    SuppressionReason,
    Turned,
    Wish,
)


class MailingStore(Protocol):
    """Lists, issues and recipients on disk. Every method is one short, durable transaction."""

    async def mailing_key(self) -> bytes:
        """Return the instance's secret for tokens and hashes, made once and kept for ever."""
        ...

    async def admit(
        self, mailing_list: ListId, candidates: Sequence[Candidate], *, now: datetime
    ) -> tuple[RowReport, ...]:
        """Add those who are new and not suppressed; tell what became of each.

        Of one who is there already the name and language follow the candidate, the state never.
        """
        ...

    async def subscribers(self, mailing_list: ListId) -> tuple[Subscriber, ...]:
        """Return everybody who is or was on a list and was not erased, by address."""
        ...

    async def subscriber(self, subscription: SubscriptionId) -> Subscriber | None:
        """Return one person on one list; None if never there, or erased."""
        ...

    async def suppressed(self, mailing_list: ListId) -> int:
        """Return how many addresses an import of the list refuses."""
        ...

    async def leave(self, subscription: SubscriptionId, *, now: datetime) -> bool:
        """End a subscription at once, copies that are not claimed included; False if unknown.

        Repeating it changes nothing.
        """
        ...

    async def find_subscriptions(self, address: AddressHash) -> tuple[SubscriptionId, ...]:
        """Return the subscriptions of an address, on every list."""
        ...

    async def erase(
        self, address: AddressHash, *, reason: SuppressionReason, now: datetime
    ) -> bool:
        """Remove all that is known of a person; only the hash stays, for every list.

        False if nothing was known. The address is suppressed all the same.
        """
        ...

    async def issues(self) -> tuple[Issue, ...]:
        """Return every issue, by due_at and key."""
        ...

    async def issue(self, key: str) -> Issue | None:
        """Return one issue."""
        ...

    async def editions(self, key: str) -> tuple[Edition, ...]:
        """Return an issue's prepared editions, the first language first."""
        ...

    async def save_issue(
        self, changed: Issue, *, was: Issue | None, editions: Sequence[Edition] | None = None
    ) -> bool:
        """Write an issue, fenced by *was*; None for *editions* leaves them as they are.

        Returns False, changing nothing, if the issue has moved on since or has been started.
        """
        ...

    async def zones(self, mailing_list: ListId) -> frozenset[str]:
        """Return the zones of the readers of a list; an empty one for those who named none."""
        ...

    async def freeze_audience(
        self, issue: Issue, choose: Callable[[Language | None], Language], *, now: datetime
    ) -> int | None:
        """Make a row for everybody who is subscribed and not suppressed; the issue is ``sending``.

        *choose* gives the edition for a subscriber's language. None if *issue* has moved on.
        """
        ...

    async def due_copies(
        self, issue: str, *, most: int, now: datetime, senders: Collection[str] = ()
    ) -> tuple[DueCopy, ...]:
        """Return copies that may be claimed, the first due first; changes nothing.

        Copies that a limit keeps back are left out: all of them, where one of *senders* is full.
        """
        ...

    async def reopens_at(
        self, issue: str, *, senders: Collection[str], now: datetime
    ) -> datetime | None:
        """Return when the next copy that is due may be claimed; None where no limit keeps any."""
        ...

    async def refusals(self, issue: str) -> tuple[Refusals, ...]:
        """Return what mail servers said of an issue's copies, the commonest first.

        Of those that they did not take, and of those that came back; each copy counts once.
        """
        ...

    async def pulse(self, issue: str, *, senders: Collection[str], now: datetime) -> Pulse:
        """Return what became of an issue's copies lately, and what the others wait for."""
        ...

    async def turn(
        self, *, settled: Settled | None = None, wish: Wish | None = None, now: datetime
    ) -> Turned:
        """Write what came of a connection's last copy and claim its next one, both or neither.

        A stale claim's answer changes nothing. Of a wish, whoever has left since becomes
        ``suppressed`` instead, whoever was erased ``cancelled``.
        """
        ...

    async def give_back(self, wish: Wish, *, claimed_at: datetime) -> bool:
        """Undo the claim that a turn made of *wish* at that moment, if its answer was lost.

        Only for the one that asked and knows that it sent nothing. Returns whether there was one.
        """
        ...

    async def reap_recipients(self, *, now: datetime) -> int:
        """Make every claimed copy whose lease lapsed ``uncertain``; never pending."""
        ...

    async def abandon_recipients(self, *, now: datetime) -> int:
        """Make every claimed copy ``uncertain``: for one who knows that nobody else sends."""
        ...

    async def resolve_uncertain(self, issue: str, *, resend: bool, now: datetime) -> int:
        """Send an issue's uncertain copies again, or leave them for good; return how many."""
        ...

    async def progress(self, key: str) -> Progress | None:
        """Return how far an issue has got; None if it is unknown."""
        ...

    async def finish_issue(self, key: str, *, now: datetime) -> bool:
        """Make an issue ``sent`` if its ended copies sum to its audience."""
        ...


class ArchiveStore(Protocol):
    """Reads letters that were sent, or are being sent; no other issue is ever found here."""

    async def letters(self, mailing_list: ListId, *, after: int, most: int) -> tuple[Letter, ...]:
        """Return letters of a list, the newest first, without the first *after*."""
        ...

    async def letter(self, key: str) -> Letter | None:
        """Return one letter; None if there is none, or it is not sent yet."""
        ...

    async def edition(self, key: str, language: Language) -> Edition | None:
        """Return one edition of a letter."""
        ...
