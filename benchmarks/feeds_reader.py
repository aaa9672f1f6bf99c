"""The peer of the feeds benchmark: lemon24/reader, which fetches, parses and stores feeds too."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

from benchmarks.feeds_report import Pass


class Side:
    """reader on a fresh database with all feeds added."""

    def __init__(self, folder: Path, urls: tuple[str, ...], *, workers: int) -> None:
        from reader import make_reader  # noqa: PLC0415 -- the peer is optional

        self._reader: Any = make_reader(str(folder / "reader.db"))
        self._workers = workers
        self._count = len(urls)
        for url in urls:
            self._reader.add_feed(url)

    def poll(self, name: str) -> Pass:
        """Update every feed once."""
        before = self._reader.get_entry_counts().total
        begun = time.perf_counter()
        self._reader.update_feeds(workers=self._workers, scheduled=False)
        took = time.perf_counter() - begun
        assert not any(feed.last_exception for feed in self._reader.get_feeds())
        return Pass(
            name=name,
            feeds=self._count,
            seconds=took,
            new=self._reader.get_entry_counts().total - before,
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )

    def close(self) -> None:
        """Close the database."""
        self._reader.close()
