"""Signs people in as a server of Mastodon's kind does: an app, a page, a code, a token.

https://docs.joinmastodon.org/methods/oauth/ and /methods/apps/
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

TOKEN = "token-from-the-network"
CODE = "one-time-code"


@dataclass
class SignInServer:
    """The server, and what it was asked."""

    address: str = ""
    refuses: str = ""
    """An error of the page's, such as access_denied."""
    apps: list[dict[str, str]] = field(default_factory=list)
    given: list[dict[str, str]] = field(default_factory=list)

    def comes_back(self, page: str) -> str:
        """Do as a browser in which a person allows what *page* asks: return where it ends."""
        parts = urlsplit(page)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert page.startswith(f"{self.address}/oauth/authorize?")
        assert query["client_id"] == "client-1"
        assert query["redirect_uri"] == self.apps[-1]["redirect_uris"]
        told = f"error={self.refuses}" if self.refuses else f"code={CODE}"
        return f"{query['redirect_uri']}?{told}&state={query['state']}"

    async def make_app(self, request: web.Request) -> web.Response:
        """Register a client."""
        self.apps.append({name: str(value) for name, value in (await request.post()).items()})
        return web.json_response({"client_id": "client-1", "client_secret": "client-secret"})

    async def give_token(self, request: web.Request) -> web.Response:
        """Give a token for a code, once."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.given.append(form)
        wanted = {
            "grant_type": "authorization_code",
            "code": CODE,
            "client_id": "client-1",
            "client_secret": "client-secret",
            "redirect_uri": self.apps[-1]["redirect_uris"],
        }
        if wanted.items() <= form.items() and len(self.given) == 1:
            return web.json_response({"access_token": TOKEN, "token_type": "Bearer"})
        error = {"error": "invalid_grant", "error_description": "The code is not valid."}
        return web.json_response(error, status=400)


@asynccontextmanager
async def a_sign_in_server() -> AsyncIterator[SignInServer]:
    """Run it on a free port of loopback."""
    server = SignInServer()
    app = web.Application()
    app.router.add_post("/api/v1/apps", server.make_app)
    app.router.add_post("/oauth/token", server.give_token)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
