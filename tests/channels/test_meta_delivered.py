"""The whole way of a post to Facebook, Instagram and Threads: whatever happens, it ends as one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from herald.channels.registry import open_channel
from herald.clock import SetClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.delivery import DeliveryState
from herald.model.ids import ChannelId
from herald.ports import Channel
from tests.channels.faults import page
from tests.channels.kept import KeptMedia, surroundings
from tests.channels.staged import GREEN, pictures
from tests.delivery.memory import MemoryOutbox
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.graph import LIFETIME, NAME, PAGE, TOKEN, GraphServer, canned, serving
from tests.servers.mastodon import Canned, Fault

NETWORKS = ("facebook", "instagram", "threads")
ANSWERED = [fault for fault in Fault if fault not in {Fault.HANG_AFTER, Fault.HANG_BEFORE}]
"""A server that never answers is waited for in the tests of each channel."""
PUBLISH = {
    "facebook": f"/{PAGE}/feed",
    "instagram": "/media_publish",
    "threads": "/threads_publish",
}


def opened(server: GraphServer, clock: SetClock) -> Channel:
    """Open the account as a process does that has just started."""
    is_page = server.network == "facebook"
    settings = {"page": PAGE} if is_page else {"account": NAME}
    settings["server"] = server.address
    config = a_channel(id=ChannelId("here"), network=server.network, settings=settings)
    ends = (NOON + LIFETIME).isoformat()
    secrets = {"access_token": TOKEN, "access_token_ends": ends}
    around = surroundings(Path(), clock, media=KeptMedia(GREEN))
    return open_channel(config, secrets=secrets, around=around)


async def delivered(server: GraphServer, clock: SetClock, *, restarts: bool) -> DeliveryState:
    """Deliver one post until nothing more happens by itself, perhaps by ever new processes."""
    channel = opened(server, clock)
    row = a_delivery(
        channel=channel.id,
        network=server.network,
        not_after_at=NOON + timedelta(hours=24),
        payload=a_payload(media=pictures(1)),
    )
    outbox = MemoryOutbox(row, limits={channel.id: await channel.capabilities()})
    channels = {channel.id: channel}
    worker = Worker(outbox, channels, clock=clock, owner="w", policy=Policy(), random=lambda: 0.5)
    while clock.now() < NOON + timedelta(hours=6):
        await worker.drain()
        state = outbox.rows[row.key].state
        if state not in {DeliveryState.PENDING, DeliveryState.CLAIMED}:
            return state
        clock.advance(timedelta(minutes=10))
        if restarts:
            channels[channel.id] = opened(server, clock)
    return outbox.rows[row.key].state


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "ever new processes"])
@pytest.mark.parametrize("second", [None, Fault.ERROR_AFTER], ids=str)
@pytest.mark.parametrize("fault", ANSWERED, ids=lambda fault: fault.value)
@pytest.mark.parametrize("network", NETWORKS)
async def test_lost_answers_end_in_one_post(
    network: str, fault: Fault, second: Fault | None, restarts: bool
) -> None:
    clock = SetClock(NOON)
    async with serving(network, clock) as server:
        server.faults.extend([fault, second] if second else [fault])
        assert await delivered(server, clock, restarts=restarts) is DeliveryState.SENT
        assert len(server.posts) == 1


PASSING = {
    "1": canned(1, times=2),
    "throttled": canned(32, times=2),
    "spam, they say": canned(4, 2207051, times=2),
    "not ready": canned(24, 4279009, times=2),
    "503": page(503),
}


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "ever new processes"])
@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("network", NETWORKS)
async def test_what_passes_delays_a_post_and_no_more(
    network: str, answer: Canned, restarts: bool
) -> None:
    clock = SetClock(NOON)
    async with serving(network, clock) as server:
        server.can("POST", PUBLISH[network], answer)
        assert await delivered(server, clock, restarts=restarts) is DeliveryState.SENT
        assert len(server.posts) == 1


@pytest.mark.parametrize("network", NETWORKS)
async def test_a_post_that_can_never_be_read_back_ends_with_a_person(network: str) -> None:
    clock = SetClock(NOON)
    async with serving(network, clock) as server:
        server.faults.append(Fault.ERROR_AFTER)
        listed = {"facebook": "/published_posts", "instagram": "/media", "threads": "/threads"}
        server.can("GET", listed[network], canned(10, times=99))
        assert await delivered(server, clock, restarts=True) is DeliveryState.HELD
        assert len(server.posts) == 1
