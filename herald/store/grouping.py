"""Writes together what many wait for: one transaction and one fsync for all who stand there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[T, R]):
    what: T
    answers: list[R] = field(default_factory=list)


class Grouped(Generic[T, R]):
    """Writes what is brought in the order of its arrival, all that waits at once.

    Whoever comes to the door first writes for all who stand there; the others find theirs written.
    If the writing fails or is cancelled only that one is told, and the next in line writes.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        most: int,
        weight: Callable[[T], int] = lambda what: 1,
    ) -> None:
        """Let *write* write a group and give an answer for each; a group weighs up to *most*.

        What is heavier than that by itself goes alone.
        """
        self._write = write
        self._most = most
        self._weight = weight
        self._door = asyncio.Lock()
        self._waiting: list[_Waiting[T, R]] = []

    async def bring(self, what: T) -> R:
        """Return the answer to *what* once it is durable."""
        waiting: _Waiting[T, R] = _Waiting(what)
        self._waiting.append(waiting)
        try:
            async with self._door:
                if not waiting.answers:
                    await self._until_nobody_comes()
                    await self._write_for(self._first())
                return waiting.answers[0]
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    async def _until_nobody_comes(self) -> None:
        """Let those come along who have theirs ready by now: a few turns of the event loop.

        Two hundred sends that end together would else be written as three and the others, twice
        the transactions.
        """
        there = 0
        while there < min(len(self._waiting), self._most):
            there = len(self._waiting)
            await asyncio.sleep(0)

    def _first(self) -> list[_Waiting[T, R]]:
        """Return the longest beginning of the line that is not too heavy."""
        weighed = 0
        for count, waiting in enumerate(self._waiting):
            weighed += self._weight(waiting.what)
            if weighed > self._most:
                return self._waiting[: max(count, 1)]
        return list(self._waiting)

    async def _write_for(self, group: Sequence[_Waiting[T, R]]) -> None:
        answers = await self._write([waiting.what for waiting in group])
        for waiting, answer in zip(group, answers, strict=True):
            waiting.answers.append(answer)
            # Cancelled meanwhile, it has left the line by itself.
            if waiting in self._waiting:
                self._waiting.remove(waiting)
