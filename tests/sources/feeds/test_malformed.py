"""Feeds that are no XML: what can be saved is saved, and what was wrong is told with its line."""

from __future__ import annotations

import pytest

from herald.sources.feeds.parsing.parse import has_failed
from tests.sources.feeds.documents import item, rss, said_of, understood

PAN = (
    '<media:content url="/a.jpg" medium="image"><media:description>A pan</media:description>'
    "</media:content>"
)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
WHOLE = rss("\n", item(1, title="One", more=PAN), "\n", item(2, title="Two", more=PAN))


def spoilt(old: str, new: str) -> str:
    assert old in WHOLE
    return WHOLE.replace(old, new)


FAULTS = {
    "a bare ampersand": (spoilt("One", "Salt & bread"), "Salt & bread", "line 2: an & that"),
    "an ampersand in a link": (
        spoilt("https://example.org/story-1", "https://example.org/?a=1&b=2"),
        "One",
        "line 2: an & that",
    ),
    "a name of HTML": (spoilt("One", "Perch&eacute;&nbsp;no"), "Perché no", "&eacute;"),
    "an unknown name": (spoilt("One", "A &shrug; B"), "A &shrug; B", "does not know"),
    "an angle in a title": (spoilt("One", "5 < 6"), "5 < 6", "line 2: a < that"),
    "a control character": (spoilt("One", "O\x0bn\x01e"), "One", "line 2: a control character"),
    "a control character by number": (spoilt("One", "O&#x1;ne"), "One", "control character"),
    "a capital X": (spoilt("One", "&#X41;"), "A", "not well-formed"),
    "an open tag of HTML": (
        spoilt("Neighbours restored it.", "Neighbours<br>restored it."),
        "One",
        "not closed",
    ),
    "an empty line before": ("\n" + WHOLE, "One", "an empty line or space stands before"),
    "warnings of PHP": (
        "<br />\n<b>Warning</b>:  Cannot modify header in <b>/www/x.php</b> on line <b>3</b>\n"
        + WHOLE,
        "One",
        "line 1: something stands before the feed: 'Warning : Cannot modify",
    ),
    "warnings of PHP behind": (
        WHOLE + "\n<b>Notice</b>: x",
        "One",
        "line 3: something stands behind the feed",
    ),
    "two documents": (WHOLE + WHOLE, "One", "something stands behind the feed"),
    "CDATA in CDATA": (
        spoilt("One", "<![CDATA[Salt <![CDATA[and]]> bread]]>"),
        "Salt and bread",
        "CDATA section begins inside",
    ),
    "an undeclared prefix": (
        spoilt(' xmlns:media="http://search.yahoo.com/mrss/"', ""),
        "One",
        "media: is used but never declared",
    ),
    "an unknown undeclared prefix": (spoilt("One</title>", "One</title><x:y>1</x:y>"), "One", "x:"),
    "an attribute without quotes": (
        spoilt('medium="image"><media:description>A', "medium=image><media:description>A"),
        "One",
        "not well-formed",
    ),
    "tags closed in the wrong order": (
        spoilt("One</title>", "<b><i>One</b></i></title>"),
        "One",
        "line 2: a tag is not closed",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_nothing_and_is_told(fault: str) -> None:
    document, title, told = FAULTS[fault]
    feed = understood(document)
    assert [entry.title for entry in feed.entries] == ["Two", title] or {
        entry.title for entry in feed.entries
    } == {"Two", title}
    assert told in said_of(feed)
    assert "not well-formed" in said_of(feed)
    assert all(problem.severity == "warning" for problem in feed.problems)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if "quotes" not in fault])
def test_descriptions_of_pictures_and_ids_survive_a_fault(fault: str) -> None:
    for entry in understood(FAULTS[fault][0]).entries:
        assert entry.image is not None
        assert entry.image.alt == "A pan"
        assert entry.guid in {"https://example.org/?p=1", "https://example.org/?p=2"}
        assert entry.summary == "Neighbours restored it."


