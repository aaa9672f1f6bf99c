"""What is guessed from values that people wrote in another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.sources.meant import meant_day, meant_days, meant_moment, meant_span, meant_time


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("31.12.2027", "2027-12-31"),
        ("31.12.2027 9.30", "2027-12-31 09:30"),
        ("2027/12/31", "2027-12-31"),
        ("2027–12–31, 10 Uhr", "2027-12-31 10:00"),
        ("31 December 2027", "2027-12-31"),
        ("31 grudnia 2027", "2027-12-31"),
        ("31 de diciembre de 2027 6pm", "2027-12-31 18:00"),
        ("2027-31-12", "2027-12-31"),
        ("12/31/2027", "2027-12-31"),
        ("5/6/2027", ""),
        ("30.2.2027", ""),
        ("31.12.2027 25:00", ""),
        ("tomorrow", ""),
        ("", ""),
    ],
)
def test_a_moment_is_guessed_only_where_it_is_clear(written: str, meant: str) -> None:
    assert meant_moment(written) == meant
    assert meant_day(written) == (meant if len(meant) == len("2027-12-31") else "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("9.30", "09:30"),
        ("930", "09:30"),
        ("9:30 am", "09:30"),
        ("12 am", "00:00"),
        ("18h30", "18:30"),
        ("“10:00”", "10:00"),
        ("9", ""),
        ("24:00", ""),
        ("12:75", ""),
    ],
)
def test_a_time_is_guessed_only_where_it_is_clear(written: str, meant: str) -> None:
    assert meant_time(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2 weeks", "2w"),
        ("2 Wochen", "2w"),
        ("3 giorni", "3d"),
        ("25 min.", "25m"),
        ("2D", "2d"),
        ("3 months", ""),
        ("1,5h", ""),
        ("-2d", ""),
        ("two days", ""),
    ],
)
def test_a_duration_is_guessed_only_where_it_is_clear(written: str, meant: str) -> None:
    assert meant_span(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("freitag", "friday"),
        ("every Friday", "friday"),
        ("fridays", "friday"),
        ("1st friday", "first friday"),
        ("last piątek", "last friday"),
        ("weekdays", "weekday"),
        ("monday and friday", ""),
        ("2 weeks", ""),
        ("", ""),
    ],
)
def test_days_are_guessed_only_where_they_are_clear(written: str, meant: str) -> None:
    assert meant_days(written) == meant


@given(st.text(max_size=20) | st.from_regex(r"[\d./: -]{1,20}", fullmatch=True))
def test_whatever_was_written_nothing_breaks(written: str) -> None:
    for guess in (meant_day, meant_moment, meant_time, meant_span, meant_days):
        assert isinstance(guess(written), str)
