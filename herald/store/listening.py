"""Hears what other processes on a PostgreSQL notify, over a connection of its own.

    await listen(store, {Heard.DUE: worker.wake}, clock=clock, stop=stop)

It makes the connection anew when it breaks, and rings every bell then, since something may have
been missed. What it hears is a hint: with SQLite, which has nothing of the kind, and where nothing
ever arrives, as behind PgBouncer's transaction pooling, all that is lost is a second or two.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from herald.clock import first_of
from herald.errors import StoreUnusable
from herald.ports import Clock
from herald.store.engine import Store
from herald.store.notifying import Heard

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
"""Seconds between two attempts to listen again, doubling up to this."""
SIGN_OF_LIFE = 30.0
"""Seconds after which a silent connection is asked whether it is still there."""
ANSWER_WITHIN = 10.0
"""Seconds for that answer."""

log = logging.getLogger(__name__)


async def listen(
    store: Store, bells: Mapping[Heard, Callable[[], None]], *, clock: Clock, stop: asyncio.Event
) -> None:
    """Ring *bells* when others notify, until *stop* is set; returns at once on SQLite."""
    if store.path is not None:
        return
    pause, told = FIRST_PAUSE, ""
    while not stop.is_set():
        try:
            async with _listening(store, bells) as (connection, ended):
                pause, told = FIRST_PAUSE, ""
                for ring in bells.values():
                    ring()
                log.info("listening to the database")
                await _while_it_lives(store, connection, ended, stop)
        except StoreUnusable as error:
            if str(error) != told:
                told = str(error)
                log.info("nothing is heard from the database, which is polled anyway: %s", error)
        await first_of(stop.wait(), clock.sleep(pause))
        pause = min(pause * 2, LONGEST_PAUSE)


@asynccontextmanager
async def _listening(
    store: Store, bells: Mapping[Heard, Callable[[], None]]
) -> AsyncIterator[tuple[Any, asyncio.Event]]:
    """Give a connection that is nobody else's and listens, and what is set when it ends."""
    ended = asyncio.Event()
    with store.translated():
        async with store.engine.connect() as lent:
            pooled = await lent.get_raw_connection()
            connection: Any = pooled.driver_connection
            pooled.detach()  # it takes no place in the pool, and is closed at the end
            connection.add_termination_listener(lambda _: ended.set())
            for what, ring in bells.items():
                await connection.add_listener(what.value, lambda *_, ring=ring: ring())
            try:
                yield connection, ended
            finally:
                connection.terminate()  # without a word, which a dead server would not answer


async def _while_it_lives(
    store: Store, connection: Any, ended: asyncio.Event, stop: asyncio.Event
) -> None:
    """Return when the connection has ended, or stop is asked; raise StoreUnusable if it is mute.

    A server that lost its power ends no connection.
    """
    while not (ended.is_set() or stop.is_set()):
        await first_of(ended.wait(), stop.wait(), asyncio.sleep(SIGN_OF_LIFE))
        if not (ended.is_set() or stop.is_set()):
            with store.translated():
                await connection.execute("SELECT 1", timeout=ANSWER_WITHIN)
