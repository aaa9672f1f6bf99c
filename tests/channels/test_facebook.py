"""The Facebook channel against a server that is refused, slow, rude, full or down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.channels.facebook.channel import FacebookChannel
from herald.channels.meta.graph import Graph
from herald.channels.registry import check_settings
from herald.clock import SetClock
from herald.model.account import Reactions, Severity
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import ChannelId
from tests.channels.faults import (
    CHANNEL,
    DELIVERY,
    RUDE,
    WAYS,
    Case,
    a_claim,
    kind_of,
    page,
    patience,
)
from tests.channels.kept import KeptMedia, a_jpeg, a_picture, surroundings
from tests.makers import NOON, a_channel
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.faulty import FaultyWay
from tests.servers.graph import PAGE, TOKEN, GraphServer, canned, serving, usage
from tests.servers.mastodon import Canned, Fault

FEED, PHOTOS, POSTS = f"/{PAGE}/feed", "/photos", "/published_posts"
GREEN, BLUE = a_jpeg(), a_jpeg(colour=(10, 20, 200))


@dataclass
class World:
    """A server, a Page on it, and the clock of both."""

    server: GraphServer
    clock: SetClock
    channel: FacebookChannel

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    async def look_up(self, **changes: Any) -> Any:
        return await self.channel.look_up(a_claim(**changes))


@asynccontextmanager
async def a_world(*, seconds: float = 10) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving("facebook", clock) as server:
        yield World(server, clock, a_facebook(server.address, clock, seconds=seconds))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def a_facebook(
    server: str, clock: SetClock, *, seconds: float = 10, token: str = TOKEN
) -> FacebookChannel:
    graph = Graph("facebook", token=token, user_agent="Herald", server=server, seconds=seconds)
    around = surroundings(Path(), clock, media=KeptMedia(GREEN, BLUE))
    return FacebookChannel(ChannelId("here"), PAGE, graph, around=around)


def pictures(count: int) -> tuple[Any, ...]:
    return tuple(a_picture(f"number {number}", GREEN) for number in range(count))


FAULTS = {
    **RUDE,
    "2 and posted": Case(fault=Fault.ERROR_AFTER, outcome="Unclear", posts=1),
    "1": Case(fault=canned(1), outcome="Unclear"),
    "2": Case(fault=canned(2), outcome="Unclear"),
    "transient": Case(fault=canned(5555, transient=True), outcome="Unclear"),
    "500 in Graph's words": Case(fault=canned(100, status=500), outcome="Unclear"),
    "100": Case(fault=canned(100), outcome="Refused", scope=DELIVERY),
    "abusive": Case(fault=canned(368, 1346003), outcome="Refused", scope=DELIVERY),
    "190": Case(fault=canned(190, 463), outcome="Refused", scope=CHANNEL),
    "190 and 401": Case(fault=canned(190, status=401), outcome="Refused", scope=CHANNEL),
    "102": Case(fault=canned(102), outcome="Refused", scope=CHANNEL),
    "10": Case(fault=canned(10), outcome="Refused", scope=CHANNEL),
    "200": Case(fault=canned(200), outcome="Refused", scope=CHANNEL),
    "no such page": Case(fault=canned(100, 33), outcome="Refused", scope=CHANNEL),
    "old version": Case(fault=canned(2635), outcome="Refused", scope=CHANNEL),
    "confirm yourself": Case(fault=canned(100, 4854002), outcome="Refused", scope=CHANNEL),
    "a stranger's 403": Case(fault=page(403), outcome="Refused", scope=CHANNEL),
    "4": Case(fault=canned(4), outcome="Throttled"),
    "32": Case(fault=canned(32), outcome="Throttled"),
    "613": Case(fault=canned(613), outcome="Throttled"),
    "80001": Case(fault=canned(80001), outcome="Throttled"),
    "368": Case(fault=canned(368), outcome="Throttled"),
    "posting too fast": Case(fault=canned(368, 1390008), outcome="Throttled"),
    "upload refused": Case(
        fault=canned(324, 2069019), at=PHOTOS, outcome="Refused", scope=DELIVERY, pictures=1
    ),
    "upload broken": Case(fault=page(500), at=PHOTOS, outcome="TryAgain", pictures=1),
    "upload 2": Case(fault=canned(2, status=500), at=PHOTOS, outcome="TryAgain", pictures=1),
    "upload no JSON": Case(fault=page(200), at=PHOTOS, outcome="TryAgain", pictures=1),
    "upload too large": Case(
        fault=canned(1, 1366046), at=PHOTOS, outcome="Refused", scope=DELIVERY, pictures=1
    ),
    "upload throttled": Case(fault=canned(32), at=PHOTOS, outcome="Throttled", pictures=1),
    "upload with an old token": Case(
        fault=canned(190), at=PHOTOS, outcome="Refused", scope=CHANNEL, pictures=1
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    async with a_world(seconds=patience(case.fault)) as world:
        if isinstance(case.fault, Canned):
            world.server.can("POST", case.at or FEED, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        outcome = await world.send(text=case.text, media=pictures(case.pictures))
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.posts) == case.posts


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_one_look_tells_what_is_there(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving("facebook", clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_facebook(way.address, clock, seconds=patience(fault))
        way.spoil("POST", f"/v25.0{FEED}", fault)
        assert isinstance(await channel.send(a_claim()), Unclear)
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, Found) if posts else sighting == Absent()
        assert len(server.posts) == posts


async def test_a_page_that_cannot_be_reached_was_sent_nothing() -> None:
    channel = a_facebook("http://127.0.0.1:9", SetClock(NOON))
    assert isinstance(await channel.send(a_claim()), TryAgain)
    assert isinstance(await channel.look_up(a_claim()), CannotTell)


async def test_how_long_to_wait_is_read_from_facebooks_own_header(world: World) -> None:
    world.server.can("POST", FEED, canned(32, headers=usage(19)))
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(minutes=19)


@pytest.mark.parametrize(
    "header",
    ["", "no JSON", "[]", '{"1": 5}', '{"1": [{"estimated_time_to_regain_access": "soon"}]}'],
)
async def test_a_limit_without_a_time_still_gives_one(world: World, header: str) -> None:
    headers = {"X-Business-Use-Case-Usage": header}
    world.server.can("POST", FEED, canned(32, headers=headers))
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait is not None
    assert outcome.wait >= timedelta(minutes=1)


# --- what is posted ---


async def test_a_post_with_a_link_shows_its_card_and_one_with_pictures_shows_those(
    world: World,
) -> None:
    await world.send(text="Come. https://example.org/salt", link="https://example.org/salt")
    await world.send(text="See it", link="https://example.org/salt", media=pictures(2))
    assert [post.link for post in world.server.posts] == ["https://example.org/salt", ""]
    assert [post.alts for post in world.server.posts] == [(), ("number 0", "number 1")]


async def test_eleven_pictures_keep_their_order_up_to_the_tenth(world: World) -> None:
    assert isinstance(await world.send(media=pictures(11)), Sent)
    assert world.server.posts[0].alts == tuple(f"number {number}" for number in range(10))


async def test_a_picture_is_uploaded_once_whatever_becomes_of_the_post(world: World) -> None:
    media = (a_picture("green", GREEN), a_picture("blue", BLUE))
    world.server.faults.append(Fault.ERROR_BEFORE)
    assert isinstance(await world.send(media=media), Unclear)
    assert await world.look_up(media=media) == Absent()
    assert isinstance(await world.send(media=media), Sent)
    assert world.server.counted("POST", "photos") == 2
    assert world.server.posts[0].alts == ("green", "blue")


async def test_a_picture_that_waited_a_day_is_uploaded_anew(world: World) -> None:
    world.server.faults.append(Fault.ERROR_BEFORE)
    await world.send(media=pictures(1))
    world.clock.advance(timedelta(hours=24))
    assert isinstance(await world.send(media=pictures(1)), Sent)
    assert world.server.counted("POST", "photos") == 2


async def test_pictures_that_were_posted_already_leave_it_to_a_look(world: World) -> None:
    """The answer to the first request came from something in between."""
    world.server.faults.append(Fault.ERROR_AFTER)
    assert isinstance(await world.send(media=pictures(1)), Unclear)
    assert isinstance(await world.send(media=pictures(1)), Sent)
    assert len(world.server.posts) == 1


async def test_what_facebook_takes_for_a_repeat_is_sent_if_it_is_this_very_post(
    world: World,
) -> None:
    world.server.rules.refuses_repeats = True
    world.server.faults.append(Fault.ERROR_AFTER)
    assert isinstance(await world.send(), Unclear)
    outcome = await world.send()
    assert isinstance(outcome, Sent)
    assert outcome.receipt.remote_id == world.server.posts[0].id
    assert len(world.server.posts) == 1


async def test_what_facebook_takes_for_a_repeat_of_an_older_post_is_refused(world: World) -> None:
    world.server.rules.refuses_repeats = True
    world.server.keep("The salt house", at=NOON - timedelta(days=1))
    outcome = await world.send(text="The salt house")
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert "change its words" in outcome.why  # type: ignore[union-attr]


async def test_a_repeat_is_unclear_while_nobody_can_look(world: World) -> None:
    world.server.can("POST", FEED, canned(506))
    world.server.can("GET", POSTS, canned(2, status=500))
    assert isinstance(await world.send(), Unclear)


# --- reading back ---


async def test_a_post_is_found_behind_many_newer_ones(world: World) -> None:
    sent = await world.send(text="The salt house")
    for number in range(120):
        world.server.keep(f"{number} something else altogether", at=NOON + timedelta(minutes=5))
    assert isinstance(sent, Sent)
    assert await world.look_up(text="The salt house") == Found(sent.receipt)


async def test_pages_are_read_to_the_end_before_a_post_counts_as_absent(world: World) -> None:
    world.server.rules.page_size = 5
    for number in range(23):
        world.server.keep(f"{number} something else", at=NOON + timedelta(minutes=5))
    assert await world.look_up(text="A walk through the rice fields") == Absent()
    assert world.server.counted("GET", "published_posts") == 5


async def test_the_address_of_a_next_page_is_not_followed(world: World) -> None:
    """It holds the token, and here it leads to another server."""
    world.server.rules.page_size = 1
    for _ in range(3):
        world.server.keep("something else", at=NOON + timedelta(minutes=5))
    assert await world.look_up(text="A walk through the rice fields") == Absent()


async def test_an_old_page_is_followed_by_older_ones_alone(world: World) -> None:
    world.server.rules.heeds_since = False
    world.server.rules.page_size = 2
    for days in range(200, 0, -1):
        world.server.keep("something else", at=NOON - timedelta(days=days))
    assert await world.look_up(text="A walk through the rice fields") == Absent()
    assert world.server.counted("GET", "published_posts") == 1


async def test_an_endless_list_proves_nothing(world: World) -> None:
    world.server.rules.page_size = 1
    for _ in range(30):
        world.server.keep("something else", at=NOON + timedelta(minutes=5))
    sighting = await world.look_up(text="A walk through the rice fields")
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


PAGES = {
    "no JSON": (page(200), True),
    "a list": (Canned(status=200, body="[]"), True),
    "no data": (Canned(status=200, body="{}"), True),
    "a post without a date": (Canned(status=200, body='{"data": [{"id": "1"}]}'), True),
    "no way on": (Canned(status=200, body='{"data": [], "paging": {"next": "x"}}'), True),
    "503": (page(503), True),
    "2": (canned(2, status=500), True),
    "throttled": (canned(32), True),
    "token ended": (canned(190), False),
    "not allowed": (canned(10), False),
}


@pytest.mark.parametrize(("answer", "again"), PAGES.values(), ids=PAGES.keys())
async def test_a_look_that_shows_no_sound_page_proves_nothing(
    world: World, answer: Canned, again: bool
) -> None:
    world.server.can("GET", POSTS, answer)
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again is again


async def test_the_same_words_before_the_first_send_are_another_post(world: World) -> None:
    world.server.keep("The salt house", at=NOON - timedelta(hours=1))
    assert await world.look_up(text="The salt house") == Absent()


async def test_a_post_is_found_on_a_server_whose_clock_is_behind(world: World) -> None:
    world.server.rules.clock_behind = timedelta(minutes=20)
    sent = await world.send(text="The salt house")
    assert isinstance(sent, Sent)
    assert await world.look_up(text="The salt house") == Found(sent.receipt)


async def test_a_post_that_is_nearly_the_same_is_left_to_a_person(world: World) -> None:
    text = "Neighbours restored a salt store and now teach there every Saturday."
    world.server.keep(text.replace("every Saturday", "each Saturday"), at=NOON)
    sighting = await world.look_up(text=text)
    assert isinstance(sighting, CannotTell)
    assert not sighting.again


async def test_folded_space_makes_no_other_post(world: World) -> None:
    kept = world.server.keep("One. Two.", at=NOON + timedelta(minutes=1))
    sighting = await world.look_up(text="One.\n\nTwo. ")
    assert isinstance(sighting, Found)
    assert sighting.receipt.remote_id == kept.id


async def test_nothing_is_ruled_out_when_the_clock_was_set_back(world: World) -> None:
    sighting = await world.look_up(first_send_at=NOON + timedelta(days=1))
    assert isinstance(sighting, CannotTell)


# --- corrections ---


async def a_post_on(world: World) -> Receipt:
    sent = await world.send(text="The salt house")
    assert isinstance(sent, Sent)
    return sent.receipt


def a_correction(target: Receipt, action: Action, text: str = "The salt store") -> Claim:
    return a_claim(target=target, action=action, text=text)


async def test_a_post_is_corrected_and_deleted(world: World) -> None:
    target = await a_post_on(world)
    edit = a_correction(target, Action.EDIT)
    assert await world.channel.look_up(edit) == Absent()
    assert await world.channel.send(edit) == Sent(target)
    assert await world.channel.look_up(edit) == Found(target)
    assert world.server.posts[0].text == "The salt store"
    delete = a_correction(target, Action.DELETE)
    assert await world.channel.look_up(delete) == Absent()
    assert await world.channel.send(delete) == Sent(target)
    assert await world.channel.look_up(delete) == Found(target)
    assert world.server.posts == []


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE])
@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.ERROR_AFTER, Fault.PAGE_AFTER])
async def test_a_correction_whose_answer_was_lost_is_looked_up(
    world: World, action: Action, fault: Fault
) -> None:
    target = await a_post_on(world)
    world.server.faults.append(fault)
    claim = a_correction(target, action)
    assert isinstance(await world.channel.send(claim), Unclear)
    assert await world.channel.look_up(claim) == Found(target)


async def test_a_correction_of_what_is_gone_is_refused_and_a_deletion_is_done(
    world: World,
) -> None:
    target = await a_post_on(world)
    world.server.posts.clear()
    assert kind_of(await world.channel.send(a_correction(target, Action.EDIT)))[0] == "Refused"
    assert await world.channel.send(a_correction(target, Action.DELETE)) == Sent(target)


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE])
async def test_a_correction_that_cannot_be_read_proves_nothing(
    world: World, action: Action
) -> None:
    target = await a_post_on(world)
    world.server.can("GET", target.remote_id, page(502))
    sighting = await world.channel.look_up(a_correction(target, action))
    assert isinstance(sighting, CannotTell)
    assert sighting.again


@pytest.mark.parametrize("action", [Action.CREATE, Action.BOOST])
async def test_what_a_page_cannot_do_is_refused(world: World, action: Action) -> None:
    claim = a_claim(target=Receipt(remote_id="1_2"), action=action)
    assert isinstance(await world.channel.send(claim), Refused)
    assert world.server.requests == []


# --- secrets, settings, the account ---


async def test_the_token_stands_in_no_address_and_in_nothing_that_is_told(world: World) -> None:
    world.server.can("POST", FEED, canned(100, said=f"bad token {TOKEN}"))
    outcome = await world.send(media=pictures(1))
    assert TOKEN not in repr(outcome)
    assert "***" in outcome.why  # type: ignore[union-attr]
    assert all(TOKEN not in seen.path + str(seen.query) for seen in world.server.requests)


UNSOUND = {
    "no page": ({}, "page"),
    "a name": ({"page": "ecoheritage"}, "Page ID"),
    "an address": ({"page": "https://facebook.com/eco"}, "Page ID"),
    "other digits": ({"page": "١٢٣"}, "Page ID"),
    "in the open": ({"page": PAGE, "server": "http://example.org"}, "https://"),
    "secret": ({"page": PAGE, "access_token": "x"}, "ACCESS_TOKEN"),
}


@pytest.mark.parametrize(("settings", "words"), UNSOUND.values(), ids=UNSOUND.keys())
def test_an_unsound_setting_is_told_with_its_remedy(settings: dict[str, str], words: str) -> None:
    [problem] = check_settings(a_channel(network="facebook", settings=settings))
    assert words in str(problem)


async def test_a_page_that_is_well_is_told_so(world: World) -> None:
    findings = await world.channel.examine()
    assert [finding.severity for finding in findings] == [Severity.WELL]
    assert "Museo di Argenta" in findings[0].what


async def test_a_persons_token_in_place_of_the_pages_is_told(world: World) -> None:
    world.server.can("GET", "/me", Canned(status=200, body='{"id": "77", "name": "Ana"}'))
    [finding] = await world.channel.examine()
    assert finding.severity is Severity.PROBLEM
    assert "me/accounts" in finding.remedy


async def test_a_page_that_cannot_be_read_back_or_is_hidden_is_told(world: World) -> None:
    world.server.can("GET", POSTS, canned(10))
    hidden = Canned(status=200, body='{"name": "M", "is_published": false}')
    world.server.can("GET", PAGE, hidden)
    findings = await world.channel.examine()
    assert [each.severity for each in findings] == [Severity.WELL, *[Severity.PROBLEM] * 2]


async def test_an_ended_token_is_a_finding_and_no_error(world: World) -> None:
    world.server.token = "another"
    [finding] = await world.channel.examine()
    assert finding.severity is Severity.PROBLEM


async def test_reactions_are_counted_and_what_cannot_be_read_is_left_out(world: World) -> None:
    target = await a_post_on(world)
    gone = replace(target, remote_id="1_2")
    counted = await world.channel.reactions((target, gone))
    assert counted == {target.remote_id: Reactions(boosts=3, likes=12, replies=4)}
