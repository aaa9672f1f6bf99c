"""What Herald understands of calendars, as the systems of partners write them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.model.feed import EntryEvent, ParsedEntry, ParsedFeed
from herald.sources.feeds.calendars.ical import read_ical
from herald.sources.feeds.calendars.icalfile import unfold
from tests.sources.feeds.documents import NOW, calendar

URL = "https://museo.example/calendar.ics"
ROME = ZoneInfo("Europe/Rome")


def read(
    *events: str, head: str = "X-WR-TIMEZONE:Europe/Rome", zone: str = "", now: datetime = NOW
) -> ParsedFeed:
    return read_ical(calendar(*events, head=head), URL, now=now, zone=zone)


def told(feed: ParsedFeed) -> str:
    return "\n".join(problem.message for problem in feed.problems)


def only(*events: str, head: str = "X-WR-TIMEZONE:Europe/Rome", zone: str = "") -> ParsedEntry:
    (entry,) = read(*events, head=head, zone=zone).entries
    return entry


def event_of(*events: str, head: str = "X-WR-TIMEZONE:Europe/Rome", zone: str = "") -> EntryEvent:
    found = only(*events, head=head, zone=zone).event
    assert found is not None
    return found


def days(feed: ParsedFeed, zone: ZoneInfo = ROME) -> list[str]:
    """Spell when the entries begin, on the wall clock."""
    begun = (entry.event.begins_at for entry in feed.entries if entry.event)
    return [f"{moment.astimezone(zone):%m-%d %H:%M}" for moment in begun]


WALK = "UID:w\nSUMMARY:Walk\nDTSTART;TZID=Europe/Rome:20270516T100000"
WEEKLY = (
    "UID:w\nSUMMARY:Weaving\nDTSTART;TZID=Europe/Rome:20270512T100000\n"
    "DTEND;TZID=Europe/Rome:20270512T120000\nRRULE:FREQ=WEEKLY;COUNT=4"
)


# Rules: the examples of RFC 5545, section 3.8.5.3, and the dates that it gives for them.


@pytest.mark.parametrize(
    ("start", "rule", "expected"),
    [
        ("19970902T090000", "FREQ=DAILY;COUNT=10", "9/2 9/3 9/4 9/5 9/6 9/7 9/8 9/9 9/10 9/11"),
        ("19970902T090000", "FREQ=DAILY;INTERVAL=10;COUNT=5", "9/2 9/12 9/22 10/2 10/12"),
        (
            "19970902T090000",
            "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
            "9/2 9/4 9/9 9/11 9/16 9/18 9/23 9/25 9/30 10/2",
        ),
        (
            "19970902T090000",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
            "9/2 9/4 9/16 9/18 9/30 10/2 10/14 10/16",
        ),
        (
            "19970905T090000",
            "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
            "9/5 10/3 11/7 12/5 1/2 2/6 3/6 4/3 5/1 6/5",
        ),
        (
            "19970907T090000",
            "FREQ=MONTHLY;INTERVAL=2;COUNT=6;BYDAY=1SU,-1SU",
            "9/7 9/28 11/2 11/30 1/4 1/25",
        ),
        ("19970922T090000", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "9/22 10/20 11/17 12/22 1/19 2/16"),
        (
            "19970930T090000",
            "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
            "9/30 10/1 10/31 11/1 11/30 12/1 12/31 1/1 1/31 2/1",
        ),
        ("19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "9/4 10/7 11/6"),
        (
            "19970929T090000",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=7",
            "9/29 10/30 11/27 12/30 1/29 2/26 3/30",
        ),
        ("19971106T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=1", "5/11"),
        (
            "19970805T090000",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            "8/5 8/10 8/19 8/24",
        ),
        (
            "19970805T090000",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            "8/5 8/17 8/19 8/31",
        ),
        ("19980101T090000", "FREQ=YEARLY;COUNT=1;BYYEARDAY=100", "4/10"),
    ],
)
def test_the_examples_of_the_standard(start: str, rule: str, expected: str) -> None:
    zone = ZoneInfo("America/New_York")
    begins = datetime.strptime(start, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    event = f"UID:1\nSUMMARY:A\nDTSTART;TZID=America/New_York:{start}\nRRULE:{rule}"
    found = read(event, now=begins.astimezone(UTC))
    local = [entry.event.begins_at.astimezone(zone) for entry in found.entries if entry.event]
    assert " ".join(f"{one.month}/{one.day}" for one in local) == expected
    assert {one.hour for one in local} == {9}


@settings(max_examples=120, deadline=None)
@given(
    start=st.integers(0, 400),
    interval=st.integers(1, 9),
    weekdays=st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), max_size=3),
    count=st.none() | st.integers(1, 60),
    daily=st.booleans(),
)
def test_rules_agree_with_counting_days_on_one_s_fingers(
    start: int, interval: int, weekdays: set[str], count: int | None, daily: bool
) -> None:
    names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    begins = datetime(2027, 5, 1, 10) - timedelta(days=start)
    weekdays = weekdays | {names[begins.weekday()]}
    rule = f"FREQ={'DAILY' if daily else 'WEEKLY'};INTERVAL={interval};BYDAY={','.join(weekdays)}"
    rule += f";COUNT={count}" if count else ""
    monday = begins - timedelta(days=begins.weekday())
    expected = []
    number = 0
    for day in range(start + 366 + 12):
        at = begins + timedelta(days=day)
        period = day if daily else (at - monday).days // 7
        if period % interval or names[at.weekday()] not in weekdays:
            continue
        number += 1
        if count and number > count:
            break
        if NOW - timedelta(days=1) <= at.replace(tzinfo=UTC) <= NOW + timedelta(days=366):
            expected.append(at)
    found = read(f"UID:1\nSUMMARY:A\nDTSTART:{begins:%Y%m%dT%H%M%S}Z\nRRULE:{rule}")
    assert [one.event.begins_at.replace(tzinfo=None) for one in found.entries if one.event] == (
        expected[:200]
    )


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20270526T080000Z", "05-26 10:00"),
        ("20270526T075959Z", "05-19 10:00"),
        ("20270526T100000", "05-26 10:00"),
        ("20270526", "05-26 10:00"),
        ("20270525", "05-19 10:00"),
    ],
    ids=["UTC", "just before", "local", "date", "the day before"],
)
def test_a_rule_ends_at_its_until(until: str, last: str) -> None:
    assert days(read(WEEKLY.replace("COUNT=4", f"UNTIL={until}")))[-1] == last


def test_dates_are_added_and_left_out() -> None:
    more = (
        "RDATE;TZID=Europe/Rome:20270514T180000\n"
        "RDATE;VALUE=PERIOD:20270515T080000Z/PT1H\n"
        "EXDATE;TZID=Europe/Rome:20270519T100000\nEXDATE;VALUE=DATE:20270526\n"
        "EXDATE:20270602T080000Z\nEXRULE:FREQ=DAILY"
    )
    assert days(read(f"{WEEKLY}\n{more}")) == ["05-12 10:00", "05-14 18:00", "05-15 10:00"]


def test_dates_alone_make_a_series_too() -> None:
    found = read(f"{WALK}\nRDATE;TZID=Europe/Rome:20270518T100000,20270520T100000")
    assert days(found) == ["05-16 10:00", "05-18 10:00", "05-20 10:00"]
    assert found.entries[0].guid == "w#20270516T100000"


def test_a_time_that_is_there_twice_or_never_when_the_clocks_change() -> None:
    nightly = "UID:n\nSUMMARY:Bats\nDTSTART;TZID=Europe/Rome:20270501T023000\nRRULE:FREQ=DAILY"
    moments = {
        entry.guid: entry.event.begins_at
        for now in (datetime(2027, 10, 25, tzinfo=UTC), datetime(2028, 3, 20, tzinfo=UTC))
        for entry in read(nightly, now=now).entries
        if entry.event
    }
    assert moments["n#20271031T023000"] == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert moments["n#20280326T023000"] == datetime(2028, 3, 26, 1, 30, tzinfo=UTC)


def test_a_whole_day_over_a_clock_change_ends_at_midnight() -> None:
    event = "UID:d\nSUMMARY:Open\nDTSTART;VALUE=DATE:20271031\nDTEND;VALUE=DATE:20271101\n"
    found = read(f"{event}RRULE:FREQ=WEEKLY;COUNT=2")
    assert [entry.event and entry.event.finishes_at for entry in found.entries] == [
        datetime(2027, 10, 31, 23, tzinfo=UTC),
        datetime(2027, 11, 7, 23, tzinfo=UTC),
    ]
    assert all(entry.event and entry.event.all_day for entry in found.entries)


def test_a_duration_of_days_is_one_of_the_calendar() -> None:
    event = event_of("UID:d\nSUMMARY:A\nDTSTART;TZID=Europe/Rome:20271030T100000\nDURATION:P1DT2H")
    assert event.finishes_at == datetime(2027, 10, 31, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY;COUNT=1000000000",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))),
        "FREQ=YEARLY;BYMINUTE=1,2;BYSECOND=" + ",".join(map(str, range(60))),
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=999999999999",
        "FREQ=DAILY;UNTIL=nonsense",
        "BYDAY=MO",
    ],
)
def test_a_hundred_hostile_rules_end_soon(rule: str) -> None:
    series = [f"UID:{n}\nSUMMARY:A\nDTSTART:19900516T100000Z\nRRULE:{rule}" for n in range(100)]
    began = time.process_time()
    assert len(read(*series).entries) <= 100 * 200
    assert time.process_time() - began < 6


# Occurrences that differ, and what is called off.


def test_an_occurrence_that_moved_keeps_its_name() -> None:
    moved = (
        "UID:w\nSUMMARY:Weaving, later\nRECURRENCE-ID:20270519T080000Z\n"
        "DTSTART;TZID=Europe/Rome:20270520T150000"
    )
    found = read(WEEKLY, moved)
    assert [entry.guid for entry in found.entries] == [
        *("w#20270512T100000", "w#20270519T100000"),
        *("w#20270526T100000", "w#20270602T100000"),
    ]
    assert days(found)[1] == "05-20 15:00"
    assert found.entries[1].title == "Weaving, later"


def test_an_occurrence_is_called_off_and_the_others_stand() -> None:
    off = "UID:w\nSUMMARY:Weaving\nSTATUS:CANCELLED\nRECURRENCE-ID;VALUE=DATE:20270519\n"
    found = read(WEEKLY, f"{off}DTSTART;TZID=Europe/Rome:20270519T100000")
    assert [entry.event and entry.event.status for entry in found.entries] == [
        *("confirmed", "cancelled", "confirmed", "confirmed"),
    ]
    assert found.entries[1].guid == "w#20270519T100000"


def test_a_change_from_one_occurrence_onwards_changes_all_that_follow() -> None:
    later = (
        "UID:w\nSUMMARY:Weaving in the mill\n"
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Rome:20270526T100000\n"
        "DTSTART;TZID=Europe/Rome:20270526T170000\nDTEND;TZID=Europe/Rome:20270526T180000"
    )
    found = read(WEEKLY, later)
    assert days(found) == ["05-12 10:00", "05-19 10:00", "05-26 17:00", "06-02 17:00"]
    assert [entry.guid for entry in found.entries][2:] == ["w#20270526T100000", "w#20270602T100000"]
    assert found.entries[3].title == "Weaving in the mill"
    last = found.entries[3].event
    assert last is not None
    assert last.finishes_at == last.begins_at + timedelta(hours=1)


def test_a_series_that_is_called_off_takes_its_exceptions_along() -> None:
    moved = "UID:w\nRECURRENCE-ID;TZID=Europe/Rome:20270519T100000\nDTSTART:20270520T080000Z"
    found = read(f"{WEEKLY}\nSTATUS:CANCELLED\nSEQUENCE:2", f"{moved}\nSEQUENCE:1")
    assert {entry.event.status for entry in found.entries if entry.event} == {"cancelled"}
    assert len(found.entries) == 4


def test_a_calendar_that_is_a_cancellation_calls_off_all_of_it() -> None:
    assert event_of(WALK, head="METHOD:CANCEL").status == "cancelled"


def test_an_exception_without_its_series_is_told_by_its_own_name() -> None:
    entry = only(f"{WALK}\nRECURRENCE-ID;TZID=Europe/Rome:20270515T100000")
    assert entry.guid == "w#20270515T100000"


@pytest.mark.parametrize(
    ("first", "second", "title"),
    [
        ("SEQUENCE:2", "SEQUENCE:1", "old"),
        ("SEQUENCE:1", "SEQUENCE:2", "new"),
        ("LAST-MODIFIED:20270502T000000Z", "LAST-MODIFIED:20270501T000000Z", "old"),
        ("SEQUENCE:0", "SEQUENCE:0", "new"),
    ],
    ids=["first", "second", "by date", "the last"],
)
def test_of_two_versions_the_later_one_counts(first: str, second: str, title: str) -> None:
    begins = "UID:w\nDTSTART;TZID=Europe/Rome:20270516T100000"
    entry = only(f"{begins}\nSUMMARY:old\n{first}", f"{begins}\nSUMMARY:new\n{second}")
    assert entry.title == title


def test_evenings_that_share_an_id_are_all_kept() -> None:
    assert len(read(WALK, WALK.replace("0516", "0523")).entries) == 2


def test_events_without_an_id_are_all_kept() -> None:
    event = "SUMMARY:Walk\nDTSTART:20270516T100000Z"
    assert len(read(event, event).entries) == 2


# Zones.


CUSTOM = """BEGIN:VTIMEZONE
TZID:Custom
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE"""


@pytest.mark.parametrize(
    ("tzid", "head", "zone"),
    [
        ("Europe/Rome", "", "Europe/Rome"),
        ("W. Europe Standard Time", "", "Europe/Berlin"),
        ('"W. Europe Standard Time"', "", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Europe/Rome", "", "Europe/Rome"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Rome", "", "Europe/Rome"),
        ("Custom", CUSTOM, ""),
        ("Custom", CUSTOM + "\nX-WR-TIMEZONE:Europe/Vienna", "Europe/Vienna"),
        ("Custom", CUSTOM.replace("Custom", "Custom\nX-LIC-LOCATION:Europe/Rome"), "Europe/Rome"),
        ('"(UTC+01:00) Rome, Vienna"', CUSTOM.replace("Custom", "(UTC+01:00) Rome, Vienna"), ""),
    ],
)
def test_zones_go_by_many_names(tzid: str, head: str, zone: str) -> None:
    found = event_of(f"UID:1\nSUMMARY:A\nDTSTART;TZID={tzid}:20270516T100000", head=head)
    assert (found.begins_at, found.zone) == (datetime(2027, 5, 16, 8, tzinfo=UTC), zone)


def test_a_series_follows_the_rules_of_its_calendars_own_zone() -> None:
    series = "UID:1\nSUMMARY:A\nDTSTART;TZID=Custom:20270516T100000\nRRULE:FREQ=MONTHLY"
    found = read(series, head=CUSTOM)
    assert {day[-5:] for day in days(found)} == {"10:00"}


def test_a_zone_of_one_calendar_does_not_rule_in_another() -> None:
    event = "UID:1\nSUMMARY:A\nDTSTART;TZID=Custom:20270516T100000"
    read(event, head=CUSTOM)
    found = read(event, head="", zone="Europe/Lisbon")
    assert 'nobody knows, taken for Europe/Lisbon: "Custom"' in told(found)
    assert found.entries[0].event is not None
    assert found.entries[0].event.begins_at == datetime(2027, 5, 16, 9, tzinfo=UTC)


@pytest.mark.parametrize("tzid", ["Europe", "../../etc/passwd", "x" * 5000, "/", "\u20ac", "a\\nb"])
def test_names_that_are_no_zones_do_no_harm(tzid: str) -> None:
    found = read(f"UID:1\nSUMMARY:A\nDTSTART;TZID={tzid}:20270516T100000", head="")
    assert [entry.event and entry.event.begins_at.hour for entry in found.entries] == [10]
    assert "nobody knows" in told(found)


@pytest.mark.parametrize(
    ("head", "zone", "begins", "taken"),
    [
        ("X-WR-TIMEZONE:Europe/Rome", "Europe/Lisbon", 8, ""),
        ("", "Europe/Lisbon", 9, "taken for Europe/Lisbon: 1 of 1"),
        ("", "", 10, "taken for UTC: 1 of 1"),
    ],
    ids=["the calendar's", "the network's", "none"],
)
def test_a_time_without_a_zone_is_that_of(head: str, zone: str, begins: int, taken: str) -> None:
    found = read("UID:1\nSUMMARY:A\nDTSTART:20270516T100000", head=head, zone=zone)
    assert found.entries[0].event is not None
    assert found.entries[0].event.begins_at.hour == begins
    assert (taken in told(found)) if taken else not found.problems


# Words.


def test_words_in_several_languages_go_together() -> None:
    event = (
        f"{WALK.replace('SUMMARY:Walk', 'SUMMARY;LANGUAGE=it:Passeggiata')}\n"
        "SUMMARY;LANGUAGE=en:Walk\nDESCRIPTION;LANGUAGE=en:Come\nDESCRIPTION;LANGUAGE=it:Venite"
    )
    entry = only(event)
    assert (entry.title, entry.summary, entry.language) == ("Passeggiata", "Venite", "it")
    entry = only(event, head="LANGUAGE:en")
    assert (entry.title, entry.summary, entry.language) == ("Walk", "Come", "en")


def test_escaped_and_folded_text_is_read_as_meant() -> None:
    event = (
        "UID:1\nDTSTART:20270516T100000Z\nSUMMARY:Pane\\, vino\\; sale\n"
        'DESCRIPTION;ALTREP="cid:x":Uno\\ndue \\\\ tre'
    )
    folded = calendar(event).replace("Pane", "Pa\r\n ne").replace("vino", "vi\r\n\tno")
    (entry,) = read_ical(folded, URL, now=NOW).entries
    assert (entry.title, entry.summary) == ("Pane, vino; sale", "Uno due \\ tre")


def test_a_fold_within_a_character_is_joined_before_it_is_decoded() -> None:
    body = calendar("UID:1\nSUMMARY:Città\nDTSTART:20270516T100000Z").encode()
    parted = body.replace("à".encode(), b"\xc3\r\n \xa0")
    assert unfold(parted) == body


def test_markup_is_read_where_there_is_no_plain_text() -> None:
    entry = only(f"{WALK}\nX-ALT-DESC;FMTTYPE=text/html:<p>Due <b>ore</b></p><script>x</script>")
    assert entry.summary == "Due ore"


def test_nobodys_address_is_passed_on() -> None:
    found = read(
        f"{WALK}\nORGANIZER;CN=Ana:mailto:ana@museo.example\nATTENDEE:mailto:bo@museo.example\n"
        "CONTACT:bo@museo.example",
        f'{WALK.replace("UID:w", "UID:x")}\nORGANIZER;CN="a@museo.example":mailto:a@museo.example',
    )
    assert [entry.author for entry in found.entries] == ["Ana", ""]
    assert "@" not in repr(found)


@pytest.mark.parametrize("word", ["PRIVATE", "CONFIDENTIAL", "private"])
def test_private_events_are_left_out_and_told_once(word: str) -> None:
    found = read(WALK, *(f"UID:{n}\n{WALK[6:]}\nCLASS:{word}" for n in range(3)))
    assert [entry.guid for entry in found.entries] == ["w"]
    assert told(found).count("marked as private") == 1
    assert told(found).startswith("3 events")


# Files.


def test_a_file_with_unix_lines_a_mark_or_old_mac_lines_is_read() -> None:
    whole = calendar(WALK)
    for text in (whole.replace("\r\n", "\n"), whole.replace("\r\n", "\r"), whole + "\n\n"):
        found = read_ical(text, URL, now=NOW)
        assert [entry.guid for entry in found.entries] == ["w"]
        assert not found.problems


def test_a_broken_event_spoils_no_other() -> None:
    broken = "UID:b\nSUMMARY:B\nthis is no property\nDTSTART:20270517T100000Z"
    hopeless = "DTSTART;;;=:20270518"
    found = read(WALK, broken, hopeless, WALK.replace("UID:w", "UID:z"))
    assert [entry.guid for entry in found.entries] == ["w", "z", "b"]


def test_an_event_without_an_end_is_told_and_read() -> None:
    text = calendar(WALK, WALK.replace("UID:w", "UID:z")).replace("END:VEVENT\r\n", "", 1)
    found = read_ical(text, URL, now=NOW)
    assert [entry.guid for entry in found.entries] == ["w", "z"]
    assert "breaks off" in told(found)


def test_tasks_journals_and_busy_times_are_no_events() -> None:
    text = calendar(WALK)
    for kind in ("VTODO", "VJOURNAL", "VFREEBUSY"):
        extra = f"BEGIN:{kind}\r\nUID:{kind}\r\nDTSTART:20270516T100000Z\r\nEND:{kind}\r\n"
        text = text.replace("BEGIN:VEVENT", f"{extra}BEGIN:VEVENT", 1)
    found = read_ical(text, URL, now=NOW)
    assert [entry.guid for entry in found.entries] == ["w"]
    assert not found.problems


def test_alarms_do_not_speak_for_their_event() -> None:
    alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Wake up\nTRIGGER:-PT15M\nEND:VALARM"
    assert only(f"{WALK}\n{alarm}").summary == ""


def test_a_calendar_on_one_line_is_no_name_of_a_file() -> None:
    assert read_ical("BEGIN:VCALENDAR", URL, now=NOW).entries == ()


# How much.


def past(count: int) -> list[str]:
    return [
        f"UID:{n}\nSUMMARY:Past {n}\nDTSTART:{NOW - timedelta(days=31 + n):%Y%m%d}T100000Z"
        for n in range(count)
    ]


def test_of_ten_years_of_past_events_the_last_few_are_kept() -> None:
    found = read(WALK, *past(3650))
    assert len(found.entries) == 11
    assert found.entries[-1].guid == "w"
    assert found.entries[0].guid == "9"


def test_old_exceptions_whose_series_is_gone_are_left_out() -> None:
    old = "UID:{}\nDTSTART:20200516T100000Z\nRECURRENCE-ID:20200515T100000Z"
    assert read(*(old.format(number) for number in range(500))).entries == ()


def test_what_lasts_until_now_is_not_over() -> None:
    show = "UID:s\nSUMMARY:Show\nDTSTART;VALUE=DATE:20260101\n"
    lasting = [
        f"{show}DTEND;VALUE=DATE:20270601",
        f"{show}DURATION:P500D".replace("UID:s", "UID:t"),
    ]
    found = read(*lasting, *past(30))
    assert {"s", "t"} & {entry.guid for entry in found.entries} >= {"s"}


def test_a_hundred_thousand_events_are_cut_in_time_and_the_nearest_stay() -> None:
    events = [
        f"UID:{n}\nSUMMARY:A\nDTSTART:{NOW + timedelta(hours=n):%Y%m%dT%H%M%S}Z"
        for n in range(100_000)
    ]
    text = calendar(*events[::-1])
    began = time.process_time()
    found = read_ical(text, URL, now=NOW)
    assert time.process_time() - began < 8
    assert len(found.entries) == 5_001
    assert found.entries[0].guid == "0"


def test_a_text_of_five_megabytes_is_cut_in_time() -> None:
    began = time.process_time()
    entry = only(f"{WALK}\nDESCRIPTION:{'word ' * 1_000_000}")
    assert time.process_time() - began < 3
    assert 1_000 < len(entry.summary) <= 64 * 1024


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 300_000,
        "BEGIN:VCALENDAR\r\n" + "BEGIN:VTIMEZONE\r\n" * 100_000,
        calendar(WALK.replace("Europe/Rome", "Custom"), head=CUSTOM.replace("YEARLY", "SECONDLY")),
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + "DTSTART" + ";TZID=x" * 500_000,
        calendar(f"{WALK}\nEXDATE:" + ",".join(["20270516T100000Z"] * 200_000)),
        calendar(*[f"{WALK}\nRDATE:" + ",".join(["20270516T100000Z"] * 100)] * 500),
        calendar(*[WALK.replace("UID:w", f"UID:w\nSEQUENCE:{n}") for n in range(5_000)]),
        calendar(
            WEEKLY.replace("COUNT=4", "COUNT=400"),
            *[f"{WALK}\nRECURRENCE-ID;RANGE=THISANDFUTURE:{20270101 + n}" for n in range(5_000)],
        ),
    ],
    ids=[
        "begins",
        "zones",
        "a zone of seconds",
        "parameters",
        "exdates",
        "rdates",
        "versions",
        "exceptions",
    ],
)
def test_a_hostile_calendar_ends_soon(text: str) -> None:
    began = time.process_time()
    read_ical(text, URL, now=NOW)
    assert time.process_time() - began < 8


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_calendar_spoilt_anywhere_breaks_nothing(data: st.DataObject) -> None:
    whole = calendar(WEEKLY, WALK, head=CUSTOM)
    start = data.draw(st.integers(0, len(whole)))
    junk = data.draw(st.text(max_size=8) | st.sampled_from(["\r\n", ";", ":", ",", '"', "\r\n "]))
    read_ical(whole[:start] + junk + whole[start + data.draw(st.integers(0, 9)) :], URL, now=NOW)


def test_an_occurrence_of_an_endless_uid_has_an_id_of_bounded_length() -> None:
    uid = "x" * 5_000
    text = calendar(f"UID:{uid}\nDTSTART:20270510T100000Z\nRRULE:FREQ=DAILY;COUNT=3")
    feed = read_ical(text, "", now=NOW)
    assert len({entry.guid for entry in feed.entries}) == 3
    assert max(len(entry.guid) for entry in feed.entries) <= 2_000
