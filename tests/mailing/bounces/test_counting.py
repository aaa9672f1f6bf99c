"""What came back counts once, for a while, and ends what it must, on either database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import inspect, update

from herald.clock import SetClock
from herald.mailing.bounces.counting import Bounces
from herald.mailing.bounces.verp import bounce_address
from herald.mailing.letters.issues import issue_of
from herald.mailing.readers.lists import find_hash
from herald.mailing.tokens import unsubscribe_token
from herald.model.bounces import BounceCounts, BounceKind, CopyOf, Effect, reason_to_end, score
from herald.model.ids import Language, ListId
from herald.model.mailing import (
    Edition,
    Fate,
    RecipientState,
    SubscriptionState,
    SuppressionReason,
)
from herald.store.bounces import StoredBounces, bounce
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from herald.store.mailing_tables import subscription
from tests.mailing.bounces.makers import PATTERN, a_complaint, a_dsn
from tests.mailing.makers import FRIENDS, a_planned_issue, claim_copy, subscribe
from tests.makers import NOON

ANA = "ana@example.org"
KEY = "stories/monthly/2027-05-10"
DAY = timedelta(days=1)
OTHER = ListId("partners")
Back = Callable[..., Awaitable[Effect]]


@pytest.fixture
def bounces(database: Store, store: StoredMailing, clock: SetClock) -> Bounces:
    return Bounces(store=StoredBounces(database), keys=store, pattern=PATTERN, clock=clock)


async def a_copy(store: StoredMailing) -> CopyOf:
    """Begin an issue to Ana and Bo, and claim Ana's copy."""
    await subscribe(store, (ANA, "Ana", "en"))
    issue = issue_of(a_planned_issue(), None)
    edition = Edition(language=Language("en"), subject="s", text="t", html="h")
    await store.save_issue(issue, was=None, editions=[edition])
    await store.freeze_audience(issue, lambda _: Language("en"), now=NOON)
    claim = await claim_copy(store, KEY, owner="one", now=NOON, lease=DAY)
    assert claim is not None
    return CopyOf(subscription=claim.subscription, recipient=claim.id)


async def a_report(store: StoredMailing, copy: CopyOf, **changes: str) -> bytes:
    """Make a report to the bounce address of a copy, with nothing else that names it."""
    to = bounce_address(PATTERN, copy, await store.mailing_key())
    return a_dsn(**({"to": to, "letter": "Subject: x\n"} | changes))


async def state_of(store: StoredMailing, copy: CopyOf) -> SubscriptionState:
    person = await store.subscriber(copy.subscription)
    assert person is not None
    return person.state


@pytest.mark.parametrize(
    ("days", "weight"),
    [((), 0), ((0,), 1), ((0, 0, 0), 1), ((0, 60), 1.5), ((0, 1, 2, 3), 3.9), ((400,), 0.01)],
)
def test_a_day_counts_once_and_less_from_day_to_day(days: tuple[int, ...], weight: float) -> None:
    today = date(2027, 5, 10)
    found = score((today - timedelta(days=ago) for ago in days), today=today)
    assert found == pytest.approx(weight, abs=0.1)


@pytest.mark.parametrize(
    ("every", "at_the"),
    [pytest.param(DAY, 4, id="daily"), pytest.param(7 * DAY, 4, id="weekly"),
     pytest.param(30 * DAY, 7, id="monthly"), pytest.param(90 * DAY, None, id="four a year")],
)  # fmt: skip
def test_so_many_letters_in_a_row_end_a_subscription(every: timedelta, at_the: int | None) -> None:
    ended = None
    for number in range(1, 13):
        moments = [NOON + every * place for place in range(number)]
        if reason_to_end(BounceKind.SOFT, moments, now=moments[-1]):
            ended = number
            break
    assert ended == at_the


async def test_an_address_that_does_not_exist_is_written_to_no_more(
    store: StoredMailing, bounces: Bounces
) -> None:
    copy = await a_copy(store)
    await subscribe(store, (ANA, "Ana", "en"), list_id=OTHER)
    assert await bounces.take(await a_report(store, copy)) is Effect.ENDED
    assert await state_of(store, copy) is SubscriptionState.LEFT
    (there,) = await store.subscribers(OTHER)
    assert there.state is SubscriptionState.LEFT
    report = await subscribe(store, (ANA, "Ana", "en"), list_id=ListId("third"))
    assert report.rows[0].fate is Fate.REFUSED
    assert "could not be reached" in report.rows[0].why
    assert await bounces.counts_of_issue(KEY) == BounceCounts(bounced=1)
    assert await bounces.counts_of_list(FRIENDS) == BounceCounts(bounced=1)


async def test_one_complaint_suppresses_at_once_and_copies_that_wait_stay_here(
    store: StoredMailing, bounces: Bounces
) -> None:
    copy = await a_copy(store)
    await store.abandon_recipients(now=NOON)
    await store.resolve_uncertain(KEY, resend=True, now=NOON)
    link = unsubscribe_token(copy.subscription, await store.mailing_key())
    letter = f"List-Unsubscribe: <https://herald.example.org/u/{link}>\n\n"
    assert await bounces.take(a_complaint(letter=letter)) is Effect.ENDED
    assert await claim_copy(store, KEY, owner="two", now=NOON, lease=DAY) is None
    progress = await store.progress(KEY)
    assert progress is not None
    assert progress.count(RecipientState.SUPPRESSED) == 1
    assert await bounces.counts_of_list(FRIENDS) == BounceCounts(complained=1)
    report = await subscribe(store, (ANA, "Ana", "en"))
    assert "complained" in report.rows[0].why


