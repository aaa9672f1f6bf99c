"""What discovery finds on partners' sites, and how it asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from herald.clock import SetClock
from herald.model.feed import EntryEvent, ParsedEntry, ParsedFeed
from herald.model.page import FeedLink
from herald.sources.feeds.discovery.addresses_typed import NotTyped, Typed, read_address
from herald.sources.feeds.discovery.candidates import (
    Candidate,
    best_of,
    choose,
    links_to_follow,
    sample_of,
)
from herald.sources.feeds.discovery.discover import MOST_REQUESTS, Discovery, discover
from herald.sources.feeds.discovery.wellknown import USUAL, address_of, spots_of
from herald.sources.feeds.fetching.fetch import Fetcher, Limits
from herald.sources.feeds.parsing.workers import Parser
from tests.sources.feeds.documents import NOW, Site, a_site, item, rss
from tests.sources.feeds.partner_sites import (
    GENERATOR,
    NEWS,
    a_calendar_only,
    a_script_only,
    a_wary_site,
    a_wordpress,
    an_endless_page,
    an_old_static_site,
    link,
    page,
)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as served:
        yield served


async def look(url: str, *, most: int = MOST_REQUESTS) -> Discovery:
    clock = SetClock(NOW)
    limits = Limits(connect=20, read=20, total=30, spacing=timedelta(0))
    async with (
        Fetcher(contact="", clock=clock, allow_private=True, limits=limits) as fetcher,
        Parser(workers=1) as parser,
    ):
        return await discover(url, fetcher=fetcher, parser=parser, clock=clock, most=most)


def urls(found: Discovery) -> list[str]:
    return [one.url for one in best_of(found.candidates)]


# --- whole sites ---


async def test_a_wordpress_gives_its_calendar_and_its_news_but_no_comments(site: Site) -> None:
    found = await look(a_wordpress(site))
    assert urls(found) == [
        site.url("/?post_type=tribe_events&ical=1&eventDisplay=list"),
        site.url("/feed/"),
    ]
    assert not any("comments" in request.path for request in site.requests)
    assert found.title == "Home – Ecomuseo delle Saline"
    assert found.requests == len(site.requests) == 4


async def test_a_wordpress_without_the_events_calendar_is_asked_for_its_sign_only(
    site: Site,
) -> None:
    a_wordpress(site)
    site.serve("/", page(GENERATOR.format("WordPress 6.8") + link("/feed/")))
    del site.answers["/wp-json/tribe/events/v1/events"]
    assert urls(await look(site.url("/"))) == [site.url("/feed/")]
    assert len(site.requests) == 3


async def test_an_old_site_that_names_nothing_is_asked_where_feeds_usually_are(
    site: Site,
) -> None:
    found = await look(an_old_static_site(site))
    assert urls(found) == [site.url("/rss.xml")]
    assert "many a site" in found.candidates[0].why


async def test_what_a_page_names_spares_guessing(site: Site) -> None:
    site.serve("/news.xml", NEWS)
    site.serve("/", page(link("/news.xml")))
    assert urls(await look(site.url("/"))) == [site.url("/news.xml")]
    assert len(site.requests) == 2


async def test_a_calendar_behind_a_button_is_found(site: Site) -> None:
    assert urls(await look(a_calendar_only(site))) == [site.url("/cal/events.ics")]


async def test_a_page_of_scripts_alone_says_what_to_ask_the_partner_for(site: Site) -> None:
    found = await look(a_script_only(site))
    assert not found.candidates
    assert "No feed and no calendar" in found.trouble
    assert "iCal" in found.trouble
    assert len(site.requests) <= MOST_REQUESTS


async def test_a_site_is_never_asked_more_often_than_agreed(site: Site) -> None:
    links = "".join(link(f"/{number}.xml") for number in range(50))
    site.serve("/", page(links))
    await look(site.url("/"), most=4)
    assert len(site.requests) == 4


async def test_a_site_that_forbids_programs_is_left_alone(site: Site) -> None:
    found = await look(a_wary_site(site))
    assert "turns away programs" in found.trouble
    assert len(site.requests) == 1


async def test_an_endless_page_ends(site: Site) -> None:
    assert "larger than 5 MB" in (await look(an_endless_page(site))).trouble


async def test_a_site_that_has_moved_is_found_where_it_is(site: Site) -> None:
    site.serve("/neu/feed.xml", NEWS)
    site.serve("/neu/", page(link("feed.xml")))
    site.serve("/", status=301, headers={"Location": "/neu/"})
    found = await look(site.url("/"))
    assert found.site == site.url("/neu/")
    assert urls(found) == [site.url("/neu/feed.xml")]


async def test_a_feed_that_has_moved_is_written_where_it_is(site: Site) -> None:
    site.serve("/new.xml", NEWS)
    url = site.serve("/old.xml", status=302, headers={"Location": "/new.xml"})
    assert urls(await look(url)) == [site.url("/new.xml")]


async def test_a_page_that_asks_for_a_password_is_told_apart(site: Site) -> None:
    site.serve("/wp-login.php", page(title="Accedi ‹ Saline"))
    site.serve("/", status=302, headers={"Location": "/wp-login.php"})
    assert "asks for a name and a password" in (await look(site.url("/"))).trouble


async def test_a_mistyped_page_leads_to_the_first_page(site: Site) -> None:
    site.serve("/feed.xml", NEWS)
    site.serve("/", page(link("/feed.xml")))
    found = await look(site.url("/notizzie"))
    assert urls(found) == [site.url("/feed.xml")]
    assert "There is nothing at" in found.notes[0]


async def test_a_page_without_feeds_leads_to_the_first_page(site: Site) -> None:
    site.serve("/feed.xml", NEWS)
    site.serve("/chi-siamo", page())
    site.serve("/", page(link("/feed.xml")))
    assert urls(await look(site.url("/chi-siamo"))) == [site.url("/feed.xml")]


async def test_a_named_feed_that_is_not_there_is_told(site: Site) -> None:
    site.serve("/feed.xml", NEWS)
    site.serve("/", page(link("/gone.xml") + link("/feed.xml")))
    found = await look(site.url("/"))
    assert urls(found) == [site.url("/feed.xml")]
    assert "/gone.xml" in found.notes[0]


@pytest.mark.parametrize("prefix", ["feed:", "webcal:", "", "FEED://", "http://"])
async def test_the_address_may_be_a_feed_however_it_is_written(site: Site, prefix: str) -> None:
    url = site.serve("/feed.xml", NEWS)
    bare = url.removeprefix("http://")
    typed = {"feed:": f"feed:{url}", "webcal:": f"webcal://{bare}"}.get(prefix, prefix + bare)
    assert urls(await look(typed)) == [url]


async def test_an_empty_feed_is_taken_only_if_there_is_nothing_else(site: Site) -> None:
    site.serve("/empty.xml", rss())
    site.serve("/full.xml", NEWS)
    site.serve("/", page(link("/empty.xml") + link("/full.xml")))
    assert urls(await look(site.url("/"))) == [site.url("/full.xml")]
    alone = await look(site.url("/empty.xml"))
    assert urls(alone) == [site.url("/empty.xml")]
    assert any("no entries" in problem.message for problem in alone.candidates[0].feed.problems)


async def test_hostile_words_of_a_page_do_not_reach_a_person(site: Site) -> None:
    site.serve("/f.xml", rss(item(1, title="A walk\u202egnp")))
    site.serve("/", page(link("/f.xml"), title="A\x1b[31m\u202eB" + "x" * 100_000))
    found = await look(site.url("/"))
    assert "\x1b" not in found.title
    assert len(found.title) <= 2_000
    assert "\u202e" not in found.title + found.candidates[0].feed.entries[0].title


async def test_a_page_that_names_private_services_is_no_way_in(site: Site) -> None:
    site.serve("/", page(link("file:///etc/passwd") + link("gopher://127.0.0.1/")))
    found = await look(site.url("/"))
    assert not found.candidates


# --- what is best ---


def a_candidate(url: str, feed: ParsedFeed) -> Candidate:
    return Candidate(url=url, why="", feed=feed)


def a_feed(*links: str, form: str = "rss20", dated: bool = True) -> ParsedFeed:
    entries = tuple(
        ParsedEntry(
            title=f"On {one}", link=f"https://e.org/{one}", published_at=NOW if dated else None
        )
        for one in links
    )
    return ParsedFeed(format=form, entries=entries)


def test_a_calendar_wins_over_the_news_feed_of_the_same_events() -> None:
    news = a_candidate("https://e.org/events/feed/", a_feed("a", "b", "c"))
    ics = a_candidate("https://e.org/events.ics", a_feed("a", "b", form="ical"))
    assert [one.same_as for one in choose([news, ics])] == ["", ics.url]


def test_a_blog_in_two_formats_is_one() -> None:
    atom = a_candidate("https://e.org/atom", a_feed("a", "b", form="atom10", dated=False))
    plain = a_candidate("https://e.org/rss", a_feed("a", "b"))
    best, twice = choose([atom, plain])
    assert best.url == plain.url
    assert twice.same_as == plain.url


def test_a_category_is_no_second_feed_of_its_site() -> None:
    narrow = a_candidate("https://e.org/category/x/feed/", a_feed("a", "b", "c", "d"))
    whole = a_candidate("https://e.org/feed/", a_feed("a", "b", "e"))
    apart = a_candidate("https://e.org/tag/y/feed/", a_feed("z"))
    chosen = choose([narrow, apart, whole])
    assert [one.url for one in best_of(chosen)] == [whole.url]


def test_feeds_with_different_news_both_stay() -> None:
    both = choose(
        [a_candidate("https://e.org/1", a_feed("a")), a_candidate("https://e.org/2", a_feed("b"))]
    )
    assert len(best_of(both)) == 2


def test_links_for_comments_and_outlook_are_not_followed() -> None:
    links = [
        FeedLink(url="https://e.org/comments/feed/"),
        FeedLink(url="https://e.org/x/feed/", title="Saline » Storia » Feed dei commenti"),
        FeedLink(url="https://e.org/events/?outlook-ical=1", is_declared=False),
        FeedLink(url="https://e.org/feed/", title="Saline » Feed"),
        FeedLink(url="https://e.org/events/?ical=1", is_declared=False),
    ]
    assert [one.url for one in links_to_follow(links)] == [
        "https://e.org/feed/",
        "https://e.org/events/?ical=1",
    ]


def test_a_sample_shows_what_comes_next_or_what_is_newest() -> None:
    events = tuple(
        ParsedEntry(title=str(day), event=EntryEvent(begins_at=NOW + timedelta(days=day)))
        for day in (-2, 1, 2, 3, 4)
    )
    shown = sample_of(ParsedFeed(format="ical", entries=events), now=NOW)
    assert [entry.title for entry in shown] == ["1", "2", "3"]
    news = a_feed("old", "newer", "new", "newest")
    assert sample_of(news, now=NOW)[0].link.endswith("newest")


def test_well_known_places_follow_what_made_the_site() -> None:
    drupal = [address_of(spot, "https://e.org/it/") for spot in spots_of("Drupal 10 (https://…)")]
    assert drupal == ["https://e.org/rss.xml"]
    joomla = spots_of("Joomla! - Open Source Content Management")
    assert address_of(joomla[0], "https://e.org/it/news?x=1") == (
        "https://e.org/it/news?format=feed&type=rss"
    )
    assert spots_of("") is USUAL
    assert len(USUAL) + 1 <= MOST_REQUESTS


# --- what people type ---


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("www.ecomuseo.it", "https://www.ecomuseo.it/"),
        (" <https://x.org/a?b=c> ", "https://x.org/a?b=c"),
        ("htpp://x.org", "http://x.org/"),
        ("https//x.org", "https://x.org/"),
        ("http:/x.org/a", "http://x.org/a"),
        ("www,ecomuseo,it", "https://www.ecomuseo.it/"),
        ("x.org?feed=rss2", "https://x.org/?feed=rss2"),
        ("feed:https://x.org/f", "https://x.org/f"),
        ("webcal://x.org/a.ics", "https://x.org/a.ics"),
        ("museo.pl:8080/x", "https://museo.pl:8080/x"),
        (
            "https://calendar.google.com/calendar/embed?src=a%40b.c&ctz=Europe/Rome",
            "https://calendar.google.com/calendar/ical/a%40b.c/public/basic.ics",
        ),
    ],
)
def test_an_address_is_understood_as_people_type_it(typed: str, first: str) -> None:
    found = read_address(typed)
    assert isinstance(found, Typed)
    assert found.urls[0] == first


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "no web address"),
        ("ecomuseo", "no web address"),
        ("info@ecomuseo.it", "mail address (is the site at ecomuseo.it?)"),
        ("file:///etc/passwd", "no address of the web"),
        ("javascript:alert(1)", "no address of the web"),
        ("https://www.facebook.com/museo", "Facebook offers no feeds"),
    ],
)
async def test_what_is_no_address_is_told_without_a_request(typed: str, words: str) -> None:
    found = read_address(typed)
    assert isinstance(found, NotTyped)
    assert words in found.why
