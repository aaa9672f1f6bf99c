"""Calendars as the systems that partners use write them: each with its own habits."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime

import pytest

from herald.model.feed import EntryEvent, ParsedFeed
from herald.sources.feeds.parsing.parse import Document, parse
from tests.sources.feeds.documents import NOW

GOOGLE = """
    BEGIN:VCALENDAR
    PRODID:-//Google Inc//Google Calendar 70.9054//EN
    VERSION:2.0
    CALSCALE:GREGORIAN
    METHOD:PUBLISH
    X-WR-CALNAME:Ecomuseo
    X-WR-TIMEZONE:Europe/Rome
    BEGIN:VTIMEZONE
    TZID:Europe/Rome
    X-LIC-LOCATION:Europe/Rome
    BEGIN:DAYLIGHT
    TZOFFSETFROM:+0100
    TZOFFSETTO:+0200
    TZNAME:CEST
    DTSTART:19700329T020000
    RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
    END:DAYLIGHT
    BEGIN:STANDARD
    TZOFFSETFROM:+0200
    TZOFFSETTO:+0100
    TZNAME:CET
    DTSTART:19701025T030000
    RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
    END:STANDARD
    END:VTIMEZONE
    BEGIN:VEVENT
    DTSTART:20270516T080000Z
    DTEND:20270516T103000Z
    DTSTAMP:20270501T080000Z
    UID:abc@google.com
    CREATED:20270401T080000Z
    DESCRIPTION:Due ore<br>con <b>loro</b>
    LAST-MODIFIED:20270401T080000Z
    LOCATION:Argenta\\, Via Roma 1
    SEQUENCE:1
    STATUS:CONFIRMED
    SUMMARY:Passeggiata
    TRANSP:OPAQUE
    END:VEVENT
    END:VCALENDAR
"""
OUTLOOK = """
    BEGIN:VCALENDAR
    METHOD:PUBLISH
    PRODID:Microsoft Exchange Server 2010
    VERSION:2.0
    X-WR-CALNAME:Ecomuseo
    BEGIN:VTIMEZONE
    TZID:W. Europe Standard Time
    BEGIN:STANDARD
    DTSTART:16010101T030000
    TZOFFSETFROM:+0200
    TZOFFSETTO:+0100
    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
    END:STANDARD
    BEGIN:DAYLIGHT
    DTSTART:16010101T020000
    TZOFFSETFROM:+0100
    TZOFFSETTO:+0200
    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
    END:DAYLIGHT
    END:VTIMEZONE
    BEGIN:VEVENT
    DESCRIPTION:Due ore con loro\\n
    UID:040000008200E00074C5B7101A82E008
    SUMMARY:Passeggiata
    DTSTART;TZID=W. Europe Standard Time:20270516T100000
    DTEND;TZID=W. Europe Standard Time:20270516T123000
    CLASS:PUBLIC
    PRIORITY:5
    DTSTAMP:20270501T080000Z
    TRANSP:OPAQUE
    STATUS:CONFIRMED
    SEQUENCE:0
    LOCATION:Argenta\\, Via Roma 1
    X-MICROSOFT-CDO-APPT-SEQUENCE:0
    X-MICROSOFT-CDO-BUSYSTATUS:BUSY
    BEGIN:VALARM
    DESCRIPTION:REMINDER
    TRIGGER;RELATED=START:-PT15M
    ACTION:DISPLAY
    END:VALARM
    END:VEVENT
    END:VCALENDAR
"""
APPLE = """
    BEGIN:VCALENDAR
    METHOD:PUBLISH
    VERSION:2.0
    X-WR-CALNAME:Ecomuseo
    PRODID:-//Apple Inc.//macOS 15.1//EN
    X-APPLE-CALENDAR-COLOR:#1BADF8
    X-WR-TIMEZONE:Europe/Rome
    CALSCALE:GREGORIAN
    BEGIN:VEVENT
    TRANSP:OPAQUE
    DTEND;TZID=Europe/Rome:20270516T123000
    UID:8E7D2B4C-1111-4A2B
    DTSTAMP:20270501T080000Z
    LOCATION:Argenta\\, Via Roma 1
    DESCRIPTION:Due ore con loro
    SEQUENCE:1
    X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=70;X-TITLE="Arg
     enta, Via Roma 1":geo:44.61,11.83
    SUMMARY:Passeggiata
    DTSTART;TZID=Europe/Rome:20270516T100000
    X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC
    END:VEVENT
    END:VCALENDAR
