"""The Bluesky channel against a server that is refused, slow, rude, full or down."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from herald.channels.bluesky.channel import BlueskyChannel, open_bluesky
from herald.channels.bluesky.finding import Directories
from herald.channels.bluesky.session import SignedIn
from herald.channels.bluesky.settings import BlueskySettings
from herald.channels.registry import check_settings, missing_secrets
from herald.channels.settings import read_settings
from herald.clock import SetClock
from herald.errors import ConfigurationBroken
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId, Language
from herald.model.words import EVERY
from tests.channels.kept import PICTURE, KeptMedia, a_jpeg, a_picture, pictures_of
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.bluesky import (
    DID,
    HANDLE,
    PASSWORD,
    BlueskyServer,
    a_document,
    serving,
    throttled,
)
from tests.servers.faulty import Ending, FaultyWay, an_answer
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.mastodon import Canned, Fault
from tests.servers.pds import RealPds

PUT = "com.atproto.repo.putRecord"
GET = "com.atproto.repo.getRecord"
UPLOAD = "com.atproto.repo.uploadBlob"
SIGN_IN = "com.atproto.server.createSession"
REFRESH = "com.atproto.server.refreshSession"
RESOLVE = "com.atproto.identity.resolveHandle"

PATIENCE_SECONDS = 10.0
"""How long the tests' channel waits for an answer that comes."""
IMPATIENCE_SECONDS = 0.8
"""How long it waits for one that never comes."""
_NEVER = (Fault.HANG_AFTER, Fault.HANG_BEFORE)


def patience(fault: object) -> float:
    """Return how long an answer is worth waiting for."""
    hangs = isinstance(fault, OnTheWay) and (fault.ending is Ending.HANG or fault.bytes_a_second)
    return IMPATIENCE_SECONDS if hangs or fault in _NEVER else PATIENCE_SECONDS


@dataclass
class World:
    """A server, a channel on it, and the clock of both."""

    server: BlueskyServer
    clock: SetClock
    channel: BlueskyChannel

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    async def look_up(self, **changes: Any) -> Any:
        return await self.channel.look_up(a_claim(**changes))

    @property
    def record(self) -> dict[str, Any]:
        """The one post that is there."""
        [record] = self.server.records.values()
        return record


@asynccontextmanager
async def a_world(**options: Any) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        yield World(server, clock, a_bluesky(server.address, clock, **options))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def a_bluesky(
    server: str,
    clock: SetClock,
    *,
    handle: str = HANDLE,
    password: str = PASSWORD,
    directories: Directories | None = None,
    media: KeptMedia | None = None,
    seconds: float = PATIENCE_SECONDS,
) -> BlueskyChannel:
    config = a_channel(network="bluesky", settings={"handle": handle, "server": server})
    settings = read_settings(BlueskySettings, config)
    signed_in = SignedIn(
        settings,
        password,
        user_agent="Herald/test",
        clock=clock,
        directories=directories,
        seconds=seconds,
    )
    pictures = pictures_of(media or KeptMedia(PICTURE), clock)
    return BlueskyChannel(config.id, settings, signed_in, pictures=pictures, clock=clock)


def a_claim(**changes: Any) -> Claim:
    """Make a claim whose first send is a minute after it was due, at noon."""
    names = ("text", "media", "language", "link", "title", "mentions", "also")
    payload = a_payload(**{name: changes.pop(name) for name in names if name in changes})
    values = {"network": "bluesky", "language": payload.language, **changes}
    values.setdefault("first_send_at", NOON + timedelta(minutes=1))
    delivery = a_delivery(payload=payload, frozen=payload, **values)
    return Claim(delivery=delivery, token=1, attempt=1)


def kind_of(outcome: Outcome) -> tuple[str, str]:
    """Return an outcome's name, and for a refusal what it is about."""
    return type(outcome).__name__, outcome.scope if isinstance(outcome, Refused) else ""


def named(status: int, name: str, **headers: str) -> Canned:
    """Make a refusal as the protocol words it."""
    spelled = {header.replace("_", "-"): value for header, value in headers.items()}
    body = json.dumps({"error": name, "message": "no"})
    return Canned(status=status, body=body, headers=spelled, times=9)


