"""Where redirects lead, how far they are followed, and what they prove."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from yarl import URL

from herald.clock import SetClock
from herald.model.polling import Validators
from herald.sources.feeds.fetching.fetch import Fetched, Fetcher, FetchFailed, Limits, NotModified
from herald.sources.feeds.fetching.redirects import Way
from tests.sources.feeds.documents import NOW, Site, a_raw_server, a_site

QUICK = Limits(connect=20, read=20, total=30, spacing=timedelta(0))
SPACED = Limits(connect=20, read=20, total=30)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as served:
        yield served


@pytest.fixture
async def other() -> AsyncIterator[Site]:
    async with a_site() as served:
        yield served


def a_fetcher(*, clock: SetClock | None = None, limits: Limits = QUICK) -> Fetcher:
    return Fetcher(contact="", clock=clock or SetClock(NOW), allow_private=True, limits=limits)


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with a_fetcher() as made:
        yield made


def lead(site: Site, path: str, target: str, *, status: int = 302) -> str:
    return site.serve(path, status=status, headers={"Location": target})


@pytest.mark.parametrize(
    ("statuses", "is_permanent"),
    [
        ([], False),
        ([301], True),
        ([308], True),
        ([301, 308, 301], True),
        ([302], False),
        ([303], False),
        ([307], False),
        ([301, 302], False),
        ([307, 301], False),
    ],
)
@pytest.mark.parametrize("final", [200, 304])
async def test_only_permanent_redirects_all_the_way_tell_of_a_move(
    site: Site, fetcher: Fetcher, statuses: list[int], is_permanent: bool, final: int
) -> None:
    for number, status in enumerate(statuses):
        lead(site, f"/{number}", f"/{number + 1}", status=status)
    end = site.serve(f"/{len(statuses)}", "x" if final == 200 else "", status=final)
    found = await fetcher.fetch(site.url("/0"), Validators(etag='"a"'))
    assert isinstance(found, Fetched | NotModified)
    assert found.moved_to == (end if is_permanent else "")


@pytest.mark.parametrize(
    ("start", "status", "location", "moved_to"),
    [
        ("https://e.org/a", 301, "http://e.org/b", ""),
        ("http://e.org/a", 301, "https://e.org/b", "https://e.org/b"),
        ("http://e.org/a", 301, "https://e.org/b#top", "https://e.org/b"),
        ("https://u:p@e.org/a", 301, "/b", ""),
        ("https://e.org/a", 301, "//f.org/b", "https://f.org/b"),
    ],
    ids=["to http", "to https", "with a fragment", "from one with a password", "same scheme"],
)
def test_a_move_never_gives_up_encryption_or_a_password(
    start: str, status: int, location: str, moved_to: str
) -> None:
    way = Way(URL(start), most=5, seconds=30)
    assert way.follow(status, location) == ""
    assert way.moved_to == moved_to


def test_a_way_through_http_and_back_proves_nothing() -> None:
    way = Way(URL("https://e.org/a"), most=5, seconds=30)
    assert way.follow(301, "http://e.org/b") == ""
    assert way.follow(301, "https://e.org/c") == ""
    assert way.moved_to == ""


@pytest.mark.parametrize("length", [1, 2, 4])
async def test_a_circle_is_noticed_at_once(site: Site, fetcher: Fetcher, length: int) -> None:
    for number in range(length):
        lead(site, f"/{number}", f"/{(number + 1) % length}")
    failed = await fetcher.fetch(site.url("/0"))
    assert isinstance(failed, FetchFailed)
    assert "in a circle" in failed.why
    assert len(site.requests) == length


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("", "does not say where to"),
        ("   ", "does not say where to"),
        ("file:///etc/passwd", "only http:// and https://"),
        ("ftp://example.org/feed", "only http:// and https://"),
        ("javascript:alert(1)", "only http:// and https://"),
        ("data:text/xml,<rss/>", "only http:// and https://"),
        ("http://[bad", "no web address"),
        ("http://e.org:99999/", "no web address"),
        ("http://user:secret@example.org/", "user name or password"),
        ("//user@example.org/", "user name or password"),
    ],
)
async def test_a_redirect_that_nobody_should_follow_is_told(
    site: Site, fetcher: Fetcher, location: str, words: str
) -> None:
    failed = await fetcher.fetch(lead(site, "/feed", location))
    assert isinstance(failed, FetchFailed)
    assert words in failed.why
    assert "secret" not in failed.why
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (b"/caf\xe9", "/caf%E9"),
        ("/café".encode(), "/caf%C3%A9"),
        (b"/a b", "/a%20b"),
        (b"  /a\t", "/a"),
        (b"?page=2", "/feed?page=2"),
        (b"/a%2Fb", "/a%2Fb"),
        (b"./../x", "/x"),
    ],
)
async def test_odd_bytes_in_a_redirect_arrive_as_a_browser_would_send_them(
    fetcher: Fetcher, location: bytes, path: str
) -> None:
    asked: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n")
        writer.write(b"Connection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readuntil(b"\r\n\r\n")
        asked.append(first.split(b" ")[1].decode())
        if len(asked) == 1:
            await talk(reader, writer)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(record, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await fetcher.fetch(f"http://127.0.0.1:{port}/feed")
    assert isinstance(found, Fetched)
    assert asked == ["/feed", path]


async def test_a_public_host_cannot_lead_to_a_private_address(site: Site) -> None:
    """127.0.0.2 plays the public internet here, and all else of loopback is private."""

    def plays_public(address: str) -> bool:
        return address == "127.0.0.2"

    server = web.AppRunner(web.Application(), shutdown_timeout=0.1)
    public = Site("")
    server.app.router.add_route("*", "/{path:.*}", public.respond)
    await server.setup()
    await web.TCPSite(server, "127.0.0.2", 0).start()
    public.base = f"http://127.0.0.2:{server.addresses[0][1]}"
    secret = site.serve("/secret", "secret")
    try:
        async with Fetcher(
            contact="", clock=SetClock(NOW), allows=plays_public, limits=QUICK
        ) as careful:
            public.serve("/open", "open")
            assert isinstance(await careful.fetch(lead(public, "/a", "/open")), Fetched)
            for number, target in enumerate(
                [
                    secret,
                    secret.replace("127.0.0.1", "localhost"),
                    "http://10.0.0.1/",
                    "http://[::1]/",
                ]
            ):
                failed = await careful.fetch(lead(public, f"/{number}", target))
                assert isinstance(failed, FetchFailed)
                assert "private network" in failed.why
            last = lead(public, "/x", lead(public, "/y", secret), status=301)
            assert isinstance(await careful.fetch(last), FetchFailed)
            assert isinstance(
                await careful.post(lead(public, "/p", secret, status=307), {}), FetchFailed
            )
    finally:
        await server.cleanup()
    assert not site.requests


async def test_a_redirect_to_another_host_waits_for_its_turn_there(site: Site, other: Site) -> None:
    clock = SetClock(NOW)
    other.serve("/new", "x")
    url = lead(site, "/old", other.url("/new"))
    async with a_fetcher(clock=clock, limits=SPACED) as polite:
        await polite.fetch(other.url("/new"))
        assert clock.monotonic() == 0
        assert isinstance(await polite.fetch(url), Fetched)
        assert clock.monotonic() == 1


async def test_hosts_that_lead_to_each_other_do_not_block_each_other(
    site: Site, other: Site
) -> None:
    for number in range(20):
        lead(site, f"/to/{number}", other.url(f"/end/{number}"))
        lead(other, f"/to/{number}", site.url(f"/end/{number}"))
        site.serve(f"/end/{number}", "x")
        other.serve(f"/end/{number}", "x")
    urls = [home.url(f"/to/{number}") for number in range(20) for home in (site, other)]
    async with a_fetcher(limits=Limits(at_once=2, spacing=timedelta(0))) as narrow:
        async with asyncio.timeout(20):
            found = await asyncio.gather(*(narrow.fetch(url) for url in urls))
    assert all(isinstance(one, Fetched) for one in found)


async def test_waiting_for_a_turn_is_no_part_of_the_time(site: Site) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.Response(text="x")

    for number in range(10):
        site.answers[f"/{number}"] = slow
    limits = Limits(total=1.5, spacing=timedelta(0))
    async with a_fetcher(limits=limits) as hurried:
        found = await asyncio.gather(*(hurried.fetch(site.url(f"/{n}")) for n in range(10)))
    assert all(isinstance(one, Fetched) for one in found)


async def test_the_time_of_all_hops_counts_together(site: Site, other: Site) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.25)
        number = int(request.path[1:])
        home = (site, other)[number % 2]
        return web.Response(status=302, headers={"Location": home.url(f"/{number + 1}")})

    for number in range(6):
        site.answers[f"/{number}"] = other.answers[f"/{number}"] = slow
    limits = Limits(total=0.6, spacing=timedelta(0))
    async with a_fetcher(limits=limits) as hurried:
        failed = await hurried.fetch(site.url("/0"))
    assert isinstance(failed, FetchFailed)
    assert "longer than 0.6 seconds" in failed.why
    assert len(site.requests) + len(other.requests) <= 3


async def test_an_endless_page_behind_a_redirect_is_not_read(fetcher: Fetcher) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with a_raw_server(talk) as url:
        failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    assert "only http" in failed.why
