"""Finds planned deliveries that may say again what was sent: an edit is never a second post.

Three edits look like something new. The moment of a sent occasion was changed, so that it stands
under another identity. An event's day was moved after it had been announced. A campaign or item
was renamed, so that a moment that is over is seen for the first time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from herald.model.delivery import Action, Delivery, DeliveryState, Reason
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId, Language
from herald.model.plan import Plan, PlannedDelivery
from herald.outbox.lifecycle import waits

Group = tuple[CampaignId, ItemId, ChannelId, Language]
"""What one reader of one account takes for one post, whenever it appears."""

_ANSWERS = frozenset(
    {DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.HELD}
    | {DeliveryState.SENT, DeliveryState.FAILED}
)


def group_of(delivery: Delivery | PlannedDelivery) -> Group:
    """Return what *delivery* has in common with the same post at another moment."""
    return (delivery.campaign, delivery.item, delivery.channel, delivery.language)


def find_repeats(
    plan: Plan, deliveries: Sequence[Delivery], *, now: datetime
) -> Mapping[DeliveryKey, Delivery]:
    """Return the planned keys that need a person's word, each with the sent one it may repeat."""
    rows = {row.key: row for row in deliveries}
    new = [each for each in plan.deliveries if _is_new(rows.get(each.key))]
    return _same_text(new, deliveries, now=now) | _moved_occasions(plan, rows, new)


def _is_new(row: Delivery | None) -> bool:
    """Tell whether planning would enqueue it: it was never there, or was withdrawn by an edit."""
    if row is None:
        return True
    return row.state is DeliveryState.WITHDRAWN and row.reason is not Reason.PERSON


def _moved_occasions(
    plan: Plan, rows: Mapping[DeliveryKey, Delivery], new: Iterable[PlannedDelivery]
) -> dict[DeliveryKey, Delivery]:
    """Pair each sent occasion that moved away with the earliest new one of its group."""
    stand = {each.key: each for each in (*plan.standing, *plan.deliveries)}
    answered = {
        row.moved_from
        for row in rows.values()
        if row.state in _ANSWERS and (row.key in stand or not waits(row))
    }
    away: dict[Group, list[Delivery]] = defaultdict(list)
    for row in rows.values():
        if _has_moved_away(row, stand.get(row.key)) and row.key not in answered:
            away[group_of(row)].append(row)
    if not away:
        return {}
    fresh: dict[Group, list[PlannedDelivery]] = defaultdict(list)
    for planned in (*new, *_on_another_day(plan, rows)):
        if planned.moves:
            fresh[group_of(planned)].append(planned)
    return {
        planned.key: sent
        for group, sents in away.items()
        for planned, sent in zip(
            sorted(fresh[group], key=lambda each: (each.due_at, each.key)),
            sorted(sents, key=lambda each: (each.due_at, each.key)),
            strict=False,
        )
    }


def _has_moved_away(row: Delivery, planned: PlannedDelivery | None) -> bool:
    if row.state is not DeliveryState.SENT or not row.moves or row.action is not Action.CREATE:
        return False
    return planned is None or _is_another_day(row, planned)


def _on_another_day(plan: Plan, rows: Mapping[DeliveryKey, Delivery]) -> Iterable[PlannedDelivery]:
    """Yield what waits and will go out on another day than it was to: its event was moved."""
    for planned in plan.deliveries:
        row = rows.get(planned.key)
        if row is not None and waits(row) and _is_another_day(row, planned):
            yield planned


def _is_another_day(row: Delivery, planned: PlannedDelivery) -> bool:
    return row.occasion_local.date() != planned.occasion_local.date()


def _same_text(
    new: Iterable[PlannedDelivery], deliveries: Iterable[Delivery], *, now: datetime
) -> dict[DeliveryKey, Delivery]:
    """Pair each moment that is over and newly seen with what the account said in these words."""
    over = [planned for planned in new if planned.due_at <= now]
    if not over:
        return {}
    said = {
        (row.channel, row.language, (row.frozen or row.payload).text): row
        for row in deliveries
        if row.state is DeliveryState.SENT
    }
    return {
        planned.key: said[words]
        for planned in over
        if (words := (planned.channel, planned.language, planned.payload.text)) in said
    }
