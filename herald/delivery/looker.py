"""Looks for deliveries that may be out there: after a lost answer, a crash, a lapsed lease.

A network may go on acting on a request whose answer was lost. So nothing is looked up before the
channel's settle window has passed, and the window is counted on the monotonic clock from when this
process first saw the row: a wall clock that jumps would make an empty look-up seem final while the
post still lands.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from herald.delivery.settler import Settler
from herald.delivery.verdict import Policy, judge_sighting, lease_of, look_up_again_after
from herald.model.delivery import CannotTell, Claim, Delivery, Sighting
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.model.verdict import Doubt
from herald.ports import Channel, Clock, OutboxStore

READ_EVERY = 1.0
"""Seconds between two readings of what is unclear, while look-ups follow each other."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Watch:
    """What is known of one unclear row; a row with another token is another doubt."""

    token: int
    ripe_at: float
    """On the monotonic clock."""
    asked: int = 0


class Looker:
    """Reaps lapsed claims, and looks up what is unclear once its window has passed."""

    def __init__(
        self,
        store: OutboxStore,
        channels: Mapping[ChannelId, Channel],
        settler: Settler,
        *,
        clock: Clock,
        owner: str,
        policy: Policy,
        sending: Collection[DeliveryKey],
    ) -> None:
        """Take *sending*, a live view of what this process is sending: never looked up meanwhile.

        A wall clock that jumps ends a lease while its request is still on its way.
        """
        self._store = store
        self._channels = channels
        self._settler = settler
        self._clock = clock
        self._owner = owner
        self._policy = policy
        self._sending = sending
        self._rows: tuple[Delivery, ...] = ()
        self._read_again_at = 0.0
        self._watches: dict[DeliveryKey, _Watch] = {}
        self._asking: dict[DeliveryKey, ChannelId] = {}
        self._turns: dict[ChannelId, float] = {}
        """When each channel will have earned back its look-ups, on the monotonic clock."""
        self.ended = asyncio.Event()
        """Set when a look-up has ended, so that another one may begin."""

    @property
    def is_asking(self) -> bool:
        """Tell whether a look-up is under way."""
        return bool(self._asking)

    async def step(
        self, tasks: asyncio.TaskGroup, capabilities: Mapping[ChannelId, Capabilities]
    ) -> float | None:
        """Reap, and start the look-ups whose window has passed, as many as each channel carries.

        Returns the seconds until the next first look-up can begin, and None when no row waits for
        one (those that were asked for in vain do not count). Between two look-ups that follow each
        other the outbox is not read again.
        """
        self.ended.clear()
        if not self._asking or self._clock.monotonic() >= self._read_again_at:
            await self._store.reap(now=self._clock.now())
            rows = await self._store.unclear()
            self._rows = tuple(row for row in rows if row.key not in self._sending)
            self._watch(self._rows, capabilities)
            self._read_again_at = self._clock.monotonic() + READ_EVERY
        now = self._clock.monotonic()
        self._start_ripe(tasks, capabilities, now=now)
        waits = [
            max(watch.ripe_at - now, self._turn_in(row.channel, capabilities, now=now), 0.0)
            for row in self._rows
            if (watch := self._watches.get(row.key)) is not None and not watch.asked
        ]
        return min(waits, default=None)

    def _start_ripe(
        self,
        tasks: asyncio.TaskGroup,
        capabilities: Mapping[ChannelId, Capabilities],
        *,
        now: float,
    ) -> None:
        """Start what is ripe, longest in doubt first, where its channel has room and a turn."""
        busy = Counter(self._asking.values())
        for row in self._rows:
            watch, limits = self._watches.get(row.key), _limits(row.channel, capabilities)
            if watch is None or row.key in self._asking:
                continue
            if watch.ripe_at > now or watch.token != row.token:
                continue  # with another token it is another doubt, whose window has just begun
            if busy[row.channel] >= max(limits.concurrent, 1):
                continue
            if self._turn_in(row.channel, capabilities, now=now) > 0:
                continue
            busy[row.channel] += 1
            turn = max(self._turns.get(row.channel, now), now)
            self._turns[row.channel] = turn + _interval(limits)
            self._asking[row.key] = row.channel
            tasks.create_task(
                self._look_up(row, limits), name=f"look up {row.key[:8]} on {row.channel}"
            )

    def _turn_in(
        self, channel: ChannelId, capabilities: Mapping[ChannelId, Capabilities], *, now: float
    ) -> float:
        """Return the seconds until the channel's pace lets another look-up begin."""
        limits = _limits(channel, capabilities)
        spare = _interval(limits) * (max(limits.burst, 1) - 1)
        return max(self._turns.get(channel, now) - now - spare, 0.0)

    def _watch(
        self, rows: Collection[Delivery], capabilities: Mapping[ChannelId, Capabilities]
    ) -> None:
        """Begin the window of each row that is new or doubtful anew; forget what is settled."""
        now = self._clock.monotonic()
        known = self._watches
        busy = self._asking.keys()
        self._watches = {key: watch for key, watch in known.items() if key in busy}
        for row in rows:
            watch = known.get(row.key)
            if watch is None or (watch.token != row.token and row.key not in busy):
                window = _window(row, _limits(row.channel, capabilities))
                watch = _Watch(row.token, now + window.total_seconds())
            self._watches[row.key] = watch

    async def _look_up(self, row: Delivery, capabilities: Capabilities) -> None:
        """Look for one delivery, and wait longer after each look-up in vain."""
        doubt: int | None = row.token
        try:
            doubt = await self._settle_sighting(row, capabilities)
        except Exception:
            log.exception("look-up failed", extra={"channel": row.channel, "key": row.key})
        finally:
            del self._asking[row.key]
            watch = self._watches.pop(row.key, None)
            if doubt is not None:
                asked = (watch.asked if watch else 0) + 1
                wait = look_up_again_after(asked, policy=self._policy).total_seconds()
                self._watches[row.key] = _Watch(doubt, self._clock.monotonic() + wait, asked)
            self.ended.set()

    async def _settle_sighting(self, row: Delivery, capabilities: Capabilities) -> int | None:
        """Look under a lease of its own; return the token of what stays in doubt, else None."""
        claim = await self._store.claim_look_up(
            row.key, owner=self._owner, now=self._clock.now(), lease=lease_of(capabilities)
        )
        if claim is None:  # another process is looking
            return row.token
        if claim.token != row.token + 1:
            # It was found absent, sent again, and is in doubt anew: too early to look.
            again = Doubt("its answer was lost once more")
            await self._settler.settle(claim, again, looked_up=True)
            return None
        sighting = await self._ask(claim, capabilities)
        verdict = judge_sighting(
            claim,
            sighting,
            now=self._clock.now(),
            capabilities=capabilities,
            policy=self._policy,
        )
        settled = await self._settler.settle(claim, verdict, looked_up=True)
        return claim.token if settled and isinstance(verdict, Doubt) else None

    async def _ask(self, claim: Claim, capabilities: Capabilities) -> Sighting:
        channel = self._channels.get(claim.delivery.channel)
        if channel is None:
            return CannotTell(f"the channel {claim.delivery.channel} is no longer configured")
        timeout = capabilities.timeout.total_seconds()
        try:
            async with asyncio.timeout(timeout):
                return await channel.look_up(claim)
        except TimeoutError:
            return CannotTell(f"no answer within {timeout:g} seconds", again=True)
        except Exception as error:
            log.exception(
                "channel broke while looking up",
                extra={"channel": channel.id, "key": claim.delivery.key},
            )
            fault = f"a fault inside the {channel.network} channel ({type(error).__name__})"
            return CannotTell(fault, again=True)


def _limits(channel: ChannelId, capabilities: Mapping[ChannelId, Capabilities]) -> Capabilities:
    """Return what a channel carries; the most careful limits where nothing is known."""
    return capabilities.get(channel, Capabilities())


def _window(row: Delivery, limits: Capabilities) -> timedelta:
    """Return how long after it was first seen a doubtful delivery may not be looked up.

    One that still names its owner lapsed: by the wall clock, perhaps by that of a computer whose
    clock is wrong. Its owner may be about to begin the request, which ends within twice the timeout
    (``sender``), and only then does the network's own time begin. Of one without a first send
    nothing is on its way: it is doubted because an earlier database may have been lost.
    """
    if row.first_send_at is None:
        return timedelta(0)
    return limits.settle_window + (2 * limits.timeout if row.owner else timedelta(0))


def _interval(limits: Capabilities) -> float:
    """Return the least seconds between two look-ups of a channel, on average.

    Networks count reading apart from posting, and let it be done more often: where posts must be
    further apart than a second, look-ups need not.
    """
    return min(limits.pace.total_seconds(), 1.0)
