"""Counts of reactions and what people wrote, in the database: ``herald.ports.EchoStore``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.account import Reactions, Reply
from herald.model.delivery import Action, DeliveryState, Receipt
from herald.model.echo import Counts, Heard, Uncounted
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId
from herald.store import tables
from herald.store.batches import batches
from herald.store.engine import Store
from herald.store.upsert import upsert

_d = tables.delivery.c
_r = tables.reaction.c
_w = tables.reply.c
_l = tables.reply_look.c


class StoredEchoes:
    """Keeps them in *store*'s database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def uncounted(
        self, channel: ChannelId, *, since: datetime, before: datetime, most: int
    ) -> tuple[Uncounted, ...]:
        """Return posts that *channel* sent from *since* on, not counted from *before* on.

        Those never counted come first, then those counted longest ago.
        """
        statement = (
            select(_d.key, _d.remote_id, _d.url)
            .outerjoin(tables.reaction, _r.key == _d.key)
            .where(
                _d.state == DeliveryState.SENT.value,
                _d.channel == channel,
                _d.action == Action.CREATE.value,
                _d.remote_id != "",
                _d.sent_at >= since,
                or_(
                    and_(_r.counted_at.is_(None), _d.sent_at < before),
                    _r.counted_at < before,
                ),
            )
            .order_by(_r.counted_at.is_not(None), _r.counted_at, _d.key)
            .limit(most)
        )
        async with self._store.reading() as connection:
            return tuple(
                Uncounted(
                    key=DeliveryKey(row.key), receipt=Receipt(remote_id=row.remote_id, url=row.url)
                )
                for row in await connection.execute(statement)
            )

    async def save_counts(self, counts: Mapping[DeliveryKey, Reactions], *, now: datetime) -> None:
        """Write what was counted."""
        rows = [
            {
                "key": key,
                "counted_at": now,
                "boosts": one.boosts,
                "likes": one.likes,
                "replies": one.replies,
            }
            for key, one in counts.items()
        ]
        change = ("counted_at", "boosts", "likes", "replies")
        async with self._store.writing() as connection:
            await upsert(connection, tables.reaction, rows, change=change)

    async def counts(self, keys: Collection[DeliveryKey]) -> dict[DeliveryKey, Counts]:
        """Return what was counted last of these posts."""
        found: dict[DeliveryKey, Counts] = {}
        async with self._store.reading() as connection:
            for some in batches(sorted(keys)):
                rows = await connection.execute(select(tables.reaction).where(_r.key.in_(some)))
                for row in rows:
                    reactions = Reactions(boosts=row.boosts, likes=row.likes, replies=row.replies)
                    found[DeliveryKey(row.key)] = Counts(
                        reactions=reactions, counted_at=row.counted_at
                    )
        return found

    async def take_look(
        self, channel: ChannelId, *, now: datetime, every: timedelta
    ) -> datetime | None:
        """Return when replies on *channel* were looked for last, and note that they are now.

        None where that was less than *every* ago, perhaps by another process. At the first look
        it is *now*: what was written before Herald came is nobody's news.
        """

        async def take(connection: AsyncConnection) -> datetime | None:
            row = (
                await connection.execute(
                    select(_l.looked_at).where(_l.channel == channel).with_for_update()
                )
            ).first()
            last: datetime = row.looked_at if row else now
            if row and timedelta(0) <= now - last < every:
                return None
            await upsert(
                connection,
                tables.reply_look,
                {"channel": channel, "looked_at": now},
                change=("looked_at",),
            )
            return min(last, now)

        return await self._store.write(take)

    async def put_back_look(self, channel: ChannelId, looked_at: datetime) -> None:
        """Note that a look came to nothing: the next one begins where it began."""
        row = {"channel": channel, "looked_at": looked_at}
        async with self._store.writing() as connection:
            await upsert(connection, tables.reply_look, row, change=("looked_at",))

    async def save_replies(
        self, channel: ChannelId, replies: Sequence[Reply], *, now: datetime
    ) -> None:
        """Keep what is new of *replies*."""
        rows = [
            {
                "channel": channel,
                "id": one.id,
                "author": one.author,
                "text": one.text,
                "url": one.url,
                "answers": one.answers,
                "at": one.at,
                "heard_at": now,
            }
            for one in replies
        ]
        async with self._store.writing() as connection:
            await upsert(connection, tables.reply, rows)

    async def heard(self, *, after: datetime, most: int) -> tuple[Heard, ...]:
        """Return what was heard after that moment, the oldest first."""
        answered = and_(
            _d.channel == _w.channel,
            _d.remote_id == _w.answers,
            _w.answers != "",
            _d.state == DeliveryState.SENT.value,
        )
        statement = (
            select(tables.reply, _d.campaign, _d.item)
            .outerjoin(tables.delivery, answered)
            .where(_w.heard_at > after)
            .order_by(_w.heard_at, _w.at, _w.id)
            .limit(most)
        )
        async with self._store.reading() as connection:
            return tuple(
                Heard(
                    channel=ChannelId(row.channel),
                    reply=Reply(
                        id=row.id,
                        author=row.author,
                        text=row.text,
                        url=row.url,
                        at=row.at,
                        answers=row.answers,
                    ),
                    campaign=CampaignId(row.campaign) if row.campaign else None,
                    item=ItemId(row.item) if row.item else None,
                    heard_at=row.heard_at,
                )
                for row in await connection.execute(statement)
            )

    async def forget_replies(self, *, before: datetime) -> None:
        """Forget what was heard before that moment: it is other people's, and was told."""
        async with self._store.writing() as connection:
            await connection.execute(delete(tables.reply).where(_w.heard_at < before))
