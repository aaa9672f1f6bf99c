"""Pictures kept in memory, and one to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from herald.channels.network import Surroundings
from herald.errors import MediaMissing
from herald.media.pictures import PreparedPictures
from herald.model.delivery import Media
from herald.ports import Clock, MediaStore

PICTURE = b"\xff\xd8\xff\xe0 three people walk on a dyke"


class KeptMedia:
    """A media store in memory."""

    def __init__(self, *contents: bytes) -> None:
        self._contents = {_sha256(content): content for content in contents}

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


def a_picture(alt: str = "Three people walk on a dyke", content: bytes = PICTURE) -> Media:
    """Make a picture whose bytes are kept under their hash."""
    return Media(file="media/rice.jpg", alt=alt, sha256=_sha256(content), media_type="image/jpeg")


def surroundings(
    folder: Path,
    clock: Clock,
    *,
    media: MediaStore | None = None,
    public_url: str = "https://herald.example.org",
) -> Surroundings:
    """Make what an account is given to work with."""
    kept = media or KeptMedia(PICTURE)
    pictures = PreparedPictures(kept, public_url=public_url)
    return Surroundings(folder=folder, media=kept, pictures=pictures, clock=clock)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
