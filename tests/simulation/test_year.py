"""A year of a network of 20 partners, 12 campaigns and 8 channels, on a clock that jumps.

Which faults are on, and how often each strikes, is drawn from the seed; so are crashes, absences,
edits and what partners publish. A failure names its seed:
``HERALD_YEAR_SEEDS=17 pytest tests/simulation/test_year.py``; ``1-10000`` lives through many.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from herald.channels.registry import BROUGHT_ALONG
from herald.data.calendar import observances
from herald.data.networks import capabilities_of
from herald.model.delivery import DeliveryState
from herald.model.ids import ChannelId
from herald.model.network import Capabilities, Handle
from herald.simulating.dice import Dice
from herald.simulating.opening import Setting, live, make_year
from herald.simulating.outbox import ScratchOutbox
from herald.simulating.troubles import Troubles, drawn_troubles
from herald.simulating.year import Assumptions, Year
from herald.sources.feeds.wanted import wanted_feeds
from herald.sources.load import Loaded, Loader
from tests.simulation.federation import CHANNELS, PARTNERS, write_federation
from tests.simulation.officers import Officers
from tests.simulation.witness import Witness, beyond_limits, outside_hours, unasked

BEGINS = date(2027, 1, 1)
YEAR = timedelta(days=365)
A_WEEK = 0.5
"""Entries of each partner."""
SLOW = timedelta(seconds=20)


def seeds() -> list[int]:
    """Return the seeds to live through."""
    first, _, last = os.environ.get("HERALD_YEAR_SEEDS", "1").partition("-")
    return [*range(int(first), int(last or first) + 1)]


def limits() -> dict[ChannelId, Capabilities]:
    """Return what each account can carry: some cannot be asked, some are slow, some are wide."""
    known = {ChannelId(name): capabilities_of(told["network"]) for name, told in CHANNELS.items()}
    changed = {
        "wall": {"handle": Handle.NOTHING, "repeat_within": None},
        "board": {"repeat_within": None},
        "bulletin": {"pace": SLOW, "burst": 2},
        "archive": {"concurrent": 4},
    }
    return {
        name: replace(limit, **changed.get(name, {}))  # type: ignore[arg-type]
        for name, limit in known.items()
    }


class Lived:
    """A year, and all that was seen of it."""

    def __init__(
        self,
        root: Path,
        seed: int,
        *,
        lasts: timedelta = YEAR,
        troubles: Troubles | None = None,
        outbox: ScratchOutbox | None = None,
        see: Callable[[Loaded], Loaded] = lambda loaded: loaded,
    ) -> None:
        """Live; *outbox* and *see*, the eyes with which files are read, may be wrong on purpose."""
        root.mkdir(exist_ok=True)
        files = write_federation(root, begins=BEGINS, seed=seed)
        loader = Loader(root, anchors=frozenset(observances()), networks=frozenset(BROUGHT_ALONG))
        feeds = wanted_feeds(loader.load().configuration.partners.values())
        assert len(feeds) == len(PARTNERS)
        self.officers = Officers(root, files, random.Random(seed))
        self.witness = Witness()
        self.year: Year = make_year(
            lambda: see(loader.load()),
            Setting(
                begins=datetime(2027, 1, 1, tzinfo=UTC),
                seed=seed,
                troubles=drawn_troubles(Dice(seed)) if troubles is None else troubles,
                assumptions=Assumptions(
                    approve_after=timedelta(days=2),
                    a_week={feed.id: A_WEEK for feed in feeds},
                ),
                limits=limits(),
                watch=self.witness.watch,
                every_day=self._every_day,
            ),
            outbox=outbox,
        )
        self.witness.year = self.officers.year = self.year
        self.hash = live(self.year, self.year.clock.now() + lasts)
        self.rows = tuple(self.year.outbox.rows.values())  # type: ignore[attr-defined]
        self.found = [
            *self.witness.judge(self.rows, limits()),
            *unasked(self.rows, self.officers.wanted),
            *outside_hours(self.rows, self.officers.files),
            *beyond_limits(self.rows, self.officers.files),
        ]

    async def _every_day(self, day: date) -> None:
        await self.officers.every_day(day)
        await self.witness.every_day()

    def story(self, seed: int) -> str:
        """Tell what was not kept, under which faults, after which edits."""
        return "\n".join(
            [
                f"seed {seed}: HERALD_YEAR_SEEDS={seed} pytest tests/simulation/test_year.py",
                f"{len(self.found)} promises were not kept:",
                *self.found[:12],
                str(self.year.troubles),
                str(dict(self.year.fault_counts())),
                *self.officers.did[-12:],
            ]
        )


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds())
def test_through_a_year_of_faults_the_promises_hold(tmp_path: Path, seed: int) -> None:
    lived = Lived(tmp_path, seed)
    assert not lived.found, lived.story(seed)
    assert sum(row.state is DeliveryState.SENT for row in lived.rows) > 2500, lived.story(seed)


def test_the_same_seed_gives_the_same_weeks(tmp_path: Path) -> None:
    bad = Troubles(lost_answer=0.1, late=0.1, unavailable=0.2, crash=0.3, absence=0.05, blind=0.2)
    weeks = [
        Lived(tmp_path / name, seed, lasts=timedelta(days=25), troubles=bad)
        for name, seed in (("one", 7), ("two", 7), ("three", 8))
    ]
    assert [one.found for one in weeks] == [[], [], []]
    assert weeks[0].hash == weeks[1].hash != weeks[2].hash
