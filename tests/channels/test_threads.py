"""The Threads channel against a server that is refused, slow, rude, full or down."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from herald.channels.registry import check_settings
from herald.channels.threads.text import fault_in
from herald.clock import SetClock
from herald.model.account import Reactions
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Found,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from tests.channels.faults import WAYS, Case, a_claim, kind_of, page, patience
from tests.channels.staged import FAULTS, World, a_world, an_account, pictures, with_the_fault
from tests.makers import NOON, a_channel
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.faulty import FaultyWay
from tests.servers.graph import ACCOUNT, serving
from tests.servers.mastodon import Fault


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world("threads") as world:
        yield world


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world("threads", seconds=patience(case.fault)) as world:
        with_the_fault(world, case)
        outcome = await world.send(text=case.text, media=())
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.posts) == case.posts


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_one_look_tells_what_is_there(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving("threads", clock) as server, FaultyWay(server.address).serving() as way:
        channel = an_account("threads", way.address, clock, seconds=patience(fault))
        way.spoil("POST", f"/v1.0/{ACCOUNT}/threads_publish", fault)
        assert isinstance(await channel.send(a_claim()), Unclear)
        later = an_account("threads", way.address, clock)
        sighting = await later.look_up(a_claim())
        assert isinstance(sighting, Found) if posts else sighting == Absent()
        assert len(server.posts) == posts


async def test_a_text_goes_with_its_link_as_a_card_and_a_picture_without(world: World) -> None:
    link = "https://example.org/salt"
    await world.send(text=f"Come. {link}", link=link, media=())
    await world.send(text=f"See. {link}", link=link)
    assert [post.link for post in world.server.posts] == [link, ""]


async def test_twenty_pictures_make_one_post(world: World) -> None:
    assert isinstance(await world.send(media=pictures(21)), Sent)
    assert len(world.server.posts[0].alts) == 20


async def test_a_picture_without_a_public_address_fails_alone(world: World) -> None:
    channel = world.opened(public_url="")
    outcome = await channel.send(a_claim(media=pictures(1)))
    assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)
    assert isinstance(await channel.send(a_claim(text="Without")), Sent)


async def test_a_further_part_answers_the_one_before_and_is_found_among_answers(
    world: World,
) -> None:
    first = await world.send(text="The salt house, first part", media=())
    assert isinstance(first, Sent)
    part = a_claim(text="And what came of it", target=first.receipt, root=first.receipt)
    assert await world.channel.look_up(part) == Absent()
    second = await world.channel.send(part)
    assert isinstance(second, Sent)
    assert world.server.posts[1].answers == first.receipt.remote_id
    sighting = await world.opened().look_up(part)
    assert isinstance(sighting, Found)
    assert sighting.receipt.remote_id == second.receipt.remote_id


async def test_an_answer_that_was_lost_is_not_sent_again(world: World) -> None:
    first = await world.send(text="The salt house, first part", media=())
    assert isinstance(first, Sent)
    part = a_claim(text="And what came of it", target=first.receipt, root=first.receipt)
    world.server.faults.append(Fault.LOST_REPLY)
    assert isinstance(await world.channel.send(part), Unclear)
    assert isinstance(await world.opened().look_up(part), Found)
    assert len(world.server.posts) == 2


async def test_answers_have_a_quota_of_their_own(world: World) -> None:
    world.server.rules.quota = 1
    first = await world.send(text="The salt house, first part", media=())
    assert isinstance(first, Sent)
    assert isinstance(await world.send(text="Another post"), Throttled)
    part = a_claim(text="And what came of it", target=first.receipt, root=first.receipt)
    assert isinstance(await world.channel.send(part), Sent)


@pytest.mark.parametrize("fault", [None, Fault.LOST_REPLY, Fault.ERROR_AFTER])
async def test_a_post_is_deleted_and_seen_to_be_gone(world: World, fault: Fault | None) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    claim = a_claim(target=sent.receipt, action=Action.DELETE)
    assert await world.channel.look_up(claim) == Absent()
    if fault:
        world.server.faults.append(fault)
    outcome = await world.channel.send(claim)
    assert isinstance(outcome, Unclear) if fault else outcome == Sent(sent.receipt)
    assert await world.channel.look_up(claim) == Found(sent.receipt)
    assert await world.channel.send(claim) == Sent(sent.receipt)
    assert world.server.posts == []


async def test_a_deletion_that_cannot_be_read_proves_nothing(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    world.server.can("GET", sent.receipt.remote_id, page(502))
    claim = a_claim(target=sent.receipt, action=Action.DELETE)
    assert isinstance(await world.channel.look_up(claim), CannotTell)


@pytest.mark.parametrize("action", [Action.EDIT, Action.BOOST])
async def test_what_threads_leaves_to_people_is_refused(world: World, action: Action) -> None:
    claim = a_claim(target=Receipt(remote_id="1"), action=action)
    assert isinstance(await world.channel.send(claim), Refused)
    assert world.server.requests == []


LINKS = [f"https://example.org/{number}" for number in range(6)]


@pytest.mark.parametrize(
    ("text", "link", "fine"),
    [
        (" ".join(LINKS[:5]), "", True),
        (" ".join(LINKS), "", False),
        (" ".join(LINKS[:5]), LINKS[4], True),
        (" ".join(LINKS[:5]), LINKS[5], False),
        (f"{LINKS[0]} " * 9, "", True),
        ("no link at all", "", True),
        (" ".join(f"{link}." for link in LINKS[:5]) + " " + LINKS[0], "", True),
    ],
)
def test_more_than_five_different_links_are_told_before_threads_does(
    text: str, link: str, fine: bool
) -> None:
    assert (fault_in(text, link=link) == "") is fine


async def test_a_text_beyond_500_bytes_is_refused_by_the_network(world: World) -> None:
    assert isinstance(await world.send(text="è" * 251, media=()), Refused)
    assert world.server.posts == []


async def test_a_profile_that_cannot_be_reached_was_sent_nothing() -> None:
    gone = an_account("threads", "http://127.0.0.1:9", SetClock(NOON))
    assert isinstance(await gone.send(a_claim()), TryAgain)


async def test_reactions_are_counted_and_what_cannot_be_read_is_left_out(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    counted = await world.channel.reactions((sent.receipt, Receipt(remote_id="1")))
    assert counted == {sent.receipt.remote_id: Reactions(boosts=3, likes=12, replies=4)}


UNSOUND = {
    "no account": ({}, "museo.argenta"),
    "an address": ({"account": "https://threads.net/@eco"}, "an address"),
    "in the open": ({"account": "eco", "server": "http://example.org"}, "https://"),
    "secret": ({"account": "eco", "access_token": "x"}, "ACCESS_TOKEN"),
}


@pytest.mark.parametrize(("settings", "words"), UNSOUND.values(), ids=UNSOUND.keys())
def test_an_unsound_setting_is_told_with_its_remedy(settings: dict[str, str], words: str) -> None:
    [problem] = check_settings(a_channel(network="threads", settings=settings))
    assert words in str(problem)
