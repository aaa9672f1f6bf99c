"""The words in which officers are told what needs them, read from ``notices.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from herald.model.ids import Language

ENGLISH = Language("en")


def notice_languages() -> tuple[Language, ...]:
    """Return the languages in which officers can be told; English is the first."""
    return tuple(Language(tag) for tag in _all())


def notice_language(wanted: Iterable[Language]) -> Language:
    """Return the first of *wanted* that Herald knows, itself or its base language, else English."""
    bases = (Language(tag.split("-")[0].casefold()) for tag in wanted)
    return next((base for base in bases if base in _all()), ENGLISH)


def notice_words(language: Language) -> Mapping[str, str]:
    """Return the words in *language*, one of ``notice_languages``; English for what is missing."""
    return _all()[ENGLISH] | _all()[language]


@cache
def _all() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("notices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
