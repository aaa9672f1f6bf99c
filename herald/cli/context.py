"""What every command knows: the folder it works on and the moment it plans for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from herald.clock import SetClock, SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of ``herald``: ``-C DIR`` and ``--now``."""

    folder: Path
    now: datetime | None = None

    def clock(self) -> SystemClock | SetClock:
        """Return the clock that stands at ``--now``, else the machine's."""
        return SystemClock() if self.now is None else SetClock(self.now)

    def moment(self) -> datetime:
        """Return ``--now``, else the present, in UTC."""
        return self.clock().now().astimezone(UTC)
