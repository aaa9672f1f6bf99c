"""What Herald reads off a web page: links to feeds, its language and licence, and its events."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.model.feed import EventSource
from herald.model.page import FeedLink, PageEvent, PageFacts
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.webpages.jsonld import MOST_EVENTS, read_events
from herald.sources.feeds.webpages.moments import length_of, read_written
from herald.sources.feeds.webpages.webpage import MOST_LINKS, read_page
from tests.sources.feeds.documents import NOW

URL = "https://museo.example/eventi/passeggiata/"


def page(html: str | bytes, content_type: str = "text/html") -> PageFacts:
    body = html.encode() if isinstance(html, str) else html
    return read_page(Document(body=body, content_type=content_type, url=URL, now=NOW))


def walk(**more: Any) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": "A walk",
        "startDate": "2027-05-16T10:00:00+02:00",
        **more,
    }


def events(*blocks: Any, zone: str = "") -> tuple[PageEvent, ...]:
    written = (one if isinstance(one, str) else json.dumps(one) for one in blocks)
    return read_events(written, base=URL, zone=zone)


def only(*blocks: Any, zone: str = "") -> PageEvent:
    (found,) = events(*blocks, zone=zone)
    return found


def test_a_page_says_its_title_language_licence_and_generator() -> None:
    facts = page(
        '<!DOCTYPE html><html lang="it_it"><head><title>Museo &amp;\n amici</title>'
        '<meta name="Generator" content="WordPress 6.8">'
        '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'
        "</head><body><svg><title>Icon</title></svg></body></html>"
    )
    assert facts.title == "Museo & amici"
    assert facts.language == "it-IT"
    assert facts.generator == "WordPress 6.8"
    assert facts.licence == "https://creativecommons.org/licenses/by/4.0/"


def test_declared_feeds_are_told_from_plain_links_and_each_is_named_once() -> None:
    facts = page(
        '<base href="/en/"><a href="https://museo.example/en/feed/">RSS</a>'
        '<link rel="alternate" type="application/rss+xml" title="News" href="feed/">'
        '<link rel="alternate" hreflang="it" href="/it/">'
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">'
        '<link rel="alternate" type="application/json+oembed" href="/oembed?url=x">'
        '<a href="/calendario.ics">Calendar</a>'
    )
    assert facts.links == (
        FeedLink(
            url="https://museo.example/en/feed/",
            type="application/rss+xml",
            title="News",
        ),
        FeedLink(url="https://museo.example/calendario.ics", is_declared=False),
    )


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("webcal://calendar.example/a/basic", "https://calendar.example/a/basic"),
        ("webcal://museo.example/?ical=1", "https://museo.example/?ical=1"),
        ("/events/?ical=1", "https://museo.example/events/?ical=1"),
        ("/events/list/?outlook-ical=1", "https://museo.example/events/list/?outlook-ical=1"),
        ("/?feed=rss2", "https://museo.example/?feed=rss2"),
        ("/news/feed/", "https://museo.example/news/feed/"),
        ("/index.php?format=feed&type=rss", "https://museo.example/index.php?format=feed&type=rss"),
        ("/notizie.RSS", "https://museo.example/notizie.RSS"),
    ],
)
def test_a_plain_link_that_looks_like_a_feed_is_kept(href: str, url: str) -> None:
    assert [link.url for link in page(f'<a href="{href}">x</a>').links] == [url]


@pytest.mark.parametrize(
    "href",
    [
        "/sitemap.xml",
        "/feedback/",
        "/about",
        "javascript:feed()",
        "mailto:feed@x.example",
        "/osd.xml",
    ],
)
def test_an_ordinary_link_is_left_out(href: str) -> None:
    assert page(f'<a href="{href}">x</a>').links == ()


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        ("<meta charset=iso-8859-2><title>Łódź</title>".encode("iso-8859-2"), "", "Łódź"),
        ("<title>Ψωμί</title>".encode("iso-8859-7"), "text/html; charset=iso-8859-7", "Ψωμί"),
        ("<title>Città</title>".encode("cp1252"), "text/html; charset=utf-8", "Città"),
        ("\ufeff<title>Città</title>".encode(), "text/html; charset=latin-1", "Città"),
        (b"<title>a\0b</title>", "", "ab"),
    ],
    ids=["meta", "header", "wrong header", "mark", "zero"],
)
def test_a_page_is_read_in_its_encoding(body: bytes, content_type: str, title: str) -> None:
    assert page(body, content_type).title == title


def test_an_event_of_a_page_with_all_its_facts() -> None:
    facts = page(
        '<html lang="it"><script type="application/ld+json; charset=utf-8">'
        + json.dumps(
            walk(
                name="Passeggiata &#8211; risaie",
                endDate="2027-05-16T12:30:00+02:00",
                url="/eventi/passeggiata/",
                inLanguage="it-IT",
                eventStatus="https://schema.org/EventPostponed",
                location={
                    "@type": "Place",
                    "name": "Museo",
                    "address": {
                        "@type": "PostalAddress",
                        "streetAddress": "Via Roma 1",
                        "postalCode": "44011",
                        "addressLocality": "Argenta",
                    },
                },
                organizer={"@type": "Person", "email": "ana@museo.example"},
            )
        )
        + "</script>"
    )
    (found,) = facts.events
    assert (found.title, found.url, found.language) == ("Passeggiata – risaie", URL, "it-IT")
    assert found.event.begins_at == datetime(2027, 5, 16, 8, tzinfo=UTC)
    assert found.event.finishes_at == datetime(2027, 5, 16, 10, 30, tzinfo=UTC)
    assert found.event.place == "Museo, Via Roma 1, 44011 Argenta"
    assert (found.event.status, found.event.source) == ("postponed", EventSource.PAGE)
    assert "ana@" not in repr(facts)


def test_only_json_ld_is_read() -> None:
    told = json.dumps(walk())
    assert page(f'<script type="application/json">{told}</script><p>{told}</p>').events == ()


@pytest.mark.parametrize(
    "kind",
    [
        "Festival",
        ["Thing", "ExhibitionEvent"],
        "http://schema.org/TheaterEvent",
        "schema:CourseInstance",
    ],
)
def test_every_kind_of_event_is_one(kind: Any) -> None:
    assert only(walk(**{"@type": kind})).title == "A walk"


@pytest.mark.parametrize("kind", ["Organization", "DeliveryEvent", "UserInteraction", None, 7, {}])
def test_what_is_no_event_to_go_to_is_none(kind: Any) -> None:
    assert events(walk(**{"@type": kind})) == ()


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, walk()]},
        [[[walk()]]],
        {"@type": "WebPage", "mainEntity": {"@type": "ItemList", "itemListElement": [walk()]}},
    ],
    ids=["graph", "lists", "nested"],
)
def test_events_are_found_wherever_they_stand(document: Any) -> None:
    assert only(document).title == "A walk"


def test_words_with_their_vocabulary_before_them_are_known() -> None:
    plain = walk(location="Argenta")
    spelled = {name if name[0] == "@" else f"schema:{name}": one for name, one in plain.items()}
    assert only({**spelled, "@type": "schema:Event"}) == only(plain)


def test_references_are_followed_within_the_page() -> None:
    place = {"@type": "Place", "@id": "#museo", "name": "Museo"}
    found = only({"@graph": [walk(location={"@id": "#museo"}), place]})
    assert found.event.place == "Museo"


def test_the_same_event_twice_on_a_page_is_one() -> None:
    assert len(events(walk(), [walk()])) == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("https://schema.org/EventCancelled", "cancelled"),
        ("http://schema.org/EventCancelled", "cancelled"),
        ("EventCancelled", "cancelled"),
        ("schema:EventCancelled", "cancelled"),
        ({"@id": "https://schema.org/EventCancelled"}, "cancelled"),
        (["https://schema.org/EventRescheduled", "EventPostponed"], "postponed"),
        ("https://schema.org/EventMovedOnline", "confirmed"),
        ("https://schema.org/EventRescheduled", "confirmed"),
        (None, "confirmed"),
        (3, "confirmed"),
    ],
)
def test_what_became_of_an_event(status: Any, expected: str) -> None:
    assert only(walk(eventStatus=status)).event.status == expected


@pytest.mark.parametrize(
    ("begins", "ends", "moment", "until", "all_day", "zone"),
    [
        ("2027-05-16T10:00+02:00", None, (16, 8), None, False, ""),
        ("2027-05-16T10:00:00+0200", "2027-05-16T11:00:00+0200", (16, 8), (16, 9), False, ""),
        ("2027-05-16T08:00:00.000Z", None, (16, 8), None, False, ""),
        ("2027-05-16T10:00", "2027-05-16T12:00", (16, 8), (16, 10), False, "Europe/Rome"),
        ("2027-5-16 9:00", None, (16, 7), None, False, "Europe/Rome"),
        ("2027-05-16", None, (15, 22), None, True, "Europe/Rome"),
        ("2027-05-16", "2027-05-17", (15, 22), (17, 22), True, "Europe/Rome"),
        (
            *("2027-05-16T00:00:00-05:00", "2027-05-16T23:59:59-05:00"),
            *((15, 22), (16, 22), True, "Europe/Rome"),
        ),
        ("2027-05-16T10:00:00Z", "2027-05-15T10:00:00Z", (16, 10), None, False, ""),
        ("2027-05-16T10:00:00Z", "2027-05-18", (16, 10), None, False, ""),
    ],
)
def test_the_moments_of_events(
    begins: str,
    ends: str | None,
    moment: tuple[int, int],
    until: tuple[int, int] | None,
    all_day: bool,
    zone: str,
) -> None:
    event = only(walk(startDate=begins, endDate=ends), zone="Europe/Rome").event
    assert event.begins_at == datetime(2027, 5, *moment, tzinfo=UTC)
    assert event.finishes_at == (until and datetime(2027, 5, *until, tzinfo=UTC))
    assert (event.all_day, event.zone) == (all_day, zone)


def test_a_duration_tells_the_end_where_nothing_else_does() -> None:
    event = only(walk(duration="PT2H30M")).event
    assert event.finishes_at == datetime(2027, 5, 16, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize("begins", ["soon", "", None, "2027-13-45", "0001-01-01", [], {}])
def test_an_event_without_a_date_is_none(begins: Any) -> None:
    assert events(walk(startDate=begins)) == ()


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("Argenta", "Argenta"),
        ({"@type": "Place", "address": "Via Roma 1, Argenta"}, "Via Roma 1, Argenta"),
        (
            {"name": "Argenta", "address": "Via Roma, Argenta"},
            "Via Roma, Argenta",
        ),
        ({"@type": "PostalAddress", "addressLocality": "Argenta"}, "Argenta"),
        ({"@type": "VirtualLocation", "url": "https://meet.example/x"}, "https://meet.example/x"),
        ([{"@type": "VirtualLocation", "url": "https://m.example"}, {"name": "Museo"}], "Museo"),
        ([[]], ""),
        ({"name": {"@value": "Museo", "@language": "it"}}, "Museo"),
    ],
)
def test_where_an_event_is(location: Any, place: str) -> None:
    assert only(walk(location=location)).event.place == place


WHOLE = json.dumps(walk())


@pytest.mark.parametrize(
    "block",
    [
        WHOLE.replace('"}', '",}'),
        f"//<![CDATA[\n{WHOLE}\n//]]>",
        f"/*<![CDATA[*/{WHOLE}/*]]>*/",
        f"<!-- {WHOLE} -->",
        WHOLE.replace('"', "&quot;"),
        f"/* our event */ {WHOLE} // done",
        f"{WHOLE};",
        WHOLE.replace("A walk", "A\nwalk"),
        WHOLE.replace("A walk", "A \\walk"),
        f"{{}}{WHOLE}",
    ],
    ids=[
        *("comma", "cdata", "cdata in comments", "html comment", "entities", "comments"),
        *("semicolon", "line break", "backslash", "two values"),
    ],
)
def test_json_that_is_not_quite_json_is_mended(block: str) -> None:
    assert only(block).title == "A walk"


def test_a_broken_block_does_not_hide_the_next() -> None:
    assert only('{"@type": "Event", ', WHOLE).title == "A walk"


def test_mending_leaves_texts_alone() -> None:
    block = WHOLE.replace("A walk", "See https://x.example, ] /* here */").replace('"}', '",}')
    assert only(block).title == "See https://x.example, ] /* here */"


@pytest.mark.parametrize(
    "block",
    [
        "[" * 400_000,
        '{"a":' * 200_000,
        "/*" * 400_000,
        '"' * 800_001,
        "," * 800_000,
        "[" + "{}," * 300_000 + "{}]",
        "<!--" * 200_000,
        "\\" * 800_001,
    ],
)
def test_hostile_json_ends_soon(block: str) -> None:
    began = time.process_time()
    assert events(block, WHOLE)[-1].title == "A walk"
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "html",
    [
        "<!--" * 1_000_000,
        "<div>" * 500_000,
        f'<a href="{"x" * 5_000_000}">',
        "<a " + "b=c " * 1_000_000 + ">",
        "<script type=application/ld+json>" * 100_000,
        "<" * 3_000_000,
        "</" * 2_000_000,
        "<a href=/feed?" * 300_000,
        "<![CDATA[" * 500_000,
    ],
)
def test_a_hostile_page_ends_soon(html: str) -> None:
    began = time.process_time()
    page(html)
    assert time.process_time() - began < 5


def test_a_page_of_many_links_and_events_is_cut() -> None:
    links = "".join(f'<a href="/{number}/feed/">x</a>' for number in range(MOST_LINKS + 50))
    many = json.dumps([walk(name=f"Walk {number}") for number in range(MOST_EVENTS + 50)])
    facts = page(f'{links}<script type="application/ld+json">{many}</script>')
    assert (len(facts.links), len(facts.events)) == (MOST_LINKS, MOST_EVENTS)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=800), st.data())
def test_any_bytes_are_a_page(body: bytes, data: st.DataObject) -> None:
    whole = f'<title>x</title><script type="application/ld+json">{WHOLE}</script>'.encode()
    cut = data.draw(st.integers(0, len(whole)))
    page(whole[:cut] + body + whole[cut:])


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.just("2027-05-16"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["location", "name", "url", "endDate", "eventStatus", "inLanguage", "@id"]),
        VALUES,
    )
)
def test_any_values_of_an_event_are_survived(more: dict[str, Any]) -> None:
    (found,) = events(walk(**more))
    assert found.event.finishes_at is None or found.event.finishes_at >= found.event.begins_at


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("PT2H", 120), ("P1D", 1440), ("P1W", 10080), ("PT", None), ("P", None), ("P900D", None)],
)
def test_durations(text: str, minutes: int | None) -> None:
    length = length_of(text)
    assert (length and length.total_seconds() / 60) == minutes


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text: str) -> None:
    read_written(text)
    length_of(text)