def page(status: int, **headers: str) -> Canned:
    """Make the answer of something that stands before the server."""
    return Canned(status=status, body="<h1>No</h1>", headers=headers, times=9)


# --- what a send comes to --------------------------------------------------------------------

DELIVERY, CHANNEL = RefusedScope.DELIVERY, RefusedScope.CHANNEL


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, what it comes to, and how many posts are there then."""

    fault: Fault | Canned | None = None
    at: str = PUT
    outcome: str
    scope: str = ""
    posts: int = 0
    text: str = "The salt house"
    pictures: int = 0


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
    "503": Case(fault=page(503), outcome="Unclear"),
    "502 by name": Case(fault=named(502, "UpstreamFailure"), outcome="Unclear"),
    "408": Case(fault=page(408), outcome="Unclear"),
    "302": Case(fault=page(302, Location="https://else.example.org/"), outcome="Unclear"),
    "307": Case(fault=page(307, Location="https://else.example.org/"), outcome="Unclear"),
    "moved": Case(fault=page(301, Location="https://x.org"), outcome="Refused", scope=CHANNEL),
    "404": Case(fault=page(404), outcome="Refused", scope=CHANNEL),
    "no such method": Case(
        fault=named(501, "MethodNotImplemented"), outcome="Refused", scope=CHANNEL
    ),
    "400": Case(fault=named(400, "InvalidRequest"), outcome="Refused", scope=DELIVERY),
    "413": Case(fault=named(413, "PayloadTooLarge"), outcome="Refused", scope=DELIVERY),
    "401": Case(fault=named(401, "AuthenticationRequired"), outcome="Refused", scope=CHANNEL),
    "403": Case(fault=page(403), outcome="Refused", scope=CHANNEL),
    "taken down": Case(fault=named(400, "AccountTakedown"), outcome="Refused", scope=CHANNEL),
    "expired for ever": Case(fault=named(400, "ExpiredToken"), outcome="Refused", scope=CHANNEL),
    "429": Case(fault=named(429, "RateLimitExceeded"), outcome="Throttled"),
    "too long": Case(text="è" * 301, outcome="Refused", scope=DELIVERY),
    "too many bytes": Case(text="👩🏽‍🌾" * 250, outcome="Refused", scope=DELIVERY),
    "picture refused": Case(
        fault=named(400, "InvalidMimeType"),
        at=UPLOAD,
        outcome="Refused",
        scope=DELIVERY,
        pictures=1,
    ),
    "picture too large": Case(
        fault=named(413, "PayloadTooLarge"),
        at=UPLOAD,
        outcome="Refused",
        pictures=1,
        scope=DELIVERY,
    ),
    "upload broken": Case(fault=page(500), at=UPLOAD, outcome="TryAgain", pictures=1),
    "upload no JSON": Case(fault=page(200), at=UPLOAD, outcome="TryAgain", pictures=1),
    "upload throttled": Case(
        fault=named(429, "RateLimitExceeded"), at=UPLOAD, outcome="Throttled", pictures=1
    ),
    "upload not allowed": Case(
        fault=page(403), at=UPLOAD, outcome="Refused", scope=CHANNEL, pictures=1
    ),
    "too many pictures": Case(outcome="Refused", scope=DELIVERY, pictures=5),
    "sign-in refused": Case(
        fault=named(401, "AuthenticationRequired"), at=SIGN_IN, outcome="Refused", scope=CHANNEL
    ),
    "second factor wanted": Case(
        fault=named(401, "AuthFactorTokenRequired"), at=SIGN_IN, outcome="Refused", scope=CHANNEL
    ),
    "sign-in of a handle that is none": Case(
        fault=named(400, "InvalidRequest"), at=SIGN_IN, outcome="Refused", scope=CHANNEL
    ),
    "sign-in broken": Case(fault=page(502), at=SIGN_IN, outcome="TryAgain"),
    "sign-in no JSON": Case(fault=page(200), at=SIGN_IN, outcome="TryAgain"),
    "sign-in throttled": Case(
        fault=named(429, "RateLimitExceeded"), at=SIGN_IN, outcome="Throttled"
    ),
    "no such server": Case(fault=page(404), at=SIGN_IN, outcome="Refused", scope=CHANNEL),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world(seconds=patience(case.fault)) as world:
        if isinstance(case.fault, Canned):
            world.server.can(case.at, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        media = tuple(a_picture(f"number {number}") for number in range(case.pictures))
        outcome = await world.send(text=case.text, media=media)
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.records) == case.posts


@pytest.mark.parametrize(
    "fault",
    [fault for fault in Fault if "before" not in fault.value],
    ids=lambda fault: fault.value,
)
async def test_a_post_whose_answer_was_lost_is_found_and_a_repeat_is_the_same_post(
    fault: Fault,
) -> None:
    async with a_world() as world:
        world.server.faults.append(fault)
        before = a_bluesky(world.server.address, world.clock, seconds=patience(fault))
        assert isinstance(await before.send(a_claim()), Unclear)
        found = await world.look_up()
        assert isinstance(found, Found)
        assert await world.send() == Sent(found.receipt)
        assert len(world.server.records) == 1


WAYS = {
    "refused before a byte": (OnTheWay(reads=0, ending=Ending.CLOSE), 0),
    "half a request": (OnTheWay(reads=0.5, ending=Ending.RESET), 0),
    "whole request, nothing said": (OnTheWay(lands=True, gives_head=0), 1),
    "reset after it landed": (OnTheWay(lands=True, gives_head=0, ending=Ending.RESET), 1),
    "half a head": (OnTheWay(lands=True, gives_head=0.5), 1),
    "half an answer": (OnTheWay(lands=True, gives=0.5), 1),
    "silence": (OnTheWay(lands=True, gives_head=0, ending=Ending.HANG), 1),
    "a drip": (OnTheWay(lands=True, bytes_a_second=20), 1),
    "another's 500": (OnTheWay(lands=True, answer=an_answer(500, b"{}")), 1),
    "another's 504": (OnTheWay(answer=an_answer(504, b"<p>", kind="text/html")), 0),
    "another's page": (OnTheWay(lands=True, answer=an_answer(200, b"<p>", kind="text/html")), 1),
    "no answer at all": (OnTheWay(lands=True, answer=b"HTTP/9 what\r\n\r\n"), 1),
}


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_one_look_tells_what_is_there(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        before = a_bluesky(way.address, clock, seconds=patience(fault))
        way.spoil("POST", f"/xrpc/{PUT}", fault)
        assert isinstance(await before.send(a_claim()), Unclear)
        assert len(server.records) == posts
        channel = a_bluesky(way.address, clock)
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, Found) if posts else sighting == Absent()
        assert isinstance(await channel.send(a_claim()), Sent)
        assert len(server.records) == 1


@pytest.mark.parametrize("fault", [fault for fault, _ in WAYS.values()], ids=WAYS.keys())
async def test_a_look_up_that_breaks_proves_nothing(fault: OnTheWay) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_bluesky(way.address, clock, seconds=patience(fault))
        way.spoil_every("GET", f"/xrpc/{GET}", replace(fault, reads=1.0))
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert sighting.again


async def test_a_post_that_lands_after_it_was_looked_for_is_not_doubled() -> None:
    clock, late = SetClock(NOON), asyncio.Event()
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_bluesky(way.address, clock)
        way.spoil("POST", f"/xrpc/{PUT}", OnTheWay(lands_when=late))
        assert isinstance(await channel.send(a_claim()), Unclear)
        assert await channel.look_up(a_claim()) == Absent()
        late.set()
        await way.landed.wait()
        assert isinstance(await channel.send(a_claim()), Sent)
        assert len(server.records) == 1


async def test_a_server_that_is_not_there_was_certainly_sent_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        channel = a_bluesky(f"http://127.0.0.1:{taken.getsockname()[1]}", SetClock(NOON))
        assert isinstance(await channel.send(a_claim()), TryAgain)
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert sighting.again


async def test_a_server_that_went_away_after_signing_in_was_certainly_sent_nothing() -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        channel = a_bluesky(server.address, clock)
        await channel.look_up(a_claim())
    assert isinstance(await channel.send(a_claim()), TryAgain)


async def test_what_this_version_cannot_do_is_refused_and_not_posted(world: World) -> None:
    assert kind_of(await world.send(action=Action.EDIT)) == ("Refused", DELIVERY)
    assert world.server.requests == []


# --- once ------------------------------------------------------------------------------------


async def test_two_sends_at_once_make_one_post(world: World) -> None:
    outcomes = await asyncio.gather(*(world.send() for _ in range(4)))
    assert len({repr(outcome) for outcome in outcomes}) == 1
    assert isinstance(outcomes[0], Sent)
    assert len(world.server.records) == 1


async def test_a_post_that_was_put_off_is_still_the_same_post(world: World) -> None:
    """Only its key makes it what it is: its moment may be moved between two sends."""
    first = await world.send()
    later = NOON + timedelta(days=3)
    assert await world.send(due_at=later, first_send_at=later) == first
    assert len(world.server.records) == 1


async def test_a_changed_text_never_replaces_what_stands_under_the_same_id(world: World) -> None:
    await world.send(text="The salt house")
    outcome = await world.send(text="The salt house opens")
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert world.record["text"] == "The salt house"
    assert isinstance(await world.look_up(text="The salt house opens"), CannotTell)


async def test_a_place_that_is_taken_by_what_cannot_be_seen_is_left_to_a_person(
    world: World,
) -> None:
    await world.send()
    world.server.can(GET, named(400, "RecordNotFound"))
    assert kind_of(await world.send()) == ("Refused", DELIVERY)


async def test_a_place_that_is_taken_and_cannot_be_read_stays_in_doubt(world: World) -> None:
    await world.send()
    world.server.can(GET, page(502))
    assert isinstance(await world.send(), Unclear)


async def test_a_repeat_is_the_same_post_though_a_mention_is_no_longer_found(
    world: World,
) -> None:
    world.server.handles["risaie.example.org"] = "did:plc:risaierisaierisaierisaie"
    changes: dict[str, Any] = {
        "text": "With @risaie.example.org",
        "mentions": ("risaie.example.org",),
    }
    first = await world.send(**changes)
    del world.server.handles["risaie.example.org"]
    assert await world.send(**changes, first_send_at=NOON + timedelta(hours=1)) == first


@pytest.mark.parametrize(
    ("canned", "again"),
    [
        pytest.param(named(429, "RateLimitExceeded"), True, id="throttled"),
        pytest.param(page(502), True, id="502"),
        pytest.param(page(200), True, id="a page"),
        pytest.param(named(400, "InvalidRequest"), False, id="400"),
        pytest.param(page(404), False, id="a missing page"),
        pytest.param(page(302, Location="https://else.example.org/"), False, id="elsewhere"),
    ],
)
async def test_only_the_servers_own_word_proves_absence(
    world: World, canned: Canned, again: bool
) -> None:
    world.server.can(GET, canned)
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again is again


# --- signing in ------------------------------------------------------------------------------


async def test_one_sign_in_serves_many_posts(world: World) -> None:
    for number in range(3):
        assert isinstance(await world.send(item=f"item-{number}"), Sent)
    assert (world.server.counted(SIGN_IN), world.server.counted(REFRESH)) == (1, 0)


async def test_an_expired_token_is_refreshed_once_and_the_post_goes_out(world: World) -> None:
    await world.send()
    world.clock.advance(timedelta(hours=3))
    assert isinstance(await world.send(item="another"), Sent)
    assert (world.server.counted(SIGN_IN), world.server.counted(REFRESH)) == (1, 1)
    assert len(world.server.records) == 2


async def test_many_that_find_the_token_expired_refresh_it_once(world: World) -> None:
    await world.send()
    world.clock.advance(timedelta(hours=3))
    sent = await asyncio.gather(*(world.send(item=f"item-{number}") for number in range(4)))
    assert all(isinstance(outcome, Sent) for outcome in sent)
    assert (world.server.counted(SIGN_IN), world.server.counted(REFRESH)) == (1, 1)


async def test_a_session_that_is_over_is_begun_anew(world: World) -> None:
    await world.send()
    world.clock.advance(timedelta(days=100))
    assert isinstance(await world.send(item="another"), Sent)
    world.server.forget_tokens()
    assert isinstance(await world.send(item="third"), Sent)
    assert world.server.counted(SIGN_IN) == 3


async def test_a_withdrawn_password_stops_the_channel_after_one_try(world: World) -> None:
    await world.send()
    world.server.forget_tokens()
    world.server.password = "another"
    assert kind_of(await world.send(item="another")) == ("Refused", CHANNEL)
    assert world.server.counted(SIGN_IN) == 2
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


async def test_a_refresh_that_breaks_loses_nothing(world: World) -> None:
    await world.send()
    world.clock.advance(timedelta(hours=3))
    world.server.can(REFRESH, replace(page(502), times=1))
    assert isinstance(await world.send(item="another"), TryAgain)
    assert isinstance(await world.send(item="another"), Sent)
    assert len(world.server.records) == 2


async def test_an_account_that_moved_away_does_not_post_on_its_old_server(world: World) -> None:
    world.server.active = False
    assert kind_of(await world.send()) == ("Refused", CHANNEL)
    assert world.server.counted(PUT) == 0


async def test_a_throttled_send_waits_as_long_as_the_server_asks(world: World) -> None:
    for method in (SIGN_IN, PUT):
        world.server.can(method, throttled(NOON + timedelta(seconds=90)))
        outcome = await world.send()
        assert isinstance(outcome, Throttled)
        assert outcome.wait == timedelta(seconds=90)


@pytest.mark.parametrize("method", [SIGN_IN, REFRESH, PUT, UPLOAD])
@pytest.mark.parametrize("status", [400, 401, 502])
async def test_no_word_of_a_server_shows_a_secret(world: World, method: str, status: int) -> None:
    if method != SIGN_IN:
        await world.look_up()
    if method == REFRESH:
        world.clock.advance(timedelta(hours=3))
    tokens = "" if method == SIGN_IN else "access.1.secret refresh.1.secret"
    echo = json.dumps({"error": "Odd", "message": f"got {PASSWORD} {tokens}"})
    world.server.can(method, Canned(status=status, body=echo, times=3))
    outcome = await world.send(media=(a_picture(),))
    assert "got ***" in repr(outcome)
    assert "secret" not in repr(outcome)
    assert "secret" not in repr(await world.channel._signed_in.session())


# --- finding the server ----------------------------------------------------------------------


@asynccontextmanager
async def a_found_world(**options: Any) -> AsyncIterator[tuple[World, BlueskyServer]]:
    """Give an account whose server is not configured, and the server where most accounts are."""
    clock = SetClock(NOON)
    async with serving(clock) as home, serving(clock) as usual:
        directories = Directories(handles=home.address, dids=home.address, usual=usual.address)
        channel = a_bluesky("", clock, directories=directories, **options)
        yield World(home, clock, channel), usual


async def test_the_server_is_found_by_the_handle_and_asked_for_once() -> None:
    async with a_found_world() as (world, usual):
        assert isinstance(await world.send(), Sent)
        assert isinstance(await world.send(item="another"), Sent)
        assert (len(world.server.records), usual.requests) == (2, [])
        assert world.server.counted(RESOLVE) == 1


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"alsoKnownAs": ["at://another.example.org"]}, id="of another handle"),
        pytest.param({"id": "did:plc:somebodysomebodysomebody"}, id="of another account"),
        pytest.param({"service": []}, id="without a server"),
        pytest.param(
            {
                "service": [
                    {
                        "id": "#atproto_pds",
                        "type": "AtprotoPersonalDataServer",
                        "serviceEndpoint": "http://steals.example.org",
                    }
                ]
            },
            id="with a server in the open",
        ),
        pytest.param({"service": [7, {}], "alsoKnownAs": [None]}, id="of nonsense"),
    ],
)
async def test_a_document_that_does_not_hold_is_not_believed(changes: dict[str, Any]) -> None:
    async with a_found_world() as (world, usual):
        world.server.document = a_document(world.server.address, **changes)
        await world.send()
        assert (len(world.server.records), len(usual.records)) == (0, 1)


async def test_an_account_that_moved_is_found_where_it_is_now() -> None:
    async with a_found_world() as (world, elsewhere):
        await world.send()
        world.server.forget_tokens()
        world.server.active = False
        world.server.document = a_document(elsewhere.address)
        assert kind_of(await world.send(item="another")) == ("Refused", CHANNEL)
        assert isinstance(await world.send(item="another"), Sent)
        assert (len(world.server.records), len(elsewhere.records)) == (1, 1)


async def test_a_handle_that_nobody_knows_is_tried_where_most_accounts_are() -> None:
    async with a_found_world() as (world, usual):
        world.server.handles.clear()
        await world.send()
        assert len(usual.records) == 1


async def test_directories_that_are_down_leave_the_post_for_later() -> None:
    async with a_found_world() as (world, usual):
        world.server.can(RESOLVE, page(503))
        assert isinstance(await world.send(), TryAgain)
        assert usual.requests == []


# --- what is sent ----------------------------------------------------------------------------


async def test_a_post_says_what_it_must_and_no_more(world: World) -> None:
    outcome = await world.send(text="La casa del sale", language=Language("it"))
    assert world.record == {
        "$type": "app.bsky.feed.post",
        "text": "La casa del sale",
        "createdAt": "2027-05-10T12:01:00.000Z",
        "langs": ["it"],
    }
    assert isinstance(outcome, Sent)
    [rkey] = world.server.records
    assert outcome.receipt.remote_id == f"at://{DID}/app.bsky.feed.post/{rkey}"
    assert outcome.receipt.url == f"https://bsky.app/profile/{DID}/post/{rkey}"


async def test_words_for_every_language_bear_none(world: World) -> None:
    await world.send(language=EVERY)
    assert "langs" not in world.record


async def test_a_link_gets_a_card_and_a_picture_goes_before_it(world: World) -> None:
    link = "https://salt.example.org/house"
    await world.send(text=f"Come\n\n{link}", link=link, title="The salt house")
    assert world.record["embed"] == {
        "$type": "app.bsky.embed.external",
        "external": {"uri": link, "title": "The salt house", "description": ""},
    }
    [facet] = world.record["facets"]
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#link", "uri": link}]
    world.server.records.clear()
    await world.send(text=f"Come\n\n{link}", link=link, media=(a_picture("A dyke"),))
    assert world.record["embed"]["$type"] == "app.bsky.embed.images"
    assert [image["alt"] for image in world.record["embed"]["images"]] == ["A dyke"]


async def test_only_declared_accounts_that_are_found_are_mentioned(world: World) -> None:
    world.server.handles |= {
        "risaie.example.org": "did:plc:risaierisaierisaierisaie",
        "stranger.example.org": "did:plc:strangerstrangerstranger",
    }
    await world.send(
        text="@Risaie.example.org, @stranger.example.org and @gone.example.org",
        mentions=("gone.example.org", "risaie.example.org"),
    )
    [facet] = world.record["facets"]
    assert facet["index"] == {"byteStart": 0, "byteEnd": 19}
    assert facet["features"][0]["did"] == "did:plc:risaierisaierisaierisaie"


@pytest.mark.parametrize(
    "canned", [page(502), Canned(status=200, body='{"did": "<script>"}')], ids=["502", "nonsense"]
)
async def test_a_mention_that_cannot_be_resolved_stays_text(world: World, canned: Canned) -> None:
    world.server.can(RESOLVE, canned)
    sent = await world.send(text="@risaie.example.org", mentions=("risaie.example.org",))
    assert isinstance(sent, Sent)
    assert "facets" not in world.record


async def test_a_picture_that_is_too_large_is_made_smaller_and_tells_its_shape(
    world: World,
) -> None:
    large = a_jpeg(size=(3000, 1500))
    channel = a_bluesky(world.server.address, world.clock, media=KeptMedia(large))
    assert isinstance(await channel.send(a_claim(media=(a_picture(content=large),))), Sent)
    (image,) = world.record["embed"]["images"]
    assert image["aspectRatio"] == {"width": 2000, "height": 1000}


async def test_a_broken_picture_is_refused_with_its_name_before_anything_is_uploaded(
    world: World,
) -> None:
    broken = PICTURE[:-40]
    channel = a_bluesky(world.server.address, world.clock, media=KeptMedia(broken))
    outcome = await channel.send(a_claim(media=(a_picture(content=broken),)))
    assert isinstance(outcome, Refused)
    assert "media/rice.jpg: the picture is broken" in outcome.why
    assert world.server.counted(UPLOAD) == 0


async def test_a_picture_that_is_not_kept_is_refused(world: World) -> None:
    assert kind_of(await world.send(media=(a_picture(content=b"lost"),))) == ("Refused", DELIVERY)


async def test_a_picture_known_by_address_alone_is_left_out(world: World) -> None:
    picture = replace(a_picture(), sha256="", url="https://example.org/a.jpg")
    assert isinstance(await world.send(media=(picture,)), Sent)
    assert "embed" not in world.record


async def test_every_request_says_who_asks_and_no_query_shows_a_token(world: World) -> None:
    await world.send(media=(a_picture(),))
    await world.look_up()
    for seen in world.server.requests:
        assert seen.headers["User-Agent"] == "Herald/test"
    assert [seen.headers.get("Authorization") for seen in world.server.requests] == [
        None,
        "Bearer access.1.secret",
        "Bearer access.1.secret",
        None,
    ]


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        ("museum", 'did you mean "museum.bsky.social"?'),
        ("@museum", 'did you mean "museum.bsky.social"?'),
        ("https://bsky.app/profile/museum.bsky.social", "is an address and no handle"),
        ("@museum@social.example.org", "no @ inside"),
        ("news@example.org", "no @ inside"),
        ("salt house.example.org", 'write it as in "museum.bsky.social"'),
        ("-salt.example.org", 'write it as in "museum.bsky.social"'),
        ("10.0.0.1", 'write it as in "museum.bsky.social"'),
        ("", 'write it as in "museum.bsky.social"'),
        (f"{'a.' * 130}org", 'write it as in "museum.bsky.social"'),
    ],
)
def test_a_handle_that_is_none_is_refused_with_a_remedy(handle: str, said: str) -> None:
    config = a_channel(network="bluesky", settings={"handle": handle})
    [problem] = check_settings(config)
    assert said in problem.message
    assert problem.place.path.endswith("handle")


@pytest.mark.parametrize(
    "written",
    [
        "salt.example.org",
        "@Salt.Example.org",
        " salt.example.org ",
        "\u202a@salt.example.org\u202c",
    ],
)
def test_a_handle_is_taken_as_people_copy_it(written: str) -> None:
    config = a_channel(network="bluesky", settings={"handle": written})
    assert read_settings(BlueskySettings, config).handle == HANDLE


def test_a_password_in_the_file_is_refused_and_one_that_lacks_is_named() -> None:
    settings = {"handle": HANDLE, "app_password": "abcd"}
    config = a_channel(id=ChannelId("sky"), network="bluesky", settings=settings)
    [problem] = check_settings(config)
    assert problem.code == "secret-in-file"
    assert "HERALD_CHANNELS__SKY__APP_PASSWORD" in problem.hint
    assert "HERALD_CHANNELS__SKY__APP_PASSWORD" in missing_secrets(config, {})


@pytest.mark.parametrize(
    "server", ["http://pds.example.org", "https://pds.example.org/xrpc", "a b"]
)
def test_a_server_that_is_none_is_refused(server: str) -> None:
    config = a_channel(network="bluesky", settings={"handle": HANDLE, "server": server})
    assert [problem.code for problem in check_settings(config)] == ["bad-value"]


@pytest.mark.parametrize("password", ["abcd efgh", "abcd\nefgh", "pässword"])
def test_a_password_that_is_none_is_refused_without_showing_it(password: str) -> None:
    config = a_channel(network="bluesky", settings={"handle": HANDLE})
    clock = SetClock(NOON)
    pictures = pictures_of(KeptMedia(), clock)
    with pytest.raises(ConfigurationBroken) as refused:
        open_bluesky(config, password=password, pictures=pictures, clock=clock)
    assert password not in str(refused.value)


async def test_accounts_on_one_server_share_what_it_takes(world: World) -> None:
    limits = await world.channel.capabilities()
    assert limits.host == world.server.address.partition("//")[2]
    assert (limits.limit, limits.bytes_most) == (300, 3000)
    assert (await a_bluesky("", world.clock).capabilities()).host == "bsky.social"


# --- Bluesky's own server --------------------------------------------------------------------


def on(pds: RealPds, **changes: Any) -> tuple[Any, BlueskyChannel]:
    """Return a new account on Bluesky's own server and its channel, with an app password."""
    account = pds.account()
    changes = {"server": pds.address, "password": account.app_password(), **changes}
    server = changes.pop("server")
    clock = SetClock(NOON)
    return account, a_bluesky(server, clock, handle=account.handle, seconds=20, **changes)


