"""The grant reference and the language decide what a funded post must say."""

from typing import Any

import pytest

from herald.composing.comparing import contains
from herald.composing.visibility import disclaimer, has_statement, short_statement
from herald.model.configuration import Funding, Project
from herald.model.ids import Language, ProjectId
from herald.model.problem import Place
from herald.model.words import Words

OLD = "2020-1-ES01-KA204-082769"
NEW = "2025-1-ES01-KA220-SCH-000358138"
EU_LANGUAGES = (
    *("bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr"),
    *("hu", "it", "lt", "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv"),
)


def a_project(**changes: Any) -> Project:
    """Make a project of the current programme, co-funded."""
    values: dict[str, Any] = {
        "id": ProjectId("ecoheritage"),
        "name": "EcoHeritage",
        "grant": NEW,
        "place": Place(file="config/projects.yaml"),
    }
    return Project(**(values | changes))


@pytest.mark.parametrize(
    ("grant", "funding", "language", "text"),
    [
        pytest.param(
            OLD,
            "co-funded",
            "en",
            "Co-funded by the Erasmus+ Programme of the European Union",
            id="old-en",
        ),
        pytest.param(
            OLD,
            "co-funded",
            "es",
            "Cofinanciado por el programa Erasmus+ de la Unión Europea",
            id="old-es",
        ),
        pytest.param(NEW, "co-funded", "en", "Co-funded by the European Union", id="new-en"),
        pytest.param(NEW, "co-funded", "sl", "Sofinancira Evropska unija", id="new-sl"),
        pytest.param(NEW, "funded", "en", "Funded by the European Union", id="funded-en"),
        pytest.param(NEW, "funded", "pt", "Financiado pela União Europeia", id="funded-pt"),
        pytest.param(
            "2021-1-IT02-KA210-000012345",
            "co-funded",
            "en",
            "Co-funded by the European Union",
            id="the-first-new-call",
        ),
        pytest.param(
            "2018-1-IT02-KA204-048237",
            "co-funded",
            "it",
            "Cofinanziato dal programma Erasmus+ dell'Unione europea",
            id="call-2018",
        ),
        pytest.param(
            OLD.replace("-", "\u2011"),
            "co-funded",
            "en",
            "Co-funded by the Erasmus+ Programme of the European Union",
            id="pdf-hyphens",
        ),
        pytest.param(NEW, "co-funded", "pt-BR", "Cofinanciado pela União Europeia", id="region"),
        pytest.param(NEW, "co-funded", "no", "Medfinansiert av Den europeiske union", id="alias"),
    ],
)
def test_the_grant_decides_the_wording(grant: str, funding: str, language: str, text: str) -> None:
    project = a_project(grant=grant, funding=Funding(funding))

    assert short_statement(project, Language(language)).text == text


@pytest.mark.parametrize("language", EU_LANGUAGES)
@pytest.mark.parametrize("grant", [OLD, NEW])
@pytest.mark.parametrize("funding", [Funding.CO_FUNDED])
def test_every_language_of_the_union_has_a_statement_that_is_accepted(
    language: str, grant: str, funding: Funding
) -> None:
    project = a_project(grant=grant, funding=funding)

    statement = short_statement(project, Language(language))

    assert 0 < len(statement.text) <= 66
    assert has_statement(f"A post. {statement.text}", project)
    assert statement.language in {language, "en"}
    assert (statement.language == language and statement.confidence != "c") or statement.warning


@pytest.mark.parametrize("language", ["ga", "mt", "is", "tr", "uk", "sr", "xx"])
def test_a_language_without_a_sure_wording_gets_english_and_a_warning(language: str) -> None:
    statement = short_statement(a_project(), Language(language))

    assert (statement.text, statement.language) == ("Co-funded by the European Union", "en")
    assert f"`statement: {{{language}: …}}`" in statement.warning


@pytest.mark.parametrize(("language", "warned"), [("es", True), ("fr", True), ("it", False)])
def test_an_unconfirmed_wording_is_used_with_a_warning(language: str, warned: bool) -> None:
    statement = short_statement(a_project(), Language(language))

    assert statement.language == language
    assert bool(statement.warning) is warned


def test_the_projects_own_words_win() -> None:
    project = a_project(statement=Words.of({"it": "Finanziato così"}))

    assert short_statement(project, Language("it")).text == "Finanziato così"
    assert short_statement(project, Language("it")).warning == ""
    assert short_statement(project, Language("sl")).text == "Sofinancira Evropska unija"
    assert has_statement("… finanziato così.", project)


def test_the_projects_own_english_stands_in_before_the_general_one() -> None:
    project = a_project(statement=Words.of({"en": "Co-funded by the EU's CERV programme"}))

    assert short_statement(project, Language("mt")).text == "Co-funded by the EU's CERV programme"


@pytest.mark.parametrize(
    "grant", ["592142-EPP-1-2017-1-TR-EPPKA3-IPI-SOC-IN", "101056789", "nonsense"]
)
def test_a_grant_that_tells_nothing_needs_the_agreements_words(grant: str) -> None:
    statement = short_statement(a_project(grant=grant), Language("it"))

    assert (statement.text, statement.required) == ("", True)
    assert grant in statement.warning
    assert "`statement:`" in statement.warning


