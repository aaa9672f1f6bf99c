"""What a disk surely holds of a file when the power goes: all that was synced, and nothing else.

Linux tells which pages of a file were written and not yet brought to the disk (cachestat, since
6.5, https://man7.org/linux/man-pages/man2/cachestat.2.html). A copy without these is the worst
that a loss of power leaves behind, provided that the disk keeps what it was told to keep.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path

_CACHESTAT = 451
"""The number of the system call, the same on every architecture but Alpha."""


class _Range(ctypes.Structure):
    _fields_ = [("off", ctypes.c_uint64), ("len", ctypes.c_uint64)]


class _Pages(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in ("cached", "dirty", "writeback", "evicted", "recently_evicted")
    ]


_libc = ctypes.CDLL(None, use_errno=True)


def unsynced(path: Path) -> list[int]:
    """Return the numbers of the pages of a file that are not on the disk; OSError if untold."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        return [
            nth
            for nth in range(-(-size // mmap.PAGESIZE))
            if _is_unsynced(descriptor, nth * mmap.PAGESIZE)
        ]
    finally:
        os.close(descriptor)


def _is_unsynced(descriptor: int, offset: int) -> bool:
    where, pages = _Range(offset, mmap.PAGESIZE), _Pages()
    asked = (ctypes.byref(where), ctypes.byref(pages))
    if _libc.syscall(_CACHESTAT, descriptor, *asked, 0) != 0:
        raise OSError(ctypes.get_errno(), "cachestat")
    return bool(pages.dirty or pages.writeback)


def lose_power(database: Path, folder: Path) -> Path:
    """Copy a database as a disk would hold it after a loss of power now; return the copy."""
    for name in (database.name, f"{database.name}-wal"):
        source = database.with_name(name)
        if source.exists():
            content = bytearray(source.read_bytes())
            for nth in unsynced(source):
                start = nth * mmap.PAGESIZE
                content[start : start + mmap.PAGESIZE] = bytes(
                    len(content[start : start + mmap.PAGESIZE])
                )
            (folder / name).write_bytes(content)
    return folder / database.name


def why_not(folder: Path) -> str:
    """Return why a loss of power cannot be played in *folder*; empty when it can."""
    probe = folder / "probe"
    probe.write_bytes(b"not yet on the disk")
    try:
        return "" if unsynced(probe) else f"{folder} is not on a disk"
    except OSError:
        return "this kernel does not tell what is on the disk (Linux does, since 6.5)"
    finally:
        probe.unlink()
