"""Writes what followed from a send or a look-up, whatever else goes on, and tells who watches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from herald.delivery.happened import Happened
from herald.model.delivery import Claim
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict
from herald.ports import Clock, OutboxStore

TRIES = 5
"""Times that a verdict is written before the row is left to its lease and a look-up."""
BETWEEN_TRIES = 1.0
"""Seconds; all tries together end long before the shortest lease (30 s)."""

log = logging.getLogger(__name__)


class Settler:
    """Stands between a network's answer and the commit, and lets nothing else stand there."""

    def __init__(
        self, store: OutboxStore, *, clock: Clock, on_settled: Callable[[Happened], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_settled = on_settled

    async def settle(self, claim: Claim, verdict: Verdict, *, looked_up: bool = False) -> bool:
        """Write *verdict*; return False if it could not be written or the claim was stale.

        A cancelled caller is kept until the writing has ended. A verdict that is lost makes the
        delivery unclear when its lease ends, never a second post.
        """
        writing = asyncio.create_task(
            self._write(claim, verdict), name=f"settle {claim.delivery.key[:8]}"
        )
        try:
            settled = await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            raise
        if settled:
            happened = Happened(
                delivery=claim.delivery,
                verdict=verdict,
                attempt=claim.attempt,
                looked_up=looked_up,
                at=self._clock.now(),
            )
            _log(happened)
            self._on_settled(happened)
        return settled

    async def _write(self, claim: Claim, verdict: Verdict) -> bool:
        key = claim.delivery.key
        for nth in range(1, TRIES + 1):
            try:
                written = await self._store.settle(
                    key, token=claim.token, verdict=verdict, now=self._clock.now()
                )
            except Exception:
                # Whatever the store's trouble is: the network's answer is known, and must be kept.
                log.warning("settling failed", exc_info=nth == 1, extra={"key": key, "try": nth})
                if nth < TRIES:
                    await self._clock.sleep(BETWEEN_TRIES)
                continue
            if not written:
                log.warning("delivery moved on before it was settled", extra={"key": key})
            return written
        log.error("delivery could not be settled; it will be looked up", extra={"key": key})
        return False


def _log(happened: Happened) -> None:
    delivery = happened.delivery
    level = logging.WARNING if isinstance(happened.verdict, _TROUBLE) else logging.INFO
    log.log(
        level,
        _EVENTS[type(happened.verdict)],
        extra={
            "key": delivery.key,
            "campaign": delivery.campaign,
            "item": delivery.item,
            "channel": delivery.channel,
            "language": delivery.language,
            "url": happened.url,
            "attempt": happened.attempt,
            "looked_up": happened.looked_up,
            "why": getattr(happened.verdict, "why", ""),
        },
    )


_TROUBLE = (Fail, Expire, Hold, StopChannel)
_EVENTS: dict[type, str] = {
    Done: "delivery sent",
    Retry: "delivery tried again later",
    Park: "channel asked to wait",
    Fail: "delivery failed",
    Expire: "delivery expired",
    Doubt: "delivery unclear",
    Hold: "delivery held",
    StopChannel: "channel stopped",
}
