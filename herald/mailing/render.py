"""Giving an issue its shape: text and HTML from Herald's own templates.

Editors' and partners' words are only ever values: they are never compiled, and the HTML template
escapes every one of them.
"""

from __future__ import annotations

import hashlib
import textwrap
import unicodedata
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from herald.composing.cleaning import is_right_to_left
from herald.composing.language import marker
from herald.mailing.phrases import phrases, phrases_language
from herald.model.ids import Language
from herald.model.mailing import Edition, EditionContent

UNSUBSCRIBE_MARK = "https://unsubscribe.invalid/here"
"""Stands where each recipient's own link goes; no real link looks like it (RFC 2606)."""

PREFERENCES_MARK = "https://preferences.invalid/here"
"""Stands where the link to each recipient's own preferences goes."""

LARGEST = 102_000
"""Bytes of HTML: Gmail cuts off what is longer, with the unsubscribe link in it."""

_WIDTH = 72


class TooLarge(ValueError):
    """The HTML of an issue is longer than mail programs show: give its sections ``most:``."""


def render(content: EditionContent, *, list_name: str) -> Edition:
    """Return one edition as it is sent, ``UNSUBSCRIBE_MARK`` where the link goes.

    Raises TooLarge.
    """
    values = {
        "language": content.language,
        "subject": content.subject,
        "sections": content.sections,
        "statements": content.statements,
        "list_name": list_name,
        "say": phrases(content.language),
        "say_language": phrases_language(content.language),
        "unsubscribe": UNSUBSCRIBE_MARK,
        "direction": _direction,
        "marker": lambda language: marker(language, content.language),
        "width": _width,
    }
    html = _templates(escaped=True).get_template("issue.html.j2").render(values)
    text = _templates(escaped=False).get_template("issue.txt.j2").render(values)
    if len(html.encode()) > LARGEST:
        raise TooLarge(
            f"the {content.language} edition has {len(html.encode()):,} bytes of HTML, and mail"
            f" programs cut off what is longer than {LARGEST:,} (give its sections `most:`)"
        )
    return Edition(
        language=content.language, subject=content.subject, text=text.strip() + "\n", html=html
    )


def address_to(edition: Edition, link: str) -> Edition:
    """Return *edition* with one recipient's own unsubscribe link."""
    return Edition(
        language=edition.language,
        subject=edition.subject,
        text=edition.text.replace(UNSUBSCRIBE_MARK, link),
        html=edition.html.replace(UNSUBSCRIBE_MARK, str(escape(link))),
    )


def hash_editions(editions: Sequence[Edition]) -> str:
    """Return the hash of all that subscribers would read: what an approval covers."""
    digest = hashlib.sha256()
    for edition in editions:
        for part in (edition.language, edition.subject, edition.text, edition.html):
            digest.update(f"{len(part.encode())}:".encode() + part.encode())
    return digest.hexdigest()


@cache
def _templates(*, escaped: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("herald.mailing"),
        autoescape=escaped,  # noqa: S701  # plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["lines"] = _lines
    environment.filters["filled"] = _filled
    return environment


def _lines(text: str) -> Markup:
    """Escape *text* and keep its line ends."""
    return Markup("<br>").join(text.splitlines())


def _filled(text: str, indent: str = "") -> str:
    """Wrap the paragraphs of *text*, never inside a word: a link stays whole."""
    return "\n".join(
        textwrap.fill(
            line,
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


def _direction(language: Language) -> str:
    return "rtl" if is_right_to_left(language) else "ltr"


def _width(text: str) -> int:
    """Return how many columns a line below *text* needs."""
    columns = sum(
        0
        if unicodedata.combining(mark)
        else 2
        if unicodedata.east_asian_width(mark) in {"W", "F"}
        else 1
        for mark in text
    )
    return min(columns, _WIDTH)
