"""Puts a changed file in the place of an old one, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from herald.sources.files import resolved


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file's bytes at once; its rights stay, and a link still leads to it.

    Raises OSError, the old file untouched, where that is impossible.
    """
    target = resolved(path)
    mode = target.stat().st_mode & 0o7777 if target.exists() else None
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        draft.chmod(_usual_mode() if mode is None else mode)
        draft.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def _usual_mode() -> int:
    """Return the rights that a new file gets here."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
