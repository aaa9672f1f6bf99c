"""Moves a network from one store to another, whole or not at all.

    moved = await move(source, target, to="postgresql://herald@db/herald", now=now, tell=tell)

What must not happen is that two databases send the same. So the one that is left is marked as moved
*before* the other one's copy counts: first the mark is committed, an instant later the copy.
Whatever ends in that instant leaves a network that sends nowhere until it is moved again, and never
one that sends twice.

    source  ── recognise ── locked: read ─────────────── mark ── commit
    target  ─────────────── locked, empty: write ── compare ───────────── commit
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.errors import HeraldError, StoreTaken, StoreUnusable
from herald.model.delivery import DeliveryState
from herald.model.mailing import RecipientState
from herald.store import tables
from herald.store.claiming import reap_lapsed
from herald.store.copying import (
    Content,
    Tell,
    all_tables,
    content,
    copy_table,
    filled_tables,
    lock,
    set_counters,
    unknown_tables,
)
from herald.store.doubting import DOUBTED, doubt_copies
from herald.store.engine import Store, sqlite_path
from herald.store.feed_tables import feed
from herald.store.home import instance_row
from herald.store.instance import StoredInstance, settle_in
from herald.store.mailing_tables import recipient
from herald.store.websub_tables import hub_subscription

_UNKNOWN = "the network was moved while this was being sent"
_OF_PEOPLE = ("subscriber", "subscription", "suppression")
_d, _a, _r, _i = tables.delivery.c, tables.attempt.c, recipient.c, tables.instance.c


class MoveRefused(HeraldError):
    """The network stays where it is; the message says what stands in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What stands in the other store now."""

    rows: dict[str, int]
    """Of each table, in the order in which they went over; compared on both sides."""
    unclear: int
    """Deliveries and copies of newsletters that were being sent when a Herald died."""


def without_password(url: str) -> str:
    """Return the address as it may stand in a file."""
    given = make_url(url)
    return str(given._replace(password=None).render_as_string(hide_password=False))


def has_password(url: str) -> bool:
    """Tell whether an address holds what may not stand in a file."""
    return make_url(url).password is not None


async def move(source: Store, target: Store, *, to: str, now: datetime, tell: Tell) -> Moved:
    """Copy everything from *source* to *target*, compare, and let only *target* send from now on.

    *to* is the target's address, without a password. The caller holds the locks of stores in files.
    Raises MoveRefused, StoreTaken or StoreUnusable; then the network is where it was.
    """
    await _refuse_same(source, target)
    marked = await _place_after(source)
    async with target.reading() as connection:
        filled = await filled_tables(connection)
    if marked and marked != to:
        raise MoveRefused(f"this network was moved to {marked} already")
    if filled:
        done = f" (this network was moved there already: write {to} as store)" if marked else ""
        raise MoveRefused(f"{target.place}: it is not empty, {filled[0]} has rows{done}")
    if not marked:
        await StoredInstance(source).recognise(now=now)  # a copy that was put back stays one
    is_left = False
    try:
        async with target.writing() as there:
            await lock(there)
            async with source.writing() as here:
                await lock(here)
                moved = await _moved(here, there, now=now, tell=tell)
                mark = update(tables.instance).values(moved_to=to, copied_at=now)
                await here.execute(mark)
            is_left = True
    except BaseException:
        if is_left:
            await _stay(source, target)
        raise
    if target.path is not None:
        settle_in(target.path)
    return moved


async def take_back(source: Store, target: Store, *, at: str, now: datetime) -> None:
    """Let *source*, which was left for *target*, send again, where nothing was sent from there.

    *at* is the source's address, without a password. Raises MoveRefused where something was.
    """
    await moved_to(source)
    async with target.writing() as there:
        await lock(there)
        await _refuse_running(there, now=now)
        async with source.writing() as here:
            if await filled_tables(here) and not await filled_tables(there):
                raise MoveRefused(f"{target.place}: it is empty, so the network is not there")
            if await there.scalar(select(_i.moved_to)) != at:
                await _refuse_used(here, there)
        mark = update(tables.instance).values(moved_to=at, copied_at=now)
        await there.execute(mark)
    async with source.writing() as here:
        await here.execute(update(tables.instance).values(moved_to="", copied_at=None))


def refuse_elsewhere(url: str, place: str, folder: Path) -> None:
    """Raise MoveRefused where *url* is not the store that the network was moved to, *place*.

    That one would go on sending, beside the one that is taken back.
    """
    if _whereabouts(url, folder) != _whereabouts(place, folder):
        raise MoveRefused(
            f"the network was moved to {place}, and {without_password(url)} is another store"
        )


def _whereabouts(url: str, folder: Path) -> tuple[str, ...]:
    """Return what tells one store from another in its address: not who asks, nor how."""
    path = sqlite_path(url, folder)
    if path is not None:
        return (str(path.resolve()),)
    given = make_url(url)
    return ((given.host or "").lower(), str(given.port or _USUAL_PORT), given.database or "")


_USUAL_PORT = 5432


async def refuse_others(connection: AsyncConnection) -> None:
    """Raise MoveRefused where other programs keep something in a database that is to be Herald's.

    Their tables would have to be left behind by a later move, and may bear the names of Herald's.
    """
    if unknown := await unknown_tables(connection):
        raise MoveRefused(
            f"it is not empty, it holds tables that are not Herald's: {', '.join(unknown[:5])}"
            " (make a database for Herald alone)"
        )


async def give_up(source: Store, *, now: datetime) -> str:
    """Let *source* send again though nobody knows what was sent from where it was moved to.

    What is owed from before *now* is looked up first, as in a copy that was put back. Returns
    where the network was moved to.
    """
    async with source.writing() as here:
        row = (await here.execute(select(tables.instance))).one()
        if not row.moved_to:
            raise MoveRefused(_NOT_LEFT)
        await doubt_copies(here, now=now)
        await here.execute(
            update(tables.instance).values(
                moved_to="", copied_at=None, doubt_since=row.copied_at, doubt_before=now
            )
        )
        return str(row.moved_to)


_NOT_LEFT = (
    "the store that config/herald.yaml names was not moved, so there is nothing to take back"
    " (write the old address as store, then try again)"
)


async def _moved(
    here: AsyncConnection, there: AsyncConnection, *, now: datetime, tell: Tell
) -> Moved:
    if unknown := await unknown_tables(here):
        raise MoveRefused(f"it holds tables that are not Herald's: {', '.join(unknown)}")
    if filled := await filled_tables(there):
        raise MoveRefused(f"it is not empty: {filled[0]} has rows")
    await _refuse_running(here, now=now)
    rows: dict[str, int] = {}
    for each in all_tables():
        read = await copy_table(here, there, each, tell=tell)
        _compare(each.name, read, await content(there, each))
        rows[each.name] = read.rows
    await set_counters(there)
    return Moved(rows=rows, unclear=await _settle_down(there, now=now))


def _compare(name: str, read: Content, written: Content) -> None:
    if read != written:
        raise StoreUnusable(
            f"{name}: {read.rows} rows were read and {written.rows} stand in the new store, or"
            " some of them differ; nothing was moved"
        )


async def _settle_down(there: AsyncConnection, *, now: datetime) -> int:
    """End every lease of the old store's Heralds; what they were sending is unclear."""
    held = and_(_d.state == DeliveryState.CLAIMED.value, _d.lease_ends_at > now)
    await there.execute(update(tables.delivery).where(held).values(lease_ends_at=now))
    unclear = await reap_lapsed(there, now=now)
    copies = await there.execute(
        update(recipient)
        .where(_r.state == RecipientState.CLAIMED.value)
        .values(
            state=RecipientState.UNCERTAIN.value, reply=_UNKNOWN, lease_ends_at=None, ended_at=now
        )
    )
    await there.execute(update(feed).values(owner="", lease_ends_at=None))
    await there.execute(update(hub_subscription).values(lease_ends_at=None))
    await there.execute(update(tables.planner).values(owner="", lease_ends_at=None))
    _, home = await instance_row(there)
    # 1, not 0: it is no database that is used for the first time
    await there.execute(
        update(tables.instance).values(
            epoch=1, last_seen_at=now, copied_at=None, moved_to="", home=str(home or "")
        )
    )
    return unclear + int(copies.rowcount)


