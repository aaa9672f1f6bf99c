"""What a service manager hears: over a real datagram socket, and from a real ``herald run``."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from herald.service_manager import ALIVE, READY, STOPPING, ServiceManager
from tests.folders import a_network
from tests.running import running, until

SOON = 10.0


class Ear:
    """A socket that hears datagrams."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """Return every line that came so far."""
        while True:
            try:
                self.heard += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self.heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["a file", "an abstract name"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    name = f"@herald-test-{os.getpid()}" if "abstract" in request.param else str(tmp_path / "ear")
    made = Ear(name)
    yield made
    made.close()


def test_words_arrive_as_lines_of_one_datagram(ear):
    manager = ServiceManager.of({"NOTIFY_SOCKET": ear.address})
    manager.tell(READY, "STATUS=well")
    manager.tell_status("two\nlines  in one")
    assert ear.listen() == [READY, "STATUS=well", "STATUS=two lines in one"]


def test_where_nobody_asked_nothing_is_sent_and_nobody_who_is_gone_matters(tmp_path, caplog):
    for environ in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}):
        ServiceManager.of(environ).tell(READY)
    assert caplog.records == []
    gone = ServiceManager.of({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    gone.tell(READY)
    gone.tell(ALIVE)
    assert [record.getMessage() for record in caplog.records] == [
        "the service manager does not hear"
    ]


@pytest.mark.parametrize(
    ("environ", "patience"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_signs_of_life_are_given_to_whom_they_are_meant_for(environ, patience):
    assert ServiceManager.of(environ, pid=7).patience == patience


async def test_signs_of_life_end_with_the_tasks_and_stop_when_one_has_died_unasked(ear):
    manager = ServiceManager(address=ear.address, patience=0.02)
    stop, first_ends, last_ends = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def until_set(event: asyncio.Event) -> None:
        await event.wait()

    async def count_after(words: int) -> int:
        await until(lambda: len(ear.listen()) > words)
        return len(ear.listen())

    tasks = [asyncio.create_task(until_set(each)) for each in (first_ends, last_ends)]
    signs = asyncio.create_task(manager.keep_alive(tasks, stop))
    await count_after(await count_after(0))
    first_ends.set()
    await tasks[0]
    await asyncio.wait([signs], timeout=0.03)  # what was on its way when the task ended
    silent = len(ear.listen())
    await asyncio.wait([signs], timeout=0.2)
    assert len(ear.listen()) == silent, "a dead task must not look alive"
    stop.set()
    await count_after(silent)  # it was asked to stop: what is being sent may take its time
    last_ends.set()
    async with asyncio.timeout(SOON):
        await signs
    assert set(ear.heard) == {ALIVE}


async def test_a_daemon_tells_when_it_is_ready_that_it_lives_and_when_it_stops(ear, tmp_path):
    folder = a_network(tmp_path / "network", config_herald="timezone: UTC\n")
    surroundings = {"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "200000"}
    async with running(folder, **surroundings) as daemon:
        await until(lambda: READY in ear.listen(), told=lambda: daemon.log)
        assert (await daemon.health())[0] == 200
        await until(lambda: ear.listen().count(ALIVE) > 3, told=lambda: daemon.log)
        await until(
            lambda: any(word.startswith("STATUS=0 waiting") for word in ear.listen()),
            told=lambda: f"{ear.heard}\n{daemon.log}",
        )
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 0
    words = ear.listen()
    assert words.index(READY) < words.index(STOPPING)
    assert "STATUS=Stopping: finishing what is being sent" in words


async def test_a_daemon_that_hangs_gives_no_sign_of_life(ear, tmp_path):
    folder = a_network(tmp_path / "network", config_herald="timezone: UTC\n")
    surroundings = {"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "100000"}
    async with running(folder, **surroundings) as daemon:
        await until(lambda: ALIVE in ear.listen(), told=lambda: daemon.log)
        daemon.tell(signal.SIGSTOP)
        await asyncio.wait([asyncio.create_task(daemon.process.wait())], timeout=0.2)
        silent = len(ear.listen())
        waiting = asyncio.create_task(daemon.process.wait())
        await asyncio.wait([waiting], timeout=0.5)
        assert len(ear.listen()) == silent
        daemon.tell(signal.SIGCONT)
        await until(lambda: len(ear.listen()) > silent, told=lambda: daemon.log)
        daemon.tell(signal.SIGTERM)
        assert await waiting == 0
