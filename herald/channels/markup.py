"""Turns what people wrote on a network, as HTML, into plain text. Pure."""

from __future__ import annotations

from html.parser import HTMLParser

from herald.composing.cleaning import clean

_READ_MOST = 100_000
"""Characters of HTML; no post has more."""
_PARAGRAPHS = frozenset({"p", "div", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4"})
_LINES = frozenset({"br", "li"})
_DROPPED = frozenset({"script", "style", "mx-reply"})
"""``mx-reply`` repeats what a message on Matrix answers."""


def plain_text(content: str) -> str:
    """Return the text of *content*, its paragraphs apart, without controls."""
    reader = _Reader()
    reader.feed(content[:_READ_MOST])
    reader.close()
    return clean("".join(reader.parts))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropping = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED and not self._dropping:
            self._dropping = tag
        elif tag in _LINES:
            self.parts.append("\n")
        elif tag in _PARAGRAPHS and self.parts:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._dropping:
            self._dropping = ""

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self.parts.append(data)
