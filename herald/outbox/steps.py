"""Writes down one line of the difference between plan and outbox. Pure."""

from __future__ import annotations

from herald.model.delivery import Delivery
from herald.model.plan import Change, PlannedDelivery, Step


def told(
    change: Change,
    after: Delivery,
    *,
    was: Delivery | None = None,
    planned: PlannedDelivery | None = None,
) -> Step:
    """Return the step that leaves a row as *after*; nothing is written where it *was* so before."""
    return Step(
        change=change,
        key=after.key,
        planned=planned,
        state=after.state,
        reason=after.reason,
        note=after.note,
        after=None if after is was or after == was else after,
    )
