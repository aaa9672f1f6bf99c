"""The mail to a partner about its feed: friendly, short, whole in every language."""

from __future__ import annotations

import string
from datetime import timedelta
from typing import Any

import pytest

from herald.data.feed_letters import letter_language, letter_languages, letter_words
from herald.model.advice import Advice, Weight
from herald.model.ids import FeedId, Language, PartnerId
from herald.model.polling import Feed, WantedFeed
from herald.reporting.feedletter import letter_of_hints, letter_of_trouble
from tests.makers import NOON

URL = "https://example.org/feed/"


def a_feed(**changes: Any) -> Feed:
    facts: dict[str, Any] = {
        "wanted": WantedFeed(id=FeedId("f"), url=URL, partners=(PartnerId("argenta"),)),
        "next_check_at": NOON,
        "trouble": "there is no document at this address (404)",
        "trouble_since": NOON - timedelta(days=9),
    }
    return Feed(**(facts | changes))


@pytest.mark.parametrize("language", letter_languages())
def test_every_language_has_every_sentence_with_its_places(language: Language) -> None:
    english, words = letter_words(Language("en")), letter_words(language)
    assert words.keys() == english.keys()
    assert all(text.strip() for text in words.values())
    for name, text in english.items():
        assert _places(words[name]) == _places(text), name


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", letter_languages())
def test_a_letter_of_trouble_says_what_where_and_since_when(language: Language) -> None:
    letter = letter_of_trouble(a_feed(), language=language, zone="Europe/Rome")
    assert letter.language == language
    assert URL in letter.body
    assert '"there is no document at this address (404)"' in letter.body
    assert "2027" in letter.body
    assert "{" not in letter.subject + letter.body


def test_a_letter_in_italian() -> None:
    letter = letter_of_trouble(
        a_feed(), language=Language("it-CH"), zone="UTC", contact="https://network.example"
    )
    assert letter.subject == "Non riusciamo più a leggere le vostre notizie"
    assert "Dal giorno 1 maggio 2027 non funziona." in letter.body
    assert letter.body.endswith("https://network.example")


def test_a_language_without_words_gets_english() -> None:
    assert letter_language(Language("mt")) == "en"
    assert letter_language(None) == "en"


def test_what_is_gone_for_good_is_not_promised_to_be_tried_again() -> None:
    letter = letter_of_trouble(a_feed(gone=True), language=None, zone="UTC")
    assert "gone for good" in letter.body
    assert "We try again" not in letter.body


def test_an_address_that_was_adopted_is_the_one_that_is_named() -> None:
    letter = letter_of_trouble(
        a_feed(adopted="https://new.example/feed"), language=None, zone="UTC"
    )
    assert "https://new.example/feed" in letter.body
    assert URL not in letter.body


def test_only_the_three_most_important_hints_are_told() -> None:
    hints = [
        Advice(weight=Weight.SHOULD, message=f"hint number {n}", how=f"remedy {n}")
        for n in range(1, 6)
    ]
    body = letter_of_hints(URL, hints, language=None).body
    assert "1. hint number 1\nremedy 1" in body
    assert "3. hint number 3" in body
    assert "hint number 4" not in body
