"""Port to what became of posts: counts and replies, on disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from herald.model.account import Reactions, Reply
from herald.model.echo import Counts, Heard, Uncounted
from herald.model.ids import ChannelId, DeliveryKey


class EchoStore(Protocol):
    """What became of posts, on disk. Every method is one short transaction."""

    async def uncounted(
        self, channel: ChannelId, *, since: datetime, before: datetime, most: int
    ) -> tuple[Uncounted, ...]:
        """Return posts that *channel* sent from *since* on, not counted from *before* on.

        Those never counted come first, then those counted longest ago.
        """
        ...

    async def save_counts(self, counts: Mapping[DeliveryKey, Reactions], *, now: datetime) -> None:
        """Write what was counted."""
        ...

    async def counts(self, keys: Collection[DeliveryKey]) -> dict[DeliveryKey, Counts]:
        """Return what was counted last of these posts."""
        ...

    async def take_look(
        self, channel: ChannelId, *, now: datetime, every: timedelta
    ) -> datetime | None:
        """Return when replies on *channel* were looked for last, and note that they are now.

        None where that was less than *every* ago, perhaps by another process. At the first look
        it is *now*: what was written before Herald came is nobody's news.
        """
        ...

    async def put_back_look(self, channel: ChannelId, looked_at: datetime) -> None:
        """Note that a look came to nothing: the next one begins where it began."""
        ...

    async def save_replies(
        self, channel: ChannelId, replies: Sequence[Reply], *, now: datetime
    ) -> None:
        """Keep what is new of *replies*."""
        ...

    async def heard(self, *, after: datetime, most: int) -> tuple[Heard, ...]:
        """Return what was heard after that moment, the oldest first."""
        ...

    async def forget_replies(self, *, before: datetime) -> None:
        """Forget what was heard before that moment: it is other people's, and was told."""
        ...
