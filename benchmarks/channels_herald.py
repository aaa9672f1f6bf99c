"""Herald's side of the channels benchmark: the real store, worker and channels, in a process.

``python -m benchmarks.channels_herald LOAD`` enqueues what *LOAD* says, delivers it, and prints how
that went. Every account is as its channel tells it, one send at a time included; only its pace is
taken away, which would measure the networks' limits and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.channels_report import Load, Posted, Stopwatch, read_load
from benchmarks.channels_server import ROOM, SECRET, token_of
from herald.channels.network import Surroundings
from herald.channels.registry import open_channel
from herald.clock import SystemClock
from herald.delivery.happened import Happened
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.media.pictures import PreparedPictures
from herald.model.campaign import CatchUp
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Claim, Payload
from herald.model.ids import (
    CampaignId,
    ChannelId,
    DeliveryKey,
    ItemId,
    Language,
    OccasionId,
    campaign_key,
)
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery
from herald.model.problem import Place
from herald.model.verdict import Done
from herald.outbox.reconcile import reconcile
from herald.ports import Channel
from herald.store.engine import open_store
from herald.store.media import StoredMedia
from herald.store.outbox import StoredOutbox

ENGLISH = Language("en")
PATIENCE = 300.0
"""Seconds after which a run that does not end is broken."""
_NO_PACE = timedelta(0)


class TimedOutbox(StoredOutbox):
    """The outbox; it notes when each delivery was taken up."""

    taken: dict[DeliveryKey, float]

    async def claim(
        self,
        *,
        owner: str,
        now: datetime,
        most: int,
        capabilities: dict[ChannelId, Capabilities],
    ) -> tuple[Claim, ...]:
        """Claim as ever."""
        begun = time.perf_counter()
        claims = await super().claim(owner=owner, now=now, most=most, capabilities=capabilities)
        self.taken.update((claim.delivery.key, begun) for claim in claims)
        return claims


class Watch:
    """Notes how long each delivery took, from its claim until its answer is on the disk."""

    def __init__(self, outbox: TimedOutbox, expected: int) -> None:
        self.took: list[float] = []
        self.all_sent = asyncio.Event()
        self._outbox = outbox
        self._expected = expected

    def note(self, happened: Happened) -> None:
        """Note one that was sent; whatever else happens breaks the run."""
        assert isinstance(happened.verdict, Done), happened.verdict
        self.took.append(time.perf_counter() - self._outbox.taken[happened.delivery.key])
        if len(self.took) >= self._expected:
            self.all_sent.set()


async def post(load: Load, folder: Path) -> Posted:
    """Post *load* through the whole path, in a store of its own."""
    opened = await open_store("sqlite:///herald.db", folder)
    outbox = TimedOutbox(opened)
    outbox.taken = {}
    media, clock = StoredMedia(opened), SystemClock()
    around = Surroundings(
        folder=folder, media=media, pictures=PreparedPictures(media, clock=clock), clock=clock
    )
    channels = {
        ChannelId(f"{load.side}-{nth}"): an_account(load, nth, around)
        for nth in range(load.accounts)
    }
    for name, channel in channels.items():
        limits = await channel.capabilities()
        unpaced = replace(limits, pace=_NO_PACE, host_pace=_NO_PACE)
        await outbox.save_capabilities(name, load.side, unpaced)
    watch = Watch(outbox, load.posts)
    worker = Worker(
        outbox,
        channels,
        clock=clock,
        owner="benchmark",
        policy=Policy(),
        random=random.random,
        on_settled=watch.note,
    )
    try:
        return await _delivered(load, outbox, worker, watch, channels)
    finally:
        for channel in channels.values():
            await channel.close()
        await opened.close()


async def _delivered(
    load: Load,
    outbox: StoredOutbox,
    worker: Worker,
    watch: Watch,
    channels: Mapping[ChannelId, Channel],
) -> Posted:
    stop, stopwatch = asyncio.Event(), Stopwatch()
    now = datetime.now(UTC)
    names = tuple(channels)
    planned = tuple(
        a_planned(load, nth, names[load.account_of(nth)], due_at=now) for nth in range(load.posts)
    )
    plan = Plan(
        made_at=now,
        first=now - timedelta(days=1),
        last=now + timedelta(days=1),
        deliveries=planned,
    )
    await outbox.reconcile(plan, lambda rows: reconcile(plan, rows, now=now), now=now)
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(PATIENCE):
        ended = asyncio.create_task(watch.all_sent.wait())
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
    posted = stopwatch.stopped(watch.took)
    stop.set()
    ended.cancel()
    await running
    return posted


def an_account(load: Load, nth: int, around: Surroundings) -> Channel:
    """Open the *nth* account of the network that *load* names."""
    settings, secrets = {
        "mastodon": ({"server": load.server}, {"access_token": token_of(nth)}),
        "matrix": ({"server": load.server, "room": ROOM}, {"access_token": token_of(nth)}),
        "webhook": ({"url": f"{load.server}/hook"}, {"secret": SECRET}),
    }[load.side]
    config = ChannelConfig(
        id=ChannelId(f"{load.side}-{nth}"),
        network=load.side,
        settings=settings,
        place=Place(file="config/channels.yaml"),
    )
    return open_channel(config, secrets=secrets, around=around)


def a_planned(load: Load, nth: int, channel: ChannelId, *, due_at: datetime) -> PlannedDelivery:
    """Make the *nth* post."""
    campaign, occasion = CampaignId("benchmark"), OccasionId("once")
    item = ItemId(f"{load.name}-{nth}")
    return PlannedDelivery(
        key=campaign_key(campaign, item, occasion, channel, ENGLISH),
        campaign=campaign,
        item=item,
        occasion=occasion,
        channel=channel,
        network=load.side,
        language=ENGLISH,
        occasion_local=due_at.replace(tzinfo=None),
        zone="UTC",
        due_at=due_at,
        not_after_at=due_at + timedelta(hours=6),
        catch_up=CatchUp.POST,
        moves=False,
        payload=Payload(text=load.text(nth), language=ENGLISH),
        content_hash=item,
    )


def main() -> None:
    """Post what the command line says."""
    logging.getLogger("herald").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(post(read_load(sys.argv[1]), Path(folder))).spelled())


if __name__ == "__main__":
    main()
