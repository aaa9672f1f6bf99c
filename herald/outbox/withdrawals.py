"""Decides what becomes of rows that the plan no longer holds, and guards against a slip.

One wrong indent can empty a campaign. So a change that would withdraw many deliveries at once
keeps them from being sent, and waits for a person or for the file to be put right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.outbox.fingerprint import withdrawal_hash
from herald.outbox.lifecycle import waits
from herald.outbox.moved import group_of
from herald.outbox.steps import told
from herald.outbox.threads import is_of_plans, post_of

MOST = 10
"""So many may be withdrawn at once without asking."""
MOST_OF_WAITING = 5
"""Or one in so many of all that waits."""

_FOLLOWS_FROM_FILES = frozenset(
    {Reason.APPROVAL, Reason.TRANSLATION, Reason.VISIBILITY, Reason.DRAFT}
)
"""Holds that planning finds again by itself when the file is put right."""
_GONE = "it is no longer in its file"
_MAYBE = "it is no longer in its file, but may be out there already: look on the network"
_MANY = (
    "it is no longer in its file, and so are many others: `herald plan` shows them;"
    " put the file right, or confirm"
)
_OVER = "its moment is over"


def judge_absent(
    plan: Plan,
    absent: Sequence[Delivery],
    everything: Collection[Delivery],
    steps: Iterable[Step],
    *,
    now: datetime,
    confirmed: str,
) -> Reconciliation:
    """Tell what becomes of *absent*, the rows that *plan* does not hold; *steps* are the others."""
    over = [row for row in absent if _is_over(row, now=now)]
    left = [row for row in absent if _is_gone(row, plan, now=now)]
    gone = [row for row in left if row.part == 0]
    moves, lost = _split_moves(gone, steps)
    spelled = withdrawal_hash(row.key for row in lost)
    # A thread is one post, and goes or stays with its first part.
    waiting = sum(waits(row) for row in everything if row.part == 0 and is_of_plans(row))
    many = len(lost) > MOST and len(lost) * MOST_OF_WAITING > waiting
    # Once refused, what is lost stays withheld: a few new deliveries must not tip the balance.
    refused = confirmed != spelled and (many or any(_is_withheld(row) for row in lost))
    withheld = lost if refused else ()
    kept = {row.key for row in withheld}
    whole = {post_of(row) for row in withheld}
    parts = [row for row in left if row.part and post_of(row) not in whole]
    judged = (
        *(_withdrawn(row) for row in (*moves, *lost, *parts) if row.key not in kept),
        *(_kept(row) for row in withheld),
        *(_expired(row) for row in over),
        *(_sent(row) for row in absent if _was_sent_in(plan, row)),
    )
    return Reconciliation(steps=judged, hash=spelled, withdrawals=len(lost), refused=bool(withheld))


def _is_over(row: Delivery, *, now: datetime) -> bool:
    # One whose payload is frozen may be out there: claiming makes it unclear instead.
    return waits(row) and now > row.not_after_at and row.frozen is None


def _is_gone(row: Delivery, plan: Plan, *, now: datetime) -> bool:
    """Tell whether the plan would hold *row* if its file still did."""
    if not waits(row) or now > row.not_after_at:
        return False
    if row.released and row.due_at <= now:
        return False  # a person sent it on after its moment, where no plan reaches
    begins_later = plan.first > plan.made_at
    return row.due_at < plan.last and not (begins_later and row.due_at < plan.first)


def _split_moves(
    gone: Iterable[Delivery], steps: Iterable[Step]
) -> tuple[list[Delivery], list[Delivery]]:
    """Part what only moved to another occasion of the same post from what is lost."""
    new = Counter(
        group_of(step.planned)
        for step in steps
        if step.change is Change.NEW and step.planned is not None and step.planned.part == 0
    )
    moves: list[Delivery] = []
    lost: list[Delivery] = []
    for row in gone:
        if new[group_of(row)] > 0:
            new[group_of(row)] -= 1
            moves.append(row)
        else:
            lost.append(row)
    return moves, lost


def _is_withheld(row: Delivery) -> bool:
    return row.state is DeliveryState.HELD and row.reason is Reason.WITHDRAWAL


def _withdrawn(row: Delivery) -> Step:
    if row.frozen is not None:
        after = replace(row, state=DeliveryState.HELD, reason=Reason.UNCLEAR, note=_MAYBE)
        return told(Change.WITHDRAWN, after, was=row)
    after = replace(row, state=DeliveryState.WITHDRAWN, reason=None, note=_GONE)
    return told(Change.WITHDRAWN, after, was=row)


def _kept(row: Delivery) -> Step:
    """Keep *row* from being sent, by approving it too; a person's or a repeat's hold stays."""
    if row.state is DeliveryState.HELD and row.reason not in _FOLLOWS_FROM_FILES:
        return told(Change.WITHDRAWN, row, was=row)
    after = replace(row, state=DeliveryState.HELD, reason=Reason.WITHDRAWAL, note=_MANY)
    return told(Change.WITHDRAWN, after, was=row)


def _expired(row: Delivery) -> Step:
    after = replace(row, state=DeliveryState.EXPIRED, reason=None, note=_OVER)
    return told(Change.CHANGED, after, was=row)


def _was_sent_in(plan: Plan, row: Delivery) -> bool:
    return row.state is DeliveryState.SENT and plan.first <= row.due_at < plan.last


def _sent(row: Delivery) -> Step:
    return told(Change.SENT, row, was=row)
