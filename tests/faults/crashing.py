"""Dies at named points, as a process does that is killed: no cleaning up, no goodbye.

The product knows none of these points. They stand around its ports: in the store's methods before
and after their commit, and in a channel that writes its request byte by byte.
"""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

STORE_POINTS = tuple(
    f"{when} {step}"
    for step in ("plan", "claim", "settle", "reap", "claim_look_up", "settle_look_up")
    for when in ("before", "after")
)
CHANNEL_POINTS = (
    "before connecting",
    "half of the body sent",
    "whole request sent",
    "head of the answer read",
    "answer read",
    "look-up answered",
)
POINTS = STORE_POINTS + CHANNEL_POINTS

KILLED = 137


class Crash:
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


class CrashingStore:
    """A store that dies around its commits; a step that changes nothing is not passed."""

    def __init__(self, inner: Any, crash: Crash) -> None:
        self._inner = inner
        self._crash = crash
        self._looked_up: set[tuple[str, int]] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def reconcile(self, *args: Any, **asked: Any) -> Any:
        return await self._around("plan", lambda: self._inner.reconcile(*args, **asked))

    async def claim(self, **asked: Any) -> Any:
        return await self._around("claim", lambda: self._inner.claim(**asked))

    async def reap(self, **asked: Any) -> Any:
        return await self._around("reap", lambda: self._inner.reap(**asked))

    async def claim_look_up(self, *args: Any, **asked: Any) -> Any:
        claim = await self._around(
            "claim_look_up", lambda: self._inner.claim_look_up(*args, **asked)
        )
        if claim is not None:
            self._looked_up.add((claim.delivery.key, claim.token))
        return claim

    async def settle(self, key: Any, *, token: int, **asked: Any) -> Any:
        step = "settle_look_up" if (key, token) in self._looked_up else "settle"
        return await self._around(step, lambda: self._inner.settle(key, token=token, **asked))

    async def _around(self, step: str, call: Callable[[], Any]) -> Any:
        self._crash.at(f"before {step}")
        result = await call()
        if result:
            self._crash.at(f"after {step}")
        return result
