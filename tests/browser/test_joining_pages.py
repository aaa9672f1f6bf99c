"""The pages of joining a list in a real browser: for everybody, on telephone and desk.

Needs Chromium; where there is none these tests say so and skip.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from docs.screenshots import SWITCHES, chromium
from herald.mailing.readers.joining import Invitation
from herald.mailing.readers.joining_words import consent_text
from herald.mailing.sending.senders import list_name
from herald.model.ids import Language
from herald.model.words import Words
from herald.web.joining_pages import (
    SignUpForm,
    asked_page,
    confirm_page,
    sign_up_page,
)
from tests.mailing.makers import EN, IT, a_list

pytest.importorskip("playwright", reason="needs playwright, of the group of packages for tests")
axe = pytest.importorskip("axe_playwright_python.base", reason="needs axe-playwright-python")

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - see above

pytestmark = pytest.mark.skipif(
    not chromium(), reason="needs Chromium (HERALD_CHROMIUM says where it is)"
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
AR = Language("ar")
PHONE, DESK = 360, 1280
FRIENDS = a_list(
    name=Words.of({"en": "Friends of ecomuseums", "it": "Amici", "ar": "أصدقاء المتاحف البيئية"}),
    languages=(EN, IT, AR),
    controller=Words.of({"en": "EcoHeritage, Via Roma 1, Argenta, privacy@example.org"}),
    privacy=Words.of({"en": "https://example.org/a-rather-long-address/of-the-page/on-privacy"}),
)


def a_form(language: Language, **changes: Any) -> SignUpForm:
    values: dict[str, Any] = {
        "list_name": list_name(FRIENDS, language),
        "language": language,
        "letters": FRIENDS.languages,
        "chosen": language,
        "text": consent_text(FRIENDS, language),
    }
    return SignUpForm(**(values | changes))


def an_invitation(language: Language) -> Invitation:
    return Invitation(
        list_name=list_name(FRIENDS, language),
        language=language,
        text=consent_text(FRIENDS, language),
        has_joined=False,
    )


def pages_in(language: Language) -> dict[str, str]:
    """Return every kind of page by what it is; the others differ from ``asked`` in words alone."""
    return {
        "form": sign_up_page(a_form(language)),
        "mistake": sign_up_page(a_form(language, is_wrong=True, written="ana@")),
        "asked": asked_page(language),
        "confirm": confirm_page(an_invitation(language)),
    }


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


def violations(page: Page, *rules: str) -> list[dict[str, Any]]:
    """Return what axe finds wrong by *rules* or sets of them, each with where it stands."""
    page.evaluate(axe.AXE_FILE_PATH.read_text("utf-8") + "; true")
    found: dict[str, Any] = page.evaluate(f"axe.run({json.dumps({'runOnly': rules})})")
    assert len(found["passes"]) > 10 or rules != RULES, "axe looked at next to nothing"
    return [
        {"rule": one["id"], "where": [node["target"] for node in one["nodes"]][:3]}
        for one in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("language", [EN, IT, AR])
def test_axe_finds_nothing_wrong_and_nothing_stands_out(
    browser: Browser, language: Language, width: int, scheme: str
) -> None:
    page = a_window(browser, width=width, scheme=scheme)
    for name, html in pages_in(language).items():
        page.set_content(html)
        assert violations(page, *RULES) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.context.close()


def test_axe_would_find_what_is_wrong(browser: Browser) -> None:
    page = a_window(browser)
    page.set_content(sign_up_page(a_form(EN)))
    page.evaluate("document.querySelector('.soft').style.color = '#ddd'")
    page.evaluate("document.querySelector('label[for=email]').remove()")

    wrong = {one["rule"] for one in violations(page, "color-contrast", "label")}
    assert wrong == {"color-contrast", "label"}


def test_a_mistake_is_read_out_with_its_field_and_the_keyboard_is_there(browser: Browser) -> None:
    page = a_window(browser)
    page.set_content(pages_in(IT)["mistake"])
    field = page.locator("#email")
    named = str(field.get_attribute("aria-describedby")).split()

    assert page.evaluate("document.activeElement.id") == "email"
    assert [page.locator(f"#{one}").count() for one in named] == [1, 1]
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_keyboard_reaches_what_people_fill_in_and_not_the_trap(browser: Browser) -> None:
    page = a_window(browser)
    page.set_content(pages_in(EN)["form"])
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))

    assert reached == ["email", "language", "BUTTON", "A"]
    assert not page.locator("#website").is_visible()


def test_a_page_from_right_to_left_begins_at_the_right_and_addresses_at_the_left(
    browser: Browser,
) -> None:
    page = a_window(browser, width=PHONE)
    page.set_content(pages_in(AR)["form"])

    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert page.evaluate("getComputedStyle(document.querySelector('#email')).direction") == "ltr"
