"""Discovers the feeds and calendars of a partner's site, with few requests and in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from herald.model.feed import ParsedFeed
from herald.model.ids import Language
from herald.model.page import FeedLink, PageFacts
from herald.model.polling import Validators
from herald.ports import Clock
from herald.sources.feeds.discovery.addresses_typed import NotTyped, read_address
from herald.sources.feeds.discovery.candidates import Candidate, choose, links_to_follow
from herald.sources.feeds.discovery.wellknown import (
    EVENTS_CALENDAR,
    EVENTS_CALENDAR_SIGN,
    Spot,
    address_of,
    home_of,
    is_wordpress,
    spots_of,
)
from herald.sources.feeds.fetching.fetch import (
    ACCEPT,
    ACCEPT_PAGE,
    Fetched,
    FetchFailed,
    FetchResult,
)
from herald.sources.feeds.parsing.parse import Document, has_failed
from herald.sources.feeds.parsing.workers import ParseFailed

MOST_REQUESTS = 12
"""To one site, at one a second: as a person who looks around."""
_LOGIN = re.compile(
    r"\b(?:log ?in|sign ?in|accedi|anmelden|anmeldung|connexion|iniciar sesi[oó]n|zaloguj"
    r"|prijava)\b",
    re.IGNORECASE,
)
_LOGIN_PATH = re.compile(r"/(?:wp-login|login|signin|accedi|anmelden)\b", re.IGNORECASE)

ITSELF = "the address itself"
"""How a feed was found whose own address a person gave."""
ASK = (
    "Ask whoever looks after the site: “Does it have an RSS feed, or a calendar that one can"
    " subscribe to (iCal, .ics)? What is its address?” A public Google, Outlook or Nextcloud"
    " calendar has such an address, too."
)
"""What to ask a partner for whose site offers nothing."""


class Fetching(Protocol):
    """Fetches one address politely."""

    async def fetch(
        self, url: str, validators: Validators | None = None, *, accept: str = ACCEPT
    ) -> FetchResult:
        """Return what the server sends; never raises for what it does."""
        ...


class Reading(Protocol):
    """Reads hostile documents without harm."""

    async def parse(self, document: Document) -> ParsedFeed | ParseFailed:
        """Read a document as a feed."""
        ...

    async def read_page(self, document: Document) -> PageFacts | ParseFailed:
        """Read a document as a web page."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What a site offers."""

    site: str
    """Where it was found, redirects followed; what was typed if nothing was."""
    title: str = ""
    language: Language | None = None
    licence: str = ""
    """What its page says about itself; empty where it says nothing."""
    candidates: tuple[Candidate, ...] = ()
    """The best first; those that say the same as another one last."""
    trouble: str = ""
    """Why there is nothing, in plain words with what to do."""
    notes: tuple[str, ...] = ()
    """What else a person should know, such as a link that does not work."""
    requests: int = 0


async def discover(
    typed: str,
    *,
    fetcher: Fetching,
    parser: Reading,
    clock: Clock,
    tell: Callable[[str], None] = lambda _: None,
    most: int = MOST_REQUESTS,
) -> Discovery:
    """Look for feeds and calendars at the address that a person typed; *tell* hears each request.

    Never raises for what a site does. What the page names is asked first, then what is usual for
    the system that made it; no more than *most* requests are made.
    """
    read = read_address(typed)
    if isinstance(read, NotTyped):
        return Discovery(site=typed, trouble=read.why)
    search = _Search(fetcher=fetcher, parser=parser, clock=clock, tell=tell, most=most)
    return await search.run(read.urls)


