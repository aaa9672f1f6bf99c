"""Herald's delivery beside APScheduler 3.11 on its SQLAlchemy job store, with the same dated jobs.

Run ``python -m benchmarks.delivery``; ``--small`` takes a tenth of it.  It needs a few minutes,
and nothing but this machine: sending costs nothing on either side.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import delivery_apscheduler, delivery_herald
from benchmarks.delivery_report import HEAD, Load, Report
from benchmarks.measuring import machine, print_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much the benchmark does."""

    due: int
    waiting: int
    start_up: int
    minute: float
    """Seconds of what the full benchmark calls a minute."""
    lead: float
    """Seconds to add everything in: APScheduler's slowest is a few hundred a second."""


FULL = Sizes(due=5000, waiting=5000, start_up=100_000, minute=60, lead=25)
SMALL = Sizes(due=500, waiting=500, start_up=5000, minute=6, lead=5)


def main() -> None:
    """Deliver on both sides, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the jobs")
    sizes = SMALL if parser.parse_args().small else FULL
    # A line for each delivery would be measured too, on one side only.
    logging.getLogger("herald").setLevel(logging.ERROR)
    print(f"Delivery on {machine()}\n")
    asyncio.run(compare(sizes))


async def compare(sizes: Sizes) -> None:
    """Print one table for each way in which deliveries fall due, and one for starting."""
    for title, over in (
        (f"{sizes.due:,} due at one instant", 0.0),
        (f"{sizes.due:,} due in {sizes.minute:g} seconds", sizes.minute),
    ):
        load = Load(
            due=sizes.due, over=over, waiting=sizes.waiting, lead=sizes.lead, patience=over + 30
        )
        reports = [await _herald(load), await _peer(load), await _generous_peer(load)]
        print(f"{title}, beside {sizes.waiting:,} that wait")
        print_table(HEAD, [report.cells() for report in reports])
        herald, peer = reports[0], reports[1]
        ratio = herald.added_a_second / peer.added_a_second
        print(f"Herald adds {ratio:.0f} times as fast.", end=" ")
        print(f"Lost at default settings: Herald {herald.lost:,}, APScheduler {peer.lost:,}.\n")
    await _start_up(sizes.start_up)


async def _herald(load: Load) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        return await delivery_herald.deliver(Path(folder), load)


async def _peer(load: Load) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        return await delivery_apscheduler.deliver(
            Path(folder), load, name="APScheduler, default", defaults={}
        )


async def _generous_peer(load: Load) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        return await delivery_apscheduler.deliver(
            Path(folder),
            load,
            name="APScheduler, nothing too late",
            defaults=delivery_apscheduler.GENEROUS,
        )


async def _start_up(waiting: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        herald = await delivery_herald.start_up(Path(folder), waiting)
    with tempfile.TemporaryDirectory() as folder:
        peer = await delivery_apscheduler.start_up(Path(folder), waiting)
    print(f"Starting with {waiting:,} that wait, until the first look for what is due")
    rows = [("Herald", f"{herald * 1000:,.0f}"), ("APScheduler", f"{peer * 1000:,.0f}")]
    print_table(("", "ms"), rows)


if __name__ == "__main__":
    main()
