"""Runs parsing in processes that can be killed and that cannot eat the machine's memory.

``ProcessPoolExecutor`` cannot kill one task, so these processes are Herald's own.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType

from herald.model.feed import ParsedFeed
from herald.sources.feeds.parse import Document, parse

log = logging.getLogger(__name__)

MOST_MEMORY = 1024**3
"""Bytes of address space of a worker."""
MOST_SECONDS = 10.0
"""A document may take so long; then its worker is killed and replaced."""
_START_SECONDS = 60.0
"""A worker may take so long to start: importing on a busy machine is no document's fault."""
_READY = "ready"


@dataclass(frozen=True, slots=True)
class ParseFailed:
    """The document could not be parsed within its limits, and why, in plain words."""

    why: str


class Parser:
    """A few worker processes, started when first needed; use it as an async context manager."""

    def __init__(
        self,
        *,
        workers: int | None = None,
        most_seconds: float = MOST_SECONDS,
        most_memory: int = MOST_MEMORY,
    ) -> None:
        self._count = workers or min(4, os.cpu_count() or 1)
        self._most_seconds = most_seconds
        self._most_memory = most_memory
        self._idle: list[_Worker] = []
        self._free = asyncio.Semaphore(self._count)
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="feed-worker")

    async def __aenter__(self) -> Parser:
        """Do nothing: workers start when first needed."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every worker."""
        await self.close()

    async def parse(self, document: Document) -> ParsedFeed | ParseFailed:
        """Parse *document* in a worker; never raises for what it contains."""
        async with self._free:
            worker = self._idle.pop() if self._idle else _Worker(self._most_memory)
            call = asyncio.get_running_loop().run_in_executor(
                self._threads, worker.parse, document, self._most_seconds
            )
            try:
                answer = await asyncio.shield(call)
            except asyncio.CancelledError:
                worker.interrupt()
                await asyncio.wait([call])
                worker.kill()
                raise
            if worker.is_alive:
                self._idle.append(worker)
            return answer

    async def close(self) -> None:
        """End every worker; a later ``parse`` raises RuntimeError."""
        for worker in self._idle:
            worker.kill()
        self._idle.clear()
        self._threads.shutdown(wait=False)


class _Worker:
    """One process, and the pipe to it. Everything here blocks: call it from a thread."""

    def __init__(self, most_memory: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_work, args=(theirs, most_memory), daemon=True, name="herald-feed-worker"
        )
        self._theirs: Connection | None = theirs
        self.is_alive = True

    def parse(self, document: Document, most_seconds: float) -> ParsedFeed | ParseFailed:
        """Have *document* parsed; kill the process if that takes too long."""
        try:
            if self._theirs is not None:
                self._start(self._theirs)
            self._pipe.send(document)
            if not self._pipe.poll(most_seconds):
                self.kill()
                log.warning("feed parser killed", extra={"url": document.url})
                return ParseFailed(
                    f"reading the document took longer than {most_seconds:g} seconds"
                )
            answer = self._pipe.recv()
        except (EOFError, OSError):
            self.kill()
            return ParseFailed("reading the document took more memory than it may, or crashed")
        if isinstance(answer, ParseFailed):
            self.kill()  # what broke it may have left it broken
        return answer if isinstance(answer, ParsedFeed | ParseFailed) else _odd()

    def interrupt(self) -> None:
        """End the process under a call that is waiting for it: that call then fails."""
        if self._process.pid is not None:
            self._process.kill()

    def kill(self) -> None:
        """End the process at once; killing it again changes nothing."""
        if not self.is_alive:
            return
        self.is_alive = False
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()
        if self._theirs is not None:
            self._theirs.close()
        self._pipe.close()

    def _start(self, theirs: Connection) -> None:
        self._process.start()
        theirs.close()  # so that our end sees when the process is gone
        self._theirs = None
        if not self._pipe.poll(_START_SECONDS) or self._pipe.recv() != _READY:
            raise EOFError


def _odd() -> ParseFailed:
    return ParseFailed("the worker gave an answer that is none")


def _work(pipe: Connection, most_memory: int) -> None:
    """Answer documents with feeds until the pipe is closed. Runs in the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _bound_memory(most_memory)
    pipe.send(_READY)
    while True:
        try:
            document = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_answer(document))


def _answer(document: Document) -> ParsedFeed | ParseFailed:
    try:
        return parse(document)
    except MemoryError:
        return ParseFailed("reading the document took more memory than it may")
    except RecursionError:
        return ParseFailed("the document is nested too deeply")
    except Exception as error:  # noqa: BLE001 -- the edge of the worker: a document never ends Herald
        return ParseFailed(f"the document cannot be read ({type(error).__name__})")


def _bound_memory(most: int) -> None:
    try:
        import resource  # noqa: PLC0415 -- Unix only; elsewhere the time limit stands alone
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
