"""Makes a year ready to be lived: an empty store or a true one's copy, and accounts for it.

year = make_year(loader.load, Setting(begins=now, seed=7, troubles=troubles), outbox=outbox)
live(year, until)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from herald.foresight import known_capabilities
from herald.model.delivery import Claim, History
from herald.model.feed import Entry
from herald.model.ids import ChannelId, ListId
from herald.model.mailing import Issue
from herald.model.network import Capabilities
from herald.model.stop import Stop
from herald.simulating.clock import YearClock
from herald.simulating.dice import Dice
from herald.simulating.house import House
from herald.simulating.letters import Letters
from herald.simulating.network import Account
from herald.simulating.outbox import ScratchOutbox
from herald.simulating.partners import ScratchFeeds
from herald.simulating.troubles import Troubles
from herald.simulating.year import Assumptions, ForeseeingOutbox, Year
from herald.sources.load import Loaded


def _unseen(claim: Claim) -> None:
    return


async def _uneventful(day: date) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a true store holds as a simulation begins."""

    history: History = field(default_factory=History)
    stops: tuple[Stop, ...] = ()
    entries: Sequence[Entry] = ()
    issues: Sequence[Issue] = ()
    zones: Mapping[ListId, Collection[str]] = field(default_factory=dict)
    """In which time zones the readers of each list live."""
    capabilities: Mapping[ChannelId, Capabilities] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """In what world a year is lived."""

    begins: datetime
    seed: int
    troubles: Troubles
    assumptions: Assumptions = field(default_factory=Assumptions)
    known: Known = field(default_factory=Known)
    limits: Mapping[ChannelId, Capabilities] = field(default_factory=dict)
    """Of networks that are to be otherwise than known."""
    watch: Callable[[Claim], None] = _unseen
    """Told of every request as it leaves."""
    every_day: Callable[[date], Awaitable[None]] = _uneventful
    """Called each midnight: a progress display, or people who edit files."""


def make_year(
    load: Callable[[], Loaded], setting: Setting, *, outbox: ForeseeingOutbox | None = None
) -> Year:
    """Return a year that *load* is read in again and again; *outbox* is one in memory if None."""
    known, clock, dice = setting.known, YearClock(setting.begins), Dice(setting.seed)
    if outbox is None:
        scratch = ScratchOutbox()
        scratch.take_over(known.history, known.stops)
        return make_year(load, setting, outbox=scratch)

    def open_account(channel: ChannelId, loaded: Loaded) -> Account:
        config = loaded.configuration.channels[channel]
        limits = setting.limits.get(channel)
        return Account(
            id=channel,
            network=config.network,
            limits=limits or known_capabilities(config, known.capabilities.get(channel)),
            clock=clock,
            dice=dice,
            troubles=setting.troubles,
            watch=setting.watch,
        )

    house = House(
        load=load,
        outbox=outbox,
        feeds=ScratchFeeds(known.entries),
        letters=Letters(
            known.issues,
            early=setting.assumptions.approve_after or timedelta(0),
            zones=known.zones,
        ),
        clock=clock,
    )
    return Year(
        house,
        outbox,
        clock=clock,
        dice=dice,
        troubles=setting.troubles,
        open_account=open_account,
        assumptions=setting.assumptions,
        every_day=setting.every_day,
    )


def live(year: Year, until: datetime) -> str:
    """Live through *year* up to *until*; return a name for all that came of it.

    What the house logs meanwhile happened to nobody, and is not logged.
    """
    log = logging.getLogger("herald")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with asyncio.Runner(loop_factory=year.clock.loop) as runner:
            return runner.run(_lived(year, until))
    finally:
        log.setLevel(level)


async def _lived(year: Year, until: datetime) -> str:
    await year.live(until)
    return await year.summary_hash()
