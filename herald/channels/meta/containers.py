"""Makes posts ready under an id of their own, and publishes them by it (Instagram, Threads).

A container is harmless: nobody sees it, and it ends after 24 hours. One is made once and used again
for a later try, so that a post whose answer was lost is at worst published under the same id.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.meta.errors import (
    Hindrance,
    hindrance,
    is_missing,
    is_unknown,
    read_id,
    trouble_publishing,
)
from herald.channels.meta.graph import Graph
from herald.model.delivery import (
    Absent,
    CannotTell,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
    TryAgain,
    Unclear,
)
from herald.model.ids import DeliveryKey
from herald.ports import Clock

_WAITS = (0.0, 1, 2, 3, 4, 5, 10, 10, 15, 20, 20)
"""Seconds between looks at a container that the network is still preparing."""
_UNREAD_MOST = 3
"""So often a container that the network does not show is asked for: it may be too new."""
_LIVES = timedelta(hours=23)
"""A container ends after 24 hours."""
_REMEMBERED_MOST = 500
_PASSING = ("DOWNLOAD", "UNKNOWN", "2207001", "2207003", "2207032", "2207052", "2207053", "2207082")
"""Found in the words about a container that failed for a reason that may pass."""


class State(StrEnum):
    """What a container says of itself."""

    FINISHED = "FINISHED"
    IN_PROGRESS = "IN_PROGRESS"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    """The network does not show it: seen of Meta's servers while publishing it works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a network calls the parts of making and publishing a container."""

    network: str
    """For people."""
    make: str
    """The edge of the account under which one is made."""
    publish: str
    state: str
    """The field that holds its state."""
    words: str
    """The field that says why it failed."""


class Containers:
    """The containers that one account has made and not yet published."""

    def __init__(self, graph: Graph, dialect: Dialect, *, clock: Clock) -> None:
        self._graph = graph
        self._dialect = dialect
        self._clock = clock
        self._made: OrderedDict[tuple[DeliveryKey, str], tuple[str, datetime]] = OrderedDict()
        self._tried: OrderedDict[DeliveryKey, str] = OrderedDict()
        """Of deliveries whose publishing was asked for: the container."""

    async def make(
        self, key: DeliveryKey, account: str, form: Mapping[str, str]
    ) -> str | Hindrance:
        """Return the container of *form*, made for an earlier try or now."""
        place = (key, _fingerprint(form))
        now = self._clock.now()
        known = self._made.get(place)
        if known and now - known[1] < _LIVES:
            return known[0]
        answer = await self._graph.post(f"{account}/{self._dialect.make}", form)
        made = read_id(answer)
        if is_unknown(answer):  # the account was known a moment ago: it is about the post's content
            why = f"{self._dialect.network} does not know what the post answers: was it deleted?"
            return Refused(why)
        if not made:
            return self._hindrance(answer, "the post could not be made ready")
        self._made[place] = (made, now)
        _shorten(self._made)
        return made

    async def ready(self, container: str) -> State | Hindrance:
        """Wait until a container can be published; UNKNOWN where the network does not show it."""
        unread = 0
        for wait in _WAITS:
            await self._clock.sleep(wait)
            answer = await self._look(container)
            state = _state(answer, self._dialect)
            if is_missing(answer):
                unread += 1
                if unread == _UNREAD_MOST:
                    return State.UNKNOWN
            elif state is None:
                return self._hindrance(answer, "the post's state could not be read")
            elif state in {State.FINISHED, State.PUBLISHED}:
                return state
            elif state is not State.IN_PROGRESS:
                self._forget_container(container)
                return self._failed(answer, state)
        return TryAgain(f"{self._dialect.network} is still preparing the post")

    async def publish(
        self, key: DeliveryKey, account: str, container: str, *, state: State
    ) -> Outcome:
        """Publish a container in *state* with one request, unless an earlier one may have."""
        tried = self._tried.get(key) == container
        if state is State.PUBLISHED or (tried and state is State.UNKNOWN):
            return Unclear("an earlier request may have published it")
        self._tried[key] = container
        _shorten(self._tried)
        form = {"creation_id": container}
        answer = await self._graph.post(f"{account}/{self._dialect.publish}", form)
        if published := read_id(answer):
            self.forget(key)
            return Sent(Receipt(remote_id=published))
        if is_unknown(answer):
            return Unclear(f"{self._dialect.network} does not show the post that it made ready")
        outcome = trouble_publishing(answer, network=self._dialect.network, now=self._clock.now())
        if isinstance(outcome, Refused):
            self.forget(key)
        if isinstance(outcome, TryAgain) and tried:
            return Unclear(outcome.why, outcome.status)
        return outcome

    async def confirm(self, key: DeliveryKey, sighting: Sighting) -> Sighting:
        """Return *sighting*, but no absence of what the container says is published."""
        container = self._tried.get(key)
        if sighting != Absent() or container is None:
            return sighting
        answer = await self._look(container)
        if _state(answer, self._dialect) in {State.PUBLISHED, State.IN_PROGRESS}:
            why = f"{self._dialect.network} says that it is published, and does not show it yet"
            return CannotTell(why, again=True)
        if isinstance(answer, NoAnswer) or answer.status >= 500:
            return CannotTell("the post's state could not be read", again=True)
        return sighting

    def forget(self, key: DeliveryKey) -> None:
        """Make everything of a delivery anew, should it be sent again."""
        self._tried.pop(key, None)
        for place in [place for place in self._made if place[0] == key]:
            del self._made[place]

    def _forget_container(self, container: str) -> None:
        for place in [place for place, made in self._made.items() if made[0] == container]:
            del self._made[place]

    async def _look(self, container: str) -> Answer | NoAnswer:
        fields = f"{self._dialect.state},{self._dialect.words}"
        return await self._graph.get(container, {"fields": fields})

    def _failed(self, answer: Answer | NoAnswer, state: State) -> Hindrance:
        told = answer.read_object() if isinstance(answer, Answer) else {}
        words = str(told.get(self._dialect.words) or "no reason given")[:200]
        why = f"{self._dialect.network} could not prepare the post ({state}): {words}"
        if state is State.EXPIRED or any(one in words.upper() for one in _PASSING):
            return TryAgain(why)
        return Refused(why)

    def _hindrance(self, answer: Answer | NoAnswer, what: str) -> Hindrance:
        return hindrance(answer, network=self._dialect.network, what=what, now=self._clock.now())


def _state(answer: Answer | NoAnswer, dialect: Dialect) -> State | None:
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    found = told.get(dialect.state)
    return State(found) if isinstance(found, str) and found in set(State) else None


def _fingerprint(form: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()


def _shorten(remembered: OrderedDict[Any, Any]) -> None:
    while len(remembered) > _REMEMBERED_MOST:
        remembered.popitem(last=False)
