"""Notices when a SQLite store's files are taken away or replaced while Herald runs on them.

An open file that is deleted goes on being written, and all of it is gone when the process ends: a
claim that nobody will ever read. A journal that is deleted is worse, for the next connection begins
a new one beside the old. So every transaction looks first whether the names still lead to the files
that are open (https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from herald.errors import StoreUnusable

_Files = tuple[tuple[int, int], tuple[int, int]]


@dataclass(slots=True)
class Footing:
    """Which files the open connections of one store stand on."""

    path: Path
    _connections: int = 0
    _files: _Files | None = None

    @property
    def _journal(self) -> Path:
        """SQLite keeps its journal beside the file itself, by whatever name that is called."""
        real = self.path.resolve()
        return real.with_name(f"{real.name}-wal")

    def watch(self, engine: Engine) -> None:
        """Count *engine*'s connections: when the last one closes, SQLite takes its journal away."""
        event.listen(engine, "do_connect", self._open)
        event.listen(engine, "connect", self._opened)
        event.listen(engine, "close", self._closed)

    def check(self) -> None:
        """Raise StoreUnusable unless the store's names lead to the files that are open."""
        names = (self.path, self._journal)
        files = (self._number(names[0]), self._number(names[1]))
        if self._files is None:
            self._files = files
        for name, now, was in zip(names, files, self._files, strict=True):
            if now != was:
                raise StoreUnusable(
                    f"{name}: another file took its place while Herald ran:"
                    " stop Herald and start it again"
                )

    def _number(self, file: Path) -> tuple[int, int]:
        try:
            found = file.stat()
        except OSError as error:
            raise StoreUnusable(
                f"{file}: it was taken away while Herald ran: put back what was there, or stop"
                f" Herald and start it again ({error.strerror})"
            ) from error
        return found.st_dev, found.st_ino

    def _open(self, *_: object) -> None:
        """Open nothing where SQLite would begin a new database, or a new journal beside the old."""
        if self._files is not None:
            self.check()
        else:
            self._number(self.path)

    def _opened(self, connection: object, record: object) -> None:
        self._connections += 1

    def _closed(self, connection: object, record: object) -> None:
        self._connections -= 1
        if self._connections == 0:
            self._files = None
