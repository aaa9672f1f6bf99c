"""What may be claimed of each channel now: its lane, as wide as its pace and its server allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import Claim, DeliveryState
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.store import pace, tables
from herald.store.asking import count_waiting
from herald.store.upsert import upsert

_d = tables.delivery.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A channel that may send now."""

    channel: ChannelId
    capabilities: Capabilities
    tat: datetime | None
    free: int
    """The most that may be claimed."""
    host: str
    """The name of its server's pace; empty where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A server that counts the requests of several channels together."""

    capabilities: Capabilities
    tat: datetime | None
    free: int


async def open_lanes(
    connection: AsyncConnection,
    stops: Sequence[ColumnElement[bool]],
    capabilities: Mapping[ChannelId, Capabilities],
    *,
    most: int,
    now: datetime,
) -> tuple[list[Lane], dict[str, Host]]:
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
                Lane(channel=channel, capabilities=limits, tat=row.tat, free=free, host=host)
            )
    return lanes, hosts


def shared_out(
    lanes: Sequence[Lane], hosts: Mapping[str, Host], most: int
) -> list[tuple[Lane, int]]:
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


async def spend(
    connection: AsyncConnection,
    hosts: Mapping[str, Host],
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


def _host_at(row: Row[Any], limits: Capabilities, *, now: datetime) -> Host:
    own = pace.of_host(limits)
    return Host(capabilities=own, tat=row.tat, free=pace.slots(row.tat, own, now=now))


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
