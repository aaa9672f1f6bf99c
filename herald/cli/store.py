"""``herald store``: where Herald keeps what it remembers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.groups import Group
from herald.cli.output import as_json_option, print_json, run_async
from herald.errors import HeraldError

if TYPE_CHECKING:
    from herald.store.engine import First, Store
    from herald.store.moving import Moved

Tell = Callable[[str, int, int], None]


@click.group(cls=Group)
def store() -> None:
    """Move what Herald remembers to another database.

    \b
    herald store move postgresql://herald@db.example.org/herald
    """


@store.command()
@click.argument("url", required=False)
@click.option("--undo", is_flag=True, help="Come back to the store that was left for URL.")
@click.option("--lost", is_flag=True, help="With --undo: URL cannot be asked any more.")
@as_json_option
@click.pass_obj
def move(invocation: Invocation, url: str | None, undo: bool, lost: bool, as_json: bool) -> None:
    """Copy everything into the empty database at URL, compare, and leave the old one.

    Stop Herald first, on every machine. The store that config/herald.yaml names is copied whole or
    not at all: outbox, feeds, lists, pictures. Then it is marked, so that no Herald sends from it
    any more, and the line to write into config/herald.yaml is shown. The same command leads back.

    A password may be left out of URL where ~/.pgpass or PGPASSWORD has it.

    --undo takes a move back as long as nothing was sent from the new store. Where that one is gone
    for good, add --lost: what it may have sent is looked up before it is sent again.

    \b
    herald store move postgresql://herald@db.example.org/herald
    herald store move sqlite:///var/herald-2.db
    herald store move --undo
    """
    if undo:
        _undo(invocation, url, lost=lost, as_json=as_json)
        return
    if lost:
        raise click.UsageError("--lost goes only with --undo.")
    if url is None:
        raise click.UsageError("Say where to: herald store move postgresql://USER@HOST/DATABASE")
    moved, line = run_async(_move(invocation, url))
    if as_json:
        rows = [{"table": name, "rows": count} for name, count in moved.rows.items()]
        print_json({"tables": rows, "unclear": moved.unclear, "line": line})
        return
    _show(moved)
    click.echo(f"Write this into config/herald.yaml, then start Herald:\n\n  {line}\n")
    from herald.store.moving import has_password

    if has_password(url):
        click.echo(
            "The password does not belong there: put the whole address into .env as HERALD_STORE=…,"
            " or the password into ~/.pgpass."
        )


async def _move(invocation: Invocation, url: str) -> tuple[Moved, str]:
    from herald.settings import load_settings
    from herald.store.moving import move as move_network
    from herald.store.moving import without_password

    configured = load_settings(invocation.folder).store
    try:
        _must_be_there(configured, invocation.folder)
    except HeraldError as error:
        raise click.ClickException(
            f"{error} So there is nothing to move: is this the network's folder (herald -C DIR),"
            " and the right store in config/herald.yaml?"
        ) from error
    async with AsyncExitStack() as stack:
        source = await _open(stack, configured, invocation.folder)
        with _removed_if_new(url, invocation.folder):
            target = await _open_new(stack, url, invocation.folder, beside=source)
            to = without_password(url)
            with _progress() as tell:
                moved = await move_network(
                    source, target, to=to, now=invocation.moment(), tell=tell
                )
    return moved, f"store: {to}"


async def _open_new(stack: AsyncExitStack, url: str, folder: Path, *, beside: Store) -> Store:
    """Open the store that a network is to move to; one that others use is left as it is."""
    from herald.store.moving import refuse_others

    return await _open(stack, url, folder, beside=beside, first=refuse_others)


async def _open(
    stack: AsyncExitStack,
    url: str,
    folder: Path,
    *,
    beside: Store | None = None,
    first: First | None = None,
) -> Store:
    """Open a store as the only one who runs on it, but for *beside*, which may be the same."""
    from herald.store.engine import open_store
    from herald.store.lock import run_lock

    opened = await open_store(url, folder, first=first)
    stack.push_async_callback(opened.close)
    if opened.path is not None and not (
        beside is not None and beside.path is not None and opened.path.samefile(beside.path)
    ):
        stack.enter_context(run_lock(opened.path))
    return opened


@contextmanager
def _removed_if_new(url: str, folder: Path) -> Iterator[None]:
    """Leave no empty file where none was, should the move fail."""
    from herald.store.engine import sqlite_path

    path = sqlite_path(url, folder)
    is_new = path is not None and not path.exists()
    try:
        yield
    except BaseException:
        if is_new and path is not None:
            for each in path.parent.glob(f"{path.name}*"):
                each.unlink(missing_ok=True)
        raise


def _undo(invocation: Invocation, url: str | None, *, lost: bool, as_json: bool) -> None:
    left = run_async(_undone(invocation, url, lost=lost))
    if as_json:
        print_json({"left": left, "lost": lost})
        return
    click.echo(f"The store that config/herald.yaml names sends again, and {left} does not.")
    if lost:
        click.echo(
            "Make sure that no Herald runs on that one any more. What may have been sent from it"
            " is looked up, or held: herald outbox list --state held"
        )


async def _undone(invocation: Invocation, url: str | None, *, lost: bool) -> str:
    from herald.settings import load_settings
    from herald.store.moving import (
        give_up,
        moved_to,
        refuse_elsewhere,
        take_back,
        without_password,
    )

    configured = load_settings(invocation.folder).store
    async with AsyncExitStack() as stack:
        source = await _open(stack, configured, invocation.folder)
        if lost:
            return await give_up(source, now=invocation.moment())
        left = await moved_to(source)
        if url is not None:
            refuse_elsewhere(url, left, invocation.folder)
            left = url
        try:
            _must_be_there(left, invocation.folder)
            target = await _open(stack, left, invocation.folder, beside=source)
        except HeraldError as error:
            raise click.ClickException(
                f"{error}\nName it with its password (herald store move --undo URL), or add --lost"
                " if it is gone for good."
            ) from error
        at = without_password(configured)
        await take_back(source, target, at=at, now=invocation.moment())
        return without_password(left)


def _must_be_there(url: str, folder: Path) -> None:
    """Raise for a file that is not there, which opening it would make."""
    from herald.store.engine import sqlite_path

    path = sqlite_path(url, folder)
    if path is not None and not path.exists():
        raise HeraldError(f"{path}: it is not there.")


def _show(moved: Moved) -> None:
    """Print what each table has now."""
    width = max(len(name) for name in moved.rows)
    for name, count in moved.rows.items():
        if count:
            click.echo(f"  {name:<{width}} {count:>12,}")
    total = sum(moved.rows.values())
    click.echo(f"  {'all':<{width}} {total:>12,}   the same on both sides\n")
    if moved.unclear:
        click.echo(
            f"{moved.unclear} were being sent when Herald last ended: they are looked up first.\n"
        )


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show on a terminal how far it is; a pipe sees nothing."""
    if not sys.stderr.isatty():
        yield lambda name, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, int] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = int(progress.add_task(name, total=total))
            progress.update(tasks[name], completed=done)  # type: ignore[arg-type]

        yield tell
