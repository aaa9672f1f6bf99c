"""Fetches over HTTP as a polite and careful guest: feeds, pages, and requests to hubs.

The answer is a value, whatever the server does. Nothing here parses a document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Generic, TypeVar

import aiohttp
from yarl import URL

from herald import __version__
from herald.model.feed import HubLink
from herald.model.polling import Validators
from herald.ports import Clock
from herald.sources.feeds.fetching import troubles
from herald.sources.feeds.fetching.addresses import any_socket, guarded, is_public
from herald.sources.feeds.fetching.conditions import caching_of, conditions_of, validators_of
from herald.sources.feeds.fetching.freshness import fresh_for, retry_at
from herald.sources.feeds.fetching.hosts import Hosts
from herald.sources.feeds.fetching.hublink import hub_of
from herald.sources.feeds.fetching.redirects import (
    REDIRECTS,
    SAME_REQUEST,
    Way,
    is_downgrade,
    refusal_of,
)

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, text/calendar, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
ACCEPT_PAGE = "text/html, application/xhtml+xml, application/xml;q=0.8, */*;q=0.1"
"""For an entry's page, and for a site whose feeds are looked for."""
_CHUNK = 65_536
_LONGEST_REPLY = 64 * 1024
"""Bytes of a hub's reply that are read: it is only ever shown to a person."""
_IDLE = 3
"""Seconds that a connection is kept for the next turn at its host."""
_MOST_IDLE = 512
"""Hosts met of late, from which on nothing is kept where nobody waits: idle connections to
thousands of hosts would use up the files that a process may open, 1,024 by habit."""
_PLAIN = frozenset({"", "identity", "none", "binary", "8bit", "utf-8", "utf8"})
"""Content codings that change nothing, and misunderstandings of the header that are common."""
_UNPACKED = frozenset({"gzip", "deflate", "br", "zstd"})
"""Codings that aiohttp unpacks or fails at; it asks only for those whose decoder is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much a feed may take."""

    connect: float = 10
    """Seconds to find and reach the server."""
    read: float = 15
    """Seconds without a byte."""
    total: float = 30
    """Seconds for all requests of one fetch, redirects included: a drip never ends by itself.
    Waiting for a turn at a host is no part of it."""
    most_bytes: int = 5 * 1024 * 1024
    """Of the decoded body: a small zip can hold a giant."""
    redirects: int = 5
    at_once: int = 32
    """Requests on all hosts; a host gets one at a time."""
    spacing: timedelta = timedelta(seconds=1)
    """Between two requests to one host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The server sent a document."""

    body: bytes
    """Unpacked; never empty."""
    content_type: str
    """As the server said it; often wrong."""
    final_url: str
    validators: Validators
    """To ask with next time; empty where the server gave none, or promises nothing by them."""
    fresh: timedelta
    moved_to: str = ""
    """Where it came from, if every redirect on the way says "for good"; else empty."""
    hub: HubLink | None = None
    """By the headers; an empty topic is left to the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The document is what it was."""

    validators: Validators
    """Those of this answer; empty ones leave what is stored."""
    fresh: timedelta
    moved_to: str = ""
    """Where the answer came from, if every redirect on the way says "for good"; else empty."""
    hub: HubLink | None = None
    """By the headers; None says nothing, as a 304 need not repeat them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The server answered a request that was sent to it, whatever it answered."""

    status: int
    body: bytes
    """Its first 64 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """There is no document, and why, in plain words."""

    why: str
    retry_at: datetime | None = None
    """Not to be asked before, by the server's own word."""
    gone: bool = False
    """The server says that it will never be back."""


FetchResult = Fetched | NotModified | FetchFailed

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand(Generic[_Answer]):
    """What is asked at every address on the way, and how the answer at its end is read."""

    method: str
    headers: Mapping[str, str]
    read: Callable[[aiohttp.ClientResponse, Way], Awaitable[_Answer]]
    fields: Mapping[str, str] | None = None
    follows: frozenset[int] = REDIRECTS


