"""The fields of an entry, and the traps of each."""

from __future__ import annotations

import json

import pytest

from herald.model.feed import EntryImage
from tests.sources.feeds.documents import (
    calendar,
    item,
    only_entry,
    rss,
    said_of,
    understood,
)

SPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:webfeeds="http://webfeeds.org/rss/1.0"'
    ' xmlns:cc="http://creativecommons.org/ns#" xmlns:dcterms="http://purl.org/dc/terms/"'
    ' xmlns:creativeCommons="http://backend.userland.com/creativeCommonsRssModule"'
    ' xmlns:atom="http://www.w3.org/2005/Atom"'
)
BY = "https://creativecommons.org/licenses/by/4.0/"


def atom(entry: str, *, attributes: str = "") -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"{attributes}><title>T</title>'
        f"<entry><id>1</id>{entry}</entry></feed>"
    )


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("AT&amp;amp;T", "AT&T"),
        ("5 &lt; 6 &amp; 7", "5 < 6 & 7"),
        ("I &lt;3 museums", "I <3 museums"),
        ("Salt&lt;br&gt;bread", "Salt bread"),
        ("&lt;b&gt;Salt&lt;/b&gt; and &lt;i&gt;bread", "Salt and bread"),
        ("<![CDATA[ &lt;b&gt; ]]>", "<b>"),
        ("<![CDATA[Salt&nbsp;&amp;&nbsp;bread]]>", "Salt & bread"),
        ("L&amp;#8217;eco", "L’eco"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Salt", "Salt"),
        ("&lt;iframe src=x&gt;&lt;/iframe&gt; Salt", "Salt"),
        ("The &lt;video&gt; element", "The <video> element"),
    ],
)
def test_entities_in_titles_of_rss_are_decoded_once(title: str, expected: str) -> None:
    assert only_entry(rss(item(title=title))).title == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ('<title type="text">I &lt;3 &lt;b&gt;museums&lt;/b&gt;</title>', "I <3 <b>museums</b>"),
        ("<title>AT&amp;T</title>", "AT&T"),
        ('<title type="html">AT&amp;amp;T &lt;b&gt;x&lt;/b&gt;</title>', "AT&T x"),
    ],
)
def test_titles_of_atom_are_what_their_type_says(title: str, expected: str) -> None:
    assert only_entry(atom(title)).title == expected


def test_an_entry_without_a_title_has_its_first_words_and_its_feed_is_told() -> None:
    feed = understood(rss(item(title="", text="Neighbours restored a salt store. " * 5)))
    (entry,) = feed.entries
    assert entry.title == (
        "Neighbours restored a salt store. Neighbours restored a salt store. Neighbours…"
    )
    assert len(entry.title) <= 80
    assert "no title" in said_of(feed)
    assert only_entry(rss(item(title="", text="Open."))).title == "Open."
    assert only_entry(rss(item(title="", text="漢" * 200))).title == "漢" * 79 + "…"


