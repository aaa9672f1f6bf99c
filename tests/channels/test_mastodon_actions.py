"""Answers, edits, deletions and boosts on servers that speak Mastodon's API."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

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
from herald.model.ids import OccasionId
from tests.channels.kept import a_picture
from tests.channels.test_mastodon import World, a_claim, a_world, canned, kind_of
from tests.servers.mastodon import (
    BEHAVIOURS,
    GOTOSOCIAL,
    HOLLO,
    MASTODON,
    PIXELFED,
    SNAC,
    TAKAHE,
    Behaviour,
    Fault,
)

EVERY = pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
ABLE = pytest.mark.parametrize(
    "behaviour", [one for one in BEHAVIOURS if one.edits == 200], ids=lambda one: one.name
)
AFTER = pytest.mark.parametrize(
    "fault", [Fault.LOST_REPLY, Fault.ERROR_AFTER, Fault.PAGE_AFTER], ids=lambda one: one.value
)
BEFORE = pytest.mark.parametrize(
    "fault", [Fault.DROPPED_BEFORE, Fault.ERROR_BEFORE], ids=lambda one: one.value
)


def about(action: Action, target: Receipt | None = None, **changes: Any) -> Claim:
    """Make a claim of *action* on *target*."""
    link = changes.pop("link", "")
    claim = a_claim(action=action, occasion=OccasionId(f"later-{action}"), **changes)
    payload = replace(claim.payload, link=link)
    delivery = replace(claim.delivery, payload=payload, frozen=payload)
    return replace(claim, delivery=delivery, target=target)


async def posted(world: World, **changes: Any) -> Receipt:
    outcome = await world.send(**changes)
    assert isinstance(outcome, Sent)
    return outcome.receipt


async def send(world: World, claim: Claim) -> Outcome:
    return await world.channel.send(claim)


async def look_up(world: World, claim: Claim) -> Sighting:
    world.clock.advance(timedelta(minutes=2))
    return await world.channel.look_up(claim)


# --- answering -------------------------------------------------------------------------------


@EVERY
async def test_a_part_of_a_thread_answers_the_one_before(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        first = await posted(world)
        second = replace(a_claim(text="And then", item="two"), target=first, root=first)
        assert isinstance(await send(world, second), Sent)
        assert world.server.statuses[1].answers == first.remote_id
        assert isinstance(await look_up(world, second), Found)


async def test_nothing_answers_a_post_that_is_gone() -> None:
    async with a_world() as world:
        gone = Receipt(remote_id="113000000000009999")
        outcome = await send(world, replace(a_claim(), target=gone, root=gone))
        assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)
        assert world.server.statuses == []


# --- changing --------------------------------------------------------------------------------


@ABLE
async def test_an_edit_changes_the_text_and_keeps_the_pictures(behaviour: Behaviour) -> None:
    async with a_world(behaviour, content_warning="Salt") as world:
        target = await posted(world, media=(a_picture("A dyke"),))
        edit = about(Action.EDIT, target, text="The salt barn", media=(a_picture("A barn"),))
        assert await send(world, edit) == Sent(target)
        kept = world.server.statuses[0]
        assert (kept.text, kept.spoiler) == ("The salt barn", "Salt")
        assert [media.description for media in kept.media] == ["A barn"]
        assert isinstance(await look_up(world, edit), Found) or not behaviour.tells_edits


async def test_an_edit_without_its_pictures_still_keeps_them() -> None:
    async with a_world() as world:
        target = await posted(world, media=(a_picture("A dyke"),))
        await send(world, about(Action.EDIT, target, text="The salt barn"))
        assert [one.description for one in world.server.statuses[0].media] == ["A dyke"]


@ABLE
@AFTER
async def test_an_edit_whose_answer_was_lost_is_seen_or_sent_again_to_the_same_end(
    behaviour: Behaviour, fault: Fault
) -> None:
    async with a_world(behaviour) as world:
        target = await posted(world)
        edit = about(Action.EDIT, target, text="The salt barn")
        world.clock.advance(timedelta(hours=1))
        edit = replace(edit, delivery=replace(edit.delivery, first_send_at=world.clock.now()))
        world.server.faults.append(fault)
        assert isinstance(await send(world, edit), Unclear)
        if isinstance(await look_up(world, edit), Absent):
            assert behaviour.source != "given"
            assert not behaviour.tells_edits
            assert isinstance(await send(world, edit), Sent)
        assert [one.text for one in world.server.statuses] == ["The salt barn"]


@ABLE
@BEFORE
async def test_an_edit_that_never_arrived_is_not_seen(behaviour: Behaviour, fault: Fault) -> None:
    async with a_world(behaviour) as world:
        target = await posted(world)
        # Only a capital letter: a server's HTML cannot always tell the two apart.
        edit = about(Action.EDIT, target, text="The Salt House")
        world.server.faults.append(fault)
        assert isinstance(await send(world, edit), Unclear)
        assert await look_up(world, edit) == Absent()


async def test_a_server_without_editing_refuses_the_edit_and_goes_on_posting() -> None:
    async with a_world(PIXELFED) as world:
        target = await posted(world)
        outcome = await send(world, about(Action.EDIT, target, text="The salt barn"))
        assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)
        assert isinstance(outcome, Refused)
        assert "cannot change" in outcome.why


@EVERY
async def test_what_is_gone_is_not_edited(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        target = await posted(world)
        world.server.statuses.clear()
        outcome = await send(world, about(Action.EDIT, target, text="The salt barn"))
        assert isinstance(outcome, TryAgain if behaviour.unknown == 500 else Refused)
        assert world.server.statuses == []


# --- deleting --------------------------------------------------------------------------------


@EVERY
async def test_a_deletion_removes_the_post_and_nothing_else(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        target = await posted(world)
        await posted(world, text="Another", item="two")
        deletion = about(Action.DELETE, target)
        assert await look_up(world, deletion) == Absent()
        assert await send(world, deletion) == Sent(target)
        assert [one.text for one in world.server.statuses] == ["Another"]


@EVERY
@AFTER
async def test_a_deletion_whose_answer_was_lost_is_seen(behaviour: Behaviour, fault: Fault) -> None:
    async with a_world(behaviour) as world:
        deletion = about(Action.DELETE, await posted(world))
        world.server.faults.append(fault)
        outcome = await send(world, deletion)
        assert isinstance(outcome, Unclear)
        sighting = await look_up(world, deletion)
        if behaviour.unknown == 500:
            assert isinstance(sighting, CannotTell)
            assert sighting.again
        else:
            assert isinstance(sighting, Found)


async def test_what_is_gone_already_counts_as_deleted() -> None:
    async with a_world() as world:
        deletion = about(Action.DELETE, await posted(world))
        assert isinstance(await send(world, deletion), Sent)
        assert isinstance(await send(world, deletion), Sent)


# --- boosting --------------------------------------------------------------------------------


@EVERY
async def test_a_boost_is_made_once_however_often_it_is_sent(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        link = world.server.another("The rice is in flower").others_url
        boost = about(Action.BOOST, link=link)
        assert await look_up(world, boost) == Absent()
        first = await send(world, boost)
        assert isinstance(first, Sent)
        assert first.receipt.url == link
        assert isinstance(await send(world, boost), Sent)
        assert isinstance(await look_up(world, boost), Found)
        assert len(world.server.boosts) == 1
        assert world.server.statuses == []


@EVERY
@AFTER
async def test_a_boost_whose_answer_was_lost_is_seen(behaviour: Behaviour, fault: Fault) -> None:
    async with a_world(behaviour) as world:
        boost = about(Action.BOOST, link=world.server.another("In flower").others_url)
        world.server.faults.append(fault)
        assert isinstance(await send(world, boost), Unclear)
        assert isinstance(await look_up(world, boost), Found)
        assert len(world.server.boosts) == 1


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_what_is_not_for_everybody_is_never_boosted(visibility: str) -> None:
    async with a_world() as world:
        link = world.server.another("For friends", visibility=visibility).others_url
        assert isinstance(await send(world, about(Action.BOOST, link=link)), Refused)
        assert not any(one.method == "POST" for one in world.server.requests)


async def test_a_post_that_only_mentions_the_link_is_not_boosted() -> None:
    async with a_world() as world:
        link = "https://partner.example.org/@risaie/77"
        world.server.another(f"Look at {link}")
        boost = about(Action.BOOST, link=link)
        assert isinstance(await send(world, boost), Refused)
        assert await look_up(world, boost) == Absent()
        assert world.server.boosts == []


async def test_a_server_that_does_not_say_what_is_boosted_is_a_doubt() -> None:
    async with a_world() as world:
        url = "https://partner.example.org/@risaie/1"
        status = {"id": "7", "content": "x", "url": url, "visibility": "public"}
        world.server.can("GET", "/api/v2/search", canned(200, json.dumps({"statuses": [status]})))
        assert isinstance(await look_up(world, about(Action.BOOST, link=url)), CannotTell)


# --- what else may come ----------------------------------------------------------------------

PATHS = {
    Action.EDIT: ("PUT", "/api/v1/statuses/"),
    Action.DELETE: ("DELETE", "/api/v1/statuses/"),
    Action.BOOST: ("POST", "/api/v1/statuses/"),
}
ANSWERS: dict[str, tuple[int, str, str, str]] = {
    "429": (429, "{}", "Throttled", ""),
    "401": (401, '{"error": "expired"}', "Refused", "channel"),
    "403": (403, '{"error": "not allowed"}', "Refused", "delivery"),
    "422": (422, '{"error": "no"}', "Refused", "delivery"),
    "405": (405, "", "Refused", "delivery"),
    "404 page": (404, "<p>", "Refused", "delivery"),
    "503": (503, "", "Unclear", ""),
    "302": (302, "", "Unclear", ""),
    "moved": (301, "", "Refused", "channel"),
}


@pytest.mark.parametrize("action", PATHS)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_refused_change_comes_to_its_outcome(
    action: Action, answer: tuple[int, str, str, str]
) -> None:
    status, body, kind, scope = answer
    async with a_world() as world:
        target = await posted(world)
        link = world.server.another("In flower").others_url
        world.server.can(*PATHS[action], canned(status, body))
        outcome = await send(world, about(action, target, text="New", link=link))
        assert kind_of(outcome) == (kind, scope)
        changing = [one for one in world.server.requests if one.method == PATHS[action][0]]
        assert len([one for one in changing if one.path.startswith(PATHS[action][1])]) == 1


READS: dict[str, tuple[int, type[Outcome]]] = {
    "429": (429, Throttled),
    "401": (401, Refused),
    "403": (403, Refused),
    "500": (500, TryAgain),
}


@pytest.mark.parametrize(("status", "kind"), READS.values(), ids=READS.keys())
async def test_what_cannot_be_read_before_a_change_changes_nothing(
    status: int, kind: type[Outcome]
) -> None:
    async with a_world() as world:
        target = await posted(world)
        link = world.server.another("In flower").others_url
        world.server.can("GET", "/api/", canned(status, '{"error": "x"}'))
        for action in (Action.EDIT, Action.BOOST):
            assert isinstance(await send(world, about(action, target, link=link)), kind)
            assert isinstance(await look_up(world, about(action, target, link=link)), CannotTell)
        assert world.server.boosts == []


async def test_a_change_without_a_target_is_refused() -> None:
    async with a_world() as world:
        for action in (Action.EDIT, Action.DELETE):
            assert isinstance(await send(world, about(action)), Refused)
            assert isinstance(await look_up(world, about(action)), CannotTell)
        assert world.server.requests == []


@pytest.mark.parametrize("behaviour", [HOLLO, GOTOSOCIAL, TAKAHE, SNAC, MASTODON], ids=str)
async def test_what_a_person_boosted_by_hand_counts(behaviour: Behaviour) -> None:
    async with a_world(behaviour) as world:
        boost = about(Action.BOOST, link=world.server.another("In flower").others_url)
        await send(world, boost)
        again = about(Action.BOOST, link=boost.payload.link, item="other")
        assert isinstance(await send(world, again), Sent)
        assert len(world.server.boosts) == 1
