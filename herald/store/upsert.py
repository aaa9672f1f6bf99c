"""Writes a row whether or not it is there, in either database's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    change: Collection[str] = (),
) -> None:
    """Insert *rows*; of one whose primary key is there, write the columns *change* only."""
    many = [rows] if isinstance(rows, Mapping) else list(rows)
    if not many:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table)
    keys = list(table.primary_key.columns)
    if change:
        new = {name: statement.excluded[name] for name in change}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=new)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    await connection.execute(statement, many)


async def insert_new(connection: AsyncConnection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert *row* unless one stands in its way; tell whether it was inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table).values(row).on_conflict_do_nothing()
    added = await connection.execute(statement.returning(*table.primary_key.columns))
    return added.first() is not None
