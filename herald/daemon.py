"""Timers, tasks and signals: what keeps running.

APScheduler rings bells; what is due stands in the database, so that a bell that is lost, late or
rung twice does not matter. Its jobs live in memory, coalesce, and never misfire into nothing.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from watchfiles import Change, awatch

from herald import __version__
from herald.app import REPLAN_WHILE_POLLING, App
from herald.clock import first_of
from herald.errors import ConfigurationBroken, HeraldError, StoreUnusable, TaskDied
from herald.model.delivery import DeliveryState
from herald.service_manager import READY, STOPPING, ServiceManager
from herald.settings import secrets_folder
from herald.store.listening import listen
from herald.store.notifying import Heard
from herald.turn import ASK_EVERY, Role
from herald.web.app import create_app, serve
from herald.web.metrics import Gauge, gauges
from herald.web.preferences import add_preference_routes

REPLAN_EVERY = timedelta(hours=1)
"""The plan rolls forward: what the next hour brings into its span is enqueued."""
POLL_EVERY = timedelta(minutes=1)
"""How often the database is asked which feeds are due."""
HUBS_EVERY = timedelta(minutes=1)
"""How often the database is asked which feeds' hubs are to be asked."""
ISSUES_EVERY = timedelta(seconds=30)
DOUBTS_EVERY = timedelta(minutes=2)
"""How often it is looked whether a doubtful copy can be settled."""
CONFIRMATIONS_EVERY = timedelta(seconds=10)
"""Somebody sits before the mailbox and waits."""
FORGET_EVERY = timedelta(days=1)
"""How often what is kept long enough of subscribers is forgotten; at the start as well."""
BOUNCES_EVERY = timedelta(minutes=5)
"""How often the mailbox for what comes back is looked into."""
MARK_EVERY = timedelta(minutes=1)
"""How often the store is told apart from copies of it that were made before."""
AGAIN_AFTER = 5.0
"""Seconds until planning is tried again that the store's trouble had stopped."""
TIME_EVERY = timedelta(seconds=20)
"""How often a shared database is asked for its time."""
MORE_NEWS_WITHIN = 2.0
"""Seconds: what feeds bring comes in bursts, which are planned together."""
CLOCK_EVERY = timedelta(seconds=10)
"""How often a wall clock that was set back is noticed."""
CAPABILITIES_EVERY = timedelta(hours=6)
ECHOES_EVERY = timedelta(hours=1)
"""What people write is told once a day; a network is not asked more often than it must be."""
LINKS_EVERY = timedelta(minutes=10)
"""How often networks are asked where posts are to be seen that did not say so."""
STATUS_EVERY = timedelta(minutes=1)
OFFICERS_EVERY = timedelta(minutes=1)
"""How often it is looked whether something needs an officer."""
STABLE_FOR = timedelta(seconds=2)
"""A file that changed more recently may be half written, and half a YAML file can be valid."""
SCHEDULED = {"coalesce": True, "max_instances": 2, "misfire_grace_time": None}
"""The second is the one that sees that the first is still at it: APScheduler would warn of it."""
INTERRUPTED = 130
DOTENV = ".env"

T = TypeVar("T")

log = logging.getLogger(__name__)


