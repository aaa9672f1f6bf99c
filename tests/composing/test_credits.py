"""The line that says who made a picture."""

from __future__ import annotations

from typing import Any

import pytest

from herald.composing.blocks import Composition, Draft
from herald.composing.compose import compose
from herald.composing.credits import asks_for_a_name, credit_of, spelled
from herald.model.ids import Language
from herald.model.network import Capabilities

EN, AR = Language("en"), Language("ar")

LICENCES = {
    "CC-BY-4.0": "CC BY 4.0",
    "cc by 4.0": "CC BY 4.0",
    "CC BY-SA 3.0": "CC BY-SA 3.0",
    "CC-BY-SA-3.0-AT": "CC BY-SA 3.0 AT",
    "CC-BY-NC-ND-4.0": "CC BY-NC-ND 4.0",
    "CC BY": "CC BY",
    "https://creativecommons.org/licenses/by-sa/4.0/": "CC BY-SA 4.0",
    "http://creativecommons.org/licenses/by/2.5/it/deed.it": "CC BY 2.5",
    "CC0": "CC0",
    "CC0-1.0": "CC0 1.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0 1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/": "Public Domain",
    "All rights reserved": "All rights reserved",
    "CC museum": "CC museum",
    "": "",
}


@pytest.mark.parametrize(("written", "shown"), LICENCES.items(), ids=LICENCES)
def test_a_licence_is_spelled_as_people_write_it(written: str, shown: str) -> None:
    assert spelled(written) == shown
    assert spelled(shown) == shown


@pytest.mark.parametrize(
    ("credit", "licence", "text", "owed"),
    [
        ("Ecomuseo", "CC-BY-4.0", "📷 Ecomuseo (CC BY 4.0)", True),
        ("Ecomuseo", "CC0-1.0", "📷 Ecomuseo (CC0 1.0)", False),
        ("Ana\nKowalska ", "", "📷 Ana Kowalska", True),
        ("Ana Kowalska", "own", "📷 Ana Kowalska", False),
        ("Ana Kowalska", "All rights reserved", "📷 Ana Kowalska (All rights reserved)", True),
        ("Ana, CC BY 4.0", "CC-BY-4.0", "📷 Ana, CC BY 4.0", True),
        ("", "CC-BY-4.0", "", False),
    ],
)
def test_a_credit_names_who_and_on_what_terms(
    credit: str, licence: str, text: str, owed: bool
) -> None:
    found = credit_of(credit, licence, EN)
    assert (found.text, found.owed) == (text, owed)


def test_a_name_in_other_letters_does_not_turn_the_line() -> None:
    assert credit_of("Ecomuseo", "CC-BY-4.0", AR).text == "📷 \u2068Ecomuseo\u2069 (CC BY 4.0)"


def test_only_some_licences_ask_for_a_name() -> None:
    assert asks_for_a_name("cc-by-nc-4.0")
    assert asks_for_a_name("https://creativecommons.org/licenses/by/4.0/")
    assert not asks_for_a_name("CC0")
    assert not asks_for_a_name("All rights reserved")


# --- in a post -------------------------------------------------------------------------------

CREDIT = "📷 Ana (CC BY 4.0)"
FREE = "📷 Ana (CC0 1.0)"


def a_post(limit: int, *, text: str = "A walk. Come and see it.", **draft: Any) -> Composition:
    values = {
        "language": EN,
        "text": text,
        "hashtags": ("Walks",),
        "statement": "Co-funded",
        **draft,
    }
    return compose(Draft(**values), Capabilities(limit=limit))


def test_a_credit_stands_below_the_words() -> None:
    found = a_post(200, credit=CREDIT, link="https://e.org")
    assert (
        found.text
        == f"A walk. Come and see it.\n\nhttps://e.org\n\n{CREDIT}\n\n#Walks\n\nCo-funded"
    )


def test_hashtags_go_before_a_credit_does() -> None:
    found = a_post(58, credit=FREE, credit_is_owed=False)
    assert found.text == f"A walk. Come and see it.\n\n{FREE}\n\nCo-funded"
    assert found.dropped == ("#Walks",)


def test_a_credit_that_nobody_asks_for_goes_before_words_do() -> None:
    found = a_post(40, credit=FREE, credit_is_owed=False)
    assert found.text == "A walk. Come and see it.\n\nCo-funded"
    assert found.dropped == ("#Walks", "credit")


def test_a_credit_that_is_owed_never_goes() -> None:
    long = a_post(45, text="A walk along the dyke. Come and see it.", credit=CREDIT)
    assert long.fits
    assert CREDIT in long.text
    assert "text" in long.dropped
    none = a_post(30, credit=CREDIT)
    assert not none.fits
    assert CREDIT in none.text


def test_what_the_words_say_is_not_said_twice() -> None:
    text = "A walk. Photo: Ana (CC BY 4.0)"
    assert a_post(200, text=text, credit=CREDIT).text == f"{text}\n\n#Walks\n\nCo-funded"
    other = "A walk with Ana"
    assert CREDIT in a_post(200, text=other, credit=CREDIT).text
