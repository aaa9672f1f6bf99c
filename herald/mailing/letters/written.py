"""What editors write by hand: a little Markdown, made into safe HTML and into readable text.  Pure.

Paragraphs, line ends, links, emphasis, lists and small headings. Anything else stays as it was
typed: no tags, no pictures, no tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LEVEL = "h3"
"""Of every heading in a hand-written part: the section's own title is an h2."""

_TAGS = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "blockquote", LEVEL}
_SCHEMES = {"http", "https", "mailto"}


def as_html(written: str) -> Markup:
    """Return a hand-written part as HTML that holds nothing but what the module names."""
    tokens = _markdown().parse(written)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = LEVEL
    made = _markdown().renderer.render(tokens, _markdown().options, {})
    clean = nh3.clean(
        made,
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=_SCHEMES,
        link_rel=None,
        set_tag_attribute_values={"a": {"class": "link"}},
    )
    return Markup(clean.strip())  # noqa: S704  # it was sanitised just now


def as_text(written: str) -> str:
    """Return a hand-written part as text: a link stands in brackets behind its words."""
    return "\n\n".join(_blocks(_markdown().parse(written)))


def links_of(written: str) -> tuple[tuple[str, str], ...]:
    """Return the links of a hand-written part, each as its words and its address."""
    return tuple(
        link
        for token in _markdown().parse(written)
        if token.type == "inline"
        for link in _links(token.children or [])
    )


@cache
def _markdown() -> MarkdownIt:
    """Return the reader; "zero" knows nothing but paragraphs, and what is named is added."""
    reader = MarkdownIt("zero", {"html": False, "breaks": True, "linkify": False})
    return reader.enable(
        ["heading", "list", "blockquote", "emphasis", "link", "autolink", "newline", "escape"]
    )


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield paragraphs, headings and whole lists."""
    lists: list[str] = []  # of each open list: "-" or the next number
    items: list[str] = []
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                lists.append("-")
            case "ordered_list_open":
                lists.append(str(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
                if not lists:
                    yield "\n".join(items)
                    items = []
            case "list_item_open":
                items.append("  " * (len(lists) - 1) + f"{_sign(lists[-1])} ")
                lists[-1] = str(int(lists[-1]) + 1) if lists[-1].isdigit() else "-"
            case "inline" if lists:
                items[-1] += (" " if items[-1].strip(" -.0123456789") else "") + _plain(token)
            case "inline":
                yield _plain(token)


def _sign(place: str) -> str:
    return f"{place}." if place.isdigit() else place


def _plain(inline: Token) -> str:
    """Return a line of Markdown without its marks."""
    said: list[str] = []
    address, begins = "", 0
    for token in inline.children or []:
        match token.type:
            case "softbreak" | "hardbreak":
                said.append("\n")
            case "link_open":
                address, begins = str(token.attrs.get("href", "")), len(said)
            case "link_close":
                words = "".join(said[begins:]).strip()
                target = address.removeprefix("mailto:")
                if words not in {address, target}:
                    said.append(f" ({target})")
            case _:
                said.append(token.content)
    return "".join(said)


def _links(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    address, words = "", ""
    for token in tokens:
        match token.type:
            case "link_open":
                address, words = str(token.attrs.get("href", "")), ""
            case "link_close":
                yield words.strip(), address
            case _:
                words += token.content
