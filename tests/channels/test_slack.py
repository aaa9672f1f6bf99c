"""The Slack channel against a workspace that refuses, is slow, rude or busy."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.channels.settings import read_settings, setting_problems
from herald.channels.slack.asking import Bot
from herald.channels.slack.blocks import beside, read_text, rich_text
from herald.channels.slack.bot import SlackBot
from herald.channels.slack.channel import open_slack
from herald.channels.slack.network import NETWORK
from herald.channels.slack.settings import SlackSettings
from herald.channels.slack.uploads import Uploads
from herald.channels.slack.webhook import SlackWebhook
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
    Refused,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import Language
from herald.model.network import Handle
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
from tests.servers.slack import (
    CHANNEL_ID,
    HOOK,
    TOKEN,
    Message,
    SlackServer,
    refused,
    serving,
)

POST = "/api/chat.postMessage"
HISTORY = "/api/conversations.history"


@dataclass
class World:
    """A workspace, a channel in it, and the clock of both."""

    server: SlackServer
    clock: SetClock
    channel: SlackBot

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    async def look_up(self, **changes: Any) -> Any:
        return await self.channel.look_up(a_claim(**changes))

    async def sent(self, **changes: Any) -> Receipt:
        """Send, and return where it stands."""
        outcome = await self.send(**changes)
        assert isinstance(outcome, Sent), outcome
        return outcome.receipt

    @property
    def message(self) -> Message:
        """The one message that is there."""
        [message] = self.server.messages
        return message


def a_bot(server: str, clock: SetClock, *, seconds: float = PATIENCE_SECONDS) -> SlackBot:
    bot = Bot(server=server, token=TOKEN, user_agent="Herald/test", seconds=seconds)
    config = a_channel(network="slack")
    return SlackBot(config.id, CHANNEL_ID, bot, pictures=AsTheyAre(), clock=clock)


def a_webhook(url: str, clock: SetClock, *, seconds: float = PATIENCE_SECONDS) -> SlackWebhook:
    config = a_channel(network="slack")
    return SlackWebhook(config.id, url, user_agent="Herald/test", clock=clock, seconds=seconds)


@asynccontextmanager
async def a_world(**options: Any) -> AsyncIterator[World]:
    clock = SetClock(NOON + timedelta(minutes=1))
    async with serving(clock) as server:
        yield World(server, clock, a_bot(server.address, clock, **options))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def pictures(number: int) -> tuple[Media, ...]:
    return tuple(replace(a_picture(), alt=f"number {nth}") for nth in range(number))


# --- what a send comes to --------------------------------------------------------------------

FAULTS = RUDE | {
    "token withdrawn": Case(fault=refused("token_revoked"), outcome="Refused", scope=CHANNEL),
    "token not valid": Case(fault=refused("invalid_auth", 401), outcome="Refused", scope=CHANNEL),
    "not in the channel": Case(fault=refused("not_in_channel"), outcome="Refused", scope=CHANNEL),
    "no such channel": Case(fault=refused("channel_not_found"), outcome="Refused", scope=CHANNEL),
    "archived": Case(fault=refused("is_archived"), outcome="Refused", scope=CHANNEL),
    "no permission": Case(fault=refused("missing_scope"), outcome="Refused", scope=CHANNEL),
    "throttled": Case(fault=refused("ratelimited", 429, Retry_After="30"), outcome="Throttled"),
    "throttled politely": Case(fault=refused("rate_limited"), outcome="Throttled"),
    "their own trouble": Case(fault=refused("internal_error"), outcome="Unclear"),
    "half done": Case(fault=refused("fatal_error"), outcome="Unclear"),
    "not up": Case(fault=refused("service_unavailable", 503), outcome="Unclear"),
    "unknown refusal": Case(fault=refused("as_yet_unheard_of"), outcome="Refused", scope=DELIVERY),
    "longest": Case(text="🧂" * 1500, outcome="Sent", posts=1),
    "longest, escaped": Case(text="<&>" * 1000, outcome="Sent", posts=1),
    "too long": Case(text="x" * 14_000, outcome="Refused", scope=DELIVERY),
    "empty": Case(text=" ", outcome="Refused", scope=DELIVERY),
    "pictures": Case(pictures=10, outcome="Sent", posts=1),
    "pictures lost": Case(pictures=2, fault=Fault.LOST_REPLY, outcome="Unclear", posts=1),
    "no place for a picture": Case(
        pictures=1, fault=page(500), at="getUploadURLExternal", outcome="TryAgain"
    ),
    "a place that is none": Case(
        pictures=1, fault=page(200), at="getUploadURLExternal", outcome="TryAgain"
    ),
    "picture not taken": Case(
        pictures=1, fault=page(500), at="/upload/v1/F0000000001", outcome="TryAgain"
    ),
    "picture refused": Case(
        pictures=1,
        fault=refused("file_type_not_allowed"),
        at="completeUploadExternal",
        outcome="Refused",
        scope=DELIVERY,
    ),
    "pictures not permitted": Case(
        pictures=1,
        fault=refused("missing_scope"),
        at="getUploadURLExternal",
        outcome="Refused",
        scope=CHANNEL,
    ),
    "pictures throttled": Case(
        pictures=1,
        fault=refused("ratelimited", 429),
        at="completeUploadExternal",
        outcome="Throttled",
    ),
    "signing in refused": Case(
        fault=refused("invalid_auth"), at="auth.test", outcome="Refused", scope=CHANNEL
    ),
    "signing in broken": Case(fault=page(502), at="auth.test", outcome="TryAgain"),
    "signing in throttled": Case(
        fault=refused("ratelimited", 429), at="auth.test", outcome="Throttled"
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world(seconds=patience(case.fault)) as world:
        if isinstance(case.fault, Canned):
            world.server.can(case.at or POST, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        outcome = await world.send(text=case.text, media=pictures(case.pictures))
        assert kind_of(outcome) == (case.outcome, case.scope), outcome
        assert len(world.server.messages) == case.posts
        assert world.server.counted(POST) <= 1


@pytest.mark.parametrize(
    "fault",
    [fault for fault in Fault if "before" not in fault.value],
    ids=lambda fault: fault.value,
)
async def test_a_post_whose_answer_was_lost_is_found_with_its_address(fault: Fault) -> None:
    async with a_world() as world:
        world.server.faults.append(fault)
        before = a_bot(world.server.address, world.clock, seconds=patience(fault))
        assert isinstance(await before.send(a_claim()), Unclear)
        found = await world.look_up()
        assert isinstance(found, Found)
        ts = world.message.ts
        assert found.receipt.remote_id == f"{CHANNEL_ID}/{ts}"
        assert found.receipt.url == (
            f"https://museum.slack.com/archives/{CHANNEL_ID}/p{ts.replace('.', '')}"
        )


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_one_look_tells_what_is_there(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON + timedelta(minutes=1))
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        before = a_bot(way.address, clock, seconds=patience(fault))
        way.spoil("POST", POST, fault)
        assert isinstance(await before.send(a_claim()), Unclear)
        assert len(server.messages) == posts
        sighting = await a_bot(way.address, clock).look_up(a_claim())
        assert isinstance(sighting, Found) if posts else sighting == Absent()


@pytest.mark.parametrize("fault", [fault for fault, _ in WAYS.values()], ids=WAYS.keys())
async def test_a_look_up_that_breaks_proves_nothing(fault: OnTheWay) -> None:
    clock = SetClock(NOON + timedelta(minutes=1))
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_bot(way.address, clock, seconds=patience(fault))
        way.spoil_every("GET", HISTORY, replace(fault, reads=1.0))
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert sighting.again


async def test_a_server_that_is_gone_was_certainly_sent_nothing() -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        channel = a_bot(server.address, clock)
    assert isinstance(await channel.send(a_claim()), TryAgain)


async def test_a_throttled_account_waits_as_long_as_slack_says(world: World) -> None:
    world.server.can(POST, refused("ratelimited", 429, Retry_After="30"))
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(seconds=30)


async def test_refusals_are_told_in_plain_words(world: World) -> None:
    world.server.is_in_channel = False
    outcome = await world.send()
    assert isinstance(outcome, Refused)
    assert "invite it" in outcome.why


async def test_no_answer_and_no_log_shows_a_secret(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for canned in (
        Canned(status=400, body=f'{{"ok": false, "error": "no {TOKEN}"}}'),
        Canned(status=500, body=f"<p>{TOKEN}</p>"),
        Canned(status=301, headers={"Location": f"https://x.org/?token={TOKEN}"}),
    ):
        world.server.can(POST, canned)
        assert "thatMustNeverBeSeen" not in repr(await world.send())
    hook = a_webhook(world.server.hook, world.clock)
    for body in (f"no {HOOK}", f"no {world.server.hook}"):
        world.server.can(HOOK, Canned(status=400, body=body))
        assert "hookThatMustNeverBeSeen" not in repr(await hook.send(a_claim()))
    assert "MustNeverBeSeen" not in repr(world.channel._bot) + caplog.text


# --- looking ---------------------------------------------------------------------------------


async def test_a_post_is_found_among_many_pages_and_its_search_ends(world: World) -> None:
    world.server.page = 3
    world.clock.advance(timedelta(hours=-2))
    for number in range(5):
        world.server.say(f"before {number}")
    world.clock.advance(timedelta(hours=2))
    await world.sent()
    for number in range(7):
        world.server.say(f"after {number}")
    assert isinstance(await world.look_up(), Found)
    asked = world.server.counted(HISTORY)
    assert await world.look_up(item="another") == Absent()
    assert world.server.counted(HISTORY) - asked == 3


async def test_a_channel_that_is_too_full_is_left_to_a_person(world: World) -> None:
    world.server.page = 1
    for number in range(30):
        world.server.say(f"after {number}")
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


async def test_a_clock_that_is_ahead_hides_no_post(world: World) -> None:
    """The first send was noted an hour ahead of Slack's own clock."""
    await world.sent()
    for number in range(3):
        world.server.say(f"after {number}")
    world.server.page = 2
    ahead = SetClock(world.clock.now() + timedelta(hours=1))
    channel = a_bot(world.server.address, ahead)
    sighting = await channel.look_up(a_claim(first_send_at=ahead.now()))
    assert isinstance(sighting, Found)


