"""The page about a feed: sound whatever the feed holds, and readable by everybody."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.advice import Advice, Looked, Weight
from herald.model.feed import EntryImage, FeedProblem, ParsedEntry, ParsedFeed
from herald.model.ids import Language
from herald.reporting.feedpage import render_feed_html
from herald.reporting.feedwords import ago, what_it_is
from tests.makers import NOON

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


class Page(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def looked(*entries: ParsedEntry, advice: tuple[Advice, ...] = (), **feed: Any) -> Looked:
    facts: dict[str, Any] = {"format": "rss20", "title": "Ecomuseo", "language": Language("it")}
    return Looked(
        source="https://example.org/feed/",
        at=NOON,
        feed=ParsedFeed(**(facts | {"entries": entries} | feed)),
        advice=advice,
    )


@given(st.text(max_size=40))
def test_nothing_that_a_feed_says_becomes_markup(words: str) -> None:
    hostile = words + HOSTILE
    entry = ParsedEntry(
        title=hostile,
        summary=hostile,
        link=f"javascript:alert(1)//{hostile}",
        author=hostile,
        categories=(hostile,),
        licence=f"data:text/html,{hostile}",
        image=EntryImage(url=f"javascript:{hostile}", alt=hostile),
    )
    advice = (Advice(weight=Weight.MUST, message=hostile, how=hostile),)
    page = Page(render_feed_html(looked(entry, title=hostile, advice=advice)))
    assert page.named("script") == page.named("img") == []
    assert all(a["href"] == "#improve" for a in page.named("a"))
    linked = replace(
        entry,
        link=f"https://example.org/{hostile}",
        image=EntryImage(url="https://example.org/a.jpg", alt=hostile),
    )
    page = Page(render_feed_html(looked(linked)))
    assert page.named("script") == page.named("img") == []
    assert not [name for _, attributes in page.elements for name in attributes if name[:2] == "on"]


def test_the_page_asks_no_server_for_anything() -> None:
    entry = ParsedEntry(title="A", image=EntryImage(url="https://example.org/a.jpg", alt="A hat"))
    text = render_feed_html(looked(entry))
    page = Page(text)
    assert {name for name, _ in page.elements}.isdisjoint({"img", "link", "script", "iframe"})
    assert "url(" not in text
    assert "@import" not in text
    assert "A hat" in text
    assert {"href": "https://example.org/a.jpg", "rel": "noreferrer nofollow"} in page.named("a")


def test_each_entry_says_its_own_language_and_rows_have_headings() -> None:
    entry = ParsedEntry(title="La maison du sel", summary="Elle ouvre.", language=Language("fr"))
    page = Page(render_feed_html(looked(entry)))
    assert page.named("html") == [{"lang": "en"}]
    assert [one.get("lang") for one in page.named("h3")] == ["fr"]
    assert "fr" in [one.get("lang") for one in page.named("td")]
    assert all(one == {"scope": "row"} for one in page.named("th"))


def test_headings_have_no_gaps() -> None:
    advice = (Advice(weight=Weight.SHOULD, message="say your language"),)
    page = Page(render_feed_html(looked(ParsedEntry(title="A"), advice=advice)))
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_cannot_be_read_is_said_and_nothing_is_praised() -> None:
    problem = FeedProblem(severity="error", message="this is a web page, not a feed")
    fault = Advice(weight=Weight.MUST, message=problem.message, is_fault=True)
    text = render_feed_html(looked(format="", title="", advice=(fault,), problems=(problem,)))
    assert "Why it could not be read" in text
    assert "This is a web page, not a feed." in text
    assert "Thank you" not in text


def test_the_first_link_leads_to_what_is_there() -> None:
    problem = FeedProblem(severity="error", message="this is a web page, not a feed")
    fault = Advice(weight=Weight.MUST, message=problem.message, is_fault=True)
    for one in (
        looked(ParsedEntry(title="A")),
        looked(format="", advice=(fault,), problems=(problem,)),
    ):
        page = Page(render_feed_html(one))
        target = str(page.named("a")[0]["href"]).removeprefix("#")
        assert target in [attributes.get("id") for _, attributes in page.elements]


def test_only_ten_entries_are_shown_unless_all_are_asked_for() -> None:
    feed = looked(*(ParsedEntry(title=f"Story {n}") for n in range(12)))
    few, many = render_feed_html(feed), render_feed_html(feed, everything=True)
    assert "Story 11" in few
    assert "Story 0" not in few
    assert "… and 2 more." in few
    assert "Story 0" in many


@pytest.mark.parametrize(
    ("feed", "sentence"),
    [
        pytest.param(
            looked(ParsedEntry(published_at=NOON - timedelta(days=3))).feed,
            "RSS 2.0, a news feed in Italian with 1 entry; the newest is from 3 days ago.",
            id="news",
        ),
        pytest.param(
            looked(format="ical", language=None).feed,
            "iCalendar, a calendar with 0 events.",
            id="an empty calendar",
        ),
        pytest.param(
            looked(format="").feed, "This could not be read as a feed.", id="not understood"
        ),
    ],
)
def test_a_feed_is_named_in_one_sentence(feed: ParsedFeed, sentence: str) -> None:
    assert what_it_is(feed, now=NOON) == sentence


def test_distances_in_time_are_told_in_words() -> None:
    assert ago(NOON - timedelta(hours=2), NOON) == "2 hours ago"
    assert ago(NOON + timedelta(days=1), NOON) == "in 1 day"
