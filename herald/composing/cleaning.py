"""Text made safe to post: composed characters, no controls, and writing directions kept apart."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from herald.model.ids import Language

FIRST_STRONG_ISOLATE = "\u2068"
POP_ISOLATE = "\u2069"

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(
    # Controls but tab and new line, soft marks of word processors, embeddings and overrides, which
    # can make a text read as another; unpaired surrogates, which cannot be sent at all.
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u206a-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_MANY_LINES = re.compile(r"\n{3,}")
_ISOLATES = re.compile("[\u2066-\u2069]")
_TROUBLE_IN_ASCII = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]|[ ]\n|\n\n\n")
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
_STRONG = _RIGHT_TO_LEFT | {"L"}


def clean(text: str) -> str:
    """Return *text* in NFC, without control characters, bidi overrides or stray white space.

    Lines end with a line feed, at most one blank line follows another text; isolates are balanced.
    Cleaning a clean text changes nothing.
    """
    text = text.strip()
    if text.isascii() and not _TROUBLE_IN_ASCII.search(text):
        return text
    text = _LINE_END.sub("\n", text)
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", text)).replace("\t", " ")
    text = _MANY_LINES.sub("\n\n", "\n".join(line.rstrip(" ") for line in text.split("\n")))
    return balance(text).strip()


def clean_line(text: str) -> str:
    """Return *text* cleaned and on one line."""
    return " ".join(clean(text).split())


def balance(text: str) -> str:
    """Return *text* with every isolate closed, and no closing one that opens nothing."""
    if not _ISOLATES.search(text):
        return text
    kept: list[str] = []
    depth = 0
    for character in text:
        if character == POP_ISOLATE:
            if depth == 0:
                continue
            depth -= 1
        elif "\u2066" <= character <= FIRST_STRONG_ISOLATE:
            depth += 1
        kept.append(character)
    return "".join(kept) + POP_ISOLATE * depth


def isolate(value: str, language: Language) -> str:
    """Return *value* isolated where it runs against the direction of *language*.

    A value with a link in it stays bare: the closing mark would become part of the link.
    """
    if value.isascii() and not is_right_to_left(language):
        return value
    if "://" in value or not _runs_against(value, right_to_left=is_right_to_left(language)):
        return value
    return f"{FIRST_STRONG_ISOLATE}{value}{POP_ISOLATE}"


@lru_cache(maxsize=256)
def is_right_to_left(language: Language) -> bool:
    """Tell whether *language* is written from right to left."""
    try:
        locale = Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return locale.text_direction == "rtl"


def _runs_against(value: str, *, right_to_left: bool) -> bool:
    directions = {unicodedata.bidirectional(character) for character in value} & _STRONG
    return bool(directions - _RIGHT_TO_LEFT if right_to_left else directions & _RIGHT_TO_LEFT)
