"""The Discord channel against webhooks that refuse, are slow, rude or deleted."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from herald.channels.discord import wire
from herald.channels.discord.channel import DiscordChannel, open_discord
from herald.channels.discord.settings import DiscordSettings
from herald.channels.settings import read_settings, setting_problems
from herald.clock import SetClock
from herald.errors import ConfigurationBroken
from herald.model.account import Severity
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Found,
    Media,
    Outcome,
    Receipt,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from tests.channels.faults import (
    CHANNEL,
    DELIVERY,
    PATIENCE_SECONDS,
    RUDE,
    WAYS,
    AsTheyAre,
    Case,
    a_claim,
    kind_of,
    page,
    patience,
    told,
)
from tests.channels.kept import a_picture, surroundings
from tests.makers import NOON, a_channel
from tests.servers.discord import (
    CHANNEL_ID,
    GUILD,
    HOOK,
    THREAD,
    TOKEN,
    DiscordServer,
    Message,
    refused,
    serving,
)
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.faulty import FaultyWay
from tests.servers.mastodon import Canned, Fault

HERE = f"/api/v10/webhooks/{HOOK}/{TOKEN}"


@dataclass
class World:
    """A webhook, a channel on it, and the clock of both."""

    server: DiscordServer
    clock: SetClock
    channel: DiscordChannel

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    async def sent(self, **changes: Any) -> Receipt:
        """Send, and return where it stands."""
        outcome = await self.send(**changes)
        assert isinstance(outcome, Sent), outcome
        return outcome.receipt

    @property
    def message(self) -> Message:
        """The one message that is there."""
        [message] = self.server.messages.values()
        return message


def a_discord(
    url: str, clock: SetClock, *, seconds: float = PATIENCE_SECONDS, **settings: str
) -> DiscordChannel:
    config = a_channel(network="discord", settings=settings)
    return DiscordChannel(
        config.id,
        read_settings(DiscordSettings, config),
        wire.read_hook(url),
        user_agent="DiscordBot (https://museum.example.org, 1) Herald/test",
        pictures=AsTheyAre(),
        clock=clock,
        seconds=seconds,
    )


@asynccontextmanager
async def a_world(**options: Any) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        yield World(server, clock, a_discord(server.url, clock, **options))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def pictures(number: int, content: bytes = b"", alt: str = "A dyke") -> tuple[Media, ...]:
    return tuple(
        replace(a_picture(alt), file=f"media/{content.decode() or nth}.jpg")
        for nth in range(number)
    )


# --- what a send comes to --------------------------------------------------------------------

LONG = {"content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Too long."}]}}
FAULTS = RUDE | {
    "webhook deleted": Case(
        fault=refused(404, 10015, "Unknown Webhook"), outcome="Refused", scope=CHANNEL
    ),
    "not its token": Case(
        fault=refused(401, 50027, "Invalid Webhook Token"), outcome="Refused", scope=CHANNEL
    ),
    "forbidden": Case(fault=refused(403, 50013), outcome="Refused", scope=CHANNEL),
    "thread gone": Case(
        fault=refused(404, 10003, "Unknown Channel"), outcome="Refused", scope=CHANNEL
    ),
    "a forum": Case(fault=refused(400, 220001), outcome="Refused", scope=CHANNEL),
    "form not valid": Case(
        fault=refused(400, 50035, "Invalid Form Body", errors=LONG),
        outcome="Refused",
        scope=DELIVERY,
    ),
    "throttled": Case(
        fault=told(429, {"message": "You are being rate limited.", "retry_after": 64.57}),
        outcome="Throttled",
    ),
    "longest": Case(text="🧂" * 2000, outcome="Sent", posts=1),
    "too long": Case(text="🧂" * 2001, outcome="Refused", scope=DELIVERY),
    "too long with its backslashes": Case(text="*" * 1001, outcome="Refused", scope=DELIVERY),
    "empty": Case(text=" ", outcome="Refused", scope=DELIVERY),
    "ten pictures": Case(pictures=10, outcome="Sent", posts=1),
    "pictures lost": Case(pictures=3, fault=Fault.LOST_REPLY, outcome="Unclear", posts=1),
    "pictures too large": Case(
        pictures=2, fault=refused(413, 40005), outcome="Refused", scope=DELIVERY
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world(seconds=patience(case.fault)) as world:
        world.channel._where = wire.Where(guild=GUILD, channel=CHANNEL_ID)  # asked for before
        if isinstance(case.fault, Canned):
            world.server.can(HERE, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        outcome = await world.send(text=case.text, media=pictures(case.pictures))
        assert kind_of(outcome) == (case.outcome, case.scope), outcome
        assert len(world.server.messages) == case.posts
        assert len(world.server.requests) == 1


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_is_in_doubt_and_left_to_a_person(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        url = server.url.replace(server.address, way.address)
        channel = a_discord(url, clock, seconds=patience(fault))
        way.spoil("POST", HERE, fault)
        assert isinstance(await channel.send(a_claim()), Unclear)
        assert len(server.messages) == posts
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert not sighting.again


async def test_a_server_that_is_gone_was_certainly_sent_nothing() -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        channel = a_discord(server.url, clock)
    assert isinstance(await channel.send(a_claim()), TryAgain)


@pytest.mark.parametrize(
    ("canned", "kind", "posts"),
    [
        (refused(404, 10015), "Refused", 0),
        (told(429, {"retry_after": 3}), "Throttled", 0),
        (page(502), "Sent", 1),
        (page(200), "Sent", 1),
    ],
)
async def test_a_webhook_that_does_not_tell_where_it_posts_posts_without_an_address(
    world: World, canned: Canned, kind: str, posts: int
) -> None:
    world.server.can(HERE, replace(canned, times=1))
    outcome = await world.send()
    assert (kind_of(outcome)[0], len(world.server.messages)) == (kind, posts)
    assert not isinstance(outcome, Sent) or outcome.receipt.url == ""


async def test_where_it_posts_is_asked_for_once(world: World) -> None:
    for number in range(3):
        await world.sent(item=f"item-{number}")
    assert world.server.counted(HERE, "GET") == 1


async def test_a_throttled_account_waits_as_long_as_discord_says(world: World) -> None:
    await world.sent()
    for body in ({"message": "no", "retry_after": 64.5, "global": True}, {}):
        world.server.can(HERE, replace(told(429, body, Retry_After="65"), times=1))
        outcome = await world.send(item="second")
        assert isinstance(outcome, Throttled)
        assert outcome.wait == timedelta(seconds=64.5 if body else 65)


async def test_a_refusal_is_told_with_its_first_detail(world: World) -> None:
    outcome = await world.send(text="x" * 2001)
    assert "Invalid Form Body: Must be 2000 or fewer in length." in repr(outcome)


async def test_no_answer_and_no_log_shows_the_webhook(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await world.sent()
    for canned in (
        refused(400, 50035, f"no {TOKEN} here"),
        refused(403, 50013, f"not on {world.server.url}"),
        Canned(status=500, body=f"<p>{world.server.url}</p>"),
        Canned(status=301, headers={"Location": world.server.url}),
    ):
        world.server.can(HERE, replace(canned, times=1))
        assert TOKEN not in repr(await world.send(item="second"))
    gone = a_discord(f"http://127.0.0.1:9/api/webhooks/{HOOK}/{TOKEN}", world.clock)
    assert TOKEN not in repr(await gone.send(a_claim())) + repr(gone._hook) + caplog.text


# --- what is sent ----------------------------------------------------------------------------


async def test_nobody_is_called_whatever_a_text_says(world: World) -> None:
    receipt = await world.sent(text="@everyone <@123456789012345678> see")
    await world.send(action=Action.EDIT, target=receipt, text="@here again")
    assert world.server.called == []


async def test_a_post_has_the_address_that_members_can_follow(world: World) -> None:
    receipt = await world.sent()
    assert receipt.url == f"https://discord.com/channels/{GUILD}/{CHANNEL_ID}/{world.message.id}"


async def test_a_thread_gets_all_posts_and_corrections() -> None:
    async with a_world(thread=THREAD) as world:
        world.server.is_forum = True
        receipt = await world.sent()
        assert world.message.channel == THREAD
        assert f"/{THREAD}/" in receipt.url
        edited = await world.send(action=Action.EDIT, target=receipt, text="The salt barn")
        assert edited == Sent(receipt)
        assert await world.send(action=Action.DELETE, target=receipt) == Sent(receipt)
        assert world.server.messages == {}


async def test_pictures_go_along_with_their_descriptions_and_plain_names(world: World) -> None:
    await world.sent(media=pictures(1, "salt house é".encode()) + pictures(1, alt=""))
    assert [name for name, _ in world.message.files] == ["salthouse.jpg", "0.jpg"]
    assert world.message.descriptions == ("A dyke", "")


async def test_a_picture_that_cannot_be_used_is_refused_in_its_own_words(world: World) -> None:
    outcome = await world.send(media=(replace(a_picture(), file="media/plan.pdf"),))
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert "media/plan.pdf is no picture" in repr(outcome)
    assert world.server.requests == []


async def test_it_says_who_asks_as_discord_wants_it(tmp_path: Any) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        around = replace(surroundings(tmp_path, clock), contact="https://museum.example.org/é")
        config = a_channel(network="discord")
        channel = open_discord(config, webhook_url=f" {server.url}\n", around=around)
        assert isinstance(await channel.send(a_claim()), Sent)
        [who] = {seen.headers["User-Agent"] for seen in server.requests}
        assert who.startswith("DiscordBot (https://museum.example.org/, ")


# --- after sending ---------------------------------------------------------------------------


async def test_a_sent_post_is_corrected_with_its_pictures_kept(world: World) -> None:
    receipt = await world.sent(media=pictures(2))
    claim = a_claim(action=Action.EDIT, target=receipt, text="The *salt* barn")
    assert await world.channel.look_up(claim) == Absent()
    assert await world.channel.send(claim) == Sent(receipt)
    assert (world.message.content, len(world.message.files)) == (r"The \*salt\* barn", 2)
    assert await world.channel.look_up(claim) == Found(receipt)


@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.ERROR_BEFORE, Fault.PAGE_AFTER])
async def test_a_correction_whose_answer_was_lost_is_looked_up(world: World, fault: Fault) -> None:
    receipt = await world.sent()
    world.server.faults.append(fault)
    claim = a_claim(action=Action.EDIT, target=receipt, text="The salt barn")
    assert isinstance(await world.channel.send(claim), Unclear)
    done = world.message.content == "The salt barn"
    assert await world.channel.look_up(claim) == (Found(receipt) if done else Absent())


async def test_a_sent_post_is_deleted_and_twice_is_no_trouble(world: World) -> None:
    receipt = await world.sent()
    claim = a_claim(action=Action.DELETE, target=receipt)
    assert await world.channel.look_up(claim) == Absent()
    world.server.faults.append(Fault.LOST_REPLY)
    assert isinstance(await world.channel.send(claim), Unclear)
    assert world.server.messages == {}
    assert await world.channel.look_up(claim) == Found(receipt)
    assert await world.channel.send(claim) == Sent(receipt)


async def test_a_correction_of_what_is_gone_is_refused(world: World) -> None:
    receipt = await world.sent()
    world.server.messages.clear()
    claim = a_claim(action=Action.EDIT, target=receipt, text="x")
    assert kind_of(await world.channel.send(claim)) == ("Refused", DELIVERY)
    sighting = await world.channel.look_up(claim)
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


@pytest.mark.parametrize(
    ("canned", "again"),
    [(page(502), True), (page(200), True), (told(429, {}), True), (refused(401, 50027), False)],
)
async def test_a_look_that_breaks_proves_nothing(world: World, canned: Canned, again: bool) -> None:
    receipt = await world.sent()
    world.server.can(f"/messages/{receipt.remote_id}", canned)
    claim = a_claim(action=Action.DELETE, target=receipt)
    sighting = await world.channel.look_up(claim)
    assert isinstance(sighting, CannotTell)
    assert sighting.again is again


@pytest.mark.parametrize(
    ("action", "target"),
    [
        (Action.BOOST, None),
        (Action.EDIT, None),
        (Action.DELETE, None),
        (Action.CREATE, Receipt(remote_id="1")),
    ],
)
async def test_what_cannot_be_done_is_refused_and_nothing_is_asked(
    world: World, action: Action, target: Receipt | None
) -> None:
    assert kind_of(await world.send(action=action, target=target)) == ("Refused", DELIVERY)
    assert world.server.requests == []


# --- the account and its settings ------------------------------------------------------------


async def test_a_webhook_in_order_is_named_and_nothing_is_posted(world: World) -> None:
    [found] = await world.channel.examine()
    assert (found.severity, '"Herald"' in found.what) == (Severity.WELL, True)
    assert world.server.messages == {}


@pytest.mark.parametrize(
    ("canned", "remedy"),
    [
        (refused(404, 10015), "make a new webhook"),
        (refused(401, 50027), "make a new webhook"),
        (page(502), "try again later"),
        (page(200), "try again later"),
    ],
)
async def test_a_webhook_that_is_not_in_order_is_told_with_a_remedy(
    world: World, canned: Canned, remedy: str
) -> None:
    world.server.can(HERE, canned)
    [found] = await world.channel.examine()
    assert found.severity is Severity.PROBLEM
    assert remedy in found.remedy


async def test_a_server_that_is_gone_is_a_finding() -> None:
    gone = a_discord(f"http://127.0.0.1:9/api/webhooks/{HOOK}/{TOKEN}", SetClock(NOON))
    [found] = await gone.examine()
    assert "cannot be reached" in found.what


@pytest.mark.parametrize(
    "url",
    [
        f"https://discord.com/api/webhooks/{HOOK}",
        f"http://discord.com/api/webhooks/{HOOK}/{TOKEN}",
        f"https://discord.com/channels/{HOOK}/{TOKEN}",
        f"discord.com/api/webhooks/{HOOK}/{TOKEN}",
        f"https://discord.com/api/webhooks/{HOOK}/{TOKEN} x",
        f"https://a:b@discord.com/api/webhooks/{HOOK}/{TOKEN}",
        "https://[::1",
        "ß",
    ],
)
def test_an_address_that_is_no_webhook_is_refused_without_showing_it(
    url: str, tmp_path: Any
) -> None:
    around = surroundings(tmp_path, SetClock(NOON))
    with pytest.raises(ConfigurationBroken, match="webhook_url: it") as broken:
        open_discord(a_channel(network="discord"), webhook_url=url, around=around)
    assert url not in str(broken.value)
    assert TOKEN not in str(broken.value)


@pytest.mark.parametrize(
    "url",
    [
        f"https://discordapp.com/api/webhooks/{HOOK}/{TOKEN}",
        f"https://discord.com/api/v9/webhooks/{HOOK}/{TOKEN}/",
    ],
)
def test_a_webhooks_older_addresses_are_the_same_webhook(url: str) -> None:
    assert wire.read_hook(url).address == f"https://discord.com{HERE}"


def test_a_thread_is_a_number_or_a_link_that_ends_with_it() -> None:
    link = f"https://discord.com/channels/{GUILD}/{THREAD}"
    config = a_channel(network="discord", settings={"thread": link})
    assert read_settings(DiscordSettings, config).thread == THREAD
    config = a_channel(network="discord", settings={"thread": "news"})
    [problem] = setting_problems(DiscordSettings, config)
    assert "copy its link" in problem.message
