"""Brings the outbox in line with a plan, while others go on claiming and settling.

Reading and deciding take the longest, so they are done without the write lock, and deciding beside
the event loop. What was decided is then written in one short transaction, provided that the rows
it changes still stand as they were read and nobody else has reconciled. So whatever was claimed,
settled or decided in between might as well have come after; else everything is done once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import Delivery
from herald.model.ids import DeliveryKey
from herald.model.plan import Change, Plan, Reconciliation, Step
from herald.store import tables
from herald.store.alone import Guarded, alone
from herald.store.batches import batches
from herald.store.collecting import uncollected
from herald.store.engine import Store
from herald.store.notifying import Heard, notify
from herald.store.past import concerned_by
from herald.store.planner import fence
from herald.store.rows import COLUMNS, change_rows, from_row, insert_rows, read_rows
from herald.store.upsert import upsert

FREE_TRIES = 3
"""So often may others come in between; then they are kept waiting once."""

_d = tables.delivery.c
_Decide = Callable[[Sequence[Delivery]], Reconciliation]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """A difference, what of it is to be written, and what it was decided upon."""

    difference: Reconciliation
    changes: dict[DeliveryKey, Step]
    """The steps that change something."""
    was: dict[DeliveryKey, Delivery]
    """Their rows as they were read, where there were any."""
    beside: dict[DeliveryKey, Delivery]
    """The first parts of threads whose others it changes: one that was claimed since forbids it."""
    run: int
    """The last reconciliation that changed something."""
    first_seen: tuple[str, ...] = ()
    """What the plan holds and no plan before it."""


async def reconcile_rows(
    store: Store, plan: Plan, decide: _Decide, *, now: datetime, turn: int | None = None
) -> Reconciliation:
    """Read, let *decide* compare, and write its steps (see OutboxStore.reconcile)."""
    with uncollected():
        return await _reconcile(store, plan, decide, now=now, turn=turn)


async def _reconcile(
    store: Store, plan: Plan, decide: _Decide, *, now: datetime, turn: int | None
) -> Reconciliation:
    for _ in range(FREE_TRIES):
        decided = await _decided_freely(store, plan, decide, now=now)
        written = await store.write(
            partial(_write_if_it_stands, decided=decided, now=now, turn=turn)
        )
        if written is not None:
            return written
    return await store.write(partial(_decide_alone, plan=plan, decide=decide, now=now, turn=turn))


async def _write_if_it_stands(
    connection: AsyncConnection, *, decided: _Decided, now: datetime, turn: int | None
) -> Reconciliation | None:
    """Write what was decided; None if it was decided upon what is no more."""
    await alone(connection, Guarded.PLANNING)
    await fence(connection, turn)
    if not await _still_stands(connection, decided):
        return None
    return await _write(connection, decided, now=now)


async def _decide_alone(
    connection: AsyncConnection,
    *,
    plan: Plan,
    decide: _Decide,
    now: datetime,
    turn: int | None,
) -> Reconciliation:
    """Decide while everybody else waits."""
    await alone(connection, Guarded.PLANNING)
    await fence(connection, turn)
    rows = await concerned_by(connection, plan, now=now)
    for some in batches(sorted(row.key for row in rows)):
        locking = select(_d.key).where(_d.key.in_(some)).order_by(_d.key).with_for_update()
        await connection.execute(locking)
    decided = await _compared(connection, plan, decide, now=now)
    return await _write(connection, decided, now=now)


def everything() -> Select[Any]:
    """Return what selects every delivery, by due_at and key."""
    return select(*COLUMNS).order_by(_d.due_at, _d.key)


async def _decided_freely(store: Store, plan: Plan, decide: _Decide, *, now: datetime) -> _Decided:
    """Decide upon one moment's state, which may have passed by then."""
    async with store.reading() as connection:
        return await _compared(connection, plan, decide, now=now)


