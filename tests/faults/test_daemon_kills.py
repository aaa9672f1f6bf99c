"""``herald run`` is killed and started again at once: nothing is doubled, nothing lost.

Two accounts on servers that throttle, refuse, cut, hang and lose replies, and a journal.
``HERALD_FAULTS_KILLS`` sets the number of kills (default 12), ``HERALD_FAULTS_SEED`` their seed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herald.cli.run import run
from tests.faults.daemons import Came, Round, a_round
from tests.postgresql import PostgreSQL

KILLS = int(os.environ.get("HERALD_FAULTS_KILLS", "12"))
SEED = int(os.environ.get("HERALD_FAULTS_SEED", "7"))
EACH_ROUND = 40
"""Kills on one database; a long run is many rounds, so that planning stays quick."""
WORKERS = 3

pytestmark = pytest.mark.slow


def rounds() -> list[int]:
    """Return the kills of each round."""
    whole, rest = divmod(KILLS, EACH_ROUND)
    return [EACH_ROUND] * whole + ([rest] if rest else [])


def assert_all_once(came: Came) -> None:
    """Assert that each post is there once; print what a long run is asked for."""
    print(  # noqa: T201 - the figures of a long run
        f"seed {SEED}: {came.kills} kills, {came.owed} owed, {len(came.doubled)} doubled,"
        f" {len(came.lost)} lost, {len(came.held)} held {came.held},"
        f" {came.looked_up} looked up, faults {dict(came.faults)}"
    )
    assert (came.doubled, came.lost, came.held) == ([], [], [])
    assert came.looked_up > 0, "no kill hit a send: the run proves nothing"


async def test_a_daemon_on_sqlite_that_is_killed_doubles_and_loses_nothing(tmp_path: Path) -> None:
    came = Came()
    for nth, kills in enumerate(rounds()):
        folder = tmp_path / str(nth)
        came.add(await a_round(Round(folder=folder, kills=kills, seed=SEED + nth)))
    assert_all_once(came)


async def test_daemons_on_postgresql_that_are_killed_double_and_lose_nothing(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    """One of them plans, where there is a choice."""
    has_a_choice = any("--plan" in option.opts for option in run.params)
    options = (("--plan",), ()) if has_a_choice else ((),)
    came = Came()
    for nth, kills in enumerate(rounds()):
        folder = tmp_path / str(nth)
        with postgresql.database() as url:
            wanted = Round(
                folder=folder,
                kills=kills,
                seed=SEED + nth,
                store=url,
                workers=WORKERS,
                options=options,
            )
            came.add(await a_round(wanted))
    assert_all_once(came)
