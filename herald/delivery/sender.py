"""Sends one claimed delivery: at most one request, ended before the claim's lease is."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime

from herald.delivery.verdict import may_send
from herald.model.delivery import Claim, Outcome, TryAgain, Unclear
from herald.model.network import Capabilities
from herald.ports import Channel, Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """When a claim was taken, on both clocks, before the store was asked."""

    at: datetime
    monotonic: float

    def seconds_ago(self, clock: Clock) -> float:
        """Return the age by the clock that says more.

        The monotonic clock stands while a laptop sleeps, the wall clock can be set back.
        """
        by_wall = (clock.now() - self.at).total_seconds()
        return max(clock.monotonic() - self.monotonic, by_wall)


async def send(
    channel: Channel, claim: Claim, *, capabilities: Capabilities, taken: Taken, clock: Clock
) -> Outcome:
    """Send *claim* once and tell what came of it; starts no request later than the timeout.

    So it has ended within twice the timeout, which is before the lease has (see the looker). Nor is
    one begun after its moment: a process may have stood still, or its clock jumped.

    An exception from a channel is a bug in it: what it did is unknown, so it counts as Unclear.
    """
    if not may_send(claim, now=clock.now(), capabilities=capabilities):
        return Unclear("it waited too long for the network to tell a repeat from a new post")
    if clock.now() > claim.delivery.not_after_at:
        return TryAgain("its moment is over; nothing was sent")
    timeout = capabilities.timeout.total_seconds()
    if taken.seconds_ago(clock) > timeout:
        return TryAgain("it was claimed too long ago to be sent safely; nothing was sent")
    try:
        async with asyncio.timeout(timeout):
            return await channel.send(claim)
    except TimeoutError:
        return Unclear(f"no answer within {timeout:g} seconds")
    except Exception as error:
        log.exception(
            "channel broke while sending",
            extra={"channel": channel.id, "key": claim.delivery.key},
        )
        return Unclear(f"a fault inside the {channel.network} channel ({type(error).__name__})")
