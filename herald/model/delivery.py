"""A delivery: one variant owed to one channel; what a send comes to; and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from herald.model.campaign import CatchUp
from herald.model.ids import (
    CampaignId,
    ChannelId,
    DeliveryKey,
    EntryId,
    ItemId,
    Language,
    OccasionId,
    PartnerId,
)

LATE_AFTER = timedelta(minutes=5)
"""So long after its moment a delivery is late, and ``catch_up`` decides: less is a busy minute."""
HELD_UP_AFTER = timedelta(minutes=15)
"""What is later than this is overdue whatever holds it up, a network that does not answer too."""
FIRST_REPLY = 1000
"""Parts from this number on are replies by which a person corrects a post: no thread is so long."""


class DeliveryState(StrEnum):
    """Where a delivery stands; ``outbox/lifecycle`` says what may follow what."""

    PENDING = "pending"
    CLAIMED = "claimed"
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Reason(StrEnum):
    """Why a delivery is held, or pending and not claimed."""

    APPROVAL = "approval"
    UNCLEAR = "unclear"
    LATE = "late"
    TRANSLATION = "translation"
    VISIBILITY = "visibility"
    WITHDRAWAL = "withdrawal"
    MOVED = "moved"
    DRAFT = "draft"
    PERSON = "person"
    """Somebody ran ``herald outbox hold``."""
    PAUSED = "paused"
    AUTH = "auth"


class Action(StrEnum):
    """What a delivery does on its network."""

    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    BOOST = "boost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture as it is sent: its bytes by SHA-256 in the store, or a URL, and its description."""

    file: str = ""
    url: str = ""
    alt: str = ""
    sha256: str = ""
    media_type: str = ""
    credit: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Exactly what a channel gets; frozen at the first send, so that a repeat sends the same."""

    text: str
    language: Language
    title: str = ""
    link: str = ""
    media: tuple[Media, ...] = ()
    length: int = 0
    """In the channel's own units."""
    limit: int | None = None
    facts: str = ""
    """What an amplified entry said as this was composed (title, event), for telling later what is
    no longer true; it is not shown. Empty for items, and for what older versions sent."""
    mentions: tuple[str, ...] = ()
    """Accounts that partners declared and ``text`` names, without ``@``, in small letters: only
    these are mentioned, where a mention is the sender's to make (Bluesky)."""
    also: tuple[Language, ...] = ()
    """Further languages in which ``text`` is written, after ``language``, where one post holds
    several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One row of the outbox."""

    key: DeliveryKey
    campaign: CampaignId
    item: ItemId
    """The item's id; for an amplified entry the entry's id."""
    entry: EntryId | None = None
    """Set for an amplified entry."""
    occasion: OccasionId
    partner: PartnerId | None = None
    channel: ChannelId
    network: str
    language: Language
    action: Action = Action.CREATE
    part: int = 0
    """Its number in a thread; 0 for the first, and for what is no thread. Of corrections and boosts
    the how manieth of its kind."""
    target: DeliveryKey | None = None
    """The delivery that must be sent before this one: what it answers (create), edits or deletes.
    What a boost shares stands in ``payload.link``."""
    thread: DeliveryKey | None = None
    """The first delivery of the thread in which it answers."""
    occasion_local: datetime
    """The occasion on the wall clock of ``zone``, before stagger: naive."""
    zone: str
    due_at: datetime
    not_after_at: datetime
    """After this it is never sent: ``due_at`` plus ``at_most_late``, and never past its event."""
    catch_up: CatchUp = CatchUp.POST
    moves: bool = False
    """Its occasion is absolute or relative: an edit can move it (reason ``moved``)."""
    payload: Payload
    state: DeliveryState = DeliveryState.PENDING
    reason: Reason | None = None
    next_at: datetime
    """When it may be claimed: ``due_at``, or later after a failed attempt."""
    attempts: int = 0
    """Sends that counted; throttling does not."""
    token: int = 0
    """Grows with every claim; a worker with an older one settles nothing."""
    owner: str = ""
    lease_ends_at: datetime | None = None
    first_send_at: datetime | None = None
    unclear_at: datetime | None = None
    frozen: Payload | None = None
    """What was sent, from the first send on."""
    remote_id: str = ""
    url: str = ""
    sent_at: datetime | None = None
    error: str = ""
    """What the network said last, without secrets."""
    approved: str = ""
    """The content hash that a person approved."""
    released: bool = False
    """A person sent it on from held, failed or expired: catch-up does not ask again."""
    content_hash: str = ""
    """Of what was planned last; an approval is for this."""
    needs_approval: bool = False
    planned_hold: Reason | None = None
    """Why planning would hold it, whatever else holds it now (translation, visibility, draft)."""
    note: str = ""
    """For people: why it stands where it stands."""
    translated: str = ""
    """The fingerprint of the planned payload in whose place a person's translation stands."""
    moved_from: DeliveryKey | None = None
    """The sent delivery of which this one may be a repeat (reason ``moved``)."""

    @property
    def corrects(self) -> bool:
        """Tell whether a person made it to set right what was sent; no plan holds such a one."""
        if self.action is Action.CREATE:
            return self.part >= FIRST_REPLY
        return self.action in {Action.EDIT, Action.DELETE}

    @property
    def is_post(self) -> bool:
        """Tell whether it is what readers take for one post: no further part and no correction."""
        return self.action is Action.CREATE and self.part == 0

    @property
    def may_be_out_there(self) -> bool:
        """Tell whether planning must leave it alone: it is, or may be, on the network."""
        return self.state in {DeliveryState.CLAIMED, DeliveryState.SENT} or (
            self.state is DeliveryState.HELD and self.reason is Reason.UNCLEAR
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a network gives for a post: its id and where to see it."""

    remote_id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The network has it."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It was certainly not published, and may be later."""

    why: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Throttled:
    """The network asked to wait; it was not published, and it was not an attempt."""

    why: str
    wait: timedelta | None = None
    """How long, where the network said so."""
    status: int | None = None


class RefusedScope(StrEnum):
    """What a refusal is about."""

    DELIVERY = "delivery"
    CHANNEL = "channel"
    """The account's credentials: the channel stops, the delivery waits."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not published and never will be as it is."""

    why: str
    status: int | None = None
    scope: RefusedScope = RefusedScope.DELIVERY


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may be out there: look before anything is sent again."""

    why: str
    status: int | None = None


Outcome = Sent | TryAgain | Throttled | Refused | Unclear


@dataclass(frozen=True, slots=True)
class Found:
    """The network holds it."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Absent:
    """The network certainly does not hold it: every page was read."""


@dataclass(frozen=True, slots=True)
class RepeatSafe:
    """It is not to be seen, and sending the same again makes no second post."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The network did not answer, or has no way to be asked."""

    why: str
    again: bool = False
    """Asking later may help."""


Sighting = Found | Absent | RepeatSafe | CannotTell


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A worker's hold on one delivery, with the exact payload to send."""

    delivery: Delivery
    token: int
    attempt: int
    """Counts from 1."""
    repeats: bool = False
    """Its payload was already frozen when it was claimed: an earlier send of it was never proven
    absent, so it may be sent only while the network tells repeats apart."""
    target: Receipt | None = None
    """Where the post is that it answers, edits or deletes; set whenever ``delivery.target`` is."""
    root: Receipt | None = None
    """Where the first post of its thread is; set whenever ``delivery.thread`` is."""

    @property
    def payload(self) -> Payload:
        """What is sent: the frozen payload."""
        return self.delivery.frozen or self.delivery.payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One send as it is remembered."""

    key: DeliveryKey
    token: int
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""
    status: int | None = None
    request_hash: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """That an item of a campaign was posted, or was to be, before what a history tells of."""

    campaign: CampaignId
    item: ItemId
    first_sent_at: datetime | None
    """None for one that never went out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What planning knows: what waits, what ended and can still matter, what was seen when."""

    deliveries: tuple[Delivery, ...] = ()
    """In the order of due_at and key."""
    earlier: tuple[Earlier, ...] = ()
    """Of items whose ended deliveries are not all told; empty where they are."""
    first_seen: tuple[tuple[str, datetime], ...] = ()
    """``campaign/item/occasion`` and the moment at which it first appeared in a plan."""
