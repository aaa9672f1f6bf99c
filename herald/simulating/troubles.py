"""What goes wrong on networks: which faults there are, and how often each strikes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum

from herald.simulating.dice import Dice


class Level(StrEnum):
    """How much goes wrong in a simulated year."""

    NONE = "none"
    USUAL = "usual"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """Chances from 0 to 1; of a request unless something else is said."""

    lost_answer: float = 0.0
    """The network took it, and nobody heard so."""
    lost_request: float = 0.0
    """It never arrived, and nobody knows so."""
    late: float = 0.0
    """The network takes longer than Herald waits, and then takes it all the same."""
    slow: float = 0.0
    unavailable: float = 0.0
    """503: certainly not published."""
    throttled: float = 0.0
    refused: float = 0.0
    """The network does not want this post, for good."""
    signed_out: float = 0.0
    """The network refuses the account until a person signs in again."""
    blind: float = 0.0
    """Of a look-up: no answer."""
    hidden: float = 0.0
    """Of a look-up: it cannot be seen, where the network would know a repeat."""
    day_off: float = 0.0
    """Of a day of one network: it cannot be reached from one midnight (UTC) to the next."""
    crash: float = 0.0
    """Of a day: Herald dies in the middle of a send, before or after it arrived."""
    absence: float = 0.0
    """Of a day: Herald is off for some hours, or for days."""


_TROUBLES = {
    Level.NONE: Troubles(),
    Level.USUAL: Troubles(
        lost_answer=0.003,
        lost_request=0.002,
        late=0.001,
        slow=0.05,
        unavailable=0.01,
        throttled=0.002,
        blind=0.02,
        day_off=0.006,
        absence=0.002,
    ),
    Level.BAD: Troubles(
        lost_answer=0.03,
        lost_request=0.02,
        late=0.01,
        slow=0.2,
        unavailable=0.1,
        throttled=0.02,
        refused=0.005,
        signed_out=0.0005,
        blind=0.1,
        day_off=0.03,
        absence=0.02,
    ),
}
_ON = 0.25
_MOST_OFTEN = 0.25
_RARE = {"day_off": 0.1, "absence": 0.1, "crash": 0.5, "refused": 0.05, "signed_out": 0.01}
"""Faults that would leave nothing to look at if they struck as often as the others."""


def usual_troubles(level: Level) -> Troubles:
    """Return what an officer may expect of networks at *level*: a guess, not a measurement.

    In a usual year each network is away for two days, Herald's machine is off once for some hours,
    and of a thousand posts five need a second look.
    """
    return _TROUBLES[level]


def drawn_troubles(dice: Dice) -> Troubles:
    """Return faults for a test: each is on for a quarter of all seeds, then up to a quarter often.

    A year in which everything fails a little finds less than one in which few things fail a lot.
    """
    drawn = {}
    for field in fields(Troubles):
        if dice.hits(_ON, "fault", field.name):
            often = dice.draw("how often", field.name) * _RARE.get(field.name, _MOST_OFTEN)
            drawn[field.name] = often
    return replace(Troubles(), **drawn)
