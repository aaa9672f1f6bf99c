"""What each worker of the benchmark of many workers tells, and what they come to together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How one worker's process did."""

    late: tuple[float, ...]
    """Seconds from due to begun, for all that it ran."""
    stall: float
    """The longest time for which its event loop served nobody, in seconds."""
    memory_before: int
    """What it held before the first was due, in bytes."""
    memory_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """How all workers of one side did."""

    name: str
    due: int
    works: Sequence[Work]

    def cells(self) -> tuple[str, ...]:
        """Return the row of a table."""
        late = [each for work in self.works for each in work.late]
        grown = max(work.memory_after - work.memory_before for work in self.works)
        return (
            self.name,
            *(f"{percentile(late, part):.2f}" if late else "-" for part in (0.5, 0.99, 1.0)),
            f"{max(work.stall for work in self.works) * 1000:,.0f}",
            f"{max(work.memory_after for work in self.works) / 1e6:,.0f}",
            f"{grown / 1e6:+,.0f}",
            f"{len(late):,}",
            f"{self.due - len(late):,}",
        )


HEAD = (
    *("", "late p50 s", "p99 s", "last s", "stall ms"),
    *("memory MB", "grown", "run", "not run"),
)
