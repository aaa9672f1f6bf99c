"""A PostgreSQL database that was put back, or whose server gave way to another, owes nothing twice.

With the server's own tools: dumps that are restored, copies from a template, and a standby that
lagged behind and takes over while Heralds run.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from herald.errors import HeraldError, StoreUnusable
from herald.model.delivery import Receipt
from herald.model.ids import ChannelId, ItemId, Language
from herald.model.mailing import Edition
from herald.model.network import Capabilities
from herald.model.verdict import Done
from herald.store import tables
from herald.store.engine import Store, open_store
from herald.store.home import Home, home_of, why_elsewhere
from herald.store.instance import StoredInstance
from herald.store.mailing import StoredMailing
from herald.store.outbox import StoredOutbox
from herald.store.rows import insert_rows
from tests.mailing.makers import a_planned_issue, claim_copy, subscribe_many
from tests.makers import NOON, a_delivery
from tests.postgresql import (
    PASSWORD,
    USER,
    PostgreSQL,
    _owner,
    a_tool,
    running_postgresql,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FEDI = {ChannelId("fedi"): Capabilities(concurrent=100, timeout=timedelta(seconds=30))}
DONE = Done(Receipt(remote_id="1"))
ITEMS = ("bell", "boat", "bread")
BEFORE, SINCE, LATER = NOON - HOUR, NOON - 30 * MINUTE, NOON + HOUR


@pytest.mark.parametrize(
    ("known", "found", "is_elsewhere"),
    [
        pytest.param("1/01/5/7", "1/01/5/7", False, id="the same"),
        pytest.param("1/01/5/7", "2/01/5/7", True, id="another server"),
        pytest.param("1/01/5/7", "1/02/5/7", True, id="a standby took over"),
        pytest.param("1/01/5/7", "1/01/6/7", True, id="a database made anew"),
        pytest.param("1/01/5/7", "1/01/5/8", True, id="a table made anew"),
        pytest.param("1/01/5/7", "//5/7", False, id="it says less than it did"),
        pytest.param("//5/7", "1/01/5/7", False, id="it says more than it did"),
        pytest.param("//5/7", "1/01/5/8", True, id="it says more, and one thing changed"),
    ],
)
def test_a_database_is_elsewhere_when_anything_that_was_said_is_not_so(known, found, is_elsewhere):
    was, now = home_of(known), home_of(found)
    assert was is not None
    assert now is not None
    assert (why_elsewhere(was, now) is not None) is is_elsewhere


@pytest.mark.parametrize("written", ["", "x", "1/2/3"])
def test_what_was_never_written_is_no_home(written):
    assert home_of(written) is None
    assert str(home_of(str(Home(server="1", table="2")))) == "1///2"


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[Store]:
    store = await open_store(url, folder)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(postgresql_url, tmp_path) as store:
        yield store


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Give a folder into which the server's tools may write."""
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_mode & 0o011 == 0 and path.owner() == Path.home().owner():
            path.chmod(0o711)
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    return folder


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


async def begin(store: Store, *, now=BEFORE) -> str | None:
    return await StoredInstance(store).recognise(now=now)


async def owe(store: Store, *items: str) -> None:
    async with store.writing() as connection:
        await insert_rows(connection, [a_delivery(item=ItemId(name)) for name in items])


async def sent(store: Store, *, now=NOON, most: int = 100) -> set[str]:
    """Claim what is due and send it; return the items that went out."""
    outbox = StoredOutbox(store)
    claims = await outbox.claim(owner="one", now=now, most=most, capabilities=FEDI)
    for claim in claims:
        assert await outbox.settle(claim.delivery.key, token=claim.token, verdict=DONE, now=now)
    return {str(claim.delivery.item) for claim in claims}


async def doubted(store: Store) -> set[str]:
    return {str(row.item) for row in await StoredOutbox(store).unclear()}


async def instance(store: Store):
    async with store.reading() as connection:
        return (await connection.execute(select(tables.instance))).one()


