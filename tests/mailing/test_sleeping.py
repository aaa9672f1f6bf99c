"""A sender whose machine slept since it claimed a copy: another one may have sent it by then."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from herald.clock import SetClock
from herald.mailing.mailing import Mailing
from herald.mailing.sending.sender import lease_of
from herald.model.mailing import MailServer, RecipientState, RelayTrouble
from herald.store.mailing import StoredMailing
from tests.mailing.makers import FRIENDS, PostOffice, a_list, subscribe_many, written
from tests.mailing.test_issues import KEY, Room

SERVER = MailServer(connections=1)


class Sleeper(PostOffice):
    """Its machine sleeps while it connects for a copy that it has claimed already."""

    def __init__(self, clock: SetClock, asleep: timedelta) -> None:
        super().__init__()
        self.clock = clock
        self.asleep = asleep
        self.sent_at: list[datetime] = []

    async def connect(self) -> RelayTrouble | None:
        """Connect, the second time after a sleep: by then a copy is claimed."""
        if self.connections == 1:
            self.clock.advance(self.asleep)
        return await super().connect()


@pytest.mark.parametrize(
    ("asleep", "sent"), [(lease_of(SERVER) / 3, 1), (lease_of(SERVER), 0)], ids=["short", "long"]
)
async def test_a_claim_that_is_old_is_not_sent(
    store: StoredMailing, clock: SetClock, asleep: timedelta, sent: int
) -> None:
    await subscribe_many(store, 1)
    office = Sleeper(clock, asleep)
    await Room(store, clock, office).plan(written())
    mailing = Mailing(
        store=store,
        lists=lambda: {FRIENDS: a_list()},
        server=SERVER,
        public_url="https://herald.example.org",
        clock=clock,
        mailer=lambda _: office,
        chance=lambda: 0.5,
    )
    await mailing.send_due(asyncio.Event())
    progress = await store.progress(KEY)
    assert progress is not None
    assert len(office.mails) == sent
    assert progress.count(RecipientState.ACCEPTED) == sent
    assert progress.count(RecipientState.DEFERRED) == 1 - sent
