"""Whose facts of an event stand where several feeds of a partner, or of two, carry it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.feed import EntryEvent, EventSource, ParsedEntry, ParsedFeed
from herald.model.ids import EntryId, FeedId, PartnerId
from herald.model.polling import Credit, Feed, Known, KnownEntry, Remember, Revise, WantedFeed
from herald.sources.feeds.identity.identify import decide, identities
from tests.sources.feeds.documents import NOW

DAY = timedelta(days=1)
FESTA = EntryEvent(uid="festa@museum.example", begins_at=NOW + 20 * DAY, place="Argenta")
OFF = replace(FESTA, status="cancelled")
MOVED = replace(FESTA, begins_at=NOW + 27 * DAY)
PAGE = replace(FESTA, uid="", source=EventSource.PAGE)
BARE = replace(FESTA, uid="", source=EventSource.PUBDATE)
NEWS = ParsedEntry(
    guid="https://museum.example/?p=7",
    title="Festa del sale",
    summary="It is back.",
    link="https://museum.example/festa",
    published_at=NOW,
)


class Network:
    """A few feeds and what is known of their entries, polled one after the other."""

    def __init__(self) -> None:
        self.left: frozenset[FeedId] = frozenset()
        self._keys: dict[FeedId, dict[str, EntryId]] = {}
        self._entries: dict[EntryId, KnownEntry] = {}

    def says(self, name: str, *entries: ParsedEntry) -> list[str]:
        """Poll a feed; return what kind of intents came of it."""
        feed, named = a_feed(name), identities(entries)
        known = Known(
            keys=dict(self._keys.get(feed.id, {})), entries=dict(self._entries), left=self.left
        )
        parsed = ParsedFeed(format="any", entries=entries)
        decision = decide(feed, parsed, named, known, now=NOW)
        for intent in decision.intents:
            keys = self._keys.setdefault(feed.id, {})
            match intent:
                case Remember(identity=identity):
                    keys[identity.key] = intent.id
                    self._keep(intent.id, feed.id, identity)
                case Revise():
                    self._keep(intent.id, intent.feed, intent.identity)
                case _:
                    keys[intent.key] = intent.id
        return [type(intent).__name__ for intent in decision.intents]

    def tells(self, name: str, event: EntryEvent | None, **changes: Any) -> list[str]:
        """Poll a feed that has the festival, as it tells it."""
        guid = event.uid if event is not None and event.uid else f"{name}-7"
        return self.says(name, replace(NEWS, **({"guid": guid, "event": event} | changes)))

    def _keep(self, one: EntryId, feed: FeedId, identity: Any) -> None:
        self._entries[one] = KnownEntry(
            id=one,
            feed=feed,
            link=identity.link,
            title=identity.title,
            fingerprint=identity.fingerprint,
            first_seen_at=NOW - DAY,
            partners=a_feed(feed).wanted.partners,
            content=identity.content,
        )

    @property
    def one(self) -> KnownEntry:
        (entry,) = self._entries.values()
        return entry

    @property
    def event(self) -> EntryEvent:
        event = self.one.content.event
        assert event is not None
        return event


def a_feed(name: str) -> Feed:
    who = PartnerId("stranger" if name == "stranger" else "museum")
    wanted = WantedFeed(id=FeedId(name), url=f"https://{name}.example", partners=(who,))
    return Feed(wanted=wanted, next_check_at=NOW, last_success_at=NOW - DAY)


def told(*says: tuple[str, EntryEvent | None]) -> Network:
    network = Network()
    for name, event in says:
        network.tells(name, event)
    return network


def test_news_that_came_first_becomes_the_calendars_event() -> None:
    network = told(("news", None))
    assert network.tells("calendar", FESTA) == ["Credit", "Revise"]
    assert (network.event.begins_at, network.event.by) == (FESTA.begins_at, "calendar")
    assert (network.one.feed, network.one.content.guid) == ("news", "news-7")


def test_the_same_said_again_asks_for_nothing() -> None:
    network = told(("news", None), ("calendar", FESTA))
    assert network.tells("calendar", FESTA) == []
    assert network.tells("news", None) == []


@pytest.mark.parametrize(
    "changed",
    [OFF, MOVED, replace(FESTA, place="Comacchio"), replace(FESTA, status="postponed")],
    ids=["cancelled", "moved", "another place", "postponed"],
)
def test_what_the_calendar_changes_is_followed(changed: EntryEvent) -> None:
    network = told(("news", None), ("calendar", FESTA))
    assert network.tells("calendar", changed) == ["Revise"]
    assert network.event == replace(changed, by=FeedId("calendar"))
    assert network.tells("calendar", FESTA) == ["Revise"]
    assert network.event == replace(FESTA, by=FeedId("calendar"))


def test_an_edit_of_the_news_keeps_the_calendars_event() -> None:
    network = told(("news", None), ("calendar", OFF))
    assert network.tells("news", None, summary="Tickets are on sale.") == ["Revise"]
    assert network.one.content.summary == "Tickets are on sale."
    assert network.event.status == "cancelled"


def test_the_calendar_changes_no_words_of_the_news() -> None:
    network = told(("news", None))
    network.tells("calendar", FESTA, summary="Other words")
    assert network.one.content.summary == NEWS.summary


@pytest.mark.parametrize(
    ("worse", "better"),
    [(BARE, FESTA), (PAGE, FESTA), (BARE, PAGE), (replace(FESTA, uid=""), PAGE)],
    ids=["calendar over bare date", "calendar over page", "page over bare date", "page over feed"],
)
def test_the_best_source_gives_the_facts_whoever_came_first(
    worse: EntryEvent, better: EntryEvent
) -> None:
    better = replace(better, place="Argenta, Via del Sale 1", finishes_at=NOW + 21 * DAY)
    late, early = told(("a", worse), ("b", better)), told(("b", better), ("a", worse))
    assert late.event == replace(better, by=FeedId("b"))
    assert early.event == better
    early.tells("a", replace(worse, place="somewhere"))
    assert early.event == better


def test_a_bare_date_and_a_calendar_that_agree_on_the_day_are_one_event() -> None:
    network = told(("rss", replace(BARE, begins_at=FESTA.begins_at - timedelta(hours=2))))
    assert network.tells("calendar", FESTA) == ["Credit", "Revise"]
    assert network.event.begins_at == FESTA.begins_at
    apart = told(("rss", replace(BARE, begins_at=FESTA.begins_at - 2 * DAY)))
    assert apart.tells("calendar", FESTA) == ["Remember"]


@pytest.mark.parametrize("change", [{"title": "Salt!"}, {"link": ""}], ids=["page", "title"])
def test_two_things_on_one_day_have_more_in_common_than_a_page_or_a_title(
    change: dict[str, Any],
) -> None:
    network = told(("rss", replace(BARE, begins_at=FESTA.begins_at - timedelta(hours=2))))
    assert network.tells("calendar", FESTA, **change) == ["Remember"]


@pytest.mark.parametrize(
    ("name", "change", "kind"),
    [
        ("calendar", {"link": ""}, "Credit"),
        ("stranger", {"link": ""}, "Remember"),
        ("stranger", {}, "Credit"),
    ],
    ids=["its own title", "another's title", "another's, with the address"],
)
def test_an_event_is_not_lost_in_another_partners_news_of_one_title(
    name: str, change: dict[str, Any], kind: str
) -> None:
    network = Network()
    network.tells("news", None, published_at=NOW - DAY)
    assert network.tells(name, FESTA, **change)[0] == kind


@pytest.mark.parametrize("events", [(FESTA, FESTA), (FESTA, BARE), (PAGE, FESTA), (FESTA, PAGE)])
def test_any_feed_that_carries_an_event_calls_it_off_and_takes_that_back(
    events: Sequence[EntryEvent],
) -> None:
    mine, theirs = events
    network = told(("mine", mine), ("theirs", theirs))
    before = network.event
    network.tells("theirs", replace(theirs, status="cancelled"))
    assert network.event.status == "cancelled"
    assert network.tells("mine", mine, summary="Come all!") == ["Revise"]
    assert network.event.status == "cancelled"
    network.tells("theirs", theirs)
    assert network.event == before


def test_an_event_that_two_call_off_takes_place_when_both_say_so() -> None:
    network = told(("mine", FESTA), ("theirs", FESTA), ("mine", OFF), ("theirs", OFF))
    network.tells("mine", FESTA)
    assert network.event.status == "cancelled"
    network.tells("theirs", FESTA)
    assert network.event == FESTA


def test_calling_off_another_day_is_about_another_evening() -> None:
    network = told(("mine", FESTA), ("theirs", FESTA))
    network.tells("mine", MOVED)
    assert network.tells("theirs", OFF) == []
    assert network.event.status == "confirmed"


def test_of_two_calendars_the_later_edition_of_one_event_stands() -> None:
    network = told(("mine", FESTA), ("theirs", FESTA))
    assert network.tells("theirs", MOVED) == []
    assert network.tells("theirs", replace(MOVED, sequence=1)) == ["Revise"]
    assert network.event.begins_at == MOVED.begins_at


def test_an_event_that_was_entered_anew_stands_beside_its_cancelled_copy() -> None:
    network = told(("news", None), ("calendar", FESTA))
    both = [
        replace(NEWS, guid=FESTA.uid, event=OFF),
        replace(NEWS, guid="anew@museum.example", event=replace(FESTA, uid="anew@museum.example")),
    ]
    for documents in (both, both[::-1], both, both[::-1]):
        network.says("calendar", *documents)
        assert network.event.status == "confirmed"
    assert network.says("calendar", *both) == []


def test_a_feed_that_only_carries_on_what_a_page_told_says_nothing() -> None:
    """What is stored of an entry's page comes back with each document until it is read anew."""
    off = replace(PAGE, status="cancelled")
    network = told(("news", PAGE), ("theirs", PAGE), ("theirs", off))
    assert network.tells("news", network.event) == []
    network.tells("theirs", PAGE)
    assert network.event.status == "confirmed"


