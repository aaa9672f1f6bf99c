"""The few rules of style that a letter may hold beside those on its tags.  Pure.

A letter's own sheet says what changes at night, in plain rules for classes. This reads just those,
and says so where there is anything else: a colour that cannot be foretold cannot be vouched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NIGHT = "prefers-color-scheme:dark"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SIMPLE = re.compile(r"\.([a-z][a-z0-9-]*)")
_COLOURS = ("color", "background-color", "background")


class UnknownStyle(ValueError):
    """A rule for the night is more than a class with colours."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is about, what it says, and under which condition."""

    condition: str
    selectors: tuple[str, ...]
    says: Mapping[str, str]


def declarations(style: str) -> dict[str, str]:
    """Return what a ``style`` attribute or the inside of a rule says, by property."""
    found: dict[str, str] = {}
    for part in style.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip().lower()
    return found


def rules_of(sheet: str) -> Iterator[Rule]:
    """Yield the rules of a sheet."""
    yield from _rules(_COMMENT.sub("", sheet), condition="")


def night_colours(sheet: str) -> dict[str, dict[str, str]]:
    """Return the colours that each class takes on at night.

    Raises UnknownStyle where the night's rules are about more than classes.
    """
    found: dict[str, dict[str, str]] = {}
    for rule in rules_of(sheet):
        if _NIGHT not in rule.condition.replace(" ", ""):
            continue
        colours = {
            name: value.removesuffix("!important").strip()
            for name, value in rule.says.items()
            if name in _COLOURS
        }
        if not colours:
            continue
        for selector in rule.selectors:
            simple = _SIMPLE.fullmatch(selector)
            if simple is None:
                raise UnknownStyle(selector)
            found.setdefault(simple[1], {}).update(colours)
    return found


def _rules(sheet: str, *, condition: str) -> Iterator[Rule]:
    while True:
        head, brace, rest = sheet.partition("{")
        if not brace:
            return
        body, sheet = _until_closed(rest)
        head = head.strip()
        if head.startswith("@"):
            yield from _rules(body, condition=f"{condition} {head}")
            continue
        yield Rule(
            condition=condition,
            selectors=tuple(one.strip() for one in head.split(",")),
            says=declarations(body),
        )


def _until_closed(text: str) -> tuple[str, str]:
    """Return what stands before the brace that closes, and what comes behind it."""
    depth = 1
    for place, mark in enumerate(text):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        if depth == 0:
            return text[:place], text[place + 1 :]
    return text, ""
