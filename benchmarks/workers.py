"""Herald with a million deliveries that wait, on SQLite and with several workers on PostgreSQL.

Run ``python -m benchmarks.workers``, or with ``--small`` for a tenth of it. It starts a PostgreSQL
of its own on a loopback port (the package ``postgresql``), which forces every commit to the disk,
and puts Procrastinate beside Herald, with the same load on the same server
(``pip install -e ".[bench]"``).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks import workers_herald
from benchmarks.measuring import machine, print_table
from benchmarks.workers_report import HEAD, Together
from benchmarks.workers_side import Load, work_together
from tests.postgresql import PostgreSQL, running_postgresql

try:
    from benchmarks import workers_procrastinate
except ImportError:
    workers_procrastinate = None  # type: ignore[assignment]

LEAD = timedelta(seconds=8)
"""Time to enqueue, and for every worker to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much the benchmark does."""

    due: int
    waiting: int
    peer_waiting: int
    minute: float
    workers: tuple[int, ...]


FULL = Sizes(due=5000, waiting=1_000_000, peer_waiting=100_000, minute=60, workers=(1, 2, 4))
SMALL = Sizes(due=500, waiting=100_000, peer_waiting=10_000, minute=6, workers=(1, 2))


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of it")
    sizes = SMALL if parser.parse_args().small else FULL
    logging.getLogger("herald").setLevel(logging.ERROR)
    print(f"Many workers on {machine()}\n")
    with ExitStack() as stack:
        server = stack.enter_context(running_postgresql(fsync="on", full_page_writes="on"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(_measure(sizes, server, folder, stack))


async def _measure(sizes: Sizes, server: PostgreSQL, folder: Path, stack: ExitStack) -> None:
    stores = {
        "SQLite": "sqlite:///herald.db",
        "PostgreSQL": stack.enter_context(server.database()),
    }
    rows = []
    for name, url in stores.items():
        added = await workers_herald.fill(url, folder, sizes.waiting)
        started, nothing = await workers_herald.looks(url, folder)
        rows.append((name, f"{added:,.0f}", f"{started * 1000:,.0f}", f"{nothing * 1000:,.1f}"))
    print(f"With {sizes.waiting:,} that wait")
    print_table(("", "added/s", "start ms", "look ms"), rows)
    for title, over in (("in one instant", 0.0), (f"in {sizes.minute:g} s", sizes.minute)):
        reports = [await _herald("SQLite", stores["SQLite"], 1, folder, sizes, over)]
        for count in sizes.workers:
            name = f"PostgreSQL, {_workers(count)}"
            reports.append(await _herald(name, stores["PostgreSQL"], count, folder, sizes, over))
        if workers_procrastinate is not None:
            for count in sizes.workers:
                with server.database(template="template0") as database:
                    reports.append(await _peer(database, count, sizes, over))
        print(f"{sizes.due:,} due {title}")
        print_table(HEAD, [each.cells() for each in reports])


async def _herald(
    name: str, url: str, count: int, folder: Path, sizes: Sizes, over: float
) -> Together:
    load = _load(sizes, over)
    before = await workers_herald.sent(url, folder)
    await workers_herald.enqueue(url, folder, load)

    async def run() -> int:
        return await workers_herald.sent(url, folder) - before

    works = await work_together(
        ("benchmarks.workers_herald", url, str(folder)), count, load, run=run
    )
    return Together(name=f"Herald, {name}", due=load.due, works=works)


async def _peer(database: str, count: int, sizes: Sizes, over: float) -> Together:
    await workers_procrastinate.fill(database, sizes.peer_waiting)
    load = _load(sizes, over)
    await workers_procrastinate.enqueue(database, load)
    works = await work_together(
        ("benchmarks.workers_procrastinate", database),
        count,
        load,
        run=partial(workers_procrastinate.done, database),
    )
    return Together(name=f"Procrastinate, {_workers(count)}", due=load.due, works=works)


def _workers(count: int) -> str:
    return f"{count} worker" if count == 1 else f"{count} workers"


def _load(sizes: Sizes, over: float) -> Load:
    return Load(due=sizes.due, start=datetime.now(UTC) + LEAD, over=over, patience=120)


if __name__ == "__main__":
    main()
