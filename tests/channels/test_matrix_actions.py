"""Answers, edits and deletions on Matrix, and what is told of the user and its room."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.channels.matrix.channel import MatrixChannel
from herald.channels.matrix.event import MARK
from herald.channels.matrix.examining import level_of
from herald.errors import ChannelUnreachable
from herald.model.account import Finding, Severity
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
    RepeatSafe,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import OccasionId
from herald.ports import Answered, Counted, Examined
from tests.channels.kept import a_picture
from tests.channels.test_matrix import World, a_claim, a_world, kind_of, on
from tests.makers import NOON
from tests.servers.mastodon import Canned, Fault
from tests.servers.matrix import ROOM, USER
from tests.servers.synapse import RealSynapse

ANA = "@ana:example.org"
AFTER = pytest.mark.parametrize(
    "fault", [Fault.LOST_REPLY, Fault.ERROR_AFTER, Fault.PAGE_AFTER], ids=lambda one: one.value
)
BEFORE = pytest.mark.parametrize(
    "fault", [Fault.DROPPED_BEFORE, Fault.ERROR_BEFORE], ids=lambda one: one.value
)


def about(action: Action, target: Receipt | None, **changes: Any) -> Claim:
    """Make a claim of *action* on *target*, a delivery of its own."""
    original = a_claim().delivery.key
    claim = a_claim(action=action, occasion=OccasionId("later"), target=original, **changes)
    return replace(claim, target=target)


def part(text: str, target: Receipt, root: Receipt | None = None) -> Claim:
    return replace(a_claim(text=text, item=text), target=target, root=root)


async def posted(channel: MatrixChannel, **changes: Any) -> Receipt:
    outcome = await channel.send(a_claim(**changes))
    assert isinstance(outcome, Sent)
    return outcome.receipt


# --- answering -------------------------------------------------------------------------------


async def test_the_parts_of_a_thread_stand_in_a_thread() -> None:
    async with a_world() as world:
        first = await posted(world.channel)
        second = await world.channel.send(part("Two", first, first))
        assert isinstance(second, Sent)
        third = part("Three", second.receipt, first)
        assert isinstance(await world.channel.send(third), Sent)
        relation = world.server.contents[2]["m.relates_to"]
        assert (relation["rel_type"], relation["event_id"]) == ("m.thread", first.remote_id)
        assert relation["m.in_reply_to"]["event_id"] == second.receipt.remote_id
        assert isinstance(await world.channel.look_up(third), Found)


async def test_an_answer_outside_a_thread_stands_in_the_talk() -> None:
    async with a_world() as world:
        first = await posted(world.channel)
        assert isinstance(await world.channel.send(part("Two", first)), Sent)
        relation = world.server.contents[1]["m.relates_to"]
        assert relation == {"m.in_reply_to": {"event_id": first.remote_id}}


async def test_nothing_answers_or_edits_a_post_that_was_deleted() -> None:
    async with a_world() as world:
        first = await posted(world.channel)
        world.server.empty(world.server.messages[0])
        for claim in (part("Two", first, first), about(Action.EDIT, first, text="New")):
            outcome = await world.channel.send(claim)
            assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)
        assert len(world.server.messages) == 1


# --- changing --------------------------------------------------------------------------------


async def test_an_edit_keeps_the_picture_and_both_marks() -> None:
    async with a_world() as world:
        target = await posted(world.channel, media=(a_picture("A dyke"),))
        edit = about(Action.EDIT, target, text="The salt barn", media=(a_picture("A barn"),))
        assert await world.channel.send(edit) == Sent(target)
        content = world.server.contents[1]
        assert content["m.relates_to"] == {"rel_type": "m.replace", "event_id": target.remote_id}
        new = content["m.new_content"]
        assert (new["msgtype"], new["body"]) == ("m.image", "The salt barn\n\n🖼️ A barn")
        assert content[MARK]["key"] == edit.delivery.key
        assert new[MARK]["key"] == a_claim().delivery.key
        assert await world.channel.look_up(edit) == Found(target)
        assert await world.channel.look_up(a_claim()) == Found(target)


async def test_an_edit_of_the_longest_text_still_fits() -> None:
    async with a_world() as world:
        target = await posted(world.channel)
        edit = about(Action.EDIT, target, text="&é" * 8_000)
        assert await world.channel.send(edit) == Sent(target)
        assert world.server.contents[1]["m.new_content"]["body"] == "&é" * 8_000


@AFTER
async def test_an_edit_whose_answer_was_lost_is_seen(fault: Fault) -> None:
    async with a_world() as world:
        edit = about(Action.EDIT, await posted(world.channel), text="New")
        world.server.faults.append(fault)
        assert isinstance(await world.channel.send(edit), Unclear)
        assert isinstance(await world.channel.look_up(edit), Found)
        assert isinstance(await world.channel.send(edit), Sent)
        assert len(world.server.messages) == 2


@BEFORE
async def test_an_edit_that_never_arrived_is_not_seen(fault: Fault) -> None:
    async with a_world() as world:
        edit = about(Action.EDIT, await posted(world.channel), text="New")
        world.server.faults.append(fault)
        assert isinstance(await world.channel.send(edit), Unclear)
        assert await world.channel.look_up(edit) == Absent()


async def test_a_doubt_about_an_edit_that_stays_is_no_reason_to_hold_it() -> None:
    async with a_world() as world:
        edit = about(Action.EDIT, await posted(world.channel), text="New")
        world.server.empty(world.server.keep({"msgtype": "m.text", "body": "x"}))
        assert await world.channel.look_up(edit) == RepeatSafe()


# --- deleting --------------------------------------------------------------------------------


async def test_a_deletion_empties_the_post_and_its_edits_and_nothing_else() -> None:
    async with a_world() as world:
        target = await posted(world.channel)
        await posted(world.channel, text="Another", item="two")
        await world.channel.send(about(Action.EDIT, target, text="New", item="edit"))
        deletion = about(Action.DELETE, target)
        assert await world.channel.look_up(deletion) == Absent()
        assert await world.channel.send(deletion) == Sent(target)
        assert await world.channel.send(deletion) == Sent(target)
        assert await world.channel.look_up(deletion) == Found(target)
        assert [content.get("body") for content in world.server.contents] == [None, "Another", None]


@AFTER
async def test_a_deletion_whose_answer_was_lost_is_seen(fault: Fault) -> None:
    async with a_world() as world:
        deletion = about(Action.DELETE, await posted(world.channel))
        world.server.faults.append(fault)
        assert isinstance(await world.channel.send(deletion), Unclear)
        assert isinstance(await world.channel.look_up(deletion), Found)


async def test_a_room_that_the_user_has_left_does_not_pass_for_a_deletion() -> None:
    async with a_world(room=ROOM) as world:
        deletion = about(Action.DELETE, await posted(world.channel))
        world.server.rooms[ROOM].members.clear()
        assert isinstance(await world.channel.look_up(deletion), CannotTell)


async def test_what_another_user_said_is_not_deleted() -> None:
    async with a_world() as world:
        event = world.server.keep({"msgtype": "m.text", "body": "x"}, sender=ANA)
        outcome = await world.channel.send(
            about(Action.DELETE, Receipt(remote_id=event["event_id"]))
        )
        assert kind_of(outcome) == ("Refused", RefusedScope.DELIVERY)


async def test_a_change_without_a_target_is_refused() -> None:
    async with a_world() as world:
        for action in (Action.EDIT, Action.DELETE):
            assert isinstance(await world.channel.send(about(action, None)), Refused)
        assert isinstance(await world.channel.look_up(about(Action.DELETE, None)), CannotTell)
        assert world.server.messages == []


READS: dict[str, tuple[int, type[Outcome]]] = {
    "500": (500, TryAgain),
    "429": (429, Throttled),
    "200": (200, TryAgain),
}


@pytest.mark.parametrize("part_of", ["/event/", "/relations/"])
@pytest.mark.parametrize(("status", "kind"), READS.values(), ids=READS.keys())
async def test_what_cannot_be_read_before_a_change_changes_nothing(
    part_of: str, status: int, kind: type[Outcome]
) -> None:
    async with a_world() as world:
        target = await posted(world.channel)
        world.server.can("GET", part_of, Canned(status=status, body="{}"))
        action = Action.EDIT if part_of == "/event/" else Action.DELETE
        assert isinstance(await world.channel.send(about(action, target, text="New")), kind)
        assert [content["body"] for content in world.server.contents] == ["The salt house"]


# --- what people answer ----------------------------------------------------------------------


async def test_the_channel_tells_of_answers_and_counts_nothing() -> None:
    async with a_world() as world:
        assert isinstance(world.channel, Examined)
        assert isinstance(world.channel, Answered)
        assert not isinstance(world.channel, Counted)


def said(
    world: World,
    body: str,
    content: dict[str, Any] | None = None,
    *,
    minutes: int = 1,
    sender: str = ANA,
) -> str:
    event = world.server.keep(
        {"msgtype": "m.text", "body": body, **(content or {})},
        sender=sender,
        at=NOON + timedelta(minutes=minutes),
    )
    return str(event["event_id"])


async def test_answers_and_mentions_are_told_and_other_talk_is_not() -> None:
    async with a_world() as world:
        target = await posted(world.channel)
        said(world, "Only talk")
        reply = {"m.in_reply_to": {"event_id": target.remote_id}}
        quoted = "> <@museum:example.org> The salt house\n\nLovely"
        answer = said(world, quoted, {"m.relates_to": reply}, minutes=2)
        thread = {"rel_type": "m.thread", "event_id": target.remote_id, "is_falling_back": True}
        said(world, "In the thread", {"m.relates_to": {**thread, **reply}}, minutes=3)
        named = {"m.mentions": {"user_ids": [USER]}, "format": "org.matrix.custom.html"}
        said(world, "x", {**named, "formatted_body": "<p>Dear <b>museum</b></p>"}, minutes=4)
        said(world, f"{USER}: hello", minutes=5)
        said(world, "Not to you", {"m.mentions": {}}, minutes=6)
        said(world, "My own", {"m.relates_to": reply}, minutes=7, sender=USER)
        edit = {"rel_type": "m.replace", "event_id": answer}
        said(world, "* Lovelier", {"m.relates_to": edit}, minutes=8)
        replies = await world.channel.replies(since=NOON)
        assert [(one.text, bool(one.answers)) for one in replies] == [
            ("Lovely", True),
            ("In the thread", True),
            ("Dear museum", False),
            (f"{USER}: hello", False),
        ]
        assert replies[0].author == ANA
        assert answer in replies[0].url


async def test_an_answer_to_an_older_post_is_known_by_who_sent_that() -> None:
    async with a_world() as world:
        for sender, body in ((USER, "To us"), (ANA, "To her")):
            old = said(world, "Old", minutes=-60, sender=sender)
            said(world, body, {"m.relates_to": {"m.in_reply_to": {"event_id": old}}})
        for number in range(150):
            said(world, f"Talk {number}", minutes=2)
        replies = await world.channel.replies(since=NOON)
        assert [one.text for one in replies] == ["To us"]


async def test_answers_that_cannot_be_read_are_not_taken_for_none() -> None:
    async with a_world() as world:
        world.server.can("GET", "/messages", Canned(status=502, body="{}"))
        with pytest.raises(ChannelUnreachable):
            await world.channel.replies(since=NOON)


# --- how the user fares ----------------------------------------------------------------------


def told(findings: tuple[Finding, ...], severity: Severity) -> list[str]:
    return [one.what for one in findings if one.severity is severity]


async def test_a_sound_user_has_nothing_to_mend() -> None:
    async with a_world() as world:
        found = await world.channel.examine()
        assert {one.severity for one in found} == {Severity.WELL}
        assert told(found, Severity.WELL) == [
            f"the token is valid and belongs to {USER}",
            f"{USER} is in the room",
            f"{USER} may write there",
        ]


async def test_what_keeps_a_post_from_the_room_is_a_problem() -> None:
    async with a_world(room=ROOM) as world:
        room = world.server.rooms[ROOM]
        room.is_encrypted, room.levels = True, {"events_default": 50}
        problems = told(await world.channel.examine(), Severity.PROBLEM)
        assert [what.split(":")[0] for what in problems] == [
            "@museum",
            "the room is encrypted, and Herald cannot encrypt",
        ]
        assert "level 0, a message needs 50" in problems[0]
        room.members.clear()
        assert told(await world.channel.examine(), Severity.PROBLEM) == [
            f"{USER} is not in the room"
        ]


async def test_a_refused_token_and_an_unknown_room_are_problems() -> None:
    async with a_world() as world:
        world.server.aliases.clear()
        [what] = told(await world.channel.examine(), Severity.PROBLEM)
        assert "no room has the address" in what
        world.server.devices.clear()
        [what] = told(await world.channel.examine(), Severity.PROBLEM)
        assert "refuses the access token" in what


async def test_a_user_without_a_name_and_a_wrong_clock_get_advice() -> None:
    async with a_world() as world:
        world.server.profile = {}
        world.server.clock_ahead = -timedelta(minutes=5)
        assert told(await world.channel.examine(), Severity.ADVICE) == [
            "this machine's clock is 300 seconds ahead of the server's",
            "the user has no name that people see",
        ]


LEVELS: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "nothing": ({}, (0, 0)),
    "own": ({"users": {USER: 50}, "events_default": 25}, (50, 25)),
    "usual": ({"users": {"@x:y": 50}, "users_default": 10}, (10, 0)),
    "this kind": ({"events": {"m.room.message": 30}, "events_default": 0}, (0, 30)),
    "nonsense": ({"users": [], "events": 5, "events_default": "x"}, (0, 0)),
}


@pytest.mark.parametrize(("levels", "both"), LEVELS.values(), ids=LEVELS.keys())
def test_levels_are_read_as_the_specification_says(
    levels: dict[str, Any], both: tuple[int, int]
) -> None:
    assert level_of(levels, USER) == both


# --- Matrix' own server ----------------------------------------------------------------------


async def test_synapse_itself_takes_answers_edits_and_deletions(synapse: RealSynapse) -> None:
    room, channel = on(synapse)
    first = await posted(channel)
    second = await channel.send(part("Two", first, first))
    assert isinstance(second, Sent)
    assert isinstance(await channel.send(part("Three", second.receipt, first)), Sent)
    assert isinstance(await channel.send(part("Aside", first)), Sent)
    edit = about(Action.EDIT, first, text="The salt barn")
    assert await channel.look_up(edit) == Absent()
    assert await channel.send(edit) == Sent(first)
    assert await channel.send(edit) == Sent(first)
    assert await channel.look_up(edit) == Found(first)
    assert await channel.look_up(a_claim()) == Found(first)
    shown = room.events()[0]
    latest = shown["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]
    assert latest["body"] == "The salt barn"
    assert shown["unsigned"]["m.relations"]["m.thread"]["count"] == 2
    deletion = about(Action.DELETE, first, item="deletion")
    assert await channel.look_up(deletion) == Absent()
    assert await channel.send(deletion) == Sent(first)
    assert await channel.send(deletion) == Sent(first)
    assert await channel.look_up(deletion) == Found(first)
    assert "barn" not in str(room.events())
    assert isinstance(await channel.send(part("Late", first)), Refused)


async def test_synapse_itself_tells_of_answers_and_of_rights(synapse: RealSynapse) -> None:
    room, channel = on(synapse)
    first = await posted(channel)
    room.say(body="Only talk")
    room.say(body="Lovely", **{"m.relates_to": {"m.in_reply_to": {"event_id": first.remote_id}}})
    room.say(body="Museum", **{"m.mentions": {"user_ids": [room.user]}})
    replies = await channel.replies(since=NOON - timedelta(days=9_000))
    assert [one.text for one in replies] == ["Lovely", "Museum"]
    assert told(await channel.examine(), Severity.PROBLEM) == []
    room.silence()
    [what] = told(await channel.examine(), Severity.PROBLEM)
    assert "level 0, a message needs 60" in what
    room.kick()
    unseen = await channel.look_up(about(Action.DELETE, first))
    assert not isinstance(unseen, Found)
    [what] = told(await channel.examine(), Severity.PROBLEM)
    assert "is not in the room" in what
