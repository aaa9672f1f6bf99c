"""Looking at a store: it is shown as it is, and nothing is left behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from herald.errors import StoreUnusable
from herald.store.looking import copy_store, open_to_look

URL = "sqlite:///var/herald.db"


def words_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]


async def test_no_file_is_an_empty_store_of_which_nothing_stays(tmp_path: Path) -> None:
    async with open_to_look(URL, tmp_path) as store:
        assert store.path is not None
        assert not store.path.is_relative_to(tmp_path)
        assert store.path.exists()
    assert not store.path.exists()
    assert not (tmp_path / "var").exists()


async def test_a_file_that_may_be_written_is_looked_at_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "var" / "herald.db"
    path.parent.mkdir()
    path.touch()
    async with open_to_look(URL, tmp_path) as store:
        assert store.path == path


def test_a_copy_has_what_a_writer_has_not_yet_put_into_the_file_itself(tmp_path: Path) -> None:
    path, copy = tmp_path / "a b?.db", tmp_path / "copy.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE words (word TEXT)")
        writer.execute("INSERT INTO words VALUES ('salt')")
        assert path.with_name("a b?.db-wal").stat().st_size
        copy_store(path, copy)
        writer.execute("INSERT INTO words VALUES ('rice')")
        assert words_in(copy) == ["salt"]


def test_a_damaged_file_is_told_and_not_shown_as_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "herald.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnusable, match=r"herald\.db: it cannot be read"):
        copy_store(path, tmp_path / "copy.db")
