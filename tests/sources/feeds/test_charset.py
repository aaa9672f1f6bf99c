"""Documents whose header, first line and bytes disagree."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.sources.feeds.words.charset import decode
from tests.sources.feeds.documents import item, rss, said_of, understood

POLISH, GREEK, RUSSIAN, ITALIAN = "Zażółć gęślą jaźń", "Έκθεση λαού", "Выставка соли", "perché così"


def written(title: str, prolog: str) -> str:
    return rss(item(title=title)).replace("UTF-8", prolog)


@pytest.mark.parametrize(
    ("title", "prolog", "codec", "content_type", "told"),
    [
        (ITALIAN, "ISO-8859-1", "utf-8", "", "the first line says ISO-8859-1"),
        (ITALIAN, "UTF-8", "utf-8", "text/xml; charset=iso-8859-1", "the web server says"),
        (ITALIAN, "UTF-8", "cp1252", "", "says that it is UTF-8, but it is not"),
        (POLISH, "ISO-8859-2", "iso-8859-2", "", ""),
        (POLISH, "windows-1250", "cp1250", "text/xml; charset=utf-8", ""),
        (RUSSIAN, "windows-1251", "cp1251", "", ""),
        (RUSSIAN, "KOI8-R", "koi8-r", "", ""),
        (GREEK, "ISO-8859-7", "iso-8859-7", "", ""),
        (GREEK, "windows-1253", "cp1253", "", ""),
        (GREEK, "UTF-16", "utf-16-le", "", ""),
        (GREEK, "UTF-16", "utf-16-be", "", ""),
        (GREEK, "UTF-16", "utf-16", "", ""),
        (GREEK, "UTF-32", "utf-32", "", ""),
        (GREEK, "UTF-32", "utf-32-le", "", ""),
        (GREEK, "UTF-16", "utf-8", "", "the first line says UTF-16"),
        (ITALIAN, "UTF-16", "cp1252", "", "UTF-16, which cannot be"),
        (ITALIAN, "mac", "mac_roman", "", ""),
        (ITALIAN, "EBCDIC-nonsense", "cp1252", "", "EBCDIC-nonsense, which cannot be"),
    ],
)
def test_a_title_is_read_in_whatever_way_it_was_written(
    title: str, prolog: str, codec: str, content_type: str, told: str
) -> None:
    feed = understood(written(title, prolog).encode(codec), content_type)
    assert [entry.title for entry in feed.entries] == [title]
    assert told in said_of(feed)
    if not told:
        assert "encod" not in said_of(feed)


def test_a_broken_letter_spoils_no_other_one_and_its_line_is_told() -> None:
    text = rss(item(title="Perché"), "\n", item(2, title="così è già più"))
    feed = understood(text.encode().replace("così".encode(), b"cos\xec"))
    assert [entry.title for entry in feed.entries] == ["cos\ufffd è già più", "Perché"]
    assert "not valid UTF-8" in said_of(feed)
    assert "line 2" in said_of(feed)


def test_a_letter_cut_in_two_at_the_end_costs_only_itself() -> None:
    body = rss(item(title="già"), item(2, title="così però")).encode()
    feed = understood(body[: body.rindex("ò".encode()) + 1])
    assert "già" in [entry.title for entry in feed.entries]


def test_text_that_was_encoded_twice_is_told_and_kept() -> None:
    feed = understood(rss(item(title="L&#8217;Ã©tÃ© des musÃ©es")))
    assert "encoded twice" in said_of(feed)
    assert "encoded twice" not in said_of(understood(rss(item(title="MAÇÃ\u00a0 e São João"))))


@pytest.mark.parametrize(
    ("body", "codec"),
    [
        (b"\x4c\x6f\xa7\x94\x93\x40", "EBCDIC"),
        (b"\xff\xfe\x00", "half a unit"),
        (b"\x00\x00\xfe\xff\x00", "UTF-32"),
    ],
)
def test_nonsense_is_no_feed_and_breaks_nothing(body: bytes, codec: str) -> None:
    assert understood(body).entries == (), codec


def test_what_a_server_packs_without_saying_so_is_unpacked() -> None:
    feed = understood(gzip.compress(rss(item(title="salt")).encode()))
    assert [entry.title for entry in feed.entries] == ["salt"]
    assert "Content-Encoding" in said_of(feed)


def test_a_bomb_in_a_packed_document_is_cut() -> None:
    bomb = gzip.compress(rss(item(title="salt")).encode() + b" " * 200_000_000)
    assert len(understood(bomb).entries) == 1


@given(st.binary(max_size=300), st.text(max_size=40))
def test_no_bytes_break_the_reading(body: bytes, content_type: str) -> None:
    text, fault = decode(body, content_type)
    assert isinstance(text, str)
    assert isinstance(fault, str)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_what_is_utf_8_is_read_as_that(text: str) -> None:
    body = ("x" + text).encode()
    assert decode(body, "text/xml; charset=windows-1252")[0] == "x" + text


@pytest.mark.parametrize("name", ["idna", "punycode", "undefined", "unicode_escape"])
def test_a_codec_that_is_no_charset_is_not_believed(name: str) -> None:
    body = f'<?xml version="1.0" encoding="{name}"?><rss>caff'.encode() + b"\xe8"
    text, said = decode(body, "")
    assert text.endswith("caffè")
    assert name in said