def test_words_written_once_serve_where_the_grant_tells_nothing() -> None:
    project = a_project(grant="101056789", statement=Words.of({"en": "Funded by the Union"}))

    statement = short_statement(project, Language("it"))

    assert (statement.text, statement.language) == ("Funded by the Union", "en")
    assert "in English only" in statement.warning


def test_a_project_without_a_grant_owes_nothing() -> None:
    statement = short_statement(a_project(grant=""), Language("it"))

    assert (statement.text, statement.required, statement.warning) == ("", False, "")


def test_an_older_programme_has_its_own_wording() -> None:
    project = a_project(grant="", programme="Creative Europe 2014–2020")

    assert short_statement(project, Language("en")).text == (
        "Co-funded by the Creative Europe Programme of the European Union"
    )


def test_a_wholly_funded_old_grant_needs_the_agreements_words() -> None:
    project = a_project(grant=OLD, funding=Funding.FUNDED)

    assert short_statement(project, Language("en")).text == ""


@pytest.mark.parametrize(
    ("changes", "text", "expected"),
    [
        pytest.param({}, "co-funded BY the European Union", True, id="capitals"),
        pytest.param({}, "Cofinanziato dall’Unione Europea", True, id="apostrophe"),
        pytest.param({}, "Cofinanţat de Uniunea Europeană", True, id="cedilla"),
        pytest.param({}, "Von der Europäischen Union kofinanziert", True, id="variant"),
        pytest.param({}, "Ｃｏ-funded by the\u00a0European Union", True, id="compatibility-forms"),
        pytest.param({}, "Co-funded by the\nEuropean Union", True, id="over-two-lines"),
        pytest.param({}, "Co-funded by the EU", False, id="never-the-short-name"),
        pytest.param({}, "Funded by the European Union", False, id="funded-for-co-funded"),
        pytest.param({}, "Arna chómhaoiniú ag an Aontas Eorpach", False, id="rival"),
        pytest.param(
            {"funding": Funding.FUNDED}, "Funded by the European Union", True, id="funded"
        ),
        pytest.param(
            {"funding": Funding.FUNDED},
            "Co-funded by the European Union",
            False,
            id="co-funded-for-funded",
        ),
        pytest.param(
            {"funding": Funding.FUNDED},
            "Cofinanciado por la Unión Europea",
            False,
            id="cofinanciado-for-financiado",
        ),
        pytest.param({"grant": OLD}, "Co-funded by the European Union", False, id="new-for-old"),
        pytest.param(
            {"grant": OLD},
            "Co-funded by the Erasmus+ programme of the European Union",
            True,
            id="small-letter",
        ),
        pytest.param({}, "", False, id="empty"),
    ],
)
def test_accepted_wordings_are_recognised(
    changes: dict[str, Any], text: str, expected: bool
) -> None:
    assert has_statement(text, a_project(**changes)) is expected


def test_a_statement_inside_a_longer_word_is_none() -> None:
    assert not contains("Cofinanciado por la Unión Europea", "financiado por la Unión Europea")
    assert contains("Es financiado por la Unión Europea.", "financiado por la Unión Europea")


class TestDisclaimer:
    """The full text, whole or not at all."""

    def test_an_old_grant_has_a_text_that_names_no_agency(self) -> None:
        found = disclaimer(a_project(grant=OLD, authority="SEPIE"), Language("en"))

        assert found.text.startswith("The European Commission's support for the production")
        assert "not confirmed" in found.warning

    def test_an_older_grant_has_the_older_text(self) -> None:
        found = disclaimer(a_project(grant="2016-1-ES01-KA204-025000"), Language("en"))

        assert found.text.startswith("This project has been funded with support")

    def test_a_text_that_names_another_authority_is_not_offered(self) -> None:
        found = disclaimer(a_project(authority="SEPIE"), Language("en"))

        assert found.text == ""
        assert "`disclaimer:`" in found.warning

    @pytest.mark.parametrize(
        ("funding", "statement", "language", "begins"),
        [
            ("co-funded", "Co-funded by the European Union", "lv", "Līdzfinansē"),
            ("co-funded", "Co-funded by the European Union", "de", "Co-funded by"),
            ("funded", "Funded by the European Union", "de", "Von der Europäischen Union finanz"),
            ("funded", "Funded by the European Union", "lv", "Funded by"),
        ],
    )
    def test_it_opens_with_the_grants_own_statement(
        self, funding: str, statement: str, language: str, begins: str
    ) -> None:
        project = a_project(
            grant="101056789",
            authority="EACEA",
            funding=Funding(funding),
            statement=Words.of({"en": statement}),
        )

        assert disclaimer(project, Language(language)).text.startswith(begins)

    def test_the_projects_own_words_win(self) -> None:
        project = a_project(disclaimer=Words.of({"es": "Las opiniones …"}))

        assert disclaimer(project, Language("es")).text == "Las opiniones …"
        assert disclaimer(project, Language("it")).language == "es"

    def test_a_project_without_a_grant_owes_none(self) -> None:
        assert disclaimer(a_project(grant=""), Language("en")).required is False
