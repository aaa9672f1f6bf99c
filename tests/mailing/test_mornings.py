"""An issue with ``local_time`` reaches every reader at its time of day on the reader's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.clock import SetClock
from herald.mailing.mailing import Mailing
from herald.mailing.readers.lists import export_rows, import_rows
from herald.mailing.readers.spreadsheet import read_spreadsheet
from herald.model.campaign import Approve
from herald.model.ids import CampaignId
from herald.model.mailing import (
    Fate,
    Issue,
    IssueState,
    MailServer,
    Progress,
    RecipientState,
    SuppressionReason,
)
from herald.model.mornings import EARLIEST_BEFORE, mornings, reader_moment
from herald.model.wallclock import localise, moment_of
from herald.store.mailing import StoredMailing
from tests.mailing.makers import (
    FRIENDS,
    PostOffice,
    a_list,
    a_planned_issue,
    sources,
    written,
)
from tests.makers import NOON

ROME, TOKYO, AZORES, LOS_ANGELES = (
    "Europe/Rome",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "America/Los_Angeles",
)
KEY = "stories/monthly/2027-05-10"
DUE = moment_of(datetime(2027, 5, 10, 9), ROME)
PEOPLE = f"""email,name,language,timezone
ana@friends.example.org,Ana,en,{TOKYO}
bo@friends.example.org,Bo,it,
eve@friends.example.org,Eve,en,{AZORES}
"""


def an_issue(local: datetime = datetime(2027, 5, 10, 9), zone: str = ROME) -> Issue:
    return Issue(
        key=KEY,
        campaign=CampaignId("stories"),
        newsletter="monthly",
        list=FRIENDS,
        local_date=local.date(),
        zone=zone,
        due_at=moment_of(local, zone),
        needs_approval=False,
        local_time=True,
    )


@pytest.mark.parametrize(
    ("local", "zone", "shown"),
    [
        (datetime(2027, 5, 10, 9), TOKYO, datetime(2027, 5, 10, 9)),
        (datetime(2027, 5, 10, 9), "", datetime(2027, 5, 10, 9)),
        (datetime(2027, 5, 10, 9), "Nowhere/Town", datetime(2027, 5, 10, 9)),
        (datetime(2027, 3, 14, 2, 30), LOS_ANGELES, datetime(2027, 3, 14, 3, 30)),
        (datetime(2027, 11, 7, 1, 30), LOS_ANGELES, datetime(2027, 11, 7, 1, 30)),
    ],
    ids=["as-written", "the-campaigns", "unknown", "skipped", "twice"],
)
def test_a_copy_is_due_at_the_issues_time_on_the_readers_clock(
    local: datetime, zone: str, shown: datetime
) -> None:
    moment = reader_moment(an_issue(local), zone)
    assert localise(moment, zone if "/" in zone and "Nowhere" not in zone else ROME) == shown


def test_of_a_time_that_comes_twice_the_first_is_meant() -> None:
    twice = datetime(2027, 11, 7, 1, 30)
    assert reader_moment(an_issue(twice), LOS_ANGELES) == datetime(2027, 11, 7, 8, 30, tzinfo=UTC)


def test_without_local_time_everybody_is_written_to_at_once() -> None:
    issue = an_issue()
    at_once = Issue(
        **{name: getattr(issue, name) for name in issue.__slots__} | {"local_time": False}
    )
    assert mornings(at_once, {TOKYO, AZORES}) == (DUE, DUE)


@given(
    day=st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    zones=st.sets(
        st.sampled_from(["", ROME, TOKYO, AZORES, "Pacific/Kiritimati", "Pacific/Niue"]), max_size=6
    ),
)
def test_no_morning_lies_longer_before_another_than_herald_looks_ahead(
    day: date, zones: set[str]
) -> None:
    issue = an_issue(datetime.combine(day, datetime.min.time()) + timedelta(hours=9))
    first, last = mornings(issue, zones)
    assert issue.due_at - EARLIEST_BEFORE <= first <= last <= issue.due_at + EARLIEST_BEFORE


class Room:
    """The mailing room on a store, with a post office in memory and a clock that stands."""

    def __init__(self, store: StoredMailing, clock: SetClock) -> None:
        self.store, self.clock, self.office = store, clock, PostOffice()
        self.mailing = Mailing(
            store=store,
            lists=lambda: {FRIENDS: a_list()},
            server=MailServer(connections=1),
            public_url="https://herald.example.org",
            clock=clock,
            mailer=lambda _: self.office,
            chance=lambda: 0.5,
        )

    async def at(self, moment: datetime, *, approve: Approve = Approve.AUTO) -> Progress:
        """Plan and send at *moment*."""
        self.clock.advance(moment - self.clock.now())
        planned = a_planned_issue(due_at=DUE, local_time=True, approve=approve)
        everything = sources(written(it="Cari amici"))
        await self.mailing.sync_issues([planned], everything, until=NOON + timedelta(days=60))
        await self.mailing.send_due(asyncio.Event())
        found = await self.store.progress(KEY)
        assert found is not None
        return found

    def read_by(self) -> list[str]:
        return [recipient.partition("@")[0] for recipient, _ in self.office.mails]


@pytest.fixture
async def room(store: StoredMailing) -> Room:
    await bring_in(store, PEOPLE)
    return Room(store, SetClock(DUE - timedelta(days=2)))


async def bring_in(store: StoredMailing, people: str) -> list[tuple[Fate, str]]:
    sheet = read_spreadsheet(people.encode())
    report = await import_rows(store, FRIENDS, sheet, source="test", given="2027-05-01", now=NOON)
    return [(row.fate, row.why) for row in report.rows]


async def test_each_reader_gets_the_issue_on_their_own_morning(room: Room) -> None:
    nine = datetime(2027, 5, 10, 9)
    tokyo, azores = moment_of(nine, TOKYO), moment_of(nine, AZORES)
    assert (await room.at(tokyo - timedelta(seconds=1))).issue.state is IssueState.PENDING
    progress = await room.at(tokyo)
    assert (progress.issue.state, room.read_by()) == (IssueState.SENDING, ["ana"])
    assert progress.asleep(now=tokyo) == 2
    assert progress.count(RecipientState.DEFERRED) == 0
    assert await room.mailing.concerns() == ()
    await room.at(DUE - timedelta(seconds=1))
    assert room.read_by() == ["ana"]
    await room.at(DUE)
    assert room.read_by() == ["ana", "bo"]
    progress = await room.at(azores)
    assert room.read_by() == ["ana", "bo", "eve"]
    assert progress.issue.state is IssueState.SENT


async def test_who_joins_after_the_first_morning_gets_the_next_issue(room: Room) -> None:
    await room.at(moment_of(datetime(2027, 5, 10, 9), TOKYO))
    await bring_in(room.store, "email,timezone\nlate@friends.example.org,Atlantic/Azores\n")
    progress = await room.at(DUE + timedelta(hours=12))
    assert room.read_by() == ["ana", "bo", "eve"]
    assert progress.issue.state is IssueState.SENT


async def test_an_issue_approved_after_the_first_morning_reaches_those_at_once(room: Room) -> None:
    tokyo = moment_of(datetime(2027, 5, 10, 9), TOKYO)
    progress = await room.at(tokyo + timedelta(hours=1), approve=Approve.MANUAL)
    assert (progress.issue.state, room.read_by()) == (IssueState.HELD, [])
    await room.mailing.approve(KEY)
    await room.at(tokyo + timedelta(hours=2), approve=Approve.MANUAL)
    assert room.read_by() == ["ana"]


async def test_copies_that_wait_for_their_morning_are_not_overdue(room: Room) -> None:
    tokyo = moment_of(datetime(2027, 5, 10, 9), TOKYO)
    await room.at(tokyo)
    room.clock.advance(timedelta(hours=3))
    assert await room.mailing.concerns() == ()


# ---------------------------------------------------------------- where a reader lives


async def test_a_file_may_say_where_a_reader_lives(store: StoredMailing) -> None:
    reports = await bring_in(
        store,
        "email;Fuso orario\nana@friends.example.org;europe/rome\n"
        "bo@friends.example.org;Rome time\neve@friends.example.org;\n",
    )
    assert reports == [
        (Fate.ADDED, ""),
        (Fate.ADDED, "taken without a time zone: 'Rome time' is no time zone (write Europe/Rome)"),
        (Fate.ADDED, ""),
    ]
    assert [one.zone for one in await store.subscribers(FRIENDS)] == [ROME, "", ""]
    assert await store.zones(FRIENDS) == {ROME, ""}


async def test_an_export_brings_the_zone_back_and_a_later_file_changes_it(
    store: StoredMailing,
) -> None:
    await bring_in(store, PEOPLE)
    exported = export_rows(await store.subscribers(FRIENDS))
    assert TOKYO in exported
    assert await bring_in(store, exported) == [(Fate.ALREADY_THERE, "")] * 3
    moved = await bring_in(store, f"email,timezone\nana@friends.example.org,{ROME}\n")
    assert moved == [(Fate.ALREADY_THERE, "time zone changed")]
    unread = await bring_in(store, "email,timezone\nana@friends.example.org,\n")
    assert unread == [(Fate.ALREADY_THERE, "")]
    assert (await store.subscribers(FRIENDS))[0].zone == ROME


async def test_an_erased_reader_leaves_no_domain_behind(room: Room) -> None:
    from sqlalchemy import select

    from herald.mailing.readers.lists import find_hash
    from herald.store.mailing_tables import recipient

    await room.at(moment_of(datetime(2027, 5, 10, 9), TOKYO))
    known = await find_hash(room.store, "ana@friends.example.org")
    await room.store.erase(known, reason=SuppressionReason.ERASED, now=room.clock.now())
    async with room.store._store.reading() as connection:
        domains = list(await connection.scalars(select(recipient.c.domain)))
    assert sorted(domains) == ["", "friends.example.org", "friends.example.org"]


async def test_the_first_and_the_last_morning_are_known_beforehand(room: Room) -> None:
    await room.at(DUE - timedelta(days=1))
    nine = datetime(2027, 5, 10, 9)
    assert await room.mailing.mornings() == {KEY: (moment_of(nine, TOKYO), moment_of(nine, AZORES))}
