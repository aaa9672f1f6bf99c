"""Opens a store for commands that only look, also where nothing may be written, or nothing is yet.

    async with open_to_look("sqlite:///var/herald.db", folder) as store:
        history = await StoredOutbox(store).history()

SQLite itself must write to read: a database in WAL mode keeps an index of it beside the file.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from herald.errors import StoreUnusable
from herald.store.engine import Store, open_store, sqlite_path

_SCRATCH = "herald.db"
_WAYS = ("mode=ro", "immutable=1")
"""Beside a writer; and where not even its index can be made, so that nobody is writing."""


@asynccontextmanager
async def open_to_look(url: str, folder: Path) -> AsyncIterator[Store]:
    """Open the store at *url* to look at it; close it when the block is left.

    Where there is no file yet this is an empty store, and none is made in *folder*; where it may
    not be written it is a copy of this moment. What is written into either is forgotten. Raises
    what ``open_store`` raises.
    """
    path = sqlite_path(url, folder)
    if path is None or _may_be_written(path):
        async with _opened(url, folder) as store:
            yield store
        return
    with TemporaryDirectory(prefix="herald-") as scratch:
        if path.exists():
            await asyncio.to_thread(copy_store, path, Path(scratch) / _SCRATCH)
        async with _opened(f"sqlite:///{_SCRATCH}", Path(scratch)) as store:
            yield store


def copy_store(path: Path, target: Path) -> None:
    """Copy a SQLite file as it is now, its journal included; raise StoreUnusable if none can."""
    trouble = ""
    for way in _WAYS:
        try:
            with (
                closing(sqlite3.connect(f"{path.resolve().as_uri()}?{way}", uri=True)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.backup(copy)
        except sqlite3.DatabaseError as error:
            trouble = str(error)
        else:
            return
    raise StoreUnusable(f"{path}: it cannot be read: {trouble} (check who may read it)")


@asynccontextmanager
async def _opened(url: str, folder: Path) -> AsyncIterator[Store]:
    store = await open_store(url, folder)
    try:
        yield store
    finally:
        await store.close()


def _may_be_written(path: Path) -> bool:
    return path.exists() and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
