"""What the stages ask of clocks, stores and channels.

A port is shaped by what its caller needs; the docstrings are the contract, and
``tests/contracts/`` runs the same tests on every implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from herald.model.account import Finding, Reactions, Reply
from herald.model.archive import Letter
from herald.model.card import LinkCard
from herald.model.delivery import (
    Attempt,
    Claim,
    Delivery,
    History,
    Media,
    Outcome,
    Receipt,
    Sighting,
)
from herald.model.echo import Counts, Heard, Uncounted
from herald.model.feed import Entry, EntryEvent, HubLink
from herald.model.headway import Pulse
from herald.model.health import OutboxHealth
from herald.model.ids import (
    CampaignId,
    ChannelId,
    DeliveryKey,
    EntryId,
    FeedId,
    ItemId,
    Language,
    ListId,
)
from herald.model.joining import (
    Allowance,
    Asked,
    ConsentText,
    Proof,
    SignUp,
    SignUpId,
)
from herald.model.mailing import (
    AddressHash,
    Candidate,
    DueCopy,
    Edition,
    Issue,
    Progress,
    RowReport,
    Settled,
    Subscriber,
    SubscriptionId,
    SuppressionReason,
    Turned,
    Wish,
)
from herald.model.network import Capabilities
from herald.model.notice import Owed, Remembered, Round, Stuck, Telling
from herald.model.picture import Picture
from herald.model.plan import Plan, Reconciliation
from herald.model.planner import Planner
from herald.model.polling import (
    Decision,
    Failed,
    Feed,
    FeedHealth,
    Identity,
    Known,
    Unchanged,
    Understood,
    WantedFeed,
)
from herald.model.reach import Reach
from herald.model.stop import Stop
from herald.model.verdict import Verdict
from herald.model.websub import HubHealth, HubSteps, HubSubscription


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the wall clock's moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock."""
        ...


class MachineClock(Clock, Protocol):
    """A machine's clock, which also knows how long the machine was asleep."""

    def since_boot(self) -> float:
        """Return seconds on a clock that nobody sets and that goes on while the machine sleeps."""
        ...


class PlannerStore(Protocol):
    """Whose turn it is to read the files and plan. Every method is one short transaction."""

    async def planner(self) -> Planner:
        """Return the row as it stands."""
        ...

    async def take_turn(self, *, owner: str, now: datetime, lease: timedelta) -> int | None:
        """Take the turn if nobody has it, or its lease has lapsed; return its new token.

        None while another one has it. A lease of more than twice *lease* counts as lapsed: the
        clock was set back since.
        """
        ...

    async def keep_turn(self, token: int, *, now: datetime, lease: timedelta) -> bool:
        """Hold the turn for longer; False, changing nothing, if *token* is not the row's.

        A lease that lapsed and that nobody took is held on.
        """
        ...

    async def end_turn(self, token: int, *, now: datetime) -> bool:
        """Give the turn back, for others to take at once; False if *token* is not the row's."""
        ...


class MediaStore(Protocol):
    """Keeps pictures by the SHA-256 of their bytes, so that a worker needs no campaign files."""

    async def put_media(self, sha256: str, media_type: str, content: bytes) -> None:
        """Keep *content*; a repeat changes nothing."""
        ...

    async def has_media(self, hashes: Collection[str]) -> frozenset[str]:
        """Return those of *hashes* that are kept."""
        ...

    async def get_media(self, sha256: str) -> bytes:
        """Return the bytes; raise ``herald.errors.MediaMissing`` when they are not kept."""
        ...

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        """Let everybody fetch *picture* by its SHA-256 from now on; a repeat counts from *now*."""
        ...

    async def published(self, sha256: str) -> Picture | None:
        """Return what was published; None for anything else, kept or not."""
        ...

    async def unpublish(self, *, before: datetime) -> None:
        """Forget what was published before that moment, and never again since."""
        ...


class Pictures(Protocol):
    """Pictures made ready for networks."""

    async def picture(self, media: Media, limits: Capabilities) -> Picture:
        """Return the kept picture of *media* as *limits* allow, the same each time it is asked for.

        Turned upright, without what its camera noted, scaled and compressed no more than needed.
        Raises ``herald.errors.MediaMissing`` when its bytes are not kept, and
        ``herald.errors.PictureUnusable`` when they are no picture that can be made to fit.
        """
        ...

    async def address(self, picture: Picture) -> str:
        """Keep *picture* and return where everybody can fetch it; '' if there is no such place."""
        ...


