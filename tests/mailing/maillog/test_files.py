"""Where a log lies: turned over, packed, emptied, not readable."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from herald.mailing.sending.maillog.files import read_files, read_stream
from herald.mailing.sending.maillog.reading import MailLog, Told
from tests.mailing.maillog.makers import line, queued, wanted
from tests.makers import NOON


def put(path: Path, *lines: bytes, at: datetime = NOON, pack: object = bytes) -> Path:
    assert callable(pack)
    path.write_bytes(pack(b"".join(lines)))
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def read(path: Path | str, *, since: datetime = NOON - timedelta(days=2)) -> tuple[str, Told]:
    reading = MailLog((wanted(),), near=NOON, zone=UTC)
    fault = read_files(str(path), reading, since=since, now=max(NOON, since))
    return fault, reading.told()


@pytest.mark.parametrize(
    ("turned", "pack"),
    [
        ("mail.log.1", bytes),
        ("mail.log.2.gz", gzip.compress),
        ("mail.log-20270510", bytes),
        ("mail.log-20270510.xz", lzma.compress),
        ("mail.log-20270510-1807.bz2", bz2.compress),
    ],
)
def test_a_log_that_was_turned_over_is_read_too_and_first(
    tmp_path: Path, turned: str, pack: Callable[[bytes], bytes]
) -> None:
    early = NOON - timedelta(days=1)
    put(tmp_path / turned, queued(at=early + timedelta(hours=23, minutes=30)), at=NOON, pack=pack)
    live = put(tmp_path / "mail.log", line("removed"))
    put(tmp_path / "mail.log.old.txt", line("something else", at=early))
    fault, told = read(live)
    assert fault == ""
    assert told.taken == {1: "4jX"}
    assert told.first is not None
    assert told.first.earliest == NOON - timedelta(minutes=30)
    assert told.unsound_until is None


def test_files_from_before_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "mail.log.1", queued(), at=NOON - timedelta(days=3))
    assert read(put(tmp_path / "mail.log", line("removed")))[1].taken == {}


def test_a_line_without_a_year_is_of_the_year_of_its_file(tmp_path: Path) -> None:
    new_year = datetime(2027, 1, 1, 0, 5, tzinfo=UTC)
    put(
        tmp_path / "maillog.1", b"Dec 31 23:59:58 mail postfix/qmgr[1]: 4jX: removed\n", at=new_year
    )
    live = put(
        tmp_path / "maillog", b"Jan  1 00:00:01 mail postfix/qmgr[1]: 4jY: removed\n", at=new_year
    )
    _, told = read(live, since=new_year - timedelta(days=1))
    assert told.first is not None
    assert told.last is not None
    assert (told.first.earliest.year, told.last.earliest.year) == (2026, 2027)
    assert told.unsound_until is None


def test_several_logs_may_be_named_by_a_pattern(tmp_path: Path) -> None:
    put(tmp_path / "a.log", line("removed"))
    put(tmp_path / "b.log", queued())
    assert read(tmp_path / "*.log")[1].taken == {1: "4jX"}


def test_a_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in read(tmp_path / "mail.log")[0]
    assert "there is no file" in read(tmp_path / "*.log")[0]
    assert "cannot be read: Is a directory" in read(tmp_path)[0]


def test_a_packed_file_that_is_broken_is_told_and_the_rest_counts(tmp_path: Path) -> None:
    put(tmp_path / "mail.log.2.gz", gzip.compress(queued() * 100)[:60])
    put(tmp_path / "mail.log.3.zst", b"x")
    fault, told = read(put(tmp_path / "mail.log", queued()))
    assert "mail.log.2.gz cannot be read to its end" in fault
    assert "mail.log.3.zst is compressed as Herald cannot read it" in fault
    assert told.taken == {1: "4jX"}


def test_junk_and_lines_without_an_end_are_passed_over() -> None:
    reading = MailLog((wanted(),), near=NOON, zone=UTC)
    endless = b"\x00" * 100_000 + queued()
    read_stream(BytesIO(endless + queued("5kY") + queued("6lZ").rstrip(b"\n")), reading)
    assert reading.told().taken == {1: "5kY"}
