"""Splitting a long text into pieces that follow each other, where a reader would draw breath.

At paragraphs, else at sentences, else at words; never through a link, a mention, a hashtag, an
emoji or a pair of brackets. The pieces say every word of the text, in its order.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence

from herald.composing.cleaning import POP_ISOLATE, balance
from herald.composing.fitting import sentence_ends, word_ends

Fits = Callable[[str, int], bool]
"""Tells whether a text has room as the piece of that number, counted from 0."""

PARAGRAPH_SHARE = 1 / 2
"""A piece ends with a paragraph if it then still has half of what it could hold."""
SENTENCE_SHARE = 1 / 3
"""Else with a sentence, if it then still has a third."""
LONGEST_BRACKETS = 200
"""Characters; a longer pair of brackets is text like any other."""
DEEPEST = 3
"""Isolates inside each other that are opened again behind a cut; no honest text has more."""

_PARAGRAPH = re.compile(r"\s*\n\s*\n\s*")
_BRACKETS = {
    ")": "(",
    "]": "[",
    "}": "{",
    "）": "（",
    "」": "「",
    "』": "『",
    "】": "【",
    "》": "《",
}
_OPENING = frozenset(_BRACKETS.values())
_ISOLATE = re.compile("[\u2066-\u2069]")
_GLUED = re.compile(r"(?<=\S)[#＃@＠]")


def split(text: str, fits: Fits, *, most: int) -> tuple[str, ...]:
    """Return *text* in as few pieces as fit; more than *most* where so many are not enough.

    Empty where something that must not be cut has no room in a piece of its own.
    """
    breaks = _breaks(text)
    pieces: list[str] = []
    start = 0
    while start < len(text) and len(pieces) <= most:
        rest = _piece(text, start, len(text))
        number = len(pieces)
        end = len(text) if fits(rest, number) else _end(text, start, breaks, fits, number)
        if end is None:
            return ()
        pieces.append(_piece(text, start, end))
        start = end + len(text[end:]) - len(text[end:].lstrip())
    return tuple(pieces)


def _end(
    text: str, start: int, breaks: tuple[Sequence[int], ...], fits: Fits, number: int
) -> int | None:
    """Return where the piece that begins at *start* ends best."""
    paragraphs, sentences, words, anywhere = breaks

    def furthest(ends: Sequence[int]) -> int | None:
        low, high = bisect_right(ends, start), len(ends)
        best = None
        while low < high:
            middle = (low + high) // 2
            if fits(_piece(text, start, ends[middle]), number):
                best, low = ends[middle], middle + 1
            else:
                high = middle
        return best

    reach = furthest(words) or furthest(anywhere)
    if reach is None:
        return None
    for ends, share in ((paragraphs, PARAGRAPH_SHARE), (sentences, SENTENCE_SHARE)):
        end = furthest(ends)
        if end is not None and end - start >= (reach - start) * share:
            return end
    return reach


def _breaks(text: str) -> tuple[Sequence[int], ...]:
    """Return where paragraphs, sentences and words end outside of brackets, and words anywhere."""
    anywhere = [end for end in word_ends(text) if not _creates(text, end)]
    inside = _inside_brackets(text)
    words = [end for end in anywhere if end not in inside]
    there = set(words)
    sentences = [end for end in sentence_ends(text) if end in there]
    paragraphs = [match.start() for match in _PARAGRAPH.finditer(text)]
    return [end for end in paragraphs if end in there], sentences, words, anywhere


def _creates(text: str, end: int) -> bool:
    """Tell whether a piece that begins at *end* would hold a hashtag or mention that is none."""
    return _GLUED.match(text, end) is not None


def _inside_brackets(text: str) -> set[int]:
    """Return the places between an opening bracket and its closing one."""
    inside: set[int] = set()
    opened: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        if character in _OPENING:
            opened.append((character, place))
        elif character in _BRACKETS and opened and opened[-1][0] == _BRACKETS[character]:
            _, first = opened.pop()
            if place - first <= LONGEST_BRACKETS:
                inside.update(range(first + 1, place + 1))
    return inside


def _piece(text: str, start: int, end: int) -> str:
    """Return a piece with the isolates that are open where it begins; those left open are closed.

    So that foreign words keep their direction on both sides of a cut.
    """
    return balance(_open_isolates(text, start) + text[start:end].strip())


def _open_isolates(text: str, end: int) -> str:
    opened: list[str] = []
    for match in _ISOLATE.finditer(text, 0, end):
        if match[0] != POP_ISOLATE:
            opened.append(match[0])
        elif opened:
            opened.pop()
    return "".join(opened[-DEEPEST:])
