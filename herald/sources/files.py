"""Files that people edit: which there are, and whether they changed since they were read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from herald.model.problem import Place, Problem
from herald.sources.encoding import MOST_BYTES

Stamp: TypeAlias = "tuple[int, int] | None"
"""Modification time in nanoseconds and size; None where there is no file."""

_NO_CAMPAIGNS = frozenset({"media", "newsletters"})
"""Folders below campaigns/ whose YAML files are something else."""


def stamp_of(path: Path) -> Stamp:
    """Return a file's stamp, which changes when an editor saves it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def resolved(path: Path) -> Path:
    """Return the whole path, symbolic links followed; unlike pathlib, whatever its name is."""
    return Path(os.path.realpath(path))


def is_file(path: Path) -> bool:
    """Tell whether there is a file, also of a name that no file could have."""
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file raises on a name that is too long)


def campaign_files(root: Path) -> tuple[Path, ...]:
    """Return the campaign files below ``campaigns/`` in the order of their names."""
    folder = root / "campaigns"
    return tuple(
        sorted(
            path
            for path in _yaml_files(folder)
            if not _NO_CAMPAIGNS & set(path.relative_to(folder).parts[:-1])
        )
    )


def _yaml_files(folder: Path) -> Iterator[Path]:
    for pattern in ("*.yaml", "*.yml"):
        for path in folder.rglob(pattern):
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):
                yield path


def read_bytes(path: Path, *, file: str) -> bytes | Problem:
    """Return a file's bytes, or what keeps them from being read."""
    try:
        with path.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        return Problem(
            place=Place(file=file),
            code="unreadable",
            message=f"the file cannot be read: {error.strerror or error}",
            hint="check that it is a file, and who may read it",
        )
