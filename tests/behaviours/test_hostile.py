"""Feeds that mean harm: each ends within its limits, in plain words, and delays nobody's news."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from herald.model.polling import Polled
from herald.sources.feeds.fetching.fetch import Limits
from herald.sources.feeds.parsing.workers import Parser
from tests.behaviours.house import Ground, House, a_house
from tests.behaviours.site import a_site
from tests.sources.feeds.documents import a_raw_server, calendar, item, rss
from tests.sources.folder import DOT

MEGABYTE = 1024 * 1024
LIMITS = Limits(connect=1, read=0.5, total=1.0, spacing=timedelta(0))
"""Real seconds: what is tested is that limits end things, not how long they are by default."""
IN_TIME = 15.0
"""Seconds in which any hostile feed has ended: a worker is killed at ten."""
MOST_GROWN = 96 * MEGABYTE
"""Of this process over one hostile feed: a document of 5 MB, a few times over."""

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Hostile:
    """A feed, and what is to become of it."""

    body: Callable[[], bytes | str] | None = None
    talk: Talk | None = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    trouble: str | None = None
    """Words of the trouble; "" for a feed that is understood, None where either is right."""
    said: str = ""
    """Words among what its web master could improve."""


# ---------------------------------------------------------------- servers


def says(first: bytes, again: bytes, *, pause: float = 0) -> Talk:
    """Return a server that says something, and something else for ever."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(again)
            await writer.drain()
            await asyncio.sleep(pause)

    return talk


OK = b"HTTP/1.1 200 OK\r\n"


def redirect(target: str) -> Hostile:
    where = "only http:// and https:// addresses are fetched"
    return Hostile(body=str, status=302, headers=(("Location", target),), trouble=where)


# ---------------------------------------------------------------- documents


def with_entities(declared: str, title: str) -> str:
    return rss(item(title=title)).replace("<rss", f"<!DOCTYPE rss [{declared}]><rss", 1)


LAUGHS = '<!ENTITY l0 "lol">' + "".join(
    f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 12)
)
JSON_FEED = '{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": '
EVENT = "UID:1\nDTSTAMP:20270501T080000Z\nDTSTART:20270601T080000Z\nSUMMARY:x\n"


def many_events() -> str:
    events = "BEGIN:VEVENT\nDTSTART:20270601\nEND:VEVENT\n" * 100_000
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{events}END:VCALENDAR\n"


