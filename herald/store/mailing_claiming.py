"""Claims copies of issues and settles them: what many connections bring is one transaction.

Between two copies a connection brings what came of the one and the wish for the other.  Both are
written in one transaction, so a copy's end is never durable later than its connection's next
claim: a crash leaves at most one doubtful copy per connection.  And all who wait are written
together, with statements that count neither connections nor recipients, and one fsync.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.ids import Language
from herald.model.mailing import (
    EVERY_LIST,
    DueCopy,
    RecipientClaim,
    RecipientState,
    Settled,
    SubscriptionId,
    SubscriptionState,
    Turned,
    Wish,
)
from herald.store.alone import Guarded, alone_in
from herald.store.doubting import recognised, refuse_moved
from herald.store.engine import Store
from herald.store.grouping import Grouped
from herald.store.mailing_paces import Gate, rest_domains, spend
from herald.store.mailing_tables import recipient, subscriber, subscription, suppression
from herald.store.tables import instance

MOST = 200
"""Written in one transaction; more would keep others from writing."""

_r = recipient.c
_OPEN = (RecipientState.CLAIMED.value, RecipientState.UNCERTAIN.value)
_WAITING = (RecipientState.DEFERRED, RecipientState.PENDING)
"""A copy that waited already comes before one that is new."""


def is_suppressed() -> ColumnElement[bool]:
    """Tell of a subscription in an outer query whether its address is suppressed."""
    return (
        select(suppression.c.address_hash)
        .where(
            suppression.c.address_hash == subscription.c.address_hash,
            or_(suppression.c.list == EVERY_LIST, suppression.c.list == subscription.c.list),
        )
        .correlate(subscription)
        .exists()
    )


_ADDRESSED = recipient.join(subscription, subscription.c.id == _r.subscription, isouter=True).join(
    subscriber, subscriber.c.address_hash == subscription.c.address_hash, isouter=True
)
_BROUGHT = (
    select(_r.id, _r.token, _r.state)
    .where(_r.id.in_(bindparam("ids", expanding=True)))
    .order_by(_r.id)
    .with_for_update()
)
_WISHED = (
    select(
        recipient,
        subscription.c.state.label("tie"),
        subscriber.c.address,
        subscriber.c.name,
        is_suppressed().label("is_suppressed"),
    )
    .select_from(_ADDRESSED)
    .where(
        _r.id.in_(bindparam("ids", expanding=True)),
        _r.state.in_([state.value for state in _WAITING]),
        _r.next_at <= bindparam("now", type_=_r.next_at.type),
    )
    .order_by(_r.id)
    .with_for_update(of=recipient, skip_locked=True)
)
_SETTLE = (
    update(recipient)
    .where(_r.id == bindparam("of_id"))
    .values(
        state=bindparam("to_state"),
        attempts=bindparam("to_attempts"),
        code=bindparam("to_code"),
        reply=bindparam("to_reply"),
        queue_id=bindparam("to_queue_id"),
        next_at=func.coalesce(bindparam("to_next_at", type_=_r.next_at.type), _r.next_at),
        lease_ends_at=None,
        ended_at=bindparam("to_ended_at"),
    )
)
_CLAIM = (
    update(recipient)
    .where(_r.id == bindparam("of_id"))
    .values(
        state=RecipientState.CLAIMED.value,
        token=bindparam("to_token"),
        owner=bindparam("to_owner"),
        lease_ends_at=bindparam("to_lease_ends_at"),
        first_at=bindparam("to_first_at"),
        claimed_at=bindparam("to_claimed_at"),
    )
)
_BAR = (
    update(recipient)
    .where(_r.id == bindparam("of_id"))
    .values(state=bindparam("to_state"), ended_at=bindparam("to_ended_at"))
)


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """What one connection brings."""

    settled: Settled | None
    wish: Wish | None
    now: datetime


class GroupTurns:
    """Takes the turns of many connections at the journal together (``Grouped``)."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate
        self._group: Grouped[_Turn, Turned] = Grouped(self._write, most=MOST)

    async def turn(self, *, settled: Settled | None, wish: Wish | None, now: datetime) -> Turned:
        """Return once what this connection brought is durable."""
        return await self._group.bring(_Turn(settled, wish, now))

    async def _write(self, turns: Sequence[_Turn]) -> Sequence[Turned]:
        if self._store.path is not None:
            return await self._store.write_at_once(
                lambda connection: _take_here(connection, turns, self._gate)
            )
        return await self._store.write(
            lambda connection: _take_there(connection, turns, self._gate)
        )


