"""Makes the cards of links from what the linked pages say of themselves.

Networks that make none themselves want one from the sender: title, description and picture. A page
is asked as carefully as a feed: its address must be public, it has little time and room, and what
it says is read by a process that may be ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from herald.model.card import LinkCard
from herald.model.delivery import Media
from herald.model.page import PageFacts
from herald.ports import CardStore, Clock, MediaStore
from herald.sources.feeds.fetching.fetch import ACCEPT_PAGE, Fetched, FetchFailed, FetchResult
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.workers import ParseFailed

KEPT = timedelta(days=7)
"""After that a page is read again when it is linked again."""
FORGOTTEN_AFTER = timedelta(days=180)
TROUBLE_KEPT = timedelta(hours=1)
"""So long a page that could not be read is left in peace."""
SECONDS = 20.0
"""For a page and its picture: a card is not worth a late post."""
PICTURE_MOST = 5_000_000
"""Bytes of a picture; larger ones are no small pictures beside a link."""
ACCEPT_PICTURE = "image/jpeg, image/png, image/webp, image/gif;q=0.8"
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_PAGES = ("", "text/html", "application/xhtml+xml")
_TITLE_MOST, _DESCRIPTION_MOST = 300, 1000
"""Characters, of which networks show the beginning."""

log = logging.getLogger(__name__)


class Fetches(Protocol):
    """What making cards wants of ``fetch.Fetcher``."""

    async def fetch(self, url: str, *, accept: str = ACCEPT_PAGE) -> FetchResult:
        """Ask for *url*; never raises for the network."""
        ...


class ReadsPages(Protocol):
    """What making cards wants of ``workers.Parser``."""

    async def read_page(self, document: Document) -> PageFacts | ParseFailed:
        """Read a page within bounds; never raises for what it contains."""
        ...


Readers = Callable[[], Awaitable[tuple[Fetches, ReadsPages]]]
"""Opens what asks for pages and what reads them, at their first use."""


class Cards:
    """The cards of links: kept ones, and new ones of pages that are linked for the first time."""

    def __init__(
        self, store: CardStore, media: MediaStore, readers: Readers, *, clock: Clock
    ) -> None:
        self._store = store
        self._media = media
        self._readers = readers
        self._clock = clock
        self._making: dict[str, asyncio.Task[LinkCard]] = {}

    async def card(self, link: str) -> LinkCard | None:
        """Return the card of the page behind *link*; None if the page cannot be read now."""
        if not link.startswith(("https://", "http://")):
            return None
        kept = await self._store.card(link)
        if kept is not None and self._is_fresh(kept):
            return None if kept.trouble else kept
        made = await self._made_once(link)
        if made.trouble and kept is not None and not kept.trouble:
            return kept  # what it said last week is better than nothing
        return None if made.trouble else made

    def _is_fresh(self, card: LinkCard) -> bool:
        age = self._clock.now() - card.made_at
        return timedelta(0) <= age < (TROUBLE_KEPT if card.trouble else KEPT)

    async def _made_once(self, link: str) -> LinkCard:
        """Read the page; who else wants it meanwhile waits for the same reading."""
        if link not in self._making:
            self._making[link] = asyncio.create_task(self._make(link), name="read a linked page")
            self._making[link].add_done_callback(lambda _: self._making.pop(link, None))
        return await asyncio.shield(self._making[link])

    async def _make(self, link: str) -> LinkCard:
        # Who looked before another's reading was kept comes here after it has ended.
        kept = await self._store.card(link)
        if kept is not None and self._is_fresh(kept):
            return kept
        try:
            async with asyncio.timeout(SECONDS):
                card = await self._read(link)
        except TimeoutError:
            card = self._without(link, f"the page took longer than {SECONDS:g} seconds")
        if card.trouble:
            log.info("no card for a link", extra={"link": link, "why": card.trouble})
        if not card.trouble or await self._store.card(link) is None:
            await self._store.save_card(card)
            await self._store.forget_cards(before=card.made_at - FORGOTTEN_AFTER)
        return card

    async def _read(self, link: str) -> LinkCard:
        fetcher, parser = await self._readers()
        fetched = await fetcher.fetch(link, accept=ACCEPT_PAGE)
        if not isinstance(fetched, Fetched):
            why = fetched.why if isinstance(fetched, FetchFailed) else "the server sent no page"
            return self._without(link, why)
        kind = fetched.content_type.partition(";")[0].strip().lower()
        if kind not in _PAGES:
            return self._without(link, f"it leads to no web page, but to {kind}")
        facts = await parser.read_page(
            Document(
                body=fetched.body,
                content_type=fetched.content_type,
                url=fetched.final_url,
                now=self._clock.now(),
            )
        )
        if isinstance(facts, ParseFailed):
            return self._without(link, facts.why)
        card = self._told(link, facts)
        if not card.title:
            return self._without(link, "the page has no title")
        return replace(card, picture=await self._picture(facts, fetcher))

    def _told(self, link: str, facts: PageFacts) -> LinkCard:
        return LinkCard(
            link=link,
            title=(facts.shown_title or facts.title)[:_TITLE_MOST],
            description=facts.description[:_DESCRIPTION_MOST],
            made_at=self._clock.now(),
        )

    async def _picture(self, facts: PageFacts, fetcher: Fetches) -> Media | None:
        """Fetch and keep the page's picture; a card without one is a card as well."""
        if not facts.image:
            return None
        fetched = await fetcher.fetch(facts.image, accept=ACCEPT_PICTURE)
        if not isinstance(fetched, Fetched) or len(fetched.body) > PICTURE_MOST:
            return None
        kind = fetched.content_type.partition(";")[0].strip().lower()
        if kind not in _PICTURES:
            return None
        digest = hashlib.sha256(fetched.body).hexdigest()
        await self._media.put_media(digest, kind, fetched.body)
        return Media(sha256=digest, media_type=kind, alt=facts.image_alt)

    def _without(self, link: str, why: str) -> LinkCard:
        return LinkCard(link=link, made_at=self._clock.now(), trouble=why)
