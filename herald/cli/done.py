"""``herald done``: a person has posted what Herald prepared."""

from __future__ import annotations

import click

from herald.cli.context import Invocation
from herald.cli.output import run_async


@click.command()
@click.argument("task")
@click.argument("url")
@click.pass_obj
def done(invocation: Invocation, task: str, url: str) -> None:
    """Close a task of a manual channel: TASK is the key that status shows, URL where it is.

    \b
    herald done 3fa9c2 https://www.facebook.com/ecoheritage/posts/123
    """
    if not url.startswith(("https://", "http://")):
        raise click.UsageError(f"{url!r} is no web address; paste the post's link (https://…).")

    async def work() -> str:
        async with invocation.open_to_change() as app:
            return await app.desk.close_task(task, url)

    click.echo(run_async(work()))
