"""How channels come by pictures, and how networks fetch them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from herald.clock import SetClock
from herald.errors import MediaMissing, PictureUnusable
from herald.media.pictures import PUBLISHED_FOR, PreparedPictures
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.store.engine import Store, open_store
from herald.store.media import StoredMedia
from tests.channels.kept import PICTURE, KeptMedia, a_jpeg, a_picture
from tests.makers import NOON
from tests.media.corpus import noise, noted, saved

SMALL = Capabilities(media_side=8)


class Counted(KeptMedia):
    """Kept pictures, and how often an original was asked for."""

    asked = 0

    async def get_media(self, sha256: str) -> bytes:
        """Return the bytes."""
        self.asked += 1
        return await super().get_media(sha256)


def made_ready(media: KeptMedia, url: str = "https://herald.example.org/") -> PreparedPictures:
    return PreparedPictures(media, clock=SetClock(NOON), public_url=url)


async def test_a_picture_is_made_ready_once_for_all_accounts_with_equal_limits() -> None:
    media = Counted(PICTURE)
    pictures = made_ready(media)
    found = await asyncio.gather(
        *(pictures.picture(a_picture(), replace(SMALL, limit=nth)) for nth in range(5))
    )
    assert {(each.width, each.height) for each in found} == {(8, 5)}
    assert media.asked == 1
    await pictures.picture(a_picture(), Capabilities())
    assert media.asked == 2


async def test_it_is_the_same_after_a_restart() -> None:
    media = KeptMedia(PICTURE)
    one, two = [await made_ready(media).picture(a_picture(), SMALL) for _ in range(2)]
    assert one == two


async def test_only_so_much_is_remembered() -> None:
    large = [saved(noise((1600, 1600 + nth)), "PNG") for nth in range(6)]
    media = Counted(*large)
    pictures = made_ready(media)
    for content in large:
        await pictures.picture(a_picture(content=content), Capabilities())
    held = sum(len(each.content) for each in pictures._remembered.values())
    assert 0 < held < 32_000_000
    await pictures.picture(a_picture(content=large[-1]), Capabilities())
    assert media.asked == 6
    await pictures.picture(a_picture(content=large[0]), Capabilities())
    assert media.asked == 7


async def test_a_picture_that_cannot_be_used_is_named() -> None:
    pictures = made_ready(KeptMedia(b"no picture"))
    with pytest.raises(PictureUnusable, match=r"the picture media/rice.jpg: this file is no"):
        await pictures.picture(a_picture(content=b"no picture"), SMALL)
    with pytest.raises(MediaMissing):
        await pictures.picture(a_picture(content=b"lost"), SMALL)
    # Trouble with one stands in nobody's way.
    assert pictures._room._value == 1


async def test_nobody_waits_on_the_loop_while_a_picture_is_made_ready() -> None:
    content = saved(noise((1200, 900)), "JPEG", exif=noted(6))
    pictures = made_ready(KeptMedia(content))
    making = asyncio.ensure_future(pictures.picture(a_picture(content=content), SMALL))
    turns = 0
    while not making.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10


async def test_who_gives_up_lets_the_next_one_in_only_when_the_thread_has_ended() -> None:
    """Else ten impatient accounts would decode ten pictures at a time."""
    first, second = a_jpeg(size=(3000, 3000)), a_jpeg(size=(16, 16))
    pictures = made_ready(KeptMedia(first, second))
    making = asyncio.ensure_future(pictures.picture(a_picture(content=first), SMALL))
    before = threading.active_count()
    await asyncio.sleep(0)
    assert pictures._room.locked()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert pictures._room.locked()
    assert (await pictures.picture(a_picture(content=second), SMALL)).width == 8
    # What nobody waited for any more is remembered all the same.
    assert len(pictures._remembered) == 2
    assert threading.active_count() <= before + 2


async def test_without_a_public_address_there_is_none_and_nothing_is_published() -> None:
    media = KeptMedia(PICTURE)
    pictures = made_ready(media, url="")
    picture = await pictures.picture(a_picture(), SMALL)
    assert await pictures.address(picture) == ""
    assert await media.published(picture.sha256) is None


# --- in the store ----------------------------------------------------------------------------


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store("sqlite:///herald.db", tmp_path)
    try:
        yield store
    finally:
        await store.close()


async def test_a_published_picture_survives_a_restart_and_its_original_stays_hidden(
    store: Store,
) -> None:
    content = saved(noise((20, 10)), "JPEG", exif=noted())
    original = a_picture(content=content)
    media = StoredMedia(store)
    await media.put_media(original.sha256, "image/jpeg", content)
    pictures = PreparedPictures(media, clock=SetClock(NOON), public_url="https://h.example.org")
    picture = await pictures.picture(original, Capabilities())
    address = await pictures.address(picture)
    assert address == f"https://h.example.org/media/{picture.sha256}.jpg"
    assert await StoredMedia(store).published(picture.sha256) == picture
    assert await media.published(original.sha256) is None


async def test_what_was_published_long_ago_goes_unless_it_was_published_again(
    store: Store,
) -> None:
    media, clock = StoredMedia(store), SetClock(NOON)
    pictures = PreparedPictures(media, clock=clock, public_url="https://h.example.org")
    old, kept, new = (
        Picture(content=bytes([nth]), media_type="image/png", width=1, height=1) for nth in range(3)
    )
    await pictures.address(old)
    await pictures.address(kept)
    clock.advance(PUBLISHED_FOR - timedelta(days=1))
    await pictures.address(kept)
    assert await media.published(old.sha256) == old
    clock.advance(timedelta(days=2))
    await pictures.address(new)
    assert await media.published(old.sha256) is None
    assert await media.published(kept.sha256) == kept