async def _compared(
    connection: AsyncConnection, plan: Plan, decide: _Decide, *, now: datetime
) -> _Decided:
    """Read, let *decide* compare, and pick what is to be written."""
    run, unseen = await _last_run(connection), await _unseen(connection, plan)
    rows = {row.key: row for row in await concerned_by(connection, plan, now=now)}
    difference = await asyncio.to_thread(decide, tuple(rows.values()))
    unread = {step.key for step in difference.steps if step.after is not None} - rows.keys()
    for some in batches(sorted(unread - {each.key for each in plan.deliveries})):
        more = await read_rows(connection, select(*COLUMNS).where(_d.key.in_(some)))
        rows |= {row.key: row for row in more}
    changes = await asyncio.to_thread(_changes, difference, rows)
    was = {key: rows[key] for key in changes if key in rows}
    threads = {
        key
        for step in changes.values()
        if step.after is not None
        for key in (step.after.target, step.after.thread)
    }
    return _Decided(
        difference=difference,
        changes=changes,
        was=was,
        beside={key: rows[key] for key in threads if key in rows and key not in was},
        run=run,
        first_seen=unseen,
    )


def _changes(
    difference: Reconciliation, rows: Mapping[DeliveryKey, Delivery]
) -> dict[DeliveryKey, Step]:
    """Return what is to be written; a step on what may be out there changes nothing.

    Where two steps name one key the last is written.
    """
    changes: dict[DeliveryKey, Step] = {}
    for step in difference.steps:
        row = rows.get(step.key)
        if step.after is None or step.after == row:
            continue
        if row is not None and row.may_be_out_there:
            continue
        changes[step.key] = step
    return changes


async def _still_stands(connection: AsyncConnection, decided: _Decided) -> bool:
    """Tell whether what *decided* changes is still as it was, and lock it."""
    if await _last_run(connection) != decided.run:
        return False
    stood = decided.was | decided.beside
    for some in batches(sorted(stood)):
        found = await connection.execute(
            select(*COLUMNS).where(_d.key.in_(some)).order_by(_d.key).with_for_update()
        )
        rows = {row.key: from_row(row) for row in found}
        if any(rows.get(key) != stood[key] for key in some):
            return False
    return True


async def _write(
    connection: AsyncConnection, decided: _Decided, *, now: datetime
) -> Reconciliation:
    """Write what was decided, and remember what the plan holds."""
    after = {key: step.after for key, step in decided.changes.items() if step.after is not None}
    await insert_rows(connection, (row for key, row in after.items() if key not in decided.was))
    await change_rows(connection, ((row, after[key]) for key, row in decided.was.items()))
    for some in batches(decided.first_seen):
        await upsert(connection, tables.first_seen, [{"name": name, "at": now} for name in some])
    if after:
        run = _run(decided.difference, decided.changes.values(), now=now)
        await connection.execute(insert(tables.plan_run).values(run))
        await notify(connection, Heard.DUE)
    return decided.difference


async def _unseen(connection: AsyncConnection, plan: Plan) -> tuple[str, ...]:
    """Return what *plan* holds for the first time; what was seen once stays so."""
    if not plan.first_seen:
        return ()
    seen = set((await connection.execute(select(tables.first_seen.c.name))).scalars())
    return tuple(name for name in plan.first_seen if name not in seen)


async def _last_run(connection: AsyncConnection) -> int:
    """Return the number of the last reconciliation that changed something; 0 before the first.

    Every new row comes with one, so it also tells that none was added.
    """
    found = await connection.execute(select(func.max(tables.plan_run.c.id)))
    return found.scalar() or 0


def _run(difference: Reconciliation, written: Iterable[Step], *, now: datetime) -> dict[str, Any]:
    changed = [step.change for step in written]
    return {
        "hash": difference.hash,
        "at": now,
        "added": changed.count(Change.NEW),
        "changed": changed.count(Change.CHANGED),
        "withdrawn": changed.count(Change.WITHDRAWN),
        "refused": difference.refused,
    }
