"""The preview in a real browser: for everybody, on a telephone and on a desk, light and dark.

Needs Chromium; where there is none these tests say so and skip.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.screenshots import SWITCHES, chromium, example_page, write_example

pytest.importorskip("playwright", reason="needs playwright, of the group of packages for tests")
axe = pytest.importorskip("axe_playwright_python.base", reason="needs axe-playwright-python")

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - see above

pytestmark = pytest.mark.skipif(
    not chromium(), reason="needs Chromium (HERALD_CHROMIUM says where it is)"
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCHEMES = ("light", "dark")
PHONE, DESK = 360, 1280
LANGUAGES = {"en", "it", "sl", "pl", "mt", "el", "bg", "ar", "he", "ja"}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of the manual's example: threads, answers, a card, ten languages."""
    folder = tmp_path_factory.mktemp("preview")
    write_example(folder)
    path = folder / "preview.html"
    path.write_text(asyncio.run(example_page(folder)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(page_file: Path) -> Iterator[Browser]:
    """Open one Chromium for all, once the page is written: it keeps the thread's event loop."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=[*SWITCHES])
        yield opened
        opened.close()


def opened(browser: Browser, path: Path, *, width: int = DESK, scheme: str = "light") -> Page:
    """Open the page in a window of that width, for somebody who likes light or dark pages."""
    dark = "dark" if scheme == "dark" else "light"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=dark)
    page: Page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page


def violations(page: Page, *rules: str) -> list[dict[str, Any]]:
    """Return what axe finds wrong by *rules* or sets of them, each with where it stands."""
    page.evaluate(axe.AXE_FILE_PATH.read_text("utf-8") + "; true")
    found: dict[str, Any] = page.evaluate(f"axe.run({json.dumps({'runOnly': rules})})")
    assert len(found["passes"]) > 20 or rules != RULES, "axe looked at next to nothing"
    return [
        {"rule": one["id"], "where": [node["target"] for node in one["nodes"]][:3]}
        for one in found["violations"]
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_axe_finds_nothing_wrong(
    browser: Browser, page_file: Path, width: int, scheme: str
) -> None:
    page = opened(browser, page_file, width=width, scheme=scheme)

    assert violations(page, *RULES) == []


def test_axe_would_find_what_is_wrong(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file)
    page.evaluate("document.querySelector('.post').style.color = '#ddd'")
    page.evaluate("document.documentElement.removeAttribute('lang')")

    wrong = {one["rule"] for one in violations(page, "color-contrast", "html-has-lang")}
    assert wrong == {"color-contrast", "html-has-lang"}


@pytest.mark.parametrize("width", [320, PHONE, 768, DESK])
def test_nothing_stands_out_to_the_side(browser: Browser, page_file: Path, width: int) -> None:
    page = opened(browser, page_file, width=width)
    languages = page.eval_on_selector_all(".post", "all => all.map(each => each.lang)")

    assert set(languages) >= LANGUAGES - {"sl"}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.eval_on_selector_all(
        ".card, .card *",
        "(all, width) => all.filter(each => !each.closest('svg, .says') && "
        "each.getBoundingClientRect().right > width + 1).map(each => each.className)",
        width,
    )
    assert outside == []


def test_the_page_asks_nobody_for_anything_and_runs_nothing(
    browser: Browser, page_file: Path
) -> None:
    context = browser.new_context(viewport={"width": DESK, "height": 800})
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(page_file.as_uri())
    page.wait_for_load_state("networkidle")

    assert asked.count("file") == 1
    assert set(asked) <= {"file", "data"}
    assert complaints == []
    assert page.evaluate("document.scripts.length") == 0


def test_pictures_are_really_seen(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file)
    sizes = page.eval_on_selector_all(
        "svg.seen use", "all => all.map(each => each.getBoundingClientRect().width)"
    )

    assert len(sizes) > 10
    assert min(sizes) > 100


def test_a_keyboard_reaches_everything_and_shows_where_it_is(
    browser: Browser, page_file: Path
) -> None:
    page = opened(browser, page_file)
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.textContent")
    reached = 0
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(style => style.outlineStyle)(getComputedStyle(document.activeElement))"
        )
        reached += outline != "none"

    assert first == "Skip to the posts"
    assert reached == 12


def test_right_to_left_posts_stand_to_the_right(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file, width=PHONE)
    aligned = page.eval_on_selector_all(
        ".post[lang=ar] p, .post[lang=he] p",
        "all => all.map(each => getComputedStyle(each).direction)",
    )

    assert set(aligned) == {"rtl"}


def test_it_prints_dark_on_white_without_moving_parts(browser: Browser, page_file: Path) -> None:
    page = opened(browser, page_file, scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")

    ink = page.evaluate("getComputedStyle(document.querySelector('.post')).color")
    assert ink == "rgb(32, 36, 42)"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.day > h2')).position") == "static"
    )
