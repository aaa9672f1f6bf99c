"""The Matrix channel against a homeserver that is refused, slow, rude, or full of other talk."""

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

from herald.channels.matrix.channel import MatrixChannel, open_matrix
from herald.channels.matrix.event import MARK
from herald.channels.matrix.settings import MatrixSettings
from herald.channels.registry import check_settings
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
from herald.model.ids import Language
from tests.channels.kept import PICTURE, KeptMedia, a_picture, pictures_of
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.faulty import Ending, FaultyWay, an_answer
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.mastodon import Canned, Fault
from tests.servers.matrix import ALIAS, ROOM, TOKEN, USER, MatrixServer, serving
from tests.servers.synapse import RealRoom, RealSynapse

ROOMS = "/_matrix/client/v3/rooms"
SEND = "/send/"
PATIENCE_SECONDS = 10.0
"""How long the tests' channel waits for an answer that comes."""
IMPATIENCE_SECONDS = 0.5
"""How long it waits for one that never comes."""
_NEVER = (Fault.HANG_AFTER, Fault.HANG_BEFORE)


def patience(fault: object) -> float:
    """Return how long an answer is worth waiting for."""
    hangs = isinstance(fault, OnTheWay) and (fault.ending is Ending.HANG or fault.bytes_a_second)
    return IMPATIENCE_SECONDS if hangs or fault in _NEVER else PATIENCE_SECONDS


@dataclass
class World:
    """A server, a channel on it, and the clock of both."""

    server: MatrixServer
    clock: SetClock
    channel: MatrixChannel

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    async def look_up(self, **changes: Any) -> Any:
        return await self.channel.look_up(a_claim(**changes))

    @property
    def content(self) -> dict[str, Any]:
        """The one message that is there."""
        [content] = self.server.contents
        return content


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


@asynccontextmanager
async def a_world(room: str = ALIAS) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        yield World(server, clock, a_matrix(server.address, clock, room=room))


def a_matrix(
    address: str,
    clock: SetClock,
    *,
    room: str = ROOM,
    token: str = TOKEN,
    seconds: float = PATIENCE_SECONDS,
) -> MatrixChannel:
    config = a_channel(network="matrix", settings={"server": address, "room": room})
    return MatrixChannel(
        config.id,
        read_settings(MatrixSettings, config),
        token,
        user_agent="Herald/test",
        pictures=pictures_of(KeptMedia(PICTURE), clock),
        clock=clock,
        answer_seconds=seconds,
        reading_seconds=seconds,
    )


def a_claim(**changes: Any) -> Claim:
    """Make a claim whose first send is at noon."""
    named = ("text", "media", "language")
    payload = a_payload(**{name: changes.pop(name) for name in named if name in changes})
    values = {"first_send_at": NOON, "network": "matrix", "language": payload.language, **changes}
    delivery = a_delivery(payload=payload, frozen=payload, **values)
    return Claim(delivery=delivery, token=1, attempt=1)


def kind_of(outcome: Outcome) -> tuple[str, str]:
    """Return an outcome's name, and for a refusal what it is about."""
    return type(outcome).__name__, outcome.scope if isinstance(outcome, Refused) else ""


def named(status: int, code: str, **more: Any) -> Canned:
    """Make an error of a homeserver's, for as often as it is asked."""
    body = json.dumps({"errcode": code, "error": "as it says", **more})
    return Canned(status=status, body=body, times=50)


def page(status: int, **headers: str) -> Canned:
    """Make the page of something before the homeserver."""
    return Canned(status=status, body="<h1>no</h1>", headers=headers, times=50)


# --- what a send comes to --------------------------------------------------------------------

