"""A daemon of which one task has died ends, so that it is started anew; it never looks alive."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from pathlib import Path

import pytest

from tests.faults.harness import PRELOADED
from tests.faults.launched import Launch, launch_and_cancel
from tests.folders import a_network
from tests.running import a_free_port

TASKS = ("delivery", "look up", "feeds", "file watch", "secrets watch", "signs of life")
ON_POSTGRESQL = ("delivery", "listening", "news")
PATIENCE = 60.0
"""Seconds until a daemon that goes on is believed to go on: six of them start at once."""

pytestmark = pytest.mark.slow


def ended(folder: Path, task: str, store: str = "sqlite:///var/herald.db") -> str:
    """Return how a daemon ended whose *task* was cancelled."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    folder.mkdir()
    life = Launch(
        folder=a_network(folder),
        log=folder / "log",
        began=time.time(),
        environ={
            "HERALD_STORE": store,
            "HERALD_WEB__LISTEN": f"127.0.0.1:{a_free_port()}",
            # somebody waits for signs of life, every ten seconds
            "NOTIFY_SOCKET": str(folder / "socket"),
            "WATCHDOG_USEC": "20000000",
        },
    )
    process = context.Process(target=launch_and_cancel, args=(life, task))
    process.start()
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
        return "it went on"
    return "well" if process.exitcode == 0 else "in trouble"


async def test_a_task_that_died_ends_the_daemon(tmp_path: Path) -> None:
    ends = await asyncio.gather(
        *(asyncio.to_thread(ended, tmp_path / task, task) for task in TASKS)
    )
    assert dict(zip(TASKS, ends, strict=True)) == dict.fromkeys(TASKS, "in trouble")


async def test_a_task_that_died_ends_one_of_many_daemons(
    postgresql_url: str, tmp_path: Path
) -> None:
    ends = [
        await asyncio.to_thread(ended, tmp_path / task, task, postgresql_url)
        for task in ON_POSTGRESQL
    ]
    assert dict(zip(ON_POSTGRESQL, ends, strict=True)) == dict.fromkeys(ON_POSTGRESQL, "in trouble")
