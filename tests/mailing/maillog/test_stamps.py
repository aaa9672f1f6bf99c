"""Reading the moment at which a line was written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.sending.maillog.stamps import read_stamp

ROME = ZoneInfo("Europe/Rome")
NEAR = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)


def moment(line: bytes, *, near: datetime = NEAR, zone: ZoneInfo = ROME) -> str:
    found = read_stamp(line, near=near, zone=zone)
    assert found is not None
    assert line[found[1] :] == b"mail x"
    return f"{found[0].earliest:%Y-%m-%dT%H:%M:%S}"


@pytest.mark.parametrize(
    ("written", "is_at"),
    [
        pytest.param(b"Nov  2 09:00:00 mail x", "2026-11-02T08:00:00", id="old"),
        pytest.param(b"Nov 22 09:00:00.123456 mail x", "2026-11-22T08:00:00", id="with fractions"),
        pytest.param(b"<22>Jul 22 09:00:00 mail x", "2026-07-22T07:00:00", id="with a priority"),
        pytest.param(b"Dec 31 23:59:59 mail x", "2026-12-31T22:59:59", id="before new year"),
        pytest.param(b"Jan  1 00:30:00 mail x", "2026-12-31T23:30:00", id="after new year, in UTC"),
        pytest.param(b"Jan  1 12:00:00 mail x", "2027-01-01T11:00:00", id="a little ahead"),
        pytest.param(b"Jan  3 12:00:00 mail x", "2026-01-03T11:00:00", id="a year ago"),
        pytest.param(b"Feb 29 12:00:00 mail x", "2024-02-29T11:00:00", id="leap day"),
        pytest.param(b"Nov 22 23:59:60 mail x", "2026-11-22T22:59:59", id="leap second"),
        pytest.param(b"2026-11-22T09:00:00.5+01:00 mail x", "2026-11-22T08:00:00", id="rsyslog"),
        pytest.param(b"2026-11-22T09:00:00Z mail x", "2026-11-22T09:00:00", id="UTC"),
        pytest.param(b"2026-11-22T09:00:00-0330 mail x", "2026-11-22T12:30:00", id="short-iso"),
        pytest.param(b"2026-11-22T09:00:00 mail x", "2026-11-22T08:00:00", id="no zone"),
        pytest.param(b"<22>1 2026-11-22T09:00:00Z mail x", "2026-11-22T09:00:00", id="RFC 5424"),
    ],
)
def test_every_way_of_writing_a_moment_is_understood(written: bytes, is_at: str) -> None:
    assert moment(written) == is_at


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xff\xfe mail x", id="junk"),
        pytest.param(b"Foo 22 09:00:00 mail x", id="no month"),
        pytest.param(b"Feb 31 09:00:00 mail x", id="no day"),
        pytest.param(b"Nov 22 29:00:00 mail x", id="no hour"),
        pytest.param(b"2026-13-22T09:00:00Z mail x", id="no month of a year"),
        pytest.param(b"2026-11-22T09:00:00+99:99 mail x", id="no zone that exists"),
        pytest.param(b"0001-01-01T00:00:00+10:00 mail x", id="before all time"),
        pytest.param(b"it said Nov 22 09:00:00 mail x", id="not where it begins"),
    ],
)
def test_what_is_no_moment_is_none(written: bytes) -> None:
    assert read_stamp(written, near=NEAR, zone=ROME) is None


def test_an_hour_that_happens_twice_is_not_told_apart() -> None:
    found = read_stamp(b"Oct 25 02:30:00 mail x", near=NEAR, zone=ROME)
    assert found is not None
    assert found[0].latest - found[0].earliest == timedelta(hours=1, seconds=1)
    known = read_stamp(b"2026-10-25T02:30:00+02:00 mail x", near=NEAR, zone=ROME)
    assert known is not None
    assert known[0].earliest == found[0].earliest
    assert known[0].latest - known[0].earliest == timedelta(seconds=1)


@given(st.binary(max_size=80))
def test_no_line_makes_the_reader_fall(line: bytes) -> None:
    read_stamp(line, near=NEAR, zone=ROME)


@given(st.datetimes(min_value=datetime(2026, 1, 3), max_value=datetime(2026, 12, 31)))
def test_a_line_of_the_last_year_is_read_as_it_was_written(written: datetime) -> None:
    line = f"{written:%b} {written.day:2} {written:%H:%M:%S} mail x".encode()
    found = read_stamp(line, near=NEAR, zone=ROME)
    assert found is not None
    meant = written.replace(microsecond=0, tzinfo=ROME).astimezone(UTC)
    assert found[0].earliest <= meant < found[0].latest
