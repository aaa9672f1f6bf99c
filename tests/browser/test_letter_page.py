"""The page that shows an issue to its editors, and the one to approve it, in a real browser.

Needs Chromium; where there is none these tests say so and skip.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from herald.cli.letter_page import letter_page
from herald.mailing.letters.approving import Proposal, Standing
from herald.mailing.letters.render import render
from herald.model.ids import Language
from herald.model.mailing import ContentSection, Edition, EditionContent
from herald.web.approving import approving_page, expired_page
from tests.browser.test_archive_pages import (
    DESK,
    PHONE,
    a_window,
    browser,
    pytestmark,
    violations,
)
from tests.mailing.makers import EN, IT
from tests.web.test_archive import an_issue

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser", "pytestmark"]

AR = Language("ar")


def an_edition(language: Language, subject: str) -> Edition:
    section = ContentSection(
        title=subject,
        title_language=language,
        paragraphs=("Hello, dear friends of mills and rice fields.",) * 12,
        paragraphs_language=EN,
    )
    content = EditionContent(language=language, subject=subject, sections=(section,))
    return render(content, list_name="Friends of ecomuseums")


EDITIONS = (an_edition(EN, "May"), an_edition(IT, "Maggio"), an_edition(AR, "مايو"))
LIST = "Friends of ecomuseums"
ISSUE = replace(an_issue(), note="editorial is not written yet")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_axe_finds_nothing_wrong_and_nothing_stands_out(
    browser: Browser, width: int, scheme: str
) -> None:
    page = a_window(browser, width=width, scheme=scheme)
    opened = Proposal(issue=ISSUE, standing=Standing.OPEN, editions=EDITIONS)
    changed = Proposal(issue=ISSUE, standing=Standing.CHANGED, newer="WyJ")
    pages = {
        "preview": letter_page(ISSUE, EDITIONS, list_name=LIST, note="It is not put together yet."),
        "approve": approving_page(opened, IT),
        "changed": approving_page(changed, EN),
        "expired": expired_page(EN),
    }
    for name, html in pages.items():
        page.set_content(html)
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dark_frames_are_dark_and_the_light_ones_light(browser: Browser, scheme: str) -> None:
    page = a_window(browser, scheme=scheme)
    page.set_content(letter_page(ISSUE, EDITIONS[:1], list_name=LIST))
    asked = "() => getComputedStyle(document.querySelector('.sheet')).backgroundColor"
    seen = {}
    for frame in page.locator("iframe").element_handles():
        inside = frame.content_frame()
        assert inside is not None
        inside.wait_for_selector(".sheet")
        seen[str(frame.get_attribute("class"))] = str(inside.evaluate(asked))
    page.context.close()

    light, dark = "rgb(255, 255, 255)", "rgb(29, 31, 35)"
    assert seen == {
        "desk light": light,
        "desk dark": dark,
        "phone light": light,
        "phone dark": dark,
    }
