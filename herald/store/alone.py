"""Lets one transaction at a time do what two at once would do wrong.

SQLite has one writer, so whatever a writing transaction reads stays so until its end. PostgreSQL
has many, and locks rows that are there; nobody can lock those that another one is about to add:
the same feed synchronised twice, one piece of news found by two processes in two feeds. The few
steps that rest on what is *not* there take a lock of PostgreSQL's that has nothing but a name
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS). It ends with the
transaction, however that ends. Each is taken before any row is locked.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Select, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

_HERALD = 0x48455241
"""The first half of every name, so that other programs' locks in the database are not ours."""


class Guarded(IntEnum):
    """What only one transaction does at a time, on whatever machine."""

    MIGRATING = 1
    PLANNING = 2
    FEEDS = 3
    """What feeds there are, and what news they brought."""
    HUBS = 4
    PEOPLE = 5
    """Who is on a list, has left, or is forgotten."""
    POLLS = 6
    """Which feeds are taken to be polled."""
    HOME = 7
    """Whether the database is still the one that it was."""
    LETTERS = 8
    """How many copies of newsletters may go out."""


async def alone(connection: AsyncConnection, step: Guarded) -> None:
    """Wait until nobody else does *step*, and keep others from it until the transaction ends."""
    await connection.run_sync(alone_in, step)


def alone_in(connection: Connection, step: Guarded) -> None:
    """Do what ``alone`` does, on a connection that is not asynchronous."""
    if connection.dialect.name == "postgresql":
        connection.execute(_lock(step))


def _lock(step: Guarded) -> Select[tuple[None]]:
    return select(func.pg_advisory_xact_lock(_HERALD, step.value))
