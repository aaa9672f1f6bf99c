"""A WebSub hub on loopback: it verifies, leases, signs and pushes, or does so wrongly.

    async with a_hub() as hub:
        hub.lease = 3600
        ...                                  # somebody subscribes at hub.url
        await hub.push(topic, b"<rss/>")

Written after https://www.w3.org/TR/websub/, sections 5 to 7.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO

import aiohttp
from aiohttp import web

CHALLENGE = "ch4ll3nge+/= é"
HERE = "/hub"


@dataclass
class Hub:
    """The hub; change its fields to change its manners."""

    client: aiohttp.ClientSession
    base: str = ""
    status: int = 202
    """What requests are answered with; only 202 lets the hub go on."""
    verifies: bool = True
    """It asks back before it answers; else when ``verify`` is called."""
    denies: str | None = None
    """The reason for which it denies."""
    lease: int | None = None
    """Seconds; None: what was asked for."""
    requests: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    subscribed: dict[str, dict[str, str]] = field(default_factory=dict)
    """The verified requests by callback."""
    answers: list[tuple[int, str]] = field(default_factory=list)
    """What subscribers answered to its questions."""

    @property
    def url(self) -> str:
        """Where it is asked."""
        return self.base + HERE

    async def take(self, request: web.Request) -> web.Response:
        """Take a subscriber's request."""
        self.paths.append(request.path)
        if request.path != HERE:
            status = int(request.path.rpartition("-")[2])
            return web.Response(status=status, headers={"Location": HERE})
        assert request.content_type == "application/x-www-form-urlencoded"
        wanted = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(wanted)
        if self.status == 202 and self.denies is not None:
            await self.deny(wanted)
        elif self.status == 202 and self.verifies:
            await self.verify(wanted)
        return web.Response(status=self.status)

    async def deny(self, wanted: dict[str, str]) -> int:
        """Tell a subscriber that it will not hear of a topic."""
        query = {"hub.mode": "denied", "hub.topic": wanted["hub.topic"]}
        query["hub.reason"] = self.denies or ""
        return (await self._ask(wanted["hub.callback"], query))[0]

    async def verify(self, wanted: dict[str, str], **changes: str) -> int:
        """Ask whether a request was meant; *changes* ask for something else."""
        lease = wanted.get("hub.lease_seconds", "") if self.lease is None else str(self.lease)
        query = {
            "hub.mode": wanted["hub.mode"],
            "hub.topic": wanted["hub.topic"],
            "hub.challenge": CHALLENGE,
            "hub.lease_seconds": lease,
        }
        query |= {f"hub.{name}": value for name, value in changes.items()}
        status, body = await self._ask(wanted["hub.callback"], query)
        if status // 100 == 2 and body == CHALLENGE:
            if query["hub.mode"] == "subscribe":
                self.subscribed[wanted["hub.callback"]] = wanted
            else:
                self.subscribed.pop(wanted["hub.callback"], None)
        return status

    async def push(
        self,
        body: bytes = b"<rss/>",
        *,
        callback: str = "",
        algorithm: str = "sha256",
        signature: str | None = None,
    ) -> int:
        """Send a document to a subscriber, by default the only one, signed as it asked."""
        target = callback or next(iter(self.subscribed))
        if signature is None:
            secret = self.subscribed[target]["hub.secret"].encode()
            signature = f"{algorithm}={hmac.new(secret, body, hashlib_of(algorithm)).hexdigest()}"
        headers = {"X-Hub-Signature": signature} if signature else {}
        async with self.client.post(target, data=BytesIO(body), headers=headers) as answer:
            return answer.status

    async def _ask(self, callback: str, query: dict[str, str]) -> tuple[int, str]:
        async with self.client.get(callback, params=query) as answer:
            found = answer.status, await answer.text()
        self.answers.append(found)
        return found


def hashlib_of(algorithm: str) -> str:
    """Return the name under which hashlib knows a method of section 7.1."""
    assert algorithm in hashlib.algorithms_guaranteed
    return algorithm


@asynccontextmanager
async def a_hub() -> AsyncIterator[Hub]:
    """Run a hub until the block is left; ``/hub-307`` and ``/hub-308`` lead to it."""
    async with aiohttp.ClientSession(trust_env=False) as client:
        hub = Hub(client)
        app = web.Application()
        for path in (HERE, f"{HERE}-302", f"{HERE}-307", f"{HERE}-308"):
            app.router.add_post(path, hub.take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        hub.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield hub
        finally:
            await runner.cleanup()
