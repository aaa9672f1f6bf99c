"""``herald feeds``: how partners' feeds fare, what Herald understands of one, and asking now."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.groups import Group
from herald.cli.output import as_json_option, print_json, run_async

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herald.model.advice import Looked
    from herald.model.configuration import Partner
    from herald.model.ids import FeedId, Language, PartnerId
    from herald.model.polling import FeedHealth, Polled
    from herald.model.websub import HubHealth
    from herald.reporting.feedletter import Letter
    from herald.sources.feeds.poll import Poller

_STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fare:
    """How the feeds fare, and what is needed to tell it."""

    feeds: tuple[FeedHealth, ...]
    now: datetime
    zone: str
    paused: frozenset[str]
    hubs: Mapping[FeedId, HubHealth]
    partners: Mapping[PartnerId, Partner]
    contact: str


@click.group(cls=Group)
def feeds() -> None:
    """See and ask partners' feeds.

    \b
    herald feeds list
    herald feeds check https://example.org/feed/
    """


@feeds.command("list")
@as_json_option
@click.pass_obj
def list_feeds(invocation: Invocation, as_json: bool) -> None:
    """Show every partner's feed: last success, next poll, entries a week, trouble since when.

    Exit status 1 if a feed needs a person: five failures in a row, a week of trouble,
    or gone for good.

    \b
    herald feeds list
    """
    from herald.reporting.health import is_for_a_person

    fare = run_async(_fare(invocation))
    if as_json:
        from herald.sources.feeds.advice.describe import describe_health

        print_json(describe_health(fare.feeds, paused=fare.paused, hubs=fare.hubs))
    else:
        from herald.cli.feedview import show_health

        show_health(fare.feeds, now=fare.now, zone=fare.zone, paused=fare.paused, hubs=fare.hubs)
    if any(is_for_a_person(one, now=fare.now) for one in fare.feeds):
        raise SystemExit(1)


@feeds.command("check")
@click.argument("source")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Write a page to send to the partner; - prints it.",
)
@click.option(
    "--pubdate",
    type=click.Choice(["auto", "published", "event_start"]),
    default="auto",
    help="What the feed's dates mean (default: auto).",
)
@click.option("--all", "everything", is_flag=True, help="Show all entries, not only ten.")
@click.option(
    "--allow-private", is_flag=True, help="Let the feed come from this computer or network."
)
@as_json_option
@click.pass_obj
def check_feed(
    invocation: Invocation,
    source: str,
    page: Path | None,
    pubdate: str,
    everything: bool,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Show what Herald understands of a feed, and what its web master could improve.

    SOURCE is a web address or a file, - is standard input: RSS, Atom, JSON Feed or iCalendar.
    Needs no project folder. Exit status 1 if it cannot be read.

    \b
    herald feeds check https://example.org/feed/
    herald feeds check https://example.org/feed/ --html page.html
    herald feeds check events.ics --json
    """
    if as_json and page is not None:
        raise click.UsageError("choose one of --json and --html")
    looked, zone = run_async(
        _look(invocation, source, allow_private=allow_private, pubdate=pubdate)
    )
    if as_json:
        from herald.sources.feeds.advice.describe import describe_feed

        print_json(describe_feed(source, looked.feed))
    elif page is not None:
        _write_page(page, looked, zone=zone, everything=everything)
    else:
        from herald.cli.feedview import show_looked

        show_looked(looked, zone=zone, everything=everything)
    if looked.has_failed:
        raise SystemExit(1)


@feeds.command("letter")
@click.argument("which", metavar="URL|PARTNER")
@click.option("--language", default="", metavar="TAG", help="Default: the partner's first.")
@as_json_option
@click.pass_obj
def write_letter(invocation: Invocation, which: str, language: str, as_json: bool) -> None:
    """Propose a friendly mail to a partner: its feed is in trouble, or could be made better.

    Read it, change it, send it yourself: Herald sends nothing. Without trouble it holds the three
    most useful hints, for which the feed is looked at now.

    \b
    herald feeds letter ecomuseo-argenta
    herald feeds letter https://example.org/feed/ --language it
    """
    letters = run_async(_letters(invocation, which, language))
    if as_json:
        print_json({"letters": [{"url": url, **one.document()} for url, one in letters]})
        return
    for url, letter in letters:
        if len(letters) > 1:
            click.secho(f"For {url}\n", bold=True)
        click.echo(f"{letter.subject}\n\n{letter.body}\n")


@feeds.command("poll")
@click.argument("partner", required=False)
@as_json_option
@click.pass_obj
def poll_feeds(invocation: Invocation, partner: str | None, as_json: bool) -> None:
    """Ask the feeds of PARTNER, or of all partners, now, whether they are due or not.

    What is new is remembered; the next `herald plan` or `herald run` passes it on. Exit status 1
    if a feed could not be read.

    \b
    herald feeds poll
    herald feeds poll ecomuseo-argenta
    """
    polled = run_async(_poll(invocation, partner))
    if as_json:
        from herald.sources.feeds.advice.describe import describe_polled

        print_json(describe_polled(polled))
    else:
        from herald.cli.feedview import show_polled

        show_polled(polled, now=invocation.moment())
    if any(one.trouble for one in polled):
        raise SystemExit(1)


