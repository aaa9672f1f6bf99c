"""A thread is one post: it follows its file until its first part goes out, and then stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.model.delivery import FIRST_REPLY, Action, Delivery, DeliveryState, Reason
from herald.model.ids import DeliveryKey, ItemId, Language, OccasionId, campaign_key
from herald.model.plan import Change, Plan, PlannedDelivery, Reconciliation
from herald.outbox.reconcile import reconcile
from tests.makers import NOON, a_delivery, a_payload, a_planned_delivery

HOUR = timedelta(hours=1)
LATER = NOON + 3 * HOUR


def key_of(part: int, item: str = "salt-house", action: str = "create") -> DeliveryKey:
    one = a_delivery(item=ItemId(item))
    return campaign_key(
        one.campaign, one.item, one.occasion, one.channel, one.language, part=part, action=action
    )


def wanted(
    *texts: str, item: str = "salt-house", due_at: Any = LATER
) -> tuple[PlannedDelivery, ...]:
    first = key_of(0, item)
    return tuple(
        a_planned_delivery(
            item=ItemId(item),
            due_at=due_at,
            key=key_of(part, item),
            part=part,
            target=key_of(part - 1, item) if part else None,
            thread=first if part else None,
            payload=a_payload(text=text),
            content_hash=text,
        )
        for part, text in enumerate(texts)
    )


def a_plan(*deliveries: PlannedDelivery) -> Plan:
    return Plan(
        made_at=NOON, first=NOON - HOUR, last=NOON + timedelta(days=2), deliveries=deliveries
    )


def rows_after(rows: tuple[Delivery, ...], difference: Reconciliation) -> tuple[Delivery, ...]:
    after = {row.key: row for row in rows}
    for step in difference.steps:
        if step.after is not None:
            after[step.key] = step.after
    return tuple(after.values())


def enqueued(*planned: PlannedDelivery, rows: tuple[Delivery, ...] = ()) -> tuple[Delivery, ...]:
    return rows_after(rows, reconcile(a_plan(*planned), rows, now=NOON))


def standing(rows: tuple[Delivery, ...]) -> dict[int, tuple[str, str]]:
    return {row.part: (row.state.value, row.payload.text) for row in rows}


def test_each_part_waits_for_the_one_before() -> None:
    rows = enqueued(*wanted("one", "two", "three"))
    assert [
        (row.part, row.target, row.thread) for row in sorted(rows, key=lambda row: row.part)
    ] == [
        (0, None, None),
        (1, key_of(0), key_of(0)),
        (2, key_of(1), key_of(0)),
    ]


def test_an_untouched_thread_follows_its_file_as_parts_come_and_go() -> None:
    rows = enqueued(*wanted("one", "two"))
    rows = enqueued(*wanted("ONE", "TWO", "three"), rows=rows)
    assert standing(rows) == {
        0: ("pending", "ONE"),
        1: ("pending", "TWO"),
        2: ("pending", "three"),
    }
    rows = enqueued(*wanted("ONE"), rows=rows)
    assert {part: state for part, (state, _) in standing(rows).items()} == {
        0: "pending",
        1: "withdrawn",
        2: "withdrawn",
    }
    assert {
        state for state, _ in standing(enqueued(*wanted("a", "b", "c"), rows=rows)).values()
    } == {"pending"}


TOUCHED = {
    "claimed": {"state": DeliveryState.CLAIMED},
    "sent": {"state": DeliveryState.SENT, "sent_at": NOON},
    "unclear": {"state": DeliveryState.HELD, "reason": Reason.UNCLEAR},
    "to be repeated": {"frozen": a_payload(text="one")},
}


@pytest.mark.parametrize("touched", TOUCHED.values(), ids=TOUCHED.keys())
@pytest.mark.parametrize(
    "texts", [("one", "TWO", "three"), ("one", "two", "three", "four"), ("one",), ()], ids=len
)
def test_once_its_first_part_is_out_an_edit_reaches_no_other_part(
    touched: dict[str, Any], texts: tuple[str, ...]
) -> None:
    rows = enqueued(*wanted("one", "two", "three"))
    rows = tuple(replace(row, **touched) if row.part == 0 else row for row in rows)
    after = enqueued(*wanted(*texts), rows=rows)
    assert {row for row in after if row.part} == {row for row in rows if row.part}
    assert len(after) == 3


def test_a_thread_that_failed_at_its_first_part_follows_its_file_again() -> None:
    rows = enqueued(*wanted("one", "two"))
    rows = tuple(replace(row, state=DeliveryState.FAILED) if row.part == 0 else row for row in rows)
    assert standing(enqueued(*wanted("ONE", "TWO"), rows=rows)) == {
        0: ("pending", "ONE"),
        1: ("pending", "TWO"),
    }


def corrections_of(sent: Delivery) -> tuple[Delivery, ...]:
    common = {"target": sent.key, "state": DeliveryState.PENDING, "due_at": LATER}
    return (
        a_delivery(**common, action=Action.EDIT, key=key_of(0, action="edit")),
        a_delivery(**common, action=Action.DELETE, key=key_of(0, action="delete")),
        a_delivery(**common, part=FIRST_REPLY, thread=sent.key, key=key_of(FIRST_REPLY)),
    )


def test_corrections_stay_whatever_the_file_says() -> None:
    (sent,) = (replace(row, state=DeliveryState.SENT) for row in enqueued(*wanted("one")))
    rows = (sent, *corrections_of(sent))
    for texts in (("one",), ("another",), ()):
        difference = reconcile(a_plan(*wanted(*texts)), rows, now=NOON)
        assert [step.after for step in difference.steps if step.after is not None] == []
        assert difference.withdrawals == 0


def test_threads_count_as_one_post_where_many_would_be_withdrawn() -> None:
    """Ten threads of three are ten posts, which may go without asking."""
    planned = [each for nth in range(10) for each in wanted("a", "b", "c", item=f"item-{nth}")]
    rows = enqueued(*planned)
    difference = reconcile(a_plan(), rows, now=NOON)
    assert (difference.withdrawals, difference.refused) == (10, False)
    assert {row.state for row in rows_after(rows, difference)} == {DeliveryState.WITHDRAWN}


def test_the_parts_of_what_is_kept_from_a_slip_stay_with_it() -> None:
    planned = [each for nth in range(11) for each in wanted("a", "b", item=f"item-{nth}")]
    rows = enqueued(*planned)
    difference = reconcile(a_plan(), rows, now=NOON)
    after = rows_after(rows, difference)
    assert difference.refused
    assert {(row.part, row.state) for row in after} == {
        (0, DeliveryState.HELD),
        (1, DeliveryState.PENDING),
    }
    back = rows_after(after, reconcile(a_plan(*planned), after, now=NOON))
    assert {row.state for row in back} == {DeliveryState.PENDING}


def test_a_thread_under_another_name_is_held_at_its_first_part_alone() -> None:
    rows = tuple(
        replace(row, state=DeliveryState.SENT, sent_at=NOON) for row in enqueued(*wanted("a", "b"))
    )
    renamed = [
        replace(each, due_at=NOON, not_after_at=LATER) for each in wanted("a", "b", item="other")
    ]
    after = [row for row in enqueued(*renamed, rows=rows) if row.item == "other"]
    assert {(row.part, row.state, row.reason) for row in after} == {
        (0, DeliveryState.HELD, Reason.MOVED),
        (1, DeliveryState.PENDING, None),
    }


def test_a_moved_occasion_asks_about_its_first_part_alone() -> None:
    rows = tuple(
        replace(row, moves=True, state=DeliveryState.SENT, sent_at=NOON)
        for row in enqueued(*wanted("a", "b"))
    )
    moved = OccasionId("2027-05-11T14:00")
    new = [
        replace(each, occasion=moved, key=DeliveryKey(f"new-{each.part}"))
        for each in wanted("a", "b", due_at=LATER)
    ]
    new[1] = replace(new[1], target=new[0].key, thread=new[0].key)
    difference = reconcile(a_plan(*new), rows, now=NOON)
    held = {step.planned.part: step.reason for step in difference.steps if step.planned}
    assert held == {0: Reason.MOVED, 1: None}
    assert {step.change for step in difference.steps if step.planned} == {Change.NEW}


# --- answers in other languages


def an_answer(**changes: Any) -> dict[str, Any]:
    """Return what makes a delivery the Italian answer to the English one."""
    return {"language": Language("it"), "target": key_of(0), "thread": key_of(0)} | changes


def test_an_answer_in_another_language_follows_its_file_though_what_it_answers_is_out() -> None:
    lead = a_delivery(state=DeliveryState.SENT)
    answer = a_delivery(**an_answer())
    changed = a_planned_delivery(
        **an_answer(payload=a_payload(text="La casa"), content_hash="second")
    )

    found = reconcile(a_plan(a_planned_delivery(), changed), (lead, answer), now=NOON - HOUR)

    after = {step.key: step.after for step in found.steps}[changed.key]
    assert after is not None
    assert after.payload.text == "La casa"


def test_a_language_that_is_translated_later_still_answers() -> None:
    lead = a_delivery(state=DeliveryState.SENT)
    answer = a_planned_delivery(**an_answer())

    found = reconcile(a_plan(a_planned_delivery(), answer), (lead,), now=NOON - HOUR)

    assert {step.key: step.change for step in found.steps}[answer.key] is Change.NEW


def test_the_parts_of_an_answer_stay_once_its_own_first_part_is_out() -> None:
    first = a_delivery(**an_answer(state=DeliveryState.SENT))
    place = (first.campaign, first.item, first.occasion, first.channel, first.language)
    then = {"part": 1, "key": campaign_key(*place, part=1), "target": first.key}
    second = a_delivery(**an_answer(**then))
    changed = a_planned_delivery(
        **an_answer(**then, payload=a_payload(text="Altro"), content_hash="second")
    )

    found = reconcile(a_plan(changed), (first, second), now=NOON - HOUR)

    assert {step.key: step.change for step in found.steps}[second.key] is Change.UNCHANGED


def test_a_thread_that_a_wrong_clock_ended_comes_back_whole() -> None:
    over = "its moment is over"
    rows = tuple(
        replace(
            row,
            state=DeliveryState.EXPIRED,
            note=f"{over}: it waited for part 1, which did not go out in time"
            if row.part
            else over,
        )
        for row in enqueued(*wanted("one", "two", due_at=NOON - HOUR))
    )
    after = enqueued(*wanted("one", "two", due_at=NOON - HOUR), rows=rows)
    assert {row.state for row in after} == {DeliveryState.PENDING}
