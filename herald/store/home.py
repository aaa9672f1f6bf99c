"""Tells by what a PostgreSQL server says of itself whether this is still the same database.

=====================  ===========================================================================
the server's number    ``initdb`` draws it; the same in every standby and base backup of it
its time line          the first eight digits of the name of the log file that is being written;
                       it goes up when a standby takes over, and at the end of a recovery
the database's number  another one after ``createdb``, also from a template
the table's number     another one after ``pg_restore``, also into the same database
=====================  ===========================================================================

The time line is read from the log file's name, not from ``pg_control_checkpoint()``: that one says
the old one until the first checkpoint after a standby has taken over, and Herald would send before
(https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP).

Any user may ask all four. A hosted server may refuse the first two; what it refuses is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, literal_column, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.errors import StoreUnusable
from herald.store.tables import instance

_SERVER = "(SELECT system_identifier FROM pg_control_system())"
_TIMELINE = "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"
_ASKED = "herald_home"
"""Where a connection keeps which of the two questions its server answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a server says of itself; empty what it does not say."""

    server: str = ""
    timeline: str = ""
    database: str = ""
    table: str = ""

    def __str__(self) -> str:
        return f"{self.server}/{self.timeline}/{self.database}/{self.table}"

    @property
    def is_sure(self) -> bool:
        """Tell whether every change of place would show."""
        return bool(self.server and self.timeline)


def home_of(written: str) -> Home | None:
    """Read what ``instance.home`` holds; None where nothing was written yet."""
    parts = written.split("/")
    if len(parts) != 4:
        return None
    server, timeline, database, table = parts
    return Home(server=server, timeline=timeline, database=database, table=table)


def why_elsewhere(known: Home, found: Home) -> str | None:
    """Tell why *found* is not the database that *known* was; None where nothing says so."""
    for was, now, why in (
        (known.server, found.server, _ANOTHER_SERVER),
        (known.timeline, found.timeline, _ANOTHER_TIMELINE),
        (known.database, found.database, _RESTORED),
        (known.table, found.table, _RESTORED),
    ):
        if was and now and was != now:
            return why
    return None


_ANOTHER_SERVER = "the database was put back, or copied, to another PostgreSQL server"
_ANOTHER_TIMELINE = (
    "the PostgreSQL server was put back to an earlier moment, or another one took its place"
)
_RESTORED = "the database was put back from a dump, or is a copy of another one"


async def instance_row(connection: AsyncConnection) -> tuple[Row[Any] | None, Home | None]:
    """Read the row of ``instance``, and on PostgreSQL where it lives, in one question."""
    if connection.dialect.name != "postgresql":
        return (await connection.execute(select(instance))).one_or_none(), None
    server, timeline = await _answered(connection)
    row = (
        await connection.execute(
            select(
                instance,
                literal_column(server).label("here_server"),
                literal_column(timeline).label("here_timeline"),
                literal_column(_DATABASE).label("here_database"),
                literal_column("instance.tableoid").label("here_table"),
            )
        )
    ).one_or_none()
    if row is None:
        return None, None
    return row, Home(
        server=str(row.here_server),
        timeline=str(row.here_timeline),
        database=str(row.here_database),
        table=str(row.here_table),
    )


async def _answered(connection: AsyncConnection) -> tuple[str, str]:
    """Return the questions that this connection's server answers; those it refuses are empty."""
    known = connection.sync_connection.info if connection.sync_connection else {}
    if _ASKED not in known:
        if (await connection.execute(text("SELECT pg_is_in_recovery()"))).scalar():
            raise StoreUnusable("this PostgreSQL server is a standby: name the one that writes")
        known[_ASKED] = [
            question if await _is_answered(connection, question) else "''"
            for question in (_SERVER, _TIMELINE)
        ]
    server, timeline = known[_ASKED]
    return server, timeline


async def _is_answered(connection: AsyncConnection, question: str) -> bool:
    try:
        async with connection.begin_nested():
            await connection.execute(select(literal_column(question)))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    return True
