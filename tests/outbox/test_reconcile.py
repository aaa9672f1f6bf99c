"""What becomes of the outbox when a plan meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from herald.model.campaign import CatchUp
from herald.model.delivery import Action, Delivery, DeliveryState, Reason
from herald.model.ids import ChannelId, DeliveryKey, EntryId, ItemId, Language, OccasionId
from herald.model.plan import Change, Plan, PlannedDelivery, Reconciliation, Step
from herald.outbox.fingerprint import payload_fingerprint
from herald.outbox.reconcile import reconcile
from tests.makers import NOON, a_payload, a_planned_delivery

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
TOMORROW = NOON + DAY


def a_plan(
    *planned: PlannedDelivery, standing: Iterable[PlannedDelivery] = (), **changes: Any
) -> Plan:
    values = {"made_at": NOON, "first": NOON, "last": NOON + 60 * DAY}
    return Plan(deliveries=planned, standing=tuple(standing), **(values | changes))


def wanted(**changes: Any) -> PlannedDelivery:
    return a_planned_delivery(**({"due_at": TOMORROW} | changes))


def at(moment: datetime, **changes: Any) -> PlannedDelivery:
    """Make an absolute occasion at *moment*, known by it."""
    local = moment.replace(tzinfo=None)
    return wanted(
        occasion=OccasionId(f"{local:%Y-%m-%dT%H:%M}"),
        occasion_local=local,
        due_at=moment,
        **changes,
    )


def many(count: int, **changes: Any) -> tuple[PlannedDelivery, ...]:
    return tuple(wanted(item=ItemId(f"item-{nth:03}"), **changes) for nth in range(count))


def applied(rows: Sequence[Delivery], difference: Reconciliation) -> tuple[Delivery, ...]:
    """Return the outbox after the steps were written, as a store writes them."""
    by_key = {row.key: row for row in rows}
    by_key |= {step.key: step.after for step in difference.steps if step.after is not None}
    return tuple(by_key.values())


def planned_once(*planned: PlannedDelivery, now: datetime = NOON) -> tuple[Delivery, ...]:
    """Return the outbox after a first plan."""
    return applied((), reconcile(a_plan(*planned), (), now=now))


def sent(row: Delivery) -> Delivery:
    return replace(row, state=DeliveryState.SENT, sent_at=row.due_at, frozen=row.payload)


def only_step(plan: Plan, *rows: Delivery, now: datetime = NOON, confirmed: str = "") -> Step:
    difference = reconcile(plan, rows, now=now, confirmed=confirmed)
    again = reconcile(plan, applied(rows, difference), now=now, confirmed=confirmed)
    assert [step for step in again.steps if step.after is not None] == []
    (step,) = difference.steps
    return step


def stands(step: Step) -> tuple[str, str, str | None]:
    return (step.change.value, step.state.value, step.reason and step.reason.value)


# New


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        pytest.param({}, "pending", None, id="nothing in its way"),
        pytest.param({"needs_approval": True}, "held", "approval", id="approval"),
        pytest.param({"hold": Reason.TRANSLATION}, "held", "translation", id="translation"),
        pytest.param({"hold": Reason.VISIBILITY}, "held", "visibility", id="visibility"),
        pytest.param({"hold": Reason.DRAFT}, "held", "draft", id="draft"),
        pytest.param(
            {"hold": Reason.DRAFT, "needs_approval": True}, "held", "draft", id="draft first"
        ),
        pytest.param(
            {"due_at": NOON - 6 * MINUTE, "catch_up": CatchUp.ASK}, "held", "late", id="late"
        ),
        pytest.param(
            {"due_at": NOON - 5 * MINUTE, "catch_up": CatchUp.ASK}, "pending", None, id="in time"
        ),
        pytest.param({"due_at": NOON - 6 * MINUTE}, "pending", None, id="late, and may be"),
        pytest.param({"due_at": NOON - DAY}, "expired", None, id="over"),
    ],
)
def test_what_is_new_waits_or_is_held(
    changes: dict[str, Any], state: str, reason: str | None
) -> None:
    step = only_step(a_plan(wanted(**changes)))
    assert stands(step) == ("new", state, reason)
    assert step.after is not None
    assert (step.after.state, step.after.reason) == (step.state, step.reason)
    assert step.after.next_at == step.after.due_at


def test_of_two_that_share_a_key_the_first_is_enqueued() -> None:
    first = wanted(payload=a_payload(text="first"))
    step = only_step(a_plan(first, wanted(payload=a_payload(text="second"))))
    assert step.after is not None
    assert step.after.payload.text == "first"


def test_an_empty_plan_and_an_empty_outbox_differ_in_nothing() -> None:
    assert reconcile(a_plan(), (), now=NOON).steps == ()


# Unchanged, changed


def test_planning_again_changes_nothing() -> None:
    (row,) = planned_once(wanted())
    step = only_step(a_plan(wanted()), row)
    assert stands(step) == ("unchanged", "pending", None)
    assert step.after is None


def test_an_edit_replaces_what_waits_and_starts_anew() -> None:
    (row,) = planned_once(wanted())
    row = replace(row, next_at=TOMORROW + MINUTE, attempts=2)
    edited = wanted(payload=a_payload(text="Edited"), content_hash="second")
    step = only_step(a_plan(edited), row)
    assert stands(step) == ("changed", "pending", None)
    assert step.after is not None
    assert (step.after.payload.text, step.after.next_at) == ("Edited", TOMORROW)


def test_another_limit_of_the_network_does_not_end_a_wait() -> None:
    (row,) = planned_once(wanted())
    row = replace(row, next_at=TOMORROW + MINUTE, attempts=2)
    step = only_step(a_plan(wanted(payload=a_payload(limit=5000))), row)
    assert step.after is not None
    assert (step.after.next_at, step.after.attempts) == (TOMORROW + MINUTE, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": DeliveryState.CLAIMED},
        {"state": DeliveryState.CLAIMED, "unclear_at": NOON},
        {"state": DeliveryState.SENT, "sent_at": NOON},
        {"state": DeliveryState.HELD, "reason": Reason.UNCLEAR},
    ],
    ids=["claimed", "unclear", "sent", "held as unclear"],
)
@pytest.mark.parametrize("still_wanted", [True, False])
def test_what_is_or_may_be_out_there_is_never_touched(
    changes: dict[str, Any], still_wanted: bool
) -> None:
    (row,) = planned_once(wanted())
    row = replace(row, **changes)
    edited = wanted(payload=a_payload(text="Edited"), content_hash="second", due_at=NOON)
    difference = reconcile(a_plan(*([edited] if still_wanted else [])), [row], now=NOON)
    assert [step.after for step in difference.steps if step.after] == []
    if still_wanted:
        (step,) = difference.steps
        is_sent = row.state is DeliveryState.SENT
        assert step.change is (Change.SENT if is_sent else Change.UNCHANGED)
        assert (step.state, step.reason) == (row.state, row.reason)


def test_what_was_sent_in_the_span_and_left_its_file_is_shown() -> None:
    (row,) = planned_once(wanted())
    assert stands(only_step(a_plan(), sent(row))) == ("sent", "sent", None)


# Approval and translation


def test_an_approval_holds_until_what_was_seen_changes() -> None:
    asked = wanted(needs_approval=True)
    (row,) = planned_once(asked)
    approved = replace(row, state=DeliveryState.PENDING, reason=None, approved="first")
    assert stands(only_step(a_plan(asked), approved)) == ("unchanged", "pending", None)
    edited = replace(asked, content_hash="second")
    assert stands(only_step(a_plan(edited), approved)) == ("changed", "held", "approval")


def test_an_approval_that_is_no_longer_asked_for_holds_nothing() -> None:
    (row,) = planned_once(wanted(needs_approval=True))
    assert stands(only_step(a_plan(wanted()), row)) == ("changed", "pending", None)


@pytest.mark.parametrize("reason", [Reason.TRANSLATION, Reason.VISIBILITY, Reason.DRAFT])
def test_a_hold_ends_with_its_cause(reason: Reason) -> None:
    (row,) = planned_once(wanted(hold=reason))
    assert stands(only_step(a_plan(wanted()), row)) == ("changed", "pending", None)


@pytest.mark.parametrize("reason", [Reason.TRANSLATION, Reason.VISIBILITY, Reason.DRAFT])
def test_a_hold_begins_with_its_cause(reason: Reason) -> None:
    (row,) = planned_once(wanted())
    assert stands(only_step(a_plan(wanted(hold=reason)), row)) == ("changed", "held", reason)


def test_a_typed_translation_stands_until_the_original_changes() -> None:
    asked = wanted(hold=Reason.TRANSLATION)
    (row,) = planned_once(asked)
    typed = replace(
        row,
        state=DeliveryState.PENDING,
        reason=None,
        payload=a_payload(text="Typed"),
        translated=payload_fingerprint(asked.payload),
    )
    assert stands(only_step(a_plan(asked), typed)) == ("unchanged", "pending", None)
    moved = replace(asked, due_at=TOMORROW + MINUTE, content_hash="second")
    step = only_step(a_plan(moved), typed)
    assert step.after is not None
    assert (step.state, step.after.payload.text) == (DeliveryState.PENDING, "Typed")
    edited = replace(asked, payload=a_payload(text="Another title"), content_hash="third")
    assert stands(only_step(a_plan(edited), typed)) == ("changed", "held", "translation")


# Held by and for people


@pytest.mark.parametrize("reason", [Reason.PERSON, Reason.MOVED])
def test_what_a_person_must_lift_stays_held_with_its_new_words(reason: Reason) -> None:
    (row,) = planned_once(wanted())
    held = replace(row, state=DeliveryState.HELD, reason=reason, note="because")
    edited = wanted(payload=a_payload(text="Edited"), content_hash="second")
    step = only_step(a_plan(edited), held)
    assert stands(step) == ("changed", "held", reason)
    assert step.after is not None
    assert step.after.payload.text == "Edited"


def test_what_is_late_stays_held_until_its_moment_is_moved() -> None:
    late = wanted(due_at=NOON - 10 * MINUTE, catch_up=CatchUp.ASK)
    (row,) = planned_once(late)
    assert stands(only_step(a_plan(late), row)) == ("unchanged", "held", "late")
    moved = replace(late, due_at=TOMORROW, not_after_at=TOMORROW + DAY, content_hash="second")
    assert stands(only_step(a_plan(moved), row)) == ("changed", "pending", None)


def test_what_a_person_released_late_is_not_asked_for_again() -> None:
    late = wanted(due_at=NOON - 10 * MINUTE, catch_up=CatchUp.ASK)
    (row,) = planned_once(late)
    released = replace(row, state=DeliveryState.PENDING, reason=None, released=True)
    assert stands(only_step(a_plan(late), released)) == ("unchanged", "pending", None)


def test_what_a_person_sent_on_after_its_moment_keeps_its_new_time() -> None:
    over = wanted(due_at=NOON - DAY)
    (row,) = planned_once(over)
    retried = replace(
        row, state=DeliveryState.PENDING, released=True, not_after_at=NOON + DAY, note=""
    )
    assert stands(only_step(a_plan(over), retried)) == ("unchanged", "pending", None)
    assert reconcile(a_plan(), [retried], now=NOON).steps == ()


# Revival


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.EXPIRED])
def test_what_ended_badly_waits_again_when_it_is_changed(state: DeliveryState) -> None:
    planned = wanted(due_at=NOON - MINUTE)
    (row,) = planned_once(planned)
    ended = replace(row, state=state, attempts=3, error="422", released=True)
    assert stands(only_step(a_plan(planned), ended)) == ("unchanged", state, None)
    step = only_step(a_plan(replace(planned, content_hash="second")), ended)
    assert stands(step) == ("changed", "pending", None)
    assert step.after is not None
    assert (step.after.attempts, step.after.error, step.after.released) == (0, "", False)


def test_what_ended_badly_stays_so_when_its_changed_moment_is_over() -> None:
    (row,) = planned_once(wanted())
    failed = replace(row, state=DeliveryState.FAILED)
    over = wanted(content_hash="second", due_at=NOON - DAY)
    assert stands(only_step(a_plan(over), failed)) == ("unchanged", "failed", None)


def test_what_was_skipped_as_late_stays_so() -> None:
    late = wanted(due_at=NOON - 10 * MINUTE, catch_up=CatchUp.SKIP)
    (row,) = planned_once(late)
    expired = replace(row, state=DeliveryState.EXPIRED)
    edited = replace(late, content_hash="second")
    assert stands(only_step(a_plan(edited), expired)) == ("unchanged", "expired", None)


def test_more_patience_brings_back_what_expired() -> None:
    over = wanted(due_at=NOON - DAY)
    (row,) = planned_once(over)
    patient = replace(over, not_after_at=NOON + DAY)
    assert stands(only_step(a_plan(patient), row)) == ("changed", "pending", None)


def test_what_expired_or_was_held_as_late_by_a_clock_that_ran_ahead_waits_again() -> None:
    (row,) = planned_once(wanted())
    expired = replace(row, state=DeliveryState.EXPIRED)
    assert stands(only_step(a_plan(wanted()), expired)) == ("changed", "pending", None)
    late = replace(row, state=DeliveryState.HELD, reason=Reason.LATE)
    assert stands(only_step(a_plan(wanted()), late)) == ("changed", "pending", None)


def test_what_a_clock_that_ran_ahead_let_expire_waits_again_while_it_is_not_over() -> None:
    plan = a_plan(wanted(due_at=NOON - MINUTE))
    (row,) = planned_once(*plan.deliveries, now=NOON - DAY)
    over = only_step(plan, row, now=NOON + 400 * DAY).after
    assert over is not None
    assert over.state is DeliveryState.EXPIRED
    assert stands(only_step(plan, over)) == ("changed", "pending", None)


def test_what_returns_to_its_file_waits_again() -> None:
    (row,) = planned_once(wanted())
    gone = only_step(a_plan(), row)
    assert stands(gone) == ("withdrawn", "withdrawn", None)
    assert gone.after is not None
    assert stands(only_step(a_plan(wanted()), gone.after)) == ("new", "pending", None)


def test_what_a_person_withdrew_does_not_return() -> None:
    (row,) = planned_once(wanted())
    dropped = replace(row, state=DeliveryState.WITHDRAWN, reason=Reason.PERSON)
    step = only_step(a_plan(wanted(content_hash="second")), dropped)
    assert stands(step) == ("unchanged", "withdrawn", "person")


# Withdrawal


@pytest.mark.parametrize(
    "reason",
    [None, Reason.APPROVAL, Reason.DRAFT, Reason.PERSON, Reason.MOVED, Reason.TRANSLATION],
)
def test_what_waits_and_left_its_file_is_withdrawn(reason: Reason | None) -> None:
    (row,) = planned_once(wanted())
    state = DeliveryState.PENDING if reason is None else DeliveryState.HELD
    step = only_step(a_plan(), replace(row, state=state, reason=reason))
    assert stands(step) == ("withdrawn", "withdrawn", None)


@pytest.mark.parametrize(
    ("due_at", "span", "state"),
    [
        pytest.param(NOON - MINUTE, {}, "withdrawn", id="late, yet would be planned"),
        pytest.param(NOON - DAY, {}, "expired", id="over"),
        pytest.param(NOON + 60 * DAY, {}, None, id="where the span ends"),
        pytest.param(NOON + 60 * DAY - MINUTE, {}, "withdrawn", id="just in the span"),
        pytest.param(TOMORROW, {"first": NOON + 2 * DAY}, None, id="before a later span"),
        pytest.param(TOMORROW, {"first": NOON - 9 * DAY}, "withdrawn", id="in an earlier span"),
    ],
)
def test_only_what_the_plan_would_hold_is_withdrawn(
    due_at: datetime, span: dict[str, Any], state: str | None
) -> None:
    (row,) = planned_once(wanted(due_at=due_at), now=due_at)
    steps = reconcile(a_plan(**span), [row], now=NOON).steps
    assert [step.state for step in steps] == ([state] if state else [])


def test_what_still_stands_outside_the_span_is_kept_and_follows_its_file() -> None:
    later = wanted(due_at=NOON + 70 * DAY, content_hash="second")
    (row,) = planned_once(wanted())
    step = only_step(a_plan(standing=[later]), row)
    assert stands(step) == ("changed", "pending", None)
    assert step.after is not None
    assert step.after.next_at == NOON + 70 * DAY


def test_what_stands_outside_the_span_and_never_waited_is_not_enqueued() -> None:
    assert reconcile(a_plan(standing=[wanted()]), (), now=NOON).steps == ()


def test_an_amplified_entry_is_withdrawn_like_any_other() -> None:
    (row,) = planned_once(wanted(entry=EntryId("e1")))
    assert stands(only_step(a_plan(), row)) == ("withdrawn", "withdrawn", None)


def test_a_correction_that_a_person_ordered_is_not_withdrawn() -> None:
    (row,) = planned_once(wanted())
    assert reconcile(a_plan(), [replace(row, action=Action.EDIT)], now=NOON).steps == ()


def test_a_repeat_that_may_be_out_there_is_held_and_not_withdrawn() -> None:
    (row,) = planned_once(wanted())
    repeat = replace(row, frozen=row.payload, first_send_at=NOON)
    assert stands(only_step(a_plan(), repeat)) == ("withdrawn", "held", "unclear")


# Mass withdrawal


@pytest.mark.parametrize(
    ("gone", "of", "refused"),
    [
        pytest.param(10, 10, False, id="all of ten"),
        pytest.param(11, 11, True, id="all of eleven"),
        pytest.param(11, 55, False, id="a fifth"),
        pytest.param(11, 54, True, id="just more than a fifth"),
        pytest.param(60, 100, True, id="most"),
    ],
)
def test_a_slip_of_the_editor_withdraws_nothing(gone: int, of: int, refused: bool) -> None:
    everything = many(of)
    rows = planned_once(*everything)
    difference = reconcile(a_plan(*everything[gone:]), rows, now=NOON)
    assert (difference.refused, difference.withdrawals) == (refused, gone)
    states = [step.state for step in difference.steps if step.change is Change.WITHDRAWN]
    expected = DeliveryState.HELD if refused else DeliveryState.WITHDRAWN
    assert states == [expected] * gone


def test_a_confirmed_mass_withdrawal_is_carried_out() -> None:
    rows = planned_once(*many(20))
    refused = reconcile(a_plan(), rows, now=NOON)
    held = applied(rows, refused)
    assert {row.reason for row in held} == {Reason.WITHDRAWAL}
    difference = reconcile(a_plan(), held, now=NOON, confirmed=refused.hash)
    assert not difference.refused
    assert {row.state for row in applied(held, difference)} == {DeliveryState.WITHDRAWN}


@pytest.mark.parametrize("confirmed", ["", "0" * 12])
def test_a_mass_withdrawal_waits_for_its_own_hash(confirmed: str) -> None:
    rows = planned_once(*many(20))
    first = reconcile(a_plan(), rows, now=NOON)
    held = applied(rows, first)
    again = reconcile(a_plan(), held, now=NOON, confirmed=confirmed)
    assert again.refused
    assert again.hash == first.hash
    assert applied(held, again) == held


def test_what_waits_anew_does_not_let_a_refused_withdrawal_through() -> None:
    rows = planned_once(*many(20))
    held = applied(rows, reconcile(a_plan(), rows, now=NOON))
    others = tuple(wanted(key=DeliveryKey(f"other {n}"), item=ItemId("o")) for n in range(200))
    grown = (*held, *planned_once(*others))
    again = reconcile(a_plan(*others), grown, now=NOON)
    assert (again.refused, again.withdrawals) == (True, 20)
    assert applied(grown, again) == grown


@pytest.mark.parametrize("reason", [Reason.APPROVAL, Reason.TRANSLATION, Reason.DRAFT])
def test_what_files_hold_cannot_be_sent_on_while_its_withdrawal_is_refused(reason: Reason) -> None:
    asks = reason is Reason.APPROVAL
    changed = {"needs_approval": asks, "hold": None if asks else reason}
    everything = tuple(replace(each, **changed) for each in many(20))
    rows = planned_once(*everything)
    assert {row.reason for row in rows} == {reason}
    refused = applied(rows, reconcile(a_plan(), rows, now=NOON))
    assert {row.reason for row in refused} == {Reason.WITHDRAWAL}
    mended = applied(refused, reconcile(a_plan(*everything), refused, now=NOON))
    assert {row.reason for row in mended} == {reason}


def test_another_set_of_withdrawals_has_another_hash() -> None:
    everything = many(20)
    rows = planned_once(*everything)
    hashes = {reconcile(a_plan(*everything[n:]), rows, now=NOON).hash for n in range(15, 20)}
    assert len(hashes) == 5


def test_a_file_put_right_releases_what_was_kept() -> None:
    everything = many(20)
    rows = planned_once(*everything)
    held = applied(rows, reconcile(a_plan(), rows, now=NOON))
    difference = reconcile(a_plan(*everything), held, now=NOON)
    assert not difference.refused
    assert {row.state for row in applied(held, difference)} == {DeliveryState.PENDING}


def test_what_was_kept_is_not_withdrawn_because_little_of_it_is_left() -> None:
    everything = many(20)
    rows = planned_once(*everything)
    held = applied(rows, reconcile(a_plan(), rows, now=NOON))
    difference = reconcile(a_plan(*everything[:15]), held, now=NOON)
    assert difference.refused
    after = applied(held, difference)
    assert sum(row.reason is Reason.WITHDRAWAL for row in after) == 5
    assert sum(row.state is DeliveryState.PENDING for row in after) == 15


def test_what_a_person_held_keeps_that_reason_in_a_mass_withdrawal() -> None:
    rows = planned_once(*many(20))
    rows = (replace(rows[0], state=DeliveryState.HELD, reason=Reason.PERSON), *rows[1:])
    after = applied(rows, reconcile(a_plan(), rows, now=NOON))
    assert after[0] == rows[0]


def test_moving_a_whole_campaign_is_no_mass_withdrawal() -> None:
    rows = planned_once(*(at(TOMORROW, item=ItemId(f"i{n}")) for n in range(30)))
    later = tuple(at(TOMORROW + DAY, item=ItemId(f"i{n}")) for n in range(30))
    difference = reconcile(a_plan(*later), rows, now=NOON)
    assert (difference.refused, difference.withdrawals) == (False, 0)
    states = [row.state for row in applied(rows, difference)]
    assert states.count(DeliveryState.WITHDRAWN) == states.count(DeliveryState.PENDING) == 30


def test_a_move_to_another_account_is_a_withdrawal() -> None:
    rows = planned_once(*many(20))
    elsewhere = many(20, channel=ChannelId("sky"))
    difference = reconcile(a_plan(*elsewhere), rows, now=NOON)
    assert (difference.refused, difference.withdrawals) == (True, 20)


# Moved


def moved_key(plan: Plan, *rows: Delivery, now: datetime = NOON) -> list[tuple[str, str]]:
    """Return occasion and reason of what is held as moved, after every step was written."""
    difference = reconcile(plan, rows, now=now)
    after = applied(rows, difference)
    again = reconcile(plan, after, now=now)
    assert [step for step in again.steps if step.after is not None] == []
    return sorted((row.occasion, row.note) for row in after if row.reason is Reason.MOVED)


def test_a_sent_post_whose_moment_is_edited_is_not_posted_again() -> None:
    old, new = at(NOON - MINUTE), at(TOMORROW)
    (row,) = planned_once(old)
    held = moved_key(a_plan(new), sent(row))
    note = "sent on 2027-05-10 13:59; release to post again"
    assert held == [(new.occasion, note)]


def test_a_sent_post_that_still_stands_in_its_file_holds_nothing() -> None:
    old, new = at(NOON - 3 * DAY), at(TOMORROW)
    (row,) = planned_once(old, now=NOON - 3 * DAY)
    assert moved_key(a_plan(new, standing=[old]), sent(row)) == []
    assert moved_key(a_plan(old, new), sent(row)) == []


def test_only_the_earliest_new_one_is_held_for_one_that_left() -> None:
    (row,) = planned_once(at(NOON - MINUTE))
    first, second = at(TOMORROW), at(TOMORROW + DAY)
    assert [name for name, _ in moved_key(a_plan(second, first), sent(row))] == [first.occasion]


def test_as_many_are_held_as_left() -> None:
    rows = [sent(row) for row in planned_once(at(NOON - MINUTE), at(NOON))]
    new = [at(TOMORROW + nth * DAY) for nth in range(3)]
    held = [name for name, _ in moved_key(a_plan(*new), *rows)]
    assert held == [new[0].occasion, new[1].occasion]


@pytest.mark.parametrize(
    "changes",
    [
        {"item": ItemId("walk")},
        {"channel": ChannelId("sky")},
        {"language": Language("it")},
        {"moves": False},
    ],
    ids=["another item", "another account", "another language", "a recurrence"],
)
def test_what_is_no_repeat_is_not_held(changes: dict[str, Any]) -> None:
    (row,) = planned_once(at(NOON - MINUTE))
    assert moved_key(a_plan(at(TOMORROW, **changes)), sent(row)) == []


def test_a_recurring_post_that_left_holds_nothing() -> None:
    (row,) = planned_once(at(NOON - MINUTE, moves=False))
    assert moved_key(a_plan(at(TOMORROW)), sent(row)) == []


def test_what_was_not_sent_may_move_freely() -> None:
    (row,) = planned_once(at(TOMORROW))
    assert moved_key(a_plan(at(TOMORROW + DAY)), row) == []


def test_a_person_answers_for_a_move_once() -> None:
    (old,) = planned_once(at(NOON - MINUTE))
    new = at(TOMORROW)
    after = applied([sent(old)], reconcile(a_plan(new), [sent(old)], now=NOON))
    released = [
        replace(row, state=DeliveryState.PENDING, reason=None, note="")
        if row.reason is Reason.MOVED
        else row
        for row in after
    ]
    assert moved_key(a_plan(new, at(TOMORROW + DAY)), *released) == []


def test_moving_again_before_the_answer_is_held_again() -> None:
    (old,) = planned_once(at(NOON - MINUTE))
    after = applied([sent(old)], reconcile(a_plan(at(TOMORROW)), [sent(old)], now=NOON))
    third = at(TOMORROW + DAY)
    assert [name for name, _ in moved_key(a_plan(third), *after)] == [third.occasion]


def relative(name: str, moment: datetime, **changes: Any) -> PlannedDelivery:
    return wanted(
        occasion=OccasionId(name),
        occasion_local=moment.replace(tzinfo=None),
        due_at=moment,
        content_hash=f"{moment}",
        **changes,
    )


def test_an_event_that_moves_after_it_was_announced_asks_before_the_next_word() -> None:
    rows = planned_once(
        relative("before-14d", NOON),
        relative("before-2d", NOON + 12 * DAY),
        relative("before-1d", NOON + 13 * DAY),
    )
    announced = (sent(rows[0]), *rows[1:])
    week = 7 * DAY
    moved = a_plan(
        relative("before-14d", NOON + week),
        relative("before-2d", NOON + 12 * DAY + week),
        relative("before-1d", NOON + 13 * DAY + week),
    )
    assert [name for name, _ in moved_key(moved, *announced)] == ["before-2d"]


def test_another_hour_of_the_same_day_is_no_move() -> None:
    rows = planned_once(relative("before-14d", NOON), relative("before-2d", NOON + 12 * DAY))
    hour = timedelta(hours=1)
    shifted = a_plan(
        relative("before-14d", NOON + hour), relative("before-2d", NOON + 12 * DAY + hour)
    )
    assert moved_key(shifted, sent(rows[0]), rows[1]) == []


def test_a_moment_that_is_over_and_says_what_was_said_is_held() -> None:
    (row,) = planned_once(at(NOON - MINUTE))
    renamed = at(NOON - MINUTE, item=ItemId("renamed"), moves=False)
    assert [name for name, _ in moved_key(a_plan(renamed), sent(row))] == [renamed.occasion]


def in_doubt(row: Delivery) -> Delivery:
    return replace(row, state=DeliveryState.HELD, reason=Reason.UNCLEAR, frozen=row.payload)


def being_sent(row: Delivery) -> Delivery:
    return replace(row, state=DeliveryState.CLAIMED, frozen=row.payload)


def repeating(row: Delivery) -> Delivery:
    """Let it wait to be sent again, after a first time that may have arrived."""
    return replace(row, state=DeliveryState.PENDING, frozen=row.payload)


@pytest.mark.parametrize("state", [being_sent, in_doubt, repeating])
def test_what_may_be_out_there_counts_as_sent_when_its_moment_is_edited(
    state: Callable[[Delivery], Delivery],
) -> None:
    old, new = at(NOON - MINUTE), at(TOMORROW)
    (row,) = planned_once(old)
    note = "perhaps sent on 2027-05-10 13:59; release to post again"
    assert moved_key(a_plan(new), state(row)) == [(new.occasion, note)]


@pytest.mark.parametrize("state", [being_sent, in_doubt, repeating])
def test_what_may_be_out_there_counts_as_sent_when_it_is_renamed(
    state: Callable[[Delivery], Delivery],
) -> None:
    (row,) = planned_once(at(NOON - MINUTE, moves=False))
    renamed = at(NOON - MINUTE, item=ItemId("renamed"), moves=False)
    assert [name for name, _ in moved_key(a_plan(renamed), state(row))] == [renamed.occasion]


def test_what_is_renamed_while_it_is_sent_is_held_by_a_plan_made_just_before() -> None:
    (row,) = planned_once(at(NOON + MINUTE, moves=False))
    renamed = at(NOON + MINUTE, item=ItemId("renamed"), moves=False)
    held = moved_key(a_plan(renamed), being_sent(row))
    assert [name for name, _ in held] == [renamed.occasion]


@pytest.mark.parametrize(
    ("moment", "changes"),
    [
        pytest.param(NOON - MINUTE, {"payload": a_payload(text="New words")}, id="other words"),
        pytest.param(NOON - MINUTE, {"channel": ChannelId("sky")}, id="another account"),
        pytest.param(NOON - MINUTE, {"language": Language("it")}, id="another language"),
        pytest.param(TOMORROW, {}, id="a moment to come"),
    ],
)
def test_a_new_post_that_only_resembles_a_sent_one_goes_out(
    moment: datetime, changes: dict[str, Any]
) -> None:
    (row,) = planned_once(at(NOON - 2 * MINUTE))
    new = at(moment, item=ItemId("renamed"), moves=False, **changes)
    assert moved_key(a_plan(new), sent(row)) == []


def test_a_draft_that_may_be_a_repeat_asks_for_both() -> None:
    (row,) = planned_once(at(NOON - MINUTE))
    draft = at(TOMORROW, hold=Reason.DRAFT)
    difference = reconcile(a_plan(draft), [sent(row)], now=NOON)
    (step,) = [step for step in difference.steps if step.change is Change.NEW]
    assert step.reason is Reason.MOVED
    assert step.after is not None
    assert step.after.planned_hold is Reason.DRAFT


# Size


def test_the_order_of_steps_is_that_of_the_plan_then_of_time() -> None:
    rows = planned_once(wanted(), wanted(item=ItemId("walk"), due_at=TOMORROW + DAY))
    fresh = wanted(item=ItemId("news"))
    difference = reconcile(a_plan(fresh), rows[::-1], now=NOON)
    assert [step.change for step in difference.steps] == [
        Change.NEW,
        Change.WITHDRAWN,
        Change.WITHDRAWN,
    ]
    gone = [step.key for step in difference.steps[1:]]
    assert gone == [row.key for row in sorted(rows, key=lambda row: row.due_at)]
