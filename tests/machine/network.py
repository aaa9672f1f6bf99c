"""Networks of four kinds, as models: what they do with a request, and what they show afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Delivery,
    Found,
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    RepeatSafe,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId
from herald.model.network import Capabilities, Handle

HANDLING = 60.0
"""Seconds for which a request may still land after its first byte."""
REMEMBERED = 3600.0
"""Seconds for which a keyed network knows a key."""
TIMEOUT = timedelta(seconds=30)


class Kind(StrEnum):
    """By what a network can tell a repeat, or be asked."""

    KEYED = "keyed"
    """Shows its posts, and knows a key for an hour."""
    READ = "read"
    """Shows its posts, and takes every request for a new one."""
    NAMED = "named"
    """The post's id comes with the request: a repeat lands on the same post, for ever."""
    BLIND = "blind"
    """Shows nothing, and takes every request for a new post."""


LIMITS = {
    kind: Capabilities(
        handle=Handle.NOTHING if kind is Kind.BLIND else Handle.LOOK_UP,
        settle_window=timedelta(seconds=HANDLING),
        repeat_within=within,
        timeout=TIMEOUT,
        concurrent=concurrent,
    )
    for kind, within, concurrent in (
        (Kind.KEYED, timedelta(minutes=50), 2),
        (Kind.READ, None, 1),
        (Kind.NAMED, timedelta(days=3650), 2),
        (Kind.BLIND, None, 1),
    )
}


class Stage(StrEnum):
    """How far a request has got."""

    CONNECTING = "connecting"
    UNDERWAY = "underway"
    LANDED = "landed"
    GONE = "gone"
    """It will never land."""


@dataclass(slots=True, eq=False)
class Request:
    """One request for a post, from the moment at which a worker began it."""

    claim: Claim
    kind: Kind
    answer: asyncio.Future[Outcome]
    begun: float = 0.0
    """When its first byte left, on the clock that never jumps."""
    stage: Stage = Stage.CONNECTING
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_open(self) -> bool:
        """Tell whether somebody still waits for the answer."""
        return not self.answer.done()


@dataclass(frozen=True, slots=True)
class Post:
    """What the public sees."""

    place: tuple[str, ...]
    key: str
    landed: float


Look = tuple[Claim, "asyncio.Future[Sighting]"]


@dataclass(slots=True)
class Networks:
    """Every account there is, and every request on its way to one."""

    time: Callable[[], float]
    requests: list[Request] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    is_well: bool = False
    """Answers at once, and well."""
    is_slow_to_show: bool = False
    """Look-ups wait until somebody answers them."""

    def land(self, request: Request) -> None:
        """Let a request be acted on: a new post, unless the network knows it for a repeat."""
        assert request.stage is Stage.UNDERWAY
        request.stage = Stage.LANDED
        key = request.claim.delivery.key
        known = [post for post in self.posts if post.key == key]
        now = self.time()
        if request.kind is Kind.NAMED and known:
            return
        if request.kind is Kind.KEYED and any(
            # two at once are not told apart: the key is remembered once the post is there
            post.landed <= request.begun and now - post.landed < REMEMBERED
            for post in known
        ):
            return
        self.posts.append(Post(place_of(request.claim.delivery), key, now))

    def forget_what_is_over(self) -> None:
        """End what was on its way for longer than the network goes on with it."""
        for request in self.requests:
            if request.stage is Stage.UNDERWAY and self.time() >= request.begun + HANDLING:
                request.stage = Stage.GONE
        self.requests = [
            each
            for each in self.requests
            if each.is_open or each.stage in {Stage.UNDERWAY, Stage.CONNECTING}
        ]

    def shows(self, claim: Claim) -> Sighting:
        """Tell what is to be seen of a delivery now."""
        kind = Kind(claim.delivery.channel)
        if kind is Kind.BLIND:
            return CannotTell("the network cannot be asked")
        key = claim.delivery.key
        if any(post.key == key for post in self.posts):
            return Found(Receipt(remote_id=key))
        return Absent() if kind is Kind.READ else RepeatSafe()


def place_of(delivery: Delivery) -> tuple[str, ...]:
    """Return what a reader of one account takes for one post."""
    return (delivery.campaign, delivery.item, delivery.occasion, delivery.channel)


ANSWERS = ("sent", "sent", "sent", "unclear", "again", "throttled", "refused", "auth", "broken")


def answer(networks: Networks, request: Request, how: str) -> None:
    """Answer a request: only what is true of one that has landed."""
    if not request.is_open or request.stage is Stage.CONNECTING:
        return
    if how == "sent" and request.stage is Stage.UNDERWAY:
        networks.land(request)
    if how == "unclear":
        request.answer.set_result(Unclear("502", 502))
    elif how == "broken":
        request.answer.set_exception(ArithmeticError("a fault in the channel"))
    elif request.stage is Stage.LANDED:
        request.answer.set_result(Sent(Receipt(remote_id=request.claim.delivery.key)))
    else:
        request.stage = Stage.GONE
        request.answer.set_result(_NOT_PUBLISHED[how])


_NOT_PUBLISHED: dict[str, Outcome] = {
    "sent": Unclear("it came too late"),
    "again": TryAgain("503 before anything was read", 503),
    "throttled": Throttled("429", timedelta(minutes=5), 429),
    "refused": Refused("422", 422),
    "auth": Refused("401", 401, scope=RefusedScope.CHANNEL),
}


@dataclass(frozen=True, slots=True)
class ModelChannel:
    """One account, whose requests wait until the network is made to act."""

    id: ChannelId
    networks: Networks
    as_it_begins: Callable[[Claim], None]
    at_first_byte: Callable[[Claim], Awaitable[None]]
    network: str = "model"

    @property
    def kind(self) -> Kind:
        return Kind(self.id)

    async def capabilities(self) -> Capabilities:
        return LIMITS[self.kind]

    async def send(self, claim: Claim) -> Outcome:
        networks = self.networks
        self.as_it_begins(claim)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        request = Request(claim, self.kind, future)
        networks.requests.append(request)
        try:
            if not networks.is_well:
                await request.connected.wait()
            request.begun, request.stage = networks.time(), Stage.UNDERWAY
            await self.at_first_byte(claim)
            if networks.is_well:
                answer(networks, request, "sent")
            return await future
        finally:
            if request.stage is Stage.CONNECTING:
                request.stage = Stage.GONE
            future.cancel()

    async def look_up(self, claim: Claim) -> Sighting:
        if not self.networks.is_slow_to_show:
            return self.networks.shows(claim)
        future: asyncio.Future[Sighting] = asyncio.get_running_loop().create_future()
        self.networks.looks.append((claim, future))
        return await future

    async def close(self) -> None:
        return
