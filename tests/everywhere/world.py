"""One account on one network, the real worker, the real store on SQLite, and a clock to move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from herald.clock import SetClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.delivery import Claim, Delivery, DeliveryState, Outcome, Payload, Sighting
from herald.model.ids import ChannelId, DeliveryKey, campaign_key
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery
from herald.model.stop import Stop
from herald.outbox.correcting import Way, correcting
from herald.outbox.reconcile import reconcile
from herald.ports import Channel
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from tests.channels.kept import KeptMedia, a_jpeg, a_picture
from tests.contracts.places import Place
from tests.everywhere.networks import on_the_way, opened_place, plain, shown
from tests.makers import a_payload, a_planned_delivery
from tests.servers.faulty import FaultyWay
from tests.stores import lay_store

PICTURES = tuple(a_jpeg((90, 40 + 5 * nth, 60)) for nth in range(40))
"""Each for one post: a picture that a network has already is not sent to it again."""
MINUTE = timedelta(minutes=1)
STEP = 10 * MINUTE
PATIENCE = timedelta(hours=20)
"""So long it is waited, by the moved clock, until nothing moves any more."""
_AT_ONCE: dict[str, Any] = {"pace": timedelta(0), "host_pace": timedelta(0)}
"""How fast an account may send is tested elsewhere."""
_ENDED = frozenset(DeliveryState) - {DeliveryState.PENDING, DeliveryState.CLAIMED}


class Drowsy:
    """Another's clock, for one who wakes late: as long as nothing is due sooner, after a minute.

    The worker looks at the outbox every second, which would be most of what such a test does.
    """

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self.now, self.monotonic = clock.now, clock.monotonic

    async def sleep(self, seconds: float) -> None:
        """Move the clock on."""
        await self._clock.sleep(max(seconds, 60))


class Given:
    """A channel whose user gives up as soon as an answer is kept back for ever.

    It can die around a send as well: before, or after it.
    """

    def __init__(self, channel: Channel, way: FaultyWay | None) -> None:
        self.id, self.network = channel.id, channel.network
        self.channel, self._way = channel, way
        self.dies_before = self.dies_after = False
        self.outcomes: list[str] = []

    async def capabilities(self) -> Capabilities:
        return await self.channel.capabilities()

    async def send(self, claim: Claim) -> Outcome:
        if self.dies_before:
            self.dies_before = False
            raise RuntimeError("died before it sent")
        outcome = await self._unless_it_hangs(claim)
        self.outcomes.append(type(outcome).__name__)
        if self.dies_after:
            self.dies_after = False
            raise RuntimeError("died after it had sent")
        return outcome

    async def _unless_it_hangs(self, claim: Claim) -> Outcome:
        if self._way is None:
            return await self.channel.send(claim)
        self._way.hangs.clear()
        sending = asyncio.create_task(self.channel.send(claim))
        hanging = asyncio.create_task(self._way.hangs.wait())
        await asyncio.wait({sending, hanging}, return_when=asyncio.FIRST_COMPLETED)
        hanging.cancel()
        if not sending.done():
            sending.cancel()
            await asyncio.wait({sending})
            raise TimeoutError
        return sending.result()

    async def look_up(self, claim: Claim) -> Sighting:
        return await self.channel.look_up(claim)

    async def close(self) -> None:
        await self.channel.close()


@dataclass
class World:
    """What a test holds in its hands."""

    name: str
    place: Place
    way: FaultyWay | None
    given: Given
    limits: Capabilities
    store: StoredOutbox
    clock: SetClock
    pictures_shown: int = 0
    channels: dict[ChannelId, Channel] = field(default_factory=dict)
    good_secrets: dict[str, str] | None = None
    """Those that open the account, while it has others."""

    def worker(self) -> Worker:
        """Return a worker as a process has it that has just started."""
        return Worker(
            self.store,
            self.channels,
            clock=Drowsy(self.clock),
            owner="w",
            policy=Policy(),
            random=lambda: 0.5,
        )

    @property
    def needs_pictures(self) -> bool:
        """There is no post without a picture."""
        behaviour = getattr(getattr(self.place, "server", None), "behaviour", None)
        return self.limits.media_needed or getattr(behaviour, "needs_media", False)

    def open(self) -> None:
        """Open the account anew, as after a restart."""
        self.given.channel = plain(self.place.opened())
        self.channels = {self.given.id: self.given}

    async def enqueue(self, *wanted: PlannedDelivery) -> None:
        """Bring the outbox in line with a plan of *wanted*."""
        now = self.clock.now()
        plan = Plan(made_at=now, first=now, last=now + timedelta(days=2), deliveries=wanted)
        await self.store.reconcile(plan, lambda rows: reconcile(plan, rows, now=now), now=now)

    def wanted(self, text: str, *, pictures: int = 0, **changes: Any) -> PlannedDelivery:
        """Make what planning wants: one post on the account."""
        self.pictures_shown += 1
        number = self.pictures_shown % len(PICTURES)
        media = (a_picture(f"picture {number}", PICTURES[number]),) if pictures else ()
        return a_planned_delivery(
            channel=self.given.id,
            network=self.given.network,
            due_at=self.clock.now(),
            payload=a_payload(text=text, media=media),
            **changes,
        )

    async def correct(self, sent: Delivery, payload: Payload, way: Way) -> DeliveryKey:
        """Enqueue what a person agreed to."""
        rows = await self.store.list_deliveries()
        made = correcting(sent, payload, way, rows=rows, now=self.clock.now())
        assert isinstance(made, Delivery), made
        assert await self.store.add(made)
        return made.key

    async def row(self, key: DeliveryKey) -> Delivery:
        """Return the delivery as it stands."""
        [found] = await self.store.list_deliveries(prefix=key)
        return found

    async def rest(self) -> tuple[Stop, ...]:
        """Deliver, look up and wait until nothing moves any more; return what is stopped."""
        began = self.clock.now()
        while self.clock.now() - began < PATIENCE:
            await self.worker().drain()
            rows = await self.store.list_deliveries()
            stops = await self.store.stops()
            if stops or all(row.state in _ENDED for row in rows):
                return stops
            self.clock.advance(STEP)
        return await self.store.stops()

    def texts(self) -> list[str]:
        """Return what readers find, the oldest first; what was deleted they do not."""
        return shown(self.name, self.place)


@asynccontextmanager
async def a_world(name: str, folder: Path) -> AsyncIterator[World]:
    """Open everything for one account on the network *name*."""
    lay_store(folder / "var" / "herald.db")
    async with opened_place(name, folder) as place, on_the_way(place) as way:
        if name == "webhook":
            does = {"corrects": "true", "threads": "true"}
            place.config = replace(place.config, settings={**place.config.settings, **does})
        place.media = KeptMedia(*PICTURES)
        given = Given(plain(place.opened()), way)
        database = await open_store("sqlite:///var/herald.db", folder)
        try:
            store = StoredOutbox(database)
            limits = replace(await given.capabilities(), **_AT_ONCE)
            await store.save_capabilities(given.id, given.network, limits)
            yield World(
                name=name,
                place=place,
                way=way,
                given=given,
                limits=limits,
                store=store,
                clock=place.clock,
                channels={given.id: given},
            )
        finally:
            await given.close()
            await database.close()


def next_part(world: World, first: PlannedDelivery, text: str) -> PlannedDelivery:
    """Make the part of a thread that follows *first*, a minute later."""
    place = (first.campaign, first.item, first.occasion, first.channel, first.language)
    return replace(
        world.wanted(text, item=first.item),
        key=campaign_key(*place, part=1),
        part=1,
        target=first.key,
        thread=first.key,
        due_at=first.due_at + MINUTE,
    )
