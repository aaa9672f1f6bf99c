"""A copy of the store, made while others write: whole, private, and never in anybody's way."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from herald.errors import StoreUnusable
from herald.store.backup import BackupRefused, back_up, dump_command
from herald.store.engine import open_store

NOON = datetime(2027, 5, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> Path:
    opened = await open_store("sqlite:///var/herald.db", tmp_path)
    await opened.close()
    return tmp_path / "var" / "herald.db"


def remember(path: Path, *names: str) -> None:
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.executemany("INSERT INTO first_seen VALUES (?, 0)", [(name,) for name in names])


def remembered(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM first_seen ORDER BY name")]


def test_a_copy_holds_what_stands_in_the_journal_beside_the_store(store, tmp_path):
    with closing(sqlite3.connect(store)) as keeps_the_journal:
        keeps_the_journal.execute("SELECT count(*) FROM first_seen").fetchone()
        remember(store, "mill", "salt-house")
        assert store.with_name("herald.db-wal").stat().st_size > 0
        made = back_up(store, tmp_path / "copy.db", at=NOON)
    assert remembered(made.file) == ["mill", "salt-house"]
    assert (made.at, made.size) == (NOON, made.file.stat().st_size)
    assert (made.is_on_same_disk, made.is_private) == (True, True)


def test_only_its_owner_may_read_a_copy_whatever_new_files_are_like(store, tmp_path):
    before = os.umask(0)
    try:
        made = back_up(store, tmp_path / "copy.db", at=NOON)
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600


def test_a_copy_is_of_one_moment_while_others_write(store, tmp_path):
    stop = threading.Event()

    def write() -> None:
        nth = 0
        while not stop.is_set():
            remember(store, f"{nth:06}-a", f"{nth:06}-b")
            nth += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for nth in range(10):
            names = remembered(back_up(store, tmp_path / f"{nth}.db", at=NOON).file)
            assert len(names) % 2 == 0
            assert names == sorted(
                f"{n:06}-{half}" for n in range(len(names) // 2) for half in "ab"
            )
    finally:
        stop.set()
        writer.join()


def test_what_was_erased_is_in_no_copy(store, tmp_path):
    remember(store, *(f"ana-{nth}@example.org" for nth in range(500)))
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("DELETE FROM first_seen")
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"@example.org" in store.read_bytes()
    copy = back_up(store, tmp_path / "copy.db", at=NOON).file
    assert b"@example.org" not in copy.read_bytes()


def test_a_file_that_is_there_stays_until_it_may_be_replaced(store, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_text("last year's")
    with pytest.raises(BackupRefused, match="there already: name another, or say --force"):
        back_up(store, copy, at=NOON)
    assert copy.read_text() == "last year's"
    back_up(store, copy, at=NOON, replace=True)
    assert remembered(copy) == []


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("var/herald.db", "the store itself"),
        ("var/herald.db-wal", "the store itself"),
        ("var/herald.db.epoch", "the store itself"),
        ("link.db", "the store itself"),
        ("var", "a folder"),
        ("pipe", "no file"),
        ("nowhere/copy.db", "no such folder"),
    ],
)
def test_where_something_would_be_lost_no_copy_is_written(store, tmp_path, target, why):
    (tmp_path / "link.db").symlink_to(store)
    os.mkfifo(tmp_path / "pipe")
    before = store.read_bytes()
    with pytest.raises(BackupRefused, match=why):
        back_up(store, tmp_path / target, at=NOON, replace=True)
    assert store.read_bytes() == before


def test_a_damaged_store_gives_no_copy_and_leaves_the_last_one(store, tmp_path):
    remember(store, *(f"{nth:05}" for nth in range(5000)))
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = bytearray(store.read_bytes())
    pages[len(pages) // 2 :] = os.urandom(len(pages) - len(pages) // 2)
    store.write_bytes(pages)
    (tmp_path / "copies").mkdir()
    copy = tmp_path / "copies" / "copy.db"
    copy.write_text("yesterday's")
    with pytest.raises(StoreUnusable):
        back_up(store, copy, at=NOON, replace=True)
    assert copy.read_text() == "yesterday's"
    assert list(copy.parent.iterdir()) == [copy]


def test_without_a_store_there_is_nothing_to_copy(tmp_path):
    with pytest.raises(StoreUnusable, match="no store yet"):
        back_up(tmp_path / "herald.db", tmp_path / "copy.db", at=NOON)
    assert list(tmp_path.iterdir()) == []


async def test_a_copy_opens_as_a_store(store, tmp_path):
    remember(store, "mill")
    back_up(store, tmp_path / "copy.db", at=NOON)
    opened = await open_store("sqlite:///copy.db", tmp_path)
    try:
        await opened.verify()
    finally:
        await opened.close()
    assert remembered(tmp_path / "copy.db") == ["mill"]


def test_the_command_for_postgresql_holds_no_password():
    told = dump_command("postgresql+asyncpg://herald:secret@db.example.org/net", Path("net.dump"))
    assert told == (
        "pg_dump --format=custom --no-owner --file='net.dump'"
        " --dbname='postgresql://herald@db.example.org/net'"
    )
