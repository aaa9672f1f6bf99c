"""What is kept long enough is forgotten, and nothing else; suppressions outlive it all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from herald.app import open_app
from herald.cli.main import main
from herald.clock import SetClock
from herald.mailing.letters.issues import issue_of
from herald.mailing.readers.lists import find_hash
from herald.mailing.readers.retention import keep_to
from herald.model.ids import Language, ListId
from herald.model.mailing import Edition, Fate, SubscriptionState
from herald.model.retention import Forgotten, Retention
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from herald.store.mailing_preferences import StoredPreferences
from herald.store.mailing_retention import StoredRetention
from herald.store.mailing_tables import issue as issue_table
from herald.store.mailing_tables import recipient, subscriber, subscription
from tests.mailing.makers import FRIENDS, a_planned_issue, subscribe
from tests.makers import NOON

DAY = timedelta(days=1)
ANA, BO = "ana@example.org", "bo@example.org"
OTHER = ListId("partners")
KEPT = Retention(letters=100 * DAY, left=200 * DAY, unconfirmed=30 * DAY)


@pytest.fixture
def forgetting(database: Store) -> StoredRetention:
    return StoredRetention(database)


async def a_sent_issue(store: StoredMailing, database: Store) -> None:
    """Send an issue to everybody at noon."""
    planned = issue_of(a_planned_issue(), None)
    edition = Edition(language=Language("en"), subject="s", text="t", html="h")
    await store.save_issue(planned, was=None, editions=[edition])
    await store.freeze_audience(planned, lambda _: Language("en"), now=NOON)
    async with database.writing() as connection:
        await connection.execute(
            update(recipient).values(
                state="accepted", domain="example.org", queue_id="ABC", reply="ok", ended_at=NOON
            )
        )
        await connection.execute(update(issue_table).values(state="sent", finished_at=NOON))


async def test_old_letters_lead_to_nobody_and_still_count(
    store: StoredMailing, database: Store, forgetting: StoredRetention
) -> None:
    await subscribe(store, (ANA, "Ana", "en"), (BO, "Bo", "en"))
    await a_sent_issue(store, database)
    assert (await forgetting.forget(KEPT, now=NOON + 100 * DAY)).letters == 0
    late = NOON + 101 * DAY
    assert await forgetting.forget(KEPT, now=late) == Forgotten(letters=2)
    assert await forgetting.forget(KEPT, now=late) == Forgotten()
    async with database.reading() as connection:
        rows = (await connection.execute(select(recipient))).all()
    assert {(row.state, row.subscription, row.domain, row.queue_id, row.reply) for row in rows} == {
        ("accepted", None, "", "", "")
    }
    progress = await store.progress(rows[0].issue)
    assert progress is not None
    assert progress.is_finished
    assert len(await store.subscribers(FRIENDS)) == 2


async def test_who_left_long_ago_is_forgotten_and_still_not_brought_back(
    store: StoredMailing, database: Store, forgetting: StoredRetention
) -> None:
    await subscribe(store, (ANA, "Ana", "en"), (BO, "Bo", "en"))
    for person in await store.subscribers(FRIENDS):
        await store.leave(person.subscription, now=NOON)
    await subscribe(store, (BO, "Bo", "en"), list_id=OTHER)
    assert (await forgetting.forget(KEPT, now=NOON + 200 * DAY)).left == 0
    assert await forgetting.forget(KEPT, now=NOON + 201 * DAY) == Forgotten(left=2, people=1)
    async with database.reading() as connection:
        addresses = (await connection.execute(select(subscriber.c.address))).scalars().all()
    assert addresses == [BO], "who is on another list stays on that"
    report = await subscribe(store, (ANA, "Ana", "en"))
    assert report.rows[0].fate is Fate.REFUSED
    held = await StoredPreferences(database).held(await find_hash(store, ANA))
    assert (held.address, held.ties) == ("", ())
    assert [each.reason for each in held.refusals] == ["left"]


async def test_who_never_confirmed_is_forgotten_and_may_come_anew(
    store: StoredMailing, database: Store, forgetting: StoredRetention
) -> None:
    await subscribe(store, (ANA, "Ana", "en"))
    async with database.writing() as connection:
        await connection.execute(update(subscription).values(state=SubscriptionState.PENDING.value))
    assert (await forgetting.forget(KEPT, now=NOON + 30 * DAY)).unconfirmed == 0
    forgotten = await forgetting.forget(KEPT, now=NOON + 31 * DAY)
    assert (forgotten.unconfirmed, forgotten.people) == (1, 1)
    assert (await subscribe(store, (ANA, "Ana", "en"))).rows[0].fate is Fate.ADDED


async def test_an_issue_that_is_not_finished_keeps_its_readers(
    store: StoredMailing, database: Store, forgetting: StoredRetention
) -> None:
    await subscribe(store, (ANA, "Ana", "en"))
    await a_sent_issue(store, database)
    async with database.writing() as connection:
        await connection.execute(update(issue_table).values(state="sending", finished_at=None))
    assert (await forgetting.forget(KEPT, now=NOON + 999 * DAY)).letters == 0


async def test_what_was_forgotten_is_counted_in_the_log_without_names(
    store: StoredMailing,
    forgetting: StoredRetention,
    clock: SetClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await subscribe(store, (ANA, "Ana", "en"))
    (person,) = await store.subscribers(FRIENDS)
    await store.leave(person.subscription, now=NOON)
    clock.advance(201 * DAY)
    with caplog.at_level("INFO"):
        for _ in range(2):
            await keep_to(KEPT, forgetting, clock)
    (line,) = [one for one in caplog.records if "kept long enough" in one.message]
    assert (line.__dict__["left"], line.__dict__["people"]) == (1, 1)
    assert ANA not in str(line.__dict__)


@pytest.mark.parametrize(
    ("written", "fault"),
    [("{letters: 7d}", "write 31d or more"), ("{left: 3 years}", "duration")],
)
def test_a_retention_that_cannot_be_meant_is_told_with_its_line(
    tmp_path: Path, written: str, fault: str
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "herald.yaml").write_text(f"retention: {written}\n", encoding="utf-8")
    answer = CliRunner().invoke(main, ["-C", str(tmp_path), "check"])
    assert answer.exit_code == 1
    assert f"retention: {written}" in answer.output
    assert fault in answer.output


async def test_herald_keeps_to_what_its_file_says(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    settings = "retention: {left: 40d}\n"
    (tmp_path / "config" / "herald.yaml").write_text(settings, encoding="utf-8")
    clock = SetClock(NOON)
    async with open_app(tmp_path, clock) as app:
        await subscribe(app.mailing_store, (ANA, "Ana", "en"))
        (person,) = await app.mailing_store.subscribers(FRIENDS)
        await app.mailing_store.leave(person.subscription, now=NOON)
        clock.advance(40 * DAY)
        assert (await app.newsletters.forget_readers()).is_nothing
        clock.advance(DAY)
        assert await app.newsletters.forget_readers() == Forgotten(left=1, people=1)
