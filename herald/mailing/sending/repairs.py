"""What a refusal asks the sender to repair, in words for people.  Pure."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from herald.model.mailing import Refusals

_FIRST_REFUSAL = 400
_STATUS = re.compile(r"(?<![\d.])([45])(\.\d{1,3}\.\d{1,3})(?!\.?\d)")
"""An enhanced status code (RFC 3463 section 2), and no part of a number with more dots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One thing that replies ask for."""

    says: str
    status: frozenset[str]
    words: tuple[str, ...]

    def fits(self, status: frozenset[str], said: str) -> bool:
        """Tell whether a reply with these status codes and words asks for it."""
        has_status = not self.status or bool(self.status & status)
        return has_status and (not self.words or any(word in said for word in self.words))


def repair_of(code: int | None, said: str) -> str:
    """Return what to do about a refusal, as a sentence; empty where nobody but time helps.

    *code* is the reply's first number, None where only a bounce quotes what was *said*.
    """
    if code is not None and code < _FIRST_REFUSAL:
        return ""
    words = " ".join(said.lower().split())
    status = frozenset(
        spelled for kind, rest in _STATUS.findall(words) for spelled in (kind + rest, f"x{rest}")
    )
    return next((repair.says for repair in _repairs() if repair.fits(status, words)), "")


def repairs_of(refusals: Iterable[Refusals]) -> tuple[tuple[str, int], ...]:
    """Return each thing that can be put right once, with its copies; that of most copies first."""
    found: Counter[str] = Counter()
    for one in refusals:
        if says := repair_of(one.code, one.said):
            found[says] += one.copies
    return tuple(found.most_common())


@cache
def _repairs() -> tuple[Repair, ...]:
    written = files(__package__).joinpath("reply_codes.toml").read_text(encoding="utf-8")
    return tuple(_repair(one) for one in tomllib.loads(written)["repair"])


def _repair(written: Mapping[str, Any]) -> Repair:
    return Repair(
        says=written["says"],
        status=frozenset(written.get("status", ())),
        words=tuple(written.get("words", ())),
    )
