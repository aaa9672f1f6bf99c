"""``herald init``: a commented, working example to start from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from herald.cli.context import Invocation
from herald.cli.output import called_as

_WRITTEN_FOR = date(2027, 1, 4)
"""The Monday from which the example's dates count; they move on by whole weeks."""

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NAMES = {"gitignore": ".gitignore", "env.example": ".env.example"}
"""Files that begin with a dot, which would hide them from packaging."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.pass_obj
def init(invocation: Invocation, folder: Path | None) -> None:
    """Write a commented, working example into FOLDER (default: the current one).

    A file that is already there stays as it is.

    \b
    herald init my-network
    herald -C my-network check
    """
    root = folder or invocation.folder
    today = invocation.moment().date()
    written: list[str] = []
    kept: list[str] = []
    try:
        for name, content in (*_example(today), *_schemas()):
            (written if _write_new(root / name, content) else kept).append(name)
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename}: {error.strerror}") from error
    _tell(root, written, kept)


def _example(today: date) -> Iterator[tuple[str, bytes]]:
    """Yield the example's files, their dates moved so that they lie ahead."""
    weeks = max(0, -(-(today - _WRITTEN_FOR).days // 7))
    ahead = timedelta(weeks=weeks)
    for name, content in _walk(files("herald.data") / "init", ""):
        is_text = name.endswith((".yaml", ".csv"))
        yield name, _moved(content.decode(), ahead).encode() if is_text else content


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = prefix + _NAMES.get(entry.name, entry.name)
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        else:
            yield name, entry.read_bytes()


def _moved(text: str, ahead: timedelta) -> str:
    return _DATE.sub(lambda found: (date.fromisoformat(found[0]) + ahead).isoformat(), text)


def _schemas() -> Iterator[tuple[str, bytes]]:
    import json

    from herald.sources.schemas import SCHEMAS, json_schema

    for name in SCHEMAS:
        content = json.dumps(json_schema(name), ensure_ascii=False, indent=2)
        yield f"schemas/{name}.schema.json", f"{content}\n".encode()


def _write_new(path: Path, content: bytes) -> bool:
    """Write a file that is not there yet; tell whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as opened:
            opened.write(content)
    except FileExistsError:
        return False
    return True


def _tell(root: Path, written: list[str], kept: list[str]) -> None:
    for name in written:
        click.echo(f"  written  {name}")
    for name in kept:
        click.echo(f"  kept     {name} (it was there)")
    herald = called_as() + ("" if root.resolve() == Path.cwd() else f" -C {root}")
    click.echo(
        f"\nNext:\n"
        f"  {herald} check      is everything right?\n"
        f"  {herald} plan       what will go out, and when?\n"
        f"  {herald} preview    how will it look?\n"
        f"Then change campaigns/first-steps.yaml and look again. Nothing leaves this machine:\n"
        f"the example's channels only write into files."
    )
