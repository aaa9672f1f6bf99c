"""Every format, as the systems of partners write it."""

from __future__ import annotations

import pytest

from herald.model.feed import ParsedEntry
from tests.sources.feeds.documents import only_entry, understood
from tests.sources.feeds.systems import SYSTEMS

RSS_SPACES = {
    "rss090": (
        (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
            ' xmlns="http://my.netscape.com/rdf/simple/0.9/">'
        ),
        "</rdf:RDF>",
    ),
    "rss091n": (
        (
            '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"'
            ' "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel>'
        ),
        "</channel></rss>",
    ),
    "rss091u": ('<rss version="0.91"><channel>', "</channel></rss>"),
    "rss092": ('<rss version="0.92"><channel>', "</channel></rss>"),
    "rss093": ('<rss version="0.93"><channel>', "</channel></rss>"),
    "rss094": ('<rss version="0.94"><channel>', "</channel></rss>"),
    "rss20": ('<rss version="2.0"><channel>', "</channel></rss>"),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_systems_write_is_understood_whole(system: str) -> None:
    document, format_, expected = SYSTEMS[system]
    feed = understood(document)
    assert feed.format == format_
    assert feed.entries == (expected,)
    assert not [problem for problem in feed.problems if problem.severity == "error"]


@pytest.mark.parametrize("format_", RSS_SPACES)
def test_every_rss_is_read(format_: str) -> None:
    start, end = RSS_SPACES[format_]
    feed = understood(
        f"{start}<item><title>Il sale</title><link>https://example.org/a</link>"
        f"<description>Aperto</description></item>{end}"
    )
    assert feed.format == format_
    assert feed.entries == (
        ParsedEntry(
            guid=feed.entries[0].guid,
            title="Il sale",
            link="https://example.org/a",
            summary="Aperto",
        ),
    )


@pytest.mark.parametrize(
    ("version", "space", "date"),
    [
        ("atom03", "http://purl.org/atom/ns#", "issued"),
        ("atom10", "http://www.w3.org/2005/Atom", "published"),
    ],
)
def test_every_atom_is_read(version: str, space: str, date: str) -> None:
    entry = only_entry(
        f'<feed version="0.3" xmlns="{space}"><title>T</title><entry><title>Il sale</title>'
        f'<id>tag:e.org,1</id><link rel="alternate" type="text/html" href="/a"/>'
        f"<{date}>2027-05-10T10:00:00+02:00</{date}><author><name>Ana</name>"
        "<email>ana@example.org</email></author></entry></feed>"
    )
    assert (entry.guid, entry.title, entry.link, entry.author) == (
        "tag:e.org,1",
        "Il sale",
        "https://example.org/a",
        "Ana",
    )
    assert entry.published_at is not None
    assert entry.published_at.hour == 8


@pytest.mark.parametrize(
    ("declared", "right"),
    [
        ("http://search.yahoo.com/mrss", "media"),
        ("https://search.yahoo.com/mrss/", "media"),
        ("http://search.yahoo.com/MRSS/", "media"),
        ("http://example.org/whatever", "media"),
    ],
)
def test_a_namespace_that_is_written_a_little_wrong_is_known(declared: str, right: str) -> None:
    entry = only_entry(
        f'<rss version="2.0" xmlns:{right}="{declared}"><channel><item><title>A</title>'
        f'<{right}:content url="/a.jpg" medium="image"><{right}:description>A pan'
        f"</{right}:description></{right}:content></item></channel></rss>"
    )
    assert entry.image is not None
    assert entry.image.alt == "A pan"


def test_atoms_namespace_in_https_is_atom() -> None:
    feed = understood(
        '<feed xmlns="https://www.w3.org/2005/atom/"><title>T</title><entry><title>A</title>'
        "<id>1</id></entry></feed>"
    )
    assert feed.format == "atom10"
    assert len(feed.entries) == 1
