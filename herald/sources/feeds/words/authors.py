"""Reads who wrote an entry: a name that may be credited, never an e-mail address."""

from __future__ import annotations

import re
from collections.abc import Iterable

from herald.sources.feeds.words.plain import plain_text, short

_ADDRESS = re.compile(r"(?:mailto:)?[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")
_OF_BLOGGER = "noreply@blogger.com"
"""With the name "Unknown" it stands for nobody."""


def author_name(said: str) -> str:
    """Return the name in *said*: RSS writes ``ana@example.org (Ana)``, systems all the others."""
    found = plain_text(said).text if "</" in said else said
    bare = re.sub(r"\bmailto\b:?", "", _ADDRESS.sub(" ", short(found)))
    if bare == found.strip():
        return bare
    name = bare.strip(" \t()<>[],;:\"'-")
    return "" if _OF_BLOGGER in said and name.lower() == "unknown" else short(name)


def joined(names: Iterable[str]) -> str:
    """Return several authors in one line, each once."""
    found = (author_name(name) for name in names)
    return short(", ".join(dict.fromkeys(name for name in found if name)))
