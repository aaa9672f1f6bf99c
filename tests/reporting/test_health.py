"""Whether all is well: what makes health red, and what only waits for a person."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from herald.model.delivery import DeliveryState, Reason
from herald.model.health import OutboxHealth, StateCount
from herald.model.ids import FeedId, PartnerId
from herald.model.polling import Feed, FeedHealth, WantedFeed
from herald.model.problem import Place, Problem
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.reporting.health import Health, health_view
from tests.makers import NOON, a_delivery

HELD = DeliveryState.HELD
BROKEN = Problem(place=Place(file="campaigns/a.yaml", line=3), code="x", message="wrong")


def health(*counts: StateCount, outbox: dict[str, Any] | None = None, **more: Any) -> Health:
    return Health(at=NOON, outbox=OutboxHealth(counts=counts, **(outbox or {})), **more)


def held(reason: Reason, count: int = 1) -> StateCount:
    return StateCount(state=HELD, reason=reason, count=count)


def a_sick_feed(*, days: float = 0, errors: int = 1, gone: bool = False) -> FeedHealth:
    wanted = WantedFeed(
        id=FeedId("f"), url="https://example.org/feed/", partners=(PartnerId("argenta"),)
    )
    feed = Feed(
        wanted=wanted,
        next_check_at=NOON,
        errors=errors,
        trouble="no document here (404)",
        trouble_since=NOON - timedelta(days=days),
        gone=gone,
    )
    return FeedHealth(feed=feed, entries=3, a_week=1.5)


def shown(health: Health) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    console.print(health_view(health))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize(
    ("one", "is_ok", "is_asking"),
    [
        pytest.param(health(), True, False, id="nothing at all"),
        pytest.param(health(outbox={"overdue": 1}), False, True, id="overdue"),
        pytest.param(health(outbox={"unclear": 1}), False, True, id="unclear"),
        pytest.param(health(outbox={"failed_lately": 1}), False, True, id="failed"),
        pytest.param(health(outbox={"missed_lately": 1}), True, True, id="missed"),
        pytest.param(health(broken=(BROKEN,)), False, True, id="a broken file"),
        pytest.param(health(channels=("no token",)), False, True, id="a channel in trouble"),
        pytest.param(health(held(Reason.APPROVAL)), True, True, id="an approval"),
        pytest.param(health(held(Reason.MOVED)), True, True, id="moved"),
        pytest.param(health(held(Reason.DRAFT)), True, False, id="a draft"),
        pytest.param(health(held(Reason.PERSON)), True, False, id="held by a person"),
        pytest.param(health(newsletters=("write it",)), True, True, id="a letter to write"),
        pytest.param(health(tasks=(a_delivery(),)), True, False, id="an open task"),
    ],
)
def test_what_is_red_and_what_asks_for_a_person(one: Health, is_ok: bool, is_asking: bool) -> None:
    assert (one.ok, one.needs_a_person) == (is_ok, is_asking)
    assert one.document()["ok"] is is_ok
    assert ("All is well." in shown(one)) is not is_asking


def test_only_what_a_person_decides_about_is_counted_as_waiting() -> None:
    one = health(held(Reason.APPROVAL, 2), held(Reason.DRAFT, 5), held(Reason.TRANSLATION))
    assert one.waiting == 3
    assert "3 wait for your word" in shown(one)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_can_be_told(reason: Reason) -> None:
    assert "_" not in shown(health(held(reason)))


def test_a_stop_is_told_with_its_reason() -> None:
    stop = Stop(
        scope=StopScope.CHANNEL,
        name="fedi",
        origin=StopOrigin.PERSON,
        because="the server moves",
        since=NOON,
    )
    assert "Paused: channel fedi, since 2027-05-10 12:00: the server moves" in shown(
        health(stops=(stop,))
    )


def test_the_next_post_is_told_on_its_own_clock() -> None:
    assert "Next: 2027-05-10 14:00  fedi en  The salt house" in shown(health(next=a_delivery()))


def test_moments_are_told_on_the_networks_own_clock() -> None:
    stop = Stop(scope=StopScope.CHANNEL, name="fedi", because="", since=NOON)
    assert "since 2027-05-10 14:00" in shown(health(stops=(stop,), zone="Europe/Rome"))


def test_what_is_being_looked_up_is_told_from_what_a_person_must_look_up() -> None:
    told = shown(health(held(Reason.UNCLEAR, 2), outbox={"unclear": 5}))
    assert "3 may be out there or not: Herald looks them up" in told
    assert "2 may be out there or not, and Herald cannot tell" in told
    assert "mark-sent" in told
    assert "wait for your word" not in told


@pytest.mark.parametrize(
    ("feed", "is_asking", "has_task"),
    [
        pytest.param(a_sick_feed(), False, False, id="for a moment"),
        pytest.param(a_sick_feed(errors=4), False, False, id="four times in a row"),
        pytest.param(a_sick_feed(errors=5), True, False, id="five times in a row"),
        pytest.param(a_sick_feed(days=6.9, errors=9), True, False, id="for almost a week"),
        pytest.param(a_sick_feed(days=7, errors=9), True, True, id="for a week"),
        pytest.param(a_sick_feed(days=9), True, True, id="once, but Herald has not run since"),
        pytest.param(a_sick_feed(gone=True), True, True, id="gone for good"),
    ],
)
def test_a_feed_in_trouble_asks_for_a_person_when_it_does_not_mend_itself(
    feed: FeedHealth, is_asking: bool, has_task: bool
) -> None:
    one = health(feeds=(feed,))
    assert one.ok  # Herald keeps its promises; the partner's server does not
    assert one.needs_a_person is is_asking
    assert bool(one.document()["feed_tasks"]) is has_task
    told = shown(one)
    assert ("Asked again by itself" in told) is not is_asking
    assert ("herald feeds letter https://example.org/feed/" in told) is has_task
    assert told.count("no document here (404)") == (2 if has_task else 1)
