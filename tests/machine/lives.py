"""Processes that live, stall and die on one store: the real worker, taken step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from herald.delivery.worker import Worker
from herald.model.delivery import Claim
from herald.outbox.lifecycle import By
from tests.machine.loop import HandMovedLoop

BEGIN = datetime(2027, 5, 10, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class MachineClock:
    """The clocks of one computer: true time, and how far its wall clock is from it."""

    loop: HandMovedLoop
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.loop.moved) + self.ahead

    def monotonic(self) -> float:
        return self.loop.moved

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


STALLS = ("before claim", "after claim", "before settle", "after settle", "after claim_look_up")
"""Where a process may stand still for any time, and die."""

Noticed = Callable[["Gate", str, dict[str, Any], Any], Awaitable[None]]


@dataclass(slots=True)
class Gate:
    """What stands between a process and the store: it may be shut, or shut for ever."""

    by: By
    clock: MachineClock
    noticed: Noticed
    inner: Any
    is_dead: bool = False
    stalls: set[str] = field(default_factory=set)
    stands_at: list[asyncio.Future[None]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self.inner, name)

        async def call(*args: Any, **named: Any) -> Any:
            await self._pass(f"before {name}")
            result = await asked(*args, **named)
            await self.noticed(self, name, named, result)
            await self._pass(f"after {name}")
            return result

        return call

    async def _pass(self, point: str) -> None:
        if point in self.stalls or self.is_dead:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if not self.is_dead:
                self.stands_at.append(future)
            await future

    def go_on(self) -> None:
        """Open the gate."""
        self.stalls.clear()
        for future in self.stands_at:
            if not future.done():
                future.set_result(None)
        self.stands_at.clear()


@dataclass(slots=True)
class Life:
    """One process, from its start to its death."""

    worker: Worker
    gate: Gate
    noticed_ahead: timedelta
    """How far the wall clock was ahead when the process looked last."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _step: asyncio.Task[Any] | None = None

    def create_task(self, coroutine: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Do what a TaskGroup does for the worker."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            task.get_loop().call_exception_handler(
                {"message": "a task ended badly", "exception": task.exception()}
            )

    def begin(self, loop: HandMovedLoop, step: str) -> None:
        """Begin to claim what is due, or to look up what is unclear, unless it still does that."""
        if self._step is None or self._step.done():
            self._step = loop.create_task(getattr(self, step)())

    async def claim(self) -> None:
        """Take what is due and start to send it, as ``Worker.run`` does."""
        await self.worker._start_due(self)  # type: ignore[arg-type]

    async def look(self) -> None:
        """Reap, and start the look-ups that are ripe, as ``Worker.run`` does."""
        worker = self.worker
        await worker._looker.step(self, await worker._limits())  # type: ignore[arg-type]

    @property
    def ripe_at(self) -> list[float]:
        """Return when look-ups become ripe, on the monotonic clock."""
        return [watch.ripe_at for watch in self.worker._looker._watches.values()]

    def die(self) -> None:
        """End at once: nothing of it reaches the store any more."""
        self.gate.is_dead = True
        for task in (*self.tasks, *([self._step] if self._step else [])):
            task.cancel()


def claims_of(result: Any) -> tuple[Claim, ...]:
    """Return what a call of the store claimed."""
    return tuple(each for each in result if isinstance(each, Claim))
