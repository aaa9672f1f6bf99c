"""An account on Instagram or Threads for tests, and what can go wrong with either."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from herald.channels.instagram.channel import InstagramChannel, open_instagram
from herald.channels.threads.channel import ThreadsChannel, open_threads
from herald.clock import SetClock
from herald.model.delivery import Media, Outcome, Receipt, Sighting
from herald.model.ids import ChannelId
from tests.channels.faults import CHANNEL, DELIVERY, RUDE, Case, a_claim, page
from tests.channels.kept import KeptMedia, a_jpeg, a_picture, surroundings
from tests.makers import NOON, a_channel
from tests.servers.graph import LIFETIME, NAME, TOKEN, GraphServer, canned, serving
from tests.servers.mastodon import Canned, Fault

GREEN = a_jpeg(size=(15, 10))
MAKE = {"instagram": "/media", "threads": "/threads"}
"""The end of the path under which a container is made."""
PUBLISH = {"instagram": "/media_publish", "threads": "/threads_publish"}
LIST = {"instagram": "/media", "threads": "/threads"}
LIMITS = {"instagram": "/content_publishing_limit", "threads": "/threads_publishing_limit"}

Staged = InstagramChannel | ThreadsChannel


@dataclass
class World:
    """A server, an account on it, and the clock of both."""

    network: str
    server: GraphServer
    clock: SetClock
    channel: Staged
    kept: dict[str, str] = field(default_factory=dict)
    """Secrets that the account was given by its network."""

    def opened(self, **options: Any) -> Staged:
        """Open the channel as after a restart."""
        return an_account(self.network, self.server.address, self.clock, kept=self.kept, **options)

    async def send(self, **changes: Any) -> Outcome:
        """Send a post with a picture."""
        return await self.channel.send(a_claim(**_with_picture(changes)))

    async def look_up(self, **changes: Any) -> Sighting:
        """Look that post up."""
        return await self.channel.look_up(a_claim(**_with_picture(changes)))


def _with_picture(changes: dict[str, Any]) -> dict[str, Any]:
    return {"media": pictures(1), **changes}


def pictures(count: int) -> tuple[Media, ...]:
    """Make pictures, each with a description of its own."""
    return tuple(a_picture(f"number {number}", GREEN) for number in range(count))


def an_account(
    network: str,
    server: str,
    clock: SetClock,
    *,
    kept: dict[str, str] | None = None,
    seconds: float = 10,
    public_url: str = "https://herald.example.org",
    ends_at: datetime | None = None,
    token: str = TOKEN,
    name: str = NAME,
) -> Staged:
    """Open an account whose token ends in 60 days, if nothing else is said."""
    keeps = {} if kept is None else kept

    async def keep_secret(name: str, value: str) -> None:
        keeps[name] = value

    around = surroundings(Path(), clock, media=KeptMedia(GREEN), public_url=public_url)
    around = replace(around, keep_secret=keep_secret)
    ends = (ends_at or clock.now() + LIFETIME).isoformat()
    secrets = {"access_token": token, "access_token_ends": ends}
    settings = {"account": name, "server": server}
    config = a_channel(id=ChannelId("here"), network=network, settings=settings)
    opening: Any = open_instagram if network == "instagram" else open_threads
    opened: Staged = opening(config, secrets=secrets, around=around, seconds=seconds)
    return opened


@asynccontextmanager
async def a_world(network: str, *, seconds: float = 10) -> AsyncIterator[World]:
    """Run a server with an account."""
    clock = SetClock(NOON)
    async with serving(network, clock) as server:
        kept: dict[str, str] = {}
        channel = an_account(network, server.address, clock, kept=kept, seconds=seconds)
        yield World(network, server, clock, channel, kept)


def with_the_fault(world: World, case: Case) -> None:
    """Put the fault of *case* where it belongs."""
    if isinstance(case.fault, Canned):
        method = "GET" if case.at in {"/me", "LIMITS"} else "POST"
        at = {"": PUBLISH, "MAKE": MAKE, "LIMITS": LIMITS}.get(case.at)
        world.server.can(method, at[world.network] if at else case.at, case.fault)
    elif case.fault:
        world.server.faults.append(case.fault)


FAULTS = {
    **RUDE,
    "no account": Case(outcome="Refused", scope=CHANNEL, at="/me", fault=canned(190, 463)),
    "account 500": Case(outcome="TryAgain", at="/me", fault=page(500)),
    "account no JSON": Case(outcome="TryAgain", at="/me", fault=page(200)),
    "limits 500": Case(outcome="Sent", posts=1, at="LIMITS", fault=page(500)),
    "1": Case(fault=canned(1), outcome="Unclear"),
    "2": Case(fault=canned(2, status=500), outcome="Unclear"),
    "-1": Case(fault=canned(-1, 2207001), outcome="Unclear"),
    "spam, and perhaps live": Case(fault=canned(4, 2207051), outcome="Unclear"),
    "temporary error publishing": Case(fault=canned(24, 2207008), outcome="Unclear"),
    "transient": Case(fault=canned(5555, transient=True), outcome="Unclear"),
    "100": Case(fault=canned(100), outcome="Refused", scope=DELIVERY),
    "190": Case(fault=canned(190, 463), outcome="Refused", scope=CHANNEL),
    "10": Case(fault=canned(10), outcome="Refused", scope=CHANNEL),
    "restricted": Case(fault=canned(25, 2207050), outcome="Refused", scope=CHANNEL),
    "old version": Case(fault=canned(2635), outcome="Refused", scope=CHANNEL),
    "4": Case(fault=canned(4), outcome="Throttled"),
    "80002": Case(fault=canned(80002), outcome="Throttled"),
    "a day's posts": Case(fault=canned(9, 2207042), outcome="Throttled"),
    "not shown": Case(fault=canned(100, 33), outcome="Unclear"),
    "made: names what is gone": Case(
        fault=canned(100, 33), at="MAKE", outcome="Refused", scope=DELIVERY
    ),
    "not ready": Case(fault=canned(9007, 2207027), outcome="TryAgain"),
    "not found": Case(fault=canned(24, 4279009), outcome="TryAgain"),
    "made: 500": Case(fault=page(500), at="MAKE", outcome="TryAgain"),
    "made: no JSON": Case(fault=page(200), at="MAKE", outcome="TryAgain"),
    "made: 1": Case(fault=canned(1), at="MAKE", outcome="TryAgain"),
    "made: not fetched": Case(fault=canned(9004, 2207052), at="MAKE", outcome="TryAgain"),
    "made: too large": Case(
        fault=canned(36000, 2207004), at="MAKE", outcome="Refused", scope=DELIVERY
    ),
    "made: throttled": Case(fault=canned(4), at="MAKE", outcome="Throttled"),
    "made: spam": Case(fault=canned(4, 2207051), at="MAKE", outcome="Throttled"),
    "made: token": Case(fault=canned(190), at="MAKE", outcome="Refused", scope=CHANNEL),
}
"""What either network can do to a post, and what that comes to."""

LOST = [fault for fault in Fault if "before" not in fault.value]


def receipt_of(world: World, number: int = 0) -> Receipt:
    """Return what a send gives for the post *number* of the server: its id alone."""
    return Receipt(remote_id=world.server.posts[number].id)
