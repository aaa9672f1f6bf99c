"""The public pages of letters in a real browser: for everybody, on telephone and desk.

Needs Chromium; where there is none these tests say so and skip.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from docs.screenshots import SWITCHES, chromium
from herald.mailing.letters.render import render
from herald.model.archive import Letter
from herald.model.ids import Language
from herald.model.mailing import ContentEntry, ContentSection, EditionContent
from herald.model.words import Words
from herald.web.archive_pages import Shelf, letter_page, shelf_page
from tests.mailing.makers import EN, IT, a_list
from tests.web.test_archive import PUBLIC, an_issue

pytest.importorskip("playwright", reason="needs playwright, of the group of packages for tests")
axe = pytest.importorskip("axe_playwright_python.base", reason="needs axe-playwright-python")

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - see above

pytestmark = pytest.mark.skipif(
    not chromium(), reason="needs Chromium (HERALD_CHROMIUM says where it is)"
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AR, PL = Language("ar"), Language("pl")
PHONE, DESK = 360, 1280
SUBJECTS = (
    (EN, "Ecomuseums in May: mills, rice fields and a rather long list of what is on"),
    (IT, "Ecomusei a maggio"),
    (AR, "المتاحف البيئية في مايو"),
    (PL, "Ekomuzea w maju"),
)
FRIENDS = a_list(
    name=Words.of({"en": "Friends of ecomuseums", "it": "Amici", "ar": "أصدقاء المتاحف البيئية"}),
    languages=tuple(language for language, _ in SUBJECTS),
    is_open=True,
    has_archive=True,
)
LETTER = Letter(issue=an_issue(), subjects=SUBJECTS)


def a_letter(language: Language) -> str:
    entries = tuple(
        ContentEntry(
            ref=f"entry:{number}",
            title=title,
            text="Una giornata al mulino.",
            link="https://argenta.example.org/a-rather-long-address/of-the-page/on-the-feast",
            language=IT,
            when="10 May 2027",
            place="Argenta",
            credit="Ecomuseo di Argenta",
        )
        for number, title in enumerate(("La festa del riso", "Il mulino"))
    )
    content = EditionContent(
        language=language,
        subject=dict(SUBJECTS)[language],
        sections=(
            ContentSection(
                title=dict(SUBJECTS)[language],
                title_language=language,
                paragraphs=("Hello.",),
                paragraphs_language=EN,
                entries=entries,
            ),
        ),
    )
    edition = render(content, list_name="Friends of ecomuseums")
    return letter_page(edition, LETTER, FRIENDS, public_url=PUBLIC)


def an_index(language: Language) -> str:
    letters = (LETTER, Letter(issue=an_issue(), subjects=SUBJECTS[:2]))
    return shelf_page(
        Shelf(
            mailing_list=FRIENDS,
            public_url=PUBLIC,
            language=language,
            letters=letters,
            page=2,
            has_more=True,
        )
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Open one Chromium for all."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=[*SWITCHES])
        yield opened
        opened.close()


def a_window(browser: Browser, *, width: int = DESK, scheme: str = "light") -> Page:
    dark: Literal["dark", "light"] = "dark" if scheme == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=dark)
    return context.new_page()


def violations(page: Page) -> list[dict[str, Any]]:
    """Return what axe finds wrong, each with where it stands."""
    page.evaluate(axe.AXE_FILE_PATH.read_text("utf-8") + "; true")
    found: dict[str, Any] = page.evaluate(f"axe.run({json.dumps({'runOnly': RULES})})")
    assert len(found["passes"]) > 10, "axe looked at next to nothing"
    return [
        {"rule": one["id"], "where": [node["target"] for node in one["nodes"]][:3]}
        for one in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("language", [EN, AR])
def test_axe_finds_nothing_wrong_and_nothing_stands_out(
    browser: Browser, language: Language, width: int, scheme: str
) -> None:
    page = a_window(browser, width=width, scheme=scheme)
    for name, html in {"letter": a_letter(language), "index": an_index(language)}.items():
        page.set_content(html)
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.context.close()


def test_the_keyboard_reaches_the_bar_before_the_letter(browser: Browser) -> None:
    page = a_window(browser)
    page.set_content(a_letter(EN))
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Tab")

    assert reached == ["All letters", "italiano", "العربية", "polski", "Subscribe"]
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_a_letter_prints_dark_on_white_without_the_bar(browser: Browser) -> None:
    page = a_window(browser, scheme="dark")
    page.set_content(a_letter(EN))
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate(
        "(style => [style.backgroundColor, style.color])"
        "(getComputedStyle(document.querySelector('.sheet')))"
    )

    assert colours == ["rgb(255, 255, 255)", "rgb(34, 36, 31)"]
    assert not page.locator(".archive-bar").is_visible()
    page.context.close()
