"""Groups of commands that tell what each is for, and take trouble with files for what it is."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import click

_BEFORE_THE_COMMAND = frozenset({"-C", "--now"})


class Group(click.Group):
    """A group whose help gives each command's whole first sentence; click cuts it short."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with the first sentence of its help."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _first_sentence(command)) for name, command in found if command]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; for one that is not there, name the nearest that is."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            near = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"did you mean {near[0]}?" if near else f"{ctx.command_path} --help lists them"
            raise click.UsageError(f"There is no command {name!r} ({hint})", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a file that cannot be read or written is told in one sentence."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            if error.option_name not in _BEFORE_THE_COMMAND or ctx.parent is not None:
                raise
            name, command = error.option_name, ctx.invoked_subcommand
            raise click.UsageError(
                f"{name} stands before the command: {ctx.info_name} {name} … {command}", ctx
            ) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error


def _first_sentence(command: click.Command) -> str:
    """Return the first sentence of a command's help: up to a full stop that ends one."""
    paragraph = " ".join((command.help or "").split("\n\n")[0].split())
    sentence, stop, _ = paragraph.partition(". ")
    return sentence + "." if stop else paragraph