async def _stay(source: Store, target: Store) -> None:
    """Take the mark back where the copy did not come to count."""
    try:
        async with target.reading() as connection:
            if await filled_tables(connection):
                return  # it did, though its server could not say so
        async with source.writing() as here:
            await here.execute(update(tables.instance).values(moved_to="", copied_at=None))
    except HeraldError as error:
        raise StoreUnusable(
            f"{target.place}: it does not say whether everything arrived, so nothing is sent from"
            " either store: run the same command again"
        ) from error


async def moved_to(store: Store) -> str:
    """Return where this store's network was moved to; raise MoveRefused if it was not moved."""
    if not (place := await _place_after(store)):
        raise MoveRefused(_NOT_LEFT)
    return place


async def _place_after(store: Store) -> str:
    async with store.reading() as connection:
        return str(await connection.scalar(select(_i.moved_to)) or "")


async def _refuse_same(source: Store, target: Store) -> None:
    if source.path is not None and target.path is not None:
        is_same = source.path.samefile(target.path)
    elif source.path is None and target.path is None:
        async with source.reading() as here, target.reading() as there:
            is_same = (await instance_row(here))[1] == (await instance_row(there))[1]
    else:
        is_same = False
    if is_same:
        raise MoveRefused(f"{target.place}: the network is there already")


