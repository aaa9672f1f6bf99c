"""Whatever happens, no delivery lands twice and none is forgotten."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from herald.model.delivery import DeliveryState
from herald.model.ids import DeliveryKey
from herald.model.verdict import Verdict
from herald.store.engine import open_store
from herald.store.outbox import StoredOutbox
from tests.fakes.outbox import MemoryOutbox
from tests.store.life import Life

URL = "sqlite:///herald.db"
CAREFUL = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def live(make: Callable[[], Any], how: settings) -> None:
    run_state_machine_as_test(lambda: Life(make), settings=how)  # type: ignore[no-untyped-call]


def test_a_life_in_memory() -> None:
    live(MemoryOutbox, CAREFUL)


def test_a_life_on_disk(tmp_path: Path) -> None:
    template = tmp_path / "template"
    template.mkdir()
    numbers = itertools.count()

    async def made() -> None:
        await (await open_store(URL, template)).close()

    async def opened() -> tuple[StoredOutbox, Callable[[], Any]]:
        folder = tmp_path / str(next(numbers))
        await asyncio.to_thread(shutil.copytree, template, folder)
        store = await open_store(URL, folder)
        return StoredOutbox(store), store.close

    asyncio.run(made())
    live(opened, settings(CAREFUL, max_examples=25, stateful_step_count=30))


# The machine must catch what it is there to catch.


class ReapsToPending(MemoryOutbox):
    """Sends again whatever lapsed."""

    async def reap(self, *, now: datetime) -> int:
        count = await super().reap(now=now)
        for row in await self.unclear():
            if row.unclear_at == now:
                self.put(replace(row, state=DeliveryState.PENDING, unclear_at=None))
        return count


class BelievesAnyToken(MemoryOutbox):
    """Lets a worker settle what is no longer its own."""

    async def settle(
        self, key: DeliveryKey, *, token: int, verdict: Verdict, now: datetime
    ) -> bool:
        return await super().settle(key, token=self.rows[key].token, verdict=verdict, now=now)


class ForgetsTheUnclear(MemoryOutbox):
    """Never looks for what may be out there."""

    async def unclear(self) -> tuple[Any, ...]:
        return ()


class NeverTooLate(MemoryOutbox):
    """Sends what is over."""

    def _mind_the_time(self, now: datetime, capabilities: Any) -> None:
        return


class ClaimsTooMuch(MemoryOutbox):
    """Claims more at once than the account may send."""

    def _may_send(self, channel: Any, limits: Any, now: datetime) -> bool:
        return True


@pytest.mark.parametrize(
    "mutant", [ReapsToPending, BelievesAnyToken, ForgetsTheUnclear, NeverTooLate, ClaimsTooMuch]
)
def test_a_mutant_is_caught(mutant: Callable[[], Any]) -> None:
    quick = settings(
        CAREFUL, max_examples=600, derandomize=True, phases=(Phase.generate,), database=None
    )
    with pytest.raises(AssertionError):
        live(mutant, quick)
