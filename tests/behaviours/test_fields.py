"""What is understood of an entry, field by field, in every format that partners publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from herald.model.feed import Enclosure, ParsedEntry
from tests.behaviours.house import House
from tests.sources.feeds.documents import item, rss

AT = datetime(2027, 5, 10, 6, 0, tzinfo=UTC)


async def understood(house: House, document: str, **words: Any) -> ParsedEntry:
    """Poll *document*, which has one entry, and return that."""
    house.site.serve("/feed", document)
    await house.follow(**words)
    (polled,) = await house.polls()
    assert polled.trouble == ""
    return await house.only()


# ---------------------------------------------------------------- formats

LINK = "https://example.org/story-1"

FORMATS = {
    "RSS 0.91": (
        f'<rss version="0.91"><channel><title>M</title><language>it</language><item><title>Salt'
        f" house</title><link>{LINK}</link><description>Restored.</description></item></channel>"
        "</rss>"
    ),
    "RSS 1.0": (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="x"><title>M</title><dc:language>it</dc:language></channel>'
        f'<item rdf:about="{LINK}"><title>Salt house</title><link>{LINK}</link>'
        "<description>Restored.</description><dc:date>2027-05-10T08:00:00+02:00</dc:date></item>"
        "</rdf:RDF>"
    ),
    "RSS 2.0": rss(item(1, title="Salt house", text="Restored.")),
    "Atom 0.3": (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="it"><title>M</title>'
        f'<entry><title>Salt house</title><link rel="alternate" href="{LINK}"/><id>tag:1</id>'
        "<issued>2027-05-10T06:00:00Z</issued><modified>2027-05-11T06:00:00Z</modified>"
        "<summary>Restored.</summary></entry></feed>"
    ),
    "Atom 1.0": (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="it"><title>M</title>'
        f'<entry><title>Salt house</title><link href="{LINK}"/><id>tag:1</id>'
        "<published>2027-05-10T06:00:00Z</published><updated>2027-05-11T06:00:00Z</updated>"
        '<summary type="html">&lt;p>Restored.&lt;/p></summary></entry></feed>'
    ),
    "JSON Feed 1.0": json.dumps(
        {
            "version": "https://jsonfeed.org/version/1",
            "title": "M",
            "items": [
                {
                    "id": "1",
                    "url": LINK,
                    "title": "Salt house",
                    "content_html": "<p>Restored.</p>",
                    "date_published": "2027-05-10T08:00:00+02:00",
                }
            ],
        }
    ),
    "JSON Feed 1.1": json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "M",
            "language": "it",
            "items": [
                {
                    "id": 1,
                    "url": LINK,
                    "title": "Salt house",
                    "content_text": "Restored.",
                    "date_published": "2027-05-10T06:00:00Z",
                }
            ],
        }
    ),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_every_format_comes_to_the_same_entry(house: House, name: str) -> None:
    entry = await understood(house, FORMATS[name])
    assert (entry.title, entry.link, entry.summary) == ("Salt house", LINK, "Restored.")
    assert entry.published_at == (None if name == "RSS 0.91" else AT)
    (known,) = await house.entries()
    assert known.language == "it"


# ---------------------------------------------------------------- fields


def atom(more: str, *, feed: str = "") -> str:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">'
        f"<title>M</title>{feed}<entry><id>tag:1</id><updated>2027-05-10T06:00:00Z</updated>"
        f"{more}</entry></feed>"
    )


def of(**values: object) -> Callable[[ParsedEntry], bool]:
    """Return what tells whether an entry has these values."""
    return lambda entry: {name: getattr(entry, name) for name in values} == values


def pictured(url: str, alt: str = "") -> Callable[[ParsedEntry], bool]:
    return lambda entry: (
        entry.image is not None and (entry.image.url, entry.image.alt) == (url, alt)
    )


P = "https://example.org/p.jpg"
MEDIA = f'<media:content url="{P}" medium="image" type="image/jpeg"'
ENCLOSED = '<enclosure url="https://example.org/a.mp3" type="audio/mpeg" length="{0}"/>'
CREATIVE = "https://creativecommons.org/licenses/by/4.0/"

FIELDS: dict[str, tuple[str, Callable[[ParsedEntry], bool]]] = {
    "a title's entities and tags": (
        rss(item(title="Caff&amp;#232; &lt;b&gt;nuovo&lt;/b&gt; &amp;amp; t&#232;")),
        of(title="Caffè nuovo & tè"),
    ),
    "no title: the first words": (
        rss(item(title="", text="Neighbours restored it. " * 9)),
        lambda entry: entry.title.startswith("Neighbours restored it") and len(entry.title) <= 80,
    ),
    "the longer of text and summary": (
        rss(
            item(
                text="Short.",
                more='<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">'
                "<![CDATA[<p>Much</p><p>longer words.</p><script>no</script>]]></content:encoded>",
            )
        ),
        of(summary="Much longer words."),
    ),
    "a picture's description is no text": (
        rss(
            item(
                text="Words.",
                more=f"{MEDIA}><media:description>Three people walk on a dyke between fields"
                "</media:description></media:content>",
            )
        ),
        of(summary="Words."),
    ),
    "a link in the entry's language": (
        atom(
            '<title xml:lang="it">Sale</title><link href="https://e.org/en" hreflang="en"/>'
            '<link href="https://e.org/it" hreflang="it"/>'
        ),
        of(link="https://e.org/it", language="it"),
    ),
    "the first link else": (
        atom('<title>S</title><link href="https://e.org/1"/><link href="https://e.org/2"/>'),
        of(link="https://e.org/1"),
    ),
    "Central European Time": (
        rss(item(date="Mon, 10 May 2027 07:00:00 CET")),
        of(published_at=AT),
    ),
    "an Italian month": (rss(item(date="10 maggio 2027 08:00:00 +0200")), of(published_at=AT)),
    "published before updated": (
        atom("<title>S</title><published>2027-05-10T08:00:00+02:00</published>"),
        of(published_at=AT),
    ),
    "an update": (atom("<title>S</title>"), of(updated_at=AT)),
    "a picture with its description": (
        rss(item(more=f"{MEDIA}><media:description>A dyke</media:description></media:content>")),
        pictured(P, "A dyke"),
    ),
    "a picture's title is no description": (
        rss(item(more=f"{MEDIA}><media:title>IMG_0815</media:title></media:content>")),
        pictured(P),
    ),
    "a picture described where the text shows it": (
        rss(item(text=f'&lt;img src="{P}" alt="A salt house"&gt; Words.', more=f"{MEDIA}/>")),
        pictured(P, "A salt house"),
    ),
    "an enclosed picture": (
        rss(item(more=f'<enclosure url="{P}" type="image/jpeg" length="1"/>')),
        pictured(P),
    ),
    "a picture in the text alone": (
        rss(item(text='Words. &lt;img src="/p.jpg" alt="A barn"&gt;')),
        lambda entry: entry.image is not None and entry.image.alt == "A barn",
    ),
    "an enclosure whose length is none": (
        rss(item(more=ENCLOSED.format("unknown"))),
        of(enclosures=(Enclosure(url="https://example.org/a.mp3", type="audio/mpeg"),)),
    ),
    "an enclosure": (
        rss(item(more=ENCLOSED.format(4711))),
        of(
            enclosures=(
                Enclosure(url="https://example.org/a.mp3", type="audio/mpeg", length=4711),
            )
        ),
    ),
    "categories once each": (
        rss(item(more="<category>Sale</category><category>sale</category><category>Sale</category>"
                 "<category>Acqua</category>")),
        lambda entry: "Acqua" in entry.categories and entry.categories.count("Sale") == 1,
    ),
    "dc:creator": (rss(item(more="<dc:creator>Ada</dc:creator>")), of(author="Ada")),
    "Atom's author": (
        atom("<title>S</title><author><name>Ada</name></author>"),
        of(author="Ada"),
    ),
    "a licence": (
        rss(
            item(
                more='<cc:license xmlns:cc="http://backend.userland.com/creativeCommonsRssModule">'
                f"{CREATIVE}</cc:license>"
            )
        ),
        lambda entry: "by/4.0" in entry.licence or entry.licence == "CC-BY-4.0",
    ),
    "no licence is none": (rss(item(1)), of(licence="")),
    "dc:language": (rss(item(more="<dc:language>pl</dc:language>")), of(language="pl")),
    "xml:lang of the text": (
        atom('<title>S</title><content type="text" xml:lang="es">Sal</content>'),
        of(language="es"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
async def test_a_field_is_read_as_its_writer_means_it(house: House, name: str) -> None:
    document, holds = FIELDS[name]
    entry = await understood(house, document)
    assert holds(entry), entry


async def test_an_rss_event_keeps_its_start_and_place(house: House) -> None:
    """RSS 1.0's event module, which calendars of libraries still write."""
    more = (
        "<ev:startdate>2027-06-01T10:00:00+02:00</ev:startdate><ev:location>Argenta</ev:location>"
    )
    entry = await understood(house, rss(item(1, more=more)))
    assert entry.event is not None
    assert entry.event.begins_at == datetime(2027, 6, 1, 8, 0, tzinfo=UTC)
    assert entry.event.place == "Argenta"


