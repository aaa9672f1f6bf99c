"""Lets only one daemon run on a SQLite store.

The operating system holds the lock and frees it when the process ends, however it ends; the file
itself stays, and says nothing once nobody holds it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from herald.errors import StoreTaken, StoreUnusable


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Hold the lock beside the SQLite file *path* while this block runs.

    Raises StoreTaken when another process has it: its message names that process and since when.
    """
    beside = path.with_name(f"{path.name}.lock")
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


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        since = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)
        raise StoreTaken(
            f"{path}: another Herald runs on it (process {holder}, since"
            f" {since:%Y-%m-%d %H:%M} UTC): stop that one first"
        ) from error
