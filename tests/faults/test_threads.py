"""Threads under kills and lost answers: each part is there once, and none before the one before."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from herald.model.ids import DeliveryKey, campaign_key
from herald.model.plan import Plan, PlannedDelivery
from tests.faults.child import Life
from tests.faults.harness import Harness, Toll, a_plan, good, toll_of
from tests.faults.network import FakeNetwork, Manners, Sight

PARTS = 3
KILLS = 5
THREADS = 4 * KILLS
SEED = 11

pytestmark = pytest.mark.slow


def threads_on(sights: tuple[Sight, ...]) -> Plan:
    """Make a plan of threads; what a life plans of it are whole ones."""
    plan = a_plan(sights, THREADS)
    whole = [
        part
        for nth, first in enumerate(plan.deliveries)
        for part in _parts(replace(first, due_at=first.due_at + timedelta(microseconds=nth)))
    ]
    return replace(plan, deliveries=tuple(whole))


def _parts(first: PlannedDelivery) -> list[PlannedDelivery]:
    keys = [_key(first, part) for part in range(PARTS)]
    return [
        replace(
            first,
            key=keys[part],
            part=part,
            target=keys[part - 1] if part else None,
            thread=keys[0] if part else None,
            payload=replace(first.payload, text=f"{first.payload.text}, part {part}"),
        )
        for part in range(PARTS)
    ]


def _key(first: PlannedDelivery, part: int) -> DeliveryKey:
    place = (first.campaign, first.item, first.occasion, first.channel, first.language)
    return campaign_key(*place, part=part)


async def test_each_part_is_there_once_and_in_its_order(tmp_path: Path) -> None:
    sights = (Sight.READ, Sight.KEYED)
    manners = Manners(cuts=0.15, hides=0.1, slowness=0.03)
    async with FakeNetwork(dice=random.Random(SEED), manners=manners).serving() as network:
        life = Life(
            folder=tmp_path,
            plan=threads_on(sights),
            port=network.port,
            sights=sights,
            settle_window=0.5,
        )
        harness = Harness(life, seed=SEED)
        await harness.kill_at_random(KILLS, within=0.8)
        good(network)
        await harness.finish()
        toll = await toll_of(life, network)
        arrived = [key for _, key in network.shelf.accepted]  # in the order of their arrival
    assert toll == dict.fromkeys(sights, Toll(arrived=THREADS * PARTS))
    orders = defaultdict(list)
    of = {each.key: each for each in life.plan.deliveries}
    for key in arrived:
        orders[of[DeliveryKey(key)].thread or key].append(of[DeliveryKey(key)].part)
    assert set(map(tuple, orders.values())) == {tuple(range(PARTS))}
