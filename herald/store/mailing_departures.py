"""Addresses that are kept off lists before they were ever there, a whole file at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.ids import ListId
from herald.model.mailing import (
    EVERY_LIST,
    Candidate,
    Fate,
    RecipientState,
    RowReport,
    SubscriptionState,
    SuppressionReason,
)
from herald.store.alone import Guarded, alone
from herald.store.engine import Store
from herald.store.mailing_tables import recipient, sign_up, subscription, suppression

_WAITING = (RecipientState.PENDING.value, RecipientState.DEFERRED.value)


async def keep_away(
    store: Store,
    mailing_list: ListId,
    candidates: Sequence[Candidate],
    *,
    reason: SuppressionReason,
    now: datetime,
) -> tuple[RowReport, ...]:
    """Suppress *candidates* on a list, or on every one; take off whoever is there."""
    return await store.write(
        partial(
            _keep_away, mailing_list=mailing_list, candidates=candidates, reason=reason, now=now
        )
    )


async def foresee_away(
    store: Store, mailing_list: ListId, candidates: Sequence[Candidate]
) -> tuple[RowReport, ...]:
    """Tell what ``keep_away`` would do, and change nothing."""
    async with store.reading() as connection:
        return await _judge(connection, mailing_list, candidates)


async def _keep_away(
    connection: AsyncConnection,
    *,
    mailing_list: ListId,
    candidates: Sequence[Candidate],
    reason: SuppressionReason,
    now: datetime,
) -> tuple[RowReport, ...]:
    await alone(connection, Guarded.PEOPLE)
    reports = await _judge(connection, mailing_list, candidates)
    hashes = [candidate.address_hash for candidate in candidates]
    known = await _suppressed(connection, mailing_list, hashes)
    fresh = [
        {"address_hash": one, "list": mailing_list, "reason": reason.value, "at": now}
        for one in hashes
        if one not in known
    ]
    if fresh:
        await connection.execute(insert(suppression), fresh)
    await connection.execute(
        delete(sign_up).where(sign_up.c.address_hash.in_(hashes), _on(sign_up.c.list, mailing_list))
    )
    there = (
        subscription.c.address_hash.in_(hashes),
        _on(subscription.c.list, mailing_list),
        subscription.c.state != SubscriptionState.LEFT.value,
    )
    theirs = select(subscription.c.id).where(*there)
    await connection.execute(
        update(recipient)
        .where(recipient.c.subscription.in_(theirs), recipient.c.state.in_(_WAITING))
        .values(state=RecipientState.SUPPRESSED.value, ended_at=now)
    )
    await connection.execute(
        update(subscription).where(*there).values(state=SubscriptionState.LEFT.value, left_at=now)
    )
    return reports


async def _judge(
    connection: AsyncConnection, mailing_list: ListId, candidates: Sequence[Candidate]
) -> tuple[RowReport, ...]:
    hashes = [candidate.address_hash for candidate in candidates]
    known = await _suppressed(connection, mailing_list, hashes)
    there = set(
        await connection.scalars(
            select(subscription.c.address_hash).where(
                subscription.c.address_hash.in_(hashes),
                _on(subscription.c.list, mailing_list),
                subscription.c.state != SubscriptionState.LEFT.value,
            )
        )
    )
    return tuple(
        _report(one, one.address_hash in there, one.address_hash in known) for one in candidates
    )


async def _suppressed(
    connection: AsyncConnection, mailing_list: ListId, hashes: Sequence[str]
) -> frozenset[str]:
    wanted = select(suppression.c.address_hash).where(
        suppression.c.address_hash.in_(hashes), suppression.c.list == mailing_list
    )
    return frozenset(await connection.scalars(wanted))


def _on(column: ColumnElement[str], mailing_list: ListId) -> ColumnElement[bool]:
    return true() if mailing_list == EVERY_LIST else column == mailing_list


def _report(candidate: Candidate, is_there: bool, is_known: bool) -> RowReport:
    fate = Fate.ALREADY_THERE if is_known else Fate.KEPT_AWAY
    return RowReport(
        line=candidate.line,
        address=candidate.address,
        fate=Fate.TAKEN_OFF if is_there else fate,
        why="is kept away already" if is_known and not is_there else "",
    )
