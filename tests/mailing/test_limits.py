"""Limits on mail are kept in every stretch of time, through restarts and by all processes."""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from herald.app import open_app
from herald.clock import SetClock
from herald.data.mail_domains import counted_domain
from herald.mailing.letters.issues import issue_of
from herald.mailing.mailing import Mailing
from herald.model.configuration import Configuration
from herald.model.headway import Headway
from herald.model.ids import ListId
from herald.model.mail_limits import (
    FIRST_REST,
    LONGEST_REST,
    MailLimit,
    MailLimits,
    is_throttling,
    next_rest,
    rate_of,
    spelled,
)
from herald.model.mailing import Deferred, IssueState, MailServer, RecipientState, Wish
from herald.settings import load_settings, mail_server, read_settings
from herald.store import pace
from herald.store.engine import Store, open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_paces import Gate, Lanes, forget_paces, rest_domain, spend
from tests.mailing.makers import (
    EN,
    FRIENDS,
    PostOffice,
    a_list,
    a_planned_issue,
    sources,
    subscribe,
    written,
)
from tests.makers import NOON, a_campaign

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86_400))
NEWS = "news@friends.example.org"
RELAY = "news@mail.example.org:587"


def at_most(count: int, period: timedelta) -> MailLimit:
    return MailLimit(count=count, period=period)


# ---------------------------------------------------------------- one limit, on paper

PERIODS = st.sampled_from([MINUTE, HOUR, 12 * HOUR, DAY])


@given(
    limit=st.builds(MailLimit, count=st.integers(1, 300), period=PERIODS),
    waits=st.lists(st.floats(0, 1.2), min_size=1, max_size=60),
)
def test_no_stretch_of_a_limits_length_holds_more_than_its_count(
    limit: MailLimit, waits: list[float]
) -> None:
    rate, tat, now = rate_of(limit), None, NOON
    sent: list[tuple[datetime, int]] = []
    for wait in waits:
        now += limit.period * wait
        count = pace.slots(tat, rate, now=now)
        tat = pace.after_sends(count, tat, rate, now=now)
        sent.append((now, count))
    for begins, _ in sent:
        within = sum(count for at, count in sent if begins <= at < begins + limit.period)
        assert within <= limit.count


@given(limit=st.builds(MailLimit, count=st.integers(1, 300), period=PERIODS))
def test_who_always_sends_gets_at_least_half_of_a_limit(limit: MailLimit) -> None:
    rate = rate_of(limit)
    assert limit.period / rate.pace >= limit.count / 2


@pytest.mark.parametrize(
    ("limit", "at_once", "in_a_period"),
    [
        (at_most(300, HOUR), 30, 271),
        (at_most(20, MINUTE), 2, 19),
        (at_most(500, DAY), 250, 251),
        (at_most(1, DAY), 1, 1),
        (at_most(14, SECOND), 14, 14),
    ],
    ids=str,
)
def test_a_limit_lets_some_go_at_once_and_then_one_after_the_other(
    limit: MailLimit, at_once: int, in_a_period: int
) -> None:
    rate = rate_of(limit)
    assert (rate.burst, round(limit.period / rate.pace)) == (at_once, in_a_period)


def test_a_limit_is_told_as_it_is_written() -> None:
    assert [spelled(at_most(5, each)) for each in (SECOND, MINUTE, HOUR, DAY, 12 * HOUR)] == [
        "5/second",
        "5/minute",
        "5/hour",
        "5/day",
        "5/43200s",
    ]


@pytest.mark.parametrize(
    ("code", "said", "asks"),
    [
        (421, "4.3.2 shutting down", True),
        (450, "4.7.28 unusual rate of unsolicited mail", True),
        (451, "try again; 4.7.1 greylisted", True),
        (450, "4.2.0 mailbox busy", False),
        (550, "5.7.1 no", False),
        (550, "4.7.1 said in the same breath", False),
        (None, "4.7.1 connection lost", False),
    ],
)
def test_some_answers_ask_us_to_slow_down(code: int | None, said: str, asks: bool) -> None:
    assert is_throttling(code, said) is asks


