"""Pictures in the database, by the SHA-256 of their bytes: ``herald.ports.MediaStore``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from herald.errors import MediaMissing
from herald.model.picture import Picture
from herald.store.batches import batches
from herald.store.engine import Store
from herald.store.tables import media, published_media
from herald.store.upsert import upsert


class StoredMedia:
    """Keeps pictures in *store*'s database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put_media(self, sha256: str, media_type: str, content: bytes) -> None:
        """Keep *content*; a repeat changes nothing."""
        row = {"sha256": sha256, "media_type": media_type, "content": content}
        async with self._store.writing() as connection:
            await upsert(connection, media, row)

    async def has_media(self, hashes: Collection[str]) -> frozenset[str]:
        """Return those of *hashes* that are kept."""
        found: set[str] = set()
        async with self._store.reading() as connection:
            for some in batches(sorted(set(hashes))):
                rows = await connection.execute(
                    select(media.c.sha256).where(media.c.sha256.in_(some))
                )
                found.update(rows.scalars())
        return frozenset(found)

    async def get_media(self, sha256: str) -> bytes:
        """Return the bytes; raise MediaMissing when they are not kept."""
        async with self._store.reading() as connection:
            rows = await connection.execute(select(media.c.content).where(media.c.sha256 == sha256))
            content = rows.scalar()
        if content is None:
            raise MediaMissing(
                f"the picture {sha256[:12]} is not in the store (run herald plan while it is there)"
            )
        return bytes(content)

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        """Let everybody fetch *picture* by its SHA-256 from now on; a repeat counts from *now*.

        Never for less long than before: a letter's picture is published ahead of its time.
        """
        known = select(published_media.c.published_at).where(
            published_media.c.sha256 == picture.sha256
        )
        async with self._store.reading() as connection:
            before = (await connection.execute(known)).scalar()
        row = {
            "sha256": picture.sha256,
            "published_at": now if before is None else max(now, before),
            "media_type": picture.media_type,
            "width": picture.width,
            "height": picture.height,
            "content": picture.content,
        }
        async with self._store.writing() as connection:
            await upsert(connection, published_media, row, change=("published_at",))

    async def published(self, sha256: str) -> Picture | None:
        """Return what was published; None for anything else, kept or not."""
        wanted = select(published_media).where(published_media.c.sha256 == sha256)
        async with self._store.reading() as connection:
            row = (await connection.execute(wanted)).mappings().first()
        if row is None:
            return None
        return Picture(
            content=bytes(row["content"]),
            media_type=row["media_type"],
            width=row["width"],
            height=row["height"],
        )

    async def unpublish(self, *, before: datetime) -> None:
        """Forget what was published before that moment, and never again since."""
        old = published_media.c.published_at < before
        async with self._store.reading() as connection:
            there = await connection.execute(select(published_media.c.sha256).where(old).limit(1))
            if there.first() is None:
                return  # as a rule there is nothing, and to write costs a turn at the disk
        async with self._store.writing() as connection:
            await connection.execute(delete(published_media).where(old))
