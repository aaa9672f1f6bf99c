"""Templates put in ten names and do nothing else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.composing.templates import NAMES, Names, names_in, substitute, template_problems

FULL = Names(
    title="The salt house",
    text="Neighbours restored it.",
    link="https://example.org/en/salt",
    partner="Ecomuseo di Argenta",
    begins="Sunday, 16 May 2027, 10:00",
    finishes="Sunday, 16 May 2027, 12:30",
    place="Argenta",
    month="May",
    year="2027",
    language="en",
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("Tomorrow: {title}", "Tomorrow: The salt house", id="a-name"),
        pytest.param("{title} — {partner}", "The salt house — Ecomuseo di Argenta", id="two"),
        pytest.param("no names", "no names", id="none"),
        pytest.param("", "", id="empty"),
        pytest.param("{{title}}", "{title}", id="doubled-braces-write-braces"),
        pytest.param("{{{title}}}", "{The salt house}", id="a-name-in-braces"),
        pytest.param("{colour}", "{colour}", id="an-unknown-name-stays"),
        pytest.param("{title", "{title", id="an-open-brace-stays"),
        pytest.param("{title.__class__}", "{title.__class__}", id="attributes-are-out-of-reach"),
        pytest.param("{title!r:>99}", "{title!r:>99}", id="no-conversion-and-no-format"),
        pytest.param("{% if 1 %}${title}", "{% if 1 %}$The salt house", id="no-other-language"),
    ],
)
def test_only_documented_names_are_put_in(template: str, text: str) -> None:
    assert substitute(template, FULL) == text


@pytest.mark.parametrize("name", NAMES)
def test_every_documented_name_has_its_value(name: str) -> None:
    assert substitute(f"<{{{name}}}>", FULL) == f"<{getattr(FULL, name)}>"


def test_a_value_is_never_looked_at_again() -> None:
    names = Names(title="{partner} {{x}}", partner="{title}", language="en")

    assert substitute("{title}|{partner}", names) == "{partner} {{x}}|{title}"


@given(value=st.text(alphabet=string.ascii_letters + "{} .%$_"))
def test_any_value_comes_out_as_it_went_in(value: str) -> None:
    assert substitute("{title}", Names(title=value, language="en")) == value


@given(template=st.text())
def test_any_template_gives_a_text(template: str) -> None:
    substitute(template, FULL)
    template_problems(template)


@given(text=st.text())
def test_a_text_whose_braces_are_doubled_comes_out_as_it_was(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")

    assert substitute(doubled, FULL) == text
    assert template_problems(doubled) == ()


@pytest.mark.parametrize(
    ("language", "value", "text"),
    [
        pytest.param("ar", "Ecomuseo", "مع \u2068Ecomuseo\u2069", id="latin-in-arabic"),
        pytest.param("en", "متحف", "مع \u2068متحف\u2069", id="arabic-in-english"),
        pytest.param("ar", "متحف", "مع متحف", id="arabic-in-arabic"),
        pytest.param("en", "Ecomuseo", "مع Ecomuseo", id="latin-in-english"),
        pytest.param("ar", "2027", "مع 2027", id="numbers-have-no-direction"),
        pytest.param("ar", "Walk https://e.org/a", "مع Walk https://e.org/a", id="a-link-inside"),
    ],
)
def test_a_value_of_the_other_direction_is_isolated(language: str, value: str, text: str) -> None:
    assert substitute("مع {title}", Names(title=value, language=language)) == text


def test_a_link_gets_no_invisible_neighbours() -> None:
    assert substitute("{link}", Names(link="https://e.org/a", language="he")) == "https://e.org/a"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param("{title} {text}", (), id="nothing"),
        pytest.param("{{braces}}", (), id="doubled"),
        pytest.param("{titel}", ("unknown name {titel} (did you mean {title}?)",), id="near"),
        pytest.param("{Title}", ("unknown name {Title} (did you mean {title}?)",), id="capital"),
        pytest.param("{ title }", ("unknown name { title } (did you mean {title}?)",), id="spaces"),
        pytest.param("a } b", ("a brace } stands alone (write }} for a brace)",), id="closing"),
        pytest.param("a {title", ("a brace { stands alone (write {{ for a brace)",), id="open"),
        pytest.param(
            "{titel} {titel}", ("unknown name {titel} (did you mean {title}?)",), id="once"
        ),
    ],
)
def test_a_wrong_template_is_told_with_its_remedy(template: str, expected: tuple[str]) -> None:
    assert template_problems(template) == expected


def test_a_name_like_no_other_lists_the_names() -> None:
    (problem,) = template_problems("{0}")

    assert problem.startswith("unknown name {0} (known are {title}, {text}, {link}")
    assert "{language}" in problem


def test_the_names_in_a_template_are_told() -> None:
    assert names_in("{title} {{text}} {unknown} {link}") == {"title", "link"}
