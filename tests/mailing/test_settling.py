"""What the mail server answered is kept, though the database is away at that moment."""

from __future__ import annotations

from datetime import datetime

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
