"""Giving an issue its shape: text and HTML from Herald's own templates.

Editors' and partners' words are only ever values: they are never compiled, and the HTML template
escapes every one of them. What editors write by hand may hold a little Markdown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from herald.composing.cleaning import is_right_to_left
from herald.composing.language import marker
from herald.mailing.letters import theme as colours
from herald.mailing.letters.filling import (
    COLUMNS,
    escaped_attributes,
    filled,
    sendable,
    shortened_lines,
    width,
)
from herald.mailing.letters.letter import parts_of, preheader_of
from herald.mailing.letters.marks import UNSUBSCRIBE_MARK
from herald.mailing.letters.theme import Theme
from herald.mailing.phrases import letter_phrases
from herald.model.ids import Language
from herald.model.mailing import Edition, EditionContent, LetterPicture

PICTURE_WIDTH = 560
"""Pixels across the sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Where a letter leads on Herald's own pages; what is empty has no link."""

    online: str = ""
    """The same letter, for everybody to read."""
    preferences: str = ""
    """``PREFERENCES_MARK`` where there are pages for readers."""


def render(
    content: EditionContent,
    *,
    list_name: str,
    controller: str = "",
    pages: Pages | None = None,
    theme: Theme | None = None,
) -> Edition:
    """Return one edition as it is sent, ``UNSUBSCRIBE_MARK`` where the link goes.

    *controller* is who answers for the readers' data. Pictures that have no address are left out.
    """
    theme = theme or Theme()
    values = _values(content, list_name, controller, pages or Pages(), theme)
    html = _templates(escaped=True).get_template("issue.html.j2").render(values)
    text = _templates(escaped=False).get_template("issue.txt.j2").render(values)
    return Edition(
        language=content.language,
        subject=sendable(content.subject),
        text=sendable(text).strip() + "\n",
        html=shortened_lines(escaped_attributes(_inliner().inline(sendable(html)))),
    )


def hash_editions(editions: Sequence[Edition]) -> str:
    """Return the hash of all that subscribers would read: what an approval covers."""
    digest = hashlib.sha256()
    for edition in editions:
        for part in (edition.language, edition.subject, edition.text, edition.html):
            digest.update(f"{len(part.encode())}:".encode() + part.encode())
    return digest.hexdigest()


def _values(
    content: EditionContent, list_name: str, controller: str, pages: Pages, theme: Theme
) -> Mapping[str, Any]:
    say, say_language = letter_phrases(content.language)
    own = (say["unsubscribe"], say["preferences"], say["read_online"])
    parts = parts_of(content, read_more=say["read_more"], reserved=own)
    return {
        "language": content.language,
        "subject": content.subject,
        "sections": parts,
        "preheader": preheader_of(parts),
        "statements": content.statements,
        "emblems": [emblem for emblem in content.emblems if emblem.url],
        "list_name": list_name,
        "controller": controller,
        "pages": pages,
        "theme": theme,
        "say": say,
        "say_language": say_language,
        "why": say["why"].format(list=list_name),
        "unsubscribe": UNSUBSCRIBE_MARK,
        "direction": _direction,
        "marker": lambda language: marker(language, content.language),
        "width": lambda text: min(width(text), COLUMNS),
        "wide": _wide,
        "sized": _sized,
        "sheet": Markup(_sheet("issue.css.j2", theme, content.language)),  # noqa: S704
        "kept_sheet": Markup(_sheet("issue.night.css.j2", theme, content.language)),  # noqa: S704
    }


def _sheet(name: str, theme: Theme, language: Language) -> str:
    """Return one of Herald's own sheets in the colours of *theme*, which were checked."""
    night = {
        "ground": colours.NIGHT_GROUND,
        "paper": colours.NIGHT_PAPER,
        "ink": colours.NIGHT_INK,
        "soft": colours.NIGHT_SOFT,
        "rule": colours.NIGHT_RULE,
    }
    return (
        _templates(escaped=False)
        .get_template(name)
        .render(
            theme=theme,
            night=night,
            start="right" if is_right_to_left(language) else "left",
            paper=colours.PAPER,
            ink=colours.INK,
            soft=colours.SOFT,
            rule=colours.RULE,
        )
    )


@cache
def _inliner() -> CSSInliner:
    """Return what writes the sheet onto the tags; it fetches nothing."""
    return CSSInliner(load_remote_stylesheets=False)


@cache
def _templates(*, escaped: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("herald.mailing.letters"),
        autoescape=escaped,  # noqa: S701  # plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["lines"] = _lines
    environment.filters["filled"] = filled
    return environment


def _lines(text: str) -> Markup:
    """Escape *text* and keep its line ends."""
    return Markup("<br>\n").join(text.splitlines())


def _wide(picture: LetterPicture) -> Markup:
    """Return the size of a picture across the sheet: never larger than it is."""
    if not picture.width or not picture.height:
        return Markup(' width="{}" style="max-width:{}px"').format(PICTURE_WIDTH, PICTURE_WIDTH)
    shown = min(PICTURE_WIDTH, picture.width)
    height = max(1, round(picture.height * shown / picture.width))
    return Markup(' width="{}" height="{}" style="max-width:{}px"').format(shown, height, shown)


def _sized(picture: LetterPicture, most: int) -> Markup:
    """Return the size of a logo or an emblem at most so many pixels high."""
    if not picture.width or not picture.height:
        return Markup(' height="{}" style="height:{}px;max-width:100%"').format(most, most)
    height = min(most, picture.height)
    wide = max(1, round(picture.width * height / picture.height))
    return Markup(' width="{}" height="{}" style="max-width:100%"').format(wide, height)


def _direction(language: Language) -> str:
    return "rtl" if is_right_to_left(language) else "ltr"
