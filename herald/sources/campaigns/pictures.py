"""Pictures beside campaign files: found, read, and looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from herald.errors import PictureUnusable
from herald.media.films import HEAD_BYTES, other_film, video_type
from herald.media.looking import look_at
from herald.sources.campaigns.item_shapes import ImageShape
from herald.sources.files import Stamp, is_file, resolved, stamp_of

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".mp4", ".webm"})

MOST_BYTES = 50_000_000
"""Enough for any camera; a scan of more is no picture for a post."""
MOST_VIDEO_BYTES = 100_000_000
"""What Mastodon takes; a video is kept in the store and sent whole."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture's bytes in short."""

    sha256: str
    media_type: str
    video_bytes: int = 0
    """How large it is, if it is a video."""


@dataclass(frozen=True, slots=True)
class NoPicture:
    """Why a file cannot be used as a picture, and what to do."""

    message: str
    hint: str


class Pictures:
    """Finds pictures below one folder, and reads each only once while it stays the same."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.described: Mapping[Path, ImageShape] = {}
        """By the picture's whole path; from the media.yaml of its folder."""
        self._seen: dict[Path, tuple[Stamp, PictureFile | NoPicture]] = {}

    def find(self, name: str, folder: Path) -> Path | None:
        """Return the path of *name* as seen from *folder*, else from the root, or in their media/.

        None means that it leads out of the root. A path that does not exist is where it should be.
        """
        bases = [folder, self.root]
        if ".." not in Path(name).parts:
            bases += [folder / "media", self.root / "media"]
        tried = [resolved(base / name) for base in bases]
        there = [path for path in tried if is_file(path)]
        inside = [path for path in there or tried if path.is_relative_to(self.root)]
        return inside[0] if inside else None

    def nearby(self, folder: Path) -> dict[str, str]:
        """Return the pictures around *folder* by bare name, spelled as a campaign there would."""
        bases = ((folder, ""), (self.root, "media"), (folder, "media"))
        return {
            path.name: path.relative_to(base).as_posix()
            for base, below in bases
            for path in (base / below).glob("*")
            if path.suffix.casefold() in _SUFFIXES
        }

    def read(self, path: Path) -> PictureFile | NoPicture:
        """Return what the picture at *path* is."""
        stamp = stamp_of(path)
        if (seen := self._seen.get(path)) and seen[0] == stamp:
            return seen[1]
        found = _read(path, stamp)
        self._seen[path] = (stamp, found)
        return found


def _read(path: Path, stamp: Stamp) -> PictureFile | NoPicture:
    if stamp is None:
        return NoPicture("there is no such file", "check the name, capital letters included")
    try:
        with path.open("rb") as file:
            return _look_into(file, stamp[1])
    except OSError as error:
        return NoPicture(f"the picture cannot be read: {error.strerror}", "check who may read it")


def _look_into(file: BufferedReader, size: int) -> PictureFile | NoPicture:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if media_type := video_type(head):
        return _read_video(file, size, media_type)
    if kind := other_film(head):
        return NoPicture(f"this is a {kind} video, which few can see", "export it as MP4")
    if size > MOST_BYTES:
        return NoPicture(f"the picture has {size:,} bytes", "make it smaller: 2 MB are plenty")
    content = file.read()
    try:
        media_type = look_at(content)
    except PictureUnusable as error:
        message, _, hint = str(error).rpartition(": ")
        return NoPicture(message, hint)
    return PictureFile(hashlib.sha256(content).hexdigest(), media_type)


def _read_video(file: BufferedReader, size: int, media_type: str) -> PictureFile | NoPicture:
    """Return what a video is; it is read piece by piece, and never held whole."""
    if size > MOST_VIDEO_BYTES:
        message = f"the video has {size:,} bytes, and Herald sends up to {MOST_VIDEO_BYTES:,}"
        return NoPicture(message, "export it shorter or smaller")
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    return PictureFile(digest, media_type, size)