async def test_what_a_server_does_by_itself_raises_no_doubt(store, postgresql, postgresql_url):
    assert await begin(store) is None
    home = (await instance(store)).home
    for statement in (
        "VACUUM FULL instance", "REINDEX TABLE instance", "ALTER TABLE instance ADD x int",
        "CHECKPOINT", "SELECT pg_switch_wal()",
    ):  # fmt: skip
        postgresql.tell(statement, database=name_of(postgresql_url))
    postgresql.tell("ALTER TABLE instance DROP x", database=name_of(postgresql_url))
    postgresql.crash()
    for _ in range(3):
        assert await begin(store, now=NOON) is None
    assert (await instance(store)).home == home
    await owe(store, *ITEMS)
    assert await sent(store) == set(ITEMS)
    assert (await instance(store)).doubt_since is None


async def test_a_dump_that_was_restored_elsewhere_sends_nothing_again(
    store, postgresql, postgresql_url, tmp_path, shared
):
    await begin(store)
    await owe(store, *ITEMS)
    await StoredInstance(store).mark(now=BEFORE)  # who did not begin does not mark
    a_tool(postgresql, "pg_dump", "-Fc", "-f", shared / "dump", "-d", name_of(postgresql_url))
    assert await sent(store) == set(ITEMS)
    with postgresql.database(template="template0") as url:
        a_tool(postgresql, "pg_restore", "-d", name_of(url), shared / "dump")
        async with opened(url, tmp_path) as restored:
            assert "from a dump" in str(await begin(restored, now=LATER))
            assert await begin(restored, now=LATER + HOUR) is None, "it is found out once"
            row = await instance(restored)
            assert (row.doubt_since, row.doubt_before) == (BEFORE, LATER)
            assert await sent(restored, now=LATER + HOUR) == set()
            assert await doubted(restored) == set(ITEMS)
    assert await begin(store, now=LATER) is None, "the one that stayed knows what it sent"


async def test_a_dump_restored_beneath_running_heralds_is_noticed_before_anything_is_claimed(
    store, postgresql, postgresql_url, tmp_path, shared, caplog
):
    others = [await open_store(postgresql_url, tmp_path) for _ in range(3)]
    for each in (store, *others):
        await begin(each)
        await StoredOutbox(each).health(now=NOON)  # each has a connection that stays
    await owe(store, *ITEMS)
    a_tool(postgresql, "pg_dump", "-Fc", "-f", shared / "dump", "-d", name_of(postgresql_url))
    assert await sent(store) == set(ITEMS)
    command = ("--clean", "--if-exists", "--single-transaction", "-d", name_of(postgresql_url))
    a_tool(postgresql, "pg_restore", *command, shared / "dump")
    with caplog.at_level(logging.WARNING):
        went = await asyncio.gather(
            *(sent(each, now=LATER) for each in (store, *others)), return_exceptions=True
        )
    for each in went:  # a statement prepared for the table that is gone may be told as trouble
        assert each == set() or isinstance(each, StoreUnusable), each
    assert await sent(others[0], now=LATER) == set()
    assert await doubted(store) == set(ITEMS)
    assert caplog.text.count("What may have been sent since then is looked up") == 1
    assert (await instance(store)).doubt_before == LATER
    for each in others:
        await each.close()


async def test_a_copy_from_a_template_doubts_what_is_owed_and_sends_what_comes(
    store, postgresql, postgresql_url, tmp_path
):
    await begin(store)
    await owe(store, "bell")
    await store.engine.dispose()
    with postgresql.database(template=name_of(postgresql_url)) as url:
        async with opened(url, tmp_path) as copy:
            assert await begin(copy, now=LATER) is not None
            later = a_delivery(item=ItemId("boat"), due_at=LATER + HOUR)
            async with copy.writing() as connection:
                await insert_rows(connection, [later])
            assert await sent(copy, now=LATER + HOUR) == {"boat"}
            assert await doubted(copy) == {"bell"}


