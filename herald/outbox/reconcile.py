"""Compares what is wanted with what waits, and decides every row's next standing. Pure.

Planning again changes nothing. What is being sent, may be out there, or was sent is never touched,
nor what is to follow that in a thread. What a person decided stands, until the content that it was
decided about changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from herald.model.campaign import CatchUp
from herald.model.delivery import LATE_AFTER, Delivery, DeliveryState, Reason
from herald.model.ids import DeliveryKey
from herald.model.plan import Change, Plan, PlannedDelivery, Reconciliation, Step
from herald.outbox import threads
from herald.outbox.fingerprint import payload_fingerprint
from herald.outbox.moved import find_repeats
from herald.outbox.steps import told
from herald.outbox.together import is_said_elsewhere, said_together
from herald.outbox.withdrawals import judge_absent

_CONTENT = {
    name: name
    for name in (
        *("campaign", "item", "entry", "occasion", "partner", "channel", "network", "language"),
        *("action", "part", "target", "thread"),
        *("occasion_local", "zone", "due_at", "not_after_at", "catch_up", "moves"),
        *("payload", "content_hash", "needs_approval"),
    )
} | {"hold": "planned_hold"}
"""The fields of what is planned, and those of its row."""
_asks_for = attrgetter(*_CONTENT)
_stands_for = attrgetter(*_CONTENT.values())
_OVER = "its moment is over"
_BY_HAND = frozenset({Reason.PERSON, Reason.MOVED})
"""Only a person lifts these."""


def reconcile(
    plan: Plan, deliveries: Sequence[Delivery], *, now: datetime, confirmed: str = ""
) -> Reconciliation:
    """Tell what changes when *plan* meets *deliveries*, the whole outbox.

    *confirmed* is the hash with which a person agreed to a mass withdrawal. Steps come in the
    order of the plan; then what is planned no more, by due_at and key.
    """
    rows = {row.key: row for row in deliveries}
    repeats = find_repeats(plan, deliveries, now=now)
    wanted, begun = _wanted(plan, rows), threads.begun(deliveries)
    said = said_together(wanted.values(), deliveries)
    kept = {
        key
        for key, planned in wanted.items()
        if threads.follows(planned, begun) or is_said_elsewhere(planned, said)
    }
    steps = tuple(
        _step(planned, rows.get(key), repeats.get(key), now=now)
        for key, planned in wanted.items()
        if key not in kept
    )
    stay = (
        _stays(row, planned)
        for key, planned in wanted.items()
        if key in kept and (row := rows.get(key)) is not None
    )
    absent = [
        row
        for row in sorted(deliveries, key=lambda row: (row.due_at, row.key))
        if row.key not in wanted and threads.is_of_plans(row)
        if not threads.follows(row, begun) or row.state is DeliveryState.SENT
    ]
    judged = judge_absent(plan, absent, rows.values(), steps, now=now, confirmed=confirmed)
    return replace(judged, steps=(*steps, *stay, *judged.steps))


def _wanted(plan: Plan, rows: Mapping[DeliveryKey, Delivery]) -> dict[DeliveryKey, PlannedDelivery]:
    """Return what is wanted by key, the first of two that share one.

    What stands outside the span counts where a row waits for it: its moment may have moved there.
    """
    wanted: dict[DeliveryKey, PlannedDelivery] = {}
    for planned in plan.deliveries:
        wanted.setdefault(planned.key, planned)
    for planned in plan.standing:
        row = rows.get(planned.key)
        if row is not None and row.state in {DeliveryState.PENDING, DeliveryState.HELD}:
            wanted.setdefault(planned.key, planned)
    return wanted


def _step(
    planned: PlannedDelivery, row: Delivery | None, repeated: Delivery | None, *, now: datetime
) -> Step:
    if row is None:
        after = _explained(_held_as_repeat(_new(planned, now=now), repeated), planned)
        return told(Change.NEW, after, planned=planned)
    if row.may_be_out_there:
        change = Change.SENT if row.state is DeliveryState.SENT else Change.UNCHANGED
        return told(change, row, was=row, planned=planned)
    after = _explained(_held_as_repeat(_updated(row, planned, now=now), repeated), planned)
    if after is row or after == row:
        return told(Change.UNCHANGED, row, was=row, planned=planned)
    returns = row.state is DeliveryState.WITHDRAWN
    return told(Change.NEW if returns else Change.CHANGED, after, planned=planned)


def _stays(row: Delivery, planned: PlannedDelivery) -> Step:
    """Leave *row* as it was enqueued: what it follows is out there, and cannot be changed."""
    change = Change.SENT if row.state is DeliveryState.SENT else Change.UNCHANGED
    return told(change, row, was=row, planned=planned)


def _new(planned: PlannedDelivery, *, now: datetime) -> Delivery:
    row = Delivery(key=planned.key, next_at=planned.due_at, **_content(planned))
    return _asked_if_late(_stand(row, now=now), now=now)


def _updated(row: Delivery, planned: PlannedDelivery, *, now: datetime) -> Delivery:
    """Return *row* as *planned* wants it, standing where that leaves it."""
    fresh = _with_content(row, planned)
    changed = (row.content_hash, row.due_at) != (planned.content_hash, planned.due_at)
    match row.state:
        case DeliveryState.PENDING:
            return _stand(replace(fresh, next_at=fresh.due_at) if changed else fresh, now=now)
        case DeliveryState.HELD:
            return _still_held(row, fresh, now=now)
        case _:
            return _revived(row, fresh, now=now, changed=changed)


def _with_content(row: Delivery, planned: PlannedDelivery) -> Delivery:
    """Return *row* with what *planned* says; *row* itself, not a copy, where that is the same."""
    if not row.translated and not row.released and _stands_for(row) == _asks_for(planned):
        return row  # as nearly always: what follows is most of the work of planning again
    content = _content(planned)
    if row.translated and row.translated == payload_fingerprint(planned.payload):
        content |= {"payload": row.payload}
    else:
        content |= {"translated": ""}
    if row.released and row.due_at == planned.due_at:
        # a person sent it on after its time, and gave it more
        content |= {"not_after_at": max(row.not_after_at, planned.not_after_at)}
    same = all(getattr(row, name) == value for name, value in content.items())
    return row if same else replace(row, **content)


def _content(planned: PlannedDelivery) -> dict[str, Any]:
    """Return what planning says of a row, as the row's fields."""
    return dict(zip(_CONTENT.values(), _asks_for(planned), strict=True))


