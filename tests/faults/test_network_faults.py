"""Everything that can go wrong on the way to a server with Mastodon's API, and what it may come to.

Each fault meets each kind of request: the post, the upload of a picture, the look-up. What came
of it must fit what the server then holds, and the way of the delivery must end in one post, or
with a person.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import trustme

from herald.channels.mastodon.channel import MastodonChannel
from herald.channels.mastodon.reading import Account
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.settings import read_settings
from herald.clock import SetClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    DeliveryState,
    Found,
    Outcome,
    Reason,
    Sighting,
    Throttled,
    TryAgain,
)
from herald.model.ids import ChannelId, DeliveryKey
from herald.model.network import Capabilities
from tests.channels.kept import PICTURE, KeptMedia, a_picture, pictures_of
from tests.delivery.memory import MemoryOutbox
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.faulty import Ending, Fault, FaultyWay, an_answer
from tests.servers.mastodon import (
    GOTOSOCIAL,
    MASTODON,
    TOKEN,
    Behaviour,
    MastodonServer,
    serving,
)

CREATE = ("POST", "/api/v1/statuses")
UPLOAD = ("POST", "/api/v2/media")
READY = ("GET", "/api/v1/media")
OWN = ("GET", "/api/v1/accounts/verify_credentials")
OWN_POSTS = ("GET", "/api/v1/accounts/1001/statuses")
PATIENCE = 1.2
"""Seconds that the tests' channel waits for one answer."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ELSEWHERE = "elsewhere"
"""Stands in a fault for the address of another server."""


class Watched:
    """The channel under test, with notes of what it said and what the server held then."""

    def __init__(self, channel: MastodonChannel, server: MastodonServer, clock: SetClock) -> None:
        self.id, self.network = channel.id, channel.network
        self._channel, self._server, self._clock = channel, server, clock
        self.outcomes: list[Outcome] = []
        self.held: list[int] = []
        self.seconds: list[float] = []
        self.sent_at: list[timedelta] = []
        """When each send began, after the first."""
        self.repeats: list[bool] = []

    async def capabilities(self) -> Capabilities:
        return await self._channel.capabilities()

    async def send(self, claim: Claim) -> Outcome:
        began = time.monotonic()
        self.sent_at.append(self._clock.now() - NOON)
        self.repeats.append(claim.repeats)
        outcome = await self._channel.send(claim)
        self.seconds.append(time.monotonic() - began)
        self.outcomes.append(outcome)
        self.held.append(len(self._server.statuses))
        return outcome

    async def look_up(self, claim: Claim) -> Sighting:
        return await self._channel.look_up(claim)

    async def close(self) -> None:
        await self._channel.close()


@dataclass
class World:
    """A server, a way to it on which things go wrong, a channel, and an outbox with one post."""

    server: MastodonServer
    way: FaultyWay
    channel: Watched
    clock: SetClock
    outbox: MemoryOutbox
    key: DeliveryKey
    limits: Capabilities
    pictures: int = 0

    def worker(self) -> Worker:
        return Worker(
            self.outbox,
            {self.channel.id: self.channel},
            clock=self.clock,
            owner="w",
            policy=Policy(),
            random=lambda: 0.5,
        )

    @property
    def state(self) -> DeliveryState:
        return self.outbox.rows[self.key].state

    async def go_on(self, *, until: timedelta = timedelta(hours=5)) -> DeliveryState:
        """Deliver, look up and wait until nothing more happens by itself."""
        worker = self.worker()
        while self.clock.now() < NOON + until:
            await worker.drain()
            if self.state not in {DeliveryState.PENDING, DeliveryState.CLAIMED}:
                break
            if await self.outbox.resume("channel", self.channel.id):
                continue  # a person mended the credentials or the address
            self.clock.advance(10 * MINUTE)
        return self.state