def test_the_longest_of_content_and_summary_is_the_text() -> None:
    more = "<content:encoded>Short</content:encoded>"
    assert only_entry(rss(item(text="Much longer text", more=more), attributes=SPACES)).summary == (
        "Much longer text"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one<br>two<br/>three", "one two three"),
        ("<ul><li>one</li><li>two</li></ul>", "one two"),
        ("<table><tr><td>one</td><td>two</td></tr></table>", "one two"),
        ("one&nbsp;two &amp; &lt;three&gt; &euro;", "one two & <three> €"),
        ("w<b>or</b>d", "word"),
        ("one<!-- two -->three", "onethree"),
        ('one<iframe src="/x"/> two', "one two"),
        ("<a title=\"a > b\" href='/x'>one</a>", "one"),
    ],
)
def test_markup_becomes_text(text: str, expected: str) -> None:
    assert only_entry(rss(item(text=f"<![CDATA[{text}]]>"))).summary == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            (
                '<media:content url="https://0.gravatar.com/avatar/x" medium="image"/>'
                '<media:content url="/a.jpg" medium="image"/>'
            ),
            EntryImage(url="https://example.org/a.jpg"),
        ),
        ('<itunes:image href="/a.jpg"/>', EntryImage(url="https://example.org/a.jpg")),
        ('<webfeeds:cover image="/a.jpg"/>', EntryImage(url="https://example.org/a.jpg")),
        ("<image><url>/a.jpg</url></image>", EntryImage(url="https://example.org/a.jpg")),
        ('<media:content url="/a.mp4" type="video/mp4"/>', None),
        (
            (
                '<media:thumbnail url="/small.jpg" width="72" height="72"/>'
                '<content:encoded>&lt;img src="/big.jpg" alt="A pan"&gt;</content:encoded>'
            ),
            EntryImage(url="https://example.org/big.jpg", alt="A pan"),
        ),
        (
            (
                '<media:content url="/a.jpg" medium="image"/>'
                '<media:content url="/b.jpg" medium="image"><media:description>Of b'
                "</media:description></media:content>"
            ),
            EntryImage(url="https://example.org/a.jpg"),
        ),
        (
            (
                '<media:group><media:content url="/a.mp4" type="video/mp4"/>'
                '<media:thumbnail url="/a.jpg"/><media:description>The story of a film'
                "</media:description></media:group>"
            ),
            EntryImage(url="https://example.org/a.jpg"),
        ),
        (
            (
                '<media:content url="/a.jpg" medium="image"><media:title>IMG 1</media:title>'
                '<media:description type="html">A &lt;b&gt;pan&lt;/b&gt;</media:description>'
                "</media:content>"
            ),
            EntryImage(url="https://example.org/a.jpg", alt="A pan"),
        ),
    ],
)
def test_a_picture_has_its_own_words_or_none(more: str, expected: EntryImage | None) -> None:
    assert only_entry(rss(item(more=more), attributes=SPACES)).image == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ana@example.org (Ana Pérez)", "Ana Pérez"),
        ("Ana Pérez &lt;ana@example.org&gt;", "Ana Pérez"),
        ("ana@example.org", ""),
        ("mailto:ana@example.org", ""),
        ("noreply@blogger.com (Unknown)", ""),
        ("Ana Pérez", "Ana Pérez"),
    ],
)
def test_an_author_is_a_name_and_never_an_address(said: str, expected: str) -> None:
    for name in ("author", "dc:creator", "itunes:author"):
        entry = only_entry(rss(item(more=f"<{name}>{said}</{name}>"), attributes=SPACES))
        assert entry.author == expected, name
        assert "@" not in entry.author


def test_several_authors_are_all_named_once() -> None:
    more = "".join(f"<dc:creator>{name}</dc:creator>" for name in ("Ana", "Bo", "Ana"))
    assert only_entry(rss(item(more=more))).author == "Ana, Bo"


def test_an_address_on_a_host_of_its_own_is_no_name_either() -> None:
    assert only_entry(rss(item(more="<author>me@localhost (Me)</author>"))).author == "Me"


_AUTHORS = "<author><name>Museo</name><email>info@museo.example</email></author>"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("", "Museo, Bo"),
        ("<author><name>Ana</name></author>", "Ana"),
        ("<author><name></name></author>", "Museo, Bo"),
        ("<source><id>x</id></source>", ""),
        ("<source><author><name>Eva</name></author></source>", ""),
    ],
    ids=["none", "its own", "an empty one", "from elsewhere", "from elsewhere, by somebody"],
)
def test_the_authors_of_an_atom_feed_wrote_its_entries_unless_told(
    entry: str, expected: str
) -> None:
    document = (
        f'<feed xmlns="http://www.w3.org/2005/Atom">{_AUTHORS}<author><name>Bo</name></author>'
        f"<entry><id>1</id><title>A</title>{entry}</entry></feed>"
    )
    assert only_entry(document).author == expected


