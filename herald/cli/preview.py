"""``herald preview``: each variant as its channel will show it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from herald.cli.arguments import Span, span_of
from herald.cli.context import Invocation
from herald.cli.output import a_console, as_json_option, print_json, run_async, tell_broken

if TYPE_CHECKING:
    from herald.model.plan import Plan
    from herald.reporting.previewvalues import Sight
    from herald.results import Compared


@click.command()
@click.argument("campaign", default="")
@click.option("--from", "first", metavar="DAY", default="", help="First day (default: today).")
@click.option("--until", "last", metavar="DAY", default="", help="Last day (default: 60 days on).")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page to look at in a browser, pictures included.",
)
@click.option(
    "--cards",
    "reads_pages",
    is_flag=True,
    help="Read the linked pages now, where Herald makes the link's card.",
)
@as_json_option
@click.pass_obj
def preview(
    invocation: Invocation,
    campaign: str,
    first: str,
    last: str,
    page: Path | None,
    reads_pages: bool,
    as_json: bool,
) -> None:
    """Show each post as its channel will show it, with its length against the limit.

    \b
    herald preview ecomuseum-stories
    herald preview --html preview.html
    herald preview --html preview.html --cards
    """
    wanted = _Wanted(campaign=campaign, pictures=page is not None, reads_pages=reads_pages)
    compared, shown, sight = run_async(_look(invocation, span_of(first, last), wanted))
    tell_broken(compared.broken)
    if campaign and not shown.deliveries and not shown.skipped:
        known = ", ".join(sorted({d.campaign for d in compared.plan.deliveries})) or "none"
        raise click.ClickException(
            f"Nothing of a campaign {campaign!r} is planned in this span (planned: {known})."
        )
    if as_json:
        from herald.reporting.documents import of_campaign, preview_document

        document = compared.document()
        print_json(preview_document(of_campaign(document, campaign) if campaign else document))
    elif page:
        _write(page, shown, sight, title=campaign or "What will go out")
    else:
        _print(shown, sight)
    if compared.broken:
        raise SystemExit(1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What a person asked to see."""

    campaign: str
    pictures: bool
    reads_pages: bool


async def _look(
    invocation: Invocation, span: Span, wanted: _Wanted
) -> tuple[Compared, Plan, Sight]:
    from herald.showing import Showing
    from herald.store.cards import StoredCards

    if wanted.reads_pages and sys.stderr.isatty():
        click.echo("Reading the linked pages …", err=True)
    async with invocation.open_to_look() as app:
        compared = await app.compare(first=span[0], last=span[1])
        configuration = (await app.load()).configuration
        cards = app.cards if wanted.reads_pages else StoredCards(app.database)
        showing = Showing(folder=app.folder, media=app.media, cards=cards)
        ours = dataclasses.replace(compared, plan=_only(compared.plan, wanted.campaign))
        limits = await app.capabilities(configuration)
        sight = _changes_only(await showing.sight(ours, configuration, limits), wanted.campaign)
        if wanted.pictures:
            sight = await showing.with_pictures(ours.plan, sight)
        return compared, ours.plan, sight


def _only(plan: Plan, campaign: str) -> Plan:
    if not campaign:
        return plan
    return dataclasses.replace(
        plan,
        deliveries=tuple(d for d in plan.deliveries if d.campaign == campaign),
        skipped=tuple(s for s in plan.skipped if s.campaign == campaign),
        issues=tuple(i for i in plan.issues if i.campaign == campaign),
    )


def _changes_only(sight: Sight, campaign: str) -> Sight:
    if not campaign:
        return sight
    ours = tuple(row for row in sight.changes if row.campaign == campaign)
    return dataclasses.replace(sight, changes=ours)


def _write(page: Path, plan: Plan, sight: Sight, *, title: str) -> None:
    from herald.reporting.preview import render_preview_html
    from herald.reporting.previewposts import posts_of

    content = render_preview_html(plan, title=title, moment=plan.made_at, sight=sight)
    try:
        page.write_text(content, encoding="utf-8")
    except OSError as error:
        raise click.FileError(str(page), error.strerror) from error
    said = f"{page}: {len(posts_of(plan.deliveries, sight))} posts"
    if sight.left_out:
        said += f", {sight.left_out} pictures left out to keep the page small"
    click.echo(said)


def _print(plan: Plan, sight: Sight) -> None:
    from herald.reporting.preview import render_preview_text

    console = a_console()
    text = render_preview_text(plan, width=min(console.width, 100), sight=sight)
    console.print(text, markup=False, highlight=False)
