"""What every channel promises, tested on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.channels.journal_file import journal_path, read_journal
from herald.channels.manual import packs_folder
from herald.channels.registry import BROUGHT_ALONG
from herald.clock import SetClock
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Found,
    Outcome,
    RepeatSafe,
    Sent,
    Sighting,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId, Language, OccasionId
from herald.model.network import Handle
from herald.ports import Channel
from tests.channels.kept import a_picture
from tests.contracts.places import Held, Illustrated, Place
from tests.contracts.places_apprise import an_apprise
from tests.contracts.places_discord import a_discord
from tests.contracts.places_linkedin import a_linkedin
from tests.contracts.places_meta import a_facebook, a_threads, an_instagram
from tests.contracts.places_slack import a_slack
from tests.contracts.places_telegram import a_telegram
from tests.contracts.places_webhook import a_webhook
from tests.contracts.places_wordpress import a_wordpress
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers import bluesky, matrix
from tests.servers.bluesky import BlueskyServer
from tests.servers.mastodon import BEHAVIOURS, TOKEN, Behaviour, Fault, MastodonServer, serving
from tests.servers.matrix import MatrixServer
from tests.servers.pds import Account, RealPds
from tests.servers.synapse import RealRoom, RealSynapse
from tests.servers.wordpress_real import RealWordPress


class JournalPlace(Place):
    """A journal."""

    repeats_are_safe = True

    def gone(self) -> Channel:
        return self._without_a_folder()

    def held(self) -> list[Held]:
        lines = read_journal(journal_path(self.folder, self.config.id))
        return [
            Held(line.text, line.language, tuple(media.alt for media in line.media))
            for line in lines
        ]


class ManualPlace(Place):
    """Copy packs."""

    repeats_are_safe = True

    def gone(self) -> Channel:
        return self._without_a_folder()

    def held(self) -> list[Held]:
        packs = packs_folder(self.folder, self.config.id)
        return [self._read(pack) for pack in sorted(packs.iterdir()) if pack.name[0] != "."]

    @staticmethod
    def _read(pack: Path) -> Held:
        readme = (pack / "README.txt").read_text(encoding="utf-8")
        language = readme.partition("Language:")[2].split()[0]
        alts = sorted(pack.glob("image-*-description.txt"))
        return Held(
            (pack / "text.txt").read_bytes().decode(),
            language,
            tuple(alt.read_bytes().decode() for alt in alts),
        )


class MastodonPlace(Place):
    """A server that speaks Mastodon's API in its own way."""

    secrets: Mapping[str, str] = {"access_token": TOKEN}

    def __init__(
        self, server: MastodonServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.server = server
        super().__init__(config, folder, clock)
        self.repeats_are_safe = server.behaviour.remembers_keys
        self.keeps_language = server.behaviour.keeps_language

    def _opened(self, config: ChannelConfig, folder: Path) -> Channel:
        channel = super()._opened(config, folder)
        return Illustrated(channel) if self.server.behaviour.needs_media else channel

    def held(self) -> list[Held]:
        return [
            Held(one.text, one.language, tuple(media.description for media in one.media))
            for one in self.server.statuses
        ]

    def gone(self) -> Channel:
        nobody = replace(self.config, settings={"server": "https://no.such.server.invalid"})
        return self._opened(nobody, self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


class BlueskyPlace(Place):
    """A server that speaks Bluesky's protocol."""

    repeats_are_safe = True
    secrets: Mapping[str, str] = {"app_password": bluesky.PASSWORD}

    def __init__(
        self, server: BlueskyServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [_of_record(record) for record in self.server.records.values()]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


class RealBlueskyPlace(Place):
    """Bluesky's own server."""

    repeats_are_safe = True
    secrets: Mapping[str, str] = {"app_password": bluesky.PASSWORD}

    def __init__(
        self, account: Account, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        super().__init__(config, folder, clock)
        self.account = account

    def held(self) -> list[Held]:
        return [_of_record(record) for record in self.account.posts()]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)


class MatrixPlace(Place):
    """A server that speaks Matrix' protocol."""

    repeats_are_safe = True
    secrets: Mapping[str, str] = {"access_token": matrix.TOKEN}

    def __init__(
        self, server: MatrixServer, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        super().__init__(config, folder, clock)
        self.server = server

    def held(self) -> list[Held]:
        return [_of_event(content) for content in self.server.contents]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)

    async def send_and_lose(self, claim: Claim) -> Outcome:
        self.server.faults.append(Fault.LOST_REPLY)
        return await self.channel.send(claim)


class RealMatrixPlace(Place):
    """Matrix' own server."""

    repeats_are_safe = True

    def __init__(
        self, room: RealRoom, config: ChannelConfig, folder: Path, clock: SetClock
    ) -> None:
        self.secrets = {"access_token": room.token}
        super().__init__(config, folder, clock)
        self.room = room

    def held(self) -> list[Held]:
        return [_of_event(content) for content in self.room.contents()]

    def gone(self) -> Channel:
        nobody = {**self.config.settings, "server": "https://no.such.server.invalid"}
        return self._opened(replace(self.config, settings=nobody), self.folder)


def _of_event(content: dict[str, Any]) -> Held:
    text, picture, alt = content["body"].partition("\n\n\U0001f5bc\ufe0f ")
    language = content["herald-heritage.delivery"].get("language")
    return Held(text, language, (alt,) if picture else ())


def _of_record(record: dict[str, Any]) -> Held:
    images = record.get("embed", {}).get("images", [])
    language = next(iter(record.get("langs", [])), None)
    return Held(record["text"], language, tuple(image["alt"] for image in images))


FURTHER: Mapping[
    str, Callable[[ChannelConfig, Path, SetClock], AbstractAsyncContextManager[Place]]
] = {
    "discord": a_discord,
    "facebook": a_facebook,
    "instagram": an_instagram,
    "linkedin": a_linkedin,
    "slack": a_slack,
    "telegram": a_telegram,
    "threads": a_threads,
    "apprise": an_apprise,
    "webhook": a_webhook,
    "wordpress": a_wordpress,
}
"""How the places of further networks are opened, by network; each stands in a module of its own."""


@asynccontextmanager
async def a_place(
    network: str, behaviour: Behaviour | RealPds | RealSynapse | RealWordPress | None, folder: Path
) -> AsyncIterator[Place]:
    clock = SetClock(NOON)
    config = a_channel(id=ChannelId("here"), network=network)
    match network:
        case "wordpress" if isinstance(behaviour, RealWordPress):
            async with a_wordpress(config, folder, clock, behaviour) as site:
                yield site
        case _ if network in FURTHER:
            async with FURTHER[network](config, folder, clock) as place:
                yield place
        case "bluesky" if isinstance(behaviour, RealPds):
            account = behaviour.account()
            settings = {"handle": account.handle, "server": account.address}
            yield RealBlueskyPlace(account, replace(config, settings=settings), folder, clock)
        case "bluesky":
            async with bluesky.serving(clock) as pds:
                settings = {"handle": bluesky.HANDLE, "server": pds.address}
                yield BlueskyPlace(pds, replace(config, settings=settings), folder, clock)
        case "journal":
            yield JournalPlace(config, folder, clock)
        case "manual":
            yield ManualPlace(config, folder, clock)
        case "matrix" if isinstance(behaviour, RealSynapse):
            room = behaviour.room()
            settings = {"room": room.alias, "server": room.address}
            yield RealMatrixPlace(room, replace(config, settings=settings), folder, clock)
        case "matrix":
            async with matrix.serving(clock) as homeserver:
                settings = {"room": matrix.ALIAS, "server": homeserver.address}
                yield MatrixPlace(homeserver, replace(config, settings=settings), folder, clock)
        case _:
            assert isinstance(behaviour, Behaviour)
            async with serving(behaviour, clock) as server:
                with_server = replace(config, settings={"server": server.address})
                yield MastodonPlace(server, with_server, folder, clock)


PLACES: list[tuple[str, Behaviour | None]] = [
    ("bluesky", None),
    ("journal", None),
    ("manual", None),
    *(("mastodon", behaviour) for behaviour in BEHAVIOURS),
    ("matrix", None),
    *((network, None) for network in FURTHER),
]
REAL_BLUESKY = ("bluesky", "Bluesky's own server, where it is installed")
REAL_MATRIX = ("matrix", "Matrix' own server, where it is installed")
REAL_WORDPRESS = ("wordpress", "WordPress itself, where it is installed")


@pytest.fixture(
    params=[*PLACES, REAL_BLUESKY, REAL_MATRIX, REAL_WORDPRESS],
    ids=[
        *(behaviour.name if behaviour else network for network, behaviour in PLACES),
        "pds",
        "synapse",
        "wordpress itself",
    ],
)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    network, behaviour = request.param
    if request.param is REAL_BLUESKY:
        behaviour = request.getfixturevalue("pds")
    if request.param is REAL_MATRIX:
        behaviour = request.getfixturevalue("synapse")
    if request.param is REAL_WORDPRESS:
        behaviour = request.getfixturevalue("wordpress")
    async with a_place(network, behaviour, tmp_path) as place:
        yield place
        await place.channel.close()


def a_claim(**changes: Any) -> Claim:
    """Make a claim as the outbox makes it: frozen, with the moment of its first send."""
    payload = changes.pop("payload", None) or a_payload(
        **{name: changes.pop(name) for name in ("text", "media", "link") if name in changes}
    )
    values: dict[str, Any] = {"channel": ChannelId("here"), "language": payload.language}
    delivery = a_delivery(**values, payload=payload, frozen=payload, first_send_at=NOON, **changes)
    return Claim(delivery=delivery, token=1, attempt=1)


TEXTS = {
    "latin": "Il-Mużew tal-Għarb jiftaħ il-bieb: ċavetta, ħobż, żejt.",
    "greek": "Το αλάτι του τόπου — «ένα σπίτι» για όλους.",
    "polish": "Zażółć gęślą jaźń, mówi młynarz.",
    "arabic": "متحف القرية يفتح أبوابه \u2068(Argenta)\u2069 غدًا.",
    "hebrew": "בית המלח פתוח: 12:30–14:00.",
    "japanese": "塩の家で、隣人たちが教えています。",
    "emoji": "👩🏽‍🌾👨‍👩‍👧‍👦🏳️‍🌈 1️⃣ 🇸🇮 é (e\u0301)",
    "markup": "<b>5 < 6</b> & \"quotes\" 'n' `code` *stars* _lines_ \\back",
    "lines": "One.\n\nTwo, with a link:\nhttps://example.org/a/long/path/that/is/shortened?x=1&y=è#z",
    "tags": "#EcoMuséesÀlaUne #Ecomusei @argenta@social.example.org 50% off",
    "separators": "a\u2028b\u2029c\u0085d\te",
}


def is_honest(place: Place, sighting: Sighting) -> bool:
    """Tell whether a look-up says that it has no way to look, or that a repeat does no harm."""
    if isinstance(sighting, RepeatSafe):
        return place.repeats_are_safe
    return isinstance(sighting, CannotTell) and not sighting.again


async def test_what_was_sent_is_found_after_a_restart(place: Place) -> None:
    claim = a_claim()
    sent = await place.channel.send(claim)
    assert isinstance(sent, Sent)
    assert sent.receipt.remote_id
    later = place.opened()
    sighting = await later.look_up(claim)
    await later.close()
    if place.address_comes_later and isinstance(sighting, Found):
        assert sighting.receipt.url
        sighting = Found(replace(sighting.receipt, url=sent.receipt.url))
    assert sighting == Found(sent.receipt) if place.can_be_asked else is_honest(place, sighting)


async def test_what_was_never_sent_is_not_found(place: Place) -> None:
    sighting = await place.channel.look_up(a_claim())
    assert sighting == Absent() if place.can_be_asked else is_honest(place, sighting)


async def test_another_delivery_is_not_taken_for_the_one_sought(place: Place) -> None:
    await place.channel.send(a_claim(text="Come and see the boats."))
    sought = a_claim(text="The basket makers meet on Friday.", occasion=OccasionId("other"))
    sighting = await place.channel.look_up(sought)
    assert sighting == Absent() if place.can_be_asked else is_honest(place, sighting)


async def test_a_post_whose_answer_was_lost_is_found(place: Place) -> None:
    claim = a_claim()
    assert isinstance(await place.send_and_lose(claim), Unclear)
    place.clock.advance(timedelta(minutes=2))
    sighting = await place.channel.look_up(claim)
    seen = isinstance(sighting, Found) if place.can_be_asked else is_honest(place, sighting)
    assert seen
    assert len(place.held()) == 1


async def test_a_network_that_is_gone_was_sent_nothing_and_is_asked_again(place: Place) -> None:
    channel = place.gone()
    sent = await channel.send(a_claim())
    assert isinstance(sent, TryAgain if place.knows_what_never_left else Unclear)
    sighting = await channel.look_up(a_claim())
    if place.can_be_asked:
        assert isinstance(sighting, CannotTell)
        assert sighting.again
    else:
        assert is_honest(place, sighting)
    await channel.close()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_every_text_arrives_as_it_is_and_is_found(place: Place, text: str) -> None:
    claim = a_claim(text=text)
    assert isinstance(await place.channel.send(claim), Sent)
    assert [post.text for post in place.held()] == [place.arrives(text)]
    if place.can_be_asked:
        assert isinstance(await place.channel.look_up(claim), Found)


async def test_the_language_of_a_text_is_told(place: Place) -> None:
    await place.channel.send(a_claim(payload=a_payload(text="Sól", language=Language("pl"))))
    assert [post.language for post in place.held()] == (["pl"] if place.keeps_language else [None])


async def test_two_languages_of_one_item_are_told_apart(place: Place) -> None:
    english = a_claim(payload=a_payload(text="A walk", language=Language("en")))
    italian = a_claim(payload=a_payload(text="Una passeggiata", language=Language("it")))
    await place.channel.send(english)
    if not place.can_be_asked:
        assert is_honest(place, await place.channel.look_up(italian))
        return
    assert await place.channel.look_up(italian) == Absent()
    await place.channel.send(italian)
    found = [await place.channel.look_up(claim) for claim in (english, italian)]
    assert all(isinstance(one, Found) for one in found)
    assert found[0] != found[1]


async def test_one_word_in_two_languages_is_told_apart_where_languages_are_kept(
    place: Place,
) -> None:
    english = a_claim(payload=a_payload(text="Festival", language=Language("en")))
    italian = a_claim(payload=a_payload(text="Festival", language=Language("it")))
    await place.channel.send(english)
    if place.keeps_language and place.can_be_asked:
        assert await place.channel.look_up(italian) == Absent()


async def test_a_picture_arrives_with_its_description(place: Place) -> None:
    limits = await place.channel.capabilities()
    assert (limits.alt_limit != 0) is place.keeps_descriptions
    most = limits.media_most
    alts = ("Trzy osoby idą groblą 🌾", "A second one")[:most]
    claim = a_claim(media=tuple(a_picture(alt) for alt in alts))
    assert isinstance(await place.channel.send(claim), Sent)
    assert place.held()[0].alts == (alts if place.keeps_descriptions else ("",) * len(alts))


async def test_a_repeat_makes_no_second_post_where_that_is_promised(place: Place) -> None:
    claim = a_claim()
    capabilities = await place.channel.capabilities()
    first = await place.channel.send(claim)
    if not place.repeats_are_safe:
        assert capabilities.repeat_within is None
        return
    later = place.opened()
    assert await later.send(claim) == first
    await later.close()
    assert len(place.held()) == 1


async def test_a_look_up_changes_nothing(place: Place) -> None:
    await place.channel.send(a_claim())
    before = place.held()
    await place.channel.look_up(a_claim(occasion=OccasionId("other")))
    assert place.held() == before


async def test_capabilities_say_whether_it_can_be_looked_up_and_a_bounded_time(
    place: Place,
) -> None:
    capabilities = await place.channel.capabilities()
    assert (capabilities.handle is Handle.LOOK_UP) is place.can_be_asked
    assert timedelta(0) < capabilities.timeout <= timedelta(minutes=5)


async def test_it_says_who_it_is(place: Place) -> None:
    assert (place.channel.id, place.channel.network) == ("here", place.config.network)


async def test_it_can_be_closed_unused_and_twice(place: Place) -> None:
    unused = place.opened()
    await unused.close()
    await unused.close()


def test_every_network_is_tested_here() -> None:
    assert {network for network, _ in PLACES} == set(BROUGHT_ALONG)
