"""The cases of feedparser's suite that Herald answers otherwise, each with the reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

DIFFERENCES: dict[str, tuple[str, ...]] = {}
"""Reason, and the cases (patterns of file names) that it explains."""


def reason_for(case: str) -> str:
    """Return why Herald answers *case* otherwise; "" where it should not."""
    return next(
        (
            reason
            for reason, patterns in DIFFERENCES.items()
            if any(fnmatchcase(case, pattern) for pattern in patterns)
        ),
        "",
    )
