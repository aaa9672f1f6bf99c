"""What the fetcher asks and answers, on a loopback server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from herald import __version__
from herald.clock import SetClock
from herald.model.feed import HubLink
from herald.model.polling import Validators
from herald.sources.feeds.fetching.fetch import (
    ACCEPT_PAGE,
    Fetched,
    Fetcher,
    FetchFailed,
    Limits,
    NotModified,
    Posted,
)
from herald.sources.feeds.fetching.hublink import hub_of
from tests.sources.feeds.documents import NOW, Site, a_raw_server, a_site

PATIENT = Limits(connect=20, read=20, total=30, spacing=timedelta(0))


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
        limits=PATIENT,
    ) as made:
        yield made


@pytest.fixture
async def careful() -> AsyncIterator[Fetcher]:
    async with Fetcher(contact="", clock=SetClock(NOW), limits=PATIENT) as made:
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
    """By a name: no client keeps the cookies of a bare address."""
    cookie = {"Set-Cookie": "visitor=1; Path=/"}
    site.serve("/feed", "x", headers=cookie)
    site.serve("/old", status=302, headers=cookie | {"Location": "/feed"})
    home = site.base.replace("127.0.0.1", "localhost")
    for path in ("/feed", "/old", "/feed"):
        assert isinstance(await fetcher.fetch(home + path), Fetched)
    assert len(site.requests) == 4
    assert not any("Cookie" in request.headers for request in site.requests)


FETCHING = """
import asyncio, sys
from herald.clock import SystemClock
from herald.sources.feeds.fetching.fetch import Fetcher

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


@pytest.mark.parametrize("status", [429, 503, 403, 404, 410, 500, 502, 206])
async def test_a_server_that_says_when_to_come_back_is_heard(
    site: Site, fetcher: Fetcher, status: int
) -> None:
    url = site.serve("/feed", "x", status=status, headers={"Retry-After": "7200"})
    failed = await fetcher.fetch(url)
    assert isinstance(failed, FetchFailed)
    assert failed.retry_at == NOW + timedelta(hours=2)


async def test_a_server_that_puts_off_one_feed_still_gives_the_next(
    site: Site, fetcher: Fetcher
) -> None:
    busy = site.serve("/busy", status=429, headers={"Retry-After": "172800"})
    assert isinstance(await fetcher.fetch(busy), FetchFailed)
    assert isinstance(await fetcher.fetch(site.serve("/feed", "x")), Fetched)


@pytest.mark.parametrize(
    ("statuses", "gone"), [([410], True), ([301, 410], True), ([302, 410], False), ([404], False)]
)
async def test_gone_is_for_ever_unless_a_passing_redirect_led_there(
    site: Site, fetcher: Fetcher, statuses: list[int], gone: bool
) -> None:
    for number, status in enumerate(statuses):
        site.serve(f"/{number}", status=status, headers={"Location": f"/{number + 1}"})
    failed = await fetcher.fetch(site.url("/0"))
    assert isinstance(failed, FetchFailed)
    assert failed.gone is gone
    assert failed.retry_at is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (202, "puts Herald off"),
        (204, "sent no document"),
        (205, "sent no document"),
        (206, "only a part"),
        (300, "(300)"),
        (400, "(400)"),
        (401, "let Herald in"),
        (403, "let Herald in"),
        (404, "no document at this address"),
        (406, "another form"),
        (410, "gone for ever"),
        (418, "(418)"),
        (429, "come back later"),
        (451, "legal reasons"),
        (500, "(500)"),
        (503, "come back later"),
        (599, "(599)"),
    ],
)
async def test_every_other_status_is_told_in_plain_words(
    site: Site, fetcher: Fetcher, status: int, words: str
) -> None:
    failed = await fetcher.fetch(site.serve("/feed", status=status), Validators(etag='"a"'))
    assert isinstance(failed, FetchFailed)
    assert words in failed.why


async def test_unchanged_is_no_answer_to_who_has_nothing(site: Site, fetcher: Fetcher) -> None:
    failed = await fetcher.fetch(site.serve("/feed", status=304))
    assert isinstance(failed, FetchFailed)
    assert "though the whole document was asked for" in failed.why


async def test_an_empty_document_is_trouble(site: Site, fetcher: Fetcher) -> None:
    failed = await fetcher.fetch(site.serve("/feed", ""))
    assert failed == FetchFailed(why="the document is empty")


@pytest.mark.parametrize("status", [200, 304])
async def test_the_headers_say_how_long_an_answer_is_fresh(
    site: Site, fetcher: Fetcher, status: int
) -> None:
    headers = {"Cache-Control": "max-age=7200", "Age": "1800"}
    url = site.serve("/feed", "x" if status == 200 else "", status=status, headers=headers)
    found = await fetcher.fetch(url, Validators(etag='"a"'))
    assert isinstance(found, Fetched | NotModified)
    assert found.fresh == timedelta(hours=1.5)


async def test_what_is_said_of_keeping_may_come_in_several_headers(fetcher: Fetcher) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nCache-Control: public\r\nCache-Control: max-age=60\r\n")
        writer.write(b"Content-Length: 1\r\n\r\nx")
        await writer.drain()

    async with a_raw_server(talk) as url:
        found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.fresh == timedelta(minutes=1)


async def test_validators_beside_caching_that_is_switched_off_are_not_kept(
    site: Site, fetcher: Fetcher
) -> None:
    url = site.serve("/feed", "x", headers={"ETag": '"a"', "Expires": "0"})
    found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.validators == Validators()


