"""What only PostgreSQL does: many writers, a server to reach, and words for what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.errors import StoreTooNew, StoreUnusable
from herald.store.engine import TRIES, Store, open_store
from herald.store.outbox import StoredOutbox
from tests.makers import NOON
from tests.postgresql import PASSWORD, PostgreSQL
from tests.running import a_free_port


@pytest.fixture
async def store(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(postgresql_url, tmp_path)
    yield opened
    await opened.close()


async def seen(connection: AsyncConnection, name: str) -> None:
    await connection.execute(text("INSERT INTO first_seen VALUES (:name, 1)"), {"name": name})


async def touch(connection: AsyncConnection, name: str) -> None:
    await connection.execute(text("UPDATE first_seen SET at = at + 1 WHERE name = :n"), {"n": name})


async def names(store: Store) -> list[str]:
    return [name for name, _ in (await StoredOutbox(store).history()).first_seen]


# Opening


async def test_many_that_open_an_empty_database_at_once_all_succeed(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    with postgresql.database(template="template0") as url:
        stores = await asyncio.gather(*(open_store(url, tmp_path) for _ in range(6)))
        assert [await names(each) for each in stores] == [[]] * 6
        for each in stores:
            await each.close()


async def test_a_database_of_a_newer_herald_is_refused_and_left_alone(
    store: Store, postgresql_url: str, tmp_path: Path
) -> None:
    async with store.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreTooNew, match=r"a newer Herald wrote it .*9999"):
        await open_store(postgresql_url, tmp_path)
    async with store.reading() as connection:
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert found == "9999"


async def test_a_migration_that_fails_takes_everything_back(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    with postgresql.database(template="template0") as url:
        name = url.rpartition("/")[2]
        postgresql.tell("CREATE TABLE media (stands_in_the_way int)", database=name)
        with pytest.raises(StoreUnusable, match="already exists"):
            await open_store(url, tmp_path)
        there = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert postgresql.tell(there, database=name) == "media"


async def test_what_the_server_refuses_is_told_with_a_remedy_and_without_the_password(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    good = postgresql.address("postgres")
    for url, told in (
        (good.replace(PASSWORD, "wrong-word"), "it refuses the user or the password"),
        (good.replace("herald:", "nobody:"), "it refuses the user or the password"),
        (postgresql.address("absent"), "no database of that name: make it (createdb)"),
        (good.replace(str(postgresql.port), str(a_free_port())), "nothing listens at that address"),
        (good.replace("127.0.0.1", "no-such-host.invalid"), "there is no server of that name"),
        (good.replace(f":{PASSWORD}", ""), "it asks for a password: write one"),
        (f"{good}?sslmode=require", "rejected SSL upgrade"),
        (f"{good}?connect_timeout=3", "'connect_timeout' is not known (only sslmode is)"),
    ):
        with pytest.raises(StoreUnusable) as caught:
            await open_store(url, tmp_path)
        assert told in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert "wrong-word" not in str(caught.value)


async def test_a_user_who_may_make_no_tables_is_told_what_to_do(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    with postgresql.database(template="template0") as url:
        database = url.rpartition("/")[2]
        postgresql.tell("CREATE USER guest PASSWORD 'guest'")
        postgresql.tell("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=database)
        guest = url.replace(f"herald:{PASSWORD}", "guest:guest")
        with pytest.raises(StoreUnusable, match="make that user the owner of the database"):
            await open_store(guest, tmp_path)
    postgresql.tell("DROP USER guest")


# Transactions


async def test_looking_shows_one_moment_however_many_looks_it_takes(store: Store) -> None:
    count = text("SELECT count(*) FROM first_seen")
    async with store.reading() as connection:
        before = await connection.scalar(count)
        async with store.writing() as other:
            await seen(other, "a/b/c")
        assert await connection.scalar(count) == before
    assert await names(store) == ["a/b/c"]


async def test_two_transactions_that_wait_for_each_other_are_both_done_in_the_end(
    store: Store,
) -> None:
    async with store.writing() as connection:
        await seen(connection, "salt")
        await seen(connection, "rice")
    met = asyncio.Barrier(2)
    begun: list[str] = []

    async def both(first: str, second: str) -> None:
        async def change(connection: AsyncConnection) -> None:
            begun.append(first)
            await touch(connection, first)
            if len(begun) <= 2:
                await met.wait()  # each holds what the other wants next
            await touch(connection, second)

        await store.write(change)

    await asyncio.gather(both("salt", "rice"), both("rice", "salt"))
    assert len(begun) >= 3  # one of them was taken back, and done again until it was its turn
    async with store.reading() as connection:
        changed = await connection.execute(text("SELECT at FROM first_seen"))
        assert list(changed.scalars()) == [3, 3]


async def test_what_is_taken_back_again_and_again_is_told_in_the_end(store: Store) -> None:
    tries = 0

    async def refused(connection: AsyncConnection) -> None:
        nonlocal tries
        tries += 1
        await seen(connection, f"try {tries}")
        await connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"))

    with pytest.raises(StoreUnusable, match="others changed the same again and again"):
        await store.write(refused)
    assert tries == TRIES
    assert await names(store) == []


async def test_what_is_wrong_in_itself_is_not_tried_again(store: Store) -> None:
    tries = 0

    async def wrong(connection: AsyncConnection) -> None:
        nonlocal tries
        tries += 1
        await seen(connection, "salt")
        await seen(connection, "salt")

    with pytest.raises(StoreUnusable, match="duplicate key"):
        await store.write(wrong)
    assert tries == 1


async def test_a_connection_that_was_lost_is_made_anew(
    store: Store, postgresql: PostgreSQL, postgresql_url: str
) -> None:
    outbox = StoredOutbox(store)
    assert await outbox.health(now=NOON)
    assert postgresql.disconnect(postgresql_url.rpartition("/")[2]) >= 1
    assert await outbox.health(now=NOON)


async def test_a_connection_that_stands_is_used_again(store: Store) -> None:
    made: list[object] = []
    event.listen(store.engine.sync_engine, "connect", lambda connection, _: made.append(connection))
    for _ in range(5):
        async with store.reading() as connection:
            await connection.execute(text("SELECT 1"))
    assert len(made) <= 1


async def test_a_connection_lost_within_a_transaction_takes_it_back(
    store: Store, postgresql: PostgreSQL, postgresql_url: str
) -> None:
    async def write() -> None:
        async with store.writing() as connection:
            await seen(connection, "salt")
            postgresql.disconnect(postgresql_url.rpartition("/")[2])

    with pytest.raises(StoreUnusable, match="tried again"):
        await write()
    assert await names(store) == []
