"""Knows the namespaces of feeds, also those that are written a little wrong."""

from __future__ import annotations

import re
from functools import lru_cache

from herald.sources.feeds.markup.tree import Element, namespace_of

_KNOWN = {
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://search.yahoo.com/mrss/": "media",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/rss/1.0/modules/event/": "ev",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://backend.userland.com/creativeCommonsRssModule": "cc",
    "http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html": "cc",
    "http://web.resource.org/cc/": "cc",
    "http://creativecommons.org/ns#": "cc",
    "http://webfeeds.org/rss/1.0": "webfeeds",
    "urn:ietf:params:xml:ns:xcal": "xcal",
    "http://www.w3.org/2002/12/cal/ical#": "xcal",
    "http://schemas.google.com/g/2005": "gd",
    "http://webnus.net/rss/mec/": "mec",
}
"""Namespace and the family it belongs to; "" is the feed's own."""
_DECLARED = re.compile(r"""(xmlns(?::[\w.-]{1,30})?\s*=\s*)(["'])([^"'<>]{1,200})\2""")
_NEAR_START = 20_000


def _normal(uri: str) -> str:
    """Return *uri* without what people get wrong: https, www, case, the last stroke."""
    found = re.sub(r"\A(?:https?://)?(?:www\.)?", "", uri.strip().lower())
    return found.rstrip("/#")


_FAMILIES = {_normal(uri): name for uri, name in _KNOWN.items()}
_RIGHT = {_normal(uri): uri for uri in _KNOWN}


def family(element: Element) -> str:
    """Return to which family an element belongs: "" the feed's own, "media", "dc", ...

    An unknown namespace is known by its prefix, as its author means it.
    """
    return _family_of(element.tag, element.prefix)


@lru_cache(maxsize=2_000)
def _family_of(tag: object, prefix: str | None) -> str:
    uri = namespace_of(tag)
    if not uri:
        written = tag if isinstance(tag, str) else "other:"
        return written.partition(":")[0].lower() if ":" in written else ""
    known = _FAMILIES.get(_normal(uri))
    return (prefix or "").lower() if known is None else known


def with_right_spaces(document: str) -> str:
    """Return *document* with known namespaces spelled right, as parsers compare them."""
    head, rest = document[:_NEAR_START], document[_NEAR_START:]
    return _DECLARED.sub(_corrected, head) + rest


def _corrected(match: re.Match[str]) -> str:
    right = _RIGHT.get(_normal(match[3]))
    if right is None:
        return match[0]
    return f"{match[1]}{match[2]}{right}{match[2]}"
