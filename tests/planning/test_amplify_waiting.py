"""What waits for a person's word waits as long as it is news."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from herald.model.campaign import Approve, Before, Quota
from herald.model.delivery import DeliveryState, Reason
from herald.model.feed import EntryEvent
from herald.model.span import Span
from tests.makers import NOON, an_occasion
from tests.planning.test_amplify import DAY, a_rule, a_voice, an_entry, enqueued, planned

MONDAY = NOON + 3 * DAY
VOICE = a_voice(a_rule(approve=Approve.MANUAL))
WAITS = {"state": DeliveryState.HELD, "reason": Reason.APPROVAL, "needs_approval": True}
EXPIRED = {"state": DeliveryState.EXPIRED, "needs_approval": True, "content_hash": "as planned"}


@pytest.mark.parametrize("standing", [WAITS, EXPIRED], ids=["still held", "expired meanwhile"])
def test_news_that_nobody_approved_in_time_gets_another_moment(standing) -> None:
    (first,) = planned(an_entry(), campaigns=(VOICE,))
    history = (enqueued(first, **standing),)
    (again,) = planned(an_entry(), campaigns=(VOICE,), history=history, now=MONDAY)
    assert again.due_at == MONDAY
    assert again.not_after_at > MONDAY
    assert again.needs_approval


def test_it_gets_no_other_moment_before_its_first_is_over() -> None:
    (first,) = planned(an_entry(), campaigns=(VOICE,))
    history = (enqueued(first, **WAITS),)
    (again,) = planned(
        an_entry(), campaigns=(VOICE,), history=history, now=NOON + timedelta(hours=2)
    )
    assert again.due_at == first.due_at


def test_it_gets_none_once_it_is_no_news_any_more() -> None:
    (first,) = planned(an_entry(), campaigns=(VOICE,))
    history = (enqueued(first, **WAITS),)
    assert planned(an_entry(), campaigns=(VOICE,), history=history, now=NOON + 8 * DAY) == ()


@pytest.mark.parametrize(
    "standing",
    [
        pytest.param({"state": DeliveryState.EXPIRED}, id="needed nobody"),
        pytest.param({"state": DeliveryState.HELD, "reason": Reason.PERSON}, id="held by a person"),
        pytest.param(
            EXPIRED | {"approved": "as planned"}, id="approved, and late for another reason"
        ),
        pytest.param({"state": DeliveryState.WITHDRAWN, "reason": Reason.PERSON}, id="withdrawn"),
    ],
)
def test_what_ended_otherwise_keeps_its_moment(standing) -> None:
    (first,) = planned(an_entry(), campaigns=(VOICE,))
    history = (enqueued(first, **standing),)
    (again,) = planned(an_entry(), campaigns=(VOICE,), history=history, now=MONDAY)
    assert again.due_at == first.due_at


def test_what_waits_for_approval_keeps_within_the_limit() -> None:
    voice = a_voice(a_rule(approve=Approve.MANUAL, limit_partner=Quota(count=1, period=DAY)))
    entries = [an_entry(number) for number in range(3)]
    first = planned(*entries, campaigns=(voice,))
    history = tuple(enqueued(one, **WAITS) for one in first)
    again = planned(*entries, campaigns=(voice,), history=history, now=NOON + 4 * DAY)
    days = [one.due_at.date() for one in again]
    assert len(set(days)) == 3


def test_a_reminder_that_nobody_approved_in_time_is_over() -> None:
    occasion = an_occasion(Before(span=Span(days=5)))
    voice = a_voice(a_rule(approve=Approve.MANUAL, post=(occasion,)))
    event = an_entry(event=EntryEvent(begins_at=NOON + 6 * DAY))
    (first,) = planned(event, campaigns=(voice,))
    history = (replace(enqueued(first, **WAITS), not_after_at=NOON + DAY),)
    (again,) = planned(event, campaigns=(voice,), history=history, now=NOON + 2 * DAY)
    assert again.due_at == first.due_at
