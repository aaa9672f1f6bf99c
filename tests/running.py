"""A real ``herald run`` in a process of its own, to look at from outside."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

import aiohttp

HERALD = (sys.executable, "-c", "from herald.cli.main import main; main()")
PATIENCE = 50.0
"""True seconds after which something that should have happened is a failure."""
OFTEN = 0.05


_PORTS = range(10_240, 32_768)
"""Below those that a system gives to who asks for none: nobody is given one of them meanwhile."""
_SLICES = 16
_next_port = count(secrets.randbelow(len(_PORTS)))


def a_free_port() -> int:
    """Return a port of loopback on which nothing listens, and no other test meanwhile.

    Tests that run side by side choose from slices of their own.
    """
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _SLICES
    slice_of_mine = _PORTS[mine::_SLICES]
    for nth in islice(_next_port, len(slice_of_mine)):
        port = slice_of_mine[nth % len(slice_of_mine)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def surroundings(**more: str) -> dict[str, str]:
    """Return the environment without anybody's Herald settings, and *more*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HERALD_")}
    return kept | more


def unprivileged(*command: str) -> tuple[str, ...]:
    """Return *command* as one to whom closed folders are closed: root gives up that privilege."""
    if os.geteuid() != 0:
        return command
    without = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={without}", f"--inh-caps={without}", *command)


@dataclass
class Running:
    """One daemon."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """What it wrote to standard error so far."""
        return "".join(self.lines)

    async def says(self, words: str, *, times: int = 1) -> None:
        """Wait until its log holds *words*."""
        await until(lambda: self.log.count(words) >= times, told=lambda: self.log)

    async def health(self) -> tuple[int, dict[str, Any]]:
        """Ask ``/healthz``."""
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(f"http://127.0.0.1:{self.port}/healthz") as answer,
        ):
            return answer.status, await answer.json()

    def tell(self, sign: signal.Signals) -> None:
        """Send the process a signal."""
        self.process.send_signal(sign)

    async def ended(self, *, within: float = PATIENCE) -> int:
        """Wait for its end; return its exit status."""
        async with asyncio.timeout(within):
            return await self.process.wait()


@asynccontextmanager
async def running(
    folder: Path,
    *words: str,
    port: int | None = None,
    herald: Sequence[str] = HERALD,
    **more: str,
) -> AsyncIterator[Running]:
    """Run ``herald run`` on *folder*, perhaps with *words* such as ``--plan``.

    Whatever is left of it is killed at the end.
    """
    chosen = port or a_free_port()
    process = await asyncio.create_subprocess_exec(
        *herald,
        "-C",
        str(folder),
        "run",
        *words,
        env=surroundings(HERALD_WEB__LISTEN=f"127.0.0.1:{chosen}", **more),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    daemon = Running(process, chosen)
    reader = asyncio.create_task(_read(process, daemon.lines))
    try:
        yield daemon
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await reader


async def _read(process: asyncio.subprocess.Process, lines: list[str]) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        lines.append(line.decode())


async def until(
    is_so: Callable[[], bool], *, told: Callable[[], str] = lambda: "", within: float = PATIENCE
) -> None:
    """Wait until something is so; fail with what *told* says when it never is."""
    try:
        async with asyncio.timeout(within):
            while not is_so():  # noqa: ASYNC110 -- another process can set no event here
                await asyncio.sleep(OFTEN)
    except TimeoutError:
        raise AssertionError(f"it did not happen within {within} s\n{told()}") from None


def local(moment: datetime, ahead: timedelta = timedelta(0)) -> str:
    """Spell a moment as a campaign in UTC does, to the minute."""
    return (moment + ahead).strftime("%Y-%m-%d %H:%M")
