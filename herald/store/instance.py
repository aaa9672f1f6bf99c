"""Recognises a database that was put back from a copy, or taken elsewhere, before it sends.

Such a database does not know what was sent after it was copied, and would send it again. So the
database counts an epoch, which is raised whenever Herald starts, every minute, and when it stops;
the same number stands in a file beside it, with the number by which the file system knows the
database. At the start they are compared:

=================================  =============================================================
the database's is lower            an older copy was put back
the file is not there              the database was taken elsewhere without it, or put back alone
the file system's number differs   the whole folder was put back, or copied to another machine
``copied_at`` is set               ``herald backup`` wrote it
=================================  =============================================================

Then what is owed from before is looked up on its network before it is sent, see ``doubting``. The
database is written first, and the file after it: a crash between the two leaves the file behind,
which is no cause for doubt. A database that has counted nothing yet, and has no file, is new;
whether its network is new as well nobody knows, so what was due before its first start is looked
up too.

On PostgreSQL nothing stands beside the database. There ``home`` holds what the server said of
itself and of the database (``herald.store.home``), and whatever takes something to be sent asks it
again (``doubting.at_home``).
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from herald.errors import StoreUnusable
from herald.store.doubting import (
    COPY,
    LOOK_BACK,
    at_home,
    begun,
    doubt_copies,
    refuse_moved,
    since,
)
from herald.store.engine import Store
from herald.store.home import home_of
from herald.store.tables import instance

__all__ = ["LOOK_BACK", "Beside", "StoredInstance", "settle_in", "why_older"]

_OWNER_ONLY = 0o600

_OLDER = "the database is older than what Herald wrote last: a copy was put back"
_ALONE = "the database was copied here, or put back, without the file that belongs to it"
_ELSEWHERE = "the database was copied here, or put back with its whole folder"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the file beside a database says about it."""

    epoch: int
    inode: int
    """The number by which the file system knows the database's file."""


def why_older(
    epoch: int, beside: Beside | None, *, inode: int, copied_at: datetime | None
) -> str | None:
    """Tell why a database may not know what was sent; None when it does know."""
    if copied_at is not None:
        return COPY
    if beside is None:
        return _ALONE if epoch else None
    if epoch < beside.epoch:
        return _OLDER
    return None if inode == beside.inode else _ELSEWHERE


class StoredInstance:
    """Counts the epoch of *store*'s database; only for the one Herald that sends from it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_recognised = False

    async def refuse_moved(self) -> None:
        """Raise StoreMoved where the network is elsewhere by now: what is changed here is lost."""
        async with self._store.reading() as connection:
            refuse_moved((await connection.execute(select(instance))).one_or_none())

    async def recognise(self, *, now: datetime) -> str | None:
        """Find out, before anything is sent, whether the database may be an old one.

        Returns why, when what is owed from before *now* is to be looked up first.
        """
        path = self._store.path
        if path is None:
            why = await self._store.write(lambda connection: _found_out(connection, now=now))
        else:
            why = await self._recognise_file(path, now=now)
        self._is_recognised = True
        return why

    async def _recognise_file(self, path: Path, *, now: datetime) -> str | None:
        beside = _read(_file(path))
        async with self._store.writing() as connection:
            row, _ = await at_home(connection, now=now)
            if row is None:
                raise StoreUnusable(f"{path}: it is damaged: put back a backup (no instance)")
            why = why_older(row.epoch, beside, inode=_inode(path), copied_at=row.copied_at)
            epoch = max(row.epoch, beside.epoch if beside else 0) + 1
            values: dict[str, object] = {"epoch": epoch}
            if why is None:
                values["last_seen_at"] = now
                if row.epoch == 0:
                    values |= await begun(connection, now=now)
                if beside is None:  # the first start of all: a crash must not leave it without
                    settle_in(path)
            else:
                # last_seen_at stays: should the file not be written, this comes once more
                values |= {"copied_at": None, "doubt_before": now}
                values["doubt_since"] = since(row, now)
                await doubt_copies(connection, now=now)
            await connection.execute(update(instance).values(values))
        _write(_file(path), Beside(epoch=epoch, inode=_inode(path)))
        return why

    async def mark(self, *, now: datetime) -> None:
        """Raise the epoch: a copy that was made before is older from now on."""
        path = self._store.path
        if not self._is_recognised:
            return
        if path is None:
            await self._store.write(lambda connection: _seen(connection, now=now))
            return
        async with self._store.writing() as connection:
            raised = await connection.execute(
                update(instance)
                .values(epoch=instance.c.epoch + 1, last_seen_at=now)
                .returning(instance.c.epoch)
            )
            epoch = raised.scalar_one()
        with suppress(FileNotFoundError):  # the store itself was taken away
            _write(_file(path), Beside(epoch=epoch, inode=_inode(path)))


def settle_in(path: Path) -> None:
    """Let the SQLite file *path*, which nobody has used yet, pass for one that was always here."""
    _write(_file(path), Beside(epoch=0, inode=_inode(path)))


async def _found_out(connection: AsyncConnection, *, now: datetime) -> str | None:
    row, why = await at_home(connection, now=now, begins=True)
    home = home_of(row.home) if row is not None else None
    if home is not None and not home.is_sure:
        log.warning(
            "the PostgreSQL server does not say which one it is: should it be put back from a copy"
            " or replaced, Herald may not notice (let its user execute pg_control_system and"
            " pg_walfile_name)"
        )
    await connection.execute(update(instance).values(last_seen_at=now))
    return why


async def _seen(connection: AsyncConnection, *, now: datetime) -> None:
    """Remember that the database was in use; but not before it was recognised."""
    row, why = await at_home(connection, now=now)
    if why is not None:
        log.warning("%s", why)
    if row is not None:
        await connection.execute(update(instance).values(last_seen_at=now))


def _inode(path: Path) -> int:
    return path.stat().st_ino


def _file(path: Path) -> Path:
    real = path.resolve()  # beside the file itself, by whatever name it is called
    return real.with_name(f"{real.name}.epoch")


def _read(file: Path) -> Beside | None:
    """Read the file; what is none of Herald's counts as if it were not there."""
    try:
        epoch, inode = file.read_text(encoding="ascii").split()
        return Beside(epoch=int(epoch), inode=int(inode))
    except FileNotFoundError:
        return None
    except ValueError:
        return None
    except OSError as error:
        raise StoreUnusable(f"{file}: it cannot be read: {error.strerror}") from error


def _write(file: Path, beside: Beside) -> None:
    """Write the file, whole or not at all; an older one says no more than that time passed."""
    new = file.with_name(f"{file.name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            os.write(descriptor, f"{beside.epoch} {beside.inode}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.replace(file)
    except OSError as error:
        raise StoreUnusable(f"{file}: it cannot be written: {error.strerror}") from error