async def test_copies_of_a_newsletter_are_uncertain_in_a_database_that_was_put_back(
    store, postgresql, postgresql_url, tmp_path
):
    from herald.mailing.letters.issues import issue_of

    await begin(store)
    mailing = StoredMailing(store)
    await subscribe_many(mailing, 3)
    issue = issue_of(a_planned_issue(due_at=BEFORE), None)
    edition = Edition(language=Language("en"), subject="s", text="t", html="h")
    assert await mailing.save_issue(issue, was=None, editions=[edition])
    await mailing.freeze_audience(issue, lambda _: Language("en"), now=BEFORE)
    await store.engine.dispose()
    with postgresql.database(template=name_of(postgresql_url)) as url:
        async with opened(url, tmp_path) as copy:
            there = StoredMailing(copy)
            assert await claim_copy(there, issue.key, owner="one", now=NOON, lease=HOUR) is None
            async with copy.reading() as connection:
                states = await connection.execute(text("SELECT DISTINCT state FROM recipient"))
                assert list(states.scalars()) == ["uncertain"]
    assert await claim_copy(mailing, issue.key, owner="one", now=NOON, lease=HOUR) is not None


async def test_a_server_that_does_not_say_which_it_is_is_told_and_used_all_the_same(
    postgresql, tmp_path, caplog
):
    postgresql.tell("CREATE USER plain PASSWORD 'plain'")
    refused = ("pg_control_system()", "pg_current_wal_lsn()")
    with postgresql.database(template="template0") as url:
        for each in refused:
            statement = f"REVOKE EXECUTE ON FUNCTION {each} FROM PUBLIC"
            postgresql.tell(statement, database=name_of(url))
        postgresql.tell(f"ALTER DATABASE {name_of(url)} OWNER TO plain")
        plain = url.replace(f"{USER}:{PASSWORD}", "plain:plain")
        async with opened(plain, tmp_path) as store:
            assert await begin(store) is None
            assert "does not say which one it is" in caplog.text
            await owe(store, *ITEMS)
            assert await sent(store, most=1) != set()
        made = f"CREATE DATABASE again TEMPLATE {name_of(url)} OWNER plain"
        postgresql.tell(made)
        async with opened(plain.replace(name_of(url), "again"), tmp_path) as copy:
            assert "from a dump" in str(await begin(copy, now=LATER))
            assert await sent(copy, now=LATER) == set()
        postgresql.tell("DROP DATABASE again WITH (FORCE)")
    postgresql.tell("DROP USER plain")


# A standby takes over


def a_standby(server: PostgreSQL) -> Path:
    """Make a standby of *server* that gets nothing of what is written from now on."""
    a_tool(server, "pg_basebackup", "-D", server.base / "standby", "-X", "stream", "-c", "fast")
    (server.base / "standby" / "standby.signal").touch()
    return server.base / "standby"


def take_over(server: PostgreSQL, standby: Path) -> None:
    """Let the server crash for good, and the standby stand in its place as a standby still."""
    server.stop(signal.SIGQUIT)
    (server.base / "data").rename(server.base / "lost")
    standby.rename(server.base / "data")
    server.start()


@pytest.fixture
def failing(postgresql: PostgreSQL):
    """Give a server that may be lost; *postgresql* only says whether there can be one."""
    with running_postgresql() as server:
        owner = _owner()
        if owner:
            shutil.chown(server.base, owner["user"])
        yield server


async def test_a_standby_that_lagged_and_takes_over_sends_nothing_again(
    failing: PostgreSQL, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with failing.database() as url:
        stores = [await open_store(url, tmp_path) for _ in range(3)]
        for each in stores:
            await begin(each)
        await owe(stores[0], *ITEMS, "later")
        assert len(await sent(stores[0], most=1, now=BEFORE + HOUR)) == 1
        standby = a_standby(failing)
        assert len(await sent(stores[1])) == 3
        take_over(failing, standby)
        for each in stores:  # none claims from a standby that does not write yet
            for _ in range(2):
                with pytest.raises(HeraldError):
                    await sent(each, now=NOON)
        failing.tell("SELECT pg_promote()")
        with caplog.at_level(logging.WARNING):
            went = await asyncio.gather(*(sent(each, now=LATER) for each in stores))
        assert went == [set()] * 3
        assert caplog.text.count("another one took its place") == 1
        assert len(await doubted(stores[0])) == 3
        (row, *_) = await StoredOutbox(stores[0]).unclear()
        assert row.lease_ends_at == LATER + timedelta(seconds=90), "others may still be sending"
        await owe(stores[0])
        assert await begin(stores[2], now=LATER + HOUR) is None
        for each in stores:
            await each.close()
