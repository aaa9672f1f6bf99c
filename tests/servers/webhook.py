"""A receiver of webhooks on loopback that keeps Standard Webhooks to the letter."""

from __future__ import annotations

import base64
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from aiohttp import web

from herald.ports import Clock

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TOLERANCE = 300
"""Seconds that a call may be old, or too early, as the reference libraries have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the next call is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = False
    """It publishes the post all the same."""


@dataclass
class Receiver:
    """Publishes what it is sent, once each."""

    clock: Clock
    remembers: bool = True
    """It takes each id once; a program that somebody clicked together may not."""
    address: str = ""
    answers: deque[Told] = field(default_factory=deque)
    published: list[dict[str, Any]] = field(default_factory=list)
    """The ``data`` of every call that was acted on."""
    calls: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    """Headers and body of every call that was signed well."""
    forged: int = 0
    _ids: set[str] = field(default_factory=set)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Answer a call."""
        body = await request.read()
        name = request.headers["webhook-id"]
        if not self._is_ours(name, request.headers, body):
            self.forged += 1
            return web.json_response({"message": "the signature is wrong"}, status=401)
        self.calls.append((request.headers.copy(), body))
        told = self.answers.popleft() if self.answers else None
        if told is None or told.takes:
            self._publish(name, body)
        if told is None:
            url = f"https://example.org/posts/{name[:8]}"
            return web.json_response({"id": f"post-{name[:8]}", "url": url})
        return web.Response(status=told.status, body=told.body, headers=told.headers)

    def _is_ours(self, name: str, headers: Mapping[str, str], body: bytes) -> bool:
        stamp = headers["webhook-timestamp"]
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        signed = f"{name}.{stamp}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
        is_fresh = abs(self.clock.now().timestamp() - int(stamp)) <= TOLERANCE
        signatures = headers["webhook-signature"].split(" ")
        return is_fresh and any(hmac.compare_digest(wanted, one) for one in signatures)

    def _publish(self, name: str, body: bytes) -> None:
        event = json.loads(body)
        assert set(event) == {"type", "timestamp", "data"}
        assert event["data"]["id"] == name
        if name in self._ids and self.remembers:
            return
        self._ids.add(name)
        self.published.append(event["data"])


@asynccontextmanager
async def receiving(clock: Clock, *, remembers: bool = True) -> AsyncIterator[Receiver]:
    """Serve a receiver until the block ends."""
    receiver = Receiver(clock, remembers=remembers)
    app = web.Application(client_max_size=8 * 1024**2)
    app.router.add_post("/hook", receiver.post)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.address = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
