"""Weeks of a network's life, lived by dice: whatever happens, the promises hold.

A failure names its seed. ``HERALD_SIMULATION_SEEDS=100-199 pytest tests/simulation`` lives through
those instead; one number is one seed.
"""

from __future__ import annotations

import logging
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herald.clock import SetClock
from tests.simulation.people import People
from tests.simulation.remembering import Remembering
from tests.simulation.sites import Sites
from tests.simulation.world import World

STARTS = (
    datetime(2027, 3, 18, 7, 0, tzinfo=UTC),
    datetime(2027, 10, 21, 7, 0, tzinfo=UTC),
    datetime(2027, 5, 3, 6, 0, tzinfo=UTC),
)
"""Ten days later the clocks go forward; back; do nothing."""
LASTS = timedelta(days=24)

log = logging.getLogger(__name__)


def seeds() -> list[int]:
    """Return the seeds to live through."""
    spelled = os.environ.get("HERALD_SIMULATION_SEEDS", "1-2")
    first, _, last = spelled.partition("-")
    return [*range(int(first), int(last or first) + 1)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds())
async def test_whatever_happens_the_promises_hold(tmp_path, seed):
    life = await a_life(tmp_path, seed)
    log.info("lived", extra={"seed": seed, "posts": len(life.promises.posts)} | life.counts)
    assert not life.promises.found, story(life, seed)
    assert life.left_out, "no plan looked back less far than it could"


async def a_life(root: Path, seed: int) -> Remembering:
    """Live through some weeks, and stop at the first broken promise."""
    random.seed(seed)
    dice = random.Random(seed)
    clock = SetClock(STARTS[seed % len(STARTS)])
    sites = Sites()
    world = World(campaigns=[], channels={"calm": [], "wild": ["en", "it"], "lisbon": ["pt"]})
    life = Remembering(root, world, clock, dice)
    people = People(life, sites, dice)
    world.campaigns += [people.campaign(series=True), people.campaign()]
    async with sites.served() as address:
        if seed % 2:
            _open_feeds(world, sites, address)
        await life.start()
        end = clock.now() + LASTS
        while clock.now() < end and not life.promises.found:
            for _ in range(dice.choice([0, 1, 1, 2, 3])):
                await people.act()
            await life.live(timedelta(minutes=dice.choice([7, 60, 500, 1440, 2000])))
        await life.stop()
    return life


def _open_feeds(world: World, sites: Sites, address: str) -> None:
    sites.news |= {"mill": [], "salt": []}
    sites.calendars["cal"] = []
    world.partners = ("mill", "salt", "cal")
    world.feeds = {name: f"{address}/{name}" for name in world.partners}
    world.campaigns[1].amplify = {
        "from": ["*"],
        "limit": {"partner": "2/day", "total": "4/day"},
        "approve": "auto",
        "channels": ["calm", "wild"],
        "post": [{"before": "2d", "at": "10:00"}, {"before": "0d", "at": "08:00"}],
    }


def story(life: Remembering, seed: int) -> str:
    """Tell what was broken, and what had been done."""
    return "\n".join([f"seed {seed}", *life.promises.found[:8], "after:", *life.did[-25:]])