HOSTILE: dict[str, Hostile] = {
    "a gzip bomb": Hostile(
        body=lambda: gzip.compress(bytes(200 * MEGABYTE), compresslevel=1),
        headers=(("Content-Encoding", "gzip"),),
        trouble="larger than 5 MB",
    ),
    "a gzip bomb that says nothing of gzip": Hostile(
        body=lambda: gzip.compress(b"<rss>" + bytes(200 * MEGABYTE), compresslevel=1)
    ),
    "an endless body": Hostile(
        talk=says(OK + b"\r\n<rss>", b"x" * 65_536), trouble="larger than 5 MB"
    ),
    "a byte now and then": Hostile(
        talk=says(OK + b"Content-Length: 9999\r\n\r\n", b"x", pause=0.05),
        trouble="longer than 1 seconds",
    ),
    "endless headers": Hostile(
        talk=says(OK, b"X: " + b"y" * 4_000 + b"\r\n"), trouble="not proper HTTP"
    ),
    "a header that drips": Hostile(
        talk=says(OK + b"X: ", b"y", pause=0.05), trouble="longer than 1 seconds"
    ),
    "silence": Hostile(talk=says(b"", b"", pause=0.2), trouble="nothing for 0.5 seconds"),
    "a circle": Hostile(body=str, status=302, headers=(("Location", "?"),), trouble="in a circle"),
    "a redirect to a file": redirect("file:///etc/passwd"),
    "a redirect to data": redirect("data:text/xml,<rss/>"),
    "a redirect to FTP": redirect("ftp://127.0.0.1/feed"),
    "a redirect to a script": redirect("javascript:alert(1)"),
    "a title of ten megabytes": Hostile(
        body=lambda: rss(item(title="x" * 10 * MEGABYTE)), trouble="larger than 5 MB"
    ),
    "a title of almost five megabytes": Hostile(
        body=lambda: rss(item(title="x" * int(4.9 * MEGABYTE))), trouble=""
    ),
    "billion laughs": Hostile(body=lambda: with_entities(LAUGHS, "&l11;")),
    "quadratic entities": Hostile(
        body=lambda: with_entities(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 50_000)
    ),
    "comments that never close": Hostile(
        body=lambda: rss(item(text="&lt;!--" * 700_000)), trouble=""
    ),
    "lists that never close": Hostile(
        body=lambda: rss(item(text="&lt;ul&gt;&lt;li&gt;" * 240_000)), trouble=""
    ),
    "many entries of lists that never close": Hostile(
        body=lambda: rss(*(item(n, text="&lt;ul&gt;&lt;li&gt;" * 3_200) for n in range(24)))
    ),
    "100,000 entries": Hostile(
        body=lambda: rss(*["<item><title>a</title></item>"] * 100_000),
        trouble="",
        said="more than 5,000 entries",
    ),
    "100,000 categories": Hostile(
        body=lambda: rss(item(more="".join(f"<category>{n}</category>" for n in range(100_000))))
    ),
    "deep JSON": Hostile(body=lambda: JSON_FEED + "[" * 2_000_000),
    "deep JSON that closes": Hostile(
        body=lambda: JSON_FEED + "[" * 1_000_000 + "]" * 1_000_000 + "}"
    ),
    "a number without end": Hostile(body=lambda: JSON_FEED + '[{"id": ' + "9" * 3_000_000 + "}]}"),
    "an event each second": Hostile(
        body=lambda: calendar(EVENT + "RRULE:FREQ=SECONDLY\nDURATION:PT1S")
    ),
    "an event each second on no day": Hostile(
        body=lambda: calendar(EVENT + "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30")
    ),
    "100,000 events": Hostile(body=many_events),
    "null bytes": Hostile(body=lambda: bytes(3 * MEGABYTE), trouble="empty"),
    "null bytes between": Hostile(
        body=lambda: rss(item(1, title="Sa\0lt")).encode("utf-16-le"), trouble=None
    ),
    "a picture": Hostile(
        body=lambda: DOT + base64.b64decode("AAECAwQFBgcICQ==") * 1000,
        headers=(("Content-Type", "application/rss+xml"),),
    ),
    "a charset that nobody knows": Hostile(
        body=lambda: rss(item(1, title="Città")).replace("UTF-8", "x-klingon"),
        headers=(("Content-Type", "text/xml; charset=x-romulan"),),
        trouble="",
    ),
    "a charset that is a codec of another kind": Hostile(
        body=lambda: rss(item(1)).replace("UTF-8", "zlib_codec").encode() + b"\xff",
        headers=(("Content-Type", "text/xml; charset=rot13"),),
        trouble="",
    ),
    "UTF-7 with a script": Hostile(
        body=lambda: rss(item(1, title="+ADw-script+AD4-")).replace("UTF-8", "UTF-7"),
        headers=(("Content-Type", "text/xml; charset=utf-7"),),
        trouble="",
    ),
}


@asynccontextmanager
async def offered(house: House, name: str) -> AsyncIterator[str]:
    """Serve a hostile feed; yield its address."""
    hostile = HOSTILE[name]
    if hostile.talk is not None:
        async with a_raw_server(hostile.talk) as url:
            yield url
        return
    assert hostile.body is not None
    async with a_site() as site:
        yield site.serve(
            "/feed", hostile.body(), status=hostile.status, headers=dict(hostile.headers)
        )


def memory() -> int:
    """Return the most that this process ever held since ``forget``, in bytes."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in told.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def forget() -> None:
    """Let the most that was held begin anew, where the system allows it."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def is_plain(words: str) -> bool:
    """Tell whether *words* are a sentence for people: no name of a class, no trace."""
    return words != "" and not any(sign in words for sign in ("Error(", "Traceback", "Exception"))


@pytest.fixture
async def watchful(tmp_path: Path, ground: Ground) -> AsyncIterator[House]:
    async with a_house(tmp_path, ground, limits=LIMITS) as house:
        yield house


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_feed_ends_in_time_in_plain_words(watchful: House, name: str) -> None:
    hostile = HOSTILE[name]
    async with offered(watchful, name) as url:
        await watchful.follow(url)
        forget()
        before = memory()
        started = time.monotonic()
        (polled,) = await watchful.polls()
        assert time.monotonic() - started < IN_TIME
        assert memory() - before < MOST_GROWN
    feed = await watchful.feed()
    entries = await watchful.entries()
    if polled.trouble:
        assert is_plain(polled.trouble)
        assert entries == ()
        assert feed.errors == 1
    if hostile.trouble is not None:
        assert hostile.trouble in polled.trouble
        assert bool(hostile.trouble) is bool(polled.trouble)
    assert hostile.said in await watchful.said()
    assert len(entries) <= 5_000
    assert feed.next_check_at > watchful.clock.now()
    for entry in entries[:20]:
        content = entry.content
        assert max(len(content.title), len(content.link), len(content.guid)) <= 2_000
        assert len(content.summary) <= 65_536
        assert len(content.categories) <= 50


