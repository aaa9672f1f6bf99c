"""What every store of preferences promises: one mail a link, and changes that hold at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, update
from sqlalchemy.engine import Connection

from herald.mailing.letters.issues import issue_of
from herald.mailing.phrases import edition_for
from herald.mailing.readers.lists import find_hash
from herald.model.ids import Language, ListId
from herald.model.joining import Allowance, Asked
from herald.model.mailing import Edition, SuppressionReason
from herald.model.preferences import LinkAsked, LinkId
from herald.store import mailing_tables
from herald.store.doubting import doubt_copies
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_preferences import StoredPreferences
from herald.store.mailing_tables import preference_link, recipient
from tests.mailing.makers import EN, FRIENDS, IT, a_planned_issue, subscribe
from tests.makers import NOON

ANA, BO = "ana@example.org", "bo@example.org"
HOUR = timedelta(hours=1)
OTHER = ListId("other")


@pytest.fixture
async def database(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(store_url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def people(database: Store) -> StoredMailing:
    return StoredMailing(database)


@pytest.fixture
def store(database: Store) -> StoredPreferences:
    return StoredPreferences(database)


async def ask(
    store: StoredPreferences, people: StoredMailing, address: str = ANA, **changes: Any
) -> LinkId:
    """Ask for a link, without allowances unless they are given; return its id."""
    link = LinkId(changes.pop("id", "ab" * 16))
    now = changes.pop("now", NOON)
    asked = LinkAsked(
        id=link,
        address=address,
        address_hash=await find_hash(people, address),
        language=EN,
        asked_at=now,
    )
    allowed = {"of_source": (), "of_address": ()} | changes
    assert await store.ask_link(asked, now=now, **allowed) is Asked.TAKEN
    return link


async def test_a_link_works_from_its_sending_for_an_hour(
    store: StoredPreferences, people: StoredMailing
) -> None:
    await subscribe(people, (ANA, "Ana", "it"))
    link = await ask(store, people)
    assert await store.owner(link, now=NOON) is None, "nobody has got it yet"
    claimed = await store.claim_link(now=NOON)
    assert claimed is not None
    assert (claimed.address, claimed.language, claimed.lists) == (ANA, IT, (FRIENDS,))
    await store.link_sent(claimed, now=NOON + HOUR / 2)
    known = await find_hash(people, ANA)
    assert await store.owner(link, now=NOON + HOUR * 1.4) == known
    assert await store.owner(link, now=NOON + HOUR * 1.5) is None
    assert await store.forget_links(now=NOON + HOUR * 1.5) == 1


async def test_of_many_claims_at_once_one_takes_the_mail(
    store: StoredPreferences, people: StoredMailing
) -> None:
    await subscribe(people, (ANA, "Ana", "it"))
    await ask(store, people)
    claims = await asyncio.gather(*(store.claim_link(now=NOON) for _ in range(8)))
    assert sum(claim is not None for claim in claims) == 1


async def test_nobody_known_costs_nothing_but_a_row_for_a_moment(
    store: StoredPreferences, people: StoredMailing, database: Store
) -> None:
    await subscribe(people, (BO, "Bo", "en"))
    await ask(store, people, ANA)
    await ask(store, people, BO, id="cd" * 16)
    claimed = await store.claim_link(now=NOON)
    assert claimed is not None
    assert claimed.address == BO
    async with database.reading() as connection:
        rows = (await connection.execute(select(preference_link.c.address))).scalars().all()
    assert rows == [BO]


async def test_while_a_mail_is_owed_no_second_one_is(
    store: StoredPreferences, people: StoredMailing
) -> None:
    await subscribe(people, (ANA, "Ana", "it"))
    await ask(store, people)
    await ask(store, people, id="cd" * 16)
    claimed = await store.claim_link(now=NOON)
    assert claimed is not None
    await ask(store, people, id="ef" * 16)
    assert await store.claim_link(now=NOON) is None
    await store.link_later(claimed, at=NOON + HOUR / 4)
    assert await store.claim_link(now=NOON) is None
    assert await store.claim_link(now=NOON + HOUR / 4) is not None


async def test_an_allowance_of_the_address_is_used_up_in_silence(
    store: StoredPreferences, people: StoredMailing
) -> None:
    await subscribe(people, (ANA, "Ana", "it"))
    once = (Allowance(of="a" * 64, within=HOUR, most=1),)
    await ask(store, people, of_address=once)
    claimed = await store.claim_link(now=NOON)
    assert claimed is not None
    await store.link_sent(claimed, now=NOON)
    await ask(store, people, id="cd" * 16, of_address=once)
    assert await store.claim_link(now=NOON) is None


async def test_a_copy_that_was_put_back_sends_no_link_again(
    store: StoredPreferences, people: StoredMailing, database: Store
) -> None:
    await subscribe(people, (ANA, "Ana", "it"))
    await ask(store, people)
    async with database.writing() as connection:
        await doubt_copies(connection, now=NOON)
    assert await store.claim_link(now=NOON) is None


async def test_a_language_holds_at_once_for_copies_that_nobody_claimed(
    store: StoredPreferences, people: StoredMailing, database: Store
) -> None:
    await subscribe(people, (ANA, "Ana", "en"), (BO, "Bo", "en"))
    issue = issue_of(a_planned_issue(), None)
    editions = [Edition(language=tag, subject="s", text="t", html="h") for tag in (EN, IT)]
    await people.save_issue(issue, was=None, editions=editions)
    await people.freeze_audience(issue, lambda _: EN, now=NOON)

    async def languages() -> dict[str, str]:
        wanted = select(recipient.c.subscription, recipient.c.language)
        async with database.reading() as connection:
            return {row[0]: row[1] for row in await connection.execute(wanted)}

    ana, bo = await people.subscribers(FRIENDS)
    known = await find_hash(people, ANA)
    await store.change(known, language=IT, zone="Europe/Rome", choose=edition_for)
    assert await languages() == {ana.subscription: "it", bo.subscription: "en"}
    async with database.writing() as connection:
        await connection.execute(update(recipient).values(state="claimed"))
    await store.change(known, language=EN, zone="", choose=edition_for)
    assert (await languages())[ana.subscription] == "it", "it may be on its way"
    reader = await store.reader(known)
    assert reader is not None
    assert (reader.language, reader.zone) == (EN, "")
    await store.change(known, language=None, zone="Asia/Tbilisi", choose=edition_for)
    reader = await store.reader(known)
    assert reader is not None
    assert (reader.language, reader.zone) == (Language("en"), "Asia/Tbilisi")


async def test_all_that_is_held_is_told_and_after_erasing_the_fingerprint_alone(
    store: StoredPreferences, people: StoredMailing, database: Store
) -> None:
    await subscribe(people, (ANA, "Ana", "en"))
    await subscribe(people, (ANA, "Ana", "en"), list_id=OTHER)
    issue = issue_of(a_planned_issue(), None)
    edition = Edition(language=EN, subject="s", text="t", html="h")
    await people.save_issue(issue, was=None, editions=[edition])
    await people.freeze_audience(issue, lambda _: EN, now=NOON)
    await ask(store, people)
    known = await find_hash(people, ANA)
    held = await store.held(known)
    assert (held.address, held.name, len(held.ties)) == (ANA, "Ana", 2)
    assert [letter.issue for letter in held.letters] == [issue.key]
    assert [asked.mail for asked in held.requests] == ["owed"]

    await people.erase(known, reason=SuppressionReason.ERASED, now=NOON)
    held = await store.held(known)
    assert (held.address, held.ties, held.letters, held.requests) == ("", (), (), ())
    assert [refusal.reason for refusal in held.refusals] == ["erased"]
    async with database.reading() as connection:
        (row,) = (await connection.execute(select(recipient))).all()
    assert (row.state, row.subscription, row.domain) == ("cancelled", None, "")


async def test_the_migration_makes_what_the_queries_expect(database: Store) -> None:
    def there(connection: Connection) -> tuple[set[str], set[str | None]]:
        look = inspect(connection)
        columns = {each["name"] for each in look.get_columns("preference_link")}
        return columns, {each["name"] for each in look.get_indexes("preference_link")}

    async with database.reading() as connection:
        columns, indexes = await connection.run_sync(there)
    table = mailing_tables.preference_link
    assert columns == {column.name for column in table.columns}
    assert {str(index.name) for index in table.indexes} <= indexes
