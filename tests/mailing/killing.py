"""Kills a sender again and again, and counts what became of the letters."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from herald.mailing.issues import issue_of
from herald.model.ids import Language
from herald.model.mailing import Edition, IssueState, Progress, RecipientState, WhenUncertain
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from tests.mailing.killed import Life
from tests.mailing.logging_sink import LoggingSink
from tests.mailing.makers import a_planned_issue, subscribe_many

KEY = "stories/monthly/2027-05-10"
ROOT = Path(__file__).parents[2]
BETWEEN = timedelta(minutes=30)
"""Each life is so much later than the last: a lease has lapsed, and no answer can come any more."""
LIVES_MOST = 8
"""After the last kill."""
PATIENCE = 600.0
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


class Killer:
    """Lets lives send through a sink until they are killed."""

    def __init__(self, life: Life, sink: LoggingSink, *, people: int, seed: int) -> None:
        self._life = life
        self._sink = sink
        self._people = people
        self._dice = random.Random(seed)
        self._later = timedelta()
        self.kills = 0
        self.lives = 0

    async def kill(self, times: int) -> None:
        """Kill so many lives, each after as many letters as chance says, and a moment more."""
        marks = sorted(self._dice.randrange(self._people) for _ in range(times))
        for before, mark in zip([0, *marks], marks, strict=False):
            process = await self._begin()
            reached = asyncio.ensure_future(self._sink.reach(max(1, mark - before)))
            ended = asyncio.ensure_future(process.wait())
            await asyncio.wait({reached, ended}, return_when=asyncio.FIRST_COMPLETED)
            reached.cancel()
            await asyncio.sleep(self._dice.uniform(0, 0.02))
            if not ended.done():
                process.kill()
                self.kills += 1
            await ended
            await self._sink.quiet()

    async def finish(self, store_url: str, folder: Path) -> Toll:
        """Let lives come to their end until the issue has; return what it came to."""
        begun = time.monotonic()
        database = await open_store(store_url, folder)
        store = StoredMailing(database)
        try:
            progress = await _progress(store, self._people)
            for _ in range(LIVES_MOST):
                process = await self._begin()
                async with asyncio.timeout(PATIENCE):
                    assert await process.wait() == 0
                await self._sink.quiet()
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

    async def _begin(self) -> asyncio.subprocess.Process:
        self.lives += 1
        self._later += BETWEEN
        self._sink.ahead = self._later
        life = replace(self._life, ahead=self._later.total_seconds())
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.mailing.killed", life.to_json()),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
        )


async def _progress(store: StoredMailing, people: int) -> Progress:
    progress = await store.progress(KEY)
    assert progress is not None
    assert sum(count for _, count in progress.counts) == people
    return progress
