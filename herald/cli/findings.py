"""How findings about accounts and machines look on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from herald.model.account import Finding

_SIGNS = {"well": "✓", "advice": "!", "problem": "✗"}


def lines_of(finding: Finding) -> list[str]:
    """Return a line with what is so and, where something is to be done, one with that."""
    lines = [f"{_SIGNS[finding.severity]} {finding.what}"]
    return [*lines, f"    {finding.remedy}"] if finding.remedy else lines
