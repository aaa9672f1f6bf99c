"""A way to a server on loopback, and all that can go wrong on it.

It stands between an adapter and a fake server that remembers what it holds: so a test knows what
came of a request that was cut, answered by somebody else, or never answered. Each connection
carries one request; a fault is put before a request, and spent by it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

_HEAD_END = b"\r\n\r\n"


class Ending(Enum):
    """How a connection ends."""

    CLOSE = "closed"
    RESET = "reset"
    HANG = "left open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one request."""

    reads: float = 1.0
    """The share of the request's body that is read; less than all of it never lands."""
    lands: bool = False
    """The request reaches the server, which acts on it."""
    answer: bytes = b""
    """What is answered; nothing: the server's own words, where the request lands."""
    gives: float = 1.0
    """The share of the answer's body that is given."""
    gives_head: float = 1.0
    """The share of the answer's head that is given; less than all of it gives no body."""
    waits: float = 0.0
    """Seconds before the answer."""
    waits_for: asyncio.Event | None = None
    """What the answer waits for, when this is set."""
    bytes_a_second: int = 0
    """How fast the answer comes; 0 for at once."""
    ending: Ending = Ending.CLOSE
    lands_when: asyncio.Event | None = None
    """The request lands when this is set, whether or not anybody still waits for the answer."""


def an_answer(
    status: int,
    body: bytes = b"",
    *,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Make an answer as it crosses the line; *headers* may replace its length or its kind."""
    named = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"{name}: {value}" for name, value in {**named, **(headers or {})}.items() if value]
    head = "\r\n".join([f"HTTP/1.1 {status} Told", *lines])
    return head.encode("utf-8", "surrogateescape") + _HEAD_END + body


class FaultyWay:
    """Passes requests on to a server, as long as nothing is put before them."""

    def __init__(self, upstream: str) -> None:
        """Take the server's address, such as ``http://127.0.0.1:8000``."""
        self._host, _, port = upstream.rpartition("//")[2].partition(":")
        self._port = int(port)
        self._faults: list[tuple[str, str, Fault]] = []
        self._always: list[tuple[str, str, Fault]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.address = ""
        self.passed: list[tuple[str, str]] = []
        """Method and path of every request that came, in their order."""
        self.under_way = 0
        self.most_under_way = 0
        """Requests that were open together."""
        self.landed = asyncio.Event()
        """Set when a request that was kept back has landed."""
        self.hangs = asyncio.Event()
        """Set when an answer is kept back for ever."""
        self.broken: list[BaseException] = []
        """What went wrong with the way itself: a fault of the test."""

    def spoil(self, method: str, path: str, fault: Fault) -> None:
        """Put *fault* before the next request of *method* for *path*, or below it."""
        self._faults.append((method, path, fault))

    def spoil_every(self, method: str, path: str, fault: Fault) -> None:
        """Put *fault* before every such request until ``mend``."""
        self._always.append((method, path, fault))

    def mend(self) -> None:
        """Pass everything on again."""
        self._faults.clear()
        self._always.clear()

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FaultyWay]:
        """Listen on a free port of loopback."""
        server = await asyncio.start_server(self._begin, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0)
        assert not self.broken, self.broken

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._keep(self._serve(reader, writer))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _land_later(self, when: asyncio.Event, head: bytes, body: bytes) -> None:
        await when.wait()
        await self._forward(head, body)
        self.landed.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            ending = await self._pass(reader, writer)
            if ending is Ending.HANG:
                self.hangs.set()
                await asyncio.Event().wait()
            if ending is Ending.RESET:
                _reset(writer)
        except (OSError, EOFError):
            return  # the other side went first
        except Exception as error:  # noqa: BLE001 - told at the end, where a test can fail
            self.broken.append(error)
        finally:
            self.under_way -= 1
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ending:
        head = await reader.readuntil(_HEAD_END)
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ", 2)
        path = path.partition("?")[0]
        self.passed.append((method, path))
        fault = self._fault_for(method, path)
        length = _length(head)
        body = await reader.readexactly(int(length * fault.reads))
        told = fault.answer
        if len(body) == length and fault.lands:
            own = await self._forward(head, body)
            told = told or own
        if fault.lands_when:
            self._keep(self._land_later(fault.lands_when, head, body))
        if fault.waits_for:
            await fault.waits_for.wait()
        if fault.waits:
            await asyncio.sleep(fault.waits)
        await _give(writer, _spoiled(told, fault), fault.bytes_a_second)
        return fault.ending

    def _fault_for(self, method: str, path: str) -> Fault:
        for nth, (of, at, fault) in enumerate(self._faults):
            if of == method and path.startswith(at):
                del self._faults[nth]
                return fault
        fits = (fault for of, at, fault in self._always if of == method and path.startswith(at))
        return next(fits, Fault(lands=True))

    async def _forward(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            first, _, rest = head.partition(b"\r\n")
            kept = [line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connect")]
            writer.write(b"\r\n".join([first, b"Connection: close", *kept]) + body)
            return await reader.read()
        finally:
            writer.close()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0] or 0)


def _spoiled(told: bytes, fault: Fault) -> bytes:
    head, end, body = told.partition(_HEAD_END)
    if fault.gives_head < 1:
        return head[: int(len(head) * fault.gives_head)]
    return head + end + body[: int(len(body) * fault.gives)]


async def _give(writer: asyncio.StreamWriter, told: bytes, bytes_a_second: int) -> None:
    at_once = max(bytes_a_second // 20, 1) if bytes_a_second else max(len(told), 1)
    for start in range(0, len(told), at_once):
        writer.write(told[start : start + at_once])
        await writer.drain()
        if bytes_a_second:
            await asyncio.sleep(at_once / bytes_a_second)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End with RST in place of FIN, so that the other side sees a reset and no end."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