async def test_a_clock_that_was_set_back_proves_nothing(world: World) -> None:
    sighting = await world.look_up(first_send_at=world.clock.now() + timedelta(hours=1))
    assert isinstance(sighting, CannotTell)


@pytest.mark.parametrize(
    ("canned", "again"),
    [
        (refused("ratelimited", 429), True),
        (refused("internal_error"), True),
        (page(502), True),
        (page(200), True),
        (Canned(status=200, body='{"ok": true, "messages": [], "has_more": true}'), True),
        (refused("not_in_channel"), False),
        (refused("missing_scope"), False),
    ],
)
async def test_only_whole_pages_prove_absence(world: World, canned: Canned, again: bool) -> None:
    world.server.can(HISTORY, canned)
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again is again


async def test_an_answer_is_looked_for_in_its_thread(world: World) -> None:
    first = await world.sent()
    world.server.page = 2
    for number in range(5):
        await world.sent(item=f"part {number}", target=first, root=first)
    found = await world.look_up(item="part 4", target=first, root=first)
    assert isinstance(found, Found)
    assert f"?thread_ts={world.server.messages[0].ts}" in found.receipt.url
    assert await world.look_up(item="part 9", target=first, root=first) == Absent()


# --- what is sent ----------------------------------------------------------------------------


