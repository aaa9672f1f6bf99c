"""What a person may decide, and what is said when it may not be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.ids import Language
from herald.outbox import decisions
from herald.outbox.decisions import SECOND_CHANCE
from herald.outbox.lifecycle import By, may_follow
from tests.makers import NOON, a_delivery, a_payload

S, R = DeliveryState, Reason
HOUR = timedelta(hours=1)
LATE = NOON + HOUR
OVER = NOON + 12 * HOUR

Decision = Callable[[Delivery], Delivery | str]
DECISIONS: dict[str, Decision] = {
    "approve": lambda row: decisions.approve(row, now=NOON),
    "hold": decisions.hold,
    "release": lambda row: decisions.release(row, now=NOON),
    "withdraw": decisions.withdraw,
    "retry": lambda row: decisions.retry(row, now=NOON),
    "mark-sent": lambda row: decisions.mark_sent(row, "https://example.org/1", now=NOON),
}

STANDINGS: dict[str, dict[str, Any]] = {
    **{state.value: {"state": state} for state in S if state is not S.HELD},
    **{reason.value: {"state": S.HELD, "reason": reason} for reason in R},
    "withdrawn by hand": {"state": S.WITHDRAWN, "reason": R.PERSON},
}
ALLOWED = {
    ("approve", "approval", "pending"),
    ("hold", "pending", "held"),
    ("release", "person", "pending"),
    ("release", "late", "pending"),
    ("release", "moved", "pending"),
    ("retry", "failed", "pending"),
    ("retry", "expired", "pending"),
    ("retry", "withdrawn by hand", "pending"),
    ("retry", "unclear", "pending"),
    *(("withdraw", standing, "withdrawn") for standing in ("pending", "failed", "expired")),
    *(("withdraw", reason.value, "withdrawn") for reason in R),
    *(("mark-sent", standing, "sent") for standing in ("failed", "expired")),
    *(("mark-sent", reason.value, "sent") for reason in R),
}


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("verb", DECISIONS)
def test_a_decision_is_carried_out_where_it_makes_sense_and_else_explained(
    verb: str, standing: str
) -> None:
    row = a_delivery(**STANDINGS[standing])
    decided = DECISIONS[verb](row)
    expected = [then for v, s, then in ALLOWED if (v, s) == (verb, standing)]
    if not expected:
        assert isinstance(decided, str)
        assert decided
        return
    assert isinstance(decided, Delivery)
    assert [decided.state.value] == expected
    assert may_follow(row.state, decided.state, by=By.PERSON, reason=row.reason)


def decided(outcome: Delivery | str) -> Delivery:
    assert isinstance(outcome, Delivery)
    return outcome


def held(reason: Reason, **changes: Any) -> Delivery:
    return a_delivery(state=S.HELD, reason=reason, **changes)


def test_an_approval_is_for_the_content_that_was_seen() -> None:
    row = decided(decisions.approve(held(R.APPROVAL, content_hash="abc"), now=NOON))
    assert (row.approved, row.released) == ("abc", False)


@pytest.mark.parametrize(
    "decide",
    [
        lambda: decisions.approve(held(R.APPROVAL), now=LATE),
        lambda: decisions.release(held(R.LATE), now=LATE),
        lambda: decisions.retry(a_delivery(state=S.FAILED), now=LATE),
    ],
    ids=["approve", "release", "retry"],
)
def test_what_is_sent_on_late_is_not_asked_for_again(decide: Callable[[], Any]) -> None:
    assert decided(decide()).released


def test_what_is_over_is_not_released_but_may_be_sent_again_on_purpose() -> None:
    told = decisions.release(held(R.LATE), now=OVER)
    assert told == "its moment is over: herald outbox retry sends it all the same"
    row = decided(decisions.retry(a_delivery(state=S.EXPIRED), now=OVER))
    assert (row.next_at, row.not_after_at) == (OVER, OVER + SECOND_CHANCE)


def test_what_was_held_after_a_first_send_and_is_over_can_be_sent_all_the_same() -> None:
    frozen = a_delivery(state=S.HELD, reason=Reason.PERSON, frozen=a_payload())
    assert decisions.release(frozen, now=OVER) == (
        "its moment is over: herald outbox retry sends it all the same"
    )
    row = decided(decisions.retry(frozen, now=OVER))
    assert (row.state, row.frozen) == (S.PENDING, None)
    assert row.not_after_at > OVER
    assert "may be out there" in decisions.caution(frozen)


def test_a_retry_begins_from_the_start() -> None:
    failed = a_delivery(
        state=S.FAILED, attempts=4, error="422", frozen=a_payload(), first_send_at=NOON
    )
    row = decided(decisions.retry(failed, now=NOON + HOUR))
    assert (row.attempts, row.error, row.frozen, row.first_send_at) == (0, "", None, None)
    assert row.next_at == NOON + HOUR


def test_a_retry_before_its_moment_waits_for_it() -> None:
    assert decided(decisions.retry(a_delivery(state=S.FAILED), now=NOON - HOUR)).next_at == NOON


def test_a_retry_ends_a_wait_after_a_failed_attempt() -> None:
    row = decided(decisions.retry(a_delivery(next_at=LATE + HOUR), now=LATE))
    assert (row.state, row.next_at) == (S.PENDING, LATE)


def test_only_what_may_be_out_there_needs_caution() -> None:
    unclear = held(R.UNCLEAR, frozen=a_payload())
    assert "Look at fedi first" in decisions.caution(unclear)
    assert decisions.caution(a_delivery(state=S.FAILED)) == ""


def test_what_is_there_was_sent_when_it_was_first_tried() -> None:
    row = decided(
        decisions.mark_sent(
            held(R.UNCLEAR, first_send_at=NOON, unclear_at=NOON, frozen=a_payload()),
            "https://example.org/1",
            now=LATE,
        )
    )
    assert (row.sent_at, row.url, row.unclear_at) == (NOON, "https://example.org/1", None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"planned_hold": R.DRAFT}, R.DRAFT),
        ({"planned_hold": R.VISIBILITY}, R.VISIBILITY),
        ({"needs_approval": True, "content_hash": "abc"}, R.APPROVAL),
        ({"needs_approval": True, "content_hash": "abc", "approved": "abc"}, None),
        ({"planned_hold": R.TRANSLATION, "translated": "def"}, None),
    ],
)
@pytest.mark.parametrize("state", [S.HELD, S.FAILED])
def test_letting_go_of_one_hold_lets_go_of_no_other(
    state: DeliveryState, changes: dict[str, Any], reason: Reason | None
) -> None:
    row = a_delivery(state=state, reason=R.PERSON if state is S.HELD else None, **changes)
    decide = decisions.release if state is S.HELD else decisions.retry
    assert decided(decide(row, now=NOON)).reason is reason


def translation(**changes: Any) -> Delivery:
    return held(R.TRANSLATION, **({"planned_hold": R.TRANSLATION} | changes))


def test_a_typed_translation_lets_a_delivery_go() -> None:
    row = decided(decisions.translate(translation(), a_payload(text="Typed"), now=NOON))
    assert (row.state, row.reason, row.payload.text) == (S.PENDING, None, "Typed")
    again = decided(decisions.translate(row, a_payload(text="Typed better"), now=NOON))
    assert (again.payload.text, again.translated) == ("Typed better", row.translated)


def test_a_typed_translation_must_be_approved_where_that_is_asked() -> None:
    asked = translation(needs_approval=True, content_hash="abc", approved="abc")
    row = decided(decisions.translate(asked, a_payload(text="Typed"), now=NOON))
    assert (row.state, row.reason) == (S.HELD, R.APPROVAL)


@pytest.mark.parametrize(
    "row",
    [
        a_delivery(),
        held(R.APPROVAL),
        a_delivery(state=S.SENT),
        translation(language=Language("it")),
        a_delivery(state=S.HELD, reason=R.UNCLEAR, planned_hold=R.TRANSLATION),
        translation(frozen=a_payload()),
    ],
    ids=["pending", "approval", "sent", "another language", "unclear", "may be out there"],
)
def test_a_translation_is_refused_where_none_is_missing(row: Delivery) -> None:
    assert isinstance(decisions.translate(row, a_payload(), now=NOON), str)


def test_a_title_is_replaced_where_it_stands() -> None:
    payload = a_payload(title="Muzej", text="Muzej — Žalec\nhttps://example.org/Muzej")
    row = decisions.with_title(payload, "{The museum} 🏛️")
    assert row.text == "{The museum} 🏛️ — Žalec\nhttps://example.org/Muzej"
    assert decisions.with_title(a_payload(text="Body"), "Title").text == "Title\nBody"
