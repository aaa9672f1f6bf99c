"""Fetches a feed over HTTP as a polite and careful guest.

The answer is a value, whatever the server does. Nothing here parses a document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType

import aiohttp
from yarl import URL

from herald import __version__
from herald.model.polling import Validators
from herald.ports import Clock
from herald.sources.feeds.addresses import MARK, any_socket, public_socket
from herald.sources.feeds.freshness import fresh_for, retry_at
from herald.sources.feeds.hosts import Hosts

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, text/calendar, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
_CHUNK = 65_536
_LONGEST_VALIDATOR = 1_000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much a feed may take."""

    connect: float = 10
    """Seconds to reach the server."""
    read: float = 15
    """Seconds without a byte."""
    total: float = 30
    """Seconds in all, redirects included: a drip never ends by itself."""
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
    content_type: str
    """As the server said it; often wrong."""
    final_url: str
    validators: Validators
    fresh: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The document is what it was."""

    validators: Validators
    """Those of this answer; empty ones leave what is stored."""
    fresh: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """There is no document, and why, in plain words."""

    why: str
    retry_at: datetime | None = None
    """Not to be asked before, by the server's own word."""
    gone: bool = False
    """The server says that it will never be back."""


FetchResult = Fetched | NotModified | FetchFailed


class Fetcher:
    """One HTTP client for all feeds; use it as an async context manager."""

    def __init__(
        self,
        *,
        contact: str,
        clock: Clock,
        allow_private: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._allow_private = allow_private
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

    async def fetch(self, url: str, validators: Validators | None = None) -> FetchResult:
        """Ask for *url*, with *validators* only if it has changed since.

        Never raises for anything that the server or the way to it does.
        """
        try:
            target = URL(url)
        except ValueError:
            return FetchFailed(why=f"{url!r} is no web address")
        refusal = _refusal(target)
        if refusal:
            return FetchFailed(why=refusal)
        async with self._hosts.turn(target.authority):
            return await self._within_limits(target, validators or Validators())

    async def _within_limits(self, url: URL, validators: Validators) -> FetchResult:
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._follow(url, validators)
        except TimeoutError as error:
            return FetchFailed(why=_late(error, self._limits))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return FetchFailed(why=_in_plain_words(error))

    async def _follow(self, url: URL, validators: Validators) -> FetchResult:
        for _ in range(self._limits.redirects + 1):
            async with self._client().get(
                url, headers=_conditions(validators), allow_redirects=False
            ) as response:
                if response.status not in _REDIRECTS:
                    return await self._read(response)
                location = response.headers.get("Location", "")
            if not location:
                return FetchFailed(why="the server redirects, but does not say where to")
            url = url.join(URL(location))
            refusal = _refusal(url)
            if refusal:
                return FetchFailed(why=f"the server redirects to {url}: {refusal}")
        return FetchFailed(
            why=f"the server redirects more than {self._limits.redirects} times in a row"
        )

    async def _read(self, response: aiohttp.ClientResponse) -> FetchResult:
        now = self._clock.now()
        validators = Validators(
            etag=_verbatim(response.headers.get("ETag", "")),
            last_modified=_verbatim(response.headers.get("Last-Modified", "")),
        )
        fresh = fresh_for(response.headers, now=now)
        if response.status == 304:
            return NotModified(validators=validators, fresh=fresh)
        if response.status != 200:
            return _bad_status(response.status, response.headers, now=now)
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._limits.most_bytes:
                most = self._limits.most_bytes / 1024 / 1024
                return FetchFailed(why=f"the document is larger than {most:.0f} MB")
        return Fetched(
            body=bytes(body),
            content_type=response.headers.get("Content-Type", ""),
            final_url=str(response.url),
            validators=validators,
            fresh=fresh,
        )

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = self._limits
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    socket_factory=any_socket if self._allow_private else public_socket,
                    limit=limits.at_once,
                ),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=limits.connect, sock_read=limits.read
                ),
                headers={"User-Agent": self._agent, "Accept": ACCEPT},
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def _verbatim(value: str) -> str:
    """Return a validator as it came, or "" if it cannot be sent back: not text, or far too long."""
    try:
        return value if len(value.encode()) <= _LONGEST_VALIDATOR else ""
    except UnicodeEncodeError:
        return ""


def _conditions(validators: Validators) -> dict[str, str]:
    headers = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _refusal(url: URL) -> str:
    if url.scheme not in {"http", "https"}:
        return "only http:// and https:// addresses are fetched"
    return "" if url.host else "the address names no server"


def _bad_status(status: int, headers: Mapping[str, str], *, now: datetime) -> FetchFailed:
    match status:
        case 410:
            return FetchFailed(why="the server says that this feed is gone for ever", gone=True)
        case 404:
            return FetchFailed(why="there is no document at this address (404)")
        case 401 | 403:
            return FetchFailed(why=f"the server does not let Herald in ({status})")
        case 429 | 503:
            return FetchFailed(
                why=f"the server asked Herald to come back later ({status})",
                retry_at=retry_at(headers, now=now),
            )
        case _:
            return FetchFailed(why=f"the server answered with an error ({status})")


def _late(error: TimeoutError, limits: Limits) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"the server could not be reached within {limits.connect:g} seconds"
    if isinstance(error, aiohttp.SocketTimeoutError):
        return f"the server sent nothing for {limits.read:g} seconds"
    return f"the server took longer than {limits.total:g} seconds"


_FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError),
        "the server's certificate is not valid",
    ),
    ((aiohttp.ClientConnectorDNSError,), "there is no server of this name"),
    ((aiohttp.ClientConnectorError,), "the server cannot be reached"),
    (
        (aiohttp.ServerDisconnectedError, ConnectionError),
        "the server closed the connection before it had answered",
    ),
    (
        (aiohttp.ClientPayloadError,),
        "the document broke off, or is packed in a way that cannot be unpacked",
    ),
    ((aiohttp.InvalidURL,), "the address cannot be used"),
)
"""The first that fits tells."""


def _in_plain_words(error: Exception) -> str:
    if MARK in str(error):
        return "the address leads into a private network, which feeds.allow_private does not allow"
    told = (words for kinds, words in _FAULTS if isinstance(error, kinds))
    return next(told, "the server's answer is not proper HTTP")
