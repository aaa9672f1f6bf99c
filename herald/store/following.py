"""What waits for another delivery to be sent: a thread's next part, a correction.

    select(...).where(is_free(), ...)

The condition stands in every question after what is due, and costs nothing for a row that follows
none: the index of what is due holds the target too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import FIRST_REPLY, Delivery, DeliveryState, Receipt
from herald.model.ids import DeliveryKey
from herald.store import tables
from herald.store.batches import batches

DELETED = "it was deleted on its network"
"""What a post is noted with that a person had Herald delete."""

_BY_HAND = "manual"
_d = tables.delivery.c
_target = tables.delivery.alias("target")
_t = _target.c

_WHY = {
    DeliveryState.PENDING: "which was not sent yet",
    DeliveryState.CLAIMED: "which is being sent or looked up",
    DeliveryState.HELD: "which is held",
    DeliveryState.SENT: "whose id on the network is not known",
    DeliveryState.FAILED: "which failed",
    DeliveryState.EXPIRED: "which did not go out in time",
    DeliveryState.WITHDRAWN: "which was withdrawn",
}


def is_free(*, since: datetime | None = None) -> ColumnElement[bool]:
    """Tell of rows that wait for no other one, or for one that was sent: by *since*, if given.

    The look at the target is a scalar: PostgreSQL would answer EXISTS within OR from a hash of all
    that was ever sent.
    """
    asked = [_t.key == _d.target, _t.remote_id != ""]
    if since is not None:
        asked.append(_t.sent_at <= since)
    state = select(_t.state).where(*asked).correlate(tables.delivery).scalar_subquery()
    # never NULL, of which the contrary is NULL too
    return or_(_d.target == "", func.coalesce(state, "") == DeliveryState.SENT.value)


async def receipts(
    connection: AsyncConnection, rows: Iterable[Delivery]
) -> Mapping[DeliveryKey, Receipt]:
    """Return where those were sent that *rows* follow; nothing of what was not."""
    keys = {key for row in rows for key in (row.target, row.thread) if key is not None}
    found: dict[DeliveryKey, Receipt] = {}
    for some in batches(sorted(keys)):
        sent = await connection.execute(
            select(_d.key, _d.remote_id, _d.url).where(
                _d.key.in_(some), _d.state == DeliveryState.SENT.value, _d.remote_id != ""
            )
        )
        found |= {
            DeliveryKey(row.key): Receipt(remote_id=row.remote_id, url=row.url) for row in sent
        }
    return found


async def with_what_they_wait_for(
    connection: AsyncConnection, rows: Sequence[Delivery]
) -> tuple[Delivery, ...]:
    """Return *rows* with a note on what a pending one waits for, where that was not sent."""
    following = [row for row in rows if row.state is DeliveryState.PENDING and row.target]
    if not following:
        return tuple(rows)
    blocking = await _blocking(connection, {row.target for row in following if row.target})
    notes = {row.key: blocking[row.target] for row in following if row.target in blocking}
    return tuple(
        replace(row, note=f"waits for {notes[row.key]}") if row.key in notes else row
        for row in rows
    )


async def expire_followers(connection: AsyncConnection, over: ColumnElement[bool]) -> None:
    """Expire what meets *over* and waits in vain, each with what it waited for."""
    following = (
        select(_d.key, _d.target)
        .where(over, _d.target != "", ~is_free(), _d.frozen.is_(None))
        .order_by(_d.key)
        .with_for_update(skip_locked=True)
    )
    rows = (await connection.execute(following)).all()
    blocking = await _blocking(connection, {row.target for row in rows})
    alike: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        alike[blocking.get(row.target, "a post that is not there")].append(row.key)
    for what, keys in alike.items():
        note = f"its moment is over: it waited for {what}"
        for some in batches(keys):
            await connection.execute(
                update(tables.delivery)
                .where(_d.key.in_(some))
                .values(state=DeliveryState.EXPIRED.value, reason="", note=note)
            )


async def follow_deletion(connection: AsyncConnection, deleted: Collection[DeliveryKey]) -> None:
    """Note of sent posts that they were deleted: where they were to be seen, nothing is now.

    A task of a channel on which people post stays done.
    """
    for some in batches(sorted(deleted)):
        gone = and_(_d.key.in_(some), _d.state == DeliveryState.SENT.value)
        rows = update(tables.delivery).where(gone)
        await connection.execute(rows.values(note=DELETED))
        await connection.execute(rows.where(_d.network != _BY_HAND).values(url=""))


async def _blocking(connection: AsyncConnection, keys: Collection[str]) -> dict[str, str]:
    """Return in words which of *keys* cannot be followed yet, and why."""
    found: dict[str, str] = {}
    for some in batches(sorted(keys)):
        rows = await connection.execute(
            select(_d.key, _d.state, _d.part, _d.remote_id).where(_d.key.in_(some))
        )
        for row in rows:
            state = DeliveryState(row.state)
            if state is not DeliveryState.SENT or not row.remote_id:
                found[row.key] = f"{_called(row.part)} ({row.key[:8]}), {_WHY[state]}"
    return found


def _called(part: int) -> str:
    """Return what people call a part, counted from 1."""
    return "a correction" if part >= FIRST_REPLY else f"part {part + 1}"
