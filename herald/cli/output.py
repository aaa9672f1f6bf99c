"""How commands speak: results on standard output, everything else on standard error."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import os
import shutil
import sys
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from herald.errors import HeraldError
from herald.model.problem import Problem

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
"""What every command that reads takes."""
PIPE_WIDTH = 160
"""Columns where there is no terminal to ask."""


def replace_what_cannot_be_shown() -> None:
    """Let a terminal or a file of an old encoding show ``?`` for letters that it does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_unicode(stream):
            stream.reconfigure(errors="replace")


def _is_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().startswith("utf")


def a_console() -> Console:
    """Return what prints tables for people; a pipe gets long lines, so that less is cut off."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=width)


def print_json(document: Any) -> None:
    """Print one JSON document, and nothing else, on standard output; no letter is ever lost."""
    ascii_only = not _is_unicode(sys.stdout)
    click.echo(json.dumps(document, ensure_ascii=ascii_only, indent=2))


def called_as() -> str:
    """Return the words by which ``herald`` can be called from here: on the path, or as a file."""
    if shutil.which("herald"):
        return "herald"
    script = Path(sys.argv[0])
    with contextlib.suppress(ValueError):
        return str(script.absolute().relative_to(Path.cwd()))
    return str(script)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; tell Herald's own errors as one sentence and exit with 1."""
    try:
        return asyncio.run(work)
    except HeraldError as error:
        raise click.ClickException(str(error)) from error


_KEPT = "These files keep their last good plan until they are mended."


def tell_broken(problems: Iterable[Problem], *, meanwhile: str = _KEPT) -> None:
    """Say on standard error which files were not read and what holds *meanwhile*."""
    told = [str(problem) for problem in problems]
    if told:
        click.echo("\n".join(told), err=True)
        click.echo(f"{meanwhile}\n", err=True)


class EventLines(logging.Formatter):
    """One line an event: moment, level, logger, the event, and its fields as ``name=value``."""

    _standard = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Append the record's own fields."""
        line = super().format(record)
        fields = {
            name: value
            for name, value in vars(record).items()
            if name not in self._standard and value != ""
        }
        return line + "".join(f" {name}={_spelled(value)}" for name, value in fields.items())


def log_to_standard_error(level: int) -> None:
    """Send Herald's events to standard error; libraries only speak of trouble."""
    events = logging.StreamHandler(sys.stderr)
    events.setFormatter(EventLines())
    logging.basicConfig(level=logging.WARNING, handlers=[events])
    logging.getLogger("herald").setLevel(level)


def _spelled(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text