def leave(network: Network, *names: str) -> None:
    network.left = frozenset(FeedId(name) for name in names)


def test_an_entry_whose_feed_left_is_the_other_feeds_to_edit_and_call_off() -> None:
    network = told(("old", FESTA), ("new", FESTA))
    leave(network, "old")
    assert network.tells("new", FESTA, summary="Edited on the new host") == ["Revise"]
    assert (network.one.feed, network.one.content.summary) == ("new", "Edited on the new host")
    network.tells("new", OFF)
    assert network.event == OFF
    assert network.tells("new", FESTA) == ["Revise"]


def test_a_feed_on_a_new_host_goes_on_with_the_entries_of_the_old_one() -> None:
    network = told(("old", FESTA))
    leave(network, "old")
    link = "https://new.example/festa"
    assert network.tells("new", FESTA, link=link) == ["Credit", "Revise"]
    network.tells("new", OFF, link=link)
    assert (network.one.feed, network.one.link) == ("new", "//new.example/festa")
    assert network.event.status == "cancelled"


def test_of_two_that_are_left_the_first_goes_on_with_the_words() -> None:
    network = told(("old", None), ("first", None), ("second", None))
    leave(network, "old")
    network.tells("first", None, summary="In the words of the first")
    assert network.tells("second", None, summary="In the words of the second") == []
    assert network.one.feed == "first"


