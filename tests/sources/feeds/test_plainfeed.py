"""Plain documents are read off their tree, and exactly as feedparser reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.sources.feeds.markup.plainfeed import read_plainly
from herald.sources.feeds.markup.tree import grow
from tests.corpora.shortcut import both_ways
from tests.sources.feeds import systems
from tests.sources.feeds.documents import URL, said_of, understood

_SPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
    ' xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule"'
)


def _rss(item: str, *, feed: str = "<title>Museum</title>", spaces: str = _SPACES) -> str:
    return f'<rss version="2.0"{spaces}><channel>{feed}<item>{item}</item></channel></rss>'


def _atom(entry: str, *, feed: str = "<title>Museum</title>") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{feed}<entry>{entry}</entry></feed>'


_PLAIN = {
    "WordPress": systems.WORDPRESS,
    "Drupal": systems.DRUPAL,
    "Joomla": systems.JOOMLA,
    "TYPO3": systems.TYPO3,
    "Blogger": systems.BLOGGER,
    "YouTube": systems.YOUTUBE,
    "a podcast": systems.PODCAST,
    "two descriptions": _rss("<description>One</description><description>Two</description>"),
    "a description behind the content": _rss(
        "<content:encoded>Long &lt;b&gt;one&lt;/b&gt;</content:encoded><description>Short"
        "</description>"
    ),
    "a title of a picture before the entry's": _rss(
        '<media:content url="a.jpg"><media:title>Photo</media:title></media:content>'
        "<title>News</title>"
    ),
    "two titles": _rss("<title>First</title><dc:title>Second</dc:title>"),
    "a title after the source": _rss(
        '<title>A</title><source url="https://a.example/">B</source><title>C</title>'
    ),
    "references in a title": _rss("<title>Salt &amp;amp; bread &amp;#8211; &amp;bogus;</title>"),
    "a guid that is the link": _rss("<guid>/news/7</guid>"),
    "letters in UTF-8 twice": _rss("<title>CafÃ© \x96 Ã</title>"),
    "categories of every kind": _rss(
        '<category domain="x">a</category><category domain="x"/><category>b</category>'
        "<dc:subject>a</dc:subject><media:keywords>c, a,,d</media:keywords>"
    ),
    "two persons": _atom(
        "<author><name>Ana</name><uri>/ana</uri></author><author><name>Bo</name></author>"
    ),
    "a link in another language": _atom(
        '<link href="/en" hreflang="en"/><link rel="enclosure" href="a.mp3" type="Audio/MPEG"'
        ' length="7"/><link rel="self" href="?x"/>'
    ),
    "content with its own base": _atom(
        '<content type="html" xml:base="https://b.example/x/">&lt;img src="a.jpg"&gt;</content>'
    ),
    "what visitors think of a video": _rss(
        '<media:group><media:community><media:starRating count="2"/></media:community>'
        "</media:group>"
    ),
    "a document under a base": (
        '<rss version="2.0" xml:base="https://b.example/x/"><channel><link>home</link>'
        "<item><link>news</link></item></channel></rss>"
    ),
}


@pytest.mark.parametrize("document", _PLAIN.values(), ids=_PLAIN)
def test_a_plain_document_is_read_off_the_tree_as_feedparser_reads_it(document: str) -> None:
    assert both_ways(document, URL) == (True, ())


_NOT_PLAIN = {
    "RDF": systems.RDF,
    "content of XHTML": _atom('<content type="xhtml"><div xmlns="x">Hello</div></content>'),
    "content elsewhere": _atom('<content src="https://a.example/"/>'),
    "content in base64": _rss('<title mode="base64">SGVsbG8=</title>'),
    "tags in a title": _rss("<title>&lt;b>New&lt;/b></title>"),
    "an element in a title": _rss("<title>A <b>new</b> one</title>"),
    "an entry under a base": _atom('<link href="a"/>').replace(
        "<entry>", '<entry xml:base="https://b.example/">'
    ),
    "a DOCTYPE": f'<!DOCTYPE rss [<!ENTITY a "b">]>{_rss("<title>&a;</title>")}',
    "an element nobody knows": _rss("<niceDate>today</niceDate>"),
    "a module nobody knows": _rss('<x:y xmlns:x="urn:x">1</x:y>'),
    "a prefix with another meaning": _rss("", spaces=' xmlns:dc="urn:x"'),
    "a prefix with two meanings": _rss(
        '<a:total xmlns:a="http://purl.org/syndication/thread/1.0">1</a:total>',
        spaces=' xmlns:a="http://purl.org/dc/elements/1.1/"',
    ),
    "an author with a strange address": _rss("<author>Ana at ana@example.org</author>"),
    "two ids": _rss("<guid>1</guid><guid>2</guid>"),
    "an entry outside of the channel": '<rss version="2.0"><channel/><item/></rss>',
    "another version": '<rss version="3"><channel/></rss>',
    "XML 1.1": f'<?xml version="1.1"?>{_rss("")}',
    "an empty address": _atom('<link href=""/>'),
    "a date of CDF": '<rss version="2.0"><channel lastmod="2027-05-10"/></rss>',
    "a second summary of the feed": _rss(
        "", feed="<itunes:summary>A</itunes:summary><description>B</description>"
    ),
}


@pytest.mark.parametrize("document", _NOT_PLAIN.values(), ids=_NOT_PLAIN)
def test_what_is_not_plain_is_left_to_feedparser(document: str) -> None:
    grown = grow(document)
    assert grown.root is not None
    assert read_plainly(grown.root, grown.document, URL) is None


_TEXTS = st.one_of(
    st.sampled_from([
        "", " ", "Salt", "a & b", "&amp;", "&#8211;", "&eacute;", "<b>bold</b>", "<br>", "</p>",
        "<p>One</p><img src='a.jpg' alt='x'>", "Ã©", "\x96", "«café»", "a, b,", "text", "html",
        "ana@example.org (Ana)", "ana@example.museum (Ana)", "Ana", "(Ana)", "Bo@x.y", "/news/1",
        "https://a.example/1?a=1&amp;b=2", "http:///a.example//x", "news#7", "HTTP://A.example",
        "Mon, 10 May 2027 10:00:00 +0200", "2027-05-10", "tag:a.example,2027:1", "//b.example/",
        "mailto:a@b.c", "http://[", "it-IT", "en_gb", "&copy;", "a < b", "1 </ 2", "&unknown;",
    ]),
    st.text(max_size=12),
)  # fmt: skip
_ATTRIBUTES = st.dictionaries(
    st.sampled_from([
        "type", "rel", "href", "url", "hreflang", "length", "term", "label", "scheme", "domain",
        "isPermaLink", "xml:lang", "text", "TYPE", "xml:base", "media:type", "atom:href", "base",
        "mode", "src", "medium", "width", "uri",
    ]),
    st.one_of(
        st.sampled_from([
            "html", "text", "text/plain", "text/html", "xhtml", "HTML", "image/jpeg", "alternate",
            "enclosure", "self", "false", "true", "https://a.example/", "/x", "a", "it", "",
        ]),
        _TEXTS,
    ),
    max_size=3,
)  # fmt: skip
_NAMES = st.sampled_from([
    "title", "link", "description", "guid", "pubDate", "author", "category", "enclosure",
    "source", "comments", "image", "content:encoded", "dc:creator", "dc:date", "dc:subject",
    "dc:title", "dc:language", "dc:description", "dc:publisher", "dcterms:issued", "keywords",
    "dcterms:modified", "dcterms:created", "media:content", "media:group", "media:title",
    "media:description", "media:thumbnail", "media:keywords", "media:category", "media:credit",
    "itunes:summary", "itunes:subtitle", "itunes:author", "itunes:keywords", "itunes:image",
    "itunes:title", "itunes:owner", "slash:comments", "feedburner:origLink", "atom:link",
    "atom:updated", "atom:id", "atom:author", "atom:content", "atom:summary", "atom:published",
    "name", "email", "uri", "id", "updated", "published", "summary", "content", "subtitle",
    "language", "rights", "creativeCommons:license", "generator", "ttl", "skipHours", "hour",
    "lastBuildDate", "contributor", "url", "modified", "issued", "dc:rights", "media:player",
    "media:community", "media:statistics", "itunes:category", "dcterms:license",
])  # fmt: skip


def _escaped(text: str) -> str:
    allowed = "".join(each for each in text if each >= " " and not 0xD800 <= ord(each) < 0xE000)
    return (
        allowed.replace("\ufffe", "")
        .replace("\uffff", "")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace('"', "&quot;")
    )


def _element(name: str, attributes: dict[str, str], inside: str) -> str:
    said = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    return f"<{name}{said}>{inside}</{name}>"


_LEAVES = st.builds(_element, _NAMES, _ATTRIBUTES, _TEXTS.map(_escaped))
_SIMPLE = st.builds(_element, _NAMES, st.just({}), _TEXTS.map(_escaped))
_NESTED = st.builds(_element, _NAMES, _ATTRIBUTES, st.lists(_SIMPLE, max_size=3).map("".join))
_CONTENTS = st.lists(st.one_of(_SIMPLE, _SIMPLE, _LEAVES, _NESTED), max_size=7).map("".join)


@st.composite
def _documents(draw: st.DrawFn) -> str:
    root = draw(st.sampled_from(["2.0", "2.0", "0.91", "atom"]))
    lang = draw(st.sampled_from(["", ' xml:lang="pt_br"', ' lang="it"']))
    entry = "entry" if root == "atom" else "item"
    entries = draw(st.lists(_CONTENTS, min_size=1, max_size=3))
    inside = draw(_CONTENTS) + "".join(f"<{entry}>{each}</{entry}>" for each in entries)
    if root == "atom":
        return f'<feed xmlns="http://www.w3.org/2005/Atom"{_SPACES}{lang}>{inside}</feed>'
    return f'<rss version="{root}"{_SPACES}{lang}><channel>{inside}</channel></rss>'


def test_what_breaks_feedparser_breaks_nothing() -> None:
    document = _rss("<title><creativeCommons:license/></title>")
    assert "no feed" in said_of(understood(document))


@given(document=_documents(), url=st.sampled_from([URL, "", "http://a.example/b/c?d=e"]))
@settings(max_examples=300, deadline=None)
def test_whatever_is_read_off_the_tree_is_what_feedparser_reads(document: str, url: str) -> None:
    assert both_ways(document, url)[1] == ()
