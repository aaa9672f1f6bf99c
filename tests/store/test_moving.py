"""A network moves from a file to PostgreSQL and back: whole or not at all, and sends from one."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text, update

from herald.errors import HeraldError, StoreMoved, StoreTaken, StoreUnusable
from herald.mailing.letters.issues import issue_of
from herald.model.delivery import Delivery, DeliveryState, Receipt
from herald.model.ids import ChannelId, ItemId, Language
from herald.model.mailing import Edition
from herald.model.network import Capabilities
from herald.model.verdict import Done
from herald.store import tables
from herald.store.copying import AT_ONCE, all_tables, content, copy_table
from herald.store.engine import Store, open_store
from herald.store.feed_tables import entry, feed
from herald.store.instance import StoredInstance, settle_in
from herald.store.mailing import StoredMailing
from herald.store.media import StoredMedia
from herald.store.moving import (
    Moved,
    MoveRefused,
    give_up,
    move,
    refuse_elsewhere,
    take_back,
    without_password,
)
from herald.store.outbox import StoredOutbox
from herald.store.rows import insert_rows
from tests.mailing.makers import a_planned_issue, claim_copy, subscribe_many
from tests.makers import NOON, a_delivery, a_payload

HOUR = timedelta(hours=1)
LATER = NOON + HOUR
FEDI = {ChannelId("fedi"): Capabilities(concurrent=100)}
DONE = Done(Receipt(remote_id="1"))
FILE, OTHER = "sqlite:///var/herald.db", "sqlite:///var/other.db"
EN = Language("en")
DUE, SENT, DYING = ItemId("due"), ItemId("sent"), ItemId("dying")


def unwatched(name: str, done: int, total: int) -> None:
    """Watch nothing."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with an empty store, and one that has something of everything."""

    async def make(folder: Path) -> None:
        await (await open_store(OTHER, folder)).close()
        store = await open_store(FILE, folder)
        await StoredInstance(store).recognise(now=NOON - HOUR)
        await live(store)
        await store.close()

    folder = tmp_path_factory.mktemp("lived")
    with ThreadPoolExecutor(1) as beside:  # a test's event loop may be about
        beside.submit(asyncio.run, make(folder)).result(60)
    return folder / "var"


