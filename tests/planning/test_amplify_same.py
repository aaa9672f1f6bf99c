"""An event that several feeds tell is announced once, also where that was not to be seen first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.model.campaign import Before
from herald.model.feed import Entry, EntryEvent
from herald.model.span import Span
from tests.makers import NOON, an_occasion
from tests.planning.test_amplify import DAY, a_rule, a_voice, an_entry, ids, planned

EVENT = EntryEvent(begins_at=NOON + 10 * DAY, place="Argenta")
VOICE = a_voice(a_rule(post=(an_occasion(Before(span=Span(days=2))),)))


def told_by(partner: str, minutes: int = 0, **changes: Any) -> Entry:
    values = {"title": "Festa del sale", "event": EVENT} | changes
    seen = NOON - DAY + timedelta(minutes=minutes)
    return an_entry(1, partner, first_seen_at=seen, **values)


def announced(*entries: Entry) -> list[str]:
    return ids(planned(*entries, campaigns=(VOICE,)))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": " FESTA  del sale"},
        {"event": replace(EVENT, place="")},
        {"event": replace(EVENT, place="Argenta, Italia")},
    ],
    ids=["all of it", "its letters", "no place", "the place at length"],
)
def test_one_event_of_two_feeds_is_announced_once_and_credits_both(changes) -> None:
    later, first = told_by("argenta", 5, **changes), told_by("bevera")
    (one,) = planned(later, first, campaigns=(VOICE,))
    assert one.entry.id == first.id
    assert one.entry.partners == ("bevera", "argenta")


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Festa del pane"},
        {"event": replace(EVENT, place="Comacchio")},
        {"event": replace(EVENT, begins_at=NOON + 11 * DAY)},
    ],
    ids=["another title", "another place", "another day"],
)
def test_two_events_are_announced_each(changes) -> None:
    assert len(announced(told_by("argenta"), told_by("bevera", **changes))) == 2


def test_what_one_feed_lists_twice_stays_two() -> None:
    first = told_by("argenta")
    assert len(announced(first, replace(first, id="another"))) == 2


def test_news_of_one_title_stays_apart() -> None:
    assert len(announced(told_by("argenta", event=None), told_by("bevera", event=None))) == 2


@pytest.mark.parametrize("caller", ["argenta", "bevera"])
def test_that_one_feed_calls_it_off_is_enough(caller: str) -> None:
    off = {"event": replace(EVENT, status="cancelled")}
    entries = [told_by(one, **(off if one == caller else {})) for one in ("argenta", "bevera")]
    assert announced(*entries) == []
