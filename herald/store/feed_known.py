"""What the store holds that the entries of documents may be: read for many documents at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.feed import EventSource
from herald.model.ids import EntryId, FeedId, PartnerId
from herald.model.polling import Decision, Identity, Known, KnownEntry, Remember, Revise
from herald.store.batches import batches
from herald.store.feed_rows import hash_of, known_entry_of, said_hashes
from herald.store.feed_tables import entry, feed, feed_key
from herald.store.feed_values import read_partners

_PAIRS = 250
"""Keys of feeds in one statement: each is two values."""
_MOST_ALIKE = 500
"""Entries of one statement's links or titles: what more have in common identifies nothing."""
_NEWEST = 10


@dataclass(frozen=True, slots=True)
class _Told:
    """The words in which a feed told another feed's entry."""

    entry: EntryId
    link_hash: str
    title_hash: str


Named = tuple[FeedId, Sequence[Identity]]
"""A feed and the entries of its document."""


@dataclass(slots=True)
class KnownEntries:
    """What several documents' entries may be; it learns what is decided of one for the next."""

    keys: dict[FeedId, dict[str, EntryId]] = field(default_factory=dict)
    entries: dict[EntryId, KnownEntry] = field(default_factory=dict)
    latest: dict[FeedId, tuple[datetime, ...]] = field(default_factory=dict)
    links: dict[str, list[EntryId]] = field(default_factory=dict)
    titles: dict[str, list[EntryId]] = field(default_factory=dict)
    uids: dict[str, list[EntryId]] = field(default_factory=dict)
    left: frozenset[FeedId] = frozenset()
    partners: dict[FeedId, tuple[PartnerId, ...]] = field(default_factory=dict)
    """Of the feeds whose documents these are."""
    told: dict[FeedId, list[_Told]] = field(default_factory=dict)
    retold: dict[FeedId, set[str]] = field(default_factory=dict)

    def of(self, polled: FeedId, named: Sequence[Identity]) -> Known:
        """Return what concerns one document."""
        keys = self.keys.get(polled, {})
        here = {identity.key: keys[identity.key] for identity in named if identity.key in keys}
        ids = dict.fromkeys(here.values())
        unknown = _unknown(named, here)
        for identity in unknown:
            if identity.link:
                ids |= dict.fromkeys(self.links.get(identity.link, ()))
            if identity.title:
                ids |= dict.fromkeys(self.titles.get(identity.title, ()))
            if identity.uid:
                ids |= dict.fromkeys(self.uids.get(identity.uid, ()))
        told = tuple(self._told(polled, unknown))
        ids |= dict.fromkeys(one.id for one in told)
        return Known(
            keys=here,
            entries={one: self.entries[one] for one in ids if one in self.entries},
            latest=self.latest.get(polled, ()),
            left=self.left,
            told=told,
            retold=frozenset(self.retold.get(polled, ())),
        )

    def _told(self, polled: FeedId, unknown: Sequence[Identity]) -> Iterator[KnownEntry]:
        """Yield what the feed told before, with as much of it as its document says again."""
        links = {hash_of(one.link): one.link for one in unknown if one.link}
        titles = {hash_of(one.title): one.title for one in unknown if one.title}
        for one in self.told.get(polled, ()):
            link, title = links.get(one.link_hash, ""), titles.get(one.title_hash, "")
            if (link or title) and one.entry in self.entries:
                yield replace(self.entries[one.entry], link=link, title=title)

    def learn(self, polled: FeedId, decision: Decision, *, now: datetime) -> None:
        """Add what is decided of one document, so that the next sees it as if it were stored."""
        for intent in decision.intents:
            match intent:
                case Remember(id=named, identity=identity):
                    self.add(
                        KnownEntry(
                            id=named,
                            feed=polled,
                            link=identity.link,
                            title=identity.title,
                            fingerprint=identity.fingerprint,
                            first_seen_at=now,
                            partners=self.partners.get(polled, ()),
                            content=identity.content,
                        )
                    )
                case Revise(id=named, identity=identity) if named in self.entries:
                    self.add(
                        replace(
                            self.entries[named],
                            feed=intent.feed,
                            partners=self.partners.get(intent.feed, self.entries[named].partners),
                            link=identity.link,
                            title=identity.title,
                            fingerprint=identity.fingerprint,
                            content=identity.content,
                            edits=self.entries[named].edits + 1,
                        )
                    )
                case _:
                    pass

    def add(self, known: KnownEntry) -> None:
        """Add an entry, to be found by its id, its link, its title and its event's UID."""
        self.entries[known.id] = known
        self.links.setdefault(known.link, []).append(known.id)
        self.titles.setdefault(known.title, []).append(known.id)
        if known.content.event is not None and known.content.event.uid:
            self.uids.setdefault(known.content.event.uid, []).append(known.id)


async def read_known(connection: AsyncConnection, documents: Sequence[Named]) -> KnownEntries:
    """Read what the documents' entries may be: by key in their feed, else by link, title or UID.

    An entry whose fingerprint is that of the document is not read again: it says the same.
    """
    known = KnownEntries(
        left=await _read_left(connection),
        partners=await _read_partners(connection, [polled for polled, _ in documents]),
    )
    others = await _read_keys(connection, documents, known)
    unknown = [
        identity
        for polled, named in documents
        for identity in _unknown(named, known.keys.get(polled, {}))
    ]
    others |= await _read_told(connection, documents, known)
    whole: set[str] = set()
    lookups = (
        (entry.c.id, others),
        (entry.c.link_hash, {hash_of(one.link) for one in unknown if one.link}),
        (entry.c.title_hash, {hash_of(one.title) for one in unknown if one.title}),
        (entry.c.uid_hash, {hash_of(one.uid) for one in unknown if one.uid}),
    )
    for column, values in lookups:
        for some in batches(sorted(values)):
            found = await connection.execute(
                select(entry, feed.c.partners)
                .join_from(entry, feed, feed.c.id == entry.c.feed)
                .where(column.in_(some))
                .order_by(entry.c.first_seen_at.desc(), entry.c.id)
                .limit(len(some) + _MOST_ALIKE)
            )
            for row in found:
                if row.id not in whole:
                    whole.add(row.id)
                    known.add(known_entry_of(row))
    for polled, named in documents:
        if _unknown(named, known.keys.get(polled, {})):
            known.latest[polled] = await _latest(connection, polled)
    return known