"""
NEXTCLOUD = """
    BEGIN:VCALENDAR
    VERSION:2.0
    CALSCALE:GREGORIAN
    PRODID:-//SabreDAV//SabreDAV//EN
    X-WR-CALNAME:Ecomuseo
    X-APPLE-CALENDAR-COLOR:#0082c9
    REFRESH-INTERVAL;VALUE=DURATION:PT4H
    X-PUBLISHED-TTL:PT4H
    BEGIN:VEVENT
    CREATED:20270401T080000Z
    DTSTAMP:20270401T080000Z
    LAST-MODIFIED:20270401T080000Z
    SEQUENCE:2
    UID:0b8d4a3f-2222
    DTSTART;TZID=Europe/Rome:20270516T100000
    DTEND;TZID=Europe/Rome:20270516T123000
    STATUS:CONFIRMED
    SUMMARY:Passeggiata
    DESCRIPTION:Due ore con loro
    LOCATION:Argenta\\, Via Roma 1
    END:VEVENT
    BEGIN:VTODO
    UID:todo
    SUMMARY:Buy bread
    DUE:20270516T100000Z
    END:VTODO
    END:VCALENDAR
"""
EVENTS_CALENDAR = """
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//Ecomuseo - ECPv6.8.1//NONSGML v1.0//EN
    CALSCALE:GREGORIAN
    METHOD:PUBLISH
    X-ORIGINAL-URL:https://museo.example
    X-WR-CALDESC:Events for Ecomuseo
    REFRESH-INTERVAL;VALUE=DURATION:PT1H
    X-Robots-Tag:noindex
    X-PUBLISHED-TTL:PT1H
    X-WR-CALNAME:Ecomuseo
    BEGIN:VEVENT
    DTSTART;TZID=Europe/Rome:20270516T100000
    DTEND;TZID=Europe/Rome:20270516T123000
    DTSTAMP:20270501T080000
    CREATED:20270401T080000Z
    LAST-MODIFIED:20270401T080000Z
    UID:10000123-1810627200-1810636200@museo.example
    SUMMARY:Passeggiata
    DESCRIPTION:Due ore con loro
    URL:https://museo.example/event/passeggiata/
    LOCATION:Argenta\\, Via Roma 1
    CATEGORIES:Passeggiate
    ATTACH;FMTTYPE=image/jpeg:https://museo.example/walk.jpg
    ORGANIZER;CN="Ecomuseo":MAILTO:info@museo.example
    END:VEVENT
    END:VCALENDAR
"""
MODERN_EVENTS = """
    BEGIN:VCALENDAR
    VERSION:2.0
    METHOD:PUBLISH
    CALSCALE:GREGORIAN
    PRODID:-//WordPress - MECv7.19//EN
    X-ORIGINAL-URL:https://museo.example/
    X-WR-CALNAME:Ecomuseo
    X-WR-CALDESC:
    X-MS-OLK-FORCEINSPECTOROPEN:TRUE
    BEGIN:VEVENT
    CLASS:PUBLIC
    UID:MEC-5f1d@museo.example
    DTSTART;TZID=Europe/Rome:20270516T100000
    DTEND;TZID=Europe/Rome:20270516T123000
    DTSTAMP:20270501T080000
    CREATED:20270401
    LAST-MODIFIED:20270401
    PRIORITY:5
    SEQUENCE:1
    TRANSP:OPAQUE
    SUMMARY:Passeggiata
    DESCRIPTION:Due ore con loro\\n
    URL:https://museo.example/events/passeggiata/
    LOCATION:Argenta\\, Via Roma 1
    END:VEVENT
    END:VCALENDAR
"""


def read(calendar: str) -> ParsedFeed:
    text = textwrap.dedent(calendar).strip().replace("\n", "\r\n") + "\r\n"
    url = "https://museo.example/calendar.ics"
    return parse(Document(body=text.encode(), content_type="text/calendar", url=url, now=NOW))


@pytest.mark.parametrize(
    ("calendar", "zone"),
    [
        (GOOGLE, ""),
        (OUTLOOK, "Europe/Berlin"),
        (APPLE, "Europe/Rome"),
        (NEXTCLOUD, "Europe/Rome"),
        (EVENTS_CALENDAR, "Europe/Rome"),
        (MODERN_EVENTS, "Europe/Rome"),
    ],
    ids=[
        "Google",
        "Outlook",
        "Apple",
        "Nextcloud",
        "The Events Calendar",
        "Modern Events Calendar",
    ],
)
def test_the_same_walk_in_every_system(calendar: str, zone: str) -> None:
    feed = read(calendar)
    (entry,) = feed.entries
    assert feed.title == "Ecomuseo"
    assert (entry.title, entry.summary) == ("Passeggiata", "Due ore con loro")
    assert entry.event == EntryEvent(
        uid=entry.guid,
        begins_at=datetime(2027, 5, 16, 8, tzinfo=UTC),
        finishes_at=datetime(2027, 5, 16, 10, 30, tzinfo=UTC),
        zone=zone,
        place="Argenta, Via Roma 1",
        sequence=entry.event.sequence if entry.event else 0,
    )
    assert "@museo.example" not in repr((entry.author, entry.summary, entry.link))
    assert not any("breaks off" in problem.message for problem in feed.problems)
