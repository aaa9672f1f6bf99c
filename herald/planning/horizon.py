"""The span of time for which a plan is made, and which moments belong in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from herald.model.wallclock import ONE_DAY, localise


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """From *first* (included) to *last* (not included), as seen at *now*; all aware, UTC."""

    now: datetime
    first: datetime
    last: datetime

    @property
    def is_current(self) -> bool:
        """Tell whether what is late now belongs in the span."""
        return self.first <= self.now

    def holds(self, moment: datetime) -> bool:
        """Tell whether *moment* lies in the span."""
        return self.first <= moment < self.last

    def spans(self, moment: datetime) -> bool:
        """Tell whether *moment* lies in the span, or is past and the span starts by now."""
        if moment >= self.last:
            return False
        return moment >= self.first or (self.is_current and moment < self.now)

    def keeps(self, due_at: datetime, not_after_at: datetime) -> bool:
        """Tell whether what is due at *due_at* can still go out and lies in the span."""
        if not self.spans(due_at):
            return False
        return due_at >= self.now or (not_after_at >= self.now and self.is_current)

    def days(self, zone: str, *, late: timedelta, waiting: datetime | None) -> tuple[date, date]:
        """Return the local days that can matter, with a day's margin for zones and stagger.

        *late* is how far back a moment may lie, *waiting* the moment of the oldest delivery that
        still waits, which stays in the plan as long as its file asks for it.
        """
        begin = min(self.first, self.now - late) if self.is_current else self.first
        if waiting is not None and self.is_current:
            begin = min(begin, waiting)
        return (
            localise(begin, zone).date() - ONE_DAY,
            localise(self.last, zone).date() + ONE_DAY,
        )
