"""Claims what is due, sends it once, settles what came of it; every channel on its own.

The order is the promise: a claim is committed before the first byte leaves, and the network's
answer is committed before anything else happens to it. Whatever ends in between is unclear, and
is looked up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from herald.delivery.happened import Happened, Summary, summarise
from herald.delivery.looker import Looker
from herald.delivery.sender import Taken, send
from herald.delivery.settler import Settler
from herald.delivery.verdict import Policy, judge
from herald.errors import HeraldError
from herald.model.delivery import Claim
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.ports import Channel, Clock, OutboxStore

POLL = 1.0
"""Seconds between two looks at the outbox when nothing wakes the worker: its greatest lateness."""

log = logging.getLogger(__name__)


def unwatched(happened: Happened) -> None:
    """Watch nothing: what happened stands in the log and in the outbox."""


class Worker:
    """Delivers what is due on *channels*, until it is told to stop or nothing is left."""

    def __init__(
        self,
        store: OutboxStore,
        channels: Mapping[ChannelId, Channel],
        *,
        clock: Clock,
        owner: str,
        policy: Policy,
        random: Callable[[], float],
        on_settled: Callable[[Happened], None] = unwatched,
    ) -> None:
        """Take *owner*, a name for this process, and *random*, which draws from 0 to 1."""
        self._store = store
        self._channels = channels
        self._clock = clock
        self._owner = owner
        self._policy = policy
        self._random = random
        self._on_settled = on_settled
        self._happened: list[Happened] | None = None
        self._sending: dict[DeliveryKey, ChannelId] = {}
        self._complaints: dict[str, str] = {}
        self._known: dict[ChannelId, Capabilities] = {}
        self._known_until = 0.0
        self._wake = asyncio.Event()
        self._settler = Settler(store, clock=clock, on_settled=self._note)
        self._looker = Looker(
            store,
            channels,
            self._settler,
            clock=clock,
            owner=owner,
            policy=policy,
            sending=self._sending.keys(),
        )

    def wake(self) -> None:
        """Look at the outbox now: something was enqueued, perhaps for a channel that is new."""
        self._known_until = 0.0
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until *stop* is set; then claim nothing more, finish what is being sent, leave.

        A store that cannot be used for a while is tried again; any other error ends the worker.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._wake_on(stop), name="wait for stop")
            looking = tasks.create_task(self._keep_looking(stop, tasks), name="look up")
            while not stop.is_set():
                if looking.done():
                    looking.result()  # cancelled: without look-ups there is no delivering either
                self._wake.clear()
                with self._complaining("nothing can be claimed"):
                    if await self._start_due(tasks):
                        continue
                await self._until_woken()

    async def drain(self, stop: asyncio.Event | None = None) -> Summary:
        """Deliver everything that is due, look up what is unclear, and tell what it came to.

        Waits out settle windows and the channels' own pace, but neither a retry's backoff nor a
        network that asked to wait: the next run finds those. Raises what the store raises, after
        what was being sent is settled.
        """
        happened: list[Happened] = []
        self._happened = happened
        trouble: HeraldError | None = None
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._empty(tasks, stop or asyncio.Event())
            except HeraldError as error:
                trouble = error
        self._happened = None
        if trouble is not None:
            raise trouble
        return summarise(happened)

    async def _empty(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Go on until nothing is left that can be sent or looked up now."""
        patience: float | None = None
        while not stop.is_set():
            self._wake.clear()
            started = await self._start_due(tasks)
            ripe_in = await self._looker.step(tasks, await self._limits())
            # Woken: what filled the slots has ended since they were counted, and left room.
            if started or self._sending or self._looker.is_asking or self._wake.is_set():
                patience = None
                await self._until_something_ends()
                continue
            patience = await self._longest_pace() if patience is None else patience - POLL
            if ripe_in is None and patience <= 0:
                return
            await self._clock.sleep(POLL if ripe_in is None else min(ripe_in, POLL))

    async def _keep_looking(self, stop: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        while not stop.is_set():
            with self._complaining("nothing can be looked up"):
                await self._looker.step(tasks, await self._limits())
            await _first_of(stop.wait(), self._looker.ended.wait(), self._clock.sleep(POLL))

    @contextlib.contextmanager
    def _complaining(self, what: str) -> Iterator[None]:
        """Say once that the store is in trouble, and once that it is well again."""
        try:
            yield
        except HeraldError as error:
            if self._complaints.get(what) != str(error):
                log.error(what, extra={"why": str(error)})
            self._complaints[what] = str(error)
        else:
            if self._complaints.pop(what, ""):
                log.info("the store is well again")

    async def _start_due(self, tasks: asyncio.TaskGroup) -> int:
        """Claim no more than can be sent at once, start sending it, and return how much it was."""
        limits = await self._limits()
        await self._until_none_ends()
        busy = Counter(self._sending.values())
        # Channels may be opened meanwhile; those whose limits are not read yet wait for a look.
        free = {
            channel: limit for channel, limit in limits.items() if busy[channel] < limit.concurrent
        }
        most = sum(limits[channel].concurrent - busy[channel] for channel in free)
        if most <= 0:
            return 0
        taken = Taken(at=self._clock.now(), monotonic=self._clock.monotonic())
        claims = await self._store.claim(
            owner=self._owner, now=taken.at, most=most, capabilities=free
        )
        for claim in claims:
            self._start(claim, limits[claim.delivery.channel], taken, tasks)
        return len(claims)

    async def _until_none_ends(self) -> None:
        """Let all leave whose sends were settled together: one claim is cheaper than two."""
        there = -1
        while len(self._sending) != there:
            there = len(self._sending)
            await asyncio.sleep(0)

    def _start(
        self, claim: Claim, capabilities: Capabilities, taken: Taken, tasks: asyncio.TaskGroup
    ) -> None:
        key, channel = claim.delivery.key, claim.delivery.channel
        self._sending[key] = channel
        task = tasks.create_task(
            self._deliver(claim, capabilities, taken), name=f"send {key[:8]} to {channel}"
        )
        task.add_done_callback(lambda _: self._free(key))

    async def _deliver(self, claim: Claim, capabilities: Capabilities, taken: Taken) -> None:
        """Send one claim and settle what came of it."""
        outcome = await send(
            self._channels[claim.delivery.channel],
            claim,
            capabilities=capabilities,
            taken=taken,
            clock=self._clock,
        )
        verdict = judge(
            claim, outcome, now=self._clock.now(), policy=self._policy, jitter=self._random()
        )
        await self._settler.settle(claim, verdict)

    def _free(self, key: DeliveryKey) -> None:
        del self._sending[key]
        self._wake.set()

    def _note(self, happened: Happened) -> None:
        if self._happened is not None:
            self._happened.append(happened)
        self._wake.set()
        self._on_settled(happened)

    async def _limits(self) -> dict[ChannelId, Capabilities]:
        """Return what each channel can carry; the most careful limits where nothing is stored.

        Slots are counted for each channel, as in a common pool a slow one would starve the others.
        They are asked for once in a poll: a busy worker looks at the outbox many times a second.
        """
        if self._known and self._clock.monotonic() < self._known_until:
            return self._known
        stored, most = await self._store.capabilities(), self._policy.slots
        limits = {channel: stored.get(channel, Capabilities()) for channel in self._channels}
        self._known = {
            channel: replace(limit, concurrent=min(limit.concurrent, most))
            for channel, limit in limits.items()
        }
        self._known_until = self._clock.monotonic() + POLL
        return self._known

    async def _longest_pace(self) -> float:
        """Return the seconds after which pace lets another delivery through; 0 if none waits."""
        limits, now = await self._limits(), self._clock.now()
        waiting = await self._store.channels_due(limits, now=now)
        paces = [max(limits[one].pace, limits[one].host_pace) for one in waiting]
        return max(paces, default=timedelta(0)).total_seconds()

    async def _until_woken(self) -> None:
        """Wait until something was enqueued or settled, or stop was asked, or a poll is due."""
        await _first_of(self._wake.wait(), self._clock.sleep(POLL))

    async def _until_something_ends(self) -> None:
        """Wait for a send or a look-up, in true seconds: a clock that was set must not run on."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL):
                await self._wake.wait()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of *waits* has ended; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
