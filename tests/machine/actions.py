"""What may happen, how often in a walk, and between how many each of its numbers picks."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache

from tests.machine.lives import STALLS
from tests.machine.network import ANSWERS
from tests.machine.world import JUMPS, KINDS, MOMENTS, OWNERS, PATIENCES, TICKS, World

MANY = 24
"""More than there are things to pick from: a number counts round."""


@dataclass(frozen=True, slots=True)
class Action:
    """A method of the world, and the ranges of its numbers."""

    name: str
    weight: int
    ranges: tuple[int, ...] = ()

    def act(self, world: World, *numbers: int) -> None:
        """Let it happen."""
        getattr(world, self.name)(*numbers)


_EVERYBODY = len(OWNERS)

ACTIONS = (
    Action("add", 10, (len(KINDS), 6, len(MOMENTS), len(PATIENCES), 30)),
    Action("edit_text", 3, (MANY, 9)),
    Action("edit_moment", 3, (MANY, len(MOMENTS), len(PATIENCES), 2)),
    Action("remove", 2, (MANY,)),
    Action("put_back", 2, (MANY,)),
    Action("rename", 1, (MANY,)),
    Action("slip", 1, (len(KINDS),)),
    Action("put_right", 1),
    Action("confirm", 1),
    Action("plan", 6),
    Action("glimpse", 6),
    Action("approve", 3, (MANY,)),
    Action("release", 3, (MANY,)),
    Action("hold", 2, (MANY,)),
    Action("drop", 2, (MANY,)),
    Action("retry", 4, (MANY, 2)),
    Action("mark_sent", 1, (MANY,)),
    Action("translate", 2, (MANY,)),
    Action("pause", 1, (6,)),
    Action("resume", 2, (6,)),
    Action("poll", 24, (_EVERYBODY,)),
    Action("look", 16, (_EVERYBODY,)),
    Action("stall", 3, (_EVERYBODY, len(STALLS))),
    Action("go_on", 4, (_EVERYBODY,)),
    Action("crash", 3, (_EVERYBODY,)),
    Action("connect", 20, (MANY,)),
    Action("land", 6, (MANY,)),
    Action("answer", 18, (MANY, len(ANSWERS))),
    Action("slow_looks", 1, (2,)),
    Action("show", 4, (MANY, 3)),
    Action("tick", 14, (len(TICKS),)),
    Action("jump", 3, (_EVERYBODY + 1, len(JUMPS))),
)


@cache
def _weights() -> tuple[int, ...]:
    return tuple(action.weight for action in ACTIONS)


def walk(world: World, dice: random.Random, steps: int) -> None:
    """Let *steps* things happen that *dice* draws; stop at the first broken promise."""
    for _ in range(steps):
        (action,) = dice.choices(ACTIONS, _weights())
        action.act(world, *(dice.randrange(most) for most in action.ranges))
        if world.broken.what:
            return
    world.finish()
