"""Where a mail server's log lies: a file, those that it was turned over to, or a pipe."""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from herald.mailing.sending.maillog.reading import MailLog

_LINE_MOST = 65_536
"""Bytes of a line that are looked at together; a longer one is none of Postfix's."""
_TURNED = re.compile(r"(?:[.-]\d+)+(?:\.(?:gz|xz|bz2|zst))?")
"""What logrotate appends: .1, .2.gz, -20261122, -20261122.gz."""
_EARLIER = timedelta(hours=1)
"""A file last written so long before is of no interest; clocks of file systems are not exact."""
_OPENERS: dict[str, Callable[[BinaryIO], object]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".xz": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
}
_READ_BADLY = (OSError, EOFError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class _Open:
    path: Path
    file: BinaryIO
    written_at: datetime
    inode: tuple[int, int]


def read_files(pattern: str, log: MailLog, *, since: datetime, now: datetime) -> str:
    """Let *log* read a file and those that it was turned over to; return what is wrong, or nothing.

    *pattern* is a path, and may hold ``*``. What was turned over before *since* is passed over.
    What could be read counts, even where something else could not.
    """
    # Path.glob knows no pattern that begins at the root.
    named = glob.glob(pattern) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207
    live = [Path(name) for name in named]
    if not live:
        return f"there is no file {pattern}: compare smtp: {{log: ...}} in config/herald.yaml"
    faults: list[str] = []
    with ExitStack() as stack:
        # The file that is written to comes first: whatever is turned over meanwhile is read twice,
        # which does no harm, and not left out.
        paths = [*live, *(path for one in live for path in _turned_over(one))]
        opened = [one for path in paths if (one := _opened(path, stack, faults)) is not None]
        # Once each; and a live file is live, whatever a file system says of its time.
        files = {one.inode: one for one in reversed(opened)}.values()
        past = [one for one in files if one.path not in live and one.written_at >= since - _EARLIER]
        present = [one for one in files if one.path in live]
        in_order = [
            *((one, one.written_at) for one in sorted(past, key=_age)),
            *((one, now) for one in sorted(present, key=_age)),
        ]
        faults += filter(None, [_read(one, log, near=near) for one, near in in_order])
    return "; ".join(faults)


def read_stream(stream: BinaryIO, log: MailLog) -> None:
    """Let *log* read a pipe to its end."""
    for line in _lines(stream):
        log.take(line)


def local_zone() -> tzinfo:
    """Return the time zone of this machine, with the rules of its summers; UTC if it has none."""
    named = os.environ.get("TZ", "").lstrip(":")
    try:
        if named:
            return ZoneInfo(named)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return UTC


def _turned_over(path: Path) -> Iterator[Path]:
    try:
        beside = sorted(os.listdir(path.parent))  # noqa: PTH208  # names, not paths, are compared
    except OSError:
        return
    for name in beside:
        if name.startswith(path.name) and _TURNED.fullmatch(name[len(path.name) :]):
            yield path.with_name(name)


def _opened(path: Path, stack: ExitStack, faults: list[str]) -> _Open | None:
    try:
        file = stack.enter_context(path.open("rb"))
    except OSError as error:
        faults.append(f"{path} cannot be read: {error.strerror} (who may read it?)")
        return None
    known = os.fstat(file.fileno())
    return _Open(
        path=path,
        file=file,
        written_at=datetime.fromtimestamp(known.st_mtime, UTC),
        inode=(known.st_dev, known.st_ino),
    )


def _age(one: _Open) -> datetime:
    return one.written_at


def _read(one: _Open, log: MailLog, *, near: datetime) -> str:
    """Read one file, last written at about *near*; return what is wrong with it, or nothing."""
    log.turn_to(near)
    if one.path.suffix == ".zst":
        return f"{one.path} is compressed as Herald cannot read it (use gzip, xz or bzip2)"
    opener = _OPENERS.get(one.path.suffix)
    try:
        read_stream(cast("BinaryIO", opener(one.file)) if opener else one.file, log)
        if os.fstat(one.file.fileno()).st_size < one.file.tell():
            return f"{one.path} was emptied while it was read"
    except _READ_BADLY as error:
        return f"{one.path} cannot be read to its end: {error}"
    return ""


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Give line by line; what is too long for one is left out, whatever it holds."""
    is_within = False
    while line := stream.readline(_LINE_MOST):
        ends = line.endswith(b"\n")
        if not is_within and ends:
            yield line
        is_within = not ends
