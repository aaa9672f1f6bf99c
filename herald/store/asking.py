"""Small questions about a large outbox, each answered from an index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Text,
    exists,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import Delivery, DeliveryState
from herald.model.ids import ChannelId
from herald.store import tables
from herald.store.batches import batches
from herald.store.following import is_free
from herald.store.rows import COLUMNS, from_row, read_rows
from herald.store.stops import load_stops, unstopped

_d = tables.delivery.c
_PENDING = _d.state == DeliveryState.PENDING.value
_AT_ONCE = 100
"""Channels that one question names: SQLite joins no more than 500 selects."""


async def next_moment(
    connection: AsyncConnection, *, after: datetime, until: datetime
) -> datetime | None:
    """Return when the next pending delivery may be claimed, after *after* and by *until*."""
    channels = _channels()
    soonest = (
        select(func.min(_d.next_at))
        .where(_PENDING, _d.channel == channels.c.channel, _d.next_at > after, _d.next_at <= until)
        .correlate(channels)
        .scalar_subquery()
    )
    moments = (await connection.execute(select(soonest).select_from(channels))).scalars()
    return min((moment for moment in moments if moment is not None), default=None)


async def next_delivery(connection: AsyncConnection, *, now: datetime) -> Delivery | None:
    """Return the first pending delivery that is due from *now* on and not stopped."""
    open_ones = unstopped(await load_stops(connection))
    found = []
    for late in CatchUp:  # one at a time: within each, the index has them in their order
        statement = (
            select(*COLUMNS)
            .where(_PENDING, _d.catch_up == late.value, _d.due_at >= now, *open_ones)
            .order_by(_d.due_at)
            .limit(1)
        )
        found += [from_row(row) for row in (await connection.execute(statement)).all()]
    return min(found, key=lambda row: (row.due_at, row.key), default=None)


async def channels_due(
    connection: AsyncConnection, channels: Collection[ChannelId], *, now: datetime
) -> frozenset[ChannelId]:
    """Return those of *channels* on which something is due that is not stopped."""
    known, open_ones = _channels(), unstopped(await load_stops(connection))
    on_it = (_PENDING, _d.channel == known.c.channel, _d.next_at <= now)
    due = exists().where(*on_it, is_free(), *open_ones)
    found = await connection.execute(
        select(known.c.channel).where(known.c.channel.is_not(None), due.correlate(known))
    )
    return frozenset(found.scalars()) & frozenset(channels)


async def unlinked(connection: AsyncConnection, network: str) -> tuple[Delivery, ...]:
    """Return what was sent on *network* and nobody has told the link of, by due_at and key."""
    statement = (
        select(*COLUMNS)
        .where(_d.network == network, text(f"delivery.{tables.UNLINKED}"))
        .order_by(_d.due_at, _d.key)
    )
    return await read_rows(connection, statement)


async def count_waiting(
    connection: AsyncConnection,
    channels: Collection[ChannelId],
    open_ones: Sequence[ColumnElement[bool]],
    *,
    most: int,
    now: datetime,
) -> dict[ChannelId, int]:
    """Count what is due on each of *channels*, the longest waiting first, up to *most* on each.

    There may be a hundred thousand: nobody looks further than at what may be taken at once.
    """
    rows = []
    for some in batches(sorted(channels), _AT_ONCE):
        rows += await _waiting(connection, some, open_ones, most=most, now=now)
    return {row.channel: row.waiting for row in sorted(rows, key=lambda row: row.oldest)}


async def _waiting(
    connection: AsyncConnection,
    channels: Sequence[ChannelId],
    open_ones: Sequence[ColumnElement[bool]],
    *,
    most: int,
    now: datetime,
) -> list[Any]:
    """Return the channels on which something is due, since when, and how much of it."""
    # Not VALUES, which SQLAlchemy compiles anew at every claim: a tenth of all the work of one.
    of = union_all(*(select(literal(one, Text).label("channel")) for one in channels)).cte(
        "of_channel"
    )
    due = (
        select(_d.next_at)
        .where(_PENDING, _d.channel == of.c.channel, _d.next_at <= now, is_free(), *open_ones)
        .order_by(_d.next_at)
        .correlate(of)
    )
    some = due.limit(max(most, 1)).subquery()
    found = await connection.execute(
        select(
            of.c.channel,
            due.limit(1).scalar_subquery().label("oldest"),
            select(func.count()).select_from(some).scalar_subquery().label("waiting"),
        )
    )
    return [row for row in found.all() if row.oldest is not None]


def _channels() -> CTE:
    """Return the channels on which something is pending, found by leaps through an index."""
    first = select(func.min(_d.channel).label("channel")).where(_PENDING)
    found = first.cte("channels", recursive=True)
    rest = (
        select(func.min(_d.channel))
        .where(_PENDING, _d.channel > found.c.channel)
        .correlate(found)
        .scalar_subquery()
    )
    return found.union_all(select(rest).where(found.c.channel.is_not(None)))
