"""Gathering what is wrong, so that an editor sees everything at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from herald.model.problem import Place, Problem, Severity


class Problems:
    """The problems of one file in the making; at most one per spot and code."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def error(self, place: Place, code: str, message: str, hint: str = "") -> None:
        """Add what must be fixed before the file can be used."""
        self._add(Problem(place=place, code=code, message=message, hint=hint))

    def warn(self, place: Place, code: str, message: str, hint: str = "") -> None:
        """Add what somebody should look at."""
        warning = Severity.WARNING
        self._add(Problem(place=place, severity=warning, code=code, message=message, hint=hint))

    @property
    def are_errors(self) -> bool:
        """Tell whether at least one of them stops the file."""
        return has_errors(self.found)

    def _add(self, problem: Problem) -> None:
        if problem not in self.found:
            self.found.append(problem)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Tell whether one of *problems* is an error."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, else all of them, else nothing."""
    names = sorted(known)
    lowered = {name.casefold().replace("-", "_"): name for name in names}
    wanted = word.casefold().replace("-", "_")
    near = difflib.get_close_matches(wanted, lowered, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{lowered[near[0]]}"?'
    if 0 < len(names) <= _MOST_LISTED:
        return f"known: {', '.join(names)}"
    return ""


_MOST_LISTED = 15
"""More names than this help nobody."""
