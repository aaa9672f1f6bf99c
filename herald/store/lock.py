"""Lets only one daemon run on a SQLite store, by whatever name it is called.

The operating system holds the lock and frees it when the process ends, however it ends; the file
itself stays, and says nothing once nobody holds it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from herald.errors import StoreTaken, StoreUnusable
from herald.store.disks import mounts_here, why_not_alone

_LOOKS = 3
_BETWEEN_LOOKS = 0.02
"""Seconds: who only looks whether a Herald runs shares the lock for far less."""


def is_locked(path: Path) -> bool | None:
    """Tell whether a Herald runs on the SQLite file *path*; None where it cannot be known."""
    real = path.resolve()
    try:
        descriptor = os.open(real.with_name(f"{real.name}.lock"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    else:
        return False
    finally:
        os.close(descriptor)


@contextmanager
def run_lock(path: Path, *, mounts: str | None = None) -> Iterator[None]:
    """Hold the lock beside the SQLite file *path* while this block runs.

    Raises StoreTaken when another process has it: its message names that process and since when;
    and StoreUnusable where a lock would not keep others out. *mounts* is what ``/proc`` says of the
    machine's disks, unless given.
    """
    real = path.resolve()
    _refuse_unlockable(real, mounts_here() if mounts is None else mounts)
    beside = real.with_name(f"{real.name}.lock")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnusable(f"{beside}: it cannot be written: {error.strerror}") from error
    try:
        _take(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)  # frees the lock


def _refuse_unlockable(path: Path, mounts: str) -> None:
    if why := why_not_alone(path, mounts):
        raise StoreUnusable(f"{path}: {why}")
    if path.exists() and path.stat().st_nlink > 1:
        raise StoreUnusable(
            f"{path}: the file has a second name (a hard link), by which another Herald could open"
            " it unnoticed: remove one of the two names"
        )


def _take(descriptor: int, path: Path) -> None:
    for _ in range(_LOOKS):
        with suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(_BETWEEN_LOOKS)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        since = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
        raise StoreTaken(
            f"{path}: another Herald runs on it (process {holder}, since"
            f" {since:%Y-%m-%d %H:%M} UTC): stop that one first"
        ) from error
