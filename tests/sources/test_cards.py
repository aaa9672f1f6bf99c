"""Cards of links: what a page says of itself, asked for carefully and kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from herald.clock import SetClock
from herald.model.card import LinkCard
from herald.model.page import PageFacts
from herald.sources.cards import FORGOTTEN_AFTER, KEPT, PICTURE_MOST, TROUBLE_KEPT, Cards
from herald.sources.feeds.fetching.fetch import Fetcher, Limits
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.webpages.webpage import read_page
from herald.store.cards import StoredCards
from herald.store.engine import open_store
from herald.store.media import StoredMedia
from tests.channels.kept import PICTURE
from tests.sources.feeds.documents import NOW, Site, a_site

PAGE = """<!doctype html><html lang="mt"><head><meta charset="utf-8">
<title>Il-ħanut – Mużew</title>
<meta property="og:title" content="Il-ħanut tal-melħ &amp; il-baħar">
<meta property="og:description" content="Il-ġirien irrestawraw il-maħżen.">
<meta property="og:image" content="/img/salt.jpg">
<meta property="og:image:alt" content="Barmil tal-melħ">
</head><body><p>…</p></body></html>"""


class ReadsHere:
    """Reads pages in this process: what is read is ours."""

    async def read_page(self, document: Document) -> PageFacts:
        return read_page(document)


class LateCards(StoredCards):
    """Cards of which the first look is told late, where somebody says when."""

    tells: asyncio.Event | None = None

    async def card(self, link: str) -> LinkCard | None:
        found = await super().card(link)
        if (tells := self.tells) is not None:
            self.tells = None
            await tells.wait()
        return found


@dataclass
class Herald:
    """Cards, and the site that they are made of."""

    site: Site
    clock: SetClock
    cards: Cards
    store: LateCards
    media: StoredMedia

    async def card(self, path: str = "/salt") -> LinkCard | None:
        return await self.cards.card(self.site.url(path))


@pytest.fixture
async def herald(store_url: str, tmp_path: Path) -> AsyncIterator[Herald]:
    clock = SetClock(NOW)
    store = await open_store(store_url, tmp_path)
    limits = Limits(connect=4, read=4, total=4, spacing=timedelta(0))
    kept, media = LateCards(store), StoredMedia(store)
    async with (
        a_site() as site,
        Fetcher(contact="", clock=clock, allow_private=True, limits=limits) as fetcher,
    ):

        async def readers() -> tuple[Fetcher, ReadsHere]:
            return fetcher, ReadsHere()

        cards = Cards(kept, media, readers, clock=clock)
        site.serve("/salt", PAGE, headers={"Content-Type": "text/html"})
        site.serve("/img/salt.jpg", PICTURE, headers={"Content-Type": "image/jpeg"})
        yield Herald(site=site, clock=clock, cards=cards, store=kept, media=media)
    await store.close()


async def test_a_page_is_shown_as_it_wants_to_be(herald: Herald) -> None:
    card = await herald.card()
    assert card is not None
    assert card.title == "Il-ħanut tal-melħ & il-baħar"
    assert card.description == "Il-ġirien irrestawraw il-maħżen."
    assert card.picture is not None
    assert card.picture.alt == "Barmil tal-melħ"
    assert await herald.media.get_media(card.picture.sha256) == PICTURE


async def test_a_page_that_says_nothing_of_sharing_has_its_title(herald: Herald) -> None:
    herald.site.serve("/plain", "<title>A walk</title>", headers={"Content-Type": "text/html"})
    card = await herald.card("/plain")
    assert card is not None
    assert (card.title, card.description, card.picture) == ("A walk", "", None)


async def test_a_page_is_asked_once_for_many_posts_and_again_after_a_week(herald: Herald) -> None:
    first = await herald.card()
    assert await herald.card() == first
    assert [one.path for one in herald.site.requests] == ["/salt", "/img/salt.jpg"]
    herald.clock.advance(KEPT)
    again = await herald.card()
    assert again is not None
    assert len(herald.site.requests) == 4
    assert again.made_at == herald.clock.now()


async def test_who_asks_at_the_same_time_shares_one_reading(herald: Herald) -> None:
    found = await asyncio.gather(*(herald.card() for _ in range(5)))
    assert len({one.title for one in found if one}) == 1
    assert len(herald.site.requests) == 2


async def test_who_learns_late_that_nothing_was_kept_reads_no_page_again(herald: Herald) -> None:
    tells = herald.store.tells = asyncio.Event()
    late = asyncio.create_task(herald.card())
    while herald.store.tells is not None:  # noqa: ASYNC110 - it has begun to look
        await asyncio.sleep(0)
    first = await herald.card()
    tells.set()
    assert await late == first
    assert len(herald.site.requests) == 2


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("not here", 404, "text/html"),
        ("%PDF-1.7", 200, "application/pdf"),
        ("<p>no title", 200, "text/html"),
        ("", 200, "text/html"),
    ],
)
async def test_what_is_no_page_has_no_card_and_is_left_in_peace(
    herald: Herald, body: str, status: int, kind: str
) -> None:
    herald.site.serve("/other", body, status=status, headers={"Content-Type": kind})
    assert await herald.card("/other") is None
    assert await herald.card("/other") is None
    assert len(herald.site.requests) == 1
    herald.clock.advance(TROUBLE_KEPT)
    herald.site.serve("/other", "<title>Here</title>", headers={"Content-Type": "text/html"})
    found = await herald.card("/other")
    assert found is not None
    assert found.title == "Here"


async def test_a_page_that_is_gone_for_a_while_keeps_its_last_card(herald: Herald) -> None:
    first = await herald.card()
    herald.clock.advance(KEPT)
    herald.site.serve("/salt", "closed", status=503)
    assert await herald.card() == first


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<svg onload='x()'/>", "image/svg+xml"),
        (b"x" * (PICTURE_MOST + 1), "image/jpeg"),
        (b"gone", "text/html"),
    ],
    ids=["a drawing that can run", "a giant", "no picture"],
)
async def test_a_picture_that_is_none_is_left_out(herald: Herald, body: bytes, kind: str) -> None:
    herald.site.serve("/img/salt.jpg", body, headers={"Content-Type": kind})
    card = await herald.card()
    assert card is not None
    assert card.picture is None


@pytest.mark.parametrize("link", ["", "mailto:ana@example.org", "file:///etc/passwd"])
async def test_what_is_no_web_address_is_never_asked_for(herald: Herald, link: str) -> None:
    assert await herald.cards.card(link) is None


async def test_addresses_inside_a_network_are_not_asked(herald: Herald) -> None:
    async with Fetcher(contact="", clock=herald.clock) as careful:

        async def readers() -> tuple[Fetcher, ReadsHere]:
            return careful, ReadsHere()

        cards = Cards(herald.store, herald.media, readers, clock=herald.clock)
        assert await cards.card(herald.site.url("/salt")) is None
    assert herald.site.requests == []


async def test_a_picture_inside_a_network_is_not_asked_for(herald: Herald) -> None:
    inside = '<title>A</title><meta property="og:image" content="http://10.0.0.1/camera.jpg">'
    herald.site.serve("/page", inside, headers={"Content-Type": "text/html"})

    class OnlyTheSite:
        """Reaches the test's own site as if it were public, and nothing else private."""

        async def fetch(self, url: str, *, accept: str = "") -> object:
            fetcher = trusting if url.startswith(herald.site.base) else careful
            return await fetcher.fetch(url, accept=accept)

    async with (
        Fetcher(contact="", clock=herald.clock) as careful,
        Fetcher(contact="", clock=herald.clock, allow_private=True) as trusting,
    ):

        async def readers() -> tuple[OnlyTheSite, ReadsHere]:
            return OnlyTheSite(), ReadsHere()

        cards = Cards(herald.store, herald.media, readers, clock=herald.clock)  # type: ignore[arg-type]
        card = await cards.card(herald.site.url("/page"))
    assert card is not None
    assert card.picture is None


async def test_a_page_that_drips_ends_in_time(herald: Herald) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/html"})
        await answer.prepare(request)
        await answer.write(b"<title>The salt house</title>")
        for _ in range(100):
            await answer.write(b" ")
            await asyncio.sleep(0.1)
        return answer

    herald.site.answers["/slow"] = drip
    assert await herald.card("/slow") is None


async def test_old_cards_are_forgotten(herald: Herald) -> None:
    await herald.card()
    herald.clock.advance(FORGOTTEN_AFTER + timedelta(seconds=1))
    herald.site.serve("/new", "<title>New</title>", headers={"Content-Type": "text/html"})
    await herald.card("/new")
    assert await herald.store.card(herald.site.url("/salt")) is None
    assert await herald.store.card(herald.site.url("/new")) is not None
