"""What the fetcher asks and answers, on a loopback server."""

from __future__ import annotations

import asyncio
import gzip
import os
import sys
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from herald import __version__
from herald.clock import SetClock
from herald.model.polling import Validators
from herald.sources.feeds.fetch import Fetched, Fetcher, FetchFailed, Limits, NotModified
from tests.sources.feeds.documents import NOW, Site, a_raw_server, a_site

QUICK = Limits(connect=2, read=0.3, total=0.8, most_bytes=5 * 1024 * 1024, spacing=timedelta(0))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as served:
        yield served


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(
        contact="https://example.org/contact",
        clock=SetClock(NOW),
        allow_private=True,
        limits=QUICK,
    ) as made:
        yield made


@pytest.fixture
async def careful() -> AsyncIterator[Fetcher]:
    async with Fetcher(contact="", clock=SetClock(NOW), limits=QUICK) as made:
        yield made


async def test_a_document_comes_with_its_validators_verbatim(site: Site, fetcher: Fetcher) -> None:
    stamp = "Mon, 10 May 2027 08:00:00 +0000 (odd)"
    url = site.serve("/feed", "<rss/>", headers={"ETag": 'W/"a,b"', "Last-Modified": stamp})
    found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.body == b"<rss/>"
    assert found.validators == Validators(etag='W/"a,b"', last_modified=stamp)


async def test_validators_are_sent_as_they_came(site: Site, fetcher: Fetcher) -> None:
    url = site.serve("/feed", status=304, headers={"ETag": '"new"'})
    found = await fetcher.fetch(url, Validators(etag='W/"a,b"', last_modified="odd date"))
    assert site.requests[0].headers["If-None-Match"] == 'W/"a,b"'
    assert site.requests[0].headers["If-Modified-Since"] == "odd date"
    assert isinstance(found, NotModified)
    assert found.validators == Validators(etag='"new"', last_modified="")


async def test_a_first_request_is_unconditional_and_says_who_asks(
    site: Site, fetcher: Fetcher
) -> None:
    await fetcher.fetch(site.serve("/feed", "x"))
    headers = site.requests[0].headers
    assert "If-None-Match" not in headers
    assert "If-Modified-Since" not in headers
    assert headers["User-Agent"] == f"Herald/{__version__} (+https://example.org/contact)"
    assert "application/rss+xml" in headers["Accept"]
    assert "text/calendar" in headers["Accept"]
    assert "Referer" not in headers


async def test_cookies_are_never_sent_back(site: Site, fetcher: Fetcher) -> None:
    url = site.serve("/feed", "x", headers={"Set-Cookie": "visitor=1; Path=/"})
    await fetcher.fetch(url)
    await fetcher.fetch(url)
    assert "Cookie" not in site.requests[1].headers


FETCHING = """
import asyncio, sys
from herald.clock import SystemClock
from herald.sources.feeds.fetch import Fetcher

async def fetch():
    async with Fetcher(contact="", clock=SystemClock(), allow_private=True) as fetcher:
        print((await fetcher.fetch(sys.argv[1])).body.decode())

asyncio.run(fetch())
"""


async def test_a_proxy_of_the_environment_is_not_used(site: Site) -> None:
    url = site.serve("/feed", "fetched")
    environ = {**os.environ, "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    fetching = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FETCHING, url, env=environ, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await fetching.communicate()
    assert told == b"fetched\n"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(site: Site, fetcher: Fetcher, status: int) -> None:
    site.serve("/new", "x")
    url = site.serve("/old", status=status, headers={"Location": "/new"})
    found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.final_url == site.url("/new")


async def test_the_sixth_redirect_is_one_too_many(site: Site, fetcher: Fetcher) -> None:
    for hop in range(6):
        site.serve(f"/{hop}", status=302, headers={"Location": f"/{hop + 1}"})
    site.serve("/6", "x")
    assert isinstance(await fetcher.fetch(site.url("/1")), Fetched)
    failed = await fetcher.fetch(site.url("/0"))
    assert isinstance(failed, FetchFailed)
    assert "more than 5 times" in failed.why


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://example.org/feed", "gopher://x/", "data:text/xml,<rss/>"],
)
async def test_a_redirect_to_another_scheme_is_refused(
    site: Site, fetcher: Fetcher, location: str
) -> None:
    failed = await fetcher.fetch(site.serve("/feed", status=302, headers={"Location": location}))
    assert isinstance(failed, FetchFailed)
    assert "only http:// and https://" in failed.why


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://e.org/x", "/etc/passwd", "", "http://"]
)
async def test_only_web_addresses_are_fetched(fetcher: Fetcher, url: str) -> None:
    assert isinstance(await fetcher.fetch(url), FetchFailed)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "224.0.0.1",
        "[fe80::1]",
        "[fec0::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
    ],
)
async def test_private_addresses_are_refused(careful: Fetcher, site: Site, host: str) -> None:
    site.serve("/feed", "secret")
    port = site.base.rpartition(":")[2]
    failed = await careful.fetch(f"http://{host}:{port}/feed")
    assert isinstance(failed, FetchFailed)
    assert "private network" in failed.why
    assert not site.requests


