"""Processes are killed at random and at every named point; nothing is doubled, nothing lost.

``HERALD_FAULTS_KILLS`` sets the number of random kills (default 32), ``HERALD_FAULTS_SEED`` their
seed.
"""

import asyncio
import os
import random
from pathlib import Path

import pytest

from herald.model.network import Capabilities
from herald.store.engine import open_store
from tests.faults.child import Life
from tests.faults.crashing import MORE_POINTS, POINTS
from tests.faults.harness import Harness, Toll, a_plan, good, journal_toll, toll_of
from tests.faults.network import FakeNetwork, Manners, Sight

KILLS = int(os.environ.get("HERALD_FAULTS_KILLS", "32"))
SEED = int(os.environ.get("HERALD_FAULTS_SEED", "7"))
UNHURRIED = 2.0
"""Seconds of a settle window: on a busy machine the tests' own network may be late by one."""
EACH_ROUND = 16
"""Kills on one database; a long run is many rounds."""
AT_ONCE = 2
"""Rounds that run beside each other."""

pytestmark = pytest.mark.slow


def assert_nothing_twice_nothing_lost(toll: dict[str, Toll], each: int) -> None:
    """Assert that what can be resolved is there once, the rest once or left to a person."""
    for sight, came in toll.items():
        if sight == Sight.BLIND:
            assert (came.doubled, came.lost) == (0, 0)
        else:
            assert (sight, came) == (sight, Toll(arrived=each))


async def test_kills_at_random_moments_double_and_lose_nothing(tmp_path: Path) -> None:
    held, kills, turn = 0, 0, asyncio.Semaphore(AT_ONCE)
    owed = 0

    async def a_round(nth: int) -> None:
        nonlocal held, kills, owed
        each = 12 * EACH_ROUND
        folder = tmp_path / str(nth)
        folder.mkdir()
        dice = random.Random(SEED + nth)
        async with turn, FakeNetwork(dice=dice).serving() as network:
            life = Life(
                folder=folder,
                plan=a_plan(tuple(Sight), each),
                port=network.port,
                settle_window=UNHURRIED,
            )
            harness = Harness(life, seed=SEED + nth)
            await harness.kill_at_random(EACH_ROUND)
            good(network)
            await harness.finish()
            toll = await toll_of(life, network)
        print(f"seed {SEED + nth}, {harness.kills} kills: {toll}")  # noqa: T201 - a long run's
        assert_nothing_twice_nothing_lost(toll, each)
        held, kills = held + toll[Sight.BLIND].held, kills + harness.kills
        owed += each * len(Sight)

    await asyncio.gather(*(a_round(nth) for nth in range(max(KILLS // EACH_ROUND, 1))))
    print(f"{kills} kills, {owed} owed, {held} of the blind held")  # noqa: T201 - a long run's
    assert held > 0, "no kill hit a send: the run proves nothing"


async def test_a_crash_at_any_named_point_doubles_and_loses_nothing(tmp_path: Path) -> None:
    """Each kind of account lives through a crash at every point, one after the other."""
    points = [point for point in (*POINTS, *MORE_POINTS) if not point.startswith("reap")]
    for reap, claimed in (("reap", "claim commit"), ("reap commit", "media upload")):
        points.insert(points.index(claimed) + 1, reap)  # then there is something to reap
    each = 12 * len(points)

    async def of(sight: Sight) -> list[str]:
        manners = Manners(cuts=0.2, slowness=0.02)  # enough to look up in every life
        folder = tmp_path / sight
        folder.mkdir()
        async with FakeNetwork(dice=random.Random(SEED), manners=manners).serving() as network:
            plan = a_plan((sight,), each)
            life = Life(
                folder=folder, plan=plan, port=network.port, settle_window=0.5, sights=(sight,)
            )
            harness = Harness(life, seed=SEED)
            missed = await harness.crash_at_each(points)
            good(network)
            await harness.finish()
            assert_nothing_twice_nothing_lost(await toll_of(life, network), each)
        return [f"{sight}: {point}" for point in missed]

    missed = await asyncio.gather(*(of(sight) for sight in Sight))
    assert {*points} == {*POINTS, *MORE_POINTS}
    assert len(POINTS) * len(Sight) == 75
    assert [name for names in missed for name in names] == []


async def test_kills_repeat_and_lose_no_line_of_a_journal(tmp_path: Path) -> None:
    for nth in range(max(KILLS // 32, 1)):
        folder = tmp_path / str(nth)
        folder.mkdir()
        plan = a_plan(("journal",), 100 * EACH_ROUND)
        life = Life(folder=folder, plan=plan, settle_window=0.05)
        harness = Harness(life, seed=SEED + nth)
        await harness.kill_at_random(EACH_ROUND, within=0.5)
        await harness.finish()
        assert await journal_toll(life) == Toll(arrived=100 * EACH_ROUND)


async def test_workers_whose_leases_keep_nobody_away_are_found_out(tmp_path: Path) -> None:
    each, sights = 12, (Sight.READ, Sight.BLIND)
    async with FakeNetwork(dice=random.Random(SEED)).serving() as network:
        life = Life(
            folder=tmp_path,
            plan=a_plan(sights, each),
            sights=sights,
            port=network.port,
            mutant="claimed is claimed again",
        )
        await (await open_store(life.store, tmp_path)).close()  # its tables are there
        harness = Harness(life, seed=SEED)
        await asyncio.gather(harness.finish(), harness.finish())
        toll = await toll_of(life, network)
    assert toll[Sight.READ].doubled > 0
    assert toll[Sight.BLIND].doubled > 0


async def test_the_harness_finds_doubles_where_the_rules_are_broken(tmp_path: Path) -> None:
    """Each rule is broken on a store of its own, beside the others."""

    async def doubled(mutant: str, hurt: Sight, settle_window: float, slowness: float) -> int:
        folder = tmp_path / f"{mutant} {settle_window}"
        folder.mkdir()
        manners = Manners(throttles=0, refuses=0, cuts=0.1, slowness=slowness)
        async with FakeNetwork(dice=random.Random(SEED), manners=manners).serving() as network:
            life = Life(
                folder=folder,
                plan=a_plan((hurt,), 40),
                port=network.port,
                mutant=mutant,
                settle_window=settle_window,
                sights=(hurt,),
            )
            harness = Harness(life, seed=SEED)
            await harness.crash_at_each(["full body"] * 3)
            await harness.finish()
            return (await toll_of(life, network))[hurt].doubled

    found = await asyncio.gather(
        doubled("look-up denies", Sight.READ, 0.5, 0.05),
        doubled("lapsed is pending", Sight.BLIND, 0.5, 0.05),
        doubled("", Sight.READ, 0.0, 2.0),
    )
    assert all(count > 0 for count in found), found


def test_the_times_of_the_harness_fit_each_other() -> None:
    """A settle window shorter than the network's slowness would blame the worker wrongly."""
    assert Manners().slowness < Life.__dataclass_fields__["settle_window"].default
    assert Capabilities().settle_window.total_seconds() >= 60
