"""Takes back what a clock wrote that ran ahead, once it was set right.

A retry, a rest and a poll are moments. Written by a clock that stood a year ahead, they would keep
everything waiting for a year after it was set back. So when the wall clock went back, and at every
start, no wait is left that is longer than Herald ever waits. What is due by the plan stays as it
is: only waiting is shortened.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, literal, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import DeliveryState
from herald.model.mailing import RecipientState
from herald.store import tables
from herald.store.engine import Store
from herald.store.feed_tables import feed
from herald.store.mailing_tables import recipient

LONGEST_RETRY = timedelta(hours=1)
"""No delivery and no copy of a newsletter waits longer for its next attempt."""
LONGEST_REST = timedelta(hours=24)
"""No account rests longer, whatever its network asks for."""
LONGEST_LEASE = timedelta(hours=1)
"""No lease is longer, whatever a channel's timeout."""

_d = tables.delivery.c


async def shorten_waits(store: Store, *, now: datetime) -> int:
    """Let nothing wait longer from *now* than Herald ever waits; return how much was changed."""
    return await store.write(lambda connection: _shorten(connection, now))


async def _shorten(connection: AsyncConnection, now: datetime) -> int:
    changed = 0
    for table, condition, values in (
        (
            tables.delivery,
            and_(
                _d.state == DeliveryState.PENDING.value,
                _d.next_at > _d.due_at,
                _d.next_at > now + LONGEST_RETRY,
            ),
            {"next_at": _later_of(_d.due_at, now)},
        ),
        (
            tables.delivery,
            and_(_d.state == DeliveryState.CLAIMED.value, _d.lease_ends_at > now + LONGEST_LEASE),
            {"lease_ends_at": now + LONGEST_LEASE},
        ),
        (tables.pace, tables.pace.c.not_before > now + LONGEST_REST, {"not_before": None}),
        (
            recipient,
            and_(
                recipient.c.state == RecipientState.DEFERRED.value,
                recipient.c.next_at > now + LONGEST_RETRY,
            ),
            {"next_at": now},
        ),
        # A feed may rest for weeks, if its partner agreed to that: its last poll tells.
        (feed, feed.c.checked_at > now, {"next_check_at": now, "checked_at": now}),
    ):
        result = await connection.execute(update(table).where(condition).values(values))
        changed += result.rowcount
    return changed


def _later_of(moment: ColumnElement[datetime], now: datetime) -> ColumnElement[datetime]:
    """Return *moment* or *now*, whichever is later, on either database."""
    fixed = literal(now, tables.Moment())
    return case((moment > fixed, moment), else_=fixed)
