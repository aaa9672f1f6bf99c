"""Herald with one part made wrong on purpose: each is found out by the promise that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.machine.lives import STALLS
from tests.machine.network import ANSWERS, Kind
from tests.machine.promises import Promise
from tests.machine.stage import Stage, stage
from tests.machine.world import KINDS, MOMENTS, PATIENCES, Build, World
from tests.mutants import parts

ONE, TWO = 0, 1
LEASE, WINDOW = 91.0, 61.0
"""Seconds after which a lease, and a network's time to go on with a lost request, are over."""
WINDOW_OF_LAPSED = WINDOW + 60.0
"""The same for a claim that lapsed, whose owner may only be about to begin."""
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def on_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("mutants")) as where:
        yield where


def post(world: World, *, kind: Kind = Kind.READ, moment: int = 0, minutes: int = 360) -> None:
    """Plan a post that is due so many seconds from now, and may be so many minutes late."""
    patience = PATIENCES.index(timedelta(minutes=minutes))
    world.add(KINDS.index(kind), 0, MOMENTS.index(moment), patience, 0)


def begin(world: World, who: int = ONE) -> None:
    """Let a process claim what is due, and its request be read whole by the network."""
    world.poll(who)
    world.connect(0)


def say(world: World, how: str, nth: int = 0) -> None:
    """Let the network answer the *nth* request that is open."""
    world.answer(nth, ANSWERS.index(how))


def look_after(world: World, seconds: float, who: int = ONE) -> None:
    """Let a process see what is unclear, and look again later."""
    world.look(who)
    world.pass_time(seconds)
    world.look(who)


# ---------------------------------------------------------------------- stories


def dies_before_its_request_lands(world: World) -> None:
    post(world)
    begin(world)
    world.crash(ONE)
    world.land(0)
    world.pass_time(LEASE)
    world.look(TWO)
    begin(world, TWO)
    say(world, "sent")


def lands_after_its_answer_was_lost(world: World) -> None:
    post(world)
    begin(world)
    say(world, "unclear")
    world.look(ONE)
    begin(world)
    say(world, "sent")
    world.land(0)


def clock_jumps_while_a_request_is_on_its_way(world: World) -> None:
    post(world)
    begin(world)
    say(world, "unclear")
    world.look(ONE)
    world.set_clock(ONE, HOUR)
    world.look(ONE)
    begin(world)
    say(world, "sent")
    world.land(0)


def wakes_up_with_its_clock_set_back(world: World) -> None:
    post(world)
    world.stall(ONE, STALLS.index("after claim"))
    world.poll(ONE)
    world.set_clock(ONE, -HOUR)
    world.pass_time(LEASE)
    look_after(world, WINDOW_OF_LAPSED, TWO)
    begin(world, TWO)
    say(world, "sent")
    world.go_on(ONE)
    world.connect(0)
    say(world, "sent")


def is_edited_while_it_is_sent(world: World) -> None:
    post(world)
    begin(world)
    world.edit_text(0, 1)
    world.plan()
    say(world, "sent")


def loses_an_answer(world: World) -> None:
    post(world)
    begin(world)
    world.land(0)
    say(world, "unclear")
    world.pass_time(5)
    begin(world)
    say(world, "sent")


def comes_back_with_an_old_answer(world: World) -> None:
    post(world)
    world.stall(ONE, STALLS.index("before settle"))
    begin(world)
    say(world, "throttled")
    world.pass_time(LEASE)
    look_after(world, WINDOW_OF_LAPSED, TWO)
    begin(world, TWO)
    world.go_on(ONE)
    world.land(0)
    say(world, "unclear")
    world.pass_time(301)
    world.poll(TWO)
    world.connect(0)
    say(world, "sent")


def connects_slowly_while_another_clock_is_wrong(world: World) -> None:
    post(world)
    world.poll(ONE)
    world.set_clock(TWO, HOUR)
    world.look(TWO)
    world.pass_time(29)
    world.connect(0)
    world.pass_time(WINDOW - 29)
    world.look(TWO)
    begin(world, TWO)
    say(world, "sent")
    world.land(0)


def dies_right_after_it_claimed(world: World) -> None:
    post(world)
    world.stall(ONE, STALLS.index("after claim"))
    world.poll(ONE)
    world.crash(ONE)


def is_looked_up_after_it_arrived(world: World) -> None:
    post(world)
    begin(world)
    world.land(0)
    say(world, "unclear")
    look_after(world, WINDOW)
    begin(world)
    say(world, "sent")


def is_looked_up_and_never_arrived(world: World) -> None:
    post(world)
    begin(world)
    say(world, "unclear")
    look_after(world, WINDOW)


