"""What Herald understands of documents of every kind."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from herald.model.feed import Enclosure, EntryImage, ParsedEntry, ParsedFeed
from herald.sources.feeds.parsing.parse import Document, has_failed, parse
from herald.sources.feeds.words.dates import read_date
from herald.sources.feeds.words.plain import absolute, fold, language_tag, plain_text, short
from tests.sources.feeds.documents import NOW, calendar, item, rss

URL = "https://example.org/feed"


def read(document: str | bytes, content_type: str = "", url: str = URL) -> ParsedFeed:
    body = document.encode() if isinstance(document, str) else document
    return parse(Document(body=body, content_type=content_type, url=url, now=NOW))


def only(document: str | bytes) -> ParsedEntry:
    (entry,) = read(document).entries
    return entry


def told(feed: ParsedFeed) -> str:
    return "\n".join(problem.message for problem in feed.problems)


def test_an_rss_entry_with_all_its_fields() -> None:
    more = (
        "<dc:creator>Ana</dc:creator><category>sale</category><category>sale</category>"
        '<enclosure url="/talk.mp3" type="audio/mpeg" length="12345"/>'
    )
    entry = only(rss(item(7, title="The &amp; salt", text="&lt;p&gt;One&lt;/p&gt;Two", more=more)))
    assert entry == ParsedEntry(
        guid="https://example.org/?p=7",
        title="The & salt",
        summary="One Two",
        link="https://example.org/story-7",
        published_at=datetime(2027, 5, 10, 6, 0, tzinfo=UTC),
        author="Ana",
        categories=("sale",),
        enclosures=(
            Enclosure(url="https://example.org/talk.mp3", type="audio/mpeg", length=12345),
        ),
    )


def test_a_feed_says_its_title_language_and_site() -> None:
    feed = read(rss(item()))
    assert (feed.format, feed.title, feed.language, feed.link) == (
        "rss20",
        "Ecomuseo",
        "it",
        "https://example.org/",
    )


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="it-it">
<title type="html">Eco &amp;amp; museo</title><id>x</id><link href="https://example.org/"/>
<entry xml:lang="sl"><title type="text">AT&amp;T &lt;b&gt;</title><id>tag:example.org,1</id>
<link rel="alternate" hreflang="en" href="/en"/><link rel="alternate" hreflang="sl" href="/sl"/>
<published>2027-05-10T10:00:00+02:00</published><updated>2027-05-11T10:00:00Z</updated>
<summary>Short</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>A
longer <b>text</b></p><p>of two</p><img src="a.png" alt="A salt pan"/></div></content>
<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"/></entry></feed>"""


def test_an_atom_entry_has_its_own_language_link_and_licence() -> None:
    feed = read(ATOM)
    (entry,) = feed.entries
    assert feed.format == "atom10"
    assert feed.title == "Eco & museo"
    assert feed.language == "it-IT"
    assert entry.guid == "tag:example.org,1"
    assert entry.title == "AT&T <b>"
    assert entry.language == "sl"
    assert entry.link == "https://example.org/sl"
    assert entry.summary == "A longer text of two"
    assert entry.published_at == datetime(2027, 5, 10, 8, 0, tzinfo=UTC)
    assert entry.updated_at == datetime(2027, 5, 11, 10, 0, tzinfo=UTC)
    assert entry.image == EntryImage(url="https://example.org/a.png", alt="A salt pan")
    assert entry.licence == "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("document", "format_"),
    [
        (
            (
                '<rss version="0.91"><channel><title>T</title><item><title>A</title>'
                "<link>http://e.org/a</link></item></channel></rss>"
            ),
            "rss091u",
        ),
        (
            (
                '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
                ' xmlns="http://purl.org/rss/1.0/"><channel><title>T</title></channel>'
                '<item rdf:about="http://e.org/a"><title>A</title><link>http://e.org/a</link></item>'
                "</rdf:RDF>"
            ),
            "rss10",
        ),
        (
            (
                '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>T</title><entry>'
                '<title>A</title><link rel="alternate" type="text/html" href="http://e.org/a"/>'
                "<id>http://e.org/a</id></entry></feed>"
            ),
            "atom03",
        ),
    ],
)
def test_older_formats_are_read(document: str, format_: str) -> None:
    feed = read(document)
    assert feed.format == format_
    assert [(entry.title, entry.link) for entry in feed.entries] == [("A", "http://e.org/a")]


