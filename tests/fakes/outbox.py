"""The simulated years' outbox in memory, with pictures: for tests of whatever works with an outbox.

It shares no code with the store, so that a mistake in either shows as a difference between the two.

    outbox = MemoryOutbox(a_delivery(), a_delivery(language="it"))
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from herald.errors import MediaMissing
from herald.model.delivery import Delivery
from herald.model.picture import Picture
from herald.simulating.outbox import ScratchOutbox


class MemoryOutbox(ScratchOutbox):
    """Keeps the contracts of ``herald.ports.OutboxStore`` and ``MediaStore``."""

    def __init__(self, *deliveries: Delivery) -> None:
        super().__init__(*deliveries)
        self._media: dict[str, bytes] = {}
        self._published: dict[str, tuple[datetime, Picture]] = {}

    def put(self, delivery: Delivery) -> None:
        """Let *delivery* stand as it is, whatever stood there."""
        self._put(delivery)

    async def put_media(self, sha256: str, media_type: str, content: bytes) -> None:
        self._media.setdefault(sha256, content)

    async def has_media(self, hashes: Collection[str]) -> frozenset[str]:
        return frozenset(self._media.keys() & set(hashes))

    async def get_media(self, sha256: str) -> bytes:
        if sha256 not in self._media:
            raise MediaMissing(f"the picture {sha256[:12]} is not in the store")
        return self._media[sha256]

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        self._published[picture.sha256] = (now, picture)

    async def published(self, sha256: str) -> Picture | None:
        found = self._published.get(sha256)
        return found[1] if found else None

    async def unpublish(self, *, before: datetime) -> None:
        for sha256, (at, _) in list(self._published.items()):
            if at < before:
                del self._published[sha256]