def test_a_domain_that_asks_again_rests_twice_as_long_up_to_an_hour() -> None:
    ends, forgotten_at = next_rest(None, None, now=NOON)
    lengths, now = [ends - NOON], ends
    for _ in range(8):
        ends, forgotten_at = next_rest(ends, forgotten_at, now=now)
        lengths.append(ends - now)
        now = ends
    assert lengths[:3] == [FIRST_REST, 2 * FIRST_REST, 4 * FIRST_REST]
    assert lengths[-1] == LONGEST_REST
    assert next_rest(ends, forgotten_at, now=forgotten_at)[0] == forgotten_at + FIRST_REST


def test_answers_to_what_was_sent_before_a_rest_do_not_lengthen_it() -> None:
    rest = next_rest(None, None, now=NOON)
    assert next_rest(*rest, now=NOON + SECOND) == rest


def test_one_providers_domains_count_as_one() -> None:
    assert counted_domain("ana@googlemail.com") == counted_domain("Bo@GMAIL.com") == "gmail.com"
    assert counted_domain("hotmail.com") == counted_domain("eve@msn.com") == "outlook.com"
    assert counted_domain("mac.com") == counted_domain("me.com") == "icloud.com"
    assert counted_domain("ana@xn--muse-epa.example") == "xn--muse-epa.example"


def test_no_domain_belongs_to_two_providers() -> None:
    written = files("herald.data").joinpath("mail_domains.toml").read_text(encoding="utf-8")
    named = [domain for group in tomllib.loads(written)["providers"] for domain in group]
    assert len(named) == len(set(named))
    assert all(domain == domain.strip().lower() and "." in domain for domain in named)


# ---------------------------------------------------------------- several limits together

LIMITS = MailLimits(
    sender=(at_most(120, MINUTE),),
    domains=(("gmail.com", (at_most(1, MINUTE), at_most(4, DAY))), ("*", (at_most(24, MINUTE),))),
)


def lanes_at(now: datetime, rows: dict[str, datetime] | None = None) -> Lanes:
    return Lanes(LIMITS, rows or {}, relay=RELAY, now=now)


def rows_of(lanes: Lanes) -> dict[str, datetime]:
    return {str(row["name"]): row["tat"] for row in lanes.changed()}  # type: ignore[misc]


def test_a_domain_at_its_limit_stops_neither_others_nor_its_sender() -> None:
    lanes = lanes_at(NOON)
    assert lanes.take(NEWS, "gmail.com")
    assert not lanes.take(NEWS, "gmail.com")
    assert lanes.barred_domains == {"gmail.com"}
    assert [lanes.take(NEWS, "argenta.example") for _ in range(3)] == [True, True, False]
    assert lanes.take(NEWS, "cortes.example"), "each other domain is counted by itself"
    assert lanes.free(NEWS) == 10 - 4


def test_a_sender_at_its_limit_does_not_stop_another() -> None:
    lanes = lanes_at(NOON)
    taken = [lanes.take(NEWS, f"d{number}.example") for number in range(12)]
    assert taken == [True] * 10 + [False] * 2
    assert lanes.take("events@friends.example.org", "d1.example")
    assert lanes.free(NEWS) == 0
    assert NOON < lanes.opens_at(NEWS) <= NOON + SECOND


def test_of_several_limits_on_one_domain_the_narrowest_binds() -> None:
    rows: dict[str, datetime] = {}
    now = NOON
    sent = 0
    for _ in range(6):
        lanes = lanes_at(now, rows)
        sent += lanes.take(NEWS, "gmail.com")
        rows |= rows_of(lanes)
        now += MINUTE
    assert sent == 2, "one a minute, and half of a day's four at once"
    bound = lanes_at(now, rows).binding()
    assert [(each.kind, each.name, each.limit) for each in bound] == [
        ("domain", "gmail.com", "4/day")
    ]
    reopens = lanes_at(now, rows).reopens_at(NEWS, ["gmail.com"])
    assert reopens == bound[0].until
    assert lanes_at(now, rows).reopens_at(NEWS, ["gmail.com", "else.example"]) is None
    assert lanes_at(reopens, rows).take(NEWS, "gmail.com")


