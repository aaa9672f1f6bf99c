"""Saves together what polls came to: one commit, one fsync, for many feeds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import BindParameter, String, Text, bindparam, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.model.ids import EntryId, FeedId
from herald.model.polling import (
    Alias,
    Credit,
    Decision,
    Failed,
    Identity,
    Known,
    Remember,
    Retell,
    Revise,
    Unchanged,
    Understood,
)
from herald.store.alone import Guarded, alone
from herald.store.batches import batches
from herald.store.engine import Store
from herald.store.feed_known import read_known
from herald.store.feed_rows import (
    content_columns,
    failed,
    new_entry,
    new_key,
    shared_key,
    unchanged,
    understood,
)
from herald.store.feed_tables import entry, entry_credit, feed, feed_key
from herald.store.grouping import Grouped
from herald.store.planner import note_news
from herald.store.upsert import upsert

MOST = 1_000
"""Entries written in one transaction, a feed counting as one: more would keep others waiting."""
HEAVY = 250
"""Entries of a document over which deciding takes longer than the event loop may stand still."""
_ROWS = 200
"""Rows turned into parameters at once, for the same reason."""

_OF: BindParameter[str] = bindparam("of", type_=String)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Foreseen:
    """What was decided of a large document before its transaction, and from what."""

    known: Known
    written: Written


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Save:
    """What came of one poll and waits to be written."""

    polled: FeedId
    poll: Understood | Unchanged | Failed
    now: datetime
    named: Sequence[Identity] = ()
    decide: Callable[[Known], Decision] = lambda known: Decision()
    foreseen: Foreseen | None = None


Saved = Decision | Exception
"""What was decided; an exception if deciding broke: then nothing of that poll was written."""


@dataclass(slots=True)
class Written:
    """A decision and the rows in which it is written."""

    decision: Decision
    entries: list[dict[str, Any]] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(default_factory=list)
    retold: list[dict[str, Any]] = field(default_factory=list)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    shared: list[EntryId] = field(default_factory=list)


class FeedSaver:
    """Writes what polls came to, all that wait at once (``Grouped``)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._group: Grouped[Save, Saved] = Grouped(
            self._write, most=MOST, weight=lambda save: 1 + len(save.named)
        )

    async def save(self, save: Save) -> Decision:
        """Return what was decided, once it is durable; raise what deciding raised."""
        if len(save.named) > HEAVY:
            save = await self._foresee(save)
        saved = await self._group.bring(save)
        if isinstance(saved, Exception):
            raise saved
        return saved

    async def _foresee(self, save: Save) -> Save:
        """Decide in a thread and hold nobody up: it stands if the transaction knows the same."""
        async with self._store.reading() as connection:
            base = await read_known(connection, [(save.polled, save.named)])
        known = base.of(save.polled, save.named)
        written = await asyncio.to_thread(_written, save, known)
        return Save(
            polled=save.polled,
            poll=save.poll,
            now=save.now,
            named=save.named,
            decide=save.decide,
            foreseen=Foreseen(known=known, written=written),
        )

    async def _write(self, group: Sequence[Save]) -> Sequence[Saved]:
        return await self._store.write(lambda connection: save_all(connection, group))


async def save_all(connection: AsyncConnection, saves: Sequence[Save]) -> list[Saved]:
    """Write *saves* in this transaction, in their order; return of each what was decided."""
    await alone(connection, Guarded.FEEDS)  # what is known of a piece of news is known to all
    read = [save for save in saves if isinstance(save.poll, Understood)]
    base = await read_known(connection, [(save.polled, save.named) for save in read])
    answers: list[Saved] = []
    written: list[tuple[Save, Written]] = []
    for save in saves:
        if not isinstance(save.poll, Understood):
            answers.append(Decision())
            continue
        known = base.of(save.polled, save.named)
        try:
            rows = await _decided(save, known)
        except Exception as error:  # noqa: BLE001 - a bug over one document concerns no other
            answers.append(error)
            continue
        base.learn(save.polled, rows.decision, now=save.now)
        answers.append(rows.decision)
        written.append((save, rows))
        await asyncio.sleep(0)  # each document by itself is short
    await _write_rows(connection, written)
    await _write_feeds(connection, saves, written)
    if any(_is_news(rows.decision) for _, rows in written):
        await note_news(connection)
    return answers


def _is_news(decision: Decision) -> bool:
    """Tell whether there is an entry that is new or changed, and may have to be planned."""
    return any(isinstance(intent, Remember | Revise) for intent in decision.intents)


async def _decided(save: Save, known: Known) -> Written:
    if save.foreseen is not None and save.foreseen.known == known:
        return save.foreseen.written
    if len(save.named) > HEAVY:
        return await asyncio.to_thread(_written, save, known)
    return _written(save, known)


def _written(save: Save, known: Known) -> Written:
    """Decide and turn the intents into rows. Pure."""
    written = Written(decision=save.decide(known))
    polled, now = save.polled, save.now
    for intent in written.decision.intents:
        match intent:
            case Remember():
                written.entries.append(new_entry(polled, intent, now=now))
                written.keys.append(new_key(polled, intent.identity.key, intent.id, now=now))
            case Revise():
                columns = content_columns(intent.identity)
                columns |= {"withdrawn": intent.withdrawn, "feed": intent.feed}
                written.revisions.append({"of": intent.id} | _bound(columns))
            case Alias():
                written.keys.append(new_key(polled, intent.key, intent.id, now=now))
            case Credit():
                written.keys.append(shared_key(polled, intent, now=now))
                written.shared.append(intent.id)
            case Retell():
                written.retold.append(shared_key(polled, intent, now=now))
            case _:
                assert_never(intent)
    return written


