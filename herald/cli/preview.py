"""``herald preview``: each variant as its channel will show it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from herald.cli.arguments import Span, span_of
from herald.cli.context import Invocation
from herald.cli.output import a_console, as_json_option, print_json, run_async, tell_broken

if TYPE_CHECKING:
    from herald.model.plan import Plan
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
    help="Write a page to look at in a browser.",
)
@as_json_option
@click.pass_obj
def preview(
    invocation: Invocation,
    campaign: str,
    first: str,
    last: str,
    page: Path | None,
    as_json: bool,
) -> None:
    """Show each post as its channel will show it, with its length against the limit.

    \b
    herald preview ecomuseum-stories
    herald preview --html preview.html
    """
    compared = run_async(_compare(invocation, span_of(first, last)))
    tell_broken(compared.broken)
    shown = _only(_as_it_waits(compared), campaign)
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
        from herald.reporting.preview import render_preview_html

        title = campaign or "What will go out"
        content = render_preview_html(shown, title=title, moment=shown.made_at)
        try:
            page.write_text(content, encoding="utf-8")
        except OSError as error:
            raise click.FileError(str(page), error.strerror) from error
        click.echo(f"{page}: {len(shown.deliveries)} posts")
    else:
        _print(shown)
    if compared.broken:
        raise SystemExit(1)


async def _compare(invocation: Invocation, span: Span) -> Compared:
    async with invocation.open_to_look() as app:
        return await app.compare(first=span[0], last=span[1])


def _as_it_waits(compared: Compared) -> Plan:
    """Return the plan without the wish for a yes that somebody has given already."""
    free = {step.key for step in compared.difference.steps if step.state != "held"}
    plan = compared.plan
    return dataclasses.replace(
        plan,
        deliveries=tuple(
            dataclasses.replace(one, needs_approval=False) if one.key in free else one
            for one in plan.deliveries
        ),
    )


def _only(plan: Plan, campaign: str) -> Plan:
    if not campaign:
        return plan
    return dataclasses.replace(
        plan,
        deliveries=tuple(d for d in plan.deliveries if d.campaign == campaign),
        skipped=tuple(s for s in plan.skipped if s.campaign == campaign),
        issues=tuple(i for i in plan.issues if i.campaign == campaign),
    )


def _print(plan: Plan) -> None:
    from herald.reporting.preview import render_preview_text

    console = a_console()
    console.print(
        render_preview_text(plan, width=min(console.width, 100)), markup=False, highlight=False
    )
