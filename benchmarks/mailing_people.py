"""The readers of the benchmark of newsletters, brought in as any file of subscribers is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from benchmarks.mailing_herald import list_of
from herald.mailing.readers.lists import import_rows
from herald.mailing.readers.spreadsheet import read_spreadsheet
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from tests.mailing.postfix import DOMAIN

_AT_ONCE = 10_000


async def fill(url: str, folder: Path, people: int) -> float:
    """Bring so many people onto a list of their own; return the seconds that took."""
    opened = await open_store(url, folder)
    store = StoredMailing(opened)
    begun = time.perf_counter()
    rows = iter(range(people))
    while some := list(islice(rows, _AT_ONCE)):
        lines = "".join(f"p{nth:06}@{DOMAIN};Reader {nth};en\n" for nth in some)
        sheet = read_spreadsheet(f"email;name;language\n{lines}".encode())
        await import_rows(
            store,
            list_of(people),
            sheet,
            source="test",
            given="2026-05-01",
            now=datetime.now(UTC),
        )
    await opened.close()
    return time.perf_counter() - begun
