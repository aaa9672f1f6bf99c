"""The entry point: finds a command by its name and imports only what that command needs."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from herald import __version__
from herald.cli.context import Invocation
from herald.cli.groups import Group
from herald.cli.output import replace_what_cannot_be_shown

COMMANDS = {
    "init": "herald.cli.init",
    "demo": "herald.cli.demo",
    "check": "herald.cli.check",
    "schema": "herald.cli.schema",
    "plan": "herald.cli.plan",
    "preview": "herald.cli.preview",
    "run": "herald.cli.run",
    "status": "herald.cli.status",
    "notify": "herald.cli.notify",
    "login": "herald.cli.login",
    "doctor": "herald.cli.doctor",
    "outbox": "herald.cli.outbox",
    "feeds": "herald.cli.feeds",
    "partner": "herald.cli.partner",
    "lists": "herald.cli.lists",
    "newsletter": "herald.cli.newsletter",
    "pause": "herald.cli.pause",
    "resume": "herald.cli.pause",
    "done": "herald.cli.done",
    "backup": "herald.cli.backup",
    "store": "herald.cli.store",
}
"""Each command's module, which holds a click command of the command's name."""


class CommandsOnDemand(Group):
    """A group whose commands are imported when they are called (click's lazy loading pattern)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        if not isinstance(found, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]}.{cmd_name} is no command")
        return found


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Read an ISO 8601 moment, or fail with an example; one without an offset is UTC."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no moment (write 2027-05-09T10:00Z)", ctx, param
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@click.group(
    cls=CommandsOnDemand,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nBegin with one of\n  herald demo               needs no account"
    "\n  herald init my-network    writes an example to change",
)
@click.option(
    "-C",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Work on the folder that holds campaigns/ and config/ (default: the current one).",
)
@click.option("--now", metavar="ISO", callback=_moment, help="Plan as if it were this moment.")
@click.version_option(__version__, prog_name="herald")
@click.pass_context
def main(ctx: click.Context, folder: Path, now: datetime | None) -> None:
    """Schedule multilingual posts of a heritage network and amplify its partners' feeds."""
    if not sys.getfilesystemencoding().startswith("utf"):
        raise click.UsageError(
            "File names with letters like ä cannot be read here: set PYTHONUTF8=1 and try again."
        )
    replace_what_cannot_be_shown()
    ctx.obj = Invocation(folder=folder, now=now)
