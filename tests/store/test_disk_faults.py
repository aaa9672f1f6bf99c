"""A disk that is full, closed or gone, at the claim and at the settling of it.

Whatever the fault: Herald says so once and in plain words, sends nothing that it cannot write down,
loses nothing, sends nothing twice, and goes on by itself when the cause is gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.errors import StoreUnusable
from herald.model.delivery import Claim, DeliveryState, Outcome
from herald.model.ids import ItemId
from herald.model.network import Capabilities
from herald.store.engine import Store, open_store
from herald.store.outbox import StoredOutbox
from herald.store.rows import insert_rows
from tests.delivery.clocks import StandingClock, advance_until
from tests.delivery.scripted import ScriptedChannel
from tests.folders import a_network
from tests.makers import NOON, a_delivery, a_payload
from tests.running import running

URL = "sqlite:///var/herald.db"
NAMES = ("bell", "boat", "bread")
ENOUGH = 1_000_000
LIMITS = Capabilities(concurrent=3)


class Life:
    """A store, a worker that runs on it, and a channel that remembers what it published."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = StoredOutbox(store)
        self.channel = ScriptedChannel()
        self.clock = StandingClock(NOON)
        self.pages = ENOUGH
        """So large may the file become."""
        event.listen(store.engine.sync_engine, "checkout", self._limit)
        self.gate = asyncio.Event()
        """Answers come when it is open."""

    def _limit(self, connection: Any, record: object, proxy: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={self.pages}")
        cursor.close()

    @property
    def folder(self) -> Path:
        assert self.store.path is not None
        return self.store.path.parent

    async def answer(self, claim: Claim) -> Outcome:
        published = self.channel.publish(claim)
        await self.gate.wait()
        return published

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        worker = Worker(
            self.outbox,
            {self.channel.id: self.channel},
            clock=self.clock,
            owner="w",
            policy=Policy(),
            random=lambda: 0.5,
        )
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            self.gate.set()
            await advance_until(self.clock, task.done)
            await task

    async def rest(self) -> None:
        """Let what is under way end, as no clock moves, and close the store's files."""
        for _ in range(100):
            await asyncio.sleep(0.001)
        await self.store.engine.dispose()

    async def states(self) -> set[DeliveryState]:
        return {row.state for row in await self.outbox.list_deliveries()}

    async def all_is_sent(self) -> None:
        """Go on until everything is sent, and see that each went out once."""
        for _ in range(200):
            for _ in range(40):
                self.clock.advance(LIMITS.timeout / 20)
                await asyncio.sleep(0.001)
            if await self.states() == {DeliveryState.SENT}:
                break
        assert await self.states() == {DeliveryState.SENT}
        assert sorted(str(each.delivery.item) for each in self.channel.sent) == sorted(NAMES)
        assert len(self.channel.holds) == len(NAMES)


Fault = Callable[[Life], AsyncIterator[None]]


@asynccontextmanager
async def alive(folder: Path) -> AsyncIterator[Life]:
    """Give a store that owes three posts, each of which needs some room."""
    store = await open_store(URL, folder)
    life = Life(store)
    try:
        await life.outbox.save_capabilities(life.channel.id, "scripted", LIMITS)
        rows = [
            a_delivery(item=ItemId(name), payload=a_payload(text=name * 1500)) for name in NAMES
        ]
        async with store.writing() as connection:
            await insert_rows(connection, rows)
        life.channel.answers = [life.answer] * 3
        yield life
    finally:
        await store.close()


# The faults, each with what makes an end of it


@asynccontextmanager
async def no_more_pages(life: Life) -> AsyncIterator[None]:
    """Let SQLite itself refuse to grow the file: works everywhere."""
    life.pages = 1  # SQLite takes it for the pages that there are
    yield
    life.pages = ENOUGH


@asynccontextmanager
async def no_longer_files(life: Life) -> AsyncIterator[None]:
    """Let the system refuse longer files, as a quota does."""
    await life.rest()
    await life.states()  # the journal is short again
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = next(iter(life.folder.glob("*-wal")))
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + 100, most[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)


@asynccontextmanager
async def a_full_disk(life: Life) -> AsyncIterator[None]:
    """Fill the small disk to its last byte."""
    ballast = life.folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            with suppress(OSError):  # no space left
                while file.write(b"x" * size):
                    pass
    yield
    ballast.unlink()


@asynccontextmanager
async def a_closed_disk(life: Life) -> AsyncIterator[None]:
    """Mount the disk for reading only."""
    place = life.folder
    await life.rest()  # the system refuses while something is open for writing
    _system("mount", "-o", "remount,ro", place)
    yield
    _system("mount", "-o", "remount,rw", place)


@asynccontextmanager
async def files_elsewhere(life: Life) -> AsyncIterator[None]:
    """Take the files away, as whoever tidies up does, and put them back."""
    aside = life.folder.parent / "aside"
    aside.mkdir()
    files = list(life.folder.glob("herald.db*"))
    for file in files:
        file.rename(aside / file.name)
    yield
    for file in files:
        (aside / file.name).rename(file)


@asynccontextmanager
async def a_folder_elsewhere(life: Life) -> AsyncIterator[None]:
    """Let the whole folder be gone for a while, as a disk that is plugged out."""
    folder = life.folder
    aside = folder.with_name("aside")
    folder.rename(aside)
    yield
    aside.rename(folder)


@asynccontextmanager
async def the_journal_elsewhere(life: Life) -> AsyncIterator[None]:
    """Take only the journal away."""
    journal = next(iter(life.folder.glob("*-wal")))
    journal.rename(life.folder / "aside")
    yield
    (life.folder / "aside").rename(journal)


def _system(*command: str | Path) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr


@contextmanager
def a_small_disk(place: Path) -> Iterator[None]:
    """Mount a disk of 3 MB; who may not do so is told why the test is skipped."""
    place.mkdir(parents=True)
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    size = ("mount", "-t", "tmpfs", "-o", "size=3m", "herald-test", place)
    done = subprocess.run(size, check=False, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        pytest.skip(f"no disk may be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        _system("umount", "-l", place)


@pytest.fixture
async def life(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Life]:
    fault = request.getfixturevalue("fault")
    if fault in (a_full_disk, a_closed_disk):
        with a_small_disk(tmp_path / "var"):
            async with alive(tmp_path) as life:
                yield life
        return
    async with alive(tmp_path) as life:
        yield life


FAULTS = [
    pytest.param(no_more_pages, "the disk is full: make room; nothing was lost", id="no room"),
    pytest.param(
        no_longer_files, "the disk takes no more: make room, check your quota", id="quota"
    ),
    pytest.param(a_full_disk, "the disk is full: make room; nothing was lost", id="a full disk"),
    pytest.param(a_closed_disk, "cannot be (written|opened)|takes no more", id="read-only"),
    pytest.param(files_elsewhere, "it was taken away while Herald ran", id="files taken away"),
    pytest.param(a_folder_elsewhere, "it was taken away while Herald ran", id="no folder"),
    pytest.param(the_journal_elsewhere, "it was taken away while Herald ran", id="no journal"),
]


@pytest.mark.parametrize(("fault", "told"), FAULTS)
async def test_nothing_is_sent_that_cannot_be_written_down(life, fault, told, caplog):
    life.gate.set()
    with caplog.at_level(logging.INFO):
        async with fault(life), life.working():
            for _ in range(30):  # seconds
                life.clock.advance(LIMITS.timeout / 60)
                for _ in range(5):
                    await asyncio.sleep(0.001)
            assert life.channel.sent == []
            complaints = [
                each for each in caplog.records if each.message == "nothing can be claimed"
            ]
            assert len(complaints) == 1, [each.__dict__.get("why") for each in complaints]
            with pytest.raises(StoreUnusable, match=told):
                await life.outbox.claim(
                    owner="x", now=NOON, most=3, capabilities={life.channel.id: LIMITS}
                )
        async with life.working():
            await life.all_is_sent()


@pytest.mark.parametrize(("fault", "told"), FAULTS)
async def test_an_answer_that_cannot_be_written_down_is_looked_up_and_never_sent_again(
    life, fault, told, caplog
):
    async with life.working():
        await advance_until(life.clock, lambda: len(life.channel.sent) == 3)
        async with fault(life):
            with caplog.at_level(logging.INFO):
                life.gate.set()
                said = "it will be looked up"
                for _ in range(2000):
                    life.clock.advance(LIMITS.timeout / 60)
                    await asyncio.sleep(0.001)
                    if caplog.text.count(said) == 3:
                        break
            settled = {row for row in caplog.messages if row == "delivery sent"}
            assert caplog.text.count(said) == 3 or settled, caplog.text
        await life.all_is_sent()


async def test_a_store_that_was_replaced_beneath_a_herald_is_not_written(tmp_path: Path) -> None:
    async with alive(tmp_path) as life:
        path = life.store.path
        assert path is not None
        shutil.copyfile(path, tmp_path / "copy")
        (tmp_path / "copy").replace(path)
        for _ in range(2):
            with pytest.raises(StoreUnusable, match="another file took its place while Herald ran"):
                await life.outbox.claim(
                    owner="x", now=NOON, most=3, capabilities={life.channel.id: LIMITS}
                )
            with pytest.raises(StoreUnusable, match="stop Herald and start it again"):
                await life.states()


async def test_a_journal_that_was_deleted_loses_nothing_when_herald_stops(tmp_path: Path) -> None:
    async with alive(tmp_path) as life:
        next(iter(life.folder.glob("*-wal"))).unlink()
        with pytest.raises(StoreUnusable, match=r"-wal: it was taken away"):
            await life.states()
    store = await open_store(URL, tmp_path)
    assert len(await StoredOutbox(store).list_deliveries()) == 3
    await store.close()


async def test_a_damaged_page_keeps_herald_from_starting(tmp_path: Path) -> None:
    async with alive(tmp_path):
        pass
    path = tmp_path / "var" / "herald.db"
    pages = path.stat().st_size // 4096
    with path.open("r+b") as file:
        for page in range(pages // 2, pages // 2 + 3):
            file.seek(4096 * page)
            file.write(os.urandom(4096))

    async def start() -> None:
        store = await open_store(URL, tmp_path)
        try:
            await store.verify()
        finally:
            await store.close()

    with pytest.raises(StoreUnusable, match="it is damaged: put back a backup"):
        await start()


async def test_a_connection_that_was_closed_may_come_back_to_another_journal(
    tmp_path: Path,
) -> None:
    async with alive(tmp_path) as life:
        for _ in range(3):
            await life.states()
            await life.store.engine.dispose()
        assert await life.states() == {DeliveryState.PENDING}


async def test_a_real_daemon_whose_folder_is_gone_says_so_once_and_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    root = a_network(tmp_path / "network", config_herald="timezone: UTC\n")
    async with running(root) as daemon:
        await daemon.says("herald is ready")
        assert (await daemon.health())[0] == 200
        (root / "var").rename(root / "aside")
        await daemon.says("nothing can be claimed")
        await daemon.says("nothing can be looked up")
        for _ in range(20):
            status, told = await daemon.health()
            assert (status, told["ok"]) == (503, False)
        assert daemon.log.count("nothing can be claimed") == 1
        assert "it was taken away while Herald ran: put back what was there" in daemon.log
        (root / "aside").rename(root / "var")
        await daemon.says("the store is well again", times=2)
        assert (await daemon.health())[0] == 200
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 0
