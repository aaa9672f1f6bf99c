"""Doubts what may have been sent while this database did not look: see ``herald.store.instance``.

Such a delivery is made unclear, as after a lost answer: its network is asked, and what cannot be
asked is held for a person. What this database has tried itself since then is known to it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import DeliveryState
from herald.model.ids import ChannelId
from herald.model.mailing import RecipientState
from herald.store import tables
from herald.store.feed_tables import entry
from herald.store.mailing_tables import recipient

NEWS_WITHIN = timedelta(days=2)
"""So long after a copy was put back, feeds bring up again what they said before."""
WHY = "the database was put back from a copy, and this may have been sent after it was made"
DOUBTED = "doubted"
"""The outcome by which an attempt remembers that nothing was sent, only doubted."""

_d = tables.delivery.c
_a = tables.attempt.c
_i = tables.instance.c


async def doubt_deliveries(
    connection: AsyncConnection,
    channels: Collection[ChannelId],
    open_ones: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
) -> int:
    """Make unclear what is due on *channels*, and may be out there already; return how many.

    Costs one look at one row in every database that was never put back.
    """
    known = (await connection.execute(select(_i.doubt_since, _i.doubt_before))).one_or_none()
    if known is None or known.doubt_before is None:
        return 0
    doubtful = and_(
        _d.state == DeliveryState.PENDING.value,
        _d.channel.in_(sorted(channels)),
        _d.next_at <= now,
        _is_from_before(known.doubt_before),
        ~exists().where(_a.key == _d.key, _a.started_at >= known.doubt_before),
        *open_ones,
    )
    since = literal(known.doubt_since, tables.Moment())
    rows = (await connection.execute(select(_d.key, _d.token).where(doubtful))).all()
    if not rows:
        return 0
    await connection.execute(
        update(tables.delivery)
        .where(doubtful)
        .values(
            state=DeliveryState.CLAIMED.value,
            reason="",
            note=WHY,
            token=_d.token + 1,
            owner="",
            lease_ends_at=None,
            unclear_at=now,
            first_send_at=case((_d.first_send_at < since, _d.first_send_at), else_=since),
            frozen=func.coalesce(_d.frozen, _d.payload),
        )
    )
    doubted = {"started_at": now, "ended_at": now, "outcome": DOUBTED, "answer": WHY}
    await connection.execute(
        insert(tables.attempt),
        [{"key": row.key, "token": row.token + 1, **doubted} for row in rows],
    )
    return len(rows)


async def doubt_copies(connection: AsyncConnection, *, now: datetime) -> None:
    """Make uncertain every newsletter copy that was still to be sent."""
    waiting = (RecipientState.PENDING.value, RecipientState.DEFERRED.value)
    await connection.execute(
        update(recipient)
        .where(recipient.c.state.in_(waiting))
        .values(state=RecipientState.UNCERTAIN.value, reply=WHY, lease_ends_at=None, ended_at=now)
    )


async def may_be_sent(connection: AsyncConnection, due_at: datetime) -> bool:
    """Tell whether a newsletter's issue that was due then may have been sent already."""
    before = await connection.scalar(select(_i.doubt_before))
    return before is not None and due_at <= before


def _is_from_before(moment: datetime) -> ColumnElement[bool]:
    """Tell of deliveries that were due by *moment*, or tell of news that was out by then."""
    old_news = select(entry.c.id).where(
        entry.c.first_seen_at >= moment,
        entry.c.first_seen_at < moment + NEWS_WITHIN,
        or_(entry.c.published_at.is_(None), entry.c.published_at <= moment),
    )
    return or_(
        _d.due_at <= moment,
        and_(_d.due_at < moment + NEWS_WITHIN, _d.entry.in_(old_news)),
    )
