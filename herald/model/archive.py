"""Letters that everybody may read."""

from __future__ import annotations

from dataclasses import dataclass

from herald.model.ids import Language
from herald.model.mailing import Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An issue that was sent, or whose sending has begun."""

    issue: Issue
    subjects: tuple[tuple[Language, str], ...]
    """Of its editions, the first language first."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """Return the languages of its editions."""
        return tuple(language for language, _ in self.subjects)
