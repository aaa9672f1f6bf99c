"""Spoils documents within their structure: what comes out is still XML, JSON or a calendar."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from random import Random
from typing import Any

from lxml import etree

from tests.fuzz.tokens import FAMILIES

_WORDS = re.compile(rb"(?<=>)[^<>]{1,400}(?=<)|(?<=\")[^\"<>]{1,400}(?=\")|(?<=:)[^:\r\n]{1,200}")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
_XML_SAFE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMES = (
    "title", "link", "guid", "id", "description", "content", "summary", "item", "entry", "author",
    "pubDate", "published", "updated", "category", "channel", "image", "enclosure", "language",
    "{http://purl.org/dc/elements/1.1/}date", "{http://search.yahoo.com/mrss/}content",
    "{http://purl.org/rss/1.0/modules/content/}encoded", "{http://www.w3.org/2005/Atom}link",
    "{http://www.w3.org/2005/Atom}title", "{http://purl.org/rss/1.0/modules/event/}startdate",
    "{http://www.w3.org/1999/xhtml}script", "script", "x",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, "", " ", "\x00", "\ud800", [], {}, [[]], [None],
    {"": ""}, ["x", 1, None], {"url": 1}, {"name": []}, "2027-05-10T08:00:00Z", "https://example.org/x",
)  # fmt: skip


def spoil_words(body: bytes, chance: Random) -> bytes:
    """Put a dangerous word into, or in place of, what a field says."""
    fields = list(_WORDS.finditer(body))
    if not fields:
        return body
    field = chance.choice(fields)
    token = chance.choice(chance.choice(FAMILIES)).encode("utf-8", "surrogatepass")
    if chance.random() < 0.3:
        token = b"<![CDATA[" + token + b"]]>"
    place = chance.choice((field.start(), field.end()))
    start, end = (field.span()) if chance.random() < 0.3 else (place, place)
    return body[:start] + token + body[end:]


def spoil_xml(body: bytes, chance: Random) -> bytes:
    """Move, double, rename or empty an element, or change an attribute."""
    try:
        root = etree.fromstring(body, _PARSER)
        if root is not None:
            _spoil_element(root, chance)
            return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))
    except (etree.LxmlError, ValueError):
        pass  # spoiled so far that lxml cannot write it any more
    return body


def _spoil_element(root: Any, chance: Random) -> None:
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    one, other = chance.choice(elements), chance.choice(elements)
    match chance.randrange(7):
        case 0:
            one.tag = chance.choice(_NAMES)
        case 1:
            one.text = _xml_words(chance)
        case 2:
            names = list(one.attrib) or ["type", "href", "url", "isPermaLink", "rel"]
            one.set(chance.choice(names), _xml_words(chance))
        case 3 if one.getparent() is not None:
            one.getparent().remove(one)
        case 4 | 5:
            copy = etree.fromstring(etree.tostring(one, with_tail=False), _PARSER)
            other.insert(chance.randint(0, len(other)), copy)
        case _:
            one.append(etree.Comment("x"))
            one.append(etree.ProcessingInstruction("x", "y"))


def spoil_json(body: bytes, chance: Random) -> bytes:
    """Put a value of another type into a place, double it, or take it out."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [document]
    while waiting and len(places) < 5_000:
        holder = waiting.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder))
        for key in keys if isinstance(holder, dict | list) else ():
            places.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    if places:
        holder, key = chance.choice(places)
        match chance.randrange(4):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, holder[key])
            case 2:
                holder[key] = chance.choice(chance.choice(FAMILIES))
            case _:
                holder[key] = deepcopy(chance.choice(_VALUES))
    try:
        return json.dumps(document).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return body  # it holds itself, or is too deep


def spoil_calendar(body: bytes, chance: Random) -> bytes:
    """Move, double or fold lines, change a property or its parameters."""
    lines = body.split(b"\r\n")
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    token = chance.choice(chance.choice(FAMILIES)).encode("utf-8", "surrogatepass")
    name, colon, value = lines[at].partition(b":")
    match chance.randrange(7):
        case 0:
            lines.insert(to, lines[at])
        case 1:
            lines.insert(to, lines.pop(at))
        case 2:
            cut = chance.randint(0, len(lines[at]))
            lines[at] = lines[at][:cut] + b"\r\n " + lines[at][cut:]
        case 3:
            lines[at] = name + colon + token
        case 4:
            lines[at] = name + b";" + token + colon + value
        case 5:
            lines.insert(to, token)
        case _:
            lines[at] = name + colon + value + token
    return b"\r\n".join(lines)


def _xml_words(chance: Random) -> str:
    return _XML_SAFE.sub("", chance.choice(chance.choice(FAMILIES)))
