"""A picture as a network gets it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


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
