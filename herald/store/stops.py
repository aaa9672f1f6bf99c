"""What is not claimed, as rows, as conditions on deliveries, and as the reason that people see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.store import tables
from herald.store.upsert import upsert

_COLUMNS = {
    StopScope.CHANNEL: tables.delivery.c.channel,
    StopScope.PARTNER: tables.delivery.c.partner,
    StopScope.CAMPAIGN: tables.delivery.c.campaign,
}


async def load_stops(connection: AsyncConnection) -> tuple[Stop, ...]:
    """Return every stop, by scope, name and origin."""
    columns = tables.stop.c
    rows = await connection.execute(
        select(tables.stop).order_by(columns.scope, columns.name, columns.origin)
    )
    return tuple(
        Stop(
            scope=StopScope(row.scope),
            name=row.name,
            origin=StopOrigin(row.origin),
            because=row.because,
            since=row.since,
        )
        for row in rows
    )


async def save_stop(connection: AsyncConnection, stop: Stop) -> None:
    """Write a stop; one that stands keeps its ``since``."""
    await upsert(
        connection,
        tables.stop,
        {
            "scope": stop.scope.value,
            "name": stop.name,
            "origin": stop.origin.value,
            "because": stop.because,
            "since": stop.since,
        },
        change=("because",),
    )


async def sync_stops(connection: AsyncConnection, wanted: Iterable[Stop]) -> bool:
    """Make *wanted* the stops of origin file; one that stands keeps its ``since``.

    Tells whether one has ended.
    """
    has_ended = False
    named = {(each.scope.value, each.name): each for each in wanted}
    columns = tables.stop.c
    for each in await load_stops(connection):
        if each.origin is StopOrigin.FILE and (each.scope.value, each.name) not in named:
            await connection.execute(
                tables.stop.delete().where(
                    columns.scope == each.scope.value,
                    columns.name == each.name,
                    columns.origin == StopOrigin.FILE.value,
                )
            )
            has_ended = True
    for key in sorted(named):
        await save_stop(connection, named[key])
    return has_ended


def unstopped(stops: Iterable[Stop]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a delivery's row is not stopped."""
    named: dict[StopScope, set[str]] = {scope: set() for scope in _COLUMNS}
    for stop in stops:
        if stop.scope is StopScope.EVERYTHING:
            return (false(),)
        named[stop.scope].add(stop.name)
    return tuple(_COLUMNS[scope].not_in(sorted(names)) for scope, names in named.items() if names)


def with_stops(deliveries: Iterable[Delivery], stops: Sequence[Stop]) -> tuple[Delivery, ...]:
    """Return *deliveries* with the reason paused or auth where one is pending and stopped."""
    if not stops:
        return tuple(deliveries)
    return tuple(_with_stop(each, stops) for each in deliveries)


def stop_reason(
    stops: Iterable[Stop], *, channel: str, partner: str, campaign: str
) -> Reason | None:
    """Return why a pending delivery is not claimed; refused credentials go before a pause."""
    names = {
        StopScope.EVERYTHING: "",
        StopScope.CHANNEL: channel,
        StopScope.PARTNER: partner,
        StopScope.CAMPAIGN: campaign,
    }
    met = {stop.origin for stop in stops if stop.name == names[stop.scope]}
    if not met:
        return None
    return Reason.AUTH if StopOrigin.AUTH in met else Reason.PAUSED


def _with_stop(delivery: Delivery, stops: Sequence[Stop]) -> Delivery:
    if delivery.state is not DeliveryState.PENDING:
        return delivery
    reason = stop_reason(
        stops,
        channel=delivery.channel,
        partner=delivery.partner or "",
        campaign=delivery.campaign,
    )
    return delivery if reason is None else replace(delivery, reason=reason)