def test_a_clock_that_was_set_back_silences_nothing_for_longer_than_the_limit() -> None:
    lanes = lanes_at(NOON + timedelta(days=400))
    assert lanes.take(NEWS, "gmail.com")
    back = lanes_at(NOON, rows_of(lanes))
    assert not back.take(NEWS, "gmail.com")
    kept = rows_of(back)
    assert kept, "and the store is told"
    assert lanes_at(NOON + DAY, kept).take(NEWS, "gmail.com")


# ---------------------------------------------------------------- in the store


async def take(store: Store, count: int, domain: str, *, now: datetime) -> int:
    def claim(connection: Connection) -> int:
        lanes = Gate(limits=LIMITS, relay=RELAY).open(connection, now=now)
        taken = sum(lanes.take(NEWS, domain) for _ in range(count))
        spend(connection, lanes)
        return taken

    async with store.writing() as connection:
        return await connection.run_sync(claim)


async def look(store: Store, limits: MailLimits, *, now: datetime) -> Lanes:
    gate = Gate(limits=limits, relay=RELAY)
    async with store.reading() as connection:
        return await connection.run_sync(lambda sync: gate.look(sync, now=now))


async def test_what_was_sent_is_counted_through_a_restart(store_url: str, tmp_path: Path) -> None:
    for expected in (2, 0):
        store = await open_store(store_url, tmp_path)
        assert await take(store, 5, "argenta.example", now=NOON) == expected
        await store.close()


async def test_two_processes_on_one_database_keep_one_limit(store_url: str, tmp_path: Path) -> None:
    stores = [await open_store(store_url, tmp_path) for _ in range(2)]
    taken = await asyncio.gather(
        *(take(stores[number % 2], 1, "argenta.example", now=NOON) for number in range(12))
    )
    assert sum(taken) == 2
    for store in stores:
        await store.close()


async def test_a_domain_that_asks_for_it_rests_and_others_do_not(database: Store) -> None:
    async with database.writing() as connection:
        await connection.run_sync(lambda sync: rest_domain(sync, "gmail.com", now=NOON))
    lanes = await look(database, MailLimits(), now=NOON)
    assert not lanes.take(NEWS, "gmail.com")
    assert lanes.take(NEWS, "argenta.example")
    assert [(each.kind, each.until) for each in lanes.binding()] == [("rest", NOON + FIRST_REST)]
    after = await look(database, MailLimits(), now=NOON + FIRST_REST)
    assert after.take(NEWS, "gmail.com")


async def test_what_binds_nobody_is_forgotten(database: Store) -> None:
    await take(database, 5, "gmail.com", now=NOON)
    async with database.writing() as connection:
        await forget_paces(connection, now=NOON + HOUR)
    lanes = await look(database, LIMITS, now=NOON + HOUR)
    assert lanes.take(NEWS, "gmail.com"), "one of the two that may go at once is left"
    async with database.writing() as connection:
        await forget_paces(connection, now=NOON + 3 * DAY)
    fresh = await look(database, LIMITS, now=NOON)
    assert [fresh.take(NEWS, "gmail.com") for _ in range(2)] == [True, False]


# ---------------------------------------------------------------- as they are written


def a_folder(path: Path, limits: str) -> Path:
    (path / "config").mkdir()
    (path / "config" / "herald.yaml").write_text(f"smtp: {{limits: {limits}}}\n")
    return path


