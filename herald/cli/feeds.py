"""``herald feeds``: how partners' feeds fare, what Herald understands of one, and asking now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.groups import Group
from herald.cli.output import a_console, as_json_option, print_json, run_async

if TYPE_CHECKING:
    from herald.model.feed import EntryEvent, FeedProblem, ParsedEntry, ParsedFeed
    from herald.model.polling import FeedHealth, Polled

_NEEDS_A_PERSON = 5
"""Failures in a row after which a feed does not mend itself: about four hours."""
_SHOWN = 10
"""Entries of a checked feed that are shown; ``--json`` has them all."""


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
    """Show every partner's feed: last success, next check, entries a week, trouble since when.

    Exit status 1 if a feed needs a person.

    \b
    herald feeds list
    """
    health = run_async(_health(invocation))
    if as_json:
        from herald.sources.feeds.describe import describe_health

        print_json(describe_health(health))
    else:
        _show_health(health)
    if any(one.feed.gone or one.feed.errors >= _NEEDS_A_PERSON for one in health):
        raise SystemExit(1)


@feeds.command("check")
@click.argument("source")
@click.option(
    "--allow-private", is_flag=True, help="Let the feed come from this computer or network."
)
@as_json_option
@click.pass_obj
def check_feed(invocation: Invocation, source: str, allow_private: bool, as_json: bool) -> None:
    """Show what Herald understands of a feed, and what its web master could improve.

    SOURCE is a web address or a file: RSS, Atom, JSON Feed or iCalendar. Needs no project folder.
    Exit status 1 if it cannot be read.

    \b
    herald feeds check https://example.org/feed/
    herald feeds check events.ics --json
    """
    feed = run_async(_look(invocation, source, allow_private=allow_private))
    if as_json:
        from herald.sources.feeds.describe import describe_feed

        print_json(describe_feed(source, feed))
    else:
        _show_feed(source, feed)
    if any(problem.severity == "error" for problem in feed.problems):
        raise SystemExit(1)


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
        from herald.sources.feeds.describe import describe_polled

        print_json(describe_polled(polled))
    else:
        _show_polled(polled)
    if any(one.trouble for one in polled):
        raise SystemExit(1)


async def _health(invocation: Invocation) -> tuple[FeedHealth, ...]:
    from herald.sources.feeds.wanted import wanted_feeds

    async with invocation.open_to_look() as app:
        partners = (await app.load()).configuration.partners
        now = app.clock.now()
        await app.feeds.sync_feeds(wanted_feeds(partners.values()), now=now)
        return await app.feeds.health(now=now)


async def _look(invocation: Invocation, source: str, *, allow_private: bool) -> ParsedFeed:
    from herald.settings import read_settings
    from herald.sources.feeds.look import look_at

    settings, _ = read_settings(invocation.folder)
    return await look_at(
        source,
        clock=invocation.clock(),
        contact=settings.contact if settings else "",
        allow_private=allow_private or (settings is not None and settings.feeds.allow_private),
    )


async def _poll(invocation: Invocation, partner: str | None) -> tuple[Polled, ...]:
    from herald.sources.feeds.wanted import wanted_feeds

    async with invocation.open_to_change() as app:
        loaded = await app.load()
        partners = loaded.configuration.partners
        if partner is not None and partner not in partners:
            known = ", ".join(sorted(partners)) or "none"
            raise click.UsageError(
                f"there is no partner {partner!r} in config/partners.yaml (there are: {known})"
            )
        wanted = wanted_feeds(partners.values())
        asked = [one.id for one in wanted if partner is None or partner in one.partners]
        poller = await app.open_poller(loaded)
        return await poller.poll(asked)


def _show_health(health: Iterable[FeedHealth]) -> None:
    from rich.table import Table
    from rich.text import Text

    rows = tuple(health)
    if not rows:
        click.echo("No partner has a feed yet: add one under feeds: in config/partners.yaml.")
        return
    table = Table(box=None)
    for heading in ("Partner", "Feed", "Last success", "Next check", "A week", "How it is"):
        table.add_column(heading, overflow="fold")  # a cut address cannot be copied
    for one in rows:
        feed = one.feed
        table.add_row(
            Text(", ".join(feed.wanted.partners)),
            Text(feed.wanted.url),
            _spelled(feed.last_success_at, "never"),
            "no more" if feed.gone else _spelled(feed.next_check_at, "now"),
            f"{one.a_week:.1f}",
            Text(_how_it_is(one)),
        )
    a_console().print(table)


def _how_it_is(one: FeedHealth) -> str:
    feed = one.feed
    if feed.trouble:
        return f"{feed.trouble}, since {_spelled(feed.trouble_since, 'now')}"
    if feed.last_success_at is None:
        return "not asked yet"
    if feed.problems:
        hints = "1 hint" if len(feed.problems) == 1 else f"{len(feed.problems)} hints"
        return f"well; {hints}: herald feeds check {feed.wanted.url}"
    return "well"


def _show_feed(source: str, feed: ParsedFeed) -> None:
    click.secho(feed.title or source, bold=True)
    if feed.format:
        told = (feed.format, feed.language or "no language", feed.link or "no link to its site")
        click.echo(f"{_entries(len(feed.entries))} · {' · '.join(told)}")
    newest = feed.entries[-_SHOWN:] if feed.format != "ical" else feed.entries[:_SHOWN]
    for entry in newest:
        _show_entry(entry)
    if len(feed.entries) > len(newest):
        click.echo(f"\n… and {len(feed.entries) - len(newest)} more (--json shows all)")
    _show_problems(feed.problems)


def _show_entry(entry: ParsedEntry) -> None:
    click.echo()
    click.echo(f"  {entry.title or '(no title)'}")
    event = entry.event
    if event is not None:
        begins = _event_begins(event)
        status = "" if event.status == "confirmed" else f" ({event.status})"
        click.echo(f"    event    {begins}{f', {event.place}' if event.place else ''}{status}")
    pairs = (
        ("date", _spelled(entry.published_at, "")),
        ("link", entry.link),
        ("language", entry.language or ""),
        ("text", entry.summary[:120] + ("…" if len(entry.summary) > 120 else "")),
        ("picture", _picture(entry)),
    )
    for name, value in pairs:
        if value:
            click.echo(f"    {name:8} {value}")


def _event_begins(event: EntryEvent) -> str:
    from zoneinfo import ZoneInfo

    local = event.begins_at.astimezone(ZoneInfo(event.zone or "UTC"))
    if event.all_day:
        return f"{local:%Y-%m-%d}, all day"
    return f"{local:%Y-%m-%d %H:%M} {event.zone or 'UTC'}"


def _picture(entry: ParsedEntry) -> str:
    if entry.image is None:
        return ""
    return entry.image.alt or f"{entry.image.url} (no description)"


def _show_problems(problems: Iterable[FeedProblem]) -> None:
    found = tuple(problems)
    if not found:
        click.echo("\nNothing to improve.")
        return
    click.echo("\nWhat to improve:")
    for problem in found:
        click.secho(f"  • {problem.message}", fg="red" if problem.severity == "error" else None)


def _show_polled(polled: Iterable[Polled]) -> None:
    rows = tuple(polled)
    if not rows:
        click.echo("There was no feed to ask.")
    for one in rows:
        click.echo(f"{', '.join(one.partners)}  {one.url}\n    {_came_of(one)}")


def _came_of(one: Polled) -> str:
    if one.trouble:
        return f"{one.trouble}; asked again {_spelled(one.next_check_at, '')}"
    if one.unchanged:
        return "nothing has changed"
    if one.seeded:
        were = "it was" if one.seeded == 1 else "they were"
        return f"{_entries(one.seeded)} remembered, none will be posted: {were} there before"
    return f"{one.new} new, {one.edited} changed"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _spelled(moment: datetime | None, otherwise: str) -> str:
    return otherwise if moment is None else moment.strftime("%Y-%m-%d %H:%M UTC")
