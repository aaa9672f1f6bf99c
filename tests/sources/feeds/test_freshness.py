"""When a feed is asked again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.feed import Cadence
from herald.sources.feeds.fetching.freshness import (
    fresh_for,
    next_check,
    next_try,
    retry_at,
    rhythm,
    validators_are_promises,
)
from tests.sources.feeds.documents import NOW

HOUR = timedelta(hours=1)
EXPIRES = "Mon, 10 May 2027 15:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, timedelta(0)),
        ({"Cache-Control": "max-age=7200"}, 2 * HOUR),
        ({"Cache-Control": 'public, Max-Age="7200"'}, 2 * HOUR),
        ({"Cache-Control": "max-age=99999999999999999999"}, 24 * HOUR),
        ({"Cache-Control": "no-cache, max-age=7200"}, timedelta(0)),
        ({"Cache-Control": "max-age=-5"}, timedelta(0)),
        ({"Cache-Control": "max-age=7200", "Expires": EXPIRES}, 2 * HOUR),
        ({"Expires": EXPIRES}, 3 * HOUR),
        ({"Expires": EXPIRES, "Date": "Mon, 10 May 2027 14:00:00 GMT"}, HOUR),
        ({"Cache-Control": "public", "Expires": EXPIRES}, 3 * HOUR),
        ({"Cache-Control": "no-store", "Expires": EXPIRES}, timedelta(0)),
        ({"Cache-Control": "max-age=7200", "Age": "3600"}, HOUR),
        ({"Cache-Control": "max-age=7200", "Age": "7201"}, timedelta(0)),
        ({"Cache-Control": "max-age=7200", "Age": "old"}, 2 * HOUR),
        ({"Cache-Control": "max-age=soon"}, timedelta(0)),
        ({"Expires": "Fri, 31 Dec 9999 23:59:59 -1400"}, timedelta(0)),
        ({"Expires": "0"}, timedelta(0)),
        ({"Expires": "-1"}, timedelta(0)),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, timedelta(0)),
        ({"Expires": "\ud800 rubbish"}, timedelta(0)),
    ],
)
def test_freshness_is_what_the_headers_say_and_at_most_a_day(
    headers: dict[str, str], expected: timedelta
) -> None:
    assert fresh_for(headers, now=NOW) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120", NOW + timedelta(minutes=2)),
        ("99999999999999", NOW + 48 * HOUR),
        (EXPIRES, NOW + 3 * HOUR),
        ("Mon, 10 May 2027 09:00:00 GMT", NOW),
        ("Fri, 31 Dec 2100 00:00:00 GMT", NOW + 48 * HOUR),
        ("0", NOW),
        ("9" * 5_000, NOW + 48 * HOUR),
        ("-120", None),
        ("12.5", None),
        ("120, 120", None),
        ("Fri, 31 Dec 9999 23:59:59 -1400", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(text: str, expected: datetime | None) -> None:
    assert retry_at({"Retry-After": text}, now=NOW) == expected


@pytest.mark.parametrize(
    ("errors", "minutes"), [(1, 15), (2, 30), (3, 60), (7, 960), (8, 1440), (1000, 1440)]
)
def test_failures_double_the_pause_up_to_a_day(errors: int, minutes: int) -> None:
    found = next_try(now=NOW, errors=errors, not_before=None, jitter=0)
    assert found == NOW + timedelta(minutes=minutes)


def test_a_server_that_asks_to_wait_longer_is_heard() -> None:
    wanted = NOW + 40 * HOUR
    assert next_try(now=NOW, errors=1, not_before=wanted, jitter=1) == wanted


def test_the_longer_of_rhythm_and_freshness_counts() -> None:
    assert next_check(now=NOW, interval=HOUR, fresh=2 * HOUR, jitter=0) == NOW + 2 * HOUR
    assert next_check(now=NOW, interval=3 * HOUR, fresh=HOUR, jitter=0) == NOW + 3 * HOUR
    assert next_check(now=NOW, interval=HOUR, fresh=HOUR, jitter=1) == NOW + 1.15 * HOUR


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, True),
        ({"Expires": "0"}, False),
        ({"Expires": " -1 "}, False),
        ({"Expires": "0", "Cache-Control": "no-cache, max-age=0"}, False),
        ({"Expires": "0", "Cache-Control": "max-age=600"}, True),
        ({"Expires": "Wed, 11 Jan 1984 05:00:00 GMT"}, True),
        ({"Expires": "next week"}, True),
    ],
)
def test_validators_of_a_server_that_switched_caching_off_are_no_promise(
    headers: dict[str, str], kept: bool
) -> None:
    assert validators_are_promises(headers) is kept


def pause(**given: object) -> timedelta:
    """Return the pause from noon of a Monday."""
    asked = {"interval": HOUR, "fresh": timedelta(0), "jitter": 0} | given
    return next_check(now=NOW, **asked) - NOW  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "hours"),
    [
        ({"pause": 5}, 5),
        ({"pause": 400}, 24),
        ({"pause": 2, "fresh": 3}, 3),
        ({"pause": 2, "interval": 7}, 7),
    ],
    ids=["lengthens", "by a day at most", "less than the server", "never shortens"],
)
def test_what_a_document_asks_for_lengthens_the_pause_and_never_shortens_it(
    asked: dict[str, float], hours: float
) -> None:
    spans = {name: value * HOUR for name, value in asked.items()}
    cadence = Cadence(pause=spans.pop("pause"))
    assert pause(cadence=cadence, **spans) == hours * HOUR


@pytest.mark.parametrize(
    ("interval", "every", "fresh", "hours"),
    [
        (1, None, 0, 6),
        (6, None, 0, 6),
        (7, None, 0, 24),
        (24, None, 0, 24),
        (24, 2, 0, 2),
        (24, 0.01, 0, 0.25),
        (24, 2, 3, 3),
    ],
    ids=[
        "once had validators",
        "calendar",
        "news",
        "silent",
        "agreed",
        "agreed too short",
        "the server's word",
    ],
)
def test_without_validators_a_feed_is_asked_once_a_day_unless_its_partner_allows_less(
    interval: float, every: float | None, fresh: float, hours: float
) -> None:
    found = pause(
        interval=interval * HOUR,
        every=None if every is None else every * HOUR,
        fresh=fresh * HOUR,
        has_validators=False,
    )
    assert found == hours * HOUR


def test_an_agreed_pause_stands_for_the_feeds_own_rhythm() -> None:
    assert pause(interval=24 * HOUR, every=3 * HOUR) == 3 * HOUR
    assert pause(interval=HOUR, every=3 * HOUR) == 3 * HOUR


ALL_DAY = frozenset(range(24))
MONDAY = 0


@pytest.mark.parametrize(
    ("cadence", "hours"),
    [
        (Cadence(closed_hours=frozenset({12})), 1),
        (Cadence(closed_hours=frozenset({13})), 2),
        (Cadence(closed_hours=frozenset({13, 14, 15})), 4),
        (Cadence(closed_hours=ALL_DAY - {11}), 23),
        (Cadence(closed_days=frozenset({MONDAY})), 12),
        (Cadence(closed_days=frozenset({MONDAY, 1})), 36),
        (Cadence(closed_days=frozenset({MONDAY}), closed_hours=frozenset(range(8))), 20),
        (Cadence(closed_hours=ALL_DAY), 1),
        (Cadence(closed_days=frozenset(range(7))), 1),
        (Cadence(closed_hours=ALL_DAY, closed_days=frozenset({MONDAY})), 12),
        (Cadence(closed_hours=frozenset({99}), closed_days=frozenset({-1})), 1),
    ],
    ids=[
        "open again",
        "one hour",
        "an afternoon",
        "all but one hour",
        "Mondays",
        "two days",
        "a day, then a night",
        "every hour",
        "every day",
        "every hour, and Mondays",
        "no such hour",
    ],
)
def test_a_check_moves_to_the_start_of_the_next_hour_in_which_the_feed_wants_requests(
    cadence: Cadence, hours: int
) -> None:
    assert pause(cadence=cadence) == hours * HOUR


def test_a_check_in_the_middle_of_a_closed_hour_moves_to_the_full_hour() -> None:
    found = pause(interval=1.5 * HOUR, cadence=Cadence(closed_hours=frozenset({13})))
    assert found == 2 * HOUR


def test_feeds_that_open_at_one_hour_are_not_all_asked_at_its_first_second() -> None:
    closed = Cadence(closed_hours=frozenset({13}))
    assert 2 * HOUR < pause(cadence=closed, jitter=0.5) < 2.1 * HOUR


@given(
    hours=st.frozensets(st.integers(-2, 30)),
    days=st.frozensets(st.integers(-2, 9)),
    asked=st.integers(0, 10**6),
    jitter=st.floats(0, 1),
)
def test_a_check_is_never_early_never_closed_and_never_more_than_eight_days_away(
    hours: frozenset[int], days: frozenset[int], asked: int, jitter: float
) -> None:
    cadence = Cadence(pause=timedelta(minutes=asked), closed_hours=hours, closed_days=days)
    found = NOW + pause(cadence=cadence, jitter=jitter)
    assert NOW + HOUR <= found <= NOW + timedelta(days=8)
    if not hours >= ALL_DAY:
        assert found.hour not in hours
    if not days >= set(range(7)):
        assert found.weekday() not in days


@pytest.mark.parametrize(
    ("a_month", "events", "hours"),
    [(0, False, 24), (4, False, 24), (56, False, 12), (4000, False, 1), (0, True, 6)],
    ids=["silent", "weekly", "twice a day", "torrent", "calendar"],
)
def test_a_feed_is_asked_in_its_own_rhythm(a_month: int, events: bool, hours: int) -> None:
    published = [NOW - timedelta(days=28) * index / (a_month + 1) for index in range(a_month)]
    assert rhythm(published, has_events_to_come=events, now=NOW) == hours * HOUR


@pytest.mark.parametrize(("events", "hours"), [(False, 24), (True, 6)], ids=["news", "calendar"])
def test_the_rhythm_of_a_feed_without_validators_spares_its_server(
    events: bool, hours: int
) -> None:
    often = [NOW - HOUR * number for number in range(500)]
    found = rhythm(often, has_events_to_come=events, now=NOW, has_validators=False)
    assert found == hours * HOUR


@given(
    headers=st.dictionaries(st.sampled_from(["Cache-Control", "Expires", "Date", "Age"]), st.text())
)
def test_no_header_breaks_the_reading(headers: dict[str, str]) -> None:
    assert timedelta(0) <= fresh_for(headers, now=NOW) <= timedelta(days=1)


@given(text=st.text())
def test_no_retry_after_breaks_the_reading(text: str) -> None:
    found = retry_at({"Retry-After": text}, now=NOW)
    assert found is None or NOW <= found <= NOW + timedelta(hours=48)
