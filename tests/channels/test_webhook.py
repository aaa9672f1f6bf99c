"""The webhook channel against a receiver that refuses, rests, moves, loses answers or forgets."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from herald.channels.asking import ANSWER_SECONDS
from herald.channels.registry import check_settings, open_channel
from herald.channels.settings import read_settings
from herald.channels.webhook.channel import INLINE_MOST, WebhookChannel
from herald.channels.webhook.settings import WebhookSettings
from herald.clock import SetClock, SystemClock
from herald.delivery.verdict import Policy, judge_sighting
from herald.delivery.worker import Worker
from herald.errors import ConfigurationBroken
from herald.model.account import Severity
from herald.model.delivery import (
    Action,
    CannotTell,
    Claim,
    DeliveryState,
    Outcome,
    Reason,
    Receipt,
    Refused,
    RefusedScope,
    RepeatSafe,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId, DeliveryKey, Language, PartnerId
from herald.model.network import Capabilities
from herald.model.verdict import Hold, Retry
from herald.model.words import EVERY
from herald.ports import Clock, Examined
from tests.channels.kept import PICTURE, KeptMedia, a_picture, surroundings
from tests.delivery.clocks import StandingClock
from tests.delivery.memory import MemoryOutbox
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.running import a_free_port, until
from tests.servers.faulty import Ending, Fault, FaultyWay, an_answer
from tests.servers.webhook import SECRET, Receiver, Told, receiving

PATIENCE_SECONDS = 10.0
IMPATIENCE_SECONDS = 0.5
"""How long a test waits for an answer that never comes."""
CHANNEL = RefusedScope.CHANNEL


@dataclass
class World:
    """A receiver, a channel that calls it, and the clock of both."""

    receiver: Receiver
    clock: SetClock
    channel: WebhookChannel

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    @property
    def published(self) -> dict[str, Any]:
        """The one post that is there."""
        [data] = self.receiver.published
        return data


@asynccontextmanager
async def a_world(*, remembers: bool = True, **options: Any) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with receiving(clock, remembers=remembers) as receiver:
        yield World(receiver, clock, a_hook(receiver.address, clock, **options))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def a_hook(
    url: str,
    clock: Clock,
    *,
    seconds: float = PATIENCE_SECONDS,
    public_url: str = "https://herald.example.org",
    media: KeptMedia | None = None,
    **settings: str,
) -> WebhookChannel:
    config = a_channel(network="webhook", settings={"url": url, **settings})
    around = surroundings(Path(), clock, media=media, public_url=public_url)
    return WebhookChannel(
        config,
        read_settings(WebhookSettings, config),
        secret=SECRET,
        around=replace(around, contact="https://example.org/contact"),
        seconds=seconds,
    )


def a_claim(**changes: Any) -> Claim:
    """Make a claim whose first send is a minute after it was due, at noon."""
    names = ("text", "media", "language", "link", "title", "also")
    payload = a_payload(**{name: changes.pop(name) for name in names if name in changes})
    of_claim = {name: changes.pop(name) for name in ("target", "root") if name in changes}
    if "target" in of_claim:
        changes |= {"target": DeliveryKey("a" * 64), "thread": DeliveryKey("b" * 64)}
    values = {"network": "webhook", "language": payload.language, **changes}
    values.setdefault("first_send_at", NOON + timedelta(minutes=1))
    delivery = a_delivery(payload=payload, frozen=payload, **values)
    return Claim(delivery=delivery, token=1, attempt=1, **of_claim)


def verdict_after_looking(claim: Claim, sighting: Any, limits: Capabilities) -> Any:
    return judge_sighting(
        claim, sighting, now=NOON + timedelta(minutes=4), capabilities=limits, policy=Policy()
    )


# ---------------------------------------------------------------- what is sent


async def test_a_call_says_everything_about_a_post(world: World) -> None:
    outcome = await world.send(
        text="The salt house\n#Ecomusei",
        title="The salt house",
        link="https://example.org/salt",
        language=Language("en"),
        also=(Language("it"),),
        partner=PartnerId("argenta"),
        media=(replace(a_picture("A dyke"), credit="Ana", licence="CC-BY-4.0"),),
    )
    key = a_claim().delivery.key
    assert outcome == Sent(
        Receipt(remote_id=f"post-{key[:8]}", url=f"https://example.org/posts/{key[:8]}")
    )
    media = a_picture()
    assert world.published == {
        "id": key,
        "action": "create",
        "text": "The salt house\n#Ecomusei",
        "title": "The salt house",
        "link": "https://example.org/salt",
        "language": "en",
        "languages": ["en", "it"],
        "media": [
            {
                "url": f"https://herald.example.org/media/{media.sha256}.jpg",
                "media_type": "image/jpeg",
                "sha256": media.sha256,
                "width": 12,
                "height": 8,
                "alt": "A dyke",
                "credit": "Ana",
                "licence": "CC-BY-4.0",
            }
        ],
        "target": None,
        "thread": None,
        "part": 0,
        "channel": "fedi",
        "campaign": "stories",
        "item": "salt-house",
        "occasion": "2027-05-10T14:00",
        "partner": "argenta",
        "due_at": "2027-05-10T12:00:00Z",
    }


async def test_a_repeat_is_the_same_call_signed_anew(world: World) -> None:
    await world.send()
    world.clock.advance(timedelta(hours=3))
    assert isinstance(await world.send(), Sent)
    (first, one), (second, other) = world.receiver.calls
    assert one == other
    assert first["webhook-id"] == second["webhook-id"] == a_claim().delivery.key
    stamps = [int(headers["webhook-timestamp"]) for headers in (first, second)]
    assert stamps[1] - stamps[0] == 3 * 3600
    assert json.loads(one)["timestamp"] == "2027-05-10T12:01:00Z"
    assert len(world.receiver.published) == 1


async def test_herald_says_who_calls_and_whom_one_may_ask(world: World) -> None:
    await world.send()
    [(headers, _)] = world.receiver.calls
    assert headers["User-Agent"].endswith("(+https://example.org/contact)")
    assert headers["Content-Type"] == "application/json"


async def test_a_text_in_no_language_has_none(world: World) -> None:
    await world.send(language=EVERY)
    assert (world.published["language"], world.published["languages"]) == (None, [])


async def test_a_picture_without_a_public_address_is_in_the_call() -> None:
    async with a_world(public_url="") as world:
        assert isinstance(await world.send(media=(a_picture("A dyke"),)), Sent)
        [media] = world.published["media"]
        assert base64.b64decode(media["data"]) == PICTURE
        assert (media["alt"], "url" in media) == ("A dyke", False)


async def test_a_large_picture_is_made_smaller_to_go_into_a_call() -> None:
    content = BytesIO()
    noise = Image.frombytes("RGB", (900, 900), Random(1).randbytes(900 * 900 * 3))
    noise.save(content, "JPEG", quality=97)
    assert len(content.getvalue()) > INLINE_MOST
    media = KeptMedia(content.getvalue())
    async with a_world(public_url="", media=media) as world:
        outcome = await world.send(media=(a_picture(content=content.getvalue()),))
        assert isinstance(outcome, Sent)
        [told] = world.published["media"]
        assert 0 < len(base64.b64decode(told["data"])) <= INLINE_MOST


async def test_what_is_no_picture_is_refused_with_what_is_wrong_with_it() -> None:
    content = b"<html>no picture</html>"
    async with a_world(media=KeptMedia(content)) as world:
        outcome = await world.send(media=(a_picture(content=content),))
        assert not world.receiver.calls
    assert isinstance(outcome, Refused)
    assert outcome.scope is RefusedScope.DELIVERY
    assert "media/rice.jpg" in outcome.why


async def test_a_picture_of_which_only_the_address_is_known_is_named_by_it(world: World) -> None:
    media = replace(a_picture(), sha256="", file="", url="https://example.org/rice.jpg")
    assert isinstance(await world.send(media=(media,)), Sent)
    assert world.published["media"][0]["url"] == "https://example.org/rice.jpg"


async def test_a_picture_that_is_not_kept_is_refused_before_anything_is_sent(world: World) -> None:
    outcome = await world.send(media=(replace(a_picture(), sha256="0" * 64),))
    assert isinstance(outcome, Refused)
    assert "herald plan" in outcome.why
    assert not world.receiver.calls


# ---------------------------------------------------------------- edits, deletions, answers

EARLIER = Receipt(remote_id="post-7", url="https://example.org/posts/7")


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE])
async def test_a_correction_names_the_post_that_it_is_about(action: Action) -> None:
    async with a_world(corrects="true") as world:
        assert action in (await world.channel.capabilities()).actions
        outcome = await world.send(action=action, target=EARLIER, root=EARLIER)
        assert isinstance(outcome, Sent)
        assert world.published["action"] == action.value
        assert world.published["target"] == {
            "id": "a" * 64,
            "remote_id": "post-7",
            "url": "https://example.org/posts/7",
        }
        assert world.published["thread"]["id"] == "b" * 64


async def test_a_deletion_needs_no_picture() -> None:
    async with a_world(corrects="true") as world:
        gone = replace(a_picture(), sha256="0" * 64)
        outcome = await world.send(action=Action.DELETE, target=EARLIER, media=(gone,))
        assert isinstance(outcome, Sent)


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE, Action.BOOST])
async def test_a_receiver_that_only_publishes_is_sent_no_correction(
    world: World, action: Action
) -> None:
    """It would take a correction for a further post."""
    assert action not in (await world.channel.capabilities()).actions
    outcome = await world.send(action=action, target=EARLIER)
    assert isinstance(outcome, Refused)
    assert outcome.scope is RefusedScope.DELIVERY
    assert not world.receiver.calls


async def test_only_a_receiver_that_knows_answers_gets_threads(world: World) -> None:
    assert not (await world.channel.capabilities()).threads
    async with a_world(threads="true") as knows:
        assert (await knows.channel.capabilities()).threads
        assert isinstance(await knows.send(target=EARLIER, root=EARLIER), Sent)
        assert knows.published["target"]["remote_id"] == "post-7"


# ---------------------------------------------------------------- what answers mean

ANSWERS: dict[str, tuple[Told, type, object]] = {
    "created": (Told(status=201, body=b"{}", takes=True), Sent, None),
    "accepted, nothing said": (Told(status=202, takes=True), Sent, None),
    "no content": (Told(status=204, takes=True), Sent, None),
    "a page": (Told(status=200, body=b"<html>Thanks!</html>", takes=True), Sent, None),
    "other JSON": (Told(status=200, body=b"[1, 2]", takes=True), Sent, None),
    "asks to wait": (Told(status=429, headers={"Retry-After": "90"}), Throttled, 90),
    "asks to wait, not how long": (Told(status=429), Throttled, None),
    "down for a while": (Told(status=503, headers={"Retry-After": "90"}), Throttled, 90),
    "down": (Told(status=503), Unclear, None),
    "gone": (Told(status=410), Refused, CHANNEL),
    "not found": (Told(status=404), Refused, CHANNEL),
    "not for POST": (Told(status=405), Refused, CHANNEL),
    "not signed well": (Told(status=401), Refused, CHANNEL),
    "forbidden": (Told(status=403), Refused, CHANNEL),
    "moved": (Told(status=301, headers={"Location": "https://b.example"}), Refused, CHANNEL),
    "moved for good": (
        Told(status=308, headers={"Location": "https://b.example"}),
        Refused,
        CHANNEL,
    ),
    "see other": (Told(status=303, headers={"Location": "/thanks"}, takes=True), Unclear, None),
    "bad request": (Told(status=400), Refused, RefusedScope.DELIVERY),
    "too large": (Told(status=413), Refused, RefusedScope.DELIVERY),
    "not understood": (Told(status=422), Refused, RefusedScope.DELIVERY),
    "timed out there": (Told(status=408, takes=True), Unclear, None),
    "conflict": (Told(status=409, takes=True), Unclear, None),
    "error before": (Told(status=500), Unclear, None),
    "error after": (Told(status=500, takes=True), Unclear, None),
    "gateway gave up": (Told(status=504, takes=True), Unclear, None),
}


@pytest.mark.parametrize(("told", "kind", "more"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_comes_to_what_the_page_says_and_a_repeat_makes_no_second_post(
    world: World, told: Told, kind: type, more: object
) -> None:
    world.receiver.answers.append(told)
    outcome = await world.send()
    assert type(outcome) is kind
    if isinstance(outcome, Throttled):
        assert outcome.wait == (more if more is None else timedelta(seconds=more))  # type: ignore[arg-type]
    if isinstance(outcome, Refused):
        assert outcome.scope is more
    assert len(world.receiver.calls) == 1, "a call is never repeated inside"
    assert isinstance(await world.send(), Sent)
    assert len(world.receiver.published) == 1


ON_THE_WAY: dict[str, tuple[Fault, type]] = {
    "lost reply": (Fault(lands=True, gives_head=0), Unclear),
    "reset after": (Fault(lands=True, gives_head=0, ending=Ending.RESET), Unclear),
    "half an answer": (Fault(lands=True, gives_head=0.5), Unclear),
    "cut body": (
        Fault(lands=True, answer=an_answer(200, b'{"id": "1"}'), gives=0.5),
        Unclear,
    ),
    "never answered, taken": (Fault(lands=True, gives_head=0, ending=Ending.HANG), Unclear),
    "never answered": (Fault(ending=Ending.HANG), Unclear),
    "half the call": (Fault(reads=0.5, ending=Ending.RESET), Unclear),
    "a proxy's page": (
        Fault(answer=an_answer(502, b"<h1>Bad gateway</h1>", kind="text/html")),
        Unclear,
    ),
}


@pytest.mark.parametrize(("fault", "kind"), ON_THE_WAY.values(), ids=ON_THE_WAY.keys())
async def test_trouble_on_the_way_is_unclear_and_the_repeat_is_the_same_post(
    fault: Fault, kind: type
) -> None:
    clock = SetClock(NOON)
    async with receiving(clock) as receiver, FaultyWay(receiver.address[:-5]).serving() as way:
        seconds = IMPATIENCE_SECONDS if fault.ending is Ending.HANG else PATIENCE_SECONDS
        channel = a_hook(f"{way.address}/hook", clock, seconds=seconds)
        limits = await channel.capabilities()
        way.spoil("POST", "/hook", fault)
        claim = a_claim()
        assert type(await channel.send(claim)) is kind
        sighting = await channel.look_up(claim)
        assert sighting == RepeatSafe()
        assert isinstance(verdict_after_looking(claim, sighting, limits), Retry)
        patient = a_hook(receiver.address, clock)
        assert isinstance(await patient.send(claim), Sent)
        assert len(receiver.published) == 1


async def test_nobody_listening_was_sent_nothing() -> None:
    channel = a_hook(f"http://127.0.0.1:{a_free_port()}/hook", SetClock(NOON))
    assert isinstance(await channel.send(a_claim()), TryAgain)


async def test_two_at_once_under_one_id_are_one_post(world: World) -> None:
    outcomes = await asyncio.gather(*(world.send() for _ in range(5)))
    assert len({outcome.receipt for outcome in outcomes if isinstance(outcome, Sent)}) == 1
    assert len(world.receiver.published) == 1


# ---------------------------------------------------------------- until it is sure

WHOLE: dict[str, tuple[list[Told], dict[str, str], DeliveryState, int]] = {
    "taken, and lost three times": (
        [Told(status=504, takes=True), Told(status=500, takes=True), Told(status=502, takes=True)],
        {},
        DeliveryState.SENT,
        1,
    ),
    "not taken, and lost": ([Told(status=500), Told(status=503)], {}, DeliveryState.SENT, 1),
    "asked to wait": (
        [Told(status=429, headers={"Retry-After": "40"}), Told(status=503)],
        {},
        DeliveryState.SENT,
        1,
    ),
    "taken by one that forgets": (
        [Told(status=504, takes=True)],
        {"repeats": "false"},
        DeliveryState.HELD,
        1,
    ),
    "not taken by one that forgets": (
        [Told(status=500)],
        {"repeats": "false"},
        DeliveryState.HELD,
        0,
    ),
    "refused": ([Told(status=422)], {}, DeliveryState.FAILED, 0),
}


@pytest.mark.parametrize(("answers", "settings", "ends", "posts"), WHOLE.values(), ids=WHOLE.keys())
async def test_delivery_goes_on_until_it_is_sure_and_there_is_never_a_second_post(
    answers: list[Told], settings: dict[str, str], ends: DeliveryState, posts: int
) -> None:
    clock = StandingClock(NOON)
    remembers = settings.get("repeats") != "false"
    async with receiving(clock, remembers=remembers) as receiver:
        receiver.answers.extend(answers)
        channel = a_hook(receiver.address, clock, **settings)
        limits = await channel.capabilities()
        outbox = MemoryOutbox(a_delivery(network="webhook"), limits={"fedi": limits})
        worker = Worker(
            outbox,
            {channel.id: channel},
            clock=clock,
            owner="w1",
            policy=Policy(),
            random=lambda: 0.5,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        try:
            async with asyncio.timeout(20):
                while (row := (await outbox.list_deliveries())[0]).state is not ends:
                    clock.advance(timedelta(seconds=0.1))
                    await asyncio.sleep(0.0002)
        finally:
            stop.set()
            await running
    assert len(receiver.published) == posts
    assert len(receiver.calls) == len(answers) + (ends is DeliveryState.SENT)
    assert (row.reason is Reason.UNCLEAR) == (ends is DeliveryState.HELD)
    assert bool(row.remote_id) == (ends is DeliveryState.SENT)


# ---------------------------------------------------------------- receivers that forget


async def test_a_receiver_that_knows_no_repeat_gets_none_unseen() -> None:
    """Late is better than twice: here only a person can tell."""
    async with a_world(remembers=False, repeats="false") as world:
        limits = await world.channel.capabilities()
        assert limits.repeat_within is None
        world.receiver.answers.append(Told(status=504, takes=True))
        claim = a_claim()
        assert isinstance(await world.channel.send(claim), Unclear)
        sighting = await world.channel.look_up(claim)
        assert isinstance(sighting, CannotTell)
        assert isinstance(verdict_after_looking(claim, sighting, limits), Hold)


async def test_a_receiver_that_knows_no_repeat_is_in_doubt_after_any_503() -> None:
    async with a_world(repeats="false") as world:
        world.receiver.answers.append(Told(status=503, headers={"Retry-After": "90"}, takes=True))
        assert isinstance(await world.send(), Unclear)


async def test_what_no_send_is_known_of_is_sent(world: World) -> None:
    claim = a_claim(first_send_at=None)
    sighting = await world.channel.look_up(claim)
    limits = await world.channel.capabilities()
    assert isinstance(verdict_after_looking(claim, sighting, limits), Retry)


# ---------------------------------------------------------------- what is kept of answers

RECEIPTS: dict[str, tuple[bytes, str, str]] = {
    "both": (b'{"id": "7", "url": "https://x.org/7"}', "7", "https://x.org/7"),
    "a number": (b'{"id": 7}', "7", ""),
    "nothing": (b"", "KEY", ""),
    "no id": (b'{"id": null, "url": "https://x.org/7"}', "KEY", "https://x.org/7"),
    "true": (b'{"id": true}', "KEY", ""),
    "a script for an address": (b'{"id": "7", "url": "javascript:alert(1)"}', "7", ""),
    "half a letter": (b'{"id": "\\ud800", "url": "https://x.org/\\ud800"}', "KEY", ""),
    "too long": (b'{"id": "' + b"7" * 501 + b'"}', "KEY", ""),
    "many digits": (b'{"id": ' + b"7" * 5000 + b"}", "KEY", ""),
    "a list": (b'[{"id": "7"}]', "KEY", ""),
}


@pytest.mark.parametrize(("body", "own", "url"), RECEIPTS.values(), ids=RECEIPTS.keys())
async def test_whatever_a_receiver_says_with_its_yes_the_post_is_sent(
    world: World, body: bytes, own: str, url: str
) -> None:
    world.receiver.answers.append(Told(status=200, body=body, takes=True))
    key = a_claim().delivery.key
    assert await world.send() == Sent(Receipt(remote_id=key if own == "KEY" else own, url=url))


async def test_a_secret_that_the_receiver_repeats_is_not_kept(world: World) -> None:
    body = json.dumps({"message": f"your key {SECRET} is bad"}).encode()
    world.receiver.answers.append(Told(status=400, body=body))
    outcome = await world.send()
    assert isinstance(outcome, Refused)
    assert "your key" in outcome.why
    assert SECRET.removeprefix("whsec_") not in outcome.why


async def test_another_secret_stops_the_channel_and_nothing_is_published() -> None:
    clock = SetClock(NOON)
    async with receiving(clock) as receiver:
        config = a_channel(network="webhook", settings={"url": receiver.address})
        other = "whsec_" + base64.b64encode(b"x" * 24).decode()
        around = surroundings(Path(), clock)
        channel = open_channel(config, secrets={"secret": f"{other}\n"}, around=around)
        outcome = await channel.send(a_claim())
    assert isinstance(outcome, Refused)
    assert outcome.scope is CHANNEL
    assert (receiver.forged, receiver.published) == (1, [])


# ---------------------------------------------------------------- the doctor


async def test_the_doctor_hears_that_the_server_answers_and_nothing_is_sent(world: World) -> None:
    assert isinstance(world.channel, Examined)
    [finding] = await world.channel.examine()
    assert finding.severity is Severity.WELL
    assert (world.receiver.calls, world.receiver.forged) == ([], 0)


@pytest.mark.parametrize("path", ["/moved", ""])
async def test_the_doctor_hears_of_a_server_that_is_gone_or_has_moved(path: str) -> None:
    clock = SetClock(NOON)
    async with receiving(clock) as receiver, FaultyWay(receiver.address[:-5]).serving() as way:
        way.spoil("GET", "/moved", Fault(answer=an_answer(308, headers={"Location": "/b"})))
        there = f"{way.address}{path}" if path else f"http://127.0.0.1:{a_free_port()}/hook"
        [finding] = await a_hook(there, clock).examine()
    assert finding.severity is Severity.PROBLEM
    assert "channels.yaml" in finding.remedy


# ---------------------------------------------------------------- settings and secret

URL = "https://example.org/hooks/herald?site=1"


@pytest.mark.parametrize(
    "url", [URL, "http://127.0.0.1:8080/hook", "http://localhost/h", "http://[::1]:9/h"]
)
def test_an_address_that_may_be_called(url: str) -> None:
    assert check_settings(a_channel(network="webhook", settings={"url": url})) == ()


UNSOUND = {
    "missing": ({}, 'needs "url"'),
    "in the open": ({"url": "http://example.org/hook"}, "write https://"),
    "no address": ({"url": "our website"}, "no web address"),
    "no scheme": ({"url": "example.org/hook"}, "no web address"),
    "other scheme": ({"url": "ftp://example.org/hook"}, "no web address"),
    "half a bracket": ({"url": "https://[::1/hook"}, "no web address"),
    "impossible port": ({"url": "https://example.org:99999/"}, "no web address"),
    "password": ({"url": "https://ana:x1y2@example.org/"}, "calls are signed instead"),
    "no choice": ({"url": URL, "repeats": "perhaps"}, "'true' or 'false'"),
    "secret": ({"url": URL, "secret": "x1y2"}, "HERALD_CHANNELS__FEDI__SECRET"),
}


@pytest.mark.parametrize(("settings", "words"), UNSOUND.values(), ids=UNSOUND.keys())
def test_an_unsound_setting_is_told(settings: dict[str, str], words: str) -> None:
    [problem] = check_settings(a_channel(network="webhook", settings=settings))
    assert words in str(problem)
    assert "x1y2" not in str(problem)


@pytest.mark.parametrize("secret", ["hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64"])
def test_a_secret_that_signs_nothing_is_told_by_its_variable(secret: str) -> None:
    config = a_channel(id=ChannelId("our-site"), network="webhook", settings={"url": URL})
    around = surroundings(Path(), SetClock(NOON))
    with pytest.raises(ConfigurationBroken, match="HERALD_CHANNELS__OUR_SITE__SECRET") as told:
        open_channel(config, secrets={"secret": secret}, around=around)
    assert "openssl rand -base64 32" in str(told.value)
    assert "hunter2" not in str(told.value)


# ---------------------------------------------------------------- the page

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "connect-webhook.md"


@asynccontextmanager
async def the_page_s_receiver(folder: Path) -> AsyncIterator[str]:
    """Run the program that the page shows, to the letter."""
    [program] = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    port = a_free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        cwd=folder,
        env={"HERALD_SECRET": SECRET, "PORT": str(port)},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: listens(port), told=lambda: "the receiver does not listen")
        yield f"http://127.0.0.1:{port}/hooks/herald"
    finally:
        process.kill()
        await process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_the_receiver_of_the_page_takes_what_is_signed_and_each_post_once(
    tmp_path: Path,
) -> None:
    clock = SystemClock()
    claim, key = a_claim(text="Sól 🏛️"), a_claim().delivery.key
    for _ in range(2):  # it remembers across a restart
        async with the_page_s_receiver(tmp_path) as url:
            for _ in range(2):
                outcome = await a_hook(url, clock).send(claim)
                address = f"https://example.org/news/{key}"
                assert outcome == Sent(Receipt(remote_id=key, url=address))
            late = await a_hook(url, SetClock(NOON)).send(a_claim(text="An old call"))
            assert isinstance(late, Refused)
            config = a_channel(network="webhook", settings={"url": url})
            other = {"secret": "whsec_" + base64.b64encode(b"x" * 24).decode()}
            forger = open_channel(config, secrets=other, around=surroundings(tmp_path, clock))
            assert isinstance(await forger.send(a_claim(text="Forged")), Refused)
    with closing(sqlite3.connect(tmp_path / "posts.db")) as posts:
        assert posts.execute("SELECT id, text FROM posts").fetchall() == [(key, "Sól 🏛️")]


async def test_the_page_shows_what_is_sent(world: World) -> None:
    [shown] = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    await world.send(media=(a_picture(),))
    [(_, body)] = world.receiver.calls
    told, sent = json.loads(shown), json.loads(body)
    assert list(told) == list(sent)
    assert list(told["data"]) == list(sent["data"])
    assert list(told["data"]["media"][0]) == list(sent["data"]["media"][0])
    assert told["type"] == sent["type"]


def test_the_page_s_numbers_and_statuses_are_those_of_the_code() -> None:
    page = PAGE.read_text("utf-8")
    assert f"within {ANSWER_SECONDS:g} seconds" in page
    assert INLINE_MOST == 1_000_000
    assert "a million bytes" in page
    table = page.partition("| You answer |")[2]
    for status in (301, 303, 308, 401, 403, 404, 405, 408, 409, 410, 425, 429, 501, 503):
        assert str(status) in table
