"""Make the manual's pictures of the preview and of letters again: ``python -m docs.screenshots``.

Takes Chromium (``HERALD_CHROMIUM``, or where Debian puts it) and the packages of Herald's tests.
The same browser and fonts give the same pictures.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from herald.app import open_app
from herald.clock import SetClock
from herald.model.card import LinkCard
from herald.model.delivery import Media
from herald.reporting.preview import render_preview_html
from herald.showing import Showing
from herald.store.cards import StoredCards

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "preview-page"
IMAGES = ROOT / "docs" / "images"
PICTURES = ("salt-house.png", "rice-walk.png")
"""Of Herald's own example, which the posts show as well."""
CARD_PICTURE = "drovers-road.png"
SWITCHES = ("--no-sandbox", "--disable-dev-shm-usage")
"""Of Chromium: in a container it runs as root, and with little shared memory."""
AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
"""The moment at which the page is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture for the manual."""

    name: str
    width: int
    height: int
    scheme: str
    at: str = ""
    """What the post has that is seen; empty for the top of the page."""
    block: str = "start"
    """Whether its beginning is seen or its end."""


SHOTS = (
    Shot(name="preview-networks.webp", width=1280, height=1080, scheme="light"),
    Shot(
        name="preview-thread.webp",
        width=400,
        height=860,
        scheme="light",
        at=".thread",
        block="end",
    ),
    Shot(name="preview-scripts.webp", width=400, height=860, scheme="dark", at="[lang=ar]"),
    Shot(
        name="preview-card.webp",
        width=400,
        height=860,
        scheme="light",
        at=".link-card",
        block="end",
    ),
)


def chromium() -> str:
    """Return where Chromium is; empty where it cannot be found."""
    named = os.environ.get("HERALD_CHROMIUM", "")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or ""


def write_example(folder: Path) -> None:
    """Put the example into *folder*: its files, and the pictures that they name."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    media = folder / "campaigns" / "media"
    media.mkdir(exist_ok=True)
    for name in PICTURES:
        shutil.copy(ROOT / "campaigns" / "media" / name, media / name)


async def example_page(folder: Path) -> str:
    """Return the preview of the example in *folder*, as if its linked page had been read."""
    async with open_app(folder, SetClock(AT)) as app:
        content = (ROOT / "campaigns" / "media" / CARD_PICTURE).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        await app.media.put_media(digest, "image/png", content)
        cards = StoredCards(app.database)
        await cards.save_card(
            LinkCard(
                link="https://ecomuseums.example.org/drovers-road",
                title="The drovers' road, bend by bend",
                description="A map drawn by shepherds, schoolchildren and a botanist."
                " Free to copy.",
                picture=Media(sha256=digest, media_type="image/png"),
                made_at=AT,
            )
        )
        compared = await app.compare()
        configuration = (await app.load()).configuration
        showing = Showing(folder=folder, media=app.media, cards=cards)
        limits = await app.capabilities(configuration)
        sight = await showing.sight(compared, configuration, limits)
        sight = await showing.with_pictures(compared.plan, sight)
    return render_preview_html(compared.plan, title="What will go out", moment=AT, sight=sight)


def take(page: Path, shots: tuple[Shot, ...], into: Path) -> None:
    """Take *shots* of *page* and write them into a folder."""
    # Only here: the page is made, and tested, where there is no browser too.
    from PIL import Image  # noqa: PLC0415
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*SWITCHES])
        for shot in shots:
            context = browser.new_context(
                viewport={"width": shot.width, "height": shot.height},
                color_scheme="dark" if shot.scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            tab = context.new_page()
            tab.goto(page.as_uri())
            if shot.at:
                post = tab.locator(f".card:has({shot.at})").first
                post.evaluate("(post, block) => post.scrollIntoView({block})", shot.block)
            seen = Image.open(BytesIO(tab.screenshot()))
            seen.convert("RGB").save(into / shot.name, "WEBP", quality=82, method=6)
            context.close()
        browser.close()


def take_letters(into: Path) -> None:
    """Take a letter on a telephone, in the light and in the dark, and write it into a folder."""
    from PIL import Image  # noqa: PLC0415
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    from tests.mailing.letters import AR, EN, a_letter  # noqa: PLC0415

    width, height, between = 400, 860, 24
    both = Image.new("RGB", (2 * width + between, height), "#ffffff")
    media = (ROOT / "campaigns" / "media").as_uri() + "/"
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="herald-") as scratch:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*SWITCHES])
        for place, (language, dark) in enumerate(((EN, False), (AR, True))):
            page = Path(scratch) / f"{language}.html"
            page.write_text(a_letter(language, place=media, logo="").html, encoding="utf-8")
            tab = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
            )
            tab.goto(page.as_uri())
            seen = Image.open(BytesIO(tab.screenshot()))
            both.paste(seen.convert("RGB"), (place * (width + between), 0))
        browser.close()
    both.save(into / "letters.webp", "WEBP", quality=82, method=6)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="herald-") as scratch:
        write_example(Path(scratch))
        written = Path(scratch) / "preview.html"
        written.write_text(asyncio.run(example_page(Path(scratch))), encoding="utf-8")
        IMAGES.mkdir(exist_ok=True)
        take(written, SHOTS, IMAGES)
    take_letters(IMAGES)
