"""A Matrix homeserver and a webhook's receiver on loopback, as their specifications say."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from aiohttp import web

TOKEN = "syt_a_token"
ROOM = "!room:example.org"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
HANG = 599
"""As a fault: never answer."""
CUT = 598
"""As a fault: take the request and cut the line."""


@dataclass
class Homeserver:
    """Keeps what a room was sent; a transaction that is repeated is the same event."""

    faults: deque[int] = field(default_factory=deque)
    """What the next requests meet; each but those below 500 and CUT is not kept."""
    transactions: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: int = 0
    url: str = ""

    async def put(self, request: web.Request) -> web.StreamResponse:
        """Answer PUT /_matrix/client/v3/rooms/{room}/send/{type}/{transaction}."""
        self.requests += 1
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "M_UNKNOWN_TOKEN")
        if request.match_info["room"] != ROOM or request.match_info["type"] != "m.room.message":
            return _error(403, "M_FORBIDDEN")
        content = await request.json()
        fault = self.faults.popleft() if self.faults else 0
        if fault == 429:
            return _error(429, "M_LIMIT_EXCEEDED", retry_after_ms=90_000)
        if fault in (0, 200, CUT, 500):  # 500: it was kept, and then something broke
            self.transactions.setdefault(request.match_info["transaction"], content)
        return await _answer(request, fault, {"event_id": f"${request.match_info['transaction']}"})

    @property
    def texts(self) -> list[str]:
        """What stands in the room."""
        return [content["body"] for content in self.transactions.values()]


@dataclass
class Receiver:
    """Verifies every call as a receiver must, and takes an id once."""

    faults: deque[int] = field(default_factory=deque)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: int = 0
    requests: int = 0
    stamps: list[int] = field(default_factory=list)
    url: str = ""

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Answer a signed call."""
        self.requests += 1
        body = await request.read()
        name = request.headers["webhook-id"]
        stamp = request.headers["webhook-timestamp"]
        signed = f"{name}.{stamp}.".encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
        if not any(
            hmac.compare_digest(wanted, one)
            for one in request.headers["webhook-signature"].split(" ")
        ):
            self.refused += 1
            return web.Response(status=401)
        self.stamps.append(int(stamp))
        fault = self.faults.popleft() if self.faults else 0
        if fault in (0, 200, CUT, 500):
            self.taken.setdefault(name, json.loads(body))
        return await _answer(request, fault, {})


async def _answer(request: web.Request, fault: int, good: dict[str, Any]) -> web.StreamResponse:
    if fault == HANG:
        await asyncio.Event().wait()
    if fault == CUT:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    if fault in (0, 200):
        return web.json_response(good)
    headers = {"Location": "http://127.0.0.1:9/elsewhere"} if 300 <= fault < 400 else {}
    return web.Response(status=fault, headers=headers)


def _error(status: int, code: str, **more: Any) -> web.Response:
    return web.json_response({"errcode": code, "error": "no", **more}, status=status)


@asynccontextmanager
async def a_homeserver() -> AsyncIterator[Homeserver]:
    """Serve a homeserver until the block ends."""
    server = Homeserver()
    path = "/_matrix/client/v3/rooms/{room}/send/{type}/{transaction}"
    async with _served(web.put(path, server.put)) as server.url:
        yield server


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    """Serve a webhook until the block ends."""
    receiver = Receiver()
    async with _served(web.post("/hook", receiver.post)) as url:
        receiver.url = f"{url}/hook"
        yield receiver


@asynccontextmanager
async def _served(route: web.RouteDef) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([route])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
