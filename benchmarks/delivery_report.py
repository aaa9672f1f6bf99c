"""What is asked of each side of the delivery benchmark, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from benchmarks.measuring import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is due, and when."""

    due: int
    over: float
    """Seconds over which it is due, evenly; 0 for one instant."""
    waiting: int
    """Others that wait for another day."""
    lead: float
    """Seconds from the first enqueued to the first due."""
    patience: float
    """Seconds after the first is due at which the run ends."""

    def offsets(self) -> Iterator[timedelta]:
        """Yield when each is due, after the first."""
        step = self.over / self.due
        return (timedelta(seconds=step * nth) for nth in range(self.due))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How one side did."""

    name: str
    added_a_second: float
    late: tuple[float, ...]
    """Seconds from due to begun, for all that ran."""
    lost: int
    """Due, and never run."""
    stall: float
    """The longest time for which the event loop served nobody, in seconds."""

    def cells(self) -> tuple[str, ...]:
        """Return the row of a table."""
        return (
            self.name,
            f"{self.added_a_second:,.0f}",
            *(f"{percentile(self.late, part):.2f}" if self.late else "-" for part in (0.5, 0.99)),
            f"{self.stall * 1000:,.0f}",
            f"{len(self.late):,}",
            f"{self.lost:,}",
        )


HEAD = ("", "added/s", "late p50 s", "late p99 s", "stall ms", "run", "lost")
