"""APScheduler's side of the delivery benchmark: AsyncIOScheduler on its SQLAlchemy job store.

An ordinary use of it: one ``date`` job for each post, added one by one as its interface has it,
SQLite as SQLAlchemy opens it, the executor of asyncio.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.events import EVENT_JOB_MISSED
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import create_engine, event

from benchmarks.delivery_report import Load, Report
from benchmarks.measuring import watching_the_loop

FAR = timedelta(days=30)
GENEROUS: dict[str, Any] = {"misfire_grace_time": None}
"""Settings under which nothing is too late to run; the default is one second."""

_late: list[float] = []


async def note(due_at: datetime) -> None:
    """Note how late a job began. A job is pickled by its name, so this is no closure."""
    _late.append((datetime.now(UTC) - due_at).total_seconds())


async def deliver(folder: Path, load: Load, *, name: str, defaults: dict[str, Any]) -> Report:
    """Add *load* as jobs, let them run when they are due, and tell how that went."""
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    _late.clear()
    await asyncio.to_thread(_fill, folder, load.waiting)
    scheduler = _scheduler(folder, defaults)
    missed: list[object] = []
    scheduler.add_listener(missed.append, EVENT_JOB_MISSED)
    scheduler.start(paused=True)
    begun = time.perf_counter()
    start = datetime.now(UTC) + timedelta(seconds=load.lead)
    for offset in load.offsets():
        scheduler.add_job(note, "date", run_date=start + offset, args=[start + offset])
    took = time.perf_counter() - begun
    assert took < load.lead, f"adding took {took:.1f} s, longer than the lead of {load.lead} s"
    async with watching_the_loop() as stall:
        scheduler.resume()
        await _until(start + timedelta(seconds=load.patience), load.due, missed)
    scheduler.shutdown(wait=False)
    return Report(
        name=name,
        added_a_second=load.due / took,
        late=tuple(_late),
        lost=load.due - len(_late),
        stall=stall.longest,
    )


async def _until(end: datetime, due: int, missed: list[object]) -> None:
    """Wait until every job has run or was missed, or *end* has come."""
    # Polled, as an event set by each job would be one more cost on this side.
    while len(_late) + len(missed) < due and datetime.now(UTC) < end:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def start_up(folder: Path, waiting: int) -> float:
    """Return the seconds that starting on *waiting* jobs takes."""
    await asyncio.to_thread(_fill, folder, waiting)
    begun = time.perf_counter()
    scheduler = _scheduler(folder, {})
    scheduler.start()
    for _ in range(3):  # until it has looked for due jobs once
        await asyncio.sleep(0)
    took = time.perf_counter() - begun
    scheduler.shutdown(wait=False)
    return took


def _scheduler(folder: Path, defaults: dict[str, Any]) -> Any:
    store = SQLAlchemyJobStore(url=f"sqlite:///{folder / 'jobs.db'}")
    return AsyncIOScheduler(jobstores={"default": store}, job_defaults=defaults, timezone="UTC")


def _fill(folder: Path, waiting: int) -> None:
    """Add jobs of another day, not forced to the disk one by one: this part is not measured."""
    engine = create_engine(f"sqlite:///{folder / 'jobs.db'}")
    event.listen(engine, "connect", _do_not_sync)
    scheduler = BackgroundScheduler(
        jobstores={"default": SQLAlchemyJobStore(engine=engine)}, timezone="UTC"
    )
    scheduler.start(paused=True)
    moment = datetime.now(UTC) + FAR
    for _ in range(waiting):
        scheduler.add_job(note, "date", run_date=moment, args=[moment])
    scheduler.shutdown()
    engine.dispose()


def _do_not_sync(connection: Any, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
