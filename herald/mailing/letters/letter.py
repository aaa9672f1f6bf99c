"""An edition as its templates want it: what is linked how, and what stands in the inbox.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from markupsafe import Markup

from herald.mailing.letters.filling import sendable
from herald.mailing.letters.gate.words import is_bare, is_vague
from herald.mailing.letters.written import as_html, as_text, links_of
from herald.model.ids import Language
from herald.model.mailing import ContentEntry, ContentSection, EditionContent, LetterPicture

PREHEADER_MOST = 140
"""Characters that mail programs show beside the subject; more is never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing that a letter tells."""

    entry: ContentEntry
    title: str
    """No other link of the letter with another address has the same words."""
    is_linked: bool
    """The title leads to the entry's page; else ``more`` does, if there is any."""
    more: str = ""
    picture: LetterPicture | None = None
    """One that everybody can fetch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section with its cards."""

    title: str
    title_language: Language
    written: Markup
    written_text: str
    written_language: Language
    cards: tuple[Card, ...]


def parts_of(
    content: EditionContent, *, read_more: str, reserved: Iterable[str] = ()
) -> tuple[Part, ...]:
    """Return the sections of an edition.

    The words *read_more* lead where a title cannot; those *reserved* are links of the letter's own.
    """
    taken = {key_of(words): "" for words in reserved}
    for section in content.sections:
        for words, address in links_of(_written(section)):
            taken.setdefault(key_of(words), address)
    return tuple(_part(section, taken, read_more) for section in content.sections)


def preheader_of(parts: tuple[Part, ...]) -> str:
    """Return what stands beside the subject in the inbox: how the letter begins."""
    said = " · ".join(
        one
        for part in parts
        for one in (" ".join(part.written_text.split()), *(card.title for card in part.cards))
        if one
    )
    if len(said) <= PREHEADER_MOST:
        return said
    return said[: PREHEADER_MOST - 1].rsplit(" ", 1)[0].rstrip(" ·,;") + "…"


def _part(section: ContentSection, taken: dict[str, str], read_more: str) -> Part:
    written = _written(section)
    return Part(
        title=section.title,
        title_language=section.title_language,
        written=as_html(written),
        written_text=as_text(written),
        written_language=section.paragraphs_language,
        cards=tuple(_card(entry, taken, read_more) for entry in section.entries),
    )


def _written(section: ContentSection) -> str:
    return sendable("\n\n".join(section.paragraphs))


def _card(entry: ContentEntry, taken: dict[str, str], read_more: str) -> Card:
    picture = entry.picture if entry.picture and entry.picture.url else None
    is_linked = bool(entry.link) and not (is_bare(entry.title) or is_vague(entry.title))
    if entry.link and not is_linked:
        words = f"{read_more}: {urlsplit(entry.link).hostname or entry.credit}"
        more = _untaken(words, entry, taken)
        return Card(entry=entry, title=entry.title, is_linked=False, more=more, picture=picture)
    title = _untaken(entry.title, entry, taken) if is_linked else entry.title
    return Card(entry=entry, title=title, is_linked=is_linked, picture=picture)


def _untaken(words: str, entry: ContentEntry, taken: dict[str, str]) -> str:
    """Return the words of a link, with more of them where they lead elsewhere already.

    Partners call things alike, and "News" twice in a list of links tells nobody which is which.
    """
    for candidate in _candidates(words, entry):
        if taken.setdefault(key_of(candidate), entry.link) == entry.link:
            return candidate
    return words


def _candidates(words: str, entry: ContentEntry) -> Iterator[str]:
    yield words
    more = [one for one in (entry.credit, entry.when, entry.place) if one]
    for one in more:
        yield f"{words} ({one})"
    for number in count(2):
        yield f"{words} ({number})"


def key_of(words: str) -> str:
    """Return the words of a link as they are compared with others."""
    return " ".join(words.casefold().split())