async def run(app: App) -> None:
    """Run until SIGTERM or SIGINT: then claim nothing more, finish what is being sent, leave.

    A second signal ends the process at once. A task that dies ends the process: better a restart
    than a Herald that looks alive and does nothing.
    """
    stop = asyncio.Event()
    _on_signals(stop)
    manager = ServiceManager.of(os.environ)
    await app.begin()
    await _tick("replan", lambda: _replan(app, stop))
    rest_from_collecting()
    await _tick("see who plans", lambda: _warn_if_nobody_plans(app))
    async with _web(app), _lmtp(app), _bells(app, stop, manager), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(app.worker.run(stop), name="delivery"),
            group.create_task(_poll_feeds(app, stop), name="feeds"),
            group.create_task(_watch_files(app, stop), name="file watch"),
            group.create_task(_watch_secrets(app, stop), name="secrets watch"),
        ]
        if app.database.path is None:
            tasks.append(group.create_task(_listen(app, stop), name="listening"))
        if app.turn.role is Role.TAKES_TURNS:
            tasks.append(group.create_task(_plan_news(app, stop), name="news"))
        alive = group.create_task(manager.keep_alive(tasks, stop), name="signs of life")
        log.info("herald is ready", extra={"folder": app.folder})
        manager.tell(READY)
        wanted = [*tasks, alive] if manager.waits_for_signs else tasks
        dead = await _until_one_ends(stop, wanted)
        stop.set()
        log.info("stopping: finishing what is being sent")
        manager.tell(STOPPING, "STATUS=Stopping: finishing what is being sent")
    # Who watches files asks all to stop when it is itself cancelled.
    dead += [task.get_name() for task in wanted if task.cancelled()]
    if dead:
        raise TaskDied(f"A part of Herald ended though nobody stopped it: {', '.join({*dead})}.")
    log.info("herald has stopped")


async def _until_one_ends(stop: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> list[str]:
    """Wait until somebody asks to stop, or one of *tasks* ends before; return the names of these.

    A task group takes one that was cancelled, or that returned, for one that is done well.
    """
    asked = asyncio.create_task(stop.wait(), name="asked to stop")
    try:
        await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
    return [] if stop.is_set() else [task.get_name() for task in tasks if task.done()]


async def _warn_if_nobody_plans(app: App) -> None:
    """Say in the log what a process that leaves planning to others would wait for in vain."""
    if why := await app.condition.unplanned():
        log.warning("%s", why)


def rest_from_collecting() -> None:
    """Let the garbage collector pass over all that was made so far, which stays to the end.

    Looking through the modules of every library again and again held the event loop for 60 ms at
    a time; without them it is 20 ms.
    """
    gc.collect()
    gc.freeze()


def _on_signals(stop: asyncio.Event) -> None:
    """Ask to stop at the first signal, end at once at the second."""
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            log.warning("second signal: ending at once")
            os._exit(INTERRUPTED)
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, asked)


