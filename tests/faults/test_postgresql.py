"""The database crashes and connections break: nothing is doubled, nothing lost, nothing restarted.

``HERALD_FAULTS_RESTARTS`` sets how often the database is disturbed (default 8).
"""

import asyncio
import os
import random
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.child import Life
from tests.faults.harness import Harness, a_plan, good, toll_of
from tests.faults.network import FakeNetwork, Sight
from tests.faults.test_kills import SEED, assert_nothing_twice_nothing_lost
from tests.folders import a_network, journal
from tests.postgresql import PostgreSQL
from tests.running import local, running, until
from tests.sources.folder import write

TIMES = int(os.environ.get("HERALD_FAULTS_RESTARTS", "8"))
WORKERS = 3

pytestmark = pytest.mark.slow


async def test_workers_share_a_database_that_crashes_and_disconnects(
    postgresql: PostgreSQL, postgresql_url: str, tmp_path: Path
) -> None:
    each = 25 * TIMES
    plan = a_plan(tuple(Sight), each)

    def disturb(nth: int) -> None:
        if nth % 2:
            postgresql.disconnect(postgresql_url.rpartition("/")[2])
        else:
            postgresql.crash()

    async with FakeNetwork(dice=random.Random(SEED)).serving() as network:
        life = Life(folder=tmp_path, plan=plan, port=network.port, store=postgresql_url)
        harness = Harness(life, seed=SEED)
        await harness.live_together(WORKERS, disturb, times=TIMES)
        good(network)
        await harness.finish()
        toll = await toll_of(life, network)
    print(f"seed {SEED}, {harness.kills} kills, {TIMES} faults: {toll}")  # noqa: T201 - if it fails
    assert_nothing_twice_nothing_lost(toll, each)


async def test_two_daemons_go_on_when_the_database_comes_back(
    postgresql: PostgreSQL, postgresql_url: str, tmp_path: Path
) -> None:
    root = a_network(tmp_path, stories=_posts("bell"), config_herald="timezone: UTC\n")

    def said() -> Counter[str]:
        return Counter(line["item"] for line in journal(root))

    async with (
        running(root, "--plan", HERALD_STORE=postgresql_url) as first,
        running(root, "--plan", HERALD_STORE=postgresql_url) as second,
    ):

        def log() -> str:
            return f"{first.log}\n----\n{second.log}"

        for daemon in (first, second):
            await daemon.says("herald is ready")
        await until(lambda: said()["bell"] == 1, told=log)

        await asyncio.to_thread(postgresql.stop, signal.SIGQUIT)
        for daemon in (first, second):
            await daemon.says("nothing can be claimed")
        # Files are seen to change only once: planning must not be lost with the store.
        write(root, "campaigns/stories.yaml", _posts("bell", "boat"))
        for daemon in (first, second):
            await daemon.says("planning waits for the store")
        await asyncio.to_thread(postgresql.start)
        for daemon in (first, second):
            await daemon.says("the store is well again")
        await until(lambda: said()["boat"] == 1, told=log)

        postgresql.disconnect(postgresql_url.rpartition("/")[2])
        write(root, "campaigns/stories.yaml", _posts("bell", "boat", "bread"))
        await until(lambda: said()["bread"] == 1, told=log)
        for daemon in (first, second):
            assert (await daemon.health())[0] == 200, log()
            daemon.tell(signal.SIGTERM)
            assert await daemon.ended() == 0, log()
    assert said() == {"bell": 1, "boat": 1, "bread": 1}


def _posts(*names: str) -> str:
    due = local(datetime.now(UTC), -timedelta(minutes=5))
    items = "".join(
        f"  - {{id: {name}, kind: news, title: {{en: {name} is here}}, post: {due}}}\n"
        for name in names
    )
    return f"campaign: stories\nlanguages: [en]\nchannels: [trial]\nitems:\n{items}"
