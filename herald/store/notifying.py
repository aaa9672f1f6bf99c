"""Tells other processes on a PostgreSQL, in the transaction that changed something, to look now.

A hint and nothing more: it may be lost (behind PgBouncer it always is), and whoever would have
heard it looks by itself soon. It is sent when the transaction is committed, never before, and
several in one transaction arrive as one. PostgreSQL lets the commits of all that notify queue, so
settling and claiming, which are many, do not (https://www.postgresql.org/docs/current/sql-notify.html).
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection


class Heard(StrEnum):
    """What others may want to look at."""

    DUE = "herald_due"
    """Deliveries that may be due now."""
    NEWS = "herald_news"
    """What feeds brought, or a planner's turn that is free."""


async def notify(connection: AsyncConnection, what: Heard) -> None:
    """Let those who listen know of *what* once this transaction is committed."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(what.value, "")))
