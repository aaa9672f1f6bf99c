"""What mail servers said of an issue's copies that they did not take, or sent back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, select

from herald.model.bounces import BounceKind
from herald.model.mailing import RecipientState, Refusals
from herald.store.bounces import bounce
from herald.store.engine import Store
from herald.store.mailing_tables import recipient

_MOST = 1000
"""Answers that are told apart, the commonest first: some servers give each one a number."""
_REFUSED = (
    RecipientState.REJECTED.value,
    RecipientState.DEFERRED.value,
    RecipientState.FAILED.value,
)
_FAILED = (BounceKind.HARD.value, BounceKind.SOFT.value)


async def find_refusals(store: Store, key: str) -> tuple[Refusals, ...]:
    """Return what was said of an issue's copies, the commonest first; each copy counts once."""
    copies = func.count().label("copies")
    refused = (
        select(recipient.c.code, recipient.c.reply, copies)
        .where(recipient.c.issue == key, recipient.c.state.in_(_REFUSED))
        .group_by(recipient.c.code, recipient.c.reply)
    )
    # A refusal is written among the bounces too: only what was taken first is new here.
    taken = and_(
        recipient.c.issue == bounce.c.issue,
        recipient.c.subscription == bounce.c.subscription,
        recipient.c.state.not_in(_REFUSED),
    )
    returned = (
        select(
            bounce.c.status,
            bounce.c.diagnostic,
            func.count(bounce.c.subscription.distinct()).label("copies"),
        )
        .join(recipient, taken)
        .where(bounce.c.issue == key, bounce.c.kind.in_(_FAILED))
        .group_by(bounce.c.status, bounce.c.diagnostic)
    )
    most: ColumnElement[Any] = literal_column("copies").desc()
    async with store.reading() as connection:
        found = [
            Refusals(code=row.code, said=row.reply, copies=row.copies)
            for row in await connection.execute(refused.order_by(most).limit(_MOST))
        ]
        found += [
            Refusals(said=f"{row.status} {row.diagnostic}".strip(), copies=row.copies)
            for row in await connection.execute(returned.order_by(most).limit(_MOST))
        ]
    return tuple(sorted(found, key=lambda one: -one.copies))
