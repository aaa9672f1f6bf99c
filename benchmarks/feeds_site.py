"""The site of the feeds benchmark: many small hosts on the loopback network, in its own process.

    python -m benchmarks.feeds_site 200 30     # feeds, entries each; prints its port

Every address 127.0.1.1 and up is this machine, so each feed has a host of its own. The server
speaks just enough HTTP, so that it costs both sides little. ``/turn/NAME`` changes what it serves.
"""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

_BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
_WORDS = (
    "la casa del sale neighbours restored muzeum wystawa otwarta for every visitor di una "
    "comunità the landscape walk salina barca village memory oficios tradycja and bread"
)


def body_of(feed: int, entries: int, turn: int) -> bytes:
    """Return the feed's document: every turn adds one entry at the top and drops the oldest."""
    newest = entries + turn
    items = "".join(_item(feed, number) for number in range(newest, newest - entries, -1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Museum {feed}</title><link>https://museum{feed}.example/</link>"
        f"<language>it</language>{items}</channel></rss>"
    ).encode()


def _item(feed: int, number: int) -> str:
    """Return an entry of about 5 kB, the same whenever it is asked for."""
    draw = random.Random(f"{feed}/{number}")
    choice = _WORDS.split()
    words = " ".join(draw.choices(choice, k=12))
    paragraphs = "".join(f"<p>{' '.join(draw.choices(choice, k=60))}</p>" for _ in range(12))
    published = format_datetime(_BEGAN + timedelta(hours=6 * number))
    link = f"https://museum{feed}.example/news/{number}/"
    picture = f'<img src="https://museum{feed}.example/{number}.jpg" alt="{words[:40]}">'
    return (
        f"<item><title>{words} {feed}-{number}</title><link>{link}</link>"
        f'<guid isPermaLink="false">https://museum{feed}.example/?p={number}</guid>'
        f"<pubDate>{published}</pubDate><category>mostre</category>"
        f"<description>{words}</description>"
        f"<content:encoded><![CDATA[{picture}{paragraphs}]]></content:encoded></item>"
    )


class Site:
    """What is served at the moment."""

    def __init__(self, feeds: int, entries: int) -> None:
        self._entries = entries
        self._turn = 0
        self._validators = True
        self._bodies = [body_of(feed, entries, 0) for feed in range(feeds)]

    def answer(self, path: str, conditions: str) -> bytes:
        """Return a whole HTTP answer."""
        if path.startswith("/turn/"):
            self._take_turn(path.removeprefix("/turn/"))
            return _response("200 OK", b"done")
        etag = f'"{self._turn}"'
        if self._validators and etag in conditions:
            return _response("304 Not Modified", b"", etag)
        feed = int(path.rpartition("/")[2])
        return _response("200 OK", self._bodies[feed], etag if self._validators else "")

    def _take_turn(self, name: str) -> None:
        self._validators = name != "mute"
        if name == "next":
            self._turn += 1
            self._bodies = [
                body_of(feed, self._entries, self._turn) for feed in range(len(self._bodies))
            ]


class Connection(asyncio.Protocol):
    """One connection, kept open; requests have no body."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._heard = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._heard += data
        while b"\r\n\r\n" in self._heard and self._transport is not None:
            request, _, self._heard = self._heard.partition(b"\r\n\r\n")
            head = request.decode("latin-1")
            path = head.split(" ", 2)[1]
            self._transport.write(self._site.answer(path, head))


def _response(status: str, body: bytes, etag: str = "") -> bytes:
    tag = f"ETag: {etag}\r\n" if etag else ""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/rss+xml\r\n{tag}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def main() -> None:
    """Serve until standard input is closed."""
    feeds, entries = (int(argument) for argument in sys.argv[1:3])
    site = Site(feeds, entries)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site), "0.0.0.0", 0)  # noqa: S104 -- every 127.x.y.z
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
