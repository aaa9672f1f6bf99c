"""Runs parsing in processes that can be killed and that cannot eat the machine's memory.

``ProcessPoolExecutor`` cannot kill one task, so these processes are Herald's own. A feed comes
back in small parts: unpacking 5,000 entries holds up this process for 24 ms, and four workers may
answer at once.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType

from herald.model.feed import ParsedFeed
from herald.model.page import PageFacts
from herald.model.polling import Identity, NamedFeed
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.understand import understand
from herald.sources.feeds.webpages.webpage import read_page

log = logging.getLogger(__name__)

MOST_MEMORY = 1024**3
"""Bytes of address space of a worker."""
MOST_SECONDS = 10.0
"""A document may take so long; then its worker is killed and replaced."""
_START_SECONDS = 60.0
"""A worker may take so long to start: importing on a busy machine is no document's fault."""
_READY = "ready"
_MOST_DOCUMENTS = 2_000
"""A worker reads so many, then another takes its place: whatever leaks, leaks only so far."""
_MOST_GROWN = 256 * 1024**2
"""Bytes that a worker may hold on to between two documents."""
_PART = 25
"""Entries that come back at once: unpacking them takes about 0.1 ms."""


@dataclass(frozen=True, slots=True)
class ParseFailed:
    """The document could not be parsed within its limits, and why, in plain words."""

    why: str


class _Task(Enum):
    """What a document is to be read as."""

    FEED = "feed"
    PAGE = "page"


Answer = NamedFeed | PageFacts | ParseFailed


@dataclass(frozen=True, slots=True)
class _End:
    """Follows every answer: it is whole now."""

    retires: bool
    """The worker has read enough and ends."""


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

    async def understand(self, document: Document) -> NamedFeed | ParseFailed:
        """Parse *document* in a worker and name its entries; never raises for what it contains."""
        answer = await self._read(_Task.FEED, document)
        return _odd() if isinstance(answer, PageFacts) else answer

    async def parse(self, document: Document) -> ParsedFeed | ParseFailed:
        """Parse *document* in a worker; never raises for what it contains."""
        answer = await self.understand(document)
        return answer if isinstance(answer, ParseFailed) else answer.feed

    async def read_page(self, document: Document) -> PageFacts | ParseFailed:
        """Read *document* as a web page in a worker; never raises for what it contains."""
        answer = await self._read(_Task.PAGE, document)
        return _odd() if isinstance(answer, NamedFeed) else answer

    async def _read(self, task: _Task, document: Document) -> Answer:
        async with self._free:
            worker = self._worker()
            call = asyncio.get_running_loop().run_in_executor(
                self._threads, worker.read, task, document, self._most_seconds
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

    def _worker(self) -> _Worker:
        """Take one that is idle and lives, else a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_well:
                return worker
            worker.kill()  # the system ended it while nobody looked, for want of memory
        return _Worker(self._most_memory)

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

    @property
    def is_well(self) -> bool:
        """Tell whether its process can be asked; one that was not started yet can."""
        return self.is_alive and (self._theirs is not None or self._process.is_alive())

    def read(self, task: _Task, document: Document, most_seconds: float) -> Answer:
        """Have *document* read; kill the process if that takes too long."""
        try:
            if self._theirs is not None:
                self._start(self._theirs)
            self._pipe.send((task, document))
            answer, end = self._receive(time.monotonic() + most_seconds)
        except TimeoutError:
            self.kill()
            log.warning("feed parser killed", extra={"url": document.url})
            return ParseFailed(f"reading the document took longer than {most_seconds:g} seconds")
        except (EOFError, OSError):
            self.kill()
            return ParseFailed("reading the document took more memory than it may, or crashed")
        if isinstance(answer, ParseFailed) or end.retires:
            self.kill()  # what broke it may have left it broken
        return answer

    def _receive(self, until: float) -> tuple[Answer, _End]:
        """Gather the parts of an answer."""
        answer: Answer = _odd()
        named: list[Identity] = []
        while self._pipe.poll(max(0.0, until - time.monotonic())):
            match self._pipe.recv():
                case _End() as end:
                    if isinstance(answer, NamedFeed):
                        entries = tuple(one.content for one in named)
                        feed = replace(answer.feed, entries=entries)
                        answer = NamedFeed(feed=feed, named=tuple(named))
                    return answer, end
                case tuple() as part:
                    named.extend(part)
                case NamedFeed() | PageFacts() | ParseFailed() as head:
                    answer = head
        raise TimeoutError

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


def _work(pipe: Connection, most_memory: int, *, most_documents: int = _MOST_DOCUMENTS) -> None:
    """Answer documents until the pipe is closed, or many are read. Runs in the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _bound_memory(most_memory)
    pipe.send(_READY)
    at_first = _memory()
    for count in range(1, most_documents + 1):
        try:
            task, document = pipe.recv()
        except (EOFError, OSError):
            return
        _reply(pipe, _answer(_READERS[task], document))
        has_grown = _memory() - at_first > _MOST_GROWN
        pipe.send(_End(retires=has_grown or count == most_documents))


def _reply(pipe: Connection, answer: Answer) -> None:
    if not isinstance(answer, NamedFeed):
        pipe.send(answer)
        return
    pipe.send(NamedFeed(feed=replace(answer.feed, entries=()), named=()))
    for start in range(0, len(answer.named), _PART):
        pipe.send(answer.named[start : start + _PART])


_READERS: dict[_Task, Callable[[Document], Answer]] = {
    _Task.FEED: understand,
    _Task.PAGE: read_page,
}


def _answer(read: Callable[[Document], Answer], document: Document) -> Answer:
    try:
        return read(document)
    except MemoryError:
        return ParseFailed("reading the document took more memory than it may")
    except RecursionError:
        return ParseFailed("the document is nested too deeply")
    except Exception as error:  # noqa: BLE001 -- the edge of the worker: a document never ends Herald
        return ParseFailed(f"the document cannot be read ({type(error).__name__})")


def _memory() -> int:
    """Return the bytes that this process holds now; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _bound_memory(most: int) -> None:
    try:
        import resource  # noqa: PLC0415 -- Unix only; elsewhere the time limit stands alone
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
