"""A journal on disk: one JSON object a line, appended whole or not at all.

Several processes may write one journal: each reads and appends under a lock on the file. Whether a
line counts is decided by whether it is whole JSON, not by the line end behind it: a part of an
object never parses, so a line that a crash cut short is passed over, and one that lost only its
line end is kept.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from herald.model.delivery import Media
from herald.model.ids import ChannelId

_TAIL = 256
"""Bytes before the part already read that must be as they were, or the file is read anew."""


class JournalTorn(Exception):
    """A line may or may not have reached the disk: look it up by its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One thing that a journal channel would have sent."""

    key: str
    sent_at: datetime
    campaign: str
    item: str
    occasion: str
    partner: str | None = None
    channel: str
    language: str
    text: str
    link: str = ""
    media: tuple[Media, ...] = ()
    action: str = "create"
    target: str = ""
    """The key of the line that it answers, edits or deletes."""


def journal_path(folder: Path, channel: ChannelId | str) -> Path:
    """Return where the journal of *channel* stands in the project's folder."""
    return folder / "var" / "journal" / f"{channel}.jsonl"


def read_journal(path: Path) -> tuple[JournalLine, ...]:
    """Return the whole lines of a journal, oldest first; none when there is no file yet.

    Lines that are no journal lines are passed over. Raises OSError when the file cannot be read.
    """
    if not path.exists():
        return ()
    read = (_decoded(raw) for raw in path.read_bytes().split(b"\n"))
    return tuple(line for line in read if line is not None)


@dataclass(slots=True)
class _Known:
    """The keys in the part of the file that was read, and how to tell that it is still the same."""

    offset: int = 0
    tail: bytes = b""
    keys: set[str] = field(default_factory=set)


class JournalFile:
    """Appends to one journal and finds what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = _Known()

    def append(self, line: JournalLine) -> None:
        """Write *line* and force it to the disk; a key that is there already changes nothing.

        Raises OSError when nothing was written, and JournalTorn when that cannot be told.
        """
        self._make()
        with _opened(self.path, os.O_RDWR | os.O_APPEND, fcntl.LOCK_EX) as file:
            size = self._catch_up(file)
            if line.key not in self._known.keys:
                _append_whole(file, _mended(file, size) + _encoded(line), size)

    def holds(self, key: str) -> bool:
        """Tell whether the journal has a whole line of *key*, for good.

        What is found is forced to the disk first: its writer may have died before it did so.
        Raises OSError where that cannot be told, as when its folder is no folder any more.
        """
        try:
            with _opened(self.path, os.O_RDONLY, fcntl.LOCK_SH) as file:
                self._catch_up(file)
                found = key in self._known.keys
                if found:
                    os.fsync(file)
        except FileNotFoundError:
            return False
        return found

    def _make(self) -> None:
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _catch_up(self, file: int) -> int:
        """Read what was added since the last time, or everything if the file is another one."""
        size = os.fstat(file).st_size
        known = self._known
        start = known.offset - len(known.tail)
        if os.pread(file, len(known.tail), start) != known.tail:
            known = self._known = _Known()
        added = _read_between(file, known.offset, size)
        known.keys.update(line.key for raw in added.split(b"\n") if (line := _decoded(raw)))
        # The last line may still lack its end: it is read again next time.
        whole = added.rfind(b"\n") + 1
        known.tail = (known.tail + added[:whole])[-_TAIL:]
        known.offset += whole
        return size


@contextmanager
def _opened(path: Path, flags: int, lock: int) -> Iterator[int]:
    file = os.open(path, flags | os.O_CLOEXEC)
    try:
        fcntl.flock(file, lock)
        yield file
    finally:
        os.close(file)


def _mended(file: int, size: int) -> bytes:
    """Return the line end that a line cut short by a crash still needs."""
    return b"" if size == 0 or os.pread(file, 1, size - 1) == b"\n" else b"\n"


def _append_whole(file: int, content: bytes, size: int) -> None:
    """Write *content* behind *size* bytes, or take back what was written of it."""
    try:
        written = os.write(file, content)
        if written != len(content):
            raise OSError(f"only {written} of {len(content)} bytes could be written: disk full?")
        os.fsync(file)
    except OSError as error:
        try:
            os.ftruncate(file, size)
            os.fsync(file)
        except OSError:
            raise JournalTorn(str(error)) from error
        raise


def _read_between(file: int, start: int, end: int) -> bytes:
    parts = []
    while start < end and (part := os.pread(file, end - start, start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _encoded(line: JournalLine) -> bytes:
    values: dict[str, Any] = {
        "key": line.key,
        "sent_at": line.sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "campaign": line.campaign,
        "item": line.item,
        "occasion": line.occasion,
        "partner": line.partner,
        "channel": line.channel,
        "language": line.language,
        "text": line.text,
        "link": line.link or None,
        "media": [
            {"file": one.file, "alt": one.alt} if one.file else {"url": one.url, "alt": one.alt}
            for one in line.media
        ],
    }
    values |= {"action": line.action} if line.action != "create" else {}
    values |= {"target": line.target} if line.target else {}
    # A lone surrogate has no UTF-8; spelled \udXXX it is the same text in JSON.
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _decoded(raw: bytes) -> JournalLine | None:
    try:
        values = json.loads(raw)
        return JournalLine(
            key=values["key"],
            sent_at=datetime.fromisoformat(values["sent_at"]),
            campaign=values["campaign"],
            item=values["item"],
            occasion=values["occasion"],
            partner=values["partner"],
            channel=values["channel"],
            language=values["language"],
            text=values["text"],
            link=values["link"] or "",
            media=tuple(
                Media(file=one.get("file", ""), url=one.get("url", ""), alt=one["alt"])
                for one in values["media"]
            ),
            action=values.get("action", "create"),
            target=values.get("target", ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
