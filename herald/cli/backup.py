"""``herald backup``: a copy of all that Herald remembers, while it runs."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.output import as_json_option, print_json
from herald.errors import HeraldError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from herald.store.backup import Backup

OFTEN = 0.2
"""Seconds between two looks at how far the copy is."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Put the copy in the place of a file that is there.")
@as_json_option
@click.pass_obj
def backup(invocation: Invocation, file: Path, force: bool, as_json: bool) -> None:
    """Copy all that Herald remembers into FILE, also while Herald runs.

    The copy is read to its end before it gets its name. It holds what the database holds:
    subscribers' addresses and the key of their unsubscribe links, but no tokens and passwords,
    which stand elsewhere. Your campaigns/ and config/ are files: copy them as well.

    \b
    herald backup /mnt/usb/herald-2027-05-03.db
    """
    made = _back_up(invocation, file, force=force)
    if as_json:
        print_json(
            {
                "file": str(made.file.absolute()),
                "at": made.at.isoformat().replace("+00:00", "Z"),
                "size": made.size,
                "same_disk": made.is_on_same_disk,
                "private": made.is_private,
            }
        )
        return
    click.echo(f"Copied to {made.file} ({made.size / 1_000_000:.1f} MB) and read to its end.")
    if not made.is_private:
        click.echo("Others can read it there, and it holds addresses: keep it where nobody gets.")
    if made.is_on_same_disk:
        click.echo("It lies on the same disk as the database: keep it on another one, too.")


def _back_up(invocation: Invocation, file: Path, *, force: bool) -> Backup:
    from herald.settings import load_settings
    from herald.store.backup import back_up, copy_beside, dump_command
    from herald.store.engine import sqlite_path

    try:
        url = load_settings(invocation.folder).store
        store = sqlite_path(url, invocation.folder)
        if store is None:
            raise click.ClickException(
                "The store is on PostgreSQL, which copies itself:\n"
                f"  {dump_command(url, file)}\n(it asks for the password, or finds it in ~/.pgpass)"
            )
        with ThreadPoolExecutor(1, thread_name_prefix="backup") as aside:
            work = aside.submit(back_up, store, file, at=invocation.moment(), replace=force)
            _show_progress(work, copy_beside(file), store)
            return work.result()
    except HeraldError as error:
        raise click.ClickException(str(error)) from error


def _show_progress(work: Future[Backup], copy: Path, store: Path) -> None:
    """Show on a terminal how much is copied; a pipe sees nothing."""
    from concurrent.futures import wait

    if not sys.stderr.isatty() or not store.is_file():
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Copying", total=store.stat().st_size)
        while not wait([work], timeout=OFTEN).done:
            if copy.exists():
                progress.update(task, completed=copy.stat().st_size)
