"""Turns at hosts: one request at a time to each, a pause between two, and a bound over all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from herald.ports import Clock


class Hosts:
    """Keeps requests to one host apart. Waiting for a turn is no part of a request's time."""

    def __init__(self, *, clock: Clock, at_once: int, spacing: timedelta) -> None:
        self._clock = clock
        self._spacing = spacing.total_seconds()
        self._overall = asyncio.Semaphore(at_once)
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}
        self._ended: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for the turn at *host*, and hold it."""
        lock = self._locks.setdefault(host, asyncio.Lock())
        self._waiting[host] = self._waiting.get(host, 0) + 1
        try:
            async with lock:
                await self._keep_apart(host)
                try:
                    async with self._overall:
                        yield
                finally:
                    self._ended[host] = self._clock.monotonic()
        finally:
            self._waiting[host] -= 1
            if not self._waiting[host]:
                del self._waiting[host], self._locks[host]

    async def _keep_apart(self, host: str) -> None:
        now = self._clock.monotonic()
        self._ended = {
            name: ended for name, ended in self._ended.items() if now - ended < self._spacing
        }
        if host in self._ended:
            await self._clock.sleep(self._ended[host] + self._spacing - now)
