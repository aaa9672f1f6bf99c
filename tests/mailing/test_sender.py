"""Connections that share an issue: one copy at a time, what comes next announced, stops kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from herald.clock import SetClock
from herald.errors import StoreMoved
from herald.mailing.mailing import Mailing
from herald.mailing.readers.lists import find_hash
from herald.mailing.sending.sender import Shelf
from herald.mailing.sending.smtp import NextEnvelope
from herald.model.mailing import (
    Accepted,
    DueCopy,
    IssueState,
    MailOutcome,
    MailServer,
    Progress,
    RecipientState,
    RelayTrouble,
    SubscriptionId,
    SuppressionReason,
)
from herald.model.stop import Stop, StopScope
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from herald.store.mailing_tables import recipient
from herald.store.tables import instance
from tests.mailing.makers import EN, FRIENDS, PostOffice, a_list, subscribe_many, written
from tests.mailing.test_issues import KEY, Room
from tests.makers import NOON


async def _nothing() -> None:
    return


class Observer(PostOffice):
    """Remembers what was announced; something may happen while it takes a mail."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]] = _nothing) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.announced: list[str | None] = []

    async def send(
        self,
        *,
        sender: str,
        recipient: str,
        mail: bytes,
        ahead: NextEnvelope | None = None,
        envelope_id: str = "",
    ) -> MailOutcome:
        """Take one mail."""
        self.announced.append(ahead.recipient if ahead else None)
        await asyncio.sleep(0)
        await self.meanwhile()
        return await super().send(sender=sender, recipient=recipient, mail=mail)


def a_mailing(store: StoredMailing, clock: SetClock, office: PostOffice, lines: int) -> Mailing:
    return Mailing(
        store=store,
        lists=lambda: {FRIENDS: a_list()},
        server=MailServer(connections=lines),
        public_url="https://herald.example.org",
        clock=clock,
        mailer=lambda _: office,
    )


async def begun(store: StoredMailing, clock: SetClock, office: PostOffice, people: int) -> Room:
    """Plan an issue for so many people."""
    await subscribe_many(store, people)
    room = Room(store, clock, office)
    await room.plan(written())
    return room


async def progress_of(store: StoredMailing) -> Progress:
    found = await store.progress(KEY)
    assert found is not None
    return found


async def test_what_is_announced_comes_next(store: StoredMailing, clock: SetClock) -> None:
    office = Observer()
    room = await begun(store, clock, office, 5)
    await room.send()
    sent = [address for address, _ in office.mails]
    assert office.announced == [*sent[1:], None]


async def test_many_connections_share_an_issue_and_hold_one_copy_each(
    store: StoredMailing, clock: SetClock
) -> None:
    lines = 10
    held: list[int] = []

    async def look() -> None:
        held.append((await progress_of(store)).count(RecipientState.CLAIMED))

    office = Observer(look)
    await begun(store, clock, office, 60)
    await a_mailing(store, clock, office, lines).send_due(asyncio.Event())
    assert (await progress_of(store)).issue.state is IssueState.SENT
    assert max(Counter(address for address, _ in office.mails).values()) == 1
    assert len(office.mails) == 60
    assert 1 < max(held) <= lines


async def test_two_processes_share_an_issue(
    database: Store, store: StoredMailing, clock: SetClock
) -> None:
    office = Observer()
    await begun(store, clock, office, 60)
    rooms = [a_mailing(StoredMailing(database), clock, office, 3) for _ in range(2)]
    await asyncio.gather(*(room.send_due(asyncio.Event()) for room in rooms))
    progress = await progress_of(store)
    assert progress.count(RecipientState.ACCEPTED) == 60
    assert max(Counter(address for address, _ in office.mails).values()) == 1


async def test_who_leaves_after_being_announced_gets_nothing(
    store: StoredMailing, clock: SetClock
) -> None:
    async def leave() -> None:
        if len(office.announced) == 1 and office.announced[0] is not None:
            known = await find_hash(store, office.announced[0])
            await store.erase(known, reason=SuppressionReason.ERASED, now=NOON)

    office = Observer(leave)
    room = await begun(store, clock, office, 4)
    progress = await room.send()
    assert len(office.mails) == 3
    assert office.announced[0] not in dict(office.mails)
    assert progress.count(RecipientState.CANCELLED) == 1
    assert progress.issue.state is IssueState.SENT


async def test_a_pause_ends_it_within_a_second(store: StoredMailing, clock: SetClock) -> None:
    async def pause() -> None:
        room.paused = (Stop(scope=StopScope.EVERYTHING, since=NOON),)
        clock.advance(timedelta(seconds=0.5))

    office = Observer(pause)
    room = await begun(store, clock, office, 9)
    progress = await room.send()
    assert len(office.mails) == 2
    assert progress.count(RecipientState.CLAIMED) == 0
    assert progress.count(RecipientState.PENDING) == 7


