"""``herald status``: whether all is well, and what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.output import a_console, print_json, run_async

if TYPE_CHECKING:
    from herald.reporting.health import Health


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_obj
def status(invocation: Invocation, as_json: bool) -> None:
    """Show what is overdue, held, failing or stopped, and the tasks for people.

    Exit status 1 if something needs a person.

    \b
    herald status
    """
    health = run_async(_health(invocation))
    if as_json:
        print_json(health.document())
    else:
        from herald.reporting.health import health_view

        a_console().print(health_view(health))
    if health.needs_a_person:
        raise SystemExit(1)


async def _health(invocation: Invocation) -> Health:
    from herald.app import open_app

    async with open_app(invocation.folder, invocation.clock(), looking=True) as app:
        return await app.health()
