"""Which issues ``herald newsletter list`` shows of newsletters that come often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from herald.model.mailing import Issue

_FEW = 3


def next_few(issues: Iterable[Issue]) -> tuple[list[Issue], list[str]]:
    """Return *issues*, of each newsletter no more that are to come than a few; and what is left.

    *issues* come in the order of their moments; what is left is told in a line a newsletter.
    """
    from herald.model.mailing import IssueState

    shown: list[Issue] = []
    to_come: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for one in issues:
        is_to_come = one.state in {IssueState.PENDING, IssueState.HELD}
        to_come[_name(one)] += is_to_come
        if not is_to_come or to_come[_name(one)] <= _FEW:
            shown.append(one)
        else:
            held[_name(one)] += one.state is IssueState.HELD
    return shown, [
        f"{name}  {count - _FEW} more to come"
        + (f", {held[name]} of them held" if held[name] else "")
        + " (--all shows them)"
        for name, count in to_come.items()
        if count > _FEW
    ]


def _name(issue: Issue) -> str:
    return f"{issue.campaign}/{issue.newsletter}"