async def test_a_number_that_means_loopback_is_refused(careful: Fetcher, site: Site) -> None:
    site.serve("/feed", "secret")
    port = site.base.rpartition(":")[2]
    assert isinstance(await careful.fetch(f"http://2130706433:{port}/feed"), FetchFailed)
    assert not site.requests


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_kept(site: Site, fetcher: Fetcher, status: int) -> None:
    url = site.serve("/feed", status=status, headers={"Retry-After": "7200"})
    failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    assert failed.retry_at == NOW + timedelta(hours=2)
    assert not failed.gone


async def test_gone_is_for_ever(site: Site, fetcher: Fetcher) -> None:
    failed = await fetcher.fetch(site.serve("/feed", status=410))
    assert isinstance(failed, FetchFailed)
    assert failed.gone


@pytest.mark.parametrize(("status", "words"), [(404, "404"), (403, "let Herald in"), (500, "500")])
async def test_other_errors_are_told_in_plain_words(
    site: Site, fetcher: Fetcher, status: int, words: str
) -> None:
    failed = await fetcher.fetch(site.serve("/feed", status=status))
    assert isinstance(failed, FetchFailed)
    assert words in failed.why
    assert not failed.gone


async def test_an_endless_document_ends_at_the_cap(site: Site, fetcher: Fetcher) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            return response

    site.answers["/feed"] = endless
    failed = await fetcher.fetch(site.url("/feed"))
    assert isinstance(failed, FetchFailed)
    assert "larger than 5 MB" in failed.why


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_is_counted_as_it_unpacks(site: Site, fetcher: Fetcher, coding: str) -> None:
    giant = bytes(100 * 1024 * 1024)
    packed = gzip.compress(giant) if coding == "gzip" else zlib.compress(giant)
    assert len(packed) < 200_000
    failed = await fetcher.fetch(site.serve("/feed", packed, headers={"Content-Encoding": coding}))
    assert isinstance(failed, FetchFailed)
    assert "larger than 5 MB" in failed.why


async def test_a_packed_document_is_unpacked(site: Site, fetcher: Fetcher) -> None:
    url = site.serve("/feed", gzip.compress(b"<rss/>"), headers={"Content-Encoding": "gzip"})
    found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.body == b"<rss/>"


async def test_a_drip_ends_at_the_total_time(fetcher: Fetcher) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with a_raw_server(drip) as url:
        failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    assert "longer than 0.8 seconds" in failed.why


async def test_silence_ends_at_the_read_time(fetcher: Fetcher) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with a_raw_server(silence) as url:
        failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    assert "nothing for 0.3 seconds" in failed.why


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\xfe nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["hangs up", "no http", "breaks off", "not gzip", "nowhere", "bad place", "giant header"],
)
async def test_broken_answers_are_values_not_exceptions(fetcher: Fetcher, answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async with a_raw_server(talk) as url:
        failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    assert failed.why


async def test_a_server_that_is_not_there_is_a_value(fetcher: Fetcher) -> None:
    async with a_site() as gone:
        url = gone.url("/feed")
    failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    assert failed.why == "the server cannot be reached"


async def test_a_host_gets_one_request_at_a_time(site: Site, fetcher: Fetcher) -> None:
    at_once = [0, 0]

    async def slow(request: web.Request) -> web.StreamResponse:
        at_once[0] += 1
        at_once[1] = max(at_once)
        for _ in range(20):
            await asyncio.sleep(0)
        at_once[0] -= 1
        return web.Response(text="x")

    site.answers = {f"/{number}": slow for number in range(5)}
    await asyncio.gather(*(fetcher.fetch(site.url(f"/{number}")) for number in range(5)))
    assert len(site.requests) == 5
    assert at_once[1] == 1


async def test_requests_to_one_host_are_a_second_apart(site: Site) -> None:
    clock = SetClock(NOW)
    url = site.serve("/feed", "x")
    async with Fetcher(contact="", clock=clock, allow_private=True) as polite:
        for _ in range(3):
            await polite.fetch(url)
    assert clock.monotonic() == pytest.approx(2.0)


async def test_a_validator_that_is_no_text_is_not_kept(fetcher: Fetcher) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "\xff"\r\nContent-Length: 1\r\n\r\nx')
        await writer.drain()

    async with a_raw_server(talk) as url:
        found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.validators.etag == ""
