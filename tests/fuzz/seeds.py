"""The documents that fuzzing begins with: the tests' own, in every format that Herald reads."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from enum import Enum

from tests.sources.feeds.documents import calendar, item, rss
from tests.sources.feeds.systems import SYSTEMS


class Kind(Enum):
    """How a document is written."""

    XML = "xml"
    JSON = "json"
    CALENDAR = "calendar"
    PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A sound document."""

    name: str
    kind: Kind
    text: str
    content_type: str


_TYPES = {
    Kind.XML: "application/xml",
    Kind.JSON: "application/feed+json",
    Kind.CALENDAR: "text/calendar; charset=utf-8",
    Kind.PAGE: "text/html",
}

_ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="sl" xml:base="https://muzej.example.si/">
<title>Muzej soli</title><id>urn:uuid:1</id><updated>2027-05-10T10:00:00+02:00</updated>
<link href="/"/><link rel="self" href="/atom.xml"/><link rel="hub" href="https://hub.example/"/>
<entry><id>urn:uuid:2</id><title type="html">Sol &amp;amp; &lt;b&gt;kruh&lt;/b&gt;</title>
<link rel="alternate" href="novice/sol"/><published>2027-05-10T10:00:00+02:00</published>
<updated>2027-05-10T11:00:00+02:00</updated><author><name>Neža</name></author>
<category term="sol"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
<p>Obnovili smo <em>skladišče</em> soli.</p><img src="sol.jpg" alt="Soline"/></div></content>
<rights>CC BY 4.0</rights></entry>
<entry><id>urn:uuid:3</id><title>Druga novica</title><link href="/2"/>
<updated>2027-05-09T11:00:00Z</updated><summary>Kratko.</summary></entry></feed>"""

_EVENTS = rss(
    item(
        1,
        more="<ev:startdate>2027-05-16T10:00:00+02:00</ev:startdate>"
        "<ev:enddate>2027-05-16T12:00:00+02:00</ev:enddate><ev:location>Argenta</ev:location>",
    ),
    item(2, more='<media:content url="/a.jpg" medium="image"><media:description>Sale'
         "</media:description></media:content>"),
    item(3, date=None, guid="", more="<dc:language>en</dc:language><category>Sale</category>"),
)  # fmt: skip

_JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Ekomuzeum",
        "language": "cs",
        "home_page_url": "https://eko.example.cz/",
        "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
        "items": [
            {
                "id": number,
                "url": f"https://eko.example.cz/{number}",
                "title": f"Zpráva {number}",
                "content_html": "<p>Sůl &amp; chléb</p><img src='/s.jpg' alt='Sůl'>",
                "image": "https://eko.example.cz/s.jpg",
                "date_published": "2027-05-10T08:00:00+02:00",
                "date_modified": "2027-05-10T09:00:00+02:00",
                "authors": [{"name": "Jana"}],
                "tags": ["sůl"],
                "attachments": [
                    {"url": "/s.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 9}
                ],
            }
            for number in (1, 2, 3)
        ],
    },
    ensure_ascii=False,
)  # fmt: skip

_WALK = """
    UID:walk@example.org
    SEQUENCE:1
    DTSTART;TZID=Europe/Rome:20270516T100000
    DTEND;TZID=Europe/Rome:20270516T123000
    SUMMARY:Passeggiata tra le risaie
    DESCRIPTION:Due ore con chi le allaga.\\nPortate acqua\\, per favore.
    LOCATION:Argenta\\, Via Roma 1
    URL:https://example.org/passeggiata
    CATEGORIES:Natura,Sale
    STATUS:CONFIRMED
"""
_WEEKLY = """
    UID:weekly@example.org
    DTSTART;TZID=Europe/Rome:20270511T180000
    DURATION:PT1H
    RRULE:FREQ=WEEKLY;COUNT=6;BYDAY=TU,TH
    EXDATE;TZID=Europe/Rome:20270518T180000
    SUMMARY;LANGUAGE=it:Coro
"""
_MOVED = """
    UID:weekly@example.org
    RECURRENCE-ID;TZID=Europe/Rome:20270525T180000
    DTSTART;TZID=Europe/Rome:20270526T180000
    DURATION:PT1H
    SUMMARY:Coro
    STATUS:CANCELLED
"""
_ALL_DAY = """
    UID:fair@example.org
    DTSTART;VALUE=DATE:20270520
    DTEND;VALUE=DATE:20270523
    SUMMARY:Fiera del sale
"""
_ZONE = textwrap.dedent(
    """\
    BEGIN:VTIMEZONE
    TZID:W. Europe Standard Time
    BEGIN:STANDARD
    DTSTART:16010101T030000
    TZOFFSETFROM:+0200
    TZOFFSETTO:+0100
    RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
    END:STANDARD
    BEGIN:DAYLIGHT
    DTSTART:16010101T020000
    TZOFFSETFROM:+0100
    TZOFFSETTO:+0200
    RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
    END:DAYLIGHT
    END:VTIMEZONE"""
)
_PAGE = """<!DOCTYPE html><html lang="it"><head><meta charset="utf-8"><title>Passeggiata</title>
<link rel="alternate" type="application/rss+xml" title="Notizie" href="/feed/">
<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
<meta name="generator" content="WordPress 6.8"><script type="application/ld+json">{"@context":
"https://schema.org","@graph":[{"@type":"Event","name":"Passeggiata","startDate":
"2027-05-16T10:00:00+02:00","endDate":"2027-05-16T12:00:00+02:00","eventStatus":
"https://schema.org/EventScheduled","url":"/passeggiata","location":{"@type":"Place","name":
"Argenta","address":{"streetAddress":"Via Roma 1","addressLocality":"Argenta"}}}]}</script></head>
<body><a href="webcal://example.org/eventi.ics">Calendario</a><a href="/feed.xml">RSS</a></body>
</html>"""


def _kind(text: str) -> Kind:
    return Kind.JSON if text.startswith("{") else Kind.XML


def _seed(name: str, kind: Kind, text: str) -> Seed:
    return Seed(name=name, kind=kind, text=text, content_type=_TYPES[kind])


SEEDS: tuple[Seed, ...] = (
    *(_seed(name, _kind(text), text) for name, (text, _, _) in SYSTEMS.items()),
    _seed("Atom", Kind.XML, _ATOM),
    _seed("RSS with events", Kind.XML, _EVENTS),
    _seed("RSS of twenty", Kind.XML, rss(*(item(number) for number in range(20)))),
    _seed("JSON Feed 1.1", Kind.JSON, _JSON),
    _seed("a calendar", Kind.CALENDAR, calendar(_WALK, _WEEKLY, _MOVED, _ALL_DAY)),
    _seed("a calendar with zones", Kind.CALENDAR,
          calendar(_WALK.replace("Europe/Rome", "W. Europe Standard Time"), head=_ZONE)),
    _seed("a page", Kind.PAGE, _PAGE),
)  # fmt: skip