class CardStore(Protocol):
    """What linked pages show of themselves, on disk."""

    async def card(self, link: str) -> LinkCard | None:
        """Return what was kept last of the page behind *link*; None for nothing."""
        ...

    async def save_card(self, card: LinkCard) -> None:
        """Keep *card* in the place of an earlier one of its link."""
        ...

    async def forget_cards(self, *, before: datetime) -> None:
        """Forget the cards that were made before that moment."""
        ...


class Cards(Protocol):
    """Cards of links, for networks on which the sender makes them."""

    async def card(self, link: str) -> LinkCard | None:
        """Return the card of the page behind *link*; None if the page cannot be read now.

        Takes at most half a minute, and never raises for what the page or the way to it does.
        """
        ...


class FeedStore(Protocol):
    """Partner feeds on disk. Every method is one short transaction, durable when it returns."""

    async def sync_feeds(self, wanted: Sequence[WantedFeed], *, now: datetime) -> None:
        """Make the stored feeds those of the configuration.

        A new one is due at once; one that left is not polled, but what it said stays known.
        """
        ...

    async def claim_feeds(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        lease: timedelta,
        each_host: int = 1_000_000,
        not_hosts: Collection[str] = (),
    ) -> tuple[Feed, ...]:
        """Take up to *most* feeds that are due and that nobody else polls, longest due first.

        Not more than *each_host* of one server (``name:port``), and none of *not_hosts*.
        """
        ...

    async def give_back(self, feeds: Sequence[FeedId], *, owner: str) -> None:
        """End the leases of feeds that *owner* took and did not poll: they are due as before."""
        ...

    async def take_feeds(
        self, feeds: Sequence[FeedId], *, owner: str, now: datetime, lease: timedelta
    ) -> tuple[Feed, ...]:
        """Take these configured feeds, due or not, gone or not: a person asked."""
        ...

    async def save_understood(
        self,
        polled: FeedId,
        poll: Understood,
        named: Sequence[Identity],
        decide: Callable[[Known], Decision],
        *,
        now: datetime,
    ) -> Decision:
        """Let *decide* compare a document's entries with what is known; write all of it at once.

        Entries, keys and validators are committed together or not at all, perhaps with what came
        of other feeds. *decide* is pure: it may run in a thread, and again where others came in
        between; what it raises concerns this document alone.
        """
        ...

    async def save_unchanged(self, polled: FeedId, poll: Unchanged, *, now: datetime) -> None:
        """Write a success without news; empty validators leave those that are stored."""
        ...

    async def save_failed(self, polled: FeedId, poll: Failed, *, now: datetime) -> None:
        """Write a failure; entries, keys and validators stay as they are."""
        ...

    async def known_fingerprints(self, polled: FeedId, keys: Collection[str]) -> dict[str, str]:
        """Return by key the fingerprints of the entries that a feed is known to name so."""
        ...

    async def page_events(self, polled: FeedId, keys: Collection[str]) -> dict[str, EntryEvent]:
        """Return by key the events that were found on the pages of entries (``EventSource``)."""
        ...

    async def entries(self, since: datetime) -> tuple[Entry, ...]:
        """Return what configured feeds first said since then, and every event from then on."""
        ...

    async def health(self, *, now: datetime) -> tuple[FeedHealth, ...]:
        """Return every configured feed with its figures, in the order of partners and URLs."""
        ...


class Channel(Protocol):
    """One configured account on a network. It translates and transmits; it decides nothing."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    @property
    def network(self) -> str:
        """The network's name, such as ``mastodon``."""
        ...

    async def capabilities(self) -> Capabilities:
        """Return the account's limits, asked of the network where it tells them.

        Raises ``herald.errors.ChannelUnreachable`` when the network does not answer; the caller
        then keeps what it stored last.
        """
        ...

    async def send(self, claim: Claim) -> Outcome:
        """Publish ``claim.payload`` once and tell what came of it.

        Never raises for anything that the network or the way to it does; an exception is a bug, and
        counts as Unclear.  Makes at most one creating request.
        """
        ...

    async def look_up(self, claim: Claim) -> Sighting:
        """Tell whether the network holds what was sent under ``claim.delivery.key``.

        Changes nothing on the network. Absent only if every page that could hold it was read.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Examined(Protocol):
    """A channel that can look at its account for ``herald doctor``."""

    async def examine(self) -> tuple[Finding, ...]:
        """Tell how the account fares: its credentials, rights, quota, profile; changes nothing.

        Never raises for what the network does: a server that cannot be reached is a finding.
        """
        ...


@runtime_checkable
class Profiled(Protocol):
    """A channel whose account has a profile that everybody reads."""

    async def profile(self) -> str:
        """Return the profile's text, plain.

        Raises ``herald.errors.ChannelUnreachable`` when it cannot be read now.
        """
        ...


@runtime_checkable
class Counted(Protocol):
    """A channel whose network tells what became of a post."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    async def reactions(self, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
        """Return the counts by ``remote_id``; what cannot be read now is left out."""
        ...


