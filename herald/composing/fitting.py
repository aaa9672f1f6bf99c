"""Shortening a text by sentence, then by word, never through anything that belongs together.

Sentences are found by a small rule of our own: Unicode knows which characters end a sentence in
every script, which is all that is needed where a wrong guess costs nothing but a cut at a slightly
odd place. Trained splitters cover some ten languages, and neither Maltese nor Slovene.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import regex

from herald.composing.cleaning import balance
from herald.composing.entities import ATOM

ELLIPSIS = "…"
SENSIBLE = 12
"""Less than so many characters of a text say nothing (wide ones, as in Japanese, count two)."""
SENTENCE_SHARE = 1 / 3
"""Whole sentences win over words unless they would leave more than two thirds of the room empty."""

_SENTENCE_END = regex.compile(
    # An ending of any script with its closing quotes, then white space and no small letter or
    # number, so that "p. 12", "ca. eighty" and "16. maj" stay whole; or, where a script writes no
    # spaces, nothing at all. A capital alone before a full stop is an initial;
    # a semicolon behind a Greek letter asks a question.
    r"(?:(?<!(?<!\p{L})\p{Lu})\.|[!?…؟۔।॥։]|(?<=\p{Greek});)++['\"”’»)\]]*+(?=\s+[^\p{Ll}\p{N}\s])"
    r"|[。！？｡；]++[」』）]*+|(?<=\S)(?=[ ]*\n)"
)
_SPACE = regex.compile(r"\s+")
_GRAPHEME = regex.compile(r"\X")
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Extended_Pictographic}\p{Regional_Indicator}]"
)
_MAY_BE_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2190-\u2bff\u2e80-\U0010ffff]"
)
"""A quicker question that most European texts answer with no."""
_NEVER_FIRST = regex.compile(r"[\p{Pe}\p{Pf}\p{Po}ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々]")
_DANGLING = regex.compile(r"(?:[\s,:\-–—(\[{«„‚¿¡、，：；「『（]|(?<!\p{Greek});)+$")
_ENDINGS = (".", "!", "?", ";", "؟", "۔", "।", "։")
"""After these a space sets the ellipsis apart."""
_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")


def shorten(text: str, fits: Callable[[str], bool]) -> str:
    """Return the longest sensible beginning of *text* that *fits*, with an ellipsis, else ''.

    *fits* is asked about few candidates, never about *text* itself.
    """
    by_sentence = _longest(text, sentence_ends(text), fits)
    words = word_ends(text)
    if by_sentence:
        words = [end for end in words if end * SENTENCE_SHARE > len(by_sentence)]
        if not words or not fits(_finished(text[: words[0]])):
            return by_sentence
    return _longest(text, words, fits)


def sentence_ends(text: str) -> list[int]:
    """Return where sentences and lines of *text* end, none inside a link, mention or hashtag."""
    return _whole(text, {match.end() for match in _SENTENCE_END.finditer(text)})


def word_ends(text: str) -> list[int]:
    """Return where words of *text* end, none inside a link, mention or hashtag."""
    found = {match.start() for match in _SPACE.finditer(text)}
    if _is_unspaced(text):
        found |= {
            match.end()
            for match in _GRAPHEME.finditer(text)
            if _UNSPACED.match(match[0]) and not _NEVER_FIRST.match(text, match.end())
        }
    return _whole(text, found)


def _longest(text: str, ends: Sequence[int], fits: Callable[[str], bool]) -> str:
    """Return the longest beginning that fits and is sensible, by bisection over *ends*."""
    best = ""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        candidate = _finished(text[: ends[middle]])
        if fits(candidate):
            best, low = candidate, middle + 1
        else:
            high = middle
    return best if _is_sensible(best) else ""


def _finished(beginning: str) -> str:
    """Return *beginning* without what dangles at its end, and with an ellipsis."""
    beginning = beginning.rstrip()
    ends_in_atom = _ends_in_atom(beginning)
    if not ends_in_atom:
        beginning = _DANGLING.sub("", beginning)
        ends_in_atom = _ends_in_atom(beginning)  # as in "https://example.org/a ("
    space = " " if ends_in_atom or beginning.endswith(_ENDINGS) else ""
    if beginning.endswith(ELLIPSIS):
        return balance(beginning)
    return balance(beginning) + space + ELLIPSIS


def _ends_in_atom(beginning: str) -> bool:
    last = max(beginning.rfind(" "), beginning.rfind("\n")) + 1
    return ATOM.search(beginning, last) is not None


def _whole(text: str, ends: set[int]) -> list[int]:
    """Return *ends* in order, without those inside an atom; white space is never inside one."""
    ends -= {0, len(text)}
    if _is_unspaced(text):
        for match in ATOM.finditer(text):
            ends -= set(range(match.start() + 1, match.end()))
    return sorted(ends)


def _is_unspaced(text: str) -> bool:
    return bool(_MAY_BE_UNSPACED.search(text)) and _UNSPACED.search(text) is not None


def _is_sensible(text: str) -> bool:
    return len(text) - 1 + len(_WIDE.findall(text)) >= SENSIBLE
