"""Tells systemd, or whoever started Herald as a service, that it is ready, well, or stopping.

    manager = ServiceManager.of(os.environ)
    manager.tell(READY)
    await manager.keep_alive(tasks, stop)

One datagram of text lines to the socket that ``NOTIFY_SOCKET`` names, as systemd documents in
sd_notify(3) and sd_watchdog_enabled(3). Where nobody asked to be told, nothing is sent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"
_STATUS_MOST = 200

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class ServiceManager:
    """Who started this process and wants to hear of it."""

    address: str = ""
    """Of its socket; empty where nobody wants to hear."""
    patience: float | None = None
    """Seconds without a sign of life after which it starts Herald anew; None: for ever."""
    is_deaf: bool = False
    """It did not hear the last word; said once in the log."""

    @classmethod
    def of(cls, environ: Mapping[str, str], *, pid: int | None = None) -> ServiceManager:
        """Return who is named in *environ*; the patience counts only where it is meant for *pid*.

        *pid* is by default this process.
        """
        address = environ.get("NOTIFY_SOCKET", "")
        meant = environ.get("WATCHDOG_PID", "")
        written = environ.get("WATCHDOG_USEC", "")
        is_meant = not meant or meant == str(os.getpid() if pid is None else pid)
        microseconds = int(written) if written.isascii() and written.isdigit() else 0
        return cls(
            address=address if address.startswith(("/", "@")) else "",
            patience=microseconds / 1_000_000 if is_meant and microseconds else None,
        )

    @property
    def waits_for_signs(self) -> bool:
        """Tell whether it starts Herald anew when there is no sign of life."""
        return self.patience is not None and bool(self.address)

    def tell(self, *words: str) -> None:
        """Send *words*, such as READY. Nothing waits for it, and no trouble with it matters."""
        if not self.address:
            return
        # The Linux names without a file begin with a zero byte, which no variable can hold.
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto("\n".join(words).encode(), address)
        except OSError as error:
            if not self.is_deaf:
                log.warning("the service manager does not hear", extra={"why": error.strerror})
            self.is_deaf = True
        else:
            self.is_deaf = False

    def tell_status(self, sentence: str) -> None:
        """Let ``systemctl status`` show *sentence*."""
        self.tell(f"STATUS={' '.join(sentence.split())[:_STATUS_MOST]}")

    async def keep_alive(self, tasks: Collection[asyncio.Task[None]], stop: asyncio.Event) -> None:
        """Give signs of life until all *tasks* have ended, twice as often as they are wanted.

        None is given when a task has ended though nobody asked to stop, nor while the event loop
        hangs: then Herald is started anew.
        """
        if self.patience is None or not self.waits_for_signs:
            return
        while not all(task.done() for task in tasks):
            if stop.is_set() or not any(task.done() for task in tasks):
                self.tell(ALIVE)
            await asyncio.wait(tasks, timeout=self.patience / 2)
