"""The store of newsletters, as ``herald.ports.MailingStore`` asks for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from herald.model.headway import Pulse
from herald.model.ids import Language, ListId
from herald.model.mail_limits import MailLimits
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
from herald.store import (
    mailing_claiming,
    mailing_departures,
    mailing_issues,
    mailing_lists,
    mailing_pulse,
)
from herald.store.engine import Store
from herald.store.mailing_paces import Gate
from herald.store.mailing_refusals import find_refusals


class StoredMailing:
    """Lists, issues and recipients in the store; the port's docstrings are the contract."""

    def __init__(
        self, store: Store, *, limits: MailLimits | None = None, account: str = ""
    ) -> None:
        """Keep to *limits*, those of the mail server itself by its *account*."""
        self._store = store
        self._gate = Gate(limits=limits or MailLimits(), relay=account)
        self._turns = mailing_claiming.GroupTurns(store, self._gate)

    async def mailing_key(self) -> bytes:
        """Return the instance's secret."""
        return await mailing_lists.mailing_key(self._store)

    async def admit(
        self, mailing_list: ListId, candidates: Sequence[Candidate], *, now: datetime
    ) -> tuple[RowReport, ...]:
        """Add those who are new and not suppressed."""
        return await mailing_lists.admit(self._store, mailing_list, candidates, now=now)

    async def foresee(
        self, mailing_list: ListId, candidates: Sequence[Candidate]
    ) -> tuple[RowReport, ...]:
        """Tell what ``admit`` would do, and change nothing."""
        return await mailing_lists.foresee(self._store, mailing_list, candidates)

    async def keep_away(
        self,
        mailing_list: ListId,
        candidates: Sequence[Candidate],
        *,
        reason: SuppressionReason,
        now: datetime,
    ) -> tuple[RowReport, ...]:
        """Take off whoever is there, and let no import bring anybody of them in."""
        return await mailing_departures.keep_away(
            self._store, mailing_list, candidates, reason=reason, now=now
        )

    async def foresee_away(
        self, mailing_list: ListId, candidates: Sequence[Candidate]
    ) -> tuple[RowReport, ...]:
        """Tell what ``keep_away`` would do, and change nothing."""
        return await mailing_departures.foresee_away(self._store, mailing_list, candidates)

    async def subscribers(self, mailing_list: ListId) -> tuple[Subscriber, ...]:
        """Return everybody who is or was on a list."""
        return await mailing_lists.subscribers(self._store, mailing_list)

    async def subscriber(self, subscription: SubscriptionId) -> Subscriber | None:
        """Return one person on one list."""
        return await mailing_lists.find_subscriber(self._store, subscription)

    async def suppressed(self, mailing_list: ListId) -> int:
        """Return how many addresses an import of the list refuses."""
        return await mailing_lists.count_suppressed(self._store, mailing_list)

    async def leave(self, subscription: SubscriptionId, *, now: datetime) -> bool:
        """End a subscription at once."""
        return await mailing_lists.leave(self._store, subscription, now=now)

    async def find_subscriptions(self, address: AddressHash) -> tuple[SubscriptionId, ...]:
        """Return the subscriptions of an address."""
        return await mailing_lists.find_subscriptions(self._store, address)

    async def erase(
        self, address: AddressHash, *, reason: SuppressionReason, now: datetime
    ) -> bool:
        """Remove all that is known of a person but the hash."""
        return await mailing_lists.erase(self._store, address, reason=reason, now=now)

    async def issues(self) -> tuple[Issue, ...]:
        """Return every issue."""
        return await mailing_issues.issues(self._store)

    async def issue(self, key: str) -> Issue | None:
        """Return one issue."""
        return await mailing_issues.find_issue(self._store, key)

    async def editions(self, key: str) -> tuple[Edition, ...]:
        """Return an issue's prepared editions."""
        return await mailing_issues.editions(self._store, key)

    async def save_issue(
        self, changed: Issue, *, was: Issue | None, editions: Sequence[Edition] | None = None
    ) -> bool:
        """Write an issue, fenced by *was*."""
        return await mailing_issues.save_issue(self._store, changed, was=was, prepared=editions)

    async def zones(self, mailing_list: ListId) -> frozenset[str]:
        """Return the zones of a list's readers."""
        return await mailing_issues.zones(self._store, mailing_list)

    async def freeze_audience(
        self, issue: Issue, choose: Callable[[Language | None], Language], *, now: datetime
    ) -> int | None:
        """Make a row for everybody who receives the issue."""
        return await mailing_issues.freeze_audience(self._store, issue, choose, now=now)

    async def due_copies(
        self, issue: str, *, most: int, now: datetime, senders: Collection[str] = ()
    ) -> tuple[DueCopy, ...]:
        """Return copies that may be claimed."""
        return await mailing_claiming.due_copies(
            self._store, issue, most=most, now=now, gate=self._gate, senders=senders
        )

    async def reopens_at(
        self, issue: str, *, senders: Collection[str], now: datetime
    ) -> datetime | None:
        """Return when the next copy that is due may be claimed."""
        return await mailing_pulse.reopens_at(
            self._store, issue, gate=self._gate, senders=senders, now=now
        )

    async def refusals(self, issue: str) -> tuple[Refusals, ...]:
        """Return what mail servers said of the copies that they did not take."""
        return await find_refusals(self._store, issue)

    async def pulse(self, issue: str, *, senders: Collection[str], now: datetime) -> Pulse:
        """Return what became of an issue's copies lately, and what the others wait for."""
        return await mailing_pulse.pulse(
            self._store, issue, gate=self._gate, senders=senders, now=now
        )

    async def turn(
        self, *, settled: Settled | None = None, wish: Wish | None = None, now: datetime
    ) -> Turned:
        """Settle a connection's last copy and claim its next one."""
        return await self._turns.turn(settled=settled, wish=wish, now=now)

    async def give_back(self, wish: Wish, *, claimed_at: datetime) -> bool:
        """Undo a claim whose answer was lost."""
        return await mailing_claiming.give_back(self._store, wish, claimed_at=claimed_at)

    async def reap_recipients(self, *, now: datetime) -> int:
        """Make every claimed copy whose lease lapsed uncertain."""
        return await mailing_issues.reap(self._store, now=now)

    async def abandon_recipients(self, *, now: datetime) -> int:
        """Make every claimed copy uncertain."""
        return await mailing_issues.abandon(self._store, now=now)

    async def resolve_uncertain(self, issue: str, *, resend: bool, now: datetime) -> int:
        """Send uncertain copies again, or leave them for good."""
        return await mailing_issues.resolve_uncertain(self._store, issue, resend=resend, now=now)

    async def progress(self, key: str) -> Progress | None:
        """Return how far an issue has got."""
        return await mailing_issues.progress(self._store, key)

    async def finish_issue(self, key: str, *, now: datetime) -> bool:
        """Make an issue sent if its ended copies sum to its audience."""
        return await mailing_issues.finish_issue(self._store, key, now=now)
