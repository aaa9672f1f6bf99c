"""``herald plan``: what will go out, and how that differs from what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from herald.cli.arguments import Span, span_of
from herald.cli.context import Invocation
from herald.cli.output import a_console, as_json_option, print_json, run_async, tell_broken
from herald.cli.plan_ahead import TROUBLES, Ahead, patience_of, simulate

if TYPE_CHECKING:
    from herald.results import Compared


@click.command()
@click.option("--from", "first", metavar="DAY", default="", help="First day (default: today).")
@click.option("--until", "last", metavar="DAY", default="", help="Last day (default: 60 days on).")
@click.option("--campaign", default="", metavar="NAME", help="Show only this campaign.")
@click.option("--all", "everything", is_flag=True, help="Also show what is unchanged or sent.")
@click.option(
    "--confirm", default="", metavar="HASH", help="Agree to withdraw as much as this plan says."
)
@click.option("--simulate", is_flag=True, help="Live through the year ahead, and tell it.")
@click.option("--seed", type=int, default=1, metavar="N", help="With --simulate: another chance.")
@click.option(
    "--trouble",
    type=click.Choice(TROUBLES),
    default="usual",
    help="With --simulate: how often networks fail (default: usual).",
)
@click.option(
    "--approve-after",
    default="2",
    metavar="DAYS",
    help="With --simulate: when somebody approves what waits, or never (default: 2).",
)
@as_json_option
@click.pass_context
def plan(context: click.Context, /, as_json: bool, **options: Any) -> None:
    """Show what will go out, as a difference to what is waiting. Sends and changes nothing.

    Exit status 1 if a file is broken, or more would be withdrawn than a slip should do.

    With --simulate Herald lives through the time until --until, a year if that is not given, in
    seconds and on a copy: what would go out, which campaigns run dry, what would be late or never
    go out, what waits for you. Exit status 1 then also if something would not go out, if texts run
    out, or if an issue of a newsletter waits.

    \b
    herald plan
    herald plan --from 2027-05-01 --until 2027-05-31
    herald plan --confirm 3fa9c2d1b07e
    herald plan --simulate
    herald plan --simulate --trouble bad --approve-after never
    """
    invocation: Invocation = context.obj
    if options["simulate"]:
        _refuse(context, ("first", "campaign", "everything", "confirm"), "does not go with")
        ahead = Ahead(
            until=span_of("", options["last"])[1],
            seed=options["seed"],
            trouble=options["trouble"],
            approve_after=patience_of(options["approve_after"]),
        )
        simulate(invocation, ahead, as_json=as_json)
        return
    _refuse(context, ("seed", "trouble", "approve_after"), "goes only with")
    _plan(
        invocation,
        span_of(options["first"], options["last"]),
        campaign=options["campaign"],
        everything=options["everything"],
        confirm=options["confirm"],
        as_json=as_json,
    )


def _refuse(context: click.Context, names: tuple[str, ...], why: str) -> None:
    """Raise UsageError where one of these options was given."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name in names and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} {why} --simulate.")


def _plan(
    invocation: Invocation,
    span: Span,
    *,
    campaign: str,
    everything: bool,
    confirm: str,
    as_json: bool,
) -> None:
    compared = run_async(_compare(invocation, span, confirm=confirm))
    document = compared.document()
    if campaign:
        from herald.reporting.documents import of_campaign

        _refuse_unknown(campaign, compared)
        document = of_campaign(document, campaign)
    tell_broken(compared.broken)
    if as_json:
        print_json(document)
    else:
        _print(compared, document, everything=everything)
    if confirm and compared.difference.refused:
        click.echo(
            f"{confirm} is not the hash of this plan: its withdrawals stay held. Look at it again.",
            err=True,
        )
    if compared.broken or compared.difference.refused:
        raise SystemExit(1)


async def _compare(invocation: Invocation, span: Span, *, confirm: str) -> Compared:
    if confirm:
        async with invocation.open_to_change() as app:
            return await app.replan(confirmed=confirm)
    async with invocation.open_to_look() as app:
        return await app.compare(first=span[0], last=span[1])


def _refuse_unknown(campaign: str, compared: Compared) -> None:
    known = {*compared.campaigns, *(row.campaign for row in compared.waiting)}
    if campaign not in known:
        told = ", ".join(sorted(compared.campaigns)) or "none"
        raise click.ClickException(f"There is no campaign {campaign!r} (there are: {told}).")


def _print(compared: Compared, document: dict[str, Any], *, everything: bool) -> None:
    from herald.reporting.planview import plan_view

    console = a_console()
    console.print(plan_view(document, everything=everything))
    if compared.difference.refused:
        console.print(
            f"\n{compared.difference.withdrawals} deliveries would be withdrawn, more than a slip"
            " should do: they are held. If you mean it:"
            f"\n  herald plan --confirm {compared.difference.hash}",
            style="bold red",
        )
