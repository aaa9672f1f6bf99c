"""The outbox in the database: ``herald.ports.OutboxStore`` in short transactions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.delivery import Attempt, Claim, Delivery, DeliveryState, History
from herald.model.health import OutboxHealth
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, EntryId, ItemId
from herald.model.network import Capabilities
from herald.model.plan import Plan, Reconciliation
from herald.model.reach import Reach
from herald.model.stop import Stop, StopOrigin
from herald.model.verdict import Verdict
from herald.store import tables
from herald.store.alone import Guarded, alone
from herald.store.asking import channels_due, next_delivery, next_moment, unlinked
from herald.store.batches import batches
from herald.store.claiming import claim_due, is_anything_due, reap_lapsed
from herald.store.collecting import uncollected
from herald.store.engine import Store
from herald.store.following import receipts, with_what_they_wait_for
from herald.store.groupsettler import GroupSettler, Settlement
from herald.store.health import outbox_health
from herald.store.limits import limits_from_text, limits_to_text
from herald.store.notifying import Heard, notify
from herald.store.past import concerned_by, past_within, sent_of
from herald.store.planner import fence
from herald.store.reconciling import everything, reconcile_rows
from herald.store.rows import (
    COLUMNS,
    changes,
    changing,
    from_row,
    insert_rows,
    read_rows,
    to_text,
    written_reason,
)
from herald.store.stops import load_stops, save_stop, sync_stops, with_stops
from herald.store.upsert import upsert

_d = tables.delivery.c
_BEYOND_PEOPLE = (DeliveryState.CLAIMED.value, DeliveryState.SENT.value)


class StoredOutbox:
    """Keeps the outbox in *store*'s database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settler = GroupSettler(store)
        self._rests = False
        """Nothing was due when it was last asked."""

    async def history(self) -> History:
        """Return the whole outbox, and what was seen when (see OutboxStore)."""
        async with self._store.reading() as connection:
            with uncollected():
                deliveries = await read_rows(connection, everything())
            seen = await connection.execute(
                select(tables.first_seen).order_by(tables.first_seen.c.name)
            )
            return History(
                deliveries=deliveries, first_seen=tuple((row.name, row.at) for row in seen)
            )

    async def history_within(self, reach: Reach) -> History:
        """Return what of the past a plan of *reach* can depend on (see OutboxStore)."""
        async with self._store.reading() as connection:
            with uncollected():
                return await past_within(connection, reach)

    async def concerned_by(self, plan: Plan) -> tuple[Delivery, ...]:
        """Return the deliveries that reconciling *plan* can depend on (see OutboxStore)."""
        async with self._store.reading() as connection:
            with uncollected():
                return await concerned_by(connection, plan, now=plan.made_at)

    async def reconcile(
        self,
        plan: Plan,
        decide: Callable[[Sequence[Delivery]], Reconciliation],
        *,
        now: datetime,
        turn: int | None = None,
    ) -> Reconciliation:
        """Read, let *decide* compare, and write its steps (see OutboxStore)."""
        return await reconcile_rows(self._store, plan, decide, now=now, turn=turn)

    async def claim(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        capabilities: dict[ChannelId, Capabilities],
    ) -> tuple[Claim, ...]:
        """Take up to *most* due deliveries, fairly (see OutboxStore)."""
        if most <= 0 or not capabilities:
            return ()
        if self._rests:  # look before taking the write lock: mostly nothing is due
            async with self._store.reading() as connection:
                if not await is_anything_due(connection, capabilities, now=now):
                    return ()
        claims = await self._store.write(
            partial(claim_due, owner=owner, now=now, most=most, capabilities=capabilities)
        )
        self._rests = not claims
        return claims

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        """Write what follows from a send or a look-up; False if *token* is stale."""
        return await self._settler.settle(Settlement(key, token, verdict, now))

    async def reap(self, *, now: datetime) -> int:
        """Make every claim whose lease lapsed unclear; never pending (see OutboxStore)."""
        return await self._store.write(partial(reap_lapsed, now=now))

    async def end_leases(self, *, now: datetime) -> int:
        """End every claim's lease at once: the caller knows that nobody else runs on this store.

        Who held them has died; what they were sending is unclear as soon as somebody reaps.
        """
        held = and_(_d.state == DeliveryState.CLAIMED.value, _d.lease_ends_at > now)
        async with self._store.writing() as connection:
            result = await connection.execute(
                update(tables.delivery).where(held).values(lease_ends_at=now, owner="")
            )
            return result.rowcount

    async def unclear(self) -> tuple[Delivery, ...]:
        """Return the claimed deliveries that may be out there, longest in doubt first."""
        async with self._store.reading() as connection:
            return await read_rows(
                connection,
                select(*COLUMNS)
                .where(_d.state == DeliveryState.CLAIMED.value, _d.unclear_at.is_not(None))
                .order_by(_d.unclear_at, _d.key),
            )

    async def claim_look_up(
        self, key: DeliveryKey, *, owner: str, now: datetime, lease: timedelta
    ) -> Claim | None:
        """Take an unclear delivery for a look-up; None if another has it (see OutboxStore)."""
        async with self._store.writing() as connection:
            rows = await connection.execute(
                update(tables.delivery)
                .where(
                    _d.key == key,
                    _d.state == DeliveryState.CLAIMED.value,
                    _d.unclear_at.is_not(None),
                    or_(_d.lease_ends_at.is_(None), _d.lease_ends_at <= now),
                )
                .values(token=_d.token + 1, owner=owner, lease_ends_at=now + lease)
                .returning(*COLUMNS)
            )
            row = rows.first()
            if row is None:
                return None
            taken = from_row(row)
            posts = await receipts(connection, (taken,))
            return Claim(
                delivery=taken,
                token=taken.token,
                attempt=taken.attempts,
                target=posts.get(taken.target) if taken.target else None,
                root=posts.get(taken.thread) if taken.thread else None,
            )

    async def list_deliveries(
        self,
        *,
        states: Collection[str] = (),
        prefix: str = "",
        campaign: str = "",
        item: str = "",
        channel: str = "",
    ) -> tuple[Delivery, ...]:
        """Return deliveries by due_at and key, with why they are stopped (see OutboxStore)."""
        conditions = [
            column == value
            for column, value in (
                (_d.campaign, campaign),
                (_d.item, item),
                (_d.channel, channel),
            )
            if value
        ]
        if states:
            conditions.append(_d.state.in_(sorted(states)))
        if prefix:
            conditions.append(_d.key.startswith(prefix, autoescape=True))
        async with self._store.reading() as connection:
            rows = await read_rows(connection, everything().where(*conditions))
            told = await with_what_they_wait_for(connection, rows)
            return with_stops(told, await load_stops(connection))

    async def attempts(self, key: DeliveryKey) -> tuple[Attempt, ...]:
        """Return every send of a delivery, oldest first."""
        async with self._store.reading() as connection:
            rows = await connection.execute(
                select(tables.attempt)
                .where(tables.attempt.c.key == key)
                .order_by(tables.attempt.c.id)
            )
            return tuple(_attempt(row) for row in rows)

    async def decide(self, changed: Delivery, *, was: Delivery) -> bool:
        """Write a person's decision, fenced by all that the person saw (see OutboxStore)."""
        columns = changes(was, changed)
        if not columns:
            columns = {"note": was.note}  # an agreement to leave it is fenced as well
        row = {f"new_{name}": value for name, value in columns.items()}
        row |= {"of_key": was.key, "of_token": was.token}
        async with self._store.writing() as connection:
            result = await connection.execute(
                changing(tuple(columns)).where(
                    _d.state == was.state.value,
                    _d.state.not_in(_BEYOND_PEOPLE),
                    _d.reason == written_reason(was),
                    _d.content_hash == was.content_hash,
                    _d.payload == to_text(was.payload),
                    _d.due_at == was.due_at,
                ),
                row,
            )
            if result.rowcount == 1:
                await notify(connection, Heard.DUE)
            return result.rowcount == 1

    async def sent_of(
        self, items: Collection[tuple[CampaignId, ItemId]], entries: Collection[EntryId]
    ) -> tuple[Delivery, ...]:
        """Return what was sent of *items* and *entries*, corrections included (see OutboxStore)."""
        async with self._store.reading() as connection:
            return await sent_of(connection, items, entries)

    async def following(self, keys: Collection[DeliveryKey]) -> tuple[Delivery, ...]:
        """Return what follows one of *keys*, by due_at and key (see OutboxStore)."""
        found: list[Delivery] = []
        async with self._store.reading() as connection:
            for some in batches(sorted(keys)):
                follows = (text("delivery.target <> ''"), _d.target.in_(some))
                found += await read_rows(connection, select(*COLUMNS).where(*follows))
        return tuple(sorted(found, key=lambda row: (row.due_at, row.part, row.key)))

    async def add(self, delivery: Delivery) -> bool:
        """Enqueue what a person made, if what it follows was sent (see OutboxStore)."""
        async with self._store.writing() as connection:
            await connection.execute(
                select(_d.key).where(_d.key == delivery.target).with_for_update()
            )
            known = await connection.scalar(select(_d.key).where(_d.key == delivery.key))
            posts = await receipts(connection, (delivery,))
            if known is not None or (delivery.target and delivery.target not in posts):
                return False
            await insert_rows(connection, (delivery,))
            await notify(connection, Heard.DUE)
            return True

    async def set_url(self, key: DeliveryKey, url: str, *, now: datetime) -> bool:
        """Tell where a sent delivery is to be seen, which closes a manual channel's task.

        Returns False if it was not sent.  The attempts remember when.
        """
        async with self._store.writing() as connection:
            result = await connection.execute(
                update(tables.delivery)
                .where(_d.key == key, _d.state == DeliveryState.SENT.value)
                .values(url=url)
            )
            if result.rowcount != 1:
                return False
            await connection.execute(
                insert(tables.attempt).values(
                    key=key,
                    token=0,
                    owner="a person",
                    started_at=now,
                    ended_at=now,
                    outcome="done",
                    answer=url[: tables.ANSWER_MOST],
                )
            )
            return True

    async def stop(self, stop: Stop) -> None:
        """Stop claiming what *stop* names; repeating it updates the reason."""
        async with self._store.writing() as connection:
            await save_stop(connection, stop)

    async def resume(self, scope: str, name: str) -> bool:
        """End a person's stop and one for refused credentials; a file's stays with its file."""
        stop = tables.stop
        async with self._store.writing() as connection:
            result = await connection.execute(
                stop.delete().where(
                    stop.c.scope == scope,
                    stop.c.name == name,
                    stop.c.origin != StopOrigin.FILE.value,
                )
            )
            await notify(connection, Heard.DUE)
            return result.rowcount > 0

    async def stops(self) -> tuple[Stop, ...]:
        """Return everything that is stopped."""
        async with self._store.reading() as connection:
            return await load_stops(connection)

    async def sync_file_stops(self, stops: Iterable[Stop], *, turn: int | None = None) -> None:
        """Make *stops* the stops of origin file; one that stands keeps its ``since``."""
        wanted = tuple(stops)

        async def sync(connection: AsyncConnection) -> None:
            await alone(connection, Guarded.PLANNING)
            await fence(connection, turn)
            if await sync_stops(connection, wanted):
                await notify(connection, Heard.DUE)

        await self._store.write(sync)

    async def capabilities(self) -> dict[ChannelId, Capabilities]:
        """Return the channels' last stored capabilities."""
        async with self._store.reading() as connection:
            rows = await connection.execute(select(tables.channel))
            return {ChannelId(row.id): limits_from_text(row.capabilities) for row in rows}

    async def save_capabilities(
        self, channel: ChannelId, network: str, capabilities: Capabilities
    ) -> None:
        """Remember a channel's capabilities."""
        row = {
            "id": channel,
            "network": network,
            "capabilities": limits_to_text(capabilities),
        }
        async with self._store.writing() as connection:
            await upsert(connection, tables.channel, row, change=("network", "capabilities"))

    async def next_moment(self, *, after: datetime, until: datetime) -> datetime | None:
        """Return when the next pending delivery may be claimed, after *after* and by *until*."""
        async with self._store.reading() as connection:
            return await next_moment(connection, after=after, until=until)

    async def next_delivery(self, *, now: datetime) -> Delivery | None:
        """Return the first pending delivery that is due from *now* on and not stopped."""
        async with self._store.reading() as connection:
            return await next_delivery(connection, now=now)

    async def channels_due(
        self, channels: Collection[ChannelId], *, now: datetime
    ) -> frozenset[ChannelId]:
        """Return those of *channels* on which something is due that is not stopped."""
        async with self._store.reading() as connection:
            return await channels_due(connection, channels, now=now)

    async def unlinked(self, network: str) -> tuple[Delivery, ...]:
        """Return what was sent on *network* and nobody has told the link of."""
        async with self._store.reading() as connection:
            return await unlinked(connection, network)

    async def health(self, *, now: datetime) -> OutboxHealth:
        """Return how the outbox fares at *now*."""
        async with self._store.reading() as connection:
            return await outbox_health(connection, now=now)


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        key=DeliveryKey(row.key),
        token=row.token,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        status=row.status,
        request_hash=row.request_hash,
        answer=row.answer,
    )