async def test_a_post_says_what_it_must_and_who_it_is(world: World) -> None:
    link = "https://salt.example.org/house"
    receipt = await world.sent(text=f"*Sól* & <sól>\n{link}.", link=link, language=Language("pl"))
    message = world.message
    assert message.shown == f"*Sól* & <sól>\n{link}."
    assert message.text == f"*Sól* &amp; &lt;sól&gt;\n{link}."
    assert message.blocks[0]["elements"][0]["elements"][1] == {"type": "link", "url": link}
    assert message.metadata["event_payload"]["language"] == "pl"
    assert message.unfurls
    assert receipt.url.startswith(f"https://museum.slack.com/archives/{CHANNEL_ID}/p")


def test_the_text_beside_the_blocks_is_never_too_long() -> None:
    for text in ("&" * 3000, "x" * 3000, "é" * 4001):
        assert len(beside(text)) <= 4000


@pytest.mark.parametrize(
    "text", ["", "https://a.org", "a https://a.org/b_c, d\n\nhttp://b.org/?x=1&y=2 (e)"]
)
def test_a_text_is_read_back_as_it_was_written(text: str) -> None:
    assert read_text([rich_text(text), {"type": "image"}]) == text
    assert read_text([{"type": "image"}]) is None


async def test_a_thread_hangs_on_its_first_post(world: World) -> None:
    first = await world.sent()
    second = await world.sent(item="second", target=first, root=first)
    third = await world.sent(item="third", target=second, root=first)
    alone = await world.sent(item="fourth", target=third)
    root = world.server.messages[0].ts
    assert [one.thread_ts for one in world.server.messages] == ["", root, root, root]
    assert alone.remote_id.startswith(f"{CHANNEL_ID}/{root}/")


