"""Counts how the outbox fares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import HELD_UP_AFTER, LATE_AFTER, DeliveryState, Reason
from herald.model.health import OutboxHealth, StateCount
from herald.model.stop import Stop
from herald.store import tables
from herald.store.stops import load_stops, stop_reason, unstopped

LATELY = timedelta(days=1)
"""So long a failure keeps being counted."""

_d = tables.delivery.c


async def outbox_health(connection: AsyncConnection, *, now: datetime) -> OutboxHealth:
    """Count deliveries by state and reason, and find what is overdue, unclear or failed."""
    stops = await load_stops(connection)
    counts = await _counts(connection, stops)
    cut = now - LATE_AFTER
    pace = tables.pace.c
    resting = select(pace.channel).where(or_(pace.not_before > now, pace.tat > now))
    overdue = and_(
        _d.state == DeliveryState.PENDING.value,
        _d.catch_up.in_(list(CatchUp)),  # all of them, so that the index serves
        _d.due_at < cut,
        or_(
            and_(_d.next_at < cut, _d.channel.not_in(resting)),
            _d.due_at < now - HELD_UP_AFTER,
        ),
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
            and_(_d.state == DeliveryState.FAILED.value, _d.due_at > now - LATELY),
        ),
    )


async def _counts(connection: AsyncConnection, stops: Sequence[Stop]) -> tuple[StateCount, ...]:
    """Count by state and reason; what is pending and stopped has the stop's reason."""
    by = [_d.state, _d.reason]
    if stops:
        by += [_d.channel, _d.partner, _d.campaign]
    counts: Counter[tuple[str, str]] = Counter()
    for row in await connection.execute(select(*by, func.count().label("many")).group_by(*by)):
        reason = row.reason
        if stops and row.state == DeliveryState.PENDING.value:
            reason = reason or stop_reason(
                stops, channel=row.channel, partner=row.partner, campaign=row.campaign
            )
        counts[row.state, reason or ""] += row.many
    return tuple(
        StateCount(
            state=DeliveryState(state), reason=Reason(reason) if reason else None, count=many
        )
        for (state, reason), many in sorted(counts.items())
    )


async def _count(connection: AsyncConnection, condition: ColumnElement[bool]) -> int:
    statement = select(func.count()).select_from(tables.delivery).where(condition)
    return int((await connection.execute(statement)).scalar_one())
