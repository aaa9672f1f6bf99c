"""An event loop whose time is moved by hand, and which stops when nothing is left to do now.

Nothing runs beside it: what would go to a thread is done at once. So the same calls in the same
order come to the same end, whatever the machine is doing.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

MOST_ROUNDS = 10_000
"""Turns of the loop after which something goes round in circles."""
GLANCE = 0.02
"""True seconds to wait for a database in another process before looking again."""


class _Selector(selectors.DefaultSelector):
    """Waits for a database in another process, and for nothing else."""

    outside = 0
    """Calls that wait for it."""

    def select(self, timeout: float | None = None) -> Any:
        return super().select(GLANCE if self.outside else timeout)


class HandMovedLoop(asyncio.SelectorEventLoop):
    """Its timers ring when ``moved`` has passed them."""

    def __init__(self) -> None:
        self.door = _Selector()
        self.moved = 0.0
        super().__init__(self.door)

    def time(self) -> float:
        return self.moved

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> Any:
        """Call *func* now; its order among other steps is then always the same."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever waits for it raises it
            future.set_exception(error)
        return future

    def settle(self) -> None:
        """Let every task go on until all of them wait for something that is not done by itself."""
        rounds = 0
        while self._ready or self._rings() or self.door.outside:  # type: ignore[attr-defined]
            self.call_soon(self.stop)
            self.run_forever()
            rounds += not self.door.outside
            assert rounds < MOST_ROUNDS, "the tasks go round in circles"

    def _rings(self) -> bool:
        timers = self._scheduled  # type: ignore[attr-defined]
        return any(not each._cancelled and each._when <= self.moved for each in timers)
