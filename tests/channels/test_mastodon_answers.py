"""What a server with Mastodon's API tells of an account, its posts, and what people write to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from herald.channels.answered import PRIVATE
from herald.channels.markup import plain_text
from herald.errors import ChannelUnreachable
from herald.model.account import Finding, Reactions, Severity
from herald.model.delivery import Receipt, Sent
from herald.ports import Answered, Counted, Examined, Profiled
from tests.channels.test_mastodon import OWN, World, a_world, canned
from tests.makers import NOON
from tests.servers.mastodon import BEHAVIOURS, HOLLO, MASTODON, Behaviour

EVERY = pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
NOTIFICATIONS = ("GET", "/api/v1/notifications")


def worst(findings: tuple[Finding, ...]) -> set[str]:
    return {one.what for one in findings if one.severity is not Severity.WELL}


async def examined(world: World) -> tuple[Finding, ...]:
    return await world.channel.examine()


async def test_the_channel_offers_all_four() -> None:
    async with a_world() as world:
        for port in (Examined, Profiled, Counted, Answered):
            assert isinstance(world.channel, port)


# --- counts ----------------------------------------------------------------------------------


@EVERY
async def test_counts_are_those_of_each_post(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        sent = await world.send()
        assert isinstance(sent, Sent)
        world.server.statuses[0] = replace(world.server.statuses[0], boosts=3, likes=5, replies=1)
        gone = Receipt(remote_id="113000000000009999")
        found = await world.channel.reactions([gone, sent.receipt])
        assert found == {sent.receipt.remote_id: Reactions(boosts=3, likes=5, replies=1)}


async def test_counting_ends_when_the_server_asks_to_wait() -> None:
    async with a_world() as world:
        world.server.can("GET", "/api/v1/statuses/", canned(429, "{}"))
        receipts = [Receipt(remote_id=str(number)) for number in range(9)]
        assert await world.channel.reactions(receipts) == {}
        assert len(world.server.requests) == 1


# --- answers ---------------------------------------------------------------------------------


@EVERY
async def test_what_people_write_is_told_in_plain_words(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        sent = await world.send()
        assert isinstance(sent, Sent)
        answer = world.server.another(
            "Lovely & quiet\nSee https://example.org/a", answers=sent.receipt.remote_id
        )
        world.server.notify(answer)
        (reply,) = await world.channel.replies(since=NOON)
        assert (reply.author, reply.answers) == (
            "@risaie@partner.example.org",
            sent.receipt.remote_id,
        )
        assert reply.text == "Lovely & quiet\nSee https://example.org/a"
        assert (reply.id, reply.url) == (answer.id, answer.others_url)


async def test_a_neighbour_on_the_same_server_is_told_with_the_servers_name() -> None:
    async with a_world() as world:
        world.server.notify(world.server.another("Hello", author="ana"))
        (reply,) = await world.channel.replies(since=NOON)
        assert reply.author == f"@ana@{world.server.address.removeprefix('http://')}"


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_of_a_private_message_only_is_told_that_there_is_one(visibility: str) -> None:
    async with a_world() as world:
        world.server.notify(world.server.another("My number is 12345", visibility=visibility))
        (reply,) = await world.channel.replies(since=NOON)
        assert (reply.text, reply.author, reply.url) == (PRIVATE, "", "")


async def test_answers_come_oldest_first_over_all_pages_and_none_from_before() -> None:
    async with a_world() as world:
        world.server.notify(world.server.another("Old"), at=NOON - timedelta(hours=1))
        for number in range(95):
            late = NOON + timedelta(seconds=number)
            world.server.notify(world.server.another(f"Number {number}"), at=late)
        replies = await world.channel.replies(since=NOON)
        assert [reply.text for reply in replies] == [f"Number {number}" for number in range(95)]
        assert world.server.counted(*NOTIFICATIONS) == 3


async def test_a_like_is_no_answer_even_if_the_server_tells_it_along() -> None:
    async with a_world() as world:
        like = {"id": "1", "type": "favourite", "created_at": "2027-05-10T12:00:00Z"}
        status = {"id": "7", "content": "x", "visibility": "public"}
        told = [like | {"status": status, "account": {"acct": "ana"}}, like | {"type": "follow"}, 5]
        world.server.can(*NOTIFICATIONS, canned(200, json.dumps(told)))
        assert await world.channel.replies(since=NOON) == ()


@pytest.mark.parametrize("answer", [canned(500), canned(403, "{}"), canned(200, "<p>")], ids=str)
async def test_answers_that_cannot_be_read_are_not_taken_for_none(answer: object) -> None:
    async with a_world() as world:
        world.server.can(*NOTIFICATIONS, answer)  # type: ignore[arg-type]
        with pytest.raises(ChannelUnreachable):
            await world.channel.replies(since=NOON)


HTML = {
    "paragraphs": ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
    "link": ('<a href="https://x"><span class="invisible">https://</span>x</a>', "https://x"),
    "script": ("A<script>alert(1)</script>B", "AB"),
    "entities": ("5 &lt; 6 &amp; 7", "5 < 6 & 7"),
    "fallback": ("<mx-reply><blockquote>Old</blockquote></mx-reply>New", "New"),
    "overrides": ("a\u202eb", "ab"),
    "list": ("<ul><li>One</li><li>Two</li></ul>", "One\nTwo"),
}


@pytest.mark.parametrize(("content", "text"), HTML.values(), ids=HTML.keys())
def test_markup_becomes_plain_text(content: str, text: str) -> None:
    assert plain_text(content) == text


# --- how the account fares -------------------------------------------------------------------


@EVERY
async def test_a_sound_account_has_no_problem(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        world.server.scopes += ["read:search", "read:notifications"]
        found = await examined(world)
        assert worst(found) == set()
        said = " ".join(one.what for one in found)
        assert "belongs to @herald" in said
        assert f"{behaviour.limit:,} characters" in said
        assert "299 of 300 requests" in said


async def test_what_a_token_may_not_do_is_told_with_the_remedy() -> None:
    async with a_world() as world:
        world.server.scopes = ["write:statuses", "read", "follow"]
        found = await examined(world)
        assert worst(found) == {
            "the token may not upload pictures",
            "the token may do more than Herald needs: follow",
        }
        (finding,) = [one for one in found if one.severity is Severity.PROBLEM]
        assert "write:media" in finding.remedy


async def test_a_server_that_tells_no_permissions_is_not_suspected() -> None:
    async with a_world(HOLLO) as world:
        assert not any("may not" in one.what for one in await examined(world))


async def test_an_account_that_says_nothing_and_is_not_marked_gets_advice() -> None:
    async with a_world() as world:
        world.server.scopes += ["read:search", "read:notifications"]
        world.server.profile = {"bot": False, "note": "<p></p>"}
        assert worst(await examined(world)) == {
            "the account is not marked as automated",
            "the profile says nothing about the account",
        }


@pytest.mark.parametrize("gone", ["moved", "suspended"])
async def test_an_account_that_cannot_post_any_more_is_a_problem(gone: str) -> None:
    async with a_world() as world:
        world.server.profile |= {gone: {"acct": "elsewhere"}}
        found = await examined(world)
        assert [gone in one.what for one in found if one.severity is Severity.PROBLEM] == [True]


async def test_a_clock_that_differs_is_told() -> None:
    async with a_world() as world:
        world.server.clock_ahead = timedelta(minutes=2)
        assert "this machine's clock is 120 seconds behind the server's" in worst(
            await examined(world)
        )


async def test_a_quota_that_is_nearly_used_up_is_told() -> None:
    async with a_world() as world:
        headers = {"X_RateLimit_Limit": "300", "X_RateLimit_Remaining": "4"}
        world.server.can(*OWN, canned(200, '{"id": "1", "acct": "h", "note": "x"}', **headers))
        assert any("still takes 4 of 300" in one for one in worst(await examined(world)))


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "refuses the access token"), (500, "answered 500"), (200, "answered 200")],
)
async def test_an_account_that_cannot_be_read_is_a_problem(status: int, words: str) -> None:
    async with a_world(MASTODON) as world:
        world.server.can(*OWN, canned(status, "{}"))
        (finding,) = await examined(world)
        assert finding.severity is Severity.PROBLEM
        assert words in finding.what


async def test_a_server_that_is_not_there_is_a_finding() -> None:
    async with a_world() as world:
        world.server.can(*OWN, canned(200, "{"))
    (finding,) = await examined(world)
    assert finding.severity is Severity.PROBLEM


@EVERY
async def test_the_profile_is_read_with_its_fields(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        fields = [{"name": "Funded by", "value": "<a href='https://x'>the Union</a>"}]
        world.server.profile |= {"fields": fields}
        assert await world.channel.profile() == "Run by the museum\nFunded by\nthe Union"


async def test_a_profile_that_cannot_be_read_is_not_empty() -> None:
    async with a_world() as world:
        world.server.can(*OWN, canned(500))
        with pytest.raises(ChannelUnreachable):
            await world.channel.profile()