LENGTHS = {
    "300 emoji of one": ("🦋" * 300, True),
    "301 emoji of one": ("🦋" * 301, False),
    "300 Maltese": ("ħ" * 300, True),
    "301 Maltese": ("ħ" * 301, False),
    "300 combined": ("e\u0301" * 300, True),
    "301 combined": ("e\u0301" * 301, False),
    "300 Devanagari": ("क्ष" * 300, True),
    "3000 bytes": ("👨‍👩‍👧‍👦" * 120, True),
    "more than 3000 bytes": ("👨‍👩‍👧‍👦" * 121, False),
}


async def test_bluesky_itself_counts_as_herald_does(pds: RealPds) -> None:
    from herald.composing.counting import length

    account, channel = on(pds)
    limits = await channel.capabilities()
    for name, (text, fits) in LENGTHS.items():
        within = length(text, limits) <= 300 and len(text.encode()) <= 3000
        outcome = await channel.send(a_claim(text=text, item=name))
        assert (within, isinstance(outcome, Sent)) == (fits, fits), (name, outcome)
    assert len(account.posts()) == sum(fits for _, fits in LENGTHS.values())


async def test_bluesky_itself_keeps_facets_card_picture_language_and_moment(pds: RealPds) -> None:
    partner = pds.account()
    account, channel = on(pds)
    text = f"Sól 🧂 z @{partner.handle} #ŻupySolne (https://sol.example.org/ż?x=1)"
    link = "https://sol.example.org/ż?x=1"
    claim = a_claim(text=text, link=link, language=Language("pl"), mentions=(partner.handle,))
    assert isinstance(await channel.send(claim), Sent)
    [record] = account.posts()
    said = [
        text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        for facet in record["facets"]
    ]
    assert said == [f"@{partner.handle}", "#ŻupySolne", link]
    assert record["facets"][0]["features"][0]["did"] == partner.did
    assert (record["langs"], record["createdAt"]) == (["pl"], "2027-05-10T12:01:00.000Z")
    assert record["embed"]["external"]["uri"] == link


