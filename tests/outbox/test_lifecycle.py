"""The table of what may follow what."""

from __future__ import annotations

import pytest

from herald.model.delivery import DeliveryState, Reason
from herald.outbox.lifecycle import TRANSITIONS, By, may_follow, waits
from tests.makers import a_delivery

S = DeliveryState


@pytest.mark.parametrize("then", S)
@pytest.mark.parametrize("by", By)
def test_what_was_sent_stays_sent(then: DeliveryState, by: By) -> None:
    assert not may_follow(S.SENT, then, by=by)


@pytest.mark.parametrize("then", S)
@pytest.mark.parametrize("by", [By.PLANNING, By.PERSON])
def test_only_a_worker_moves_what_is_claimed(then: DeliveryState, by: By) -> None:
    assert not may_follow(S.CLAIMED, then, by=by)


@pytest.mark.parametrize("was", [each for each in S if each is not S.PENDING])
@pytest.mark.parametrize("by", By)
def test_only_what_is_pending_is_claimed(was: DeliveryState, by: By) -> None:
    assert not may_follow(was, S.CLAIMED, by=by)


@pytest.mark.parametrize("then", S)
def test_planning_never_moves_what_may_be_out_there(then: DeliveryState) -> None:
    assert not may_follow(S.HELD, then, by=By.PLANNING, reason=Reason.UNCLEAR)


@pytest.mark.parametrize(
    ("reason", "by", "legal"),
    [
        (Reason.UNCLEAR, By.PERSON, True),
        (Reason.MOVED, By.PLANNING, False),
        (Reason.PERSON, By.PLANNING, False),
        (Reason.DRAFT, By.PLANNING, True),
        (Reason.DRAFT, By.PERSON, False),
        (Reason.WITHDRAWAL, By.PERSON, False),
        (Reason.APPROVAL, By.PERSON, True),
    ],
)
def test_who_lifts_a_hold_depends_on_its_reason(reason: Reason, by: By, legal: bool) -> None:
    assert may_follow(S.HELD, S.PENDING, by=by, reason=reason) is legal


def test_no_transition_is_listed_twice() -> None:
    assert len(set(TRANSITIONS)) == len(TRANSITIONS)


@pytest.mark.parametrize("state", S)
def test_what_waits_is_within_planning(state: DeliveryState) -> None:
    row = a_delivery(state=state)
    assert not (waits(row) and row.may_be_out_there)