async def give_back(store: Store, wish: Wish, *, claimed_at: datetime) -> bool:
    """Let a copy wait again that was claimed for *wish* at *claimed_at*, of which nobody knows.

    A database may commit and be gone before it says so. The copy's claim has an owner and a
    moment: no other claim has both.
    """
    undone = (
        update(recipient)
        .where(
            _r.id == wish.id,
            _r.state == RecipientState.CLAIMED.value,
            _r.owner == wish.owner,
            _r.claimed_at == claimed_at,
        )
        .values(state=RecipientState.PENDING.value, lease_ends_at=None)
        .returning(_r.id)
    )
    async with store.writing() as connection:
        return (await connection.execute(undone)).one_or_none() is not None


async def due_copies(
    store: Store, key: str, *, most: int, now: datetime, gate: Gate, senders: Collection[str]
) -> tuple[DueCopy, ...]:
    """Return copies of an issue that may be claimed, the first due first."""
    found: list[DueCopy] = []
    async with store.reading() as connection:
        lanes = await connection.run_sync(lambda sync: gate.look(sync, now=now))
        if not all(lanes.free(sender) for sender in senders):
            return ()
        barred = sorted(lanes.barred_domains)
        # One state at a time, so that the index gives the order: sorting the whole audience for
        # every look would make a list of ten thousand crawl.
        for state in _WAITING:
            due = (
                select(_r.id, _r.subscription, _r.language, _r.domain, subscriber.c.address)
                .select_from(_ADDRESSED)
                .where(_r.issue == key, _r.state == state.value, _r.next_at <= now)
                .order_by(_r.next_at)
                .limit(most - len(found))
            )
            if barred:
                due = due.where(_r.domain.not_in(barred))
            found.extend(_due_copy(row) for row in await connection.execute(due))
            if len(found) >= most:
                break
    return tuple(found)


async def _take_there(
    connection: AsyncConnection, turns: Sequence[_Turn], gate: Gate
) -> list[Turned]:
    """Take turns at a server's database: one that was put back owes nobody a copy."""
    wished = [each.now for each in turns if each.wish is not None]
    if wished:
        await recognised(connection, now=max(wished))
    return await connection.run_sync(_take, turns, gate)


def _take_here(connection: Connection, turns: Sequence[_Turn], gate: Gate) -> list[Turned]:
    """Take turns at a file, which is put back only while no Herald runs."""
    if any(each.wish is not None for each in turns):
        refuse_moved(connection.execute(select(instance)).one_or_none())
    return _take(connection, turns, gate)


def _take(connection: Connection, turns: Sequence[_Turn], gate: Gate) -> list[Turned]:
    """Settle and claim in this transaction; tell each connection what its turn came to."""
    settled = [(each.settled, each.now) for each in turns if each.settled is not None]
    wishes = [(each.wish, each.now) for each in turns if each.wish is not None]
    slowed = [each.claim.id for each, _ in settled if each.verdict.slows_down]
    if slowed or (wishes and gate.limits.is_any):
        alone_in(connection, Guarded.LETTERS)  # before any row is locked
    fresh = iter(_settle(connection, settled) if settled else ())
    resting = rest_domains(connection, slowed, now=turns[0].now) if slowed else {}
    shut = frozenset(resting.values())
    claims, kept = _claim(connection, wishes, gate, shut) if wishes else ({}, {})
    return [
        Turned(
            claim=claims.pop(each.wish.id, None) if each.wish else None,
            is_fresh=each.settled is None or next(fresh),
            is_full=each.wish is not None and kept.get(each.wish.id) == "",
            barred_domain=_barred(each, kept, resting),
        )
        for each in turns
    ]


