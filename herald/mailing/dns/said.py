"""Findings that repeat what strangers wrote into the DNS, fit for a terminal."""

from __future__ import annotations

from herald.model.account import Finding, Severity

_MOST = 1500
"""Characters of a sentence; a sound record that is to be copied fits in."""


def plain(text: str) -> str:
    """Return *text* without anything that steers a terminal, and with an end."""
    kept = "".join(mark if mark.isprintable() else "�" for mark in text)
    return kept if len(kept) <= _MOST else f"{kept[: _MOST - 1]}…"


def well(what: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(severity=Severity.WELL, what=plain(what))


def advice(what: str, remedy: str = "") -> Finding:
    """Say what could be better."""
    return Finding(severity=Severity.ADVICE, what=plain(what), remedy=plain(remedy))


def problem(what: str, remedy: str = "") -> Finding:
    """Say what keeps mails from arriving, or soon will."""
    return Finding(severity=Severity.PROBLEM, what=plain(what), remedy=plain(remedy))