@runtime_checkable
class Linked(Protocol):
    """A channel whose network tells only when asked where a post is to be seen."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    @property
    def network(self) -> str:
        """The network's name, such as ``instagram``."""
        ...

    async def link(self, receipt: Receipt) -> str:
        """Return the address of a post that was sent; '' where it is not told now.

        Changes nothing, and never raises for what the network does.
        """
        ...


@runtime_checkable
class Answered(Protocol):
    """A channel whose network tells what people write to the account."""

    @property
    def id(self) -> ChannelId:
        """The channel's name in ``channels.yaml``."""
        ...

    async def replies(self, *, since: datetime) -> tuple[Reply, ...]:
        """Return answers and mentions from *since* on, the oldest first.

        Raises ``herald.errors.ChannelUnreachable`` when the network does not answer.
        """
        ...


class EchoStore(Protocol):
    """What became of posts, on disk. Every method is one short transaction."""

    async def uncounted(
        self, channel: ChannelId, *, since: datetime, before: datetime, most: int
    ) -> tuple[Uncounted, ...]:
        """Return posts that *channel* sent from *since* on, not counted from *before* on.

        Those never counted come first, then those counted longest ago.
        """
        ...

    async def save_counts(self, counts: Mapping[DeliveryKey, Reactions], *, now: datetime) -> None:
        """Write what was counted."""
        ...

    async def counts(self, keys: Collection[DeliveryKey]) -> dict[DeliveryKey, Counts]:
        """Return what was counted last of these posts."""
        ...

    async def take_look(
        self, channel: ChannelId, *, now: datetime, every: timedelta
    ) -> datetime | None:
        """Return when replies on *channel* were looked for last, and note that they are now.

        None where that was less than *every* ago, perhaps by another process. At the first look
        it is *now*: what was written before Herald came is nobody's news.
        """
        ...

    async def put_back_look(self, channel: ChannelId, looked_at: datetime) -> None:
        """Note that a look came to nothing: the next one begins where it began."""
        ...

    async def save_replies(
        self, channel: ChannelId, replies: Sequence[Reply], *, now: datetime
    ) -> None:
        """Keep what is new of *replies*."""
        ...

    async def heard(self, *, after: datetime, most: int) -> tuple[Heard, ...]:
        """Return what was heard after that moment, the oldest first."""
        ...

    async def forget_replies(self, *, before: datetime) -> None:
        """Forget what was heard before that moment: it is other people's, and was told."""
        ...


