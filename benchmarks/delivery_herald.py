"""Herald's side of the delivery benchmark: the real store, worker and reconciling."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.delivery_report import Load, Report
from benchmarks.measuring import watching_the_loop
from herald.clock import SystemClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.campaign import CatchUp
from herald.model.delivery import (
    CannotTell,
    Claim,
    Outcome,
    Payload,
    Receipt,
    Sent,
    Sighting,
)
from herald.model.ids import CampaignId, ChannelId, ItemId, Language, OccasionId, campaign_key
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery
from herald.outbox.reconcile import reconcile
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox

CHANNEL = ChannelId("counting")
LIMITS = Capabilities(concurrent=200)
ENGLISH = Language("en")
FAR = timedelta(days=30)


class CountingChannel:
    """Costs nothing, and notes how late each send began."""

    id = CHANNEL
    network = "counting"

    def __init__(self, expected: int) -> None:
        self.late: list[float] = []
        self.all_sent = asyncio.Event()
        self._expected = expected

    async def capabilities(self) -> Capabilities:
        """Allow 200 sends at once."""
        return LIMITS

    async def send(self, claim: Claim) -> Outcome:
        """Note the lateness in seconds."""
        self.late.append((datetime.now(UTC) - claim.delivery.due_at).total_seconds())
        if len(self.late) >= self._expected:
            self.all_sent.set()
        return Sent(Receipt(remote_id=claim.delivery.key))

    async def look_up(self, claim: Claim) -> Sighting:
        """Know nothing: nothing is ever unclear here."""
        return CannotTell("nobody asked")

    async def close(self) -> None:
        """Do nothing."""


async def deliver(folder: Path, load: Load) -> Report:
    """Enqueue *load*, deliver it when it is due, and tell how that went."""
    opened = await open_store("sqlite:///herald.db", folder)
    store = StoredOutbox(opened)
    await store.save_capabilities(CHANNEL, "counting", LIMITS)
    await _enqueue(store, "waiting", [datetime.now(UTC) + FAR] * load.waiting)
    begun = time.perf_counter()
    start = datetime.now(UTC) + timedelta(seconds=load.lead)
    await _enqueue(store, "due", [start + offset for offset in load.offsets()])
    added = load.due / (time.perf_counter() - begun)
    channel = CountingChannel(load.due)
    worker = Worker(
        store,
        {CHANNEL: channel},
        clock=SystemClock(),
        owner="benchmark",
        policy=Policy(),
        random=random.random,
    )
    stop = asyncio.Event()
    async with watching_the_loop() as stall:
        running = asyncio.create_task(worker.run(stop))
        try:
            async with asyncio.timeout_at(_loop_time(start) + load.patience):
                await channel.all_sent.wait()
        except TimeoutError:
            pass
        stop.set()
        await running
    states = [row.state for row in await store.list_deliveries(states=("sent",))]
    await opened.close()
    return Report(
        name="Herald",
        added_a_second=added,
        late=tuple(channel.late),
        lost=load.due - len(states),
        stall=stall.longest,
    )


async def start_up(folder: Path, waiting: int) -> float:
    """Return the seconds from opening a store with *waiting* rows to the first empty claim."""
    opened = await open_store("sqlite:///herald.db", folder)
    await _enqueue(StoredOutbox(opened), "waiting", [datetime.now(UTC) + FAR] * waiting)
    await opened.close()
    begun = time.perf_counter()
    opened = await open_store("sqlite:///herald.db", folder)
    claims = await StoredOutbox(opened).claim(
        owner="benchmark", now=datetime.now(UTC), most=200, capabilities={CHANNEL: LIMITS}
    )
    took = time.perf_counter() - begun
    await opened.close()
    assert not claims
    return took


async def _enqueue(store: StoredOutbox, item: str, moments: list[datetime]) -> None:
    """Plan one delivery at each of *moments*, and reconcile it with what waits already."""
    now = datetime.now(UTC)
    planned = tuple(
        a_planned(ItemId(f"{item}-{nth}"), due_at) for nth, due_at in enumerate(moments)
    )
    span = (now - FAR, now + 2 * FAR) if item == "waiting" else (now, now + FAR / 2)
    plan = Plan(made_at=now, first=span[0], last=span[1], deliveries=planned)
    await store.reconcile(plan, lambda rows: reconcile(plan, rows, now=now), now=now)


def a_planned(item: ItemId, due_at: datetime) -> PlannedDelivery:
    """Make what is to be posted about *item*."""
    campaign, occasion = CampaignId("benchmark"), OccasionId("once")
    return PlannedDelivery(
        key=campaign_key(campaign, item, occasion, CHANNEL, ENGLISH),
        campaign=campaign,
        item=item,
        occasion=occasion,
        channel=CHANNEL,
        network="counting",
        language=ENGLISH,
        occasion_local=due_at.replace(tzinfo=None),
        zone="UTC",
        due_at=due_at,
        not_after_at=due_at + timedelta(hours=6),
        catch_up=CatchUp.POST,
        moves=False,
        payload=Payload(text=f"A post about {item}, with a link", language=ENGLISH),
        content_hash=item,
    )


def _loop_time(moment: datetime) -> float:
    ahead = (moment - datetime.now(UTC)).total_seconds()
    return asyncio.get_running_loop().time() + ahead