class Fetcher:
    """One HTTP client for all feeds; use it as an async context manager."""

    def __init__(
        self,
        *,
        contact: str,
        clock: Clock,
        allow_private: bool = False,
        allows: Callable[[str], bool] = is_public,
        limits: Limits | None = None,
    ) -> None:
        """Prepare a client that reaches those IP addresses only which *allows* says yes to.

        With *allow_private* it reaches every address.
        """
        self._clock = clock
        self._limits = limits or Limits()
        self._make_socket = any_socket if allow_private else guarded(allows)
        self._agent = f"Herald/{__version__} (+{contact})" if contact else f"Herald/{__version__}"
        self._hosts = Hosts(clock=clock, at_once=self._limits.at_once, spacing=self._limits.spacing)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Fetcher:
        """Open the client."""
        self._client()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back every connection."""
        await self.close()

    async def close(self) -> None:
        """Give back every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(
        self, url: str, validators: Validators | None = None, *, accept: str = ACCEPT
    ) -> FetchResult:
        """Ask for *url*, with *validators* only if it has changed since.

        Never raises for anything that the server or the way to it does.
        """
        conditions = conditions_of(validators or Validators())

        async def read(response: aiohttp.ClientResponse, way: Way) -> FetchResult:
            if response.status == 304 and conditions:
                return self._unchanged(response, way)
            return await self._document(response, way)

        return await self._run(
            url, _Errand(method="GET", headers={"Accept": accept, **conditions}, read=read)
        )

    async def post(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Posted | FetchFailed:
        """Send *fields* as a form, as a hub wants them (WebSub, section 5.1).

        A redirect is followed only where it asks for the same request elsewhere (307, 308), and
        never from https to http, as a form may carry a secret. Never raises for the network.
        """
        errand = _Errand(
            method="POST",
            headers={"Accept": "*/*", **(headers or {})},
            read=_reply,
            fields=fields,
            follows=SAME_REQUEST,
        )
        return await self._run(url, errand)

    async def _run(self, url: str, errand: _Errand[_Answer]) -> _Answer | FetchFailed:
        try:
            start = URL(url)
        except ValueError:
            return FetchFailed(why=f"{url!r} is no web address")
        refusal = refusal_of(start)
        if refusal:
            return FetchFailed(why=refusal)
        limits = self._limits
        way = Way(start, most=limits.redirects, seconds=limits.total)
        try:
            return await self._travel(way, errand)
        except TimeoutError as error:
            late = troubles.of_lateness(
                error, connect=limits.connect, read=limits.read, total=limits.total
            )
            return FetchFailed(why=late)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return FetchFailed(why=troubles.of_fault(error))

    async def _travel(self, way: Way, errand: _Errand[_Answer]) -> _Answer | FetchFailed:
        """Take a turn at one host after the other, never at two at once, until one answers."""
        while True:
            async with self._hosts.turn(way.host):
                answer = await self._visit(way, errand)
            if answer is not None:
                return answer

    async def _visit(self, way: Way, errand: _Errand[_Answer]) -> _Answer | FetchFailed | None:
        """Ask at one host; None once it leads to another. Only this counts towards the time."""
        host = way.host
        time = asyncio.get_running_loop().time
        began = time()
        try:
            async with asyncio.timeout(way.seconds_left):
                while way.host == host:
                    answer = await self._ask(way, errand)
                    if answer is not None:
                        return answer
                return None
        finally:
            way.seconds_left -= time() - began

    async def _ask(self, way: Way, errand: _Errand[_Answer]) -> _Answer | FetchFailed | None:
        before = way.at
        headers = dict(errand.headers)
        if self._hosts.met > _MOST_IDLE and not self._hosts.is_awaited(way.host):
            headers["Connection"] = "close"
        async with self._client().request(
            errand.method, before, headers=headers, data=errand.fields, allow_redirects=False
        ) as response:
            if response.status not in errand.follows:
                return await errand.read(response, way)
            refusal = way.follow(response.status, response.headers.get("Location", ""))
        if not refusal and errand.fields is not None and is_downgrade(before, way.at):
            refusal = "the server redirects from https:// to http://, which would tell a secret"
        return FetchFailed(why=refusal) if refusal else None

    def _unchanged(self, response: aiohttp.ClientResponse, way: Way) -> NotModified:
        caching = caching_of(response.headers)
        return NotModified(
            validators=validators_of(response.headers, caching),
            fresh=fresh_for(caching, now=self._clock.now()),
            moved_to=way.moved_to,
            hub=_hub(response),
        )

    async def _document(self, response: aiohttp.ClientResponse, way: Way) -> FetchResult:
        if response.status not in {200, 203}:
            return FetchFailed(
                why=troubles.of_status(response.status),
                retry_at=retry_at(response.headers, now=self._clock.now()),
                gone=response.status == 410 and way.is_permanent,
            )
        coding = response.headers.get("Content-Encoding", "").strip().lower()
        if coding not in _PLAIN | _UNPACKED:
            return FetchFailed(
                why=f"the server packs the document in a way that cannot be unpacked ({coding:.60})"
            )
        most = self._limits.most_bytes
        body = await _body(response, most=most)
        if len(body) > most:
            return FetchFailed(why=f"the document is larger than {most / 1024 / 1024:.0f} MB")
        if not body:
            return FetchFailed(why="the document is empty")
        caching = caching_of(response.headers)
        return Fetched(
            body=body,
            content_type=response.headers.get("Content-Type", ""),
            final_url=str(response.url),
            validators=validators_of(response.headers, caching),
            fresh=fresh_for(caching, now=self._clock.now()),
            moved_to=way.moved_to,
            hub=_hub(response),
        )

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = self._limits
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    socket_factory=self._make_socket,
                    limit=0,  # the turns at hosts are the limit
                    keepalive_timeout=_IDLE,
                ),
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=limits.connect,
                    sock_read=limits.read,
                ),
                headers={"User-Agent": self._agent},
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


async def _reply(response: aiohttp.ClientResponse, way: Way) -> Posted:
    body = await _body(response, most=_LONGEST_REPLY)
    return Posted(status=response.status, body=body[:_LONGEST_REPLY])


async def _body(response: aiohttp.ClientResponse, *, most: int) -> bytes:
    """Return the unpacked body, or as soon as it is longer than *most*, so much of it."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > most:
            break
    return bytes(body)


def _hub(response: aiohttp.ClientResponse) -> HubLink | None:
    links = response.headers.getall("Link", ())
    return hub_of(links, base=response.url) if links else None
