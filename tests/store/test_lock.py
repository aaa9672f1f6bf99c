"""Only one daemon runs on a SQLite store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from herald.errors import StoreTaken, StoreUnusable
from herald.store.disks import is_little, little_room, why_not_alone
from herald.store.lock import is_locked, run_lock

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


def test_it_is_known_whether_a_herald_runs_that_was_killed_or_not(tmp_path: Path) -> None:
    path = tmp_path / "herald.db"
    assert is_locked(path) is False
    with holder(path) as process:
        assert is_locked(path) is True
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert is_locked(path) is False
    with run_lock(path):
        assert is_locked(path) is True, "of this process too"


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


def test_a_second_name_of_the_same_file_is_no_way_around_the_lock(tmp_path: Path) -> None:
    path, folder = tmp_path / "var" / "herald.db", tmp_path / "again"
    path.parent.mkdir()
    path.touch()
    folder.symlink_to(path.parent)
    (tmp_path / "link.db").symlink_to(path)
    names = (tmp_path / "link.db", folder / "herald.db", path.parent / ".." / "var" / "herald.db")
    with run_lock(path):
        for name in (*names, Path(os.path.relpath(path))):
            with pytest.raises(StoreTaken, match=f"process {os.getpid()},"), run_lock(name):
                pass
    (tmp_path / "hard.db").hardlink_to(path)
    with pytest.raises(StoreUnusable, match="has a second name"), run_lock(path):
        pass


MOUNTS = r"""
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 21 0:40 / /mnt/nas rw,relatime shared:9 master:3 - nfs4 nas:/export rw,vers=4.2
31 30 254:1 / /mnt/nas/local rw - ext4 /dev/vdb rw
32 21 0:50 / /media/my\040share rw - cifs //server/share rw
33 21 0:51 / /home/ana/far rw - fuse.sshfs ana@far: rw
34 21 254:0 /srv/herald.db /data/herald.db rw - ext4 /dev/vda1 rw
35 21 0:52 / /mnt/nas2 rw - tmpfs tmpfs rw
nonsense
"""


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/srv/herald.db", None),
        ("/mnt/nas/herald.db", "a network drive (nfs4)"),
        ("/mnt/nas/deep/er/herald.db", "a network drive (nfs4)"),
        ("/mnt/nas/local/herald.db", None),
        ("/mnt/nas2/herald.db", None),
        ("/mnt/nas3/herald.db", None),
        ("/media/my share/herald.db", "a network drive (cifs)"),
        ("/home/ana/far/var/herald.db", "a network drive (fuse.sshfs)"),
        ("/data/herald.db", "mount its folder instead"),
    ],
)
def test_where_a_lock_is_no_lock_is_known(path: str, told: str | None) -> None:
    why = why_not_alone(Path(path), MOUNTS)
    assert (why is None) if told is None else (why is not None and told in why)
    assert why_not_alone(Path(path), "") is None


def test_nothing_runs_on_a_network_drive(tmp_path: Path) -> None:
    mounts = f"30 21 0:40 / {tmp_path.resolve()} rw - nfs4 nas:/export rw\n"
    told = r"it lies on a network drive \(nfs4\).*sqlite:////var/lib/herald/herald\.db"
    with pytest.raises(StoreUnusable, match=told), run_lock(tmp_path / "a.db", mounts=mounts):
        pass


def test_a_disk_is_told_before_it_is_full(tmp_path: Path) -> None:
    room = shutil.disk_usage(tmp_path)
    assert (little_room(tmp_path / "a.db") is None) is not is_little(room.free, room.total)
    assert little_room(tmp_path / "no" / "folder" / "a.db") is None
    assert is_little(99_000_000, 1_000_000_000)
    assert is_little(400_000_000, 10_000_000_000)
    assert not is_little(600_000_000, 10_000_000_000)
    assert not is_little(2_000_000_000, 1_000_000_000_000), "a big disk is not full by its share"
