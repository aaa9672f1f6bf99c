"""Feeds of our own writing, and a web server on loopback that serves them as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from herald.model.feed import ParsedEntry, ParsedFeed
from herald.sources.feeds.parsing.parse import Document, parse
from tests.servers.conversing import conversing

NOW = datetime(2027, 5, 10, 12, 0, tzinfo=UTC)

_PERMALINK = ' isPermaLink="false"'

URL = "https://example.org/feed"


def understood(document: str | bytes, content_type: str = "", **told: str) -> ParsedFeed:
    """Parse *document* as Herald does; *told* may be its url, pubdate or zone."""
    body = document.encode() if isinstance(document, str) else document
    return parse(Document(body=body, content_type=content_type, now=NOW, **({"url": URL} | told)))


def only_entry(document: str | bytes, **told: str) -> ParsedEntry:
    """Parse *document*, which has one entry, and return that."""
    (entry,) = understood(document, **told).entries
    return entry


def said_of(feed: ParsedFeed) -> str:
    """Return what is wrong with *feed*, a line each."""
    return "\n".join(problem.message for problem in feed.problems)


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """A partner's web site: one answer per path, and every request it got."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.answers: dict[str, Answer] = {}
        self.requests: list[web.Request] = []

    def url(self, path: str) -> str:
        return f"{self.base}{path}"

    def serve(
        self,
        path: str,
        body: bytes | str = b"",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Answer *path* so from now on; return its URL."""
        content = body.encode() if isinstance(body, str) else body

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=content, headers=headers)

        self.answers[path] = answer
        return self.url(path)

    async def respond(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        answer = self.answers.get(request.path)
        return web.Response(status=404) if answer is None else await answer(request)


@asynccontextmanager
async def a_site() -> AsyncIterator[Site]:
    app = web.Application()
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    site = Site("")
    app.router.add_route("*", "/{path:.*}", site.respond)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    port = runner.addresses[0][1]
    site.base = f"http://127.0.0.1:{port}"
    try:
        yield site
    finally:
        await runner.cleanup()


@asynccontextmanager
async def a_raw_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve bytes that no well-kept web server would send."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with conversing(answer) as port:
        yield f"http://127.0.0.1:{port}/feed"


def rss(*items: str, head: str = "<language>it</language>", attributes: str = "") -> str:
    """Make an RSS document of *items*."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:ev="http://purl.org/rss/1.0/modules/event/"{attributes}>'
        f"<channel><title>Ecomuseo</title><link>https://example.org/</link>{head}"
        f"{''.join(items)}</channel></rss>"
    )


def item(
    number: int | str = 1,
    *,
    title: str | None = None,
    guid: str | None = None,
    link: str | None = None,
    text: str = "Neighbours restored it.",
    date: str | None = "Mon, 10 May 2027 08:00:00 +0200",
    more: str = "",
) -> str:
    """Make an RSS item; "" leaves a field out."""
    fields = {
        "title": f"Story number {number}" if title is None else title,
        "guid": f"https://example.org/?p={number}" if guid is None else guid,
        "link": f"https://example.org/story-{number}" if link is None else link,
        "description": text,
        "pubDate": date,
    }
    told = "".join(
        f"<{name}{_PERMALINK if name == 'guid' else ''}>{value}</{name}>"
        for name, value in fields.items()
        if value
    )
    return f"<item>{told}{more}</item>"


def calendar(*events: str, head: str = "X-WR-TIMEZONE:Europe/Rome") -> str:
    """Make an iCalendar document of *events*."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *head.splitlines()]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*(line.strip() for line in lines), "END:VCALENDAR", ""])
