"""The letter as a whole, kept as it is read: ``HERALD_GOLDEN=write`` writes it anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.mailing.letters.gate.examine import examine
from herald.mailing.letters.letter import PREHEADER_MOST
from herald.mailing.letters.marks import PREFERENCES_MARK, UNSUBSCRIBE_MARK, without_preferences
from herald.mailing.letters.render import render
from herald.mailing.letters.tell import Reader, tell_entry
from herald.mailing.phrases import letter_phrases
from herald.model.campaign import MissingTranslation
from herald.model.configuration import Partner
from herald.model.ids import EntryId, Language, PartnerId
from herald.model.mailing import ContentEntry, ContentSection, EditionContent, LetterPicture
from herald.model.problem import Place
from herald.model.words import Words
from tests.mailing.letters import AR, EN, TOLD, a_letter, a_rich_content
from tests.mailing.makers import an_entry as a_feed_entry

GOLDENS = Path(__file__).parent / "letters"
HE = Language("he")
FUNNY = "\u202e\u2066\ud800\x00\x1b[31m<script>alert(1)</script>"


@pytest.mark.parametrize("language", TOLD)
@pytest.mark.parametrize("part", ["html", "txt"])
def test_a_letter_reads_as_it_was_looked_at(language: Language, part: str) -> None:
    edition = a_letter(language)
    made = edition.html if part == "html" else edition.text
    golden = GOLDENS / f"{language}.{part}"
    if os.environ.get("HERALD_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(made, encoding="utf-8")
    assert made == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", TOLD)
def test_a_letter_has_no_fault_and_much_room_left(language: Language) -> None:
    edition = a_letter(language)
    assert examine(edition) == ()
    assert len(edition.html.encode()) < 16_000


def test_from_right_to_left_everything_is_mirrored() -> None:
    letter = a_letter(AR).html
    assert "text-align: right" in letter
    assert "border-right: 4px" in letter
    assert "border-left" not in letter
    assert "padding-left" not in letter
    # what is written from left to right within it stands on its own side
    assert re.search(r'<p [^>]*text-align:\s?left[^>]*lang="it" dir="ltr"', letter)


def test_a_letter_leads_only_where_there_are_pages() -> None:
    letter = render(a_rich_content(EN, "https://x.org/"), list_name="Friends")
    assert PREFERENCES_MARK not in letter.html + letter.text
    assert "in your browser" not in letter.html + letter.text
    assert UNSUBSCRIBE_MARK in letter.html
    assert examine(letter) == ()


@pytest.mark.parametrize("language", TOLD)
def test_a_letter_that_lost_its_pages_says_nothing_of_preferences(language: Language) -> None:
    letter = a_letter(language)
    say, _ = letter_phrases(language)
    alone = without_preferences(letter)
    for before, after in ((letter.text, alone.text), (letter.html, alone.html)):
        assert PREFERENCES_MARK in before
        assert PREFERENCES_MARK not in after
        assert say["preferences"] in before
        assert say["preferences"] not in after
        assert UNSUBSCRIBE_MARK in after
        assert 0 < len(before) - len(after) < 600
    assert examine(alone) == ()


def test_the_inbox_shows_how_the_letter_begins() -> None:
    letter = a_letter(EN).html
    beside = re.search(r'class="preheader"[^>]*>([^<]*)<', letter)
    assert beside is not None
    assert beside[1].startswith("Dear friends, spring is here")
    assert len(beside[1]) <= PREHEADER_MOST


def test_the_emblem_is_shown_as_it_is_and_said_to_those_who_cannot_see_it() -> None:
    letter = a_letter(EN).html
    emblem = re.search(r"<img[^>]*emblem.png[^>]*>", letter)
    assert emblem is not None
    assert 'alt="Emblem of the European Union"' in emblem[0]
    assert 'width="84" height="56"' in emblem[0]


def told(*entries: ContentEntry, paragraphs: tuple[str, ...] = ()) -> EditionContent:
    section = ContentSection(
        title="News",
        title_language=EN,
        paragraphs=paragraphs,
        paragraphs_language=EN,
        entries=entries,
    )
    return EditionContent(language=EN, subject="In May", sections=(section,))


def entry(**changes: object) -> ContentEntry:
    values = {"ref": "entry:1", "title": "A walk", "language": EN}
    return ContentEntry(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        told(entry(title="x" * 10_000, text="y" * 10_000)),
        told(entry(title="語" * 3_000, text="語" * 3_000)),
        told(
            entry(title=FUNNY, text=FUNNY, place=FUNNY, credit=FUNNY, link="https://x.org/?a=<b>")
        ),
        told(paragraphs=(FUNNY, "[x](javascript:alert) and [data](data:text/html,x) **bold")),
        told(entry(title="https://example.org/a", link="https://example.org/a")),
        told(entry(title="Click here", link="https://example.org/a")),
        told(entry(title="…", link="https://example.org/a")),
        told(*(entry(link=f"https://example.org/{n}", credit="Argenta") for n in range(5))),
        told(entry(title="Unsubscribe", link="https://evil.example.org/")),
        told(
            entry(
                picture=LetterPicture(
                    url='https://x.org/"onerror="alert(1)', alt='"><b>', language=EN
                )
            )
        ),
        told(entry(title="שלום" * 50, language=HE, text="a" * 50)),
    ],
    ids=[
        "long",
        "wide",
        "funny",
        "markup",
        "bare",
        "vague",
        "nothing",
        "alike",
        "ours",
        "picture",
        "hebrew",
    ],
)
def test_nothing_that_others_write_makes_a_letter_that_must_be_held(
    content: EditionContent,
) -> None:
    letter = render(content, list_name="Friends " + FUNNY)
    assert [str(fault) for fault in examine(letter)] == []
    assert "<script" not in letter.html
    assert "\u202e" not in letter.html + letter.text
    assert max(len(line.encode()) for line in letter.html.split("\n")) <= 998


WORDS = st.text(max_size=120)
PAGES = st.sampled_from(["", "https://a.example.org/1", "https://a.example.org/2?x=1&y=2"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS, PAGES), min_size=1, max_size=4))
def test_whatever_partners_publish_the_gate_lets_it_pass(
    found: list[tuple[str, str, str, str]],
) -> None:
    feed = tuple(
        a_feed_entry(id=EntryId(str(place)), title=title, summary=summary, link=link, language=EN)
        for place, (title, summary, _, link) in enumerate(found)
    )
    partner = Partner(
        id=PartnerId("argenta"),
        name=Words.of({"en": found[0][2]}),
        place=Place(file="config/partners.yaml"),
    )
    reader = Reader(
        language=EN, lead=EN, missing=MissingTranslation.LEAD, partners={partner.id: partner}
    )
    entries = [entry for one in feed if (entry := tell_entry(one, reader)) is not None]
    letter = render(told(*entries), list_name="Friends")
    assert [str(fault) for fault in examine(letter)] == []
