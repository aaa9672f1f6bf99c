"""What keeps a letter from being sent, in words for whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass

_SHOWN_MOST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that somebody could not read, see or use."""

    code: str
    """What kind of fault it is, for programs: ``link-words``."""
    what: str
    """The fault with its place, as the beginning of a sentence."""
    remedy: str
    """What to do."""

    def __str__(self) -> str:
        """Return both as one sentence."""
        return f"{self.what} ({self.remedy})"


def quoted(words: str) -> str:
    """Return words in quotation marks, on one line and not too many."""
    line = " ".join(words.split())
    return f"“{line if len(line) <= _SHOWN_MOST else line[: _SHOWN_MOST - 1] + '…'}”"
