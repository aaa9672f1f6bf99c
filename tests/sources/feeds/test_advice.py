"""What a web master is told to improve: from a document alone, from the present, from a visit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from herald.model.advice import Advice, Visit, Weight
from herald.model.feed import (
    Enclosure,
    EntryEvent,
    EntryImage,
    FeedProblem,
    ParsedEntry,
    ParsedFeed,
)
from herald.model.ids import Language
from herald.sources.feeds.advice.advice import advise, advise_at, improvements
from herald.sources.feeds.advice.remedies import remedy_for
from tests.sources.feeds.documents import NOW

GOOD = ParsedEntry(
    guid="https://example.org/?p=1",
    title="The salt house",
    summary="Neighbours restored it.",
    link="https://example.org/salt",
    published_at=NOW - timedelta(days=1),
    image=EntryImage(url="https://example.org/salt.jpg", alt="A stone house by the sea"),
    licence="CC-BY-4.0",
)
EVENT = replace(
    GOOD,
    published_at=None,
    event=EntryEvent(
        begins_at=NOW + timedelta(days=9), finishes_at=NOW + timedelta(days=10), place="Argenta"
    ),
)
WELL = Visit(
    asked="https://example.org/feed/",
    answered="https://example.org/feed/",
    took=timedelta(seconds=1),
    size=80_000,
    can_be_asked_for_changes=True,
)


def a_feed(*entries: ParsedEntry, **changes: Any) -> ParsedFeed:
    facts: dict[str, Any] = {
        "format": "rss20",
        "title": "Ecomuseo",
        "language": Language("it"),
        "link": "https://example.org/",
        "entries": entries or (GOOD,),
    }
    return ParsedFeed(**(facts | changes))


def changed(**changes: Any) -> ParsedFeed:
    return a_feed(replace(GOOD, **changes))


def told(feed: ParsedFeed, visit: Visit | None = WELL, now: datetime = NOW) -> tuple[Advice, ...]:
    return improvements(feed, now=now, visit=visit)


def test_a_good_feed_needs_no_advice() -> None:
    assert told(a_feed()) == ()
    assert advise(a_feed()) == advise_at(a_feed(), NOW) == ()


@pytest.mark.parametrize(
    ("feed", "weight", "words"),
    [
        pytest.param(a_feed(entries=()), "should", "no entries", id="empty"),
        pytest.param(
            changed(image=EntryImage(url="https://example.org/a.jpg")),
            "should",
            "1 of 1 pictures have no description",
            id="a picture without description",
        ),
        pytest.param(changed(guid=""), "must", "no id that stays the same", id="no id"),
        pytest.param(a_feed(GOOD, GOOD), "must", "the id of another entry", id="an id twice"),
        pytest.param(a_feed(language=None), "should", "which language", id="no language"),
        pytest.param(changed(published_at=None), "should", "no date", id="no date"),
        pytest.param(changed(link=""), "should", "no link to a page", id="no link"),
        pytest.param(changed(title=""), "should", "no title", id="no title"),
        pytest.param(changed(image=None), "could", "no entry has a picture", id="no picture"),
        pytest.param(changed(summary="It began […]"), "could", "break off", id="an excerpt"),
        pytest.param(changed(title="THE SALT HOUSE"), "could", "CAPITALS", id="capitals"),
        pytest.param(changed(licence=""), "could", "no licence", id="no licence"),
        pytest.param(
            changed(link="http://example.org/a"), "could", "begin with http://", id="an old link"
        ),
        pytest.param(
            changed(link="https://elsewhere.example/a"), "could", "another site", id="a link away"
        ),
        pytest.param(
            changed(enclosures=(Enclosure(url="https://example.org/a.mp3"),)),
            "could",
            "how large",
            id="a file without its size",
        ),
        pytest.param(a_feed(title=""), "could", "no name of its own", id="no name"),
        pytest.param(
            a_feed(title="Just another WordPress site"), "could", "calls itself", id="WordPress"
        ),
        pytest.param(
            a_feed(title="Comments for Ecomuseo"), "should", "a feed of comments", id="comments"
        ),
        pytest.param(
            a_feed(replace(EVENT, event=EntryEvent(begins_at=NOW, place="A"))),
            "could",
            "when they end",
            id="an event without end",
        ),
        pytest.param(
            a_feed(replace(EVENT, event=EntryEvent(begins_at=NOW, finishes_at=NOW))),
            "could",
            "where they are",
            id="an event without place",
        ),
        pytest.param(a_feed(EVENT, format="ical"), "could", "do not delete it", id="any calendar"),
    ],
)
def test_what_lacks_is_told_with_its_weight_and_a_remedy(
    feed: ParsedFeed, weight: str, words: str
) -> None:
    (found,) = [one for one in told(feed) if words in one.message]
    assert found.weight == weight
    assert found.how
    assert not found.is_fault


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"answered": "https://new.example/feed"}, "leads on to another", id="sent on"),
        pytest.param(
            {"answered": "https://new.example/f", "moved_to": "https://new.example/f"},
            "moved for good to https://new.example/f",
            id="moved for good",
        ),
        pytest.param({"answered": "http://example.org/feed/"}, "over http,", id="http"),
        pytest.param({"took": timedelta(seconds=9)}, "took 9 seconds", id="slow"),
        pytest.param({"size": 3 * 1024 * 1024}, "3.0 MB", id="large"),
        pytest.param({"can_be_asked_for_changes": False}, "sent each time", id="no validators"),
    ],
)
def test_a_visit_tells_of_the_server(changes: dict[str, Any], words: str) -> None:
    messages = [one.message for one in told(a_feed(), replace(WELL, **changes))]
    assert any(words in message for message in messages)


def test_dates_that_look_like_events_are_told_without_the_networks_jargon() -> None:
    doubt = "2 of 3 entries look like events (write pubdate: event_start beside its url)"
    (one,) = told(a_feed(problems=(FeedProblem(severity="warning", message=doubt),)))
    assert one.message == "2 of 3 entries look like events"
    assert "tell the network" in one.how


def test_ids_that_hold_the_present_moment_are_made_anew_each_time() -> None:
    seconds = int(NOW.timestamp())
    made_now = [replace(GOOD, guid=f"item-{n}-{seconds}") for n in range(3)]
    assert "made anew" in advise_at(a_feed(*made_now), NOW)[0].message
    long_ago = int((NOW - timedelta(days=9)).timestamp())
    kept = [replace(GOOD, guid=f"item-{n}-{long_ago}") for n in range(3)]
    assert advise_at(a_feed(*made_now[:2], *kept), NOW) == ()
    assert advise_at(a_feed(*kept), NOW) == ()


def test_the_most_important_comes_first_and_faults_are_known_as_such() -> None:
    fault = FeedProblem(severity="warning", message="the XML is not well-formed near line 3")
    poor = a_feed(replace(GOOD, guid="", link="", licence=""), problems=(fault,))
    poor = replace(poor, problems=(*poor.problems, *advise(poor)))
    found = told(poor)
    order = list(Weight)
    assert [order.index(one.weight) for one in found] == sorted(
        order.index(one.weight) for one in found
    )
    assert [one.message for one in found if one.is_fault] == [fault.message]
    assert len({one.message for one in found}) == len(found)
    assert "validator.w3.org" in next(one.how for one in found if one.is_fault)


def test_niceties_are_not_remembered_as_problems() -> None:
    assert advise(changed(licence="", image=None, title="THE SALT HOUSE")) == ()


def test_events_that_are_called_off_need_no_more_words() -> None:
    off = replace(EVENT, event=EntryEvent(begins_at=NOW, status="cancelled"))
    assert not [one for one in told(a_feed(off)) if "events do not" in one.message]


@pytest.mark.parametrize(
    ("trouble", "remedy"),
    [
        pytest.param("there is no document at this address (404)", "/feed/", id="not found"),
        pytest.param("the server's certificate is not valid", "Renew", id="certificate"),
        pytest.param("this is a web page, not a feed", "/feed/", id="a page"),
        pytest.param("something that nobody has seen", "", id="unknown"),
    ],
)
def test_fixed_sentences_of_trouble_have_a_remedy(trouble: str, remedy: str) -> None:
    found = remedy_for(trouble)
    assert remedy in found
    assert bool(found) is bool(remedy)
