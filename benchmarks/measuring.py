"""What every benchmark needs: tables, percentiles, and how long the event loop stood still."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

TICK = 0.005
"""Seconds between two looks at the loop."""


def machine() -> str:
    """Return one line that says what these figures were measured on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{cores} cores{load}, {platform.system()} {platform.machine()},"
        f" {platform.python_implementation()} {platform.python_version()}"
    )


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns, the first to the left and the others to the right."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    for line in (head, *rows):
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join((first.strip().ljust(widths[0]), *others)).rstrip())
    print()


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which *part* (0 to 1) of *values* lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else 0.0


def memory() -> int:
    """Return the bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_memory() -> int:
    """Return the most bytes that this process has held; 0 where the system does not tell.

    Not ``ru_maxrss``: that begins with the peak of the process that started this one.
    """
    try:
        told = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    lines = [line for line in told.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


@dataclass(slots=True)
class Stall:
    """The times for which the event loop served nobody, in seconds."""

    longest: float = 0.0
    seen: list[float] = field(default_factory=list)
    """Every one, however short."""


@asynccontextmanager
async def watching_the_loop() -> AsyncIterator[Stall]:
    """Measure the stalls of the loop within the block."""
    stall = Stall()
    watcher = asyncio.create_task(_tick(stall))
    try:
        yield stall
    finally:
        watcher.cancel()


async def _tick(stall: Stall) -> None:
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(TICK)
        stalled = time.perf_counter() - begun - TICK
        stall.seen.append(stalled)
        stall.longest = max(stall.longest, stalled)
