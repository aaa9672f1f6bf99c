"""The web in memory: partners' servers, asked as the real fetcher asks and heard as it hears.

It honours conditional requests, counts every request against the promises of politeness, and
remembers what the documents told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from herald.clock import SetClock
from herald.model.polling import Validators
from herald.sources.feeds.fetching import troubles
from herald.sources.feeds.fetching.conditions import caching_of, conditions_of, validators_of
from herald.sources.feeds.fetching.fetch import Fetched, FetchFailed, FetchResult, NotModified
from herald.sources.feeds.fetching.freshness import fresh_for, retry_at
from herald.sources.feeds.fetching.redirects import REDIRECTS, Way
from tests.simulation.feeds.documents import FORMATS, Told
from tests.simulation.feeds.partners import BRIDGE_ERROR, House, Site, View

_LEAST_AFTER_SUCCESS = timedelta(hours=1)
_LEAST_AFTER_FAILURE = timedelta(minutes=15)
MOST_SILENT = timedelta(hours=24) * 1.15 + timedelta(hours=2)
"""A feed is asked at least so often, unless it asked for more peace."""


@dataclass(slots=True, repr=False)
class Asked:
    """How a feed was asked last."""

    at: datetime
    not_before: datetime
    at_latest: datetime
    gone: str = ""
    """The address that said 410; where it had been adopted, the configured one is asked once."""


@dataclass(slots=True, repr=False)
class Web:
    """Every server there is."""

    clock: SetClock
    houses: dict[str, House] = field(default_factory=dict)
    """By each name that they ever had."""
    asked: dict[Site, Asked] = field(default_factory=dict)
    told: dict[Site, tuple[View, ...]] = field(default_factory=dict)
    """What the last document of a feed told whole."""
    broken: list[str] = field(default_factory=list)
    """Promises of politeness that were broken."""
    cuts_entries: bool = True
    """A document that breaks off does so within an entry, not only between two."""
    requests: int = 0
    unchanged: int = 0
    documents: int = 0
    failures: int = 0

    async def fetch(self, url: str, validators: Validators | None = None) -> FetchResult:
        """Answer like ``herald.sources.feeds.fetching.fetch.Fetcher``."""
        conditions = conditions_of(validators or Validators())
        way = Way(URL(url), most=5, seconds=30)
        site = self._site(way.at)
        answered = False
        while True:
            status, headers, body, site = self._answer(way.at, conditions)
            if not answered and site is not None:
                self._count(site, url, status, headers)
                answered = True
            if status not in REDIRECTS:
                return self._heard(way, status, headers, body, conditions)
            if refusal := way.follow(status, headers["Location"]):
                return FetchFailed(why=refusal)

    def forget(self, house: House) -> None:
        """Let a partner's feeds be asked anew: its lines were changed."""
        for site in house.sites:
            self.asked.pop(site, None)

    def _site(self, url: URL) -> Site | None:
        house = self.houses.get(url.host or "")
        return (
            next((one for one in house.sites if f"/{one.path}" == url.path), None)
            if house
            else None
        )

    def _answer(
        self, url: URL, conditions: dict[str, str]
    ) -> tuple[int, CIMultiDict[str], bytes, Site | None]:
        """Return a server's status, headers and body; status 0 is no answer."""
        now = self.clock.now()
        headers: CIMultiDict[str] = CIMultiDict()
        site = self._site(url)
        if site is None:
            return 404, headers, b"", None
        house = site.partner
        ends = house.hosts[str(url.host)]
        if url.host != house.host or url.scheme != house.scheme:
            if ends is not None and now >= ends:
                return 0, headers, b"", site
            headers["Location"] = f"{house.home}{site.path}"
            return 301, headers, b"", site
        match house.trouble(now):
            case "404" | "500" | "410" | "503" as kind:
                status = int(kind)
            case "429":
                status = 429
                headers["Retry-After"] = format_datetime(now + timedelta(hours=5))
            case "busy":
                status = 503
                headers["Retry-After"] = "10800"
            case "dead":
                status = 0
            case kind:
                return self._document(site, kind, conditions, headers)
        return status, headers, b"", site

    def _document(
        self, site: Site, kind: str, conditions: dict[str, str], headers: CIMultiDict[str]
    ) -> tuple[int, CIMultiDict[str], bytes, Site]:
        site.requests += 1
        body, written = site.document()
        told = tuple(written)
        around, one, content_type = FORMATS[site.format]
        match kind:
            case "page":
                body, told, content_type = b"<!DOCTYPE html><html><body>x", (), "text/html"
            case "empty":
                body, told = b"", ()
            case "blank":
                body, told = b" \r\n", ()
            case "truncated":
                body = self._cut(body, list(written.values()))
                text = body.decode(errors="ignore")
                told = tuple(view for view, part in written.items() if part.strip() in text)
            case "none":
                body, told = around(site.partner.name, "", site.partner.home, []).encode(), ()
            case "bridge" if site.format in {"rss", "atom"}:
                fault = one(
                    Told(
                        guid=f"err-{site.requests}",
                        title=BRIDGE_ERROR,
                        text="Sorry",
                        at=self.clock.now(),
                    )
                )
                parts = [fault, *written.values()] if site.requests % 2 else [fault]
                told = told if site.requests % 2 else ()
                body = around(site.partner.name, "", site.partner.home, parts).encode()
            case "twice" if site.format != "ics":
                parts = [part for part in written.values() for _ in range(2)]
                body = around(site.partner.name, "", site.partner.home, parts).encode()
        if site.validators in {"both", "etag", "stale"}:
            headers["ETag"] = site.etag(body)
        if site.validators in {"both", "date"}:
            headers["Last-Modified"] = f"version {sha256(body).hexdigest()[:12]}"
        headers["Content-Type"] = content_type
        if site.keeps:
            headers["Cache-Control"] = f"public, max-age={int(site.keeps.total_seconds())}"
        same = [
            headers.get(name) == conditions[key]
            for key, name in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
            if key in conditions
        ]
        if same and all(same):
            return 304, headers, b"", site
        self.told[site] = told
        return 200, headers, body, site

    def _cut(self, body: bytes, parts: list[str]) -> bytes:
        """Return about the first half of a document, its last entry whole or not."""
        half = body[: len(body) * 3 // 5]
        if self.cuts_entries or not parts:
            return half
        text = half.decode(errors="ignore")
        whole = [part for part in parts if part.strip() in text]
        return (
            text[: text.index(whole[-1].strip()) + len(whole[-1].strip())].encode()
            if whole
            else b" "
        )

    def _heard(
        self,
        way: Way,
        status: int,
        headers: CIMultiDict[str],
        body: bytes,
        conditions: dict[str, str],
    ) -> FetchResult:
        now = self.clock.now()
        caching = caching_of(CIMultiDictProxy(headers))
        if status == 0:
            return FetchFailed(why="the server cannot be reached")
        if status == 304 and conditions:
            self.unchanged += 1
            return NotModified(
                validators=validators_of(headers, caching),
                fresh=fresh_for(caching, now=now),
                moved_to=way.moved_to,
            )
        if status != 200 or not body:
            gone = status == 410 and way.is_permanent
            why = troubles.of_status(status) if status != 200 else "the document is empty"
            return FetchFailed(why=why, retry_at=retry_at(headers, now=now), gone=gone)
        self.documents += 1
        return Fetched(
            body=body,
            content_type=headers["Content-Type"],
            final_url=str(way.at),
            validators=validators_of(headers, caching),
            fresh=fresh_for(caching, now=now),
            moved_to=way.moved_to,
        )

    def _count(self, site: Site, url: str, status: int, headers: CIMultiDict[str]) -> None:
        """Hold this request against the last one."""
        now, before = self.clock.now(), self.asked.get(site)
        self.requests += 1
        if before is not None and (before.gone == url or now < before.not_before):
            why = "after 410" if before.gone == url else f"before {before.not_before:%m-%d %H:%M}"
            self.broken.append(f"{now:%m-%d %H:%M} {site.url} was asked {why}")
        if before is not None and not before.gone and now > before.at_latest:
            self.broken.append(
                f"{now:%m-%d %H:%M} {site.url} was asked after {before.at_latest:%m-%d %H:%M}"
            )
        pause = _LEAST_AFTER_SUCCESS if status in {200, 304, *REDIRECTS} else _LEAST_AFTER_FAILURE
        kind = site.partner.trouble(now)
        if kind in {"page", "empty", "blank", "bridge"} or status == 301:
            pause = _LEAST_AFTER_FAILURE
        elif status in {200, 304} and not kind:
            pause = max(pause, site.keeps, site.ttl)
        self.failures += pause == _LEAST_AFTER_FAILURE
        peace = retry_at(headers, now=now) or now
        self.asked[site] = Asked(
            at=now,
            not_before=max(now + pause, peace),
            at_latest=max(now + MOST_SILENT, peace + timedelta(hours=2)),
            gone=url if status == 410 else "",
        )
