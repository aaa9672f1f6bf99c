"""Documents that mean harm, or are only far too big: all end soon, and nothing outside is read."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from herald.model.feed import ParsedFeed
from tests.sources.feeds.documents import URL, a_site, calendar, item, rss, said_of, understood

MOST = 5 * 1024 * 1024
SECONDS = 8.0
"""Of processor time; a worker is killed at ten."""


def within_its_time(document: str | bytes) -> ParsedFeed:
    started = time.process_time()
    feed = understood(document)
    assert time.process_time() - started < SECONDS
    return feed


def with_entities(declared: str, title: str) -> str:
    return rss(item(title=title)).replace("<rss", f"<!DOCTYPE rss [{declared}]><rss", 1)


LAUGHS = '<!ENTITY l0 "lol">' + "".join(
    f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 12)
)

HOSTILE = {
    "a title as big as a document may be": lambda: rss(item(title="x" * MOST)),
    "a title of tags": lambda: rss(item(title="&lt;b&gt;" * 500_000)),
    "a description of comments": lambda: rss(item(text="&lt;!--" * 700_000)),
    "lists that never close": lambda: rss(item(text="&lt;ul&gt;&lt;li&gt;" * 250_000)),
    "deep nesting": lambda: rss(item(text="<div>" * 500_000)),
    "deep nesting that closes": lambda: rss(item(text="<a>" * 300_000 + "</a>" * 300_000)),
    "an attribute of a megabyte": lambda: rss(item(more=f'<x y="{"z" * 1_000_000}"/>')),
    "a megabyte of attributes": lambda: rss(
        item(more="<x " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>")
    ),
    "100,000 entries": lambda: rss(*("<item><title>a</title></item>" for _ in range(100_000))),
    "100,000 entries that do not close": lambda: rss("<item><title>a" * 100_000),
    "100,000 categories": lambda: rss(
        item(more="".join(f"<category>{n}</category>" for n in range(100_000)))
    ),
    "100,000 pictures": lambda: rss(
        item(more="".join(f'<media:content url="/{n}.jpg"/>' for n in range(60_000)))
    ),
    "billion laughs": lambda: with_entities(LAUGHS, "&l11;"),
    "quadratic entities": lambda: with_entities(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 50_000),
    "entities in attributes": lambda: with_entities(LAUGHS, 'x</title><y z="&l11;"/><title>'),
    "ampersands": lambda: rss(item(title="&" * 3_000_000)),
    "angles": lambda: rss(item(title="<" * 3_000_000)),
    "CDATA starts": lambda: rss(item(text="<![CDATA[" * 400_000)),
    "CDATA ends": lambda: rss(item(text="]]>" * 1_000_000)),
    "a declaration without end": lambda: "<?xml " + "encoding=" * 400_000,
    "a doctype without end": lambda: "<!DOCTYPE rss [" + "<!ENTITY x 'y'>" * 200_000,
    "colons": lambda: rss(item(more="<a:b/>" * 500_000)),
    "prefixes": lambda: rss(item(more="".join(f"<p{n}:b/>" for n in range(100_000)))),
    "spaces": lambda: rss(item(title=" " * 4_000_000, date=" " * 900_000)),
    "a date of digits": lambda: rss(item(date="1" * 4_000_000)),
    "marks": lambda: rss(item(title="e" + "\u0301" * 1_500_000)),
    "deep JSON": lambda: '{"version": "https://jsonfeed.org/version/1", "items": ' + "[" * 900_000,
    "a number in JSON": lambda: (
        '{"version": "https://jsonfeed.org/version/1", "items": [{"id": ' + "9" * 1_000_000 + "}]}"
    ),
    "a JSON feed of 100,000 items": lambda: json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "x"}] * 100_000}
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_ends_in_time_and_stays_small(kind: str) -> None:
    feed = within_its_time(HOSTILE[kind]()[:MOST])
    assert len(feed.entries) <= 5_000
    assert len(repr(feed)) < 3_000_000
    for entry in feed.entries[:10]:
        assert max(len(entry.title), len(entry.link), len(entry.guid)) <= 2_000
        assert len(entry.summary) <= 65_536
        assert len(entry.categories) <= 50


def test_entries_beyond_the_cap_are_left_out_and_told() -> None:
    assert "more than 5,000 entries" in said_of(understood(HOSTILE["100,000 entries"]()))


async def test_no_entity_opens_a_file_or_a_connection(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret", encoding="utf-8")
    before = secret.stat().st_atime_ns
    async with a_site() as site:
        link = site.serve("/secret", "the-secret")
        documents = [
            with_entities(f'<!ENTITY x SYSTEM "{where}">', "see &x;")
            for where in (secret.as_uri(), str(secret), link)
        ]
        documents += [
            rss(item(title="x")).replace("<rss", f'<!DOCTYPE rss SYSTEM "{link}"><rss', 1),
            with_entities(f'<!ENTITY % x SYSTEM "{link}"> %x;', "x"),
            rss(
                item(more=f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{link}"/>')
            ),
            '<?xml-stylesheet href="' + link + '"?>' + rss(item(title="x & y")),
            link,
            str(secret),
        ]
        for document in documents:
            feed = await asyncio.to_thread(understood, document, url=URL)
            said = repr(feed.entries)
            assert "the-secret" not in said, document
        assert site.requests == []
    assert secret.stat().st_atime_ns == before


@pytest.mark.parametrize(
    "hidden",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}}\u202e\u0007", "<b"],
)
def test_nothing_in_an_entry_is_markup_or_turns_the_text_around(hidden: str) -> None:
    escaped = hidden.replace("<", "&lt;")
    entry = understood(rss(item(text=f"Salt {escaped} bread"), calendar())).entries[-1]
    assert entry.summary.startswith("Salt")
    assert not {"\u202e", "\u0007"} & set(entry.summary)
    assert "alert(1)" not in entry.summary