def one_at_a_time(ring: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """Return what does *ring*, and nothing while it is still at it from the last time.

    Sending an issue to a slow server takes hours, and its bell rings on: nobody need read of that.
    """
    at_it = asyncio.Lock()

    async def ring_unless_at_it() -> None:
        if not at_it.locked():
            async with at_it:
                await ring()

    return ring_unless_at_it


@asynccontextmanager
async def _bells(app: App, stop: asyncio.Event, manager: ServiceManager) -> AsyncIterator[None]:
    """Ring every bell until the block ends; a bell that rings does one step and returns."""
    scheduler = AsyncIOScheduler(
        timezone="UTC",
        job_defaults=SCHEDULED,
    )
    letters = app.newsletters
    bells: dict[str, tuple[timedelta, Callable[[], Awaitable[object]]]] = {
        "replan": (REPLAN_EVERY, lambda: _replan(app, stop)),
        "renew hubs": (HUBS_EVERY, app.polling.renew_hubs),
        "send issues": (ISSUES_EVERY, lambda: app.mailing.keep_sending(stop)),
        "settle doubts": (DOUBTS_EVERY, app.doubts.settle),
        "fetch what came back": (BOUNCES_EVERY, letters.fetch_bounces),
        "forget what is kept long enough": (FORGET_EVERY, letters.forget_readers),
        "send confirmations": (CONFIRMATIONS_EVERY, lambda: letters.send_confirmations(stop)),
        "ask networks for limits": (CAPABILITIES_EVERY, app.refresh_capabilities),
        "listen to answers": (ECHOES_EVERY, app.echoes.listen),
        "find links": (LINKS_EVERY, app.links.find),
        "mark the store": (MARK_EVERY, app.mark_as_seen),
        "mind the clock": (CLOCK_EVERY, app.mind_the_clock),
        "shorten waits": (REPLAN_EVERY, app.shorten_waits),
        "tell officers": (OFFICERS_EVERY, app.tell_officers),
        "tell the service manager": (STATUS_EVERY, lambda: _tell_status(app, manager)),
    }
    if app.database.path is None:
        bells["measure the database's time"] = (TIME_EVERY, lambda: _unless_away(app.measure_time))
    if app.turn.role is Role.TAKES_TURNS:
        bells["take turns planning"] = (ASK_EVERY, lambda: _unless_away(app.replanning.take_turn))
    for name, (every, ring) in bells.items():
        scheduler.add_job(
            one_at_a_time(partial(_tick_until_stopped, name, ring)),
            "interval",
            seconds=every.total_seconds(),
            name=name,
        )
    at_once = ("renew hubs", "ask networks for limits", "tell the service manager")
    for name in (*at_once, "forget what is kept long enough"):
        scheduler.add_job(_tick_until_stopped, args=(name, bells[name][1]))
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


async def _tell_status(app: App, manager: ServiceManager) -> None:
    """Let the service manager show how the outbox fares."""
    if manager.address:
        outbox = await app.store.health(now=app.clock.now())
        manager.tell_status(
            f"{outbox.count(DeliveryState.PENDING)} waiting, {outbox.overdue} overdue,"
            f" {outbox.unclear} unclear, {outbox.failed_lately} failed within a day"
        )


async def _tick(name: str, ring: Callable[[], Awaitable[T]]) -> T | None:
    """Do one step; the one place where trouble of any kind is logged and left behind.

    While a database is away every step meets the same trouble every minute: it is told once.
    """
    try:
        done = await ring()
    except HeraldError as error:
        if str(error) not in _complaints.values():
            log.error(
                "a step failed and will be tried again", extra={"step": name, "why": str(error)}
            )
        _complaints[name] = str(error)
        return None
    except Exception:
        log.exception("a step failed and will be tried again", extra={"step": name})
        return None
    _complaints.pop(name, None)
    return done


async def _tick_until_stopped(name: str, ring: Callable[[], Awaitable[object]]) -> None:
    """Do one step that a stop of Herald breaks off: that is no trouble to log."""
    with suppress(asyncio.CancelledError):
        await _tick(name, ring)


_complaints: dict[str, str] = {}
"""What each step of this process met last, until it is done without trouble."""


async def _unless_away(ring: Callable[[], Awaitable[object]]) -> None:
    """Do what is done every few seconds; others complain of a store that is away."""
    with suppress(StoreUnusable):
        await ring()


async def _poll_feeds(app: App, stop: asyncio.Event) -> None:
    """Ask the feeds that are due, at once and every minute; a stop ends a pass within moments.

    No bell, which could not wait: whoever stops must have given back what it had in hand.
    """
    while not stop.is_set():
        await _tick("poll feeds", lambda: app.poll_and_replan(stop))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_EVERY.total_seconds())


async def _replan(app: App, stop: asyncio.Event) -> None:
    """Plan again; while the store is away, try until it is back: the files are not seen twice."""
    complaint = ""
    while not stop.is_set():
        try:
            await app.replan_if_sound()
        except StoreUnusable as error:
            if str(error) != complaint:
                log.error("planning waits for the store", extra={"why": str(error)})
            complaint = str(error)
            await first_of(stop.wait(), app.clock.sleep(AGAIN_AFTER))
        else:
            return


async def _listen(app: App, stop: asyncio.Event) -> None:
    """Look at once when another process says that there is something to see."""
    bells = {Heard.DUE: app.worker.wake, Heard.NEWS: app.replanning.news.set}
    while not stop.is_set():
        await _tick("listen", lambda: listen(app.database, bells, clock=app.clock, stop=stop))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), POLL_EVERY.total_seconds())


