"""An empty store of this version, made once and laid where a test wants one.

To migrate takes 0.15 s, to copy what was migrated a hundredth of that. What migrates is tested by
tests/store; every other test only needs the tables.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from herald.store.engine import open_store
from herald.store.migrate import MIGRATIONS

_FILE = "herald.db"


def lay_store(path: Path) -> None:
    """Lay an empty SQLite store at *path*, as the first opening would have left it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_an_empty_store())
    path.chmod(0o600)


@cache
def _an_empty_store() -> bytes:
    """Let Herald make its tables, and return the file."""
    folder = Path(tempfile.mkdtemp(prefix="herald-store-"))

    async def migrate() -> None:
        await (await open_store(f"sqlite:///{_FILE}", folder)).close()

    try:
        with ThreadPoolExecutor(1) as beside:  # a test's event loop may be about
            beside.submit(asyncio.run, migrate()).result()
        return (folder / _FILE).read_bytes()
    finally:
        shutil.rmtree(folder)


def lay_older_store(path: Path, step: str, now: Path) -> None:
    """Lay an SQLite store at *path* as the version that ended with *step* would have written *now*.

    Of every table that there was then it has the rows, of every row what there were columns for.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, step)
    engine.dispose()
    with closing(sqlite3.connect(path)) as older, older:
        older.execute("ATTACH ? AS now", (str(now),))
        for table in _names(older, "SELECT name FROM main.sqlite_schema WHERE type = 'table'"):
            if table == "alembic_version":
                continue
            there = "SELECT name FROM pragma_table_info(?, ?)"
            known = _names(older, there, table, "now")
            columns = ", ".join(n for n in _names(older, there, table, "main") if n in known)
            taken = f"SELECT {columns} FROM now.{table}"  # noqa: S608 - the tests' own names
            older.execute(f"INSERT OR REPLACE INTO main.{table} ({columns}) {taken}")


def _names(connection: sqlite3.Connection, question: str, *about: str) -> list[str]:
    return [name for (name,) in connection.execute(question, about)]
