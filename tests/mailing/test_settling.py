"""What the mail server answered is kept, though the database is away at that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from herald.clock import SetClock
from herald.errors import StoreUnusable
from herald.model.mailing import IssueState, RecipientState, Settled, Turned, Wish
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from tests.mailing.makers import PostOffice, subscribe, written
from tests.mailing.test_issues import Room


class Absent(StoredMailing):
    """A store that is away the next so many times that a copy is to be settled."""

    away = 0

    async def turn(
        self, *, settled: Settled | None = None, wish: Wish | None = None, now: datetime
    ) -> Turned:
        if settled is not None and self.away:
            self.away -= 1
            raise StoreUnusable("the server is starting or stopping")
        return await super().turn(settled=settled, wish=wish, now=now)


class Mute(StoredMailing):
    """A store that once writes a whole turn, and is gone before it says so."""

    is_mute = False

    async def turn(
        self, *, settled: Settled | None = None, wish: Wish | None = None, now: datetime
    ) -> Turned:
        turned = await super().turn(settled=settled, wish=wish, now=now)
        if turned.claim is not None and settled is not None and self.is_mute:
            self.is_mute = False
            raise StoreUnusable("the server ended the connection")
        return turned


@pytest.fixture
async def away(database: Store) -> Absent:
    store = Absent(database)
    await subscribe(
        store, ("ana@friends.example.org", "Ana", "en"), ("bo@friends.example.org", "Bo", "en")
    )
    return store


async def test_an_answer_outlives_half_a_minute_without_the_database(
    away: Absent, clock: SetClock
) -> None:
    office = PostOffice()
    room = Room(away, clock, office)
    await room.plan(written())
    away.away = 30
    progress = await room.send()
    assert progress.issue.state is IssueState.SENT
    assert progress.count(RecipientState.ACCEPTED) == 2
    assert sorted(recipient for recipient, _ in office.mails) == [
        "ana@friends.example.org",
        "bo@friends.example.org",
    ]


async def test_an_answer_that_cannot_be_kept_is_doubted_and_never_sent_again(
    away: Absent, clock: SetClock
) -> None:
    office = PostOffice()
    room = Room(away, clock, office)
    await room.plan(written())
    away.away = 10_000
    with pytest.raises(ExceptionGroup) as caught:
        await room.send()
    assert caught.group_contains(StoreUnusable)
    assert len(office.mails) == 1
    away.away = 0
    assert await room.mailing.recover() == 1
    progress = await room.send()
    assert progress.count(RecipientState.UNCERTAIN) == 1
    assert len({recipient for recipient, _ in office.mails}) == len(office.mails) == 2


async def test_an_answer_that_was_given_up_a_moment_too_early_is_doubted_all_the_same(
    away: Absent, clock: SetClock
) -> None:
    office = PostOffice()
    room = Room(away, clock, office)
    await room.plan(written())
    away.away = 61  # the last try fails, and nothing after it
    with pytest.raises(ExceptionGroup):
        await room.send()
    assert away.away == 0
    assert await room.mailing.recover() == 1
    await room.send()
    assert len({recipient for recipient, _ in office.mails}) == len(office.mails) == 2


async def test_a_copy_whose_claim_was_written_without_an_answer_is_sent_all_the_same(
    database: Store, clock: SetClock
) -> None:
    store = Mute(database)
    rows = [(f"p{nth}@friends.example.org", f"P {nth}", "en") for nth in range(4)]
    await subscribe(store, *rows)
    office = PostOffice()
    room = Room(store, clock, office)
    await room.plan(written())
    store.is_mute = True
    progress = await room.send()
    assert not store.is_mute
    assert progress.issue.state is IssueState.SENT
    assert sorted(recipient for recipient, _ in office.mails) == [address for address, *_ in rows]


async def test_only_the_claim_of_that_moment_is_given_back(
    database: Store, clock: SetClock
) -> None:
    store = StoredMailing(database)
    await subscribe(store, ("ana@friends.example.org", "Ana", "en"))
    issue = await Room(store, clock, PostOffice()).plan(written())
    now = clock.now()
    await store.freeze_audience(issue, lambda _: issue.languages[0], now=now)
    (copy,) = await store.due_copies(issue.key, most=9, now=now)
    wish = Wish(id=copy.id, owner="one", lease=timedelta(minutes=9), sender="a@example.org")
    assert (await store.turn(wish=wish, now=now)).claim is not None
    assert not await store.give_back(replace(wish, owner="other"), claimed_at=now)
    assert not await store.give_back(wish, claimed_at=now - timedelta(microseconds=1))
    assert not await store.due_copies(issue.key, most=9, now=now)
    assert await store.give_back(wish, claimed_at=now)
    assert not await store.give_back(wish, claimed_at=now)
    assert await store.due_copies(issue.key, most=9, now=now)
