"""The databases on which the machine runs: SQLite in this thread, or a real PostgreSQL.

Herald's SQLite driver keeps a thread for every connection, whose hops cost most of the time that
thousands of tiny runs take. Here the same statements go to the same SQLite in this thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

from herald.model.delivery import DeliveryState
from herald.store import tables
from herald.store.engine import Store, open_store

_KEPT = frozenset({"alembic_version", "instance"})
_OFF_DISK = (
    # no other process looks, and the machine's power is not cut
    "PRAGMA busy_timeout=0",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=OFF",
    "PRAGMA foreign_keys=ON",
)


class _Cursor:
    """A cursor of sqlite3 whose steps can be awaited."""

    def __init__(self, inner: sqlite3.Cursor) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, *asked: Any) -> Any:
        return self._inner.execute(*asked)

    async def executemany(self, *asked: Any) -> Any:
        return self._inner.executemany(*asked)

    async def fetchall(self) -> Any:
        return self._inner.fetchall()

    async def fetchmany(self, size: int | None = None) -> Any:
        return self._inner.fetchmany(size or self._inner.arraysize)

    async def fetchone(self) -> Any:
        return self._inner.fetchone()

    async def close(self) -> None:
        self._inner.close()


class _Connection:
    """A connection of sqlite3 whose steps can be awaited."""

    isolation_level = None

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    def cursor(self) -> _Cursor:
        return _Cursor(self._connection.cursor())

    async def commit(self) -> None:
        self._connection.commit()

    async def rollback(self) -> None:
        self._connection.rollback()

    async def close(self) -> None:
        self._connection.close()

    async def create_function(self, *asked: Any, **how: Any) -> None:
        self._connection.create_function(*asked, **how)

    def stop(self) -> None:
        self._connection.close()


async def _connect(path: str, **_: Any) -> _Connection:
    return _Connection(path)


def _prepare(connection: Any, record: object) -> None:
    cursor = connection.cursor()
    for pragma in _OFF_DISK:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Any) -> None:
    reading = connection.get_execution_options().get("herald_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


async def sqlite_store(folder: Path) -> Store:
    """Make a migrated SQLite store in *folder*, and open it in this thread."""
    made = await open_store("sqlite:///herald.db", folder)
    await made.close()
    path = folder / "herald.db"
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        connect_args={"async_creator_fn": _connect},
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return Store(engine=engine, place=str(path), path=path, writer=asyncio.Lock())


_END_THE_DEAD = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND state LIKE 'idle in transaction%'"
)


async def wipe(store: Store) -> None:
    """Empty every table, as after migrating."""
    async with store.writing() as connection:
        if connection.dialect.name == "postgresql":
            # A process that died in the last run took its connections along.
            await connection.execute(text(_END_THE_DEAD))
            names = [table.name for table in tables.metadata.sorted_tables]
            wanted = ", ".join(name for name in names if name not in _KEPT)
            await connection.execute(text(f"TRUNCATE {wanted} RESTART IDENTITY CASCADE"))
            return
        for table in (tables.attempt, tables.delivery, tables.pace, tables.turn, tables.stop):
            await connection.execute(table.delete())
        for table in (tables.first_seen, tables.plan_run, tables.channel):
            await connection.execute(table.delete())


@dataclass(frozen=True, slots=True)
class Standing:
    """What the machine looks at of a delivery's row, past Herald's own code."""

    key: str
    channel: str
    state: DeliveryState
    reason: str
    token: int
    attempts: int
    is_unclear: bool
    is_frozen: bool
    next_at: int
    due_at: int
    not_after_at: int
    lease_ends_at: int | None
    catch_up: str


class Eye:
    """Looks at the tables without Herald's queries."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._direct = sqlite3.connect(store.path) if store.path else None

    async def rows(self) -> dict[str, Standing]:
        """Return every delivery as it stands."""
        return {row[0]: _standing(row) for row in await self._ask(_ROWS)}

    async def attempts(self, key: str, token: int) -> int:
        """Return how many attempts are recorded under this claim."""
        found = await self._ask(f"SELECT count(*) FROM attempt WHERE key='{key}' AND token={token}")  # noqa: S608
        return int(found[0][0])

    async def rests(self) -> list[int]:
        """Return until when channels were asked to wait."""
        return [row[0] for row in await self._ask(_RESTS)]

    def close(self) -> None:
        """Give back the connection."""
        if self._direct is not None:
            self._direct.close()

    async def _ask(self, question: str) -> list[Any]:
        if self._direct is not None:
            return self._direct.execute(question).fetchall()
        async with self._store.reading() as connection:
            return list((await connection.execute(text(question))).all())


def _standing(row: Any) -> Standing:
    key, channel, state, *rest = row
    return Standing(key, channel, DeliveryState(state), *rest)


_ROWS = (
    "SELECT key, channel, state, reason, token, attempts, unclear_at IS NOT NULL,"
    " frozen IS NOT NULL, next_at, due_at, not_after_at, lease_ends_at, catch_up"
    " FROM delivery ORDER BY key"
)
_RESTS = "SELECT not_before FROM pace WHERE not_before IS NOT NULL"