async def test_no_document_reads_a_file_or_asks_another_server(
    house: House, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret", encoding="utf-8")
    async with a_site() as inner:
        link = inner.serve("/secret", "the-secret")
        documents = [
            *(
                with_entities(f'<!ENTITY x SYSTEM "{where}">', "see &x;")
                for where in (secret.as_uri(), str(secret), link)
            ),
            with_entities(f'<!ENTITY % x SYSTEM "{link}"> %x;', "x"),
            rss(item(1)).replace("<rss", f'<!DOCTYPE rss SYSTEM "{link}"><rss', 1),
            str(secret),
            link,
        ]
        for number, document in enumerate(documents):
            house.site.serve(f"/{number}", document)
        for number in range(len(documents)):
            await house.follow(f"/{number}")
            await house.polls()
        assert inner.requests == []
    assert house.parser.documents == len(documents)
    told = [*(one.content.title for one in await house.entries()), *map(repr, house.told)]
    assert not any("the-secret" in words for words in told)


HTML = {"Content-Type": "text/html"}


def linked_data(content: str) -> str:
    return f'<html><script type="application/ld+json">{content}</script></html>'


PAGES = {
    "deep": lambda: linked_data('{"@graph": ' + "[" * 1_000_000),
    "deep and closed": lambda: linked_data("[" * 900_000 + "]" * 900_000),
    "many": lambda: linked_data(
        json.dumps([{"@type": "Event", "name": "x", "startDate": "2027-06-01"}] * 40_000)
    ),
    "many scripts": lambda: linked_data("{}") * 60_000,
    "never closes": lambda: "<html>" + '<script type="application/ld+json">' * 100_000,
    "odd values": lambda: linked_data(
        '{"@type": "Event", "startDate": 1e999, "name": {"a": [null]}, "location": [[[]]]}'
    ),
    "too large": lambda: linked_data('"' + "x" * 6 * MEGABYTE + '"'),
}


@pytest.mark.parametrize("name", PAGES)
async def test_a_hostile_page_of_an_entry_harms_no_entry(watchful: House, name: str) -> None:
    link = watchful.site.serve("/page", PAGES[name](), headers=HTML)
    watchful.site.serve("/feed", rss(item(1, link=link)))
    await watchful.follow(event_pages="always")
    started = time.monotonic()
    (polled,) = await watchful.polls()
    assert time.monotonic() - started < IN_TIME
    assert watchful.site.asks("/page") == 1
    assert polled.trouble == ""
    assert (await watchful.only()).title == "Story number 1"


async def test_a_worker_that_takes_too_long_is_killed_and_the_next_feed_gets_another(
    tmp_path: Path, ground: Ground
) -> None:
    heavy = rss(*(item(n, text="&lt;ul&gt;&lt;li&gt;" * 3_200) for n in range(70)))
    async with (
        Parser(workers=1, most_seconds=1.0) as parser,
        a_house(tmp_path, replace(ground, parser=parser)) as house,
    ):
        house.site.serve("/heavy", heavy)
        await house.follow("/heavy")
        (polled,) = await house.polls()
        assert polled.trouble == "reading the document took longer than 1 seconds"
        house.site.serve("/good", rss(item(1)))
        await house.follow("/good")
        (polled,) = await house.polls()
        assert polled.trouble == ""


GOOD_IN_TIME = 25.0
"""Seconds until a good feed is understood behind all hostile ones, on a busy machine."""


@pytest.mark.slow
async def test_the_next_feed_is_polled_on_time_however_hostile_the_others_are(
    tmp_path: Path, ground: Ground
) -> None:
    async with AsyncExitStack() as stack:
        parser = await stack.enter_async_context(Parser(workers=4, most_seconds=1.0))
        house = await stack.enter_async_context(
            a_house(tmp_path, replace(ground, parser=parser), limits=LIMITS)
        )
        urls = [await stack.enter_async_context(offered(house, name)) for name in HOSTILE]
        house.site.serve("/good", rss(item("of the valley")))
        await house.follow(*urls, partner="hostile")
        await house.follow("/good", partner="valli")
        forget()
        before = memory()
        started = time.monotonic()
        polling = asyncio.create_task(house.polls())
        good = await _told_of(house, house.site.url("/good"), polling)
        assert time.monotonic() - started < GOOD_IN_TIME
        assert good.trouble == ""
        assert good.seeded == 1
        polled = await polling
        assert time.monotonic() - started < 2 * GOOD_IN_TIME
        assert memory() - before < 4 * MOST_GROWN
    assert len(polled) == len(HOSTILE) + 1
    assert all(is_plain(one.trouble) for one in polled if one.trouble)


async def _told_of(house: House, url: str, polling: asyncio.Task[tuple[Polled, ...]]) -> Polled:
    """Return what came of one feed as soon as it came."""
    while True:
        found = [one for one in house.told if one.url == url]
        if found:
            return found[0]
        assert not polling.done(), "everything was polled but this"
        await asyncio.wait({polling}, timeout=0.05)
