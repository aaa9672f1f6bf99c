"""A calendar that comes back under other ids and addresses tells the events that it told before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from herald.model.feed import EntryEvent
from tests.sources.feeds.test_identify import DAY, TOMORROW, a_parsed, decided, kinds, known

AT_HOME = replace(TOMORROW, uid="1@old.example", place="Argenta")
TOLD = a_parsed(guid="1@old.example", title="Yoga", published_at=None, event=AT_HOME)
_UNTOLD = replace(TOLD, event=replace(AT_HOME, place=""))


def moved(place: str = "Argenta", **changes: object) -> EntryEvent:
    values = {"uid": "77@new.example", "place": place} | changes
    return replace(AT_HOME, **values)  # type: ignore[arg-type]


def renamed(event: EntryEvent, **changes: str):
    values = {"guid": "77@new.example", "title": "Yoga", "link": "https://new.example/node/77"}
    return a_parsed(published_at=None, event=event, summary="Anew.", **(values | changes))


@pytest.mark.parametrize(
    ("entry", "before"),
    [
        pytest.param(renamed(moved()), TOLD, id="another UID, page and text"),
        pytest.param(renamed(moved("Argenta, Italia")), TOLD, id="the place spelled at length"),
        pytest.param(renamed(moved("")), _UNTOLD, id="no place"),
        pytest.param(renamed(moved("")), TOLD, id="the place left out"),
    ],
)
def test_an_event_of_one_title_time_and_place_is_the_same(entry, before) -> None:
    assert kinds(decided(entry, was=known(before)).intents)[0] == "Alias"


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(renamed(moved("Comacchio")), id="another place"),
        pytest.param(renamed(moved(begins_at=AT_HOME.begins_at + DAY)), id="another day"),
        pytest.param(renamed(moved(), title="Pilates"), id="another title"),
    ],
)
def test_another_event_is_new(entry) -> None:
    assert kinds(decided(entry, was=known(TOLD)).intents) == ["Remember"]


def test_two_events_that_stand_side_by_side_are_two() -> None:
    assert kinds(decided(TOLD, renamed(moved()), was=known(TOLD)).intents) == ["Remember"]


def test_each_evening_of_a_long_course_is_found_again() -> None:
    evenings = [AT_HOME.begins_at + number * DAY for number in range(60)]
    before = [
        replace(TOLD, guid=f"{number}@old.example", event=replace(AT_HOME, begins_at=at))
        for number, at in enumerate(evenings)
    ]
    after = [
        renamed(moved(begins_at=at), guid=f"{number}@new.example", link="")
        for number, at in enumerate(evenings)
    ]
    intents = decided(*after, was=known(*before)).intents
    aliases = [one for one in intents if type(one).__name__ == "Alias"]
    assert [one.id for one in aliases] == [f"one-guid:{n}@old.example" for n in range(60)]
    assert "Remember" not in kinds(intents)
