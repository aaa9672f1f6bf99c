"""Markup becomes text in the same way as with a full parser of HTML."""

# ruff: noqa: E501 -- a table of pieces

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.model.feed import EntryImage
from herald.sources.feeds.words.plain import (
    _DROPPED_WHOLE,
    _IMAGE_ATTRIBUTES,
    _KEPT,
    _SELF_CLOSED,
    Plain,
    _is_tracker,
    absolute,
    first_words,
    fold,
    plain_text,
    short,
)

BASE = "https://example.org/feed"


class Slow(HTMLParser):
    """Reads the cleaned markup as any HTML: what the fast reader must agree with."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.images: list[EntryImage] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "img":
            self.words.append(" ")
            return
        values = {name: value or "" for name, value in attrs}
        url = absolute(values.get("src", ""), BASE)
        if url and not _is_tracker(values):
            self.images.append(EntryImage(url=url, alt=short(values.get("alt", ""))))

    def handle_endtag(self, tag: str) -> None:
        self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def slowly(markup: str) -> Plain:
    reader = Slow()
    reader.feed(
        nh3.clean(
            _SELF_CLOSED.sub("", markup),
            tags=_KEPT,
            clean_content_tags=_DROPPED_WHOLE,
            attributes={"img": _IMAGE_ATTRIBUTES},
            url_schemes={"http", "https"},
            link_rel=None,
        )
    )
    reader.close()
    return Plain(text=fold("".join(reader.words)), images=tuple(reader.images))


_MARKUP = (
    "<p> </p> <br> <br/> <img src='/a.jpg' alt='A > B \"c\" &amp; d'> <img src=x alt=\"<b>\"> <ul> <li> </li>"
    " </ul> <td> <b> </b> <a href='?a=1&b=2'> </a> <!-- --> <!--> <script> </script> <svg> <math> <pre>"
    " <textarea> <title> <template> <noscript> &amp; &lt; &gt; &amp;lt; &nbsp; &#8217; &#x3C; &copy &notit;"
    " < > & \" ' <3 </ <? <! ]]> é \u00a0 \u200b \u0301 שלום <img src='1' width=1 alt='&quot;'>"
    " <plaintext> <select> <option> <iframe/> <object> <h1> </h1> <table> <caption>"
)
PIECES = st.sampled_from(re.split(' (?![a-z]+=|B|c|&amp; d|"c)', _MARKUP))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=25).map("".join))
def test_the_fast_reader_agrees_with_a_parser_of_any_html(markup: str) -> None:
    assert plain_text(markup, base=BASE) == slowly(markup)


@given(st.text(max_size=200))
def test_folding_takes_out_what_is_hidden_character_by_character(text: str) -> None:
    kept = "".join(
        character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace()
        or (
            unicodedata.category(character) not in {"Cc", "Cs", "Cn", "Co"}
            and character not in "\u200b\u2060\ufeff\u00ad"
            and character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        )
    )
    assert fold(text) == " ".join(unicodedata.normalize("NFC", kept).split())


@given(st.text(max_size=300).map(fold))
def test_first_words_are_a_beginning(text: str) -> None:
    found = first_words(text)
    assert len(found) <= 80
    assert text.startswith(found.removesuffix("…"))


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("www.example.org/a", "http://www.example.org/a"),
        ("/a\u00adb", "https://example.org/a\u00adb"),
        ("/a\x7fb", "https://example.org/a%7Fb"),
        ("/città", "https://example.org/città"),
    ],
)
def test_links_that_people_type(link: str, expected: str) -> None:
    assert absolute(link, BASE) == expected


@pytest.mark.parametrize(
    "markup",
    [
        '<p lang="en" title="a &lt; b">One</p><p>two</p>',
        '<p title="<img src=https://a.example/b.jpg>">One <i dir="ltr">two</i></p>',
        "One\x00 &#116;wo",
        "One\n\ntwo",
    ],
    ids=["language", "a picture in a title", "NUL and references", "no markup"],
)
def test_no_letter_of_a_tag_is_left_in_the_words(markup: str) -> None:
    plain = plain_text(markup)
    assert plain.text == "One two"
    assert plain.images == ()


@pytest.mark.parametrize(
    "text", ["Cafe\u200b\u0301", "e\ufeff\u0301", "\u1100\u200b\u1161", "a\x00\u030a"]
)
def test_a_letter_and_its_accent_meet_where_something_hidden_stood_between(text: str) -> None:
    assert unicodedata.is_normalized("NFC", fold(text))
    assert fold(fold(text)) == fold(text)


def test_nothing_that_acts_on_a_terminal_stands_in_an_address() -> None:
    link = absolute("/a\u202egpj.exe#\x9b", "https://example.org/")
    assert link == "https://example.org/a%E2%80%AEgpj.exe#%C2%9B"
