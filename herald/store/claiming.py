"""Takes due deliveries in one transaction: what may go, how many, whose turn it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import LATE_AFTER, Claim, Delivery, DeliveryState, Reason, Receipt
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.store import pace, tables
from herald.store.batches import batches
from herald.store.doubting import doubt_deliveries
from herald.store.following import expire_followers, is_free, receipts
from herald.store.lanes import Lane, open_lanes, shared_out, spend
from herald.store.rows import COLUMNS, from_rows, to_text
from herald.store.stops import load_stops, unstopped
from herald.store.upsert import upsert

LEASE_BEYOND = timedelta(seconds=30)
"""A lease is twice the channel's timeout and this: a send has long ended when its lease does."""
CANDIDATES = 1000
"""Oldest due deliveries of a channel among which campaigns take turns; bounds one claim's work."""

_d = tables.delivery.c
_Open = Sequence[ColumnElement[bool]]


_PENDING = _d.state == DeliveryState.PENDING.value
_ANYTHING = select(
    or_(
        exists().where(
            _PENDING,
            _d.channel.in_(bindparam("channels", expanding=True)),
            _d.next_at <= bindparam("now", type_=tables.Moment()),
            is_free(),
        ),
        exists().where(_PENDING, _d.not_after_at < bindparam("now", type_=tables.Moment())),
        exists().where(
            _PENDING,
            _d.catch_up.in_((CatchUp.SKIP.value, CatchUp.ASK.value)),
            _d.due_at < bindparam("late", type_=tables.Moment()),
            _d.target == "",
        ),
    )
)


async def is_anything_due(
    connection: AsyncConnection, channels: Collection[ChannelId], *, now: datetime
) -> bool:
    """Tell whether claiming could find anything to take, to expire or to ask about."""
    asked = {"channels": sorted(channels), "now": now, "late": now - LATE_AFTER}
    return bool((await connection.execute(_ANYTHING, asked)).scalar())


async def claim_due(
    connection: AsyncConnection,
    *,
    owner: str,
    now: datetime,
    most: int,
    capabilities: Mapping[ChannelId, Capabilities],
) -> tuple[Claim, ...]:
    """Take up to *most* due deliveries, oldest first, campaigns in turn (see OutboxStore.claim)."""
    stops = unstopped(await load_stops(connection))
    await doubt_deliveries(connection, capabilities, stops, now=now)
    await _mind_the_time(connection, stops, capabilities, now=now)
    lanes, hosts = await open_lanes(connection, stops, capabilities, most=most, now=now)
    claims: list[Claim] = []
    for lane, count in shared_out(lanes, hosts, most):
        rows = await _next(connection, lane.channel, stops, count=count, now=now)
        posts = await receipts(connection, rows) if any(row.target for row in rows) else {}
        taken = [
            _claimed(row, lane.capabilities, posts, owner=owner, now=now)
            for row in rows
            if row.target is None or row.target in posts
        ]
        await _write(connection, lane, taken, now=now)
        claims += taken
    await spend(connection, hosts, claims, capabilities, now=now)
    return tuple(sorted(claims, key=lambda each: (each.delivery.next_at, each.delivery.key)))


async def _mind_the_time(
    connection: AsyncConnection,
    stops: _Open,
    capabilities: Mapping[ChannelId, Capabilities],
    *,
    now: datetime,
) -> None:
    """Expire what is over, and treat what is late by its ``catch_up``.

    What was tried already is not late but unlucky: it goes on until ``not_after_at``.  What is
    stopped stays as it is until it is resumed.  What follows another one is as late as that one:
    half a thread is worse than a late one.
    """
    pending = and_(_d.state == DeliveryState.PENDING.value, *stops)
    over = and_(pending, _d.not_after_at < now)
    late = and_(
        pending,
        _d.due_at < now - LATE_AFTER,
        _d.attempts == 0,
        _d.released.is_(False),
        _d.frozen.is_(None),
        _d.target == "",
        _d.channel.in_(sorted(capabilities)),
    )
    skip, ask = (_d.catch_up == CatchUp.SKIP.value), (_d.catch_up == CatchUp.ASK.value)
    looks = [exists().where(each) for each in (over, and_(late, skip), and_(late, ask))]
    if not (await connection.execute(select(or_(*looks)))).scalar():
        return  # one look instead of four updates, as a rule
    await expire_followers(connection, over)
    expired = {"state": DeliveryState.EXPIRED.value, "reason": ""}
    for condition, values in (
        # A repeat that came too late may be out there from the first time: it is looked up.
        (
            and_(over, _d.frozen.is_not(None)),
            {
                "state": DeliveryState.CLAIMED.value,
                "unclear_at": func.coalesce(_d.unclear_at, literal(now, tables.Moment())),
                "token": _d.token + 1,
                "owner": "",
                "lease_ends_at": None,
            },
        ),
        (over, expired | {"note": "its moment is over"}),
        (and_(late, skip), expired | {"note": "it was late, and its file says to skip then"}),
        (
            and_(late, ask),
            {
                "state": DeliveryState.HELD.value,
                "reason": Reason.LATE.value,
                "note": "it is late, and its file says to ask then",
            },
        ),
    ):
        await _change(connection, condition, values)


async def _change(
    connection: AsyncConnection, condition: ColumnElement[bool], values: Mapping[str, Any]
) -> None:
    """Change what meets *condition*, locked in the order of keys, as others lock them."""
    keys = await _locked(connection, condition)
    for some in batches(keys):
        await connection.execute(
            update(tables.delivery).where(_d.key.in_(some)).values(dict(values))
        )


