"""Which entries are new, edited, known by another id, or another partner's news."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.feed import EntryEvent, EntryImage, ParsedEntry, ParsedFeed
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
from herald.sources.feeds.identify import (
    canonical_link,
    decide,
    feed_id,
    fingerprint,
    identities,
    normal_title,
)
from tests.sources.feeds.documents import NOW

DAY = timedelta(days=1)
NOTHING = Known()
TODAY, TOMORROW = EntryEvent(begins_at=NOW), EntryEvent(begins_at=NOW + DAY)
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
    assert all(intent.seeded for intent in decision.intents if isinstance(intent, Remember))
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
        (a_parsed(), {"first_seen_at": NOW - 31 * DAY}),
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
