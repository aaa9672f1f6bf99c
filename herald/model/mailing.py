"""Newsletters: who receives them, what an issue says, and how far it has got.

The words of RFC 5321 are used for what a mail server answers: *accepted* means that it took the
responsibility, not that anybody has read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NewType

from herald.model.ids import CampaignId, Language, ListId
from herald.model.mail_limits import MailLimits

SubscriptionId = NewType("SubscriptionId", str)
"""32 random hexadecimal digits: names a tie between a person and a list, and nobody."""

AddressHash = NewType("AddressHash", str)
"""HMAC-SHA-256 of a normalised address under the instance's key, in hexadecimal."""

EVERY_LIST = ListId("")
"""A suppression of every list: the person was erased, complained, or cannot be reached."""


class SubscriptionState(StrEnum):
    """Whether a person receives a list."""

    SUBSCRIBED = "subscribed"
    PENDING = "pending"
    """Asked for, and not yet confirmed: receives nothing."""
    LEFT = "left"


class SuppressionReason(StrEnum):
    """Why an address is never written to again, until its owner comes back."""

    LEFT = "left"
    ERASED = "erased"
    BOUNCED = "bounced"
    """Mail for it comes back."""
    COMPLAINED = "complained"
    """Its owner called a letter spam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Where and when a person agreed; empty where nobody noted it."""

    source: str = ""
    given: str = ""
    """An ISO 8601 date or moment, as precise as it was written down."""

    @property
    def is_proven(self) -> bool:
        """Tell whether somebody noted when the person agreed: the rest cannot be checked."""
        return bool(self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One sound row of an imported file: a person who may be added to a list."""

    line: int
    address: str
    """As a mail server wants it: ASCII, the domain in its IDNA form."""
    address_hash: AddressHash
    name: str = ""
    language: Language | None = None
    zone: str = ""
    """An IANA time zone; empty where none was named."""
    note: str = ""
    """What the file's author should know of the row, although it is taken."""
    consent: Consent = Consent()


class Fate(StrEnum):
    """What became of a row."""

    ADDED = "added"
    PENDING = "pending"
    """On the list, and written to only after confirming: nothing proves a consent."""
    ALREADY_THERE = "already there"
    REFUSED = "refused"
    TAKEN_OFF = "taken off"
    """Was on the list, and is not written to any more."""
    KEPT_AWAY = "kept away"
    """Was not on the list; no import brings the person in."""
    STAYS = "stays"
    """The file says that the person has not left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """What became of one row of an imported file, told to its author."""

    line: int
    """In the file, from 1; a header is line 1."""
    address: str
    fate: Fate
    why: str = ""
    note: str = ""
    """The part of ``why`` that the file's author should look at, although the row was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person on a list."""

    subscription: SubscriptionId
    list: ListId
    address: str
    name: str = ""
    language: Language | None = None
    zone: str = ""
    """An IANA time zone; empty where nobody said it."""
    state: SubscriptionState = SubscriptionState.SUBSCRIBED
    consent: Consent = Consent()
    since: datetime
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPicture:
    """A picture of a letter: where it is, and what it says to those who cannot see it."""

    url: str = ""
    """Where everybody can fetch it; empty while only Herald has it."""
    file: str = ""
    """Its path in Herald's folder."""
    sha256: str = ""
    """Of the file's bytes, where they were read already."""
    media_type: str = ""
    alt: str = ""
    is_decorative: bool = False
    """It says nothing, and its description is empty."""
    language: Language
    """Of its description."""
    credit: str = ""
    """Who made it, as a line of its own."""
    width: int = 0
    """In pixels; 0 where nothing can tell."""
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentEntry:
    """One thing told in a section, in words that are ready to be shown."""

    ref: str
    """``item:CAMPAIGN/ITEM`` or ``entry:ID``: what the next issue need not tell again."""
    title: str
    text: str = ""
    link: str = ""
    language: Language
    """Of title and text; differs from the edition's where a translation is missing."""
    when: str = ""
    place: str = ""
    credit: str = ""
    """Whose it is: a partner's name."""
    picture: LetterPicture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSection:
    """A heading with what stands below it."""

    title: str
    title_language: Language
    paragraphs: tuple[str, ...] = ()
    """Written by hand."""
    paragraphs_language: Language
    entries: tuple[ContentEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionContent:
    """What an issue says in one language, before it has a shape."""

    language: Language
    subject: str
    sections: tuple[ContentSection, ...] = ()
    statements: tuple[tuple[str, Language], ...] = ()
    """Funding statements and disclaimers of the projects that the issue speaks of."""
    emblems: tuple[LetterPicture, ...] = ()
    """Of their funders; they stand beside the statements."""

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to say."""
        return not any(section.entries or section.paragraphs for section in self.sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueContent:
    """What an issue says in every language, and what keeps it from being sent."""

    editions: tuple[EditionContent, ...] = ()
    missing: tuple[str, ...] = ()
    """Hand-written parts and translations that are asked for and not there, as sentences."""
    told: tuple[str, ...] = ()
    """References of all that is told, in any language."""
    left_over: tuple[str, ...] = ()
    """``LANGUAGE REFERENCE`` of what ``most:`` leaves for the next issue in that language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An issue in one language as it is sent; the place of the unsubscribe link is marked."""

    language: Language
    subject: str
    text: str
    html: str


class IssueState(StrEnum):
    """How far an issue has got."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    """Its audience is frozen."""
    SENT = "sent"
    """Every recipient's row has come to an end."""
    EMPTY = "empty"
    """There was nothing to say."""
    CANCELLED = "cancelled"


class IssueReason(StrEnum):
    """Why an issue is held."""

    APPROVAL = "approval"
    WRITING = "writing"
    """A hand-written part or a translation is missing, or the letter has a fault."""
    LATE = "late"
    """Its moment is long over, and nobody has seen it."""


class WhenUncertain(StrEnum):
    """What becomes of a copy of which nobody knows, and no log tells, whether it arrived."""

    ASK = "ask"
    """A person decides."""
    RESEND = "resend"
    HOLD = "hold"


STARTED = frozenset({IssueState.SENDING, IssueState.SENT})
"""Nothing about such an issue changes any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One dated sending of a newsletter."""

    key: str
    """``campaign/newsletter/2027-02-02``."""
    campaign: CampaignId
    newsletter: str
    list: ListId
    local_date: date
    zone: str
    due_at: datetime
    needs_approval: bool
    state: IssueState = IssueState.PENDING
    reason: IssueReason | None = None
    note: str = ""
    """For people: what is missing, what has changed."""
    languages: tuple[Language, ...] = ()
    told: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    """As in ``IssueContent``."""
    content_hash: str = ""
    """Of the prepared editions; empty before they are."""
    gathered_at: datetime | None = None
    """What came later stands in the next issue."""
    approved: str = ""
    """The content hash that a person approved."""
    approved_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    audience: int = 0
    local_time: bool = False
    """Every reader is written to at the issue's time of day on the reader's own clock."""
    when_uncertain: WhenUncertain = WhenUncertain.ASK


class RecipientState(StrEnum):
    """How far one recipient's copy has got."""

    PENDING = "pending"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    """It may have been accepted; a person decides whether it is sent again."""
    HELD = "held"
    """It was uncertain, and a person decided to leave it."""
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset(
    {
        RecipientState.ACCEPTED,
        RecipientState.REJECTED,
        RecipientState.HELD,
        RecipientState.SUPPRESSED,
        RecipientState.FAILED,
        RecipientState.CANCELLED,
    }
)
"""States that nothing changes any more; an issue is sent when they sum to its audience."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientClaim:
    """A sender's hold on one recipient's copy of an issue."""

    id: int
    issue: str
    token: int
    """Grows with every claim."""
    attempts: int
    """Sends that counted before this one."""
    first_at: datetime
    """When this copy was first claimed."""
    subscription: SubscriptionId
    address: str
    name: str
    language: Language
    """Of the edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCopy:
    """A copy that may be claimed as far as one look tells; nobody holds it yet."""

    id: int
    subscription: SubscriptionId
    address: str
    """Empty if the person was erased since."""
    language: Language
    domain: str = ""
    """At which its limits are counted."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The mail server took it."""

    reply: str = ""
    code: int = 250


@dataclass(frozen=True, slots=True)
class Deferred:
    """It was certainly not accepted, and may be later."""

    why: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """It was not accepted and never will be for this address."""

    why: str
    code: int


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The final dot was written, and its reply was not read."""

    why: str


@dataclass(frozen=True, slots=True)
class RelayTrouble:
    """The mail server takes nothing from us at present; it is not about this recipient."""

    why: str
    code: int | None = None


MailOutcome = Accepted | Deferred | Rejected | Uncertain | RelayTrouble


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientVerdict:
    """What is written to a recipient's row."""

    state: RecipientState
    attempts: int
    next_at: datetime | None = None
    code: int | None = None
    reply: str = ""
    """What the server said; it never holds the recipient's address."""
    queue_id: str = ""
    """What the server calls the mail that it took, if it told."""
    slows_down: bool = False
    """The recipient's domain asked us to slow down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of one claimed copy."""

    claim: RecipientClaim
    verdict: RecipientVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One copy that a connection wants to send next."""

    id: int
    owner: str
    """The process that wants it."""
    lease: timedelta
    sender: str = ""
    """The address that it is from, as far as limits are counted for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """What a connection's turn at the journal came to."""

    claim: RecipientClaim | None = None
    """Of the copy that was wished for; None where it may not be sent, or another one has it."""
    is_fresh: bool = True
    """False where the copy that was to be settled had moved on."""
    is_full: bool = False
    """The mail server or the sender is at its limit: no copy may be claimed for a while."""
    barred_domain: str = ""
    """A domain to which no copy may be claimed for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainCopy:
    """A copy of which nobody knows whether it arrived, as it is shown to a person."""

    address: str
    """Empty if the person was erased since."""
    claimed_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Copies of an issue of which mail servers said the same: not taken, or sent back."""

    code: int | None = None
    """The reply's first number; None where a returned mail quotes what was said."""
    said: str
    copies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an issue has got, in figures that sum to its audience."""

    issue: Issue
    counts: tuple[tuple[RecipientState, int], ...] = ()
    next_at: datetime | None = None
    """When the earliest deferred copy is tried again."""
    due: tuple[tuple[datetime, int], ...] = ()
    """How many copies that nobody has tried yet are due at which moment, the first first."""
    uncertain: tuple[UncertainCopy, ...] = field(default_factory=tuple)

    def count(self, state: RecipientState) -> int:
        """Return how many copies are in *state*."""
        return dict(self.counts).get(state, 0)

    def asleep(self, *, now: datetime) -> int:
        """Return how many copies wait for their readers' morning."""
        return sum(count for at, count in self.due if at > now)

    @property
    def is_finished(self) -> bool:
        """Tell whether the ended copies sum to the frozen audience."""
        return sum(count for state, count in self.counts if state in ENDED) == self.issue.audience


class Tls(StrEnum):
    """How the way to the mail server is protected."""

    STARTTLS = "starttls"
    IMPLICIT = "tls"
    """From the first byte, as on port 465."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes our mail, and how to talk to it."""

    host: str = "localhost"
    port: int = 25
    tls: Tls = Tls.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    connections: int = 2
    """Kept at the same time, at most 10."""
    timeout: float = 60.0
    """Seconds to wait for a connection or a reply, but for the one after the final dot."""
    final_timeout: float = 600.0
    """Seconds to wait for the reply after the final dot (RFC 5321 section 4.5.3.2.6)."""
    limits: MailLimits = field(default_factory=MailLimits)
    """How many newsletter mails it is given at most."""

    @property
    def account(self) -> str:
        """Return what limits of the server itself are counted for."""
        return f"{self.user or ''}@{self.host}:{self.port}"
