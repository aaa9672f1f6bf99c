"""How an issue gets on: what was sent, how fast, what holds it up, and when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.cli.newsletter_progress import (
    Look,
    Shown,
    follow,
    progress_document,
    progress_lines,
)
from herald.mailing.letters.issues import issue_of
from herald.model.bounces import BounceCounts
from herald.model.headway import Headway, Pulse, what_binds
from herald.model.health import OutboxHealth
from herald.model.mail_limits import Bound, MailLimit, MailLimits
from herald.model.mailing import IssueState, Progress, RecipientState, UncertainCopy
from herald.reporting.headway import headway_document, headway_lines
from herald.reporting.health import Health
from herald.web.metrics import gauges
from tests.mailing.makers import a_planned_issue
from tests.makers import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PENDING, ACCEPTED, DEFERRED = (
    RecipientState.PENDING,
    RecipientState.ACCEPTED,
    RecipientState.DEFERRED,
)
HOURLY = MailLimits(relay=(MailLimit(count=300, period=HOUR),))


def a_headway(counts: dict[RecipientState, int], **changes: Any) -> Headway:
    """Make the headway of an issue that was started ten minutes before noon."""
    issue = replace(
        issue_of(a_planned_issue(), None),
        state=changes.pop("state", IssueState.SENDING),
        started_at=NOON - 10 * MINUTE,
        audience=sum(counts.values()),
    )
    due = changes.pop("due", ((NOON, counts.get(PENDING, 0)),))
    uncertain = changes.pop("uncertain", ())
    progress = Progress(
        issue=issue,
        counts=tuple(counts.items()),
        next_at=changes.pop("next_at", None),
        due=due,
        uncertain=uncertain,
    )
    values: dict[str, Any] = {"at": NOON, "progress": progress}
    return Headway(**(values | changes))


def test_the_rate_is_that_of_the_last_minutes_and_tells_when_all_is_done() -> None:
    headway = a_headway({ACCEPTED: 50, PENDING: 100}, pulse=Pulse(lately=25))
    assert headway.per_hour == 300
    assert headway.done_at == NOON + 20 * MINUTE


def test_before_anything_went_out_the_limit_tells_how_long_it_takes() -> None:
    headway = a_headway({PENDING: 542}, limits=HOURLY)
    assert (headway.per_hour, headway.configured_per_hour) == (0, 271)
    assert headway.done_at == NOON + 2 * HOUR
    assert a_headway({PENDING: 542}).done_at is None, "without either nobody can tell"


def test_it_is_not_done_before_the_last_morning_nor_before_the_slowest_domain() -> None:
    morning = NOON + 9 * HOUR
    asleep = a_headway({ACCEPTED: 5, PENDING: 2}, due=((morning, 2),))
    assert (asleep.asleep, asleep.left, asleep.done_at) == (2, 2, morning)
    slow = MailLimits(domains=(("gmail.com", (MailLimit(count=1, period=HOUR),)),))
    pulse = Pulse(lately=100, backlog=(("gmail.com", 5),))
    assert a_headway({PENDING: 5}, limits=slow, pulse=pulse).done_at == NOON + 4 * HOUR


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"is_paused": True}, "it is paused"),
        ({"due": ((NOON + HOUR, 3),)}, "all who are left wait for their morning"),
        (
            {"pulse": Pulse(bound=(Bound(kind="relay", name="x", limit="300/hour", until=NOON),))},
            "the mail server's limit of 300/hour, until 12:00:00 UTC",
        ),
        (
            {"pulse": Pulse(bound=(Bound(kind="rest", name="gmail.com", until=NOON),))},
            "gmail.com asked us to slow down, until 12:00:00 UTC",
        ),
        (
            {"pulse": Pulse(lately=9, last_at=NOON), "connections": 4},
            "the mail server takes no more over 4 connections",
        ),
        (
            {"pulse": Pulse(said="4.3.1 full"), "runs": True},
            "the mail server said last: 4.3.1 full",
        ),
        ({"runs": True}, "no copy has been taken for 10 minutes: is the mail server there?"),
        (
            {"pulse": Pulse(lately=9, last_at=NOON - 2 * MINUTE)},
            "no copy has been taken for 2 minutes: is herald run running?",
        ),
        (
            {"pulse": Pulse(lately=9, last_at=NOON), "runs": False},
            "no Herald is running: start herald run",
        ),
        ({"due": ((NOON + HOUR, 3),), "runs": False}, "no Herald is running: start herald run"),
    ],
    ids=[
        "paused",
        "asleep",
        "relay",
        "rest",
        "connections",
        "said",
        "nothing",
        "perhaps none runs",
        "none runs",
        "none runs for the morning",
    ],
)
def test_what_holds_it_up_is_told(changes: dict[str, Any], told: str) -> None:
    (why,) = what_binds(a_headway({PENDING: 3}, **changes))
    assert told in why


@pytest.mark.parametrize("runs", [True, None])
def test_copies_that_are_tried_again_later_are_no_fault_of_connections(runs: bool | None) -> None:
    pulse = Pulse(lately=9, last_at=NOON, said="4.2.2 full")
    headway = a_headway({DEFERRED: 2}, next_at=NOON + 5 * MINUTE, pulse=pulse, runs=runs)
    (why,) = what_binds(headway)
    assert why == (
        "what is left is deferred, and tried again from 12:05:00 UTC on;"
        " the mail server said last: 4.2.2 full"
    )
    morning = a_headway(
        {DEFERRED: 2, PENDING: 3}, next_at=NOON + 5 * MINUTE, due=((NOON + HOUR, 3),)
    )
    assert what_binds(morning)[0].endswith("on, or waits for its reader's morning")
    due = a_headway({DEFERRED: 2}, next_at=NOON, pulse=pulse, connections=2)
    assert "2 connections" in what_binds(due)[0], "it is due by now"


def test_nobody_can_tell_when_it_is_done_while_no_herald_runs() -> None:
    pulse = Pulse(lately=25, last_at=NOON)
    headway = a_headway({ACCEPTED: 50, PENDING: 100}, pulse=pulse, runs=False, is_paused=True)
    assert headway.done_at is None
    assert what_binds(headway) == ("no Herald is running: start herald run", "it is paused")


def test_nothing_holds_up_what_is_done() -> None:
    done = a_headway({ACCEPTED: 3}, state=IssueState.SENT)
    assert (what_binds(done), done.done_at) == ((), None)
    assert headway_lines(done) == ("stories/monthly/2027-05-10  sent", "  3 sent (of 3)")


def test_people_read_figures_rates_and_reasons() -> None:
    counts = {ACCEPTED: 50, DEFERRED: 1, RecipientState.UNCERTAIN: 2, PENDING: 40}
    due = ((NOON, 30), (NOON + HOUR, 10))
    bound = Bound(kind="domain", name="gmail.com", limit="20/minute", until=NOON)
    pulse = Pulse(lately=25, bound=(bound,))
    assert headway_lines(a_headway(counts, due=due, pulse=pulse, limits=HOURLY)) == (
        "stories/monthly/2027-05-10  sending",
        "  50 sent, 1 deferred, 2 uncertain, 30 waiting, 10 waiting for their morning (of 93)",
        "  300 an hour lately; allowed: 300/hour for the mail server",
        "  held up by: the limit of 20/minute for gmail.com, until 12:00:00 UTC",
        "  done: about 2027-05-10 15:00 (Europe/Rome)",
    )


def test_programs_read_the_same() -> None:
    document = headway_document(
        a_headway({ACCEPTED: 50, PENDING: 100}, pulse=Pulse(lately=25, last_at=NOON))
    )
    assert document == {
        "counts": {"accepted": 50, "pending": 100},
        "waiting": 100,
        "asleep": 0,
        "per_hour": 300,
        "configured_per_hour": None,
        "binds": ["the mail server takes no more over one connection"],
        "done_at": "2027-05-10T12:20:00Z",
    }


def test_health_and_metrics_tell_figures_and_nobodys_domain() -> None:
    bound = Bound(kind="domain", name="anna-rossi.example", limit="1/day", until=NOON)
    letter = a_headway({ACCEPTED: 5, PENDING: 7}, pulse=Pulse(lately=5, bound=(bound,)))
    health = Health(at=NOON, outbox=OutboxHealth(), letters=(letter,))
    assert "anna-rossi" not in str(health.document())
    assert health.document()["sending"][0]["waiting"] == 7
    told = {gauge.name: gauge for gauge in gauges(health, (), (), version="1")}
    copies = dict(told["herald_newsletter_copies"].values)
    assert copies[(("state", "accepted"),)] == 5
    assert list(told["herald_newsletter_copies_per_hour"].values) == [((), 60)]
    assert not health.needs_a_person


def test_following_ends_with_the_sending_and_writes_no_sign_for_terminals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    looks = [
        a_headway({PENDING: 2}),
        a_headway({ACCEPTED: 1, PENDING: 1}),
        a_headway({ACCEPTED: 2}, state=IssueState.SENT),
    ]
    slept: list[float] = []

    async def look() -> Sequence[Shown]:
        return [Shown(headway=looks.pop(0), back=BounceCounts())]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    (last,) = asyncio.run(_followed(look, sleep))
    assert last.headway.progress.issue.state is IssueState.SENT
    told = capsys.readouterr().out
    assert len(slept) == 2
    assert "\x1b" not in told
    assert "1 sent, 1 waiting (of 2)" in told


async def _followed(look: Look, sleep: Callable[[float], Awaitable[None]]) -> Sequence[Shown]:
    return await follow(look, sleep)


def test_a_doubtful_or_failed_copy_needs_a_person() -> None:
    doubt = UncertainCopy(address="", claimed_at=NOON, why="the line broke")
    assert a_headway({RecipientState.UNCERTAIN: 1}, uncertain=(doubt,)).needs_a_person
    assert a_headway({RecipientState.FAILED: 1}).needs_a_person
    assert not a_headway({DEFERRED: 1}).needs_a_person


def test_what_can_be_put_right_is_told_once_with_its_copies() -> None:
    headway = a_headway({ACCEPTED: 1, RecipientState.REJECTED: 2})
    shown = Shown(headway=headway, back=BounceCounts(), repairs=(("Make it smaller.", 2),))
    assert "  to put right (2): Make it smaller." in progress_lines([shown])
    assert progress_document(shown)["repairs"] == [{"text": "Make it smaller.", "copies": 2}]