async def test_pictures_go_along_with_their_descriptions(world: World) -> None:
    await world.sent(media=pictures(2))
    assert [alt for _, alt in world.message.images] == ["number 0", "number 1"]
    assert [one.content for one in world.server.files.values()] == [b"number 0", b"number 1"]
    assert [one.alt for one in world.server.files.values()] == ["number 0", "number 1"]


async def test_a_picture_that_is_not_ready_is_waited_for_and_uploaded_once(world: World) -> None:
    world.server.posts_until_ready = 1
    first = await world.send(media=pictures(1))
    assert isinstance(first, TryAgain)
    assert "preparing a picture" in first.why
    assert isinstance(await world.send(media=pictures(1)), Sent)
    assert (len(world.server.files), len(world.server.messages)) == (1, 1)
    world.clock.advance(timedelta(hours=1))
    await world.send(item="later", media=pictures(1))
    assert len(world.server.files) == 2


async def test_a_picture_that_cannot_be_used_is_refused_in_its_own_words(world: World) -> None:
    outcome = await world.send(media=(replace(a_picture(), file="media/plan.pdf"),))
    assert "media/plan.pdf is no picture" in repr(outcome)
    assert world.server.requests == []


async def test_pictures_go_nowhere_without_tls_where_slack_itself_is_asked_with_it() -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        bot = Bot(server="https://slack.example.org", token=TOKEN, user_agent="Herald/test")
        uploads = Uploads(bot, clock=clock)
        assert not uploads._is_safe(f"{server.address}/upload/v1/F1")
        assert not uploads._is_safe("https:///upload")
        assert not uploads._is_safe(None)
        assert uploads._is_safe("https://files.slack.example.org/upload/v1/F1")


async def test_a_place_for_pictures_that_is_none_is_not_asked(world: World) -> None:
    body = '{"ok": true, "file_id": "F1", "upload_url": "ftp://x.org/upload"}'
    world.server.can("getUploadURLExternal", Canned(status=200, body=body))
    assert isinstance(await world.send(media=pictures(1)), TryAgain)
    assert world.server.messages == []


# --- after sending ---------------------------------------------------------------------------


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_sent_post_is_corrected_with_its_pictures_kept(
    world: World, in_thread: bool
) -> None:
    first = await world.sent(item="first")
    changes = {"target": first, "root": first} if in_thread else {}
    receipt = await world.sent(media=pictures(2), **changes)
    claim = a_claim(action=Action.EDIT, target=receipt, text="The *salt* barn")
    assert await world.channel.look_up(claim) == Absent()
    assert await world.channel.send(claim) == Sent(receipt)
    message = world.server.messages[1]
    assert (message.shown, len(message.images)) == ("The *salt* barn", 2)
    assert await world.channel.look_up(claim) == Found(receipt)
    assert len(world.server.messages) == 2


@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.ERROR_BEFORE, Fault.PAGE_AFTER])
async def test_a_correction_whose_answer_was_lost_is_looked_up(world: World, fault: Fault) -> None:
    receipt = await world.sent()
    world.server.faults.append(fault)
    claim = a_claim(action=Action.EDIT, target=receipt, text="The salt barn")
    assert isinstance(await world.channel.send(claim), Unclear)
    done = world.message.shown == "The salt barn"
    assert await world.channel.look_up(claim) == (Found(receipt) if done else Absent())


