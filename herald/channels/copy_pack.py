"""Copy packs on disk: a folder that is there whole, or not at all.

A pack is written beside its place under a name that begins with a dot, forced to the disk, and
renamed. It is known by the first digits of its key at the end of its name, and by the whole key in
its README; what a person does to the rest of the name or to the other files does not matter.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from herald.model.delivery import Delivery
from herald.model.ids import DeliveryKey

README = "README.txt"
_KEY_IN_NAME = 8
_PART_BYTES = 60
"""Most bytes of each of the names in a pack's name: three and the rest stay below 255."""


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file of a copy pack."""

    name: str
    content: bytes


def pack_name(delivery: Delivery) -> str:
    """Return ``DATE-CAMPAIGN-ITEM-LANGUAGE-KEY``, fit to name a folder anywhere."""
    day = delivery.occasion_local.date().isoformat()
    places = (delivery.campaign, delivery.item, delivery.language)
    return "-".join((day, *map(_tame, places), delivery.key[:_KEY_IN_NAME]))


def find_pack(packs: Path, key: DeliveryKey) -> Path | None:
    """Return the pack of *key*, None when there is none; raises OSError if that cannot be told."""
    try:
        there = sorted(packs.iterdir())
    except FileNotFoundError:
        return None
    found = next((one for one in there if _is_pack_of(one, key)), None)
    if found:
        # Its writer may have died before the new name was on the disk.
        _flush(packs)
    return found


def write_pack(packs: Path, name: str, key: DeliveryKey, files: Iterable[PackFile]) -> None:
    """Make the pack unless there is one of *key*; raises OSError, and then there is none."""
    packs.mkdir(parents=True, exist_ok=True)
    with _locked(packs):
        if find_pack(packs, key):
            return
        draft = packs / f".{name}.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        for file in files:
            _write(draft / file.name, file.content)
        _flush(draft)
        draft.rename(packs / name)
        _flush(packs)


def _is_pack_of(folder: Path, key: DeliveryKey) -> bool:
    if folder.name.startswith(".") or not folder.name.endswith(f"-{key[:_KEY_IN_NAME]}"):
        return False
    readme = folder / README
    # A person may have thrown the README away, once the post was made.
    return not readme.exists() or key in readme.read_text(encoding="utf-8", errors="replace")


def _tame(word: str) -> str:
    tame = re.sub(r"[^\w.]+", "-", unicodedata.normalize("NFC", word)).strip("-.")
    return tame.encode()[:_PART_BYTES].decode(errors="ignore") or "x"


@contextmanager
def _locked(packs: Path) -> Iterator[None]:
    """Let one process at a time write packs here."""
    lock = os.open(packs / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Force the names in *folder* to the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
