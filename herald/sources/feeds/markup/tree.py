"""Grows a tree from XML with lxml, its one home.

No entity is resolved, no DTD loaded, nothing fetched, and depth and sizes are bounded by libxml2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from herald.sources.feeds.markup.mend import listed, mended_text, without_half_an_entry

Element = Any
"""An lxml element: lxml ships no types."""

_DECLARED = re.compile(r"""(<\?xml[^>]{0,200}?encoding\s*=\s*)(["'])[^"']*\2""")
_ENDED = re.compile(r"</(?:[A-Za-z][\w.-]*:)?(?:rss|feed|rdf)\s*>\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A document as XML as far as it could be brought there."""

    document: str
    """As it came, or mended."""
    root: Element | None
    """None where not even pieces could be read."""
    is_whole: bool = True
    """Whether ``document`` is well-formed, as it came or mended."""
    breaks_off: bool = False
    """Its end is missing."""
    fault: str = ""
    """What had to be mended, for its web master; empty for well-formed XML."""


def as_utf8(document: str) -> bytes:
    """Return *document* in UTF-8, and let its first line say so."""
    return _DECLARED.sub(r"\1\2utf-8\2", document, count=1).encode("utf-8", errors="replace")


def grow(document: str) -> Grown:
    """Read *document* as XML; mend it if it is none."""
    root, told = _strict(document)
    if root is not None:
        return Grown(document=document, root=root)
    mended, faults = mended_text(document)
    root, still = _strict(mended)
    if root is not None:
        return Grown(document=mended, root=root, fault=listed(faults) or told)
    breaks_off = not (_ENDED.search(mended[-200:]) or _ENDED.search(document[-200:]))
    if breaks_off:
        still = f"line {mended.count(chr(10)) + 1}: the document breaks off before its end"
        mended = without_half_an_entry(mended)
    root = _recovered(mended)
    fault = "; ".join(filter(None, [listed(faults), still]))
    return Grown(
        document=mended, root=root, is_whole=False, breaks_off=breaks_off, fault=fault or told
    )


def written(root: Element) -> str:
    """Return the tree as a document."""
    return str(etree.tostring(root, encoding="unicode"))


def local(element: Element) -> str:
    """Return an element's name without its namespace, in small letters."""
    return _local_of(element.tag)


@lru_cache(maxsize=2_000)
def _local_of(tag: object) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def namespace(element: Element) -> str:
    """Return an element's namespace, "" where it has none."""
    return namespace_of(element.tag)


def namespace_of(tag: object) -> str:
    """Return the namespace that stands in a tag, "" where there is none."""
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def words(element: Element | None) -> str:
    """Return the text of an element and all in it; "" if an entity stands in it, unresolved."""
    if element is None:
        return ""
    if not len(element):
        return (element.text or "").strip()
    if any(not isinstance(child.tag, str) for child in element):
        return ""
    return "".join(element.itertext()).strip()


def attribute(element: Element, name: str) -> str:
    """Return an attribute whatever its namespace and the size of its letters."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2].lower() == name:
            return str(value).strip()
    return ""


def _parser(*, recover: bool) -> Any:
    return etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _strict(document: str) -> tuple[Element | None, str]:
    try:
        return etree.fromstring(as_utf8(document), _parser(recover=False)), ""
    except etree.XMLSyntaxError as error:
        return None, f"line {error.position[0]}: {_said(error.msg or '')}"
    except ValueError:
        return None, "it holds characters that XML does not allow"


def _recovered(document: str) -> Element | None:
    try:
        return etree.fromstring(as_utf8(document), _parser(recover=True))
    except (etree.XMLSyntaxError, ValueError):
        return None


_SAYINGS = (
    ("Opening and ending tag mismatch", "a tag is not closed, or closed in the wrong order"),
    ("Premature end", "the document breaks off before its end"),
    ("EndTag", "the document breaks off before its end"),
    ("Namespace prefix", "a prefix (the word before a colon) is used but not declared"),
    ("Extra content", "something stands behind the end of the feed"),
    ("Entity", "a name like &nbsp; that XML does not know"),
    ("xmlParseEntityRef", "an & that should be written &amp;"),
    ("Attribute", "an attribute stands twice or has no quotes"),
    ("AttValue", "an attribute has no quotes, or a < in it"),
    ("StartTag", "a < that should be written &lt;"),
    ("CData section not finished", "a CDATA section that does not end"),
    ("Couldn't find end of Start Tag", "a tag is not finished"),
    ("Excessive depth", "it is nested deeper than any feed"),
    ("Maximum entity amplification", "its entities multiply each other"),
)


def _said(message: str) -> str:
    """Say a complaint of libxml2 in words for a web master."""
    return next((said for start, said in _SAYINGS if message.startswith(start)), message[:120])
