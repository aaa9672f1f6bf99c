"""Hashtags come out as networks take them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.composing.entities import HASHTAG
from herald.composing.hashtags import hashtags, hashtags_in


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(("Ecomuseums",), ("#Ecomuseums",), id="a-sign-is-put-before"),
        pytest.param(("#Ecomuseums",), ("#Ecomuseums",), id="a-written-sign-is-not-doubled"),
        pytest.param(("EUinmyregion",), ("#EUinmyregion",), id="capitals-stay"),
        pytest.param(("Città",), ("#Città",), id="accents-stay"),
        pytest.param(("Citta\u0300",), ("#Città",), id="composed"),
        pytest.param(("open air museum",), ("#OpenAirMuseum",), id="spaces-become-capitals"),
        pytest.param(("Salt-House.2027",), ("#SaltHouse2027",), id="hyphens-and-dots-fall-out"),
        pytest.param(("Europe_Day",), ("#Europe_Day",), id="underscores-stay"),
        pytest.param(("Museus", "museus"), ("#Museus",), id="once-whatever-its-capitals"),
        pytest.param(("B", "A", "b"), ("#B", "#A"), id="the-first-spelling-keeps-its-place"),
        pytest.param(("2027", "!", ""), (), id="what-has-no-letter-is-none"),
        pytest.param(
            ("Οικομουσεία", "エコミュージアム"), ("#Οικομουσεία", "#エコミュージアム"), id="scripts"
        ),
        pytest.param(("col·lecció",), ("#col·lecció",), id="catalan-dot"),
        pytest.param((), (), id="none"),
    ],
)
def test_hashtags_are_spelled_for_networks(
    written: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert hashtags(written) == expected


@given(st.lists(st.text(max_size=12)).map(tuple))
def test_every_hashtag_is_one_that_networks_recognise(written: tuple[str, ...]) -> None:
    for tag in hashtags(written):
        match = HASHTAG.fullmatch(tag)
        assert match is not None


def test_hashtags_in_a_text_are_found() -> None:
    text = "A #Basket, a (#boat) and https://example.org/#bell &#39; #Città."

    assert hashtags_in(text) == {"#basket", "#boat", "#città"}