async def test_a_post_that_cannot_be_read_is_not_edited_blindly(world: World) -> None:
    receipt = await world.sent(media=pictures(1))
    world.server.can(HISTORY, page(502))
    outcome = await world.send(action=Action.EDIT, target=receipt, text="x")
    assert isinstance(outcome, TryAgain)
    assert len(world.message.images) == 1


async def test_a_sent_post_is_deleted_and_twice_is_no_trouble(world: World) -> None:
    receipt = await world.sent()
    claim = a_claim(action=Action.DELETE, target=receipt)
    assert await world.channel.look_up(claim) == Absent()
    world.server.faults.append(Fault.LOST_REPLY)
    assert isinstance(await world.channel.send(claim), Unclear)
    assert await world.channel.look_up(claim) == Found(receipt)
    assert await world.channel.send(claim) == Sent(receipt)


async def test_the_place_that_a_deleted_post_leaves_above_its_answers_is_no_post(
    world: World,
) -> None:
    receipt = await world.sent()
    await world.sent(item="second", target=receipt)
    claim = a_claim(action=Action.DELETE, target=receipt)
    assert await world.channel.send(claim) == Sent(receipt)
    assert await world.channel.look_up(claim) == Found(receipt)
    assert len(world.server.messages) == 2


async def test_a_correction_of_what_is_gone_is_refused(world: World) -> None:
    receipt = await world.sent()
    world.server.messages.clear()
    claim = a_claim(action=Action.EDIT, target=receipt, text="x")
    assert kind_of(await world.channel.send(claim)) == ("Refused", DELIVERY)
    assert isinstance(await world.channel.look_up(claim), CannotTell)


@pytest.mark.parametrize(
    ("action", "target"),
    [
        (Action.BOOST, None),
        (Action.EDIT, None),
        (Action.DELETE, None),
        (Action.DELETE, Receipt(remote_id="delivery/abc")),
    ],
)
async def test_what_cannot_be_done_is_refused_and_nothing_is_asked(
    world: World, action: Action, target: Receipt | None
) -> None:
    assert kind_of(await world.send(action=action, target=target)) == ("Refused", DELIVERY)
    assert world.server.requests == []


# --- by an incoming webhook ------------------------------------------------------------------

HOOKED = RUDE | {
    "webhook deleted": Case(
        fault=Canned(status=404, body="no_service"), outcome="Refused", scope=CHANNEL
    ),
    "archived": Case(
        fault=Canned(status=410, body="channel_is_archived"), outcome="Refused", scope=CHANNEL
    ),
    "not allowed": Case(
        fault=Canned(status=403, body="action_prohibited"), outcome="Refused", scope=CHANNEL
    ),
    "not understood": Case(
        fault=Canned(status=400, body="invalid_payload"), outcome="Refused", scope=DELIVERY
    ),
    "strange trouble": Case(fault=Canned(status=500, body="rollup_error"), outcome="Unclear"),
    "picture": Case(pictures=1, outcome="Sent", posts=1),
    "other words": Case(fault=Canned(status=200, body="fine"), outcome="Unclear"),
}


@pytest.mark.parametrize("case", HOOKED.values(), ids=HOOKED.keys())
async def test_a_webhooks_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        if isinstance(case.fault, Canned):
            server.can(HOOK, case.fault)
        elif case.fault:
            server.faults.append(case.fault)
        channel = a_webhook(server.hook, clock, seconds=patience(case.fault))
        outcome = await channel.send(a_claim(text=case.text, media=pictures(case.pictures)))
        assert kind_of(outcome) == (case.outcome, case.scope), outcome
        assert len(server.messages) == case.posts
        assert len(server.requests) == 1


async def test_a_webhook_posts_text_and_can_do_nothing_else() -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        channel = a_webhook(server.hook, clock)
        outcome = await channel.send(a_claim(text="Sól & *sól*"))
        assert isinstance(outcome, Sent)
        assert (server.messages[0].shown, server.messages[0].unfurls) == ("Sól & *sól*", True)
        for changes in (
            {"action": Action.DELETE, "target": outcome.receipt},
            {"target": outcome.receipt},
        ):
            assert kind_of(await channel.send(a_claim(**changes)))[0] == "Refused"
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, CannotTell)
        assert not sighting.again
        limits = await channel.capabilities()
        assert (limits.handle, limits.media_most, limits.threads) == (Handle.NOTHING, 0, False)
        [advice] = await channel.examine()
        assert advice.severity is Severity.ADVICE
        await channel.close()


