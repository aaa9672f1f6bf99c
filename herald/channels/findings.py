"""Findings that the accounts of several networks have in common. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from herald.channels.answer import Answer, server_time
from herald.model.account import Finding, Severity

_CLOCKS_AGREE = timedelta(seconds=30)
_LITTLE = 0.1
"""What is left of a quota when it is said."""


def well(what: str) -> Finding:
    """Return something that is as it should be."""
    return Finding(severity=Severity.WELL, what=what)


def advice(what: str, remedy: str) -> Finding:
    """Return something that could be better."""
    return Finding(severity=Severity.ADVICE, what=what, remedy=remedy)


def problem(what: str, remedy: str) -> Finding:
    """Return something because of which posts do not go out."""
    return Finding(severity=Severity.PROBLEM, what=what, remedy=remedy)


def quota_findings(answer: Answer) -> tuple[Finding, ...]:
    """Say how many requests the server still takes; nothing where it does not tell.

    Mastodon and its kin write ``X-RateLimit-Remaining``, Bluesky ``RateLimit-Remaining``.
    """
    left, most = (_number(answer, name) for name in ("remaining", "limit"))
    if left is None or most is None or most <= 0:
        return ()
    what = f"the server still takes {left:,} of {most:,} requests before it asks to wait"
    if left > most * _LITTLE:
        return (well(what),)
    return (advice(what, "look what else uses this account or this network address"),)


def clock_findings(answer: Answer, *, now: datetime) -> tuple[Finding, ...]:
    """Say by how much this machine's clock differs from the server's; nothing where it agrees."""
    there = server_time(answer)
    if there is None or abs(there - now) <= _CLOCKS_AGREE:
        return ()
    seconds = int((there - now).total_seconds())
    way = "behind" if seconds > 0 else "ahead of"
    return (
        advice(
            f"this machine's clock is {abs(seconds):,} seconds {way} the server's",
            "let the machine set its clock by the network (NTP): posts go out by it",
        ),
    )


def _number(answer: Answer, name: str) -> int | None:
    for prefix in ("x-ratelimit-", "ratelimit-"):
        value = answer.headers.get(prefix + name, "").strip()
        if value.isascii() and value.isdigit():
            return int(value)
    return None