async def _refuse_running(connection: AsyncConnection, *, now: datetime) -> None:
    """Raise StoreTaken while a Herald works on a PostgreSQL database; a file has its lock."""
    if connection.dialect.name != "postgresql":
        return
    busy = await connection.execute(
        text(
            "SELECT coalesce(client_addr::text, 'this machine') AS address FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'herald'"
            " AND pid <> pg_backend_pid()"
        )
    )
    if (other := busy.first()) is not None:
        raise StoreTaken(f"a Herald at {other.address} has the database open: stop it first")
    for who, held in _leases(now):
        if await connection.scalar(select(func.count()).where(held)):
            raise StoreTaken(
                f"a Herald holds {who} there, or died a short while ago: stop all that run on it,"
                " and try again in a few minutes"
            )


def _leases(now: datetime) -> tuple[tuple[str, ColumnElement[bool]], ...]:
    return (
        ("the planning", tables.planner.c.lease_ends_at > now),
        (
            "deliveries",
            and_(_d.state == DeliveryState.CLAIMED.value, _d.lease_ends_at > now),
        ),
        (
            "a newsletter's copies",
            and_(_r.state == RecipientState.CLAIMED.value, _r.lease_ends_at > now),
        ),
    )


async def _refuse_used(here: AsyncConnection, there: AsyncConnection) -> None:
    """Raise MoveRefused where going back would forget what was sent, or who left a list."""
    sends = select(func.count()).where(or_(_a.outcome.is_(None), ~_a.outcome.startswith(DOUBTED)))
    copies = select(func.coalesce(func.sum(_r.token), 0))
    for what, question in (("posts", sends), ("copies of newsletters", copies)):
        more = int(await _number(there, question)) - int(await _number(here, question))
        if more:
            raise MoveRefused(f"{abs(more)} {what} were sent from there since. {_ALL_BACK}")
    for each in all_tables():
        if each.name in _OF_PEOPLE and await content(here, each) != await content(there, each):
            raise MoveRefused(f"people joined or left a list there since. {_ALL_BACK}")


async def _number(connection: AsyncConnection, question: Any) -> Any:
    return (await connection.execute(question)).scalar_one()


_ALL_BACK = (
    "To go back with all of it, write that address as store, and move to a new file:"
    " herald store move sqlite:///var/herald-2.db"
)
