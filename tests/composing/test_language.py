"""Which languages go where, and what stands in for a missing one."""

import pytest

from herald.composing.language import Choice, marker, route
from herald.model.campaign import MissingTranslation

SKIP, LEAD, HOLD = MissingTranslation.SKIP, MissingTranslation.LEAD, MissingTranslation.HOLD


def routed(available, spoken=(), wanted=("en", "it", "es"), missing=SKIP):
    return route(available, wanted=wanted, spoken=spoken, missing_translation=missing)


def plain(*languages):
    return tuple(Choice(language=tag, words=tag) for tag in languages)


def test_a_channel_without_languages_gets_all_in_the_campaigns_order() -> None:
    assert routed({"it", "en", "es"}).choices == plain("en", "it", "es")


def test_a_channel_gets_only_what_it_speaks() -> None:
    assert routed({"it", "en", "es"}, spoken=("es", "it")).choices == plain("it", "es")


def test_a_language_that_the_campaign_does_not_want_stays_out() -> None:
    assert routed({"en", "pl"}).choices == plain("en")


def test_words_for_every_language_go_out_in_every_language() -> None:
    assert routed({"*"}).choices == plain("en", "it", "es")


def test_a_channel_that_speaks_a_language_speaks_its_regions() -> None:
    found = route({"pt-BR"}, wanted=("pt-BR",), spoken=("pt",), missing_translation=SKIP)

    assert found.choices == plain("pt-BR")


def test_what_is_missing_is_listed() -> None:
    found = routed({"en"}, spoken=("en", "es"))

    assert found.choices == plain("en")
    assert found.missing == ("es",)


def test_a_channel_that_understands_nothing_gets_nothing_and_misses_nothing() -> None:
    found = routed({"en", "it"}, spoken=("fi",))

    assert found.choices == ()
    assert found.missing == ()


class TestLead:
    """``missing_translation: lead``."""

    def test_the_lead_goes_out_once_where_nothing_else_would(self) -> None:
        found = routed({"en"}, spoken=("it", "es"), missing=LEAD)

        assert found.choices == (Choice(language="en", words="en", marker="[in inglese]"),)
        assert found.missing == ("it", "es")

    def test_the_lead_stays_away_where_something_else_appears(self) -> None:
        assert routed({"en", "it"}, spoken=("it", "es"), missing=LEAD).choices == plain("it")

    def test_the_lead_is_never_repeated_on_an_account_that_has_it(self) -> None:
        assert routed({"en"}, missing=LEAD).choices == plain("en")

    def test_the_next_language_stands_in_where_the_lead_has_no_words(self) -> None:
        (choice,) = routed({"es"}, spoken=("it",), missing=LEAD).choices

        assert (choice.language, choice.marker) == ("es", "[in spagnolo]")

    def test_a_channel_of_a_foreign_language_is_told_in_its_own(self) -> None:
        (choice,) = routed({"en"}, spoken=("fr",), missing=LEAD).choices

        assert choice.marker == "[en anglais]"

    def test_without_any_words_nothing_goes_out(self) -> None:
        found = routed(set(), spoken=("it",), missing=LEAD)

        assert found.choices == ()
        assert found.missing == ("it",)


class TestHold:
    """``missing_translation: hold``."""

    def test_a_missing_language_is_held_with_the_leads_words(self) -> None:
        found = routed({"en", "es"}, missing=HOLD)

        assert found.choices == (
            Choice(language="en", words="en"),
            Choice(language="it", words="en", hold=True),
            Choice(language="es", words="es"),
        )
        assert found.missing == ()

    def test_what_is_held_is_only_what_the_channel_speaks(self) -> None:
        assert routed({"en"}, spoken=("en",), missing=HOLD).choices == plain("en")


@pytest.mark.parametrize(
    ("language", "reader", "expected"),
    [
        ("en", "en", "[in English]"),
        ("it", "en", "[in Italian]"),
        ("en", "it", "[in inglese]"),
        ("en", "es", "[en inglés]"),
        ("en", "de", "[auf Englisch]"),
        ("it", "lt", "[italų kalba]"),
        ("en", "pl", "[angielski]"),
        ("en", "sl", "[angleščina]"),
        ("en", "mt", "[Ingliż]"),
        ("en", "tlh", "[in English]"),
        ("qqq", "en", "[in qqq]"),
    ],
)
def test_a_marker_is_written_for_its_reader(language: str, reader: str, expected: str) -> None:
    assert marker(language, reader) == expected