def is_wanted_by_two(world: World) -> None:
    post(world)
    begin(world, ONE)
    begin(world, TWO)
    say(world, "sent")
    say(world, "sent")


def dies_while_it_sends(world: World) -> None:
    post(world)
    begin(world)
    world.land(0)
    world.crash(ONE)
    begin(world, TWO)
    say(world, "sent")


def is_asked_to_wait(world: World) -> None:
    post(world)
    begin(world)
    say(world, "throttled")


def was_down_for_too_long(world: World) -> None:
    post(world, minutes=2)
    world.pass_time(400)
    begin(world)
    say(world, "sent")


def nobody_says_that_it_is_time(world: World) -> None:
    world.networks.is_well = True
    world.run_by_itself(ONE)
    post(world, moment=30)
    for _ in range(45):
        world.pass_time(1)
    world.judge_overdue()


# ---------------------------------------------------------------------- mutants


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is made wrong, the story in which that shows, and the promise that it breaks."""

    what: str
    build: Build
    story: Callable[[World], None]
    breaks: Promise


MUTANTS = (
    Mutant(
        "a send whose process died is queued again",
        Build(outbox=parts.Requeues),
        dies_before_its_request_lands,
        Promise.ONCE,
    ),
    Mutant(
        "a network is asked at once, while the lost request may still land",
        Build(limits=parts.looking_at_once),
        lands_after_its_answer_was_lost,
        Promise.ONCE,
    ),
    Mutant(
        "the wait before looking is measured on the wall clock",
        Build(clock=parts.WallClockOnly),
        clock_jumps_while_a_request_is_on_its_way,
        Promise.ONCE,
    ),
    Mutant(
        "a process measures the age of its claim on the wall clock",
        Build(clock=parts.WallClockOnly),
        wakes_up_with_its_clock_set_back,
        Promise.ONCE,
    ),
    Mutant(
        "the words are part of the key",
        Build(planned=parts.keyed_by_content),
        is_edited_while_it_is_sent,
        Promise.PLANNED,
    ),
    Mutant(
        "a lost answer is taken for a failure",
        Build(channel=parts.SendsAgain),
        loses_an_answer,
        Promise.ONCE,
    ),
    Mutant(
        "a process waits to be told what is due, and does not look",
        Build(clock=parts.NeverPolls),
        nobody_says_that_it_is_time,
        Promise.REMEMBERED,
    ),
    Mutant(
        "an answer is written whoever holds the claim by now",
        Build(outbox=parts.ForgetsTokens),
        comes_back_with_an_old_answer,
        Promise.ONCE,
    ),
    Mutant(
        "of a claim that lapsed nobody knows whose it was",
        Build(outbox=parts.ForgetsOwners),
        connects_slowly_while_another_clock_is_wrong,
        Promise.ONCE,
    ),
    Mutant(
        "it is marked as sent before it is",
        Build(outbox=parts.RecordsFirst),
        dies_right_after_it_claimed,
        Promise.THERE,
    ),
    Mutant(
        "looking never finds anything",
        Build(channel=parts.FindsNothing),
        is_looked_up_after_it_arrived,
        Promise.ONCE,
    ),
    Mutant(
        "looking finds everything",
        Build(channel=parts.FindsAll),
        is_looked_up_and_never_arrived,
        Promise.THERE,
    ),
    Mutant(
        "two processes take the same delivery",
        Build(outbox=parts.SharesClaims),
        is_wanted_by_two,
        Promise.ONCE,
    ),
    Mutant(
        "the claim is committed with the answer",
        Build(outbox=parts.CommitsLater),
        dies_while_it_sends,
        Promise.ONCE,
    ),
    Mutant(
        "the claim is committed with the answer, and nobody dies",
        Build(outbox=parts.CommitsLater),
        loses_an_answer,
        Promise.WRITTEN_FIRST,
    ),
    Mutant(
        "a network that asks to wait uses up an attempt",
        Build(outbox=parts.CountsThrottles),
        is_asked_to_wait,
        Promise.COUNTED,
    ),
    Mutant(
        "whatever was due is sent, however late",
        Build(outbox=parts.SendsForEver),
        was_down_for_too_long,
        Promise.IN_TIME,
    ),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.what for mutant in MUTANTS])
def test_a_mutant_breaks_its_promise_in_a_story_that_herald_survives(
    mutant: Mutant, on_stage: Stage
) -> None:
    with on_stage.world(processes=2) as world:
        mutant.story(world)
        world.finish()
        assert world.broken.what == []
    with on_stage.world(build=mutant.build, processes=2) as world:
        mutant.story(world)
        assert mutant.breaks in world.broken.promises
