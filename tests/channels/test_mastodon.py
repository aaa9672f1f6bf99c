"""The Mastodon channel against a server that is refused, slow, rude, full or down."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from herald.channels.mastodon.channel import MastodonChannel, open_mastodon
from herald.channels.mastodon.reading import Account
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.settings import read_settings
from herald.clock import SetClock
from herald.errors import ChannelUnreachable, ConfigurationBroken
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Refused,
    RefusedScope,
    RepeatSafe,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId, Language
from herald.model.network import Count
from tests.channels.faults import IMPATIENCE_SECONDS, PATIENCE_SECONDS
from tests.channels.kept import PICTURE, KeptMedia, a_picture, pictures_of
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.mastodon import (
    BEHAVIOURS,
    GOTOSOCIAL,
    HOLLO,
    MASTODON,
    PIXELFED,
    SNAC,
    TAKAHE,
    TOKEN,
    Behaviour,
    Canned,
    Fault,
    MastodonServer,
    serving,
)

CREATE = ("POST", "/api/v1/statuses")
UPLOAD = ("POST", "/api/v2/media")
READY = ("GET", "/api/v1/media")
OWN = ("GET", "/api/v1/accounts/verify_credentials")
OWN_STATUSES = ("GET", "/api/v1/accounts/1001/statuses")

_NEVER = (Fault.HANG_AFTER, Fault.HANG_BEFORE)
"""After these no answer comes, however long one waits."""


def patience(fault: object = None) -> float:
    """Return for how many seconds a channel waits for the answer to a post."""
    return IMPATIENCE_SECONDS if fault in _NEVER else PATIENCE_SECONDS


@dataclass
class World:
    """A server, a channel on it, and the clock of both."""

    server: MastodonServer
    clock: SetClock
    channel: MastodonChannel

    async def send(self, **changes: Any) -> Outcome:
        if self.server.behaviour.needs_media:
            changes.setdefault("media", (a_picture(),))
        return await self.channel.send(a_claim(**changes))

    async def look_up(self, **changes: Any) -> Any:
        return await self.channel.look_up(a_claim(**changes))

    @property
    def body(self) -> dict[str, Any]:
        """The last post's request."""
        sent = [seen for seen in self.server.requests if (seen.method, seen.path) == CREATE]
        body = json.loads(sent[-1].body)
        assert isinstance(body, dict)
        return body


@asynccontextmanager
async def a_world(
    behaviour: Behaviour = MASTODON, fault: object = None, **settings: str
) -> AsyncIterator[World]:
    """Make a world whose channel is as patient as *fault* lets it be."""
    clock = SetClock(NOON)
    async with serving(behaviour, clock) as server:
        channel = a_mastodon(server.address, clock, seconds=patience(fault), **settings)
        try:
            yield World(server, clock, channel)
        finally:
            await channel.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def a_mastodon(
    address: str,
    clock: SetClock,
    *,
    token: str = TOKEN,
    media: KeptMedia | None = None,
    seconds: float = PATIENCE_SECONDS,
    **settings: str,
) -> MastodonChannel:
    config = a_channel(network="mastodon", settings={"server": address, **settings})
    return MastodonChannel(
        config.id,
        read_settings(MastodonSettings, config),
        Account(server=address, token=token, user_agent="Herald/test"),
        pictures=pictures_of(media or KeptMedia(PICTURE), clock),
        clock=clock,
        answer_seconds=seconds,
    )


def a_claim(**changes: Any) -> Claim:
    """Make a claim whose first send is at noon."""
    of_payload = {
        name: changes.pop(name) for name in ("text", "media", "language") if name in changes
    }
    payload = a_payload(**of_payload)
    values = {"first_send_at": NOON, "network": "mastodon", "language": payload.language, **changes}
    delivery = a_delivery(payload=payload, frozen=payload, **values)
    return Claim(delivery=delivery, token=1, attempt=1)


def kind_of(outcome: Outcome) -> tuple[str, str]:
    """Return an outcome's name, and for a refusal what it is about."""
    return type(outcome).__name__, outcome.scope if isinstance(outcome, Refused) else ""


# --- what a send comes to --------------------------------------------------------------------

