"""Pictures in the database, by the SHA-256 of their bytes: ``herald.ports.MediaStore``."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from herald.errors import MediaMissing
from herald.store.batches import batches
from herald.store.engine import Store
from herald.store.tables import media
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
