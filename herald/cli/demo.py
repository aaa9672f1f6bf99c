"""``herald demo``: the main job in a scratch folder, without accounts, on a fast clock."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from herald.cli.context import Invocation
from herald.cli.output import called_as, run_async

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from rich.console import Console

    from herald.app import App
    from herald.clock import SetClock
    from herald.delivery.happened import Happened
    from herald.results import Compared

STARTS = datetime(2027, 5, 3, 6, 0, tzinfo=UTC)
"""The fortnight of the worked example: a walk, a meeting, and International Museum Day ahead."""
LASTS = timedelta(days=14)
POLL_EVERY = timedelta(hours=6)
FOLDER = "herald-demo"
MADE_BY_DEMO = ".made-by-herald-demo"
_FEED_URL = re.compile(r"""(url:\s*["']?)https?://(?:127\.0\.0\.1:\d+/)?([^"'\s,}]+)""")


@dataclass(slots=True)
class Seen:
    """What went by."""

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By channel and language."""
    amplified: Counter[str] = field(default_factory=Counter)
    """By partner."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=FOLDER)
@click.pass_obj
def demo(invocation: Invocation, folder: Path) -> None:
    """Live through two weeks of an example network in a few seconds. Needs no account.

    Works on a copy of campaigns/ and config/ in FOLDER (default: herald-demo). Every network is
    replaced by a journal that only writes down what would be sent; partners' feeds come from a
    small web server on this computer. What you change in FOLDER/campaigns is kept.

    \b
    herald demo
    herald demo /tmp/try-herald
    """
    from rich.console import Console

    console = Console(highlight=False)
    here = invocation.folder / folder if not folder.is_absolute() else folder
    run_async(_demo(invocation, here, console))


async def _demo(invocation: Invocation, folder: Path, console: Console) -> None:
    from herald.app import open_app
    from herald.cli.demofeeds import partner_sites
    from herald.clock import SetClock

    clock = SetClock(invocation.now or STARTS)
    fresh = _prepare(invocation.folder, folder)
    seen = Seen()
    async with partner_sites(clock.now) as sites:
        _use_loopback(folder, sites)
        console.print(
            f"\n[bold]Two weeks of an example network[/bold], from {clock.now():%-d %B %Y} on."
            f"\n{'Written to' if fresh else 'Using the files in'} {folder}/\n"
        )
        watch = _watcher(console, seen)
        async with open_app(folder, clock, on_settled=watch, channels=True) as app:
            await _live(app, clock, clock.now() + LASTS)
            await app.replan()
            compared = await app.compare()
            await _sum_up(app, compared, seen, folder, console)


def _prepare(source: Path, folder: Path) -> bool:
    """Copy the example where it is not yet, and clear away what an earlier demo sent."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MADE_BY_DEMO).exists():
        raise click.ClickException(
            f"{folder} holds other files. Name another folder: herald demo try-herald"
        )
    shutil.rmtree(folder / "var", ignore_errors=True)
    if (folder / "campaigns").is_dir():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MADE_BY_DEMO).write_text("herald demo may clear var/ in this folder.\n")
    for name in ("campaigns", "config"):
        _copy(_example(source) / name, folder / name)
    return True


def _example(source: Path) -> Traversable:
    """Return the folder's own files where it has them, else the example of the package."""
    from importlib.resources import files

    if (source / "campaigns").is_dir() and (source / "config").is_dir():
        return source
    packaged = files("herald.data") / "example"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            _copy(entry, target / entry.name)
        elif not entry.name.startswith("."):
            (target / entry.name).write_bytes(entry.read_bytes())


def _use_loopback(folder: Path, sites: str) -> None:
    """Let nothing leave this computer: feeds from *sites*, every network a journal like it."""
    partners = folder / "config" / "partners.yaml"
    if partners.exists():
        text = partners.read_text(encoding="utf-8")
        partners.write_text(_FEED_URL.sub(rf"\g<1>{sites}/\g<2>", text), encoding="utf-8")
    channels = folder / "config" / "channels.yaml"
    text = channels.read_text(encoding="utf-8")
    if "network: mastodon" in text:
        text = re.sub(r"network: mastodon\b.*", "network: journal\n  like: mastodon", text)
        text = re.sub(r"\n\s*server:.*", "", text)
        channels.write_text(text, encoding="utf-8")
    settings = folder / "config" / "herald.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("allow_private: false", "allow_private: true"), "utf-8")


def _watcher(console: Console, seen: Seen) -> Callable[[Happened], None]:
    """Return what prints a line for each delivery that went out."""
    from herald.model.verdict import Done
    from herald.reporting.planview import first_line

    def watch(happened: Happened) -> None:
        if not isinstance(happened.verdict, Done):
            return
        delivery = happened.delivery
        seen.sent[delivery.channel, delivery.language] += 1
        if delivery.entry and delivery.partner:
            seen.amplified[delivery.partner] += 1
        local = happened.at.astimezone(ZoneInfo(delivery.zone))
        what = first_line((delivery.frozen or delivery.payload).text)
        console.print(
            f"{local:%a %e %b %H:%M}  [cyan]{delivery.channel:<9}[/cyan]"
            f"[green]{delivery.language}[/green]  {what}",
            overflow="ellipsis",
            no_wrap=True,
        )

    return watch


async def _live(app: App, clock: SetClock, end: datetime) -> None:
    """Move the clock from one thing that is due to the next until *end*."""
    from asyncio import Event

    await app.begin()
    await app.replan()
    while clock.now() < end:
        await app.poll_and_replan()
        await app.mailing.send_due(Event())
        until = min(clock.now() + POLL_EVERY, end)
        await app.worker.drain()
        while (due := await app.next_due(until)) is not None:
            clock.advance(due - clock.now())
            await app.worker.drain()
        clock.advance(max(until - clock.now(), timedelta(0)))


async def _preview(app: App, compared: Compared) -> str:
    from herald.reporting.preview import render_preview_html
    from herald.showing import Showing
    from herald.store.cards import StoredCards

    configuration = (await app.load()).configuration
    showing = Showing(folder=app.folder, media=app.media, cards=StoredCards(app.database))
    limits = await app.capabilities(configuration)
    sight = await showing.sight(compared, configuration, limits)
    sight = await showing.with_pictures(compared.plan, sight)
    plan = compared.plan
    return render_preview_html(plan, title="What comes next", moment=plan.made_at, sight=sight)


async def _sum_up(app: App, compared: Compared, seen: Seen, folder: Path, console: Console) -> None:
    from rich.table import Table

    page = folder / "preview.html"
    page.write_text(await _preview(app, compared), encoding="utf-8")
    app.write_timelines()
    languages = sorted({language for _, language in seen.sent})
    table = Table(title="What went out", title_justify="left", box=None, padding=(0, 2))
    table.add_column("channel")
    for language in languages:
        table.add_column(language, justify="right")
    for channel in sorted({channel for channel, _ in seen.sent}):
        counts = (str(seen.sent[channel, language] or "·") for language in languages)
        table.add_row(channel, *counts)
    console.print()
    console.print(table)
    if seen.amplified:
        passed_on = ", ".join(f"{name} {count}" for name, count in seen.amplified.most_common())
        console.print(f"\nPassed on from partners: {passed_on}")
    await _say_next(app, compared, folder, page, console)


async def _say_next(
    app: App, compared: Compared, folder: Path, page: Path, console: Console
) -> None:
    from herald.reporting.planview import REASONS

    waiting: list[dict[str, Any]] = [
        line
        for line in compared.document()["deliveries"]
        if line["change"] not in {"sent", "withdrawn"}
    ]
    held = Counter(REASONS.get(str(line["reason"]), "") for line in waiting if line["reason"])
    told = ", ".join(f"{count} {reason}" for reason, count in held.items())
    tasks = await app.condition.open_tasks()
    letters = [each for each in await app.mailing_store.issues() if each.reason == "approval"]
    console.print(
        f"\nNext 60 days   {len(waiting)} posts{f' ({told})' if told else ''}", soft_wrap=True
    )
    if tasks:
        console.print(
            f"For a person   {len(tasks)} posts to paste, prepared in {folder}/var/manual/"
        )
    now = compared.plan.made_at.strftime("%Y-%m-%dT%H:%MZ")
    herald = called_as()
    read = "".join(
        f"\n       {herald} -C {folder} newsletter preview {each.key}" for each in letters
    )
    console.print(
        f"\n[bold]Look[/bold]   {page}   (open it in a browser)"
        f"\n       {folder}/var/journal/   what went out, as a page and as JSON lines"
        f"{read}"
        f"\n[bold]Try[/bold]    change a text in {folder}/campaigns/, then"
        f"\n       {herald} -C {folder} --now {now} plan"
        f"\n       make a mistake there, then"
        f"\n       {herald} -C {folder} check"
        f"\n[bold]Begin[/bold]  {herald} init my-network\n",
        soft_wrap=True,
    )