async def test_who_is_interrupted_finishes_the_copy_in_hand_and_claims_no_other(
    store: StoredMailing, clock: SetClock
) -> None:
    async def interrupt() -> None:
        if len(office.announced) == 2:
            sending.cancel()
        await asyncio.sleep(0)

    office = Observer(interrupt)
    room = await begun(store, clock, office, 5)
    sending = asyncio.create_task(room.mailing.send_due(asyncio.Event()))
    with pytest.raises(asyncio.CancelledError):
        await sending
    progress = await progress_of(store)
    assert len(office.mails) == 2
    assert dict(progress.counts) == {RecipientState.ACCEPTED: 2, RecipientState.PENDING: 3}
    assert (await room.send()).issue.state is IssueState.SENT
    assert len({address for address, _ in office.mails}) == len(office.mails) == 5


async def test_a_claim_that_comes_too_late_to_be_sent_is_given_back(
    store: StoredMailing, clock: SetClock
) -> None:
    class Interrupting(StoredMailing):
        async def turn(self, **brought: object) -> object:  # type: ignore[override]
            turned = await super().turn(**brought)  # type: ignore[arg-type]
            if brought.get("settled") and turned.claim is not None and not office.answers:
                office.answers.append(Accepted("next"))
                sending.cancel()
            return turned

    office = PostOffice()
    await begun(store, clock, office, 3)
    interrupting = Interrupting(store._store)  # the same database
    mailing = a_mailing(interrupting, clock, office, 1)
    sending = asyncio.create_task(mailing.send_due(asyncio.Event()))
    with pytest.raises(asyncio.CancelledError):
        await sending
    progress = await progress_of(store)
    assert len(office.mails) == 1
    assert dict(progress.counts) == {RecipientState.ACCEPTED: 1, RecipientState.PENDING: 2}


async def test_a_server_that_is_gone_before_the_next_copy_costs_that_copy_no_attempt(
    store: StoredMailing, clock: SetClock, database: Store
) -> None:
    async def shut() -> None:
        office.is_shut = True

    office = Observer(shut)
    room = await begun(store, clock, office, 3)
    progress = await room.send()
    assert dict(progress.counts) == {
        RecipientState.ACCEPTED: 1,
        RecipientState.DEFERRED: 1,
        RecipientState.PENDING: 1,
    }
    async with database.reading() as connection:
        rows = await connection.execute(
            select(recipient.c.attempts).where(recipient.c.state == "deferred")
        )
        assert rows.scalars().all() == [0]
    office.is_shut, office.meanwhile = False, _nothing
    clock.advance(timedelta(minutes=2))
    assert (await room.send()).issue.state is IssueState.SENT


async def test_what_the_server_calls_a_mail_is_kept(
    store: StoredMailing, clock: SetClock, database: Store
) -> None:
    office = PostOffice([Accepted("2.0.0 Ok: queued as 4gX1vB0Zzzz9"), Accepted("thanks")])
    room = await begun(store, clock, office, 2)
    await room.send()
    async with database.reading() as connection:
        kept = await connection.execute(select(recipient.c.queue_id).order_by(recipient.c.id))
        assert sorted(kept.scalars()) == ["", "4gX1vB0Zzzz9"]


async def test_a_server_that_takes_nothing_ends_the_issue_for_all_its_connections(
    store: StoredMailing, clock: SetClock
) -> None:
    office = PostOffice([RelayTrouble("quota", 452)] * 50)
    await begun(store, clock, office, 30)
    await a_mailing(store, clock, office, 10).send_due(asyncio.Event())
    progress = await progress_of(store)
    assert progress.count(RecipientState.DEFERRED) <= 10
    assert progress.count(RecipientState.CLAIMED) == 0


async def test_a_copy_that_was_handed_out_is_not_handed_out_again() -> None:
    due = [
        DueCopy(id=nth, subscription=SubscriptionId(f"{nth:032x}"), address="a@b.org", language=EN)
        for nth in range(3)
    ]

    async def look() -> list[DueCopy]:
        return due

    shelf = Shelf(look)
    taken = [await shelf.take() for _ in range(4)]
    assert taken == [*due, None]
    shelf.put_back(due[1])
    assert [await shelf.take(), await shelf.take()] == [due[1], None]
    shelf.strike(due[2])
    assert await shelf.take() == due[2]


async def test_what_was_accepted_is_settled_though_the_network_moved_elsewhere_meanwhile(
    store: StoredMailing, clock: SetClock, database: Store
) -> None:
    async def move() -> None:
        async with database.writing() as connection:
            await connection.execute(update(instance).values(moved_to="over there"))

    office = Observer(move)
    room = await begun(store, clock, office, 3)
    async with database.writing() as connection:
        if (await connection.execute(select(instance))).one_or_none() is None:
            await connection.execute(insert(instance).values(id=1))
    with pytest.raises(ExceptionGroup) as caught:
        await room.send()
    assert caught.group_contains(StoreMoved)
    progress = await progress_of(store)
    assert dict(progress.counts) == {RecipientState.ACCEPTED: 1, RecipientState.PENDING: 2}
