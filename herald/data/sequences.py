"""The default sequences: what is posted of an item that names no ``post``, and in what words."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from herald.model.campaign import Kind, Reference
from herald.model.span import Span, parse_span
from herald.model.words import Words


class Form(StrEnum):
    """What a step counts from."""

    LAUNCH = "launch"
    EXCERPTS = "excerpts"
    LATER = "later"
    BEFORE = "before"
    AFTER = "after"


class Only(StrEnum):
    """For which items a step is meant."""

    ALL = ""
    WITH_REGISTRATION = "with registration"
    WITHOUT_REGISTRATION = "without registration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One post of a sequence."""

    form: Form
    span: Span
    """Nothing for a launch."""
    of: Reference
    only: Only = Only.ALL
    wording: Words = field(default_factory=Words)
    """Templates; empty where the item's own text is posted."""


@cache
def sequence(kind: Kind) -> tuple[Step, ...]:
    """Return the steps for items of *kind*, in their order in time."""
    text = (files("herald.data") / "sequences.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return tuple(_step(step, tables["wordings"]) for step in tables["steps"].get(kind, ()))


def _step(table: Mapping[str, Any], wordings: Mapping[str, Mapping[str, str]]) -> Step:
    form = next(form for form in Form if form in table)
    usual = Reference.FINISHES if form is Form.AFTER else Reference.BEGINS
    return Step(
        form=form,
        span=Span() if form is Form.LAUNCH else parse_span(table[form]),
        of=Reference(table.get("of", usual)),
        only=Only(table.get("only", "")),
        wording=Words.of(wordings[table["wording"]]) if "wording" in table else Words(),
    )