async def _locked(connection: AsyncConnection, condition: ColumnElement[bool]) -> list[str]:
    """Return the keys of what meets *condition*, locked; who holds one is just changing it."""
    locking = select(_d.key).where(condition).order_by(_d.key).with_for_update(skip_locked=True)
    return list((await connection.execute(locking)).scalars())


async def reap_lapsed(connection: AsyncConnection, *, now: datetime) -> int:
    """Make every claim whose lease lapsed unclear; return how many there were."""
    lapsed = and_(
        _d.state == DeliveryState.CLAIMED.value,
        _d.unclear_at.is_(None),
        or_(_d.lease_ends_at.is_(None), _d.lease_ends_at <= now),
    )
    keys = await _locked(connection, lapsed)
    attempt = tables.attempt.c
    for some in batches(keys):
        # The token of the row is that of its last send, for it was never looked up.
        await connection.execute(
            update(tables.attempt)
            .where(
                attempt.key.in_(some),
                attempt.token == select(_d.token).where(_d.key == attempt.key).scalar_subquery(),
            )
            .values(outcome="lapsed")
        )
        await connection.execute(
            update(tables.delivery)
            .where(_d.key.in_(some))
            .values(
                unclear_at=now,
                token=_d.token + 1,  # the owner stays: it may be sending still (see the looker)
                lease_ends_at=None,
                error="nobody knows what became of the last send",
            )
        )
    return len(keys)


async def _next(
    connection: AsyncConnection, channel: ChannelId, stops: _Open, *, count: int, now: datetime
) -> tuple[Delivery, ...]:
    """Return the *count* due deliveries of *channel* whose turn it is, locked.

    Each campaign's oldest comes before any campaign's second; whoever was served longest ago
    begins.
    """
    oldest = (
        select(_d.key, _d.campaign, _d.next_at)
        .where(_due(now), _d.channel == channel, *stops)
        .order_by(_d.next_at, _d.key)
        .limit(CANDIDATES)
        .subquery()
    )
    nth = func.row_number().over(
        partition_by=oldest.c.campaign, order_by=(oldest.c.next_at, oldest.c.key)
    )
    ranked = select(oldest.c.key, oldest.c.campaign, oldest.c.next_at, nth.label("nth")).subquery()
    turn = tables.turn.c
    fair = (
        select(ranked.c.key)
        .outerjoin(tables.turn, and_(turn.channel == channel, turn.campaign == ranked.c.campaign))
        .order_by(
            ranked.c.nth,
            case((turn.served_at.is_(None), 0), else_=1),
            turn.served_at,
            ranked.c.next_at,
            ranked.c.key,
        )
        .limit(count)
    )
    keys = list((await connection.execute(fair)).scalars())
    rows = await connection.execute(
        select(*COLUMNS)
        .where(_d.key.in_(keys))  # and nothing else, which would lead SQLite to a worse index
        .order_by(_d.next_at, _d.key)
        .with_for_update(skip_locked=True)  # SQLite has one writer, and leaves this out
    )
    # On PostgreSQL a person may have decided between the two looks.
    return tuple(
        row
        for row in from_rows(rows.all())
        if row.state is DeliveryState.PENDING and row.next_at <= now
    )


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(_d.state == DeliveryState.PENDING.value, _d.next_at <= now, is_free())


def _claimed(
    row: Delivery,
    capabilities: Capabilities,
    posts: Mapping[DeliveryKey, Receipt],
    *,
    owner: str,
    now: datetime,
) -> Claim:
    delivery = replace(
        row,
        state=DeliveryState.CLAIMED,
        reason=None,
        note="",
        token=row.token + 1,
        attempts=row.attempts + 1,
        owner=owner,
        lease_ends_at=now + 2 * capabilities.timeout + LEASE_BEYOND,
        first_send_at=row.first_send_at or now,
        unclear_at=None,
        frozen=row.frozen or row.payload,
    )
    return Claim(
        delivery=delivery,
        token=delivery.token,
        attempt=delivery.attempts,
        repeats=row.frozen is not None,
        target=posts.get(row.target) if row.target else None,
        root=posts.get(row.thread) if row.thread else None,
    )


async def _write(
    connection: AsyncConnection, lane: Lane, claims: Sequence[Claim], *, now: datetime
) -> None:
    """Record the claims, their attempts, and what they use up of pace and turns."""
    if not claims:
        return
    first = claims[0].delivery
    await connection.execute(
        update(tables.delivery)
        .where(_d.key.in_([claim.delivery.key for claim in claims]))
        .values(
            state=DeliveryState.CLAIMED.value,
            reason="",
            note="",
            token=_d.token + 1,
            attempts=_d.attempts + 1,
            owner=first.owner,
            lease_ends_at=first.lease_ends_at,
            first_send_at=func.coalesce(_d.first_send_at, literal(now, tables.Moment())),
            unclear_at=None,
            frozen=func.coalesce(_d.frozen, _d.payload),
        )
    )
    await connection.execute(
        insert(tables.attempt),
        [
            {
                "key": claim.delivery.key,
                "token": claim.token,
                "owner": claim.delivery.owner,
                "started_at": now,
                "request_hash": sha256(to_text(claim.payload).encode()).hexdigest(),
            }
            for claim in claims
        ],
    )
    tat = pace.after_sends(len(claims), lane.tat, lane.capabilities, now=now)
    await upsert(connection, tables.pace, {"channel": lane.channel, "tat": tat}, change=("tat",))
    served = {claim.delivery.campaign for claim in claims}
    await upsert(
        connection,
        tables.turn,
        [
            {"channel": lane.channel, "campaign": campaign, "served_at": now}
            for campaign in sorted(served)
        ],
        change=("served_at",),
    )
