"""``herald run`` in a process that is there at once, on a clock that may run faster.

The command is the very one that people call, with its options, its folder and its signals. Only
its clock can be another: a look-up that waits 90 seconds then comes within two.
"""

import asyncio
import logging
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from herald import daemon
from herald.channels import registry
from herald.channels.mastodon import channel as mastodon
from herald.cli.context import Invocation
from herald.cli.run import run
from herald.clock import SystemClock
from herald.store import engine

PRELOADED = (daemon, registry, mastodon, engine)
"""What a life needs: loaded once, before it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One life of the daemon."""

    folder: Path
    log: Path
    began: float
    """Seconds since 1970 at which all clocks of this kind told the true time."""
    speed: float = 1.0
    options: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)


class QuickClock(SystemClock):
    """Runs *speed* times as fast as the machine's clocks, the same in every process."""

    def __init__(self, began: float, speed: float) -> None:
        self._began = began
        self._speed = speed

    def now(self) -> datetime:
        """Return the wall clock's moment, further ahead of the true one with every second."""
        passed = (time.time() - self._began) * self._speed
        return datetime.fromtimestamp(self._began, UTC) + timedelta(seconds=passed)

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps, and is quicker."""
        return time.monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait, for less long."""
        await asyncio.sleep(seconds / self._speed)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickInvocation(Invocation):
    """A call of ``herald`` on a quick clock."""

    quick: QuickClock

    def clock(self) -> SystemClock:  # type: ignore[override]
        """Return the quick clock."""
        return self.quick


def launch(life: Launch) -> None:
    """Run the daemon; the target of a process."""
    out = os.open(life.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.stdin.close()
    os.environ.update(life.environ)
    quick = QuickClock(life.began, life.speed)
    run.main([*life.options], obj=QuickInvocation(folder=life.folder, quick=quick))


def launch_and_cancel(life: Launch, name: str) -> None:
    """Run the daemon and cancel its task *name* once it is under way; the target of a process."""
    os.environ.update(life.environ)
    logging.disable(logging.CRITICAL)
    os.dup2(os.open(life.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    asyncio.run(_run_and_cancel(life, name))


async def _run_and_cancel(life: Launch, name: str) -> None:
    async with Invocation(folder=life.folder).open_to_send(plans=True) as app:
        running = asyncio.create_task(daemon.run(app))
        while not running.done():
            await asyncio.sleep(0.05)
            for task in asyncio.all_tasks():
                if task.get_name() == name:
                    task.cancel()
        await running
