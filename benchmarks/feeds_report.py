"""What one side of the feeds benchmark tells of a pass over all feeds."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.measuring import percentile

HEAD = ("", "feeds/s", "new", "lag p99 ms", "lag max ms", "memory MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over all feeds."""

    name: str
    feeds: int
    seconds: float
    new: int
    """Entries that were not known before."""
    lags: tuple[float, ...] = ()
    """Stalls of the event loop in seconds; none where there is no loop."""
    memory: float = 0.0
    """MB that this process holds at the end, its helpers left out."""

    @property
    def a_second(self) -> float:
        """Feeds per second."""
        return self.feeds / self.seconds

    def cells(self) -> tuple[str, ...]:
        """Return the row of this pass."""
        has_loop = bool(self.lags)
        return (
            self.name,
            f"{self.a_second:,.0f}",
            f"{self.new:,}",
            f"{percentile(self.lags, 0.99) * 1000:.1f}" if has_loop else "–",
            f"{max(self.lags) * 1000:.0f}" if has_loop else "–",
            f"{self.memory:.0f}",
        )
