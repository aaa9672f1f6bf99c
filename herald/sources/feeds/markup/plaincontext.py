"""Gathers what a plain feed or entry says, element by element, in feedparser's words.

The names of what is found, and which of several elements counts, are feedparser's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from herald.sources.feeds.markup.plainnames import FOREIGN, OF_FEED, PASSED_OVER, name_of
from herald.sources.feeds.markup.plainwords import (
    NotPlainError,
    attributes,
    attributes_and_base,
    based,
    in_full,
    is_html,
    recoded,
    text_of,
    unreferenced,
)
from herald.sources.feeds.markup.tree import Element, local

_ADDRESSES = frozenset({"url", "uri", "href"})
_TYPES = {
    "text": "text/plain",
    "plain": "text/plain",
    "text/plain": "text/plain",
    "html": "text/html",
    "text/html": "text/html",
}
_PAGES = frozenset({"html", "text/html", "xhtml", "application/xhtml+xml"})
_CHANGING = frozenset({"mode", "src"})
"""Attributes that change what a text is."""
_OF_IMAGE = frozenset({"url", "title", "link", "width", "height", "description"})
_HOLDING = frozenset(
    {"author", "contributor", "owner", "category", "community", "skiphours", "skipdays"}
)
"""Elements that hold others."""
_HELD = frozenset({PASSED_OVER, OF_FEED, "name", "email", "address"})
_WITH_ADDRESS = re.compile(
    r"([A-Za-z0-9_.+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,4}) \(([^()<>@&;]+)\)"
)
"""``ana@example.org (Ana)``, as RSS wants authors: feedparser takes other spellings apart."""


class Context:
    """A feed or an entry, as far as it has been read: its elements come in their order."""

    def __init__(self, url: str, *, is_atom: bool, is_entry: bool) -> None:
        self.url = url
        self.is_atom = is_atom
        self.is_entry = is_entry
        self.found: dict[str, Any] = {}
        self._has_title = False
        self._has_summary = False
        self._has_content = False

    def take(self, element: Element) -> None:
        """Take in an element of the feed or entry."""
        kind = name_of(element.tag, element.prefix)[1]
        take = _TAKEN_BY.get(kind)
        if take is not None:
            take(self, element)
        elif kind.startswith("="):
            self.found[kind[1:]] = self.text(element)
        elif kind == OF_FEED and not self.is_entry:
            self.pass_over(element)
        else:
            raise NotPlainError

    def text(self, element: Element) -> str:
        """Return the text of an element that holds nothing else."""
        if element.attrib:
            attributes(element)
        return recoded(text_of(element))

    def pass_over(self, element: Element) -> None:
        """Look only whether there is something in it that is not passed over as well."""
        if element.attrib:
            attributes(element)
        if not len(element):
            return
        family, _ = name_of(element.tag, element.prefix)
        if family != FOREIGN and local(element) not in _HOLDING:
            raise NotPlainError  # in a text they would be markup
        for child in element:
            of_child, kind = name_of(child.tag, child.prefix)
            is_held = kind in _HELD and of_child in {"", "itunes", "media"} and family != FOREIGN
            if not is_held and of_child != FOREIGN:
                raise NotPlainError
            self.pass_over(child)

    def title(self, element: Element) -> None:
        """Take a title; the first one counts."""
        if self._has_title:
            self.text(element)
            return
        detail = self._detail(element, "text/plain")
        if "<" in detail["value"] and not self.is_atom:
            raise NotPlainError
        self.found["title_detail"] = detail
        # What Media RSS calls a picture gives way to a title that comes later.
        is_own = name_of(element.tag, element.prefix)[0] != "media"
        self._has_title = is_own and bool(detail["value"])

    def description(self, element: Element) -> None:
        """Take what RSS and its modules call a description: markup."""
        self._summarise(element, "text/html")

    def summary(self, element: Element) -> None:
        """Take what Atom and iTunes call a summary: text."""
        self._summarise(element, "text/plain")

    def _summarise(self, element: Element, otherwise: str) -> None:
        """Take a summary; a second one before any content is content."""
        if self.is_entry and self._has_summary and not self._has_content:
            self.content(element)
            return
        detail = self._detail(element, otherwise)
        if self.is_entry:
            self.found["summary_detail"] = detail
            self._has_summary = True
        elif self._has_summary:
            raise NotPlainError  # feedparser counts it as content of the first entry
        else:
            self._has_summary = otherwise == "text/plain"

    def content(self, element: Element, otherwise: str = "text/plain") -> None:
        """Take a content."""
        if not self.is_entry:
            raise NotPlainError
        self._has_content = self._has_summary = True
        self.found.setdefault("content", []).append(self._detail(element, otherwise))

    def encoded(self, element: Element) -> None:
        """Take the content of RSS."""
        self.content(element, "text/html")

    def _detail(self, element: Element, otherwise: str) -> dict[str, str]:
        """Return a text construct: its type, and its words as written."""
        value = text_of(element)
        kind, base = otherwise, self.url
        if element.attrib:
            said = attributes_and_base(element)
            base = based(said["base"], base) if "base" in said else base
            kind = _TYPES.get(said.get("type", otherwise), "")
            if not kind or not _CHANGING.isdisjoint(said):
                raise NotPlainError
        if kind == "text/plain" and not self.is_atom and is_html(value):
            kind = "text/html"
        return {"type": kind, "value": recoded(value), "base": base}

    def link(self, element: Element) -> None:
        """Take a link, of RSS in its text or of Atom in its attributes."""
        text = text_of(element)
        said = attributes(element) if element.attrib else {}
        relation = said.get("rel", "alternate")
        kind = said.get("type", "application/atom+xml" if relation == "self" else "text/html")
        link = {**said, "rel": relation, "type": kind}
        self.found.setdefault("links", []).append(link)
        if said and (address := _address(said)):
            link["href"] = in_full(address, self.url)
            if relation == "alternate" and kind in _PAGES:
                self.found["link"] = link["href"]
            return
        if not _ADDRESSES.isdisjoint(said):
            raise NotPlainError  # an empty one means the feed itself, or nothing
        address = recoded(in_full(text, self.url)) if text else ""
        if self.is_entry:
            address = address.replace("&amp;", "&")
        self.found["link"] = address = unreferenced(address)
        if address:
            link["href"] = address

    def guid(self, element: Element) -> None:
        """Take an id, which is the link as well unless it says otherwise or there is one."""
        if "id" in self.found:
            raise NotPlainError
        is_link = attributes(element).get("ispermalink", "true") == "true"
        text = text_of(element)
        value = recoded(in_full(text, self.url) if is_link and text else text)
        self.found["id"] = value
        self.found["guidislink"] = is_link and "link" not in self.found
        if is_link:
            self.found.setdefault("link", value)

    def author(self, element: Element) -> None:
        """Take an author, a person or a text."""
        if not self.is_entry:
            self.pass_over(element)
            return
        authors = self.found.setdefault("authors", [])
        if len(element):
            authors.append(self._person(element))
            return
        said = self.found["author"] = self.text(element)
        if "@" not in said:
            authors.append({"name": said})
        elif usual := _WITH_ADDRESS.fullmatch(said):
            authors.append({"email": usual[1], "name": usual[2].strip()})
        else:
            raise NotPlainError

    def _person(self, element: Element) -> dict[str, str]:
        """Read a person of Atom, unless feedparser mixes it up with the one before."""
        self.pass_over(element)
        found = {
            name_of(child.tag, child.prefix)[1]: (child.text or "").strip() for child in element
        }
        name, email = found.get("name", ""), found.get("email", "")
        before = self.found.get("author")
        if before is not None and ("@" in before or not name):
            raise NotPlainError
        if not (name or email) and "".join(element.itertext()).strip():
            raise NotPlainError
        self.found["author"] = f"{email} ({name})" if name and email else name or email
        return {"name": name, "email": email}

    def category(self, element: Element) -> None:
        """Take a category, of Atom in its attributes or of RSS in its text."""
        said = attributes(element)
        scheme = said.get("scheme", said.get("domain"))
        self._tag(said.get("term"), scheme, said.get("label"))
        tags, text = self.found["tags"], self.text(element)
        if text and tags and not tags[-1]["term"]:
            tags[-1]["term"] = text
        elif text:
            self._tag(text, None, None)

    def _tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        tags = self.found.setdefault("tags", [])
        tag = {"term": term, "scheme": scheme, "label": label}
        if (term or scheme or label) and tag not in tags:
            tags.append(tag)

    def keywords(self, element: Element) -> None:
        """Take categories that stand in one text, with commas between them."""
        if element.attrib:
            raise NotPlainError
        for word in self.text(element).split(","):
            self._tag(word.strip(), None, None)

    def enclosure(self, element: Element) -> None:
        """Take an enclosure of RSS."""
        text_of(element)
        said = attributes(element)
        link = {**said, "href": _address(said), "rel": "enclosure"}
        self.found.setdefault("links", []).append(link)

    def media(self, element: Element) -> None:
        """Take what stands in a group or beside a picture as if it stood in the entry itself."""
        if element.attrib:
            attributes(element)
        for child in element:
            if name_of(child.tag, child.prefix)[0] != "media":
                raise NotPlainError
            self.take(child)

    def origlink(self, element: Element) -> None:
        """Take the page that Feedburner keeps behind its own."""
        if element.attrib:
            raise NotPlainError
        self.found["feedburner_origlink"] = self.text(element)

    def aside(self, element: Element) -> None:
        """Pass over a picture, or where an entry is from: another title may count after it."""
        if len(element) and self.is_entry:
            raise NotPlainError
        for child in element:
            if child.tag not in _OF_IMAGE or len(child) or child.attrib:
                raise NotPlainError
        if element.attrib:
            attributes(element)
        self._has_title = False


def _address(said: Mapping[str, str]) -> str:
    return said.get("url", said.get("uri", said.get("href", "")))


_TAKEN_BY: Mapping[str, Callable[[Context, Element], None]] = {
    PASSED_OVER: Context.pass_over,
    "title": Context.title,
    "description": Context.description,
    "summary": Context.summary,
    "content": Context.content,
    "encoded": Context.encoded,
    "link": Context.link,
    "guid": Context.guid,
    "author": Context.author,
    "category": Context.category,
    "keywords": Context.keywords,
    "enclosure": Context.enclosure,
    "media": Context.media,
    "origlink": Context.origlink,
    "aside": Context.aside,
}