def test_a_json_feed() -> None:
    feed = read(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "Ecomuseum",
                "language": "en_gb",
                "home_page_url": "https://example.org/",
                "items": [
                    {
                        "id": 12,
                        "url": "/a",
                        "title": "A &amp; B",
                        "content_html": "<p>One</p><p>two <img src='/i.png' alt='A boat'></p>",
                        "image": "https://example.org/i.png",
                        "date_published": "2027-05-10T10:00:00+02:00",
                        "authors": [{"name": "Ana"}, {"name": "Bo"}],
                        "tags": ["salt", "salt", 3],
                        "attachments": [
                            {"url": "/t.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 5}
                        ],
                    },
                    "no item",
                ],
            }
        )
    )
    (entry,) = feed.entries
    assert (feed.format, feed.language) == ("json11", "en-GB")
    assert entry == ParsedEntry(
        guid="12",
        title="A &amp; B",  # JSON holds text, not markup: nothing is decoded
        summary="One two",
        link="https://example.org/a",
        published_at=datetime(2027, 5, 10, 8, 0, tzinfo=UTC),
        author="Ana, Bo",
        categories=("salt",),
        image=EntryImage(url="https://example.org/i.png", alt="A boat"),
        enclosures=(Enclosure(url="https://example.org/t.mp3", type="audio/mpeg", length=5),),
    )


WALK = """UID:walk@example.org
SUMMARY;LANGUAGE=it:Passeggiata\\, fra le risaie
DESCRIPTION:Due ore\\ncon chi le allaga
DTSTART;TZID=Europe/Rome:20270516T100000
DTEND;TZID=Europe/Rome:20270516T123000
LOCATION:Argenta
STATUS:CONFIRMED
SEQUENCE:2
CATEGORIES:walk,rice
URL:https://example.org/walk
CREATED:20270401T080000Z
LAST-MODIFIED:20270501T080000Z"""


def test_a_calendars_event() -> None:
    entry = only(calendar(WALK))
    assert entry.event is not None
    assert entry.title == "Passeggiata, fra le risaie"
    assert entry.summary == "Due ore con chi le allaga"
    assert entry.language == "it"
    assert entry.guid == entry.event.uid == "walk@example.org"
    assert entry.link == "https://example.org/walk"
    assert entry.categories == ("walk", "rice")
    assert entry.published_at == datetime(2027, 4, 1, 8, 0, tzinfo=UTC)
    assert entry.event.begins_at == datetime(2027, 5, 16, 8, 0, tzinfo=UTC)
    assert entry.event.finishes_at == datetime(2027, 5, 16, 10, 30, tzinfo=UTC)
    assert (entry.event.zone, entry.event.all_day) == ("Europe/Rome", False)
    assert (entry.event.place, entry.event.status, entry.event.sequence) == (
        "Argenta",
        "confirmed",
        2,
    )


@pytest.mark.parametrize(
    ("start", "begins_at", "zone", "all_day"),
    [
        ("DTSTART:20270516T100000Z", datetime(2027, 5, 16, 10, tzinfo=UTC), "", False),
        ("DTSTART:20270516T100000", datetime(2027, 5, 16, 8, tzinfo=UTC), "Europe/Rome", False),
        (
            "DTSTART;VALUE=DATE:20270516",
            datetime(2027, 5, 15, 22, tzinfo=UTC),
            "Europe/Rome",
            True,
        ),
        (
            "DTSTART;TZID=W. Europe Standard Time:20270516T100000",
            datetime(2027, 5, 16, 8, tzinfo=UTC),
            "Europe/Berlin",
            False,
        ),
    ],
    ids=["UTC", "floating", "whole day", "Windows zone"],
)
def test_the_moments_of_calendars(
    start: str, begins_at: datetime, zone: str, all_day: bool
) -> None:
    event = only(calendar(f"UID:1\nSUMMARY:A\n{start}")).event
    assert event is not None
    assert (event.begins_at, event.zone, event.all_day) == (begins_at, zone, all_day)


FLOATING = "UID:1\nSUMMARY:A\nURL:https://example.org/a\nDTSTART:20270516T100000"


@pytest.mark.parametrize(
    ("event", "head", "advice"),
    [
        (FLOATING, "", "events without a time zone, taken for UTC: 1 of 1"),
        (FLOATING, "X-WR-TIMEZONE:Europe/Rome", ""),
        (FLOATING + "Z", "", ""),
        (FLOATING.replace("DTSTART:20270516T100000", "DTSTART;VALUE=DATE:20270516"), "", ""),
    ],
    ids=["nowhere", "the calendar says it", "UTC", "a whole day"],
)
def test_a_calendar_without_a_zone_is_told_so_and_none_is_asked_for_a_language(
    event: str, head: str, advice: str
) -> None:
    problems = told(read(calendar(event, head=head)))
    assert problems.startswith(advice) if advice else problems == ""


