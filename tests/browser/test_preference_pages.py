"""The pages on which readers change their letters, in a real browser.

Needs Chromium; where there is none these tests say so and skip.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from docs.screenshots import SWITCHES, chromium
from herald.mailing.readers.preferences import Choices, ListChoice
from herald.model.ids import Language, ListId
from herald.model.mailing import SubscriptionState
from herald.web.preferences_pages import (
    ask_page,
    choices_page,
    erased_page,
    gone_page,
)
from tests.browser.test_joining_pages import AR, DESK, PHONE, RULES, a_window, violations
from tests.mailing.makers import EN, IT

pytest.importorskip("playwright", reason="needs playwright, of the group of packages for tests")

from playwright.sync_api import Browser, sync_playwright

pytestmark = pytest.mark.skipif(
    not chromium(), reason="needs Chromium (HERALD_CHROMIUM says where it is)"
)


def the_choices(language: Language, **changes: Any) -> Choices:
    """Make a reader of three lists: one received, one waiting, one open to join."""
    lists = (
        ListChoice(
            id=ListId("a"), name="Friends of ecomuseums", state=SubscriptionState.SUBSCRIBED
        ),
        ListChoice(
            id=ListId("b"),
            name="A list with a rather long name: Landwirtschaftsmuseumsnachrichten",
            state=SubscriptionState.PENDING,
        ),
        ListChoice(id=ListId("c"), name="Partners", state=SubscriptionState.LEFT, may_join=True),
    )
    values: dict[str, Any] = {
        "hidden_address": "a…@a-museum-of-a-very-long-name.example.org",
        "spoken": language,
        "lists": lists,
        "languages": (EN, IT, AR),
        "language": language,
        "zone": "Europe/Rome",
        "is_owner": False,
    }
    return Choices(**(values | changes))


def pages_in(language: Language) -> dict[str, str]:
    """Return every kind of page by what it is."""
    return {
        "letter": choices_page(the_choices(language), data_link="/p/x/data", told="Saved."),
        "owner": choices_page(the_choices(language, is_owner=True), data_link="/p/x/data"),
        "mistake": ask_page(language, written="ana@", is_wrong=True),
        "gone": gone_page(language),
        "erased": erased_page(language),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Open one Chromium for all."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=[*SWITCHES])
        yield opened
        opened.close()


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [(EN, PHONE, "light"), (EN, DESK, "dark"), (AR, PHONE, "dark"), (AR, DESK, "light")],
)
def test_axe_finds_nothing_wrong_and_nothing_stands_out(
    browser: Browser, language: Language, width: int, scheme: str
) -> None:
    page = a_window(browser, width=width, scheme=scheme)
    for name, html in pages_in(language).items():
        page.set_content(html)
        assert violations(page, *RULES) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.context.close()


def test_the_keyboard_reaches_every_choice_in_the_order_of_the_page(browser: Browser) -> None:
    page = a_window(browser)
    page.set_content(pages_in(EN)["owner"])
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.name || document.activeElement.tagName")
        )
    assert reached == [
        *("leave", "leave", "join", "leave-all"),
        *("language", "zone", "save", "A", "sure"),
    ]


def test_enter_in_a_field_erases_nobody(browser: Browser) -> None:
    page = a_window(browser)
    page.set_content(pages_in(EN)["owner"])
    forms = page.locator("form")
    erasing = forms.filter(has=page.locator("[name=erase]"))
    assert erasing.locator("select, input:not([type=checkbox])").count() == 0
    assert not page.evaluate("document.querySelector('#sure').form.checkValidity()")


def test_a_page_from_right_to_left_keeps_an_address_in_its_order(browser: Browser) -> None:
    page = a_window(browser, width=PHONE)
    page.set_content(pages_in(AR)["letter"])
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert page.evaluate("getComputedStyle(document.querySelector('bdi')).direction") == "ltr"
