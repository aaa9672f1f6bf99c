"""Dates as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.sources.feeds.words.dates import read_date, zone_of
from tests.sources.feeds.documents import item, only_entry, rss, said_of, understood

ROME = ZoneInfo("Europe/Rome")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 10 May 2027 10:00:00 CET", "2027-05-10T09:00"),
        ("Mon, 10 May 2027 10:00:00 CEST", "2027-05-10T08:00"),
        ("Mon, 10 May 2027 10:00:00 EST", "2027-05-10T15:00"),
        ("Mon, 10 May 2027 10:00:00 +0530", "2027-05-10T04:30"),
        ("Mon, 10 May 2027 10:00:00 GMT+0200", "2027-05-10T08:00"),
        ("Mon, 10 May 2027 10:00:00 +0200 (CEST)", "2027-05-10T08:00"),
        ("10 May 27 10:00 GMT", "2027-05-10T10:00"),
        ("10 May 98 10:00 GMT", "1998-05-10T10:00"),
        ("2027-05-10T10:00:00+2", "2027-05-10T08:00"),
        ("2027-05-10T10:00:00.123456Z", "2027-05-10T10:00"),
        ("20270510T100000Z", "2027-05-10T10:00"),
        ("Mon May 10 10:00:00 CEST 2027", "2027-05-10T08:00"),
        ("2027-05-10T24:00:00Z", "2027-05-11T00:00"),
        ("Mon, 10 May 2027 24:00:00 GMT", "2027-05-11T00:00"),
        ("Thu, 31 Dec 2026 23:59:60 GMT", "2026-12-31T23:59:59"),
    ],
)
def test_a_date_with_a_zone_is_a_moment(text: str, expected: str) -> None:
    found = read_date(text, zone=ROME)
    assert found is not None
    assert (found.moment, found.has_zone, found.is_day) == (utc(expected), True, False)


@pytest.mark.parametrize(
    "text",
    [
        "lun, 10 maggio 2027 10:00:00",
        "10 maggio 2027 ore 10:00",
        "Mon May 10 10:00:00 2027",
        "May 10, 2027 10:00 AM",
        "10.05.2027 - 10:00 Uhr",
        "Mo., 10.05.2027, 10:00",
        "10 mai 2027 à 10h00",
        "10 мая 2027 10:00",
        "10 травня 2027, 10:00",
        "10 Μαΐου 2027 10:00",
        "10 مايو 2027 10:00",
        "10 במאי 2027 10:00",
        "10 ta’ Mejju 2027 10:00",
        "2027-05-10 10:00:00",
        "2027-05-10T10:00:00+9900",
    ],
)
def test_a_time_without_a_zone_counts_in_the_networks(text: str) -> None:
    found = read_date(text, zone=ROME)
    assert found is not None
    assert (found.moment, found.has_zone) == (utc("2027-05-10T08:00"), False)


@pytest.mark.parametrize(
    "text",
    ["2027-05-10", "10 de mayo de 2027", "10. maja 2027", "Mon, 10 May 2027", "10.5.2027"],
)
def test_a_bare_date_is_a_day_of_the_network_and_not_midnight_in_greenwich(text: str) -> None:
    found = read_date(text, zone=ROME)
    assert found is not None
    assert (found.moment, found.is_day) == (utc("2027-05-09T22:00"), True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "10/05/2027",
        "2027-02-30T10:00:00Z",
        "31 June 2027",
        "Mon, 10 May 2027 25:00:00 GMT",
        "2027-05-10T24:30:00Z",
        "May 10, 2027 13:00 PM",
        "0000-00-00 00:00:00",
        "Mon, 30 Nov -0001 00:00:00 +0000",
        "0001-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-0500",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_date(text, zone=ROME) is None


def test_a_month_that_means_another_one_elsewhere_is_read_as_the_networks_languages_do() -> None:
    polish = read_date("10 listopada 2027")
    assert polish is not None
    assert polish.moment.month == 11
    assert read_date("10 srpnja 2027") == read_date("10 July 2027")  # Croatian only


def test_an_unknown_zone_is_utc() -> None:
    assert zone_of("") is UTC
    assert zone_of("Nowhere/Atall") is UTC
    assert zone_of("../../etc/passwd") is UTC
    assert zone_of("Europe/Rome") == ROME


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    read_date(text, zone=ROME)


@given(
    st.datetimes(datetime(1991, 1, 1), datetime(2199, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    )
)
def test_every_moment_is_read_back_from_the_forms_of_rss_and_atom(moment: datetime) -> None:
    for text in (
        moment.isoformat() + "Z",
        moment.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        moment.strftime("%a %b %d %H:%M:%S GMT %Y"),
    ):
        read = read_date(text, zone=ROME)
        assert read is not None
        assert read.moment == moment.replace(tzinfo=UTC)


def test_a_feed_is_told_in_which_zone_its_times_were_read() -> None:
    document = rss(item(date="Mon, 10 May 2027 08:00:00"))
    assert "read as UTC" in said_of(understood(document))
    told = understood(document, zone="Europe/Rome")
    assert "1 date does not say its time zone" in said_of(told)
    assert "read as Europe/Rome" in said_of(told)
    assert told.entries[0].published_at == utc("2027-05-10T06:00")


def test_a_feed_is_told_that_its_dates_are_days() -> None:
    told = understood(rss(item(date="2027-05-10")), zone="Europe/Rome")
    assert "a day but no hour" in said_of(told)
    assert told.entries[0].published_at == utc("2027-05-09T22:00")


@pytest.mark.parametrize(
    ("more", "published", "updated"),
    [
        ("<dc:date>2027-05-10T10:00:00Z</dc:date>", "2027-05-10T10:00", "2027-05-10T10:00"),
        (
            (
                "<dcterms:issued>2027-05-10T10:00:00Z</dcterms:issued>"
                "<dcterms:modified>2027-05-11T10:00:00Z</dcterms:modified>"
            ),
            "2027-05-10T10:00",
            "2027-05-11T10:00",
        ),
        (
            "<prism:publicationDate>2027-05-10T10:00:00Z</prism:publicationDate>",
            "2027-05-10T10:00",
            None,
        ),
    ],
)
def test_dates_of_dublin_core_and_prism_are_those_of_publication(
    more: str, published: str, updated: str | None
) -> None:
    spaces = (
        ' xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"'
    )
    entry = only_entry(rss(item(date=None, more=more), attributes=spaces))
    assert entry.published_at == utc(published)
    assert entry.updated_at == (utc(updated) if updated else None)
