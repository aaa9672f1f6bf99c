"""A year of partner feeds: each real piece of news goes out exactly once, and nothing is lost.

A failure names its seed. The whole of it, two hundred feeds for a year, is with the environment

    HERALD_FEEDYEAR_FEEDS=200 HERALD_FEEDYEAR_DAYS=365 HERALD_FEEDYEAR_SEEDS=1-3

the command

    python -m pytest tests/simulation/feeds -k whole_year -o log_cli=true -o log_cli_level=INFO

and a failing one is made smaller with fewer feeds or days.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.simulation.feeds import faults
from tests.simulation.feeds.faults import Decide
from tests.simulation.feeds.partners import Trouble
from tests.simulation.feeds.year import Year

log = logging.getLogger(__name__)

MOST_DECISIONS = 0.05
"""Of all that a network passes on: were a person needed more often, nobody would look any more."""

WILD = 1
"""The seed of a month in which all that can happen happens, and no two feeds are right at once."""


@pytest.fixture(autouse=True)
def _is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep no record of every poll of a year in memory."""
    caplog.set_level(logging.WARNING, "herald")


def seeds() -> list[int]:
    """Return the seeds to live through."""
    first, _, last = os.environ.get("HERALD_FEEDYEAR_SEEDS", "1").partition("-")
    return [*range(int(first), int(last or first) + 1)]


def asked(name: str, otherwise: int) -> int:
    """Return a number of the environment."""
    return int(os.environ.get(f"HERALD_FEEDYEAR_{name}", otherwise))


async def lived(folder: Path, seed: int, *, feeds: int, days: int) -> Year:
    """Live through it; planning is rarer where more partners make it slower."""
    pause = timedelta(hours=3 if feeds < 100 else 6)
    year = Year(folder, seed=seed, feeds=feeds, days=days, plan_every=pause)
    await year.live()
    log.info("lived until %s: %s", year.clock.now(), story(year))
    return year


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds())
async def test_a_whole_year_of_feeds_is_amplified_exactly_once(tmp_path, seed):
    year = await lived(tmp_path, seed, feeds=asked("FEEDS", 3), days=asked("DAYS", 365))
    assert not year.reckoning.broken, story(year)
    assert year.reckoning.counts["posts new"] > year.reckoning.counts["owed new"] * 0.9
    assert decisions(year) <= MOST_DECISIONS, story(year)


@pytest.mark.slow
async def test_two_hundred_feeds_are_amplified_exactly_once(tmp_path):
    year = await lived(tmp_path, 1, feeds=200, days=6)
    assert not year.reckoning.broken, story(year)
    assert year.counts["new"] > 30


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.forgets_everything, id="forgets everything"),
        pytest.param(faults.knows_ids_alone, id="knows ids alone"),
        pytest.param(faults.posts_the_first_poll, id="posts the first poll"),
        pytest.param(faults.overlooks_edits, id="overlooks edits"),
        pytest.param(faults.shares_no_credit, id="shares no credit"),
        pytest.param(faults.loses_what_is_in_doubt, id="loses every third"),
    ],
)
async def test_a_fault_of_identity_breaks_a_promise(
    tmp_path: Path, fault: Callable[[Decide], Decide]
) -> None:
    year = Year(tmp_path, seed=WILD, feeds=12, days=25, tamper=fault, is_wild=True)
    await year.live()
    assert year.reckoning.broken


@pytest.mark.slow
async def test_a_limit_that_is_not_kept_breaks_a_promise(tmp_path):
    year = Year(tmp_path, seed=WILD, feeds=12, days=25, limit=1000, is_wild=True)
    await year.live()
    assert any("more than" in one for one in year.reckoning.broken)


@pytest.mark.slow
async def test_a_wild_month_keeps_every_promise(tmp_path):
    year = Year(tmp_path, seed=WILD, feeds=12, days=25, is_wild=True)
    await year.live()
    assert not year.reckoning.broken, story(year)


@pytest.mark.slow
async def test_what_a_silent_feed_told_too_late_for_the_limits_is_told_of(tmp_path):
    year = Year(tmp_path, seed=3, feeds=6, days=30)
    house = next(one for one in year.country.houses if [s.format for s in one.sites] == ["rss"])

    def flood_unheard() -> None:
        now = year.clock.now()
        house.troubles.append(Trouble(kind="dead", begins=now, ends=now + timedelta(days=5.2)))
        year.country.flood(house)
        house.version += 1

    year.country.after(timedelta(days=8), flood_unheard)
    await year.live()
    assert not year.reckoning.broken, story(year)
    assert year.reckoning.counts["left out, and told why"] > 0


async def test_one_seed_is_one_year(tmp_path):
    years = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        years.append(await lived(folder, 7, feeds=5, days=12))
    assert told(years[0]) == told(years[1])


async def test_a_request_too_many_is_noticed(tmp_path):
    year = Year(tmp_path, seed=1, feeds=5, days=1)
    url = year.country.houses[0].sites[0].url
    await year.web.fetch(url)
    year.clock.advance(timedelta(minutes=10))
    await year.web.fetch(url)
    (told_,) = year.web.broken
    assert "was asked before" in told_


async def test_a_feed_that_is_forgotten_is_noticed(tmp_path):
    year = Year(tmp_path, seed=1, feeds=5, days=1)
    url = year.country.houses[0].sites[0].url
    await year.web.fetch(url)
    year.clock.advance(timedelta(days=4))
    await year.web.fetch(url)
    (told_,) = year.web.broken
    assert "was asked after" in told_


def decisions(year: Year) -> float:
    """Return how often a person was needed, for each thing that went out."""
    needed = year.counts["approved"] + year.counts["refused"]
    return needed / max(1, year.reckoning.counts["posts new"])


def told(year: Year) -> str:
    """Tell what happened in figures."""
    web = year.web
    asked_ = f"requests {web.requests}, unchanged {web.unchanged}, failed {web.failures}"
    counts = (year.counts, year.country.counts, year.reckoning.counts)
    return " | ".join([asked_, *(", ".join(f"{k} {n}" for k, n in c.items()) for c in counts)])


def story(year: Year) -> str:
    """Tell what was broken."""
    head = f"seed {year.seed}: {told(year)}"
    return "\n".join([head, *year.reckoning.broken[:5]])
