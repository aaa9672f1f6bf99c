"""``herald plan --simulate``: a year of one's own campaigns, lived through in seconds."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import click

from herald.cli.context import Invocation
from herald.cli.output import a_console, print_json, run_async, tell_broken

if TYPE_CHECKING:
    from herald.model.configuration import Configuration
    from herald.model.feed import Entry
    from herald.model.ids import FeedId, PartnerId
    from herald.simulating.opening import Known
    from herald.simulating.outlook import Outlook
    from herald.sources.load import Loaded

YEAR = timedelta(days=365)
LONGEST = timedelta(days=3 * 366)
"""Beyond that nobody's files say anything, and the wait is long."""
TROUBLES = ("none", "usual", "bad")
NEVER = "never"
_OF_BROKEN = "Of these files only what waits already is told: mend them, then look again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What a person asked to see."""

    until: date | None
    seed: int
    trouble: str
    approve_after: timedelta | None
    """None: nobody approves anything."""


def patience_of(written: str) -> timedelta | None:
    """Read ``--approve-after``: days, or ``never`` (None); raise BadParameter for anything else."""
    if written == NEVER:
        return None
    if not written.isdecimal() or int(written) > YEAR.days:
        raise click.BadParameter(
            f"{written!r} is neither a number of days nor {NEVER!r}", param_hint="--approve-after"
        )
    return timedelta(days=int(written))


def simulate(invocation: Invocation, ahead: Ahead, *, as_json: bool) -> None:
    """Live through the time ahead and tell it; exit with 1 if a person is needed."""
    from herald.consequences import errors

    until = _end(ahead.until, invocation.moment())
    loaded, known, a_week = run_async(_look(invocation))
    tell_broken(errors(loaded), meanwhile=_OF_BROKEN)
    outlook = _lived(invocation.moment(), until, ahead, loaded, known, a_week)
    if as_json:
        print_json(outlook.document())
    else:
        from herald.simulating.outlook_view import outlook_view

        a_console().print(outlook_view(outlook))
    if outlook.needs_a_person or errors(loaded):
        raise SystemExit(1)


def _end(last: date | None, now: datetime) -> datetime:
    if last is None:
        return now + YEAR
    until = datetime.combine(last + timedelta(days=1), time(0), UTC)
    if until <= now:
        raise click.BadParameter(f"{last} is over", param_hint="--until")
    if until - now > LONGEST:
        raise click.BadParameter(f"{last} is more than three years away", param_hint="--until")
    return until


async def _look(invocation: Invocation) -> tuple[Loaded, Known, dict[FeedId, float]]:
    """Read the files and what the store holds, and write nothing."""
    from herald.app import REMEMBER_ENTRIES
    from herald.consequences import refuse_broken_configuration
    from herald.errors import ConfigurationBroken
    from herald.simulating.opening import Known

    now = invocation.moment()
    async with invocation.open_to_look() as app:
        if not app.reads_campaigns:
            raise ConfigurationBroken(
                f"There is no campaigns/ in {invocation.folder.absolute()}: ask a machine that has"
                " the campaign files."
            )
        loaded = await app.load()
        refuse_broken_configuration(loaded)
        entries: tuple[Entry, ...] = await app.feeds.entries(now - REMEMBER_ENTRIES)
        known = Known(
            history=await app.store.history(),
            stops=await app.store.stops(),
            entries=entries,
            issues=await app.mailing_store.issues(),
            zones={
                name: await app.mailing_store.zones(name) for name in loaded.configuration.lists
            },
            capabilities=await app.store.capabilities(),
        )
        a_week = {each.feed.id: each.a_week for each in await app.feeds.health(now=now)}
    return loaded, known, a_week


def _lived(
    now: datetime,
    until: datetime,
    ahead: Ahead,
    loaded: Loaded,
    known: Known,
    a_week: dict[FeedId, float],
) -> Outlook:
    from herald.simulating.opening import Setting, live, make_year
    from herald.simulating.outbox import ScratchOutbox
    from herald.simulating.outlook import outlook_of
    from herald.simulating.troubles import Level, usual_troubles
    from herald.simulating.year import Assumptions

    level = Level(ahead.trouble)
    outbox = ScratchOutbox()
    outbox.take_over(known.history, known.stops)
    with _progress((until - now).days) as bar:
        year = make_year(
            lambda: loaded,
            Setting(
                begins=now,
                seed=ahead.seed,
                troubles=usual_troubles(level),
                assumptions=Assumptions(approve_after=ahead.approve_after, a_week=a_week),
                known=known,
                every_day=_advancing(bar),
            ),
            outbox=outbox,
        )
        live(year, until)
    outlook = outlook_of(
        year,
        outbox.rows.values(),
        loaded.campaigns,
        begins=now,
        zone=loaded.configuration.zone,
        seed=ahead.seed,
        level=level,
        a_week=_by_partner(loaded.configuration, a_week),
    )
    return replace(outlook, broken=tuple(f for f in loaded.broken if f not in loaded.kept))


def _by_partner(
    configuration: Configuration, a_week: dict[FeedId, float]
) -> dict[PartnerId, float]:
    from herald.sources.feeds.wanted import wanted_feeds

    rates: dict[PartnerId, float] = {}
    for feed in wanted_feeds(configuration.partners.values()):
        if rate := a_week.get(feed.id):
            rates[feed.partners[0]] = rates.get(feed.partners[0], 0.0) + rate
    return rates


def _progress(days: int) -> AbstractContextManager[Any]:
    """Show on a terminal how far the year has got; be silent in a pipe."""
    if not sys.stderr.isatty():
        return nullcontext()
    return click.progressbar(length=max(days, 1), label="Living ahead", file=sys.stderr)


def _advancing(bar: Any) -> Callable[[date], Awaitable[None]]:
    async def advance(day: date) -> None:
        if bar is not None:
            bar.update(1)

    return advance
