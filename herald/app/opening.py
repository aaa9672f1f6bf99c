"""Opens Herald on a folder: settings, store, lock and clock, and gives them all back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from herald.app.app import App
from herald.channels.registry import network_names
from herald.clock import SystemClock
from herald.data.calendar import observances
from herald.delivery.happened import Happened
from herald.delivery.worker import unwatched
from herald.errors import ConfigurationBroken
from herald.mailing.dns.lookup import Names
from herald.ports import Clock
from herald.settings import load_settings, read_settings
from herald.sources.load import Loader
from herald.store.databaseclock import DatabaseClock
from herald.store.engine import Store, open_store
from herald.store.instance import StoredInstance
from herald.store.lock import run_lock
from herald.store.looking import open_to_look
from herald.turn import Role


@asynccontextmanager
async def open_app(
    folder: Path,
    clock: Clock,
    *,
    channels: bool = False,
    alone: bool = False,
    plans: bool = False,
    looking: bool = False,
    on_settled: Callable[[Happened], None] = unwatched,
    names: Names | None = None,
) -> AsyncIterator[App]:
    """Open Herald on *folder*.

    *looking* is for commands that write nothing: they make no store where there is none, and work
    in a folder that may not be written. With *channels* the configured accounts are opened, so
    that it can send. With *alone* it is ``herald run``: on SQLite the only one on its store, a
    second one is refused with StoreTaken; on PostgreSQL one of many, of which those with *plans*
    take turns planning. Time is PostgreSQL's there, unless *clock* was set. *names* are looked up
    where this machine's name servers say, unless others are given. A folder that is none
    of Herald's is refused before anything is written into it.
    """
    _refuse_another_folder(folder)
    settings = load_settings(folder)
    loader = Loader(
        folder,
        anchors=frozenset(observances()),
        networks=network_names(),
        settings=lambda: read_settings(folder)[0],
    )
    async with AsyncExitStack() as stack:
        if looking:
            store = await stack.enter_async_context(open_to_look(settings.store, folder))
        else:
            store = await open_store(settings.store, folder)
            stack.push_async_callback(store.close)
        await StoredInstance(store).refuse_moved()
        if alone and store.path is not None:
            stack.enter_context(run_lock(store.path))
        # Any other clock was set on purpose, as by --now.
        if store.path is None and type(clock) is SystemClock:
            clock = DatabaseClock(store, clock)
            await clock.measure()
        app = App(
            folder,
            settings,
            clock=clock,
            store=store,
            loader=loader,
            role=_role(store, folder, runs=alone, plans=plans),
            on_settled=on_settled,
            names=names,
        )
        app.is_alone = alone and store.path is not None
        stack.push_async_callback(app.close)
        if channels:
            app.accounts.open((await app.load()).configuration, settings)
        yield app


def _role(store: Store, folder: Path, *, runs: bool, plans: bool) -> Role:
    """Return what a process has to do with planning: what runs on a shared store was told."""
    if store.path is not None or not runs:
        return Role.ALONE
    if not plans:
        return Role.FOLLOWS
    if not (folder / "campaigns").is_dir():
        raise ConfigurationBroken(
            f"--plan reads campaigns/, and there is none in {folder.absolute()}: put the campaign"
            " files there, or leave --plan to a machine that has them."
        )
    return Role.TAKES_TURNS


def _refuse_another_folder(folder: Path) -> None:
    if not any((folder / name).is_dir() for name in ("campaigns", "config")):
        raise ConfigurationBroken(
            f"There is no campaigns/ and no config/ in {folder.absolute()}: name the folder with"
            " herald -C DIR, or write an example with herald init."
        )
