"""Keeps a thread together: as long as nothing of it is out there it follows its file, then no more.

Its parts are deliveries, each of which waits for the one before. To change or drop one that is to
follow what readers already see would tear the thread, and to add one would give it a second end.
"""

from __future__ import annotations

from collections.abc import Iterable

from herald.model.delivery import Action, Delivery
from herald.model.ids import DeliveryKey
from herald.outbox.lifecycle import waits


def begun(deliveries: Iterable[Delivery]) -> frozenset[DeliveryKey]:
    """Return the first parts of the threads of which something is, or may be, out there."""
    return frozenset(
        row.thread or row.key
        for row in deliveries
        if row.action is Action.CREATE and may_have_been_said(row)
    )


def may_have_been_said(row: Delivery) -> bool:
    """Tell whether *row* was sent, is being sent, or may have arrived when it was."""
    return row.may_be_out_there or (waits(row) and row.frozen is not None)


def is_of_plans(row: Delivery) -> bool:
    """Tell whether a plan could hold *row*: corrections and boosts are a person's."""
    return row.action is Action.CREATE and not row.corrects
