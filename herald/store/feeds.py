"""The queries of partner feeds: which are due, what was seen, what planning may pass on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Column, Row, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.feed import Entry, EntryEvent, EventSource
from herald.model.ids import FeedId, PartnerId
from herald.model.polling import (
    Decision,
    Failed,
    Feed,
    FeedHealth,
    Identity,
    Known,
    Unchanged,
    Understood,
    WantedFeed,
)
from herald.store.alone import Guarded, alone
from herald.store.batches import batches
from herald.store.engine import Store
from herald.store.feed_rows import changed_feed, entry_of, feed_of, new_feed, wanted_of
from herald.store.feed_saving import FeedSaver, Save
from herald.store.feed_tables import entry, entry_credit, feed, feed_key
from herald.store.feed_values import read_content, read_partners

_MEASURED = timedelta(days=28)
_LOOKED_THROUGH = 20
"""So many times what is to be claimed is looked through for feeds of different servers."""


class StoredFeeds:
    """Feeds and entries in Herald's store (port ``herald.ports.FeedStore``)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._saver = FeedSaver(store)

    async def sync_feeds(self, wanted: Sequence[WantedFeed], *, now: datetime) -> None:
        """Make the rows those of the configuration: new ones are due, absent ones rest."""

        async def sync(connection: AsyncConnection) -> None:
            await alone(connection, Guarded.FEEDS)
            rows = {row.id: row for row in await connection.execute(select(feed))}
            present = {one.id for one in wanted}
            absent = [one for one in rows if rows[one].configured and one not in present]
            for some in batches(absent):
                await connection.execute(
                    update(feed).where(feed.c.id.in_(some)).values(configured=False)
                )
            fresh = [new_feed(one, now=now) for one in wanted if one.id not in rows]
            for rows_of_some in batches(fresh):
                await connection.execute(insert(feed), list(rows_of_some))
            for one in wanted:
                row = rows.get(one.id)
                if row is not None and not (row.configured and wanted_of(row) == one):
                    await connection.execute(
                        update(feed).where(feed.c.id == one.id).values(changed_feed(one, now=now))
                    )

        await self._store.write(sync)

    async def claim_feeds(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        lease: timedelta,
        each_host: int = 1_000_000,
        not_hosts: Collection[str] = (),
    ) -> tuple[Feed, ...]:
        """Take up to *most* feeds that are due, the longest due first, so many of *each_host*."""
        free = or_(feed.c.lease_ends_at.is_(None), feed.c.lease_ends_at <= now)
        longest_due = (
            select(feed.c.id, feed.c.host, feed.c.next_check_at)
            .where(feed.c.configured, ~feed.c.gone, feed.c.next_check_at <= now, free)
            .where(feed.c.host.not_in(sorted(not_hosts)))
            .order_by(feed.c.next_check_at, feed.c.id)
            .limit(most * _LOOKED_THROUGH)
            .with_for_update(skip_locked=True)
            .subquery()
        )
        turn = func.row_number().over(
            partition_by=longest_due.c.host,
            order_by=(longest_due.c.next_check_at, longest_due.c.id),
        )
        in_turn = select(
            longest_due.c.id, longest_due.c.next_check_at, turn.label("turn")
        ).subquery()
        due = (
            select(in_turn.c.id)
            .where(in_turn.c.turn <= each_host)
            .order_by(in_turn.c.next_check_at, in_turn.c.id)
            .limit(most)
        )

        async def claim(connection: AsyncConnection) -> tuple[Feed, ...]:
            # Each locks more than it takes: beside it another one would find nothing.
            await alone(connection, Guarded.POLLS)
            return await _take(connection, wanted=due, owner=owner, lease_ends_at=now + lease)

        return await self._store.write(claim)

    async def take_feeds(
        self, feeds: Sequence[FeedId], *, owner: str, now: datetime, lease: timedelta
    ) -> tuple[Feed, ...]:
        """Take these feeds whether they are due or not, for a person who asked."""
        named = (
            select(feed.c.id)
            .where(feed.c.configured, feed.c.id.in_(feeds))
            .order_by(feed.c.id)
            .with_for_update()
        )
        return await self._store.write(
            partial(_take, wanted=named, owner=owner, lease_ends_at=now + lease)
        )

    async def save_understood(
        self,
        polled: FeedId,
        poll: Understood,
        named: Sequence[Identity],
        decide: Callable[[Known], Decision],
        *,
        now: datetime,
    ) -> Decision:
        """Let *decide* compare a document with what is known, and write all of it at once."""
        return await self._saver.save(
            Save(polled=polled, poll=poll, named=named, decide=decide, now=now)
        )

    async def save_unchanged(self, polled: FeedId, poll: Unchanged, *, now: datetime) -> None:
        """Write that a feed is what it was; a validator that the answer lacks stays."""
        await self._saver.save(Save(polled=polled, poll=poll, now=now))

    async def save_failed(self, polled: FeedId, poll: Failed, *, now: datetime) -> None:
        """Write that a feed could not be read; entries, keys and validators stay."""
        await self._saver.save(Save(polled=polled, poll=poll, now=now))

    async def give_back(self, feeds: Sequence[FeedId], *, owner: str) -> None:
        """End the leases of feeds that *owner* took and did not poll: they are due as before."""
        async with self._store.writing() as connection:
            for some in batches(feeds):
                await connection.execute(
                    update(feed)
                    .where(feed.c.id.in_(some), feed.c.owner == owner)
                    .values(owner="", lease_ends_at=None)
                )

    async def end_leases(self) -> int:
        """End every lease: the caller knows that nobody else polls. Return how many there were."""
        async with self._store.writing() as connection:
            result = await connection.execute(
                update(feed)
                .where(feed.c.lease_ends_at.is_not(None))
                .values(owner="", lease_ends_at=None)
            )
            return result.rowcount

    async def known_fingerprints(self, polled: FeedId, keys: Collection[str]) -> dict[str, str]:
        """Return the fingerprints of the entries that these keys of a feed name."""
        return {
            row.key: row.fingerprint for row in await self._named(polled, keys, entry.c.fingerprint)
        }

    async def page_events(self, polled: FeedId, keys: Collection[str]) -> dict[str, EntryEvent]:
        """Return the events that were found on the pages of the entries that these keys name."""
        read = {
            row.key: read_content(row.content).event
            for row in await self._named(polled, keys, entry.c.content, entry.c.event_at)
            if row.event_at is not None
        }
        return {
            key: event
            for key, event in read.items()
            if event is not None and event.source is EventSource.PAGE
        }

    async def _named(
        self, polled: FeedId, keys: Collection[str], *columns: Column[Any]
    ) -> list[Row[Any]]:
        rows: list[Row[Any]] = []
        async with self._store.reading() as connection:
            for some in batches(sorted(keys)):
                found = await connection.execute(
                    select(feed_key.c.key, *columns)
                    .join_from(feed_key, entry, entry.c.id == feed_key.c.entry)
                    .where(feed_key.c.feed == polled, feed_key.c.key.in_(some))
                )
                rows.extend(found)
        return rows

    async def entries(self, since: datetime) -> tuple[Entry, ...]:
        """Return what configured feeds first said since then, and their events from then on."""
        recent = or_(entry.c.first_seen_at >= since, entry.c.event_at >= since)
        async with self._store.reading() as connection:
            rows = (
                await connection.execute(
                    select(entry).where(recent).order_by(entry.c.first_seen_at, entry.c.id)
                )
            ).all()
            credits_of: dict[str, list[PartnerId]] = {}
            credited = await connection.execute(
                select(entry_credit.c.entry, feed.c.partners)
                .join_from(entry_credit, feed, feed.c.id == entry_credit.c.feed)
                .join(entry, entry.c.id == entry_credit.c.entry)
                .where(recent, feed.c.configured)
                .order_by(entry_credit.c.entry, entry_credit.c.position)
            )
            for row in credited:
                credits_of.setdefault(row.entry, []).extend(read_partners(row.partners))
        return tuple(
            entry_of(row, tuple(dict.fromkeys(credits_of[row.id])))
            for row in rows
            if row.id in credits_of
        )

    async def health(self, *, now: datetime) -> tuple[FeedHealth, ...]:
        """Return every configured feed with its figures, in the order of partners and URLs."""
        counts = (
            select(
                entry.c.feed,
                func.count().label("remembered"),
                func.count()
                .filter(entry.c.first_seen_at >= now - _MEASURED, ~entry.c.seeded)
                .label("recent"),
            )
            .group_by(entry.c.feed)
            .subquery()
        )
        async with self._store.reading() as connection:
            rows = await connection.execute(
                select(feed, counts.c.remembered, counts.c.recent)
                .outerjoin_from(feed, counts, counts.c.feed == feed.c.id)
                .where(feed.c.configured)
                .order_by(feed.c.partners, feed.c.url)
            )
            return tuple(
                FeedHealth(
                    feed=feed_of(row),
                    entries=row.remembered or 0,
                    a_week=(row.recent or 0) / (_MEASURED / timedelta(days=7)),
                )
                for row in rows
            )


async def _take(
    connection: AsyncConnection, *, wanted: Select[Any], owner: str, lease_ends_at: datetime
) -> tuple[Feed, ...]:
    """Give *owner* the feeds that *wanted* finds and locks, the longest due first.

    In two statements: PostgreSQL may work out an inner selection, and its limit, more than once.
    """
    ids = (await connection.execute(wanted)).scalars().all()
    taken: list[Row[Any]] = []
    for some in batches(ids):
        taken += await connection.execute(
            update(feed)
            .where(feed.c.id.in_(some))
            .values(owner=owner, lease_ends_at=lease_ends_at)
            .returning(feed)
        )
    return tuple(feed_of(row) for row in sorted(taken, key=lambda row: (row.next_check_at, row.id)))