def test_a_cancelled_event_is_read_as_one() -> None:
    event = only(calendar(WALK.replace("CONFIRMED", "CANCELLED"))).event
    assert event is not None
    assert event.status == "cancelled"


def test_a_recurring_event_is_spread_without_its_exceptions() -> None:
    weekly = (
        "UID:w\nSUMMARY:Weaving\nDTSTART;TZID=Europe/Rome:20270501T100000\nDURATION:PT2H\n"
        "RRULE:FREQ=WEEKLY;UNTIL=20270605T235959Z\nEXDATE;TZID=Europe/Rome:20270522T100000"
    )
    moved = (
        "UID:w\nSUMMARY:Weaving, later\nRECURRENCE-ID;TZID=Europe/Rome:20270529T100000\n"
        "DTSTART;TZID=Europe/Rome:20270529T150000"
    )
    entries = read(calendar(weekly, moved)).entries
    assert [(entry.guid, entry.event and entry.event.begins_at) for entry in entries] == [
        ("w#20270515T100000", datetime(2027, 5, 15, 8, tzinfo=UTC)),
        ("w#20270529T100000", datetime(2027, 5, 29, 13, tzinfo=UTC)),
        ("w#20270605T100000", datetime(2027, 6, 5, 8, tzinfo=UTC)),
    ]


def test_a_recurring_event_keeps_its_hour_when_the_clocks_change() -> None:
    daily = "UID:d\nSUMMARY:Open\nDTSTART;TZID=Europe/Rome:20261001T100000\nRRULE:FREQ=DAILY"
    entries = read(calendar(daily)).entries
    hours = {entry.event.begins_at.hour for entry in entries if entry.event}
    assert hours == {8, 9}


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=HOURLY;INTERVAL=1",
        "RRULE:FREQ=SOMETIMES",
        "RRULE:nonsense",
        "RRULE:FREQ=DAILY;COUNT=999999999",
    ],
)
def test_odd_rules_give_a_bounded_number_of_entries(rule: str) -> None:
    feed = read(calendar(f"UID:1\nSUMMARY:A\nDTSTART:20270516T100000Z\n{rule}"))
    assert 1 <= len(feed.entries) <= 200


def test_events_of_the_rss_event_module() -> None:
    more = (
        "<ev:startdate>2027-05-16T10:00:00+02:00</ev:startdate>"
        "<ev:enddate>2027-05-16T12:00:00+02:00</ev:enddate><ev:location>Argenta</ev:location>"
    )
    event = only(rss(item(more=more))).event
    assert event is not None
    assert event.begins_at == datetime(2027, 5, 16, 8, 0, tzinfo=UTC)
    assert event.place == "Argenta"


@pytest.mark.parametrize(
    ("more", "text", "image"),
    [
        (
            (
                '<media:content url="/a.jpg" medium="image"><media:description>A pan'
                "</media:description></media:content>"
            ),
            "Text",
            ("/a.jpg", "A pan"),
        ),
        (
            (
                "<media:group><media:description>Both</media:description>"
                '<media:content url="/a.jpg" type="image/jpeg"/></media:group>'
            ),
            "Text",
            ("/a.jpg", "Both"),
        ),
        (
            (
                "<media:description>Of nothing in particular</media:description>"
                '<media:thumbnail url="/a.jpg"/>'
            ),
            "Text",
            ("/a.jpg", ""),
        ),
        (
            (
                '<media:content url="/a.jpg" medium="image"><media:title>IMG_1.jpg</media:title>'
                "</media:content>"
            ),
            "Text",
            ("/a.jpg", ""),
        ),
        (
            '<enclosure url="/a.jpg" type="image/jpeg" length="5"/>',
            "&lt;img src='/a.jpg' alt='A pan'&gt;",
            ("/a.jpg", "A pan"),
        ),
        (
            "",
            "&lt;img src='/dot.gif' width='1' height='1'&gt;&lt;img src='/a.jpg' alt='A pan'&gt;",
            ("/a.jpg", "A pan"),
        ),
        ('<media:content url="/film.mp4" type="video/mp4"/>', "Text", None),
        ("", "&lt;img src='javascript:x' alt='no'&gt;", None),
    ],
    ids=[
        *("own description", "group", "loose description", "title is no alt"),
        *("alt of the same picture", "counting pixel", "film", "script"),
    ],
)
def test_a_picture_and_its_description(more: str, text: str, image: tuple[str, str] | None) -> None:
    found = only(rss(item(text=text, more=more))).image
    expected = image and EntryImage(url=f"https://example.org{image[0]}", alt=image[1])
    assert found == expected


