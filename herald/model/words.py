"""Words in several languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from herald.model.ids import Language

EVERY = Language("*")
"""Stands for every language, in words that serve all of them (links, hashtags, templates)."""


@dataclass(frozen=True, slots=True)
class Words:
    """One text in each of some languages, in the order in which they were written."""

    pairs: tuple[tuple[Language, str], ...] = ()

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Words:
        """Make words from a mapping of language tag to text."""
        return cls(tuple((Language(tag), text) for tag, text in texts.items()))

    @classmethod
    def in_every_language(cls, text: str) -> Words:
        """Make words that serve every language."""
        return cls(((EVERY, text),))

    def get(self, language: Language) -> str | None:
        """Return the text in *language*, else the one that serves every language, else None."""
        found = None
        for tag, text in self.pairs:
            if tag == language:
                return text
            if tag == EVERY:
                found = text
        return found

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages that have a text, without the one that stands for all."""
        return tuple(tag for tag, _ in self.pairs if tag != EVERY)

    def first(self, languages: Iterable[Language]) -> str | None:
        """Return the text in the first of *languages* that has one, else None."""
        return next((text for tag in languages if (text := self.get(tag)) is not None), None)

    def __iter__(self) -> Iterator[tuple[Language, str]]:
        return iter(self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)


def speaks(spoken: Iterable[Language], language: Language) -> bool:
    """Tell whether *language* is among *spoken*; one that lists ``pt`` also speaks ``pt-BR``."""
    wanted = language.casefold()
    return any(
        wanted == tag.casefold() or wanted.startswith(f"{tag.casefold()}-") for tag in spoken
    )
