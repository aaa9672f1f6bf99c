"""The shape of an issue: readable by everyone, small, and harmless."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.letters.marks import UNSUBSCRIBE_MARK, address_to
from herald.mailing.letters.render import hash_editions, render
from herald.mailing.phrases import (
    edition_for,
    letter_languages,
    letter_phrases,
    phrases,
    spoken_languages,
)
from herald.model.ids import Language
from herald.model.mailing import (
    ContentEntry,
    ContentSection,
    Edition,
    EditionContent,
    LetterPicture,
)

EN, IT, AR = Language("en"), Language("it"), Language("ar")
VOID = {"meta", "br", "img", "link", "hr", "input"}


def a_picture(**changes: object) -> LetterPicture:
    values = {"url": "https://example.org/salt.jpg", "alt": "A white house", "language": EN}
    return LetterPicture(**(values | changes))  # type: ignore[arg-type]


def an_entry(**changes: object) -> ContentEntry:
    values = {
        "ref": "item:a/b",
        "title": "The salt house",
        "text": "Neighbours restored it.",
        "link": "https://example.org/salt?a=1&b=2",
        "language": EN,
        "when": "Sunday",
        "place": "Argenta",
        "credit": "Ecomuseo",
        "picture": a_picture(),
    }
    return ContentEntry(**(values | changes))  # type: ignore[arg-type]


def content(*entries: ContentEntry, **changes: object) -> EditionContent:
    section = ContentSection(
        title="Good practices",
        title_language=EN,
        paragraphs=("Dear friends,\nhello.",),
        paragraphs_language=EN,
        entries=entries or (an_entry(),),
    )
    values = {
        "language": EN,
        "subject": "Ecomuseums in May",
        "sections": (section,),
        "statements": (("Co-funded by the European Union", EN),),
    }
    return EditionContent(**(values | changes))  # type: ignore[arg-type]


class Page(HTMLParser):
    """A page as a screen reader meets it; complains about tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def said(page: Page) -> tuple[str | None, str | None]:
    """Return what a page says of its language and direction, the same on its outer tags."""
    tags = [*page.all("html"), *[tag for tag in page.all("div") if "aria-label" in tag]]
    assert len(tags) == 2
    (found,) = {(tag["lang"], tag["dir"]) for tag in tags}
    return found


def test_a_page_says_its_language_direction_and_title() -> None:
    page = Page(render(content(), list_name="Friends").html)
    assert said(page) == ("en", "ltr")
    arabic = Page(render(content(language=AR), list_name="Friends").html)
    assert said(arabic) == ("ar", "rtl")
    assert "Ecomuseums in May" in page.words


def test_headings_go_down_step_by_step() -> None:
    page = Page(render(content(an_entry(), an_entry()), list_name="Friends").html)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels == [1, 2, 3, 3]


def test_every_picture_is_described_and_every_table_is_only_layout() -> None:
    page = Page(render(content(), list_name="Friends").html)
    assert [image["alt"] for image in page.all("img")] == ["A white house"]
    assert {table["role"] for table in page.all("table")} == {"presentation"}


def test_words_in_another_language_say_so() -> None:
    html = render(content(an_entry(language=IT)), list_name="Friends").html
    assert all(tag.get("lang") == "it" for tag in Page(html).all("h3"))
    assert "[in Italian]" in html
    assert "[in Italian]" in render(content(an_entry(language=IT)), list_name="F").text


def test_nothing_loads_tracks_or_runs() -> None:
    html = render(content(an_entry(picture=None)), list_name="Friends").html
    page = Page(html)
    assert page.all("script", "img", "iframe", "link", "form") == []
    links = [link["href"] for link in page.all("a")]
    assert links == ["https://example.org/salt?a=1&b=2", UNSUBSCRIBE_MARK]


def test_what_others_wrote_is_never_markup() -> None:
    evil = '"><script>alert(1)</script>{{ 7 * 7 }}'
    html = render(
        content(
            an_entry(title=evil, text=evil, place=evil, credit=evil, picture=a_picture(alt=evil))
        ),
        list_name=evil,
    ).html
    assert Page(html).all("script") == []
    assert "49" not in html


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_words_make_a_sound_page(title: str, text: str) -> None:
    edition = render(content(an_entry(title=title, text=text)), list_name="Friends")
    Page(edition.html)
    assert UNSUBSCRIBE_MARK in edition.text


def test_the_text_part_has_everything_that_the_html_has() -> None:
    text = render(content(), list_name="Friends").text
    for words in (
        "Ecomuseums in May",
        "Neighbours",
        "https://example.org/salt?a=1&b=2",
        "Co-funded",
    ):
        assert words in text
    assert text.rstrip().endswith(UNSUBSCRIBE_MARK)
    assert "&amp;" not in text


def test_each_recipient_gets_an_own_link_in_both_parts() -> None:
    edition = address_to(render(content(), list_name="F"), "mailto:a@x.org?subject=a&b=c")
    assert "mailto:a@x.org?subject=a&b=c" in edition.text
    assert 'href="mailto:a@x.org?subject=a&amp;b=c"' in edition.html
    assert UNSUBSCRIBE_MARK not in edition.text + edition.html


def test_the_hash_covers_every_word_and_its_place() -> None:
    one = Edition(language=EN, subject="ab", text="c", html="d")
    other = Edition(language=EN, subject="a", text="bc", html="d")
    assert hash_editions([one]) != hash_editions([other])
    assert hash_editions([one]) == hash_editions([one])


@pytest.mark.parametrize(
    ("wanted", "edition"),
    [("it", "it"), ("pt-BR", "pt"), ("IT", "it"), ("mt", "en"), (None, "en"), ("sr-Latn", "en")],
)
def test_a_subscriber_gets_the_nearest_edition(wanted: str | None, edition: str) -> None:
    available = [Language(tag) for tag in ("en", "it", "pt")]
    assert edition_for(Language(wanted) if wanted else None, available) == edition


@pytest.mark.parametrize("language", spoken_languages())
def test_herald_says_everything_in_each_of_its_languages(language: Language) -> None:
    assert phrases(language).keys() == phrases(EN).keys()
    own = phrases(language)
    assert all("{list}" in own[name] for name in ("leave_question", "left_text"))


@pytest.mark.parametrize("language", letter_languages())
def test_a_letter_says_everything_in_each_of_its_languages(language: Language) -> None:
    own, spoken = letter_phrases(language)
    assert spoken == language
    assert own.keys() == letter_phrases(EN)[0].keys()
    assert "{list}" in own["why"]
    assert "unsubscribe" in own["unsubscribe_how"]  # the word that Herald understands
    assert not any("{" in own[name] for name in own if name != "why")


def test_letters_speak_every_language_of_the_pages() -> None:
    assert set(spoken_languages()) == set(letter_languages())


def test_an_unknown_language_is_spoken_to_in_english() -> None:
    assert phrases(Language("et")) == phrases(EN)
    assert letter_phrases(Language("et"))[1] == EN
    assert letter_phrases(Language("pt-BR"))[1] == "pt"
