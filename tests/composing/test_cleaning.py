"""Texts are composed, free of controls, and keep writing directions apart."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.composing.cleaning import balance, clean, clean_line, is_right_to_left


@pytest.mark.parametrize(
    ("written", "text"),
    [
        pytest.param("e\u0301glise", "\u00e9glise", id="composed"),
        pytest.param("a\x00b\x07c", "abc", id="controls"),
        pytest.param("a\r\nb\rc\u2028d", "a\nb\nc\nd", id="line-ends"),
        pytest.param("a\tb", "a b", id="tab"),
        pytest.param("  a  \n  b  ", "a\n  b", id="blanks-at-the-ends"),
        pytest.param("a\n\n\n\n\nb", "a\n\nb", id="one-blank-line"),
        pytest.param("abc\u202edef", "abcdef", id="an-override-that-turns-text-round"),
        pytest.param("\ufeffa", "a", id="byte-order-mark"),
        pytest.param("a\ud800b", "ab", id="half-a-character"),
        pytest.param("a\u2068b", "a\u2068b\u2069", id="an-open-isolate-is-closed"),
        pytest.param("a\u2069b", "ab", id="a-close-that-opens-nothing"),
        pytest.param("👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇪🇺", "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇪🇺", id="emoji-sequences-stay"),
        pytest.param("نمی\u200cخواهم", "نمی\u200cخواهم", id="a-joiner-that-spells-stays"),
        pytest.param("Il-Ħadd, 16 ta’ Mejju", "Il-Ħadd, 16 ta’ Mejju", id="maltese"),
        pytest.param("", "", id="empty"),
        pytest.param(" \n ", "", id="only-blanks"),
    ],
)
def test_a_text_is_cleaned(written: str, text: str) -> None:
    assert clean(written) == text


@given(st.text(alphabet=st.characters(codec=None)))
def test_cleaning_twice_changes_nothing_more(written: str) -> None:
    text = clean(written)

    assert clean(text) == text
    assert unicodedata.is_normalized("NFC", text)
    text.encode()


@given(st.text(alphabet="ab \u2066\u2067\u2068\u2069\n"))
def test_isolates_are_balanced(written: str) -> None:
    depth = 0
    for character in balance(written):
        depth += (character in "\u2066\u2067\u2068") - (character == "\u2069")
        assert depth >= 0
    assert depth == 0


def test_a_line_is_one_line() -> None:
    assert clean_line(" The\nsalt \t house ") == "The salt house"


@pytest.mark.parametrize(
    ("language", "expected"),
    [("ar", True), ("he", True), ("fa", True), ("en", False), ("mt", False), ("nonsense!", False)],
)
def test_the_direction_of_a_language_is_known(language: str, expected: bool) -> None:
    assert is_right_to_left(language) is expected