@pytest.mark.parametrize(
    ("head", "words", "language"),
    [
        ("<language>es</language>", {}, "es"),
        ("", {}, "it"),
        ("<language>es</language>", {"language": "pl"}, "pl"),
    ],
    ids=["the feed's", "the partner's", "the officer's"],
)
async def test_where_an_entry_tells_no_language_others_are_asked(
    house: House, head: str, words: dict[str, Any], language: str
) -> None:
    await understood(house, rss(item(1), head=head), **words)
    (known,) = await house.entries()
    assert known.language == language


async def test_a_relative_link_belongs_to_the_address_that_answered(house: House) -> None:
    house.site.lead("/old", "/news/feed")
    house.site.serve("/news/feed", rss(item(1, link="story")))
    await house.follow("/old")
    await house.polls()
    assert (await house.only()).link == house.site.url("/news/story")


async def test_what_lacks_descriptions_language_and_ids_is_told_to_its_web_master(
    house: House,
) -> None:
    bare = [
        item(n, guid="", link=f"https://e.org/{n}", more=f'<enclosure url="{P}" type="image/png"/>')
        for n in range(4)
    ]
    house.site.serve("/feed", rss(*bare, head=""))
    await house.follow()
    await house.polls()
    said = (await house.said()).lower()
    for words in ("language", "id", "alt"):
        assert words in said
