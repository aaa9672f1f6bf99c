"""YAML as text: what an editor typed is what Herald reads, or a problem says why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.sources.yaml import Data, Document, read


def data_of(text: str | bytes) -> Data:
    document, _ = read(text if isinstance(text, bytes) else text.encode(), file="f.yaml")
    assert document is not None
    return document.data


def document_of(text: str) -> Document:
    document, problems = read(text.encode(), file="f.yaml")
    assert document is not None
    assert problems == ()
    return document


def codes_of(text: str | bytes) -> list[str]:
    _, problems = read(text if isinstance(text, bytes) else text.encode(), file="f.yaml")
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    "typed",
    ["no", "yes", "on", "10:30", "1_000", "007", "1e3", "0x1F", "2027-05-16", "true", "=", "<<"],
)
def test_a_plain_word_stays_what_was_typed(typed: str) -> None:
    assert data_of(f"{{key: {typed}, {typed}: value}}") == {"key": typed, typed: "value"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufefftitle: A", {"title": "A"}),
        ("title: A\r\ntext: |\r\n  one\r\n  two\r\n", {"title": "A", "text": "one\ntwo\n"}),
        ("title: 'it''s'", {"title": "it's"}),
        ("title: Gżira, Ħal Għaxaq", {"title": "Gżira, Ħal Għaxaq"}),
        ("title: متحف", {"title": "متحف"}),
        ("title: 👩🏽‍🌾🇲🇹", {"title": "👩🏽‍🌾🇲🇹"}),
        ("user: null\nother: ~\nname: nil", {"name": "nil"}),
        ("{en: What? Yes}", {"en": "What? Yes"}),
        ("# only a comment", None),
        ("", None),
    ],
    ids=[
        *("byte-order mark", "Windows line ends", "quote", "Maltese", "Arabic", "emoji"),
        *("null", "question mark in braces", "comment", "empty"),
    ],
)
def test_a_file_of_any_origin_is_read(text: str, expected: Data) -> None:
    assert data_of(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("text: see #MuseumDay", "lost-text"),
        ("text: '#MuseumDay' and\n  more", "after-quote"),
        ("text: #MuseumDay", "lost-text"),
        ("hashtags:\n  - #MuseumDay", "lost-text"),
        ("hashtags: [#MuseumDay, #Ecomuseums]", "lost-text"),
        ("text: see #this\n  and that", "lost-text"),
        ("title: {en: Bread, salt and wine}", "comma-in-braces"),
        ('title: {en: "Bread" and salt}', "broken-brackets"),
        ("title: {en: Bread", "open-bracket"),
        ("text: Tomorrow: a walk", "colon-in-text"),
        ('text: "Tomorrow" a walk', "after-quote"),
        ('text: "Tomorrow', "open-quote"),
        ('text: "C:\\people"', "backslash"),
        ("text: @museum", "begins-with-sign"),
        ("text: *new* walk", "begins-with-sign"),
        ("text: !new", "tag"),
        ("text: &Sons", "anchor"),
        ("a: &a [x]\nb: [*a, *a]", "anchor"),
        ("a: &a [*a]", "anchor"),
        ("text: |x\n", "behind-bar"),
        ("items:\n\t- a", "tab"),
        ("a: 1\na: 2", "repeated-key"),
        ("? [a]\n: b", "odd-key"),
        ("a: 1\n---\nb: 2", "second-document"),
        ("a: 1\n  b: 2", "misfit"),
        ("a: - b", "stray-dash"),
        ("[" * 100_000, "too-deep"),
        ("- " * 100_000, "too-deep"),
        ("-\t" * 100_000, "tab"),
        ("{a: " * 100_000, "too-deep"),
        ("[" * 60 + "]" * 60, "too-deep"),
        ("a: \x07", "control-character"),
        ('a: "\\0"', "control-character"),
        ('a: "\\L"', "control-character"),
        ("a: b\u2028c", "control-character"),
        ("a: b\ufeffc", "control-character"),
        ("a: b".encode("utf-16"), "wrong-encoding"),
        ("a: b".encode("utf-16-be"), "wrong-encoding"),
        (b"a: Citt\xe0", "wrong-encoding"),
        (b"a: " + b"x" * 1_000_000, "too-large"),
        ("a:", "empty-value"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_trap_of_yaml_is_told_for_what_it_is(text: str | bytes, code: str) -> None:
    assert code in codes_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "timezone: Europe/Rome # where we live",
        "timezone: Europe/Rome  #where",
        'text: "see" # quoted',
        "text: see#this",
        "text: |\n  see #this\n  and # that",
        "text:   # in each language\n  en: Hello",
        "key: {en: [] } # why",
        "statement: none   # none | auto",
    ],
)
def test_a_comment_that_takes_no_text_away_is_welcome(text: str) -> None:
    assert codes_of(text) == []


def test_a_fault_in_the_encoding_is_told_with_byte_line_and_column() -> None:
    _, (problem,) = read("a: è\nb: Citt".encode() + b"\xe0", file="f.yaml")
    assert "byte 0xE0, perhaps 'à'" in problem.message
    assert (problem.place.line, problem.place.column) == (2, 8)


def test_a_value_knows_where_it_stands() -> None:
    document = document_of("items:\n  - id: a\n    post:\n      - {at: '10:00'}\n")
    place = document.place(("items", 0, "post", 0, "at"))
    assert (place.line, place.column, place.path) == (4, 14, "items[0].post[0].at")
    assert document.key(("items", 0, "post")).column == 5


def test_a_value_that_is_not_there_stands_where_its_holder_stands() -> None:
    place = document_of("items:\n  - id: a\n").place(("items", 0, "title", "en"))
    assert (place.line, place.column, place.path) == (2, 5, "items[0]")


def test_columns_count_characters_and_not_bytes() -> None:
    assert document_of("{è: 👩🏽‍🌾, b: c}").place(("b",)).column == len("{è: 👩🏽‍🌾, b: ") + 1


PIECES = st.sampled_from(
    [*"{}[]:,#&*!|>'\"%@`?- \t\n\r\\", "a", "en: ", "- ", "--- ", "\u2028", "\ufeff", "é", "\0"]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_text_is_met_with_a_traceback(text: str) -> None:
    document, problems = read(text.encode(), file="f.yaml")
    assert document is not None or problems
    for problem in problems:
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert problem.place.line <= text.count("\n") + text.count("\r") + 2


@given(st.binary(max_size=200))
def test_no_bytes_are_met_with_a_traceback(content: bytes) -> None:
    document, problems = read(content, file="f.yaml")
    assert document is not None or problems


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)
)
def test_a_text_in_double_quotes_comes_back_unchanged(text: str) -> None:
    typed = text.replace("\ufeff", "").replace("\\", "\\\\").replace('"', '\\"')
    typed = "".join(char for char in typed if char.isprintable())
    expected = typed.replace('\\"', '"').replace("\\\\", "\\")
    assert data_of(f'{{"key": "{typed}"}}') == {"key": expected}
