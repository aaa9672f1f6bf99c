"""Servers that hang, drip, lie, flood and break off: each ends in its time, with plain words."""

from __future__ import annotations

import asyncio
import gc
import gzip
import importlib
import socket
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from herald.clock import SetClock
from herald.sources.feeds.fetching.fetch import Fetched, Fetcher, FetchFailed, Limits
from tests.sources.feeds.documents import NOW, a_raw_server, a_site

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

LIMITS = Limits(connect=1, read=10, total=10, spacing=timedelta(0))
ALL_SHORT = Limits(connect=1, read=1, total=2, spacing=timedelta(0))
IN_TIME = 20.0
"""Seconds within which every fetch here ends: the limits, and a busy machine."""
MEGABYTE = 1024 * 1024


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(contact="", clock=SetClock(NOW), allow_private=True, limits=LIMITS) as made:
        yield made


async def why_not(fetcher: Fetcher, url: str) -> str:
    """Return why a fetch failed, once it has ended in time."""
    async with asyncio.timeout(IN_TIME):
        failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    return failed.why


def says(*parts: bytes, pause: float = 0, again: bool = False) -> Talk:
    """Return a server that writes *parts*, with a pause behind each, over and over if *again*."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if not again:
                return

    return talk


def says_then_drips(first: bytes, drop: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await says(drop, pause=0.05, again=True)(reader, writer)

    return talk


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def says_then_nothing(first: bytes, *, half_closed: bool = False) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        if half_closed:
            writer.write_eof()
        await reader.read()

    return talk


def says_then_resets(first: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await writer.drain()
        await asyncio.sleep(0.05)
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()

    return talk


OK = b"HTTP/1.1 200 OK\r\n"
LONG = OK + b"Content-Length: 100000\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SILENCE = "nothing for 0.3 seconds"
TOO_LONG = "longer than 0.8 seconds"
SHORT = {SILENCE: {"read": 0.3}, TOO_LONG: {"total": 0.8}}
"""The limit that ends it."""
CLOSED = "closed the connection"
NOT_HTTP = "not proper HTTP"
BROKEN = "broke off"

HOSTILE: dict[str, tuple[Talk, str]] = {
    "silent": (says_nothing, SILENCE),
    "silent after the status": (says_then_nothing(OK), SILENCE),
    "silent after the headers": (says_then_nothing(LONG), SILENCE),
    "silent in the body": (says_then_nothing(LONG + b"<rss>"), SILENCE),
    "silent in a chunk": (says_then_nothing(CHUNKED + b"5\r\n<r"), SILENCE),
    "half closed before the status": (says_then_nothing(b"", half_closed=True), CLOSED),
    "half closed in the headers": (says_then_nothing(OK, half_closed=True), CLOSED),
    "half closed in the body": (says_then_nothing(LONG + b"<rss>", half_closed=True), BROKEN),
    "drips a status": (says_then_drips(b"HTTP/1.1 200 ", b"O"), TOO_LONG),
    "drips headers": (says_then_drips(OK + b"X: ", b"x"), TOO_LONG),
    "drips many headers": (says_then_drips(OK, b"X: y\r\n"), TOO_LONG),
    "drips a body": (says_then_drips(LONG, b"x"), TOO_LONG),
    "drips chunks": (says_then_drips(CHUNKED, b"1\r\nx\r\n"), TOO_LONG),
    "drips a body without an end": (says_then_drips(OK + b"\r\n", b"x"), TOO_LONG),
    "puts off for ever": (says(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.05, again=True), TOO_LONG),
    "hints for ever": (says(b"HTTP/1.1 103 Hints\r\n\r\n", pause=0.05, again=True), TOO_LONG),
    "endless status": (says(b"HTTP/1.1 200 " + b"O" * 65_536, b"O" * 65_536, again=True), NOT_HTTP),
    "endless header": (says(OK + b"X: ", b"x" * 65_536, again=True), NOT_HTTP),
    "endless headers": (says(OK + b"X: y\r\n" * 20_000), NOT_HTTP),
    "endless chunk size": (says(CHUNKED + b"1" * 100_000), NOT_HTTP),
    "endless chunk extension": (says_then_drips(CHUNKED + b"1;", b"x" * 10_000), TOO_LONG),
    "negative length": (says(OK + b"Content-Length: -5\r\n\r\nx"), NOT_HTTP),
    "two lengths": (says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), NOT_HTTP),
    "garbage": (says(b"\x00\x01\xff\xfe garbage \r\n\r\n"), NOT_HTTP),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.9\r\n"), NOT_HTTP),
    "a mail server": (says(b"220 mail.example.org ESMTP\r\n"), NOT_HTTP),
    "an old protocol": (says(b"<rss/>\r\n"), NOT_HTTP),
    "hangs up": (says(b""), CLOSED),
    "hangs up in the headers": (says(OK + b"X: y"), CLOSED),
    "hangs up in the body": (says(LONG + b"<rss>"), BROKEN),
    "resets before the status": (says_then_resets(b""), CLOSED),
    "resets in the headers": (says_then_resets(OK), CLOSED),
    "resets in the body": (says_then_resets(LONG + b"<rss>"), "broke off"),
    "changes to another protocol": (
        says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", pause=0.9),
        "(101)",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_whatever_a_server_does_ends_in_time_with_plain_words(name: str) -> None:
    talk, words = HOSTILE[name]
    # Of two short limits a busy machine would reach now this one first, now that.
    limits = replace(LIMITS, **SHORT.get(words, {}))
    async with (
        a_raw_server(talk) as url,
        Fetcher(contact="", clock=SetClock(NOW), allow_private=True, limits=limits) as fetcher,
    ):
        assert words in await why_not(fetcher, url)


async def test_hostile_servers_leave_no_connection_and_do_not_hold_up_the_next_feed() -> None:
    async with a_site() as site:
        good = site.serve("/feed", "<rss/>")
        async with Fetcher(
            contact="", clock=SetClock(NOW), allow_private=True, limits=ALL_SHORT
        ) as fetcher:
            for name in ("drips a body", "silent in the body", "resets in the body"):
                async with a_raw_server(HOSTILE[name][0]) as url:
                    bad = asyncio.create_task(why_not(fetcher, url))
                    await asyncio.sleep(0)
                    async with asyncio.timeout(IN_TIME):
                        assert isinstance(await fetcher.fetch(good), Fetched)
                    await bad
        gc.collect()
        left = [one for one in asyncio.all_tasks() if "fetch" in repr(one.get_coro())]
        assert not left


async def test_a_server_that_accepts_and_never_shakes_hands_ends_at_the_connect_time(
    fetcher: Fetcher,
) -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        why = await why_not(fetcher, f"https://127.0.0.1:{port}/feed")
    assert why == "the server could not be reached within 1 seconds"


async def test_a_server_without_tls_is_told_as_one_without_a_valid_certificate(
    fetcher: Fetcher,
) -> None:
    async with a_site() as site:
        why = await why_not(fetcher, site.url("/feed").replace("http:", "https:"))
    assert why == "the server's certificate is not valid"


async def test_a_full_queue_of_connections_ends_at_the_connect_time(fetcher: Fetcher) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            why = await why_not(fetcher, f"http://127.0.0.1:{address[1]}/feed")
        finally:
            for one in waiting:
                one.close()
    assert why == "the server could not be reached within 1 seconds"


def brotli(content: bytes) -> bytes:
    packed: bytes = importlib.import_module("brotli").compress(content)
    return packed


def zstd(content: bytes) -> bytes:
    packed: bytes = importlib.import_module("backports.zstd").compress(content)
    return packed


def bare_deflate(content: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-15)
    return packing.compress(content) + packing.flush()


PACKINGS: dict[str, tuple[str, str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", "", gzip.compress),
    "gzip in capitals": ("GZIP", "", gzip.compress),
    "gzip in two parts": ("gzip", "", lambda x: gzip.compress(x[:3]) + gzip.compress(x[3:])),
    "deflate": ("deflate", "", zlib.compress),
    "bare deflate": ("deflate", "", bare_deflate),
    "brotli": ("br", "brotli", brotli),
    "zstd": ("zstd", "backports.zstd", zstd),
}
"""Content coding, the package that it needs, and what packs so."""


@asynccontextmanager
async def packed(name: str, content: bytes, *, is_chunked: bool = True) -> AsyncIterator[str]:
    coding, needs, pack = PACKINGS[name]
    if needs:
        pytest.importorskip(needs)
    body = pack(content)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": coding})
        if is_chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(body)
        await response.prepare(request)
        try:
            await response.write(body)
            await response.write_eof()
        except ConnectionError:
            pass
        return response

    async with a_site() as site:
        site.answers["/feed"] = answer
        yield site.url("/feed")


@pytest.mark.parametrize("name", PACKINGS)
async def test_a_packed_document_is_unpacked(fetcher: Fetcher, name: str) -> None:
    async with packed(name, b"<rss>" * 100) as url:
        found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.body == b"<rss>" * 100


@pytest.mark.parametrize("is_chunked", [True, False], ids=["one giant chunk", "of known length"])
@pytest.mark.parametrize("name", PACKINGS)
async def test_a_bomb_is_counted_as_it_unpacks_and_takes_little_memory(
    name: str, is_chunked: bool
) -> None:
    limits = Limits(total=10, spacing=timedelta(0))
    async with (
        packed(name, bytes(64 * MEGABYTE), is_chunked=is_chunked) as url,
        Fetcher(contact="", clock=SetClock(NOW), allow_private=True, limits=limits) as patient,
    ):
        tracemalloc.start()
        try:
            failed = await patient.fetch(url)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert isinstance(failed, FetchFailed)
    assert failed.why == "the document is larger than 5 MB"
    assert most < 24 * MEGABYTE


@pytest.mark.parametrize("name", PACKINGS)
async def test_a_packed_document_that_is_damaged_is_told(fetcher: Fetcher, name: str) -> None:
    coding, needs, pack = PACKINGS[name]
    if needs:
        pytest.importorskip(needs)
    damaged = b"\xff" * 20 + pack(bytes(range(256)) * 40)
    async with a_site() as site:
        url = site.serve("/feed", damaged, headers={"Content-Encoding": coding})
        assert "cannot be unpacked" in await why_not(fetcher, url)


@pytest.mark.parametrize(
    "coding", ["gzip, gzip", "deflate, gzip", "x-gzip", "compress", "br, gzip", "secret", "x" * 900]
)
async def test_a_packing_that_herald_does_not_know_is_named(fetcher: Fetcher, coding: str) -> None:
    async with a_site() as site:
        content = gzip.compress(gzip.compress(b"<rss/>"))
        url = site.serve("/feed", content, headers={"Content-Encoding": coding})
        why = await why_not(fetcher, url)
    assert f"cannot be unpacked ({coding[:60]})" in why


@pytest.mark.parametrize("coding", ["", "identity", "UTF-8", "none", "8bit"])
async def test_a_packing_that_is_none_is_passed_over(fetcher: Fetcher, coding: str) -> None:
    async with a_site() as site:
        url = site.serve("/feed", "<rss/>", headers={"Content-Encoding": coding})
        found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.body == b"<rss/>"


@pytest.mark.parametrize(("coding", "needs"), [("br", "brotli"), ("zstd", "backports.zstd")])
async def test_only_packings_are_asked_for_that_can_be_unpacked(
    fetcher: Fetcher, coding: str, needs: str
) -> None:
    async with a_site() as site:
        url = site.serve("/feed", b"nonsense", headers={"Content-Encoding": coding})
        failed = await fetcher.fetch(url)
        asked = site.requests[0].headers["Accept-Encoding"]
    assert (coding in asked.split(", ")) is is_installed(needs)
    assert isinstance(failed, FetchFailed)
    assert "cannot be unpacked" in failed.why


def is_installed(package: str) -> bool:
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


async def test_a_document_of_ten_megabytes_without_packing_ends_at_the_cap(
    fetcher: Fetcher,
) -> None:
    async with a_site() as site:
        url = site.serve("/feed", b"<rss><title>" + b"x" * (10 * MEGABYTE))
        assert await why_not(fetcher, url) == "the document is larger than 5 MB"


async def test_a_document_of_exactly_the_cap_is_taken() -> None:
    limits = Limits(most_bytes=100_000, spacing=timedelta(0))
    async with (
        a_site() as site,
        Fetcher(contact="", clock=SetClock(NOW), allow_private=True, limits=limits) as narrow,
    ):
        assert isinstance(await narrow.fetch(site.serve("/a", b"x" * 100_000)), Fetched)
        assert isinstance(await narrow.fetch(site.serve("/b", b"x" * 100_001)), FetchFailed)
