"""Dates as readers of each language write them."""

import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from herald.composing.dates import interval, month, spell, time_of_day

MAY = datetime(2027, 5, 16, 10, 0)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Sunday, 16 May 2027, 10:00"),
        ("it", "domenica 16 maggio 2027, 10:00"),
        ("es", "domingo, 16 de mayo de 2027, 10:00"),
        ("pl", "niedziela, 16 maja 2027, 10:00"),
        ("sl", "nedelja, 16. maj 2027, 10:00"),
        ("mt", "Il-Ħadd, 16 ta’ Mejju 2027, 10:00"),
        ("lt", "2027 m. gegužės 16 d., sekmadienis, 10:00"),
        ("sr-Latn", "nedelja, 16. maj 2027., 10:00"),
        ("sr", "недеља, 16. мај 2027., 10:00"),
        ("de-XX", "Sonntag, 16. Mai 2027, 10:00"),
        ("tlh", "Sunday, 16 May 2027, 10:00"),
        ("", "Sunday, 16 May 2027, 10:00"),
    ],
)
def test_a_moment_is_written_as_its_readers_write_it(language: str, expected: str) -> None:
    assert spell(MAY, language) == expected


def test_a_moment_is_shown_in_its_zone() -> None:
    assert spell(datetime(2027, 5, 16, 22, 30, tzinfo=UTC), "en", "Europe/Rome") == (
        "Monday, 17 May 2027, 00:30"
    )


def test_an_all_day_event_has_no_time_of_day() -> None:
    assert spell(date(2027, 5, 16), "it") == "domenica 16 maggio 2027"


@pytest.mark.parametrize(
    ("begins", "finishes", "language", "expected"),
    [
        pytest.param(
            MAY, datetime(2027, 5, 16, 12, 30), "en", "Sunday, 16 May 2027, 10:00–12:30", id="hours"
        ),
        pytest.param(MAY, None, "en", "Sunday, 16 May 2027, 10:00", id="open-end"),
        pytest.param(
            MAY,
            datetime(2027, 5, 17, 9, 0),
            "en",
            "Sunday, 16 May 2027, 10:00 – Monday, 17 May 2027, 09:00",
            id="over-night",
        ),
        pytest.param(date(2026, 9, 19), date(2026, 9, 20), "sl", "19.–20. sep. 2026", id="days-sl"),
        pytest.param(
            date(2026, 9, 19), date(2026, 9, 20), "lt", "2026 rugsėjo 19–20", id="days-lt"
        ),
        pytest.param(
            date(2027, 5, 16), date(2027, 5, 16), "en", "Sunday, 16 May 2027", id="one-day"
        ),
    ],
)
def test_an_interval_says_from_when_to_when(
    begins: date, finishes: date | None, language: str, expected: str
) -> None:
    assert interval(begins, finishes, language) == expected


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "May"), ("it", "maggio"), ("pl", "maj"), ("mt", "Mejju")]
)
def test_a_month_by_itself_is_not_inflected(language: str, expected: str) -> None:
    assert month(date(2027, 5, 16), language) == expected


def test_a_time_of_day_is_written_in_its_zone() -> None:
    assert time_of_day(datetime(2027, 1, 1, 9, 0, tzinfo=UTC), "it", "Europe/Rome") == "10:00"


def test_no_language_borrows_the_months_of_one_that_was_spelled_before() -> None:
    """Babel gives Maltese the months of Hebrew or Japanese, if these were spelled first (#1234)."""
    code = (
        "import datetime, sys; from herald.composing.dates import month;"
        "from herald.sources.meant import _weekdays; _weekdays();"
        "print(*(month(datetime.date(2027, 5, 16), tag) for tag in sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "he", "ja", "mt", "lt", "no", "he"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert told == ["מאי", "5月", "Mejju", "gegužė", "mai", "מאי"]