DELIVERY, CHANNEL = RefusedScope.DELIVERY, RefusedScope.CHANNEL


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, what it comes to, and how many posts are there then."""

    fault: Fault | Canned | None = None
    at: tuple[str, str] = CREATE
    outcome: str
    scope: str = ""
    posts: int = 0
    behaviour: Behaviour = MASTODON
    text: str = "The salt house"
    pictures: int = 0


def canned(status: int, body: str = "", **headers: str) -> Canned:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Canned(status=status, body=body, headers=named, times=50)


FAULTS = {
    "nothing": Case(outcome="Sent", posts=1),
    "lost reply": Case(fault=Fault.LOST_REPLY, outcome="Unclear", posts=1),
    "dropped before": Case(fault=Fault.DROPPED_BEFORE, outcome="Unclear"),
    "500 after": Case(fault=Fault.ERROR_AFTER, outcome="Unclear", posts=1),
    "500 before": Case(fault=Fault.ERROR_BEFORE, outcome="Unclear"),
    "504 after": Case(fault=Fault.GATEWAY_TIMEOUT_AFTER, outcome="Unclear", posts=1),
    "504 before": Case(fault=Fault.GATEWAY_TIMEOUT_BEFORE, outcome="Unclear"),
    "hang after": Case(fault=Fault.HANG_AFTER, outcome="Unclear", posts=1),
    "hang before": Case(fault=Fault.HANG_BEFORE, outcome="Unclear"),
    "cut answer": Case(fault=Fault.CUT_AFTER, outcome="Unclear", posts=1),
    "page for JSON": Case(fault=Fault.PAGE_AFTER, outcome="Unclear", posts=1),
    "other JSON": Case(fault=Fault.OTHER_JSON_AFTER, outcome="Unclear", posts=1),
    "503": Case(fault=canned(503), outcome="Unclear"),
    "408": Case(fault=canned(408), outcome="Unclear"),
    "409": Case(fault=canned(409, "{}"), outcome="Unclear"),
    "302": Case(fault=canned(302, location="https://else.example.org/"), outcome="Unclear"),
    "moved": Case(fault=canned(301, location="https://x.org"), outcome="Refused", scope=CHANNEL),
    "400": Case(fault=canned(400, '{"error": "no"}'), outcome="Refused", scope=DELIVERY),
    "422": Case(fault=canned(422, '{"error": "no"}'), outcome="Refused", scope=DELIVERY),
    "413": Case(fault=canned(413, "<h1>Too large</h1>"), outcome="Refused", scope=DELIVERY),
    "404 of the API": Case(
        fault=canned(404, '{"error": "Record not found"}'), outcome="Refused", scope=DELIVERY
    ),
    "404 of something else": Case(
        fault=canned(404, "<h1>Not found</h1>"), outcome="Refused", scope=CHANNEL
    ),
    "405": Case(fault=canned(405), outcome="Refused", scope=CHANNEL),
    "418": Case(fault=canned(418, '{"error": "teapot"}'), outcome="Refused", scope=CHANNEL),
    "401": Case(fault=canned(401, '{"error": "expired"}'), outcome="Refused", scope=CHANNEL),
    "403": Case(fault=canned(403, '{"error": "scope"}'), outcome="Refused", scope=CHANNEL),
    "token of no account": Case(
        fault=canned(422, '{"error": "This method requires an authenticated user"}'),
        outcome="Refused",
        scope=CHANNEL,
    ),
    "invalid token in JSON": Case(
        fault=canned(400, '{"error": "invalid_token"}'), outcome="Refused", scope=CHANNEL
    ),
    "429": Case(fault=canned(429, '{"error": "slow"}'), outcome="Throttled"),
    "too long on Mastodon": Case(text="a" * 501, outcome="Refused", scope=DELIVERY),
    "too long on GoToSocial": Case(
        text="a" * 5001, outcome="Refused", scope=DELIVERY, behaviour=GOTOSOCIAL
    ),
    "picture refused": Case(
        fault=canned(422, '{"error": "bad"}'),
        at=UPLOAD,
        outcome="Refused",
        scope=DELIVERY,
        pictures=1,
    ),
    "picture too large": Case(
        fault=canned(413), at=UPLOAD, outcome="Refused", scope=DELIVERY, pictures=1
    ),
    "upload broken": Case(fault=canned(500), at=UPLOAD, outcome="TryAgain", pictures=1),
    "upload no JSON": Case(fault=canned(200, "<p>"), at=UPLOAD, outcome="TryAgain", pictures=1),
    "upload throttled": Case(fault=canned(429), at=UPLOAD, outcome="Throttled", pictures=1),
    "upload not allowed": Case(
        fault=canned(403, '{"error": "scope"}'),
        at=UPLOAD,
        outcome="Refused",
        scope=CHANNEL,
        pictures=1,
    ),
    "picture never ready": Case(fault=canned(206, "{}"), at=READY, outcome="TryAgain", pictures=1),
    "picture not preparable": Case(
        fault=canned(422, '{"error": "broken"}'),
        at=READY,
        outcome="Refused",
        scope=DELIVERY,
        pictures=1,
    ),
    "readiness cannot be asked": Case(fault=canned(404), at=READY, outcome="TryAgain", pictures=1),
    "too many pictures": Case(outcome="Refused", scope=DELIVERY, pictures=5),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_requests(case: Case) -> None:
    async with a_world(case.behaviour, case.fault) as world:
        if isinstance(case.fault, Canned):
            world.server.can(*case.at, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        media = tuple(a_picture(f"number {number}") for number in range(case.pictures))
        outcome = await world.send(text=case.text, media=media)
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.statuses) == case.posts
        assert world.server.counted(*CREATE) <= 1


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
@pytest.mark.parametrize(
    "fault",
    [fault for fault in Fault if "after" in fault.value or fault is Fault.LOST_REPLY]
    + [Fault.CUT_AFTER, Fault.PAGE_AFTER, Fault.OTHER_JSON_AFTER],
    ids=lambda fault: fault.value,
)
async def test_a_post_that_was_made_is_found_whatever_became_of_the_answer(
    behaviour: Behaviour, fault: Fault
) -> None:
    async with a_world(behaviour, fault) as world:
        world.server.faults.append(fault)
        assert isinstance(await world.send(), Unclear)
        world.clock.advance(timedelta(minutes=2))
        assert isinstance(await world.look_up(), Found)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
async def test_a_refused_token_stops_the_channel_however_the_server_says_it(
    behaviour: Behaviour,
) -> None:
    clock = SetClock(NOON)
    async with serving(behaviour, clock) as server:
        channel = a_mastodon(server.address, clock, token="expired")
        outcome = await channel.send(a_claim())
        assert kind_of(outcome) == ("Refused", CHANNEL)
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert not sighting.again
        await channel.close()


async def test_a_server_that_is_not_there_was_certainly_sent_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        channel = a_mastodon(f"http://127.0.0.1:{taken.getsockname()[1]}", SetClock(NOON))
        assert isinstance(await channel.send(a_claim()), TryAgain)
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert sighting.again
        with pytest.raises(ChannelUnreachable):
            await channel.capabilities()
        await channel.close()


async def test_a_server_that_accepts_no_connection_was_certainly_sent_nothing() -> None:
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # and nobody accepts: the queue is full after the first
        for waiting in (one, two):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        channel = a_mastodon(f"http://127.0.0.1:{full.getsockname()[1]}", SetClock(NOON))
        outcome = await channel.send(a_claim())
        assert isinstance(outcome, TryAgain)
        assert "Timeout" in outcome.why
        await channel.close()


async def test_a_server_without_tls_was_certainly_sent_nothing(world: World) -> None:
    secure = world.server.address.replace("http://", "https://")
    channel = a_mastodon(secure, world.clock)
    assert isinstance(await channel.send(a_claim()), TryAgain)
    assert world.server.counted(*CREATE) == 0
    await channel.close()


async def test_a_redirect_is_not_followed_with_a_post(world: World) -> None:
    elsewhere = f"{world.server.address}/api/v1/statuses"
    world.server.can(*CREATE, Canned(status=307, headers={"Location": elsewhere}))
    assert isinstance(await world.send(), Unclear)
    assert world.server.statuses == []


async def test_what_this_version_cannot_do_is_refused_and_not_posted(world: World) -> None:
    outcome = await world.send(action=Action.EDIT)
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert world.server.requests == []


async def test_an_answer_that_does_not_come_is_waited_for_so_long_and_no_longer() -> None:
    async with a_world(fault=Fault.HANG_BEFORE) as world:
        world.server.faults.append(Fault.HANG_BEFORE)
        assert await world.send() == Unclear(f"no answer within {IMPATIENCE_SECONDS} seconds")


async def test_a_closed_channel_asks_nothing_more(world: World) -> None:
    """A look-up through many pages does not keep a daemon from stopping."""
    for number in range(300):
        world.server.keep(f"Newer: {number}")
    sought = asyncio.create_task(world.look_up())
    await world.server.paged.wait()
    await world.channel.close()
    assert isinstance(await sought, CannotTell)
    assert world.server.counted(*OWN_STATUSES) < 5


# --- waiting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
async def test_a_throttled_send_waits_as_long_as_the_server_asks(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        asked = world.server.throttled(wait=timedelta(seconds=90))
        world.server.can(*CREATE, asked)
        outcome = await world.send()
        assert isinstance(outcome, Throttled)
        assert outcome.wait == timedelta(seconds=90)


async def test_a_wait_is_counted_on_the_servers_own_clock(world: World) -> None:
    world.server.clock_ahead = timedelta(hours=1)
    reset = (world.server.now() + timedelta(seconds=40)).isoformat()
    world.server.can(*CREATE, canned(429, X_RateLimit_Reset=reset))
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(seconds=40)


# --- what is sent ----------------------------------------------------------------------------


async def test_a_post_says_language_and_visibility_and_no_more_than_it_must(world: World) -> None:
    await world.send(text="La casa del sale", language=Language("it"))
    assert world.body == {
        "status": "La casa del sale",
        "language": "it",
        "visibility": "public",
    }


async def test_a_regional_language_is_sent_as_the_server_knows_it(world: World) -> None:
    assert isinstance(await world.send(language=Language("pt-BR")), Sent)
    assert world.body["language"] == "pt"


async def test_visibility_and_content_warning_come_from_the_settings() -> None:
    async with a_world(visibility="unlisted", content_warning="Spiders") as world:
        assert isinstance(await world.send(), Sent)
        kept = world.server.statuses[0]
        assert (kept.visibility, kept.spoiler, world.body["sensitive"]) == (
            "unlisted",
            "Spiders",
            True,
        )


async def test_the_key_is_the_same_for_every_try_of_a_delivery(world: World) -> None:
    for _ in range(2):
        world.server.faults.append(Fault.ERROR_BEFORE)
        await world.send()
    await world.send(item="another")
    keys = [
        seen.headers["Idempotency-Key"] for seen in world.server.requests if seen.path == CREATE[1]
    ]
    assert keys[0] == keys[1] != keys[2]


async def test_an_older_server_is_asked_without_a_warning_on_the_screen() -> None:
    async with a_world(TAKAHE) as world:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            await world.channel.capabilities()
        assert world.server.counted("GET", "/api/v1/instance/") == 1
        assert [str(one.message) for one in told] == []


async def test_every_request_says_who_asks() -> None:
    async with a_world() as world:
        config = a_channel(network="mastodon", settings={"server": world.server.address})
        channel = open_mastodon(
            config,
            token=f" {TOKEN}\n",
            pictures=pictures_of(KeptMedia(PICTURE), world.clock),
            clock=world.clock,
            contact="https://example.org/contact\r\nX: (y)",
        )
        await channel.capabilities()
        await channel.send(a_claim(media=(a_picture(),)))
        await channel.look_up(a_claim())
        await channel.close()
        said = {seen.headers["User-Agent"] for seen in world.server.requests}
        assert len(said) == 1
        assert said.pop().endswith(" (+https://example.org/contactX: y)")


async def test_only_documented_requests_are_made(world: World) -> None:
    """Mastodon.py asks for nothing by itself: no version, no streaming address."""
    await world.send(media=(a_picture(),))
    await world.look_up()
    asked = {(seen.method, seen.path.rstrip("0123456789")) for seen in world.server.requests}
    assert asked == {
        UPLOAD,
        ("GET", "/api/v1/media/"),
        CREATE,
        OWN,
        OWN_STATUSES,
    }


# --- pictures --------------------------------------------------------------------------------


async def test_a_post_waits_until_its_pictures_are_ready(world: World) -> None:
    world.server.looks_until_ready = 4
    assert isinstance(await world.send(media=(a_picture(),)), Sent)
    assert world.clock.now() > NOON


async def test_a_picture_is_uploaded_once_however_often_the_post_is_tried(world: World) -> None:
    world.server.can(*CREATE, Canned(status=429, body="{}", times=2))
    outcomes = [await world.send(media=(a_picture(),)) for _ in range(3)]
    assert [kind_of(outcome)[0] for outcome in outcomes] == ["Throttled", "Throttled", "Sent"]
    assert world.server.counted(*UPLOAD) == 1


async def test_a_picture_still_being_prepared_is_not_uploaded_again(world: World) -> None:
    world.server.looks_until_ready = 14
    assert isinstance(await world.send(media=(a_picture(),)), TryAgain)
    assert isinstance(await world.send(media=(a_picture(),)), Sent)
    assert world.server.counted(*UPLOAD) == 1


async def test_two_deliveries_do_not_share_an_upload(world: World) -> None:
    """GoToSocial and Mastodon refuse a picture that another post has."""
    assert isinstance(await world.send(media=(a_picture(),)), Sent)
    assert isinstance(await world.send(media=(a_picture(),), item="another"), Sent)
    assert world.server.counted(*UPLOAD) == 2


FORGIVING = [behaviour for behaviour in BEHAVIOURS if behaviour.key_again == 200]


@pytest.mark.parametrize("behaviour", FORGIVING, ids=lambda behaviour: behaviour.name)
async def test_an_uploaded_picture_that_the_server_forgot_is_uploaded_anew(
    behaviour: Behaviour,
) -> None:
    async with a_world(behaviour) as world:
        world.server.can(*CREATE, Canned(status=429, body="{}"))
        await world.send(media=(a_picture(),))
        world.server.attachments.clear()
        assert isinstance(await world.send(media=(a_picture(),)), TryAgain)
        assert isinstance(await world.send(media=(a_picture(),)), Sent)


async def test_a_key_that_pixelfed_has_seen_leaves_a_doubt_and_makes_no_post() -> None:
    """It writes the key down before it looks whether the post is sound."""
    async with a_world(PIXELFED) as world:
        world.server.can(*CREATE, Canned(status=429, body="{}"))
        await world.send()
        world.server.attachments.clear()
        assert isinstance(await world.send(), TryAgain)
        assert isinstance(await world.send(), Unclear)
        assert await world.look_up() == Absent()
        world.clock.advance(timedelta(hours=1))
        assert isinstance(await world.send(), Sent)


async def test_a_post_without_a_picture_is_refused_on_pixelfed_and_stops_nothing() -> None:
    async with a_world(PIXELFED) as world:
        outcome = await world.channel.send(a_claim())
        assert kind_of(outcome) == ("Refused", DELIVERY)
        assert (await world.channel.capabilities()).media_needed


async def test_the_language_that_pixelfed_says_hides_no_post() -> None:
    async with a_world(PIXELFED) as world:
        world.server.faults.append(Fault.LOST_REPLY)
        await world.send(language=Language("it"))
        assert isinstance(await world.look_up(language=Language("it")), Found)


async def test_the_same_words_in_another_language_are_a_doubt_where_nobody_knows_the_server() -> (
    None
):
    unknown = replace(MASTODON, version="9.9 (compatible; Nobody 1)", source_url="")
    async with a_world(unknown) as world:
        await world.send(language=Language("it"))
        sighting = await world.look_up(language=Language("en"))
        assert isinstance(sighting, CannotTell)
        assert not sighting.again


async def test_a_picture_that_is_not_kept_is_a_refusal_that_says_what_to_do(world: World) -> None:
    outcome = await world.send(media=(a_picture(content=b"lost"),))
    assert isinstance(outcome, Refused)
    assert "herald plan" in outcome.why
    assert world.server.requests == []


async def test_a_picture_known_by_address_is_left_out_and_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    far = replace(a_picture(), sha256="", file="", url="http://10.0.0.1/secret.jpg")
    with caplog.at_level(logging.WARNING):
        assert isinstance(await world.send(media=(far,)), Sent)
    assert "pictures left out" in caplog.text
    assert world.server.counted(*UPLOAD) == 0


# --- looking up ------------------------------------------------------------------------------


async def test_a_full_look_up_on_mastodon_allows_a_repeat_while_the_key_is_known(
    world: World,
) -> None:
    await world.channel.capabilities()
    assert await world.look_up() == RepeatSafe()
    world.clock.advance(timedelta(minutes=49))
    assert await world.look_up() == RepeatSafe()
    world.clock.advance(timedelta(minutes=1))
    assert await world.look_up() == Absent()


@pytest.mark.parametrize("behaviour", BEHAVIOURS[1:], ids=lambda behaviour: behaviour.name)
async def test_no_other_server_is_trusted_with_a_repeat(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        assert (await world.channel.capabilities()).repeat_within is None
        assert await world.look_up() == Absent()


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
async def test_a_post_is_found_behind_pages_of_newer_ones(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        world.server.faults.append(Fault.LOST_REPLY)
        await world.send()
        ours = world.server.statuses[0]
        for number in range(95):
            world.clock.advance(timedelta(seconds=1))
            world.server.keep(f"Newer and unlike it: {number} {'x' * number}")
        sighting = await world.look_up()
        assert isinstance(sighting, Found)
        assert sighting.receipt.remote_id == ours.id


async def test_reading_back_ends_at_the_first_send(world: World) -> None:
    for number in range(200):
        world.server.keep(f"Old: {number}", created_at=NOON - timedelta(days=1))
    assert await world.look_up() == Absent()
    assert world.server.counted(*OWN_STATUSES) == 1


async def test_an_unreadable_rate_header_hides_no_answer(world: World) -> None:
    """Mastodon.py raises for one, although the answer is there."""
    account = canned(200, '{"id": "1001"}', X_RateLimit_Remaining="?", X_RateLimit_Reset="soon")
    world.server.can(*OWN, account)
    assert await world.look_up() == Absent()


async def test_absence_is_not_claimed_when_a_page_is_missing(world: World) -> None:
    for number in range(50):
        world.server.keep(f"Newer: {number}")
    world.server.can(*OWN_STATUSES, Canned(status=200, body="["))
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again


UNREADABLE: dict[str, tuple[tuple[str, str], Canned, bool]] = {
    "account 500": (OWN, canned(500), True),
    "account no JSON": (OWN, canned(200, "<p>"), True),
    "account 403": (OWN, canned(403, '{"error": "scope"}'), False),
    "statuses 403": (OWN_STATUSES, canned(403, '{"error": "scope"}'), False),
    "statuses 404": (OWN_STATUSES, canned(404, "{}"), False),
    "statuses 429": (OWN_STATUSES, canned(429, "{}"), True),
    "statuses 502": (OWN_STATUSES, canned(502, "<p>"), True),
    "statuses no list": (OWN_STATUSES, canned(200, "{}"), True),
    "statuses without dates": (OWN_STATUSES, canned(200, '[{"id": "1", "content": ""}]'), True),
}


@pytest.mark.parametrize(("at", "answer", "again"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_is_never_absent(
    world: World, at: tuple[str, str], answer: Canned, again: bool
) -> None:
    world.server.can(*at, answer)
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again is again


async def test_a_server_that_does_not_page_is_never_absent(world: World) -> None:
    page = '[{"id": "7", "content": "x", "created_at": "2027-05-10T12:00:30Z"}]'
    world.server.can(*OWN_STATUSES, canned(200, page))
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert world.server.counted(*OWN_STATUSES) == 2


async def test_an_older_post_of_the_same_words_is_another_one(world: World) -> None:
    world.server.keep("The salt house", language="en", created_at=NOON - timedelta(minutes=2))
    assert await world.look_up() == Absent()


@pytest.mark.parametrize("ahead", [timedelta(minutes=-20), timedelta(minutes=20)], ids=str)
async def test_a_server_whose_clock_is_wrong_still_shows_the_post(
    world: World, ahead: timedelta
) -> None:
    world.server.clock_ahead = ahead
    world.server.faults.append(Fault.LOST_REPLY)
    await world.send()
    world.clock.advance(timedelta(minutes=2))
    assert isinstance(await world.look_up(), Found)


async def test_nothing_is_ruled_out_when_this_machines_clock_was_set_back(world: World) -> None:
    world.server.faults.append(Fault.LOST_REPLY)
    await world.send()
    world.clock.jump(NOON - timedelta(hours=1))
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


async def test_a_delivery_without_a_send_on_record_is_sought_since_it_was_due(
    world: World,
) -> None:
    """As after a restored backup: it may have been sent in the time that was lost."""
    world.server.keep("The salt house", language="en")
    world.clock.advance(timedelta(hours=3))
    assert isinstance(await world.look_up(first_send_at=None), Found)


@pytest.mark.parametrize("behaviour", [HOLLO, TAKAHE, SNAC], ids=lambda behaviour: behaviour.name)
async def test_a_post_nearly_the_same_is_left_to_a_person_where_no_source_is_given(
    behaviour: Behaviour,
) -> None:
    async with a_world(behaviour) as world:
        world.server.keep("Neighbours restored the salt house, and teach there on Sundays.")
        sighting = await world.look_up(
            text="Neighbours restored the salt house, and teach there on Saturdays."
        )
        assert isinstance(sighting, CannotTell)


@pytest.mark.parametrize("behaviour", [MASTODON, GOTOSOCIAL], ids=lambda behaviour: behaviour.name)
async def test_a_post_nearly_the_same_is_told_apart_by_its_source(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        world.server.keep("Neighbours restored the salt house, and teach there on Sundays.")
        sighting = await world.look_up(
            text="Neighbours restored the salt house, and teach there on Saturdays."
        )
        assert sighting == Absent()


# --- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
async def test_limits_are_those_of_the_server(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        found = await world.channel.capabilities()
    assert found.count is (Count.CODE_POINTS if behaviour.counts_urls else Count.MASTODON)
    assert found.media_pixels == 33_177_600
    assert (found.limit, found.url_length) == (behaviour.limit, behaviour.url_length)
    assert (found.media_most, found.alt_limit) == (behaviour.media_most, behaviour.alt_limit)
    assert found.media_types == {"image/jpeg", "image/png", "image/webp", "video/mp4"}
    assert (found.video_types, found.video_bytes) == ({"video/mp4"}, 40_000_000)


async def test_limits_are_as_usual_when_the_server_does_not_tell_them(world: World) -> None:
    world.server.can("GET", "/api/", canned(404, "{}"))
    found = await world.channel.capabilities()
    assert (found.limit, found.repeat_within) == (500, None)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_limits_stay_as_they_were_while_the_server_is_down(world: World, status: int) -> None:
    world.server.can("GET", "/api/", canned(status, "<h1>down</h1>"))
    with pytest.raises(ChannelUnreachable, match=str(status)):
        await world.channel.capabilities()


async def test_a_content_warning_takes_its_length_from_the_limit() -> None:
    async with a_world(content_warning="Spiders 🕷️") as world:
        limit = (await world.channel.capabilities()).limit
        assert limit == 500 - 9
        assert isinstance(await world.send(text="a" * limit), Sent)
        assert isinstance(await world.send(text="a" * (limit + 1), item="two"), Refused)


# --- secrets ---------------------------------------------------------------------------------


async def test_the_token_is_in_no_outcome_log_or_repr(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tell: Callable[[int], Canned] = lambda status: canned(  # noqa: E731
        status, json.dumps({"error": f"bad token {TOKEN}"})
    )
    said = [repr(world.channel), repr(vars(world.channel))]
    for status in (401, 422, 500, 200):
        world.server.can(*CREATE, replace(tell(status), times=1))
        said.append(repr(await world.send()))
    world.server.can(*UPLOAD, tell(500))
    said.append(repr(await world.send(media=(a_picture(),))))
    world.server.can(*OWN, tell(403))
    said.append(repr(await world.look_up()))
    assert "".join(said).count("bad token ***") == 5
    assert TOKEN not in "".join(said) + caplog.text


@pytest.mark.parametrize("token", ["two words", "línea", "line\nbreak"], ids=repr)
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(token: str) -> None:
    config = a_channel(
        id=ChannelId("fedi"),
        network="mastodon",
        settings={"server": "https://social.example.org"},
    )
    clock = SetClock(NOON)
    pictures = pictures_of(KeptMedia(), clock)
    with pytest.raises(ConfigurationBroken, match="copy it again") as refusal:
        open_mastodon(config, token=token, pictures=pictures, clock=clock)
    assert token not in str(refusal.value)