def _stand(row: Delivery, *, now: datetime) -> Delivery:
    """Return *row* in the state that its content asks for: pending, held or expired."""
    if now > row.not_after_at:
        if row.frozen is not None:
            return row  # it may be out there: claiming makes it unclear, and it is looked up
        return replace(row, state=DeliveryState.EXPIRED, reason=None, note=_OVER)
    if row.planned_hold is not None and not _is_translated(row):
        return _held(row, row.planned_hold)
    if row.needs_approval and row.approved != row.content_hash:
        return _held(row, Reason.APPROVAL)
    if row.state is DeliveryState.PENDING and row.reason is None and not row.note:
        return row
    return replace(row, state=DeliveryState.PENDING, reason=None, note="")


def _is_translated(row: Delivery) -> bool:
    return row.planned_hold is Reason.TRANSLATION and row.translated != ""


def _held(row: Delivery, reason: Reason, note: str = "") -> Delivery:
    return replace(row, state=DeliveryState.HELD, reason=reason, note=note)


def _asked_if_late(row: Delivery, *, now: datetime) -> Delivery:
    """Return *row* held for a person if it is late and its ``catch_up`` says ask."""
    late = now - row.due_at > LATE_AFTER and row.catch_up is CatchUp.ASK and not row.released
    return _held(row, Reason.LATE) if late and row.state is DeliveryState.PENDING else row


def _still_held(row: Delivery, fresh: Delivery, *, now: datetime) -> Delivery:
    """Return a held row with its new content: as it was held, or as its content asks."""
    is_late_still = row.reason is Reason.LATE and row.due_at == fresh.due_at <= now
    if row.reason in _BY_HAND or is_late_still:
        kept = replace(fresh, next_at=fresh.due_at)
        return kept if now <= fresh.not_after_at else _stand(kept, now=now)
    return _asked_if_late(_stand(replace(fresh, next_at=fresh.due_at), now=now), now=now)


def _revived(row: Delivery, fresh: Delivery, *, now: datetime, changed: bool) -> Delivery:
    """Return a row that had ended, to go out after all if it is wanted anew and can still be.

    What has expired and lies ahead, or is not over yet, ended by a clock that was wrong.
    """
    if row.state is DeliveryState.WITHDRAWN:
        wanted = row.reason is not Reason.PERSON
    elif row.state is DeliveryState.EXPIRED:
        patience = (row.not_after_at, row.catch_up) != (fresh.not_after_at, fresh.catch_up)
        too_early = (
            row.note.startswith(_OVER) and row.first_send_at is None
        )  # now is not after its end
        wanted = changed or patience or too_early or now < row.due_at
    else:
        wanted = changed
    late = now - fresh.due_at > LATE_AFTER
    if not wanted or now > fresh.not_after_at or (late and fresh.catch_up is CatchUp.SKIP):
        return row
    anew = replace(
        fresh,
        next_at=fresh.due_at,
        attempts=0,
        error="",
        frozen=None,
        first_send_at=None,
        unclear_at=None,
        released=False,
        moved_from=None,
    )
    return _asked_if_late(_stand(anew, now=now), now=now)


def _explained(row: Delivery, planned: PlannedDelivery) -> Delivery:
    """Return *row* with the reason why planning asks for a person, while it waits for one."""
    waits = row.state is DeliveryState.HELD and row.reason is Reason.APPROVAL
    return replace(row, note=planned.note) if waits and row.note != planned.note else row


def _held_as_repeat(row: Delivery, sent: Delivery | None) -> Delivery:
    """Return *row* held until a person says that it is no second post of *sent*."""
    if sent is None or row.state not in {DeliveryState.PENDING, DeliveryState.HELD}:
        return row
    word = "sent" if sent.state is DeliveryState.SENT else "perhaps sent"
    note = f"{word} on {_day(sent)}; release to post again"
    return replace(_held(row, Reason.MOVED, note), moved_from=sent.key)


def _day(sent: Delivery) -> str:
    moment = sent.sent_at or sent.due_at
    return f"{moment.astimezone(ZoneInfo(sent.zone)):%Y-%m-%d %H:%M}"
