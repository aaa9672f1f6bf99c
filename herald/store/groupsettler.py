"""Settles together what waits to be settled: one commit, one fsync, for many answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Text, bindparam, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import Action, DeliveryState
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.model.verdict import Park, StopChannel, Verdict
from herald.store import tables
from herald.store.engine import Store
from herald.store.following import follow_deletion
from herald.store.grouping import Grouped
from herald.store.rows import COLUMNS, change_rows, from_row
from herald.store.settling import outcome_of, settled
from herald.store.stops import save_stop
from herald.store.upsert import upsert

MOST = 200
"""Settled in one transaction; more would keep claims waiting."""

_d = tables.delivery.c
_a = tables.attempt.c
_p = tables.pace.c
_LAST_SEND = select(func.max(_a.token)).where(_a.key == _d.key).scalar_subquery().label("last_send")
_WORD: BindParameter[str] = bindparam("word", type_=Text)
_END_OF_SEND = (
    update(tables.attempt)
    .where(_a.key == bindparam("of_key"), _a.token == bindparam("of_token"))
    .values(
        ended_at=bindparam("end"),
        outcome=_WORD,
        status=bindparam("code"),
        answer=bindparam("said"),
    )
)
# A look-up that finds nothing out, time and again, says so once.
_END_OF_LOOK_UP = _END_OF_SEND.values(
    outcome=case((_a.outcome.endswith(_WORD), _a.outcome), else_=_a.outcome + ", then " + _WORD)
)


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """One verdict that waits to be written."""

    key: DeliveryKey
    token: int
    verdict: Verdict
    now: datetime


class GroupSettler:
    """Writes settlements in the order of their arrival, all that wait at once (``Grouped``)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._group: Grouped[Settlement, bool] = Grouped(self._write, most=MOST)

    async def settle(self, settlement: Settlement) -> bool:
        """Return once *settlement* is durable: True if its token was fresh, else False."""
        return await self._group.bring(settlement)

    async def _write(self, group: Sequence[Settlement]) -> Sequence[bool]:
        return await self._store.write(lambda connection: settle_all(connection, group))


async def settle_all(connection: AsyncConnection, settlements: Sequence[Settlement]) -> list[bool]:
    """Write *settlements* in this transaction; tell of each whether its token was fresh."""
    found = await connection.execute(
        select(*COLUMNS, _LAST_SEND)
        .where(_d.key.in_({each.key for each in settlements}))
        .order_by(_d.key)
        .with_for_update()
    )
    read = found.all()
    standing = {each.key: from_row(each) for each in read}
    sends = {each.key: each.last_send for each in read}
    rows = dict(standing)
    fresh = []
    for each in settlements:
        row = rows.get(each.key)
        is_fresh = (
            row is not None and row.state is DeliveryState.CLAIMED and row.token == each.token
        )
        fresh.append(is_fresh)
        if row is not None and is_fresh:
            rows[each.key] = settled(row, each.verdict, now=each.now)
    written = [each for each, is_fresh in zip(settlements, fresh, strict=True) if is_fresh]
    keys = dict.fromkeys(each.key for each in written)
    await change_rows(connection, [(standing[key], rows[key]) for key in keys])
    ended = [rows[key] for key in keys if rows[key].action is Action.DELETE]
    await follow_deletion(
        connection, {row.target for row in ended if row.target and row.state is DeliveryState.SENT}
    )
    await _end_attempts(connection, written, sends)
    # One order of channels for all, the claims' too, so that no two wait in a ring.
    for each in sorted(written, key=lambda each: rows[each.key].channel):
        await _apply_to_channel(connection, rows[each.key].channel, each)
    return fresh


async def _end_attempts(
    connection: AsyncConnection,
    settlements: Sequence[Settlement],
    sends: Mapping[str, int | None],
) -> None:
    """Write what each send came to; a look-up's finding joins the send that it explains.

    *sends* has the token of each delivery's last send.
    """
    for sent in (True, False):
        ends = [
            {
                "of_key": each.key,
                "of_token": sends[each.key],
                "end": each.now,
                "word": outcome_of(each.verdict),
                "code": getattr(each.verdict, "status", None),
                "said": getattr(each.verdict, "why", "")[: tables.ANSWER_MOST],
            }
            for each in settlements
            if sends[each.key] is not None and (sends[each.key] == each.token) is sent
        ]
        if ends:
            await connection.execute(_END_OF_SEND if sent else _END_OF_LOOK_UP, ends)


async def _apply_to_channel(
    connection: AsyncConnection, channel: ChannelId, settlement: Settlement
) -> None:
    """Let the channel rest or stop, where its network asked for that."""
    match settlement.verdict:
        case Park(until=until):
            await upsert(connection, tables.pace, {"channel": channel})
            # Of two that ran beside each other the longer wait holds.
            shorter = or_(_p.not_before.is_(None), _p.not_before < until)
            await connection.execute(
                update(tables.pace).where(_p.channel == channel, shorter).values(not_before=until)
            )
        case StopChannel(why=why):
            stop = Stop(
                scope=StopScope.CHANNEL,
                name=channel,
                origin=StopOrigin.AUTH,
                because=why,
                since=settlement.now,
            )
            await save_stop(connection, stop)
        case _:
            pass
