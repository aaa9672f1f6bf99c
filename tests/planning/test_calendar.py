"""The heritage calendar and its rules."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.data.calendar import Dates, calendar, compute, observances


@pytest.mark.parametrize(
    ("rule", "year", "first", "last"),
    [
        pytest.param("05-18", 2027, "2027-05-18", "2027-05-18", id="a date"),
        pytest.param("sat nearest 05-18", 2015, "2015-05-16", "2015-05-16", id="nearest before"),
        pytest.param("sat nearest 05-18", 2018, "2018-05-19", "2018-05-19", id="nearest after"),
        pytest.param("sat nearest 05-18", 2024, "2024-05-18", "2024-05-18", id="the day itself"),
        pytest.param("3rd sat of 09 +1d", 2027, "2027-09-18", "2027-09-19", id="a weekend"),
        pytest.param("2nd sun of 09", 2027, "2027-09-12", "2027-09-12", id="second Sunday"),
        pytest.param("1st sat of 05", 2027, "2027-05-01", "2027-05-01", id="the month's first"),
    ],
)
def test_a_rule_gives_days(rule, year, first, last):
    assert compute(rule, year) == Dates(
        first=date.fromisoformat(first), last=date.fromisoformat(last)
    )


@pytest.mark.parametrize(
    ("rule", "year"),
    [("range", 2027), ("02-29", 2027), ("5th sun of 02", 2027)],
)
def test_some_years_have_no_such_day(rule, year):
    assert compute(rule, year) is None


def test_what_is_no_rule_is_refused():
    with pytest.raises(ValueError, match="no rule"):
        compute("some time in May", 2027)


@pytest.mark.parametrize(
    ("country", "town", "day"),
    [
        ("", "", date(2022, 5, 14)),
        ("HU", "", date(2022, 6, 25)),
        ("PL", "Cracow", date(2022, 5, 13)),
        ("PL", "Gdańsk", date(2022, 5, 14)),
        ("DE", "Berlin", date(2022, 8, 27)),
    ],
)
def test_an_override_wins_over_the_rule(country, town, day):
    night = observances()["night_of_museums"]
    assert night.dates(2022, country=country, town=town) == Dates(first=day, last=day)


def test_a_country_may_have_a_rule_where_the_calendar_has_none():
    days = observances()["european_heritage_days"]
    assert days.dates(2027) is None
    assert days.dates(2027, country="DE") == Dates(first=date(2027, 9, 12), last=date(2027, 9, 12))
    assert days.dates(2027, country="IT") is None


def test_the_calendar_is_sound():
    known = calendar()
    assert len({one.id for one in known}) == len(known) == 22
    for one in known:
        assert one.names.get("en")
        assert one.confidence in {"sourced", "unconfirmed"}
        assert one.rule != "range" or one.window
        assert all(tag.startswith("#") for _, tags in one.hashtags for tag in tags.split())
        for rule in (one.rule, *(national.rule for national in one.national)):
            compute(rule, 2027)


@given(st.integers(1, 9000))
def test_the_nearest_saturday_is_a_saturday_within_three_days(year):
    found = compute("sat nearest 05-18", year)
    assert found is not None
    assert found.first.weekday() == 5
    assert abs((found.first - date(year, 5, 18)).days) <= 3
