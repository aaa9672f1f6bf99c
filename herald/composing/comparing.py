"""Finding a statement in a text, however its capitals and apostrophes are typed."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ALIKE = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "ş": "ș", "ţ": "ț"})


def contains(text: str, statement: str) -> bool:
    """Tell whether *statement* stands in *text*, spelled alike but for capitals and apostrophes."""
    wanted, last = _sought(statement)
    return last in text.casefold() and stands(wanted, fold(text))


def fold(text: str) -> str:
    """Return *text* in the form in which statements are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_ALIKE)
    return " ".join(folded.split())


def stands(wanted: str, folded: str) -> bool:
    """Tell whether *wanted* stands in *folded* as words: "co-funded by" is not "funded by"."""
    place = folded.find(wanted) if wanted else -1
    while place >= 0:
        before, after = folded[place - 1 : place], folded[place + len(wanted) :][:1]
        if not (before.isalnum() or before == "-" or after.isalnum()):
            return True
        place = folded.find(wanted, place + 1)
    return False


@lru_cache(maxsize=1024)
def _sought(statement: str) -> tuple[str, str]:
    """Return *statement* folded, and its last word, without which no folding is worth while."""
    folded = fold(statement)
    return folded, folded[folded.rfind(" ") + 1 :]
