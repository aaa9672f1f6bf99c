"""What Herald says on the page on which readers change their letters, in their languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from herald.mailing.readers.joining_words import joining_language, joining_words
from herald.model.ids import Language


@cache
def _all_words() -> dict[str, dict[str, str]]:
    text = (files("herald.mailing.readers") / "preference_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def preference_words(language: Language) -> Mapping[str, str]:
    """Return what is said in *language*, in its base language, or in English.

    The words of the pages of joining are among them, for both ask for an address.
    """
    spoken = joining_language(language)
    known = _all_words()
    return dict(joining_words(spoken)) | known["en"] | known.get(spoken, {})
