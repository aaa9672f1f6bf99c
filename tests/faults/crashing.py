"""Dies at named points, as a process does that is killed: no cleaning up, no goodbye.

The product knows none of these points. They stand around its ports: in the store's methods, in
what its database is told, and in a channel that writes its request byte by byte.
"""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

POINTS = (
    "plan begin",
    "plan commit",
    "pace update",
    "claim commit",
    "media upload",
    "connect",
    "half body",
    "full body",
    "response header",
    "response body",
    "settle begin",
    "settle commit",
    "reap",
    "look-up read",
    "look-up commit",
)
"""Each ``commit`` is passed when it is durable, ``reap`` and ``pace update`` just before."""
MORE_POINTS = ("claim begin", "reap commit", "look-up claim commit")

KILLED = 137


class Killed(BaseException):
    """The end of a process that is only played; nothing may catch it."""


class Crash(Protocol):
    """What hears that a point is passed, and may be the end of everything there."""

    def at(self, point: str) -> None:
        """Pass *point*."""

    def check(self) -> None:
        """Do nothing more if this is the end."""


class ProcessCrash:
    """Ends the process when *point* is passed for the *nth* time; an empty point never is."""

    def __init__(self, point: str = "", nth: int = 1) -> None:
        self._point = point
        self._nth = nth
        self._passed: Counter[str] = Counter()

    def at(self, point: str) -> None:
        """Pass *point*."""
        self._passed[point] += 1
        if point == self._point and self._passed[point] >= self._nth:
            os._exit(KILLED)

    def check(self) -> None:
        """Nobody is left to ask."""


class PlayedCrash:
    """Ends a life within this process: whatever it would do from then on is not done."""

    def __init__(self, point: str = "") -> None:
        self._point = point
        self.is_dead = False

    def at(self, point: str) -> None:
        """Pass *point*."""
        self.check()
        if point == self._point:
            self.is_dead = True
            raise Killed(point)

    def check(self) -> None:
        """End whoever still goes on."""
        if self.is_dead:
            raise Killed("it is dead")


class Wire:
    """Hears what a database is told, for the crash of the life that is under way."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.crash: Crash = ProcessCrash()
        event.listen(engine.sync_engine, "after_cursor_execute", self._heard)
        event.listen(engine.sync_engine, "commit", lambda _: self.crash.check())

    def _heard(
        self, connection: object, cursor: object, statement: str, values: object, *_: object
    ) -> None:
        self.crash.check()
        if statement.startswith("INSERT INTO pace") and "tat" in statement:
            self.crash.at("pace update")
        if statement.startswith("UPDATE attempt") and "lapsed" in str(values):
            self.crash.at("reap")


class CrashingStore:
    """A store that dies around its commits; a commit that changes nothing is not passed."""

    def __init__(self, inner: Any, crash: Crash) -> None:
        self._inner = inner
        self._crash = crash
        self._looked_up: set[tuple[str, int]] = set()

    def __getattr__(self, name: str) -> Any:
        self._crash.check()
        return getattr(self._inner, name)

    async def reconcile(self, *args: Any, **asked: Any) -> Any:
        begin, commit = "plan begin", "plan commit"
        return await self._around(begin, commit, lambda: self._inner.reconcile(*args, **asked))

    async def claim(self, **asked: Any) -> Any:
        begin, commit = "claim begin", "claim commit"
        return await self._around(begin, commit, lambda: self._inner.claim(**asked))

    async def reap(self, **asked: Any) -> Any:
        return await self._around("", "reap commit", lambda: self._inner.reap(**asked))

    async def claim_look_up(self, *args: Any, **asked: Any) -> Any:
        commit = "look-up claim commit"
        claim = await self._around("", commit, lambda: self._inner.claim_look_up(*args, **asked))
        if claim is not None:
            self._looked_up.add((claim.delivery.key, claim.token))
        return claim

    async def settle(self, key: Any, *, token: int, **asked: Any) -> Any:
        is_look_up = (key, token) in self._looked_up
        begin, commit = ("", "look-up commit") if is_look_up else ("settle begin", "settle commit")
        return await self._around(
            begin, commit, lambda: self._inner.settle(key, token=token, **asked)
        )

    async def _around(self, begin: str, commit: str, call: Callable[[], Any]) -> Any:
        self._crash.check()
        if begin:
            self._crash.at(begin)
        result = await call()
        if result:
            self._crash.at(commit)
        return result
