"""Names the elements whose meaning feedparser and Herald settle by name, place and text alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

ATOM = "http://www.w3.org/2005/Atom"
VERSIONS = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
PASSED_OVER = "passed over"
"""Nothing of it becomes part of a feed or entry (or ``extras`` and ``head`` read it)."""
OF_FEED = "passed over in a feed"
UNKNOWN = ""
FOREIGN = "*"
"""The family of all elements that mean nothing to feedparser."""

_FAMILIES = {
    ATOM.lower(): "",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://search.yahoo.com/mrss/": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
    "http://backend.userland.com/creativecommonsrssmodule": "creativecommons",
    "http://www.georss.org/georss": "georss",
    "http://webns.net/mvcb/": "admin",
    "com-wordpress:feed-additions:1": "wordpress",
}
"""Namespaces, in small letters, whose elements have names here."""
_ASIDE = frozenset({
    "http://purl.org/rss/1.0/modules/syndication/",
    "http://purl.org/rss/1.0/modules/slash/",
    "http://purl.org/rss/1.0/modules/event/",
    "http://wellformedweb.org/commentapi/",
    "http://purl.org/syndication/thread/1.0",
    "http://a9.com/-/spec/opensearch/1.1/",
    "http://a9.com/-/spec/opensearchrss/1.0/",
    "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "http://www.w3.org/2007/app",
    "http://schemas.google.com/g/2005",
    "http://schemas.google.com/blogger/2008",
    "http://www.youtube.com/xml/schemas/2015",
    "http://webfeeds.org/rss/1.0",
    "http://webnus.net/rss/mec/",
    "urn:ietf:params:xml:ns:xcal",
    "http://www.w3.org/2002/12/cal/ical#",
    "https://podcastindex.org/namespace/1.0",
    "http://www.google.com/schemas/play-podcasts/1.0",
    "http://madskills.com/public/xml/rss/module/pingback/",
    "http://madskills.com/public/xml/rss/module/trackback/",
    "http://backend.userland.com/blogchannelmodule",
    "http://www.discourse.org/",
    "https://feed.press/xmlns",
})  # fmt: skip
"""Namespaces whose elements feedparser knows no meaning of: it keeps them under other names."""
RESERVED: Mapping[str, frozenset[str]] = {
    **{
        family: frozenset({uri})
        for uri, family in _FAMILIES.items()
        if family not in {"", "wordpress"}
    },
    "atom": frozenset({ATOM.lower()}),
    "media": frozenset({"http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss"}),
    "cc": frozenset({"http://web.resource.org/cc/"}),
    "rdf": frozenset({"http://www.w3.org/1999/02/22-rdf-syntax-ns#"}),
    "gml": frozenset({"http://www.opengis.net/gml"}),
    "xhtml": frozenset({"http://www.w3.org/1999/xhtml"}),
    "xlink": frozenset({"http://www.w3.org/1999/xlink"}),
    **{name: frozenset() for name in ("psc", "xml", "summary", "title")},
}
"""Prefixes that mean something to feedparser, and what they must stand for to be read here."""

_OWN = {
    PASSED_OVER: "comments contributor rights copyright hour day expirationdate",
    OF_FEED: (
        "subtitle tagline generator docs ttl managingeditor webmaster cloud skiphours skipdays"
        " icon logo rating"
    ),
    "title": "title",
    "description": "description",
    "summary": "summary",
    "content": "content",
    "link": "link",
    "guid": "guid id",
    "author": "author",
    "category": "category",
    "enclosure": "enclosure",
    "aside": "image source",
    "name": "name",
    "email": "email",
    "address": "uri",
    "=published": "published pubdate issued",
    "=updated": "updated modified lastbuilddate",
    "=created": "created",
    "=language": "language",
}
_DC = {
    PASSED_OVER: (
        "publisher contributor rights identifier type format source relation coverage audience"
    ),
    "title": "title",
    "description": "description",
    "author": "creator author",
    "category": "subject",
    "=updated": "date",
    "=language": "language",
}
_TERMS = {
    PASSED_OVER: "license rights alternative available abstract temporal spatial",
    "=published": "issued",
    "=updated": "modified",
    "=created": "created",
}
_MEDIA = {
    PASSED_OVER: (
        "thumbnail credit copyright rating adult hash player community starrating statistics"
        " text restriction license comments embed status price location rights peerlink"
    ),
    "title": "title",
    "description": "description",
    "category": "category",
    "keywords": "keywords",
    "media": "group content",
}
_ITUNES = {
    PASSED_OVER: (
        "subtitle image duration explicit episode season episodetype title block order"
        " isclosedcaptioned type complete name email new-feed-url"
    ),
    OF_FEED: "owner category",
    "author": "author",
    "summary": "summary",
    "keywords": "keywords",
}
_FEEDBURNER = {
    "origlink": "origlink",
    PASSED_OVER: "info emailserviceid feedburnerhostname browserfriendly feedflare",
}
_KINDS: Mapping[tuple[str, str], str] = {
    (family, name): kind
    for family, kinds in (
        ("", _OWN),
        ("dc", _DC),
        ("dcterms", _TERMS),
        ("media", _MEDIA),
        ("itunes", _ITUNES),
        ("content", {"encoded": "encoded"}),
        ("feedburner", _FEEDBURNER),
        ("creativecommons", {PASSED_OVER: "license"}),
        ("admin", {OF_FEED: "generatoragent errorreportsto"}),
        ("wordpress", {PASSED_OVER: "site post-id"}),
        ("georss", {PASSED_OVER: "point line polygon box featurename"}),
    )
    for kind, names in kinds.items()
    for name in names.split()
}  # fmt: skip


@lru_cache(maxsize=2_000)
def name_of(tag: object, prefix: str | None) -> tuple[str, str]:
    """Return the family of an element and its kind; the kind is UNKNOWN if it is not known."""
    if not isinstance(tag, str):
        return "?", UNKNOWN
    space, _, name = tag.rpartition("}")
    uri = space[1:].lower()
    if uri in _ASIDE:
        # Without a prefix feedparser takes the bare name for one of its own.
        return FOREIGN, PASSED_OVER if prefix else UNKNOWN
    family = _FAMILIES.get(uri) if uri else ""
    if family is None:
        return "?", UNKNOWN
    return family, _KINDS.get((family, name.lower()), UNKNOWN)
