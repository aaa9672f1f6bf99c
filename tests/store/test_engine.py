"""Opening the store: where it lies, how it is set, and what is said when it cannot be used."""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import herald.store
from herald.errors import StoreTooNew, StoreUnusable
from herald.store import migrate
from herald.store.engine import Store, open_store
from herald.store.outbox import StoredOutbox
from herald.store.tables import metadata
from tests.makers import NOON

URL = "sqlite:///var/herald.db"


async def opened(folder: Path, url: str = URL) -> Store:
    store = await open_store(url, folder)
    await store.close()
    return store


def database(folder: Path) -> Path:
    path = folder / "var" / "herald.db"
    path.parent.mkdir(exist_ok=True)
    return path


async def test_a_store_lies_relative_to_its_folder_and_only_its_owner_reads_it(
    tmp_path: Path,
) -> None:
    store = await open_store(URL, tmp_path)
    async with store.reading() as connection:
        await connection.execute(text("SELECT * FROM delivery"))
    files = sorted((tmp_path / "var").iterdir())
    await store.close()
    assert [path.name for path in files] == ["herald.db", "herald.db-shm", "herald.db-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files if path.exists()} == {0o600}


async def test_a_store_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    database(tmp_path).touch(mode=0o644)
    await opened(tmp_path)
    assert stat.S_IMODE(database(tmp_path).stat().st_mode) == 0o600


async def test_an_absolute_address_is_taken_as_it_is(tmp_path: Path) -> None:
    store = await opened(tmp_path, f"sqlite:///{tmp_path}/elsewhere/my store.db")
    assert store.path == tmp_path / "elsewhere" / "my store.db"
    assert store.path.is_file()


async def test_every_connection_is_safe_against_power_loss(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)

    async def setting(name: str) -> object:
        async with store.reading() as connection:
            return (await connection.execute(text(f"PRAGMA {name}"))).scalar()

    names = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
    for found in await asyncio.gather(*(asyncio.gather(*map(setting, names)) for _ in range(3))):
        assert found == ["wal", 2, 5000, 1]
    await store.close()


async def test_migrations_make_exactly_the_tables_that_the_code_knows(
    store_url: str, tmp_path: Path
) -> None:
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    for each in pkgutil.iter_modules(herald.store.__path__, "herald.store."):
        importlib.import_module(each.name)  # every room's tables
    store = await open_store(store_url, tmp_path)
    async with store.reading() as connection:
        assert await connection.run_sync(differences) == []
    await store.close()


async def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    async with store.writing() as connection:
        await connection.execute(text("INSERT INTO first_seen VALUES ('a/b/c', 1)"))
    await store.close()
    store = await open_store(URL, tmp_path)
    assert [name for name, _ in (await StoredOutbox(store).history()).first_seen] == ["a/b/c"]
    await store.close()


async def test_many_that_open_a_new_store_at_once_all_succeed(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(open_store(URL, tmp_path) for _ in range(6)))
    for store in stores:
        await store.verify()
        await store.close()


async def test_a_store_of_a_newer_herald_is_refused_and_left_alone(tmp_path: Path) -> None:
    await opened(tmp_path)
    with sqlite3.connect(database(tmp_path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreTooNew, match=r"herald\.db: a newer Herald wrote it .*9999"):
        await open_store(URL, tmp_path)
    connection = sqlite3.connect(database(tmp_path))
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    connection.close()


async def test_a_migration_that_fails_takes_everything_back(tmp_path: Path) -> None:
    connection = sqlite3.connect(database(tmp_path))
    connection.execute("CREATE TABLE media (stands_in_the_way)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreUnusable, match="already exists"):
        await open_store(URL, tmp_path)
    connection = sqlite3.connect(database(tmp_path))
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("media",)]
    connection.close()


def _folder_in_its_place(path: Path) -> None:
    path.mkdir()


def _no_database(path: Path) -> None:
    path.write_text("campaign: ecomuseum-stories\n" * 100, encoding="utf-8")


def _cut_in_half(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE a (b); CREATE TABLE c (d);")
    connection.close()
    path.write_bytes(path.read_bytes()[:4096])


def _damaged(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE a (b);")
    connection.close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        pytest.param(_folder_in_its_place, "this is a folder, and should be a file", id="folder"),
        pytest.param(_no_database, "it is no database: move it away", id="text file"),
        pytest.param(_cut_in_half, "it is damaged: put back a backup", id="cut"),
        pytest.param(_damaged, "it is damaged: put back a backup", id="damaged"),
    ],
)
async def test_a_file_that_is_no_good_is_told_with_a_remedy(
    tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(database(tmp_path))
    with pytest.raises(StoreUnusable) as caught:
        await open_store(URL, tmp_path)
    assert str(database(tmp_path)) in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        pytest.param("herald.db", "is no address", id="no address"),
        pytest.param("", "is no address", id="empty"),
        pytest.param("postgresql://u:w@host:port/x", "no port's number", id="no port"),
        pytest.param("postgresql://u:pa@ss@host/herald", "an @ too many", id="@ in a password"),
        pytest.param("mysql://localhost/herald", "'mysql' is not supported", id="another database"),
        pytest.param("sqlite://", "SQLite needs a file", id="memory"),
        pytest.param("sqlite:///:memory:", "SQLite needs a file", id="memory by name"),
    ],
)
async def test_an_address_that_is_no_good_is_told_with_a_remedy(
    tmp_path: Path, url: str, told: str
) -> None:
    with pytest.raises(StoreUnusable, match=told) as caught:
        await open_store(url, tmp_path)
    assert "ss@" not in str(caught.value)


async def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="there is no such folder"):
        await open_store(URL, tmp_path / "mistyped")
    assert not (tmp_path / "mistyped").exists()


async def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreUnusable, match="cannot be written"):
        await open_store(URL, tmp_path)


async def test_a_server_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable) as caught:
        await open_store("postgresql://herald:secret@127.0.0.1:1/herald", tmp_path)
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_damage_inside_is_found_when_every_page_is_read(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    async with store.writing() as connection:
        await connection.execute(
            text("INSERT INTO media VALUES (:hash, 'image/png', zeroblob(20000))"), {"hash": "a"}
        )
    await store.verify()
    await store.close()
    path = database(tmp_path)
    connection = sqlite3.connect(path)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'ix_delivery_due'"
    ).fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(64))
    store = await open_store(URL, tmp_path)
    with pytest.raises(StoreUnusable, match="damaged"):
        await store.verify()
    await store.close()


async def test_what_an_exception_interrupts_is_taken_back(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)

    async def interrupted() -> None:
        async with store.writing() as connection:
            await connection.execute(text("INSERT INTO first_seen VALUES ('a/b/c', 1)"))
            raise LookupError

    with pytest.raises(LookupError):
        await interrupted()
    assert (await StoredOutbox(store).history()).first_seen == ()
    await store.close()


async def test_readers_wait_for_no_writer(tmp_path: Path) -> None:
    store = await open_store(URL, tmp_path)
    async with store.writing() as connection:
        await connection.execute(text("INSERT INTO first_seen VALUES ('a/b/c', 1)"))
        assert (await StoredOutbox(store).history()).first_seen == ()
        assert await StoredOutbox(store).health(now=NOON)
    await store.close()


def test_every_step_has_its_own_number_and_follows_the_last() -> None:
    names = sorted(path.name for path in (migrate.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert [name[:4] for name in names] == [f"{nth + 1:04}" for nth in range(len(names))]
