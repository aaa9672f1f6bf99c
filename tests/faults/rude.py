"""A Mastodon server that is as rude as real ones, at random, and loses nothing that it took."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web

from herald.ports import Clock
from tests.servers.mastodon import Behaviour, Fault, MastodonServer

SLOWNESS = 0.3
"""True seconds until a post is made, at most: it lands though its client may have died."""
HANGS_FOR = 0.7

FAULTS: tuple[tuple[Fault | str, float], ...] = (
    ("throttled", 0.03),
    (Fault.ERROR_BEFORE, 0.03),
    (Fault.LOST_REPLY, 0.02),
    (Fault.CUT_AFTER, 0.01),
    ("502 after", 0.02),
    (Fault.ERROR_AFTER, 0.01),
    (Fault.GATEWAY_TIMEOUT_BEFORE, 0.01),
    (Fault.GATEWAY_TIMEOUT_AFTER, 0.01),
    ("hangs", 0.01),
)
"""What happens to a request for a post, and how often."""


class RudeServer(MastodonServer):
    """Misbehaves by its dice until it is told to be good."""

    def __init__(self, behaviour: Behaviour, clock: Clock, dice: random.Random) -> None:
        super().__init__(behaviour, clock)
        self.dice = dice
        self.is_good = False
        self.done: Counter[str] = Counter()
        """How often each fault befell a request."""

    def copies(self) -> Counter[str]:
        """Count the posts by the first line of their text."""
        return Counter(status.text.partition("\n")[0] for status in self.statuses)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if self.is_good:
            return await super()._create(request)
        roll = self.dice.random()
        for fault, share in FAULTS:
            if (roll := roll - share) < 0:
                return await self._misbehave(request, fault)
        await asyncio.sleep(self.dice.random() * SLOWNESS)
        return await super()._create(request)

    async def _misbehave(self, request: web.Request, fault: Fault | str) -> web.StreamResponse:
        self.done[fault.value if isinstance(fault, Fault) else fault] += 1
        if fault == "throttled":
            canned = self.throttled(wait=timedelta(seconds=5))
            return web.Response(
                text=canned.body,
                status=canned.status,
                headers=dict(canned.headers),
                content_type="application/json",
            )
        await asyncio.sleep(self.dice.random() * SLOWNESS)
        if isinstance(fault, Fault):
            self.faults.append(fault)
            return await super()._create(request)
        answer = await self._made(request)
        if fault == "hangs":
            await asyncio.sleep(HANGS_FOR)
            return self._drop(request)
        if answer.status != 200:
            return answer
        return web.Response(text="<h1>502 Bad Gateway</h1>", status=502)


@asynccontextmanager
async def rude(
    behaviour: Behaviour, clock: Clock, dice: random.Random
) -> AsyncIterator[RudeServer]:
    """Run a server on a free port of loopback."""
    server = RudeServer(behaviour, clock, dice)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.address = f"http://{host}:{port}"
        yield server
    finally:
        server.release()
        await runner.cleanup()
