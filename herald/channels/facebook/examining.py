"""Says how a Page fares, from what Facebook answers. Pure."""

from __future__ import annotations

from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.meta.errors import read_id
from herald.channels.meta.findings import troubled
from herald.model.account import Finding, Reactions, Severity


def examined(
    number: str,
    *,
    page: Answer | NoAnswer,
    state: Answer | NoAnswer,
    posts: Answer | NoAnswer,
) -> tuple[Finding, ...]:
    """Return what is seen of the Page *number*: whose token it is, whether it can be read."""
    owner = read_id(page)
    if not owner:
        return (troubled(page, "the access token could not be tried"),)
    if owner != number:
        what = f"the access token is not that of the Page {number}, but of {owner}"
        remedy = "take the Page's own access token, from me/accounts, not your own"
        return (Finding(severity=Severity.PROBLEM, what=what, remedy=remedy),)
    told = state.read_object() if isinstance(state, Answer) and state.is_good else {}
    found = [Finding(severity=Severity.WELL, what=f"the access token is that of {_name(told)}")]
    if told.get("is_published") is False:
        what = "the Page is not published: nobody sees its posts"
        remedy = "publish it in the Page's settings"
        found.append(Finding(severity=Severity.PROBLEM, what=what, remedy=remedy))
    if isinstance(posts, NoAnswer) or not posts.is_good:
        found.append(troubled(posts, "the Page's posts cannot be read back"))
    return tuple(found)


def reactions_in(answer: Answer) -> Reactions:
    """Return the counts of one post; what Facebook leaves out was not told, but for shares."""
    told = answer.read_object()
    shares = told.get("shares")
    count = shares.get("count") if isinstance(shares, dict) else 0
    return Reactions(
        boosts=count if isinstance(count, int) else None,
        likes=_total(told.get("reactions")),
        replies=_total(told.get("comments")),
    )


def _total(edge: Any) -> int | None:
    summary = edge.get("summary") if isinstance(edge, dict) else None
    count = summary.get("total_count") if isinstance(summary, dict) else None
    return count if isinstance(count, int) else None


def _name(told: dict[str, Any]) -> str:
    name = told.get("name")
    return f'the Page "{name[:100]}"' if isinstance(name, str) else "the Page"
