"""The address at which feeds' hubs ask Herald and tell it of changes.

It is open to everybody: a request costs one look at the store, and a body is read only for a
subscription that is there. Tokens stand in the paths, so no path is logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from aiohttp import ClientError, web

from herald.model.websub import HubQuestion, PushVerdict

PLACE = "/websub/{token}"
AT_ONCE = 32
"""Pushes that are read at one time; who comes then is asked to try again."""
PATIENCE = 20.0
"""Seconds in which a push must have been read."""
_CHUNK = 65_536
_STATUS = {
    PushVerdict.TAKEN: 202,
    # The same: whoever tries signatures learns nothing from the answer.
    PushVerdict.IGNORED: 202,
    # Section 7 of the Recommendation: the hub may forget this callback.
    PushVerdict.UNKNOWN: 410,
    PushVerdict.TOO_LARGE: 413,
}


class TakesPushes(Protocol):
    """Answers hubs, and judges what they send."""

    async def answer(self, token: str, question: HubQuestion) -> str | None:
        """Return what to answer a hub's question with, or None to disown it."""
        ...

    async def push(self, token: str, signature: str, chunks: AsyncIterator[bytes]) -> PushVerdict:
        """Judge what was sent to a callback."""
        ...


def add_hub_routes(app: web.Application, hubs: TakesPushes) -> None:
    """Let *hubs* answer at ``/websub/…``."""
    room = asyncio.Semaphore(AT_ONCE)

    async def ask(request: web.Request) -> web.Response:
        """Answer a hub that verifies a request (section 5.3), or denies one (5.2)."""
        echo = await hubs.answer(request.match_info["token"], _question(request))
        if echo is None:
            return web.Response(status=404, text="")
        return web.Response(body=echo.encode(), content_type="text/plain")

    async def push(request: web.Request) -> web.Response:
        """Take what a hub tells (section 7); the content is looked at by its signature only."""
        if room.locked():
            return web.Response(status=503, headers={"Retry-After": "60"})
        async with room:
            try:
                async with asyncio.timeout(PATIENCE):
                    verdict = await hubs.push(
                        request.match_info["token"],
                        request.headers.get("X-Hub-Signature", ""),
                        request.content.iter_chunked(_CHUNK),
                    )
            except TimeoutError:
                return web.Response(status=408)
            except (ConnectionError, ClientError):
                # It broke off, or is no proper HTTP: nobody's fault here, nothing for the log.
                return web.Response(status=400)
        return web.Response(status=_STATUS[verdict])

    # Not for HEAD: its answer has no body, so it can confirm nothing.
    app.router.add_get(PLACE, ask, allow_head=False)
    app.router.add_post(PLACE, push)


def _question(request: web.Request) -> HubQuestion:
    def said(name: str) -> str:
        values = request.query.getall(f"hub.{name}", [])
        return values[0] if len(values) == 1 else ""

    return HubQuestion(
        mode=said("mode"),
        topic=said("topic"),
        challenge=said("challenge"),
        lease_seconds=said("lease_seconds"),
        reason=said("reason"),
    )
