"""The Instagram channel against a server that is refused, slow, rude, full or down."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from herald.channels.instagram.caption import fault_in
from herald.channels.registry import check_settings
from herald.clock import SetClock
from herald.model.account import Reactions
from herald.model.delivery import (
    Absent,
    Action,
    Found,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Unclear,
)
from tests.channels.faults import WAYS, Case, a_claim, kind_of, patience
from tests.channels.staged import FAULTS, World, a_world, an_account, pictures, with_the_fault
from tests.makers import NOON, a_channel
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.faulty import FaultyWay
from tests.servers.graph import ACCOUNT, serving


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world("instagram") as world:
        yield world


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world("instagram", seconds=patience(case.fault)) as world:
        with_the_fault(world, case)
        outcome = await world.send(text=case.text)
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.posts) == case.posts


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_one_look_tells_what_is_there(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving("instagram", clock) as server, FaultyWay(server.address).serving() as way:
        channel = an_account("instagram", way.address, clock, seconds=patience(fault))
        way.spoil("POST", f"/v25.0/{ACCOUNT}/media_publish", fault)
        claim = a_claim(media=pictures(1))
        assert isinstance(await channel.send(claim), Unclear)
        later = an_account("instagram", way.address, clock)
        sighting = await later.look_up(claim)
        assert isinstance(sighting, Found) if posts else sighting == Absent()
        assert len(server.posts) == posts


async def test_a_post_without_a_picture_is_refused(world: World) -> None:
    outcome = await world.send(media=())
    assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)
    assert world.server.requests == []


async def test_without_a_public_address_the_account_stops_and_its_posts_wait(
    world: World,
) -> None:
    outcome = await world.opened(public_url="").send(a_claim(media=pictures(1)))
    assert kind_of(outcome) == ("Refused", RefusedScope.CHANNEL)


async def test_ten_pictures_make_one_post(world: World) -> None:
    assert isinstance(await world.send(media=pictures(12)), Sent)
    assert len(world.server.posts[0].alts) == 10


async def test_a_picture_of_many_that_fails_is_made_anew_and_the_others_are_kept(
    world: World,
) -> None:
    world.server.rules.looks_until_ready = 15
    assert not isinstance(await world.send(media=pictures(3)), Sent)
    world.server.rules.looks_until_ready = 1
    assert isinstance(await world.send(media=pictures(3)), Sent)
    assert len(world.server.containers) == 4


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("#a " * 30, ""),
        ("#a " * 31, "31 hashtags"),
        ("#è#b " * 15 + "#c", "16 hashtags"),
        ("@a " * 20, ""),
        ("@a.b " * 21, "21 mentions"),
        ("a#b " * 40 + "a@b.org " * 30, ""),
    ],
)
def test_too_many_hashtags_or_mentions_are_told_before_instagram_does(
    caption: str, words: str
) -> None:
    found = fault_in(caption)
    assert (words in found and bool(found)) if words.startswith(("31", "21")) else found == ""


async def test_too_many_hashtags_are_refused_and_nothing_is_asked(world: World) -> None:
    assert isinstance(await world.send(text="#Ecomusei " * 31), Refused)
    assert world.server.requests == []


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE, Action.BOOST, Action.CREATE])
async def test_what_instagram_leaves_to_people_is_refused(world: World, action: Action) -> None:
    claim = a_claim(target=Receipt(remote_id="1"), action=action, media=pictures(1))
    assert isinstance(await world.channel.send(claim), Refused)
    assert world.server.requests == []


async def test_reactions_are_counted_and_what_cannot_be_read_is_left_out(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    counted = await world.channel.reactions((sent.receipt, Receipt(remote_id="1")))
    assert counted == {sent.receipt.remote_id: Reactions(likes=12, replies=4)}


UNSOUND = {
    "no account": ({}, "museo.argenta"),
    "an address": ({"account": "https://instagram.com/eco"}, "an address"),
    "a title": ({"account": "Museo di Argenta"}, "no account's name"),
    "in the open": ({"account": "eco", "server": "http://example.org"}, "https://"),
    "secret": ({"account": "eco", "access_token": "x"}, "ACCESS_TOKEN"),
}


@pytest.mark.parametrize(("settings", "words"), UNSOUND.values(), ids=UNSOUND.keys())
def test_an_unsound_setting_is_told_with_its_remedy(settings: dict[str, str], words: str) -> None:
    [problem] = check_settings(a_channel(network="instagram", settings=settings))
    assert words in str(problem)


@pytest.mark.parametrize("account", ["museo.argenta", "@Museo.Argenta", "eco_1"])
def test_a_name_may_be_written_with_its_sign(account: str) -> None:
    assert check_settings(a_channel(network="instagram", settings={"account": account})) == ()
