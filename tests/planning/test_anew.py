"""What a correction says: the words of today, or what calls it off before those of then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from herald.model.correction import Correction, Untrue
from herald.model.delivery import DeliveryState
from herald.model.ids import Language
from herald.model.network import Capabilities
from herald.planning.anew import reworded
from tests.makers import NOON, a_delivery, a_payload

LINK = "https://example.org/walk"
SENT = a_delivery(
    state=DeliveryState.SENT,
    sent_at=NOON - timedelta(days=1),
    payload=a_payload(text=f"A walk through the rice fields. Two hours. {LINK}", link=LINK),
)
WIDE = Capabilities()


def because(why: Untrue, notice: str = "") -> Correction:
    return Correction(key=SENT.key, why=why, note="", notice=notice, facts='["", "", ""]')


def said(correction: Correction, limits: Capabilities = WIDE, language: str = "en") -> str | None:
    spoken = replace(SENT, language=Language(language))
    payload = reworded(correction, spoken, None, limits=limits)
    return None if payload is None else payload.text


def test_what_is_called_off_says_its_notice_before_its_old_words() -> None:
    assert said(because(Untrue.CANCELLED, "Too much rain.")) == (
        f"Too much rain.\n\n{SENT.payload.text}"
    )


@pytest.mark.parametrize(
    ("language", "begins"), [("en", "Cancelled."), ("it", "Annullato."), ("en-GB", "Cancelled.")]
)
def test_without_a_notice_a_word_stands_for_it(language: str, begins: str) -> None:
    assert str(said(because(Untrue.CANCELLED), language=language)).startswith(begins)


def test_in_a_language_that_herald_cannot_say_it_in_a_person_must() -> None:
    assert said(because(Untrue.CANCELLED), language="ja") is None


def test_where_room_is_short_the_old_words_go_and_the_link_stays() -> None:
    text = said(because(Untrue.CANCELLED, "Too much rain."), Capabilities(limit=60))
    assert text is not None
    assert len(text) <= 60
    assert text.startswith("Too much rain.")
    assert text.endswith(LINK)


def test_a_notice_that_does_not_fit_is_for_a_person() -> None:
    assert said(because(Untrue.CANCELLED, "x" * 61), Capabilities(limit=60)) is None


def test_what_moved_or_was_edited_says_the_words_of_today() -> None:
    composed = a_payload(text="A walk, on Sunday", link="https://example.org/sunday", length=3)
    payload = reworded(because(Untrue.MOVED), SENT, composed, limits=WIDE)
    assert payload is not None
    assert (payload.text, payload.link) == (composed.text, composed.link)
    assert payload.length == len(composed.text)
    assert payload.facts == '["", "", ""]'


@pytest.mark.parametrize("composed", [None, SENT.payload], ids=["unknown", "the same"])
def test_where_there_are_no_new_words_a_person_must_find_them(composed: None) -> None:
    assert reworded(because(Untrue.MOVED), SENT, composed, limits=WIDE) is None
