"""Gives the pictures of letters an address, made ready for mail programs.

A picture in a letter is fetched by whoever opens it, for years, so it is kept for longer than those
that a network fetches once. Without public pages it cannot be shown, and is left out.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from herald.errors import MediaMissing, PictureUnusable
from herald.media.fitting import Limits
from herald.media.prepare import prepare
from herald.model.mailing import LetterPicture
from herald.model.picture import Picture
from herald.ports import Clock

KEPT_FOR = timedelta(days=3653)
"""A letter is found again in a mailbox and on the archive's pages."""

LIMITS = Limits(
    # Twice what is shown, for fine screens. Outlook shows neither WebP nor AVIF.
    side=1120,
    bytes_most=400_000,
    types=frozenset({"image/jpeg", "image/png"}),
)
"""Of one picture: what a telephone on the road still fetches."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What is remembered of a picture that everybody can fetch."""

    file_name: str
    width: int
    height: int


class KeepsPictures(Protocol):
    """Has the pictures of items, and takes those that letters show."""

    async def get_media(self, sha256: str) -> bytes:
        """Return the bytes; raise ``herald.errors.MediaMissing`` when they are not kept."""
        ...

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        """Let everybody fetch *picture* by its SHA-256 from now on."""
        ...


class LetterPictures:
    """Keeps and shows the pictures of letters; each is made ready once in a process."""

    def __init__(
        self, media: KeepsPictures, *, folder: Path, clock: Clock, public_url: str
    ) -> None:
        """Take the *folder* that files are named from, and where Herald's pages are reached."""
        self._media = media
        self._folder = folder.resolve()
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._room = asyncio.Lock()  # decoded, a single one can take 300 MB
        self._shown: dict[str, _Made] = {}

    async def shown(self, picture: LetterPicture) -> LetterPicture:
        """Return *picture* with an address, and its size where that is known.

        Without an address nobody can fetch it. Raises PictureUnusable.
        """
        if picture.url or not self._public_url:
            return picture
        async with self._room:
            try:
                made = await self._made(picture)
            except (OSError, MediaMissing) as error:
                raise PictureUnusable(f"the picture {picture.file} cannot be read") from error
            except PictureUnusable as error:
                raise PictureUnusable(f"the picture {picture.file}: {error}") from error
        return replace(
            picture,
            url=f"{self._public_url}/media/{made.file_name}",
            width=made.width,
            height=made.height,
        )

    async def _made(self, picture: LetterPicture) -> _Made:
        content = b""
        digest = picture.sha256
        if not digest:
            content = await asyncio.to_thread(self._read, picture.file)
            digest = hashlib.sha256(content).hexdigest()
        if found := self._shown.get(digest):
            return found
        if not content:
            content = await self._kept(picture)
        made = await asyncio.to_thread(prepare, content, LIMITS)
        await self._media.publish(made, now=self._clock.now() + KEPT_FOR)
        self._shown[digest] = _Made(made.file_name, made.width, made.height)
        return self._shown[digest]

    async def _kept(self, picture: LetterPicture) -> bytes:
        """Return a picture from the store; what no channel posts is only in its file."""
        try:
            return await self._media.get_media(picture.sha256)
        except MediaMissing:
            return await asyncio.to_thread(self._read, picture.file)

    def _read(self, file: str) -> bytes:
        path = (self._folder / file).resolve()
        if not path.is_relative_to(self._folder):
            raise PictureUnusable("it lies outside Herald's folder: copy it there")
        return path.read_bytes()
