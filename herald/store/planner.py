"""The planner's turn as one leased row: ``herald.ports.PlannerStore``.

Campaign files are not rows, so of all processes on a database one reads them, and plans. Its lease
is short and renewed well before its end; when it dies another one takes the row, and raises its
token. A planner that was merely slow finds another token, and writes nothing more: see ``fence``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.errors import NotItsTurn
from herald.model.planner import Planner
from herald.store.engine import Store
from herald.store.notifying import Heard, notify
from herald.store.tables import planner

_p = planner.c


class StoredPlanner:
    """Keeps the planner's row in *store*'s database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def planner(self) -> Planner:
        """Return the row as it stands."""
        async with self._store.reading() as connection:
            row = (await connection.execute(select(planner))).one()
        return Planner(
            owner=row.owner, token=row.token, lease_ends_at=row.lease_ends_at, news=row.news
        )

    async def take_turn(self, *, owner: str, now: datetime, lease: timedelta) -> int | None:
        """Take the row if nobody holds it, and return its new token (see PlannerStore)."""
        free = or_(
            _p.owner == "",
            _p.lease_ends_at <= now,
            # No lease is that long: the clock was set back since, and would keep everybody waiting.
            _p.lease_ends_at > now + 2 * lease,
        )
        async with self._store.writing() as connection:
            taken = await connection.execute(
                update(planner)
                .where(free)
                .values(owner=owner, token=_p.token + 1, lease_ends_at=now + lease)
                .returning(_p.token)
            )
            token = taken.scalar_one_or_none()
            return None if token is None else int(token)

    async def keep_turn(self, token: int, *, now: datetime, lease: timedelta) -> bool:
        """Hold the row for longer; False if another one has taken it (see PlannerStore)."""
        async with self._store.writing() as connection:
            kept = await connection.execute(
                update(planner)
                .where(_p.token == token, _p.owner != "")
                .values(lease_ends_at=now + lease)
            )
            return kept.rowcount == 1

    async def end_turn(self, token: int, *, now: datetime) -> bool:
        """Give the row back, for others to take at once; False if another one has taken it."""
        async with self._store.writing() as connection:
            ended = await connection.execute(
                update(planner).where(_p.token == token).values(owner="", lease_ends_at=now)
            )
            await notify(connection, Heard.NEWS)
            return ended.rowcount == 1


async def fence(connection: AsyncConnection, turn: int | None) -> None:
    """Raise NotItsTurn, in the transaction that would write a plan, if the row changed hands.

    None is for a person, who needs no turn. The caller holds ``Guarded.PLANNING``: whoever has
    taken the row since waits for this transaction, and writes its own plan over this one.
    """
    if turn is None:
        return
    if (await connection.execute(select(_p.token))).scalar_one() != turn:
        raise NotItsTurn("another Herald has taken over planning: nothing was changed")


async def note_news(connection: AsyncConnection) -> None:
    """Let whoever plans know, in the transaction that stores it, that there is something new."""
    await connection.execute(update(planner).values(news=_p.news + 1))
    await notify(connection, Heard.NEWS)
