"""The queries of what officers were told and are owed, and of the deliveries that concern them.

A message is written down with what it tells, in one transaction, and then sent: a crash before
leaves it owed, a crash after may repeat it. Officers are better told twice than not at all, so a
claim that lapsed is taken once more, and no more than once; id and words stay the same, by which
Matrix, a webhook's receiver and most mail programs know the second for the first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import Action, DeliveryState, Reason
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, EntryId, ItemId
from herald.model.notice import (
    Kind,
    Message,
    NotNow,
    Occasion,
    Owed,
    Raised,
    Refused,
    Remembered,
    Round,
    Stuck,
    Telling,
    Told,
    Unsure,
)
from herald.store import tables
from herald.store.engine import Store
from herald.store.health import LATELY, missed_lately
from herald.store.upsert import insert_new, upsert

STUCK_MOST = 1000
"""Items on a channel that are looked at, the earliest moment first; the others follow."""
GIVEN_UP_AFTER = timedelta(days=2)
"""An older message says nothing that the summary does not."""
KEPT_FOR = timedelta(days=30)
LAPSES_MOST = 1
"""So often a message of which nobody knows whether it arrived is sent again."""
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)

_FOR_A_PERSON = ("approval", "late", "moved", "translation", "unclear", "visibility", "withdrawal")
_OWED, _CLAIMED, _TOLD, _DROPPED = "owed", "claimed", "told", "dropped"

_d = tables.delivery.c
_m = tables.notice_message.c
_t = tables.notice_turn.c


class StoredNotices:
    """What officers were told, in Herald's store (port ``herald.ports.NoticeStore``)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def stuck(self, *, now: datetime, by_hand: Collection[ChannelId]) -> tuple[Stuck, ...]:
        """Return what failed lately, is unclear, waits for a person, or is to be posted by hand."""
        by = [_d.state, _d.reason, _d.campaign, _d.item, _d.entry, _d.partner, _d.channel]
        statement = (
            select(
                *by,
                func.count().label("many"),
                func.min(_d.key).label("key"),
                func.min(_d.due_at).label("due_at"),
                func.min(_d.unclear_at).label("unclear_at"),
                func.min(_d.sent_at).label("sent_at"),
                func.max(_d.error).label("error"),
                func.max(_d.note).label("note"),
            )
            .where(or_(*_concerning(now, by_hand)))
            .group_by(*by)
            .order_by(func.min(_d.due_at), func.min(_d.key))
            .limit(STUCK_MOST)
        )
        async with self._store.reading() as connection:
            return tuple(_stuck_of(row) for row in await connection.execute(statement))

    async def observe(
        self,
        decide: Callable[[Remembered], Round],
        *,
        owner: str,
        now: datetime,
        lease: timedelta,
    ) -> Round | None:
        """Let *decide* compare what stands with what was told; write all of it at once."""

        async def look(connection: AsyncConnection) -> Round | None:
            turn = await _turn(connection)
            is_others = turn.owner not in ("", owner)
            if is_others and turn.lease_ends_at is not None and turn.lease_ends_at > now:
                return None
            round_ = decide(await _remembered(connection, turn))
            await _write(connection, round_, now=now)
            await connection.execute(
                update(tables.notice_turn).values(
                    owner=owner,
                    lease_ends_at=now + lease,
                    digest_day=round_.digest_day.isoformat() if round_.digest_day else "",
                    digest_at=round_.digest_at,
                    alerted_at=round_.alerted_at,
                )
            )
            return round_

        return await self._store.write(look)

    async def claim_message(
        self, way: str, *, owner: str, now: datetime, lease: timedelta
    ) -> Owed | None:
        """Take the oldest message that is owed on *way*; None if there is none."""
        is_lapsed = and_(_m.state == _CLAIMED, _m.lease_ends_at <= now)
        due = (
            select(tables.notice_message)
            .where(_m.way == way, or_(and_(_m.state == _OWED, _m.next_at <= now), is_lapsed))
            .order_by(_m.made_at, _m.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )

        async def claim(connection: AsyncConnection) -> Owed | None:
            await _give_up(connection, way, is_lapsed, now=now)
            row = (await connection.execute(due)).first()
            if row is None:
                return None
            lapses = row.lapses + (row.state == _CLAIMED)
            token = row.token + 1
            await connection.execute(
                update(tables.notice_message)
                .where(_m.id == row.id, _m.way == row.way)
                .values(
                    state=_CLAIMED,
                    token=token,
                    owner=owner,
                    lapses=lapses,
                    lease_ends_at=now + lease,
                )
            )
            return Owed(message=_message_of(row), token=token, attempts=row.attempts)

        return await self._store.write(claim)

    async def settle_message(self, owed: Owed, telling: Telling, *, now: datetime) -> bool:
        """Write what came of a message; no change and False if the claim's token is stale."""
        message = owed.message
        values: dict[str, object]
        match telling:
            case Told():
                values = {"state": _TOLD, "error": ""}
            case Refused(why=why):
                values = {"state": _DROPPED, "error": why}
            case Unsure(why=why):
                # as if the process had died: once more, and no more than once
                values = {"lease_ends_at": now, "error": why}
            case NotNow(why=why):
                next_at = now + wait_after(owed.attempts, telling)
                values = {
                    "state": _OWED,
                    "attempts": owed.attempts + 1,
                    "next_at": next_at,
                    "error": why,
                }
            case _:
                assert_never(telling)

        async def settle(connection: AsyncConnection) -> bool:
            changed = await connection.execute(
                update(tables.notice_message)
                .where(
                    _m.id == message.id,
                    _m.way == message.way,
                    _m.token == owed.token,
                    _m.state == _CLAIMED,
                )
                .values(values)
            )
            return changed.rowcount > 0

        return await self._store.write(settle)

    async def end_leases(self) -> None:
        """End every lease: for one who knows that nobody else tells."""
        async with self._store.writing() as connection:
            await connection.execute(update(tables.notice_turn).values(owner=""))
            await connection.execute(
                update(tables.notice_message)
                .where(_m.state == _CLAIMED)
                .values(lease_ends_at=tables.from_microseconds(0))
            )

    async def end_turn(self, *, owner: str) -> None:
        """Let others look at once, if it is *owner*'s turn."""
        async with self._store.writing() as connection:
            await connection.execute(
                update(tables.notice_turn).where(_t.owner == owner).values(owner="")
            )


def wait_after(attempts: int, telling: NotNow) -> timedelta:
    """Return how long a way rests after so many attempts and one more that came to nothing."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(attempts, 10), LONGEST_WAIT)
    return max(wait, min(telling.wait or wait, LONGEST_WAIT))


def _concerning(now: datetime, by_hand: Collection[ChannelId]) -> list[ColumnElement[bool]]:
    return [
        and_(_d.state == DeliveryState.HELD.value, _d.reason.in_(_FOR_A_PERSON)),
        and_(_d.state == DeliveryState.CLAIMED.value, _d.unclear_at.is_not(None)),
        # A post that its author took back before it was boosted needs nobody.
        and_(
            _d.state == DeliveryState.FAILED.value,
            _d.due_at > now - LATELY,
            _d.action != Action.BOOST.value,
        ),
        missed_lately(now),
        and_(
            _d.state == DeliveryState.SENT.value,
            _d.channel.in_(sorted(by_hand)),
            _d.url == "",
        ),
    ]


def _stuck_of(row: Any) -> Stuck:
    return Stuck(
        state=DeliveryState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        campaign=CampaignId(row.campaign),
        item=ItemId(row.item),
        entry=EntryId(row.entry) if row.entry else None,
        partner=row.partner,
        channel=ChannelId(row.channel),
        count=row.many,
        key=DeliveryKey(row.key),
        due_at=row.due_at,
        unclear_at=row.unclear_at,
        sent_at=row.sent_at,
        said=_said(DeliveryState(row.state), error=row.error, note=row.note),
    )


def _said(state: DeliveryState, *, error: str, note: str) -> str:
    """Return what explains why it stands where it stands."""
    match state:
        case DeliveryState.FAILED:
            return error
        case DeliveryState.EXPIRED:
            return error or note
        case DeliveryState.HELD:
            return note
    return ""


async def _turn(connection: AsyncConnection) -> Row[Any]:
    """Return the one row, locked; whoever waits for it sees what the one before wrote."""
    await insert_new(connection, tables.notice_turn, {"id": 1})
    return (await connection.execute(select(tables.notice_turn).with_for_update())).one()


async def _remembered(connection: AsyncConnection, turn: Row[Any]) -> Remembered:
    rows = await connection.execute(select(tables.notice))
    return Remembered(
        raised=tuple(
            Raised(
                kind=Kind(row.kind),
                subject=row.subject,
                raised_at=row.raised_at,
                told_at=row.told_at,
                gone_at=row.gone_at,
                times=row.times,
            )
            for row in rows
        ),
        digest_day=date.fromisoformat(turn.digest_day) if turn.digest_day else None,
        digest_at=turn.digest_at,
        alerted_at=turn.alerted_at,
    )


async def _write(connection: AsyncConnection, round_: Round, *, now: datetime) -> None:
    table = tables.notice
    rows = [
        {
            "kind": one.kind.value,
            "subject": one.subject,
            "raised_at": one.raised_at,
            "told_at": one.told_at,
            "gone_at": one.gone_at,
            "times": one.times,
        }
        for one in round_.raised
    ]
    await upsert(connection, table, rows, change=("raised_at", "told_at", "gone_at", "times"))
    for one in round_.forgotten:
        await connection.execute(
            delete(table).where(table.c.kind == one.kind.value, table.c.subject == one.subject)
        )
    for message in round_.messages:
        if message.occasion is Occasion.DIGEST:
            await _supersede(connection, message.way)
        await upsert(connection, tables.notice_message, _row_of(message))
    if round_.messages:
        old = and_(_m.made_at < now - KEPT_FOR, _m.state.in_([_TOLD, _DROPPED]))
        await connection.execute(delete(tables.notice_message).where(old))


async def _supersede(connection: AsyncConnection, way: str) -> None:
    """Drop what is owed: the summary that takes its place says all that still stands."""
    await connection.execute(
        update(tables.notice_message)
        .where(_m.way == way, _m.state == _OWED)
        .values(state=_DROPPED, error="a later summary took its place")
    )


async def _give_up(
    connection: AsyncConnection, way: str, is_lapsed: ColumnElement[bool], *, now: datetime
) -> None:
    messages = tables.notice_message
    await connection.execute(
        update(messages)
        .where(_m.way == way, is_lapsed, _m.lapses >= LAPSES_MOST)
        .values(state=_DROPPED, error="twice nobody knew whether it arrived")
    )
    await connection.execute(
        update(messages)
        .where(_m.way == way, _m.state == _OWED, _m.made_at < now - GIVEN_UP_AFTER)
        .values(state=_DROPPED, error="it could not be sent for too long")
    )


def _row_of(message: Message) -> dict[str, object]:
    return {
        "id": message.id,
        "way": message.way,
        "occasion": message.occasion.value,
        "subject": message.subject,
        "body": message.body,
        "made_at": message.made_at,
        "state": _OWED,
        "next_at": message.made_at,
        "attempts": 0,
        "lapses": 0,
        "token": 0,
    }


def _message_of(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        way=row.way,
        subject=row.subject,
        body=row.body,
        made_at=row.made_at,
        occasion=Occasion(row.occasion),
    )
