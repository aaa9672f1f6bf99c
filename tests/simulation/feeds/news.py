"""What really happens at the partners: pieces of news, told in words of several scripts.

A piece carries its name into every text and link that tells of it, so that a post can be held
against the truth without trusting anything that Herald says about it.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

MARK = re.compile(r"\bzq\d{6}qz\b")
"""A piece's name in a text."""
_SYLLABLES = {
    "it": "ba ce di fo gu la me ni po ra sa te vi zo chià lù",
    "es": "ca de mi to que sal ña ro ver lu cé fin go pa",
    "en": "ham ber ton ly old ing sea mill way ford stan ric",
    "pl": "do gó ła mi ny po rze sza to wy ży ką ści bra",
    "el": "αλ βα γε δι θη κα λο μέ νη πό ρι στα τω φύ",
    "uk": "ба ве ги дї жо ка лю мі но пра сто ху ці шу",
    "ar": "با تي جو دا را سي شم عل قو كي لا مو نا هي",
    "ja": "さ くら 町 祭 り 博 物 館 の 海 山 里 川 田",
}
LANGUAGES = tuple(_SYLLABLES)
_HEADINGS = {
    "it": "Orari di apertura",
    "es": "Boletín de noticias",
    "en": "Newsletter",
    "pl": "Godziny otwarcia",
}


@dataclass(slots=True, eq=False, repr=False)
class Piece:
    """One piece of news, however often and wherever it is told."""

    name: str
    language: str
    title: str
    text: str
    place: str
    at: datetime
    """When it was first published by anybody."""
    begins: datetime | None = None
    """An event's; what its feeds say of it may change."""
    is_archive: bool = False
    """It was imported from an old site: nobody's news."""
    is_flood: bool = False
    is_heading: bool = False
    """Its title comes back; told by others too, nobody could say which of them is meant."""


@dataclass(slots=True, repr=False)
class Agency:
    """Makes up news."""

    dice: random.Random
    pieces: dict[str, Piece] = field(default_factory=dict)

    def piece(self, language: str, place: str, at: datetime, **facts: object) -> Piece:
        """Return something new of *place*; now and then under a heading that comes back."""
        name = f"zq{len(self.pieces):06}qz"
        words = self.words(language, self.dice.randint(3, 6))
        title = f"{words[:1].upper()}{words[1:]} {place}"
        if self.dice.random() < 0.04 and language in _HEADINGS and "begins" not in facts:
            title = f"{_HEADINGS[language]} {place}"
            facts["is_heading"] = True
        long = self.dice.random() < 0.5
        text = self.words(language, self.dice.randint(60, 90) if long else self.dice.randint(8, 25))
        piece = Piece(
            name=name,
            language=language,
            title=title,
            text=f"{text} {name}.",
            place=place,
            at=at,
            **facts,
        )
        self.pieces[name] = piece
        return piece

    def words(self, language: str, count: int) -> str:
        """Return so many words of *language*, or what looks like them."""
        return " ".join(self.dice.choices(_vocabulary(language), k=count))


@cache
def _vocabulary(language: str) -> tuple[str, ...]:
    dice = random.Random(language)
    syllables = _SYLLABLES[language].split()
    return tuple("".join(dice.choices(syllables, k=dice.randint(2, 4))) for _ in range(600))
