"""Events on the pages of entries: which pages are read, when again, and what is taken from them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from herald.clock import SetClock
from herald.model.feed import EntryEvent, EventSource, ParsedEntry, ParsedFeed
from herald.model.ids import FeedId
from herald.model.page import PageEvent, PageFacts
from herald.model.polling import Feed, WantedFeed
from herald.sources.feeds.fetching.fetch import Fetcher, Limits
from herald.sources.feeds.identity.identify import identities
from herald.sources.feeds.parsing.workers import Parser
from herald.sources.feeds.webpages.pages import MOST_PAGES, Pages, event_for, wants_pages
from tests.sources.feeds.documents import NOW, Site, a_site

BEGINS = datetime(2027, 5, 16, 8, tzinfo=UTC)
QUICK = Limits(connect=20, read=20, total=30, spacing=timedelta(0))


def a_page(*events: dict[str, Any]) -> str:
    return f'<script type="application/ld+json">{json.dumps(list(events))}</script>'


def told(title: str = "A walk", **more: Any) -> dict[str, Any]:
    return {
        "@type": "Event",
        "name": title,
        "startDate": "2027-05-16T10:00:00+02:00",
        "location": "Argenta",
        **more,
    }


def a_feed(event_pages: str = "always", pubdate: str = "auto") -> Feed:
    wanted = WantedFeed(
        id=FeedId("f"),
        url="https://museo.example/feed",
        partners=(),
        event_pages=event_pages,
        pubdate=pubdate,
    )
    return Feed(wanted=wanted, next_check_at=NOW)


def an_entry(link: str, **changes: Any) -> ParsedEntry:
    values: dict[str, Any] = {"title": "A walk", "published_at": NOW - timedelta(days=1)}
    return ParsedEntry(guid=link, link=link, **{**values, **changes})


def parsed(*entries: ParsedEntry) -> ParsedFeed:
    return ParsedFeed(format="rss20", entries=entries)


def all_known(entries: Sequence[ParsedEntry]) -> dict[str, str]:
    return {one.key: one.fingerprint for one in identities(entries)}


def by_pubdate(begins_at: datetime, **more: Any) -> EntryEvent:
    return EntryEvent(begins_at=begins_at, source=EventSource.PUBDATE, **more)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as served:
        yield served


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def pages(clock: SetClock) -> AsyncIterator[Pages]:
    async with (
        Fetcher(contact="", clock=clock, allow_private=True, limits=QUICK) as fetcher,
        Parser(workers=1) as parser,
    ):
        yield Pages(fetcher, parser, clock=clock, zone="Europe/Rome")


def html(site: Site, path: str, *events: dict[str, Any]) -> str:
    return site.serve(path, a_page(*events), headers={"Content-Type": "text/html"})


async def test_a_new_entry_gets_the_event_of_its_page(site: Site, pages: Pages) -> None:
    link = html(site, "/walk", told(startDate="2027-05-16T10:00"))
    found = await pages.with_events(a_feed(), parsed(an_entry(link)), {})
    assert found.entries[0].event == EntryEvent(
        begins_at=BEGINS, zone="Europe/Rome", place="Argenta", source=EventSource.PAGE
    )
    assert site.requests[0].headers["Accept"].startswith("text/html")


async def test_a_known_entry_is_read_again_only_when_it_was_edited(
    site: Site, pages: Pages
) -> None:
    entry = an_entry(html(site, "/walk", told()))
    await pages.with_events(a_feed(), parsed(entry), all_known([entry]))
    assert site.requests == []
    edited = an_entry(entry.link, summary="Bring boots.")
    found = await pages.with_events(a_feed(), parsed(edited), all_known([entry]))
    assert found.entries[0].event is not None


async def test_an_event_of_the_feed_itself_is_never_looked_up(site: Site, pages: Pages) -> None:
    entry = an_entry(html(site, "/walk", told()), event=EntryEvent(begins_at=BEGINS))
    assert await pages.with_events(a_feed(), parsed(entry), {}) == parsed(entry)
    assert site.requests == []


async def test_a_first_poll_reads_few_pages_the_newest_first_and_none_of_old_entries(
    site: Site, pages: Pages
) -> None:
    entries = [
        an_entry(html(site, f"/{n}", told()), published_at=NOW - timedelta(days=n))
        for n in range(200)
    ]
    found = await pages.with_events(a_feed(), parsed(*entries[::-1]), {})
    assert [request.path for request in site.requests] == [f"/{n}" for n in range(MOST_PAGES)]
    assert sum(entry.event is not None for entry in found.entries) == MOST_PAGES
    assert [entry.guid for entry in found.entries] == [entry.guid for entry in entries[::-1]]
    site.requests.clear()
    await pages.with_events(a_feed(), parsed(*entries[181:]), {})
    assert site.requests == []


async def test_a_page_that_many_entries_share_is_read_once(site: Site, pages: Pages) -> None:
    link = html(site, "/walks", told("One"), told("Two", startDate="2027-05-18T10:00:00Z"))
    found = await pages.with_events(
        a_feed(), parsed(an_entry(link, title="One"), an_entry(link, title="Two")), {}
    )
    assert len(site.requests) == 1
    assert [entry.event and entry.event.begins_at.day for entry in found.entries] == [16, 18]


async def test_the_front_page_is_about_nothing(site: Site, pages: Pages) -> None:
    entry = an_entry(html(site, "/", told()))
    assert (await pages.with_events(a_feed(), parsed(entry), {})).entries == (entry,)
    assert site.requests == []


async def test_a_page_that_fails_is_a_warning_and_the_others_are_read(
    site: Site, pages: Pages
) -> None:
    good = an_entry(html(site, "/good", told()))
    bad = an_entry(site.serve("/bad", status=500), published_at=NOW)
    found = await pages.with_events(a_feed(), parsed(good, bad), {})
    assert found.entries[0].event is not None
    assert found.entries[1] == bad
    (problem,) = found.problems
    assert problem.severity == "warning"
    assert problem.message.startswith("1 of 2 pages")


@pytest.mark.parametrize(("status", "asked"), [(500, 3), (429, 1)])
async def test_a_server_that_keeps_failing_is_left_in_peace(
    site: Site, pages: Pages, status: int, asked: int
) -> None:
    headers = {"Retry-After": "600"} if status == 429 else {}
    entries = [an_entry(site.serve(f"/{n}", status=status, headers=headers)) for n in range(10)]
    await pages.with_events(a_feed(), parsed(*entries), {})
    assert len(site.requests) == asked


async def test_a_picture_is_no_page_and_no_trouble(site: Site, pages: Pages) -> None:
    link = site.serve("/poster", b"\x89PNG", headers={"Content-Type": "image/png"})
    assert await pages.with_events(a_feed(), parsed(an_entry(link)), {}) == parsed(an_entry(link))


async def test_a_private_address_is_never_asked(site: Site, clock: SetClock) -> None:
    link = html(site, "/walk", told())
    async with Fetcher(contact="", clock=clock, limits=QUICK) as fetcher, Parser() as parser:
        careful = Pages(fetcher, parser, clock=clock)
        found = await careful.with_events(a_feed(), parsed(an_entry(link)), {})
    assert found.entries[0].event is None
    assert "private network" in found.problems[0].message
    assert site.requests == []


async def test_a_cancellation_on_the_page_of_a_near_event_is_seen_within_a_day(
    site: Site, pages: Pages, clock: SetClock
) -> None:
    link = html(site, "/walk", told())
    known = await pages.with_events(a_feed(), parsed(an_entry(link)), {})
    fingerprints = all_known(known.entries)
    html(site, "/walk", told(eventStatus="https://schema.org/EventCancelled"))
    same = await pages.with_events(a_feed(), known, fingerprints)
    assert same.entries == known.entries
    assert len(site.requests) == 1
    clock.advance(timedelta(days=1))
    later = await pages.with_events(a_feed(), known, fingerprints)
    assert later.entries[0].event is not None
    assert later.entries[0].event.status == "cancelled"


@pytest.mark.parametrize("days", [-1, 20], ids=["over", "far ahead"])
async def test_the_page_of_an_event_that_is_not_near_is_left_alone(
    site: Site, pages: Pages, days: int
) -> None:
    event = EntryEvent(begins_at=NOW + timedelta(days=days), source=EventSource.PAGE)
    entry = an_entry(html(site, "/walk", told()), event=event)
    await pages.with_events(a_feed(), parsed(entry), all_known([entry]))
    assert site.requests == []


async def test_a_page_that_says_nothing_any_more_takes_nothing_back(
    site: Site, pages: Pages
) -> None:
    event = EntryEvent(begins_at=BEGINS, source=EventSource.PAGE)
    entry = an_entry(html(site, "/walk"), event=event)
    found = await pages.with_events(a_feed(), parsed(entry), all_known([entry]))
    assert len(site.requests) == 1
    assert found.entries == (entry,)


@pytest.mark.parametrize(
    ("begins_at", "place"),
    [
        (datetime(2027, 5, 16, 10, tzinfo=UTC), "Argenta"),
        (datetime(2027, 5, 17, 8, tzinfo=UTC), ""),
    ],
    ids=["the same day", "another day"],
)
async def test_a_page_knows_better_than_a_date_where_they_agree_on_the_day(
    site: Site, pages: Pages, begins_at: datetime, place: str
) -> None:
    link = html(site, "/walk", told(endDate="2027-05-16T12:00:00+02:00"))
    entry = an_entry(link, event=by_pubdate(begins_at, uid="7"))
    found = await pages.with_events(a_feed(), parsed(entry), {})
    event = found.entries[0].event
    assert event is not None
    assert (event.place, event.uid) == (place, "7")
    assert event.begins_at == (BEGINS if place else begins_at)


@pytest.mark.parametrize(
    ("feed", "entries", "wanted"),
    [
        (a_feed("always"), (), True),
        (a_feed("never", "event_start"), (), False),
        (a_feed("auto", "event_start"), (), True),
        (a_feed("auto"), (an_entry("https://x.example/a"),), False),
        (a_feed("auto"), (an_entry("https://x.example/a", published_at=BEGINS),), True),
        (a_feed("auto"), (an_entry("https://x.example/a", event=by_pubdate(BEGINS)),), True),
        (a_feed("auto"), (an_entry("https://x.example/?post_type=tribe_events&p=3"),), True),
    ],
    ids=["always", "never", "configured", "news", "dated ahead", "dates of events", "made by"],
)
def test_pages_are_read_where_a_feed_tells_events(
    feed: Feed, entries: tuple[ParsedEntry, ...], wanted: bool
) -> None:
    assert wants_pages(feed, parsed(*entries), now=NOW) is wanted


LINK = "https://museo.example/walk"


def on_page(*events: tuple[str, str, int], url: str = LINK) -> PageFacts:
    return PageFacts(
        url=url,
        events=tuple(
            PageEvent(
                event=EntryEvent(begins_at=datetime(2027, 5, day, tzinfo=UTC)), title=title, url=at
            )
            for title, at, day in events
        ),
    )


@pytest.mark.parametrize(
    ("facts", "day"),
    [
        (on_page(("X", "http://museo.example/walk/?utm_source=a#e", 16), ("A walk", "", 17)), 16),
        (on_page(("X", LINK + "2", 16), ("A  WALK!", "", 17)), 17),
        (on_page(("Something else", "", 18)), 18),
        (on_page(("Something else", "https://museo.example/other", 18)), None),
        (on_page(("One", "", 18), ("Two", "", 19)), None),
        (on_page(("A walk", LINK, 2), ("A walk", LINK, 20), ("A walk", LINK, 27)), 20),
        (on_page(("A walk", LINK, 2), ("A walk", LINK, 9)), 9),
        (on_page(("X", "https://new.example/w", 16), url="https://new.example/w"), 16),
        (on_page(), None),
    ],
    ids=[
        *("address", "title", "the only one", "a neighbour", "two strangers", "the next one"),
        *("the last one", "moved", "none"),
    ],
)
def test_the_event_of_a_page_that_belongs_to_an_entry(facts: PageFacts, day: int | None) -> None:
    found = event_for(an_entry(LINK), "//museo.example/walk", facts, now=NOW)
    assert (found and found.event.begins_at.day) == day
