"""A day's limit is kept around midnight, too, and a window's opening is not run ahead of."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from herald.model.campaign import Quota, Window
from tests.planning.test_amplify import DAY, a_rule, a_voice, an_entry, planned

MIDNIGHT = datetime(2027, 5, 9, 22, 0, tzinfo=UTC)
"""In Rome."""
JUST_BEFORE = {"first_seen_at": MIDNIGHT, "published_at": MIDNIGHT - timedelta(hours=1)}
RULE = a_rule(limit_partner=Quota(count=3, period=DAY))


def entries(count: int):
    return [an_entry(number, **JUST_BEFORE) for number in range(count)]


def test_what_comes_at_midnight_counts_for_the_day_that_begins() -> None:
    chosen = planned(*entries(3), campaigns=(a_voice(RULE),), now=MIDNIGHT)
    assert [one.due_at - MIDNIGHT for one in chosen] == [timedelta(seconds=n) for n in range(3)]


def test_soon_after_midnight_it_counts_for_that_day_as_well() -> None:
    now = MIDNIGHT + timedelta(seconds=1)
    chosen = planned(*entries(3), campaigns=(a_voice(RULE),), now=now)
    assert all(one.due_at >= MIDNIGHT for one in chosen)


def test_later_in_the_day_what_comes_is_due_at_once() -> None:
    now = MIDNIGHT + timedelta(seconds=2)
    chosen = planned(*entries(3), campaigns=(a_voice(RULE),), now=now)
    assert [one.due_at - now for one in chosen] == [timedelta(seconds=n) for n in (-2, -1, 0)]


def test_nothing_is_due_before_its_window_opens() -> None:
    opens = datetime(2027, 5, 10, 7, 0, tzinfo=UTC)
    voice = a_voice(RULE, window=Window(opens=time(9), closes=time(19)))
    chosen = planned(*entries(3), campaigns=(voice,), now=opens)
    assert [one.due_at - opens for one in chosen] == [timedelta(seconds=n) for n in range(3)]
