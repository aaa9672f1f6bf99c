"""What partners write calls nobody and leads nowhere, and still reads the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.composing.entities import HASHTAG, MENTION, URL
from herald.composing.foreign import MOST_HASHTAGS, WORD_JOINER, defuse, defuse_line, web_link
from herald.composing.listing import listed
from herald.model.ids import Language

J = WORD_JOINER


@pytest.mark.parametrize(
    ("written", "posted"),
    [
        ("Una mostra sul riso", "Una mostra sul riso"),
        ("A day @museum", f"A day @{J}museum"),
        ("@everyone come", f"@{J}everyone come"),
        ("x@everyone come", f"x@{J}everyone come"),
        ("@here, @room", f"@{J}here, @{J}room"),
        ("@ana@social.example.org", f"@{J}ana@{J}social{J}.example{J}.org"),
        (".@ana", f".@{J}ana"),
        ("＠ana", f"＠{J}ana"),
        ("Write to info@museo.it", f"Write to info@museo{J}.it"),
        ("@ana.bsky.social", f"@{J}ana{J}.bsky{J}.social"),
        ("<!channel> <@U1>", f"<{J}!channel> <{J}@{J}U1>"),
        ("Read https://evil.example/a?b=1 now", f"Read evil{J}.example/a?b=1 now"),
        ("hthttps://tps://evil.example", f"hthttps:/{J}/tps:/{J}/evil{J}.example"),
        ("ftp://a.example", f"ftp:/{J}/a{J}.example"),
        ("On www.museo.it", f"On www{J}.museo{J}.it"),
        ("At 10.30 in St. Mark", "At 10.30 in St. Mark"),
        ("{link} {{title}}", "{link} {{title}}"),
        ("#a #b #c #d", f"#a #b #c #{J}d"),
        ("a\u200bb\u202ec\u2066d\u0000e", "abcde"),
        ("می\u200cخواهم 👩\u200d🎨", "می\u200cخواهم 👩\u200d🎨"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
        ("a\U000e0041b", "ab"),
        ("Z" + "\u0335" * 50, "Z" + "\u0335" * 4),
        ("", ""),
    ],
)
def test_a_partners_words_are_defused(written: str, posted: str | None) -> None:
    assert defuse(written) == (written if posted is None else posted)


PIECES = (
    *("@", "＠", "#", "＃", "https://", "http", "s://", "://", "a", "museum", ".", ".it", "/"),
    *("everyone", "\u200b", "\u2060", "\u202e", "\u2066", " ", "\n", "é", "<", "!", "=", "-"),
    *("{link}", "א", "\u0301", "_", "\ufeff", "&"),
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=30).map("".join)


@given(HOSTILE)
def test_nothing_hostile_is_left_in_any_text(text: str) -> None:
    safe = defuse(text)
    assert not MENTION.search(safe)
    assert not URL.search(safe)
    assert "@everyone" not in safe
    assert sum(1 for _ in HASHTAG.finditer(safe)) <= MOST_HASHTAGS
    assert defuse(safe) == safe
    assert len(defuse_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("link", "posted"),
    [
        ("https://museo.it/a?b=1#c", True),
        ("HTTP://museo.it", True),
        ("javascript:alert(1)", False),
        ("https://museo.it/a b", False),
        ("https://museo.it/\u202e", False),
        ("https://mus\u200beo.it/", False),
        ("", False),
    ],
)
def test_only_an_address_of_a_page_is_a_link(link: str, posted: bool) -> None:
    assert web_link(link) == (link if posted else "")


@pytest.mark.parametrize(
    ("link", "posted"),
    [
        ("https://museo.it/sale_(pane)", "https://museo.it/sale_(pane)"),
        ("https://museo.it/@sale", "https://museo.it/@sale"),
        ("https://museo.it/(@everyone@evil.example", "https://museo.it/%28@everyone@evil.example"),
        ("https://museo.it/a)b", "https://museo.it/a%29b"),
        ("https://localhost/(@sale", "https://localhost/%28@sale"),
        ("https://localhost/[@sale", "https://localhost/[%40sale"),
    ],
)
def test_a_link_stays_whole_and_calls_nobody(link: str, posted: str) -> None:
    assert web_link(link) == posted
    assert not MENTION.search(URL.sub(" ", posted))


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "A, B and C"), ("it", "A, B e C"), ("sl", "A, B in C"), ("ar", "A وB وC")],
)
def test_names_are_listed_as_the_language_does(language: str, expected: str) -> None:
    assert listed(["A", "B", "A", "", "C"], Language(language)) == expected


def test_a_link_with_a_letter_and_its_accent_apart_is_the_same_address_in_any_spelling() -> None:
    link = "https://example.org/caffe\u0301/?a=1&b=%20#c"
    assert web_link(link) == "https://example.org/caffe%CC%81/?a=1&b=%20#c"
    assert web_link("https://example.org/caff\xe8") == "https://example.org/caff\xe8"
