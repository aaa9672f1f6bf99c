"""What feeds say of themselves: how often to ask, and where to subscribe."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from herald.model.feed import Cadence, HubLink
from tests.sources.feeds.documents import URL, item, rss, understood

SPACES = (
    ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    ' xmlns:atom="http://www.w3.org/2005/Atom"'
)


def cadence(head: str) -> Cadence:
    return understood(rss(item(), head=head, attributes=SPACES)).cadence


@pytest.mark.parametrize(
    ("head", "pause"),
    [
        ("<ttl>90</ttl>", timedelta(minutes=90)),
        ("<ttl> 60 </ttl>", timedelta(hours=1)),
        ("<ttl>999999</ttl>", timedelta(days=1)),
        ("<ttl>0</ttl>", timedelta(0)),
        ("<ttl>-5</ttl>", timedelta(0)),
        ("<ttl>soon</ttl>", timedelta(0)),
        ("<ttl>" + "9" * 5000 + "</ttl>", timedelta(0)),
        (
            "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
            timedelta(minutes=30),
        ),
        ("<sy:updatePeriod>\n daily </sy:updatePeriod>", timedelta(days=1)),
        ("<sy:updateFrequency>4</sy:updateFrequency>", timedelta(hours=6)),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", timedelta(days=1)),
        ("<sy:updatePeriod>often</sy:updatePeriod>", timedelta(0)),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>",
            timedelta(0),
        ),
        ("<ttl>30</ttl><sy:updatePeriod>hourly</sy:updatePeriod>", timedelta(hours=1)),
        ("<sy:updateBase>2000-01-01T12:00+00:00</sy:updateBase>", timedelta(0)),
    ],
)
def test_a_feed_names_its_pause_and_nonsense_is_none(head: str, pause: timedelta) -> None:
    assert cadence(head).pause == pause


@pytest.mark.parametrize(
    ("hours", "closed"),
    [
        ("<hour>0</hour><hour>7</hour>", {0, 7}),
        ("<hour>24</hour>", {0}),
        ("<hour>25</hour><hour>-1</hour><hour>x</hour><hour>5</hour>", {5}),
        ("".join(f"<hour>{hour}</hour>" for hour in range(24)), set()),
    ],
)
def test_closed_hours(hours: str, closed: set[int]) -> None:
    assert cadence(f"<skipHours>{hours}</skipHours>").closed_hours == closed


@pytest.mark.parametrize(
    ("days", "closed"),
    [
        ("<day>Saturday</day><day>sunday</day>", {5, 6}),
        ("<day>Domenica</day>", set()),
        (
            "".join(
                f"<day>{day}day</day>"
                for day in ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun")
            ),
            set(),
        ),
    ],
)
def test_closed_days(days: str, closed: set[int]) -> None:
    assert cadence(f"<skipDays>{days}</skipDays>").closed_days == closed


@pytest.mark.parametrize(
    ("head", "hub"),
    [
        (
            (
                '<atom:link rel="hub" href="https://hub.example.org/"/>'
                '<atom:link rel="self" href="/real-feed"/>'
            ),
            HubLink(hub="https://hub.example.org/", topic="https://example.org/real-feed"),
        ),
        (
            '<atom:link rel="self hub" href="https://example.org/both"/>',
            HubLink(hub="https://example.org/both", topic="https://example.org/both"),
        ),
        (
            '<atom:link rel="hub" href="https://hub.example.org/"/>',
            HubLink(hub="https://hub.example.org/", topic=URL),
        ),
        ('<atom:link rel="hub" href="javascript:x"/>', None),
        ('<atom:link rel="self" href="/real-feed"/>', None),
    ],
)
def test_a_feed_names_its_hub(head: str, hub: HubLink | None) -> None:
    assert understood(rss(item(), head=head, attributes=SPACES)).hub == hub


def test_a_link_in_an_entry_is_no_hub() -> None:
    more = '<atom:link rel="hub" href="https://hub.example.org/"/>'
    assert understood(rss(item(more=more), attributes=SPACES)).hub is None


def test_a_json_feed_names_its_hub() -> None:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "feed_url": "https://example.org/feed.json",
        "hubs": [
            {"type": "rssCloud", "url": "https://no.example.org/"},
            {"type": "WebSub", "url": "https://hub.example.org/"},
        ],
        "items": [{"id": "1"}],
    }
    assert understood(json.dumps(document)).hub == HubLink(
        hub="https://hub.example.org/", topic="https://example.org/feed.json"
    )
