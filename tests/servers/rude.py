"""What the local servers of networks have in common: what they saw, and how rude they can be.

A fault is put before the next request that changes something, and spent by it; a canned answer
before the next request for a path.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Canned, Fault, Seen

Act = Callable[[], Awaitable[web.Response]]


class RudeServer:
    """A server that counts what it is asked and can lose its answers.

    The body of a form is left to be read part by part.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.address = ""
        self.requests: list[Seen] = []
        self.faults: deque[Fault] = deque()
        self._canned: dict[str, deque[Canned]] = {}
        self._released = asyncio.Event()

    def can(self, path: str, canned: Canned) -> None:
        """Answer the next requests whose path ends in *path* with *canned*."""
        self._canned.setdefault(path, deque()).extend([canned] * canned.times)

    def counted(self, path: str, method: str = "") -> int:
        """Return how many requests arrived whose path ends in *path*."""
        seen = Counter(
            one.path.endswith(path) and method in {"", one.method} for one in self.requests
        )
        return seen[True]

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application(middlewares=[self._gate], client_max_size=200_000_000)
        self.routes(app)
        return app

    def routes(self, app: web.Application) -> None:
        """Add what the server answers to."""
        raise NotImplementedError

    def release(self) -> None:
        """Let go of requests that hang."""
        self._released.set()

    async def change(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Answer a request that changes something, with the fault that waits for it."""
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.DROPPED_BEFORE:
                return dropped(request)
            case Fault.ERROR_BEFORE:
                return web.Response(text="<h1>500</h1>", status=500)
            case Fault.GATEWAY_TIMEOUT_BEFORE:
                return web.Response(text="<h1>504 Gateway Time-out</h1>", status=504)
            case Fault.HANG_BEFORE:
                await self._released.wait()
                return dropped(request)
        answer = await act()
        if fault is None or answer.status >= 300:
            return answer
        return await self._spoiled(request, answer, fault)

    async def _spoiled(
        self, request: web.Request, answer: web.Response, fault: Fault
    ) -> web.StreamResponse:
        match fault:
            case Fault.ERROR_AFTER:
                return web.Response(text="<h1>500</h1>", status=500)
            case Fault.GATEWAY_TIMEOUT_AFTER:
                return web.Response(text="<h1>504 Gateway Time-out</h1>", status=504)
            case Fault.PAGE_AFTER:
                return web.Response(text="<h1>Welcome</h1>", content_type="text/html")
            case Fault.OTHER_JSON_AFTER:
                return web.json_response(["ok"])
            case Fault.HANG_AFTER:
                await self._released.wait()
            case Fault.CUT_AFTER:
                whole = answer.body
                assert isinstance(whole, bytes)
                half = web.StreamResponse(headers={"Content-Length": str(len(whole) + 9)})
                await half.prepare(request)
                await half.write(whole[: len(whole) // 2])
                dropped(request)
                return half
        return dropped(request)

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        seen = Seen(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            body=b"" if request.content_type == "multipart/form-data" else await request.read(),
        )
        self.requests.append(seen)
        waiting = next(
            (cans for path, cans in self._canned.items() if cans and request.path.endswith(path)),
            None,
        )
        answer = from_can(waiting.popleft()) if waiting else await handler(request)
        if not answer.prepared:
            answer.headers.setdefault("Date", format_datetime(self.clock.now(), usegmt=True))
        return answer


def from_can(canned: Canned) -> web.Response:
    """Make the answer that was put by."""
    kind = "application/json" if canned.body[:1] in {"{", "["} else "text/html"
    headers = dict(canned.headers)
    return web.Response(text=canned.body, status=canned.status, headers=headers, content_type=kind)


def dropped(request: web.Request) -> web.Response:
    """End the connection."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def run(server: RudeServer) -> AsyncIterator[None]:
    """Run a server on a free port of loopback."""
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.address = f"http://{host}:{port}"
    try:
        yield
    finally:
        server.release()
        await runner.cleanup()
