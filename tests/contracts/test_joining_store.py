"""What every store of requests to join promises: one mail a request, one proof a consent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from sqlalchemy.engine import Connection

from herald.mailing.readers.joining_words import consent_text
from herald.mailing.readers.lists import find_hash
from herald.model.ids import Language, ListId
from herald.model.joining import Allowance, Asked, CameFrom, SignUp, SignUpId
from herald.model.mailing import (
    AddressHash,
    SubscriptionId,
    SubscriptionState,
    SuppressionReason,
)
from herald.store import mailing_tables
from herald.store.doubting import doubt_copies
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_joining import StoredJoining
from tests.mailing.makers import FRIENDS, a_list, subscribe
from tests.makers import NOON

ANA = "ana@friends.example.org"
LONG_AGO = NOON - timedelta(days=7)
LETTERS = ListId("letters")


@pytest.fixture
async def database(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(store_url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def joining(database: Store) -> StoredJoining:
    return StoredJoining(database)


@pytest.fixture
def people(database: Store) -> StoredMailing:
    return StoredMailing(database)


async def a_sign_up(people: StoredMailing, **changes: Any) -> SignUp:
    values: dict[str, Any] = {
        "id": SignUpId("ab" * 16),
        "list": FRIENDS,
        "address": ANA,
        "address_hash": await find_hash(people, ANA),
        "language": Language("it"),
        "came_from": CameFrom.PAGE,
        "asked_at": NOON,
    }
    return SignUp(**(values | changes))


async def ask(joining: StoredJoining, asked: SignUp, **more: Any) -> Asked:
    values: dict[str, Any] = {"of_source": [], "of_address": [], "now": asked.asked_at} | more
    return await joining.ask(asked, **values)


async def confirm(joining: StoredJoining, known: SignUpId, **changes: Any) -> bool:
    values: dict[str, Any] = {
        "text": consent_text(a_list(), Language("it")),
        "tie": SubscriptionId("cd" * 16),
        "other_lists": [LETTERS],
        "since": LONG_AGO,
        "now": NOON,
    }
    return await joining.confirm(known, **(values | changes))


async def test_a_request_subscribes_nobody_and_its_confirmation_does(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people)
    assert await ask(joining, asked) is Asked.TAKEN
    assert await people.subscribers(FRIENDS) == ()
    assert await joining.pending(FRIENDS, since=LONG_AGO) == 1

    assert await confirm(joining, asked.id)
    (person,) = await people.subscribers(FRIENDS)
    assert (person.address, person.language, person.state) == (ANA, "it", "subscribed")
    assert person.consent.given == NOON.isoformat()
    assert await joining.pending(FRIENDS, since=LONG_AGO) == 0
    assert await joining.joined(asked.id) == person


async def test_the_proof_holds_what_an_auditor_asks_for(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people)
    await ask(joining, asked)
    claimed = await joining.claim_mail(now=NOON)
    assert claimed == asked
    await joining.mail_sent(asked, message_id="<1@example.org>")
    later = NOON + timedelta(hours=1)
    await confirm(joining, asked.id, now=later)

    (proof,) = await joining.proofs(asked.address_hash)
    assert (proof.asked_at, proof.confirmed_at) == (NOON, later)
    assert (proof.message_id, proof.came_from, proof.language) == (
        "<1@example.org>",
        CameFrom.PAGE,
        "it",
    )
    assert "Amici degli ecomusei" in proof.text
    assert proof.digest == consent_text(a_list(), Language("it")).digest


async def test_only_one_of_two_gets_a_mail_to_send(
    joining: StoredJoining, people: StoredMailing
) -> None:
    await ask(joining, await a_sign_up(people))
    got = await asyncio.gather(*(joining.claim_mail(now=NOON) for _ in range(4)))
    assert len([one for one in got if one is not None]) == 1
    assert await joining.claim_mail(now=NOON + timedelta(days=3)) is None


async def test_a_mail_that_was_not_taken_is_owed_later(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people)
    await ask(joining, asked)
    await joining.claim_mail(now=NOON)
    await joining.mail_later(asked, at=NOON + timedelta(minutes=5))
    assert await joining.claim_mail(now=NOON + timedelta(minutes=4)) is None
    assert await joining.claim_mail(now=NOON + timedelta(minutes=5)) is not None


async def test_asking_again_renews_the_request_and_keeps_the_earlier_link(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people)
    await ask(joining, asked)
    await joining.claim_mail(now=NOON)
    again = replace(asked, id=SignUpId("ef" * 16), asked_at=NOON + timedelta(minutes=1))
    await ask(joining, again)
    assert await joining.claim_mail(now=again.asked_at) is None, "its mail is being sent"

    late = replace(again, asked_at=NOON + timedelta(hours=2), language=Language("en"))
    await ask(joining, late)
    got = await joining.claim_mail(now=late.asked_at)
    assert got == replace(late, id=asked.id)


async def test_a_source_that_asks_too_much_is_told_and_an_address_is_not(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people)
    source = [Allowance(of="network", within=timedelta(hours=1), most=3)]
    address = [Allowance(of="address", within=timedelta(hours=1), most=1)]
    came = [
        await ask(joining, asked, of_source=source, of_address=address, now=NOON) for _ in range(4)
    ]
    assert came == [Asked.TAKEN, Asked.TAKEN, Asked.TAKEN, Asked.TOO_MANY]
    await joining.claim_mail(now=NOON)
    await joining.mail_sent(asked, message_id="")
    later = NOON + timedelta(hours=1)
    assert await ask(joining, asked, of_source=source, now=later) is Asked.TAKEN
    assert await joining.claim_mail(now=later) is not None


async def test_an_address_that_was_asked_for_too_often_gets_no_mail(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people)
    address = [Allowance(of="address", within=timedelta(hours=1), most=1)]
    await ask(joining, asked, of_address=address)
    await joining.claim_mail(now=NOON)
    await joining.mail_sent(asked, message_id="")
    assert await ask(joining, asked, of_address=address) is Asked.TAKEN
    assert await joining.claim_mail(now=NOON) is None


@pytest.mark.parametrize("way", ["left", "erased"])
async def test_who_left_or_was_erased_comes_back_by_confirming_to_that_list_alone(
    joining: StoredJoining, people: StoredMailing, way: str
) -> None:
    await subscribe(people, (ANA, "Ana", "en"))
    (person,) = await people.subscribers(FRIENDS)
    known = await find_hash(people, ANA)
    if way == "left":
        await people.leave(person.subscription, now=LONG_AGO)
    else:
        await people.erase(known, reason=SuppressionReason.ERASED, now=LONG_AGO)
    asked = await a_sign_up(people)
    await ask(joining, asked)
    assert await people.suppressed(FRIENDS) == 1, "asking alone changes nothing"
    await confirm(joining, asked.id)

    (back,) = await people.subscribers(FRIENDS)
    assert (back.state, back.left_at) == (SubscriptionState.SUBSCRIBED, None)
    assert await people.suppressed(FRIENDS) == 0
    assert await people.suppressed(LETTERS) == (1 if way == "erased" else 0)


async def test_a_request_that_is_too_old_or_confirmed_confirms_nothing(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people, asked_at=LONG_AGO - timedelta(seconds=1))
    await ask(joining, asked)
    assert not await confirm(joining, asked.id)
    assert await joining.sign_up(asked.id, since=LONG_AGO) is None
    assert await joining.forget(asked_before=LONG_AGO, now=NOON) == 1

    fresh = await a_sign_up(people)
    await ask(joining, fresh)
    assert await confirm(joining, fresh.id)
    assert not await confirm(joining, fresh.id)
    (person,) = await people.subscribers(FRIENDS)
    await people.leave(person.subscription, now=NOON)
    assert not await confirm(joining, fresh.id)
    assert await joining.joined(fresh.id) is None


async def test_leaving_and_erasing_take_requests_and_proofs_along(
    joining: StoredJoining, people: StoredMailing
) -> None:
    asked = await a_sign_up(people)
    await ask(joining, asked)
    await confirm(joining, asked.id)
    again = replace(asked, id=SignUpId("ef" * 16))
    await ask(joining, again)
    (person,) = await people.subscribers(FRIENDS)
    await people.leave(person.subscription, now=NOON)
    assert not await confirm(joining, again.id), "the link was asked for before"

    await ask(joining, again)
    await people.erase(asked.address_hash, reason=SuppressionReason.ERASED, now=NOON)
    assert await joining.pending(FRIENDS, since=LONG_AGO) == 0
    assert await joining.proofs(asked.address_hash) == ()


async def test_mails_owed_by_a_copy_that_was_put_back_are_not_sent_again(
    joining: StoredJoining, people: StoredMailing, database: Store
) -> None:
    asked = await a_sign_up(people)
    await ask(joining, asked)
    async with database.writing() as connection:
        await doubt_copies(connection, now=NOON)
    assert await joining.claim_mail(now=NOON) is None
    assert await joining.sign_up(asked.id, since=LONG_AGO) == asked, "its link still works"


async def test_no_address_stands_in_the_counts(
    joining: StoredJoining, people: StoredMailing, database: Store
) -> None:
    asked = await a_sign_up(people)
    allowance = Allowance(of=AddressHash("x"), within=timedelta(hours=1), most=3)
    await ask(joining, asked, of_address=[allowance])
    async with database.reading() as connection:
        (row,) = await connection.execute(mailing_tables.ask_count.select())
    assert len(row.of) == 64
    assert row.ends_at == NOON.replace(minute=0, second=0) + timedelta(hours=1)
    await joining.forget(asked_before=LONG_AGO, now=NOON + timedelta(hours=1))
    async with database.reading() as connection:
        assert (await connection.execute(mailing_tables.ask_count.select())).all() == []


async def test_the_migration_makes_the_tables_as_the_code_knows_them(database: Store) -> None:
    tables = (
        mailing_tables.sign_up,
        mailing_tables.consent,
        mailing_tables.consent_text,
        mailing_tables.ask_count,
    )

    def columns(connection: Connection) -> dict[str, tuple[set[str], set[str | None]]]:
        there = inspect(connection)
        return {
            table.name: (
                {column["name"] for column in there.get_columns(table.name)},
                {index["name"] for index in there.get_indexes(table.name)},
            )
            for table in tables
        }

    async with database.reading() as connection:
        found = await connection.run_sync(columns)
    assert found == {
        table.name: (set(table.columns.keys()), {str(index.name) for index in table.indexes})
        for table in tables
    }
