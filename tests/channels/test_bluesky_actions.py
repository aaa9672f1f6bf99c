"""Answers, deletions and reposts on Bluesky, and what is told of an account and its posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.channels.bluesky.channel import BlueskyChannel
from herald.channels.bluesky.examining import scope_of
from herald.channels.bluesky.links import Place, read_link
from herald.errors import ChannelUnreachable
from herald.model.account import Finding, Reactions, Severity
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import Language, OccasionId
from herald.ports import Answered, Counted, Examined, Profiled
from tests.channels.test_bluesky import a_claim, a_world, kind_of, on
from tests.makers import NOON
from tests.servers.bluesky import DID, HANDLE
from tests.servers.mastodon import Canned, Fault
from tests.servers.pds import RealPds

GET = "com.atproto.repo.getRecord"
PUT = "com.atproto.repo.putRecord"
DELETE = "com.atproto.repo.deleteRecord"
NOTIFICATIONS = "app.bsky.notification.listNotifications"
AFTER = pytest.mark.parametrize(
    "fault", [Fault.LOST_REPLY, Fault.ERROR_AFTER, Fault.PAGE_AFTER], ids=lambda one: one.value
)


def about(action: Action, target: Receipt | None = None, **changes: Any) -> Claim:
    """Make a claim of *action* on *target*."""
    claim = a_claim(action=action, occasion=OccasionId(f"later-{action}"), **changes)
    return replace(claim, target=target)


async def posted(channel: BlueskyChannel, **changes: Any) -> Receipt:
    outcome = await channel.send(a_claim(**changes))
    assert isinstance(outcome, Sent)
    return outcome.receipt


def thread(target: Receipt, root: Receipt, text: str) -> Claim:
    return replace(a_claim(text=text, item=text), target=target, root=root)


# --- answering -------------------------------------------------------------------------------


async def test_the_parts_of_a_thread_answer_each_other_and_name_their_first() -> None:
    async with a_world() as world:
        first = await posted(world.channel)
        second = await world.channel.send(thread(first, first, "Two"))
        assert isinstance(second, Sent)
        third = thread(second.receipt, first, "Three")
        assert isinstance(await world.channel.send(third), Sent)
        _, two, three = world.server.records.values()
        assert two["reply"]["root"] == two["reply"]["parent"] == three["reply"]["root"]
        assert three["reply"]["parent"]["uri"] == second.receipt.remote_id
        assert isinstance(await world.channel.look_up(third), Found)


async def test_nothing_answers_a_post_that_is_gone() -> None:
    async with a_world() as world:
        first = await posted(world.channel)
        world.server.records.clear()
        outcome = await world.channel.send(thread(first, first, "Two"))
        assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)
        assert world.server.records == {}


BEFORE: dict[str, tuple[int, type[Outcome]]] = {
    "500": (500, TryAgain),
    "429": (429, Throttled),
    "200": (200, TryAgain),
}


@pytest.mark.parametrize(("status", "kind"), BEFORE.values(), ids=BEFORE.keys())
async def test_a_post_that_cannot_be_read_is_answered_later(
    status: int, kind: type[Outcome]
) -> None:
    async with a_world() as world:
        first = await posted(world.channel)
        world.server.can(GET, Canned(status=status, body="{}"))
        assert isinstance(await world.channel.send(thread(first, first, "Two")), kind)
        assert len(world.server.records) == 1


async def test_a_post_in_more_languages_names_up_to_three_and_each_once() -> None:
    async with a_world() as world:
        also = tuple(map(Language, ("it", "en", "sl", "pl")))
        claim = a_claim(language=Language("en"), also=also)
        assert isinstance(await world.channel.send(claim), Sent)
        assert world.record["langs"] == ["en", "it", "sl"]
        assert isinstance(await world.channel.look_up(claim), Found)


# --- deleting, and what there is no way to do ------------------------------------------------


async def test_a_deletion_removes_the_post_and_nothing_else() -> None:
    async with a_world() as world:
        target = await posted(world.channel)
        await posted(world.channel, text="Another", item="two")
        deletion = about(Action.DELETE, target)
        assert await world.channel.look_up(deletion) == Absent()
        assert await world.channel.send(deletion) == Sent(target)
        assert await world.channel.send(deletion) == Sent(target)
        assert world.record["text"] == "Another"


@AFTER
async def test_a_deletion_whose_answer_was_lost_is_seen(fault: Fault) -> None:
    async with a_world() as world:
        deletion = about(Action.DELETE, await posted(world.channel))
        world.server.faults.append(fault)
        assert isinstance(await world.channel.send(deletion), Unclear)
        assert isinstance(await world.channel.look_up(deletion), Found)


async def test_another_accounts_post_is_not_deleted() -> None:
    async with a_world() as world:
        other = Receipt(remote_id="at://did:plc:other/app.bsky.feed.post/3kaaaaaaaaaaa")
        assert isinstance(await world.channel.send(about(Action.DELETE, other)), Refused)
        assert world.server.counted(DELETE) == 0


async def test_there_is_no_edit_and_the_account_does_not_promise_one() -> None:
    async with a_world() as world:
        target = await posted(world.channel)
        outcome = await world.channel.send(about(Action.EDIT, target, text="New"))
        assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)
        assert Action.EDIT not in (await world.channel.capabilities()).actions


# --- reposting -------------------------------------------------------------------------------


async def test_a_repost_is_made_once_however_often_it_is_sent() -> None:
    async with a_world() as world:
        link = world.server.another("The rice is in flower")
        claim = about(Action.BOOST, link=link)
        assert await world.channel.look_up(claim) == Absent()
        first = await world.channel.send(claim)
        assert isinstance(first, Sent)
        assert first.receipt.url == link
        assert await world.channel.send(claim) == first
        assert await world.channel.look_up(claim) == Found(first.receipt)
        [repost] = world.server.reposts.values()
        assert repost["subject"]["uri"] in world.server.others


@AFTER
async def test_a_repost_whose_answer_was_lost_is_seen(fault: Fault) -> None:
    async with a_world() as world:
        claim = about(Action.BOOST, link=world.server.another("In flower"))
        world.server.faults.append(fault)
        assert isinstance(await world.channel.send(claim), Unclear)
        assert isinstance(await world.channel.look_up(claim), Found)
        assert len(world.server.reposts) == 1


async def test_a_repost_can_be_taken_back() -> None:
    async with a_world() as world:
        sent = await world.channel.send(about(Action.BOOST, link=world.server.another("x")))
        assert isinstance(sent, Sent)
        assert isinstance(await world.channel.send(about(Action.DELETE, sent.receipt)), Sent)
        assert world.server.reposts == {}


async def test_what_was_deleted_meanwhile_is_not_reposted() -> None:
    async with a_world() as world:
        link = world.server.another("In flower")
        world.server.others.clear()
        assert isinstance(await world.channel.send(about(Action.BOOST, link=link)), Refused)


@pytest.mark.parametrize(
    "link",
    ["", "https://example.org/x", "https://bsky.app/profile/nobody.example.org/post/3kaaaaaaaaaaa"],
    ids=str,
)
async def test_what_is_no_post_is_not_reposted(link: str) -> None:
    async with a_world() as world:
        assert isinstance(await world.channel.send(about(Action.BOOST, link=link)), Refused)
        assert world.server.counted(PUT) == 0


LINKS: dict[str, tuple[str, Place | None]] = {
    "handle": ("https://bsky.app/profile/A.example.org/post/3k2a", Place("a.example.org", "3k2a")),
    "did": ("https://bsky.app/profile/did:plc:ab/post/3k2a", Place("did:plc:ab", "3k2a")),
    "escaped": ("https://bsky.app/profile/did%3Aplc%3Aab/post/3k2a", Place("did:plc:ab", "3k2a")),
    "another app": ("https://deer.social/profile/a.org/post/3k2a/", Place("a.org", "3k2a")),
    "query": ("https://bsky.app/profile/a.org/post/3k2a?ref=x#y", Place("a.org", "3k2a")),
    "at": ("at://did:plc:ab/app.bsky.feed.post/3k2a", Place("did:plc:ab", "3k2a")),
    "profile": ("https://bsky.app/profile/a.org", None),
    "a like": ("at://did:plc:ab/app.bsky.feed.like/3k2a", None),
    "open": ("http://bsky.app/profile/a.org/post/3k2a", None),
    "no handle": ("https://bsky.app/profile/ana/post/3k2a", None),
}


@pytest.mark.parametrize(("link", "place"), LINKS.values(), ids=LINKS.keys())
def test_a_posts_address_is_read_however_it_is_written(link: str, place: Place | None) -> None:
    assert read_link(link) == place


@pytest.mark.parametrize("status", [500, 429, 200])
async def test_what_cannot_be_read_is_never_absent(status: int) -> None:
    async with a_world() as world:
        target = await posted(world.channel)
        world.server.can(GET, Canned(status=status, body="{}", times=2))
        for claim in (about(Action.DELETE, target), about(Action.BOOST, link="x")):
            sighting: Sighting = await world.channel.look_up(claim)
            assert isinstance(sighting, CannotTell)
            assert sighting.again


# --- what Bluesky's own service tells --------------------------------------------------------


async def test_the_channel_offers_all_four() -> None:
    async with a_world() as world:
        for port in (Examined, Profiled, Counted, Answered):
            assert isinstance(world.channel, port)


async def test_counts_are_those_of_each_post_and_a_repost_has_none() -> None:
    async with a_world() as world:
        receipts = [Receipt(remote_id=f"at://{DID}/app.bsky.feed.post/{n}") for n in range(60)]
        counted = {"likeCount": 5, "repostCount": 3, "replyCount": 1}
        world.server.counts = {receipts[n].remote_id: counted for n in (0, 59)}
        repost = Receipt(remote_id=f"at://{DID}/app.bsky.feed.repost/1")
        found = await world.channel.reactions([*receipts, repost])
        same = Reactions(boosts=3, likes=5, replies=1)
        assert found == {receipts[0].remote_id: same, receipts[59].remote_id: same}


async def test_counts_that_are_not_told_are_left_out() -> None:
    async with a_world() as world:
        world.server.can("app.bsky.feed.getPosts", Canned(status=502, body="{}"))
        receipt = Receipt(remote_id=f"at://{DID}/app.bsky.feed.post/1")
        assert await world.channel.reactions([receipt]) == {}


async def test_answers_and_mentions_are_told_oldest_first_over_all_pages() -> None:
    async with a_world() as world:
        own = f"at://{DID}/app.bsky.feed.post/1"
        world.server.notify("mention", "Old", at=NOON - timedelta(hours=1))
        for number in range(150):
            late = NOON + timedelta(seconds=number)
            world.server.notify("reply" if number else "mention", f"{number}", at=late, answers=own)
        world.server.notify("like", "", at=NOON + timedelta(hours=1))
        replies = await world.channel.replies(since=NOON)
        assert [reply.text for reply in replies] == [str(number) for number in range(150)]
        assert (replies[0].author, replies[0].answers) == ("@ana.example.org", own)
        assert replies[0].url.startswith("https://bsky.app/profile/did:plc:ana")
        assert world.server.counted(NOTIFICATIONS) == 2


async def test_answers_that_cannot_be_read_are_not_taken_for_none() -> None:
    async with a_world() as world:
        world.server.can(NOTIFICATIONS, Canned(status=502, body="{}"))
        with pytest.raises(ChannelUnreachable, match="502"):
            await world.channel.replies(since=NOON)


# --- how the account fares -------------------------------------------------------------------


def told(findings: tuple[Finding, ...], severity: Severity) -> list[str]:
    return [one.what for one in findings if one.severity is severity]


async def test_a_sound_account_has_nothing_to_mend() -> None:
    async with a_world() as world:
        world.server.scope = "com.atproto.appPass"
        found = await world.channel.examine()
        assert {one.severity for one in found} == {Severity.WELL}
        said = " ".join(one.what for one in found)
        assert f"belongs to @{HANDLE}" in said
        assert "app password" in said
        assert "2,990 of 3,000 requests" in said


@pytest.mark.parametrize(
    ("scope", "words"),
    [("com.atproto.access", "own password"), ("com.atproto.appPassPrivileged", "direct messages")],
)
async def test_a_password_that_can_do_more_than_it_must_is_told(scope: str, words: str) -> None:
    async with a_world() as world:
        world.server.scope = scope
        [what] = told(await world.channel.examine(), Severity.ADVICE)
        assert words in what


async def test_a_handle_that_leads_elsewhere_is_a_problem() -> None:
    async with a_world() as world:
        world.server.handles[HANDLE] = "did:plc:otherotherotherotherothe"
        [what] = told(await world.channel.examine(), Severity.PROBLEM)
        assert "another account" in what


@pytest.mark.parametrize("profile", [None, {"description": " "}], ids=["none", "empty"])
async def test_a_profile_that_says_nothing_gets_advice(profile: dict[str, Any] | None) -> None:
    async with a_world() as world:
        world.server.profile = profile
        assert told(await world.channel.examine(), Severity.ADVICE) == [
            "the account is not marked as automated",
            "the profile says nothing about the account",
        ]


async def test_the_profile_is_read_and_one_that_is_not_shown_is_not_empty() -> None:
    async with a_world() as world:
        assert await world.channel.profile() == "Run by the museum"
        world.server.can(GET, Canned(status=500, body="{}"))
        with pytest.raises(ChannelUnreachable):
            await world.channel.profile()
        world.server.profile = None
        assert await world.channel.profile() == ""


async def test_a_refused_password_is_a_problem() -> None:
    async with a_world() as world:
        world.server.password = "another"
        finding = (await world.channel.examine())[0]
        assert finding.severity is Severity.PROBLEM
        assert "app password" in finding.remedy


@pytest.mark.parametrize("token", ["", "a.b", "a.!.c", "a.W10.c", "a.eyJzY29wZSI6NX0.c"])
def test_a_token_that_says_nothing_is_no_error(token: str) -> None:
    assert scope_of(token) == ""


# --- Bluesky's own server --------------------------------------------------------------------


async def test_bluesky_itself_takes_answers_deletions_and_reposts(pds: RealPds) -> None:
    account, channel = on(pds)
    partner, partners = on(pds)
    shared = await posted(partners)
    first = await posted(channel, item="first")
    second = await channel.send(thread(first, first, "Two"))
    assert isinstance(second, Sent)
    third = await channel.send(thread(second.receipt, first, "Three"))
    assert isinstance(third, Sent)
    replies = [post["reply"] for post in account.posts() if "reply" in post]
    assert {reply["root"]["uri"] for reply in replies} == {first.remote_id}
    for link in (
        f"https://bsky.app/profile/{partner.handle}/post/{shared.remote_id.rpartition('/')[2]}",
        shared.remote_id,
    ):
        boost = about(Action.BOOST, link=link, item=link[:5])
        sent = await channel.send(boost)
        assert isinstance(sent, Sent)
        assert await channel.send(boost) == sent
        assert await channel.look_up(boost) == Found(sent.receipt)
    deletion = about(Action.DELETE, third.receipt)
    assert await channel.look_up(deletion) == Absent()
    assert await channel.send(deletion) == Sent(third.receipt)
    assert await channel.send(deletion) == Sent(third.receipt)
    assert await channel.look_up(deletion) == Found(third.receipt)
    assert len(account.posts()) == 2
    answer = thread(third.receipt, first, "To nobody")
    assert kind_of(await channel.send(answer)) == ("Refused", RefusedScope.DELIVERY)
    await partners.send(about(Action.DELETE, shared))
    gone = about(Action.BOOST, link=shared.remote_id, item="gone")
    assert isinstance(await channel.send(gone), Refused)


async def test_bluesky_itself_says_how_an_account_fares(pds: RealPds) -> None:
    account, channel = on(pds)
    found = await channel.examine()
    assert told(found, Severity.PROBLEM) == []
    said = " ".join(one.what for one in found)
    assert f"belongs to @{account.handle}" in said
    assert "signs in with an app password" in said
    assert f"{account.handle} leads to the account" in said
    assert len(told(found, Severity.ADVICE)) >= 2
