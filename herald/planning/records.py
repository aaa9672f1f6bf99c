"""What planning knows of the past, sorted so that each question is one look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from herald.model.delivery import Action, Delivery, DeliveryState, History, Reason
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId, Language, OccasionId

Spot = tuple[CampaignId, ItemId, OccasionId, ChannelId]
"""One moment of an item on one channel."""

_OF_PLANS = frozenset({Action.CREATE, Action.BOOST})
_WAITING = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.HELD})
_SETTLED = frozenset(
    {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.WITHDRAWN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The past of one campaign."""

    deliveries: tuple[Delivery, ...] = ()
    """Without those that an edit withdrew."""
    items: frozenset[ItemId] = frozenset()
    waiting_since: datetime | None = None
    """When the oldest of what still waits was or is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """History by delivery key, by campaign, and by what was first seen."""

    by_key: Mapping[DeliveryKey, Delivery] = field(default_factory=dict)
    by_campaign: Mapping[CampaignId, Past] = field(default_factory=dict)
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    further: Mapping[tuple[Spot, Language], tuple[Delivery, ...]] = field(default_factory=dict)
    """The parts of each thread behind the first, in their order."""
    combined: Mapping[Spot, tuple[Delivery, ...]] = field(default_factory=dict)
    """Posts that hold several languages."""

    def past(self, campaign: CampaignId) -> Past:
        """Return what is known of *campaign*."""
        return self.by_campaign.get(campaign, _NO_PAST)


_NO_PAST = Past()


def index(history: History) -> Records:
    """Sort *history*; a delivery that an edit withdrew counts as never planned.

    Corrections are no posts, and a thread counts as its first part.
    """
    kept = [
        one
        for one in history.deliveries
        if one.action in _OF_PLANS and not one.corrects and not _left_by_edit(one)
    ]
    grouped: dict[CampaignId, list[Delivery]] = defaultdict(list)
    earlier: dict[CampaignId, set[ItemId]] = defaultdict(set)
    for one in history.earlier:
        earlier[one.campaign].add(one.item)
    for delivery in kept:
        if delivery.entry is None and delivery.is_post:
            grouped[delivery.campaign].append(delivery)
    further, combined = _woven(kept)
    return Records(
        by_key={delivery.key: delivery for delivery in kept},
        further=further,
        combined=combined,
        by_campaign={
            campaign: _past(grouped[campaign], earlier[campaign])
            for campaign in grouped.keys() | earlier.keys()
        },
        first_seen=dict(history.first_seen),
    )


def spot_of(delivery: Delivery) -> Spot:
    """Return of what *delivery* is, and where."""
    return (delivery.campaign, delivery.item, delivery.occasion, delivery.channel)


def is_waiting(delivery: Delivery) -> bool:
    """Tell whether *delivery* may still go out by itself or by a person's word."""
    return delivery.state in _WAITING


def had_its_turn(delivery: Delivery) -> bool:
    """Tell whether *delivery* reached its network, or may have, or a person withdrew it."""
    return (
        delivery.state in (DeliveryState.SENT, DeliveryState.CLAIMED, DeliveryState.WITHDRAWN)
        or delivery.reason is Reason.UNCLEAR
        or delivery.first_send_at is not None
    )


def is_settled(delivery: Delivery) -> bool:
    """Tell whether *delivery* is over, or on its way: its card keeps the date."""
    return delivery.state in _SETTLED or had_its_turn(delivery)


def _left_by_edit(delivery: Delivery) -> bool:
    return delivery.state is DeliveryState.WITHDRAWN and delivery.reason is not Reason.PERSON


def series_date(occasion: OccasionId, series: str) -> date | None:
    """Return the date of *occasion* if it is one of *series* (``weekly-2027-03-03``)."""
    prefix, spelled = occasion[:-10], occasion[-10:]
    if prefix != f"{series}-":
        return None
    try:
        return date.fromisoformat(spelled)
    except ValueError:
        return None


def _woven(
    kept: list[Delivery],
) -> tuple[dict[tuple[Spot, Language], tuple[Delivery, ...]], dict[Spot, tuple[Delivery, ...]]]:
    """Return the further parts of threads, and the posts in several languages: there are few."""
    further: dict[tuple[Spot, Language], list[Delivery]] = defaultdict(list)
    combined: dict[Spot, list[Delivery]] = defaultdict(list)
    for one in kept:
        if one.part:
            further[spot_of(one), one.language].append(one)
        elif (one.frozen or one.payload).also:
            combined[spot_of(one)].append(one)
    in_order = {
        place: tuple(sorted(parts, key=lambda one: one.part)) for place, parts in further.items()
    }
    return in_order, {spot: tuple(posts) for spot, posts in combined.items()}


def _past(group: list[Delivery], earlier: set[ItemId]) -> Past:
    return Past(
        deliveries=tuple(group),
        items=frozenset(delivery.item for delivery in group) | earlier,
        waiting_since=min((one.due_at for one in group if is_waiting(one)), default=None),
    )
