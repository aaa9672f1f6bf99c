"""``herald pause`` and ``herald resume``: stop and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from herald.cli.context import Invocation
from herald.cli.output import run_async


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


def _told(scope: str, name: str) -> str:
    return "Everything" if scope == "everything" else f"{scope.capitalize()} {name}"


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

    async def work() -> None:
        from herald.app import open_app

        async with open_app(invocation.folder, invocation.clock()) as app:
            await app.desk.pause(scope, name, because=because)

    run_async(work())
    click.echo(f"{_told(scope, name)} is paused. `herald resume` starts it again.")


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
        from herald.app import open_app

        async with open_app(invocation.folder, invocation.clock()) as app:
            return await app.desk.resume(scope, name)

    click.echo(run_async(work()))
