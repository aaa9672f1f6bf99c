"""How ``herald check`` shows problems: to people, to programs, and to GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from herald.cli.output import print_json
from herald.model.problem import Problem, Severity
from herald.sources.files import read_bytes
from herald.sources.load import Loaded

_WIDEST = 100
"""Columns of a source line that are shown around the fault."""

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}
_NOT_SHOWN = frozenset({"secret-in-file"})
"""Problems whose line must not be repeated on a screen or in a log."""


_ALIKE = frozenset({"past", "too-long"})
"""Warnings of one kind though each names its own post; others are alike if they say the same."""

_MOST_ALIKE = 3
"""Of more warnings of one kind in one file people see the last, and where the others are."""


def print_as_json(problems: Iterable[Problem]) -> None:
    """Print the document that programs rely on."""
    print_json({"problems": [_as_record(problem) for problem in problems]})


def print_for_github(problems: Iterable[Problem], folder: Path) -> None:
    """Print a workflow command for each problem, which GitHub shows beside the line.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    for problem in problems:
        place = problem.place
        fields = {
            "file": (folder / place.file).as_posix(),
            "line": place.line,
            "col": place.column,
            "title": problem.code,
        }
        spelled = ",".join(f"{name}={_in_property(str(value))}" for name, value in fields.items())
        click.echo(f"::{problem.severity} {spelled}::{_escaped(_sentence(problem))}")


def print_for_people(problems: Sequence[Problem], loaded: Loaded, root: Path) -> None:
    """Print problems file by file with their source lines, then a sum."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for file, group in groupby(problems, key=lambda problem: problem.place.file):
        console.print(Text(file, style="bold"))
        lines = _lines(root / file, file)
        shown: tuple[int, int] | None = None
        for problem, others in _gathered(list(group)):
            place = (problem.place.line, problem.place.column)
            # What stands below each other about one place needs its line once.
            _print_problem(problem, [] if place == shown else lines, console)
            shown = place
            if others:
                console.print(
                    f"    and {_count(len(others), 'more warning')} like it: {_spots(others)}"
                )
        console.print()
    if loaded.kept:
        console.print(f"Kept as they were: {', '.join(loaded.kept)}")
    console.print(Text(_sum(problems, loaded), style="" if problems else "green"))


def _gathered(problems: Sequence[Problem]) -> Iterator[tuple[Problem, Sequence[Problem]]]:
    """Yield one file's problems; the last of a crowd stands for the others, which come with it."""
    crowds: dict[str, list[Problem]] = {}
    for problem in problems:
        if problem.severity is Severity.WARNING:
            crowds.setdefault(_kind(problem), []).append(problem)
    for problem in problems:
        crowd = crowds.get(_kind(problem), [])
        if problem.severity is Severity.ERROR or len(crowd) <= _MOST_ALIKE:
            yield problem, ()
        elif problem is crowd[-1]:
            yield problem, crowd[:-1]


def _kind(problem: Problem) -> str:
    return problem.code if problem.code in _ALIKE else problem.message


def _spots(problems: Sequence[Problem]) -> str:
    """Return the lines in which problems stand, a long list cut short."""
    lines = list(dict.fromkeys(str(problem.place.line) for problem in problems))
    more = len(lines) - _MOST_LINES
    if more > 0:
        lines[_MOST_LINES:] = [f"and {_count(more, 'other')}"]
    return f"{'line' if len(lines) == 1 else 'lines'} {', '.join(lines)}"


_MOST_LINES = 10
"""Of more lines nobody reads the numbers; --json has them all."""


def _print_problem(problem: Problem, lines: Sequence[str], console: Console) -> None:
    place = problem.place
    head = Text(f"  {place.line}:{place.column} ")
    head.append(str(problem.severity), style=_COLOURS[problem.severity])
    head.append(f": {place.path}: " if place.path else ": ")
    head.append(problem.message)
    console.print(head)
    if problem.code not in _NOT_SHOWN and 0 < place.line <= len(lines):
        shown, before = _excerpt(lines[place.line - 1], place.column - 1)
        console.print(Text(f"    | {shown}", style="dim"))
        console.print(Text(f"    | {' ' * cell_len(before)}^", style=_COLOURS[problem.severity]))
    if problem.hint:
        console.print(Text(f"    {problem.hint}", style="cyan"))


def _excerpt(line: str, column: int) -> tuple[str, str]:
    """Return the part of a line around a column, and what of it stands before the column."""
    visible = "".join(char if char.isprintable() else "\N{MIDDLE DOT}" for char in line)
    begin = max(0, column - _WIDEST // 2) if len(visible) > _WIDEST else 0
    return visible[begin : begin + _WIDEST], visible[begin:column]


def _lines(path: Path, file: str) -> list[str]:
    if path.suffix not in (".yaml", ".yml", ".csv"):
        return []
    content = read_bytes(path, file=file)
    if isinstance(content, Problem):
        return []
    text = content.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _sum(problems: Sequence[Problem], loaded: Loaded) -> str:
    if not problems:
        items = [item for campaign in loaded.campaigns for item in campaign.items]
        cards = [card for c in loaded.campaigns for series in c.series for card in series.cards]
        languages = {tag for campaign in loaded.campaigns for tag in campaign.languages}
        return (
            f"All good: {_count(len(loaded.campaigns), 'campaign')},"
            f" {_count(len(items) + len(cards), 'item')}, {_count(len(languages), 'language')}"
        )
    files = len({problem.place.file for problem in problems})
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    if not errors:
        return f"{_count(warnings, 'warning')} in {_count(files, 'file')}, no error"
    also = f", {_count(warnings, 'warning')} among them" if warnings else ""
    return f"{_count(len(problems), 'problem')} in {_count(files, 'file')}{also}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _as_record(problem: Problem) -> dict[str, object]:
    place = problem.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "path": place.path,
        "severity": str(problem.severity),
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def _sentence(problem: Problem) -> str:
    path = f"{problem.place.path}: " if problem.place.path else ""
    return f"{path}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _in_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
