"""Whether this process reads the campaign files and plans, or leaves that to another one.

On SQLite there is no other one. Of those that share a PostgreSQL, the ones that were started with
``--plan`` take turns: one has it, and holds its lease (``herald.store.planner``) for as long as it
lives; another one takes it when that was given back, or has lapsed.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from enum import Enum, auto

from herald.ports import Clock, PlannerStore

LEASE = timedelta(minutes=2)
"""After so long a planner that died is replaced; one that plans slowly renews it meanwhile."""
RENEW_AFTER = timedelta(seconds=30)
ASK_EVERY = timedelta(seconds=5)
"""How often the row is looked at: by those who wait for their turn, and for feeds' news."""

log = logging.getLogger(__name__)


class Role(Enum):
    """What a process has to do with planning."""

    ALONE = auto()
    """It plans whenever it is asked to: the only process on SQLite, or a person's command."""
    TAKES_TURNS = auto()
    """It plans when it is its turn."""
    FOLLOWS = auto()
    """It never plans, and never looks at the campaign files."""


class Turn:
    """The hold of one process on the planner's row."""

    def __init__(self, store: PlannerStore, *, role: Role, clock: Clock, owner: str) -> None:
        self.role = role
        self.token: int | None = None
        """The row's token while it is ours; None also for who needs no turn."""
        self._store = store
        self._clock = clock
        self._owner = owner
        self._held_at = 0.0
        self._asking = asyncio.Lock()

    @property
    def is_ours(self) -> bool:
        """Tell whether this process may plan, as far as it knows: writing is fenced anyway."""
        return self.role is Role.ALONE or self.token is not None

    async def seek(self) -> bool:
        """Take the turn if it is free, or renew it in time; tell whether it is ours."""
        if self.role is not Role.TAKES_TURNS:
            return self.is_ours
        async with self._asking:
            if self.token is None:
                await self._take()
            elif self._clock.monotonic() - self._held_at >= RENEW_AFTER.total_seconds():
                await self._keep()
            return self.is_ours

    async def make_sure(self) -> bool:
        """Tell whether the turn is ours, asking the store where another one might have taken it."""
        if self.role is not Role.TAKES_TURNS:
            return self.is_ours
        async with self._asking:
            if self.token is not None:
                await self._keep()
            return self.is_ours

    async def release(self) -> None:
        """Give the turn back, so that another process can take it at once."""
        async with self._asking:
            if self.token is not None:
                await self._store.end_turn(self.token, now=self._clock.now())
                self.token = None

    async def _take(self) -> None:
        self.token = await self._store.take_turn(
            owner=self._owner, now=self._clock.now(), lease=LEASE
        )
        if self.token is not None:
            self._held_at = self._clock.monotonic()
            log.info("this Herald plans from now on", extra={"turn": self.token})

    async def _keep(self) -> None:
        if self.token is None:
            return
        if await self._store.keep_turn(self.token, now=self._clock.now(), lease=LEASE):
            self._held_at = self._clock.monotonic()
            return
        log.warning("another Herald plans from now on", extra={"turn": self.token})
        self.token = None
