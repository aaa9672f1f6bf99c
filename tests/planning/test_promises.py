"""What a plan says, and does not say, of items that are called off or closed."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from herald.model.campaign import After, Before, Registration, Status
from herald.model.span import parse_span
from herald.model.words import Words
from tests.makers import an_occasion
from tests.planning.plans import ENGLISH, an_english_item, as_delivered, plan_of, reasons

A_WALK = {
    "begins": datetime(2027, 5, 20, 10, 0),
    "post": (an_occasion(Before(span=parse_span("2d"))),),
}


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.POSTPONED])
def test_an_event_that_is_called_off_is_listed_and_not_posted(status):
    plan = plan_of(an_english_item(status=status, **A_WALK), languages=ENGLISH)
    assert plan.deliveries == ()
    assert reasons(plan) == [f"it is {status}: nothing more is posted"]


def test_of_an_event_that_is_called_off_is_told_what_readers_still_see():
    invited = plan_of(an_english_item(**A_WALK), languages=ENGLISH)
    (sent,) = as_delivered(invited)
    plan = plan_of(
        an_english_item(status=Status.CANCELLED, **A_WALK), languages=ENGLISH, past=(sent,)
    )
    (reason,) = reasons(plan)
    assert "still to be read, and yours to correct: 1 on fedi" in reason
    assert f"herald outbox list --state sent --item {sent.item}" in reason


def test_an_event_that_was_called_off_is_forgotten_once_its_day_is_over():
    plan = plan_of(
        an_english_item(status=Status.CANCELLED, **A_WALK),
        now=datetime.fromisoformat("2027-05-20T12:00+00:00"),
        languages=ENGLISH,
    )
    assert reasons(plan) == []


def test_nobody_is_sent_to_sign_up_when_that_has_closed():
    item = an_english_item(
        begins=datetime(2027, 5, 20, 10, 0),
        registration=Registration(
            closes=date(2027, 5, 15), link=Words.of({"*": "https://example.org/sign"})
        ),
        post=(
            an_occasion(Before(span=parse_span("7d"))),
            an_occasion(Before(span=parse_span("1d"))),
            an_occasion(After(span=parse_span("2d")), text=Words.of({"en": "Thank you"})),
        ),
    )
    links = {one.occasion: one.payload.link for one in plan_of(item, languages=ENGLISH).deliveries}
    assert links == {"before-7d": "https://example.org/sign", "before-1d": "", "after-2d": ""}
