"""What ``herald feeds`` prints for people: a page about one feed, how all fare, what came new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from herald.reporting.feedwords import (
    WEIGHTS,
    ago,
    entry_view,
    sentence,
    shown_entries,
    those_left,
    what_it_is,
    when,
)
from herald.reporting.health import asks_for_a_letter, is_for_a_person, letter_command
from herald.reporting.posttext import plain

if TYPE_CHECKING:
    from herald.model.advice import Advice, Looked
    from herald.model.ids import FeedId
    from herald.model.polling import Feed, FeedHealth, Polled
    from herald.model.websub import HubHealth
    from herald.reporting.feedwords import EntryView

_WIDTH = 80
"""Columns; a mail program or a terminal shows them all."""
_NAMES = 11
"""Columns of the names of facts."""


def show_looked(looked: Looked, *, zone: str, everything: bool) -> None:
    """Print what a feed is, what was understood of it, and what its web master could improve."""
    feed = looked.feed
    click.secho(plain(feed.title) or plain(looked.source), bold=True)
    if feed.title:
        click.echo(plain(looked.source))
    _say(what_it_is(feed, now=looked.at))
    shown = shown_entries(feed, now=looked.at, everything=everything)
    if shown:
        _heading("What was understood")
    for entry in shown:
        _show_entry(entry_view(entry, feed_language=feed.language, zone=zone, now=looked.at))
    if left := those_left(feed, shown):
        _say(f"\n{left} (--all shows all)")
    faults = [one for one in looked.advice if one.is_fault]
    if faults:
        _heading("What could not be read")
        _show_advice(faults)
    _show_improvements([one for one in looked.advice if not one.is_fault], looked)


def show_health(
    feeds: Iterable[FeedHealth],
    *,
    now: datetime,
    zone: str,
    paused: Iterable[str],
    hubs: Mapping[FeedId, HubHealth],
) -> None:
    """Print how every feed fares, those in trouble first; *paused* are partners that rest.

    *hubs* are the subscriptions to feeds that tell Herald by themselves.
    """
    rows = tuple(feeds)
    if not rows:
        click.echo("No partner has a feed yet: add one under feeds: in config/partners.yaml.")
        return
    resting = frozenset(paused)
    ill = sorted(
        (one for one in rows if one.feed.trouble),
        key=lambda one: not is_for_a_person(one, now=now),
    )
    well = [one for one in rows if not one.feed.trouble]
    for heading, those in (("In trouble", ill), ("Well", well)):
        if those:
            _heading(f"{heading}: {_feeds(len(those))}")
        for one in those:
            click.echo(f"\n  {plain(one.feed.wanted.url)}")
            for line in _health_lines(one, now=now, zone=zone):
                _say(line, "    ")
            if (pushed := hubs.get(one.feed.id)) and pushed.active_until:
                _say("tells Herald by itself when something is new", "    ")
            if resting.issuperset(one.feed.wanted.partners):
                _say("the partner is paused: nothing of it is posted", "    ")


def show_polled(polled: Iterable[Polled], *, now: datetime) -> None:
    """Print what came of asking feeds, and the sums."""
    rows = tuple(polled)
    if not rows:
        click.echo("There was no feed to ask.")
        return
    for one in rows:
        click.echo(f"{', '.join(one.partners)}  {plain(one.url)}")
        _say(_came_of(one, now), "    ")
    if len(rows) > 1:
        click.echo(f"\n{_sums(rows)}")


def _heading(words: str) -> None:
    click.secho(f"\n{words}", bold=True)


def _say(text: str, indent: str = "", *, hanging: str = "") -> None:
    """Print a paragraph; addresses are never broken, so that they can be copied."""
    first, rest = len(text) - len(text.lstrip("\n")), text.lstrip("\n")
    lines = wrap(
        rest,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=hanging or indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo("\n" * first + "\n".join(lines))


def _show_entry(entry: EntryView) -> None:
    click.echo()
    _say(entry.title or "(no title)", "  ")
    for fact in entry.facts:
        _say(fact.value, f"    {fact.name:{_NAMES}}", hanging=" " * (_NAMES + 4))
    if entry.missing:
        _say(", ".join(entry.missing), f"    {'Missing':{_NAMES}}", hanging=" " * (_NAMES + 4))


def _show_improvements(advice: Sequence[Advice], looked: Looked) -> None:
    if not advice:
        if not looked.advice:
            click.echo("\nNothing to improve.")
        return
    _heading("What to improve")
    for weight, those in groupby(advice, key=lambda one: one.weight):
        click.echo(f"\n  {WEIGHTS[weight]}")
        _show_advice(those)


def _show_advice(advice: Iterable[Advice]) -> None:
    for one in advice:
        _say(sentence(one.message), "  • ", hanging="    ")
        if one.how:
            _say(one.how, "    How: ", hanging="      ")


def _health_lines(one: FeedHealth, *, now: datetime, zone: str) -> Iterable[str]:
    feed = one.feed
    if feed.trouble:
        yield f"{plain(feed.trouble)}{_since(feed, now, zone)}"
    if feed.last_success_at is None:
        yield f"{', '.join(feed.wanted.partners)} · never read so far · {_next(feed, now)}"
    else:
        yield (
            f"{', '.join(feed.wanted.partners)} · {one.a_week:.1f} entries a week"
            f" · last success {ago(feed.last_success_at, now)} · {_next(feed, now)}"
        )
    if feed.adopted:
        yield f"has moved, and is read at {plain(feed.adopted)}: write that into partners.yaml"
    if asks_for_a_letter(one, now=now):
        yield f"a mail to the partner: {letter_command(one)}"
    elif feed.problems and not feed.trouble:
        hints = "1 hint" if len(feed.problems) == 1 else f"{len(feed.problems)} hints"
        yield f"{hints} for its web master: herald feeds check {plain(feed.address)}"


def _since(feed: Feed, now: datetime, zone: str) -> str:
    since = feed.trouble_since
    return f", since {when(since, zone)} ({ago(since, now)})" if since else ""


def _next(feed: Feed, now: datetime) -> str:
    if feed.gone:
        return "asked no more"
    if feed.next_check_at <= now:
        return "next poll now"
    return f"next poll {ago(feed.next_check_at, now)}"


def _came_of(one: Polled, now: datetime) -> str:
    if one.gone:
        return f"{plain(one.trouble)}; Herald by itself asks no more"
    if one.trouble:
        return f"{plain(one.trouble)}; asked again {ago(one.next_check_at, now)}"
    if one.unchanged:
        return "nothing has changed"
    if one.seeded:
        were = "it was" if one.seeded == 1 else "they were"
        more = f"; {_changes(one)}" if one.new or one.edited else ""
        many = _entries(one.seeded)
        return f"{many} remembered, none will be posted: {were} there before{more}"
    return _changes(one)


def _changes(one: Polled) -> str:
    return f"{one.new} new, {one.edited} changed"


def _sums(rows: Sequence[Polled]) -> str:
    parts = [
        f"{_feeds(len(rows))} asked",
        f"{_entries(sum(one.new for one in rows))} new",
        f"{sum(one.edited for one in rows)} changed",
    ]
    remembered = sum(one.seeded for one in rows)
    ill = sum(bool(one.trouble) for one in rows)
    parts += [f"{remembered} remembered"] if remembered else []
    parts += [f"{ill} in trouble"] if ill else []
    return f"{', '.join(parts)}."


def _feeds(count: int) -> str:
    return "1 feed" if count == 1 else f"{count} feeds"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
