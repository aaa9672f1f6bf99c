"""Reads the counts of a Threads post, of developers.facebook.com/docs/threads/insights. Pure."""

from __future__ import annotations

from typing import Any

from herald.channels.answer import Answer
from herald.model.account import Reactions


def read_insights(answer: Answer) -> Reactions:
    """Return the counts in *answer*; a quote is a passing on as well."""
    data = answer.read_object().get("data")
    held = data if isinstance(data, list) else []
    counts = {each.get("name"): _value(each) for each in held if isinstance(each, dict)}
    passed_on = [counts[name] for name in ("reposts", "quotes") if counts.get(name) is not None]
    return Reactions(
        boosts=sum(count for count in passed_on if count is not None) if passed_on else None,
        likes=counts.get("likes"),
        replies=counts.get("replies"),
    )


def _value(metric: dict[str, Any]) -> int | None:
    values = metric.get("values")
    first = values[0] if isinstance(values, list) and values else None
    found = first.get("value") if isinstance(first, dict) else None
    return found if isinstance(found, int) else None
