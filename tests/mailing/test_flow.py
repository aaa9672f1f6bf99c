"""What becomes of an issue whose list or newsletter is not, or no more, what it was."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from herald.clock import SetClock
from herald.mailing.letters.gather import Sources
from herald.mailing.mailing import Mailing
from herald.model.configuration import Configuration, MailingList
from herald.model.ids import ListId
from herald.model.mailing import IssueReason, IssueState, MailServer
from herald.model.plan import PlannedIssue
from herald.store.mailing import StoredMailing
from tests.mailing.makers import FRIENDS, PostOffice, a_list, a_planned_issue, subscribe, written
from tests.makers import NOON, a_campaign

DUE = NOON + timedelta(days=1)


@dataclass(slots=True, kw_only=True)
class Room:
    """The mailing room with a post office in memory."""

    store: StoredMailing
    clock: SetClock
    lists: dict[ListId, MailingList]
    office: PostOffice = field(default_factory=PostOffice)
    mailing: Mailing = field(init=False)

    def __post_init__(self) -> None:
        self.mailing = Mailing(
            store=self.store,
            lists=lambda: self.lists,
            server=MailServer(),
            public_url="https://herald.example.org",
            clock=self.clock,
            mailer=lambda _: self.office,
        )

    async def plan(self, *issues: PlannedIssue, newsletter: str = "monthly") -> None:
        letter = replace(written(it="Ciao."), id=newsletter)
        lists: Mapping[ListId, MailingList] = self.lists
        sources = Sources(
            campaigns=(a_campaign(newsletters=(letter,)),),
            configuration=Configuration(lists=lists),
        )
        await self.mailing.sync_issues(issues, sources, until=NOON + timedelta(days=60))

    async def send(self) -> int:
        await self.mailing.send_due(asyncio.Event())
        return len(self.office.mails)


@pytest.fixture
async def room(store: StoredMailing, clock: SetClock) -> Room:
    await subscribe(store, ("ana@friends.example.org", "Ana", "en"))
    return Room(store=store, clock=clock, lists={FRIENDS: a_list()})


async def test_an_issue_of_a_list_that_is_misspelt_is_held_until_there_is_one(room: Room) -> None:
    await room.plan(a_planned_issue(due_at=DUE, list=ListId("frends")))
    (issue,) = await room.store.issues()
    assert (issue.state, issue.reason) == (IssueState.HELD, IssueReason.WRITING)
    assert "there is no list frends in config/lists.yaml" in issue.note
    room.clock.jump(DUE)
    assert await room.send() == 0

    await room.plan(a_planned_issue(due_at=DUE))
    assert await room.send() == 1


async def test_a_list_that_goes_after_the_issue_was_made_sends_nothing(room: Room) -> None:
    await room.plan(a_planned_issue(due_at=DUE))
    del room.lists[FRIENDS]
    room.clock.jump(DUE)
    await room.plan(a_planned_issue(due_at=DUE))

    assert await room.send() == 0
    (issue,) = await room.store.issues()
    assert issue.state is IssueState.HELD


async def test_a_newsletter_by_another_name_sends_its_own_issue_and_not_the_old_one(
    room: Room,
) -> None:
    await room.plan(a_planned_issue(due_at=DUE))
    renamed = a_planned_issue(key="stories/news/2027-05-10", newsletter="news", due_at=DUE)
    await room.plan(renamed, newsletter="news")
    room.clock.jump(DUE)

    assert await room.send() == 1
    assert {issue.key: issue.state for issue in await room.store.issues()} == {
        "stories/monthly/2027-05-10": IssueState.CANCELLED,
        "stories/news/2027-05-10": IssueState.SENT,
    }


async def test_an_issue_that_was_sent_stays_sent_when_its_newsletter_is_renamed(
    room: Room,
) -> None:
    await room.plan(a_planned_issue(due_at=DUE))
    room.clock.jump(DUE)
    assert await room.send() == 1
    await room.plan(newsletter="news")

    assert await room.send() == 1
    (issue,) = await room.store.issues()
    assert issue.state is IssueState.SENT
