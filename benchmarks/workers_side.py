"""What both sides of the benchmark of many workers share: the load, and processes that work."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.workers_report import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is due, and when."""

    due: int
    start: datetime
    over: float
    """Seconds over which it is due, evenly; 0 for one instant."""
    patience: float
    """Seconds after the last is due at which the run ends."""

    def moments(self) -> Iterator[datetime]:
        """Yield when each is due."""
        step = self.over / self.due
        return (self.start + timedelta(seconds=step * nth) for nth in range(self.due))

    @property
    def end(self) -> datetime:
        """When the run ends, whatever is left."""
        return self.start + timedelta(seconds=self.over + self.patience)


def print_work(work: Work) -> None:
    """Tell the process that waits for this one how it did."""
    print(json.dumps(asdict(work)))


async def work_together(
    arguments: Sequence[str], count: int, load: Load, *, run: Callable[[], Awaitable[int]]
) -> list[Work]:
    """Let *count* processes work until *run* counts all that is due, or the load's end."""
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(count)
    ]
    # No event tells across processes that all has run.
    while datetime.now(UTC) < load.end and await run() < load.due:  # noqa: ASYNC110
        await asyncio.sleep(1)
    answers = await asyncio.gather(*(worker.communicate(b"") for worker in workers))
    told = [json.loads(answer) for answer, _ in answers]
    return [Work(**each | {"late": tuple(each["late"])}) for each in told]