def test_blogger_names_nobody_whom_a_reader_could_thank() -> None:
    nobody = "<author><name>Unknown</name><email>noreply@blogger.com</email></author>"
    document = (
        f'<feed xmlns="http://www.w3.org/2005/Atom">{nobody}'
        "<entry><id>1</id><title>A</title></entry></feed>"
    )
    assert only_entry(document).author == ""


def test_the_editor_of_an_rss_feed_wrote_none_of_its_entries() -> None:
    head = "<managingEditor>ana@example.org (Ana)</managingEditor>"
    assert only_entry(rss(head + item())).author == ""


def test_a_json_feed_may_name_one_author_where_several_belong() -> None:
    version = "https://jsonfeed.org/version/1.1"
    items = [{"id": "1", "title": "A", "authors": {"name": "Ana"}}]
    assert only_entry(json.dumps({"version": version, "items": items})).author == "Ana"


def test_an_author_of_a_json_feed_is_no_address_either() -> None:
    version = "https://jsonfeed.org/version/1.1"
    items = [{"id": "1", "title": "A", "authors": [{"name": "ana@example.org"}, {"name": "Bo"}]}]
    assert only_entry(json.dumps({"version": version, "items": items})).author == "Bo"


def test_categories_of_all_kinds_come_once() -> None:
    more = (
        "<category>Salt</category><category>salt</category><dc:subject>bread</dc:subject>"
        "<media:keywords>boats, nets</media:keywords><itunes:keywords>wind</itunes:keywords>"
        '<itunes:category text="Society"/>'
    )
    entry = only_entry(rss(item(more=more), attributes=SPACES))
    assert entry.categories == ("Salt", "bread", "boats", "nets", "wind", "Society")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (f'<atom:link rel="license" href="{BY}"/>', BY),
        (f"<creativeCommons:license>{BY}</creativeCommons:license>", BY),
        (f"<dcterms:license>{BY}</dcterms:license>", BY),
        (f'<media:license type="text/html" href="{BY}">CC BY</media:license>', BY),
        ("<dc:rights>© Ecomuseo</dc:rights>", "© Ecomuseo"),
        (f"<dc:rights>© Ecomuseo</dc:rights><dc:rights>{BY}</dc:rights>", BY),
        ("<media:credit>Ana</media:credit>", ""),
        ("", ""),
    ],
)
def test_a_licence_is_found_wherever_it_stands(more: str, expected: str) -> None:
    assert only_entry(rss(item(more=more), attributes=SPACES)).licence == expected


def test_a_feeds_licence_is_its_entries_but_its_copyright_notice_is_not() -> None:
    licence = f"<creativeCommons:license>{BY}</creativeCommons:license>"
    assert only_entry(rss(item(), head=licence, attributes=SPACES)).licence == BY
    assert only_entry(rss(item(), head="<copyright>All rights reserved</copyright>")).licence == ""


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('<title xml:lang="it">A</title><content xml:lang="sl">B</content>', "sl"),
        (
            (
                '<title xml:lang="it">A</title><content type="xhtml"><div xml:lang="mt"'
                ' xmlns="http://www.w3.org/1999/xhtml">B</div></content>'
            ),
            "mt",
        ),
        ('<title xml:lang="it">A</title><summary>B</summary>', "it"),
        ("<title>A</title>", None),
    ],
)
def test_an_entrys_language_is_that_of_its_text_and_never_inherited(
    entry: str, expected: str | None
) -> None:
    feed = understood(atom(entry, attributes=' xml:lang="en"'))
    assert feed.language == "en"
    assert feed.entries[0].language == expected


def test_the_page_in_the_entrys_own_language_is_its_link() -> None:
    entry = only_entry(
        atom(
            '<title xml:lang="pl">A</title><link hreflang="en" href="/en"/>'
            '<link hreflang="pl" href="/pl"/><link rel="edit" href="/edit"/>'
        )
    )
    assert entry.link == "https://example.org/pl"


def test_fields_of_calendars_are_left_to_calendars() -> None:
    assert only_entry(calendar("UID:1\nSUMMARY:A\nDTSTART:20270516T100000Z")).event is not None
