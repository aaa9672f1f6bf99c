"""Every pair of crashes: at the first point, restart, at the second, restart, finish.

Most faults that crash testing has found need no more than that. ``HERALD_FAULTS_PAIRS`` sets how
many pairs are played on PostgreSQL (default 15 of 1,125, drawn by ``HERALD_FAULTS_SEED``).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from herald.store.engine import open_store
from tests.faults.crashing import POINTS
from tests.faults.harness import PRELOADED
from tests.faults.network import Sight
from tests.faults.played import Ended, Pair, Stage, play_all, play_here

PAIRS = [(sight, first, second) for sight, first, second in product(Sight, POINTS, POINTS)]
SAMPLE = int(os.environ.get("HERALD_FAULTS_PAIRS", "15"))
SEED = int(os.environ.get("HERALD_FAULTS_SEED", "7"))
AT_ONCE = 4
"""Processes that share the pairs; each plays its own, whole, by itself."""

pytestmark = pytest.mark.slow


def assert_well(ends: Sequence[tuple[Pair, Ended]]) -> None:
    """Assert that each point was passed, nothing doubled or lost, and only the blind held."""
    wrong = [
        f"{pair}: {end}"
        for pair, end in ends
        if end.missed or end.doubled or end.lost or (end.held and pair[0] is not Sight.BLIND)
    ]
    assert wrong == []
    assert any(end.held for pair, end in ends if pair[0] is Sight.BLIND)


async def test_no_pair_of_crashes_doubles_or_loses_anything(tmp_path: Path) -> None:
    assert len(PAIRS) == 1125
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    loop = asyncio.get_running_loop()
    parts = [PAIRS[nth :: 3 * AT_ONCE] for nth in range(3 * AT_ONCE)]
    with ProcessPoolExecutor(AT_ONCE, mp_context=context) as pool:
        played = await asyncio.gather(
            *(
                loop.run_in_executor(pool, play_here, f"sqlite:///{nth}.db", tmp_path, part)
                for nth, part in enumerate(parts)
            )
        )
    ends = [end for part in played for end in part]
    assert {pair for pair, _ in ends} == {*PAIRS}
    assert_well(ends)


async def test_pairs_drawn_by_lot_double_and_lose_nothing_on_postgresql(
    postgresql_url: str, tmp_path: Path
) -> None:
    drawn = random.Random(SEED).sample(PAIRS, min(SAMPLE, len(PAIRS)))
    assert_well(await play_all(postgresql_url, tmp_path, drawn))


async def test_a_look_up_without_a_settle_window_is_found_out(tmp_path: Path) -> None:
    """The request that is on its way lands behind the look-up that did not find it."""
    store = await open_store("sqlite:///herald.db", tmp_path)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    stage = Stage(store, Sight.READ, settle_window=0.0)
    end = await stage.play("full body")
    await store.close()
    assert end.doubled > 0
