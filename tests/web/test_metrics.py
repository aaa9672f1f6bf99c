"""``/metrics``, read by Prometheus' own parser."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from herald import __version__
from herald.mailing.letters.issues import issue_of
from herald.model.delivery import DeliveryState, Reason
from herald.model.health import OutboxHealth, StateCount
from herald.model.ids import FeedId, PartnerId
from herald.model.mailing import IssueState
from herald.model.polling import Feed, FeedHealth, WantedFeed
from herald.reporting.health import Health
from herald.web.metrics import CONTENT_TYPE, Gauge, gauges, metrics_page
from tests.folders import a_network
from tests.mailing.makers import a_planned_issue
from tests.makers import NOON
from tests.running import running

HOUR = timedelta(hours=1)
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(page: str) -> Figures:
    """Read a page as Prometheus does."""
    found: Figures = {}
    for family in text_string_to_metric_families(page):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            place = (sample.name, tuple(sorted(sample.labels.items())))
            assert place not in found, "a figure is told once"
            found[place] = sample.value
    return found


def figures(health: Health, feeds: Any = (), issues: Any = ()) -> Figures:
    return read(metrics_page(gauges(health, feeds, issues, version="1.2.3")))


def a_feed(**changes: Any) -> FeedHealth:
    wanted = WantedFeed(
        id=FeedId("f"), url="https://secret.example/feed?key=1", partners=(PartnerId("p"),)
    )
    feed = Feed(wanted=wanted, next_check_at=NOON)
    return FeedHealth(feed=replace(feed, **changes), entries=0, a_week=0.0)


def test_an_empty_instance_tells_every_state_as_none():
    told = figures(Health(at=NOON, outbox=OutboxHealth()))
    assert told["herald_ok", ()] == 1
    assert told["herald_build_info", (("version", "1.2.3"),)] == 1
    for state in DeliveryState:
        assert told["herald_deliveries", (("reason", ""), ("state", str(state)))] == 0
    for state in IssueState:
        assert told["herald_newsletter_issues", (("state", str(state)),)] == 0
    assert told["herald_oldest_overdue_seconds", ()] == 0
    assert ("herald_feeds_last_success_timestamp_seconds", ()) not in told


def test_every_trouble_is_told():
    counts = (
        StateCount(state=DeliveryState.HELD, reason=Reason.UNCLEAR, count=3),
        StateCount(state=DeliveryState.PENDING, reason=None, count=1_000_000),
        StateCount(state=DeliveryState.PENDING, reason=Reason.PAUSED, count=2),
    )
    outbox = OutboxHealth(
        counts=counts, overdue=4, oldest_overdue_at=NOON - HOUR, unclear=3, failed_lately=5
    )
    feeds = [
        a_feed(last_success_at=NOON - 2 * HOUR),
        a_feed(trouble="no answer", last_success_at=NOON - 9 * HOUR),
        a_feed(),
    ]
    issues = [replace(issue_of(a_planned_issue(), None), state=IssueState.SENDING)]
    told = figures(Health(at=NOON, outbox=outbox), feeds, issues)
    assert told["herald_ok", ()] == 0
    assert told["herald_deliveries", (("reason", "unclear"), ("state", "held"))] == 3
    assert told["herald_deliveries", (("reason", ""), ("state", "pending"))] == 1_000_000
    assert told["herald_deliveries", (("reason", "paused"), ("state", "pending"))] == 2
    assert told["herald_deliveries_overdue", ()] == 4
    assert told["herald_oldest_overdue_seconds", ()] == 3600
    assert told["herald_deliveries_unclear", ()] == 3
    assert told["herald_deliveries_failed", ()] == 5
    assert told["herald_waiting_for_a_person", ()] == 3
    assert told["herald_feeds", ()] == 3
    assert told["herald_feeds_in_trouble", ()] == 1
    last = told["herald_feeds_last_success_timestamp_seconds", ()]
    assert last == (NOON - 2 * HOUR).timestamp()
    assert told["herald_newsletter_issues", (("state", "sending"),)] == 1


def test_no_address_is_told():
    page = metrics_page(
        gauges(
            Health(
                at=NOON, outbox=OutboxHealth(), feeds=(a_feed(trouble="x"),), channels=("fedi",)
            ),
            [a_feed(trouble="https://secret.example/feed?key=1")],
            (),
            version="1",
        )
    )
    assert "secret" not in page
    assert "fedi" not in page


@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_a_label_says_is_read_as_it_was(value):
    gauge = Gauge(name="herald_x", tells='a \\ "b"\nc', values=(((("v", value),), 1),))
    (family,) = text_string_to_metric_families(metrics_page([gauge]))
    assert [sample.labels for sample in family.samples] == [{"v": value}]


@pytest.mark.parametrize("number", [0, 1, 123_456_789, 1_810_000_000.25])
def test_numbers_lose_nothing(number):
    assert read(metrics_page([Gauge(name="n", tells="n", values=(((), number),))])) == {
        ("n", ()): number
    }


async def test_a_daemon_serves_its_figures(tmp_path):
    root = a_network(tmp_path, config_herald="timezone: UTC\n")
    async with running(root) as daemon:
        await daemon.says("herald is ready")
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(f"http://127.0.0.1:{daemon.port}/metrics") as answer,
        ):
            assert answer.status == 200
            assert answer.headers["Content-Type"] == CONTENT_TYPE
            told = read(await answer.text())
        daemon.tell(signal.SIGTERM)
        assert await daemon.ended() == 0
    assert told["herald_build_info", (("version", __version__),)] == 1
    assert told["herald_feeds", ()] == 0


def test_every_figure_is_in_the_manual():
    manual = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")
    feeds = [a_feed(last_success_at=NOON)]
    for gauge in gauges(Health(at=NOON, outbox=OutboxHealth()), feeds, (), version="1"):
        assert f"`{gauge.name}" in manual
