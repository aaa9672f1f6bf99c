"""What may have been sent while a database did not look: newsletters, and news that comes again."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from herald.mailing.letters.issues import issue_of
from herald.model.delivery import Reason, Receipt
from herald.model.ids import ChannelId, EntryId, ItemId, Language
from herald.model.mailing import Edition, Issue, RecipientState
from herald.model.network import Capabilities
from herald.model.verdict import Done, Doubt, Hold
from herald.store import tables
from herald.store.doubting import DOUBTED, NEWS_WITHIN, doubt_copies
from herald.store.engine import Store, open_store
from herald.store.feed_tables import entry, feed
from herald.store.mailing import StoredMailing
from herald.store.mailing_tables import recipient
from herald.store.outbox import StoredOutbox
from herald.store.rows import insert_rows
from tests.mailing.makers import a_planned_issue, subscribe_many
from tests.makers import NOON, a_delivery

HOUR = timedelta(hours=1)
FEDI = {ChannelId("fedi"): Capabilities(concurrent=100)}
EN = Language("en")
KEY = "stories/monthly/2027-05-10"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store("sqlite:///herald.db", tmp_path)
    yield opened
    await opened.close()


async def put_back(database: Store) -> None:
    """Let it be known that at noon a copy was put back, which was made two hours before."""
    async with database.writing() as connection:
        values = {"doubt_since": NOON - 2 * HOUR, "doubt_before": NOON}
        await connection.execute(update(tables.instance).values(values))


async def claimed(database: Store, *, now=NOON) -> set[str]:
    """Claim what is due; return the items that may be sent at once."""
    outbox = StoredOutbox(database)
    claims = await outbox.claim(owner="one", now=now, most=100, capabilities=FEDI)
    return {str(claim.delivery.item) for claim in claims}


async def doubted(database: Store) -> set[str]:
    return {str(row.item) for row in await StoredOutbox(database).unclear()}


async def owe(database: Store, **items: timedelta) -> None:
    """Owe items that are due so long after noon."""
    rows = [a_delivery(item=ItemId(name), due_at=NOON + after) for name, after in items.items()]
    async with database.writing() as connection:
        await insert_rows(connection, rows)


async def test_in_a_database_that_was_never_put_back_nothing_is_doubted(database):
    await owe(database, bell=-HOUR, boat=timedelta(0))
    assert await claimed(database) == {"bell", "boat"}
    assert await doubted(database) == set()


async def test_what_was_due_before_is_doubted_and_what_comes_after_is_sent(database):
    await owe(database, bell=-HOUR, boat=timedelta(0), bread=timedelta(minutes=1))
    await put_back(database)
    assert await claimed(database, now=NOON + HOUR) == {"bread"}
    assert await doubted(database) == {"bell", "boat"}
    (row, *_) = await StoredOutbox(database).unclear()
    assert row.first_send_at == NOON - 2 * HOUR
    assert row.frozen == row.payload
    (attempt,) = await StoredOutbox(database).attempts(row.key)
    assert attempt.outcome == DOUBTED
    assert "put back from a copy" in attempt.answer


async def test_a_repeat_is_sought_since_its_first_send_though_that_was_before_the_copy(database):
    first = NOON - 5 * HOUR
    row = a_delivery(first_send_at=first, attempts=1)
    async with database.writing() as connection:
        await insert_rows(connection, [row])
    await put_back(database)
    assert await claimed(database) == set()
    assert [each.first_send_at for each in await StoredOutbox(database).unclear()] == [first]


async def test_why_it_was_in_doubt_outlives_look_ups_in_vain(database):
    await owe(database, bell=-HOUR)
    await put_back(database)
    await claimed(database)
    outbox = StoredOutbox(database)
    (row,) = await outbox.unclear()
    verdicts = (Doubt("the server rests"), Hold(Reason.UNCLEAR, "the server tells nothing"))
    for verdict in verdicts:
        claim = await outbox.claim_look_up(row.key, owner="one", now=NOON, lease=HOUR)
        assert claim is not None
        assert await outbox.settle(row.key, token=claim.token, verdict=verdict, now=NOON)
    (held,) = await outbox.list_deliveries(states=("held",))
    assert held.note.startswith("the database was put back from a copy")
    assert held.note.endswith("the server tells nothing")


@pytest.mark.parametrize(
    ("published", "seen", "is_doubted"),
    [
        pytest.param(-HOUR, HOUR, True, id="old news that comes again"),
        pytest.param(None, HOUR, True, id="news without a date that comes again"),
        pytest.param(HOUR, HOUR, False, id="news of after"),
        pytest.param(-HOUR, NEWS_WITHIN, False, id="old news of which nobody heard for days"),
        pytest.param(-2 * HOUR, -HOUR, False, id="news that the copy knew, and that is due later"),
    ],
)
async def test_news_that_feeds_bring_up_again_is_doubted(database, published, seen, is_doubted):
    due = NOON + max(seen, HOUR)
    row = a_delivery(item=ItemId("news"), entry=EntryId("e1"), due_at=due)
    async with database.writing() as connection:
        await connection.execute(
            insert(feed).values(
                id="f1", url="https://one.example", partners="[]", configured=True, errors=0,
                interval_seconds=3600, next_check_at=NOON, gone=False,
            )
        )  # fmt: skip
        await connection.execute(
            insert(entry).values(
                id="e1", feed="f1", language="en", content="{}", fingerprint="x",
                link_hash="x", title_hash="x", first_seen_at=NOON + seen, edits=0, seeded=False,
                published_at=None if published is None else NOON + published, withdrawn=False,
            )
        )  # fmt: skip
        await insert_rows(connection, [row])
    await put_back(database)
    assert await claimed(database, now=due) == (set() if is_doubted else {"news"})
    assert await doubted(database) == ({"news"} if is_doubted else set())


async def an_issue(database: Store, due_at) -> Issue:
    mailing = StoredMailing(database)
    await subscribe_many(mailing, 5)
    issue = issue_of(a_planned_issue(due_at=due_at), None)
    edition = Edition(language=EN, subject="s", text="t", html="h")
    assert await mailing.save_issue(issue, was=None, editions=[edition])
    return issue


async def copies(database: Store) -> Counter[str]:
    async with database.reading() as connection:
        return Counter((await connection.execute(select(recipient.c.state))).scalars())


@pytest.mark.parametrize(("after", "state"), [(timedelta(0), "uncertain"), (HOUR, "pending")])
async def test_an_issue_that_may_be_out_is_sent_to_nobody_until_a_person_decides(
    database, after, state
):
    issue = await an_issue(database, NOON + after)
    await put_back(database)
    mailing = StoredMailing(database)
    assert await mailing.freeze_audience(issue, lambda _: EN, now=NOON + after) == 5
    assert await copies(database) == {state: 5}
    await mailing.resolve_uncertain(KEY, resend=True, now=NOON + HOUR)
    assert await copies(database) == {"pending": 5}


async def test_copies_that_were_still_to_be_sent_are_uncertain(database):
    issue = await an_issue(database, NOON)
    mailing = StoredMailing(database)
    await mailing.freeze_audience(issue, lambda _: EN, now=NOON)
    async with database.writing() as connection:
        first = select(recipient.c.id).limit(2)
        await connection.execute(
            update(recipient).where(recipient.c.id.in_(first)).values(state="accepted")
        )
        await doubt_copies(connection, now=NOON)
    assert await copies(database) == {"accepted": 2, RecipientState.UNCERTAIN.value: 3}


async def test_what_follows_is_doubted_once_what_it_follows_was_found(database):
    """Its look-up needs to know where that is; and it is never sent unseen."""
    first = a_delivery(item=ItemId("first"), due_at=NOON - HOUR, not_after_at=NOON + 9 * HOUR)
    second = a_delivery(
        item=ItemId("second"),
        due_at=NOON - HOUR,
        not_after_at=NOON + 9 * HOUR,
        part=1,
        target=first.key,
        thread=first.key,
    )
    async with database.writing() as connection:
        await insert_rows(connection, [first, second])
    await put_back(database)
    outbox = StoredOutbox(database)
    assert await claimed(database) == set()
    assert await doubted(database) == {"first"}
    look = await outbox.claim_look_up(first.key, owner="one", now=NOON, lease=HOUR)
    found = Done(Receipt(remote_id="1139"))
    await outbox.settle(first.key, token=look.token, verdict=found, now=NOON)
    assert await claimed(database) == set()
    assert await doubted(database) == {"second"}
    look = await outbox.claim_look_up(second.key, owner="one", now=NOON, lease=HOUR)
    assert (look.target, look.root) == (found.receipt, found.receipt)
