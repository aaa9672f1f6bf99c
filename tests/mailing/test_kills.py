"""A sender that is killed again and again: nobody is left out, and nobody is written to twice.

``HERALD_KILL_RECIPIENTS`` and ``HERALD_KILLS`` make it as long as one likes, ``HERALD_KILL_SEED``
repeats what was seen.
"""

from __future__ import annotations

import os
import random
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from herald.model.mailing import WhenUncertain
from tests.mailing.killed import Flaw, Life
from tests.mailing.killing import Killer, Toll, begin
from tests.mailing.logging_sink import LoggingSink, Manners

PEOPLE = int(os.environ.get("HERALD_KILL_RECIPIENTS", "300"))
KILLS = int(os.environ.get("HERALD_KILLS", "3"))
CONNECTIONS = int(os.environ.get("HERALD_KILL_CONNECTIONS", "3"))
SEED = int(os.environ.get("HERALD_KILL_SEED", random.randrange(10**6)))
PATTERN = "bounces+*@friends.example.org"
KIND = Manners()
RUDE = Manners(cuts=0.5, mutes=0.5)


async def toll(
    store_url: str,
    folder: Path,
    *,
    when_uncertain: WhenUncertain = WhenUncertain.ASK,
    reads_log: bool = False,
    pattern: str = PATTERN,
    manners: Manners = KIND,
    flaw: Flaw = Flaw.NONE,
    people: int = PEOPLE,
    kills: int = KILLS,
) -> Toll:
    """Kill an issue's sender, let it come to its end, and return what became of its letters."""
    sys.stdout.write(f"HERALD_KILL_SEED={SEED}\n")
    await begin(store_url, folder, people, when_uncertain=when_uncertain)
    sink = LoggingSink(folder / "mail.log", seed=SEED, manners=manners)
    sink.note("daemon started", ago=timedelta(hours=1))
    async with sink.listening() as port:
        life = Life(
            store=store_url,
            folder=str(folder),
            port=port,
            connections=CONNECTIONS,
            log=str(sink.log) if reads_log else "",
            pattern=pattern,
            flaw=flaw,
        )
        killer = Killer(life, sink, people=people, seed=SEED)
        await killer.kill(kills)
        found = await killer.finish(store_url, folder)
    sys.stdout.write(f"{found} mutes={sink.mutes} cuts={sink.cuts}\n")
    return found


def named(found: Toll) -> Toll:
    """Return a toll without what differs from run to run."""
    return replace(found, kills=0, lives=0, seconds=0.0)


CLEAN = Toll(lost=0, doubled=0, held=0, uncertain=0, kills=0, lives=0, is_sent=True, seconds=0.0)


async def test_with_resend_nobody_is_left_out_and_few_are_doubled(
    store_url: str, tmp_path: Path
) -> None:
    found = await toll(store_url, tmp_path, when_uncertain=WhenUncertain.RESEND)
    assert found.kills > 0
    assert found.doubled <= found.kills * CONNECTIONS
    assert named(replace(found, doubled=0)) == CLEAN


async def test_with_the_log_nobody_is_left_out_doubled_or_held(
    store_url: str, tmp_path: Path
) -> None:
    assert named(await toll(store_url, tmp_path, reads_log=True, manners=RUDE)) == CLEAN


async def test_with_the_log_alone_and_one_sender_for_all_it_is_the_same(
    sqlite_url: str, tmp_path: Path
) -> None:
    found = await toll(sqlite_url, tmp_path, reads_log=True, manners=RUDE, pattern="")
    assert named(found) == CLEAN


async def test_with_hold_nobody_is_doubled(store_url: str, tmp_path: Path) -> None:
    found = await toll(store_url, tmp_path, when_uncertain=WhenUncertain.HOLD, manners=RUDE)
    assert found.doubled == 0
    assert found.lost <= found.held
    assert found.is_sent


# ------------------------------------------------- what is wrong is found out


async def test_claims_that_are_not_kept_are_found_out(sqlite_url: str, tmp_path: Path) -> None:
    found = await toll(
        sqlite_url,
        tmp_path,
        when_uncertain=WhenUncertain.HOLD,
        flaw=Flaw.CLAIMS,
        people=400,
        kills=6,
    )
    assert found.doubled > 0


async def test_a_header_that_is_taken_for_a_proof_is_found_out(
    sqlite_url: str, tmp_path: Path
) -> None:
    manners = Manners(cuts=5)
    flawed = await toll(
        sqlite_url,
        tmp_path,
        reads_log=True,
        manners=manners,
        flaw=Flaw.HEADERS,
        people=200,
        kills=1,
    )
    assert flawed.lost > 0