LINKS: dict[str, tuple[list[str], HubLink | None]] = {
    "none": ([], None),
    "no hub": (['<https://e.org/feed>; rel="self"', "<https://e.org>; rel=preload"], None),
    "two headers": (
        ['<https://hub.example/>; rel="hub"', '<https://e.org/feed>; rel="self"'],
        HubLink(hub="https://hub.example/", topic="https://e.org/feed"),
    ),
    "one header": (
        ["<https://hub.example/>; rel=hub, <https://e.org/feed>; rel=self"],
        HubLink(hub="https://hub.example/", topic="https://e.org/feed"),
    ),
    "a hub alone": (
        ['<https://hub.example/>; rel="hub"'],
        HubLink(hub="https://hub.example/", topic=""),
    ),
    "many relations, odd spelling": (
        ['<https://hub.example/>;title="a, b; c";REL = "next HUB self"'],
        HubLink(hub="https://hub.example/", topic="https://hub.example/"),
    ),
    "the first of two": (
        ["<https://a.example/>; rel=hub, <https://b.example/>; rel=hub"],
        HubLink(hub="https://a.example/", topic=""),
    ),
    "commas in addresses": (
        ["<https://e.org/a,b>; rel=self, <https://hub.example/?x=1,2>; rel=hub"],
        HubLink(hub="https://hub.example/?x=1,2", topic="https://e.org/a,b"),
    ),
    "not for the web": (["<javascript:alert(1)>; rel=hub, <file:///x>; rel=self"], None),
    "broken before": (
        ["<http://[bad>; rel=hub, <>, ;;, <https://hub.example/>; rel=hub"],
        HubLink(hub="https://hub.example/", topic=""),
    ),
    "never closed": (["<" * 8_000], None),
}


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("status", [200, 304])
async def test_the_headers_name_a_hub(fetcher: Fetcher, name: str, status: int) -> None:
    links, expected = LINKS[name]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = "".join(f"Link: {link}\r\n" for link in links)
        body = "Content-Length: 1\r\n\r\nx" if status == 200 else "\r\n"
        writer.write(f"HTTP/1.1 {status} X\r\n{told}{body}".encode())
        await writer.drain()

    async with a_raw_server(talk) as url:
        found = await fetcher.fetch(url, Validators(etag='"a"'))
    assert isinstance(found, Fetched | NotModified)
    assert found.hub == expected


async def test_addresses_of_hubs_may_be_relative(site: Site, fetcher: Fetcher) -> None:
    url = site.serve("/a/feed", "x", headers={"Link": "</hub>; rel=hub, <feed2>; rel=self"})
    found = await fetcher.fetch(url)
    assert isinstance(found, Fetched)
    assert found.hub == HubLink(hub=site.url("/hub"), topic=site.url("/a/feed2"))


@given(st.lists(st.text(st.sampled_from('<>;,="\\ abrelhub/:'), max_size=200), max_size=4))
def test_no_link_header_breaks_the_reading(links: list[str]) -> None:
    found = hub_of(links, base=URL("https://e.org/feed"))
    assert found is None or found.hub.startswith("http")


async def test_a_page_is_asked_for_as_a_page(site: Site, fetcher: Fetcher) -> None:
    await fetcher.fetch(site.serve("/page", "<html>"), accept=ACCEPT_PAGE)
    assert site.requests[0].headers["Accept"].startswith("text/html")


async def test_a_form_is_posted_and_answered(site: Site, fetcher: Fetcher) -> None:
    sent: list[tuple[str, dict[str, object], str]] = []

    async def hub(request: web.Request) -> web.StreamResponse:
        sent.append((request.method, dict(await request.post()), request.headers["X-Test"]))
        return web.Response(status=202, text="wait " * 50_000)

    site.answers["/hub"] = hub
    fields = {"hub.mode": "subscribe", "hub.topic": "https://e.org/?a=1&b=ü"}
    found = await fetcher.post(site.url("/hub"), fields, headers={"X-Test": "yes"})
    assert sent == [("POST", fields, "yes")]
    assert site.requests[0].content_type == "application/x-www-form-urlencoded"
    assert isinstance(found, Posted)
    assert found.status == 202
    assert found.body == b"wait " * 13_107 + b"w"


@pytest.mark.parametrize(
    ("status", "methods"),
    [(301, ["POST"]), (302, ["POST"]), (303, ["POST"]), (307, ["POST"] * 2), (308, ["POST"] * 2)],
)
async def test_a_form_follows_only_redirects_that_want_it_sent_again(
    site: Site, fetcher: Fetcher, status: int, methods: list[str]
) -> None:
    site.serve("/new", "thanks")
    url = site.serve("/hub", status=status, headers={"Location": "/new"})
    found = await fetcher.post(url, {"a": "b"})
    assert isinstance(found, Posted)
    assert found.status == (200 if len(methods) == 2 else status)
    assert [request.method for request in site.requests] == methods


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_a_refusal_of_a_form_is_an_answer(site: Site, fetcher: Fetcher, status: int) -> None:
    found = await fetcher.post(site.serve("/hub", "no", status=status), {})
    assert found == Posted(status=status, body=b"no")


async def test_a_form_goes_to_no_private_address_and_to_no_other_scheme(
    careful: Fetcher, site: Site
) -> None:
    failed = await careful.post(site.serve("/hub", "x"), {"a": "b"})
    assert isinstance(failed, FetchFailed)
    assert "private network" in failed.why
    assert isinstance(await careful.post("ftp://example.org/", {}), FetchFailed)
    assert not site.requests


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
