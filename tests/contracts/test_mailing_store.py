"""What every store of newsletters promises: one copy, one claim; one answer, one row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, select
from sqlalchemy.engine import Connection

from herald.mailing.letters.issues import issue_of
from herald.model.bounces import BounceKind, CopyOf, ReturnedMail
from herald.model.ids import Language
from herald.model.mailing import (
    Edition,
    Issue,
    IssueState,
    RecipientClaim,
    RecipientState,
    RecipientVerdict,
    Settled,
    Wish,
)
from herald.ports import MailingStore
from herald.store import mailing_tables
from herald.store.bounces import StoredBounces
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from tests.mailing.makers import a_planned_issue, claim_copy, settle_copy, subscribe_many
from tests.makers import NOON

EN = Language("en")
LEASE = timedelta(minutes=20)
KEY = "stories/monthly/2027-05-10"


@pytest.fixture
async def database(store_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(store_url, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def store(database: Store) -> MailingStore:
    return StoredMailing(database)


async def an_issue(store: MailingStore, people: int) -> Issue:
    await subscribe_many(store, people)
    issue = issue_of(a_planned_issue(), None)
    edition = Edition(language=EN, subject="s", text="t", html="h")
    assert await store.save_issue(issue, was=None, editions=[edition])
    return issue


async def claim(store: MailingStore, owner: str = "one") -> RecipientClaim | None:
    return await claim_copy(store, KEY, owner=owner, now=NOON, lease=LEASE)


def a_verdict(state: RecipientState) -> RecipientVerdict:
    return RecipientVerdict(state=state, attempts=1)


async def test_an_audience_is_frozen_once(store: MailingStore) -> None:
    issue = await an_issue(store, 5)
    frozen = await asyncio.gather(
        *(store.freeze_audience(issue, lambda _: EN, now=NOON) for _ in range(4))
    )
    assert sorted(frozen, key=str) == [5, None, None, None]
    begun = await store.issue(KEY)
    assert begun is not None
    assert (begun.state, begun.audience) == (IssueState.SENDING, 5)


async def test_a_copy_has_one_claim_at_a_time(store: MailingStore) -> None:
    issue = await an_issue(store, 20)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    claims = await asyncio.gather(*(claim(store, str(place)) for place in range(30)))
    taken = [one.address for one in claims if one is not None]
    assert len(taken) == len(set(taken)) == 20


async def test_a_copy_that_two_wish_for_at_once_is_one_connections(store: MailingStore) -> None:
    issue = await an_issue(store, 1)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    (copy,) = await store.due_copies(KEY, most=9, now=NOON)
    wish = Wish(id=copy.id, owner="one", lease=LEASE)
    turns = await asyncio.gather(*(store.turn(wish=wish, now=NOON) for _ in range(3)))
    assert [turn.claim is not None for turn in turns].count(True) == 1
    assert (await store.turn(wish=wish, now=NOON)).claim is None


async def test_an_answer_that_is_brought_twice_at_once_is_fresh_once(store: MailingStore) -> None:
    issue = await an_issue(store, 1)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    taken = await claim(store)
    assert taken is not None
    verdict = a_verdict(RecipientState.ACCEPTED)
    fresh = await asyncio.gather(*(settle_copy(store, taken, verdict, now=NOON) for _ in range(3)))
    assert sorted(fresh) == [False, False, True]


async def test_the_last_copy_ends_and_the_next_one_begins_in_one_turn(store: MailingStore) -> None:
    issue = await an_issue(store, 2)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    taken = await claim(store)
    (copy,) = await store.due_copies(KEY, most=9, now=NOON)
    assert taken is not None
    turned = await store.turn(
        settled=Settled(claim=taken, verdict=a_verdict(RecipientState.ACCEPTED)),
        wish=Wish(id=copy.id, owner="one", lease=LEASE),
        now=NOON,
    )
    assert turned.is_fresh
    assert turned.claim is not None
    assert turned.claim.id == copy.id
    progress = await store.progress(KEY)
    assert progress is not None
    assert dict(progress.counts) == {RecipientState.ACCEPTED: 1, RecipientState.CLAIMED: 1}


async def test_a_copy_that_is_not_due_yet_is_not_claimed(store: MailingStore) -> None:
    issue = await an_issue(store, 1)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    taken = await claim(store)
    assert taken is not None
    later = replace(a_verdict(RecipientState.DEFERRED), next_at=NOON + LEASE)
    await settle_copy(store, taken, later, now=NOON)
    wish = Wish(id=taken.id, owner="one", lease=LEASE)
    assert await store.due_copies(KEY, most=9, now=NOON) == ()
    assert (await store.turn(wish=wish, now=NOON)).claim is None
    assert (await store.turn(wish=wish, now=NOON + LEASE)).claim is not None


async def test_an_address_that_was_suppressed_since_is_not_claimed(
    store: MailingStore, database: Store
) -> None:
    issue = await an_issue(store, 1)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    (copy,) = await store.due_copies(KEY, most=9, now=NOON)
    async with database.writing() as connection:
        known = await connection.scalar(select(mailing_tables.subscriber.c.address_hash))
        await connection.execute(
            insert(mailing_tables.suppression).values(
                address_hash=known, list="", reason="complained", at=NOON
            )
        )
    wish = Wish(id=copy.id, owner="one", lease=LEASE)
    assert (await store.turn(wish=wish, now=NOON)).claim is None
    progress = await store.progress(KEY)
    assert progress is not None
    assert dict(progress.counts) == {RecipientState.SUPPRESSED: 1}


async def test_an_answer_to_an_older_claim_changes_nothing(store: MailingStore) -> None:
    issue = await an_issue(store, 1)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    first = await claim(store)
    assert first is not None
    await store.reap_recipients(now=NOON + LEASE)
    await store.resolve_uncertain(KEY, resend=True, now=NOON)
    second = await claim(store)
    assert second is not None
    assert second.token == first.token + 1
    assert not await settle_copy(store, first, a_verdict(RecipientState.REJECTED), now=NOON)
    assert await settle_copy(store, second, a_verdict(RecipientState.ACCEPTED), now=NOON)
    assert not await settle_copy(store, second, a_verdict(RecipientState.REJECTED), now=NOON)


async def test_a_late_answer_ends_the_doubt(store: MailingStore) -> None:
    issue = await an_issue(store, 1)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    taken = await claim(store)
    assert taken is not None
    await store.reap_recipients(now=NOON + LEASE)
    assert await settle_copy(store, taken, a_verdict(RecipientState.ACCEPTED), now=NOON)
    assert await store.finish_issue(KEY, now=NOON)


@pytest.mark.parametrize(
    "state", [RecipientState.UNCERTAIN, RecipientState.DEFERRED], ids=lambda state: state.value
)
async def test_an_issue_is_not_finished_while_a_copy_is_open(
    store: MailingStore, state: RecipientState
) -> None:
    issue = await an_issue(store, 1)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    taken = await claim(store)
    assert taken is not None
    assert not await store.finish_issue(KEY, now=NOON)
    verdict = replace(a_verdict(state), next_at=NOON + LEASE)
    await settle_copy(store, taken, verdict, now=NOON)
    assert not await store.finish_issue(KEY, now=NOON)


async def test_an_issue_that_has_moved_on_is_not_overwritten(store: MailingStore) -> None:
    issue = await an_issue(store, 1)
    newer = replace(issue, note="newer")
    assert await store.save_issue(newer, was=issue)
    assert not await store.save_issue(replace(issue, note="older"), was=issue)
    await store.freeze_audience(newer, lambda _: EN, now=NOON)
    begun = await store.issue(KEY)
    assert begun is not None
    assert not await store.save_issue(replace(begun, note="too late"), was=begun)


async def test_what_was_said_of_copies_that_were_refused_or_came_back_is_counted_once(
    store: MailingStore, database: Store
) -> None:
    issue = await an_issue(store, 6)
    await store.freeze_audience(issue, lambda _: EN, now=NOON)
    bounces = StoredBounces(database)

    async def ends(state: RecipientState, code: int | None, reply: str) -> CopyOf:
        claimed = await claim(store)
        assert claimed is not None
        verdict = replace(a_verdict(state), code=code, reply=reply, next_at=NOON + LEASE)
        await settle_copy(store, claimed, verdict, now=NOON)
        return CopyOf(subscription=claimed.subscription, recipient=claimed.id)

    async def comes_back(copy: CopyOf, said: str, nth: int) -> None:
        mail = ReturnedMail(
            kind=BounceKind.SOFT,
            copy=copy,
            status="5.7.26",
            diagnostic=said,
            fingerprint=f"{nth:064}",
        )
        await bounces.record_bounce(mail, copy, lambda _: None, now=NOON)

    assert await store.refusals(KEY) == ()
    refused = await ends(RecipientState.REJECTED, 550, "5.7.1 no")
    await ends(RecipientState.REJECTED, 550, "5.7.1 no")
    await ends(RecipientState.DEFERRED, 421, "4.7.0 slower")
    await ends(RecipientState.ACCEPTED, 250, "ok")
    back = await ends(RecipientState.ACCEPTED, 250, "ok")
    await comes_back(refused, "the same refusal, written down", 1)
    await comes_back(back, "who are you?", 2)
    await comes_back(back, "who are you?", 3)

    assert {(one.code, one.said, one.copies) for one in await store.refusals(KEY)} == {
        (550, "5.7.1 no", 2),
        (421, "4.7.0 slower", 1),
        (None, "5.7.26 who are you?", 1),
    }
    assert await store.refusals("stories/monthly/1999-01-01") == ()


async def test_the_key_is_the_same_for_all_who_ask_at_once(store: MailingStore) -> None:
    keys = await asyncio.gather(*(store.mailing_key() for _ in range(8)))
    assert len(set(keys)) == 1


async def test_the_migration_makes_the_tables_as_the_code_knows_them(database: Store) -> None:
    def columns(connection: Connection) -> dict[str, set[str]]:
        there = inspect(connection)
        return {
            table.name: {column["name"] for column in there.get_columns(table.name)}
            for table in tables
        }

    tables = (
        mailing_tables.secret,
        mailing_tables.subscriber,
        mailing_tables.subscription,
        mailing_tables.suppression,
        mailing_tables.issue,
        mailing_tables.edition,
        mailing_tables.recipient,
    )
    async with database.reading() as connection:
        found = await connection.run_sync(columns)
    assert found == {table.name: set(table.columns.keys()) for table in tables}