@pytest.fixture
async def source(lived: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """Give a network in a file: something of everything, and a post that was being sent."""
    (tmp_path / "var").mkdir()
    shutil.copyfile(lived / "herald.db", tmp_path / "var" / "herald.db")
    settle_in(tmp_path / "var" / "herald.db")
    store = await open_store(FILE, tmp_path)
    yield store
    await store.close()


@pytest.fixture(params=["postgresql", "sqlite"])
async def target(
    request: pytest.FixtureRequest, lived: Path, tmp_path: Path
) -> AsyncIterator[Store]:
    url = OTHER
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgresql_url"))
    else:
        (tmp_path / "var").mkdir(exist_ok=True)
        shutil.copyfile(lived / "other.db", tmp_path / "var" / "other.db")
    store = await open_store(url, tmp_path)
    yield store
    await store.close()


async def live(store: Store) -> None:
    outbox, mailing = StoredOutbox(store), StoredMailing(store)
    due = a_delivery(item=DUE, payload=a_payload(text="Più di così: 🏛 \\x00 'quoted'"))
    held = a_delivery(item=ItemId("held"), due_at=LATER, needs_approval=True)
    async with store.writing() as connection:
        await connection.execute(
            insert(feed).values(
                id="f1", url="https://one.example", partners="[]", configured=True, errors=0,
                interval_seconds=3600, next_check_at=NOON, gone=False, owner="x",
                lease_ends_at=LATER,
            )
        )  # fmt: skip
        await connection.execute(
            insert(entry).values(
                id="e1", feed="f1", language="en", content="{}", fingerprint="x",
                link_hash="x", title_hash="x", first_seen_at=NOON, edits=0, seeded=False,
                withdrawn=False,
            )
        )  # fmt: skip
        await insert_rows(connection, [a_delivery(item=SENT), a_delivery(item=DYING)])
    for claim in await outbox.claim(owner="one", now=NOON, most=9, capabilities=FEDI):
        if claim.delivery.item == SENT:
            await outbox.settle(claim.delivery.key, token=claim.token, verdict=DONE, now=NOON)
    async with store.writing() as connection:
        await insert_rows(connection, [due, held])
    await StoredMedia(store).put_media("ab" * 32, "image/png", bytes(range(256)))
    await subscribe_many(mailing, 4)
    issue = issue_of(a_planned_issue(due_at=NOON), None)
    edition = Edition(language=EN, subject="s", text="t", html="h")
    assert await mailing.save_issue(issue, was=None, editions=[edition])
    await mailing.freeze_audience(issue, lambda _: EN, now=NOON)
    assert await claim_copy(mailing, issue.key, owner="one", now=NOON, lease=HOUR)


async def moved(source: Store, target: Store, *, to: str = "over there") -> Moved:
    return await move(source, target, to=to, now=LATER, tell=unwatched)


async def rows(store: Store) -> dict[str, Delivery]:
    return {str(row.item): row for row in await StoredOutbox(store).list_deliveries()}


async def sent(store: Store, *, now=LATER) -> set[str]:
    """Begin, claim what is due, and send it."""
    await StoredInstance(store).recognise(now=now)
    outbox = StoredOutbox(store)
    claims = await outbox.claim(owner="two", now=now, most=9, capabilities=FEDI)
    for claim in claims:
        assert await outbox.settle(claim.delivery.key, token=claim.token, verdict=DONE, now=now)
    return {str(claim.delivery.item) for claim in claims}


async def filled(store: Store) -> dict[str, int]:
    async with store.reading() as connection:
        found = {each.name: await content(connection, each) for each in all_tables()}
    return {name: each.rows for name, each in found.items() if each.rows}


EMPTY = {"instance": 1, "planner": 1}


async def test_everything_goes_over_and_the_network_goes_on_from_there(source, target, caplog):
    before, counts = await rows(source), await filled(source)
    done = await moved(source, target)
    assert {name: count for name, count in done.rows.items() if count} == counts
    assert len(counts) > 10
    after = await rows(target)
    assert {name: row for name, row in after.items() if name != DYING} == {
        name: row for name, row in before.items() if name != DYING
    }
    assert await StoredMedia(target).get_media("ab" * 32) == bytes(range(256))
    with caplog.at_level(logging.WARNING):
        assert await sent(target) == {str(DUE), "held"}
    assert caplog.text == "", "the new store is no copy that was put back"


async def test_what_was_being_sent_is_unclear_at_the_new_place_and_never_pending(source, target):
    done = await moved(source, target)
    assert done.unclear == 2
    row = (await rows(target))[str(DYING)]
    assert (row.state, row.unclear_at) == (DeliveryState.CLAIMED, LATER)
    attempts = await StoredOutbox(target).attempts(row.key)
    assert [each.outcome for each in attempts] == ["lapsed"]
    async with target.reading() as connection:
        states = Counter((await connection.execute(text("SELECT state FROM recipient"))).scalars())
        held = await connection.scalar(select(feed.c.lease_ends_at))
    assert states == {"pending": 3, "uncertain": 1}
    assert held is None
    assert DYING not in await sent(target)


async def test_the_store_that_was_left_sends_nothing_and_says_where_the_network_went(
    source, target
):
    await moved(source, target, to="postgresql://herald@db/herald")
    told = r"this network was moved to postgresql://herald@db/herald: .* herald store move --undo"
    with pytest.raises(StoreMoved, match=told):
        await StoredInstance(source).recognise(now=LATER)
    with pytest.raises(StoreMoved, match=told):
        await StoredOutbox(source).claim(owner="x", now=LATER, most=9, capabilities=FEDI)
    key = issue_of(a_planned_issue(due_at=NOON), None).key
    with pytest.raises(StoreMoved, match=told):
        await claim_copy(StoredMailing(source), key, owner="x", now=LATER, lease=HOUR)


async def test_what_comes_after_gets_numbers_of_its_own(source, target):
    await moved(source, target)
    await sent(target)
    async with target.writing() as connection:
        for each in (tables.attempt, tables.plan_run):
            ids = list((await connection.execute(select(each.c.id))).scalars())
            assert len(ids) == len(set(ids))
        run = {"hash": "", "at": NOON, "added": 1, "changed": 0, "withdrawn": 0, "refused": False}
        await connection.execute(insert(tables.plan_run).values(run))
    issue = issue_of(replace(a_planned_issue(due_at=LATER), key="a/b/2027-06-07"), None)
    edition = Edition(language=EN, subject="s", text="t", html="h")
    mailing = StoredMailing(target)
    assert await mailing.save_issue(issue, was=None, editions=[edition])
    assert await mailing.freeze_audience(issue, lambda _: EN, now=LATER) == 4


async def test_a_network_that_moved_to_postgresql_moves_back_the_same_way(
    source, postgresql_url, tmp_path
):
    there = await open_store(postgresql_url, tmp_path)
    await moved(source, there)
    await sent(there)
    counts = await filled(there)
    back = await open_store(OTHER, tmp_path)
    await moved(there, back)
    assert await filled(back) == counts
    assert await rows(back) == await rows(there)
    assert await sent(back) == set()
    with pytest.raises(StoreMoved):
        await sent(there)
    await there.close()
    await back.close()


# What is refused


async def test_a_store_that_holds_anything_is_no_target(source, target):
    async with target.writing() as connection:
        await connection.execute(text("INSERT INTO first_seen VALUES ('a/b/c', 1)"))
    with pytest.raises(MoveRefused, match="it is not empty, first_seen has rows"):
        await moved(source, target)
    assert await sent(source) != set()


async def test_a_store_is_not_moved_to_itself_whatever_it_is_called(source, tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "var" / "herald.db")
    for url in (FILE, "sqlite:///link.db", "sqlite:///var/../var/herald.db"):
        same = await open_store(url, tmp_path)
        with pytest.raises(MoveRefused, match="the network is there already"):
            await moved(source, same)
        await same.close()


async def test_a_postgresql_database_that_a_herald_has_open_is_not_left(
    source, postgresql_url, tmp_path
):
    there, back = await open_store(postgresql_url, tmp_path), await open_store(OTHER, tmp_path)
    await moved(source, there)
    running = await open_store(postgresql_url, tmp_path)
    with pytest.raises(StoreTaken, match="has the database open: stop it first"):
        await moved(there, back)
    await running.close()
    async with there.writing() as connection:
        await connection.execute(update(tables.planner).values(lease_ends_at=LATER + HOUR))
    with pytest.raises(StoreTaken, match="holds the planning there, or died a short while ago"):
        await moved(there, back)
    assert await filled(back) == EMPTY
    await there.close()
    await back.close()


async def test_tables_of_other_programs_would_be_left_behind_and_are_told(source, target):
    async with source.writing() as connection:
        await connection.execute(text("CREATE TABLE guestbook (line text)"))
    with pytest.raises(MoveRefused, match="tables that are not Herald's: guestbook"):
        await moved(source, target)
    assert await filled(target) == EMPTY


# What breaks off


async def is_as_before(source: Store, target: Store) -> bool:
    assert await filled(target) == EMPTY
    assert (await rows(source))[str(DUE)].state is DeliveryState.PENDING
    done = await moved(source, target)
    return done.rows["delivery"] == 4


async def test_what_breaks_off_half_way_leaves_all_as_it_was_and_can_be_done_again(source, target):
    class Broken(Exception):
        pass

    def tell(name: str, done: int, total: int) -> None:
        if name == "recipient" and done:
            raise Broken

    with pytest.raises(Broken):
        await move(source, target, to="there", now=LATER, tell=tell)
    assert await is_as_before(source, target)


async def test_whoever_loses_patience_half_way_leaves_all_as_it_was(source, target):
    task: list[asyncio.Task[Moved]] = []

    def tell(name: str, done: int, total: int) -> None:
        if name == "recipient" and done:
            task[0].cancel()

    task.append(asyncio.create_task(move(source, target, to="there", now=LATER, tell=tell)))
    with pytest.raises(asyncio.CancelledError):
        await task[0]
    assert await is_as_before(source, target)


async def test_a_target_that_breaks_at_the_last_moment_leaves_the_source_in_use(
    source, postgresql, postgresql_url, tmp_path
):
    target = await open_store(postgresql_url, tmp_path)
    database = postgresql_url.rpartition("/")[2]

    def cut(connection: object) -> None:  # the source has been marked; the target is to commit
        postgresql.disconnect(database)

    event.listen(source.engine.sync_engine, "commit", lambda _: cut_at_last and cut(_))
    cut_at_last = False

    def tell(name: str, done: int, total: int) -> None:
        nonlocal cut_at_last
        cut_at_last = True

    with pytest.raises(StoreUnusable):
        await move(source, target, to="there", now=LATER, tell=tell)
    cut_at_last = False
    assert await filled(target) == EMPTY
    assert DUE in await sent(source)
    await target.close()


async def test_a_source_that_was_marked_and_died_is_moved_again(source, target):
    async with source.writing() as connection:
        await connection.execute(
            update(tables.instance).values(moved_to="over there", copied_at=LATER)
        )
    with pytest.raises(StoreMoved):
        await sent(source)
    with pytest.raises(MoveRefused, match="was moved to over there already"):
        await moved(source, target, to="elsewhere")
    await moved(source, target)
    assert str(DUE) in await sent(target)
    with pytest.raises(MoveRefused, match="was moved there already: write over there as store"):
        await moved(source, target)


async def test_a_difference_between_the_two_is_found_and_nothing_is_moved(source, target):
    async with target.writing() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(
                text(
                    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN NEW.note := 'x'; RETURN NEW; END $$"
                )
            )
            spoil = "BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION spoil()"
        else:
            spoil = "AFTER INSERT ON delivery BEGIN UPDATE delivery SET note = 'x'; END"
        await connection.execute(text(f"CREATE TRIGGER spoil {spoil}"))
    with pytest.raises(StoreUnusable, match=r"delivery: 4 rows were read and 4 .* differ"):
        await moved(source, target)
    async with target.writing() as connection:
        on = " ON delivery" if connection.dialect.name == "postgresql" else ""
        await connection.execute(text(f"DROP TRIGGER spoil{on}"))
    assert await is_as_before(source, target)


async def test_more_rows_than_are_in_hand_at_a_time_go_over_all(source, target):
    many = 2 * AT_ONCE + 1
    async with source.writing() as connection:
        names = [{"name": f"a/b/{nth}", "at": NOON} for nth in range(many)]
        await connection.execute(insert(tables.first_seen), names)
    told: list[int] = []
    async with source.reading() as here, target.writing() as there:
        copied = await copy_table(
            here, there, tables.first_seen, tell=lambda _, done, total: told.append(done)
        )
        assert copied == await content(there, tables.first_seen)
    assert (copied.rows, told) == (many, [0, AT_ONCE, 2 * AT_ONCE, many])


# The way back


async def test_a_move_is_taken_back_while_nothing_was_sent_from_there(source, target):
    await moved(source, target)
    await StoredInstance(target).recognise(now=LATER)
    await target.engine.dispose()
    await take_back(source, target, at="here", now=LATER)
    await take_back_again(source, target)
    assert str(DUE) in await sent(source), "and nothing is in doubt"
    with pytest.raises(StoreMoved, match="was moved to here"):
        await sent(target)


async def take_back_again(source: Store, target: Store) -> None:
    """Do it again as after a crash between the two steps."""
    async with source.writing() as connection:
        await connection.execute(update(tables.instance).values(moved_to="x", copied_at=LATER))
    await take_back(source, target, at="here", now=LATER)


async def test_a_move_is_not_taken_back_from_a_store_that_is_empty(source, target):
    async with source.writing() as connection:
        await connection.execute(update(tables.instance).values(moved_to="elsewhere"))
    with pytest.raises(MoveRefused, match="it is empty, so the network is not there"):
        await take_back(source, target, at="here", now=LATER)
    with pytest.raises(StoreMoved):
        await sent(source)


@pytest.mark.parametrize(
    ("named", "is_same"),
    [
        ("postgresql://herald:word@DB:5432/network?sslmode=require", True),
        ("postgresql://db/network", True),
        ("postgresql://herald@db:5433/network", False),
        ("postgresql://herald@db/another", False),
        ("postgresql://herald@other/network", False),
        ("sqlite:///network", False),
    ],
)
def test_whoever_names_another_store_than_the_network_was_moved_to_is_told(
    named, is_same, tmp_path
):
    place = "postgresql://herald@db/network"
    if is_same:
        refuse_elsewhere(named, place, tmp_path)
        return
    with pytest.raises(MoveRefused, match="was moved to postgresql://herald@db/network, and"):
        refuse_elsewhere(named, place, tmp_path)


async def test_a_move_is_not_taken_back_once_something_was_sent_from_there(source, target):
    await moved(source, target)
    assert await sent(target) != set()
    with pytest.raises(MoveRefused, match=r"posts were sent from there since\. To go back"):
        await take_back(source, target, at="here", now=LATER)
    with pytest.raises(StoreMoved):
        await sent(source)


async def test_a_move_is_not_taken_back_once_somebody_left_a_list(source, target):
    await moved(source, target)
    async with target.writing() as connection:
        await connection.execute(text("UPDATE subscription SET state = 'unsubscribed'"))
    with pytest.raises(MoveRefused, match="people joined or left a list there"):
        await take_back(source, target, at="here", now=LATER)


async def test_where_the_new_store_is_lost_what_it_may_have_sent_is_looked_up_first(source, target):
    await moved(source, target, to="over there")
    assert str(DUE) in await sent(target)
    later = LATER + HOUR
    assert await give_up(source, now=later) == "over there"
    assert await sent(source, now=later) == set()
    unclear = {str(row.item) for row in await StoredOutbox(source).unclear()}
    assert str(DUE) in unclear


async def test_what_was_never_moved_cannot_be_taken_back(source, target):
    for taking in (take_back(source, target, at="here", now=LATER), give_up(source, now=LATER)):
        with pytest.raises(MoveRefused, match="was not moved, so there is nothing to take back"):
            await taking


async def test_a_mark_that_was_wiped_off_by_hand_leaves_a_copy_that_is_doubted(source, target):
    await moved(source, target)
    async with source.writing() as connection:
        await connection.execute(update(tables.instance).values(moved_to=""))
    assert await sent(source) == set()


async def test_a_doubt_and_a_copy_that_was_put_back_go_along(source, target):
    async with source.writing() as connection:
        await connection.execute(update(tables.instance).values(copied_at=NOON))
    await moved(source, target)
    assert await sent(target) == set()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://herald:s3cret@db:5433/h?sslmode=require",) * 2,
        ("postgresql://herald@db/h",) * 2,
        ("sqlite:///var/herald.db",) * 2,
    ],
)
def test_an_address_is_shown_without_its_password(url, shown):
    assert without_password(url) == shown.replace(":s3cret", "")


async def test_trouble_of_a_move_is_told_as_heralds_own(source, postgresql_url, tmp_path):
    target = await open_store(postgresql_url, tmp_path)
    async with source.writing() as connection:  # a number that PostgreSQL has no room for
        await connection.execute(text("UPDATE delivery SET part = 99999999999"))
    with pytest.raises(HeraldError, match="delivery: PostgreSQL has no room for it"):
        await moved(source, target)
    await target.close()
