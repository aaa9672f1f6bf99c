"""An empty store of this version, made once and laid where a test wants one.

To migrate takes 0.15 s, to copy what was migrated a hundredth of that. What migrates is tested by
tests/store; every other test only needs the tables.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from herald.store.engine import open_store

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