class _Search:
    """One visit to a site."""

    def __init__(
        self,
        *,
        fetcher: Fetching,
        parser: Reading,
        clock: Clock,
        tell: Callable[[str], None],
        most: int,
    ) -> None:
        self._fetcher, self._parser, self._clock = fetcher, parser, clock
        self._tell = tell
        self._most = most
        self._asked: set[str] = set()
        self._found: list[Candidate] = []
        self._notes: list[str] = []

    async def run(self, urls: Sequence[str]) -> Discovery:
        """Ask the first address that answers, then what it leads to."""
        url, fetched = await self._first(urls)
        if isinstance(fetched, FetchFailed):
            return Discovery(site=url, trouble=_refused(fetched.why), requests=len(self._asked))
        seen = await self._understand(fetched, asked=url, why=ITSELF)
        if isinstance(seen, Candidate):
            return self._told(PageFacts(url=fetched.final_url, title=seen.feed.title), trouble="")
        if isinstance(seen, str):
            return Discovery(site=url, trouble=_refused(seen), requests=len(self._asked))
        facts = seen
        await self._follow(facts.links)
        if not self._has_news and not self._has_calendar:
            facts = await self._from_home(facts)
        await self._try_usual(facts)
        return self._told(facts, trouble=_nothing(facts))

    async def _first(self, urls: Sequence[str]) -> tuple[str, Fetched | FetchFailed]:
        """Return the first answer, else why the likeliest address gives none."""
        failures: list[FetchFailed] = []
        for url in urls:
            result = await self._fetch(url)
            if isinstance(result, Fetched):
                return url, result
            failures.append(result)
            if "(4" in result.why or "(5" in result.why:
                break  # a server is there; another spelling of its name would find the same one
        home = home_of(urls[0])
        if "(404)" in failures[-1].why and home != urls[0]:
            result = await self._fetch(home, accept=ACCEPT_PAGE)
            if isinstance(result, Fetched):
                self._notes.append(f"There is nothing at {urls[0]}; its first page was looked at.")
                return home, result
        return urls[0], failures[0]

    async def _from_home(self, facts: PageFacts) -> PageFacts:
        """Look at the site's first page if another was given and leads nowhere."""
        home = home_of(facts.url)
        if home in self._asked or urlsplit(facts.url).path in {"", "/"}:
            return facts
        result = await self._fetch(home, accept=ACCEPT_PAGE)
        if not isinstance(result, Fetched):
            return facts
        seen = await self._understand(result, asked=home, why="the site's first page")
        if not isinstance(seen, PageFacts):
            return facts
        await self._follow(seen.links)
        return seen

    async def _follow(self, links: Sequence[FeedLink]) -> None:
        for link in links_to_follow(links):
            named = "named by the page" if link.is_declared else "linked on the page"
            trouble = await self._look(link.url, why=named)
            if trouble and link.is_declared:
                self._notes.append(f"The page names {link.url}, but {trouble}.")

    async def _try_usual(self, facts: PageFacts) -> None:
        """Ask where such a site usually answers, until there is something."""
        if not self._has_news and not self._has_calendar:
            for spot in spots_of(facts.generator):
                await self._try(spot, facts.url)
        elif "localist" in facts.generator.casefold() and not self._has_calendar:
            for spot in spots_of("localist"):
                await self._try(spot, facts.url)
        if is_wordpress(facts.generator) and not self._has_calendar:
            await self._try_events_calendar(facts.url)

    async def _try(self, spot: Spot, page: str) -> None:
        if not (self._has_calendar if spot.is_calendar else self._has_news):
            await self._look(address_of(spot, page), why=spot.why)

    async def _try_events_calendar(self, page: str) -> None:
        """Find the calendar of The Events Calendar, which not every page of its site names."""
        sign = await self._fetch(address_of(Spot(path=EVENTS_CALENDAR_SIGN, why=""), page))
        if isinstance(sign, Fetched) and b'"events"' in sign.body and sign.body[:1] == b"{":
            spot = Spot(path=EVENTS_CALENDAR, is_calendar=True, why="The Events Calendar's own")
            await self._look(address_of(spot, page), why="the calendar of The Events Calendar")

    async def _look(self, url: str, *, why: str) -> str:
        """Take what is at *url* if it is a feed; return what is wrong with it otherwise."""
        if len(self._asked) >= self._most or url in self._asked:
            return ""
        result = await self._fetch(url)
        if isinstance(result, FetchFailed):
            return result.why
        seen = await self._understand(result, asked=url, why=why)
        match seen:
            case Candidate():
                return ""
            case PageFacts():
                return "that is a web page"
            case _:
                return seen

    async def _understand(
        self, fetched: Fetched, *, asked: str, why: str
    ) -> Candidate | PageFacts | str:
        document = Document(
            body=fetched.body,
            content_type=fetched.content_type,
            url=fetched.final_url,
            now=self._clock.now(),
        )
        feed = await self._parser.parse(document)
        if isinstance(feed, ParsedFeed) and feed.format and not has_failed(feed):
            found = Candidate(url=_lasting(asked, fetched.final_url), why=why, feed=feed)
            self._found.append(found)
            return found
        page = await self._parser.read_page(document)
        return page.why if isinstance(page, ParseFailed) else page

    async def _fetch(self, url: str, *, accept: str = ACCEPT) -> Fetched | FetchFailed:
        self._asked.add(url)
        self._tell(url)
        result = await self._fetcher.fetch(url, accept=accept)
        if isinstance(result, Fetched | FetchFailed):
            return result
        return FetchFailed(why="the server says that nothing has changed, although nobody asked")

    @property
    def _has_news(self) -> bool:
        return any(not one.is_calendar and not one.is_empty for one in self._found)

    @property
    def _has_calendar(self) -> bool:
        return any(one.is_calendar for one in self._found)

    def _told(self, facts: PageFacts, *, trouble: str) -> Discovery:
        return Discovery(
            site=facts.url,
            title=facts.title,
            language=facts.language,
            licence=facts.licence,
            candidates=choose(self._found),
            trouble="" if self._found else trouble,
            notes=tuple(self._notes),
            requests=len(self._asked),
        )


def _lasting(asked: str, final: str) -> str:
    """Return the address to keep: where it led to, unless that is another site's."""
    before, after = urlsplit(asked), urlsplit(final)
    same = _name(before.hostname) == _name(after.hostname)
    return final if same else asked


def _name(host: str | None) -> str:
    return (host or "").lower().removeprefix("www.")


def _refused(why: str) -> str:
    """Return why there is no page, and what a person can do about it."""
    if "does not let Herald in" in why:
        hint = (
            "The site turns away programs. Ask its web master to let “Herald” in, or for the"
            " address of its feed or calendar."
        )
    elif "no server of this name" in why:
        hint = "Is the address spelled right? Open it in a browser and copy it from there."
    elif "private network" in why:
        hint = "If the site is on your own computer or network, add --allow-private."
    elif "(404)" in why:
        hint = "Open the site in a browser and copy the address from there."
    elif "larger than" in why:
        hint = "Give the address of the site's feed or calendar instead."
    else:
        hint = "Try again later; if a browser can open the site, ask its web master."
    return f"{why[:1].upper()}{why[1:]}. {hint}"


def _nothing(facts: PageFacts) -> str:
    """Return what to say of a page that leads to no feed."""
    if _LOGIN_PATH.search(facts.url) or _LOGIN.search(facts.title):
        return f"{facts.url} asks for a name and a password: only public pages can be read. {ASK}"
    return f"No feed and no calendar was found on {facts.url}. {ASK}"
