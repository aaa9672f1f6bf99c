"""What the tags of a letter must say, so that everybody can read it.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from herald.composing.cleaning import is_right_to_left
from herald.mailing.letters.gate.fault import Fault, quoted
from herald.mailing.letters.gate.words import is_bare, is_vague
from herald.model.ids import Language

Element = Any
"""An element of lxml, which has no types of its own."""

_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)
_UNWELCOME = frozenset(
    {
        *("script", "form", "input", "button", "select", "textarea", "iframe", "frame", "object"),
        *("embed", "applet", "link", "base", "video", "audio", "source", "svg", "math"),
        *("template", "noscript"),
    }
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FETCHES = re.compile(r"url\s*\(|@import|expression\s*\(|behavior\s*:", re.IGNORECASE)
_OURS = "tell whoever looks after Herald: its design made this"


def faults_of_page(page: Element) -> Iterator[Fault]:
    """Yield what is wrong with the tags of *page*."""
    yield from _about_language(page)
    yield from _about_title(page)
    yield from _about_pictures(page)
    yield from _about_tables(page)
    yield from _about_headings(page)
    yield from _about_links(page)
    yield from _about_what_runs(page)


def words_of(element: Element) -> str:
    """Return the words within an element, a picture's description among them."""
    said = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            said.append(child.get("alt") or "" if child.tag == "img" else words_of(child))
        said.append(child.tail or "")
    return " ".join("".join(said).split())


def name_of(address: str) -> str:
    """Return a picture's address as people know it: the name of its file."""
    return address.partition("?")[0].rpartition("/")[2] or address


def _scheme(address: str) -> str:
    """Return how an address begins; empty for what is none, such as ``https://[``."""
    try:
        return urlsplit(address).scheme
    except ValueError:
        return ""


def _about_language(page: Element) -> Iterator[Fault]:
    if not page.get("lang"):
        yield Fault(code="language", what="the letter says no language", remedy=_OURS)
    for element in page.iter():
        spoken = element.get("lang") if isinstance(element.tag, str) else None
        if spoken is None:
            continue
        if not _TAG.fullmatch(spoken):
            yield Fault(
                code="language",
                what=f"{quoted(words_of(element))} is in “{spoken}”, which is no language",
                remedy="write it as en or pt-BR",
            )
        wanted = "rtl" if is_right_to_left(Language(spoken)) else "ltr"
        if element.get("dir") != wanted:
            yield Fault(
                code="direction",
                what=f"{quoted(words_of(element))} in {spoken} does not say that it runs {wanted}",
                remedy=_OURS,
            )


def _about_title(page: Element) -> Iterator[Fault]:
    titles = [words_of(title) for title in page.iter("title")]
    if not any(titles):
        yield Fault(code="title", what="the letter has no subject", remedy="write subject: for it")


def _about_pictures(page: Element) -> Iterator[Fault]:
    for picture in page.iter("img"):
        named = quoted(name_of(picture.get("src") or ""))
        alt, role = picture.get("alt"), picture.get("role")
        if alt is None or (not alt.strip() and role not in {"presentation", "none"}):
            yield Fault(
                code="picture-words",
                what=f"the picture {named} has no description",
                remedy="say in alt: what it shows; or decorative: true if it says nothing",
            )
        elif is_bare(alt) or alt.strip() == name_of(picture.get("src") or "-"):
            yield Fault(
                code="picture-words",
                what=f"the description of the picture {named} is only its name",
                remedy="say in alt: what it shows",
            )
        if {picture.get("width"), picture.get("height")} & {"0", "1"}:
            yield Fault(
                code="tracker",
                what=f"the picture {named} is too small to be seen",
                remedy="leave it out: such pictures watch who opens a letter",
            )
        if _scheme(picture.get("src") or "") not in {"http", "https"}:
            yield Fault(
                code="picture-address",
                what=f"the picture {named} has no web address",
                remedy="give it a file: or an address that begins with https://",
            )


def _about_tables(page: Element) -> Iterator[Fault]:
    if any(table.get("role") not in {"presentation", "none"} for table in page.iter("table")):
        yield Fault(
            code="table",
            what="a table that only arranges things does not say so",
            remedy=_OURS,
        )


def _about_headings(page: Element) -> Iterator[Fault]:
    headings = [(int(each.tag[1]), words_of(each)) for each in page.iter(*_HEADINGS)]
    if sum(level == 1 for level, _ in headings) != 1:
        yield Fault(code="headings", what="the letter has not exactly one title", remedy=_OURS)
    before = 0
    for level, words in headings:
        if not words:
            yield Fault(
                code="headings",
                what="a heading is empty",
                remedy="give every section and item a title",
            )
        if level > before + 1:
            yield Fault(
                code="headings",
                what=f"the heading {quoted(words)} is {level - before} levels below the last one",
                remedy=_OURS,
            )
        before = level


def _about_links(page: Element) -> Iterator[Fault]:
    targets: dict[str, str] = {}
    for link in page.iter("a"):
        words, target = words_of(link), (link.get("href") or "").strip()
        yield from faults_of_link(words, target)
        known = targets.setdefault(words.casefold(), target)
        if words and known != target:
            yield Fault(
                code="link-words",
                what=f"two links say {quoted(words)} and lead to different pages",
                remedy="let each say where it leads",
            )


def faults_of_link(words: str, target: str) -> Iterator[Fault]:
    """Yield what is wrong with one link, by itself."""
    if not words:
        yield Fault(
            code="link-words",
            what=f"the link to {target} has no words",
            remedy="write [words](address)",
        )
    elif is_bare(words):
        yield Fault(
            code="link-words",
            what=f"the words of the link {quoted(words)} are only its address",
            remedy="say in words where it leads: [the programme](https://…)",
        )
    elif is_vague(words):
        yield Fault(
            code="link-words",
            what=f"the link {quoted(words)} to {target} does not say where it leads",
            remedy="use words that do: [the programme](https://…)",
        )
    if _scheme(target) not in {"http", "https", "mailto"}:
        yield Fault(
            code="link-address",
            what=f"the link {quoted(words)} leads to {quoted(target)}",
            remedy="give it an address that begins with https://, or with mailto:",
        )


def _about_what_runs(page: Element) -> Iterator[Fault]:
    found: set[str] = set()
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in _UNWELCOME:
            found.add(f"<{element.tag}>")
        found |= {f"{name}=" for name in element.attrib if name.startswith("on")}
        style = element.text if element.tag == "style" else element.get("style")
        if style and _FETCHES.search(style):
            found.add("a style that fetches something")
    if found:
        yield Fault(
            code="runs",
            what=f"the letter holds what mail programs forbid: {', '.join(sorted(found))}",
            remedy=_OURS,
        )
