"""The plan: every delivery wanted in a span of time, and what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from herald.model.campaign import Approve, CatchUp
from herald.model.correction import Correction
from herald.model.delivery import Action, Delivery, DeliveryState, Payload, Reason
from herald.model.ids import (
    CampaignId,
    ChannelId,
    DeliveryKey,
    EntryId,
    ItemId,
    Language,
    ListId,
    OccasionId,
    PartnerId,
)
from herald.model.mailing import WhenUncertain
from herald.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDelivery:
    """One variant wanted on one channel at one moment."""

    key: DeliveryKey
    campaign: CampaignId
    item: ItemId
    entry: EntryId | None = None
    occasion: OccasionId
    partner: PartnerId | None = None
    channel: ChannelId
    network: str
    language: Language
    action: Action = Action.CREATE
    """CREATE, or BOOST for a partner's post; corrections are a person's, and in no plan."""
    part: int = 0
    """Its number in a thread; 0 for the first, and for what is no thread."""
    target: DeliveryKey | None = None
    """Of a further part: the part before it, which it answers and which must be sent first."""
    thread: DeliveryKey | None = None
    """Of a further part: the first part."""
    occasion_local: datetime
    """Naive, in ``zone``, before stagger."""
    zone: str
    due_at: datetime
    not_after_at: datetime
    catch_up: CatchUp
    moves: bool
    """Its occasion is absolute or relative (see Delivery.moves)."""
    payload: Payload
    hold: Reason | None = None
    """translation, visibility, draft or withdrawal: why it may not go out as it is."""
    needs_approval: bool = False
    note: str = ""
    """Why a person should look, while it waits for approval; empty where the rule just says so."""
    content_hash: str
    """Of text, title, link, media and due_at: what an approval covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that the files ask for and that will not be posted."""

    campaign: CampaignId
    item: ItemId
    channel: ChannelId | None = None
    language: Language | None = None
    occasion: OccasionId | None = None
    reason: str
    """A sentence for the editor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedIssue:
    """One dated sending of a newsletter that is wanted."""

    key: str
    """``campaign/newsletter/2027-02-02``."""
    campaign: CampaignId
    newsletter: str
    list: ListId
    local_date: date
    zone: str
    due_at: datetime
    languages: tuple[Language, ...]
    approve: Approve
    when_uncertain: WhenUncertain = WhenUncertain.ASK
    local_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything wanted between two moments; deliveries in the order of due_at, then key."""

    made_at: datetime
    first: datetime
    last: datetime
    deliveries: tuple[PlannedDelivery, ...] = ()
    standing: tuple[PlannedDelivery, ...] = ()
    """What history knows of absolute and relative occasions that still stand in the files, yet lie
    outside the span: with these, one that has left its file can be told from one that is over."""
    skipped: tuple[Skipped, ...] = ()
    issues: tuple[PlannedIssue, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Warnings that only planning can see: an occasion outside the window, texts that run out."""
    first_seen: tuple[str, ...] = ()
    """``campaign/item/occasion`` of what stands in this plan, for the store to remember."""
    corrections: tuple[Correction, ...] = ()
    """What was sent and is no longer true, in the order of its keys."""
    channels: frozenset[ChannelId] | None = None
    """All that the configuration names; None where that is not known."""


class Change(StrEnum):
    """How a planned delivery differs from what is waiting."""

    NEW = "new"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    UNCHANGED = "unchanged"
    SENT = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the difference between plan and outbox, ready to be written."""

    change: Change
    key: DeliveryKey
    planned: PlannedDelivery | None
    """None for what is withdrawn, or was sent and is planned no more."""
    state: DeliveryState
    """The state that the delivery has after this step."""
    reason: Reason | None = None
    note: str = ""
    """For people: "sent on …; release to post again"."""
    after: Delivery | None = None
    """The row as this step leaves it, which the store writes; None where nothing changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The whole difference, with the hash that confirms a mass withdrawal."""

    steps: tuple[Step, ...]
    hash: str
    withdrawals: int
    refused: bool = False
    """Too much would be withdrawn: those deliveries are held until a person confirms the hash."""
