"""The word that opens a picture's description in a text, read from ``picture_words.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from herald.model.ids import Language


def picture_word(language: Language) -> str:
    """Return ``Image:`` in *language*, its colon included; empty where Herald has no word."""
    words = _all()
    tag = language.casefold()
    return words.get(tag) or words.get(tag.split("-")[0]) or ""


@cache
def _all() -> dict[str, str]:
    text = files(__package__).joinpath("picture_words.toml").read_text(encoding="utf-8")
    return {tag.casefold(): str(word) for tag, word in tomllib.loads(text).items()}