@asynccontextmanager
async def a_world(behaviour: Behaviour = MASTODON, *, pictures: int = 0) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving(behaviour, clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_mastodon(way.address, clock)
        limits = await channel.capabilities()
        media = tuple(a_picture(f"number {nth}") for nth in range(pictures))
        row = a_delivery(
            channel=channel.id,
            network="mastodon",
            not_after_at=NOON + 24 * HOUR,
            payload=a_payload(media=media),
        )
        outbox = MemoryOutbox(row, limits={channel.id: limits})
        way.passed.clear()
        try:
            yield World(
                server, way, Watched(channel, server, clock), clock, outbox, row.key, limits
            )
        finally:
            await channel.close()


def a_mastodon(address: str, clock: SetClock) -> MastodonChannel:
    config = a_channel(id=ChannelId("fedi"), network="mastodon", settings={"server": address})
    return MastodonChannel(
        config.id,
        read_settings(MastodonSettings, config),
        Account(server=address, token=TOKEN, user_agent="Herald/test"),
        pictures=pictures_of(KeptMedia(PICTURE), clock),
        clock=clock,
        answer_seconds=PATIENCE,
        reading_seconds=PATIENCE,
    )


def a_claim(**changes: Any) -> Claim:
    payload = a_payload()
    row = a_delivery(
        channel=ChannelId("fedi"), payload=payload, frozen=payload, first_send_at=NOON, **changes
    )
    return Claim(delivery=row, token=1, attempt=1)


# --- the faults ------------------------------------------------------------------------------

STATUS = json.dumps({"id": "77", "created_at": "2027-05-10T12:00:00Z", "content": "x"}).encode()
PAGE = b"<html><title>Welcome</title><p>Please log in to the guest network.</html>"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

WAY: dict[str, Fault] = {
    "latency": Fault(lands=True, waits=0.05),
    "an end that is late": Fault(lands=True, ending=Ending.HANG),
    "reset before the body": Fault(reads=0, ending=Ending.RESET),
    "reset after half of the body": Fault(reads=0.5, ending=Ending.RESET),
    "reset after the body": Fault(ending=Ending.RESET),
    "closed after the body": Fault(),
    "reset after it landed": Fault(lands=True, gives_head=0, ending=Ending.RESET),
    "closed after it landed": Fault(lands=True, gives_head=0),
    "half of the head": Fault(lands=True, gives_head=0.5),
    "half of the body": Fault(lands=True, gives=0.5),
    "half of the body, then reset": Fault(lands=True, gives=0.5, ending=Ending.RESET),
    "half of the body, then nothing": Fault(lands=True, gives=0.5, ending=Ending.HANG),
    "a trickle": Fault(lands=True, bytes_a_second=500),
    "silence before it landed": Fault(ending=Ending.HANG),
    "silence after it landed": Fault(lands=True, gives_head=0, ending=Ending.HANG),
}
"""Nothing is wrong with the server: the way to it is bad."""

BROKEN_ANSWERS: dict[str, bytes] = {
    "no body": an_answer(200),
    "a page": an_answer(200, PAGE, kind="text/html"),
    "other JSON": an_answer(200, b'{"ok": true}'),
    "a list of nothing known": an_answer(200, b"[1, 2]"),
    "no JSON": an_answer(200, b"{"),
    "deep JSON": an_answer(200, b"[" * 100_000),
    "a body too large": an_answer(200, STATUS.replace(b'"x"', b'"' + b"x" * 5_000_000 + b'"')),
    "a body that is not UTF-8": an_answer(200, b'{"id": "\xff\xfe\xfa"}'),
    "half a chunk": CHUNKS + b"400\r\n{",
    "chunks that are none": CHUNKS + b"zz\r\n{}\r\n0\r\n\r\n",
    "less than its length": an_answer(200, STATUS, headers={"Content-Length": "9999"}),
    "gzip that is none": an_answer(200, STATUS, headers={"Content-Encoding": "gzip"}),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000,
    "202 and nothing": an_answer(202),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
}

SERVER_ERRORS = {
    str(status): an_answer(status, PAGE, kind="text/html") for status in (500, 502, 503, 504)
}

RESET_AT = (NOON + 7 * MINUTE).isoformat().replace("+00:00", "Z")
DATE_AT = format_datetime(NOON + 7 * MINUTE, usegmt=True)
ON_TIME = {"Date": format_datetime(NOON, usegmt=True)}
THROTTLES: dict[str, tuple[dict[str, str], timedelta | None]] = {
    "429 in seconds": ({"Retry-After": "420"}, 7 * MINUTE),
    "429 until a date": ({"Retry-After": DATE_AT}, 7 * MINUTE),
    "429 until a reset": ({"X-RateLimit-Reset": RESET_AT}, 7 * MINUTE),
    "429 with nonsense": ({"Retry-After": "soon", "X-RateLimit-Reset": "\udcff"}, None),
    "429 and no word": ({}, None),
}


def a_redirect(status: int) -> bytes:
    return an_answer(status, headers={"Location": f"http://{ELSEWHERE}/api/v1/statuses"})


REFUSALS: dict[str, tuple[bytes, DeliveryState]] = {
    "401": (an_answer(401, b'{"error": "revoked"}'), DeliveryState.PENDING),
    "403": (an_answer(403, b'{"error": "scope"}'), DeliveryState.PENDING),
    "404": (an_answer(404, b'{"error": "Record not found"}'), DeliveryState.FAILED),
    "404 and a page": (an_answer(404, PAGE), DeliveryState.PENDING),
    "410": (an_answer(410, PAGE), DeliveryState.PENDING),
    "422": (an_answer(422, b'{"error": "no"}'), DeliveryState.FAILED),
    "301 to elsewhere": (a_redirect(301), DeliveryState.PENDING),
    "308 to elsewhere": (a_redirect(308), DeliveryState.PENDING),
}
"""What the server says, and what it makes of the delivery: failed, or its channel stopped."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault and the only outcome that is allowed."""

    fault: Fault
    outcome: str
    ends: DeliveryState = DeliveryState.SENT
    wait: timedelta | None = None


def created() -> dict[str, Case]:
    """Return every fault of a post."""
    good = {"latency", "an end that is late"}
    cases = {
        name: Case(fault=fault, outcome="Sent" if name in good else "Unclear")
        for name, fault in WAY.items()
    }
    for name, answer in (BROKEN_ANSWERS | SERVER_ERRORS).items():
        for when, lands in (("after", True), ("before", False)):
            fault = Fault(lands=lands, answer=answer)
            cases[f"{name}, {when} it landed"] = Case(fault=fault, outcome="Unclear")
    strange = an_answer(200, STATUS, kind="image/png")
    cases["a post under another content type"] = Case(
        fault=Fault(lands=True, answer=strange), outcome="Sent"
    )
    for status in (302, 303, 307):
        cases[f"{status} to elsewhere"] = Case(
            fault=Fault(answer=a_redirect(status)), outcome="Unclear"
        )
    for name, (headers, wait) in THROTTLES.items():
        answer = an_answer(429, b'{"error": "slow"}', headers=ON_TIME | headers)
        cases[name] = Case(fault=Fault(answer=answer), outcome="Throttled", wait=wait)
    for name, (answer, state) in REFUSALS.items():
        ends = DeliveryState.FAILED if state is DeliveryState.FAILED else DeliveryState.SENT
        cases[name] = Case(fault=Fault(answer=answer), outcome="Refused", ends=ends)
    return cases


CREATED = created()


@dataclass
class Elsewhere:
    """Another server, that says yes to everything and would take a post."""

    way: FaultyWay
    asked: list[tuple[str, str]] = field(default_factory=list)


@asynccontextmanager
async def elsewhere() -> AsyncIterator[Elsewhere]:
    way = FaultyWay("http://127.0.0.1:1")
    way.spoil_every("GET", "/", Fault(answer=an_answer(200, b"[]")))
    way.spoil_every("POST", "/", Fault(answer=an_answer(200, STATUS)))
    async with way.serving():
        yield Elsewhere(way, way.passed)


def pointing_to(there: FaultyWay, fault: Fault) -> Fault:
    address = there.address.removeprefix("http://")
    return replace(fault, answer=fault.answer.replace(ELSEWHERE.encode(), address.encode()))


# --- the post --------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [MASTODON, GOTOSOCIAL], ids=lambda one: one.name)
@pytest.mark.parametrize("case", CREATED.values(), ids=CREATED.keys())
async def test_whatever_happens_to_a_post_there_is_one_in_the_end(
    case: Case, behaviour: Behaviour
) -> None:
    async with a_world(behaviour) as world, elsewhere() as other:
        world.way.spoil(*CREATE, pointing_to(other.way, case.fault))
        state = await world.go_on()
        first = world.channel.outcomes[0]
        assert type(first).__name__ == case.outcome
        if isinstance(first, Throttled):
            assert first.wait == case.wait
        may_hold = case.outcome in {"Sent", "Unclear"}
        assert world.channel.held[0] == int(case.fault.lands)
        assert may_hold or world.channel.held[0] == 0
        assert world.channel.seconds[0] < PATIENCE + 3
        assert state is case.ends
        assert len(world.server.statuses) == int(case.ends is DeliveryState.SENT)
        assert other.asked == []


async def test_a_slow_answer_that_comes_in_time_is_an_answer() -> None:
    async with a_world() as world:
        world.way.spoil(*CREATE, Fault(lands=True, bytes_a_second=8000))
        assert await world.go_on() is DeliveryState.SENT
        assert len(world.channel.outcomes) == 1


async def test_a_look_up_that_never_works_leaves_the_post_to_a_person() -> None:
    async with a_world() as world:
        world.way.spoil(*CREATE, Fault(lands=True, gives_head=0))
        world.way.spoil_every(*OWN, Fault(ending=Ending.RESET))
        assert await world.go_on() is DeliveryState.HELD
        assert world.outbox.rows[world.key].reason is Reason.UNCLEAR
        assert world.way.passed.count(CREATE) == 1


@pytest.mark.parametrize("name", ["no.such.server.invalid", "127.0.0.1:1"])
async def test_a_server_that_cannot_be_reached_was_sent_nothing(name: str) -> None:
    channel = a_mastodon(f"https://{name}", SetClock(NOON))
    assert isinstance(await channel.send(a_claim()), TryAgain)
    sighting = await channel.look_up(a_claim())
    assert isinstance(sighting, CannotTell)
    assert sighting.again
    await channel.close()


async def test_a_server_whose_certificate_nobody_vouches_for_was_sent_nothing() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with (
        serving(MASTODON, SetClock(NOON)) as server,
        FaultyWay(server.address).serving(tls) as way,
    ):
        channel = a_mastodon(way.address, SetClock(NOON))
        outcome = await channel.send(a_claim())
        assert isinstance(outcome, TryAgain)
        assert "Certificate" in outcome.why
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert "certificate" in sighting.why
        assert server.requests == []
        await channel.close()


# --- the look-up -----------------------------------------------------------------------------

READING = {
    **WAY,
    **{f"answered with {name}": Fault(answer=answer) for name, answer in BROKEN_ANSWERS.items()},
    **{name: Fault(answer=answer) for name, answer in SERVER_ERRORS.items()},
    **{name: Fault(answer=answer) for name, (answer, _) in REFUSALS.items()},
    **{f"{status} to elsewhere": Fault(answer=a_redirect(status)) for status in (302, 303, 307)},
    "429": Fault(answer=an_answer(429, b"{}")),
    "an empty list under an error": Fault(answer=an_answer(500, b"[]")),
}


@pytest.mark.parametrize("question", [OWN, OWN_POSTS], ids=["whose account", "own posts"])
@pytest.mark.parametrize("fault", READING.values(), ids=READING.keys())
async def test_a_post_that_is_there_is_never_thought_absent(
    fault: Fault, question: tuple[str, str]
) -> None:
    async with a_world() as world, elsewhere() as other:
        world.server.keep("The salt house", language="en")
        world.clock.advance(2 * MINUTE)
        world.way.spoil(*question, pointing_to(other.way, fault))
        began = time.monotonic()
        sighting = await world.channel.look_up(a_claim())
        assert time.monotonic() - began < 2 * PATIENCE + 3
        assert isinstance(sighting, Found | CannotTell)
        assert other.asked == []
        assert isinstance(await world.channel.look_up(a_claim()), Found)


@pytest.mark.parametrize("fault", READING.values(), ids=READING.keys())
async def test_a_post_that_is_not_there_is_never_thought_found(fault: Fault) -> None:
    async with a_world(GOTOSOCIAL) as world:
        world.way.spoil(*OWN_POSTS, fault)
        assert isinstance(await world.channel.look_up(a_claim()), Absent | CannotTell)
        assert await world.channel.look_up(a_claim()) == Absent()


@pytest.mark.parametrize("question", [OWN, OWN_POSTS], ids=["whose account", "own posts"])
async def test_of_an_answer_without_end_no_more_is_read_than_one_can_need(
    question: tuple[str, str],
) -> None:
    async with a_world() as world:
        long = b'{"id": "1001", "note": "' + b"x" * 5_000_000 + b'"}'
        whole = long if question is OWN else b"[" + b" " * 5_000_000 + b"]"
        world.way.spoil(*question, Fault(answer=an_answer(200, whole)))
        sighting = await world.channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert "too long" in sighting.why
        assert sighting.again


async def test_a_redirect_within_the_server_is_followed() -> None:
    """Some servers know an address only with, others only without a slash at its end."""
    async with a_world() as world:
        world.server.keep("The salt house", language="en")
        at = {"Location": f"{OWN[1]}?again=1"}
        world.way.spoil(*OWN, Fault(answer=an_answer(301, b"moved", headers=at)))
        assert isinstance(await world.channel.look_up(a_claim()), Found)


async def test_a_look_up_that_is_given_up_asks_for_no_further_page() -> None:
    async with a_world() as world:
        for nth in range(120):
            world.server.keep(f"Newer: {nth}")
        world.way.spoil_every(*OWN_POSTS, Fault(lands=True, waits=0.1))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await world.channel.look_up(a_claim())
        # This one takes as long as the first would have taken.
        await world.channel.look_up(a_claim())
        assert world.way.passed.count(OWN_POSTS) <= 2 + 4


# --- the pictures ----------------------------------------------------------------------------

NOT_TAKEN = {"401", "403", "404", "404 and a page", "410", "422"}


@pytest.mark.parametrize("question", [UPLOAD, READY], ids=["upload", "is it ready"])
@pytest.mark.parametrize("name", READING)
async def test_trouble_with_a_picture_never_makes_a_post_or_loses_one(
    name: str, question: tuple[str, str]
) -> None:
    async with a_world(pictures=1) as world, elsewhere() as other:
        world.way.spoil(*question, pointing_to(other.way, READING[name]))
        state = await world.go_on()
        first = world.channel.outcomes[0]
        assert type(first).__name__ in {"Sent", "TryAgain", "Throttled", "Refused"}
        assert world.channel.held[0] == int(type(first).__name__ == "Sent")
        gone = name in NOT_TAKEN and state is DeliveryState.FAILED
        assert state is DeliveryState.SENT or gone
        assert len(world.server.statuses) == int(not gone)
        assert all(len(status.media) == 1 for status in world.server.statuses)
        assert other.asked == []


# --- keys, and what lands late ---------------------------------------------------------------


async def test_a_request_that_lands_within_the_settle_window_is_found() -> None:
    for behaviour in (MASTODON, GOTOSOCIAL):
        async with a_world(behaviour) as world:
            late = asyncio.Event()
            world.way.spoil(*CREATE, Fault(lands_when=late))
            late.set()
            assert await world.go_on() is DeliveryState.SENT
            assert world.way.passed.count(CREATE) == 1
            assert len(world.server.statuses) == 1


@pytest.mark.parametrize(
    ("behaviour", "posts"), [(MASTODON, 1), (GOTOSOCIAL, 2)], ids=["with keys", "without keys"]
)
async def test_a_request_that_lands_after_the_settle_window_doubles_where_no_key_is_known(
    behaviour: Behaviour, posts: int
) -> None:
    """The limit of the promise: a server that acts on a request for longer than its window."""
    async with a_world(behaviour) as world:
        late = asyncio.Event()
        world.way.spoil(*CREATE, Fault(lands_when=late))
        assert await world.go_on() is DeliveryState.SENT
        assert len(world.server.statuses) == 1
        late.set()
        async with asyncio.timeout(60):
            await world.way.landed.wait()
        assert len(world.server.statuses) == posts


REPLAYS = {
    "500": an_answer(500, PAGE),
    "a bare 200": an_answer(200),
    "a bare 422": an_answer(422, b'{"error": "duplicate"}'),
    "429": an_answer(429, b"{}"),
}


@pytest.mark.parametrize("answer", REPLAYS.values(), ids=REPLAYS.keys())
async def test_an_error_on_a_repeat_never_means_that_it_was_not_posted(answer: bytes) -> None:
    """Mastodon answers 500 to the repeat of a key whose post it has (mastodon/mastodon#40399)."""
    async with a_world() as world:
        late = asyncio.Event()
        world.way.spoil(*CREATE, Fault(lands_when=late))
        world.way.spoil(*CREATE, Fault(answer=answer, lands=True))
        worker = world.worker()
        await worker.drain()
        late.set()
        state = await world.go_on()
        assert len(world.server.statuses) == 1
        assert world.channel.repeats[:2] == [False, True]
        assert state in {DeliveryState.SENT, DeliveryState.HELD}


@pytest.mark.parametrize("asked_after", [30, 49, 50, 59, 60, 61, 90])
async def test_a_key_is_used_only_while_the_server_surely_knows_it(asked_after: int) -> None:
    async with a_world() as world:
        world.way.spoil(*CREATE, Fault())
        world.way.spoil_every(*OWN, Fault(ending=Ending.RESET))
        worker = world.worker()
        while world.clock.now() < NOON + asked_after * MINUTE:
            await worker.drain()
            world.clock.advance(MINUTE)
        world.way.mend()
        assert await world.go_on() is DeliveryState.SENT
        assert len(world.server.statuses) == 1
        for at, repeats in zip(world.channel.sent_at, world.channel.repeats, strict=True):
            assert not repeats or at < 50 * MINUTE


async def test_the_server_of_these_tests_forgets_a_key_after_an_hour() -> None:
    async with a_world() as world:
        for after, posts in ((0, 1), (59, 1), (60, 2)):
            world.clock.jump(NOON + after * MINUTE)
            await world.channel.send(a_claim())
            assert len(world.server.statuses) == posts


async def test_the_server_of_these_tests_makes_two_posts_of_one_key_that_come_together() -> None:
    async with a_world() as world:
        world.server.keys_wait_for = asyncio.Event()
        sends = [asyncio.create_task(world.channel.send(a_claim())) for _ in range(2)]
        async with asyncio.timeout(60):
            while len(world.server.statuses) < 2:  # noqa: ASYNC110 - a server tells nobody
                await asyncio.sleep(0)
        world.server.keys_wait_for.set()
        await asyncio.gather(*sends)


async def test_two_requests_of_one_key_are_never_under_way_together() -> None:
    """A server that is still busy with the first after its answer was given up."""
    async with a_world() as world:
        world.server.keys_wait_for = asyncio.Event()
        assert await world.go_on() is DeliveryState.SENT
        assert world.channel.outcomes != []
        assert type(world.channel.outcomes[0]).__name__ == "Unclear"
        assert world.way.passed.count(CREATE) == 1
        assert len(world.server.statuses) == 1
        world.server.keys_wait_for.set()


# --- secrets ---------------------------------------------------------------------------------

ECHOES = {
    f"{status} with the token {where}": answer
    for status in (200, 301, 302, 400, 401, 404, 422, 429, 500)
    for where, answer in (
        (
            "in its words",
            an_answer(status, json.dumps({"error": f"Authorization: Bearer {TOKEN}"}).encode()),
        ),
        (
            "in UTF-16",
            an_answer(status, json.dumps({"error": f"Bearer {TOKEN}"}).encode("utf-16-le")),
        ),
        (
            "in an address",
            an_answer(status, headers={"Location": f"https://x.org/?access_token={TOKEN}"}),
        ),
        (
            "in a post",
            an_answer(
                status,
                STATUS.replace(b"}", f', "url": "https://x.org/?t={TOKEN}"}}'.encode()),
                headers={"Location": f"https://x.org/{TOKEN}"},
            ),
        ),
    )
}


@pytest.mark.parametrize("answer", ECHOES.values(), ids=ECHOES.keys())
async def test_a_token_that_a_server_repeats_is_kept_nowhere(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with a_world(pictures=1) as world:
        for question in (CREATE, UPLOAD, READY, OWN, OWN_POSTS):
            world.way.spoil(*question, Fault(answer=answer))
        await world.go_on(until=3 * HOUR)
        sighting = await world.channel.look_up(a_claim())
        attempts = await world.outbox.attempts(world.key)
        said = [world.outbox.rows, attempts, world.channel.outcomes, sighting, caplog.text]
        said += [[vars(record) for record in caplog.records]]
        assert world.channel.outcomes
        assert TOKEN not in repr(said)
