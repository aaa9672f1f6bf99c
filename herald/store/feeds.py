"""The queries of partner feeds: which are due, what was seen, what planning may pass on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import Row, Select, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.feed import Entry
from herald.model.ids import EntryId, FeedId, Language, PartnerId
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
    KnownEntry,
    Remember,
    Revise,
    Unchanged,
    Understood,
    Validators,
    WantedFeed,
)
from herald.store.engine import Store
from herald.store.feed_tables import entry, entry_credit, feed, feed_key
from herald.store.feed_values import (
    read_content,
    read_partners,
    read_problems,
    write_content,
    write_partners,
    write_problems,
)
from herald.store.tables import Moment

_AT_ONCE = 400
"""Values in one ``IN``: SQLite and PostgreSQL bound the variables of a statement."""
_FIRST_INTERVAL = timedelta(hours=1)
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
                    await connection.execute(insert(feed).values(_new_feed(one, now=now)))
                elif not rows[one.id].configured or _wanted(rows[one.id]) != one:
                    await connection.execute(
                        update(feed)
                        .where(feed.c.id == one.id)
                        .values(_changed(rows[one.id], one, now=now))
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
        named = select(feed.c.id).where(feed.c.configured, feed.c.id.in_(feeds[:_AT_ONCE]))
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
                update(feed)
                .where(feed.c.id == polled)
                .values(
                    title=poll.title,
                    etag=poll.validators.etag,
                    last_modified=poll.validators.last_modified,
                    body_hash=poll.body_hash,
                    interval_seconds=int(poll.interval.total_seconds()),
                    problems=write_problems((*decision.problems, *poll.problems)),
                    **_succeeded(poll.next_check_at, now=now),
                )
            )
            return decision

    async def save_unchanged(self, polled: FeedId, poll: Unchanged, *, now: datetime) -> None:
        """Write that a feed is what it was; a validator that the answer lacks stays."""
        fresh = {
            name: value
            for name, value in (
                ("etag", poll.validators.etag),
                ("last_modified", poll.validators.last_modified),
            )
            if value
        }
        async with self._store.writing() as connection:
            await connection.execute(
                update(feed)
                .where(feed.c.id == polled)
                .values(**fresh, **_succeeded(poll.next_check_at, now=now))
            )

    async def save_failed(self, polled: FeedId, poll: Failed, *, now: datetime) -> None:
        """Write that a feed could not be read; entries, keys and validators stay."""
        async with self._store.writing() as connection:
            await connection.execute(
                update(feed)
                .where(feed.c.id == polled)
                .values(
                    errors=feed.c.errors + 1,
                    trouble=poll.why,
                    trouble_since=func.coalesce(feed.c.trouble_since, literal(now, Moment)),
                    gone=poll.gone,
                    next_check_at=poll.next_check_at,
                    checked_at=now,
                    owner="",
                    lease_ends_at=None,
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
            _entry(row, tuple(dict.fromkeys(credits_of[row.id])))
            for row in rows
            if row.id in credits_of
        )

    async def health(self, *, now: datetime) -> tuple[FeedHealth, ...]:
        """Return every configured feed with its figures, in the order of partners and URLs."""
        counts = (
            select(
                entry.c.feed,
                func.count().label("entries"),
                func.count()
                .filter(entry.c.first_seen_at >= now - _MEASURED, ~entry.c.seeded)
                .label("recent"),
            )
            .group_by(entry.c.feed)
            .subquery()
        )
        async with self._store.reading() as connection:
            rows = await connection.execute(
                select(feed, counts.c.entries, counts.c.recent)
                .outerjoin_from(feed, counts, counts.c.feed == feed.c.id)
                .where(feed.c.configured)
                .order_by(feed.c.partners, feed.c.url)
            )
            return tuple(
                FeedHealth(
                    feed=_feed(row),
                    entries=row.entries or 0,
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
    found = {row.id: _feed(row) for row in rows}
    return tuple(found[one] for one in ids)


async def _known(connection: AsyncConnection, polled: FeedId, named: Sequence[Identity]) -> Known:
    """Read what a document's entries may be: by key in this feed, by link or title in any."""
    keys: dict[str, EntryId] = {}
    rows: dict[str, Row[Any]] = {}
    for some in _chunks({identity.key for identity in named}):
        found = await connection.execute(
            select(feed_key.c.key, feed_key.c.entry).where(
                feed_key.c.feed == polled, feed_key.c.key.in_(some)
            )
        )
        keys |= {row.key: EntryId(row.entry) for row in found}
    lookups = (
        (entry.c.id, set(keys.values())),
        (entry.c.link_hash, {_hash(one.link) for one in named if one.link}),
        (entry.c.title_hash, {_hash(one.title) for one in named if one.title}),
    )
    for column, values in lookups:
        for some in _chunks(values):
            result = await connection.execute(select(entry).where(column.in_(some)))
            rows |= {row.id: row for row in result}
    return Known(keys=keys, entries={EntryId(row.id): _known_entry(row) for row in rows.values()})


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
                fresh.append(_new_entry(polled, intent, now=now))
                keys.append(_new_key(polled, intent.identity.key, intent.id, now=now))
            case Revise():
                await _revise(connection, intent)
            case Alias():
                keys.append(_new_key(polled, intent.key, intent.id, now=now))
            case Credit():
                keys.append(_new_key(polled, intent.key, intent.id, now=now))
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
            **_content(intent.identity),
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


