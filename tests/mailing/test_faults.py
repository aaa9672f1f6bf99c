"""A sender that dies at any moment leaves nobody out, and doubles nobody unasked."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from herald.mailing.letters.issues import issue_of
from herald.model.ids import Language
from herald.model.mailing import Edition, IssueState, Progress, RecipientState
from herald.store.engine import Store
from herald.store.mailing import StoredMailing
from tests.mailing.makers import a_planned_issue, subscribe_many
from tests.servers.conversing import conversing

KEY = "stories/monthly/2027-05-10"
PEOPLE = 200
CONNECTIONS = 3
ROOT = Path(__file__).parents[2]


class Sink:
    """A mail server that takes everything, slowly enough to be interrupted anywhere."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.taken: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        try:
            writer.write(b"220 sink\r\n")
            while line := await reader.readline():
                if line.upper().startswith(b"DATA"):
                    writer.write(b"354 go on\r\n")
                    mail = await reader.readuntil(b"\r\n.\r\n")
                    # Taken before it is answered, as a server that has written its queue file.
                    self.taken.append(str(message_from_bytes(mail)["Message-ID"]))
                    await asyncio.sleep(self.random.random() * 0.004)
                writer.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 ok\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def listening(sink: Sink) -> AsyncIterator[int]:
    async with conversing(sink.talk) as port:
        yield port


async def run_sender(store: str, folder: Path, port: int, *, kill_after: float | None) -> None:
    """Run a sending process to its end, or kill it so many seconds after it began to send."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.mailing.sending_process",
        store,
        str(folder),
        str(port),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    if kill_after is not None:
        try:
            await asyncio.wait_for(process.wait(), kill_after)
        except TimeoutError:
            with suppress(ProcessLookupError):  # it may just have ended
                process.send_signal(signal.SIGKILL)
    await process.communicate()


async def begun(store: StoredMailing) -> None:
    await subscribe_many(store, PEOPLE)
    now = datetime.now(UTC)
    issue = issue_of(a_planned_issue(due_at=now), None)
    edition = Edition(
        language=Language("en"), subject="Hello", text="Hello.\n", html="<p>Hello</p>"
    )
    await store.save_issue(issue, was=None, editions=[edition])
    await store.freeze_audience(issue, lambda _: Language("en"), now=now)


async def progress_of(store: StoredMailing) -> Progress:
    progress = await store.progress(KEY)
    assert progress is not None
    assert sum(count for _, count in progress.counts) == PEOPLE
    return progress


@pytest.mark.parametrize("seed", [1, 2])
async def test_kills_at_random_moments_lose_nobody_and_double_nobody(
    database: Store, store_url: str, tmp_path: Path, seed: int
) -> None:
    store = StoredMailing(database)
    await begun(store)
    moments = random.Random(seed)
    sink = Sink(seed)
    kills = 4
    async with listening(sink) as port:
        for _ in range(kills):
            await run_sender(store_url, tmp_path, port, kill_after=0.05 + moments.random() * 0.4)
        await run_sender(store_url, tmp_path, port, kill_after=None)
        progress = await progress_of(store)
        uncertain = progress.count(RecipientState.UNCERTAIN)
        accepted = progress.count(RecipientState.ACCEPTED)
        assert uncertain + accepted == PEOPLE
        assert uncertain <= kills * CONNECTIONS
        assert max(Counter(sink.taken).values()) == 1
        assert accepted <= len(sink.taken) <= PEOPLE
        # Whoever was left in doubt is listed, and gets a second copy only when a person says so.
        assert len(progress.uncertain) == uncertain
        await store.resolve_uncertain(KEY, resend=True, now=datetime.now(UTC))
        await run_sender(store_url, tmp_path, port, kill_after=None)
    taken = Counter(sink.taken)
    assert len(taken) == PEOPLE
    assert sum(count > 1 for count in taken.values()) <= uncertain
    assert (await progress_of(store)).count(RecipientState.ACCEPTED) == PEOPLE


async def test_an_issue_that_nothing_interrupts_ends_by_itself(
    database: Store, store_url: str, tmp_path: Path
) -> None:
    store = StoredMailing(database)
    await begun(store)
    sink = Sink(0)
    async with listening(sink) as port:
        await run_sender(store_url, tmp_path, port, kill_after=None)
    assert len(set(sink.taken)) == len(sink.taken) == PEOPLE
    assert (await progress_of(store)).issue.state is IssueState.SENT
