"""Knows on what kind of disk a file lies: SQLite may only be trusted on one of this machine.

Two machines that open one database over the network see different journals of it, and a lock that
one holds may mean nothing to the other (https://www.sqlite.org/wal.html, "WAL does not work over a
network filesystem"). Both would send.
"""

from __future__ import annotations

import shutil
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""What is mounted where, on Linux; elsewhere nothing is known."""
FREE_LEAST = 100_000_000
"""Bytes. A journal may grow by some 10 MB in a busy minute; this leaves a person time to act."""
FREE_SHARE, FREE_ENOUGH = 0.05, 1_000_000_000
"""A small disk is nearly full with less than this share; no share of this many bytes is little."""

_OF_THE_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs", "fuse.davfs"),
        *("fuse.juicefs", "fuse.mfs", "davfs", "beegfs", "gfs2", "ocfs2", "orangefs"),
    }
)


def why_not_alone(path: Path, mounts: str) -> str | None:
    """Tell why one lock does not keep two Heralds apart on the file *path*; None where it does.

    *path* is absolute and has no links; *mounts* is the text of ``/proc/self/mountinfo``.
    """
    place, kind = _mount_of(path, mounts)
    if kind in _OF_THE_NETWORK:
        return (
            f"it lies on a network drive ({kind}), where two machines could send the same: write an"
            " address on a disk of this machine as store (sqlite:////var/lib/herald/herald.db), or"
            " keep the store on PostgreSQL"
        )
    if place == path:
        return (
            "the file is mounted by itself, and what belongs to it stands elsewhere:"
            " mount its folder instead"
        )
    return None


def mounts_here() -> str:
    """Return what is mounted where; empty where that cannot be known."""
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def little_room(path: Path) -> str | None:
    """Tell that the disk of the file *path* is nearly full; None while there is room.

    A disk that cannot be asked is none that is full.
    """
    try:
        usage = shutil.disk_usage(path.parent)
    except OSError:
        return None
    if not is_little(usage.free, usage.total):
        return None
    return (
        f"the disk of {path} is nearly full, {usage.free / 1_000_000:.0f} MB are free: make room;"
        " when it is full nothing is sent"
    )


def is_little(free: int, total: int) -> bool:
    """Tell whether so many free bytes are little on a disk of *total*."""
    return free < FREE_LEAST or free < min(total * FREE_SHARE, FREE_ENOUGH)


def _mount_of(path: Path, mounts: str) -> tuple[Path, str]:
    """Return the innermost place under which *path* lies, and its kind; the last one wins.

    The format: proc(5), /proc/[pid]/mountinfo.
    """
    found = (Path("/"), "")
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        place = Path(_unescaped(fields[4]))
        if path.is_relative_to(place) and len(place.parts) >= len(found[0].parts):
            found = (place, after.split(" ")[0])
    return found


def _unescaped(text: str) -> str:
    for spelled, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(spelled, letter)
    return text
