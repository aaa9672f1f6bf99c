"""Looks for deliveries that may be out there: after a lost answer, a crash, a lapsed lease.

A network may go on acting on a request whose answer was lost. So nothing is looked up before the
channel's settle window has passed, and the window is counted on the monotonic clock from when this
process first saw the row: a wall clock that jumps would make an empty look-up seem final while the
post still lands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from herald.delivery.settler import Settler
from herald.delivery.verdict import Policy, judge_sighting, lease_of, look_up_again_after
from herald.model.delivery import CannotTell, Claim, Delivery, Sighting
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from herald.model.verdict import Doubt
from herald.ports import Channel, Clock, OutboxStore

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
        self._watches: dict[DeliveryKey, _Watch] = {}
        self._asking: dict[ChannelId, DeliveryKey] = {}

    @property
    def is_asking(self) -> bool:
        """Tell whether a look-up is under way."""
        return bool(self._asking)

    async def step(
        self, tasks: asyncio.TaskGroup, capabilities: Mapping[ChannelId, Capabilities]
    ) -> float | None:
        """Reap, and start the look-ups whose window has passed, one for each channel.

        Returns the seconds until the next first look-up is ripe, and None when no row waits for
        one (those that were asked for in vain do not count).
        """
        await self._store.reap(now=self._clock.now())
        rows = [row for row in await self._store.unclear() if row.key not in self._sending]
        self._watch(rows, capabilities)
        now = self._clock.monotonic()
        for row in rows:
            if self._watches[row.key].ripe_at <= now and row.channel not in self._asking:
                self._asking[row.channel] = row.key
                limits = capabilities.get(row.channel, Capabilities())
                tasks.create_task(
                    self._look_up(row, limits), name=f"look up {row.key[:8]} on {row.channel}"
                )
        waits = [
            max(watch.ripe_at - now, 0.0) for watch in self._watches.values() if not watch.asked
        ]
        return min(waits, default=None)

    def _watch(
        self, rows: Collection[Delivery], capabilities: Mapping[ChannelId, Capabilities]
    ) -> None:
        """Begin the window of each row that is new or doubtful anew; forget what is settled."""
        now = self._clock.monotonic()
        known = self._watches
        busy = frozenset(self._asking.values())
        self._watches = {key: watch for key, watch in known.items() if key in busy}
        for row in rows:
            watch = known.get(row.key)
            if watch is None or (watch.token != row.token and row.key not in busy):
                window = capabilities.get(row.channel, Capabilities()).settle_window
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
            del self._asking[row.channel]
            watch = self._watches.pop(row.key, None)
            if doubt is not None:
                asked = (watch.asked if watch else 0) + 1
                wait = look_up_again_after(asked, policy=self._policy).total_seconds()
                self._watches[row.key] = _Watch(doubt, self._clock.monotonic() + wait, asked)

    async def _settle_sighting(self, row: Delivery, capabilities: Capabilities) -> int | None:
        """Look under a lease of its own; return the token of what stays in doubt, else None."""
        claim = await self._store.claim_look_up(
            row.key, owner=self._owner, now=self._clock.now(), lease=lease_of(capabilities)
        )
        if claim is None:  # another process is looking
            return row.token
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
