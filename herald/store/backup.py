"""Copies a SQLite store while others go on writing to it.

    made = back_up(Path("var/herald.db"), Path("/mnt/usb/herald.db"), at=now)

``VACUUM INTO`` reads one moment's state and makes no writer wait. SQLite's other way, its backup
interface, would copy free pages as well, and with them the addresses of people who were erased.
What it writes is one file that needs no journal beside it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from herald.errors import HeraldError, StoreUnusable
from herald.store.tables import to_microseconds

_OWNER_ONLY = 0o600
_OTHERS = 0o077
_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".epoch")
"""What belongs to a store and stands beside it."""
_WAYS = ("mode=ro", "immutable=1")
"""Beside a writer; and where not even SQLite's index can be made, so that nobody is writing."""


class BackupRefused(HeraldError):
    """A copy cannot be written there: name another file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy that was made, and read to its last page."""

    file: Path
    at: datetime
    """The copy holds what stood in the store at this moment, or a little later."""
    size: int
    """In bytes."""
    is_on_same_disk: bool
    """It is lost with the store."""
    is_private: bool
    """Only its owner may read it; a memory stick, for one, knows no owners."""


def back_up(store: Path, target: Path, *, at: datetime, replace: bool = False) -> Backup:
    """Copy the SQLite file *store* to *target*, which only its owner may read.

    *target* is there whole or not at all. With *replace* a file that is there gives way. Raises
    BackupRefused when no copy can be written to *target*, and StoreUnusable when the store cannot
    be read to its end.
    """
    if not store.is_file():
        raise StoreUnusable(f"{store}: there is no store yet, so there is nothing to copy")
    _refuse(store, target, replace=replace)
    with _beside(target) as copy:
        _copy(store, copy)
        _check(copy)
        _mark_as_copy(copy, at)
        _to_disk(copy)
        _put_in_place(copy, target, replace=replace)
    _to_disk(target.parent)
    found = target.stat()
    return Backup(
        file=target,
        at=at,
        size=found.st_size,
        is_on_same_disk=found.st_dev == store.stat().st_dev,
        is_private=not stat.S_IMODE(found.st_mode) & _OTHERS,
    )


def copy_beside(target: Path) -> Path:
    """Return the file that grows while a copy to *target* is made."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def dump_command(url: str, target: Path) -> str:
    """Return the command that copies the PostgreSQL store at *url*; it holds no password."""
    given = make_url(url)
    place = URL.create(
        "postgresql",
        username=given.username,
        host=given.host,
        port=given.port,
        database=given.database,
        query=given.query,
    ).render_as_string()
    return f"pg_dump --format=custom --no-owner --file='{target}' --dbname='{place}'"


def _refuse(store: Path, target: Path, *, replace: bool) -> None:
    """Raise BackupRefused for a place where something would be lost, or the copy itself."""
    where, own = target.resolve(), store.resolve()
    if where in {own, *(own.with_name(own.name + each) for each in _BESIDE)}:
        raise BackupRefused(f"{target}: this is the store itself: name another file")
    if target.is_dir():
        raise BackupRefused(f"{target}: this is a folder: name a file in it")
    if target.exists() and not target.is_file():
        raise BackupRefused(f"{target}: this is no file, and a copy would be lost there")
    if target.exists() and not replace:
        raise _is_there(target)
    if not target.parent.is_dir():
        raise BackupRefused(f"{target.parent}: there is no such folder: make it first")
    needed, free = store.stat().st_size, shutil.disk_usage(target.parent).free
    if free < needed:
        raise BackupRefused(
            f"{target.parent}: there is no room: {_megabytes(needed)} are needed,"
            f" {_megabytes(free)} are free"
        )


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give an empty file beside *target*; what is left of it at the end is removed."""
    copy = copy_beside(target)
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER_ONLY))
    except OSError as error:
        raise BackupRefused(f"{target.parent}: it cannot be written: {error.strerror}") from error
    try:
        with suppress(PermissionError):  # a memory stick knows no owners
            copy.chmod(_OWNER_ONLY)
        yield copy
    finally:
        for each in (copy, copy.with_name(f"{copy.name}-journal")):
            with suppress(OSError):
                each.unlink()


def _copy(store: Path, copy: Path) -> None:
    trouble = ""
    for way in _WAYS:
        try:
            with closing(sqlite3.connect(f"{store.resolve().as_uri()}?{way}", uri=True)) as source:
                source.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.DatabaseError as error:
            trouble = str(error)
            if getattr(error, "sqlite_errorname", "") != "SQLITE_CANTOPEN":
                break
        else:
            return
    raise StoreUnusable(f"{store}: it cannot be copied: {trouble}")


def _check(copy: Path) -> None:
    """Read the copy to its last page."""
    with closing(sqlite3.connect(copy)) as connection:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != "ok" or lost is not None:
        raise StoreUnusable(f"the copy is damaged, and was not kept: {found}")


def _mark_as_copy(copy: Path, at: datetime) -> None:
    """Let Herald know this file for a copy, should it ever run on it: see ``store.instance``.

    The copy of a copy is as old as that. A store of an older Herald knows no such mark.
    """
    with closing(sqlite3.connect(copy)) as connection, connection:
        if connection.execute("SELECT 1 FROM pragma_table_info('instance')").fetchone():
            connection.execute(
                "UPDATE instance SET copied_at = coalesce(copied_at, ?)", (to_microseconds(at),)
            )


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(copy: Path, target: Path, *, replace: bool) -> None:
    """Give the copy its name, at once; a file that has come there meanwhile stays."""
    if not replace:
        try:
            os.link(copy, target)
        except FileExistsError as error:
            raise _is_there(target) from error
        except OSError:  # a memory stick knows no second names
            if target.exists():
                raise _is_there(target) from None
        else:
            return
    copy.replace(target)


def _is_there(target: Path) -> BackupRefused:
    return BackupRefused(f"{target}: this is there already: name another, or say --force")


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