async def test_the_same_mail_counts_once(
    store: StoredMailing, bounces: Bounces, clock: SetClock
) -> None:
    copy = await a_copy(store)
    mail = await a_report(store, copy, status="4.2.2", diagnostic="smtp; 452 full")
    assert await bounces.take(mail) is Effect.COUNTED
    for _ in range(9):
        clock.advance(DAY)
        assert await bounces.take(mail) is Effect.KNOWN
    assert await state_of(store, copy) is SubscriptionState.SUBSCRIBED


async def test_what_comes_back_on_one_day_counts_once_and_day_after_day_ends_it(
    store: StoredMailing, bounces: Bounces, clock: SetClock
) -> None:
    copy = await a_copy(store)

    async def full(name: str) -> Effect:
        mail = await a_report(store, copy, status="4.2.2", diagnostic="452 full", name=f"<{name}>")
        return await bounces.take(mail)

    effects = [await full(f"at once {number}") for number in range(9)]
    assert set(effects) == {Effect.COUNTED}
    effects = []
    for number in range(3):
        clock.advance(7 * DAY)
        effects.append(await full(f"weekly {number}"))
    assert effects == [Effect.COUNTED, Effect.COUNTED, Effect.ENDED]
    assert await state_of(store, copy) is SubscriptionState.LEFT


async def test_what_failed_before_a_person_came_back_is_over(
    database: Store, store: StoredMailing, bounces: Bounces, clock: SetClock
) -> None:
    copy = await a_copy(store)

    async def full(name: str) -> Effect:
        mail = await a_report(store, copy, status="4.2.2", diagnostic="452 full", name=f"<{name}>")
        return await bounces.take(mail)

    for number in range(3):
        assert await full(f"before {number}") is Effect.COUNTED
        clock.advance(DAY)
    async with database.writing() as connection:
        await connection.execute(update(subscription).values(since=clock.now()))
    assert await full("after") is Effect.COUNTED


async def test_a_forged_report_and_one_of_the_forgotten_change_nothing(
    store: StoredMailing, bounces: Bounces
) -> None:
    copy = await a_copy(store)
    forged = await a_report(store, copy, to=bounce_address(PATTERN, copy, b"guess"))
    assert await bounces.take(forged) is Effect.IGNORED
    assert await state_of(store, copy) is SubscriptionState.SUBSCRIBED
    await store.erase(await find_hash(store, ANA), reason=SuppressionReason.ERASED, now=NOON)
    assert await bounces.take(await a_report(store, copy)) is Effect.UNKNOWN


async def test_nothing_of_what_came_back_outlives_an_erased_person(
    database: Store, store: StoredMailing, bounces: Bounces
) -> None:
    copy = await a_copy(store)
    await bounces.take(await a_report(store, copy))
    await store.erase(await find_hash(store, ANA), reason=SuppressionReason.ERASED, now=NOON)
    async with database.reading() as connection:
        assert (await connection.execute(bounce.select())).all() == []


async def test_a_copy_of_somebody_else_is_not_counted_for_an_issue(
    store: StoredMailing, bounces: Bounces
) -> None:
    copy = await a_copy(store)
    assert copy.recipient is not None
    other = CopyOf(subscription=copy.subscription, recipient=copy.recipient + 1)
    assert await bounces.take(await a_report(store, other)) is Effect.ENDED
    assert await bounces.counts_of_issue(KEY) == BounceCounts()


async def test_what_came_back_is_forgotten_in_the_end(
    database: Store, store: StoredMailing, bounces: Bounces, clock: SetClock
) -> None:
    copy = await a_copy(store)
    for name in ("<1@x>", "<2@x>"):
        await bounces.take(await a_report(store, copy, name=name, status="4.0.0", diagnostic="no"))
        clock.advance(500 * DAY)
    async with database.reading() as connection:
        rows = (await connection.execute(bounce.select())).all()
    assert len(rows) == 1


async def test_the_migration_makes_the_table_as_the_code_knows_it(database: Store) -> None:
    async with database.reading() as connection:
        found = await connection.run_sync(
            lambda here: {column["name"] for column in inspect(here).get_columns("bounce")}
        )
    assert found == set(bounce.columns.keys())


async def test_nobodys_address_reaches_the_log(
    store: StoredMailing, bounces: Bounces, caplog: pytest.LogCaptureFixture
) -> None:
    copy = await a_copy(store)
    with caplog.at_level("DEBUG"):
        await bounces.take(await a_report(store, copy))
    assert "mail came back" in caplog.text
    told = [record for record in caplog.records if record.levelname != "DEBUG"]
    words = [str(value) for record in told for value in vars(record).values()]
    assert not [word for word in words if ANA in word or copy.subscription in word]
