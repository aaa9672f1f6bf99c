"""``herald pause`` and ``herald resume``: stop and go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from herald.cli.context import Invocation
from herald.cli.output import run_async

if TYPE_CHECKING:
    from herald.app import App
    from herald.sources.load import Loaded


def _scoped(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--campaign", default="", metavar="NAME", help="This campaign."),
        click.option("--partner", default="", metavar="ID", help="What comes from this partner."),
        click.argument("channel", default=""),
    ):
        command = option(command)
    return command


def _scope(channel: str, partner: str, campaign: str) -> tuple[str, str]:
    named = [
        (scope, name)
        for scope, name in (("channel", channel), ("partner", partner), ("campaign", campaign))
        if name
    ]
    if len(named) > 1:
        raise click.UsageError("Name one thing: a channel, --partner or --campaign.")
    return named[0] if named else ("everything", "")


def _spelled(scope: str, name: str) -> tuple[str, ...]:
    """Return the words that name a scope on the command line."""
    if scope == "everything":
        return ()
    return (name,) if scope == "channel" else (f"--{scope}", name)


async def _known(scope: str, app: App, loaded: Loaded) -> list[str]:
    """Return the names that the files have for this scope, and of campaigns what waits of them.

    Where other machines plan, their campaign files are not at hand.
    """
    configuration = loaded.configuration
    match scope:
        case "channel":
            return sorted(configuration.channels)
        case "partner":
            return sorted(configuration.partners)
    planned = {campaign.id for campaign in loaded.campaigns}
    if not app.reads_campaigns:
        waiting = await app.store.list_deliveries(states=("pending", "held"))
        planned |= {row.campaign for row in waiting}
    return sorted(planned)


def _unknown(scope: str, name: str, known: Sequence[str]) -> str:
    """Say that nothing was paused: a slip of the pen must not pass for a pause."""
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return f"There is no {scope} {name!r}: nothing was paused ({hint})"


@click.command()
@_scoped
@click.option("--because", default="", metavar="TEXT", help="Why; shown in status.")
@click.pass_obj
def pause(invocation: Invocation, /, because: str, **names: Any) -> None:
    """Stop sending: everything, a channel, a partner or a campaign. Nothing is lost.

    \b
    herald pause
    herald pause fedi --because "the server moves house"
    herald pause --partner ecomuseo-argenta
    """
    scope, name = _scope(**names)

    async def work() -> tuple[str, bool]:
        async with invocation.open_to_change() as app:
            loaded = await app.load()
            known = await _known(scope, app, loaded)
            is_known = scope == "everything" or name in known
            if not is_known and not loaded.broken:
                raise click.UsageError(_unknown(scope, name, known))
            return await app.desk.pause(scope, name, because=because), is_known

    told, is_known = run_async(work())
    again = " ".join(("herald resume", *_spelled(scope, name)))
    click.echo(f"{told} `{again}` starts it again.")
    if not is_known:
        click.echo(
            f"The files that can be read name no {scope} {name}: is it spelled right?", err=True
        )


@click.command()
@_scoped
@click.pass_obj
def resume(invocation: Invocation, /, **names: Any) -> None:
    """Go on after a pause. What is late goes out or not as its catch_up says.

    \b
    herald resume
    herald resume fedi
    """
    scope, name = _scope(**names)

    async def work() -> str:
        async with invocation.open_to_change() as app:
            return await app.desk.resume(scope, name)

    click.echo(run_async(work()))
