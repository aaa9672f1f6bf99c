"""Port to the turn of the one process that plans."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from herald.model.planner import Planner


class PlannerStore(Protocol):
    """Whose turn it is to read the files and plan. Every method is one short transaction."""

    async def planner(self) -> Planner:
        """Return the row as it stands."""
        ...

    async def take_turn(self, *, owner: str, now: datetime, lease: timedelta) -> int | None:
        """Take the turn if nobody has it, or its lease has lapsed; return its new token.

        None while another one has it. A lease of more than twice *lease* counts as lapsed: the
        clock was set back since.
        """
        ...

    async def keep_turn(self, token: int, *, now: datetime, lease: timedelta) -> bool:
        """Hold the turn for longer; False, changing nothing, if *token* is not the row's.

        A lease that lapsed and that nobody took is held on.
        """
        ...

    async def end_turn(self, token: int, *, now: datetime) -> bool:
        """Give the turn back, for others to take at once; False if *token* is not the row's."""
        ...
