"""The queries of partner feeds: which are due, what was seen, what planning may pass on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import Row, Select, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.feed import Entry
from herald.model.ids import EntryId, FeedId, PartnerId
from herald.model.polling import (
    Alias,
    Credit,
    Decision,
    Failed,
    Feed,
    FeedHealth,
    Identity,
    Intent,
    Known,
    Remember,
    Revise,
    Unchanged,
    Understood,
    WantedFeed,
)
from herald.store.batches import batches
from herald.store.engine import Store
from herald.store.feed_rows import (
    changed_feed,
    content_columns,
    entry_of,
    failed,
    feed_of,
    hash_of,
    known_entry_of,
    new_entry,
    new_feed,
    new_key,
    unchanged,
    understood,
    wanted_of,
)
from herald.store.feed_tables import entry, entry_credit, feed, feed_key
from herald.store.feed_values import read_partners
from herald.store.tables import Moment

_MEASURED = timedelta(days=28)


class StoredFeeds:
    """Feeds and entries in Herald's store (port ``herald.ports.FeedStore``)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sync_feeds(self, wanted: Sequence[WantedFeed], *, now: datetime) -> None:
        """Make the rows those of the configuration: new ones are due, absent ones rest."""
        async with self._store.writing() as connection:
            rows = {row.id: row for row in await connection.execute(select(feed))}
            gone = rows.keys() - {one.id for one in wanted}
            for absent in gone:
                if rows[absent].configured:
                    await connection.execute(
                        update(feed).where(feed.c.id == absent).values(configured=False)
                    )
            for one in wanted:
                if one.id not in rows:
                    await connection.execute(insert(feed).values(new_feed(one, now=now)))
                elif not rows[one.id].configured or wanted_of(rows[one.id]) != one:
                    await connection.execute(
                        update(feed).where(feed.c.id == one.id).values(changed_feed(one, now=now))
                    )

    async def claim_feeds(
        self, *, owner: str, now: datetime, most: int, lease: timedelta
    ) -> tuple[Feed, ...]:
        """Take up to *most* feeds that are due, the longest due first."""
        free = or_(feed.c.lease_ends_at.is_(None), feed.c.lease_ends_at <= now)
        due = (
            select(feed.c.id)
            .where(feed.c.configured, ~feed.c.gone, feed.c.next_check_at <= now, free)
            .order_by(feed.c.next_check_at, feed.c.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        async with self._store.writing() as connection:
            return await _take(connection, due, owner=owner, lease_ends_at=now + lease)

    async def take_feeds(
        self, feeds: Sequence[FeedId], *, owner: str, now: datetime, lease: timedelta
    ) -> tuple[Feed, ...]:
        """Take these feeds whether they are due or not, for a person who asked."""
        named = select(feed.c.id).where(feed.c.configured, feed.c.id.in_(feeds))
        async with self._store.writing() as connection:
            return await _take(connection, named, owner=owner, lease_ends_at=now + lease)

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
        async with self._store.writing() as connection:
            known = await _known(connection, polled, named)
            decision = decide(known)
            await _obey(connection, polled, decision.intents, now=now)
            await connection.execute(
                update(feed).where(feed.c.id == polled).values(understood(poll, decision, now=now))
            )
            return decision

    async def save_unchanged(self, polled: FeedId, poll: Unchanged, *, now: datetime) -> None:
        """Write that a feed is what it was; a validator that the answer lacks stays."""
        async with self._store.writing() as connection:
            await connection.execute(
                update(feed).where(feed.c.id == polled).values(unchanged(poll, now=now))
            )

    async def save_failed(self, polled: FeedId, poll: Failed, *, now: datetime) -> None:
        """Write that a feed could not be read; entries, keys and validators stay."""
        async with self._store.writing() as connection:
            await connection.execute(
                update(feed)
                .where(feed.c.id == polled)
                .values(
                    failed(poll, now=now)
                    | {
                        "errors": feed.c.errors + 1,
                        "trouble_since": func.coalesce(feed.c.trouble_since, literal(now, Moment)),
                    }
                )
            )

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
    connection: AsyncConnection, wanted: Select[Any], *, owner: str, lease_ends_at: datetime
) -> tuple[Feed, ...]:
    ids = list((await connection.execute(wanted)).scalars())
    if not ids:
        return ()
    await connection.execute(
        update(feed).where(feed.c.id.in_(ids)).values(owner=owner, lease_ends_at=lease_ends_at)
    )
    rows = await connection.execute(select(feed).where(feed.c.id.in_(ids)))
    found = {row.id: feed_of(row) for row in rows}
    return tuple(found[one] for one in ids)


async def _known(connection: AsyncConnection, polled: FeedId, named: Sequence[Identity]) -> Known:
    """Read what a document's entries may be: by key in this feed, by link or title in any."""
    keys: dict[str, EntryId] = {}
    rows: dict[str, Row[Any]] = {}
    for some in batches(sorted({identity.key for identity in named})):
        found = await connection.execute(
            select(feed_key.c.key, feed_key.c.entry).where(
                feed_key.c.feed == polled, feed_key.c.key.in_(some)
            )
        )
        keys |= {row.key: EntryId(row.entry) for row in found}
    lookups = (
        (entry.c.id, set(keys.values())),
        (entry.c.link_hash, {hash_of(one.link) for one in named if one.link}),
        (entry.c.title_hash, {hash_of(one.title) for one in named if one.title}),
    )
    for column, values in lookups:
        for some in batches(sorted(values)):
            result = await connection.execute(select(entry).where(column.in_(some)))
            rows |= {row.id: row for row in result}
    return Known(keys=keys, entries={EntryId(row.id): known_entry_of(row) for row in rows.values()})


async def _obey(
    connection: AsyncConnection, polled: FeedId, intents: Sequence[Intent], *, now: datetime
) -> None:
    """Write what a document asks for, what is alike together: a first poll may bring thousands."""
    fresh: list[dict[str, Any]] = []
    keys: list[dict[str, Any]] = []
    shared: list[EntryId] = []
    for intent in intents:
        match intent:
            case Remember():
                fresh.append(new_entry(polled, intent, now=now))
                keys.append(new_key(polled, intent.identity.key, intent.id, now=now))
            case Revise():
                await _revise(connection, intent)
            case Alias():
                keys.append(new_key(polled, intent.key, intent.id, now=now))
            case Credit():
                keys.append(new_key(polled, intent.key, intent.id, now=now))
                shared.append(intent.id)
            case _:
                assert_never(intent)
    if fresh:
        credited = [{"entry": one["id"], "feed": polled, "position": 0} for one in fresh]
        await connection.execute(insert(entry), fresh)
        await connection.execute(insert(entry_credit), credited)
    if keys:
        await connection.execute(insert(feed_key), keys)
    for one in shared:
        await _credit(connection, polled, one)


async def _revise(connection: AsyncConnection, intent: Revise) -> None:
    await connection.execute(
        update(entry)
        .where(entry.c.id == intent.id)
        .values(
            **content_columns(intent.identity),
            withdrawn=intent.withdrawn,
            edits=entry.c.edits + 1,
        )
    )


async def _credit(connection: AsyncConnection, polled: FeedId, named: EntryId) -> None:
    wanted = select(entry_credit.c.feed).where(entry_credit.c.entry == named)
    feeds = (await connection.execute(wanted)).scalars().all()
    if polled not in feeds:
        await connection.execute(
            insert(entry_credit).values(entry=named, feed=polled, position=len(feeds))
        )
