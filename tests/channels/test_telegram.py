"""The Telegram channel against a Bot API that refuses, is slow, rude or down."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from herald.channels.settings import read_settings, setting_problems
from herald.channels.telegram.channel import TelegramChannel, open_telegram
from herald.channels.telegram.settings import TelegramSettings
from herald.clock import SetClock
from herald.errors import ConfigurationBroken
from herald.model.account import Severity
from herald.model.delivery import (
    Action,
    CannotTell,
    Media,
    Outcome,
    Receipt,
    Refused,
    RepeatSafe,
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
)
from tests.channels.kept import a_picture, surroundings
from tests.makers import NOON, a_channel
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.faulty import FaultyWay
from tests.servers.mastodon import Canned, Fault
from tests.servers.telegram import NAME, TOKEN, Message, TelegramServer, refused, serving


@dataclass
class World:
    """The Bot API, a channel on it, and the clock of both."""

    server: TelegramServer
    clock: SetClock
    channel: TelegramChannel

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


def a_telegram(
    server: str, clock: SetClock, *, seconds: float = PATIENCE_SECONDS, **settings: str
) -> TelegramChannel:
    config = a_channel(
        network="telegram", settings={"chat": f"@{NAME}", "server": server, **settings}
    )
    return TelegramChannel(
        config.id,
        read_settings(TelegramSettings, config),
        TOKEN,
        user_agent="Herald/test",
        pictures=AsTheyAre(),
        clock=clock,
        seconds=seconds,
    )


@asynccontextmanager
async def a_world(**options: Any) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        yield World(server, clock, a_telegram(server.address, clock, **options))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def pictures(number: int, content: bytes = b"") -> tuple[Media, ...]:
    return tuple(
        replace(a_picture(), alt=content.decode() or f"number {nth}") for nth in range(number)
    )


# --- what a send comes to --------------------------------------------------------------------

NO_RIGHT = "Bad Request: not enough rights to send text messages to the chat"
FAULTS = RUDE | {
    "token withdrawn": Case(fault=refused(401, "Unauthorized"), outcome="Refused", scope=CHANNEL),
    "token of the wrong shape": Case(
        fault=refused(404, "Not Found"), outcome="Refused", scope=CHANNEL
    ),
    "removed from the chat": Case(
        fault=refused(403, "Forbidden: bot was kicked from the channel chat"),
        outcome="Refused",
        scope=CHANNEL,
    ),
    "no such chat": Case(
        fault=refused(400, "Bad Request: chat not found"), outcome="Refused", scope=CHANNEL
    ),
    "no right": Case(fault=refused(400, NO_RIGHT), outcome="Refused", scope=CHANNEL),
    "throttled": Case(
        fault=refused(429, "Too Many Requests: retry after 35", retry_after=35),
        outcome="Throttled",
    ),
    "their own 500": Case(fault=refused(500, "Internal Server Error: restart"), outcome="Unclear"),
    "longest": Case(text="🧂" * 2048, outcome="Sent", posts=1),
    "too long": Case(text="🧂" * 2048 + "a", outcome="Refused", scope=DELIVERY),
    "empty": Case(text=" \n", outcome="Refused", scope=DELIVERY),
    "longest caption": Case(text="ż" * 1024, pictures=1, outcome="Sent", posts=1),
    "caption too long": Case(text="ż" * 1025, pictures=2, outcome="Refused", scope=DELIVERY),
    "one picture": Case(pictures=1, outcome="Sent", posts=1),
    "an album": Case(pictures=10, outcome="Sent", posts=1),
    "picture refused": Case(pictures=3, content=b"broken", outcome="Refused", scope=DELIVERY),
    "album lost": Case(pictures=3, fault=Fault.LOST_REPLY, outcome="Unclear", posts=1),
    "too large together": Case(pictures=2, fault=page(413), outcome="Refused", scope=DELIVERY),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world(seconds=patience(case.fault)) as world:
        method = {0: "sendMessage", 1: "sendPhoto"}.get(case.pictures, "sendMediaGroup")
        if isinstance(case.fault, Canned):
            world.server.can(method, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        outcome = await world.send(text=case.text, media=pictures(case.pictures, case.content))
        assert kind_of(outcome) == (case.outcome, case.scope), outcome
        assert len(world.server.posts) == case.posts
        assert len(world.server.requests) == 1


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_is_in_doubt_and_left_to_a_person(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_telegram(way.address, clock, seconds=patience(fault))
        way.spoil("POST", f"/bot{TOKEN}/sendMessage", fault)
        assert isinstance(await channel.send(a_claim()), Unclear)
        assert len(server.posts) == posts
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert (sighting.again, f"@{NAME}" in sighting.why) == (False, True)


async def test_a_server_that_is_gone_was_certainly_sent_nothing() -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        channel = a_telegram(server.address, clock)
    assert isinstance(await channel.send(a_claim()), TryAgain)


async def test_a_throttled_account_waits_as_long_as_telegram_says(world: World) -> None:
    world.server.can("sendMessage", refused(429, "Too Many Requests", retry_after=35))
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(seconds=35)


async def test_refusals_are_told_in_plain_words(world: World) -> None:
    world.server.member = {"status": "administrator", "can_post_messages": False}
    outcome = await world.send()
    assert isinstance(outcome, Refused)
    assert "make it an administrator" in outcome.why


async def test_a_group_that_became_a_supergroup_is_found_again_by_the_next_try() -> None:
    async with a_world(chat="-4000111222") as world:
        world.server.chat = {"id": -1_009_999_999_999, "type": "supergroup", "title": "Friends"}
        world.server.upgraded_to = -1_009_999_999_999
        first = await world.send()
        assert isinstance(first, TryAgain)
        assert 'chat: "-1009999999999"' in first.why
        assert isinstance(await world.send(), Sent)
        assert len(world.server.posts) == 1


async def test_no_answer_and_no_log_shows_the_token(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = f"Bad Request: no /bot{TOKEN}/sendMessage, moved"
    for canned in (
        refused(400, said),
        refused(403, said),
        Canned(status=500, body=f"<p>{said}</p>"),
        Canned(status=301, headers={"Location": f"https://x.org/bot{TOKEN}/sendMessage"}),
    ):
        world.server.can("sendMessage", replace(canned, times=1))
        outcome = await world.send()
        assert "ABC-DEF" not in repr(outcome)
    gone = a_telegram("http://127.0.0.1:9", world.clock)
    outcome = await gone.send(a_claim())
    assert isinstance(outcome, TryAgain)
    assert "ABC-DEF" not in repr(outcome) + caplog.text


# --- what is sent ----------------------------------------------------------------------------


async def test_a_text_goes_out_as_it_is_with_the_preview_of_its_link(world: World) -> None:
    link = "https://salt.example.org/house"
    receipt = await world.sent(text=f"<b>5 & 6</b> *stars*\n{link}", link=link)
    assert world.message.text == f"<b>5 & 6</b> *stars*\n{link}"
    assert (world.message.preview, world.message.silent) == (link, False)
    assert receipt.url == f"https://t.me/{NAME}/{world.message.id}"


async def test_a_silent_channel_lets_phones_stay_still() -> None:
    async with a_world(silent="true") as world:
        await world.sent()
        await world.sent(item="album", media=pictures(2))
        assert all(message.silent for message in world.server.messages.values())


async def test_a_private_channels_post_has_the_address_that_members_can_follow() -> None:
    async with a_world(chat="-1001234567890") as world:
        del world.server.chat["username"]
        receipt = await world.sent()
        assert receipt.url == f"https://t.me/c/1234567890/{world.message.id}"


async def test_an_album_bears_its_text_once_and_each_picture_in_order(world: World) -> None:
    await world.sent(text="Three days in the rice fields", media=pictures(3))
    messages = list(world.server.messages.values())
    assert [message.text for message in messages] == ["Three days in the rice fields", "", ""]
    assert [message.photo for message in messages] == [b"number 0", b"number 1", b"number 2"]
    assert {message.filename for message in messages} == {"rice.jpg"}


async def test_a_picture_that_cannot_be_used_is_refused_in_its_own_words(world: World) -> None:
    outcome = await world.send(media=(replace(a_picture(), file="media/plan.pdf"),))
    assert outcome == Refused("media/plan.pdf is no picture: save it as JPEG or PNG")
    assert world.server.requests == []


async def test_a_picture_known_by_address_alone_is_left_out(world: World) -> None:
    await world.sent(media=(replace(a_picture(), sha256="", url="https://example.org/a.jpg"),))
    assert world.message.photo == b""


async def test_a_post_answers_the_one_before_it(world: World) -> None:
    first = await world.sent()
    await world.sent(item="second", target=first)
    answers = [message.reply_to for message in world.server.messages.values()]
    assert answers == [0, int(first.remote_id.rpartition("/")[2])]


async def test_an_answer_to_what_was_deleted_is_refused_and_not_posted(world: World) -> None:
    first = await world.sent()
    world.server.messages.clear()
    assert kind_of(await world.send(target=first)) == ("Refused", DELIVERY)
    assert world.server.posts == []


# --- after sending ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_sent_post_is_corrected_with_its_pictures_kept(world: World, number: int) -> None:
    receipt = await world.sent(media=pictures(number))
    outcome = await world.send(action=Action.EDIT, target=receipt, text="The salt barn")
    assert outcome == Sent(receipt)
    [post] = world.server.posts
    assert post.text == "The salt barn"
    assert len(world.server.messages) == max(number, 1)


async def test_a_correction_that_is_made_twice_counts_as_done(world: World) -> None:
    receipt = await world.sent()
    world.server.faults.append(Fault.LOST_REPLY)
    claim = a_claim(action=Action.EDIT, target=receipt, text="The salt barn")
    assert isinstance(await world.channel.send(claim), Unclear)
    assert await world.channel.look_up(claim) == RepeatSafe()
    assert await world.channel.send(claim) == Sent(receipt)
    assert world.message.text == "The salt barn"


@pytest.mark.parametrize("number", [0, 1, 3])
async def test_a_sent_post_is_deleted_whole_and_twice_is_no_trouble(
    world: World, number: int
) -> None:
    receipt = await world.sent(media=pictures(number))
    claim = a_claim(action=Action.DELETE, target=receipt)
    assert await world.channel.send(claim) == Sent(receipt)
    assert world.server.messages == {}
    assert await world.channel.look_up(claim) == RepeatSafe()
    assert await world.channel.send(claim) == Sent(receipt)


async def test_what_is_too_old_to_be_deleted_is_told_with_the_rule(world: World) -> None:
    world.server.chat |= {"type": "supergroup"}
    receipt = await world.sent()
    world.clock.advance(timedelta(hours=49))
    outcome = await world.send(action=Action.DELETE, target=receipt)
    assert isinstance(outcome, Refused)
    assert "48 hours" in outcome.why
    assert len(world.server.posts) == 1


async def test_a_correction_of_what_is_gone_is_refused(world: World) -> None:
    receipt = await world.sent()
    world.server.messages.clear()
    outcome = await world.send(action=Action.EDIT, target=receipt, text="x")
    assert kind_of(outcome) == ("Refused", DELIVERY)


@pytest.mark.parametrize(
    ("action", "target"),
    [
        (Action.BOOST, None),
        (Action.EDIT, None),
        (Action.DELETE, None),
        (Action.EDIT, Receipt(remote_id="at://did:plc:x/app.bsky.feed.post/3k")),
    ],
)
async def test_what_cannot_be_done_is_refused_and_nothing_is_asked(
    world: World, action: Action, target: Receipt | None
) -> None:
    assert kind_of(await world.send(action=action, target=target)) == ("Refused", DELIVERY)
    assert world.server.requests == []


# --- the account -----------------------------------------------------------------------------


def problems(found: tuple[Any, ...]) -> list[str]:
    return [one.what for one in found if one.severity is Severity.PROBLEM]


async def test_a_channel_in_order_has_no_problem_and_is_named(world: World) -> None:
    found = await world.channel.examine()
    assert problems(found) == []
    assert 'the bot @salt_bot posts in the channel "Salt museum"' in found[0].what
    assert world.server.messages == {}


@pytest.mark.parametrize(
    ("member", "kind", "said"),
    [
        ({"status": "administrator", "can_post_messages": False}, "channel", "may not post"),
        ({"status": "left"}, "channel", "may not post"),
        ({"status": "restricted", "can_send_messages": False}, "supergroup", "may not post"),
        ({"status": "kicked"}, "group", "may not post"),
        ({"status": "member"}, "supergroup", ""),
        ({"status": "restricted", "can_send_messages": True}, "supergroup", ""),
    ],
)
async def test_a_bot_that_may_not_post_is_told_with_a_remedy(
    world: World, member: dict[str, Any], kind: str, said: str
) -> None:
    world.server.member = member
    world.server.chat |= {"type": kind}
    found = await world.channel.examine()
    assert [said in one for one in problems(found)] == ([True] if said else [])
    assert all(one.remedy for one in found if one.severity is Severity.PROBLEM)


async def test_rights_that_corrections_need_are_advised(world: World) -> None:
    world.server.member["can_edit_messages"] = False
    [advice] = [one for one in await world.channel.examine() if one.severity is Severity.ADVICE]
    assert "correct its posts" in advice.what


@pytest.mark.parametrize(
    ("canned", "method", "said"),
    [
        (refused(401, "Unauthorized"), "getMe", "refuses the bot token"),
        (page(502), "getMe", "502"),
        (page(200), "getMe", "does not tell"),
        (refused(400, "Bad Request: chat not found"), "getChat", "does not tell about the chat"),
        (page(502), "getChatMember", "does not tell what the bot may do"),
    ],
)
async def test_what_telegram_does_not_tell_is_a_problem_and_no_exception(
    world: World, canned: Canned, method: str, said: str
) -> None:
    world.server.can(method, canned)
    [problem] = problems(await world.channel.examine())
    assert said in problem


async def test_a_server_that_is_gone_is_a_finding() -> None:
    [problem] = problems(await a_telegram("http://127.0.0.1:9", SetClock(NOON)).examine())
    assert "cannot be reached" in problem


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chat", "said"),
    [
        ("museum", 'did you mean "@museum"?'),
        ("https://t.me/museum", 'did you mean "@museum"?'),
        ("t.me/s/museum", 'did you mean "@museum"?'),
        ("123456789", "is a person's number"),
        ("@a", "is no channel or group"),
        ("@salt museum", "is no channel or group"),
        ("https://t.me/+AbCdEf", "is no channel or group"),
        ("", "is no channel or group"),
    ],
)
def test_a_chat_that_is_none_is_refused_with_a_remedy(chat: str, said: str) -> None:
    [problem] = setting_problems(
        TelegramSettings, a_channel(network="telegram", settings={"chat": chat})
    )
    assert said in problem.message
    assert problem.place.path.endswith("chat")


@pytest.mark.parametrize("chat", ["@museum", "-1001234567890", " @museum "])
def test_a_chat_is_taken_as_telegram_names_it(chat: str) -> None:
    config = a_channel(network="telegram", settings={"chat": chat})
    assert read_settings(TelegramSettings, config).chat == chat.strip()


def test_a_server_without_tls_elsewhere_is_refused() -> None:
    settings = {"chat": "@museum", "server": "http://bots.example.org"}
    [problem] = setting_problems(TelegramSettings, a_channel(network="telegram", settings=settings))
    assert "write https://" in problem.message


@pytest.mark.parametrize("token", ["secret", "123456", f"{TOKEN} x", f"bot{TOKEN}", "1:ä"])
def test_a_token_that_is_none_is_refused_without_showing_it(token: str, tmp_path: Any) -> None:
    config = a_channel(network="telegram", settings={"chat": "@museum"})
    around = surroundings(tmp_path, SetClock(NOON))
    with pytest.raises(ConfigurationBroken, match="BotFather") as broken:
        open_telegram(config, token=token, around=around)
    assert token not in str(broken.value).replace(config.id, "")


async def test_every_request_says_who_asks(world: World) -> None:
    await world.sent(media=pictures(2))
    assert {seen.headers["User-Agent"] for seen in world.server.requests} == {"Herald/test"}
    assert json.dumps(world.server.counted("sendMediaGroup")) == "1"