async def _write_rows(connection: AsyncConnection, written: Sequence[tuple[Save, Written]]) -> None:
    """Write entries and keys; one that another process has written meanwhile stays as it is."""
    fresh = [row for _, rows in written for row in rows.entries]
    credited = [{"entry": row["id"], "feed": row["feed"], "position": 0} for row in fresh]
    keys = [row for _, rows in written for row in rows.keys]
    for table, rows in ((entry, fresh), (entry_credit, credited), (feed_key, keys)):
        for some in batches(rows, _ROWS):
            await upsert(connection, table, some)
    retold = [row for _, rows in written for row in rows.retold]
    for some in batches(retold, _ROWS):
        await upsert(connection, feed_key, some, change=("link_hash", "title_hash"))
    revisions = [row for _, rows in written for row in rows.revisions]
    for some in batches(revisions, _ROWS):
        await connection.execute(_REVISE, list(some))
    await _share(connection, [(save.polled, one) for save, rows in written for one in rows.shared])


async def _share(connection: AsyncConnection, shared: Sequence[tuple[FeedId, EntryId]]) -> None:
    """Credit feeds for entries of others, behind those that are credited already."""
    for some in batches(list(dict.fromkeys(shared)), _ROWS):
        found = await connection.execute(
            select(entry_credit.c.entry, func.max(entry_credit.c.position).label("last"))
            .where(entry_credit.c.entry.in_({one for _, one in some}))
            .group_by(entry_credit.c.entry)
        )
        last: dict[str, int] = {row.entry: row.last for row in found}
        rows = []
        for polled, one in some:
            last[one] = last.get(one, -1) + 1
            rows.append({"entry": one, "feed": polled, "position": last[one]})
        await upsert(connection, entry_credit, rows)


async def _write_feeds(
    connection: AsyncConnection,
    saves: Sequence[Save],
    written: Sequence[tuple[Save, Written]],
) -> None:
    """Write how each poll went, those that went alike in one statement."""
    decisions = {id(save): rows.decision for save, rows in written}
    news: list[dict[str, Any]] = []
    calm: list[dict[str, Any]] = []
    trouble: list[dict[str, Any]] = []
    for save in saves:
        match save.poll:
            case Understood() if id(save) in decisions:
                columns = understood(save.poll, decisions[id(save)], now=save.now)
                news.append({"of": save.polled} | _bound(columns))
            case Understood():
                pass
            case Unchanged():
                calm.append({"of": save.polled} | _bound(unchanged(save.poll, now=save.now)))
            case Failed():
                trouble.append({"of": save.polled} | _bound(failed(save.poll, now=save.now)))
            case _:
                assert_never(save.poll)
    for statement, rows in ((_UNDERSTOOD, news), (_UNCHANGED, calm), (_FAILED, trouble)):
        for some in batches(rows, _ROWS):
            await connection.execute(statement, list(some))


def _bound(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Name parameters unlike the columns that they are for, as an update wants it."""
    return {f"new_{name}": value for name, value in columns.items()}


_FREED = ("next_check_at", "checked_at", "adopted", "owner", "lease_ends_at")
_WELL = (*_FREED, "errors", "trouble", "trouble_since", "gone", "last_success_at", "move")
_READ = (
    *(*_WELL, "title", "etag", "last_modified", "body_hash", "interval_seconds"),
    *("problems", "cadence", "entries", "hub"),
)


def _new(table: Any, *names: str) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


_IS_OTHER_ADDRESS = feed.c.adopted != bindparam("new_adopted", type_=Text)
_kept = {
    # Validators were given by one address; they say nothing about another one.
    name: case(
        (_IS_OTHER_ADDRESS, ""),
        (bindparam(f"new_{name}", type_=Text) == "", feed.c[name]),
        else_=bindparam(f"new_{name}", type_=Text),
    )
    for name in ("etag", "last_modified")
}
_READ_AGAIN = {"body_hash": case((_IS_OTHER_ADDRESS, ""), else_=feed.c.body_hash)}
_FORGOTTEN = {
    name: case((_IS_OTHER_ADDRESS, ""), else_=feed.c[name]) for name in ("etag", "last_modified")
}
_UNDERSTOOD = update(feed).where(feed.c.id == _OF).values(_new(feed, *_READ))
_UNCHANGED = update(feed).where(feed.c.id == _OF).values(_new(feed, *_WELL) | _kept | _READ_AGAIN)
_FAILED = (
    update(feed)
    .where(feed.c.id == _OF)
    .values(
        _new(feed, *_FREED, "trouble", "gone")
        | _FORGOTTEN
        | _READ_AGAIN
        | {
            "errors": feed.c.errors + 1,
            "trouble_since": func.coalesce(
                feed.c.trouble_since, bindparam("new_checked_at", type_=feed.c.checked_at.type)
            ),
        }
    )
)
_REVISE = (
    update(entry)
    .where(entry.c.id == _OF)
    .values(
        _new(
            entry,
            *("content", "fingerprint", "link", "link_hash", "title", "title_hash"),
            *("uid_hash", "published_at", "event_at", "withdrawn", "feed"),
        )
        | {"edits": entry.c.edits + 1}
    )
)
