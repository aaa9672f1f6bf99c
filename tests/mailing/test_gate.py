"""Each fault that would keep somebody from reading a letter is named, with where and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from herald.composing.contrast import contrast, readable
from herald.mailing.letters.gate.examine import LARGEST, examine
from herald.mailing.letters.gate.style import UnknownStyle, night_colours
from herald.mailing.letters.gate.words import is_vague
from herald.mailing.letters.marks import UNSUBSCRIBE_MARK
from herald.mailing.letters.render import render
from herald.mailing.letters.theme import NIGHT_PAPER, PAPER, Theme
from herald.model.mailing import Edition
from tests.mailing.letters import EN, a_letter, a_rich_content

LETTER = a_letter(EN)
LINK = '<a class="link" href="https://salt.example.org/programme"'
PICTURE = 'alt="A white house with a red roof at the edge of a salt pan"'

BROKEN = {
    "no language": ('<html lang="en"', "<html", "language"),
    "a language that is none": ('lang="it"', 'lang="italian!"', "language"),
    "no direction": ('lang="it" dir="ltr"', 'lang="it"', "direction"),
    "the wrong direction": ('lang="it" dir="ltr"', 'lang="it" dir="rtl"', "direction"),
    "no title": ("<title>Ecomuseums in May</title>", "<title></title>", "title"),
    "a picture that nobody described": (PICTURE, "", "picture-words"),
    "an empty description": (PICTURE, 'alt=""', "picture-words"),
    "a description that is a name": (PICTURE, 'alt="salt-house.png"', "picture-words"),
    "a picture that watches": ('width="560" height="350"', 'width="1" height="1"', "tracker"),
    "a picture within": ("https://herald.example.org/media/logo.png", "data:x", "picture-address"),
    "a table that says nothing": ('class="paper" role="presentation"', 'class="paper"', "table"),
    "two titles": ("<h2", "<h1>Hello</h1><h2", "headings"),
    "a step left out": ("<h2", "<h4>Hello</h4><h2", "headings"),
    "an empty heading": (">Editorial</h2>", "></h2>", "headings"),
    "words that say nothing": ("the programme of the salt house</a>", "here</a>", "link-words"),
    "an address for words": (
        "the programme of the salt house</a>",
        "https://salt.example.org/programme</a>",
        "link-words",
    ),
    "a link without words": ("the programme of the salt house</a>", "</a>", "link-words"),
    "the same words for two pages": (
        "the programme of the salt house</a>",
        "Walk through the rice fields</a>",
        "link-words",
    ),
    "a link to nowhere": (LINK, '<a class="link" href="javascript:alert(1)"', "link-address"),
    "a link that is no address": (LINK, '<a class="link" href="https://[x"', "link-address"),
    "pale words": ("color: #575a52", "color: #aaaaaa", "contrast"),
    "pale words in the dark": (".soft { color: #bdb9af", ".soft { color: #333333", "contrast"),
    "a colour that nobody knows": ("color: #575a52", "color: var(--soft)", "contrast"),
    "a night that nobody can foretell": (".soft { color", "td > .soft { color", "night"),
    "a description that the dark hides": (
        "background-color: #ffffff;color: #22241f",
        "background-color: #ffffff",
        "contrast",
    ),
    "a program": ("<main>", "<main><script>alert(1)</script>", "runs"),
    "a form": ("<main>", "<main><form><input></form>", "runs"),
    "what acts by itself": (LINK, LINK + ' onclick="alert(1)"', "runs"),
    "a sheet from elsewhere": ("<head>", '<head><link rel="stylesheet" href="x.css">', "runs"),
    "a style that fetches": ("</style>", "@import 'https://x.org';</style>", "runs"),
    "no way out": (UNSUBSCRIBE_MARK, "https://example.org/", "no-way-out"),
    "a broken mark": (f'"{UNSUBSCRIBE_MARK}"', '"https://unsubscribe.invalid/her"', "mark"),
    "what nobody sees": ("Dear friends", "Dear \u202efriends", "controls"),
    "too much": ("<main>", "<main>" + "<p>more</p>\n" * 12_000, "size"),
    "an endless line": ("<main>", "<main>" + "x" * 1_200, "line"),
    "a link that the text lacks": (LINK, LINK.replace("programme", "other"), "text-part"),
}


@pytest.mark.parametrize(("before", "after", "code"), BROKEN.values(), ids=list(BROKEN))
def test_a_fault_is_named(before: str, after: str, code: str) -> None:
    assert before in LETTER.html
    faults = examine(replace(LETTER, html=LETTER.html.replace(before, after)))
    assert code in {fault.code for fault in faults}
    assert all(fault.what and fault.remedy for fault in faults)


def test_a_fault_says_what_where_and_what_to_do() -> None:
    (fault,) = examine(
        replace(LETTER, html=LETTER.html.replace("the programme of the salt house</a>", "here</a>"))
    )
    assert str(fault) == (
        "the link “here” to https://salt.example.org/programme does not say where it leads"
        " (use words that do: [the programme](https://…))"
    )


def test_all_faults_are_named_at_once() -> None:
    html = LETTER.html
    for before, after, _ in (BROKEN["a program"], BROKEN["no title"], BROKEN["pale words"]):
        html = html.replace(before, after)
    assert {"runs", "title", "contrast"} <= {
        fault.code for fault in examine(replace(LETTER, html=html))
    }


@pytest.mark.parametrize("text", ["", "Hello", "Please look at the letter in your browser."])
def test_a_text_part_that_says_less_is_a_fault(text: str) -> None:
    faults = examine(replace(LETTER, text=f"{text}\n{UNSUBSCRIBE_MARK}\n"))
    assert {"text-part"} == {fault.code for fault in faults}


def test_every_accent_becomes_readable_in_the_dark() -> None:
    for accent in ("#000000", "#7a1f2b", "#0000aa", "#14532d", "#767676"):
        theme = Theme(accent=readable(accent, PAPER))
        letter = render(a_rich_content(EN, "https://x.org/"), list_name="Friends", theme=theme)
        assert examine(letter) == ()
        assert contrast(theme.night_accent, NIGHT_PAPER) >= 4.5


def test_an_accent_that_nobody_can_read_is_a_fault() -> None:
    theme = Theme(accent="#ffcc00")
    letter = render(a_rich_content(EN, "https://x.org/"), list_name="Friends", theme=theme)
    faults = [str(fault) for fault in examine(letter) if fault.code == "contrast"]
    assert len(faults) == 1
    assert "#ffcc00 on #ffffff has a contrast of 1.5" in faults[0]


def test_an_issue_that_mail_programs_would_cut_off_says_what_to_do() -> None:
    html = LETTER.html.replace("<main>", "<main>" + "<p>more</p>\n" * 12_000)
    (fault,) = examine(replace(LETTER, html=html))
    assert f"{LARGEST:,}" in str(fault)
    assert "most:" in fault.remedy


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#ABCDEF", "#abcdef", 1.0)],
)
def test_contrast_is_what_the_standard_says(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


def test_a_colour_that_cannot_be_read_has_one_near_it_that_can() -> None:
    assert readable("#ffcc00", "#ffffff") != "#ffcc00"
    assert contrast(readable("#ffcc00", "#ffffff"), "#ffffff") >= 4.5
    assert readable("#7A1F2B", "#ffffff") == "#7a1f2b"
    assert readable("#808080", "#000000", "#ffffff", enough=9) in {"#000000", "#ffffff"}


@pytest.mark.parametrize(
    "words",
    ["Click here", "HERE", "read more…", "clicca qui", "más", "»hier«", "→", "", "اضغط هنا"],
)
def test_words_that_lead_nowhere_are_known(words: str) -> None:
    assert is_vague(words)


@pytest.mark.parametrize("words", ["Here be dragons", "The programme", "2027", "მარილის სახლი"])
def test_words_that_lead_somewhere_are_let_be(words: str) -> None:
    assert not is_vague(words)


def test_rules_for_the_night_are_read() -> None:
    sheet = "p{color:#000} @media (prefers-color-scheme:dark){.a,.b{color:#fff!important}/* x */}"
    assert night_colours(sheet) == {"a": {"color": "#fff"}, "b": {"color": "#fff"}}
    with pytest.raises(UnknownStyle):
        night_colours("@media (prefers-color-scheme: dark) { .a .b { color: #fff } }")


def test_a_page_without_anything_has_many_faults() -> None:
    faults = examine(Edition(language=EN, subject="x", text="", html="<p>Hello</p>"))
    assert {"language", "title", "headings", "no-way-out"} <= {fault.code for fault in faults}
