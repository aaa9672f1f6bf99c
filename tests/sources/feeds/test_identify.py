"""Which entries are new, edited, known by another id, or another partner's news."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.feed import EntryEvent, EntryImage, EventSource, ParsedEntry, ParsedFeed
from herald.model.ids import EntryId, FeedId, Language, PartnerId
from herald.model.polling import (
    Alias,
    Credit,
    Decision,
    Feed,
    Intent,
    Known,
    KnownEntry,
    Remember,
    Revise,
    WantedFeed,
)
from herald.sources.feeds.identity.canonical import canonical_link, fingerprint, normal_title
from herald.sources.feeds.identity.identify import decide, feed_id, identities
from tests.sources.feeds.documents import NOW

DAY = timedelta(days=1)
NOTHING = Known()
TODAY, TOMORROW = EntryEvent(begins_at=NOW), EntryEvent(begins_at=NOW + DAY)
OLD = ParsedEntry(published_at=NOW - 40 * DAY)
LONG = " ".join(f"word{number}" for number in range(60))


def a_parsed(number: int = 1, **changes: Any) -> ParsedEntry:
    values: dict[str, Any] = {
        "guid": f"g{number}",
        "title": f"The story of the salt house {number}",
        "summary": "Neighbours restored it.",
        "link": f"https://example.org/story-{number}",
        "published_at": NOW - number * DAY,
    }
    return ParsedEntry(**(values | changes))


def a_feed(name: str = "one", **changes: Any) -> Feed:
    wanted = changes.pop("wanted", {})
    values: dict[str, Any] = {
        "wanted": WantedFeed(
            **(
                {
                    "id": FeedId(name),
                    "url": f"https://{name}.example",
                    "partners": (PartnerId(name),),
                }
                | wanted
            )
        ),
        "next_check_at": NOW,
        "last_success_at": NOW - DAY,
    }
    return Feed(**(values | changes))


def known(*entries: ParsedEntry, feed: str = "one", **changes: Any) -> Known:
    """Make what the store holds after these entries of a feed were seen."""
    named = identities(entries)
    return Known(
        keys={one.key: EntryId(f"{feed}-{one.key}") for one in named} if feed == "one" else {},
        entries={
            EntryId(f"{feed}-{one.key}"): KnownEntry(
                **(
                    {
                        "id": EntryId(f"{feed}-{one.key}"),
                        "feed": FeedId(feed),
                        "link": one.link,
                        "title": one.title,
                        "fingerprint": one.fingerprint,
                        "first_seen_at": NOW - DAY,
                        "content": one.content,
                    }
                    | changes
                )
            )
            for one in named
        },
    )


def decided(
    *entries: ParsedEntry, was: Known = NOTHING, feed: Feed | None = None, **changes: Any
) -> Decision:
    parsed = ParsedFeed(format="rss20", entries=entries, **changes)
    return decide(feed or a_feed(), parsed, identities(entries), was, now=NOW)


def kinds(intents: tuple[Intent, ...]) -> list[str]:
    return [type(intent).__name__ for intent in intents]


def test_an_unknown_entry_is_remembered() -> None:
    (intent,) = decided(a_parsed()).intents
    assert isinstance(intent, Remember)
    assert not intent.seeded
    assert intent.identity.content == a_parsed()


def test_a_known_entry_that_is_the_same_asks_for_nothing() -> None:
    assert decided(a_parsed(), was=known(a_parsed())).intents == ()


@pytest.mark.parametrize(
    "change",
    [
        {"title": "The story of the salt house, corrected"},
        {"summary": "Neighbours restored it well."},
        {"link": "https://example.org/moved"},
        {"image": EntryImage(url="https://example.org/i.jpg")},
        {"event": EntryEvent(begins_at=NOW)},
    ],
    ids=["title", "text", "link", "picture", "event"],
)
def test_an_edit_is_a_change_of_the_same_entry(change: dict[str, Any]) -> None:
    (intent,) = decided(a_parsed(**change), was=known(a_parsed())).intents
    assert isinstance(intent, Revise)
    assert intent.id == "one-guid:g1"


@pytest.mark.parametrize(
    "change",
    [
        {"updated_at": NOW},
        {"published_at": NOW},
        {"categories": ("new",)},
        {"author": "Ana"},
        {"link": "http://EXAMPLE.org:80/story-1?utm_source=x#top"},
        {"image": None},
    ],
    ids=["updated", "date", "category", "author", "tracking", "nothing"],
)
def test_what_no_reader_would_notice_is_no_edit(change: dict[str, Any]) -> None:
    assert decided(a_parsed(**change), was=known(a_parsed())).intents == ()


def test_an_entry_that_changes_all_the_time_is_followed_no_more() -> None:
    was = known(a_parsed(), edits=24)
    assert decided(a_parsed(title="Visitor number 4,711"), was=was).intents == ()


def test_a_cancelled_event_is_withdrawn_however_often_it_changed() -> None:
    event = EntryEvent(begins_at=NOW + DAY)
    cancelled = a_parsed(event=replace(event, status="cancelled"))
    (intent,) = decided(cancelled, was=known(a_parsed(event=event), edits=99)).intents
    assert isinstance(intent, Revise)
    assert intent.withdrawn


@pytest.mark.parametrize(
    ("now_", "before"),
    [
        (a_parsed(guid="new"), a_parsed()),
        (a_parsed(guid=""), a_parsed()),
        (a_parsed(guid="new", link="https://new.example/x"), a_parsed()),
        (a_parsed(guid="new", title="Corrected at last, the title"), a_parsed()),
        (
            a_parsed(guid="new", published_at=NOW, title="Another", summary=LONG),
            a_parsed(summary=LONG + " more"),
        ),
        (a_parsed(guid="", link="https://example.org/story-1?utm_campaign=x"), a_parsed(guid="")),
    ],
    ids=["guid", "guid lost", "domain", "title with date", "long text", "tracking"],
)
def test_a_changed_guid_is_the_same_entry(now_: ParsedEntry, before: ParsedEntry) -> None:
    intents = decided(now_, was=known(before)).intents
    assert "Remember" not in kinds(intents)
    assert all(intent.id.startswith("one-") for intent in intents)


@pytest.mark.parametrize(
    "entry",
    [
        a_parsed(guid="new", title="July", published_at=NOW, summary="What is on in July."),
        a_parsed(guid="new", link="https://example.org/other", published_at=NOW),
    ],
    ids=["a page that is used again", "a title that comes back"],
)
def test_what_only_looks_alike_is_new(entry: ParsedEntry) -> None:
    assert kinds(decided(entry, was=known(a_parsed())).intents) == ["Remember"]


def held(decision: Decision) -> list[str]:
    """Return why entries are held for a person; "" for ordinary news."""
    assert kinds(decision.intents) == ["Remember"] * len(decision.intents)
    return [one.review for one in decision.intents if isinstance(one, Remember)]


SHORT = a_parsed(title="July", summary="What is on.")


@pytest.mark.parametrize(
    ("entry", "before"),
    [
        (replace(SHORT, guid="new"), SHORT),
        (replace(SHORT, guid="new", published_at=NOW), SHORT),
        (replace(SHORT, guid="new", summary="What is on in July."), SHORT),
        (replace(SHORT, guid="new", link="https://new.example/story-1", published_at=NOW), SHORT),
        (
            a_parsed(guid="new", title="The storey of the salt house 1", published_at=NOW),
            a_parsed(),
        ),
        (
            a_parsed(guid="new", link="https://example.org/b", published_at=NOW, summary=LONG),
            a_parsed(summary=LONG),
        ),
        (
            a_parsed(
                guid="new", link="https://new.example/story-1", published_at=NOW, summary=LONG
            ),
            a_parsed(summary=LONG),
        ),
    ],
    ids=[
        "short, link and title",
        "short, its date rewritten",
        "short, its text corrected",
        "short, on another domain with another date",
        "a typo corrected, its date rewritten",
        "another address and date, its long text",
        "another domain, guid and date",
    ],
)
def test_ordinary_changes_of_an_id_need_nobody(entry: ParsedEntry, before: ParsedEntry) -> None:
    assert kinds(decided(entry, was=known(before)).intents)[0] == "Alias"


@pytest.mark.parametrize(
    ("entry", "before", "why"),
    [
        (a_parsed(guid="n", title="July", published_at=NOW, summary="On."), a_parsed(), "address"),
        (
            replace(SHORT, guid="n", published_at=NOW + 5 * DAY, summary="Closed today."),
            SHORT,
            "another date and text",
        ),
        (
            a_parsed(guid="n", link="https://example.org/b", published_at=NOW + 9 * DAY),
            a_parsed(),
            "same words",
        ),
        (
            a_parsed(guid="n", link="https://example.org/b", summary=LONG[::-1]),
            a_parsed(summary=LONG),
            "another text",
        ),
        (
            a_parsed(guid="n", event=TOMORROW),
            a_parsed(event=TODAY),
            "another time",
        ),
    ],
    ids=["page used again", "page and title again", "words again", "other text", "moved event"],
)
def test_what_may_be_known_is_held_for_a_person(
    entry: ParsedEntry, before: ParsedEntry, why: str
) -> None:
    (told,) = held(decided(entry, was=known(before)))
    assert why in told
    assert before.title in told


@pytest.mark.parametrize(
    ("entry", "before"),
    [
        (a_parsed(2), a_parsed(1)),
        (
            a_parsed(guid="n", link="https://example.org/b", published_at=NOW, summary="B"),
            a_parsed(),
        ),
        (replace(SHORT, guid="n", link="https://example.org/b", published_at=NOW), SHORT),
        (
            a_parsed(2, link="https://example.org/"),
            a_parsed(1, link="https://example.org/"),
        ),
        (a_parsed(guid="n", title="Other words", link="https://b.example/story-1"), a_parsed()),
    ],
    ids=["another", "title again", "short words again", "front page", "path on another host"],
)
def test_what_is_plainly_new_is_held_by_nobody(entry: ParsedEntry, before: ParsedEntry) -> None:
    assert held(decided(entry, was=known(before))) == [""]


def test_numbered_titles_on_one_page_are_no_typo_of_each_other() -> None:
    page = "https://example.org/course"
    first = a_parsed(1, title="Basket making, evening 1 of 9", link=page)
    second = a_parsed(2, title="Basket making, evening 2 of 9", link=page)
    (told,) = held(decided(second, was=known(first)))
    assert "same address" in told


LATEST = tuple(NOW - number * DAY for number in range(10))


@pytest.mark.parametrize(
    ("days", "latest", "why"),
    [
        (3.5, LATEST, ""),
        (9.5, LATEST, "before ten"),
        (8, (*(NOW - timedelta(hours=one) for one in range(9)), NOW - 9 * DAY), "a week"),
        (9.5, LATEST[:9], ""),
        (366, (), "year"),
        (3.5, (NOW + 900 * DAY, *LATEST[:9]), ""),
    ],
    ids=["among them", "before the tenth", "a week", "young feed", "a year", "a misspelt year"],
)
def test_an_unknown_entry_that_is_old_is_held(
    days: float, latest: tuple[datetime, ...], why: str
) -> None:
    entry = a_parsed(published_at=NOW - days * DAY)
    (told,) = held(decided(entry, was=Known(latest=latest)))
    assert why in told
    assert bool(told) == bool(why)


def test_an_events_or_an_undated_entrys_age_is_no_doubt() -> None:
    event = a_parsed(1, published_at=NOW - 900 * DAY, event=TOMORROW)
    undated = a_parsed(2, published_at=None)
    assert held(decided(event, undated, was=Known(latest=LATEST))) == ["", ""]


def test_a_flood_of_unknown_keys_holds_what_is_not_later_than_the_known() -> None:
    later = [a_parsed(number, published_at=NOW + number * timedelta(hours=1)) for number in (1, 2)]
    before = [a_parsed(number) for number in range(3, 9)]
    told = held(decided(*before, *later, was=Known(latest=LATEST)))
    assert [bool(one) for one in told] == [True] * 6 + [False] * 2


def test_a_first_poll_lets_the_newest_through_if_asked() -> None:
    feed = a_feed(last_success_at=None, wanted={"seed": 2})
    entries = [a_parsed(3), a_parsed(1), a_parsed(4), a_parsed(2)]
    decision = decided(*entries, feed=feed)
    through = [
        one.identity.content.guid
        for one in decision.intents
        if isinstance(one, Remember) and not one.seeded
    ]
    assert through == ["g1", "g2"]


def test_a_later_poll_seeds_nothing() -> None:
    decision = decided(a_parsed(1), feed=a_feed(wanted={"seed": 1}))
    assert held(decision) == [""]


PAGE = replace(TOMORROW, source=EventSource.PAGE)


def test_an_event_of_the_page_stays_while_the_feed_is_silent_about_it() -> None:
    was = known(a_parsed(event=PAGE))
    assert decided(a_parsed(), was=was).intents == ()
    (intent,) = decided(a_parsed(title="Corrected, the salt house"), was=was).intents
    assert isinstance(intent, Revise)
    assert intent.identity.content.event == PAGE


def test_a_page_that_was_read_anew_changes_its_event() -> None:
    cancelled = replace(PAGE, status="cancelled")
    (intent,) = decided(a_parsed(event=cancelled), was=known(a_parsed(event=PAGE))).intents
    assert isinstance(intent, Revise)
    assert intent.withdrawn
    assert decided(a_parsed(event=PAGE), was=known(a_parsed(event=PAGE))).intents == ()


def test_a_cancelled_event_that_takes_place_after_all_is_back() -> None:
    was = known(a_parsed(event=replace(TOMORROW, status="cancelled")), edits=99)
    (intent,) = decided(a_parsed(event=TOMORROW), was=was).intents
    assert isinstance(intent, Revise)
    assert not intent.withdrawn


@pytest.mark.parametrize(
    ("entry", "before"),
    [
        (a_parsed(), a_parsed()),
        (a_parsed(link="https://new.example/story-1", published_at=None), a_parsed()),
        (
            a_parsed(event=replace(TOMORROW, uid="1@a.example"), title="Ours"),
            a_parsed(event=replace(TOMORROW, uid="1@a.example"), title="Theirs"),
        ),
        (
            a_parsed(title="Festa", link="", event=replace(TOMORROW, place="Argenta")),
            a_parsed(title="FESTA!", event=replace(TOMORROW, place="Argenta, Italia")),
        ),
    ],
    ids=["all of it", "title and path on another host", "UID", "event's title, time and place"],
)
def test_what_is_surely_the_same_is_credited(entry: ParsedEntry, before: ParsedEntry) -> None:
    was = known(before, feed="two", first_seen_at=NOW - 300 * DAY)
    assert kinds(decided(entry, was=was).intents) == ["Credit"]


@pytest.mark.parametrize(
    ("entry", "before"),
    [
        (
            a_parsed(link="", event=replace(TOMORROW, place="Argenta")),
            a_parsed(event=replace(TOMORROW, place="Comacchio")),
        ),
        (
            a_parsed(event=replace(TOMORROW, uid="1"), title="Ours", link=""),
            a_parsed(event=replace(TOMORROW, uid="1"), title="Theirs"),
        ),
    ],
    ids=["one title in two places", "a counter for an UID"],
)
def test_two_events_at_one_time_stay_two(entry: ParsedEntry, before: ParsedEntry) -> None:
    assert kinds(decided(entry, was=known(before, feed="two")).intents) == ["Remember"]


def test_a_title_that_stands_twice_in_a_document_credits_nobody() -> None:
    entries = [a_parsed(n, title="Guided tour of the museum", link="") for n in (1, 2)]
    was = known(a_parsed(title="Guided tour of the museum", published_at=None), feed="two")
    assert kinds(decided(*entries, was=was).intents) == ["Remember", "Remember"]


@pytest.mark.parametrize(
    "change",
    [{}, {"title": "t" * 2000, "summary": LONG * 10}, {"link": "https://example.org/one"}],
    ids=["guids", "long", "one page"],
)
def test_comparing_thousands_with_thousands_looks_at_few(change: dict[str, Any]) -> None:
    before = [a_parsed(number, **change) for number in range(3000)]
    after = [replace(one, guid=f"n{number}") for number, one in enumerate(before)]
    was, named = known(*before), identities(after)
    parsed = ParsedFeed(format="rss20", entries=tuple(after))
    began = process_time()
    decide(a_feed(), parsed, named, was, now=NOW)
    assert process_time() - began < 5  # all pairs would take minutes


def test_entries_that_all_link_to_one_page_stay_apart() -> None:
    page = "https://example.org/news"
    first, second = a_parsed(1, link=page), a_parsed(2, link=page)
    assert kinds(decided(first, second, was=known(first)).intents) == ["Remember"]


def test_evenings_of_a_course_stay_apart() -> None:
    first = a_parsed(1, event=EntryEvent(begins_at=NOW + DAY), published_at=NOW)
    second = replace(first, guid="g2", event=EntryEvent(begins_at=NOW + 8 * DAY))
    assert kinds(decided(second, was=known(first)).intents) == ["Remember"]


def test_one_entry_under_two_ids_in_one_document_is_one() -> None:
    twin = a_parsed(guid="twin")
    assert kinds(decided(a_parsed(), twin).intents) == ["Remember", "Alias"]


def test_a_document_that_says_all_of_it_twice_is_known_under_new_ids_too() -> None:
    before = a_parsed(link="https://example.org/a")
    again = [replace(before, guid=""), replace(before, guid="")]
    assert kinds(decided(*again, was=known(before)).intents) == ["Alias", "Alias"]
    theirs = known(before, feed="two")
    assert kinds(decided(*again, was=theirs).intents) == ["Credit", "Credit"]


def test_a_repeated_guid_is_told_apart_by_its_link() -> None:
    keys = [one.key for one in identities([a_parsed(1), a_parsed(2, guid="g1"), a_parsed(1)])]
    assert len(set(keys)) == 3
    assert keys[0] == "guid:g1"
    assert keys[1] == "guid:g1 //example.org/story-2"


def test_the_key_is_guid_then_link_then_words() -> None:
    keys = [
        one.key
        for one in identities(
            [
                a_parsed(guid=" g1 "),
                a_parsed(guid=""),
                a_parsed(guid="", link=""),
                a_parsed(guid="", link="", title="Other"),
                a_parsed(guid="x" * 2000),
            ]
        )
    ]
    assert keys[0] == "guid:g1"
    assert keys[1] == "link://example.org/story-1"
    assert keys[2].startswith("hash:")
    assert keys[3].startswith("hash:")
    assert keys[2] != keys[3]
    assert keys[4].startswith("long:")


def test_a_first_poll_remembers_everything_and_posts_nothing() -> None:
    decision = decided(a_parsed(1), a_parsed(2), feed=a_feed(last_success_at=None))
    assert [intent.seeded for intent in decision.intents if isinstance(intent, Remember)] == [
        True,
        True,
    ]
    assert decision.problems == ()


def test_after_a_long_silence_a_feed_begins_anew_and_says_so() -> None:
    decision = decided(a_parsed(), feed=a_feed(last_success_at=NOW - 31 * DAY))
    (intent,) = decision.intents
    assert isinstance(intent, Remember)
    assert intent.seeded
    assert "30 days" in decision.problems[0].message


def test_a_feed_whose_ids_and_dates_are_gone_is_no_flood() -> None:
    before = [a_parsed(number, published_at=None, link="") for number in range(10)]
    after = [
        replace(entry, guid=f"new{number}", title=f"Retold {number}")
        for number, entry in enumerate(before)
    ]
    decision = decided(*after, was=known(*before))
    assert all(
        intent.review and not intent.seeded
        for intent in decision.intents
        if isinstance(intent, Remember)
    )
    assert "new ids" in decision.problems[0].message


def test_many_new_entries_with_dates_are_news() -> None:
    decision = decided(*(a_parsed(number) for number in range(10)))
    assert not any(intent.seeded for intent in decision.intents if isinstance(intent, Remember))


@pytest.mark.parametrize(
    "entry",
    [
        a_parsed(guid="theirs", link="http://example.org/story-1?fbclid=1", title="Ours"),
        a_parsed(
            guid="theirs", link="https://o.example/x", title="THE STORY of the\nsalt house 1!"
        ),
    ],
    ids=["link", "title"],
)
def test_the_same_news_in_another_feed_is_credited(entry: ParsedEntry) -> None:
    (intent,) = decided(entry, was=known(a_parsed(), feed="two")).intents
    assert isinstance(intent, Credit)
    assert intent.id == "two-guid:g1"


@pytest.mark.parametrize(
    ("entry", "changes"),
    [
        (a_parsed(link="https://o.example/x"), {"first_seen_at": NOW - 31 * DAY, "content": OLD}),
        (a_parsed(link="https://x.example/", title="Other words"), {"link": "//x.example/"}),
        (a_parsed(link="https://x.example/a", title="Chiuso"), {"title": "chiuso"}),
        (
            a_parsed(event=EntryEvent(begins_at=NOW)),
            {"content": a_parsed(event=EntryEvent(begins_at=NOW + DAY))},
        ),
    ],
    ids=["long ago", "front page", "short title", "another date"],
)
def test_what_is_not_the_same_news_is_not_credited(
    entry: ParsedEntry, changes: dict[str, Any]
) -> None:
    was = known(a_parsed(), feed="two", **changes)
    assert kinds(decided(entry, was=was).intents) == ["Remember"]


def test_another_feeds_edit_changes_nothing_of_the_first() -> None:
    was = Known(
        keys={"guid:g1": EntryId("two-guid:g1")}, entries=known(a_parsed(), feed="two").entries
    )
    assert decided(a_parsed(title="Their wording"), was=was).intents == ()


@pytest.mark.parametrize(
    ("entry", "wanted", "document", "expected"),
    [
        ("sl", {"language": "it"}, "en", "sl"),
        (None, {"language": "it"}, "en", "it"),
        (None, {"partner_language": "pl"}, "en", "en"),
        (None, {"partner_language": "pl"}, None, "pl"),
        (None, {}, None, "und"),
    ],
    ids=["its own", "the officer's", "the document's", "the partner's", "nobody's"],
)
def test_the_language_of_an_entry(
    entry: str | None, wanted: dict[str, Any], document: str | None, expected: str
) -> None:
    (intent,) = decided(
        a_parsed(language=entry),
        feed=a_feed(wanted=wanted),
        language=Language(document) if document else None,
    ).intents
    assert isinstance(intent, Remember)
    assert intent.language == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Example.org/a", "http://example.org:80/a"),
        ("https://example.org:443/a/", "https://example.org/a"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/a?b=2&a=1", "https://example.org/a?a=1&b=2"),
        ("https://example.org/a?utm_source=x&gclid=1&p=1", "https://example.org/a?p=1#c"),
        ("https://example.org/caf%C3%A9", "https://example.org/café"),
    ],
)
def test_links_that_lead_to_one_page_compare_equal(one: str, other: str) -> None:
    assert canonical_link(one) == canonical_link(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/?p=1", "https://example.org/?p=2"),
        ("https://example.org/a", "https://example.org/A"),
        ("https://example.org:8080/a", "https://example.org/a"),
        ("https://a.example.org/", "https://example.org/"),
    ],
)
def test_links_to_two_pages_compare_unequal(one: str, other: str) -> None:
    assert canonical_link(one) != canonical_link(other)


@given(st.text(max_size=100))
def test_any_text_has_a_canonical_form_that_stays(text: str) -> None:
    once = canonical_link(f"https://example.org/{text}")
    assert canonical_link(f"https:{once}") == once or "//" not in once
    canonical_link(text)
    normal_title(text)


def test_titles_compare_by_letters_of_any_script() -> None:
    assert normal_title("Η «Έκθεση», 2027!") == normal_title("η έκθεση 2027")
    assert normal_title("مرحبا، بكم") == "مرحبا بكم"


def test_a_fingerprint_sees_an_events_facts() -> None:
    event = EntryEvent(begins_at=datetime(2027, 5, 16, tzinfo=UTC), place="Argenta")
    prints = {
        fingerprint(a_parsed(event=one))
        for one in (
            event,
            replace(event, place="Comacchio"),
            replace(event, status="cancelled"),
            replace(event, begins_at=NOW),
            replace(event, finishes_at=NOW),
            None,
        )
    }
    assert len(prints) == 6
    assert fingerprint(a_parsed(event=replace(event, sequence=5))) in prints


def test_a_feeds_id_follows_from_its_url() -> None:
    assert feed_id("https://example.org/a") == feed_id("https://example.org/a")
    assert feed_id("https://example.org/a") != feed_id("https://example.org/b")


def test_an_alias_names_the_known_entry() -> None:
    intents = decided(a_parsed(guid="new"), was=known(a_parsed())).intents
    assert intents == (Alias(id=EntryId("one-guid:g1"), key="guid:new"),)


REWRITES = st.fixed_dictionaries(
    {},
    optional={
        "guid": st.just("") | st.integers().map("urn:{}".format),
        "scheme": st.sampled_from(["http://example.org", "https://new.example"]),
        "query": st.sampled_from(["?utm_source=x", "?fbclid=1#top", "/"]),
        "published_at": st.just(NOW),
    },
)


@given(st.lists(REWRITES, min_size=1, max_size=8))
def test_a_site_that_is_rebuilt_has_no_news(rewrites: list[dict[str, Any]]) -> None:
    """Ids, hosts, schemes, trackers and dates change together, each as it likes."""
    before = [a_parsed(number) for number in range(len(rewrites))]
    after = []
    for entry, rewrite in zip(before, rewrites, strict=True):
        scheme, query = rewrite.pop("scheme", ""), rewrite.pop("query", "")
        link = entry.link.replace("https://example.org", scheme or "https://example.org") + query
        after.append(replace(entry, link=link, **rewrite))
    assert "Remember" not in kinds(decided(*after, was=known(*before)).intents)