DELIVERY, CHANNEL = RefusedScope.DELIVERY, RefusedScope.CHANNEL


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, what it comes to, and how many posts are there then."""

    fault: Fault | Canned
    at: tuple[str, str] = ("PUT", SEND)
    outcome: str
    scope: str = ""
    posts: int = 0
    pictures: int = 0


ENCRYPTION = ("GET", "/state/m.room.encryption")
RESOLVE = ("GET", "/directory/room/")
UPLOAD = ("POST", "/upload")
MOVED = page(301, Location="https://new.example.org/")
FAULTS = {
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
    "408": Case(fault=page(408), outcome="Unclear"),
    "302": Case(fault=page(302, Location="https://else.example.org/"), outcome="Unclear"),
    "moved": Case(fault=MOVED, outcome="Refused", scope=CHANNEL),
    "too large": Case(fault=named(413, "M_TOO_LARGE"), outcome="Refused", scope=DELIVERY),
    "bad JSON": Case(fault=named(400, "M_BAD_JSON"), outcome="Refused", scope=DELIVERY),
    "another's 413": Case(fault=page(413), outcome="Refused", scope=DELIVERY),
    "unknown token": Case(fault=named(401, "M_UNKNOWN_TOKEN"), outcome="Refused", scope=CHANNEL),
    "soft logout": Case(
        fault=named(401, "M_UNKNOWN_TOKEN", soft_logout=True), outcome="Refused", scope=CHANNEL
    ),
    "forbidden": Case(fault=named(403, "M_FORBIDDEN"), outcome="Refused", scope=CHANNEL),
    "another's 403": Case(fault=page(403), outcome="Refused", scope=CHANNEL),
    "locked": Case(fault=named(401, "M_USER_LOCKED"), outcome="Refused", scope=CHANNEL),
    "no such room": Case(fault=named(404, "M_NOT_FOUND"), outcome="Refused", scope=CHANNEL),
    "no Matrix here": Case(fault=page(404), outcome="Refused", scope=CHANNEL),
    "unrecognised": Case(fault=named(404, "M_UNRECOGNIZED"), outcome="Refused", scope=CHANNEL),
    "405": Case(fault=page(405), outcome="Refused", scope=CHANNEL),
    "throttled": Case(fault=named(429, "M_LIMIT_EXCEEDED"), outcome="Throttled"),
    "another's 429": Case(fault=page(429), outcome="Throttled"),
    "encrypted": Case(
        fault=Canned(status=200, body='{"algorithm": "m.megolm.v1.aes-sha2"}'),
        at=ENCRYPTION,
        outcome="Refused",
        scope=CHANNEL,
    ),
    "encryption unknown": Case(fault=page(502), at=ENCRYPTION, outcome="TryAgain"),
    "a page for the state": Case(fault=page(200), at=ENCRYPTION, outcome="TryAgain"),
    "a missing page": Case(fault=page(404), at=ENCRYPTION, outcome="Refused", scope=CHANNEL),
    "not in the room": Case(
        fault=named(403, "M_FORBIDDEN"), at=ENCRYPTION, outcome="Refused", scope=CHANNEL
    ),
    "no such address": Case(
        fault=named(404, "M_NOT_FOUND"), at=RESOLVE, outcome="Refused", scope=CHANNEL
    ),
    "address unknown now": Case(fault=page(503), at=RESOLVE, outcome="TryAgain"),
    "no room in the answer": Case(
        fault=Canned(status=200, body="{}"), at=RESOLVE, outcome="TryAgain"
    ),
    "throttled at the address": Case(
        fault=named(429, "M_LIMIT_EXCEEDED"), at=RESOLVE, outcome="Throttled"
    ),
    "picture 500": Case(fault=page(500), at=UPLOAD, outcome="TryAgain", pictures=1),
    "picture too large": Case(
        fault=named(413, "M_TOO_LARGE"), at=UPLOAD, outcome="Refused", scope=DELIVERY, pictures=1
    ),
    "picture throttled": Case(
        fault=named(429, "M_LIMIT_EXCEEDED"), at=UPLOAD, outcome="Throttled", pictures=1
    ),
    "picture nowhere": Case(
        fault=Canned(status=200, body="{}"), at=UPLOAD, outcome="TryAgain", pictures=1
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world() as world:
        if isinstance(case.fault, Canned):
            world.server.can(*case.at, case.fault)
        else:
            world.server.faults.append(case.fault)
        seconds = patience(case.fault)
        channel = a_matrix(world.server.address, world.clock, room=ALIAS, seconds=seconds)
        outcome = await channel.send(a_claim(media=(a_picture(),) * case.pictures))
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.messages) == case.posts
        # aiohttp would ask again by itself for what was cut.
        assert world.server.counted("PUT", SEND) <= 1


AFTER = [fault for fault in Fault if fault.name.endswith("AFTER") or fault is Fault.LOST_REPLY]


@pytest.mark.parametrize("fault", AFTER, ids=lambda fault: fault.value)
async def test_a_post_whose_answer_was_lost_is_found_and_a_repeat_is_the_same_event(
    fault: Fault,
) -> None:
    async with a_world() as world:
        world.server.faults.append(fault)
        before = a_matrix(world.server.address, world.clock, seconds=patience(fault))
        assert isinstance(await before.send(a_claim()), Unclear)
        found = await world.look_up()
        assert isinstance(found, Found)
        assert (await world.send()).receipt.remote_id == found.receipt.remote_id  # type: ignore[union-attr]
        assert len(world.server.messages) == 1


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
        before = a_matrix(way.address, clock, seconds=patience(fault))
        way.spoil("PUT", ROOMS, fault)
        assert isinstance(await before.send(a_claim()), Unclear)
        assert len(server.messages) == posts
        assert [method for method, _ in way.passed].count("PUT") == 1
        channel = a_matrix(way.address, clock)
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, Found) if posts else sighting == Absent()
        assert isinstance(await channel.send(a_claim()), Sent)
        assert len(server.messages) == 1


@pytest.mark.parametrize("at", ["/_matrix/client/v3/account", ROOMS])
@pytest.mark.parametrize("fault", [fault for fault, _ in WAYS.values()], ids=WAYS.keys())
async def test_a_look_up_that_breaks_proves_nothing(fault: OnTheWay, at: str) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_matrix(way.address, clock, seconds=patience(fault))
        way.spoil_every("GET", at, replace(fault, reads=1.0))
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert sighting.again


async def test_a_post_that_lands_after_it_was_looked_for_is_not_doubled() -> None:
    clock, late = SetClock(NOON), asyncio.Event()
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_matrix(way.address, clock)
        way.spoil("PUT", ROOMS, OnTheWay(lands_when=late))
        assert isinstance(await channel.send(a_claim()), Unclear)
        assert await channel.look_up(a_claim()) == Absent()
        late.set()
        await way.landed.wait()
        assert isinstance(await channel.send(a_claim()), Sent)
        assert len(server.messages) == 1


async def test_a_server_that_is_not_there_was_certainly_sent_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        channel = a_matrix(f"http://127.0.0.1:{taken.getsockname()[1]}", SetClock(NOON))
        assert isinstance(await channel.send(a_claim()), TryAgain)
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert sighting.again


async def test_what_this_version_cannot_do_is_refused_and_not_posted(world: World) -> None:
    assert kind_of(await world.send(action=Action.BOOST)) == ("Refused", DELIVERY)
    assert world.server.requests == []


async def test_an_encrypted_room_is_refused_in_plain_words_before_anything_is_sent(
    world: World,
) -> None:
    world.server.rooms[ROOM].is_encrypted = True
    outcome = await world.send(media=(a_picture(),))
    assert kind_of(outcome) == ("Refused", CHANNEL)
    assert "make a room without encryption" in outcome.why  # type: ignore[union-attr]
    assert world.server.counted("PUT", SEND) + world.server.counted(*UPLOAD) == 0


@pytest.mark.parametrize(
    ("canned", "wait"),
    [
        (named(429, "M_LIMIT_EXCEEDED", retry_after_ms=90_000), 90),
        (page(429, **{"Retry-After": "90"}), 90),
        (named(429, "M_LIMIT_EXCEEDED", retry_after_ms="soon"), None),
    ],
    ids=["in the body", "in the head", "unreadable"],
)
async def test_a_throttled_send_waits_as_long_as_the_server_asks(
    world: World, canned: Canned, wait: int | None
) -> None:
    world.server.can("PUT", SEND, canned)
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == (timedelta(seconds=wait) if wait else None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 502])
@pytest.mark.parametrize("at", [("PUT", SEND), RESOLVE, ENCRYPTION], ids=["send", "room", "state"])
async def test_no_word_of_a_server_shows_the_token(
    world: World, at: tuple[str, str], status: int
) -> None:
    world.server.can(*at, Canned(status=status, body=json.dumps({"error": f"got {TOKEN}"})))
    assert TOKEN not in repr(await world.send())
    for seen in world.server.requests:
        assert TOKEN not in seen.path + repr(seen.query)


async def test_every_request_says_who_asks(world: World) -> None:
    config = a_channel(network="matrix", settings={"server": world.server.address, "room": ALIAS})
    channel = open_matrix(
        config,
        token=f"{TOKEN}\n",
        pictures=pictures_of(KeptMedia(PICTURE), world.clock),
        clock=world.clock,
        contact="https://x.org (y)\n",
    )
    await channel.send(a_claim(media=(a_picture(),)))
    await channel.look_up(a_claim())
    said = {seen.headers["User-Agent"] for seen in world.server.requests}
    assert len(said) == 1
    assert said.pop().endswith(" (+https://x.org y)")


# --- what is looked up -----------------------------------------------------------------------


async def test_a_post_is_found_behind_pages_of_other_talk(world: World) -> None:
    sent = await world.send()
    for number in range(250):
        world.server.keep({"msgtype": "m.text", "body": f"{number}"}, sender="@ana:example.org")
    for _ in range(150):
        world.server.keep({"m.relates_to": {}}, kind="m.reaction", sender="@ana:example.org")
    assert isinstance(sent, Sent)
    assert await world.look_up() == Found(sent.receipt)
    assert world.server.counted("GET", "/messages") == 5


async def test_reading_back_ends_at_the_first_send(world: World) -> None:
    for _ in range(250):
        at = NOON - timedelta(hours=1)
        world.server.keep({"msgtype": "m.text", "body": "old"}, at=at)
    assert await world.look_up() == Absent()
    assert world.server.counted("GET", "/messages") == 1


async def test_more_talk_than_can_be_read_is_never_absent(world: World) -> None:
    for _ in range(5_100):
        world.server.keep({"msgtype": "m.text", "body": "x"}, sender="@ana:example.org")
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


async def test_a_deleted_message_since_then_may_have_been_the_post(world: World) -> None:
    world.server.keep({"msgtype": "m.text", "body": "x"}, at=NOON - timedelta(hours=1))
    await world.send()
    world.server.empty(world.server.messages[-1])
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert "deleted" in sighting.why


async def test_deleted_messages_of_others_or_from_before_are_no_doubt(world: World) -> None:
    early = world.server.keep({"msgtype": "m.text"}, at=NOON - timedelta(minutes=2))
    others = world.server.keep({"msgtype": "m.text"}, sender="@ana:example.org")
    for event in (early, others):
        world.server.empty(event)
    assert await world.look_up() == Absent()


async def test_a_mark_under_anothers_name_is_not_taken_for_the_post(world: World) -> None:
    await world.send()
    world.server.messages[0]["sender"] = "@ana:example.org"
    assert isinstance(await world.look_up(), CannotTell)


@pytest.mark.parametrize("ahead", [timedelta(minutes=-20), timedelta(0)], ids=str)
async def test_a_room_that_took_the_others_place_proves_nothing(
    world: World, ahead: timedelta
) -> None:
    """A room that is upgraded hands its address to a new one, in which nothing was said yet."""
    world.server.clock_ahead = ahead
    await world.send()
    world.clock.advance(timedelta(minutes=2))
    new = world.server.a_room("!new:example.org")
    for event in new.events:
        event["origin_server_ts"] = int(
            (world.server.now() - timedelta(minutes=1)).timestamp() * 1000
        )
    world.server.rooms["!new:example.org"] = new
    world.server.aliases[ALIAS] = "!new:example.org"
    later = a_matrix(world.server.address, world.clock, room=ALIAS)
    sighting = await later.look_up(a_claim())
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


@pytest.mark.parametrize("ahead", [timedelta(minutes=-20), timedelta(minutes=20)], ids=str)
async def test_a_server_whose_clock_is_wrong_still_shows_the_post(ahead: timedelta) -> None:
    async with a_world() as world:
        world.server.clock_ahead = ahead
        for event in world.server.rooms[ROOM].events:
            event["origin_server_ts"] = int((NOON + ahead).timestamp() * 1000) - 1
        world.server.faults.append(Fault.LOST_REPLY)
        await world.send()
        world.clock.advance(timedelta(minutes=2))
        # More than a page, which alone must not seem to go back far enough.
        for _ in range(150):
            world.server.keep({"msgtype": "m.text", "body": "x"})
        assert isinstance(await world.look_up(), Found)
        assert await world.look_up(item="another") == Absent()


async def test_nothing_is_ruled_out_when_this_machines_clock_was_set_back(world: World) -> None:
    world.clock.jump(NOON - timedelta(hours=1))
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


async def test_a_server_that_shows_one_page_again_and_again_is_not_believed(world: World) -> None:
    world.server.can(
        "GET", "/messages", Canned(status=200, body='{"chunk": [], "end": "t1"}', times=9)
    )
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert world.server.counted("GET", "/messages") == 2


STAMPED = '{"event_id": "$a", "type": "m.room.message", "sender": "@a:b", "origin_server_ts": "x"}'


@pytest.mark.parametrize(
    ("canned", "again"),
    [
        pytest.param(named(429, "M_LIMIT_EXCEEDED"), True, id="throttled"),
        pytest.param(page(502), True, id="502"),
        pytest.param(page(200), True, id="a page"),
        pytest.param(Canned(status=200, body='{"end": "t1"}'), True, id="no events"),
        pytest.param(Canned(status=200, body=f'{{"chunk": [{STAMPED}]}}'), True, id="no date"),
        pytest.param(Canned(status=200, body='{"chunk": [], "end": 7}'), True, id="odd end"),
        pytest.param(named(403, "M_FORBIDDEN"), False, id="not in the room"),
        pytest.param(named(401, "M_UNKNOWN_TOKEN"), False, id="unknown token"),
        pytest.param(page(404), False, id="a missing page"),
        pytest.param(page(302, Location="https://else.example.org/"), False, id="elsewhere"),
    ],
)
async def test_what_cannot_be_read_is_never_absent(
    world: World, canned: Canned, again: bool
) -> None:
    world.server.can("GET", "/messages", canned)
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again is again


# --- what is said ----------------------------------------------------------------------------


async def test_a_post_says_what_it_must_and_no_more(world: World) -> None:
    claim = a_claim(
        text="La casa:\nhttps://example.org/a?b=1&c=2.\n\n@room <b>", language=Language("it")
    )
    await world.channel.send(claim)
    assert world.content == {
        "msgtype": "m.text",
        "body": "La casa:\nhttps://example.org/a?b=1&c=2.\n\n@room <b>",
        "format": "org.matrix.custom.html",
        "formatted_body": (
            '<p lang="it">La casa:<br><a href="https://example.org/a?b=1&amp;c=2">'
            "https://example.org/a?b=1&amp;c=2</a>.</p>"
            '<p lang="it">@room &lt;b&gt;</p>'
        ),
        "m.mentions": {},
        MARK: {"key": claim.delivery.key, "language": "it"},
    }


async def test_a_picture_carries_the_text_and_its_description_in_one_event(world: World) -> None:
    assert isinstance(await world.send(text="Boats", media=(a_picture("On a dyke"),)), Sent)
    content = world.content
    assert content["msgtype"] == "m.image"
    assert content["body"] == "Boats\n\n🖼️ On a dyke"
    assert content["filename"] == "rice.jpg"
    size = {"w": 12, "h": 8, "size": len(PICTURE)}
    assert content["info"] == {"mimetype": "image/jpeg", **size}
    assert world.server.media == {content["url"]: PICTURE}


async def test_a_picture_is_uploaded_once_however_often_the_post_is_tried(world: World) -> None:
    world.server.can("PUT", SEND, Canned(status=429, body="{}", times=2))
    outcomes = [await world.send(media=(a_picture(),)) for _ in range(3)]
    assert [kind_of(outcome)[0] for outcome in outcomes] == ["Throttled", "Throttled", "Sent"]
    assert world.server.counted(*UPLOAD) == 1


async def test_a_picture_that_is_not_kept_is_refused_and_says_what_to_do(world: World) -> None:
    outcome = await world.send(media=(a_picture(content=b"lost"),))
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert "herald plan" in outcome.why  # type: ignore[union-attr]


async def test_pictures_without_bytes_and_after_the_first_are_left_out_and_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    far = replace(a_picture("far"), sha256="", url="http://10.0.0.1/secret.jpg")
    media = (far, a_picture("one"), a_picture("two"))
    assert isinstance(await world.send(media=media), Sent)
    assert world.content["body"].endswith("one")
    assert [record.pictures for record in caplog.records] == [2]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "kind", "has_html"),
    [
        ("é" * 12_000, "Sent", True),
        ("&" * 24_000, "Sent", False),
        ("x" * 58_000, "Sent", False),
        ("x" * 61_000, "Refused", False),
    ],
    ids=["as long as is promised", "all markup", "longer", "too long"],
)
async def test_a_long_text_arrives_whole_or_is_refused_before_it_is_sent(
    world: World, text: str, kind: str, has_html: bool
) -> None:
    outcome = await world.send(text=text)
    assert kind_of(outcome)[0] == kind
    assert [content["body"] for content in world.server.contents] == [text] * (kind == "Sent")
    assert all(("formatted_body" in one) is has_html for one in world.server.contents)
    assert kind == "Sent" or world.server.counted("PUT", SEND) == 0


async def test_the_room_is_found_by_its_address_once(world: World) -> None:
    for number in range(3):
        assert isinstance(await world.send(item=f"item-{number}"), Sent)
    assert world.server.counted(*RESOLVE) == 1


async def test_a_new_device_is_never_trusted_with_a_repeat_but_looks_first(world: World) -> None:
    """The server knows a transaction for one device alone; the mark is there for everybody."""
    world.server.devices["syt_new"] = (USER, "ANOTHER")
    await world.send()
    later = a_matrix(world.server.address, world.clock, token="syt_new")
    assert isinstance(await later.look_up(a_claim()), Found)


# --- settings --------------------------------------------------------------------------------

SERVER = "https://matrix.example.org"


@pytest.mark.parametrize(
    "room", ["!AbC:example.org", "!AbC_-1", "#salt:example.org:8448", "#χώρος:x.gr"]
)
def test_a_room_is_taken_by_id_and_by_address(room: str) -> None:
    config = a_channel(network="matrix", settings={"server": SERVER, "room": room})
    assert check_settings(config) == ()


@pytest.mark.parametrize(
    ("room", "said"),
    [
        ("", "in quotes"),
        ("salt", "is no room"),
        ("#salt", "is no room"),
        ("@ana:example.org", "is a person"),
        ("https://matrix.to/#/#salt:example.org", "is a link"),
        ("!a b:example.org", "is no room"),
    ],
)
def test_a_room_that_is_none_is_refused_with_a_remedy(room: str, said: str) -> None:
    config = a_channel(network="matrix", settings={"server": SERVER, "room": room})
    [problem] = check_settings(config)
    assert said in problem.message
    assert "#museum:example.org" in problem.message


@pytest.mark.parametrize("token", ["two words", "ключ", "a\x07b"])
def test_a_token_that_is_none_is_refused_without_showing_it(token: str) -> None:
    config = a_channel(network="matrix", settings={"server": SERVER, "room": "!a:b"})
    clock = SetClock(NOON)
    pictures = pictures_of(KeptMedia(), clock)
    with pytest.raises(ConfigurationBroken) as caught:
        open_matrix(config, token=token, pictures=pictures, clock=clock)
    assert token not in str(caught.value)


# --- Matrix' own server ----------------------------------------------------------------------


def on(
    synapse: RealSynapse, *, server: str = "", token: str = ""
) -> tuple[RealRoom, MatrixChannel]:
    room = synapse.room()
    address, clock = server or room.address, SetClock(NOON)
    return room, a_matrix(address, clock, room=room.alias, token=token or room.token)


async def test_synapse_itself_makes_one_event_whatever_happens_to_answers(
    synapse: RealSynapse,
) -> None:
    async with FaultyWay(synapse.address).serving() as way:
        room, channel = on(synapse, server=way.address)
        for fault in (
            OnTheWay(lands=True, gives_head=0, ending=Ending.RESET),
            OnTheWay(lands=True, gives=0.5),
            OnTheWay(lands=True, answer=an_answer(500, b"{}")),
        ):
            way.spoil("PUT", ROOMS, fault)
            assert isinstance(await channel.send(a_claim()), Unclear)
            assert isinstance(await channel.look_up(a_claim()), Found)
        assert isinstance(await channel.send(a_claim()), Sent)
        assert [content["body"] for content in room.contents()] == ["The salt house"]


async def test_synapse_itself_takes_eight_sends_at_once_for_one(synapse: RealSynapse) -> None:
    room, channel = on(synapse)
    outcomes = await asyncio.gather(*(channel.send(a_claim()) for _ in range(8)))
    assert len(set(outcomes)) == 1
    assert len(room.contents()) == 1


async def test_synapse_itself_keeps_picture_and_text_as_long_as_is_promised(
    synapse: RealSynapse,
) -> None:
    room, channel = on(synapse)
    assert isinstance(await channel.send(a_claim(media=(a_picture(),))), Sent)
    for number, text in enumerate(["é" * 12_000, "&" * 24_000, "x" * 58_000]):
        assert isinstance(await channel.send(a_claim(text=text, item=f"item-{number}")), Sent)
    said = room.contents()
    assert room.picture(said[0]["url"]) == PICTURE
    assert [len(content["body"]) for content in said[1:]] == [12_000, 24_000, 58_000]


async def test_synapse_itself_shows_a_deleted_message_as_a_doubt(synapse: RealSynapse) -> None:
    room, channel = on(synapse)
    sent = await channel.send(a_claim())
    assert isinstance(sent, Sent)
    room.redact(sent.receipt.remote_id)
    assert isinstance(await channel.look_up(a_claim()), CannotTell)


async def test_synapse_itself_hands_the_address_to_a_new_room_and_proves_nothing(
    synapse: RealSynapse,
) -> None:
    room, channel = on(synapse)
    assert isinstance(await channel.send(a_claim()), Sent)
    room.replace()
    # Sent ten minutes ago, as these clocks go: the new room was not there then.
    clock = SetClock(NOON + timedelta(minutes=10))
    later = a_matrix(room.address, clock, room=room.alias, token=room.token)
    sighting = await later.look_up(a_claim())
    assert isinstance(sighting, CannotTell)
    assert "the room that was there before" in sighting.why


async def test_synapse_itself_is_looked_at_before_another_device_repeats(
    synapse: RealSynapse,
) -> None:
    room, channel = on(synapse)
    assert isinstance(await channel.send(a_claim()), Sent)
    later = a_matrix(room.address, SetClock(NOON), room=room.alias, token=room.sign_in_again())
    assert isinstance(await later.look_up(a_claim()), Found)


async def test_synapse_itself_refuses_and_the_channel_stops(synapse: RealSynapse) -> None:
    room, channel = on(synapse)
    room.encrypt()
    assert kind_of(await channel.send(a_claim())) == ("Refused", CHANNEL)
    room, channel = on(synapse)
    room.kick()
    assert kind_of(await channel.send(a_claim())) == ("Refused", CHANNEL)
    # Who was put out may still read what was said until then, which is all it can have said.
    assert await channel.look_up(a_claim()) == Absent()
    _, stranger = on(synapse, token="syt_unknown")
    assert kind_of(await stranger.send(a_claim())) == ("Refused", CHANNEL)
    nowhere = a_matrix(synapse.address, SetClock(NOON), room="#no:example.test", token=room.token)
    assert kind_of(await nowhere.send(a_claim())) == ("Refused", CHANNEL)