class OutboxStore(Protocol):
    """The outbox on disk. Every method is one short transaction, durable when it returns."""

    async def history(self) -> History:
        """Return every delivery there ever was, and what was seen when.

        After years these are a million: planning asks for ``history_within``.
        """
        ...

    async def history_within(self, reach: Reach) -> History:
        """Return what of the past a plan of *reach* can depend on, and what was seen when.

        Whatever a plan is made of, it is the same as one made with ``history``. That is all that
        waits, and of what ended what *reach* names.
        """
        ...

    async def concerned_by(self, plan: Plan) -> tuple[Delivery, ...]:
        """Return the deliveries that comparing the outbox with *plan* can depend on.

        In the order of due_at and key. The comparison comes to the same as one with every delivery
        there ever was: all that waits; what is planned; what was sent in the plan's span, in the
        words of what is late and new, or of the same item where an edit may have moved it.
        """
        ...

    async def reconcile(
        self,
        plan: Plan,
        decide: Callable[[Sequence[Delivery]], Reconciliation],
        *,
        now: datetime,
        turn: int | None = None,
    ) -> Reconciliation:
        """Let *decide* compare *plan* with ``concerned_by``, and write its steps, all at once.

        *turn* is the token of the planner's row (``PlannerStore``): raises
        ``herald.errors.NotItsTurn``, changing nothing, if another one has taken it since. None is
        for a person, who needs no turn.

        *decide* is pure: it may run in a thread, and again where others came in between.
        A step on a delivery that is claimed, unclear or sent changes nothing. Remembers
        ``plan.first_seen``. Repeating it changes nothing.
        """
        ...

    async def claim(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        capabilities: dict[ChannelId, Capabilities],
    ) -> tuple[Claim, ...]:
        """Take up to *most* due deliveries of the channels in *capabilities*, fairly.

        Skips what is stopped, parked by pace, or at its channel's ``concurrent`` limit; expires
        what is past ``not_after_at``, treats what is late by its ``catch_up``. What follows another
        one (``target``) is passed over until that was sent and its id is known; the claim has both
        receipts. A claim has a new
        token, a lease of twice the channel's timeout and 30 s, its payload frozen and its attempt
        recorded, committed before this returns.
        """
        ...

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        """Write what follows from a send or a look-up; no change and False if *token* is stale."""
        ...

    async def reap(self, *, now: datetime) -> int:
        """Make every claim whose lease lapsed unclear, its token raised; never pending."""
        ...

    async def unclear(self) -> tuple[Delivery, ...]:
        """Return the claimed deliveries with ``unclear_at``: to be looked up after their window."""
        ...

    async def claim_look_up(
        self, key: DeliveryKey, *, owner: str, now: datetime, lease: timedelta
    ) -> Claim | None:
        """Take an unclear delivery for a look-up, under its own lease and token; None if taken.

        With the receipts of what it follows, as in ``claim``.
        """
        ...

    async def list_deliveries(
        self,
        *,
        states: Collection[str] = (),
        prefix: str = "",
        campaign: str = "",
        item: str = "",
        channel: str = "",
    ) -> tuple[Delivery, ...]:
        """Return deliveries in the order of due_at and key; empty arguments narrow nothing.

        One that is pending on a stopped channel, partner or campaign has reason paused or auth; one
        that waits for another to be sent has a note that says so.
        """
        ...

    async def attempts(self, key: DeliveryKey) -> tuple[Attempt, ...]:
        """Return every send of a delivery, oldest first."""
        ...

    async def decide(self, changed: Delivery, *, was: Delivery) -> bool:
        """Write a person's decision, fenced by *was* (state, reason, token).

        Also by what the person saw: content, payload and moment. Returns False if the delivery has
        moved on since, or is claimed or sent.
        """
        ...

    async def sent_of(
        self, items: Collection[tuple[CampaignId, ItemId]], entries: Collection[EntryId]
    ) -> tuple[Delivery, ...]:
        """Return what was sent of *items* and *entries* and corrects that, by due_at and key."""
        ...

    async def following(self, keys: Collection[DeliveryKey]) -> tuple[Delivery, ...]:
        """Return what follows one of *keys* (``target``): next parts and corrections, by due_at."""
        ...

    async def add(self, delivery: Delivery) -> bool:
        """Enqueue *delivery*, which a person made and no plan holds.

        Returns False, changing nothing, if its key is there already, or if what it follows
        (``target``) was not sent.
        """
        ...

    async def set_url(self, key: DeliveryKey, url: str, *, now: datetime) -> bool:
        """Tell where a sent delivery is to be seen, which closes a manual channel's task.

        False if it was not sent.
        """
        ...

    async def stop(self, stop: Stop) -> None:
        """Stop claiming what *stop* names; repeating it updates the reason."""
        ...

    async def resume(self, scope: str, name: str) -> bool:
        """End a person's stop and one for refused credentials; False if there was neither.

        A file's stop stays with its file.
        """
        ...

    async def sync_file_stops(self, stops: Iterable[Stop], *, turn: int | None = None) -> None:
        """Make *stops* the stops of origin file; one that stands keeps its ``since``.

        *turn* as for ``reconcile``.
        """
        ...

    async def stops(self) -> tuple[Stop, ...]:
        """Return everything that is stopped."""
        ...

    async def capabilities(self) -> dict[ChannelId, Capabilities]:
        """Return the channels' last stored capabilities."""
        ...

    async def save_capabilities(
        self, channel: ChannelId, network: str, capabilities: Capabilities
    ) -> None:
        """Remember a channel's capabilities."""
        ...

    async def next_moment(self, *, after: datetime, until: datetime) -> datetime | None:
        """Return when the next pending delivery may be claimed, after *after* and by *until*."""
        ...

    async def next_delivery(self, *, now: datetime) -> Delivery | None:
        """Return the first pending delivery, by due_at, that is due from *now* on.

        What is stopped is passed over.
        """
        ...

    async def channels_due(
        self, channels: Collection[ChannelId], *, now: datetime
    ) -> frozenset[ChannelId]:
        """Return those of *channels* on which something may be claimed that is not stopped."""
        ...

    async def unlinked(self, network: str) -> tuple[Delivery, ...]:
        """Return what was sent on *network* and has no url, by due_at and key.

        On a network where people post, these are their tasks.
        """
        ...

    async def health(self, *, now: datetime) -> OutboxHealth:
        """Return how the outbox fares at *now*."""
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


