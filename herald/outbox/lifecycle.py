"""What may follow what in a delivery's life, as a table, and who may do it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from herald.model.delivery import Delivery, DeliveryState, Reason


class By(StrEnum):
    """Who moves a delivery on."""

    WORKER = "worker"
    """Claiming, settling, looking up, and what claiming finds too late."""
    PLANNING = "planning"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Transition:
    """One step that may be taken; ``reasons`` narrows why a held one is held, empty does not."""

    was: DeliveryState
    then: DeliveryState
    by: By
    reasons: frozenset[Reason] = frozenset()


_S = DeliveryState
_FOR_A_PERSON = frozenset(
    {Reason.UNCLEAR, Reason.APPROVAL, Reason.LATE, Reason.MOVED, Reason.PERSON}
)
_FOR_PLANNING = frozenset(
    # approval: when the files no longer ask for one; late: when the moment itself was moved
    {Reason.TRANSLATION, Reason.VISIBILITY, Reason.WITHDRAWAL, Reason.DRAFT}
    | {Reason.APPROVAL, Reason.LATE}
)
_NOT_UNCLEAR = frozenset(Reason) - {Reason.UNCLEAR}

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_S.PENDING, _S.CLAIMED, By.WORKER),
    Transition(_S.PENDING, _S.EXPIRED, By.WORKER),
    Transition(_S.PENDING, _S.HELD, By.WORKER),
    Transition(_S.PENDING, _S.WITHDRAWN, By.PLANNING),
    Transition(_S.PENDING, _S.EXPIRED, By.PLANNING),
    Transition(_S.PENDING, _S.HELD, By.PLANNING),
    Transition(_S.PENDING, _S.HELD, By.PERSON),
    Transition(_S.PENDING, _S.WITHDRAWN, By.PERSON),
    Transition(_S.CLAIMED, _S.SENT, By.WORKER),
    Transition(_S.CLAIMED, _S.FAILED, By.WORKER),
    Transition(_S.CLAIMED, _S.PENDING, By.WORKER),
    Transition(_S.CLAIMED, _S.EXPIRED, By.WORKER),
    Transition(_S.CLAIMED, _S.HELD, By.WORKER),
    Transition(_S.HELD, _S.PENDING, By.PERSON, _FOR_A_PERSON | {Reason.TRANSLATION}),
    Transition(_S.HELD, _S.SENT, By.PERSON),
    Transition(_S.HELD, _S.WITHDRAWN, By.PERSON),
    Transition(_S.HELD, _S.PENDING, By.PLANNING, _FOR_PLANNING),
    Transition(_S.HELD, _S.WITHDRAWN, By.PLANNING, _NOT_UNCLEAR),
    Transition(_S.HELD, _S.EXPIRED, By.PLANNING, _NOT_UNCLEAR),
    Transition(_S.FAILED, _S.PENDING, By.PERSON),
    Transition(_S.FAILED, _S.HELD, By.PERSON),
    Transition(_S.FAILED, _S.SENT, By.PERSON),
    Transition(_S.FAILED, _S.WITHDRAWN, By.PERSON),
    Transition(_S.FAILED, _S.PENDING, By.PLANNING),
    Transition(_S.FAILED, _S.HELD, By.PLANNING),
    Transition(_S.EXPIRED, _S.PENDING, By.PERSON),
    Transition(_S.EXPIRED, _S.HELD, By.PERSON),
    Transition(_S.EXPIRED, _S.SENT, By.PERSON),
    Transition(_S.EXPIRED, _S.WITHDRAWN, By.PERSON),
    Transition(_S.EXPIRED, _S.PENDING, By.PLANNING),
    Transition(_S.EXPIRED, _S.HELD, By.PLANNING),
    Transition(_S.WITHDRAWN, _S.PENDING, By.PERSON),
    Transition(_S.WITHDRAWN, _S.HELD, By.PERSON),
    Transition(_S.WITHDRAWN, _S.PENDING, By.PLANNING),
    Transition(_S.WITHDRAWN, _S.HELD, By.PLANNING),
)
"""Every change of state; a step within one state (another reason, unclear) needs no line."""


def may_follow(
    was: DeliveryState, then: DeliveryState, *, by: By, reason: Reason | None = None
) -> bool:
    """Tell whether *by* may take a delivery from *was*, held for *reason*, to *then*."""
    return any(
        (each.was, each.then, each.by) == (was, then, by)
        and (not each.reasons or reason in each.reasons)
        for each in TRANSITIONS
    )


def waits(delivery: Delivery) -> bool:
    """Tell whether *delivery* is still to go out and may be changed: pending, or held and clear."""
    if delivery.state is DeliveryState.HELD:
        return delivery.reason is not Reason.UNCLEAR
    return delivery.state is DeliveryState.PENDING
