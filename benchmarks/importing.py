"""How long a file of subscribers takes: read, judged and brought in, and brought in again.

Run ``python -m benchmarks.importing``; ``--small`` takes a tenth of it. PostgreSQL is measured
where it is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import machine, peak_memory, print_table
from herald.mailing.readers.lists import ImportReport, foresee_rows, import_rows
from herald.mailing.readers.spreadsheet import read_spreadsheet
from herald.model.ids import ListId
from herald.model.mailing import Fate
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from tests.postgresql import running_postgresql, why_not

ROWS = 100_000
HEAD = ("on", "rows", "MB", "read s", "dry run s", "import s", "again s", "rows/s", "peak MB")
_LIST = ListId("friends")
_NOW = datetime(2027, 5, 10, 12, tzinfo=UTC)


def main() -> None:
    """Measure each store in a process of its own, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the rows")
    rows = ROWS // 10 if parser.parse_args().small else ROWS
    print(f"A CSV file of {rows:,} people; {machine()}")
    alone = multiprocessing.get_context("spawn")
    table = []
    with alone.Pool(1, maxtasksperchild=1) as pool:
        table.append(("SQLite", *pool.apply(measured, ("sqlite:///herald.db", rows))))
        if why := why_not():
            print(f"PostgreSQL is left out: {why}")
        else:
            with running_postgresql() as server, server.database() as url:
                table.append(("PostgreSQL", *pool.apply(measured, (url, rows))))
    print_table(HEAD, table)


def measured(url: str, rows: int) -> tuple[str, ...]:
    """Return how a file of so many rows is imported into the store at *url*."""
    return asyncio.run(_measured(url, rows))


async def _measured(url: str, rows: int) -> tuple[str, ...]:
    content = a_file(rows)
    begun = time.perf_counter()
    sheet = read_spreadsheet(content)
    took = [time.perf_counter() - begun]
    with tempfile.TemporaryDirectory() as folder:
        database = await open_store(url, Path(folder))
        people = StoredMailing(database)
        for fate in (None, Fate.ADDED, Fate.ALREADY_THERE):
            begun = time.perf_counter()
            if fate is None:
                report = await foresee_rows(people, _LIST, sheet, source="file")
            else:
                report = await import_rows(people, _LIST, sheet, source="file", now=_NOW)
            took.append(time.perf_counter() - begun)
            _all_are(report, fate or Fate.ADDED, rows)
        await database.close()
    return (
        f"{rows:,}",
        f"{len(content) / 1e6:.1f}",
        *(f"{seconds:.1f}" for seconds in took),
        f"{rows / took[2]:,.0f}",
        f"{peak_memory() / 1e6:.0f}",
    )


def a_file(rows: int) -> bytes:
    """Return a file of so many people in four languages, as a spreadsheet writes it."""
    languages = ("en", "it", "es", "sl")
    lines = (
        f"person.number.{number}@museum{number % 500}.example.org,Given Family {number},"
        f"{languages[number % 4]},fair in Argenta,2026-09-12"
        for number in range(rows)
    )
    head = "email,name,language,consent source,consent date"
    return "\r\n".join([head, *lines, ""]).encode("utf-8-sig")


def _all_are(report: ImportReport, fate: Fate, rows: int) -> None:
    if report.count(fate) != rows:
        raise AssertionError(f"{report.count(fate)} of {rows} are {fate}")


if __name__ == "__main__":
    main()
