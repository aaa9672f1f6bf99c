"""Reads from a feed's XML what feedparser drops or mixes up: descriptions of pictures, raw ids.

feedparser moves ``media:description`` into the summary and loses which picture it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_MEDIA = "{http://search.yahoo.com/mrss/}"
_ENTRIES = frozenset({"item", "entry"})
_IDS = frozenset({"guid", "id"})
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What one item or entry says besides."""

    guid: str = ""
    """As written: feedparser makes a URL of it."""
    language: str = ""
    """Its own ``xml:lang``."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """URL of a Media RSS picture and its description, "" where it has none."""
    descriptions: frozenset[str] = frozenset()
    """Every ``media:description``, to know it again where feedparser took it for the text."""


def read_extras(document: str) -> tuple[Extras, ...]:
    """Return the extras of every entry in the order of the document; none if it is malformed."""
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 -- in a worker with bounded time and memory; expat bounds entities, fetches none
    except (ElementTree.ParseError, ValueError):
        return ()
    return tuple(_extras(element) for element in root.iter() if _local_name(element) in _ENTRIES)


def _extras(entry: ElementTree.Element) -> Extras:
    guid = next((child.text for child in entry if _local_name(child) in _IDS), None)
    return Extras(
        guid=(guid or entry.get(_RDF_ABOUT) or "").strip(),
        language=entry.get(_XML_LANGUAGE, ""),
        pictures=dict(_pictures(entry, inherited="")),
        descriptions=frozenset(
            (found.text or "").strip() for found in entry.iter(f"{_MEDIA}description")
        ),
    )


def _pictures(element: ElementTree.Element, *, inherited: str) -> Iterator[tuple[str, str]]:
    """Yield pictures; a group's description serves its members, a picture's own wins."""
    for child in element:
        if not isinstance(child.tag, str) or not child.tag.startswith(_MEDIA):
            continue
        described = child.findtext(f"{_MEDIA}description") or ""
        match child.tag.removeprefix(_MEDIA):
            case "group":
                yield from _pictures(child, inherited=described)
            case "content":
                if child.get("url") and _is_picture(child):
                    yield child.get("url", ""), (described or inherited).strip()
                yield from _pictures(child, inherited=described or inherited)
            case "thumbnail" if child.get("url"):
                yield child.get("url", ""), inherited.strip()
            case _:
                pass


def _is_picture(content: ElementTree.Element) -> bool:
    kind, medium = content.get("type", ""), content.get("medium", "")
    if kind or medium:
        return kind.lower().startswith("image/") or medium.lower() == "image"
    path = content.get("url", "").lower().partition("?")[0]
    return path.endswith((".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif"))


def _local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
