"""Doubtful copies of issues: which there are, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.doubts import BY_THE_LOG, PROOFS, Doubt, Witness
from herald.model.mailing import RecipientState, SubscriptionId
from herald.store.doubting import WHY
from herald.store.engine import Store
from herald.store.mailing_tables import recipient

_OK = 250
_r = recipient.c


class StoredDoubts:
    """Doubtful copies in the store; the port's docstrings are the contract."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def doubts(self, issue: str) -> tuple[Doubt, ...]:
        """Return an issue's doubtful copies."""
        wanted = (
            select(
                *(_r.id, _r.token, _r.subscription, _r.first_at),
                *(_r.ended_at, _r.next_at, _r.reply),
            )
            .where(_r.issue == issue, _r.state == RecipientState.UNCERTAIN.value)
            .order_by(_r.id)
        )
        async with self._store.reading() as connection:
            return tuple(
                Doubt(
                    id=row.id,
                    token=row.token,
                    subscription=SubscriptionId(row.subscription) if row.subscription else None,
                    first_at=row.first_at,
                    doubted_at=row.ended_at or row.next_at,
                    is_of_a_copy=row.reply == WHY,
                )
                for row in await connection.execute(wanted)
            )

    async def witnesses(
        self, issue: str, *, since: datetime, until: datetime
    ) -> tuple[Witness, ...]:
        """Return the copies that the server said to have taken."""
        wanted = (
            select(_r.id, _r.subscription, _r.first_at, _r.ended_at)
            .where(
                _r.issue == issue,
                _r.state == RecipientState.ACCEPTED.value,
                _r.reply.not_in(PROOFS),
                _r.subscription.is_not(None),
                _r.ended_at.is_not(None),
                _r.first_at >= since,
                _r.first_at <= until,
            )
            .order_by(_r.first_at, _r.id)
        )
        async with self._store.reading() as connection:
            return tuple(
                Witness(
                    id=row.id,
                    subscription=SubscriptionId(row.subscription),
                    first_at=row.first_at,
                    settled_at=row.ended_at,
                )
                for row in await connection.execute(wanted)
            )

    async def settle_doubts(
        self,
        accepted: Sequence[tuple[Doubt, str]],
        absent: Sequence[Doubt],
        *,
        now: datetime,
    ) -> int:
        """Make doubts accepted or pending."""
        proven = {"state": RecipientState.ACCEPTED.value, "reply": BY_THE_LOG, "code": _OK}
        again = {"state": RecipientState.PENDING.value, "next_at": now, "ended_at": None}
        changes = [
            *((doubt, proven | {"queue_id": queue_id}) for doubt, queue_id in accepted),
            *((doubt, again) for doubt in absent),
        ]
        return await self._change(changes)

    async def hold_doubts(self, doubts: Sequence[Doubt], *, now: datetime) -> int:
        """Leave doubtful copies for good."""
        held = {"state": RecipientState.HELD.value, "ended_at": now}
        return await self._change([(doubt, held) for doubt in doubts])

    async def _change(self, changes: Sequence[tuple[Doubt, dict[str, Any]]]) -> int:
        async def change(connection: AsyncConnection) -> int:
            count = 0
            for doubt, values in sorted(changes, key=lambda one: one[0].id):
                written = await connection.execute(
                    update(recipient)
                    .where(
                        _r.id == doubt.id,
                        _r.token == doubt.token,
                        _r.state == RecipientState.UNCERTAIN.value,
                    )
                    .values(values)
                )
                count += int(written.rowcount)
            return count

        return await self._store.write(change) if changes else 0
