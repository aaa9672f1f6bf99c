"""How everything fares: for ``herald status``, for probes, and for the officers who are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from herald.accounts import Accounts, lacking
from herald.consequences import errors
from herald.correcting import Corrections
from herald.mailing.letters.approving import Approving
from herald.mailing.mailing import Mailing
from herald.model.configuration import Configuration
from herald.model.delivery import Delivery
from herald.model.headway import Headway
from herald.model.planner import missing_planner
from herald.model.stop import Stop, StopOrigin
from herald.model.wallclock import ONE_DAY
from herald.officers import Officers
from herald.ports import Clock, EchoStore, PlannerStore
from herald.reporting.concerns import Situation
from herald.reporting.health import MANUAL, Health
from herald.settings import Settings, read_settings
from herald.sources.load import Loaded
from herald.store.disks import little_room
from herald.store.feeds import StoredFeeds
from herald.store.lock import is_locked
from herald.store.outbox import StoredOutbox
from herald.turn import Role, Turn

HEARD_MOST = 500
"""Answers and mentions that officers can be told at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Looks at every room, and changes nothing."""

    folder: Path
    settings: Settings
    """As they were at the start, for while the files cannot be read."""
    disk: Path | None
    """The file of the store; None on PostgreSQL."""
    load: Callable[[], Awaitable[Loaded]]
    clock: Clock
    store: StoredOutbox
    feeds: StoredFeeds
    mailing: Mailing
    accounts: Accounts
    planners: PlannerStore
    turn: Turn
    officers: Officers
    corrections: Corrections
    echoes: EchoStore
    approving: Approving

    async def health(self) -> Health:
        """Return how everything fares now."""
        now, loaded = self.clock.now(), await self.load()
        feeds = await self.feeds.health(now=now)
        stops = await self.store.stops()
        return Health(
            at=now,
            outbox=await self.store.health(now=now),
            tasks=await self.open_tasks(),
            feeds=tuple(each for each in feeds if each.feed.trouble),
            stops=stops,
            broken=errors(loaded),
            channels=(*self._account_trouble(loaded.configuration), *_refused_sign_ins(stops)),
            newsletters=tuple(
                f"{each.issue}: {each.message}" if each.issue else each.message
                for each in await self.mailing.concerns()
            ),
            letters=self.as_run(await self.mailing.headway_of_sending()),
            next=await self.store.next_delivery(now=now),
            planning=await self.missing_planner(),
            disk=self._little_room(),
            zone=loaded.configuration.zone,
            corrections=await self.corrections.count(),
        )

    def as_run(self, letters: Sequence[Headway]) -> tuple[Headway, ...]:
        """Return how issues get on, knowing whether a Herald runs that sends them.

        On a shared database several may, on any machine, and none can tell of the others.
        """
        runs = is_locked(self.disk) if self.disk is not None else None
        return tuple(replace(each, runs=runs) for each in letters)

    async def open_tasks(self) -> tuple[Delivery, ...]:
        """Return what Herald prepared and a person has not yet reported as done."""
        return await self.store.unlinked(MANUAL)

    async def situation(self) -> Situation:
        """Return what may concern officers, without reading the outbox row by row."""
        now, loaded = self.clock.now(), await self.load()
        feeds = await self.feeds.health(now=now)
        channels = loaded.configuration.channels.values()
        return Situation(
            health=Health(
                at=now,
                outbox=await self.store.health(now=now),
                feeds=tuple(each for each in feeds if each.feed.trouble),
                stops=await self.store.stops(),
                broken=errors(loaded),
                corrections=await self.corrections.count(),
            ),
            accounts=self._account_trouble(loaded.configuration),
            planning=await self.missing_planner(),
            stuck=await self.officers.stuck(
                [channel.id for channel in channels if channel.network == MANUAL]
            ),
            newsletters=await self.approving.told(await self.mailing.concerns(), loaded.campaigns),
            heard=await self.echoes.heard(after=now - 3 * ONE_DAY, most=HEARD_MOST),
        )

    async def known_trouble(self) -> Situation | None:
        """Return what may concern officers; None where that is for another process to tell.

        Who reads the files knows of most; the others tell where nobody does.
        """
        if self.turn.is_ours or await self.missing_planner():
            return await self.situation()
        return None

    async def missing_planner(self) -> str:
        """Say that nobody plans, where several processes could and none does; else nothing."""
        if self.disk is not None:
            return ""
        return missing_planner(await self.planners.planner(), now=self.clock.now())

    async def unplanned(self) -> str:
        """Say what a process that leaves planning to others would wait for in vain."""
        return await self.missing_planner() if self.turn.role is Role.FOLLOWS else ""

    def _little_room(self) -> str:
        """Say that the disk on which the store lies is nearly full."""
        return (little_room(self.disk) or "") if self.disk is not None else ""

    def _account_trouble(self, configuration: Configuration) -> tuple[str, ...]:
        """Say why some accounts cannot be used; a command that sends nothing opens none to see."""
        if self.accounts.are_open:
            return self.accounts.trouble
        return lacking(configuration, read_settings(self.folder)[0] or self.settings)


def _refused_sign_ins(stops: Sequence[Stop]) -> list[str]:
    return [
        f"channel {stop.name} is stopped, its sign-in was refused ({stop.because}):"
        f" mend its credentials, then herald resume {stop.name}"
        for stop in stops
        if stop.origin is StopOrigin.AUTH
    ]
