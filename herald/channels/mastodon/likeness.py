"""Tells whether a status on the server is the one that was sent. Pure.

Exact where the server gives a status's source. Where it does not, only its HTML is there, which
each server makes in its own way: then a text that is nearly the same is neither taken for ours
nor passed over, and a person must look.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from enum import Enum
from html.parser import HTMLParser
from urllib.parse import unquote

from herald.channels.mastodon.wire import short_language
from herald.model.ids import Language

_NEAR = 0.75
_MENTION = re.compile(r"(@[\w.-]+)@[\w.-]+\.\w+")
_READ_MOST = 100_000
"""Characters of HTML; no status has more."""
_COMPARED_MOST = 2_000
"""Characters; telling how near two texts are takes the square of it."""


class Likeness(Enum):
    """How a status compares with what was sent."""

    SAME = "same"
    PERHAPS = "perhaps"
    OTHER = "other"


def could_be_in(status_language: object, language: Language) -> bool:
    """Tell whether a status can be in *language*; one that names none can (Takahe, snac)."""
    if not isinstance(status_language, str) or not status_language:
        return True
    return short_language(status_language) == short_language(language)


def is_source(source: str, text: str) -> bool:
    """Tell whether *source* is *text*, but for line ends and the space around it."""
    return _plain(source) == _plain(text)


def compare_content(content: str, text: str) -> Likeness:
    """Compare a status's HTML with the text that was sent."""
    sent = _folded(text)
    shown = {_folded(read) for read in _read_html(content[:_READ_MOST])}
    if sent in shown:
        return Likeness.SAME
    near = any(_is_near(sent, read) for read in shown)
    return Likeness.PERHAPS if near else Likeness.OTHER


def _is_near(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one[:_COMPARED_MOST], other[:_COMPARED_MOST], autojunk=False)
    # The first is cheap and never less than the second.
    return matcher.quick_ratio() >= _NEAR and matcher.ratio() >= _NEAR


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", "\n".join(text.splitlines()).strip())


def _folded(text: str) -> str:
    """Return what stays the same however a server sets a text: no space, no host of a mention."""
    text = unicodedata.normalize("NFC", _MENTION.sub(r"\1", unquote(text)))
    return "".join(text.split()).casefold()


def _read_html(content: str) -> tuple[str, str]:
    """Return the text of *content*, with links as they are shown, and as they are addressed."""
    reader = _Reader()
    reader.feed(content)
    reader.close()
    return "".join(reader.shown), "".join(reader.addressed)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.addressed: list[str] = []
        self._link = ""
        self._label: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._link, self._label = dict(attrs).get("href") or "", []

    def handle_endtag(self, tag: str) -> None:
        if tag != "a" or not self._link:
            return
        label = "".join(self._label)
        # A mention or a hashtag leads elsewhere than it says.
        self.addressed.append(label if label.lstrip()[:1] in {"@", "#"} else self._link)
        self._link = ""

    def handle_data(self, data: str) -> None:
        self.shown.append(data)
        (self._label if self._link else self.addressed).append(data)