async def _plan_news(app: App, stop: asyncio.Event) -> None:
    """Plan what any process's polling has found, and all there is when the turn comes.

    Not more often than every minute, for news comes all day long.
    """
    while not stop.is_set():
        await first_of(stop.wait(), app.replanning.news.wait())
        await first_of(stop.wait(), app.clock.sleep(MORE_NEWS_WITHIN))
        if stop.is_set():
            return
        app.replanning.news.clear()
        if await _tick("plan news", app.replanning.plan_news):
            await first_of(stop.wait(), app.clock.sleep(REPLAN_WHILE_POLLING))


async def _watch_files(app: App, stop: asyncio.Event) -> None:
    """Plan again when campaign or config files have changed and then been left alone."""
    names = ("campaigns", "config") if app.reads_campaigns else ("config",)
    folders = [path for name in names if (path := app.folder / name).is_dir()]
    if not folders:
        await stop.wait()
        return
    async for changes in awatch(*folders, stop_event=stop, step=200, debounce=1600):
        paths = [Path(path) for _, path in changes]
        if all(path.name.startswith(".") or path.name.endswith("~") for path in paths):
            continue
        await app.clock.sleep(STABLE_FOR.total_seconds())
        log.info("files changed", extra={"files": ", ".join(sorted({p.name for p in paths}))})
        await _tick("replan", lambda: _replan(app, stop))


async def _watch_secrets(app: App, stop: asyncio.Event) -> None:
    """Open channels anew when .env or a file of secrets has changed: a token needs no restart."""
    secrets = secrets_folder(app.folder)

    def is_secret(_: Change, path: str) -> bool:
        return Path(path).name == DOTENV or Path(path).parent.name == secrets.name

    places = [app.folder, *([secrets] if secrets.is_dir() else [])]
    async for _ in awatch(
        *places,
        watch_filter=is_secret,
        stop_event=stop,
        step=200,
        debounce=1600,
        recursive=False,
    ):
        await app.clock.sleep(STABLE_FOR.total_seconds())
        await _tick("replan", lambda: _replan(app, stop))
        log.info("secrets changed, channels were opened anew")


async def _figures(app: App) -> tuple[Gauge, ...]:
    """Return what ``/metrics`` tells."""
    feeds = await app.feeds.health(now=app.clock.now())
    issues = await app.mailing_store.issues()
    return gauges(await app.condition.health(), feeds, issues, version=__version__)


def pages_of(app: App) -> web.Application:
    """Return every page that the world may ask *app* for."""
    header = app.settings.web.client_header or ""
    pages = create_app(
        app.condition.health,
        app.mailing,
        app.polling.hubs,
        lambda: _figures(app),
        app.media,
        app.joining,
        app.archive,
        app.approving,
        client_header=header,
    )
    add_preference_routes(pages, app.preferences, client_header=header)
    return pages


@asynccontextmanager
async def _web(app: App) -> AsyncIterator[None]:
    """Serve health, the way into and out of lists, feeds' hubs and pictures on ``web.listen``."""
    listen = app.settings.web.listen
    try:
        runner = await serve(pages_of(app), listen)
    except OSError as error:
        raise ConfigurationBroken(
            f"Nothing can be served on {listen} ({error.strerror or error}): stop what listens"
            " there, or write another address in config/herald.yaml under web: {listen: …}."
        ) from error
    log.info("listening", extra={"address": f"http://{listen}/healthz"})
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _lmtp(app: App) -> AsyncIterator[None]:
    """Take what comes back from this computer's mail server, where ``bounces.lmtp`` says so."""
    listen = app.settings.bounces.lmtp
    if listen is None:
        yield
        return
    async with AsyncExitStack() as stack:
        try:
            door = app.newsletters.bounce_door()
            where = await stack.enter_async_context(door.standing_open(listen))
        except OSError as error:
            raise ConfigurationBroken(
                f"Nothing can come back on {listen} ({error.strerror or error}): stop what listens"
                " there, or write another place in config/herald.yaml under bounces: {lmtp: …}."
            ) from error
        log.info("listening", extra={"address": f"lmtp {where}"})
        yield
