"""Renews a long-lived access token of Instagram or Threads before it ends.

Such a token lives for 60 days and can be renewed once it is a day old
(https://developers.facebook.com/docs/threads/get-started/long-lived-tokens). A renewal that fails
stops nothing as long as the old token works.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from herald.channels.answer import Answer, NoAnswer, parse_moment
from herald.channels.meta.graph import Graph
from herald.channels.network import KeepSecret
from herald.ports import Clock

log = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(days=10)
"""So long before its end a token is renewed."""
_AGAIN_AFTER = timedelta(hours=12)
"""So long a failed renewal is not tried again."""
_LONGEST = timedelta(days=365)


def is_due(*, ends_at: datetime | None, tried_at: datetime | None, now: datetime) -> bool:
    """Tell whether a token is to be renewed by *now*; one whose end is not known is, to learn it.

    One that is not a day old yet is refused, and tried again half a day later.
    """
    if tried_at is not None and now - tried_at < _AGAIN_AFTER:
        return False
    return ends_at is None or ends_at - now < RENEW_BEFORE


def read_renewed(answer: Answer | NoAnswer, *, now: datetime) -> tuple[str, datetime] | None:
    """Return the new token and its end; None where the answer gives none."""
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    token, seconds = told.get("access_token"), told.get("expires_in")
    if not isinstance(token, str) or not isinstance(seconds, int) or seconds <= 0:
        return None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        return None
    return token, now + min(timedelta(seconds=seconds), _LONGEST)


class Renewal:
    """Keeps the token of one account alive."""

    def __init__(
        self, graph: Graph, *, grant: str, ends: str, clock: Clock, keep_secret: KeepSecret
    ) -> None:
        """Take the network's word for the renewal, *grant*, and when the token ends, if known."""
        self._graph = graph
        self._grant = grant
        self._clock = clock
        self._keep_secret = keep_secret
        self._lock = asyncio.Lock()
        self._tried_at: datetime | None = None
        self.ends_at = parse_moment(ends)
        """When the token ends; None as long as nobody said."""

    async def renew_if_due(self) -> None:
        """Renew the token where that is due; never raises, and never asks twice at once."""
        async with self._lock:
            now = self._clock.now()
            if not is_due(ends_at=self.ends_at, tried_at=self._tried_at, now=now):
                return
            self._tried_at = now
            renewed = read_renewed(await self._graph.renew(self._grant), now=now)
            if renewed is None:
                log.warning("an access token was not renewed", extra={"server": self._graph.server})
                return
            token, self.ends_at = renewed
            self._graph.take(token)
            await self._keep(token, self.ends_at)

    async def _keep(self, token: str, ends_at: datetime) -> None:
        try:
            await self._keep_secret("access_token", token)
            await self._keep_secret("access_token_ends", ends_at.isoformat())
        except Exception:  # wherever secrets are kept: the old one lives on, and the post goes out
            log.exception("a renewed access token could not be kept")
