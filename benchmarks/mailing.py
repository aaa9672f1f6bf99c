"""Newsletters sent by Herald, and by Postfix's own smtp-source, to the same servers in one run.

Run ``python -m benchmarks.mailing``, or with ``--small`` for a tenth of it. It starts smtp-sink,
which forgets what it takes, and a private Postfix that forces every mail to the disk, both on
loopback ports (the package ``postfix``; as root), and a PostgreSQL of its own where one is
installed. Every copy is claimed and settled durably; each figure is the best of its runs, and the
two senders take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.mailing_herald import Sent
from benchmarks.mailing_people import fill
from benchmarks.mailing_servers import (
    SOURCE,
    WITHIN,
    far_sink,
    near_queue,
    near_sink,
    smtp_source,
)
from benchmarks.measuring import machine, print_table
from benchmarks.smtp import SINK
from tests.mailing.postfix import why_not
from tests.postgresql import running_postgresql
from tests.postgresql import why_not as why_no_postgresql

_FAR_PART = 5
"""A server that is far is sent this part of the mails, for smtp-source waits for each answer."""
_SQLITE = "sqlite:///var/herald.db"
_HEAD = (
    "to",
    "journal",
    "copies",
    "smtp-source",
    "Herald",
    "ratio",
    "time",
    "freeze",
    "before MB",
    "peak MB",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much the benchmark does."""

    few: int
    many: int
    bytes_each: int
    connections: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The best of both senders, on one server."""

    source: float
    """Mails a second."""
    sent: Sent

    def row(self, server: str, journal: str) -> tuple[str, ...]:
        """Return a line of the table."""
        return (
            server,
            journal,
            f"{self.sent.copies:,}",
            f"{self.source:,.0f}/s",
            f"{self.sent.rate:,.0f}/s",
            f"{self.sent.rate / self.source:.2f}",
            f"{self.sent.sending:.1f} s",
            f"{self.sent.freezing:.1f} s",
            f"{self.sent.before / 1_000_000:.0f}",
            f"{self.sent.peak / 1_000_000:.0f}",
        )


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of it")
    parser.add_argument("--few", type=int, default=5_000, help="recipients of a small issue")
    parser.add_argument("--many", type=int, default=50_000, help="recipients of a large issue")
    parser.add_argument("--bytes", type=int, default=20_000, help="of each mail")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3, help="of which the best counts")
    options = parser.parse_args(arguments)
    part = 10 if options.small else 1
    sizes = Sizes(
        few=options.few // part,
        many=options.many // part,
        bytes_each=options.bytes,
        connections=options.connections,
        runs=1 if options.small else options.runs,
    )
    why = why_not() or ("" if SINK and SOURCE else "smtp-sink and smtp-source are not installed")
    if why:
        print(f"Newsletters: left out, {why}\n")
        return
    print(f"Newsletters of {sizes.bytes_each:,} bytes over {sizes.connections} connections")
    print(f"on {machine()}\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        journals = {"SQLite": _SQLITE}
        if not why_no_postgresql():
            server = stack.enter_context(running_postgresql(fsync="on", full_page_writes="on"))
            journals["PostgreSQL"] = stack.enter_context(server.database())
        print_table(_HEAD, _measure_all(journals, folder, sizes))


def _measure_all(journals: dict[str, str], folder: Path, sizes: Sizes) -> list[tuple[str, ...]]:
    far = max(sizes.few // _FAR_PART, sizes.connections)
    for url in journals.values():
        for people in {sizes.few, far}:
            asyncio.run(fill(url, folder, people))
    asyncio.run(fill(_SQLITE, folder, sizes.many))
    rows = []
    for server, running in (("smtp-sink", near_sink), ("Postfix", near_queue)):
        with running() as port:
            for journal, url in journals.items():
                measured = _measure(url, folder, port, sizes, sizes.few)
                rows.append(_told(measured.row(server, journal)))
            measured = _measure(_SQLITE, folder, port, replace(sizes, runs=1), sizes.many)
            rows.append(_told(measured.row(server, "SQLite")))
    with far_sink() as port:
        for journal, url in journals.items():
            measured = _measure(url, folder, port, replace(sizes, runs=1), far)
            rows.append(_told(measured.row("smtp-sink, 20 ms", journal)))
    return rows


def _told(row: tuple[str, ...]) -> tuple[str, ...]:
    """Tell at once what came of one line: the whole takes minutes."""
    print("  ".join(row), file=sys.stderr, flush=True)
    return row


def _measure(url: str, folder: Path, port: int, sizes: Sizes, copies: int) -> Measured:
    """Let both senders take turns, so often, and return the best of each."""
    sources, sent = [], []
    for _ in range(sizes.runs):
        sources.append(
            smtp_source(port, mails=copies, size=sizes.bytes_each, connections=sizes.connections)
        )
        sent.append(_send(url, folder, port, sizes, copies))
    return Measured(source=max(sources), sent=max(sent, key=lambda one: one.rate))


def _send(url: str, folder: Path, port: int, sizes: Sizes, copies: int) -> Sent:
    """Let a process of its own send an issue, so that its memory is its own, too."""
    numbers = (port, copies, sizes.connections, sizes.bytes_each)
    command = [sys.executable, "-m", "benchmarks.mailing_herald", url, str(folder)]
    done = subprocess.run(
        [*command, *map(str, numbers)],
        stdout=subprocess.PIPE,
        check=True,
        timeout=WITHIN,
    )
    return Sent(**json.loads(done.stdout))


if __name__ == "__main__":
    main()
