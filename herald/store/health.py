"""Counts how the outbox fares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import HELD_UP_AFTER, LATE_AFTER, Action, DeliveryState, Reason
from herald.model.health import OutboxHealth, StateCount
from herald.model.stop import Stop, StopScope
from herald.store import tables
from herald.store.following import is_free
from herald.store.stops import load_stops, stop_reason, unstopped

LATELY = timedelta(days=1)
"""So long a failure keeps being counted."""
MISSED_LATELY = timedelta(days=3)
"""So long what was let go is told: after a weekend without Herald, too."""

_d = tables.delivery.c
_ANY = _d.catch_up.in_(list(CatchUp))
"""All of them, so that the index serves."""
_STOPPED_BY = {
    StopScope.CHANNEL: _d.channel,
    StopScope.PARTNER: _d.partner,
    StopScope.CAMPAIGN: _d.campaign,
}


async def outbox_health(connection: AsyncConnection, *, now: datetime) -> OutboxHealth:
    """Count deliveries by state and reason, and find what is overdue, unclear or failed."""
    stops = await load_stops(connection)
    counts = await _counts(connection, stops)
    cut = now - LATE_AFTER
    pace = tables.pace.c
    resting = select(pace.channel).where(or_(pace.not_before > now, pace.tat > now))
    overdue = and_(
        _d.state == DeliveryState.PENDING.value,
        _ANY,
        _d.due_at < cut,
        or_(
            and_(_d.next_at < cut, _d.channel.not_in(resting)),
            _d.due_at < now - HELD_UP_AFTER,
        ),
        is_free(since=cut),  # what it follows is in trouble, or was just sent
        *unstopped(stops),
    )
    oldest = await connection.execute(select(_d.due_at).where(overdue).order_by(_d.due_at).limit(1))
    return OutboxHealth(
        counts=counts,
        overdue=await _count(connection, overdue),
        oldest_overdue_at=oldest.scalar(),
        unclear=await _count(
            connection,
            or_(
                and_(_d.state == DeliveryState.CLAIMED.value, _d.unclear_at.is_not(None)),
                # its process has died: whoever looks next finds out what became of it
                and_(_d.state == DeliveryState.CLAIMED.value, _d.lease_ends_at <= now),
                and_(_d.state == DeliveryState.HELD.value, _d.reason == Reason.UNCLEAR.value),
            ),
        ),
        failed_lately=await _count(
            connection,
            and_(
                _d.state == DeliveryState.FAILED.value,
                _ANY,
                _d.due_at > now - LATELY,
                _d.action != Action.BOOST.value,  # its author took the post back: no trouble
            ),
        ),
        missed_lately=await _count(connection, missed_lately(now)),
    )


def missed_lately(now: datetime) -> ColumnElement[bool]:
    """Tell of deliveries whose time was over lately without their having gone out.

    What its file lets go when it is late was meant so.
    """
    return and_(
        _d.state == DeliveryState.EXPIRED.value,
        _d.not_after_at > now - MISSED_LATELY,
        _d.catch_up != CatchUp.SKIP.value,
    )


async def _counts(connection: AsyncConnection, stops: Sequence[Stop]) -> tuple[StateCount, ...]:
    """Count by state and reason; what is pending and stopped has the stop's reason.

    What was sent is what is left of all rows, as nothing counts a million of them quicker.
    """
    every = (await connection.execute(select(func.count()).select_from(tables.delivery))).scalar()
    others = _d.state.in_([each.value for each in DeliveryState if each is not DeliveryState.SENT])
    by_state = await connection.execute(
        select(_d.state, func.count()).where(others).group_by(_d.state)
    )
    counts: Counter[tuple[str, str]] = Counter()
    for state, many in by_state.all():
        counts[state, ""] = many
    counts[DeliveryState.SENT.value, ""] = (every or 0) - counts.total()
    by_reason = await connection.execute(
        select(_d.state, _d.reason, func.count())
        .where(text("delivery.reason <> ''"))
        .group_by(_d.state, _d.reason)
    )
    for state, reason, many in by_reason.all():
        _move(counts, state, reason, many)
    for reason, many in await _stopped(connection, stops):
        _move(counts, DeliveryState.PENDING.value, reason.value, many)
    return tuple(
        StateCount(
            state=DeliveryState(state), reason=Reason(reason) if reason else None, count=many
        )
        for (state, reason), many in sorted(counts.items())
        if many > 0
    )


def _move(counts: Counter[tuple[str, str]], state: str, reason: str, many: int) -> None:
    """Count *many* for a reason that were counted for none."""
    counts[state, ""] -= many
    counts[state, reason] += many


async def _stopped(connection: AsyncConnection, stops: Sequence[Stop]) -> list[tuple[Reason, int]]:
    """Count what is pending and stopped, by why; looks no closer than the stops ask."""
    scopes = {stop.scope for stop in stops}
    by = [_STOPPED_BY[scope] for scope in _STOPPED_BY if scope in scopes]
    if not scopes:
        return []
    pending = _d.state == DeliveryState.PENDING.value  # none of them has a reason of its own
    found = await connection.execute(
        select(*by, func.count().label("many")).where(pending).group_by(*by)
    )
    told = []
    for row in found.all():
        named = {column.name: getattr(row, column.name) for column in by}
        reason = stop_reason(stops, **({"channel": "", "partner": "", "campaign": ""} | named))
        if reason is not None:
            told.append((reason, row.many))
    return told


async def _count(connection: AsyncConnection, condition: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(tables.delivery).where(condition)
    return int((await connection.execute(statement)).scalar_one())
