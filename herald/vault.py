"""Keeps the secrets of channels as files that only Herald's own user can read.

They are files of the secrets folder, which ``herald.settings`` reads: one for each secret.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from herald.model.ids import ChannelId
from herald.settings import secrets_folder

_IGNORE = "# Secrets: none of these files belongs into Git.\n*\n"


def keep_secret(folder: Path, channel: ChannelId, name: str, value: str) -> Path:
    """Write the secret *name* of *channel* for the project in *folder*; return its file.

    The file is there whole or as it was before. Raises OSError if it cannot be written.
    """
    place = secrets_folder(folder)
    if not place.is_dir():
        place.mkdir(mode=0o700, parents=True)
        (place / ".gitignore").write_text(_IGNORE, encoding="utf-8")
    path = place / f"channels__{channel.casefold().replace('-', '_')}__{name}"
    # Made by mkstemp, nobody else may read it from its first byte on.
    handle, draft = tempfile.mkstemp(prefix=".", dir=place)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{value}\n")
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def readable_by_others(folder: Path) -> tuple[Path, ...]:
    """Return ``.env`` and the files with secrets that other users of this machine may read."""
    place = secrets_folder(folder)
    files = [folder / ".env", *(sorted(place.iterdir()) if place.is_dir() else ())]
    return tuple(
        file
        for file in files
        if file.is_file() and file.name != ".gitignore" and file.stat().st_mode & 0o077
    )
