"""Where runs take place: one loop and one database, emptied for each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from herald.store.engine import Store, open_store
from tests.machine.database import Eye, sqlite_store, wipe
from tests.machine.loop import HandMovedLoop
from tests.machine.world import Build, Seen, World

HEALTHY = Build()


class Stage:
    """Gives a world at a time."""

    def __init__(self, loop: HandMovedLoop, store: Store) -> None:
        self.loop, self.store, self.eye, self.seen = loop, store, Eye(store), Seen()

    @contextmanager
    def world(self, *, build: Build = HEALTHY, processes: int = 1) -> Iterator[World]:
        """Give a world with an empty outbox, and end all that goes on in it."""
        self.loop.run_until_complete(wipe(self.store))
        with_build = {"build": build, "seen": self.seen, "processes": processes}
        world = World(self.loop, self.store, self.eye, **with_build)  # type: ignore[arg-type]
        try:
            yield world
        finally:
            world.close()


@contextmanager
def stage(folder: Path, url: str = "") -> Iterator[Stage]:
    """Set up the stage: on SQLite in *folder*, or on the PostgreSQL database at *url*."""
    made = None if url else asyncio.run(sqlite_store(folder))
    loop = HandMovedLoop()
    asyncio.set_event_loop(loop)
    try:
        store = made
        if store is None:
            loop.door.outside = 1
            store = loop.run_until_complete(open_store(url, folder))
            loop.door.outside = 0
        where = Stage(loop, store)
        yield where
        where.eye.close()
        loop.run_until_complete(store.close())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
