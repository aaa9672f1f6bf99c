"""The names that a text may leave to be filled in, and the faults of those that it may not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from herald.sources.problems import did_you_mean

NAMES = frozenset(
    ["title", "text", "link", "partner", "begins", "finishes", "place", "month", "year", "language"]
)

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|(?P<open>\{)")


def faults(template: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with *template* and what to do, for each place in braces."""
    if "{" not in template:
        return
    for piece in _PIECE.finditer(template):
        if piece["open"]:
            yield "this { is never closed", "write {{ for a brace"
        elif piece["name"] is not None and piece["name"] not in NAMES:
            hint = did_you_mean(piece["name"], NAMES)
            hint = hint if hint.startswith("did") else f"known: {', '.join(sorted(NAMES))}"
            yield f"nothing fills in {{{piece['name']}}}", f"{hint} For a brace write {{{{"
