"""Finds a site's REST API, and asks it as the account."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from yarl import URL

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import ANSWER_SECONDS, Request, ask, hidden
from herald.channels.wordpress.settings import WordPressSettings
from herald.channels.wordpress.wire import Hindrance, code_of, read_noisy, trouble
from herald.model.delivery import Refused, RefusedScope
from herald.ports import Clock

READING_SECONDS = 15.0
_RELATION = "https://api.w.org/"
_LINK = re.compile(r"<([^>]*)>\s*((?:;[^,<]*)*)")
_TAG = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_HREF = re.compile(r"""href=["']?([^"'\s>]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where a site's REST API begins."""

    address: str
    by_query: bool = False
    """The route stands in ``rest_route``: the site has no speaking addresses."""

    def place(self, route: str) -> tuple[str, dict[str, str]]:
        """Return the address of *route* and the query that belongs to it."""
        if self.by_query:
            return self.address, {"rest_route": f"/{route}"}
        return f"{self.address}/{route}", {}


class Site:
    """One site, asked with the account's application password."""

    def __init__(
        self,
        settings: WordPressSettings,
        password: str,
        *,
        user_agent: str,
        clock: Clock,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._settings = settings
        self._user_agent = user_agent
        self._clock = clock
        self._seconds = seconds
        self._key = b64encode(f"{settings.user}:{password}".encode()).decode()
        self._secrets = (password, password.replace(" ", ""), self._key)
        self._root: Root | None = None

    async def root(self) -> Root | Hindrance:
        """Return where the API is, found once; else why it cannot be asked."""
        if self._root is not None:
            return self._root
        page = await self._ask(Request(method="GET", address=self._settings.site + "/"), key=False)
        if isinstance(page, NoAnswer):
            return trouble(page, "the site cannot be reached", now=self._clock.now())
        last: Answer | NoAnswer = page
        for root in roots_in(page, site=self._settings.site):
            if not is_same_place(root.address, self._settings.site):
                why = f"the site says that it is at {root.address[:200]}"
                words = f"{why}: write site: as the site itself does into channels.yaml"
                return Refused(words, scope=RefusedScope.CHANNEL)
            address, query = root.place("")
            request = Request(
                method="GET", address=address, query={**query, "_fields": "namespaces"}
            )
            last = await self._ask(request)
            told: Any = read_noisy(last) if isinstance(last, Answer) and last.is_good else None
            if isinstance(told, dict) and "wp/v2" in (told.get("namespaces") or ()):
                self._root = root
                return root
        return self._no_api(page, last)

    async def call(
        self,
        method: str,
        route: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer | NoAnswer | Hindrance:
        """Return the answer to a request with *body* as JSON; else why nobody was asked.

        What is read bears the moment in its address: a cache between must not answer what it was
        asked before a post was made.
        """
        spelled = None if body is None else json.dumps(body).encode()
        return await self._call(method, route, query or {}, spelled, "application/json")

    async def upload(self, form: bytes, kind: str) -> Answer | NoAnswer | Hindrance:
        """Return the answer to the upload of a picture."""
        return await self._call("POST", "wp/v2/media", {}, form, kind)

    async def _call(
        self, method: str, route: str, query: Mapping[str, str], body: bytes | None, kind: str
    ) -> Answer | NoAnswer | Hindrance:
        root = await self.root()
        if not isinstance(root, Root):
            return root
        address, place = root.place(route)
        fresh = {"_": str(self._clock.now().timestamp())} if method == "GET" else {}
        request = Request(
            method=method, address=address, query={**place, **query, **fresh}, body=body, kind=kind
        )
        answer = await self._ask(request)
        if isinstance(answer, Answer) and answer.status == 404 and not code_of(answer):
            self._root = None  # the site's addresses have changed: they are found anew
        return answer

    async def _ask(self, request: Request, *, key: bool = True) -> Answer | NoAnswer:
        headers = {"Authorization": f"Basic {self._key}"} if key else {}
        named = Request(
            method=request.method,
            address=request.address,
            query=request.query,
            body=request.body,
            kind=request.kind,
            headers=headers,
        )
        reads = request.method == "GET"
        seconds = min(READING_SECONDS, self._seconds) if reads else self._seconds
        answer = await ask(named, user_agent=self._user_agent, seconds=seconds)
        return hidden(answer, self._secrets)

    def _no_api(self, page: Answer, last: Answer | NoAnswer) -> Hindrance:
        moved = page.headers.get("location", "")
        if page.status in {301, 302, 307, 308} and moved:
            there = _joined(self._settings.site, moved)
            if not is_same_place(there, self._settings.site):
                why = f"the site sends Herald on to {there[:200]}"
                told = f"{why}: write that address into channels.yaml"
                return Refused(told, page.status, RefusedScope.CHANNEL)
        if isinstance(last, Answer) and last.is_good:
            why = f"no REST API of WordPress at {self._settings.site}: check site in channels.yaml"
            return Refused(why, last.status, RefusedScope.CHANNEL)
        return trouble(last, "the site's REST API cannot be asked", now=self._clock.now())


def roots_in(page: Answer, *, site: str) -> tuple[Root, ...]:
    """Return where the API may be: where the site's first page says, then the usual places.

    https://developer.wordpress.org/rest-api/using-the-rest-api/discovery/
    """
    named = _named_in_header(page.headers.get("link", "")) or _named_in_page(page)
    told = [there] if named and (there := _joined(site, named)) else []
    candidates = [*told, f"{site}/wp-json/", f"{site}/?rest_route=/"]
    return tuple(dict.fromkeys(_root(each) for each in candidates))


def is_same_place(one: str, other: str) -> bool:
    """Tell whether two addresses are of one server: the account's password goes nowhere else."""
    try:
        first, second = URL(one), URL(other)
    except ValueError:
        return False
    # Names in any script and any letters, and ports that are usual, are spelled in several ways.
    return (first.scheme, first.raw_host, first.port) == (
        second.scheme,
        second.raw_host,
        second.port,
    )


def _joined(site: str, there: str) -> str:
    """Return the address that *there* means on *site*; '' where it is none."""
    try:
        joined = urljoin(f"{site}/", there)
        urlsplit(joined)
    except ValueError:
        return ""
    return joined


def _root(address: str) -> Root:
    parts = urlsplit(address)
    by_query = "rest_route" in parse_qs(parts.query)
    bare = parts._replace(query="", fragment="").geturl()
    return Root(address=bare if by_query else bare.rstrip("/"), by_query=by_query)


def _named_in_header(value: str) -> str:
    return next((m[1] for m in _LINK.finditer(value) if _RELATION in m[2]), "")


def _named_in_page(page: Answer) -> str:
    text = page.body.decode("utf-8", "replace") if page.is_good else ""
    tag = next((m[0] for m in _TAG.finditer(text) if _RELATION in m[0]), "")
    found = _HREF.search(tag)
    return unescape(found[1]) if found else ""