async def _read_keys(
    connection: AsyncConnection, documents: Sequence[Named], known: KnownEntries
) -> set[str]:
    """Read the entries that are known by key; return the ids of those to be read as they stand.

    A fingerprint is the words of the entry's own feed: it tells nothing of the entry's page, nor of
    what other feeds told of its event.
    """
    named = {(polled, one.key): one for polled, some in documents for one in some}
    others: set[str] = set()
    for some in batches(sorted(named), _PAIRS):
        found = await connection.execute(
            select(
                feed_key.c.feed.label("polled"),
                feed_key.c.key,
                entry.c.id,
                entry.c.feed,
                entry.c.fingerprint,
                entry.c.first_seen_at,
                entry.c.edits,
                entry.c.withdrawn,
                feed_key.c.link_hash,
                feed_key.c.title_hash,
            )
            .join_from(feed_key, entry, entry.c.id == feed_key.c.entry)
            .where(tuple_(feed_key.c.feed, feed_key.c.key).in_(some))
        )
        for row in found:
            known.keys.setdefault(FeedId(row.polled), {})[row.key] = EntryId(row.id)
            identity = named[FeedId(row.polled), row.key]
            if row.feed != row.polled and _is_retold(row, identity):
                known.retold.setdefault(FeedId(row.polled), set()).add(row.key)
            if _says_the_same(row, identity):
                known.add(_unchanged(row, identity))
            else:
                others.add(row.id)
    return others


async def _read_told(
    connection: AsyncConnection, documents: Sequence[Named], known: KnownEntries
) -> set[str]:
    """Read which other feeds' entries the documents may tell in their own former words."""
    found: set[str] = set()
    for polled, named in documents:
        unknown = _unknown(named, known.keys.get(polled, {}))
        for column, values in (
            (feed_key.c.link_hash, {hash_of(one.link) for one in unknown if one.link}),
            (feed_key.c.title_hash, {hash_of(one.title) for one in unknown if one.title}),
        ):
            for some in batches(sorted(values)):
                rows = await connection.execute(
                    select(feed_key.c.entry, feed_key.c.link_hash, feed_key.c.title_hash)
                    .where(feed_key.c.feed == polled, column.in_(some))
                    .order_by(feed_key.c.seen_at.desc(), feed_key.c.key)
                    .limit(len(some) + _MOST_ALIKE)
                )
                told = [_Told(EntryId(row.entry), row.link_hash, row.title_hash) for row in rows]
                known.told.setdefault(polled, []).extend(told)
                found.update(one.entry for one in told)
    return found


def _is_retold(row: Row[*tuple[Any, ...]], said: Identity) -> bool:
    kept = (row.link_hash, row.title_hash)
    return kept != tuple(said_hashes(said.link, said.title).values())


def _says_the_same(row: Row[*tuple[Any, ...]], said: Identity) -> bool:
    if row.fingerprint != said.fingerprint or row.withdrawn:
        return False
    event = said.content.event
    return event is None or (row.feed == row.polled and event.source is not EventSource.PAGE)


async def _read_partners(
    connection: AsyncConnection, feeds: Sequence[FeedId]
) -> dict[FeedId, tuple[PartnerId, ...]]:
    """Return whose these feeds are."""
    whose: dict[FeedId, tuple[PartnerId, ...]] = {}
    for some in batches(feeds):
        found = await connection.execute(
            select(feed.c.id, feed.c.partners).where(feed.c.id.in_(some))
        )
        whose |= {FeedId(row.id): read_partners(row.partners) for row in found}
    return whose


async def _read_left(connection: AsyncConnection) -> frozenset[FeedId]:
    """Return the feeds that are not configured any more."""
    found = await connection.execute(select(feed.c.id).where(~feed.c.configured))
    return frozenset(FeedId(one) for one in found.scalars())


def _unchanged(row: Row[*tuple[Any, ...]], said: Identity) -> KnownEntry:
    """Return a stored entry whose words are those of the document: only its dates may differ."""
    return KnownEntry(
        id=EntryId(row.id),
        feed=FeedId(row.feed),
        link=said.link,
        title=said.title,
        fingerprint=said.fingerprint,
        first_seen_at=row.first_seen_at,
        edits=row.edits,
        content=said.content,
    )


async def _latest(connection: AsyncConnection, polled: FeedId) -> tuple[datetime, ...]:
    """Return when the newest known entries of a feed were published, the newest first."""
    found = await connection.execute(
        select(entry.c.published_at)
        .where(entry.c.feed == polled, entry.c.published_at.is_not(None))
        .order_by(entry.c.published_at.desc())
        .limit(_NEWEST)
    )
    return tuple(found.scalars())


def _unknown(named: Iterable[Identity], keys: Mapping[str, EntryId]) -> list[Identity]:
    return [identity for identity in named if identity.key not in keys]
