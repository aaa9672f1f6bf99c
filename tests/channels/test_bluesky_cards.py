"""The card beside a link on Bluesky: what the linked page says of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pytest

from herald.channels.bluesky.channel import BlueskyChannel
from herald.channels.bluesky.session import SignedIn
from herald.channels.bluesky.settings import BlueskySettings
from herald.channels.settings import read_settings
from herald.clock import SetClock
from herald.model.card import LinkCard
from herald.model.delivery import Media, Sent
from tests.channels.kept import PICTURE, KeptMedia, a_picture, pictures_of
from tests.channels.test_bluesky import a_claim, named
from tests.makers import NOON, a_channel
from tests.servers.bluesky import HANDLE, PASSWORD, BlueskyServer, serving

LINK = "https://example.org/en/salt"
UPLOAD = "com.atproto.repo.uploadBlob"
PHOTO = Media(
    sha256=hashlib.sha256(PICTURE).hexdigest(), media_type="image/jpeg", alt="A salt store"
)


@dataclass
class KeptCards:
    """Cards that are known, and the links that were asked for."""

    known: dict[str, LinkCard] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def card(self, link: str) -> LinkCard | None:
        """Return what is known."""
        self.asked.append(link)
        return self.known.get(link)


def page(**told: Any) -> KeptCards:
    """Make the card of the one page that is linked."""
    values = {"title": "The salt house", "description": "Neighbours restored it.", **told}
    return KeptCards({LINK: LinkCard(link=LINK, made_at=NOON, **values)})


def opened(server: BlueskyServer, clock: SetClock, cards: KeptCards | None) -> BlueskyChannel:
    config = a_channel(network="bluesky", settings={"handle": HANDLE, "server": server.address})
    settings = read_settings(BlueskySettings, config)
    signed_in = SignedIn(settings, PASSWORD, user_agent="Herald/test", clock=clock)
    pictures = pictures_of(KeptMedia(PICTURE), clock)
    return BlueskyChannel(
        config.id, settings, signed_in, pictures=pictures, cards=cards, clock=clock
    )


async def embed_of(cards: KeptCards | None, **claim: Any) -> dict[str, Any]:
    """Send one post, and return what stands beside its words."""
    clock = SetClock(NOON)
    async with serving(clock) as server:
        channel = opened(server, clock, cards)
        assert isinstance(await channel.send(a_claim(**claim)), Sent)
        [record] = server.records.values()
        embed = record.get("embed", {})
        assert isinstance(embed, dict)
        return embed


async def test_the_page_speaks_for_itself() -> None:
    embed = await embed_of(page(picture=PHOTO), link=LINK, title="Salt")
    external = embed["external"]
    assert embed["$type"] == "app.bsky.embed.external"
    assert external["title"] == "The salt house"
    assert external["description"] == "Neighbours restored it."
    assert external["thumb"]["mimeType"] == "image/jpeg"
    assert external["thumb"]["size"] > 0


async def test_of_a_page_that_cannot_be_read_the_post_speaks() -> None:
    embed = await embed_of(KeptCards(), link=LINK, title="Salt")
    assert embed["external"] == {"uri": LINK, "title": "Salt", "description": ""}


async def test_pictures_of_the_post_leave_no_room_for_a_card_and_no_page_is_asked() -> None:
    cards = page(picture=PHOTO)
    embed = await embed_of(cards, link=LINK, media=(a_picture("Salt"),))
    assert embed["$type"] == "app.bsky.embed.images"
    assert cards.asked == []


@pytest.mark.parametrize("link", ["", "mailto:ana@example.org"])
async def test_what_is_no_page_has_no_card(link: str) -> None:
    cards = page()
    assert await embed_of(cards, link=link) == {}
    assert cards.asked == []


async def test_a_picture_that_is_refused_costs_the_card_its_picture_alone() -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        server.can(UPLOAD, named(400, "InvalidMimeType"))
        channel = opened(server, clock, page(picture=PHOTO))
        assert isinstance(await channel.send(a_claim(link=LINK)), Sent)
        [record] = server.records.values()
    assert record["embed"]["external"]["title"] == "The salt house"
    assert "thumb" not in record["embed"]["external"]


async def test_a_picture_whose_bytes_are_gone_costs_no_post() -> None:
    lost = Media(sha256="0" * 64, media_type="image/jpeg")
    embed = await embed_of(page(picture=lost), link=LINK)
    assert "thumb" not in embed["external"]
