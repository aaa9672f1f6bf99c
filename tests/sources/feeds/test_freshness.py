"""When a feed is asked again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.sources.feeds.freshness import fresh_for, next_check, next_try, retry_at, rhythm
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
        ({"Expires": "0"}, timedelta(0)),
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
    ("a_month", "events", "hours"),
    [(0, False, 24), (4, False, 24), (56, False, 12), (4000, False, 1), (0, True, 6)],
    ids=["silent", "weekly", "twice a day", "torrent", "calendar"],
)
def test_a_feed_is_asked_in_its_own_rhythm(a_month: int, events: bool, hours: int) -> None:
    published = [NOW - timedelta(days=28) * index / (a_month + 1) for index in range(a_month)]
    assert rhythm(published, has_events_to_come=events, now=NOW) == hours * HOUR


@given(headers=st.dictionaries(st.sampled_from(["Cache-Control", "Expires", "Date"]), st.text()))
def test_no_header_breaks_the_reading(headers: dict[str, str]) -> None:
    assert timedelta(0) <= fresh_for(headers, now=NOW) <= timedelta(days=1)


@given(text=st.text())
def test_no_retry_after_breaks_the_reading(text: str) -> None:
    found = retry_at({"Retry-After": text}, now=NOW)
    assert found is None or NOW <= found <= NOW + timedelta(hours=48)
