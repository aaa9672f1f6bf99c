"""Letters in a real browser: for everybody, on a telephone and on a desk, light and dark.

Needs Chromium; where there is none these tests say so and skip.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.screenshots import SWITCHES, chromium
from herald.mailing.letters.marks import address_to
from tests.mailing.letters import AR, EN, KA, MT, TOLD, a_letter

pytest.importorskip("playwright", reason="needs playwright, of the group of packages for tests")
axe = pytest.importorskip("axe_playwright_python.base", reason="needs axe-playwright-python")

from PIL import Image  # noqa: E402 - see above
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - see above

pytestmark = pytest.mark.skipif(
    not chromium(), reason="needs Chromium (HERALD_CHROMIUM says where it is)"
)
SCHEMES = ("light", "dark")
PHONE, DESK = 360, 1000
WAYS = tuple((width, scheme) for width in (PHONE, DESK) for scheme in SCHEMES)
MEDIA = Path(__file__).resolve().parents[2] / "campaigns" / "media"
PLACE = "https://herald.example.org/media/"


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the letter in its languages, with the pictures that it shows."""
    folder = tmp_path_factory.mktemp("letters")
    shutil.copy(MEDIA / "salt-house.png", folder)
    Image.new("RGBA", (320, 128), "#7a1f2b").save(folder / "logo.png")
    Image.new("RGB", (240, 160), "#003399").save(folder / "emblem.png")
    for language in TOLD:
        letter = address_to(a_letter(language, place=PLACE), "https://herald.example.org/u/x")
        page = letter.html.replace(PLACE, folder.as_uri() + "/")
        (folder / f"{language}.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=[*SWITCHES])
        yield opened
        opened.close()


def opened(browser: Browser, path: Path, *, width: int = DESK, scheme: str = "light") -> Page:
    """Open a letter in a window of that width, for somebody who likes light or dark pages."""
    dark = "dark" if scheme == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=dark)
    page: Page = context.new_page()
    page.goto(path.as_uri())
    return page


def violations(page: Page) -> list[dict[str, Any]]:
    """Return all that axe finds wrong, by every one of its rules."""
    page.evaluate(axe.AXE_FILE_PATH.read_text("utf-8") + "; true")
    found: dict[str, Any] = page.evaluate(f"axe.run({json.dumps({})})")
    assert len(found["passes"]) > 20, "axe looked at next to nothing"
    return [
        {"rule": one["id"], "where": [node["target"] for node in one["nodes"]][:3]}
        for one in found["violations"]
    ]


@pytest.mark.parametrize(
    ("language", "width", "scheme"),
    [
        *((language, width, scheme) for language in (EN, AR) for width, scheme in WAYS),
        (KA, PHONE, "light"),
        (MT, PHONE, "dark"),
    ],
)
def test_axe_finds_nothing_wrong(
    browser: Browser, letters: Path, language: str, width: int, scheme: str
) -> None:
    page = opened(browser, letters / f"{language}.html", width=width, scheme=scheme)
    assert violations(page) == []
    page.context.close()


def test_axe_would_find_what_is_wrong(browser: Browser, letters: Path) -> None:
    page = opened(browser, letters / "en.html")
    page.evaluate("document.querySelector('.soft').style.color = '#ddd'")
    page.evaluate("document.querySelector('img').removeAttribute('alt')")
    assert {one["rule"] for one in violations(page)} == {"color-contrast", "image-alt"}


@pytest.mark.parametrize("language", TOLD)
def test_nothing_stands_out_to_the_side(browser: Browser, letters: Path, language: str) -> None:
    page = opened(browser, letters / f"{language}.html", width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


def test_the_dark_is_dark_and_the_light_is_light(browser: Browser, letters: Path) -> None:
    seen = {
        scheme: opened(browser, letters / "en.html", scheme=scheme).evaluate(
            "getComputedStyle(document.querySelector('.sheet')).backgroundColor"
        )
        for scheme in SCHEMES
    }
    assert seen == {"light": "rgb(255, 255, 255)", "dark": "rgb(29, 31, 35)"}


@pytest.mark.parametrize(("language", "side"), [(EN, "left"), (AR, "right")])
def test_a_letter_begins_on_its_own_side(
    browser: Browser, letters: Path, language: str, side: str
) -> None:
    page = opened(browser, letters / f"{language}.html")
    boxes = page.evaluate(
        "(side => ['.event', '.sheet'].map("
        f"each => document.querySelector(each).getBoundingClientRect().{side}))()"
    )
    width = page.evaluate(
        f"getComputedStyle(document.querySelector('.event')).border{side.title()}Width"
    )
    assert abs(boxes[0] - boxes[1]) == 40
    assert width == "4px"


def test_pictures_keep_their_room_and_their_shape(browser: Browser, letters: Path) -> None:
    page = opened(browser, letters / "en.html", width=PHONE)
    box = page.locator("img.picture").bounding_box()
    assert box is not None
    assert box["width"] == PHONE - 2 * 20
    assert 1.4 < box["width"] / box["height"] < 1.9


def test_what_stands_in_the_inbox_is_not_seen_in_the_letter(
    browser: Browser, letters: Path
) -> None:
    page = opened(browser, letters / "en.html")
    assert not page.locator(".preheader").is_visible()