async def _fare(invocation: Invocation) -> _Fare:
    from herald.sources.feeds.wanted import wanted_feeds

    async with invocation.open_to_look() as app:
        configuration = (await app.load()).configuration
        partners = configuration.partners
        now = app.clock.now()
        await app.feeds.sync_feeds(wanted_feeds(partners.values()), now=now)
        stops = await app.store.stops()
        return _Fare(
            feeds=await app.feeds.health(now=now),
            now=now,
            zone=configuration.zone,
            paused=frozenset(
                {partner.id for partner in partners.values() if partner.paused}
                | {stop.name for stop in stops if stop.scope == "partner"}
            ),
            hubs=await app.polling.hubs.fare(),
            partners=partners,
            contact=app.settings.contact,
        )


async def _look(
    invocation: Invocation, source: str, *, allow_private: bool, pubdate: str
) -> tuple[Looked, str]:
    from herald.settings import read_settings
    from herald.sources.feeds.advice.look import look_at

    settings, _ = read_settings(invocation.folder)
    zone = settings.timezone if settings else "UTC"
    looked = await look_at(
        source,
        clock=invocation.clock(),
        contact=settings.contact if settings else "",
        allow_private=allow_private or (settings is not None and settings.feeds.allow_private),
        pubdate=pubdate,
        zone=zone,
    )
    return looked, zone


def _write_page(page: Path, looked: Looked, *, zone: str, everything: bool) -> None:
    from herald.reporting.feedpage import render_feed_html

    content = render_feed_html(looked, zone=zone, everything=everything)
    if str(page) == _STANDARD_OUTPUT:
        click.echo(content)
        return
    try:
        page.write_text(content, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(page), error.strerror) from error
    click.echo(f"{page}: open it in a browser, or send it to the partner")


async def _letters(
    invocation: Invocation, which: str, language: str
) -> tuple[tuple[str, Letter], ...]:
    fare = await _fare(invocation)
    asked = [
        one
        for one in fare.feeds
        if which in (one.feed.wanted.url, one.feed.address, *one.feed.wanted.partners)
    ]
    if not asked:
        names = (*fare.partners, *(one.feed.wanted.url for one in fare.feeds))
        raise click.UsageError(f"no feed of a partner is called {which!r}{_nearest(which, names)}")
    ill = [one for one in asked if one.feed.trouble]
    return tuple(
        [
            (one.feed.wanted.url, await _letter(invocation, fare, one, language))
            for one in ill or asked
        ]
    )


async def _letter(invocation: Invocation, fare: _Fare, one: FeedHealth, language: str) -> Letter:
    from herald.reporting.feedletter import letter_of_hints, letter_of_trouble
    from herald.sources.feeds.advice.remedies import remedy_for

    tongue = _tongue(fare.partners, one, language)
    if one.feed.trouble:
        return letter_of_trouble(
            one.feed,
            language=tongue,
            zone=fare.zone,
            remedy=remedy_for(one.feed.trouble),
            contact=fare.contact,
        )
    looked, _ = await _look(invocation, one.feed.address, allow_private=False, pubdate="auto")
    if not looked.advice:
        raise click.ClickException(f"{one.feed.address}: there is nothing to improve")
    return letter_of_hints(one.feed.address, looked.advice, language=tongue, contact=fare.contact)


def _tongue(
    partners: Mapping[PartnerId, Partner], one: FeedHealth, language: str
) -> Language | None:
    from herald.data.feed_letters import letter_language, letter_languages
    from herald.model.ids import Language

    if language:
        base, _, _ = language.partition("-")
        if letter_language(Language(language)) != base.casefold():
            known = ", ".join(letter_languages())
            raise click.UsageError(f"there is no letter in {language!r} (there are: {known})")
        return Language(language)
    spoken = partners[one.feed.wanted.partners[0]].languages
    return spoken[0] if spoken else None


async def _poll(invocation: Invocation, partner: str | None) -> tuple[Polled, ...]:
    from herald.sources.feeds.wanted import wanted_feeds

    async with invocation.open_to_change() as app:
        loaded = await app.load()
        partners = loaded.configuration.partners
        if partner is not None and partner not in partners:
            known = ", ".join(sorted(partners)) or "none"
            raise click.UsageError(
                f"there is no partner {partner!r} in config/partners.yaml (there are: {known})"
                f"{_nearest(partner, tuple(partners))}"
            )
        wanted = wanted_feeds(partners.values())
        asked = [one.id for one in wanted if partner is None or partner in one.partners]
        poller = await app.polling.open_poller(loaded.configuration)
        if sys.stderr.isatty() and len(asked) > 1:
            return await _poll_with_progress(poller, asked)
        return await poller.poll(asked)


async def _poll_with_progress(poller: Poller, asked: Sequence[FeedId]) -> tuple[Polled, ...]:
    """Ask each feed in a task of its own, so that a terminal can count them as they come."""
    tasks = [asyncio.create_task(poller.poll([one])) for one in asked]
    try:
        with click.progressbar(length=len(tasks), label="Asking feeds", file=sys.stderr) as bar:
            for done in asyncio.as_completed(tasks):
                await done
                bar.update(1)
    finally:
        for task in tasks:
            task.cancel()
    return tuple(one for task in tasks for one in task.result())


def _nearest(written: str, known: Sequence[str]) -> str:
    near = get_close_matches(written, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
