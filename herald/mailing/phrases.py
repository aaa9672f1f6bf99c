"""What Herald itself says to subscribers, in their languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from herald.model.ids import Language

ENGLISH = Language("en")


_PAGES, _LETTER = "words.toml", "letter_words.toml"


@cache
def _all_phrases(file: str = _PAGES) -> dict[str, dict[str, str]]:
    return tomllib.loads((files("herald.mailing") / file).read_text(encoding="utf-8"))


def spoken_languages() -> tuple[Language, ...]:
    """Return the languages that Herald itself speaks."""
    return tuple(Language(tag) for tag in _all_phrases())


def phrases(language: Language) -> Mapping[str, str]:
    """Return what Herald says in *language*, in its base language, or in English."""
    known = _all_phrases()
    return known[ENGLISH] | known[phrases_language(language)]


def phrases_language(language: Language) -> Language:
    """Return the language in which ``phrases`` answers."""
    base = Language(language.split("-")[0].casefold())
    return base if base in _all_phrases() else ENGLISH


def letter_phrases(language: Language) -> tuple[Mapping[str, str], Language]:
    """Return what a letter itself says in *language*, or in English, and in which it does."""
    known = _all_phrases(_LETTER)
    base = Language(language.split("-")[0].casefold())
    spoken = base if base in known else ENGLISH
    return known[ENGLISH] | known[spoken], spoken


def letter_languages() -> tuple[Language, ...]:
    """Return the languages in which a letter itself speaks."""
    return tuple(Language(tag) for tag in _all_phrases(_LETTER))


def edition_for(wanted: Language | None, available: Sequence[Language]) -> Language:
    """Choose the edition for a subscriber: the language, its base language, else the first."""
    if wanted is not None:
        for tag in (wanted.casefold(), wanted.split("-")[0].casefold()):
            found = next((one for one in available if one.casefold() == tag), None)
            if found is not None:
                return found
    return available[0]