async def test_bluesky_itself_makes_one_post_whatever_happens_to_answers(pds: RealPds) -> None:
    async with FaultyWay(pds.address).serving() as way:
        account, channel = on(pds, server=way.address)
        for fault in (
            OnTheWay(lands=True, gives_head=0, ending=Ending.RESET),
            OnTheWay(lands=True, gives=0.5),
            OnTheWay(lands=True, answer=an_answer(500, b"{}")),
        ):
            way.spoil("POST", f"/xrpc/{PUT}", fault)
            assert isinstance(await channel.send(a_claim()), Unclear | Sent)
            assert isinstance(await channel.look_up(a_claim()), Found)
        assert isinstance(await channel.send(a_claim()), Sent)
        changed = await channel.send(a_claim(text="Another text"))
        assert kind_of(changed) == ("Refused", DELIVERY)
        assert [record["text"] for record in account.posts()] == ["The salt house"]


async def test_bluesky_itself_is_found_by_the_directory_and_refuses_a_wrong_password(
    pds: RealPds,
) -> None:
    directories = Directories(handles=pds.address, dids=pds.directory, usual="http://127.0.0.1:9")
    account, channel = on(pds, server="", directories=directories)
    assert isinstance(await channel.send(a_claim()), Sent)
    assert len(account.posts()) == 1
    _, wrong = on(pds, password="abcd-efgh-ijkl-0000")
    assert kind_of(await wrong.send(a_claim())) == ("Refused", CHANNEL)