# ---------------------------------------------------------------------- WebSub


class WebSubStore(Protocol):
    """Subscriptions to feeds' hubs on disk. Every method is one short, durable transaction.

    What is passed in to decide is pure, and may run again.
    """

    async def sync_hubs(
        self, decide: Callable[[Mapping[FeedId, HubLink], Sequence[HubSubscription]], HubSteps]
    ) -> HubSteps:
        """Let *decide* compare the feeds that are polled and name a hub with the subscriptions."""
        ...

    async def claim_hubs(
        self,
        decide: Callable[[HubSubscription], HubSubscription | None],
        *,
        now: datetime,
        most: int,
    ) -> tuple[HubSubscription, ...]:
        """Take up to *most* whose hub is to be asked by *now*, the longest due first.

        What *decide* makes of them is written before this returns, and moves ``ask_at``, so that
        nobody else asks too; those for which it returns None are forgotten and not returned.
        """
        ...

    async def hub(self, token: str) -> HubSubscription | None:
        """Return the subscription with this token; None if there is none."""
        ...

    async def change_hub(
        self, token: str, decide: Callable[[HubSubscription], HubSubscription | None]
    ) -> HubSubscription | None:
        """Write what *decide* makes of a subscription, None forgets it; return it as it was."""
        ...

    async def save_push(self, token: str, *, now: datetime) -> None:
        """Make a subscription's feed due soon; where it is due soon anyway nothing is written.

        A feed that is being polled is due again after that; one in trouble keeps its pause.
        """
        ...

    async def settle_pushes(self, *, now: datetime) -> int:
        """Make the feeds due that were pushed while they were polled; return how many."""
        ...

    async def active_hubs(self, *, now: datetime) -> dict[FeedId, HubHealth]:
        """Return how the subscriptions of feeds fare, those being left excepted."""
        ...


# ---------------------------------------------------------------------- notices to officers


class NoticeStore(Protocol):
    """What officers were told and are owed, on disk. Each method is one short transaction."""

    async def stuck(self, *, now: datetime, by_hand: Collection[ChannelId]) -> tuple[Stuck, ...]:
        """Return what failed lately, is unclear, waits for a person, or is to be posted by hand.

        Deliveries of one item on one channel together, the earliest moment first, the first
        thousand. *by_hand* are the channels of which what was sent is a task until it has a link.
        """
        ...

    async def observe(
        self,
        decide: Callable[[Remembered], Round],
        *,
        owner: str,
        now: datetime,
        lease: timedelta,
    ) -> Round | None:
        """Let *decide* compare what stands with what was told; write what follows, all at once.

        None, and nothing decided, as long as it is another process's turn: each holds in memory
        what others do not know. A turn lasts for *lease* from its last look. *decide* is pure and
        may run again. A digest takes the place of what is still owed on its ways.
        """
        ...

    async def claim_message(
        self, way: str, *, owner: str, now: datetime, lease: timedelta
    ) -> Owed | None:
        """Take the oldest message that is due on *way*, under a new token; None if there is none.

        One whose lease lapsed, of which nobody knows whether it arrived, is taken once more; then
        it is given up. So is what could not be sent for two days.
        """
        ...

    async def settle_message(self, owed: Owed, telling: Telling, *, now: datetime) -> bool:
        """Write what came of a message; no change and False if the claim's token is stale.

        NotNow is owed again after a wait that doubles up to an hour.
        """
        ...

    async def end_leases(self) -> None:
        """End every turn and lease: for one who knows that nobody else tells."""
        ...

    async def end_turn(self, *, owner: str) -> None:
        """Let others look at once, if it is *owner*'s turn."""
        ...
