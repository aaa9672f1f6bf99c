"""What follows from an attempt to hand over a copy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.sending.judge import GIVE_UP_AFTER, judge_mail, wait_before
from herald.model.ids import Language
from herald.model.mailing import (
    Accepted,
    Deferred,
    MailOutcome,
    RecipientClaim,
    RecipientState,
    Rejected,
    RelayTrouble,
    SubscriptionId,
    Uncertain,
)
from tests.makers import NOON


def a_claim(**changes: Any) -> RecipientClaim:
    values: dict[str, Any] = {
        "id": 1,
        "issue": "stories/monthly/2027-05-10",
        "token": 1,
        "attempts": 2,
        "first_at": NOON,
        "subscription": SubscriptionId("ab" * 16),
        "address": "ana@example.org",
        "name": "",
        "language": Language("en"),
    }
    return RecipientClaim(**(values | changes))


@pytest.mark.parametrize(
    ("outcome", "state", "attempts"),
    [
        (Accepted("ok"), RecipientState.ACCEPTED, 3),
        (Rejected("no such user", 550), RecipientState.REJECTED, 3),
        (Uncertain("lost"), RecipientState.UNCERTAIN, 3),
        (Deferred("greylisted", 450), RecipientState.DEFERRED, 3),
        (RelayTrouble("quota", 451), RecipientState.DEFERRED, 2),
    ],
)
def test_every_outcome_has_its_state(
    outcome: MailOutcome, state: RecipientState, attempts: int
) -> None:
    verdict = judge_mail(a_claim(), outcome, now=NOON, chance=0.5)
    assert (verdict.state, verdict.attempts) == (state, attempts)
    assert (verdict.next_at is not None) is (state is RecipientState.DEFERRED)


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (GIVE_UP_AFTER - timedelta(seconds=1), RecipientState.DEFERRED),
        (GIVE_UP_AFTER, RecipientState.FAILED),
    ],
)
def test_a_day_after_the_first_attempt_it_is_given_up(
    late: timedelta, state: RecipientState
) -> None:
    verdict = judge_mail(a_claim(), Deferred("full", 452), now=NOON + late, chance=0.5)
    assert verdict.state is state


@pytest.mark.parametrize(
    ("attempt", "ceiling"), [(1, 1), (2, 2), (5, 16), (6, 32), (7, 60), (500, 60)]
)
def test_the_wait_doubles_from_a_minute_to_an_hour(attempt: int, ceiling: int) -> None:
    assert wait_before(attempt, 0.999999) == pytest.approx(
        timedelta(minutes=ceiling), abs=timedelta(seconds=1)
    )


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_nothing_and_never_over_an_hour(attempt: int, chance: float) -> None:
    assert timedelta(seconds=1) <= wait_before(attempt, chance) <= timedelta(hours=1)
