"""A post's text taken apart for showing: paragraphs, and in them links, mentions and hashtags."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from herald.composing.cleaning import clean, clean_line, is_right_to_left
from herald.composing.entities import HASHTAG, MENTION, URL
from herald.composing.visibility import is_statement
from herald.model.ids import Language


class Piece(StrEnum):
    """What a piece of a text is."""

    WORDS = "words"
    LINK = "link"
    MENTION = "mention"
    HASHTAG = "hashtag"


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text."""

    piece: Piece
    text: str

    @property
    def is_web_link(self) -> bool:
        """Tell whether a browser may be sent there."""
        return self.piece is Piece.LINK and self.text.lower().startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines without a blank one between; the funding statement is known as such."""

    segments: tuple[Segment, ...]
    is_statement: bool

    @property
    def is_bare(self) -> bool:
        """Tell whether it has links and names only: no word of it says which way it reads."""
        words = (each.text for each in self.segments if each.piece is Piece.WORDS)
        return not any(character.isalpha() for text in words for character in text)


def paragraphs(text: str, *, statements: Iterable[str] = ()) -> tuple[Paragraph, ...]:
    """Take *text* apart; *statements* are the projects' own wordings."""
    own = tuple(statements)
    return tuple(
        Paragraph(tuple(_segments(block)), is_statement(block, own))
        for block in clean(text).split("\n\n")
        if block.strip()
    )


def direction(language: Language, text: str = "") -> str:
    """Return ``rtl`` or ``ltr``: that of the first letter of *text*, else of *language*."""
    for character in text:
        match unicodedata.bidirectional(character):
            case "R" | "AL":
                return "rtl"
            case "L":
                return "ltr"
    return "rtl" if is_right_to_left(language) else "ltr"


def plain(text: str) -> str:
    """Return *text* on one line, without what could act on a terminal or turn a page round."""
    return clean_line(text)


def _segments(text: str) -> Iterator[Segment]:
    found = [
        (match.start(), match.end(), piece)
        for piece, pattern in (
            (Piece.LINK, URL),
            (Piece.MENTION, MENTION),
            (Piece.HASHTAG, HASHTAG),
        )
        for match in pattern.finditer(text)
    ]
    place = 0
    for start, end, piece in sorted(found, key=lambda hit: (hit[0], -hit[1])):
        if start < place:
            continue
        if start > place:
            yield Segment(Piece.WORDS, text[place:start])
        yield Segment(piece, text[start:end])
        place = end
    if place < len(text):
        yield Segment(Piece.WORDS, text[place:])
