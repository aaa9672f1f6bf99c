"""Writes whole transactions to a SQLite file from one thread, on a connection of its own.

Through the asyncio driver every statement costs several hops between two threads; where a
thousand transactions a second are wanted, or the machine is busy, the hops take longer than the
statements and the disk.  What needs nothing but the database can go there in one hop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.engine import Connection, Engine

T = TypeVar("T")


class OneThread:
    """A thread with one connection; both begin at the first use."""

    def __init__(self, engine: Engine) -> None:
        """Write through *engine*, which nobody else uses."""
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="herald-store")

    async def write(self, do: Callable[[Connection], T]) -> T:
        """Return what *do* gives in a transaction of its own, durable once this returns."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._write, do)

    async def close(self) -> None:
        """Give back the connection, once what is being written is."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()

    def _write(self, do: Callable[[Connection], T]) -> T:
        with self._engine.begin() as connection:
            return do(connection)
