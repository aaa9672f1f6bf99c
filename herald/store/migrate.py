"""Brings a database's tables to this version: numbered steps, forward only, run at every opening.

Alembic is imported only when there is something to do, which keeps opening quick.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from herald.errors import StoreTooNew
from herald.store.alone import Guarded, alone_in

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection, place: str) -> None:
    """Run the migrations that *connection*'s database has not had, in its open transaction.

    A step that fails takes back those before it. Raises StoreTooNew, with *place* in its message,
    for a database that a later Herald wrote.
    """
    steps = _steps()
    found = _found(connection)
    if found == steps[-1]:
        return
    alone_in(connection, Guarded.MIGRATING)
    found = _found(connection)  # another process may just have done it
    if found == steps[-1]:
        return
    if found and found not in steps:
        raise StoreTooNew(
            f"{place}: a newer Herald wrote it (its tables are {found}, this version knows"
            f" {steps[-1]}): install that version or a later one"
        )
    _upgrade(connection)


def _steps() -> list[str]:
    """Return the numbers of the steps, from the names of their files (``0001_first.py``)."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _found(connection: Connection) -> str:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 0.1 s that most openings save
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