# --- the account and its settings ------------------------------------------------------------


async def test_a_bot_in_order_is_named_and_nothing_is_posted(world: World) -> None:
    [found] = await world.channel.examine()
    assert found.severity is Severity.WELL
    assert "herald" in found.what
    assert world.server.messages == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"token": "xoxb-another"}, "refuses the token"),
        ({"scopes": {"chat:write", "channels:history"}}, "lacks the permission files:write"),
        ({"is_in_channel": False}, "not in the channel: invite it"),
    ],
)
async def test_a_bot_that_is_not_in_order_is_told_with_a_remedy(
    world: World, changes: dict[str, Any], said: str
) -> None:
    for name, value in changes.items():
        setattr(world.server, name, value)
    problems = [one for one in await world.channel.examine() if one.severity is Severity.PROBLEM]
    assert [said in one.what for one in problems] == [True]
    assert all(one.remedy for one in problems)


async def test_a_server_that_is_gone_is_a_finding() -> None:
    [found] = await a_bot("http://127.0.0.1:9", SetClock(NOON)).examine()
    assert "cannot be reached" in found.what


def opened(tmp_path: Path, settings: dict[str, str], **secrets: str) -> SlackBot | SlackWebhook:
    config = a_channel(network="slack", settings=settings)
    around = surroundings(tmp_path, SetClock(NOON))
    return open_slack(config, secrets=secrets, around=around)


def test_the_settings_say_which_secret_is_used(tmp_path: Path) -> None:
    both = {"bot_token": TOKEN, "webhook_url": f"https://hooks.slack.com{HOOK}"}
    assert isinstance(opened(tmp_path, {"channel": CHANNEL_ID}, **both), SlackBot)
    assert isinstance(opened(tmp_path, {}, **both), SlackWebhook)


class Somebody:
    """A person who types a secret."""

    user_agent = "Herald/test"

    def say(self, text: str) -> None:
        """See a sentence."""

    async def ask(self, question: str, *, hidden: bool = False) -> str:
        assert hidden
        return f"my {question}"

    async def come_back(self, page: str, *, state: str) -> dict[str, str]:
        raise AssertionError(page + state)


@pytest.mark.parametrize(
    ("settings", "secret"),
    [({"channel": CHANNEL_ID}, "bot_token"), ({}, "webhook_url")],
)
async def test_signing_in_asks_for_the_one_secret_that_is_used(
    settings: dict[str, str], secret: str
) -> None:
    assert NETWORK.log_in is not None
    found = await NETWORK.log_in(a_channel(network="slack", settings=settings), Somebody())
    assert found == {secret: f"my {secret}"}


@pytest.mark.parametrize(
    ("settings", "secrets", "said"),
    [
        ({"channel": CHANNEL_ID}, {}, "set HERALD_CHANNELS__FEDI__BOT_TOKEN in .env"),
        ({}, {"bot_token": TOKEN}, "set HERALD_CHANNELS__FEDI__WEBHOOK_URL in .env"),
        ({"channel": CHANNEL_ID}, {"bot_token": "hunter2"}, "begins with xoxb-"),
        ({}, {"webhook_url": "http://hooks.slack.com/x/hunter2"}, "copy it again"),
        ({}, {"webhook_url": "hunter2"}, "copy it again"),
    ],
)
def test_a_secret_that_lacks_or_is_none_is_told_without_showing_it(
    tmp_path: Path, settings: dict[str, str], secrets: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationBroken, match=said) as broken:
        opened(tmp_path, settings, **secrets)
    assert "hunter2" not in str(broken.value)


def test_a_channel_is_a_number_or_a_link_that_ends_with_it() -> None:
    link = f"https://museum.slack.com/archives/{CHANNEL_ID}"
    config = a_channel(network="slack", settings={"channel": link})
    assert read_settings(SlackSettings, config).channel == CHANNEL_ID
    [problem] = setting_problems(
        SlackSettings, a_channel(network="slack", settings={"channel": "#news"})
    )
    assert "copy the channel's link" in problem.message
