"""Turns at hosts: one request at a time to each, a pause between two, and a bound over all."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from herald.ports import Clock

_MEMORY = 3.0
"""Seconds for which a turn is remembered at least, to know how many hosts were met of late."""


class Hosts:
    """Keeps requests to one host apart. Waiting for a turn is no part of a request's time.

    Turns at a host go in the order in which they were asked for. Who waits for a host holds none
    of the places that all hosts share, so that a slow host with a thousand feeds keeps nobody
    else waiting. Nobody may ask for a second turn while holding one.
    """

    def __init__(self, *, clock: Clock, at_once: int, spacing: timedelta) -> None:
        self._clock = clock
        self._spacing = spacing.total_seconds()
        self._overall = asyncio.Semaphore(at_once)
        self._locks: dict[str, asyncio.Lock] = {}
        self._wanting: dict[str, int] = {}
        self._ended: OrderedDict[str, float] = OrderedDict()
        """When each host's last turn ended, the oldest first."""

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the turn at *host*, and hold it."""
        lock = self._locks.setdefault(host, asyncio.Lock())
        self._wanting[host] = self._wanting.get(host, 0) + 1
        try:
            async with lock:
                await self._keep_apart(host)
                async with self._overall:
                    try:
                        yield
                    finally:
                        self._ended[host] = self._clock.monotonic()
                        self._ended.move_to_end(host)
        finally:
            self._wanting[host] -= 1
            if not self._wanting[host]:
                del self._wanting[host], self._locks[host]

    @property
    def met(self) -> int:
        """How many hosts had a turn in the last three seconds."""
        return len(self._ended)

    def is_awaited(self, host: str) -> bool:
        """Tell whether somebody waits for *host* behind the one who has the turn."""
        return self._wanting.get(host, 0) > 1

    async def _keep_apart(self, host: str) -> None:
        now = self._clock.monotonic()
        self._forget_before(now - max(self._spacing, _MEMORY))
        wait = self._ended.get(host, now - self._spacing) + self._spacing - now
        if wait > 0:
            await self._clock.sleep(wait)

    def _forget_before(self, moment: float) -> None:
        while self._ended and next(iter(self._ended.values())) <= moment:
            self._ended.popitem(last=False)
