"""``herald status``: whether all is well, and what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.output import a_console, as_json_option, print_json, run_async

if TYPE_CHECKING:
    from herald.reporting.health import Health


@click.command()
@as_json_option
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
        _note_absence(invocation)
    if health.needs_a_person:
        raise SystemExit(1)


def _note_absence(invocation: Invocation) -> None:
    """Say that nothing is known yet, which a mistyped store looks like as well."""
    from herald.settings import load_settings
    from herald.store.engine import sqlite_path

    path = sqlite_path(load_settings(invocation.folder).store, invocation.folder)
    if path is not None and not path.exists():
        click.echo(f"\nHerald has not run here yet: {path} is not there.")


async def _health(invocation: Invocation) -> Health:
    async with invocation.open_to_look() as app:
        return await app.condition.health()
