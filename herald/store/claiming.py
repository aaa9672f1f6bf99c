"""Takes due deliveries in one transaction: what may go, how many, whose turn it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
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
from herald.store.asking import count_waiting
from herald.store.batches import batches
from herald.store.doubting import doubt_deliveries
from herald.store.following import expire_followers, is_free, receipts
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lane:
    """A channel that may send now."""

    channel: ChannelId
    capabilities: Capabilities
    tat: datetime | None
    free: int
    """The most that may be claimed."""
    host: str
    """The name of its server's pace; empty where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """A server that counts the requests of several channels together."""

    capabilities: Capabilities
    tat: datetime | None
    free: int


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
    lanes, hosts = await _lanes(connection, stops, capabilities, most=most, now=now)
    claims: list[Claim] = []
    for lane, count in _shared(lanes, hosts, most):
        rows = await _next(connection, lane.channel, stops, count=count, now=now)
        posts = await receipts(connection, rows) if any(row.target for row in rows) else {}
        taken = [
            _claimed(row, lane.capabilities, posts, owner=owner, now=now)
            for row in rows
            if row.target is None or row.target in posts
        ]
        await _write(connection, lane, taken, now=now)
        claims += taken
    await _spend(connection, hosts, claims, capabilities, now=now)
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


async def _lanes(
    connection: AsyncConnection,
    stops: _Open,
    capabilities: Mapping[ChannelId, Capabilities],
    *,
    most: int,
    now: datetime,
) -> tuple[list[_Lane], dict[str, _Host]]:
    """Return the channels that have something due and may send, the longest waiting first.

    And the servers that they share, by the names of their paces.
    """
    at_once = min(most, max(each.concurrent for each in capabilities.values()))
    waiting = await count_waiting(connection, [*capabilities], stops, most=at_once, now=now)
    if not waiting:
        return [], {}
    shared = {
        name: capabilities[channel]
        for channel in waiting
        if (name := pace.host_row(capabilities[channel]))
    }
    paces = await _paces(connection, {*waiting, *shared})
    hosts = {name: _host_at(paces[name], limits, now=now) for name, limits in shared.items()}
    busy = await _sending(connection, now=now)
    lanes = []
    for channel, count in waiting.items():
        row, limits = paces[channel], capabilities[channel]
        if row.not_before is not None and row.not_before > now:
            continue
        room = max(limits.concurrent, 1) - busy[channel]
        free = min(count, room, pace.slots(row.tat, limits, now=now))
        if free > 0:
            host = pace.host_row(limits)
            lanes.append(
                _Lane(channel=channel, capabilities=limits, tat=row.tat, free=free, host=host)
            )
    return lanes, hosts


def _host_at(row: Row[Any], limits: Capabilities, *, now: datetime) -> _Host:
    own = pace.of_host(limits)
    return _Host(capabilities=own, tat=row.tat, free=pace.slots(row.tat, own, now=now))


async def _spend(
    connection: AsyncConnection,
    hosts: Mapping[str, _Host],
    claims: Sequence[Claim],
    capabilities: Mapping[ChannelId, Capabilities],
    *,
    now: datetime,
) -> None:
    """Record what *claims* use up of their servers' pace."""
    used = Counter(pace.host_row(capabilities[claim.delivery.channel]) for claim in claims)
    spent = [
        {
            "channel": name,
            "tat": pace.after_sends(used[name], host.tat, host.capabilities, now=now),
        }
        for name, host in sorted(hosts.items())
        if used[name]
    ]
    if spent:
        await upsert(connection, tables.pace, spent, change=("tat",))


async def _paces(connection: AsyncConnection, channels: Collection[str]) -> dict[str, Row[Any]]:
    """Return the pace rows of channels and servers, locked: no room is counted by two workers.

    They are locked in one order, so that no two workers wait in a ring.
    """
    locking = (
        select(tables.pace)
        .where(tables.pace.c.channel.in_(sorted(channels)))
        .order_by(tables.pace.c.channel)
        .with_for_update()
    )
    rows = (await connection.execute(locking)).all()
    if len(rows) < len(channels):
        new = [{"channel": channel} for channel in sorted(channels)]
        await upsert(connection, tables.pace, new)
        rows = (await connection.execute(locking)).all()
    return {row.channel: row for row in rows}


async def _sending(connection: AsyncConnection, *, now: datetime) -> Counter[str]:
    """Count what each channel is sending; what lapsed or is unclear sends no more."""
    rows = await connection.execute(
        select(_d.channel, func.count().label("busy"))
        .where(
            _d.state == DeliveryState.CLAIMED.value,
            _d.unclear_at.is_(None),
            _d.lease_ends_at > now,
        )
        .group_by(_d.channel)
    )
    return Counter({row.channel: row.busy for row in rows})


def _shared(
    lanes: Sequence[_Lane], hosts: Mapping[str, _Host], most: int
) -> list[tuple[_Lane, int]]:
    """Deal *most* out among *lanes*, one each in turn, as far as their servers have room."""
    shares = dict.fromkeys((lane.channel for lane in lanes), 0)
    room = {name: host.free for name, host in hosts.items()}
    left, dealt = most, True
    while left > 0 and dealt:
        dealt = False
        for lane in lanes:
            has_room = room.get(lane.host, pace.UNLIMITED) > 0
            if left > 0 and shares[lane.channel] < lane.free and has_room:
                shares[lane.channel] += 1
                room[lane.host] = room.get(lane.host, pace.UNLIMITED) - 1
                left -= 1
                dealt = True
    return [(lane, shares[lane.channel]) for lane in lanes if shares[lane.channel]]


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
    connection: AsyncConnection, lane: _Lane, claims: Sequence[Claim], *, now: datetime
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
