"""Lets ``herald run`` be killed and started again at once, and counts what came of it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import asyncpg

from tests.faults.harness import PRELOADED
from tests.faults.launched import Launch, QuickClock, launch
from tests.faults.rude import RudeServer, rude
from tests.folders import a_network, journal
from tests.running import a_free_port, local
from tests.servers.mastodon import GOTOSOCIAL, MASTODON, TOKEN

SPEED = 60.0
"""A look-up waits 90 seconds: the clocks run so much faster."""
PATIENCE = 120.0
"""True seconds after which what should have come to its end is a failure."""
ACCOUNTS = {f"keyed{nth}": MASTODON for nth in range(4)} | {
    f"read{nth}": GOTOSOCIAL for nth in range(4)
}
"""Those that take a repeat for the same post for an hour, and those that can only be read."""
JOURNAL = "trial"

POSTS_EACH_MINUTE = 2
"""Of the quick clock: a second of true time."""

_NUMBER = re.compile(r"number-\d+")
_CONTEXT = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of killing is to be."""

    folder: Path
    kills: int
    seed: int
    store: str = "sqlite:///var/herald.db"
    workers: int = 1
    options: tuple[tuple[str, ...], ...] = ((),)
    """Of each worker; the last serves all that follow."""
    longest: float = 2.5
    """True seconds between two kills, at most."""

    @property
    def posts(self) -> int:
        """How many posts each account is owed: about two for each second of killing."""
        return round(self.kills * self.longest * 0.6) + 2 * POSTS_EACH_MINUTE


