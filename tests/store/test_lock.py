"""Only one daemon runs on a SQLite store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from herald.errors import StoreTaken, StoreUnusable
from herald.store.lock import run_lock

HOLD = """
import sys
from pathlib import Path
from herald.store.lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_runs_since_when(tmp_path: Path) -> None:
    path = tmp_path / "herald.db"
    with holder(path) as process:
        told = rf"herald\.db: another Herald runs on it \(process {process.pid}, since 20\d\d-"
        with pytest.raises(StoreTaken, match=told), run_lock(path):
            pass
        process.communicate("")
    with run_lock(path):
        pass


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "herald.db"
    with holder(path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    with run_lock(path):
        pass


def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "herald.db"
    with run_lock(path):
        with pytest.raises(StoreTaken, match=f"process {os.getpid()},"), run_lock(path):
            pass
        with pytest.raises(StoreTaken), run_lock(path):
            pass


def test_two_stores_have_two_locks(tmp_path: Path) -> None:
    with run_lock(tmp_path / "a.db"), run_lock(tmp_path / "b.db"):
        pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="cannot be written"), run_lock(tmp_path / "no" / "a"):
        pass