def _settle(connection: Connection, brought: Sequence[tuple[Settled, datetime]]) -> list[bool]:
    """Write what came of claimed copies; tell of each whether its claim was fresh.

    A copy that was called uncertain meanwhile, because its lease lapsed, takes the late answer.
    """
    ids = sorted({each.claim.id for each, _ in brought})
    found = connection.execute(_BROUGHT, {"ids": ids})
    tokens = {row.id: row.token for row in found if row.state in _OPEN}
    # One answer to each: whoever repeats it in the same breath is late.
    fresh = [tokens.pop(each.claim.id, None) == each.claim.token for each, _ in brought]
    values = [
        _settlement(each, now)
        for (each, now), is_fresh in zip(brought, fresh, strict=True)
        if is_fresh
    ]
    if values:
        connection.execute(_SETTLE, values)
    return fresh


def _settlement(settled: Settled, now: datetime) -> dict[str, Any]:
    verdict = settled.verdict
    return {
        "of_id": settled.claim.id,
        "to_state": verdict.state.value,
        "to_attempts": verdict.attempts,
        "to_code": verdict.code,
        "to_reply": verdict.reply,
        "to_queue_id": verdict.queue_id,
        "to_next_at": verdict.next_at,
        "to_ended_at": None if verdict.state is RecipientState.PENDING else now,
    }


def _claim(
    connection: Connection,
    brought: Sequence[tuple[Wish, datetime]],
    gate: Gate,
    shut: frozenset[str],
) -> tuple[dict[int, RecipientClaim], dict[int, str]]:
    """Claim the wished copies that may be sent, settling those that may not; return by id.

    And which are kept back: with their domain, or with nothing where more than that is full.
    Nothing goes to the domains that are *shut*.
    """
    now = max(moment for _, moment in brought)
    lanes = gate.open(connection, now=now) if gate.limits.is_any else None
    wishes = {wish.id: (wish, moment) for wish, moment in reversed(brought)}  # the first wins
    found = connection.execute(_WISHED, {"ids": sorted(wishes), "now": now})
    claims: dict[int, RecipientClaim] = {}
    kept: dict[int, str] = {}
    taken, barred = [], []
    for row in found:
        wish, moment = wishes[row.id]
        why = _why_barred(row)
        if why is not None:
            barred.append({"of_id": row.id, "to_state": why.value, "to_ended_at": moment})
            continue
        if row.domain in shut or (lanes and not lanes.take(wish.sender, row.domain)):
            is_full = lanes is not None and not lanes.free(wish.sender)
            kept[row.id] = "" if is_full else row.domain
            continue
        claims[row.id] = claim = _claim_of(row, moment)
        taken.append(
            {
                "of_id": row.id,
                "to_token": claim.token,
                "to_owner": wish.owner,
                "to_lease_ends_at": moment + wish.lease,
                "to_first_at": claim.first_at,
                "to_claimed_at": moment,
            }
        )
    if barred:
        connection.execute(_BAR, barred)
    if taken:
        connection.execute(_CLAIM, taken)
    if lanes is not None:
        spend(connection, lanes)
    return claims, kept


def _barred(turn: _Turn, kept: Mapping[int, str], resting: Mapping[int, str]) -> str:
    """Return the domain that this connection finds shut, for its limit or because it asked."""
    limited = kept.get(turn.wish.id, "") if turn.wish is not None else ""
    return limited or (resting.get(turn.settled.claim.id, "") if turn.settled else "")


def _claim_of(row: Any, now: datetime) -> RecipientClaim:
    return RecipientClaim(
        id=row.id,
        issue=row.issue,
        token=row.token + 1,
        attempts=row.attempts,
        first_at=row.first_at or now,
        subscription=SubscriptionId(row.subscription),
        address=row.address,
        name=row.name,
        language=Language(row.language),
    )


def _due_copy(row: Any) -> DueCopy:
    return DueCopy(
        id=row.id,
        subscription=SubscriptionId(row.subscription or ""),
        address=row.address or "",
        language=Language(row.language),
        domain=row.domain,
    )


def _why_barred(row: Any) -> RecipientState | None:
    if row.address is None:
        return RecipientState.CANCELLED
    if row.is_suppressed or row.tie != SubscriptionState.SUBSCRIBED.value:
        return RecipientState.SUPPRESSED
    return None