def _new_key(polled: FeedId, key: str, named: EntryId, *, now: datetime) -> dict[str, Any]:
    return {"feed": polled, "key": key, "entry": named, "seen_at": now}


def _new_feed(wanted: WantedFeed, *, now: datetime) -> dict[str, Any]:
    return _configured(wanted) | {
        "id": wanted.id,
        "interval_seconds": int(_FIRST_INTERVAL.total_seconds()),
        "next_check_at": now,
        "errors": 0,
        "gone": False,
    }


def _changed(row: Row[Any], wanted: WantedFeed, *, now: datetime) -> dict[str, Any]:
    """Ask unconditionally after a change: an ETag does not know what Herald now wants."""
    values = _configured(wanted) | {"gone": False}
    if row.configured and (row.licence, row.pubdate, row.language) == (
        wanted.licence,
        wanted.pubdate,
        wanted.language or "",
    ):
        return values
    return values | {"etag": "", "last_modified": "", "body_hash": "", "next_check_at": now}


def _configured(wanted: WantedFeed) -> dict[str, Any]:
    return {
        "url": wanted.url,
        "partners": write_partners(wanted.partners),
        "licence": wanted.licence,
        "pubdate": wanted.pubdate,
        "language": wanted.language or "",
        "partner_language": wanted.partner_language or "",
        "configured": True,
    }


def _succeeded(next_check_at: datetime, *, now: datetime) -> dict[str, Any]:
    return {
        "errors": 0,
        "trouble": "",
        "trouble_since": None,
        "gone": False,
        "next_check_at": next_check_at,
        "checked_at": now,
        "last_success_at": now,
        "owner": "",
        "lease_ends_at": None,
    }


def _new_entry(polled: FeedId, intent: Remember, *, now: datetime) -> dict[str, Any]:
    return _content(intent.identity) | {
        "id": intent.id,
        "feed": polled,
        "language": intent.language,
        "licence": intent.licence,
        "first_seen_at": now,
        "edits": 0,
        "seeded": intent.seeded,
        "withdrawn": False,
    }


def _content(identity: Identity) -> dict[str, Any]:
    event = identity.content.event
    return {
        "content": write_content(identity.content),
        "fingerprint": identity.fingerprint,
        "link": identity.link,
        "link_hash": _hash(identity.link),
        "title": identity.title,
        "title_hash": _hash(identity.title),
        "event_at": event.begins_at if event else None,
    }


def _feed(row: Row[Any]) -> Feed:
    return Feed(
        wanted=_wanted(row),
        title=row.title,
        validators=Validators(etag=row.etag, last_modified=row.last_modified),
        body_hash=row.body_hash,
        interval=timedelta(seconds=row.interval_seconds),
        next_check_at=row.next_check_at,
        checked_at=row.checked_at,
        last_success_at=row.last_success_at,
        errors=row.errors,
        trouble=row.trouble,
        trouble_since=row.trouble_since,
        gone=row.gone,
        problems=read_problems(row.problems),
    )


def _wanted(row: Row[Any]) -> WantedFeed:
    return WantedFeed(
        id=FeedId(row.id),
        url=row.url,
        partners=read_partners(row.partners),
        licence=row.licence,
        pubdate=row.pubdate,
        language=Language(row.language) if row.language else None,
        partner_language=Language(row.partner_language) if row.partner_language else None,
    )


def _known_entry(row: Row[Any]) -> KnownEntry:
    return KnownEntry(
        id=EntryId(row.id),
        feed=FeedId(row.feed),
        link=row.link,
        title=row.title,
        fingerprint=row.fingerprint,
        first_seen_at=row.first_seen_at,
        edits=row.edits,
        content=read_content(row.content),
    )


def _entry(row: Row[Any], partners: tuple[PartnerId, ...]) -> Entry:
    return Entry(
        id=EntryId(row.id),
        feed=FeedId(row.feed),
        partners=partners,
        language=Language(row.language),
        content=replace(read_content(row.content), licence=row.licence),
        fingerprint=row.fingerprint,
        first_seen_at=row.first_seen_at,
        seeded=row.seeded,
        withdrawn=row.withdrawn,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    listed = sorted(values)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]
