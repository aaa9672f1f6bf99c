"""The account that an access token of Instagram or Threads belongs to, and what is left of its day.

Asked for once, so that a token of another account is noticed before anything is posted with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.meta.errors import Hindrance, hindrance
from herald.channels.meta.graph import Graph
from herald.model.delivery import Refused, RefusedScope, Throttled
from herald.ports import Clock

_QUOTA_WAIT = timedelta(minutes=30)
"""A quota counts the last 24 hours: after a while an old post leaves it."""


class Owner:
    """Whose token it is."""

    def __init__(self, graph: Graph, *, name: str, network: str, field: str, clock: Clock) -> None:
        """Expect the account *name*; *field* holds its id."""
        self._graph = graph
        self._name = name
        self._network = network
        self._field = field
        self._clock = clock
        self._id = ""

    async def id(self) -> str | Hindrance:
        """Return the account's id, or why it is not known; nothing was posted."""
        if self._id:
            return self._id
        answer = await self._graph.get("me", {"fields": f"{self._field},username"})
        told = _first(answer)
        found, name = told.get(self._field), told.get("username")
        if not isinstance(found, str | int) or not isinstance(name, str):
            what = "the account could not be asked for"
            return hindrance(answer, network=self._network, what=what, now=self._clock.now())
        if name.casefold() != self._name.casefold():
            why = f"the access token is that of @{name}, channels.yaml says {self._name}"
            return Refused(why, None, RefusedScope.CHANNEL)
        self._id = str(found)
        return self._id


def quota_left(answer: Answer | NoAnswer, *, used: str, config: str) -> int | None:
    """Return how many posts the account may still publish; None where the answer does not say."""
    told = _first(answer)
    count, limits = told.get(used), told.get(config)
    total = limits.get("quota_total") if isinstance(limits, dict) else None
    if not isinstance(count, int) or not isinstance(total, int):
        return None
    return max(total - count, 0)


def used_up(left: int | None, *, network: str) -> Throttled | None:
    """Return how long to wait where nothing is left; None where something is, or nobody knows."""
    if left != 0:
        return None
    return Throttled(f"the account has published as much as {network} allows a day", _QUOTA_WAIT)


def _first(answer: Answer | NoAnswer) -> dict[str, Any]:
    """Return the object in an answer, which some of Meta's servers wrap into a list ``data``."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    data = told.get("data")
    if isinstance(data, list):
        return data[0] if data and isinstance(data[0], dict) else {}
    return told
