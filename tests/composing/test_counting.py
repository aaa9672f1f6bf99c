"""Each network's own way of counting."""

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from herald.composing.counting import graphemes, length
from herald.model.network import Capabilities, Count

FAMILY = "👩‍👩‍👧‍👦"
FLAG = "🇪🇺"


def counted(text: str, count: Count) -> int:
    return length(text, Capabilities(count=count))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", 0, id="empty"),
        pytest.param("Salt", 4, id="ascii"),
        pytest.param("e\u0301", 1, id="combining-mark"),
        pytest.param(FAMILY, 1, id="emoji-family"),
        pytest.param(FLAG * 2, 2, id="two-flags"),
        pytest.param("https://example.org/en/a-very-long-address-indeed?x=1&y=2#z", 23, id="url"),
        pytest.param("https://e.org", 23, id="a-short-url-counts-the-same"),
        pytest.param("See https://example.org/a.", 4 + 23 + 1, id="the-full-stop-is-no-url"),
        pytest.param("(https://example.org/a_(b))", 1 + 23 + 1, id="balanced-brackets"),
        pytest.param("https://example.org/a,https://example.org/b", 23, id="a-comma-joins-urls"),
        pytest.param("https://example.org/?q=città&x=1 ok", 23 + 3, id="query-with-accents"),
        pytest.param("https://пример.бг/път", 23, id="cyrillic-domain"),
        pytest.param("https://xn--e1afmkfd.xn--90ae/a", 23, id="punycode"),
        pytest.param("http://localhost/a", 18, id="a-host-without-a-domain-is-text"),
        pytest.param("http://127.0.0.1/a", 18, id="an-address-of-numbers-is-text"),
        pytest.param("xhttps://example.org", 20, id="glued-to-a-letter-is-text"),
        pytest.param("example.org/a", 13, id="without-a-protocol-is-text"),
        pytest.param("https://example.org:8443/a", 23, id="port"),
        pytest.param("@ana@social.example.org hello", 4 + 6, id="mention-of-another-server"),
        pytest.param("@ana hello", 10, id="mention-of-this-server"),
        pytest.param("ana@example.org", 15, id="a-mail-address-is-no-mention"),
        pytest.param("@a@b.org @c@d.org", 5, id="two-mentions"),
        pytest.param("@ana@b.org@x", 12, id="a-third-part-makes-it-no-mention"),
        pytest.param("@anaé", 5, id="an-accent-makes-it-no-mention"),
        pytest.param("https://example.org2/abc", 24, id="no-top-level-domain"),
        pytest.param("https://user.name@e.org", 23, id="a-user-makes-it-no-url"),
        pytest.param("https://example.org/@ana@social.example", 23, id="a-mention-in-a-url"),
        pytest.param("ħ" * 10, 10, id="maltese"),
        pytest.param("Ευρώπη", 6, id="greek"),
    ],
)
def test_mastodon_counts_what_a_reader_sees(text: str, expected: int) -> None:
    assert counted(text, Count.MASTODON) == expected


@pytest.mark.parametrize(
    ("count", "text", "expected"),
    [
        pytest.param(Count.GRAPHEMES, FAMILY + "e\u0301", 2, id="graphemes"),
        pytest.param(Count.GRAPHEMES, "https://e.org", 13, id="graphemes-of-a-url"),
        pytest.param(Count.CODE_POINTS, FAMILY, 7, id="code-points"),
        pytest.param(Count.CODE_POINTS, "e\u0301", 1, id="code-points-in-nfc"),
        pytest.param(Count.UTF16, "a😀", 3, id="utf-16"),
        pytest.param(Count.UTF8_BYTES, "aé€😀", 1 + 2 + 3 + 4, id="utf-8"),
        pytest.param(Count.UTF8_BYTES, "e\u0301", 2, id="utf-8-in-nfc"),
        pytest.param(Count.X_WEIGHTED, "Ευρώπη ù", 8, id="x-light"),
        pytest.param(Count.X_WEIGHTED, "日本", 4, id="x-heavy"),
        pytest.param(Count.X_WEIGHTED, FAMILY + FLAG, 4, id="x-emoji"),
        pytest.param(Count.X_WEIGHTED, "1️⃣", 2, id="x-keycap"),
        pytest.param(Count.X_WEIGHTED, "https://example.org/a b", 25, id="x-url"),
        pytest.param(Count.DISCORD, FAMILY, 7, id="discord-emoji"),
        pytest.param(Count.DISCORD, "*a* https://example.org/a_b", 29, id="discord-markup"),
    ],
)
def test_each_network_counts_its_own_way(count: Count, text: str, expected: int) -> None:
    assert counted(text, count) == expected


@pytest.mark.parametrize("count", list(Count))
@given(text=st.text())
def test_a_text_counts_the_same_composed_or_not(count: Count, text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)

    assert counted(decomposed, count) == counted(unicodedata.normalize("NFC", text), count)


@given(
    text=st.text(alphabet=st.characters(codec="utf-8"))
    | st.text(alphabet="a\r\n\u0300\u200d한ᄒ👩")
)
def test_graphemes_are_those_of_unicode(text: str) -> None:
    assert graphemes(text) == len(regex.findall(r"\X", text))


def test_a_url_counts_what_the_server_says() -> None:
    assert length("https://example.org", Capabilities(count=Count.MASTODON, url_length=30)) == 30


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://" + "a." * 20_000, 40_008, id="labels-without-end"),
        pytest.param("https://e.org/" + "(" * 20_000, 20_023, id="brackets-without-end"),
        pytest.param("@a" * 20_000, 40_000, id="mentions-without-end"),
    ],
)
def test_hostile_text_is_counted_in_one_pass(text: str, expected: int) -> None:
    assert counted(text, Count.MASTODON) == expected
