"""Processes are killed at random and at every named point; nothing is doubled, nothing lost.

``HERALD_FAULTS_KILLS`` sets the number of random kills (default 16), ``HERALD_FAULTS_SEED`` their
seed.
"""

import os
import random
from pathlib import Path

import pytest

from herald.model.network import Capabilities
from tests.faults.channel import Sight
from tests.faults.child import Life
from tests.faults.crashing import POINTS
from tests.faults.harness import Harness, Toll, a_plan, good, journal_toll, toll_of
from tests.faults.network import FakeNetwork, Manners

KILLS = int(os.environ.get("HERALD_FAULTS_KILLS", "16"))
SEED = int(os.environ.get("HERALD_FAULTS_SEED", "7"))

pytestmark = pytest.mark.slow


def assert_nothing_twice_nothing_lost(toll: dict[str, Toll], each: int) -> None:
    """Assert that what can be looked up is there once, the rest once or left to a person."""
    once = Toll(arrived=each)
    assert {Sight.KEYED: toll[Sight.KEYED], Sight.READ: toll[Sight.READ]} == {
        Sight.KEYED: once,
        Sight.READ: once,
    }
    assert (toll[Sight.BLIND].doubled, toll[Sight.BLIND].lost) == (0, 0)


async def test_kills_at_random_moments_double_and_lose_nothing(tmp_path: Path) -> None:
    each = 25 * KILLS
    plan = a_plan(tuple(Sight), each)
    async with FakeNetwork(dice=random.Random(SEED)).serving() as network:
        life = Life(folder=tmp_path, plan=plan, port=network.port)
        harness = Harness(life, seed=SEED)
        await harness.kill_at_random(KILLS)
        good(network)
        await harness.finish()
        toll = await toll_of(life, network)
    print(f"seed {SEED}, {harness.kills} kills: {toll}")  # noqa: T201 - shown when it fails
    assert_nothing_twice_nothing_lost(toll, each)
    assert toll[Sight.BLIND].held > 0, "no kill hit a send: the run proves nothing"


async def test_a_crash_at_any_named_point_doubles_and_loses_nothing(tmp_path: Path) -> None:
    """One store lives through a crash at every point, one after the other."""
    each = 12 * len(POINTS)
    plan = a_plan(tuple(Sight), each)
    manners = Manners(cuts=0.2, slowness=0.02)  # enough to look up in every life
    async with FakeNetwork(dice=random.Random(SEED), manners=manners).serving() as network:
        life = Life(folder=tmp_path, plan=plan, port=network.port, settle_window=0.1)
        harness = Harness(life, seed=SEED)
        missed = await harness.crash_at_each(POINTS)
        good(network)
        await harness.finish()
        toll = await toll_of(life, network)
    assert missed == []
    assert_nothing_twice_nothing_lost(toll, each)


async def test_kills_repeat_and_lose_no_line_of_a_journal(tmp_path: Path) -> None:
    plan = a_plan(("journal",), 100 * KILLS)
    life = Life(folder=tmp_path, plan=plan, settle_window=0.05)
    harness = Harness(life, seed=SEED)
    await harness.kill_at_random(KILLS, within=0.5)
    await harness.finish()
    assert await journal_toll(life) == Toll(arrived=100 * KILLS)


@pytest.mark.parametrize(
    ("mutant", "settle_window", "slowness", "hurt"),
    [
        ("look-up denies", 0.5, 0.05, Sight.READ),
        ("lapsed is pending", 0.5, 0.05, Sight.BLIND),
        ("", 0.0, 2.0, Sight.READ),
    ],
    ids=["a look-up that finds nothing", "a lapsed claim sent again", "no settle window"],
)
async def test_the_harness_finds_doubles_where_the_rules_are_broken(
    tmp_path: Path, mutant: str, settle_window: float, slowness: float, hurt: Sight
) -> None:
    each = 50
    manners = Manners(throttles=0, refuses=0, cuts=0.1, slowness=slowness)
    async with FakeNetwork(dice=random.Random(SEED), manners=manners).serving() as network:
        life = Life(
            folder=tmp_path,
            plan=a_plan(tuple(Sight), each),
            port=network.port,
            mutant=mutant,
            settle_window=settle_window,
        )
        harness = Harness(life, seed=SEED)
        await harness.kill_at_random(4)
        await harness.finish()
        toll = await toll_of(life, network)
    assert toll[hurt].doubled > 0


def test_the_times_of_the_harness_fit_each_other() -> None:
    """A settle window shorter than the network's slowness would blame the worker wrongly."""
    assert Manners().slowness < Life.__dataclass_fields__["settle_window"].default
    assert Capabilities().settle_window.total_seconds() >= 60
