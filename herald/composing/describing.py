"""A picture's description: within the network's limit, or in the text where there is no field."""

from __future__ import annotations

from herald.composing.cleaning import clean_line
from herald.composing.fitting import shorten
from herald.data.picture_words import picture_word
from herald.model.ids import Language


def in_words(description: str, language: Language) -> str:
    """Return *description*, written in *language*, as it stands in a text: "Image: …".

    In brackets where Herald has no word for it in that language; empty where there is none.
    """
    description = clean_line(description)
    word = picture_word(language)
    if not description:
        return ""
    if not word:
        return f"[{description}]"
    return f"{word}{description}" if word.endswith("：") else f"{word} {description}"


def within(description: str, limit: int | None) -> str:
    """Return *description* in at most *limit* characters, shortened by sentence; None for any."""
    if limit is None or len(description) <= limit:
        return description
    return shorten(description, lambda words: len(words) <= limit) or description[:limit]
