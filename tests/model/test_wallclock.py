"""What a wall clock shows, and when."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.wallclock import (
    Gap,
    Overlap,
    day_begins,
    day_ends,
    describe,
    localise,
    resolve,
)

ZONES = (
    "Europe/Rome",
    "Europe/London",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/Asuncion",
    "Asia/Beirut",
    "America/Havana",
    "Atlantic/Azores",
    "UTC",
)


@pytest.mark.parametrize(
    ("local", "zone", "moment", "change"),
    [
        pytest.param("2027-03-28T01:59", "Europe/Rome", "2027-03-28T00:59", None, id="before gap"),
        pytest.param(
            "2027-03-28T02:30",
            "Europe/Rome",
            "2027-03-28T01:30",
            Gap(shown=datetime(2027, 3, 28, 3, 30)),
            id="rome gap",
        ),
        pytest.param("2027-03-28T03:00", "Europe/Rome", "2027-03-28T01:00", None, id="after gap"),
        pytest.param(
            "2027-10-31T02:30", "Europe/Rome", "2027-10-31T00:30", Overlap(), id="rome overlap"
        ),
        pytest.param(
            "2027-10-31T01:30", "Europe/London", "2027-10-31T00:30", Overlap(), id="london overlap"
        ),
        pytest.param(
            "2026-10-04T02:10",
            "Australia/Lord_Howe",
            "2026-10-03T15:40",
            Gap(shown=datetime(2026, 10, 4, 2, 40)),
            id="half an hour",
        ),
        pytest.param(
            "2027-02-07T02:30", "Africa/Casablanca", "2027-02-07T01:30", Overlap(), id="ramadan"
        ),
        pytest.param(
            "2011-12-30T10:00",
            "Pacific/Apia",
            "2011-12-30T20:00",
            Gap(shown=datetime(2011, 12, 31, 10, 0)),
            id="a lost day",
        ),
        pytest.param(
            "2027-06-01T10:00", "Pacific/Kiritimati", "2027-05-31T20:00", None, id="kiritimati"
        ),
        pytest.param(
            "2023-10-01T00:15",
            "America/Asuncion",
            "2023-10-01T04:15",
            Gap(shown=datetime(2023, 10, 1, 1, 15)),
            id="midnight gap",
        ),
        pytest.param("2028-02-29T10:00", "Europe/Rome", "2028-02-29T09:00", None, id="leap day"),
    ],
)
def test_a_local_time_is_resolved(local, zone, moment, change):
    assert resolve(datetime.fromisoformat(local), zone) == (
        datetime.fromisoformat(moment).replace(tzinfo=UTC),
        change,
    )


def test_a_day_whose_midnight_is_skipped_begins_when_the_clocks_go_forward():
    day = date(2027, 3, 28)
    assert localise(day_begins(day, "Asia/Beirut"), "Asia/Beirut") == datetime(2027, 3, 28, 1, 0)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2027, 3, 28), 23, id="shorter"),
        pytest.param(date(2027, 10, 31), 25, id="longer"),
        pytest.param(date(2027, 5, 1), 24, id="like any other"),
    ],
)
def test_a_day_lasts_as_long_as_its_clocks_say(day, hours):
    lasts = day_ends(day, "Europe/Rome") - day_begins(day, "Europe/Rome")
    assert lasts == timedelta(hours=hours)


def test_a_clock_change_is_told_in_plain_words():
    local = datetime(2027, 3, 28, 2, 30)
    change = resolve(local, "Europe/Rome")[1]
    assert change is not None
    assert describe(change, local, "Europe/Rome") == (
        "2027-03-28 02:30 does not exist in Europe/Rome: the clocks go forward, so it means 03:30"
    )


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(ZONES),
)
def test_what_is_not_odd_is_shown_again_as_written(local, zone):
    moment, change = resolve(local, zone)
    shown = localise(moment, zone)
    if isinstance(change, Gap):
        assert shown == change.shown > local
    else:
        assert shown == local


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(ZONES),
)
def test_of_two_moments_that_show_the_same_the_first_is_meant(local, zone):
    moment, _ = resolve(local, zone)
    earlier = (moment - timedelta(minutes=minutes) for minutes in (20, 30, 60, 120))
    assert all(localise(one, zone) != local for one in earlier)
