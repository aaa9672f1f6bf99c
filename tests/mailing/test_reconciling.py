"""What becomes of doubtful copies: by the mail server's log, and by the newsletter's word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import update

from herald.clock import SetClock
from herald.mailing.bounces.counting import Bounces
from herald.mailing.bounces.verp import bounce_address
from herald.mailing.concerns import concerns_of
from herald.mailing.letters.issues import issue_of
from herald.mailing.sending.maillog.reading import Told
from herald.mailing.sending.maillog.stamps import Stamp
from herald.mailing.sending.reconciling import LOG_WAIT, WAIT, Reconciling, judge_doubts
from herald.mailing.tokens import message_id
from herald.model.bounces import CopyOf
from herald.model.doubts import Doubt, Reconciled, Witness
from herald.model.ids import Language
from herald.model.mailing import (
    Edition,
    Issue,
    IssueState,
    RecipientState,
    SubscriptionId,
    WhenUncertain,
)
from herald.store.bounces import StoredBounces
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from herald.store.mailing_doubts import StoredDoubts
from herald.store.mailing_tables import recipient
from tests.mailing.maillog.makers import client, cut, header, line, queued
from tests.mailing.makers import a_planned_issue, subscribe_many
from tests.makers import NOON

KEY = "stories/monthly/2027-05-10"
PATTERN = "bounces+*@example.org"
MINUTE = timedelta(minutes=1)
ISSUE = issue_of(a_planned_issue(), None)
WHO = SubscriptionId("0" * 32)

# ---------------------------------------------------------------------- on paper


def stamp(minutes: float) -> Stamp:
    return Stamp(NOON + minutes * MINUTE, NOON + minutes * MINUTE + timedelta(seconds=1))


def a_doubt(**changes: object) -> Doubt:
    values = {"id": 1, "token": 1, "subscription": WHO, "first_at": NOON, "doubted_at": NOON}
    return Doubt(**(values | changes))  # type: ignore[arg-type]  # a maker takes what it is given


def a_witness(nth: int = 2, **changes: object) -> Witness:
    values = {"id": nth, "subscription": WHO, "first_at": NOON, "settled_at": NOON}
    return Witness(**(values | changes))  # type: ignore[arg-type]


def what_is_told(**changes: object) -> Told:
    """Make a log that is whole, goes from a minute before noon to a quarter past, and is silent."""
    values = {
        "first": stamp(-5),
        "last": stamp(15),
        "taken": {2: "5kY"},
        "seen": {2: stamp(0)},
        "unfinished": (),
    }
    return Told(**(values | changes))  # type: ignore[arg-type]


def judged(
    told: Told, doubt: Doubt | None = None, witnesses: Sequence[Witness] = (a_witness(),)
) -> Reconciled:
    now = NOON + 16 * MINUTE
    return judge_doubts(ISSUE, (doubt or a_doubt(),), witnesses, told, fault="", now=now)


def test_a_copy_of_which_a_whole_log_is_silent_was_not_taken() -> None:
    assert [one.id for one in judged(what_is_told()).absent] == [1]


def test_a_copy_of_which_the_log_tells_was_taken_whatever_the_log_lacks() -> None:
    told = what_is_told(taken={1: "4jX"}, first=stamp(3), last=stamp(3))
    assert [queue_id for _, queue_id in judged(told, witnesses=()).accepted] == ["4jX"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"first": None, "last": None}, "no line of Postfix", id="nothing"),
        pytest.param({"first": stamp(-0.5)}, "of no copy", id="begins late, and with it all"),
        pytest.param({"last": stamp(0.5)}, "of no copy", id="ends early, and with it all"),
        pytest.param({"last": stamp(9)}, "ends too early", id="ends early"),
        pytest.param({"last": stamp(60)}, "ahead of Herald's", id="from the future"),
        pytest.param({"seen": {}}, "another server's", id="of another server"),
        pytest.param({"seen": {2: stamp(-60)}}, "clock", id="in another time zone"),
        pytest.param({"seen": {2: stamp(60)}}, "clock", id="in another, too"),
        pytest.param({"unsound_until": NOON}, "were lost", id="lines were lost"),
        pytest.param({"unfinished": {1}}, "read its beginning", id="only the header"),
    ],
)
def test_the_silence_of_a_log_with_a_flaw_proves_nothing(
    changes: dict[str, object], why: str
) -> None:
    found = judged(what_is_told(**changes))
    assert found.absent == ()
    assert why in found.open[0][1]


def test_a_log_that_lacks_one_of_many_known_copies_proves_nothing() -> None:
    witnesses = [a_witness(nth) for nth in range(2, 12)]
    told = what_is_told(seen={nth: stamp(0) for nth in range(2, 11)})
    assert "lacks 1 of 10 copies" in judged(told, witnesses=witnesses).open[0][1]


def test_a_known_copy_from_before_the_log_begins_is_not_missed() -> None:
    early = a_witness(3, first_at=NOON - 30 * MINUTE, settled_at=NOON - 30 * MINUTE)
    late = a_witness(4, settled_at=NOON + 15 * MINUTE)
    assert judged(what_is_told(), witnesses=[a_witness(), early, late]).absent


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"first_at": NOON - 10 * MINUTE}, "begins too late"),
        ({"first_at": None}, "put back from a copy"),
        ({"is_of_a_copy": True}, "put back from a copy"),
        ({"subscription": None}, "erased"),
    ],
)
def test_of_some_copies_silence_never_tells(changes: dict[str, object], why: str) -> None:
    found = judged(what_is_told(), a_doubt(**changes))
    assert found.absent == ()
    assert why in found.open[0][1]


# ---------------------------------------------------------------------- on a store


class House:
    """An issue to four people: two were taken surely, two are in doubt."""

    def __init__(self, database: Store, clock: SetClock, path: Path) -> None:
        self.database = database
        self.store = StoredMailing(database)
        self.clock = clock
        self.path = path
        self.knocks = 0

    def room(self, *, pattern: str = PATTERN, path: str | None = None) -> Reconciling:
        return Reconciling(
            store=self.store,
            doubts=StoredDoubts(self.database),
            clock=self.clock,
            pattern=pattern,
            path=str(self.path) if path is None else path,
            knock=self.knock,
        )

    async def knock(self) -> None:
        """Let the log go on."""
        self.knocks += 1
        with self.path.open("ab") as file:
            file.write(line("connect from x", at=self.clock.now(), program="postfix/smtpd[9]"))

    async def begin(self, when_uncertain: WhenUncertain = WhenUncertain.ASK) -> Issue:
        await subscribe_many(self.store, 4)
        issue = replace(issue_of(a_planned_issue(), None), when_uncertain=when_uncertain)
        edition = Edition(language=Language("en"), subject="Hello", text="Hi.\n", html="<p>Hi</p>")
        await self.store.save_issue(issue, was=None, editions=[edition])
        await self.store.freeze_audience(issue, lambda _: Language("en"), now=NOON)
        known = {"token": 1, "first_at": NOON, "claimed_at": NOON, "ended_at": NOON}
        async with self.database.writing() as connection:
            await connection.execute(
                update(recipient).values(known | {"state": RecipientState.ACCEPTED.value})
            )
            await connection.execute(
                update(recipient)
                .where(recipient.c.id > 2)
                .values(state=RecipientState.UNCERTAIN.value, reply="no answer")
            )
        begun = await self.store.issue(KEY)
        assert begun is not None
        return begun

    async def names(self) -> dict[int, tuple[str, str]]:
        """Return the envelope sender and the Message-ID of each copy."""
        key = await self.store.mailing_key()
        async with self.database.reading() as connection:
            rows = (await connection.execute(recipient.select())).all()
        return {
            row.id: (
                bounce_address(
                    PATTERN, CopyOf(subscription=row.subscription, recipient=row.id), key
                ),
                message_id(KEY, row.subscription, "", key).strip("<>@"),
            )
            for row in rows
        }

    async def log_of(self, *taken: int, sender: str = "") -> bytes:
        """Return a log from before noon in which these copies were taken, and 4 was cut short."""
        lines = [line("starting", at=NOON - 10 * MINUTE, program="postfix/master[1]")]
        for copy, (own, name) in (await self.names()).items():
            queue_id = f"Q{copy}"
            lines += [client(queue_id), header(queue_id, name=name)]
            lines += [queued(queue_id, sender=sender or own)] if copy in taken else [cut()]
        return b"".join(lines)

    async def states(self) -> list[str]:
        async with self.database.reading() as connection:
            rows = await connection.execute(recipient.select().order_by(recipient.c.id))
            return [row.state for row in rows]


@pytest.fixture
def house(database: Store, clock: SetClock, tmp_path: Path) -> House:
    return House(database, clock, tmp_path / "mail.log")


async def test_the_log_settles_what_was_taken_and_sends_again_what_was_not(house: House) -> None:
    await house.begin()
    house.path.write_bytes(await house.log_of(1, 2, 3))
    house.clock.advance(WAIT + MINUTE)
    await house.room().settle()
    assert await house.states() == ["accepted", "accepted", "accepted", "pending"]
    assert house.knocks == 1
    async with house.database.reading() as connection:
        row = (await connection.execute(recipient.select().where(recipient.c.id == 3))).one()
    assert (row.queue_id, row.code) == ("Q3", 250)


async def test_a_copy_that_was_taken_is_known_at_once_one_that_was_not_later(house: House) -> None:
    await house.begin()
    house.path.write_bytes(await house.log_of(1, 2, 3))
    await house.room().settle()
    assert await house.states() == ["accepted", "accepted", "accepted", "uncertain"]
    house.clock.advance(WAIT - MINUTE)
    await house.room().settle()
    assert (await house.states())[3] == "uncertain"


async def test_an_issue_whose_last_doubt_the_log_ends_is_sent(house: House) -> None:
    await house.begin()
    house.path.write_bytes(await house.log_of(1, 2, 3, 4))
    await house.room().settle()
    issue = await house.store.issue(KEY)
    assert issue is not None
    assert issue.state is IssueState.SENT


async def test_copies_that_share_a_sender_are_known_by_header_and_queue_id(house: House) -> None:
    await house.begin()
    house.path.write_bytes(await house.log_of(1, 2, 3, sender="news@example.org"))
    house.clock.advance(WAIT + MINUTE)
    await house.room(pattern="").settle()
    assert await house.states() == ["accepted", "accepted", "accepted", "pending"]


async def test_the_log_of_another_server_settles_nothing(house: House) -> None:
    await house.begin(WhenUncertain.ASK)
    house.path.write_bytes(line("starting", at=NOON - 10 * MINUTE, program="postfix/master[1]"))
    house.clock.advance(LOG_WAIT * 2)
    await house.room().settle()
    assert (await house.states())[2:] == ["uncertain", "uncertain"]


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (WhenUncertain.RESEND, "pending"),
        (WhenUncertain.HOLD, "held"),
        (WhenUncertain.ASK, "uncertain"),
    ],
)
async def test_without_a_log_the_newsletter_decides_when_no_answer_can_come_any_more(
    house: House, said: WhenUncertain, becomes: str
) -> None:
    await house.begin(said)
    house.clock.advance(WAIT - MINUTE)
    await house.room(path="").settle()
    assert (await house.states())[2:] == ["uncertain", "uncertain"]
    house.clock.advance(MINUTE)
    await house.room(path="").settle()
    assert (await house.states())[2:] == [becomes, becomes]
    issue = await house.store.issue(KEY)
    assert issue is not None
    assert (issue.state is IssueState.SENT) == (becomes == "held")


async def test_with_a_log_that_cannot_be_read_the_newsletter_decides_after_an_hour(
    house: House,
) -> None:
    await house.begin(WhenUncertain.RESEND)
    house.clock.advance(LOG_WAIT - MINUTE)
    await house.room(path="/nowhere/mail.log").settle()
    assert (await house.states())[2:] == ["uncertain", "uncertain"]
    house.clock.advance(MINUTE)
    await house.room(path="/nowhere/mail.log").settle()
    assert (await house.states())[2:] == ["pending", "pending"]


async def test_what_a_restored_database_does_not_know_is_never_sent_again_unasked(
    house: House,
) -> None:
    from herald.store.doubting import WHY

    await house.begin(WhenUncertain.RESEND)
    async with house.database.writing() as connection:
        await connection.execute(
            update(recipient).where(recipient.c.id == 3).values(reply=WHY, first_at=None)
        )
    house.clock.advance(LOG_WAIT * 2)
    await house.room(path="").settle()
    assert (await house.states())[2:] == ["uncertain", "pending"]


async def test_a_doubt_that_has_moved_on_is_left_alone(house: House) -> None:
    issue = await house.begin()
    doubts = StoredDoubts(house.database)
    stale = await doubts.doubts(issue.key)
    async with house.database.writing() as connection:
        await connection.execute(
            update(recipient).where(recipient.c.id == 3).values(state="rejected")
        )
        await connection.execute(update(recipient).where(recipient.c.id == 4).values(token=2))
    assert await doubts.settle_doubts([(stale[0], "Q")], [stale[1]], now=NOON) == 0
    assert await doubts.hold_doubts(stale, now=NOON) == 0
    assert (await house.states())[2:] == ["rejected", "uncertain"]


async def test_two_that_settle_at_once_do_it_once(house: House) -> None:
    await house.begin()
    house.path.write_bytes(await house.log_of(1, 2, 3))
    house.clock.advance(WAIT + MINUTE)
    await asyncio.gather(house.room().settle(), house.room().settle())
    assert await house.states() == ["accepted", "accepted", "accepted", "pending"]


async def test_a_log_that_is_piped_in_settles_too_and_tells_what_stays_open(house: House) -> None:
    issue = await house.begin()
    house.clock.advance(LOG_WAIT)
    found = await house.room(path="").read_piped(issue, BytesIO(await house.log_of(1, 2, 3)))
    assert [queue_id for _, queue_id in found.accepted] == ["Q3"]
    assert "too short" in found.open[0][1]
    assert "smtp: {log:" in str(await house.room(path="").read(issue))


# ---------------------------------------------------------------------- what else proves it


@pytest.mark.parametrize("state", [RecipientState.UNCERTAIN, RecipientState.HELD])
async def test_whatever_is_sent_to_a_copys_own_address_proves_that_it_was_taken(
    house: House, state: RecipientState
) -> None:
    await house.begin()
    async with house.database.writing() as connection:
        await connection.execute(
            update(recipient).where(recipient.c.id > 2).values(state=state.value)
        )
    bounces = Bounces(
        store=StoredBounces(house.database), keys=house.store, pattern=PATTERN, clock=house.clock
    )
    address = (await house.names())[3][0]
    away = f"From: p3@friends.example.org\nTo: {address}\nSubject: I am away\n\nUntil June.\n"
    await bounces.take(away.encode(), came_to=address)
    forged = address.replace("bounces+", "bounces+a")
    await bounces.take(away.replace(address, forged).encode(), came_to=forged)
    assert await house.states() == ["accepted", "accepted", "accepted", state.value]


async def test_a_refusal_is_no_proof_that_a_copy_was_taken(house: House) -> None:
    await house.begin()
    bounces = Bounces(
        store=StoredBounces(house.database), keys=house.store, pattern=PATTERN, clock=house.clock
    )
    doubt = (await StoredDoubts(house.database).doubts(KEY))[0]
    assert doubt.subscription is not None
    copy = CopyOf(subscription=doubt.subscription, recipient=doubt.id)
    await bounces.refused(copy, KEY, "550 5.1.1 no such user")
    assert (await house.states())[2] == "uncertain"


async def test_a_person_is_asked_at_once_only_where_the_newsletter_says_nothing(
    house: House,
) -> None:
    issue = await house.begin()
    progress = await house.store.progress(KEY)
    assert progress is not None
    asked = concerns_of(progress, now=NOON)
    assert any("resend-uncertain" in one.message for one in asked)
    told = replace(progress, issue=replace(issue, when_uncertain=WhenUncertain.HOLD))
    (later,) = [one for one in concerns_of(told, now=NOON) if one.code == "uncertain"]
    assert "within an hour" in later.message
