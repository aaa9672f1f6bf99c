"""Cards of links in the database: ``herald.ports.CardStore``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from herald.model.card import LinkCard
from herald.model.delivery import Media
from herald.store.engine import Store
from herald.store.tables import link_card
from herald.store.upsert import upsert


class StoredCards:
    """Keeps cards in *store*'s database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def card(self, link: str) -> LinkCard | None:
        """Return what was kept last of the page behind *link*; None for nothing."""
        async with self._store.reading() as connection:
            found = await connection.execute(select(link_card).where(link_card.c.link == link))
            row = found.mappings().first()
        if row is None:
            return None
        picture = Media(sha256=row["sha256"], media_type=row["media_type"], alt=row["alt"])
        return LinkCard(
            link=row["link"],
            title=row["title"],
            description=row["description"],
            picture=picture if picture.sha256 else None,
            made_at=row["made_at"],
            trouble=row["trouble"],
        )

    async def save_card(self, card: LinkCard) -> None:
        """Keep *card* in the place of an earlier one of its link."""
        picture = card.picture or Media()
        row = {
            "link": card.link,
            "title": card.title,
            "description": card.description,
            "sha256": picture.sha256,
            "media_type": picture.media_type,
            "alt": picture.alt,
            "trouble": card.trouble,
            "made_at": card.made_at,
        }
        async with self._store.writing() as connection:
            await upsert(connection, link_card, row, change=[*row])

    async def forget_cards(self, *, before: datetime) -> None:
        """Forget the cards that were made before that moment."""
        async with self._store.writing() as connection:
            await connection.execute(delete(link_card).where(link_card.c.made_at < before))
