"""What follows from a send, or from looking for what an unclear send left behind. Pure.

One rule stands above the others: after a send that may have arrived, nothing is sent again until
the network was seen not to hold it, or until it is certain to take the repeat for the same post.
Late is better than twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Delivery,
    Found,
    Outcome,
    Reason,
    Refused,
    RefusedScope,
    RepeatSafe,
    Sent,
    Sighting,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.network import Capabilities
from herald.model.verdict import Done, Doubt, Expire, Fail, Hold, Park, Retry, StopChannel, Verdict

_THE_SAME_AGAIN = frozenset({Action.EDIT, Action.DELETE})
"""What may be done twice: a post says what it says, and is gone when it is gone. While one waits
Herald makes no other correction of the same post, which a late repeat could undo."""
_REPEATS_AT_ONCE = 2
_MOST_DOUBLINGS = 32  # far beyond any cap, and small enough for timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient delivery is."""

    first_wait: timedelta = timedelta(seconds=5)
    """The longest wait after a first failed attempt; it doubles with each one that follows."""
    longest_wait: timedelta = timedelta(minutes=15)
    throttle_wait: timedelta = timedelta(minutes=1)
    """How long a network rests that asked for it without saying how long."""
    longest_throttle: timedelta = timedelta(hours=24)
    """A longer wait is taken for a mistake of the network's; daily quotas stay below."""
    look_up_wait: timedelta = timedelta(seconds=30)
    """Between two look-ups of one delivery at first; it doubles, up to ``longest_wait``."""
    patience: timedelta = timedelta(hours=2)
    """How long an unclear delivery is asked for before a person must look."""
    slots: int = 200
    """Most sends at the same time on one channel, however many its network allows."""


def judge(
    claim: Claim, outcome: Outcome, *, now: datetime, policy: Policy, jitter: float
) -> Verdict:
    """Tell what follows from *outcome*; *jitter*, from 0 to 1, spreads the retries of many.

    A repeat (``claim.repeats``) that was certainly not published proves nothing about the send
    that it repeats: its payload stays frozen, and it is never given up without another look.
    """
    match outcome:
        case Sent(receipt):
            return Done(receipt)
        case TryAgain():
            wait = _doubled(policy.first_wait, claim.attempt, most=policy.longest_wait)
            return _again(claim, outcome, at=now + wait * min(max(jitter, 0.0), 1.0))
        case Throttled(why, wait, status):
            until = now + _rest(wait, policy=policy)
            return Park(until, why, status, thaw=not claim.repeats)
        case Refused():
            return _refused(claim, outcome)
        case Unclear(why, status):
            return Doubt(why, status)
        case _:
            assert_never(outcome)


def judge_sighting(
    claim: Claim, sighting: Sighting, *, now: datetime, capabilities: Capabilities, policy: Policy
) -> Verdict:
    """Tell what follows from looking for a delivery that may be out there."""
    delivery = claim.delivery
    at = now + _rest_before_repeat(claim.attempt, policy=policy)
    in_time = at <= delivery.not_after_at
    match sighting:
        case Found(receipt):
            return Done(receipt)
        case Absent():
            why = "the network does not hold it"
            return Retry(at, why) if in_time else Expire(f"{why}, and its moment is over")
        case RepeatSafe():
            if in_time and _repeat_is_safe(claim, now=at, capabilities=capabilities):
                return Retry(at, "not to be seen, and a repeat makes no second post", thaw=False)
            return Hold(Reason.UNCLEAR, "not to be seen, but too late to send it again safely")
        case CannotTell():
            return _not_told(delivery, sighting, now=now, at=at, policy=policy)
        case _:
            assert_never(sighting)


def _not_told(
    delivery: Delivery, sighting: CannotTell, *, now: datetime, at: datetime, policy: Policy
) -> Verdict:
    """Tell what follows where the network cannot be asked; *at* is when it could be sent again."""
    why = sighting.why
    if delivery.first_send_at is None:
        # No send is known of: only an earlier store that was lost could make this a repeat.
        why = f"{why}; nothing says that it was ever sent"
        in_time = at <= delivery.not_after_at
        return Retry(at, why) if in_time else Expire(f"{why}, and its moment is over")
    since = delivery.unclear_at or now
    # Either way: a doubt that began by a clock which ran ahead must not last for ever.
    if sighting.again and abs(now - since) < policy.patience:
        return Doubt(why)
    if delivery.action in _THE_SAME_AGAIN and at <= delivery.not_after_at:
        return Retry(at, f"{why}; done again, it comes to the same", thaw=False)
    return Hold(Reason.UNCLEAR, why)


def may_send(claim: Claim, *, now: datetime, capabilities: Capabilities) -> bool:
    """Tell whether sending *claim* now can make no second post.

    A repeat may have waited, while its channel was stopped or Herald was down, for longer than
    the network remembers its key.
    """
    return not claim.repeats or _repeat_is_safe(claim, now=now, capabilities=capabilities)


def lease_of(capabilities: Capabilities) -> timedelta:
    """Return how long a claim lasts: long enough for its one request to have ended well before."""
    return 2 * capabilities.timeout + timedelta(seconds=30)


def look_up_again_after(asked: int, *, policy: Policy) -> timedelta:
    """Return the wait after the *asked*-th fruitless look-up of one delivery (from 1)."""
    return _doubled(policy.look_up_wait, asked, most=policy.longest_wait)


def _again(claim: Claim, outcome: TryAgain, *, at: datetime) -> Verdict:
    if at <= claim.delivery.not_after_at:
        return Retry(at, outcome.why, outcome.status, thaw=not claim.repeats)
    if claim.repeats:
        return Doubt(f"{outcome.why}; an earlier send may have arrived", outcome.status)
    return Expire(f"{outcome.why}; another attempt would come too late", outcome.status)


def _refused(claim: Claim, outcome: Refused) -> Verdict:
    if outcome.scope is RefusedScope.CHANNEL:
        return StopChannel(outcome.why, outcome.status, thaw=not claim.repeats)
    if claim.repeats:
        return Hold(Reason.UNCLEAR, f"{outcome.why}; an earlier send may have arrived")
    return Fail(outcome.why, outcome.status)


def _repeat_is_safe(claim: Claim, *, now: datetime, capabilities: Capabilities) -> bool:
    if claim.delivery.action in _THE_SAME_AGAIN:
        return True
    first, within = claim.delivery.first_send_at, capabilities.repeat_within
    return first is not None and within is not None and timedelta(0) <= now - first < within


def _rest_before_repeat(attempt: int, *, policy: Policy) -> timedelta:
    """Rest ever longer for a network that goes on losing answers, not after the first two."""
    if attempt <= _REPEATS_AT_ONCE:
        return timedelta(0)
    return _doubled(policy.first_wait, attempt, most=policy.longest_wait)


def _doubled(first: timedelta, nth: int, *, most: timedelta) -> timedelta:
    doublings = min(max(nth - 1, 0), _MOST_DOUBLINGS)
    return min(first * (1 << doublings), most)


def _rest(wait: timedelta | None, *, policy: Policy) -> timedelta:
    asked = policy.throttle_wait if wait is None else wait
    return min(max(asked, timedelta(0)), policy.longest_throttle)
