"""Pieces of Markdown that the reference pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_GAP = re.compile(r"\n{3,}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, with an empty one after it."""
    ruler = ["---"] * len(head)
    return [_row(head), _row(ruler).replace(" ", ""), *(_row(row) for row in rows), ""]


def code(text: str) -> str:
    """Return *text* as code that may stand in a cell; nothing for nothing."""
    return f"`{text}`" if text else ""


def page(lines: Iterable[str]) -> str:
    """Return a whole page, with no more than one empty line at a place."""
    return _GAP.sub("\n\n", "\n".join(lines)).rstrip() + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
