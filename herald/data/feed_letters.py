"""The words of letters to partners about their feeds, read from ``feed_letters.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from herald.model.ids import Language

ENGLISH = Language("en")


def letter_languages() -> tuple[Language, ...]:
    """Return the languages in which Herald can propose a letter; English is the first."""
    return tuple(Language(tag) for tag in _all())


def letter_language(wanted: Language | None) -> Language:
    """Return *wanted* or its base language where there are words in it, else English."""
    base = Language((wanted or ENGLISH).split("-")[0].casefold())
    return base if base in _all() else ENGLISH


def letter_words(language: Language) -> Mapping[str, str]:
    """Return the words of a letter in *language*, one of ``letter_languages``."""
    return _all()[language]


@cache
def _all() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("feed_letters.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
