"""What is odd about how officers are to be told, for ``herald check``."""

from __future__ import annotations

from collections.abc import Iterator

from herald.model.problem import Problem, Severity
from herald.notifying.ways import ways_of
from herald.settings import Settings
from herald.sources.shape import Located
from herald.sources.yaml import Step


def note_ways(settings: Settings, where: Located) -> tuple[Problem, ...]:
    """Return warnings about ways that are missing or cannot be used; *where* is herald.yaml."""
    return tuple(_noted(settings, where))


def _noted(settings: Settings, where: Located) -> Iterator[Problem]:
    ways = ways_of(settings)
    if settings.notify.at_once and not (ways.ready or ways.lacking):
        yield _warning(
            where,
            ("notify", "at_once"),
            "nobody-is-told",
            "there is nobody to tell",
            "name somebody under officers:, or a room under notify.matrix",
        )
    for why in ways.lacking:
        way, _, told = why.partition(": ")
        if way.startswith("mail"):
            continue  # the example's officer: `herald notify` says so
        name, (what, _, remedy) = way.casefold(), told.partition(": ")
        yield _warning(where, ("notify", name), "way-unusable", what, remedy)


def _warning(where: Located, loc: tuple[Step, ...], code: str, message: str, hint: str) -> Problem:
    return Problem(
        place=where.place(loc),
        severity=Severity.WARNING,
        code=code,
        message=message,
        hint=hint,
    )
