"""What is wrong with a file, told so that its author can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: an error stops its file, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A spot in a file; line and column count from 1, path names the value (``items[0].post``)."""

    file: str
    line: int = 1
    column: int = 1
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that an editor must fix or should look at."""

    place: Place
    severity: Severity = Severity.ERROR
    code: str
    """A short stable name in kebab case, such as ``unknown-key``."""
    message: str
    hint: str = ""
    """What to do about it."""

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}:{self.place.column}: "
        path = f"{self.place.path}: " if self.place.path else ""
        return f"{where}{path}{self.message}{f' ({self.hint})' if self.hint else ''}"