def test_a_pictures_description_is_not_taken_for_the_text() -> None:
    more = (
        '<media:content url="/a.jpg" medium="image"><media:description>'
        "A very long description of a picture of a salt pan</media:description></media:content>"
    )
    assert only(rss(item(text="Short", more=more))).summary == "Short"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fish &amp;amp; chips", "Fish & chips"),
        ("Fish &amp; chips", "Fish & chips"),
        ("<![CDATA[Fish &amp; <b>chips</b>]]>", "Fish & chips"),
        ("L&#8217;ecomuseo  &#232;\n aperto", "L’ecomuseo è aperto"),
        ("Caf\u0065\u0301", "Caf\u00e9"),
        ("a\u200bb\u202ec\u00add", "abcd"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 family", "👨‍👩‍👧 family"),
        ("مرحبا بكم", "مرحبا بكم"),
    ],
)
def test_titles_are_plain_text_with_entities_decoded_once(title: str, expected: str) -> None:
    assert only(rss(item(title=title))).title == expected


def test_nothing_in_an_entry_is_markup_any_more() -> None:
    hostile = (
        "&lt;script&gt;alert(1)&lt;/script&gt;&lt;style&gt;p{}&lt;/style&gt;"
        "&lt;p onclick='x'&gt;Hello&lt;/p&gt;&lt;iframe src='//x'&gt;&lt;/iframe&gt;"
    )
    assert only(rss(item(text=hostile))).summary == "Hello"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "mailto:a@b.c"]
)
def test_only_web_links_are_links(link: str) -> None:
    assert only(rss(item(link=link))).link == ""


def test_a_guid_is_a_link_only_if_it_is_one() -> None:
    permanent = "<item><title>A</title><guid>https://example.org/a</guid></item>"
    assert only(rss(permanent)).link == "https://example.org/a"
    name = "<item><title>A</title><guid>just-a-name</guid></item>"
    assert only(rss(name)).link == ""
    assert only(rss(name)).guid == "just-a-name"


@pytest.mark.parametrize(
    ("more", "expected"),
    [("<dc:language>pl</dc:language>", "pl"), ("", None), ("<dc:language>??</dc:language>", None)],
)
def test_an_entrys_own_language(more: str, expected: str | None) -> None:
    assert only(rss(item(more=more))).language == expected


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        (rss(item(title="Żółć")).encode("utf-8"), "text/xml; charset=iso-8859-1", "Żółć"),
        (rss(item(title="Żółć")).encode("utf-8-sig"), "", "Żółć"),
        (rss(item(title="Żółć")).replace("UTF-8", "UTF-16").encode("utf-16"), "", "Żółć"),
        (rss(item(title="Żółć")).encode("utf-16-le"), "", "Żółć"),
        (rss(item(title="Żółć")).replace("UTF-8", "ISO-8859-2").encode("iso-8859-2"), "", "Żółć"),
        (rss(item(title="perché")).replace("UTF-8", "iso-8859-1").encode("cp1252"), "", "perché"),
        (rss(item(title="perché")).encode("cp1252"), "", "perché"),
        (
            rss(item(title="Έκθεση")).replace(' encoding="UTF-8"', "").encode("iso-8859-7"),
            "application/rss+xml; charset=ISO-8859-7",
            "Έκθεση",
        ),
        (rss(item(title="x")).replace("UTF-8", "base64").encode(), "", "x"),
    ],
    ids=[
        *("header lies", "mark", "utf-16 mark", "utf-16 bare", "prolog", "latin-1 in name"),
        *("prolog lies", "header only", "no text encoding"),
    ],
)
def test_the_charset_is_found_where_header_prolog_and_bytes_disagree(
    body: bytes, content_type: str, title: str
) -> None:
    (entry,) = read(body, content_type).entries
    assert entry.title == title


