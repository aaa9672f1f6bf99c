"""Whether a database knows what was sent: put back, taken elsewhere, crashed, or just restarted."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herald.errors import StoreUnusable
from herald.store.backup import back_up
from herald.store.engine import open_store
from herald.store.instance import LOOK_BACK, Beside, StoredInstance, why_older

NOON = datetime(2027, 5, 3, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("epoch", "beside", "inode", "copied_at", "is_older"),
    [
        pytest.param(0, None, 7, None, False, id="a new database"),
        pytest.param(5, (5, 7), 7, None, False, id="an ordinary restart"),
        pytest.param(6, (5, 7), 7, None, False, id="a crash between the two writes"),
        pytest.param(4, (5, 7), 7, None, True, id="an older copy"),
        pytest.param(0, (5, 7), 7, None, True, id="a database from before there were epochs"),
        pytest.param(5, None, 7, None, True, id="without its file"),
        pytest.param(5, (5, 7), 8, None, True, id="the whole folder, copied"),
        pytest.param(5, (5, 7), 7, NOON, True, id="marked as a copy"),
        pytest.param(0, None, 7, NOON, True, id="a copy of a database that never sent"),
    ],
)
def test_an_older_database_is_told_from_one_that_went_on(epoch, beside, inode, copied_at, is_older):
    known = Beside(epoch=beside[0], inode=beside[1]) if beside else None
    why = why_older(epoch, known, inode=inode, copied_at=copied_at)
    assert (why is not None) is is_older


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[StoredInstance]:
    store = await open_store("sqlite:///herald.db", folder)
    try:
        yield StoredInstance(store)
    finally:
        await store.close()


async def begin(folder: Path, *, now: datetime = NOON) -> str | None:
    """Start on a folder, and die without a word."""
    async with opened(folder) as instance:
        return await instance.recognise(now=now)


def row(folder: Path) -> dict[str, int | None]:
    with closing(sqlite3.connect(folder / "herald.db")) as connection:
        connection.row_factory = sqlite3.Row
        return dict(connection.execute("SELECT * FROM instance").fetchone())


def micro(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def assert_first_used_at(moment: datetime, folder: Path) -> None:
    """Nothing is in doubt but what was due before: another database may have sent that."""
    assert row(folder)["doubt_before"] == micro(moment)
    assert row(folder)["doubt_since"] is None


def copy_store(folder: Path, target: Path) -> None:
    """Copy a database that nobody has open, as ``cp`` does."""
    shutil.copyfile(folder / "herald.db", target)


async def test_restarts_raise_no_doubt(tmp_path):
    for nth in range(3):
        assert await begin(tmp_path, now=NOON + nth * HOUR) is None
    assert_first_used_at(NOON, tmp_path)
    assert row(tmp_path)["last_seen_at"] == micro(NOON + 2 * HOUR)


async def test_a_copy_that_was_put_back_is_recognised_once(tmp_path):
    await begin(tmp_path)
    copy_store(tmp_path, tmp_path / "copy")
    await begin(tmp_path, now=NOON + HOUR)
    shutil.copyfile(tmp_path / "copy", tmp_path / "herald.db")
    assert "a copy was put back" in str(await begin(tmp_path, now=NOON + 2 * HOUR))
    assert row(tmp_path)["doubt_since"] == micro(NOON)
    assert row(tmp_path)["doubt_before"] == micro(NOON + 2 * HOUR)
    assert await begin(tmp_path, now=NOON + 3 * HOUR) is None
    assert row(tmp_path)["doubt_before"] == micro(NOON + 2 * HOUR)


async def test_within_one_run_a_mark_makes_earlier_copies_older(tmp_path):
    async with opened(tmp_path) as instance:
        await instance.recognise(now=NOON)
        back = sqlite3.connect(tmp_path / "herald.db")
        with closing(back), closing(sqlite3.connect(tmp_path / "copy")) as copy:
            back.backup(copy)
        await instance.mark(now=NOON + HOUR)
    for beside in tmp_path.glob("herald.db-*"):
        beside.unlink()
    shutil.copyfile(tmp_path / "copy", tmp_path / "herald.db")
    assert "a copy was put back" in str(await begin(tmp_path))


async def test_what_herald_backup_wrote_is_known_for_a_copy_even_alone(tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    await begin(home, now=NOON - HOUR)
    back_up(home / "herald.db", tmp_path / "first.db", at=NOON)
    back_up(tmp_path / "first.db", other / "herald.db", at=NOON + HOUR)
    assert "herald backup made" in str(await begin(other, now=NOON + 2 * HOUR))
    assert row(other)["doubt_since"] == micro(NOON), "the copy of a copy is as old as that"
    assert await begin(other) is None
    assert await begin(home) is None


async def test_a_copy_of_a_store_without_the_table_is_made_as_it_is(tmp_path):
    await begin(tmp_path)
    with closing(sqlite3.connect(tmp_path / "herald.db")) as connection, connection:
        connection.execute("DROP TABLE instance")
    assert back_up(tmp_path / "herald.db", tmp_path / "copy.db", at=NOON).size > 0


async def test_a_folder_that_was_copied_whole_is_recognised(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    await begin(home)
    shutil.copytree(home, tmp_path / "other")
    assert "with its whole folder" in str(await begin(tmp_path / "other"))
    assert await begin(home) is None, "the one that stayed knows what it sent"


async def test_a_crash_between_the_database_and_the_file_leaves_no_doubt(tmp_path):
    await begin(tmp_path)
    before = (tmp_path / "herald.db.epoch").read_bytes()
    await begin(tmp_path)
    (tmp_path / "herald.db.epoch").write_bytes(before)
    assert await begin(tmp_path, now=NOON + HOUR) is None
    assert_first_used_at(NOON, tmp_path)


async def test_a_crash_within_the_first_start_of_all_leaves_no_doubt(tmp_path):
    (tmp_path / "herald.db.epoch.new").mkdir()  # the file cannot be written
    with pytest.raises(StoreUnusable, match="cannot be written"):
        await begin(tmp_path)
    assert row(tmp_path)["epoch"] == 0, "the database does not count before the file is there"
    (tmp_path / "herald.db.epoch.new").rmdir()
    assert await begin(tmp_path) is None
    assert_first_used_at(NOON, tmp_path)


async def test_what_a_database_sent_before_there_were_epochs_is_known_to_it(tmp_path):
    async with opened(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "herald.db")) as connection:
        connection.execute(
            "INSERT INTO attempt (key, token, started_at, outcome, answer)"
            " VALUES ('a', 1, 0, 'sent', '')"
        )
        connection.commit()
    assert await begin(tmp_path) is None
    assert row(tmp_path)["doubt_before"] is None


async def test_a_crash_while_doubting_loses_neither_the_doubt_nor_its_beginning(tmp_path):
    await begin(tmp_path)
    file = tmp_path / "herald.db.epoch"
    file.unlink()
    await begin(tmp_path, now=NOON + HOUR)
    file.unlink()
    assert await begin(tmp_path, now=NOON + 2 * HOUR) is not None
    assert row(tmp_path)["doubt_since"] == micro(NOON)


@pytest.mark.parametrize("text", ["", "x", "3", "\x00\x00"])
async def test_a_file_that_says_nothing_counts_as_none(tmp_path, text):
    await begin(tmp_path)
    (tmp_path / "herald.db.epoch").write_text(text)
    assert "without the file" in str(await begin(tmp_path))


async def test_an_unknown_or_a_future_moment_is_no_measure_of_when_it_was_copied(tmp_path):
    for seen in (None, micro(NOON + 9 * HOUR)):
        await begin(tmp_path)
        with closing(sqlite3.connect(tmp_path / "herald.db")) as connection, connection:
            connection.execute("UPDATE instance SET last_seen_at = ?", (seen,))
        (tmp_path / "herald.db.epoch").unlink()
        await begin(tmp_path)
        assert row(tmp_path)["doubt_since"] == micro(NOON - LOOK_BACK)


async def test_only_who_has_recognised_the_database_marks_it(tmp_path):
    await begin(tmp_path)
    epoch = row(tmp_path)["epoch"]
    async with opened(tmp_path) as other:
        await other.mark(now=NOON)
    assert row(tmp_path)["epoch"] == epoch


async def test_the_file_is_its_owners_alone(tmp_path):
    await begin(tmp_path)
    assert (tmp_path / "herald.db.epoch").stat().st_mode & 0o777 == 0o600
