"""Feeds whose dates are those of events, and modules that say when an event is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from herald.model.feed import EventSource
from tests.sources.feeds.documents import item, only_entry, rss, said_of, understood

AHEAD = "Sun, 16 May 2027 10:00:00 +0200"
SPACES = (
    ' xmlns:xcal="urn:ietf:params:xml:ns:xcal" xmlns:gd="http://schemas.google.com/g/2005"'
    ' xmlns:mec="http://webnus.net/rss/mec/" xmlns:atom="http://www.w3.org/2005/Atom"'
)


def utc(day: int, hour: int) -> datetime:
    return datetime(2027, 5, day, hour, tzinfo=UTC)


def test_a_date_that_means_the_event_is_no_publication() -> None:
    entry = only_entry(rss(item(date=AHEAD)), pubdate="event_start")
    assert entry.published_at is None
    assert entry.event is not None
    assert entry.event.begins_at == utc(16, 8)
    assert (entry.event.all_day, entry.event.source) == (False, EventSource.PUBDATE)


def test_a_bare_date_that_means_the_event_is_a_whole_day_of_the_network() -> None:
    document = rss(item(date="2027-05-16"))
    feed = understood(document, pubdate="event_start", zone="Europe/Rome")
    event = feed.entries[0].event
    assert event is not None
    assert (event.begins_at, event.all_day, event.zone) == (utc(15, 22), True, "Europe/Rome")
    assert said_of(feed) == ""


def test_a_json_feeds_dates_may_mean_events_too() -> None:
    items = [{"id": "1", "title": "A", "date_published": "2027-05-16T10:00:00+02:00"}]
    document = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})
    entry = only_entry(document, pubdate="event_start")
    assert entry.published_at is None
    assert entry.event is not None
    assert entry.event.begins_at == utc(16, 8)


def test_a_modules_facts_win_over_the_date() -> None:
    more = "<ev:startdate>2027-05-17T10:00:00Z</ev:startdate>"
    entry = only_entry(rss(item(date=AHEAD, more=more)), pubdate="event_start")
    assert entry.published_at is None
    assert entry.event is not None
    assert (entry.event.begins_at, entry.event.source) == (utc(17, 10), EventSource.FEED)


@pytest.mark.parametrize("pubdate", ["auto", "published"])
def test_otherwise_a_date_is_the_publication(pubdate: str) -> None:
    entry = only_entry(rss(item(date=AHEAD)), pubdate=pubdate)
    assert (entry.published_at, entry.event) == (utc(16, 8), None)


@pytest.mark.parametrize(
    ("ahead", "past", "doubted"), [(1, 1, True), (2, 1, True), (1, 2, False), (0, 1, False)]
)
def test_half_the_entries_ahead_look_like_events(ahead: int, past: int, doubted: bool) -> None:
    items = [item(number, date=AHEAD) for number in range(ahead)]
    items += [item(9 - number) for number in range(past)]
    assert ("look like events" in said_of(understood(rss(*items)))) is doubted
    assert "look like events" not in said_of(understood(rss(*items), pubdate="published"))
    assert "look like events" not in said_of(understood(rss(*items), pubdate="event_start"))


def test_tomorrow_morning_is_a_wrong_clock_and_no_event() -> None:
    document = rss(item(date="Tue, 11 May 2027 08:00:00 +0000"))
    assert "look like events" not in said_of(understood(document))


@pytest.mark.parametrize(
    ("head", "guid", "maker"),
    [
        ("<generator>Localist</generator>", "1", "Localist"),
        (
            '<atom:link rel="self" href="https://example.org/events/feed/"/>',
            "1",
            "The Events Calendar",
        ),
        ("", "https://example.org/?post_type=tribe_events&#038;p=7", "The Events Calendar"),
    ],
)
def test_calendars_that_date_by_the_event_are_known(head: str, guid: str, maker: str) -> None:
    feed = understood(rss(item(guid=guid), head=head, attributes=SPACES))
    assert f"{maker} dates its entries" in said_of(feed)
    assert "pubdate: event_start" in said_of(feed)


@pytest.mark.parametrize(
    ("more", "finishes"),
    [
        (
            (
                "<ev:startdate>2027-05-16T10:00:00+02:00</ev:startdate>"
                "<ev:enddate>2027-05-16T12:00:00+02:00</ev:enddate><ev:location>Argenta</ev:location>"
            ),
            10,
        ),
        (
            (
                "<xcal:dtstart>20270516T080000Z</xcal:dtstart><xcal:dtend>20270516T100000Z</xcal:dtend>"
                "<xcal:location>Argenta</xcal:location>"
            ),
            10,
        ),
        (
            (
                '<gd:when startTime="2027-05-16T10:00:00+02:00"'
                ' endTime="2027-05-16T12:00:00+02:00"/>'
                '<gd:where valueString="Argenta"/>'
            ),
            10,
        ),
        (
            (
                "<mec:startDate>2027-05-16</mec:startDate><mec:startHour>10:00 am</mec:startHour>"
                "<mec:endDate>2027-05-16</mec:endDate><mec:endHour>12:00 pm</mec:endHour>"
                "<mec:location>Argenta</mec:location>"
            ),
            10,
        ),
        (
            (
                "<startDate>16.05.2027 10:00</startDate>"
                "<location>&lt;b&gt;Argenta&lt;/b&gt;</location>"
            ),
            None,
        ),
        (
            (
                "<ev:startdate>2027-05-16T10:00:00</ev:startdate><ev:enddate>2026-01-01</ev:enddate>"
                "<ev:location>Argenta</ev:location>"
            ),
            None,
        ),
    ],
    ids=["ev", "xcal", "Google", "Modern Events Calendar", "a municipality's", "an absurd end"],
)
def test_modules_say_when_and_where_an_event_is(more: str, finishes: int | None) -> None:
    feed = understood(rss(item(more=more), attributes=SPACES), zone="Europe/Rome")
    event = feed.entries[0].event
    assert event is not None
    assert (event.begins_at, event.place, event.all_day) == (utc(16, 8), "Argenta", False)
    assert event.finishes_at == (utc(16, finishes) if finishes else None)
    assert feed.entries[0].published_at is not None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("CANCELLED", "cancelled"),
        ("http://schemas.google.com/g/2005#event.canceled", "cancelled"),
        ("EventPostponed", "postponed"),
        ("TENTATIVE", "tentative"),
        ("CONFIRMED", "confirmed"),
    ],
)
def test_a_modules_status_is_understood(said: str, status: str) -> None:
    more = f"<xcal:dtstart>20270516T080000Z</xcal:dtstart><xcal:status>{said}</xcal:status>"
    event = only_entry(rss(item(more=more), attributes=SPACES)).event
    assert event is not None
    assert event.status == status


def test_a_last_day_is_over_when_it_ends() -> None:
    more = "<ev:startdate>2027-05-16</ev:startdate><ev:enddate>2027-05-17</ev:enddate>"
    event = only_entry(rss(item(more=more))).event
    assert event is not None
    assert (event.begins_at, event.finishes_at, event.all_day) == (utc(16, 0), utc(18, 0), True)


def test_a_start_that_cannot_be_read_is_told_and_no_event() -> None:
    feed = understood(rss(item(more="<ev:startdate>soon</ev:startdate>")))
    assert feed.entries[0].event is None
    assert "cannot be understood: 'soon'" in said_of(feed)
