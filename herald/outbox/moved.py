"""Finds planned deliveries that may say again what was sent: an edit is never a second post.

Three edits look like something new. The moment of a sent occasion was changed, so that it stands
under another identity. An event's day was moved after it had been announced. A campaign, an item,
a channel or a language was renamed, or renamed back, so that a moment that is over is seen for the
first time. What is being sent, or may be out there, counts as sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId, Language
from herald.model.plan import Plan, PlannedDelivery
from herald.outbox.lifecycle import waits
from herald.outbox.threads import may_have_been_said

Group = tuple[CampaignId, ItemId, ChannelId, Language]
"""What one reader of one account takes for one post, whenever it appears."""

A_DAY = timedelta(days=1)
"""What has one name and one occasion is due within a day of itself, in whatever zone."""
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
    """Return the planned keys that need a person's word, each with what it may repeat."""
    rows = {row.key: row for row in deliveries}
    posts = [each for each in plan.deliveries if each.part == 0]  # a thread's others follow it
    new = [each for each in posts if _is_new(rows.get(each.key))]
    back = [each for each in posts if _is_back(rows.get(each.key))]
    repeated = _same_text(plan, (*new, *back), deliveries, now=now)
    return repeated | _moved_occasions(plan, rows, new)


def _is_new(row: Delivery | None) -> bool:
    """Tell whether planning would enqueue it: it was never there, or was withdrawn by an edit."""
    if row is None:
        return True
    return row.state is DeliveryState.WITHDRAWN and row.reason is not Reason.PERSON


def _is_back(row: Delivery | None) -> bool:
    """Tell whether it had left its file with many others: it may be out by another name."""
    return row is not None and row.state is DeliveryState.HELD and row.reason is Reason.WITHDRAWAL


def _moved_occasions(
    plan: Plan, rows: Mapping[DeliveryKey, Delivery], new: Iterable[PlannedDelivery]
) -> dict[DeliveryKey, Delivery]:
    """Pair each occasion that was sent and moved away with the earliest new one of its group."""
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
    if not may_have_been_said(row) or not row.moves or not row.is_post:
        return False
    return planned is None or _is_another_day(row, planned)


def _on_another_day(plan: Plan, rows: Mapping[DeliveryKey, Delivery]) -> Iterable[PlannedDelivery]:
    """Yield what waits and will go out on another day than it was to: its event was moved."""
    for planned in plan.deliveries:
        row = rows.get(planned.key) if planned.part == 0 else None
        if row is not None and waits(row) and _is_another_day(row, planned):
            yield planned


def _is_another_day(row: Delivery, planned: PlannedDelivery) -> bool:
    return row.occasion_local.date() != planned.occasion_local.date()


def _same_text(
    plan: Plan,
    new: Sequence[PlannedDelivery],
    deliveries: Iterable[Delivery],
    *,
    now: datetime,
) -> dict[DeliveryKey, Delivery]:
    """Pair each newly seen moment that is over with what was said in these words.

    Or whose moment is that of what is just being sent: the plan may be a little older.
    """
    if not new:
        return {}
    said: dict[str, list[Delivery]] = defaultdict(list)
    for row in deliveries:
        if may_have_been_said(row) and row.is_post:
            said[(row.frozen or row.payload).text].append(row)
    found: dict[DeliveryKey, Delivery] = {}
    for planned in new:
        for row in said.get(planned.payload.text, ()):
            is_over = planned.due_at <= now or planned.due_at == row.due_at
            if is_over and row.key != planned.key and _is_one_reader(plan, planned, row):
                found[planned.key] = row
    return found


def _is_one_reader(plan: Plan, planned: PlannedDelivery, row: Delivery) -> bool:
    """Tell whether the same people would read *planned* and *row*, by whatever name."""
    if (planned.channel, planned.language) == (row.channel, row.language):
        return True
    occasion = (row.campaign, row.item, row.occasion)
    if (planned.campaign, planned.item, planned.occasion) != occasion:
        return False
    if abs(planned.due_at - row.due_at) > A_DAY:
        return False
    if planned.channel == row.channel:
        return True  # its language is spelled differently now
    return planned.network == row.network and _is_renamed(plan, row.channel)


def _is_renamed(plan: Plan, channel: ChannelId) -> bool:
    """Tell whether *channel* is in the configuration no more: another may be the same account."""
    return plan.channels is not None and channel not in plan.channels