@pytest.mark.parametrize("share", [0.5, 0.7, 0.8, 0.9, 0.99])
def test_a_feed_that_breaks_off_gives_its_whole_entries(share: float) -> None:
    document = rss(*(f"\n{item(number, more=PAN)}" for number in range(10)))
    cut = document[: int(len(document) * share)]
    feed = understood(cut)
    assert len(feed.entries) == cut.count("</item>")
    assert all(entry.image is not None and entry.guid for entry in feed.entries)
    assert "breaks off" in said_of(feed)


def test_wherever_a_feed_breaks_off_no_half_entry_is_read() -> None:
    document = rss(item(1, title="One"), item(2, text="<![CDATA[<p>It was <item>.</p>]]>"))
    whole = understood(document).entries
    for at in range(document.index("<item>"), len(document)):
        feed = understood(document[:at])
        assert set(feed.entries) <= set(whole)
        assert len(feed.entries) == document[: at + 1].count("</item>")
        assert has_failed(feed) == (not feed.entries)
        assert "breaks off" in said_of(feed)


def test_an_atom_feed_that_breaks_off_gives_its_whole_entries() -> None:
    entry = "<entry><id>{0}</id><title>Title {0}</title><updated>2027-05-10T08:00:00Z</updated>"
    head = '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title>'
    feed = understood(f"{head}{entry.format(1)}</entry>{entry.format(2)}")
    assert [entry.guid for entry in feed.entries] == ["1"]
    assert has_failed(understood(head + entry.format(1)))


def test_a_cdata_section_that_never_ends_costs_no_more_than_its_entries() -> None:
    feed = understood(rss(item(1), item(2, text="<![CDATA[<p>Neighbours restored")))
    assert len(feed.entries) == 2
    assert any("Neighbours restored" in entry.summary for entry in feed.entries)


def test_capital_letters_are_no_fault() -> None:
    feed = understood(
        '<RSS VERSION="2.0"><CHANNEL><ITEM><TITLE>One</TITLE><GUID>1</GUID></ITEM></CHANNEL></RSS>'
    )
    assert [(entry.title, entry.guid) for entry in feed.entries] == [("One", "1")]
    assert "well-formed" not in said_of(feed)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        (" " * 5000, "empty"),
        (HEAD, "no feed"),
        ("<!doctype html><html><body>Welcome & bye</body></html>", "this is a web page"),
        (
            '<!DOCTYPE html><html><form><input type="password"></form></html>',
            "asks for a password",
        ),
        ('{"error": "quota exceeded"}', "an error instead of a feed: 'quota exceeded'"),
        ('{"message": "Not found", "code": 404}', "'Not found'"),
        ("[]", "no JSON Feed"),
        ("Service Unavailable", "no feed"),
        ("<opml version='2.0'><body/></opml>", "no feed"),
        ("<error>no</error>", "no feed"),
    ],
)
def test_what_is_no_feed_fails_and_says_what_it_is(document: str, told: str) -> None:
    feed = understood(document)
    assert has_failed(feed)
    assert told in said_of(feed)


def test_a_feed_in_a_web_page_is_no_feed() -> None:
    assert has_failed(understood("<html><body><pre>&lt;rss>&lt;item></pre></body></html>"))


def test_what_is_said_of_a_fault_cannot_act_on_a_terminal() -> None:
    said = said_of(understood(rss(item(1), attributes=' xmlns:a="http://a\x9b31m\u202e é"')))
    assert "not well-formed" in said
    assert said.isprintable()


@pytest.mark.parametrize("half", ["&#xD800;", "&#xdfff;", "&#55296;", "&#057343;"])
def test_half_a_character_by_its_number_is_left_out_and_told(half: str) -> None:
    feed = understood(rss(item(title=f"Salt {half} house")))
    assert feed.entries[0].title == "Salt house"
    assert "control character" in said_of(feed)
