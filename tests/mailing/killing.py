"""Kills a sender again and again, and counts what became of the letters."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from herald.mailing.letters.issues import issue_of
from herald.model.ids import Language
from herald.model.mailing import Edition, IssueState, Progress, RecipientState, WhenUncertain
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from tests.mailing.killed import Life, live
from tests.mailing.makers import a_planned_issue, subscribe_many

KEY = "stories/monthly/2027-05-10"
BETWEEN = timedelta(minutes=30)
"""Each life is so much later than the last: a lease has lapsed, and no answer can come any more."""
LIVES_MOST = 8
"""After the last kill."""
PATIENCE = 600.0
OFTEN = 0.005
_BODY = "Dear friends, here is what the ecomuseums have for you this month.\n" * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What it came to."""

    lost: int
    """Nobody sent them a copy, whatever the journal says."""
    doubled: int
    """Copies too many."""
    held: int
    uncertain: int
    kills: int
    lives: int
    is_sent: bool
    seconds: float


async def begin(
    store_url: str, folder: Path, people: int, *, when_uncertain: WhenUncertain
) -> None:
    """Freeze an issue to so many people."""
    database = await open_store(store_url, folder)
    store = StoredMailing(database)
    await subscribe_many(store, people)
    now = datetime.now(UTC)
    issue = replace(issue_of(a_planned_issue(due_at=now), None), when_uncertain=when_uncertain)
    edition = Edition(language=Language("en"), subject="Hello", text=_BODY, html=f"<p>{_BODY}</p>")
    await store.save_issue(issue, was=None, editions=[edition])
    assert await store.freeze_audience(issue, lambda _: Language("en"), now=now) == people
    await database.close()


class Watched(Protocol):
    """A mail server that is looked at."""

    ahead: timedelta
    """What is added to its clock."""

    @property
    def taken(self) -> Counter[str]:
        """What it took, by Message-ID."""
        ...

    async def reach(self, count: int) -> None:
        """Wait until so many mails more were taken."""
        ...

    async def quiet(self) -> None:
        """Wait until it has nothing to do."""
        ...


class Killer:
    """Lets lives send through a mail server until they are killed."""

    def __init__(
        self,
        life: Life,
        sink: Watched,
        *,
        people: int,
        seed: int,
        between: timedelta = BETWEEN,
    ) -> None:
        self.between = between
        self._life = life
        self._sink = sink
        self._people = people
        self._dice = random.Random(seed)
        self._later = timedelta()
        self._context = multiprocessing.get_context("forkserver")
        # Loaded once: a life then begins in hundredths of a second.
        self._context.set_forkserver_preload(["tests.mailing.killed"])
        self.kills = 0
        self.lives = 0

    async def kill(self, times: int) -> None:
        """Kill so many lives, each after as many letters as chance says, and a moment more."""
        marks = sorted(self._dice.randrange(self._people) for _ in range(times))
        for before, mark in zip([0, *marks], marks, strict=False):
            process = await self._begin()
            reached = asyncio.ensure_future(self._sink.reach(max(1, mark - before)))
            while process.is_alive() and not reached.done():  # noqa: ASYNC110 - it sets no event
                await asyncio.sleep(OFTEN)
            reached.cancel()
            await asyncio.sleep(self._dice.uniform(0, 0.02))
            if process.is_alive():
                process.kill()
                self.kills += 1
            await self._ended(process)

    async def live(self) -> None:
        """Let a life come to its end by itself."""
        assert await self._ended(await self._begin()) == 0

    async def finish(self, store_url: str, folder: Path) -> Toll:
        """Let lives come to their end until the issue has; return what it came to."""
        begun = time.monotonic()
        database = await open_store(store_url, folder)
        store = StoredMailing(database)
        try:
            progress = await _progress(store, self._people)
            for _ in range(LIVES_MOST):
                await self.live()
                progress = await _progress(store, self._people)
                if progress.issue.state is IssueState.SENT:
                    break
        finally:
            await database.close()
        taken = self._sink.taken
        return Toll(
            lost=self._people - len(taken),
            doubled=sum(taken.values()) - len(taken),
            held=progress.count(RecipientState.HELD),
            uncertain=progress.count(RecipientState.UNCERTAIN),
            kills=self.kills,
            lives=self.lives,
            is_sent=progress.issue.state is IssueState.SENT,
            seconds=time.monotonic() - begun,
        )

    async def _begin(self) -> BaseProcess:
        self.lives += 1
        self._later += self.between
        self._sink.ahead = self._later
        life = replace(self._life, ahead=self._later.total_seconds())
        process = self._context.Process(target=live, args=(life,))
        process.start()
        return process

    async def _ended(self, process: BaseProcess) -> int | None:
        try:
            async with asyncio.timeout(PATIENCE):
                while process.is_alive():  # noqa: ASYNC110 - a process that ends sets no event
                    await asyncio.sleep(OFTEN)
        finally:
            process.kill()
            process.join()
        await self._sink.quiet()
        code = process.exitcode
        process.close()
        return code


async def _progress(store: StoredMailing, people: int) -> Progress:
    progress = await store.progress(KEY)
    assert progress is not None
    assert sum(count for _, count in progress.counts) == people
    return progress