def test_a_calendar_that_left_leaves_its_event_until_another_tells_it() -> None:
    network = told(("news", None), ("calendar", FESTA), ("bare", BARE))
    leave(network, "calendar")
    network.tells("news", None, summary="Edited")
    assert network.event.begins_at == FESTA.begins_at
    network.tells("bare", replace(BARE, begins_at=NOW + 30 * DAY))
    assert (network.event.begins_at, network.event.by) == (NOW + 30 * DAY, "bare")


def test_nobody_who_left_keeps_an_event_called_off() -> None:
    network = told(("mine", FESTA), ("theirs", FESTA), ("theirs", OFF))
    leave(network, "theirs")
    network.tells("mine", FESTA)
    assert network.event == FESTA


def test_one_uid_is_one_event_whatever_its_words_and_address() -> None:
    network = told(("mine", FESTA))
    other = {"title": "Salt!", "link": "https://network.example/agenda/4711"}
    assert network.tells("theirs", FESTA, **other) == ["Credit"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "Credit"),
        ({"title": "Salt!"}, "Credit"),
        ({"title": "Salt!", "link": "https://network.example/agenda/4711"}, "Remember"),
    ],
    ids=["the same words", "the same page", "nothing else"],
)
def test_an_uid_at_another_time_is_a_move_only_if_more_agrees(
    changes: dict[str, Any], kind: str
) -> None:
    assert told(("mine", FESTA)).tells("theirs", MOVED, **changes)[0] == kind
    edition = replace(MOVED, sequence=1)
    assert told(("mine", FESTA)).tells("theirs", edition, **changes) == ["Credit", "Revise"]


def test_evenings_of_a_series_meet_each_its_own() -> None:
    """An UID names a series; the calendars name an evening by the same guid."""
    evenings = [
        replace(
            NEWS,
            guid=f"{FESTA.uid}#{nth}",
            event=replace(FESTA, begins_at=FESTA.begins_at + nth * DAY),
        )
        for nth in range(3)
    ]
    network = Network()
    assert network.says("mine", *evenings) == ["Remember"] * 3
    third = evenings[2]
    assert third.event is not None
    later = replace(
        third, event=replace(third.event, begins_at=NOW + 40 * DAY, sequence=1), title="Salt!"
    )
    assert network.says("theirs", evenings[0], later) == ["Credit", "Credit", "Revise"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["news", "mine", "theirs"]),
        st.sampled_from(["confirmed", "cancelled", "postponed"]),
        st.integers(0, 1),
    ),
    max_size=12,
)


@given(steps=STEPS)
def test_what_a_feed_calls_off_stays_off_until_it_says_otherwise(
    steps: list[tuple[str, str, int]],
) -> None:
    network = told(("news", None), ("mine", FESTA), ("theirs", PAGE))
    said = {"news": "confirmed", "mine": "confirmed", "theirs": "confirmed"}
    sources = {"news": BARE, "mine": FESTA, "theirs": PAGE}
    for name, status, hours in steps:
        event = replace(sources[name], status=status, place=f"Room {hours}")
        network.tells(name, event)
        said[name] = status
        assert network.tells(name, event) == []
        called_off = any(one != "confirmed" for one in said.values())
        assert (network.event.status != "confirmed") is called_off


def test_a_credit_is_given_before_the_event_is_told() -> None:
    feed, named = a_feed("calendar"), identities([replace(NEWS, event=FESTA)])
    network = told(("news", None))
    known = Known(entries={network.one.id: network.one})
    intents = decide(feed, ParsedFeed(format="ical"), named, known, now=NOW).intents
    assert isinstance(intents[0], Credit)
    assert isinstance(intents[1], Revise)
    assert intents[1].identity.uid == FESTA.uid
