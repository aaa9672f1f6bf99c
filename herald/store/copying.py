"""Copies every table of one store into another, and proves that the same arrived.

Rows go over in batches, so that a million of them need no more memory than a few thousand. They go
as the database keeps them: a moment stays a number. PostgreSQL takes them by COPY, which is several
times quicker than statements. What proves them is a sum of hashes, one of each row, that comes out
the same in whatever order rows are read: two databases sort letters differently.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    Boolean,
    Integer,
    LargeBinary,
    Select,
    Table,
    column,
    func,
    insert,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.errors import StoreUnusable
from herald.store import bounces, feed_tables, mailing_tables, tables, websub_tables

AT_ONCE = 2000
"""Rows in hand at a time."""
_SEEDED = ("instance", "planner")
"""A migration gives these their one row."""
_NEVER_COPIED = "alembic_version"
_BITS = 128

_ROOMS = (tables, feed_tables, mailing_tables, websub_tables, bounces)
"""Their tables are on the metadata once they are imported."""

Tell = Callable[[str, int, int], None]
"""Is told a table's name, how many of its rows are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """How many rows a table has, and a number that changes with any of them."""

    rows: int
    digest: int


def all_tables() -> list[Table]:
    """Return every table, those that others point to first."""
    return list(_ROOMS[0].metadata.sorted_tables)


async def unknown_tables(connection: AsyncConnection) -> list[str]:
    """Return the tables of this database that Herald does not know, and would leave behind."""
    there = await connection.run_sync(lambda each: inspect(each).get_table_names())
    return sorted(set(there) - set(tables.metadata.tables) - {_NEVER_COPIED})


async def filled_tables(connection: AsyncConnection) -> list[str]:
    """Return the tables that hold more than the migrations put there."""
    return [
        each.name
        for each in all_tables()
        if each.name not in _SEEDED
        and (await connection.execute(select(each).limit(1))).first() is not None
    ]


async def lock(connection: AsyncConnection) -> None:
    """Keep everybody else from writing until the transaction ends; SQLite's has done so already."""
    if connection.dialect.name == "postgresql":
        quoted = connection.dialect.identifier_preparer.quote
        names = ", ".join(quoted(each.name) for each in all_tables())
        await connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


async def count(connection: AsyncConnection, each: Table) -> int:
    """Return how many rows a table has."""
    return int((await connection.execute(select(func.count()).select_from(each))).scalar_one())


async def copy_table(
    here: AsyncConnection, there: AsyncConnection, each: Table, *, tell: Tell
) -> Content:
    """Copy a table's rows; return what was read."""
    if each.name in _SEEDED:
        await there.execute(each.delete())
    total, done, digest = await count(here, each), 0, 0
    tell(each.name, 0, total)
    async for rows, hashed in _batches(here, each):
        await _add(there, each, rows)
        done, digest = done + len(rows), digest + hashed
        tell(each.name, done, total)
    return Content(rows=done, digest=digest % 2**_BITS)


async def content(connection: AsyncConnection, each: Table) -> Content:
    """Read a table to its end."""
    rows, digest = 0, 0
    async for some, hashed in _batches(connection, each):
        rows, digest = rows + len(some), digest + hashed
    return Content(rows=rows, digest=digest % 2**_BITS)


async def set_counters(connection: AsyncConnection) -> None:
    """Let PostgreSQL number what comes next after what was copied; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for each in all_tables():
        for key in each.primary_key.columns:
            if not isinstance(key.type, Integer):
                continue
            counter = func.pg_get_serial_sequence(each.name, key.name)
            after = select(func.coalesce(func.max(key), 0) + 1).scalar_subquery()
            await connection.execute(select(func.setval(counter, after, False)))


def _raw(each: Table) -> Select[Any]:
    """Select all columns as the database keeps them, without their types' conversions."""
    names: list[Any] = [column(one.name) for one in each.columns]
    return select(*names).select_from(table(each.name))


async def _batches(
    connection: AsyncConnection, each: Table
) -> AsyncIterator[tuple[list[tuple[Any, ...]], int]]:
    """Yield a table's rows, some at a time, with the sum of their hashes."""
    yes_or_no = [nth for nth, each in enumerate(each.columns) if isinstance(each.type, Boolean)]
    # a picture may be as large as thousands of other rows
    most = 1 if any(isinstance(one.type, LargeBinary) for one in each.columns) else AT_ONCE
    found = await connection.stream(_raw(each), execution_options={"yield_per": most})
    async for some in found.partitions(most):
        rows, hashed = [], 0
        for row in some:
            values, spelled = _values(row, yes_or_no)
            rows.append(values)
            hashed += int.from_bytes(
                blake2b(spelled.encode("utf-8", "surrogatepass"), digest_size=16).digest(), "big"
            )
        yield rows, hashed


def _values(row: Sequence[Any], yes_or_no: Sequence[int]) -> tuple[tuple[Any, ...], str]:
    """Return a row as both databases take it, and spelled out."""
    values = list(row)
    for nth in yes_or_no:  # SQLite keeps them as 0 and 1
        if values[nth] is not None:
            values[nth] = bool(values[nth])
    spelled = repr(values)
    if "\\x00" in spelled:  # PostgreSQL keeps no such letter
        values = [one.replace("\0", "\ufffd") if isinstance(one, str) else one for one in values]
        spelled = repr(values)
    return tuple(values), spelled


async def _add(connection: AsyncConnection, each: Table, rows: list[tuple[Any, ...]]) -> None:
    names = [one.name for one in each.columns]
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT 1"))  # the driver's transaction has begun
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            await driver.copy_records_to_table(each.name, records=rows, columns=names)
        except (ValueError, OverflowError, TypeError) as error:
            raise StoreUnusable(f"{each.name}: PostgreSQL has no room for it: {error}") from error
        return
    statement = insert(table(each.name, *(column(name) for name in names)))
    await connection.exec_driver_sql(str(statement.compile(dialect=connection.dialect)), rows)
