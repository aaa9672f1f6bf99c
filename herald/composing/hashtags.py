"""Hashtags as networks take them: letters, marks, digits and underscores, one word each."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import regex

from herald.composing.entities import HASHTAG

_BREAKS = regex.compile(r"[^\w\u00b7\u30fb\u200c]+")
_LETTER = regex.compile(r"\p{L}")


@lru_cache(maxsize=4096)
def hashtags(written: tuple[str, ...]) -> tuple[str, ...]:
    """Return each tag with its ``#``, in order, once.

    Capitals and accents stay as the editor wrote them. Where a space, dot or hyphen falls out, each
    word gets a capital, so that a screen reader still reads words. What has no letter is no
    hashtag on any network and is left out.
    """
    spelled: dict[str, str] = {}
    for tag in map(_joined, written):
        if tag:
            spelled.setdefault(tag.casefold(), f"#{tag}")
    return tuple(spelled.values())


def hashtags_in(text: str) -> frozenset[str]:
    """Return the hashtags that stand in *text*, with ``#`` and case-folded."""
    if "#" not in text and "＃" not in text:
        return frozenset()
    return frozenset(f"#{match['tag'].casefold()}" for match in HASHTAG.finditer(text))


def _joined(tag: str) -> str:
    parts = [part for part in _BREAKS.split(unicodedata.normalize("NFC", tag)) if part]
    if len(parts) > 1:
        # title case, not upper: for Georgian letters and ligatures these are not the same
        parts = [part[:1].title() + part[1:] for part in parts]
    joined = "".join(parts)
    return joined if _LETTER.search(joined) else ""
