"""Turns deliveries into rows and back.

Rows are read and written as the database keeps them, moments as whole microseconds, and turned
here: a hundred thousand of them pass at every planning.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
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
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.campaign import CatchUp
from herald.model.delivery import Action, Delivery, DeliveryState, Media, Payload, Reason
from herald.store.batches import batches
from herald.store.said import said_by
from herald.store.tables import Moment, delivery, from_microseconds, to_microseconds

_SHOWN_ONLY = frozenset({Reason.PAUSED, Reason.AUTH})
"""Reasons that follow from stops when a delivery is shown, and are never written."""
_AT_ONCE = 500
"""Rows turned at once while others wait for the loop: some milliseconds."""
_SAME = ""
"""What is read for a frozen payload that is the planned one, as nearly all are."""

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


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
        | ({"facts": payload.facts} if payload.facts else {})
        | ({"mentions": payload.mentions} if payload.mentions else {})
        | ({"also": payload.also} if payload.also else {})
    )


def from_text(text: str) -> Payload:
    """Return the payload that ``to_text`` wrote."""
    values, _ = _decode(text)
    values["media"] = tuple([Media(**picture) for picture in values["media"]])
    values["language"] = intern(values["language"])
    if "mentions" in values:
        values["mentions"] = tuple(values["mentions"])
    if "also" in values:
        values["also"] = tuple(values["also"])
    return Payload(**values)


def _reason(reason: Reason | None) -> str:
    return "" if reason is None or reason in _SHOWN_ONLY else reason.value


def _keep(value: Any) -> Any:
    return value


def _word(value: str | None) -> str:
    return value or ""


def _read_word(word: str) -> str | None:
    return intern(word) if word else None


def _value(member: Any) -> str:
    return str(member.value)


def _write_moment(moment: datetime | None) -> int | None:
    return None if moment is None else to_microseconds(moment)


# Many rows share their moments, names and notes: the same values, not equal ones, save memory.
@lru_cache(maxsize=4096)
def _read_moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_microseconds(microseconds)


_read_local = lru_cache(maxsize=4096)(datetime.fromisoformat)
_read_reason = {"": None, **{each.value: each for each in Reason}}.__getitem__


def _member(kind: type[StrEnum]) -> Callable[[str], Any]:
    return {each.value: each for each in kind}.__getitem__


def _write_frozen(payload: Payload | None) -> str | None:
    return None if payload is None else to_text(payload)


_Turn = Callable[[Any], Any]
_TURNED: dict[str, tuple[_Turn, _Turn]] = {
    **dict.fromkeys(("campaign", "item", "occasion", "channel"), (_keep, intern)),
    **dict.fromkeys(("network", "language", "zone"), (_keep, intern)),
    **dict.fromkeys(("owner", "note", "error"), (_keep, intern)),
    **dict.fromkeys(("entry", "partner", "moved_from", "target", "thread"), (_word, _read_word)),
    **dict.fromkeys(("due_at", "not_after_at", "next_at"), (to_microseconds, _read_moment)),
    **dict.fromkeys(("lease_ends_at", "first_send_at"), (_write_moment, _read_moment)),
    **dict.fromkeys(("unclear_at", "sent_at"), (_write_moment, _read_moment)),
    "occasion_local": (datetime.isoformat, _read_local),
    "action": (_value, _member(Action)),
    "catch_up": (_value, _member(CatchUp)),
    "state": (_value, _member(DeliveryState)),
    "planned_hold": (_reason, _read_reason),
    "reason": (_reason, _read_reason),
    "payload": (to_text, from_text),
    "frozen": (_write_frozen, _keep),
}
"""How a field is written and read, where that is not just as it is."""
_NAMES = tuple(each.name for each in fields(Delivery))
"""The columns that a delivery fills: its fields."""
_WRITTEN = (*_NAMES, "said")
_SAYING = frozenset({"channel", "language", "payload", "frozen"})
"""What ``said`` is made of."""
_writes = tuple(_TURNED.get(name, (_keep, _keep))[0] for name in _NAMES)
_reads = tuple((name, _TURNED[name][1]) for name in _NAMES if name in _TURNED)
_turned_at = tuple((at, write) for at, write in enumerate(_writes) if write is not _keep)
_all = attrgetter(*_NAMES)


def to_row(value: Delivery) -> tuple[Any, ...]:
    """Return what the columns of a delivery hold, in the order of its fields, and its hash."""
    written = [*_all(value), said_by(value)]
    for place, write in _turned_at:
        written[place] = write(written[place])
    return tuple(written)


def changes(before: Delivery, after: Delivery) -> dict[str, Any]:
    """Return the columns in which *after* differs from *before*, as the database keeps them."""
    changed = {
        name: write(new)
        for name, write, old, new in zip(_NAMES, _writes, _all(before), _all(after), strict=True)
        if old is not new and old != new
    }
    if not _SAYING.isdisjoint(changed):
        changed["said"] = said_by(after)
    return changed


async def insert_rows(connection: AsyncConnection, deliveries: Iterable[Delivery]) -> None:
    """Add the rows of *deliveries*, some hundred at a time: so nobody waits, and few are kept."""
    compiled = _insertion().compile(dialect=connection.dialect)
    in_order = itemgetter(*(_WRITTEN.index(name[4:]) for name in compiled.positiontup or ()))
    rows = iter(deliveries)

    def some() -> list[tuple[Any, ...]]:
        return [in_order(to_row(each)) for each in islice(rows, _AT_ONCE)]

    turning = asyncio.ensure_future(asyncio.to_thread(some))
    while turned := await turning:
        turning = asyncio.ensure_future(asyncio.to_thread(some))
        # past SQLAlchemy, which would turn every value of every row once more
        await connection.exec_driver_sql(str(compiled), turned)


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
        for some in batches(rows):
            await connection.execute(changing(names), some)


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


def from_row(row: Iterable[Any]) -> Delivery:
    """Return the delivery of a row that has ``COLUMNS``, in their order."""
    values = dict(zip(_NAMES, row, strict=False))  # more may stand behind
    for name, read in _reads:
        values[name] = read(values[name])
    if values["frozen"] is not None:
        same = values["frozen"] == _SAME
        values["frozen"] = values["payload"] if same else from_text(values["frozen"])
    return Delivery(**values)


def from_rows(rows: Sequence[Row[Any]]) -> list[Delivery]:
    """Return the deliveries of rows, in their order."""
    return [from_row(row) for row in rows]


async def read_rows(connection: AsyncConnection, statement: Select[Any]) -> tuple[Delivery, ...]:
    """Return the deliveries that *statement* selects ``COLUMNS`` of, however many they are.

    They are read some hundred at a time and turned beside the event loop, which serves others.
    """
    found = await connection.stream(statement.execution_options(yield_per=_AT_ONCE))
    turned: list[Delivery] = []
    turning = asyncio.ensure_future(asyncio.to_thread(from_rows, ()))
    async for rows in found.partitions():  # the next are read while these are turned
        turned += await turning
        turning = asyncio.ensure_future(asyncio.to_thread(from_rows, rows))
    return (*turned, *await turning)


def _insertion() -> Any:
    return insert(delivery).values({name: _bound(f"new_{name}", name) for name in _WRITTEN})


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


COLUMNS = tuple(_read(delivery.c[name]) for name in _NAMES)
"""What is read of a delivery's row."""
