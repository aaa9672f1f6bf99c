"""A language is not said twice, though a post was claimed after the plan was made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from herald.model.delivery import Delivery, DeliveryState
from herald.model.ids import Language, OccasionId
from herald.model.plan import Plan, PlannedDelivery, Reconciliation
from herald.outbox.reconcile import reconcile
from tests.makers import NOON, a_delivery, a_payload, a_planned_delivery

EN, IT = Language("en"), Language("it")
BOTH = a_payload(text="The salt house. IT: La casa del sale.", also=(IT,))
OUT = pytest.mark.parametrize("state", [DeliveryState.CLAIMED, DeliveryState.SENT])


def met(*planned: PlannedDelivery, rows: tuple[Delivery, ...]) -> Reconciliation:
    plan = Plan(
        made_at=NOON,
        first=NOON,
        last=NOON + timedelta(days=1),
        deliveries=planned,
    )
    return reconcile(plan, rows, now=NOON)


def changed(found: Reconciliation) -> dict[str, Any]:
    return {step.key: step.after for step in found.steps if step.after is not None}


@OUT
def test_a_post_takes_in_no_language_that_is_just_being_said(state: DeliveryState) -> None:
    rows = (a_delivery(), a_delivery(language=IT, state=state))

    found = met(a_planned_delivery(payload=BOTH, content_hash="both"), rows=rows)

    assert rows[0].key not in changed(found)


@OUT
def test_a_language_of_a_post_that_is_just_being_said_gets_none_of_its_own(
    state: DeliveryState,
) -> None:
    sent = a_delivery(payload=BOTH, state=state)

    found = met(a_planned_delivery(), a_planned_delivery(language=IT), rows=(sent,))

    assert changed(found) == {}


def test_a_post_that_failed_has_said_nothing() -> None:
    failed = a_delivery(payload=BOTH, state=DeliveryState.FAILED)
    apart = a_planned_delivery(language=IT)

    assert apart.key in changed(met(apart, rows=(failed,)))


def test_other_moments_are_as_ever() -> None:
    out = a_delivery(
        language=IT, state=DeliveryState.SENT, occasion=OccasionId("launch"), moves=False
    )
    both = a_planned_delivery(payload=BOTH)

    assert both.key in changed(met(both, rows=(out,)))
