"""Herald's side of the benchmark of many workers: the real store and worker, one or several.

``python -m benchmarks.workers_herald STORE FOLDER`` is one worker's process: it works until its
standard input ends, and then prints how it did.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from benchmarks.delivery_herald import CHANNEL, FAR, LIMITS, CountingChannel, a_planned
from benchmarks.measuring import memory, watching_the_loop
from benchmarks.workers_report import Work
from benchmarks.workers_side import Load, print_work
from herald.clock import SystemClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.delivery import Delivery
from herald.model.ids import ItemId
from herald.model.plan import Plan
from herald.outbox.reconcile import reconcile
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from herald.store.rows import insert_rows

_AT_ONCE = 20_000


async def fill(url: str, folder: Path, waiting: int) -> float:
    """Let *waiting* deliveries wait for another day; return how many a second were written."""
    opened = await open_store(url, folder)
    await StoredOutbox(opened).save_capabilities(CHANNEL, "counting", LIMITS)
    rows = _rows("waiting", waiting, datetime.now(UTC) + FAR)
    begun = time.perf_counter()
    while some := list(islice(rows, _AT_ONCE)):
        async with opened.writing() as connection:
            await insert_rows(connection, some)
    took = time.perf_counter() - begun
    await opened.close()
    return waiting / took


def _rows(name: str, count: int, due_at: datetime) -> Iterator[Delivery]:
    for nth in range(count):
        planned = a_planned(ItemId(f"{name}-{nth}"), due_at + timedelta(seconds=nth % 86_400))
        plan = Plan(made_at=due_at, first=due_at, last=due_at, deliveries=(planned,))
        for step in reconcile(plan, (), now=due_at - FAR).steps:
            if step.after is not None:
                yield step.after


async def enqueue(url: str, folder: Path, load: Load) -> None:
    """Let *load* be due."""
    opened = await open_store(url, folder)
    planned = tuple(
        a_planned(ItemId(f"{load.start:%H:%M:%S}-{nth}"), moment)
        for nth, moment in enumerate(load.moments())
    )
    plan = Plan(made_at=load.start, first=load.start, last=load.start, deliveries=planned)
    steps = reconcile(plan, (), now=datetime.now(UTC)).steps
    async with opened.writing() as connection:
        await insert_rows(connection, (step.after for step in steps if step.after is not None))
    await opened.close()


async def looks(url: str, folder: Path) -> tuple[float, float]:
    """Return the seconds from opening to the first look, and those of one look for nothing."""
    begun = time.perf_counter()
    opened = await open_store(url, folder)
    store = StoredOutbox(opened)
    await _look(store)
    started = time.perf_counter() - begun
    took = [await _look(store) for _ in range(20)]
    await opened.close()
    return started, sorted(took)[10]


async def _look(store: StoredOutbox) -> float:
    begun = time.perf_counter()
    claims = await store.claim(
        owner="benchmark", now=datetime.now(UTC), most=200, capabilities={CHANNEL: LIMITS}
    )
    assert not claims
    return time.perf_counter() - begun


async def sent(url: str, folder: Path) -> int:
    """Count what was sent."""
    opened = await open_store(url, folder)
    health = await StoredOutbox(opened).health(now=datetime.now(UTC))
    await opened.close()
    return sum(each.count for each in health.counts if each.state.value == "sent")


async def work(url: str, folder: Path) -> Work:
    """Deliver what is due until standard input ends."""
    opened = await open_store(url, folder)
    channel = CountingChannel(sys.maxsize)
    worker = Worker(
        StoredOutbox(opened),
        {CHANNEL: channel},
        clock=SystemClock(),
        owner=f"worker {random.random()}",
        policy=Policy(),
        random=random.random,
    )
    stop = asyncio.Event()
    async with watching_the_loop() as stall:
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(1)
        before = memory()
        stall.longest = 0.0
        await asyncio.to_thread(sys.stdin.read)
        longest, after = stall.longest, memory()
        stop.set()
        await running
    await opened.close()
    return Work(late=tuple(channel.late), stall=longest, memory_before=before, memory_after=after)


if __name__ == "__main__":
    print_work(asyncio.run(work(sys.argv[1], Path(sys.argv[2]))))