def test_one_spoilt_character_spoils_no_more() -> None:
    body = (
        rss(item(title="Perché così è più bello, già")).encode().replace("già".encode(), b"gi\xe0")
    )
    feed = read(body)
    assert feed.entries[0].title.startswith("Perché così è più bello")
    assert "not valid UTF-8" in told(feed)


@pytest.mark.parametrize(
    ("text", "expected", "has_zone"),
    [
        ("Mon, 10 May 2027 10:00:00 +0200", "2027-05-10T08:00", True),
        ("Mon, 10 May 2027 10:00:00 CET", "2027-05-10T09:00", True),
        ("10 May 27 10:00 GMT", "2027-05-10T10:00", True),
        ("lun, 10 maggio 2027 10:00:00", "2027-05-10T10:00", False),
        ("10 de mayo de 2027", "2027-05-10T00:00", False),
        ("10. maja 2027", "2027-05-10T00:00", False),
        ("10 Μαΐου 2027", "2027-05-10T00:00", False),
        ("2027-05-10", "2027-05-10T00:00", False),
        ("2027-05-10T10:00:00.123456Z", "2027-05-10T10:00", True),
        ("2027-05-10 10:00 +02:00", "2027-05-10T08:00", True),
        ("2027-02-30T10:00:00Z", None, False),
        ("10/05/2027", None, False),
        ("0000-00-00 00:00:00", None, False),
        ("yesterday", None, False),
        ("", None, False),
    ],
)
def test_dates_are_read_in_many_ways(text: str, expected: str | None, has_zone: bool) -> None:
    found = read_date(text)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found.moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)
        assert found.has_zone is has_zone


@given(st.text())
def test_no_date_breaks_the_reading(text: str) -> None:
    read_date(text)


def test_entries_come_oldest_first() -> None:
    dates = [f"Mon, {day} May 2027 08:00:00 GMT" for day in (10, 3, 7)]
    dated = read(rss(*(item(number, date=date) for number, date in enumerate(dates))))
    assert [entry.guid[-1] for entry in dated.entries] == ["1", "2", "0"]
    undated = read(rss(*(item(number, date=None) for number in range(3))))
    assert [entry.guid[-1] for entry in undated.entries] == ["2", "1", "0"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "empty"),
        ("  \n\0 ", "empty"),
        ("<!DOCTYPE html><html><head><title>x</title></head><body>hi</body></html>", "web page"),
        ("<rss><channel>", "not well-formed"),
        ("/etc/passwd", "no feed"),
        ("https://example.org/feed", "no feed"),
        ('{"a": 1}', "no JSON Feed"),
        ('{"version": "https://jsonfeed.org/version/1", "items": 3}', "no list"),
        ('{"version"', "not well-formed"),
        ("[" * 100_000, "not well-formed"),
        ("BEGIN:VCALENDAR", "calendar"),
        ("\x89PNG\r\n\x1a\n", "no feed"),
    ],
)
def test_what_is_no_feed_is_told(document: str, words: str) -> None:
    feed = read(document)
    assert has_failed(feed)
    assert words in told(feed)


def test_a_path_or_address_as_body_is_never_opened(tmp_path: Any) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(rss(item(title="secret")), encoding="utf-8")
    assert read(str(secret)).entries == ()
    assert read(secret.as_uri()).entries == ()


def test_an_outside_entity_is_never_read(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    document = rss(item(title="see &x;")).replace(
        "<rss", f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]><rss', 1
    )
    assert "secret" not in repr(replace(read(document), problems=()))


def test_a_broken_document_gives_what_can_be_saved() -> None:
    feed = read(rss(item(1), item(2, text="a & b < c")).replace("</channel></rss>", ""))
    assert [entry.title for entry in feed.entries] == ["Story number 2", "Story number 1"] or len(
        feed.entries
    ) == 2
    assert "not well-formed" in told(feed)
    assert not has_failed(feed)


def test_a_calendar_that_breaks_off_gives_its_whole_events() -> None:
    whole = calendar(WALK, WALK.replace("walk@", "later@"))
    feed = read(whole[: whole.rindex("LOCATION")])
    assert [entry.guid for entry in feed.entries] == ["walk@example.org"]
    assert "breaks off" in told(feed)


def test_an_empty_feed_is_no_failure_but_told() -> None:
    feed = read(rss())
    assert not has_failed(feed)
    assert "no entries" in told(feed)


