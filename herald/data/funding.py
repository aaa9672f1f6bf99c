"""Funding statements and disclaimers, read from ``funding_statements.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ENGLISH = "en"
"""Always valid: the rules ask for translation "as appropriate"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One text in one language, and how surely it is the official one."""

    text: str
    confidence: str
    """a_plus, a, b, c (unconfirmed, used with a warning) or d (not used)."""
    variants: tuple[str, ...] = ()
    """Other spellings that say the same; accepted, never written."""

    @property
    def is_usable(self) -> bool:
        """Tell whether Herald may write it."""
        return bool(self.text) and self.confidence != "d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclaimer:
    """A whole disclaimer, never put together from pieces."""

    text: str
    authority: str = ""
    """The granting authority that it names; empty where it names none."""
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingData:
    """Every wording by language: lower-case tags, aliases included."""

    co_funded: Mapping[str, Wording]
    funded: Mapping[str, Wording]
    old_erasmus_plus: Mapping[str, Wording]
    """For Erasmus+ calls up to 2020."""
    programmes: Mapping[str, Wording]
    """English wordings of other programmes of 2014-2020."""
    disclaimers: Mapping[tuple[str, str], Disclaimer]
    """By language and form: new_co_funded, new_funded, old_2018_2020, old_communication …"""


@cache
def funding_data() -> FundingData:
    """Return the data, read once."""
    written = files(__package__).joinpath("funding_statements.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(written)
    rows = {
        tag.casefold(): row
        for language, row in tables["statements"].items()
        for tag in (language, *row.get("aliases", ()))
    }
    return FundingData(
        co_funded={tag: _wording(row) for tag, row in rows.items()},
        funded={tag: _funded(row) for tag, row in rows.items() if "funded_form" in row},
        old_erasmus_plus={
            tag: _wording(row["old_erasmus_plus"])
            for tag, row in rows.items()
            if "old_erasmus_plus" in row
        },
        programmes={name: _wording(row) for name, row in tables["other_programmes"].items()},
        disclaimers={
            (language, form): Disclaimer(**row)
            for language, forms in tables["disclaimers"].items()
            for form, row in forms.items()
        },
    )


def _wording(row: Mapping[str, Any]) -> Wording:
    return Wording(
        text=row["statement"],
        confidence=row["confidence"],
        variants=tuple(row.get("variants", ())),
    )


def _funded(row: Mapping[str, Any]) -> Wording:
    return Wording(text=row["funded_form"], confidence=row["funded_confidence"])
