"""Shows what discovery found, and what comes next, to people and to programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from herald.cli.output import called_as
from herald.reporting.posttext import plain

if TYPE_CHECKING:
    from herald.model.campaign import Campaign
    from herald.model.feed import ParsedEntry
    from herald.sources.config.yaml_words import NewPartner
    from herald.sources.feeds.discovery.candidates import Candidate
    from herald.sources.feeds.discovery.discover import Discovery

_MOST_HINTS = 3
_LONGEST = 100
"""Characters of a title: some hold a whole article."""
_FORMATS = {"ical": "calendar", "rss": "RSS", "atom": "Atom", "json": "JSON Feed", "rdf": "RSS"}


def show_found(found: Discovery, *, now: datetime, chosen: Iterable[str]) -> None:
    """Print every candidate with three sample entries; a star marks what is chosen."""
    marked = set(chosen)
    title = f" — {_short(found.title)}" if found.title else ""
    click.secho(f"{found.site}{title}", bold=True)
    for note in found.notes:
        click.echo(f"  note: {note}")
    for number, one in enumerate(found.candidates, start=1):
        _show_candidate(one, number=number, is_chosen=one.url in marked, now=now)


def _show_candidate(one: Candidate, *, number: int, is_chosen: bool, now: datetime) -> None:
    from herald.sources.feeds.discovery.candidates import sample_of

    feed = one.feed
    count = "1 entry" if len(feed.entries) == 1 else f"{len(feed.entries)} entries"
    told = (kind_of(one), _short(feed.title), feed.language or "no language", count, one.why)
    click.secho(f"\n{'*' if is_chosen else ' '} {number}. {one.url}", bold=is_chosen)
    click.echo(f"     {' · '.join(part for part in told if part)}")
    if one.same_as:
        click.echo(f"     the same news as {one.same_as}, which suits better")
        return
    for entry in sample_of(feed, now=now):
        click.echo(f"       - {_line(entry)}")
    for problem in feed.problems[:_MOST_HINTS]:
        click.echo(f"     ! {plain(problem.message)}")
    if len(feed.problems) > _MOST_HINTS:
        more = len(feed.problems) - _MOST_HINTS
        click.echo(f"     ! … and {more} more: {called_as()} feeds check {one.url}")


def kind_of(one: Candidate) -> str:
    """Return what a person calls a format."""
    form = one.feed.format
    return next((name for start, name in _FORMATS.items() if form.startswith(start)), form)


def _line(entry: ParsedEntry) -> str:
    from zoneinfo import ZoneInfo

    title = _short(entry.title) or "(no title)"
    if entry.event is not None:
        begins = entry.event.begins_at.astimezone(ZoneInfo(entry.event.zone or "UTC"))
        place = f", {_short(entry.event.place)}" if entry.event.place else ""
        day = f"{begins:%Y-%m-%d}" if entry.event.all_day else f"{begins:%Y-%m-%d %H:%M}"
        return f"{day}  {title}{place}"
    moment = entry.published_at or entry.updated_at
    return f"{moment:%Y-%m-%d}  {title}" if moment else title


def _short(text: str) -> str:
    text = plain(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def show_next(
    partner: str, tags: Sequence[str], campaigns: Iterable[Campaign] | None, *, folder: str
) -> None:
    """Say what comes after writing; whether a campaign passes this partner on, too."""
    from herald.sources.config.guess import TRUSTED

    herald = called_as() + folder
    click.echo(
        f"\nNext:\n"
        f"  {herald} check                 is everything right?\n"
        f"  {herald} feeds poll {partner}\n"
        f"      remembers what is there now; nothing of it is posted"
    )
    rules = [(campaign, rule) for campaign in campaigns or () for rule in campaign.amplify]
    names = {partner, "*", *(f"tag:{tag}" for tag in tags)}
    passing = sorted({str(c.id) for c, rule in rules if names & set(rule.partners)})
    is_used = any(f"tag:{TRUSTED}" in rule.partners for _, rule in rules)
    is_idle = TRUSTED in tags and not is_used
    if passing:
        click.echo(f"Passed on by: {', '.join(passing)}.")
    elif campaigns is None:
        click.echo(f"{herald} check finds errors in your files: mend them first.")
    else:
        rule = f' In a file of campaigns/ write\n  amplify:\n    - from: ["{partner}"]'
        click.echo(f"No campaign passes this partner on yet.{'' if is_idle else rule}")
    if is_idle:
        click.echo(
            f'The tag "{TRUSTED}" does nothing by itself: a rule in campaigns/ has to name it:\n'
            f'  amplify:\n    - {{from: ["tag:{TRUSTED}"], approve: auto}}'
        )


def document_of(
    found: Discovery,
    *,
    now: datetime,
    chosen: Sequence[str],
    partner: NewPartner | None,
    written: str | None,
    problems: Sequence[str],
) -> dict[str, Any]:
    """Return the JSON document of ``herald partner add --json``."""
    return {
        "site": found.site,
        "candidates": [_candidate(one, now=now) for one in found.candidates],
        "chosen": list(chosen),
        "partner": None if partner is None else _partner(partner),
        "written": written,
        "problems": [
            *({"severity": "error", "message": message} for message in problems),
            *({"severity": "warning", "message": message} for message in found.notes),
        ],
    }


def _candidate(one: Candidate, *, now: datetime) -> dict[str, Any]:
    from dataclasses import replace

    from herald.sources.feeds.advice.describe import describe_feed
    from herald.sources.feeds.discovery.candidates import sample_of

    told = describe_feed(one.url, replace(one.feed, entries=sample_of(one.feed, now=now)))
    return {
        "url": one.url,
        "found": one.why,
        "format": told["format"],
        "title": told["title"],
        "language": told["language"],
        "entries": len(one.feed.entries),
        "sample": told["entries"],
        "same_as": one.same_as or None,
        "problems": told["problems"],
    }


def _partner(partner: NewPartner) -> dict[str, Any]:
    from herald.sources.config.yaml_words import partner_data

    told = partner_data(partner)
    return {"id": partner.id, **(told if isinstance(told, dict) else {})}
