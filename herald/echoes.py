"""Asks networks what became of posts: how often they were passed on, and what people wrote.

Counts are kept in aggregate, for the record of what was done; nobody's name is. What people wrote
is told to officers once, with the day's summary, and forgotten after a month. Herald never answers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from herald.errors import ChannelUnreachable
from herald.model.account import Reactions
from herald.model.ids import ChannelId, DeliveryKey
from herald.ports import Answered, Channel, Clock, Counted, EchoStore

COUNTED_FOR = timedelta(days=30)
"""A post that is older gathers hardly anything more."""
COUNT_EVERY = timedelta(hours=24)
COUNT_MOST = 100
"""Posts of an account that are counted at one step: more would use up its quota."""
LOOK_EVERY = timedelta(minutes=50)
OVERLAP = timedelta(hours=2)
"""So far a look goes back behind the last one: networks tell of some things late."""
FORGOTTEN_AFTER = timedelta(days=30)

log = logging.getLogger(__name__)


class Echoes:
    """What became of the posts of all accounts."""

    def __init__(
        self, store: EchoStore, channels: Mapping[ChannelId, Channel], *, clock: Clock
    ) -> None:
        """Take *channels* as they are at every moment."""
        self._store = store
        self._channels = channels
        self._clock = clock

    async def listen(self) -> None:
        """Count what is due and read what people wrote; for every hour.

        An account that does not answer is asked again at the next step, and stops no other.
        """
        for channel in tuple(self._channels.values()):
            if isinstance(channel, Counted):
                await self._count(channel)
            if isinstance(channel, Answered):
                await self._read(channel)
        await self._store.forget_replies(before=self._clock.now() - FORGOTTEN_AFTER)

    async def _count(self, channel: Counted) -> None:
        now = self._clock.now()
        wanted = await self._store.uncounted(
            channel.id,
            since=now - COUNTED_FOR,
            before=now - COUNT_EVERY,
            most=COUNT_MOST,
        )
        if not wanted:
            return
        try:
            found = await channel.reactions([each.receipt for each in wanted])
        except ChannelUnreachable as error:
            log.info("reactions cannot be counted", extra={"why": str(error)})
            return
        counted: dict[DeliveryKey, Reactions] = {
            each.key: found[each.receipt.remote_id]
            for each in wanted
            if each.receipt.remote_id in found
        }
        if counted:
            await self._store.save_counts(counted, now=now)

    async def _read(self, channel: Answered) -> None:
        now = self._clock.now()
        last = await self._store.take_look(channel.id, now=now, every=LOOK_EVERY)
        if last is None:
            return
        try:
            replies = await channel.replies(since=last - OVERLAP if last < now else now)
        except ChannelUnreachable as error:
            log.info("answers cannot be read", extra={"why": str(error)})
            await self._store.put_back_look(channel.id, last)
            return
        await self._store.save_replies(channel.id, replies, now=now)
