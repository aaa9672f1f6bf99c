"""A partner's web site on loopback that does as it is told: answers, caching, packing, delays."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Gauge:
    """How many requests are being answered, on all sites that share it."""

    now: int = 0
    most: int = 0


@dataclass
class Site:
    """One server: an answer for each path, and every request that it got."""

    base: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    gauge: Gauge = field(default_factory=Gauge)
    heard: Callable[[], None] = lambda: None

    def url(self, path: str) -> str:
        """Return the address of *path*."""
        return f"{self.base}{path}"

    @property
    def paths(self) -> list[str]:
        """The paths that were asked, in order."""
        return [request.path for request in self.requests]

    @property
    def last(self) -> web.Request:
        """The last request."""
        return self.requests[-1]

    def asks(self, path: str) -> int:
        """Return how often *path* was asked."""
        return self.paths.count(path)

    def serve(
        self,
        path: str,
        body: bytes | str = b"",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        delay: float = 0,
        packed: bool = False,
    ) -> str:
        """Answer *path* so from now on; return its address."""
        content = body.encode() if isinstance(body, str) else body
        told = dict(headers or {})
        if packed:
            content = gzip.compress(content, compresslevel=9)
            told["Content-Encoding"] = "gzip"

        async def answer(request: web.Request) -> web.StreamResponse:
            await asyncio.sleep(delay)
            return web.Response(status=status, body=content, headers=told)

        self.answers[path] = answer
        return self.url(path)

    def serve_cached(self, path: str, body: str, etag: str, **headers: str) -> str:
        """Answer *path* as a server that keeps its word: 304 to whoever has *etag*."""

        async def answer(request: web.Request) -> web.StreamResponse:
            told = {"ETag": etag, **headers}
            if request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers=told)
            return web.Response(body=body.encode(), headers=told)

        self.answers[path] = answer
        return self.url(path)

    def lead(self, path: str, target: str, *, status: int = 302) -> str:
        """Redirect *path* to *target*; return its address."""
        return self.serve(path, status=status, headers={"Location": target})

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.requests.append(request)
        self.heard()
        self.gauge.now += 1
        self.gauge.most = max(self.gauge.most, self.gauge.now)
        try:
            answer = self.answers.get(request.path)
            return web.Response(status=404) if answer is None else await answer(request)
        finally:
            self.gauge.now -= 1


@asynccontextmanager
async def a_site(*, gauge: Gauge | None = None, host: str = "127.0.0.1") -> AsyncIterator[Site]:
    """Serve a site on a port of its own; *host* is an address of loopback."""
    site = Site(gauge=gauge or Gauge())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.respond)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, 0).start()
    site.base = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()
