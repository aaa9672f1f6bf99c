"""Port to what officers were told and are owed, on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol

from herald.model.ids import ChannelId
from herald.model.notice import Owed, Remembered, Round, Stuck, Telling


class NoticeStore(Protocol):
    """What officers were told and are owed, on disk. Each method is one short transaction."""

    async def stuck(self, *, now: datetime, by_hand: Collection[ChannelId]) -> tuple[Stuck, ...]:
        """Return what failed lately, is unclear, waits for a person, or is to be posted by hand.

        Deliveries of one item on one channel together, the earliest moment first, the first
        thousand. *by_hand* are the channels of which what was sent is a task until it has a link.
        """
        ...

    async def observe(
        self,
        decide: Callable[[Remembered], Round],
        *,
        owner: str,
        now: datetime,
        lease: timedelta,
    ) -> Round | None:
        """Let *decide* compare what stands with what was told; write what follows, all at once.

        None, and nothing decided, as long as it is another process's turn: each holds in memory
        what others do not know. A turn lasts for *lease* from its last look. *decide* is pure and
        may run again. A digest takes the place of what is still owed on its ways.
        """
        ...

    async def claim_message(
        self, way: str, *, owner: str, now: datetime, lease: timedelta
    ) -> Owed | None:
        """Take the oldest message that is due on *way*, under a new token; None if there is none.

        One whose lease lapsed, of which nobody knows whether it arrived, is taken once more; then
        it is given up. So is what could not be sent for two days.
        """
        ...

    async def settle_message(self, owed: Owed, telling: Telling, *, now: datetime) -> bool:
        """Write what came of a message; no change and False if the claim's token is stale.

        NotNow is owed again after a wait that doubles up to an hour.
        """
        ...

    async def end_leases(self) -> None:
        """End every turn and lease: for one who knows that nobody else tells."""
        ...

    async def end_turn(self, *, owner: str) -> None:
        """Let others look at once, if it is *owner*'s turn."""
        ...
