"""Turns deliveries into rows and back.

Rows are read and written as the database keeps them, moments as whole microseconds, and turned
here: a hundred thousand of them pass at every planning.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from itertools import islice
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Row,
    Select,
    Update,
    bindparam,
    case,
    insert,
    literal_column,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import Action, Delivery, DeliveryState, Media, Payload, Reason
from herald.model.ids import (
    CampaignId,
    ChannelId,
    DeliveryKey,
    EntryId,
    ItemId,
    Language,
    OccasionId,
    PartnerId,
)
from herald.store.tables import Moment, delivery, from_microseconds, to_microseconds

_SHOWN_ONLY = frozenset({Reason.PAUSED, Reason.AUTH})
"""Reasons that follow from stops when a delivery is shown, and are never written."""
_AT_ONCE = 500
"""Rows turned at once while others wait for the loop: some milliseconds."""
_SAME = ""
"""What is read for a frozen payload that is the planned one, as nearly all are."""

_KEPT_AS_THEY_ARE = (
    *("key", "campaign", "item", "occasion", "channel", "network", "language", "part", "zone"),
    *("moves", "content_hash", "needs_approval", "note", "attempts", "token", "owner"),
    *("remote_id", "url", "error", "approved", "released", "translated"),
)
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_moment = lru_cache(maxsize=4096)(from_microseconds)
_local = lru_cache(maxsize=4096)(datetime.fromisoformat)
# Many rows share their moments: the same values, not equal ones, save memory as well.


def written_reason(value: Delivery) -> str:
    """Return the reason as it is stored: stops are no part of a row."""
    return _reason(value.reason)


def to_text(payload: Payload) -> str:
    """Return *payload* as JSON; equal payloads give equal texts."""
    return _encode(
        {
            "text": payload.text,
            "language": payload.language,
            "title": payload.title,
            "link": payload.link,
            "media": [
                {name: getattr(picture, name) for name in Media.__slots__}
                for picture in payload.media
            ],
            "length": payload.length,
            "limit": payload.limit,
        }
    )


def from_text(text: str) -> Payload:
    """Return the payload that ``to_text`` wrote."""
    values = json.loads(text)
    values["media"] = tuple(Media(**picture) for picture in values["media"])
    return Payload(**values)


def _reason(reason: Reason | None) -> str:
    return "" if reason is None or reason in _SHOWN_ONLY else reason.value


def _word(value: str | None) -> str:
    return value or ""


def _value(member: Any) -> str:
    return str(member.value)


def _moment_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)


_TURNED: dict[str, Callable[[Any], Any]] = {
    "entry": _word,
    "partner": _word,
    "moved_from": _word,
    "action": _value,
    "catch_up": _value,
    "state": _value,
    "planned_hold": _reason,
    "reason": _reason,
    "occasion_local": datetime.isoformat,
    "due_at": to_microseconds,
    "not_after_at": to_microseconds,
    "next_at": to_microseconds,
    "lease_ends_at": _moment_or_none,
    "first_send_at": _moment_or_none,
    "unclear_at": _moment_or_none,
    "sent_at": _moment_or_none,
    "payload": to_text,
    "frozen": lambda payload: None if payload is None else to_text(payload),
}
_NAMES = (*_KEPT_AS_THEY_ARE, *_TURNED)
"""The columns that a delivery writes, which are its fields."""
_kept = attrgetter(*_KEPT_AS_THEY_ARE)
_to_turn = attrgetter(*_TURNED)
_turns = tuple(_TURNED.values())
_all = attrgetter(*_NAMES)


def to_row(value: Delivery) -> tuple[Any, ...]:
    """Return what the columns of a delivery hold, in the order of ``_NAMES``."""
    turned = tuple(turn(each) for turn, each in zip(_turns, _to_turn(value), strict=True))
    return tuple(_kept(value)) + turned


def changes(before: Delivery, after: Delivery) -> dict[str, Any]:
    """Return the columns in which *after* differs from *before*, as the database keeps them."""
    was, then = _all(before), _all(after)
    return {
        name: _TURNED[name](new) if name in _TURNED else new
        for name, old, new in zip(_NAMES, was, then, strict=True)
        if old is not new and old != new
    }


async def insert_rows(connection: AsyncConnection, deliveries: Iterable[Delivery]) -> None:
    """Add the rows of *deliveries*, some hundred at a time: so nobody waits, and few are kept."""
    compiled = _insertion().compile(dialect=connection.dialect)
    in_order = itemgetter(*(_NAMES.index(name[4:]) for name in compiled.positiontup or ()))
    rows = iter(deliveries)
    while some := [in_order(to_row(each)) for each in islice(rows, _AT_ONCE)]:
        # past SQLAlchemy, which would turn every value of every row once more
        await connection.exec_driver_sql(str(compiled), some)


async def change_rows(
    connection: AsyncConnection, pairs: Iterable[tuple[Delivery, Delivery]]
) -> None:
    """Write what changes between each pair, whose row this transaction has read and locked.

    The token is looked at once more: a row that moved on is left alone.
    """
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for before, after in pairs:
        if columns := changes(before, after):
            row = {f"new_{name}": value for name, value in columns.items()}
            row |= {"of_key": before.key, "of_token": before.token}
            alike[tuple(columns)].append(row)
    for names, rows in alike.items():
        for nth in range(0, len(rows), _AT_ONCE):
            await connection.execute(changing(names), rows[nth : nth + _AT_ONCE])


@cache
def changing(names: Sequence[str]) -> Update:
    """Return the statement that writes the columns *names* of one key and token."""
    return (
        update(delivery)
        .where(
            delivery.c.key == bindparam("of_key"),
            delivery.c.token == bindparam("of_token", type_=BigInteger),
        )
        .values({name: _bound(f"new_{name}", name) for name in names})
    )


def from_row(row: Row[Any]) -> Delivery:
    """Return the delivery of a row that has every one of ``COLUMNS``."""
    payload = from_text(row.payload)
    return Delivery(
        key=DeliveryKey(row.key),
        campaign=CampaignId(intern(row.campaign)),
        item=ItemId(intern(row.item)),
        entry=EntryId(row.entry) if row.entry else None,
        occasion=OccasionId(intern(row.occasion)),
        partner=PartnerId(intern(row.partner)) if row.partner else None,
        channel=ChannelId(intern(row.channel)),
        network=intern(row.network),
        language=Language(intern(row.language)),
        action=Action(row.action),
        part=row.part,
        occasion_local=_local(row.occasion_local),
        zone=intern(row.zone),
        due_at=_moment(row.due_at),
        not_after_at=_moment(row.not_after_at),
        catch_up=CatchUp(row.catch_up),
        moves=row.moves,
        payload=payload,
        content_hash=row.content_hash,
        needs_approval=row.needs_approval,
        planned_hold=Reason(row.planned_hold) if row.planned_hold else None,
        state=DeliveryState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        note=intern(row.note),
        next_at=_moment(row.next_at),
        attempts=row.attempts,
        token=row.token,
        owner=intern(row.owner),
        lease_ends_at=_read_moment(row.lease_ends_at),
        first_send_at=_read_moment(row.first_send_at),
        unclear_at=_read_moment(row.unclear_at),
        frozen=_frozen(row.frozen, payload),
        remote_id=row.remote_id,
        url=row.url,
        sent_at=_read_moment(row.sent_at),
        error=intern(row.error),
        approved=row.approved,
        released=row.released,
        translated=row.translated,
        moved_from=DeliveryKey(row.moved_from) if row.moved_from else None,
    )


def from_rows(rows: Sequence[Row[Any]]) -> list[Delivery]:
    """Return the deliveries of rows, in their order."""
    return [from_row(row) for row in rows]


async def read_rows(connection: AsyncConnection, statement: Select[Any]) -> tuple[Delivery, ...]:
    """Return the deliveries that *statement* selects ``COLUMNS`` of, however many they are.

    They are read some hundred at a time and turned beside the event loop, which serves others.
    """
    found = await connection.stream(statement.execution_options(yield_per=_AT_ONCE))
    deliveries: list[Delivery] = []
    async for rows in found.partitions():
        deliveries += await asyncio.to_thread(from_rows, rows)
    return tuple(deliveries)


def _read_moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _moment(microseconds)


def _frozen(text: str | None, payload: Payload) -> Payload | None:
    if text is None:
        return None
    return payload if text == _SAME else from_text(text)


def _insertion() -> Any:
    written: dict[str, Any] = {name: _bound(f"new_{name}", name) for name in _NAMES}
    unused: dict[str, Any] = {
        each.name: literal_column("''") for each in delivery.c if each.name not in written
    }
    return insert(delivery).values(written | unused)


def _bound(parameter: str, column: str) -> Any:
    """Return a parameter for what ``to_row`` and ``changes`` made of a column's value."""
    kept = delivery.c[column].type
    return bindparam(parameter, type_=BigInteger() if isinstance(kept, Moment) else kept)


def _read(column: Column[Any]) -> ColumnElement[Any]:
    """Return *column* as the database keeps it; what is frozen only where it is another text."""
    if column.name == "frozen":
        same = delivery.c.frozen == delivery.c.payload
        return case((same, _SAME), else_=delivery.c.frozen).label("frozen")
    if isinstance(column.type, Moment):
        return type_coerce(column, BigInteger).label(column.name)
    return column


COLUMNS = tuple(_read(column) for column in delivery.c if column.name in _NAMES)
"""What is read of a delivery's row."""