def test_limits_are_written_as_providers_write_theirs(tmp_path: Path) -> None:
    written = (
        "{relay: 300/hour, sender: [20 a minute, 500 per day],"
        ' domains: {googlemail.com: 2/second, müse.example.org: 5/day, "*": 60/minute}}'
    )
    limits = mail_server(load_settings(a_folder(tmp_path, written), {})).limits
    assert limits == MailLimits(
        relay=(at_most(300, HOUR),),
        sender=(at_most(20, MINUTE), at_most(500, DAY)),
        domains=(
            ("gmail.com", (at_most(2, SECOND),)),
            ("xn--mse-hoa.example.org", (at_most(5, DAY),)),
            ("*", (at_most(60, MINUTE),)),
        ),
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{relay: 300/hout}", '"hout" is no period (did you mean "hour"?)'),
        ("{relay: many}", '"many" is no limit (write a number and a period: 300/hour'),
        ("{sender: 0/day}", "nothing could ever go out"),
        ("{sender: [1/day, 2/day]}", "two limits have the same period"),
        ("{domains: {gmail: 1/day}}", '"gmail" is no domain'),
        ("{domains: {gmail.com: 1/day, googlemail.com: 2/day}}", "one provider's"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused_with_what_to_write(
    tmp_path: Path, written: str, said: str
) -> None:
    settings, problems = read_settings(a_folder(tmp_path, written), {})
    assert settings is None
    assert said in str(problems[0])
    assert str(problems[0]).startswith("config/herald.yaml:1:")


# ---------------------------------------------------------------- issues that are being sent


class Room:
    """The mailing room with limits, a post office in memory and a clock that stands."""

    def __init__(self, database: Store, clock: SetClock, limits: MailLimits) -> None:
        self.store = StoredMailing(database, limits=limits, account=RELAY)
        self.clock, self.office = clock, PostOffice()
        events = a_list(id=EVENTS, sender_address="events@friends.example.org")
        self.lists = {FRIENDS: a_list(), EVENTS: events}
        self.mailing = Mailing(
            store=self.store,
            lists=lambda: self.lists,
            server=MailServer(connections=2, limits=limits),
            public_url="https://herald.example.org",
            clock=clock,
            mailer=lambda _: self.office,
            chance=lambda: 0.5,
        )

    async def plan(self) -> None:
        planned = [
            a_planned_issue(),
            a_planned_issue(key="stories/events/2027-05-10", newsletter="events", list=EVENTS),
        ]
        events = replace(written(), id="events", list=EVENTS)
        campaigns = (a_campaign(newsletters=(written(), events)),)
        everything = sources(
            written(), campaigns=campaigns, configuration=Configuration(lists=self.lists)
        )
        await self.mailing.sync_issues(planned, everything, until=NOON + 60 * DAY)

    async def send(self) -> None:
        await self.mailing.send_due(asyncio.Event())

    def sent_to(self, domain: str) -> int:
        return sum(recipient.endswith(f"@{domain}") for recipient, _ in self.office.mails)

    async def headway(self) -> Headway:
        return next(one for one in await self.mailing.headway() if one.progress.issue.key == KEY)


KEY = "stories/monthly/2027-05-10"
EVENTS = ListId("events")


async def people(room: Room, *counts: tuple[int, str], list_id: ListId = FRIENDS) -> None:
    named = [(f"p{n}@{domain}", "", "en") for count, domain in counts for n in range(count)]
    await subscribe(room.store, *named, list_id=list_id)


async def test_a_domain_at_its_limit_keeps_no_other_back(database: Store, clock: SetClock) -> None:
    limits = MailLimits(domains=(("gmail.com", (at_most(12, MINUTE),)),))
    room = Room(database, clock, limits)
    await people(room, (4, "gmail.com"), (2, "googlemail.com"), (5, "argenta.example.org"))
    await room.plan()
    await room.send()
    assert room.sent_to("argenta.example.org") == 5
    assert room.sent_to("gmail.com") + room.sent_to("googlemail.com") == 1
    bound = (await room.headway()).pulse.bound
    assert [(each.kind, each.name, each.limit) for each in bound] == [
        ("domain", "gmail.com", "12/minute")
    ]


async def test_a_sender_at_its_limit_lets_the_next_issue_go_on(
    database: Store, clock: SetClock
) -> None:
    room = Room(database, clock, MailLimits(sender=(at_most(4, DAY),)))
    await people(room, (3, "argenta.example.org"))
    await people(room, (2, "cortes.example.org"), list_id=EVENTS)
    await room.plan()
    await room.send()
    assert (room.sent_to("argenta.example.org"), room.sent_to("cortes.example.org")) == (2, 2)


async def test_all_is_sent_at_the_pace_that_limits_allow(database: Store, clock: SetClock) -> None:
    room = Room(database, clock, MailLimits(relay=(at_most(20, MINUTE), at_most(300, HOUR))))
    await people(room, (45, "argenta.example.org"))
    await room.plan()
    began = clock.now()
    await room.mailing.keep_sending(asyncio.Event())
    assert len(room.office.mails) == 45
    assert timedelta(minutes=2) < clock.now() - began < timedelta(minutes=4)
    assert (await room.headway()).progress.issue.state is IssueState.SENT


async def test_a_limit_that_opens_late_is_left_to_a_later_call(
    database: Store, clock: SetClock
) -> None:
    room = Room(database, clock, MailLimits(relay=(at_most(2, DAY),)))
    await people(room, (3, "argenta.example.org"))
    await room.plan()
    await room.mailing.keep_sending(asyncio.Event())
    assert (len(room.office.mails), clock.now()) == (1, NOON)


async def test_a_domain_that_throttles_rests_and_its_copies_are_never_failed(
    database: Store, clock: SetClock
) -> None:
    room = Room(database, clock, MailLimits())
    await people(room, (3, "gmail.com"))
    await room.plan()
    slow = Deferred("4.7.28 unusual rate", 450)
    for _ in range(40):
        room.office.answers = [slow] * 3
        await room.send()
        clock.advance(HOUR)
    progress = (await room.headway()).progress
    assert progress.count(RecipientState.DEFERRED) + progress.count(RecipientState.PENDING) == 3
    assert len(room.office.answers) > 0, "one refusal spares the others"
    room.office.answers = []
    clock.advance(HOUR)
    await room.send()
    assert room.sent_to("gmail.com") == 3


async def test_a_limit_holds_for_two_rooms_on_one_database(store_url: str, tmp_path: Path) -> None:
    clock, limits = SetClock(NOON), MailLimits(relay=(at_most(120, MINUTE),))
    stores = [await open_store(store_url, tmp_path) for _ in range(2)]
    rooms = [Room(store, clock, limits) for store in stores]
    await people(rooms[0], (30, "argenta.example.org"))
    await rooms[0].plan()
    await rooms[0].send()
    await asyncio.gather(*(room.send() for room in rooms))
    assert sum(len(room.office.mails) for room in rooms) == 10
    for store in stores:
        await store.close()


async def test_an_instance_keeps_to_the_limits_of_its_settings(tmp_path: Path) -> None:
    async with open_app(a_folder(tmp_path, "{relay: 2/day}"), SetClock(NOON)) as app:
        store = app.mailing_store
        await subscribe(store, ("ana@argenta.example.org", "", "en"), ("bo@example.org", "", "en"))
        issue = issue_of(a_planned_issue(), None)
        assert await store.save_issue(issue, was=None)
        assert await store.freeze_audience(issue, lambda _: EN, now=NOON) == 2
        due = await store.due_copies(KEY, most=9, now=NOON, senders=[NEWS])
        turns = [
            await store.turn(wish=Wish(id=copy.id, owner="test", lease=HOUR, sender=NEWS), now=NOON)
            for copy in due
        ]
        assert [(turn.claim is not None, turn.is_full) for turn in turns] == [
            (True, False),
            (False, True),
        ]
        assert await store.due_copies(KEY, most=9, now=NOON, senders=[NEWS]) == ()
        assert await store.reopens_at(KEY, senders=[NEWS], now=NOON) == NOON + DAY / 2
