"""Asks networks where posts are to be seen that did not say so when they took them.

It comes after the commit and beside delivery: a link that is not told is asked for again, and
nothing else follows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from herald.model.delivery import Action, Delivery, Receipt
from herald.model.ids import ChannelId
from herald.ports import Channel, Clock, Linked, OutboxStore

ASKED_FOR = timedelta(days=3)
"""A post whose link is not told by then has none, or is gone."""
MOST = 20
"""Posts of an account that are asked about at one step: more would use up its quota."""

log = logging.getLogger(__name__)


class Links:
    """Where the posts of all accounts are to be seen."""

    def __init__(
        self, store: OutboxStore, channels: Mapping[ChannelId, Channel], *, clock: Clock
    ) -> None:
        """Take *channels* as they are at every moment."""
        self._store = store
        self._channels = channels
        self._clock = clock

    async def find(self) -> int:
        """Ask for the links that are missing, and keep them; return how many were found.

        An account that does not answer is asked again at the next step, and stops no other.
        """
        found = 0
        for channel in tuple(self._channels.values()):
            if isinstance(channel, Linked):
                found += await self._find_on(channel)
        return found

    async def _find_on(self, channel: Linked) -> int:
        since, found = self._clock.now() - ASKED_FOR, 0
        rows = await self._store.unlinked(channel.network)
        wanted = [row for row in rows if row.channel == channel.id and _may_have_one(row)]
        for row in [row for row in wanted if row.sent_at and row.sent_at >= since][:MOST]:
            url = await _link_of(channel, Receipt(remote_id=row.remote_id))
            if url:
                found += await self._store.set_url(row.key, url, now=self._clock.now())
        return found


def _may_have_one(row: Delivery) -> bool:
    return row.action is Action.CREATE and bool(row.remote_id)


async def _link_of(channel: Linked, receipt: Receipt) -> str:
    try:
        return await channel.link(receipt)
    except Exception:  # of a network that others added, perhaps: the others go on
        log.exception("channel broke while telling a link", extra={"channel": channel.id})
        return ""
