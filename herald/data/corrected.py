"""Says in a post's language that something was called off, where its file does not."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from herald.model.correction import Untrue
from herald.model.ids import Language


def word_for(why: Untrue, language: Language) -> str:
    """Return the words for *why* in *language*, or in its base; empty where there are none."""
    words = _words().get(why.value, {})
    return words.get(language) or words.get(language.split("-")[0]) or ""


@cache
def _words() -> dict[str, dict[str, str]]:
    text = files("herald.data").joinpath("corrected.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
