"""A correction is a delivery of its own, made once, of what is certainly out there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.model.delivery import FIRST_REPLY, Action, Delivery, DeliveryState, Reason
from herald.model.ids import EntryId
from herald.model.network import Capabilities
from herald.outbox.correcting import (
    AT_MOST_LATE,
    Way,
    correcting,
    corrections_at,
    is_possible,
    way_for,
    why_not,
)
from tests.makers import NOON, a_delivery, a_payload

NEW = a_payload(text="The salt house, at 11:00")
LATER = NOON + timedelta(hours=1)
SENT = a_delivery(state=DeliveryState.SENT, remote_id="1139", sent_at=NOON, frozen=a_payload())
ABLE = Capabilities(actions=frozenset(Action), threads=True)


def made(
    way: Way = Way.EDIT, *rows: Delivery, sent: Delivery = SENT, text: str = NEW.text
) -> Delivery:
    found = correcting(sent, replace(NEW, text=text), way, rows=rows, now=LATER)
    assert isinstance(found, Delivery), found
    return found


def refused(way: Way, *rows: Delivery, text: str = NEW.text) -> str:
    found = correcting(SENT, replace(NEW, text=text), way, rows=rows, now=LATER)
    assert isinstance(found, str)
    return found


def ended(row: Delivery, state: DeliveryState = DeliveryState.SENT) -> Delivery:
    return replace(row, state=state, frozen=row.payload, sent_at=LATER)


@pytest.mark.parametrize(
    ("way", "action", "part"),
    [
        (Way.EDIT, Action.EDIT, 0),
        (Way.DELETE, Action.DELETE, 0),
        (Way.REPLY, Action.CREATE, FIRST_REPLY),
    ],
)
def test_each_way_is_a_delivery_that_follows_what_was_sent(
    way: Way, action: Action, part: int
) -> None:
    row = made(way)
    assert (row.action, row.part, row.target) == (action, part, SENT.key)
    assert row.thread == (SENT.key if way is Way.REPLY else None)
    assert (row.state, row.due_at, row.next_at) == (DeliveryState.PENDING, LATER, LATER)
    assert row.not_after_at == LATER + AT_MOST_LATE
    assert (row.frozen, row.remote_id, row.attempts, row.token) == (None, "", 0, 0)
    assert row.corrects
    assert not row.is_post


def test_a_reply_to_a_part_stands_in_its_thread() -> None:
    part = replace(SENT, part=2, thread=SENT.key)
    assert made(Way.REPLY, sent=part).thread == SENT.key


def test_the_next_correction_of_a_kind_has_the_next_number() -> None:
    first = ended(made(Way.EDIT, text="one"))
    second = ended(made(Way.EDIT, first, text="two"))
    third = made(Way.EDIT, first, second, text="three")
    assert [first.part, second.part, third.part] == [0, 1, 2]
    assert len({first.key, second.key, third.key, SENT.key}) == 4


def test_edits_of_two_parts_of_a_thread_have_keys_of_their_own() -> None:
    first = ended(made(Way.EDIT))
    part = replace(SENT, key=made(Way.REPLY).key, part=1, thread=SENT.key)
    assert made(Way.EDIT, first, sent=part).key != first.key


def test_an_amplified_post_is_corrected_under_its_entry() -> None:
    amplified = replace(SENT, entry=EntryId("entry"))
    assert made(Way.EDIT, sent=amplified).key != made(Way.EDIT).key


@pytest.mark.parametrize(
    "state", [DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.HELD]
)
def test_a_second_correction_waits_for_the_first(state: DeliveryState) -> None:
    assert "on its way already" in refused(Way.REPLY, ended(made(), state), text="other")


@pytest.mark.parametrize(
    ("way", "rows", "told"),
    [
        (Way.EDIT, (ended(made()),), "corrected so already"),
        (Way.EDIT, (ended(made(), DeliveryState.FAILED),), "herald outbox retry"),
        (Way.EDIT, (ended(made(Way.DELETE)),), "was deleted"),
        (Way.REPLY, (ended(made(Way.REPLY)),), "corrected so already"),
    ],
    ids=["edited", "failed", "deleted", "answered"],
)
def test_the_same_correction_is_made_once(way: Way, rows: tuple[Delivery, ...], told: str) -> None:
    assert told in refused(way, *rows)


def test_an_edit_that_changes_nothing_is_none() -> None:
    assert "says exactly that" in refused(Way.EDIT, text=a_payload().text)
    back = made(Way.EDIT, ended(made()), text=a_payload().text)
    assert back.part == 1  # the old words again, after others


def test_corrections_of_other_posts_do_not_count() -> None:
    other = replace(ended(made()), channel="sky")
    assert corrections_at(SENT, (other, SENT)) == ()
    assert made(Way.EDIT, other).part == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"state": DeliveryState.CLAIMED}, "wait until that is known"),
        ({"state": DeliveryState.HELD, "reason": Reason.UNCLEAR}, "wait until that is known"),
        ({"state": DeliveryState.PENDING}, "was not sent"),
        ({"state": DeliveryState.FAILED}, "was not sent"),
        ({"remote_id": ""}, "by hand"),
        ({"action": Action.EDIT}, "a correction itself"),
        ({"part": FIRST_REPLY}, "a correction itself"),
    ],
)
def test_only_what_is_certainly_out_there_is_corrected(changes: dict[str, Any], told: str) -> None:
    why = why_not(replace(SENT, **changes))
    assert told in why
    assert bool(why) == bool(told)


def test_a_post_is_edited_where_that_can_be_done_and_else_answered() -> None:
    assert way_for(SENT, ABLE) is Way.EDIT
    assert way_for(SENT, Capabilities(threads=True)) is Way.REPLY
    assert "by hand" in str(way_for(SENT, Capabilities()))
    assert [is_possible(way, SENT, ABLE) for way in Way] == ["", "", ""]
    assert all("cannot" in is_possible(way, SENT, Capabilities()) for way in Way)
