"""A picture as a network gets it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/quicktime": ".mov",
}
"""The same on every machine; what the system's own table says differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Bytes that a network takes; equal originals and limits give equal bytes."""

    content: bytes
    media_type: str
    width: int = 0
    """In pixels; 0 where nothing can tell."""
    height: int = 0

    @property
    def sha256(self) -> str:
        """The name of these bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_video(self) -> bool:
        """Whether it is a video, of which nothing was changed."""
        return self.media_type.startswith("video/")

    @property
    def ending(self) -> str:
        """How the name of a file with these bytes ends, such as ``.jpg``; '' if that is unknown."""
        return _ENDINGS.get(self.media_type, "")

    @property
    def file_name(self) -> str:
        """The name of these bytes and what they are."""
        return f"{self.sha256}{self.ending}"
