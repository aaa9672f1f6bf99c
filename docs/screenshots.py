"""Make the manual's pictures of previews, letters and pages again: ``python -m docs.screenshots``.

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
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

from herald.app import open_app
from herald.cli.letter_page import letter_page
from herald.clock import SetClock
from herald.mailing.readers.preferences import Choices, ListChoice
from herald.model.archive import Letter
from herald.model.card import LinkCard
from herald.model.configuration import MailingList
from herald.model.delivery import Media
from herald.model.ids import CampaignId, Language, ListId
from herald.model.mailing import Issue, IssueState, SubscriptionState
from herald.model.problem import Place
from herald.model.words import Words
from herald.reporting.preview import render_preview_html
from herald.showing import Showing
from herald.store.cards import StoredCards
from herald.web.archive_pages import Shelf, shelf_page
from herald.web.archive_pages import letter_page as archived_page
from herald.web.pages import question_page
from herald.web.preferences_pages import choices_page

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

_ISSUE = Issue(
    key="stories/monthly/2027-05-04",
    campaign=CampaignId("stories"),
    newsletter="monthly",
    list=ListId("friends"),
    local_date=date(2027, 5, 4),
    zone="Europe/Rome",
    due_at=datetime(2027, 5, 4, 7, 0, tzinfo=UTC),
    needs_approval=True,
    state=IssueState.HELD,
)
_FRIENDS = MailingList(
    id=ListId("friends"),
    name=Words.of({"en": "Friends of ecomuseums"}),
    sender_name="EcoHeritage",
    sender_address="news@friends.example.org",
    languages=(Language("en"), Language("it"), Language("ar")),
    is_open=True,
    has_archive=True,
    place=Place(file="config/lists.yaml"),
)
_CHOICES = Choices(
    hidden_address="a…@example.org",
    spoken=Language("en"),
    lists=(
        ListChoice(
            id=ListId("friends"),
            name="Friends of ecomuseums",
            state=SubscriptionState.SUBSCRIBED,
        ),
        ListChoice(
            id=ListId("partners"),
            name="Partners",
            state=SubscriptionState.LEFT,
            may_join=True,
        ),
    ),
    languages=(Language("en"), Language("it")),
    language=Language("en"),
    zone="Europe/Rome",
    is_owner=False,
)


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
    """Take a letter, its preview and readers' pages, and write them into a folder."""
    from tests.mailing.letters import AR, EN, IT, a_letter  # noqa: PLC0415

    media = (ROOT / "campaigns" / "media").as_uri() + "/"
    letters = {tag: a_letter(tag, place=media, logo="") for tag in (EN, IT, AR)}
    _side_by_side(
        into / "letters.webp", (letters[EN].html, "light"), (letters[AR].html, "dark"), phone=True
    )
    preview = letter_page(_ISSUE, [letters[EN]], list_name="Friends of ecomuseums")
    _side_by_side(into / "newsletter-preview.webp", (preview, "light"))
    _side_by_side(
        into / "reader-pages.webp",
        (choices_page(_CHOICES, data_link=""), "light"),
        (question_page(EN, "Friends of ecomuseums"), "dark"),
        phone=True,
    )
    subjects = tuple((tag, letters[tag].subject) for tag in (EN, IT, AR))
    shown = Letter(issue=_ISSUE, subjects=subjects)
    place = "https://herald.example.org"
    shelf = Shelf(mailing_list=_FRIENDS, public_url=place, language=EN, letters=(shown,))
    _side_by_side(
        into / "letters-on-the-web.webp",
        (shelf_page(shelf), "light"),
        (archived_page(letters[EN], shown, _FRIENDS, public_url=place), "light"),
        phone=True,
    )


def _side_by_side(file: Path, *pages: tuple[str, str], phone: bool = False) -> None:
    """Take pages, each with the scheme in which it is seen, and join them into one picture."""
    from PIL import Image  # noqa: PLC0415
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    (width, height), between = (400, 860) if phone else (1130, 760), 24
    joined = Image.new("RGB", (len(pages) * (width + between) - between, height), "#ffffff")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="herald-") as scratch:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*SWITCHES])
        for place, (html, scheme) in enumerate(pages):
            page = Path(scratch) / "page.html"
            page.write_text(html, encoding="utf-8")
            tab = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
            )
            tab.goto(page.as_uri(), wait_until="networkidle")
            for frame in tab.frames[1:3]:
                frame.wait_for_selector("main")
            seen = Image.open(BytesIO(tab.screenshot()))
            joined.paste(seen.convert("RGB"), (place * (width + between), 0))
        browser.close()
    joined.save(file, "WEBP", quality=82, method=6)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="herald-") as scratch:
        write_example(Path(scratch))
        written = Path(scratch) / "preview.html"
        written.write_text(asyncio.run(example_page(Path(scratch))), encoding="utf-8")
        IMAGES.mkdir(exist_ok=True)
        take(written, SHOTS, IMAGES)
    take_letters(IMAGES)