@dataclass(slots=True, kw_only=True)
class Came:
    """What came of a round, or of many."""

    kills: int = 0
    owed: int = 0
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Marked sent and not there, or never settled, or given up."""
    held: list[str] = field(default_factory=list)
    """Left to a person as unclear."""
    looked_up: int = 0
    """Sends of which only a look-up could tell what they came to."""
    faults: Counter[str] = field(default_factory=Counter)
    """What the servers did, how often."""

    def add(self, other: Came) -> None:
        """Count *other* as well."""
        self.kills += other.kills
        self.owed += other.owed
        self.doubled += other.doubled
        self.lost += other.lost
        self.held += other.held
        self.looked_up += other.looked_up
        self.faults += other.faults


class Daemons:
    """The processes of one round."""

    def __init__(self, wanted: Round, began: float) -> None:
        self._wanted = wanted
        self._began = began
        self._lives = 0
        self.running: list[tuple[int, BaseProcess, Path]] = []

    async def begin(self, nth: int) -> None:
        """Start worker *nth*."""
        self._lives += 1
        wanted, port = self._wanted, a_free_port()
        log = wanted.folder / f"life-{self._lives}.log"
        life = Launch(
            folder=wanted.folder,
            log=log,
            began=self._began,
            speed=SPEED,
            options=wanted.options[min(nth, len(wanted.options) - 1)],
            environ={
                "HERALD_STORE": wanted.store,
                "HERALD_WEB__LISTEN": f"127.0.0.1:{port}",
                **{f"HERALD_CHANNELS__{name.upper()}__ACCESS_TOKEN": TOKEN for name in ACCOUNTS},
            },
        )
        process = _CONTEXT.Process(target=launch, args=(life,))
        process.start()  # in this thread alone, see harness.py
        self.running.append((nth, process, log))

    async def kill_first(self) -> None:
        """Kill the process that has run for longest, which must not have ended by itself."""
        nth, process, log = self.running.pop(0)
        ended_by_itself = process.exitcode is not None
        process.kill()
        await asyncio.to_thread(process.join, PATIENCE)
        process.close()
        text = log.read_text() if log.exists() else ""
        # One that finds no database when it begins leaves, and is started anew.
        assert not ended_by_itself or "herald is ready" not in text, f"worker {nth} ended\n{text}"
        if not ended_by_itself:
            log.unlink(missing_ok=True)

    async def leave(self) -> None:
        """Ask all to stop, and see that they leave well."""
        for _, process, log in self.running:
            assert process.pid is not None
            assert process.is_alive(), log.read_text()
            os.kill(process.pid, signal.SIGTERM)
        for _, process, log in self.running:
            await asyncio.to_thread(process.join, PATIENCE)
            assert process.exitcode == 0, log.read_text()
            process.close()
        self.running.clear()

    def told(self) -> str:
        """Return what those that run have logged."""
        return "\n----\n".join(log.read_text()[-4000:] for _, _, log in self.running)

    def end(self) -> None:
        """Kill whatever is left."""
        for _, process, _ in self.running:
            process.kill()
            process.join()


async def a_round(wanted: Round, disturb: Callable[[int], object] | None = None) -> Came:
    """Kill, start again at once, let what is left come to its end, and count."""
    _CONTEXT.set_forkserver_preload(PRELOADED)
    dice, began = random.Random(wanted.seed), time.time()
    clock = QuickClock(began, SPEED)
    daemons = Daemons(wanted, began)
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(rude(behaviour, clock, dice))
            for name, behaviour in ACCOUNTS.items()
        }
        stack.callback(daemons.end)
        _write_folder(wanted, servers, clock)
        for nth in range(wanted.workers):
            await daemons.begin(nth)
        for nth in range(wanted.kills):
            # Most lives are short; some see what they sent looked up.
            most = wanted.longest * (1.0 if nth % 4 == 0 else 0.4)
            await asyncio.sleep(dice.uniform(0.1, most))
            if disturb is not None:
                await asyncio.to_thread(disturb, nth)
            worker = daemons.running[0][0]
            await daemons.kill_first()
            await daemons.begin(worker)
        for server in servers.values():
            server.is_good = True
        await _come_to_its_end(wanted, daemons)
        await daemons.leave()
        return await _counted(wanted, servers)


def _write_folder(wanted: Round, servers: dict[str, RudeServer], clock: QuickClock) -> None:
    channels = "".join(
        f'{name}: {{network: mastodon, server: "{server.address}"}}\n'
        for name, server in servers.items()
    )
    begins = clock.now()
    items = "".join(
        f"  - {{id: item-{nth}, kind: news, title: {{en: Here is number-{nth}}},"
        f" post: {local(begins, timedelta(minutes=nth // POSTS_EACH_MINUTE))}}}\n"
        for nth in range(wanted.posts)
    )
    a_network(
        wanted.folder,
        config_herald="timezone: UTC\n",
        config_channels=f"{channels}{JOURNAL}: {{network: journal}}\n",
        stories=f"campaign: stories\nlanguages: [en]\nchannels: [{', '.join(servers)}, {JOURNAL}]\n"
        f"at_most_late: 52w\nitems:\n{items}",
    )


async def _come_to_its_end(wanted: Round, daemons: Daemons) -> None:
    """Wait until nothing is left to be sent or looked up."""
    ends = time.monotonic() + PATIENCE
    while not (_has_begun(daemons) and await _is_settled(wanted)):
        await asyncio.sleep(0.2)
        assert time.monotonic() < ends, f"{await _rows(wanted)}\n{daemons.told()}"
        for worker, process, log in list(daemons.running):
            if process.exitcode is not None:  # one that found no database when it began
                assert "herald is ready" not in log.read_text(), log.read_text()
                daemons.running.remove((worker, process, log))
                await daemons.begin(worker)


def _has_begun(daemons: Daemons) -> bool:
    """Tell whether there are tables to ask."""
    return any(log.exists() and "herald is ready" in log.read_text() for *_, log in daemons.running)


async def _is_settled(wanted: Round) -> bool:
    rows = await _rows(wanted)
    owed = (len(ACCOUNTS) + 1) * wanted.posts
    return len(rows) == owed and not any(row[2] in {"pending", "claimed"} for row in rows)


async def _counted(wanted: Round, servers: dict[str, RudeServer]) -> Came:
    arrived = {name: _numbers(s.text for s in server.statuses) for name, server in servers.items()}
    arrived[JOURNAL] = _numbers(line["text"] for line in journal(wanted.folder))
    came = Came(kills=wanted.kills, looked_up=len(await _ask(wanted, _LOOKED_UP)))
    for server in servers.values():
        came.faults += server.done
    for channel, item, state, reason in await _rows(wanted):
        name, copies = f"{channel} {item}", arrived[channel][item.replace("item", "number")]
        came.owed += 1
        if copies > 1:
            came.doubled.append(name)
        if (state, reason) == ("held", "unclear"):
            came.held.append(name)
        elif state != "sent" or not copies:
            came.lost.append(f"{name} {state} {reason}")
    missing = (len(servers) + 1) * wanted.posts - came.owed
    came.lost += ["never planned"] * missing
    return came


def _numbers(texts: object) -> Counter[str]:
    return Counter(number for text in texts for number in _NUMBER.findall(text)[:1])  # type: ignore[attr-defined]


_ROWS = "SELECT channel, item, state, reason FROM delivery"
_LOOKED_UP = "SELECT key FROM attempt WHERE outcome LIKE '%, then %'"


async def _rows(wanted: Round) -> list[tuple[str, str, str, str]]:
    return await _ask(wanted, _ROWS)


async def _ask(wanted: Round, query: str) -> list[tuple[str, str, str, str]]:
    """Ask the database, past Herald's own code."""
    if wanted.store.startswith("postgresql:"):
        connection = await asyncpg.connect(wanted.store)
        rows = [tuple(row) for row in await connection.fetch(query)]
        await connection.close()
        return rows
    database = sqlite3.connect(wanted.folder / "var" / "herald.db", timeout=10)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()
