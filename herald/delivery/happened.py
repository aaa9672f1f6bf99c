"""What came of deliveries, for whoever watches: a progress display, a summary, a log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from herald.model.delivery import Delivery
from herald.model.ids import ChannelId
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One delivery was settled."""

    delivery: Delivery
    """As it was claimed: the verdict says what changed."""
    verdict: Verdict
    attempt: int
    looked_up: bool
    """The verdict follows from a look-up, not from a send."""
    at: datetime

    @property
    def url(self) -> str:
        """Where to see the post; empty when it was not sent, or the network gives no link."""
        return self.verdict.receipt.url if isinstance(self.verdict, Done) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one pass over the outbox came to, in deliveries, each counted as it ended."""

    sent: int = 0
    later: int = 0
    """Waiting for another attempt."""
    failed: int = 0
    expired: int = 0
    held: int = 0
    unclear: int = 0
    """Still to be looked up."""
    stopped: tuple[ChannelId, ...] = ()
    """Channels whose credentials the network refused."""


def summarise(happenings: Iterable[Happened]) -> Summary:
    """Count the last verdict on each delivery."""
    last = {happened.delivery.key: happened for happened in happenings}
    verdicts = [happened.verdict for happened in last.values()]

    def count(*kinds: type) -> int:
        return sum(isinstance(verdict, kinds) for verdict in verdicts)

    stopped = {h.delivery.channel for h in last.values() if isinstance(h.verdict, StopChannel)}
    return Summary(
        sent=count(Done),
        later=count(Retry, Park, StopChannel),
        failed=count(Fail),
        expired=count(Expire),
        held=count(Hold),
        unclear=count(Doubt),
        stopped=tuple(sorted(stopped)),
    )
