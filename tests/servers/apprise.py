"""A receiver of what Apprise's own JSON service sends, on loopback."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

HANG = 0
"""As a status: never answer."""


@dataclass
class JsonService:
    """Takes every message, and then answers as it is told."""

    statuses: deque[int] = field(default_factory=deque)
    taken: list[dict[str, Any]] = field(default_factory=list)
    elsewhere: int = 0
    """Requests that came where a redirect leads."""
    port: int = 0

    @property
    def url(self) -> str:
        """Its address, as Apprise writes it."""
        return f"json://127.0.0.1:{self.port}/hook"

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Take a message."""
        self.taken.append(await request.json())
        status = self.statuses.popleft() if self.statuses else 200
        if status == HANG:
            await asyncio.Event().wait()
        headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)

    async def redirected(self, request: web.Request) -> web.StreamResponse:
        """Count a request that followed a redirect."""
        self.elsewhere += 1
        return web.Response()


@asynccontextmanager
async def serving() -> AsyncIterator[JsonService]:
    """Serve it until the block ends."""
    service = JsonService()
    app = web.Application()
    app.router.add_post("/hook", service.post)
    app.router.add_route("*", "/elsewhere", service.redirected)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.port = runner.addresses[0][1]
    try:
        yield service
    finally:
        await runner.cleanup()
