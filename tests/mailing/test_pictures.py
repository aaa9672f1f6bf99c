"""Pictures of letters: everybody can fetch them, for years, and no camera's notes with them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from herald.clock import SetClock
from herald.errors import PictureUnusable
from herald.mailing.letters.dressing import dress
from herald.mailing.letters.pictures import KEPT_FOR, LetterPictures
from herald.model.configuration import LetterDesign, NamedPicture
from herald.model.mailing import (
    ContentEntry,
    ContentSection,
    EditionContent,
    IssueContent,
    LetterPicture,
)
from herald.model.words import Words
from herald.store.engine import Store
from herald.store.media import StoredMedia
from tests.mailing.makers import EN, a_list
from tests.makers import NOON

PUBLIC = "https://herald.example.org"
GPS = 0x8825


def a_photo(width: int = 2000, height: int = 1000) -> bytes:
    """Make a photograph that says where it was taken."""
    notes = Image.Exif()
    notes.get_ifd(GPS)[1] = "N"
    written = BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(written, "JPEG", exif=notes)
    return written.getvalue()


def pictures(database: Store, folder: Path, *, public_url: str = PUBLIC) -> LetterPictures:
    return LetterPictures(
        StoredMedia(database), folder=folder, clock=SetClock(NOON), public_url=public_url
    )


def a_picture(file: str = "logo.jpg", sha256: str = "") -> LetterPicture:
    return LetterPicture(file=file, sha256=sha256, alt="A house", language=EN)


async def test_a_picture_of_the_folder_gets_an_address(database: Store, tmp_path: Path) -> None:
    (tmp_path / "logo.jpg").write_bytes(a_photo())
    shown = await pictures(database, tmp_path).shown(a_picture())
    assert shown.url.startswith(f"{PUBLIC}/media/")
    assert (shown.width, shown.height) == (1120, 560)
    digest = shown.url.rpartition("/")[2].removesuffix(".jpg")
    published = await StoredMedia(database).published(digest)
    assert published is not None
    assert len(published.content) <= 400_000
    with Image.open(BytesIO(published.content)) as image:
        assert not image.getexif()


async def test_it_stays_for_years_even_if_a_network_fetches_the_same(
    database: Store, tmp_path: Path
) -> None:
    (tmp_path / "logo.jpg").write_bytes(a_photo(200, 100))
    media = StoredMedia(database)
    shown = await pictures(database, tmp_path).shown(a_picture())
    digest = shown.url.rpartition("/")[2].removesuffix(".jpg")
    published = await media.published(digest)
    assert published is not None
    await media.publish(published, now=NOON)
    await media.unpublish(before=NOON + KEPT_FOR - timedelta(days=1))
    assert await media.published(digest) is not None
    await media.unpublish(before=NOON + KEPT_FOR + timedelta(days=1))
    assert await media.published(digest) is None


async def test_what_planning_kept_needs_no_file(database: Store, tmp_path: Path) -> None:
    content = a_photo(300, 200)
    digest = hashlib.sha256(content).hexdigest()
    await StoredMedia(database).put_media(digest, "image/jpeg", content)
    shown = await pictures(database, tmp_path).shown(a_picture(sha256=digest))
    assert (shown.width, shown.height) == (300, 200)


async def test_without_public_pages_there_is_no_address(database: Store, tmp_path: Path) -> None:
    shown = await pictures(database, tmp_path, public_url="").shown(a_picture())
    assert shown == a_picture()


@pytest.mark.parametrize(
    ("file", "words"),
    [("missing.jpg", "missing.jpg cannot be read"), ("../out.jpg", "outside"), ("x.txt", "JPEG")],
)
async def test_a_picture_that_cannot_be_used_is_named(
    database: Store, tmp_path: Path, file: str, words: str
) -> None:
    (tmp_path / "herald").mkdir()
    (tmp_path / "out.jpg").write_bytes(a_photo(20, 20))
    (tmp_path / "herald" / "x.txt").write_text("no picture")
    with pytest.raises(PictureUnusable, match=words):
        await pictures(database, tmp_path / "herald").shown(a_picture(file))


async def test_an_issue_is_dressed_with_its_lists_logo_and_its_items_pictures(
    database: Store, tmp_path: Path
) -> None:
    (tmp_path / "logo.jpg").write_bytes(a_photo(320, 160))
    entry = ContentEntry(ref="item:a/b", title="x", language=EN, picture=a_picture("gone.jpg"))
    section = ContentSection(title="x", title_language=EN, paragraphs_language=EN, entries=(entry,))
    edition = EditionContent(language=EN, subject="x", sections=(section,), emblems=(a_picture(),))
    logo = NamedPicture(file="logo.jpg", alt=Words.of({"it": "Amici", "en": "Friends"}))
    design = LetterDesign(accent="#7a1f2b", logo=logo)
    dressed = await dress(
        IssueContent(editions=(edition,)), a_list(design=design), pictures(database, tmp_path)
    )
    theme = dressed.theme(EN)
    assert theme.logo is not None
    assert (theme.accent, theme.logo.alt, theme.logo.width) == ("#7a1f2b", "Friends", 320)
    assert dressed.content.editions[0].emblems[0].url
    assert dressed.content.editions[0].sections[0].entries[0].picture is None
    assert dressed.troubles == ("the picture gone.jpg cannot be read",)
