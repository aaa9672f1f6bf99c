"""Durations as people write them: ``90s 20m 6h 14d 2w``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

_FORM = re.compile(r"(?P<count>\d{1,6})(?P<unit>[smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Span:
    """A distance in time: whole calendar days, or a length on the clock, never both."""

    days: int = 0
    clock: timedelta = timedelta(0)

    @property
    def is_calendar(self) -> bool:
        """Tell whether the span counts days on a calendar (``14d``) and not hours on a clock."""
        return self.clock == timedelta(0)

    def as_timedelta(self) -> timedelta:
        """Return the length, a day taken as 24 hours."""
        return timedelta(days=self.days) + self.clock

    def __str__(self) -> str:
        """Return the one canonical spelling: ``2w`` is ``14d`` and ``60m`` is ``1h``."""
        if self.is_calendar:
            return f"{self.days}d"
        seconds = int(self.clock.total_seconds())
        unit = next(unit for unit in ("h", "m", "s") if seconds % _SECONDS[unit] == 0)
        return f"{seconds // _SECONDS[unit]}{unit}"


def parse_span(text: str) -> Span:
    """Read a duration; raise ValueError with a remedy when *text* is none."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is no duration (write a number and s, m, h, d or w: 20m, 6h, 14d)"
        )
    count, unit = int(match["count"]), match["unit"]
    if unit in "dw":
        return Span(days=count * (7 if unit == "w" else 1))
    return Span(clock=timedelta(seconds=count * _SECONDS[unit]))
