"""What every command knows: the folder it works on and the moment it plans for."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from herald.clock import SetClock, SystemClock

if TYPE_CHECKING:
    from herald.app import App


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

    def open_to_look(self) -> AbstractAsyncContextManager[App]:
        """Open Herald on the folder for what writes nothing, whoever else works on it."""
        from herald.app import open_app

        return open_app(self.folder, self.clock(), looking=True)

    def open_to_change(self) -> AbstractAsyncContextManager[App]:
        """Open Herald on the folder for what a person decides; it opens no accounts."""
        from herald.app import open_app

        return open_app(self.folder, self.clock())

    def open_to_send(self, *, plans: bool = False) -> AbstractAsyncContextManager[App]:
        """Open Herald on the folder with its accounts, as the only one that runs there.

        On PostgreSQL one of many, which reads campaigns/ only where it *plans*.
        """
        from herald.app import open_app

        return open_app(self.folder, self.clock(), channels=True, alone=True, plans=plans)
