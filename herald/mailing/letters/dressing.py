"""Giving an issue's words their pictures: those of its items, the list's logo, funders' emblems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from herald.errors import PictureUnusable
from herald.mailing.letters.pictures import LetterPictures
from herald.mailing.letters.theme import ACCENT, GROUND, Theme
from herald.model.configuration import LetterDesign, MailingList, NamedPicture
from herald.model.ids import Language
from herald.model.mailing import (
    ContentSection,
    EditionContent,
    IssueContent,
    LetterPicture,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressed:
    """An issue whose pictures can be fetched, as far as they can."""

    content: IssueContent
    design: LetterDesign = field(default_factory=LetterDesign)
    logos: Mapping[Language, LetterPicture] = field(default_factory=dict)
    troubles: tuple[str, ...] = ()
    """Pictures that cannot be used, as sentences."""

    def theme(self, language: Language) -> Theme:
        """Return how the edition in *language* looks."""
        return Theme(
            accent=self.design.accent or ACCENT,
            ground=self.design.ground or GROUND,
            logo=self.logos.get(language),
        )


async def dress(
    content: IssueContent, mailing_list: MailingList | None, pictures: LetterPictures | None
) -> Dressed:
    """Return *content* with its pictures' addresses; what has none is not shown."""
    design = mailing_list.design if mailing_list is not None else LetterDesign()
    dresser = _Dresser(pictures)
    editions = [await dresser.edition(one) for one in content.editions]
    logos: dict[Language, LetterPicture] = {}
    if design.logo is not None:
        for edition in editions:
            shown = await dresser.picture(as_picture(design.logo, edition.language))
            if shown is not None and shown.url:
                logos[edition.language] = shown
    return Dressed(
        content=replace(content, editions=tuple(editions)),
        design=design,
        logos=logos,
        troubles=tuple(dict.fromkeys(dresser.troubles)),
    )


def as_picture(named: NamedPicture, language: Language) -> LetterPicture:
    """Return a picture of the configuration for readers of *language*."""
    own = named.alt.get(language)
    first = next(iter(named.alt), (language, ""))
    spoken, alt = (language, own) if own is not None else first
    return LetterPicture(url=named.url, file=named.file, alt=alt, language=Language(spoken))


class _Dresser:
    """Asks for each picture, and remembers which could not be had."""

    def __init__(self, pictures: LetterPictures | None) -> None:
        self._pictures = pictures
        self.troubles: list[str] = []

    async def edition(self, edition: EditionContent) -> EditionContent:
        sections = [await self._section(one) for one in edition.sections]
        emblems = [await self.picture(one) for one in edition.emblems]
        return replace(
            edition,
            sections=tuple(sections),
            emblems=tuple(one for one in emblems if one is not None),
        )

    async def picture(self, picture: LetterPicture | None) -> LetterPicture | None:
        if picture is None or self._pictures is None:
            return picture
        try:
            return await self._pictures.shown(picture)
        except PictureUnusable as error:
            self.troubles.append(str(error))
            return None

    async def _section(self, section: ContentSection) -> ContentSection:
        entries = [
            replace(entry, picture=await self.picture(entry.picture)) for entry in section.entries
        ]
        return replace(section, entries=tuple(entries))
