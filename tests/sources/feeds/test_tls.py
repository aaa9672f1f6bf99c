"""Encrypted feeds: whose certificate is believed, and that a form is never sent on in the open."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from herald.clock import SetClock
from herald.sources.feeds.fetching.fetch import Fetcher, FetchFailed, Limits
from tests.sources.feeds.documents import NOW, Site, a_site

CERTIFICATE = Path(__file__).with_name("loopback.pem")

ASKING = """
import asyncio, sys
from herald.clock import SystemClock
from herald.sources.feeds.fetching.fetch import Fetcher

async def ask():
    async with Fetcher(contact="", clock=SystemClock(), allow_private=True) as fetcher:
        if sys.argv[1] == "post":
            print(await fetcher.post(sys.argv[2], {"hub.secret": "s3cret"}))
        else:
            print(await fetcher.fetch(sys.argv[2]))

asyncio.run(ask())
"""


@asynccontextmanager
async def an_encrypted_site() -> AsyncIterator[Site]:
    believed = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    believed.load_cert_chain(CERTIFICATE)
    runner = web.AppRunner(web.Application(), shutdown_timeout=0.1)
    site = Site("")
    runner.app.router.add_route("*", "/{path:.*}", site.respond)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=believed).start()
    site.base = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def encrypted() -> AsyncIterator[Site]:
    async with an_encrypted_site() as served:
        yield served


async def told_by_one_who_believes(verb: str, url: str) -> str:
    """Return what a process says that believes the certificate, by its environment."""
    asking = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ASKING,
        verb,
        url,
        env={**os.environ, "SSL_CERT_FILE": str(CERTIFICATE)},
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await asking.communicate()
    return told.decode()


async def test_a_certificate_that_nobody_vouches_for_is_told(encrypted: Site) -> None:
    encrypted.serve("/feed", "x")
    limits = Limits(spacing=timedelta(0))
    async with Fetcher(
        contact="", clock=SetClock(NOW), allow_private=True, limits=limits
    ) as fetcher:
        failed = await fetcher.fetch(encrypted.url("/feed"))
    assert failed == FetchFailed(why="the server's certificate is not valid")
    assert not encrypted.requests


async def test_a_certificate_for_another_name_is_told(encrypted: Site) -> None:
    encrypted.serve("/feed", "x")
    url = encrypted.url("/feed").replace("127.0.0.1", "localhost")
    assert "certificate is not valid" in await told_by_one_who_believes("fetch", url)
    assert not encrypted.requests


async def test_a_redirect_to_encryption_for_good_is_a_move_and_one_away_from_it_is_none(
    encrypted: Site,
) -> None:
    async with a_site() as bare:
        end = encrypted.serve("/feed", "x")
        up = bare.serve("/up", status=301, headers={"Location": end})
        assert f"moved_to='{end}'" in await told_by_one_who_believes("fetch", up)
        down = encrypted.serve("/down", status=301, headers={"Location": bare.serve("/feed", "x")})
        told = await told_by_one_who_believes("fetch", down)
        assert told.startswith("Fetched(")
        assert "moved_to=''" in told


async def test_a_form_is_never_sent_on_without_encryption(encrypted: Site) -> None:
    async with a_site() as bare:
        target = bare.serve("/hub", "x")
        url = encrypted.serve("/hub", status=307, headers={"Location": target})
        assert "would tell a secret" in await told_by_one_who_believes("post", url)
        assert len(encrypted.requests) == 1
        assert not bare.requests
