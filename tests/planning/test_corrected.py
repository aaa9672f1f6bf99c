"""Partners' posts that were corrected: what readers find there now is what counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from herald.model.correction import Correction
from herald.model.delivery import FIRST_REPLY, Action, Delivery, DeliveryState, History, Payload
from herald.model.feed import Entry
from herald.model.network import Capabilities
from herald.model.plan import Plan
from herald.outbox.correcting import Way, correcting
from herald.planning.anew import composed_anew, reworded
from herald.planning.corrections import corrections
from tests.makers import a_channel, a_partner
from tests.planning.plans import a_configuration
from tests.planning.test_corrections import (
    ARGENTA,
    BEGINS,
    DAY,
    FEAST,
    LATER,
    THREE_DAYS,
    a_voice,
    an_entry,
    planned,
    sent,
)

OFF = an_entry(replace(FEAST, status="cancelled"))
MOVED = an_entry(replace(FEAST, begins_at=BEGINS + DAY, finishes_at=None))
RENAMED = an_entry(title="Festa delle rane")


def proposed(entry: Entry, past: list[Delivery]) -> tuple[Correction, ...]:
    plan: Plan = planned(entry, past=past, now=LATER)
    return plan.corrections


def corrected(
    entry: Entry, *, way: Way = Way.EDIT, state: DeliveryState = DeliveryState.SENT, **changes: Any
) -> list[Delivery]:
    """Make the history in which the post of the feast was corrected to what *entry* says."""
    (post,) = (replace(row, remote_id="1") for row in sent())
    (why,) = proposed(entry, [post])
    before: Payload = post.frozen or post.payload
    payload = replace(before, text="corrected", facts=why.facts, link=entry.content.link)
    made = correcting(post, payload, way, rows=[post], now=LATER)
    assert isinstance(made, Delivery)
    return [post, replace(made, state=state, sent_at=LATER, **changes)]


@pytest.mark.parametrize("entry", [OFF, MOVED, RENAMED], ids=["off", "moved", "renamed"])
@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(
    "state", [DeliveryState.SENT, DeliveryState.PENDING, DeliveryState.CLAIMED]
)
def test_what_was_corrected_or_is_just_being_is_proposed_no_more(
    entry: Entry, way: Way, state: DeliveryState
) -> None:
    assert proposed(entry, corrected(entry, way=way, state=state)) == ()


@pytest.mark.parametrize(
    "state", [DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.WITHDRAWN]
)
def test_a_correction_that_came_to_nothing_is_proposed_again(state: DeliveryState) -> None:
    assert len(proposed(OFF, corrected(OFF, state=state))) == 1


def test_what_changes_after_a_correction_is_proposed_anew() -> None:
    past = corrected(MOVED)
    assert [one.why for one in proposed(OFF, past)] == ["cancelled"]
    assert [one.why for one in proposed(RENAMED, past)] == ["moved"]  # back on its first day


def test_of_a_deleted_post_nothing_is_untrue() -> None:
    assert proposed(RENAMED, corrected(OFF, way=Way.DELETE)) == ()


def test_corrections_are_no_posts_to_planning() -> None:
    """With or without them a plan is the same."""
    past = corrected(MOVED)
    for entry in (an_entry(), OFF, MOVED):
        with_it = planned(entry, past=past, now=LATER)
        without = planned(entry, past=past[:1], now=LATER)
        assert (with_it.deliveries, with_it.standing) == (without.deliveries, without.standing)
    assert {row.part for row in corrected(MOVED, way=Way.REPLY)} == {0, FIRST_REPLY}
    assert corrected(OFF)[1].action is Action.EDIT


def composed(entry: Entry, past: list[Delivery]) -> dict[str, str]:
    found = composed_anew(
        past,
        [a_voice(THREE_DAYS)],
        a_configuration(a_channel(), partners={ARGENTA: a_partner(id=ARGENTA)}),
        entries=[entry],
        history=History(deliveries=tuple(past)),
        capabilities={},
    )
    return {key: payload.text for key, payload in found.items()}


@pytest.mark.parametrize(
    ("entry", "begins"),
    [(RENAMED, "Festa delle rane"), (MOVED, "Festa del riso"), (an_entry(), "Festa del riso")],
    ids=["renamed", "moved", "as it was"],
)
def test_a_partners_post_is_composed_anew(entry: Entry, begins: str) -> None:
    past = sent()
    assert [text[: len(begins)] for text in composed(entry, past).values()] == [begins]


def test_what_is_to_be_said_of_a_renamed_event_is_its_new_name() -> None:
    past = sent()
    (why,) = proposed(RENAMED, past)
    found = composed_anew(
        past,
        [a_voice(THREE_DAYS)],
        a_configuration(a_channel(), partners={ARGENTA: a_partner(id=ARGENTA)}),
        entries=[RENAMED],
        history=History(deliveries=tuple(past)),
        capabilities={},
    )
    payload = reworded(why, past[0], found[past[0].key], limits=Capabilities())
    assert payload is not None
    assert payload.text.startswith("Festa delle rane — ")


def test_a_date_at_the_end_of_the_calendar_stops_nobody() -> None:
    end = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    entry = an_entry(replace(FEAST, begins_at=end, finishes_at=None))
    assert corrections([], [entry], sent(), now=LATER) == ()
