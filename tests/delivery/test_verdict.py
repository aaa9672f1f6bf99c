"""What follows from an outcome or a sighting, case by case and as properties."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.delivery.verdict import Policy, judge, judge_sighting, lease_of, may_send
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Reason,
    Receipt,
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
from tests.makers import NOON, a_delivery

POLICY = Policy()
RECEIPT = Receipt(remote_id="110", url="https://social.example.org/@eco/110")
KEYED = Capabilities(repeat_within=timedelta(minutes=50))
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def a_claim(*, attempt: int = 1, repeats: bool = False, **changes: object) -> Claim:
    """Make a claim on a delivery whose first send was at noon, and that may go out for 6 hours."""
    delivery = a_delivery(**({"first_send_at": NOON} | changes))
    return Claim(delivery=delivery, token=1, attempt=attempt, repeats=repeats)


FIRST_SENDS: dict[str, tuple[Outcome, datetime, Verdict]] = {
    "sent": (Sent(RECEIPT), NOON, Done(RECEIPT)),
    "refused": (Refused("too long", 422), NOON, Fail("too long", 422)),
    "credentials refused": (
        Refused("token revoked", 401, RefusedScope.CHANNEL),
        NOON,
        StopChannel("token revoked", 401),
    ),
    "unclear": (Unclear("no answer", 504), NOON, Doubt("no answer", 504)),
    "try again": (
        TryAgain("no connection"),
        NOON,
        Retry(NOON + 2.5 * SECOND, "no connection"),
    ),
    "try again at the last moment": (
        TryAgain("no connection"),
        NOON + 6 * HOUR - 2.5 * SECOND,
        Retry(NOON + 6 * HOUR, "no connection"),
    ),
    "too late to try again": (
        TryAgain("no connection"),
        NOON + 6 * HOUR - 2 * SECOND,
        Expire("no connection; another attempt would come too late"),
    ),
    "throttled for so long": (
        Throttled("429", 3 * HOUR, 429),
        NOON,
        Park(NOON + 3 * HOUR, "429", 429),
    ),
    "throttled, who knows how long": (
        Throttled("429", None, 429),
        NOON,
        Park(NOON + MINUTE, "429", 429),
    ),
    "throttled into the past": (Throttled("429", -HOUR), NOON, Park(NOON, "429")),
    "throttled for a year": (
        Throttled("429", timedelta(days=365)),
        NOON,
        Park(NOON + timedelta(hours=24), "429"),
    ),
}


@pytest.mark.parametrize(("outcome", "now", "expected"), FIRST_SENDS.values(), ids=FIRST_SENDS)
def test_what_follows_from_a_first_send(outcome: Outcome, now: datetime, expected: Verdict) -> None:
    assert judge(a_claim(), outcome, now=now, policy=POLICY, jitter=0.5) == expected


REPEATS: dict[str, tuple[Outcome, datetime, Verdict]] = {
    "sent": (Sent(RECEIPT), NOON, Done(RECEIPT)),
    "refused": (
        Refused("too long", 422),
        NOON,
        Hold(Reason.UNCLEAR, "too long; an earlier send may have arrived"),
    ),
    "credentials refused": (
        Refused("revoked", 401, RefusedScope.CHANNEL),
        NOON,
        StopChannel("revoked", 401, thaw=False),
    ),
    "unclear": (Unclear("no answer"), NOON, Doubt("no answer")),
    "try again": (TryAgain("down"), NOON, Retry(NOON + 2.5 * SECOND, "down", thaw=False)),
    "too late to try again": (
        TryAgain("down"),
        NOON + 6 * HOUR,
        Doubt("down; an earlier send may have arrived"),
    ),
    "throttled": (Throttled("429", HOUR), NOON, Park(NOON + HOUR, "429", thaw=False)),
}


@pytest.mark.parametrize(("outcome", "now", "expected"), REPEATS.values(), ids=REPEATS)
def test_a_repeat_that_did_not_arrive_proves_nothing_about_the_first_send(
    outcome: Outcome, now: datetime, expected: Verdict
) -> None:
    claim = a_claim(repeats=True)
    assert judge(claim, outcome, now=now, policy=POLICY, jitter=0.5) == expected


SIGHTINGS: dict[str, tuple[Sighting, datetime, Verdict]] = {
    "found": (Found(RECEIPT), NOON, Done(RECEIPT)),
    "found long after its moment": (Found(RECEIPT), NOON + 99 * HOUR, Done(RECEIPT)),
    "absent": (Absent(), NOON, Retry(NOON, "the network does not hold it")),
    "absent and too late": (
        Absent(),
        NOON + 7 * HOUR,
        Expire("the network does not hold it, and its moment is over"),
    ),
    "safe to repeat": (
        RepeatSafe(),
        NOON + 49 * MINUTE,
        Retry(NOON + 49 * MINUTE, "not to be seen, and a repeat makes no second post", thaw=False),
    ),
    "key forgotten": (
        RepeatSafe(),
        NOON + 50 * MINUTE,
        Hold(Reason.UNCLEAR, "not to be seen, but too late to send it again safely"),
    ),
    "wall clock set back before the first send": (
        RepeatSafe(),
        NOON - SECOND,
        Hold(Reason.UNCLEAR, "not to be seen, but too late to send it again safely"),
    ),
    "network does not answer": (
        CannotTell("down", again=True),
        NOON + MINUTE,
        Doubt("down"),
    ),
    "network did not answer for hours": (
        CannotTell("down", again=True),
        NOON + 2 * HOUR,
        Hold(Reason.UNCLEAR, "down"),
    ),
    "network does not answer, and the doubt began by a clock that was a little ahead": (
        CannotTell("down", again=True),
        NOON - MINUTE,
        Doubt("down"),
    ),
    "network does not answer, and the doubt began by a clock that was a year ahead": (
        CannotTell("down", again=True),
        NOON - timedelta(days=365),
        Hold(Reason.UNCLEAR, "down"),
    ),
    "network cannot be asked": (
        CannotTell("a blind network"),
        NOON,
        Hold(Reason.UNCLEAR, "a blind network"),
    ),
}


@pytest.mark.parametrize(("sighting", "now", "expected"), SIGHTINGS.values(), ids=SIGHTINGS)
def test_what_follows_from_a_look_up(sighting: Sighting, now: datetime, expected: Verdict) -> None:
    claim = a_claim(unclear_at=NOON)
    assert judge_sighting(claim, sighting, now=now, capabilities=KEYED, policy=POLICY) == expected


def test_the_tables_know_every_outcome_and_every_sighting() -> None:
    """A sixth outcome has to be answered here too."""
    assert {type(case[0]) for case in FIRST_SENDS.values()} == set(get_args(Outcome))
    assert {type(case[0]) for case in REPEATS.values()} == set(get_args(Outcome))
    assert {type(case[0]) for case in SIGHTINGS.values()} == set(get_args(Sighting))


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 5), (2, 10), (3, 20), (8, 640), (9, 900), (10, 900), (1_000_000, 900)],
)
def test_the_longest_wait_doubles_up_to_a_quarter_of_an_hour(attempt: int, seconds: int) -> None:
    claim = a_claim(attempt=attempt)
    verdict = judge(claim, TryAgain("down"), now=NOON, policy=POLICY, jitter=1.0)
    assert verdict == Retry(NOON + seconds * SECOND, "down")


def test_a_network_that_goes_on_losing_answers_is_left_in_peace_longer_and_longer() -> None:
    def rest_after(attempt: int) -> timedelta:
        verdict = judge_sighting(
            a_claim(attempt=attempt), Absent(), now=NOON, capabilities=KEYED, policy=POLICY
        )
        assert isinstance(verdict, Retry)
        return verdict.at - NOON

    rests = [rest_after(attempt).total_seconds() for attempt in (1, 2, 3, 4, 20)]
    assert rests == [0, 0, 20, 40, 900]


@pytest.mark.parametrize(
    ("repeats", "within", "age", "may"),
    [
        (False, None, 99 * HOUR, True),
        (True, None, SECOND, False),
        (True, 50 * MINUTE, 49 * MINUTE, True),
        (True, 50 * MINUTE, 50 * MINUTE, False),
    ],
    ids=["first send", "blind network", "key still known", "key forgotten while it waited"],
)
def test_a_repeat_is_sent_only_while_the_network_knows_its_key(
    *, repeats: bool, within: timedelta | None, age: timedelta, may: bool
) -> None:
    claim = a_claim(repeats=repeats)
    assert may_send(claim, now=NOON + age, capabilities=Capabilities(repeat_within=within)) is may


def test_a_repeat_whose_first_send_is_not_known_is_not_sent() -> None:
    claim = a_claim(repeats=True, first_send_at=None)
    assert not may_send(claim, now=NOON, capabilities=KEYED)


def test_a_lease_is_longer_than_two_timeouts() -> None:
    assert lease_of(Capabilities(timeout=60 * SECOND)) == 150 * SECOND


whys = st.text(max_size=20)
spans = st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=400))
moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2029, 1, 1), timezones=st.just(UTC)
)
outcomes = st.one_of(
    st.builds(Sent, st.just(RECEIPT)),
    st.builds(TryAgain, whys),
    st.builds(Throttled, whys, st.none() | spans),
    st.builds(Refused, whys, st.none(), st.sampled_from(RefusedScope)),
    st.builds(Unclear, whys),
)
sightings = st.one_of(
    st.builds(Found, st.just(RECEIPT)),
    st.just(Absent()),
    st.just(RepeatSafe()),
    st.builds(CannotTell, whys, st.booleans()),
)
claims = st.builds(
    a_claim,
    attempt=st.integers(0, 10**6),
    repeats=st.booleans(),
    not_after_at=moments,
    first_send_at=st.none() | moments,
    unclear_at=st.none() | moments,
)
limits = st.builds(
    Capabilities,
    repeat_within=st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1)),
)


@given(claims, outcomes, moments, st.floats(allow_nan=False))
def test_nothing_is_tried_again_after_its_moment_or_before_now(
    claim: Claim, outcome: Outcome, now: datetime, jitter: float
) -> None:
    verdict = judge(claim, outcome, now=now, policy=POLICY, jitter=jitter)
    if isinstance(verdict, Retry):
        assert now <= verdict.at <= claim.delivery.not_after_at
        assert verdict.at - now <= POLICY.longest_wait
    if isinstance(verdict, Park):
        assert now <= verdict.until <= now + POLICY.longest_throttle


@given(claims, outcomes, moments, st.floats(0, 1))
def test_after_an_unclear_send_only_a_sighting_lets_anything_follow(
    claim: Claim, outcome: Outcome, now: datetime, jitter: float
) -> None:
    verdict = judge(claim, outcome, now=now, policy=POLICY, jitter=jitter)
    assert isinstance(verdict, Doubt) or not isinstance(outcome, Unclear)


@given(claims, outcomes, moments, st.floats(0, 1))
def test_a_repeat_is_never_given_up_or_thawed_by_what_came_of_the_repeat_alone(
    claim: Claim, outcome: Outcome, now: datetime, jitter: float
) -> None:
    verdict = judge(claim, outcome, now=now, policy=POLICY, jitter=jitter)
    if claim.repeats:
        assert not isinstance(verdict, Fail | Expire)
        assert not (isinstance(verdict, Retry | Park | StopChannel) and verdict.thaw)


def test_what_nobody_can_look_for_and_no_send_is_known_of_is_sent() -> None:
    claim = a_claim(first_send_at=None)
    verdict = judge_sighting(
        claim, CannotTell("blind"), now=NOON, capabilities=Capabilities(), policy=POLICY
    )
    assert isinstance(verdict, Retry)
    assert verdict.thaw


@given(claims, sightings, moments, limits)
def test_a_look_up_sends_again_only_what_is_absent_or_safe_to_repeat(
    claim: Claim, sighting: Sighting, now: datetime, capabilities: Capabilities
) -> None:
    verdict = judge_sighting(claim, sighting, now=now, capabilities=capabilities, policy=POLICY)
    if isinstance(verdict, Retry):
        assert now <= verdict.at <= claim.delivery.not_after_at
        if claim.delivery.first_send_at is not None:
            assert isinstance(sighting, Absent if verdict.thaw else RepeatSafe)
        repeat = a_claim(repeats=True, first_send_at=claim.delivery.first_send_at)
        assert verdict.thaw or may_send(repeat, now=verdict.at, capabilities=capabilities)
    if isinstance(verdict, Expire) and claim.delivery.first_send_at is not None:
        assert isinstance(sighting, Absent)


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE])
def test_an_edit_or_a_deletion_may_be_done_again_where_nobody_can_tell(action: Action) -> None:
    """It comes to the same: only a post would be there twice."""
    blind = CannotTell("the network cannot be asked")
    after = judge_sighting(
        a_claim(action=action), blind, now=NOON, capabilities=Capabilities(), policy=POLICY
    )
    assert isinstance(after, Retry)
    assert not after.thaw
    much_later = NOON + 5 * HOUR
    assert may_send(
        a_claim(action=action, repeats=True), now=much_later, capabilities=Capabilities()
    )
    too_late = judge_sighting(
        a_claim(action=action),
        blind,
        now=NOON + 7 * HOUR,
        capabilities=Capabilities(),
        policy=POLICY,
    )
    assert isinstance(too_late, Hold)


def test_a_reply_is_a_post_and_is_never_repeated_unseen() -> None:
    reply = a_claim(part=1000, repeats=True)
    assert not may_send(reply, now=NOON, capabilities=Capabilities())
    blind = CannotTell("the network cannot be asked")
    after = judge_sighting(reply, blind, now=NOON, capabilities=Capabilities(), policy=POLICY)
    assert isinstance(after, Hold)
