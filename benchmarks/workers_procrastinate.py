"""Procrastinate's side of the benchmark of many workers: one deferred job for each post.

``python -m benchmarks.workers_procrastinate DATABASE`` is one worker's process: it works until its
standard input ends, and then prints how it did.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from datetime import UTC, datetime, timedelta

from procrastinate import App, PsycopgConnector

from benchmarks.measuring import memory, watching_the_loop
from benchmarks.workers_report import Work
from benchmarks.workers_side import Load, print_work

_AT_ONCE = 1000
_CONCURRENT = 200
FAR = timedelta(days=30)

_late: list[float] = []


def an_app(database: str) -> App:
    """Make the application with its one task."""
    app = App(connector=PsycopgConnector(conninfo=database))

    @app.task(name="note")  # type: ignore[untyped-decorator]
    async def note(due_at: str) -> None:
        _late.append((datetime.now(UTC) - datetime.fromisoformat(due_at)).total_seconds())

    return app


async def fill(database: str, waiting: int) -> float:
    """Let *waiting* jobs wait for another day; return how many a second were written."""
    app = an_app(database)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        moment = datetime.now(UTC) + FAR
        begun = time.perf_counter()
        for _ in range(0, waiting, _AT_ONCE):
            await _defer(app, [moment] * _AT_ONCE)
        return waiting / (time.perf_counter() - begun)


async def enqueue(database: str, load: Load) -> None:
    """Let *load* be due."""
    app = an_app(database)
    async with app.open_async():
        moments = list(load.moments())
        slots = range(0, len(moments), _AT_ONCE)
        for begin in slots:
            await _defer(app, moments[begin : begin + _AT_ONCE])


async def _defer(app: App, moments: list[datetime]) -> None:
    task = app.tasks["note"]
    await app.job_manager.batch_defer_jobs_async(
        [
            task.configure(schedule_at=moment).job.evolve(
                task_kwargs={"due_at": moment.isoformat()}
            )
            for moment in moments
        ]
    )


async def done(database: str) -> int:
    """Count what was run."""
    app = an_app(database)
    async with app.open_async():
        queues = await app.job_manager.list_queues_async()
        return sum(int(each["succeeded"]) for each in queues)


async def work(database: str) -> Work:
    """Run what is due until standard input ends."""
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    app = an_app(database)
    async with app.open_async(), watching_the_loop() as stall:
        running = asyncio.create_task(
            app.run_worker_async(
                concurrency=_CONCURRENT,
                install_signal_handlers=False,
                fetch_job_polling_interval=1.0,  # its own is five seconds
            )
        )
        await asyncio.sleep(1)
        before = memory()
        stall.longest = 0.0
        await asyncio.to_thread(sys.stdin.read)
        longest, after = stall.longest, memory()
        running.cancel()
        await asyncio.wait({running})
    return Work(late=tuple(_late), stall=longest, memory_before=before, memory_after=after)


if __name__ == "__main__":
    print_work(asyncio.run(work(sys.argv[1])))
