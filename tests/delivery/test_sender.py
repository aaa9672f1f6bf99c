"""Sending one claim: what keeps a request from being begun at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from herald.clock import SetClock
from herald.delivery.sender import Taken, send
from herald.delivery.verdict import Policy, judge
from herald.model.delivery import Claim, DeliveryState, TryAgain
from herald.model.network import Capabilities
from herald.model.verdict import Doubt, Expire
from tests.delivery.scripted import ScriptedChannel
from tests.makers import NOON, a_delivery

SECOND = timedelta(seconds=1)
LIMITS = Capabilities(timeout=60 * SECOND, repeat_within=timedelta(hours=1))


def a_claim(*, repeats: bool = False) -> Claim:
    """Make a claim of what may go until ten seconds after noon."""
    row = a_delivery(state=DeliveryState.CLAIMED, token=1, not_after_at=NOON + 10 * SECOND)
    frozen = replace(row, frozen=row.payload, first_send_at=NOON)
    return Claim(delivery=frozen, token=1, attempt=1, repeats=repeats)


@pytest.mark.parametrize(
    ("passed", "jumped", "is_sent"),
    [
        pytest.param(10, 0, True, id="the last moment"),
        pytest.param(11, 0, False, id="the process stood still after it claimed"),
        pytest.param(0, 3600, False, id="the clock was set forward"),
        pytest.param(11, -60, True, id="the clock was wrong, and was set right"),
    ],
)
async def test_a_request_whose_moment_passed_since_it_was_claimed_is_not_begun(
    passed: int, jumped: int, is_sent: bool
) -> None:
    clock, channel = SetClock(NOON), ScriptedChannel()
    taken = Taken(at=NOON, monotonic=clock.monotonic())
    clock.advance(passed * SECOND)
    clock.jump(clock.now() + jumped * SECOND)
    await send(channel, a_claim(), capabilities=LIMITS, taken=taken, clock=clock)
    assert bool(channel.sent) is is_sent


@pytest.mark.parametrize(("repeats", "verdict"), [(False, Expire), (True, Doubt)])
async def test_what_was_not_begun_expires_unless_an_earlier_send_may_have_arrived(
    repeats: bool, verdict: type
) -> None:
    clock, channel, claim = SetClock(NOON), ScriptedChannel(), a_claim(repeats=repeats)
    taken = Taken(at=NOON, monotonic=clock.monotonic())
    clock.advance(11 * SECOND)
    outcome = await send(channel, claim, capabilities=LIMITS, taken=taken, clock=clock)
    assert isinstance(outcome, TryAgain)
    follows = judge(claim, outcome, now=clock.now(), policy=Policy(), jitter=0.5)
    assert isinstance(follows, verdict)
