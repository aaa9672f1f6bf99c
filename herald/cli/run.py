"""``herald run``: the daemon, or one pass of it."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.output import log_to_standard_error, print_json, run_async

if TYPE_CHECKING:
    from herald.results import Pass


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then leave (for cron).")
@click.option(
    "--plan",
    "plans",
    is_flag=True,
    help="Read campaigns/ and plan. Needed on PostgreSQL alone, where others can do it.",
)
@click.option("--verbose", is_flag=True, help="Log every detail.")
@click.option("--json", "as_json", is_flag=True, help="With --once: one JSON document at the end.")
@click.pass_obj
def run(invocation: Invocation, once: bool, plans: bool, verbose: bool, as_json: bool) -> None:
    """Plan, poll, send: all day long, until Ctrl-C or SIGTERM.

    Files under campaigns/ and config/ are watched: a change is planned at once, a broken file
    keeps its last good plan. With --once Herald leaves when all that is due was sent, with exit
    status 1 if a person is needed.

    Where several Heralds share a PostgreSQL, those with --plan take turns planning from their
    files. The others poll and send, and need no campaigns/, only config/.

    \b
    herald run
    herald run --plan
    */10 * * * * herald -C /srv/my-network run --once      (cron)
    """
    log_to_standard_error(logging.DEBUG if verbose else logging.INFO)
    if not once:
        if as_json:
            raise click.UsageError("--json goes with --once.")
        run_async(_run(invocation, plans=plans))
        return
    passed = run_async(_once(invocation, plans=plans))
    if as_json:
        print_json(passed.document())
    else:
        click.echo(passed.sentence())
    if passed.needs_a_person:
        raise SystemExit(1)


async def _run(invocation: Invocation, *, plans: bool) -> None:
    from herald import daemon

    async with invocation.open_to_send(plans=plans) as app:
        await daemon.run(app)


async def _once(invocation: Invocation, *, plans: bool) -> Pass:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with invocation.open_to_send(plans=plans) as app:
        return await app.run_once(stop)