def test_error_messages_of_generators_are_no_entries() -> None:
    bridged = item(2, title="Bridge returned error 500! (19)")
    feed = read(rss(item(1), bridged))
    assert [entry.title for entry in feed.entries] == ["Story number 1"]
    assert has_failed(read(rss(bridged)))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (rss(item(more='<media:thumbnail url="/a.jpg"/>')), "1 of 1 pictures have no description"),
        (rss(item(), head=""), "which language"),
        (rss(item(guid="")), "the only entry has no id"),
        (rss(item(date="Mon, 10 May 2027 08:00:00")), "time zone"),
        (rss(item(date="10/05/2027")), "cannot be understood"),
        (rss(item(date=None)), "no date"),
        (rss(item(link="")), "no link"),
        (rss(item(1), item(2, guid="https://example.org/?p=1")), "id of another entry"),
    ],
)
def test_advice_says_what_to_improve(document: str, words: str) -> None:
    assert words in told(read(document))


def test_a_good_feed_gets_no_advice() -> None:
    assert read(rss(item())).problems == ()


def test_long_things_are_cut_and_many_entries_are_counted() -> None:
    long = only(rss(item(title="x" * 10_000_000)))
    assert len(long.title) == 2000
    feed = read(rss(*("<item><title>a</title></item>" for _ in range(6000))))
    assert len(feed.entries) == 5000
    assert "more than 5,000" in told(feed)


def test_an_entity_bomb_stays_small() -> None:
    levels = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 12))
    document = rss(item(title="&l11;")).replace(
        "<rss", f'<!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]><rss', 1
    )
    assert len(repr(read(document))) < 100_000


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.one_of(
        st.binary(max_size=2000),
        st.text(max_size=2000).map(lambda text: rss(item(title=text, text=text)).encode()),
        st.text(max_size=500).map(lambda text: calendar(f"UID:1\nSUMMARY:{text}").encode()),
        st.text(max_size=500).map(
            lambda text: json.dumps(
                {
                    "version": "https://jsonfeed.org/version/1.1",
                    "items": [{"id": text, "url": text}],
                }
            ).encode()
        ),
    ),
    st.text(max_size=50),
)
def test_whatever_comes_in_a_feed_comes_out(body: bytes, content_type: str) -> None:
    feed = parse(Document(body=body, content_type=content_type, url=URL, now=NOW))
    for entry in feed.entries:
        assert entry.title == short(entry.title)
        assert not entry.link or entry.link.startswith(("http://", "https://"))
        assert "\n" not in entry.title + entry.summary + entry.link


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_document_cut_or_spoilt_anywhere_breaks_nothing(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from([ATOM.encode(), rss(item()).encode(), calendar(WALK).encode()])
    )
    start = data.draw(st.integers(0, len(whole)))
    spoilt = whole[:start] + data.draw(st.binary(max_size=5)) + whole[start + 3 :]
    read(spoilt[: data.draw(st.integers(0, len(spoilt)))])


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/a b", "https://example.org/a%20b"),
        ("//other.org/x", "https://other.org/x"),
        ("?p=1", "https://example.org/feed?p=1"),
        ("http://[broken", ""),
        ("https://", ""),
        ("x" * 3000, ""),
        ("/a\n/b", "https://example.org/a/b"),
    ],
)
def test_links_are_absolute(link: str, expected: str) -> None:
    assert absolute(link, URL) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("IT", "it"), ("en_us", "en-US"), ("sr-latn-rs", "sr-Latn-RS"), ("english", None), ("", None)],
)
def test_language_tags(text: str, expected: str | None) -> None:
    assert language_tag(text) == expected


@given(st.text(max_size=300))
def test_plain_text_holds_no_control_characters(markup: str) -> None:
    text = plain_text(markup, base=URL).text
    assert text == fold(text)
    assert all(
        character.isprintable() or character.isspace() or ord(character) > 127 for character in text
    )


def test_events_lie_at_most_a_year_ahead() -> None:
    daily = "UID:d\nSUMMARY:Open\nDTSTART:20270501T100000Z\nRRULE:FREQ=MONTHLY"
    last = read(calendar(daily)).entries[-1].event
    assert last is not None
    assert last.begins_at <= NOW + timedelta(days=366)


def test_half_characters_are_dropped() -> None:
    halves = json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "a\ud800b",
            "items": [
                {"id": "\ud800", "title": "\ud83d", "url": "/\udc00", "summary": "\udfff"},
                {"id": "b", "attachments": [{"url": "/\ud800"}], "tags": ["\ud800"]},
            ],
        }
    )
    repr(read(halves)).encode()
    assert read(halves).title == "ab"
