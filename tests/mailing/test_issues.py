"""An issue from the plan to the last mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from herald.clock import SetClock
from herald.mailing.letters.gather import Sources
from herald.mailing.mailing import Mailing
from herald.mailing.readers.lists import find_hash
from herald.mailing.sending.smtp import NextEnvelope
from herald.model.campaign import Approve, Kind, Newsletter, Section
from herald.model.configuration import Configuration
from herald.model.mailing import (
    Accepted,
    Deferred,
    Issue,
    IssueReason,
    IssueState,
    MailOutcome,
    MailServer,
    Progress,
    RecipientState,
    Rejected,
    RelayTrouble,
    SuppressionReason,
    Uncertain,
)
from herald.model.plan import PlannedIssue
from herald.model.stop import Stop, StopScope
from herald.model.words import Words
from herald.store.mailing import StoredMailing
from tests.mailing.makers import (
    FRIENDS,
    PostOffice,
    a_list,
    a_newsletter,
    a_planned_issue,
    claim_copy,
    sources,
    subscribe,
    written,
)
from tests.makers import NOON, a_campaign, an_item

KEY = "stories/monthly/2027-05-10"
LATER = NOON + timedelta(days=60)


class Room:
    """The mailing room on a store, with a post office in memory and a clock that stands."""

    def __init__(self, store: StoredMailing, clock: SetClock, office: PostOffice) -> None:
        self.store, self.clock, self.office = store, clock, office
        self.paused: tuple[Stop, ...] = ()
        self.mailing = Mailing(
            store=store,
            lists=lambda: {FRIENDS: a_list()},
            server=MailServer(connections=1),
            public_url="https://herald.example.org",
            clock=clock,
            stops=self.stops,
            mailer=lambda _: office,
            chance=lambda: 0.5,
        )

    async def stops(self) -> Collection[Stop]:
        return self.paused

    async def plan(
        self, newsletter: Newsletter, *planned: PlannedIssue, **changes: object
    ) -> Issue:
        everything = sources(newsletter, **changes)
        await self.mailing.sync_issues(planned or (a_planned_issue(),), everything, until=LATER)
        return await self.issue()

    async def send(self) -> Progress:
        await self.mailing.send_due(asyncio.Event())
        found = await self.store.progress(KEY)
        assert found is not None
        return found

    async def issue(self) -> Issue:
        found = await self.store.issue(KEY)
        assert found is not None
        return found


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()


@pytest.fixture
async def room(store: StoredMailing, clock: SetClock, office: PostOffice) -> Room:
    await subscribe(
        store,
        ("ana@friends.example.org", "Ana", "en"),
        ("bo@friends.example.org", "Bo", "it"),
        ("eve@friends.example.org", "Eve", "sl"),
    )
    return Room(store, clock, office)


async def test_everybody_gets_one_copy_in_their_language(room: Room, office: PostOffice) -> None:
    await room.plan(written(it="Cari amici"))
    progress = await room.send()
    assert progress.issue.state is IssueState.SENT
    assert progress.issue.audience == progress.count(RecipientState.ACCEPTED) == 3
    subjects = {
        recipient: next(line for line in mail.decode().splitlines() if line.startswith("Subject"))
        for recipient, mail in office.mails
    }
    assert subjects == {
        "ana@friends.example.org": "Subject: Ecomuseums in May 2027",
        "bo@friends.example.org": "Subject: Ecomusei a maggio",
        "eve@friends.example.org": "Subject: Ecomuseums in May 2027",
    }


async def test_sending_and_planning_again_sends_nothing_more(
    room: Room, office: PostOffice
) -> None:
    newsletter = written(it="Cari amici")
    await room.plan(newsletter)
    await room.send()
    await room.plan(newsletter)
    await room.plan(written("Another text", it="Altro"))
    await room.send()
    assert len(office.mails) == 3


async def test_before_its_moment_nothing_goes_out(room: Room, office: PostOffice) -> None:
    await room.plan(written(), a_planned_issue(due_at=NOON + timedelta(seconds=1)))
    await room.send()
    assert office.mails == []
    room.clock.advance(timedelta(seconds=1))
    await room.send()
    assert len(office.mails) == 3


async def test_who_comes_after_the_freeze_waits_for_the_next_issue(
    room: Room, office: PostOffice
) -> None:
    await room.plan(written())
    office.is_shut = True
    await room.send()
    await subscribe(room.store, ("late@friends.example.org", "", "en"))
    office.is_shut = False
    room.clock.advance(timedelta(minutes=5))
    await room.send()
    assert len(office.mails) == 3


async def test_who_leaves_between_freeze_and_claim_gets_nothing(
    room: Room, office: PostOffice
) -> None:
    await room.plan(written())
    office.is_shut = True
    await room.send()
    bo = next(one for one in await room.store.subscribers(FRIENDS) if one.name == "Bo")
    await room.store.leave(bo.subscription, now=NOON)
    office.is_shut = False
    room.clock.advance(timedelta(minutes=5))
    progress = await room.send()
    assert "bo@friends.example.org" not in dict(office.mails)
    assert progress.count(RecipientState.SUPPRESSED) == 1
    assert progress.issue.state is IssueState.SENT


async def test_who_is_erased_between_freeze_and_claim_gets_nothing(
    room: Room, office: PostOffice
) -> None:

    await room.plan(written())
    office.is_shut = True
    await room.send()
    known = await find_hash(room.store, "bo@friends.example.org")
    await room.store.erase(known, reason=SuppressionReason.ERASED, now=NOON)
    office.is_shut = False
    room.clock.advance(timedelta(minutes=5))
    progress = await room.send()
    assert "bo@friends.example.org" not in dict(office.mails)
    assert progress.count(RecipientState.CANCELLED) == 1
    assert progress.issue.state is IssueState.SENT


async def test_an_issue_waits_for_approval_and_then_goes_out(
    room: Room, office: PostOffice
) -> None:
    manual = a_planned_issue(approve=Approve.MANUAL)
    issue = await room.plan(written(), manual)
    assert (issue.state, issue.reason) == (IssueState.HELD, IssueReason.APPROVAL)
    await room.send()
    assert office.mails == []
    assert [one.code for one in await room.mailing.concerns()] == ["approval"]
    assert isinstance(await room.mailing.approve(KEY), Issue)
    await room.send()
    assert len(office.mails) == 3


async def test_an_edit_after_the_approval_holds_it_again(room: Room, office: PostOffice) -> None:
    manual = a_planned_issue(approve=Approve.MANUAL, due_at=NOON + timedelta(hours=1))
    await room.plan(written(), manual)
    await room.mailing.approve(KEY)
    unchanged = await room.plan(written(), manual)
    assert unchanged.state is IssueState.PENDING
    changed = await room.plan(written("Hello, dear fiends."), manual)
    assert (changed.state, changed.reason) == (IssueState.HELD, IssueReason.APPROVAL)
    assert "changed since" in changed.note
    room.clock.advance(timedelta(hours=1))
    await room.send()
    assert office.mails == []


async def test_a_missing_part_holds_it_until_it_is_written(room: Room) -> None:
    section = Section(title=Words.of({"en": "Editorial"}), write="editorial")
    issue = await room.plan(a_newsletter(section))
    assert (issue.state, issue.reason) == (IssueState.HELD, IssueReason.WRITING)
    assert "newsletters/monthly/2027-05.yaml" in issue.note
    assert "not complete" in str(await room.mailing.approve(KEY))
    assert (await room.plan(written())).state is IssueState.PENDING


async def test_nothing_to_say_sends_nothing_and_says_so(room: Room, office: PostOffice) -> None:
    await room.plan(a_newsletter(Section(kinds=(Kind.EVENT,))))
    progress = await room.send()
    assert progress.issue.state is IssueState.EMPTY
    assert "nothing to say" in progress.issue.note
    assert office.mails == []


async def test_a_day_late_a_person_is_asked_first(room: Room, office: PostOffice) -> None:
    room.clock.advance(timedelta(hours=24, seconds=1))
    issue = await room.plan(written())
    assert (issue.state, issue.reason) == (IssueState.HELD, IssueReason.LATE)
    await room.send()
    assert office.mails == []
    await room.mailing.approve(KEY)
    await room.send()
    assert len(office.mails) == 3


async def test_an_issue_that_is_planned_no_more_is_cancelled_and_may_return(room: Room) -> None:
    ahead = a_planned_issue(due_at=NOON + timedelta(days=3))
    newsletter = written()
    await room.plan(newsletter, ahead)
    await room.mailing.sync_issues((), sources(newsletter), until=LATER)
    assert (await room.issue()).state is IssueState.CANCELLED
    assert (await room.plan(newsletter, ahead)).state is IssueState.PENDING


async def test_since_last_begins_where_the_last_issue_ended(room: Room) -> None:
    news = Section(title=Words.of({"en": "News"}), kinds=(Kind.NEWS,), since_last=True)
    newsletter = a_newsletter(news)
    item = an_item(post=())
    everything = {"campaigns": (a_campaign(item, newsletters=(newsletter,)),)}
    await room.plan(newsletter, **everything)
    await room.send()
    room.clock.advance(timedelta(days=28))
    june = a_planned_issue(key="stories/monthly/2027-06-01", due_at=room.clock.now())
    await room.plan(newsletter, june, **everything)
    issue = await room.store.issue("stories/monthly/2027-06-01")
    assert issue is not None
    assert issue.note == "there is nothing to say yet"


async def test_a_list_that_is_not_there_is_told(room: Room) -> None:
    newsletter = written()
    nowhere = Sources(
        campaigns=(a_campaign(newsletters=(newsletter,)),), configuration=Configuration()
    )
    await room.mailing.sync_issues((a_planned_issue(),), nowhere, until=LATER)
    assert "config/lists.yaml" in (await room.issue()).note


@pytest.mark.parametrize(
    ("answer", "state", "is_over"),
    [
        (Rejected("no such user", 550), RecipientState.REJECTED, True),
        (Deferred("greylisted", 450), RecipientState.DEFERRED, False),
        (Uncertain("lost"), RecipientState.UNCERTAIN, False),
    ],
)
async def test_one_answer_is_about_one_recipient(
    room: Room, office: PostOffice, answer: MailOutcome, state: RecipientState, is_over: bool
) -> None:
    office.answers = [answer]
    await room.plan(written())
    progress = await room.send()
    assert progress.count(state) == 1
    assert progress.count(RecipientState.ACCEPTED) == 2
    assert (progress.issue.state is IssueState.SENT) is is_over


async def test_a_deferred_copy_comes_back_and_ends(room: Room, office: PostOffice) -> None:
    office.answers = [Deferred("greylisted", 450)]
    await room.plan(written())
    first = await room.send()
    assert first.next_at == NOON + timedelta(seconds=30)
    assert len((await room.send()).counts) == 2
    room.clock.advance(timedelta(seconds=30))
    assert (await room.send()).issue.state is IssueState.SENT
    assert len(office.mails) == 3


async def test_a_deferred_copy_is_given_up_after_a_day(room: Room, office: PostOffice) -> None:
    office.answers = [Accepted(), Accepted(), *(Deferred("full", 452) for _ in range(200))]
    await room.plan(written())
    for _ in range(120):
        progress = await room.send()
        room.clock.advance(timedelta(minutes=30))
    assert progress.count(RecipientState.FAILED) == 1
    assert progress.issue.state is IssueState.SENT
    assert [one.code for one in await room.mailing.concerns()] == ["failed"]


@pytest.mark.parametrize("resend", [True, False], ids=["resend", "hold"])
async def test_an_uncertain_copy_waits_for_a_person(
    room: Room, office: PostOffice, resend: bool
) -> None:
    office.answers = [Uncertain("lost")]
    await room.plan(written())
    progress = await room.send()
    assert len(progress.uncertain) == 1
    assert "uncertain" in [one.code for one in await room.mailing.concerns()]
    room.clock.advance(timedelta(days=2))
    await room.send()
    assert len(office.mails) == 2
    assert await room.mailing.resolve_uncertain(KEY, resend=resend) == 1
    progress = await room.send()
    assert progress.issue.state is IssueState.SENT
    assert len(office.mails) == (3 if resend else 2)
    assert progress.count(RecipientState.HELD) == (0 if resend else 1)


async def test_every_attempt_has_the_same_message_id(room: Room, office: PostOffice) -> None:
    office.answers = [Accepted(), Accepted(), Uncertain("lost")]
    await room.plan(written())
    await room.send()
    await room.mailing.resolve_uncertain(KEY, resend=True)
    before = await room.store.mailing_key()
    await room.send()
    assert before == await room.store.mailing_key()
    names = [
        next(line for line in mail.splitlines() if line.startswith(b"Message-ID"))
        for _, mail in office.mails
    ]
    assert len(set(names)) == 3


async def test_what_a_mail_server_asks_to_be_put_right_is_told(
    room: Room, office: PostOffice
) -> None:
    office.answers = [RelayTrouble("5.7.1 Relay access denied", 554)] * 2
    await room.plan(written())
    await room.send()
    (concern,) = [one for one in await room.mailing.concerns() if one.code == "relay"]
    assert concern.message == (
        "the mail server takes no mail: 5.7.1 Relay access denied. The mail server passes mail on"
        " only for those who log in: write smtp.user, and its password into HERALD_SMTP__PASSWORD."
    )


async def test_a_server_that_is_shut_touches_no_copy_and_is_left_alone(
    room: Room, office: PostOffice
) -> None:
    office.is_shut = True
    await room.plan(written())
    progress = await room.send()
    assert progress.count(RecipientState.PENDING) == 3
    assert "relay" in [one.code for one in await room.mailing.concerns()]
    asked = office.connections
    await room.send()
    assert office.connections == asked
    office.is_shut = False
    room.clock.advance(timedelta(seconds=31))
    assert (await room.send()).issue.state is IssueState.SENT
    assert await room.mailing.concerns() == ()


async def test_a_quota_defers_and_fails_nobody(room: Room, office: PostOffice) -> None:
    office.answers = [Accepted(), RelayTrouble("quota", 452)]
    await room.plan(written())
    progress = await room.send()
    assert dict(progress.counts) == {
        RecipientState.ACCEPTED: 1,
        RecipientState.DEFERRED: 1,
        RecipientState.PENDING: 1,
    }
    room.clock.advance(timedelta(minutes=2))
    assert (await room.send()).count(RecipientState.ACCEPTED) == 3


@pytest.mark.parametrize(
    "stop",
    [
        Stop(scope=StopScope.EVERYTHING, since=NOON),
        Stop(scope=StopScope.CAMPAIGN, name="stories", since=NOON),
    ],
    ids=["everything", "its campaign"],
)
async def test_a_pause_stops_it_and_a_resume_goes_on(
    room: Room, office: PostOffice, stop: Stop
) -> None:
    await room.plan(written())
    room.paused = (stop,)
    await room.send()
    assert office.mails == []
    room.paused = (replace(stop, scope=StopScope.CAMPAIGN, name="another"),)
    await room.send()
    assert len(office.mails) == 3


async def test_what_a_crash_left_claimed_is_uncertain_never_pending(room: Room) -> None:
    await room.plan(written())
    room.office.is_shut = True
    await room.send()
    claim = await claim_copy(room.store, KEY, owner="dead", now=NOON, lease=timedelta(minutes=20))
    assert claim is not None
    assert await room.store.reap_recipients(now=NOON + timedelta(minutes=19)) == 0
    assert await room.store.reap_recipients(now=NOON + timedelta(minutes=20)) == 1
    progress = await room.store.progress(KEY)
    assert progress is not None
    assert [copy.address for copy in progress.uncertain] == [claim.address]
    assert await room.mailing.recover() == 0


async def test_a_restart_need_not_wait_for_the_lease(room: Room) -> None:
    await room.plan(written())
    room.office.is_shut = True
    await room.send()
    await claim_copy(room.store, KEY, owner="dead", now=NOON, lease=timedelta(minutes=20))
    assert await room.mailing.recover() == 1


async def test_test_mails_change_nothing(room: Room, office: PostOffice) -> None:
    await room.plan(written(it="Cari amici"), a_planned_issue(approve=Approve.MANUAL))
    before = await room.store.progress(KEY)
    outcomes = await room.mailing.test_send(KEY, "me@friends.example.org")
    assert [language for language, _ in outcomes] == ["en", "it"]
    assert all(b"Subject: [Test] " in mail for _, mail in office.mails)
    assert await room.store.progress(KEY) == before


async def test_a_stop_signal_ends_between_two_copies(room: Room, office: PostOffice) -> None:
    await room.plan(written())
    stop = asyncio.Event()

    class Ringing(PostOffice):
        async def send(
            self,
            *,
            sender: str,
            recipient: str,
            mail: bytes,
            ahead: NextEnvelope | None = None,
            envelope_id: str = "",
        ) -> MailOutcome:
            stop.set()
            return await office.send(sender=sender, recipient=recipient, mail=mail)

    stopping = Room(room.store, room.clock, Ringing())
    await stopping.mailing.send_due(stop)
    assert len(office.mails) == 1
    assert (await room.send()).issue.state is IssueState.SENT
    assert len(office.mails) == 3
