"""Pictures kept in memory, and one to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from io import BytesIO
from pathlib import Path

from PIL import Image

from herald.channels.network import Surroundings
from herald.errors import MediaMissing
from herald.media.pictures import PreparedPictures
from herald.model.delivery import Media
from herald.model.picture import Picture
from herald.ports import Clock, MediaStore


def a_jpeg(colour: tuple[int, int, int] = (90, 140, 60), size: tuple[int, int] = (12, 8)) -> bytes:
    """Make a picture that is fine for every network, so that it goes out byte for byte."""
    written = BytesIO()
    Image.new("RGB", size, colour).save(written, "JPEG")
    return written.getvalue()


PICTURE = a_jpeg()


class KeptMedia:
    """A media store in memory."""

    def __init__(self, *contents: bytes) -> None:
        self._contents = {_sha256(content): content for content in contents}
        self._published: dict[str, tuple[datetime, Picture]] = {}

    async def put_media(self, sha256: str, media_type: str, content: bytes) -> None:
        """Keep *content*."""
        self._contents[sha256] = content

    async def has_media(self, hashes: Collection[str]) -> frozenset[str]:
        """Return those that are kept."""
        return frozenset(hashes) & self._contents.keys()

    async def get_media(self, sha256: str) -> bytes:
        """Return the bytes."""
        if sha256 not in self._contents:
            raise MediaMissing(f"no picture {sha256}")
        return self._contents[sha256]

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        """Let *picture* be fetched."""
        self._published[picture.sha256] = (now, picture)

    async def published(self, sha256: str) -> Picture | None:
        """Return what was published."""
        found = self._published.get(sha256)
        return found and found[1]

    async def unpublish(self, *, before: datetime) -> None:
        """Forget what was published before."""
        there = self._published.items()
        self._published = {name: each for name, each in there if each[0] >= before}


def a_picture(alt: str = "Three people walk on a dyke", content: bytes = PICTURE) -> Media:
    """Make a picture whose bytes are kept under their hash."""
    return Media(file="media/rice.jpg", alt=alt, sha256=_sha256(content), media_type="image/jpeg")


FILM = b"\0\0\0\x18ftypmp42" + bytes(100)
"""As much of a video as tells that it is one."""


def a_film(alt: str = "A boat is poled along a dyke") -> Media:
    """Make a video whose bytes are kept under their hash."""
    return Media(file="media/boat.mp4", alt=alt, sha256=_sha256(FILM), media_type="video/mp4")


def pictures_of(
    media: MediaStore, clock: Clock, *, public_url: str = "https://herald.example.org"
) -> PreparedPictures:
    """Make the pictures of *media* ready, as Herald does it."""
    return PreparedPictures(media, clock=clock, public_url=public_url)


def surroundings(
    folder: Path,
    clock: Clock,
    *,
    media: MediaStore | None = None,
    public_url: str = "https://herald.example.org",
) -> Surroundings:
    """Make what an account is given to work with."""
    kept = media or KeptMedia(PICTURE, FILM)
    pictures = pictures_of(kept, clock, public_url=public_url)
    return Surroundings(folder=folder, media=kept, pictures=pictures, clock=clock)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
