"""What every store of feeds promises, whichever database it stands on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from herald.model.feed import Cadence, EntryEvent, EventSource, HubLink, ParsedEntry, ParsedFeed
from herald.model.ids import EntryId, FeedId, Language, PartnerId
from herald.model.polling import (
    Credit,
    Decision,
    Failed,
    Feed,
    Known,
    Move,
    Remember,
    Revise,
    Unchanged,
    Understood,
    Validators,
    WantedFeed,
)
from herald.ports import FeedStore
from herald.sources.feeds.identity.identify import decide, identities
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds
from tests.makers import NOON

DAY = timedelta(days=1)
LEASE = timedelta(minutes=10)
LATER = NOON + DAY
POLL = Understood(
    title="Ecomuseo",
    validators=Validators(etag='"e"', last_modified="then"),
    body_hash="hash",
    interval=timedelta(hours=3),
    next_check_at=LATER,
)


@pytest.fixture
async def feeds(store_url: str, tmp_path: Path) -> AsyncIterator[StoredFeeds]:
    store = await open_store(store_url, tmp_path)
    yield StoredFeeds(store)
    await store.close()


def a_feed(name: str, host: str = "", **changes: object) -> WantedFeed:
    values: dict[str, object] = {
        "id": FeedId(name),
        "url": f"https://{host or name}.example/{name}",
        "partners": (PartnerId(name),),
    }
    return WantedFeed(**(values | changes))  # type: ignore[arg-type]


def some_feeds(count: int, host: str = "") -> tuple[WantedFeed, ...]:
    return tuple(a_feed(f"{host}feed-{nth:03}", host) for nth in range(count))


def news(name: str, *, title: str = "", **changes: object) -> ParsedEntry:
    values: dict[str, object] = {
        "guid": name,
        "title": title or f"The news that is called {name}",
        "link": f"https://{name}.example/story",
        "published_at": NOON,
    }
    return ParsedEntry(**(values | changes))  # type: ignore[arg-type]


async def claim(feeds: FeedStore, *, owner: str = "a", most: int = 100) -> list[str]:
    taken = await feeds.claim_feeds(owner=owner, now=NOON, most=most, lease=LEASE)
    return [each.id for each in taken]


async def the_feed(feeds: FeedStore, name: str) -> Feed:
    return next(each.feed for each in await feeds.health(now=NOON) if each.feed.id == FeedId(name))


async def save(
    feeds: FeedStore, feed: Feed, *entries: ParsedEntry, poll: Understood = POLL
) -> Decision:
    """Save a document as polling does, decided by what is known."""
    parsed = ParsedFeed(format="rss20", language=Language("it"), entries=entries)
    named = identities(entries)
    return await feeds.save_understood(
        feed.id, poll, named, lambda known: decide(feed, parsed, named, known, now=NOON), now=NOON
    )


async def polled_before(feeds: FeedStore, *wanted: WantedFeed) -> list[Feed]:
    """Make feeds whose first poll, which only remembers, is behind them."""
    await feeds.sync_feeds(wanted, now=NOON)
    for each in wanted:
        await feeds.save_understood(each.id, POLL, (), lambda known: Decision(), now=NOON)
    return [await the_feed(feeds, each.id) for each in wanted]


# Claiming


async def test_a_claim_is_exclusive_until_its_lease_ends(feeds: FeedStore) -> None:
    await feeds.sync_feeds(some_feeds(3), now=NOON)
    assert len(await claim(feeds, owner="a")) == 3
    assert await claim(feeds, owner="b") == []
    again = await feeds.claim_feeds(owner="b", now=NOON + LEASE, most=9, lease=LEASE)
    assert len(again) == 3


async def test_concurrent_claims_share_the_feeds(feeds: FeedStore) -> None:
    await feeds.sync_feeds(some_feeds(40), now=NOON)
    claims = await asyncio.gather(
        *(claim(feeds, owner=f"worker {nth}", most=10) for nth in range(5))
    )
    taken = [name for some in claims for name in some]
    assert len(taken) == len(set(taken)) == 40


async def test_the_longest_due_is_claimed_first(feeds: FeedStore) -> None:
    wanted = some_feeds(4)
    await feeds.sync_feeds(wanted, now=NOON)
    for hours, each in zip((3, 1, 4, 2), wanted, strict=True):
        failed = Failed(why="late", next_check_at=NOON - timedelta(hours=hours))
        await feeds.save_failed(each.id, failed, now=NOON)
    assert await claim(feeds) == ["feed-002", "feed-000", "feed-003", "feed-001"]


async def test_a_server_with_many_feeds_leaves_hands_for_the_others(feeds: FeedStore) -> None:
    await feeds.sync_feeds(some_feeds(50, "big"), now=NOON - DAY)
    await feeds.sync_feeds((*some_feeds(50, "big"), *some_feeds(3)), now=NOON)
    taken = await feeds.claim_feeds(owner="a", now=NOON, most=10, lease=LEASE, each_host=4)
    hosts = [each.wanted.url.split("/")[2] for each in taken]
    assert hosts.count("big.example") == 4
    assert len(hosts) == 7


async def test_a_server_that_is_busy_is_left_out(feeds: FeedStore) -> None:
    await feeds.sync_feeds((*some_feeds(5, "big"), a_feed("small")), now=NOON)
    taken = await feeds.claim_feeds(
        owner="a", now=NOON, most=10, lease=LEASE, not_hosts=("big.example",)
    )
    assert [each.id for each in taken] == ["small"]


async def test_what_is_given_back_is_due_as_before(feeds: FeedStore) -> None:
    await feeds.sync_feeds(some_feeds(3), now=NOON)
    taken = await claim(feeds, owner="a")
    await feeds.give_back([FeedId(taken[0]), FeedId(taken[2])], owner="a")
    await feeds.give_back([FeedId(taken[1])], owner="another")
    assert await claim(feeds, owner="b") == [taken[0], taken[2]]


async def test_leases_of_the_dead_are_ended_at_once(feeds: StoredFeeds) -> None:
    await feeds.sync_feeds(some_feeds(3), now=NOON)
    await claim(feeds, owner="dead")
    assert await feeds.end_leases() == 3
    assert len(await claim(feeds, owner="alive")) == 3


# Configuration


async def test_configuring_twice_changes_nothing(feeds: FeedStore) -> None:
    wanted = a_feed(
        "one", seed=2, every=timedelta(hours=2), event_pages="never", posts_of="bluesky"
    )
    await polled_before(feeds, wanted)
    before = await the_feed(feeds, "one")
    await feeds.sync_feeds([wanted], now=LATER)
    assert await the_feed(feeds, "one") == before
    assert before.wanted == wanted


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"every": timedelta(hours=2)},
        {"event_pages": "always"},
        {"licence": "CC0"},
        {"language": Language("sl")},
        {"partners": (PartnerId("one"), PartnerId("two"))},
        {"posts_of": "mastodon"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_feed_whose_line_changed_is_asked_anew(
    feeds: FeedStore, change: dict[str, object]
) -> None:
    await polled_before(feeds, a_feed("one"))
    await feeds.sync_feeds([a_feed("one", **change)], now=NOON)
    feed = await the_feed(feeds, "one")
    assert (feed.validators, feed.body_hash, feed.next_check_at) == (Validators(), "", NOON)


async def test_a_feed_that_left_and_returned_knows_what_it_said(feeds: FeedStore) -> None:
    (feed,) = await polled_before(feeds, a_feed("one"))
    await save(feeds, feed, news("a"))
    await feeds.sync_feeds([], now=NOON)
    assert await feeds.health(now=NOON) == ()
    assert await feeds.entries(NOON) == ()
    await feeds.sync_feeds([a_feed("one")], now=NOON)
    assert await claim(feeds) == ["one"]
    again = await save(feeds, await the_feed(feeds, "one"), news("a"))
    assert again.intents == ()
    assert len(await feeds.entries(NOON)) == 1


# Saving


async def test_what_a_document_and_its_server_told_comes_back(feeds: FeedStore) -> None:
    await feeds.sync_feeds([a_feed("one")], now=NOON)
    told = replace(
        POLL,
        entries=12,
        cadence=Cadence(
            pause=timedelta(hours=2), closed_hours=frozenset({0, 23}), closed_days=frozenset({6})
        ),
        hub=HubLink(hub="https://hub.example/", topic="https://one.example/feed"),
        move=Move(to="https://new.example/", since=NOON, polls=3),
    )
    await save(feeds, await the_feed(feeds, "one"), poll=told)
    feed = await the_feed(feeds, "one")
    assert (feed.entries, feed.cadence, feed.hub) == (12, told.cadence, told.hub)
    assert (feed.move, feed.validators, feed.title) == (told.move, POLL.validators, "Ecomuseo")


async def test_a_validator_that_an_answer_lacks_stays(feeds: FeedStore) -> None:
    await polled_before(feeds, a_feed("one"))
    poll = Unchanged(validators=Validators(etag='"f"'), next_check_at=LATER)
    await feeds.save_unchanged(FeedId("one"), poll, now=NOON)
    feed = await the_feed(feeds, "one")
    assert feed.validators == Validators(etag='"f"', last_modified="then")


@pytest.mark.parametrize("adopted", ["https://new.example/", ""])
async def test_another_address_drops_what_the_old_one_gave(feeds: FeedStore, adopted: str) -> None:
    await polled_before(feeds, a_feed("one"))
    steps = ["https://new.example/", adopted]
    for step in dict.fromkeys(steps):
        poll = Unchanged(validators=Validators(etag='"f"'), next_check_at=LATER, adopted=step)
        await feeds.save_unchanged(FeedId("one"), poll, now=NOON)
    feed = await the_feed(feeds, "one")
    assert (feed.adopted, feed.validators, feed.body_hash) == (adopted, Validators(), "")


async def test_a_failure_that_gives_up_an_address_drops_its_validators(feeds: FeedStore) -> None:
    await polled_before(feeds, a_feed("one"))
    failed = Failed(why="away", next_check_at=LATER)
    await feeds.save_failed(FeedId("one"), failed, now=NOON)
    assert (await the_feed(feeds, "one")).validators == POLL.validators
    adopted = Unchanged(validators=Validators(), next_check_at=LATER, adopted="https://n.example/")
    await feeds.save_unchanged(FeedId("one"), adopted, now=NOON)
    whole = replace(POLL, adopted="https://n.example/")
    await save(feeds, await the_feed(feeds, "one"), poll=whole)
    assert (await the_feed(feeds, "one")).validators == POLL.validators
    await feeds.save_failed(FeedId("one"), failed, now=NOON)
    assert (await the_feed(feeds, "one")).validators == Validators()


async def test_concurrent_saves_of_every_kind_are_all_written(feeds: FeedStore) -> None:
    known = await polled_before(feeds, *some_feeds(60))
    calm = Unchanged(validators=Validators(), next_check_at=LATER + DAY)
    failed = Failed(why="away", next_check_at=LATER + 2 * DAY)
    await asyncio.gather(
        *(save(feeds, each, news(f"n{each.id}")) for each in known[:20]),
        *(feeds.save_unchanged(each.id, calm, now=NOON) for each in known[20:40]),
        *(feeds.save_failed(each.id, failed, now=NOON) for each in known[40:]),
    )
    assert len(await feeds.entries(NOON)) == 20
    days = [each.feed.next_check_at for each in await feeds.health(now=NOON)]
    assert [days.count(LATER + nth * DAY) for nth in range(3)] == [20, 20, 20]


async def test_deciding_that_breaks_over_one_document_spares_the_others(feeds: FeedStore) -> None:
    known = await polled_before(feeds, *some_feeds(10))

    def breaks(known: Known) -> Decision:
        raise RuntimeError("a bug")

    results = await asyncio.gather(
        *(save(feeds, each, news(f"n{each.id}")) for each in known[:5]),
        feeds.save_understood(known[5].id, replace(POLL, body_hash="other"), (), breaks, now=NOON),
        *(save(feeds, each, news(f"n{each.id}")) for each in known[6:]),
        return_exceptions=True,
    )
    assert [type(each) for each in results] == [Decision] * 5 + [RuntimeError] + [Decision] * 4
    assert len(await feeds.entries(NOON)) == 9
    assert (await the_feed(feeds, known[5].id)).body_hash == POLL.body_hash


async def test_saving_twice_remembers_once_and_loses_nothing_beside_it(feeds: FeedStore) -> None:
    (feed,) = await polled_before(feeds, a_feed("one"))
    known, fresh = remembering(news("a")), remembering(news("b"))
    for intents in ((known,), (known, fresh), (fresh, known)):
        decision = Decision(intents=intents)
        await feeds.save_understood(feed.id, POLL, (), lambda _, d=decision: d, now=NOON)
    assert sorted(each.content.guid for each in await feeds.entries(NOON)) == ["a", "b"]


def remembering(entry: ParsedEntry) -> Remember:
    (identity,) = identities([entry])
    return Remember(
        id=EntryId(f"id-{entry.guid}"),
        identity=identity,
        language=Language("it"),
        licence="",
        seeded=False,
    )


async def test_the_same_news_of_two_feeds_at_the_same_moment_is_one(feeds: FeedStore) -> None:
    one, two = await polled_before(feeds, a_feed("one"), a_feed("two"))
    title = "The festival of salt is back in town"
    await asyncio.gather(
        save(feeds, one, news("a", title=title)), save(feeds, two, news("b", title=title))
    )
    (entry,) = await feeds.entries(NOON)
    assert entry.partners == ("one", "two")


async def test_many_feeds_share_the_credit_in_the_order_in_which_they_told(
    feeds: FeedStore,
) -> None:
    known = await polled_before(feeds, *some_feeds(6))
    first = remembering(news("a"))
    await feeds.save_understood(
        known[0].id, POLL, (), lambda _: Decision(intents=(first,)), now=NOON
    )

    def shared(key: str) -> Decision:
        return Decision(intents=(Credit(id=first.id, key=key),))

    await asyncio.gather(
        *(
            feeds.save_understood(each.id, POLL, (), lambda _, key=each.id: shared(key), now=NOON)
            for each in known[1:]
        )
    )
    (entry,) = await feeds.entries(NOON)
    assert entry.partners == tuple(each.id for each in known)


async def test_a_review_comes_back_with_its_entry(feeds: FeedStore) -> None:
    (feed,) = await polled_before(feeds, a_feed("one"))
    doubtful = replace(remembering(news("a")), review="older than a year")
    await feeds.save_understood(
        feed.id, POLL, (), lambda _: Decision(intents=(doubtful,)), now=NOON
    )
    (entry,) = await feeds.entries(NOON)
    assert entry.review == "older than a year"


async def test_deciding_hears_when_the_ten_newest_entries_were_published(
    feeds: FeedStore,
) -> None:
    (feed,) = await polled_before(feeds, a_feed("one"))
    moments = [NOON - nth * DAY for nth in range(15)]
    await save(feeds, feed, *(news(f"n{nth}", published_at=at) for nth, at in enumerate(moments)))
    await save(feeds, feed, news("undated", published_at=None))
    seen: list[Known] = []

    def look(known: Known) -> Decision:
        seen.append(known)
        return Decision()

    await feeds.save_understood(feed.id, POLL, identities([news("new")]), look, now=NOON)
    assert seen[0].latest == tuple(moments[:10])


async def test_a_large_document_is_decided_by_what_is_known_when_it_is_written(
    feeds: FeedStore,
) -> None:
    """Deciding begins before its transaction; what another feed says meanwhile still counts."""
    one, two = await polled_before(feeds, a_feed("one"), a_feed("two"))
    many = [news(f"n{nth}") for nth in range(600)]
    shared = news("same", title=many[7].title, link=many[7].link)
    await asyncio.gather(save(feeds, one, *many), save(feeds, two, shared))
    entries = await feeds.entries(NOON)
    assert len(entries) == 600
    assert sum(each.partners in {("one", "two"), ("two", "one")} for each in entries) == 1
    again = await save(feeds, one, *many, news("fresh"))
    assert len(again.intents) == 1


async def test_an_edit_is_known_to_the_next_document(feeds: FeedStore) -> None:
    (feed,) = await polled_before(feeds, a_feed("one"))
    await save(feeds, feed, news("a"))
    edited = await save(feeds, feed, news("a", title="Said anew, in quite other words"))
    assert [type(each) for each in edited.intents] == [Revise]
    again = await save(feeds, feed, news("a", title="Said anew, in quite other words"))
    assert again.intents == ()
    (entry,) = await feeds.entries(NOON)
    assert entry.content.title == "Said anew, in quite other words"


# Pages


async def test_what_pages_told_is_remembered_by_key(feeds: FeedStore) -> None:
    (feed,) = await polled_before(feeds, a_feed("one"))
    walk = EntryEvent(begins_at=LATER, source=EventSource.PAGE)
    listed = replace(walk, source=EventSource.FEED)
    entries = (news("a", event=walk), news("b", event=listed), news("c"))
    await save(feeds, feed, *entries)
    named = identities(entries)
    keys = [each.key for each in named]
    assert await feeds.known_fingerprints(feed.id, [*keys, "unknown"]) == {
        each.key: each.fingerprint for each in named
    }
    assert await feeds.page_events(feed.id, keys) == {keys[0]: walk}


async def test_a_page_that_calls_an_event_off_is_heard_though_its_feed_says_the_same(
    feeds: FeedStore,
) -> None:
    (feed,) = await polled_before(feeds, a_feed("one"))
    walk = EntryEvent(begins_at=LATER, source=EventSource.PAGE)
    await save(feeds, feed, news("a", event=walk))
    off = news("a", event=replace(walk, status="cancelled"))
    assert identities([off])[0].fingerprint == identities([news("a", event=walk)])[0].fingerprint
    decision = await save(feeds, feed, off)
    assert [type(each) for each in decision.intents] == [Revise]
    (entry,) = await feeds.entries(NOON)
    assert entry.withdrawn


# An event in several feeds


WALK = EntryEvent(uid="walk@museum.example", begins_at=LATER, place="Argenta")
STORY = "A walk through the flooded fields"


def the_walk(name: str, event: EntryEvent | None, **changes: object) -> ParsedEntry:
    page = {"link": "https://museum.example/walk", "title": STORY}
    return news(name, event=event, **(page | changes))  # type: ignore[arg-type]


async def test_an_event_that_another_feed_brought_is_called_off_and_back_by_that_feed(
    feeds: FeedStore,
) -> None:
    blog, calendar = await polled_before(feeds, a_feed("blog"), a_feed("calendar"))
    await save(feeds, blog, the_walk("n", None))
    seen = []
    for status in ("confirmed", "cancelled", "cancelled", "confirmed"):
        await save(feeds, calendar, the_walk("e", replace(WALK, status=status)))
        await save(feeds, blog, the_walk("n", None))
        (entry,) = await feeds.entries(NOON)
        assert entry.content.event is not None
        seen.append((entry.withdrawn, entry.content.event.status))
    off = (True, "cancelled")
    assert seen == [(False, "confirmed"), off, off, (False, "confirmed")]
    assert (entry.partners, entry.feed) == (("blog", "calendar"), "blog")
    assert entry.content.guid == "n"
    assert entry.content.event == replace(WALK, by=calendar.id)


@pytest.mark.parametrize("off", ["cancelled", "postponed"])
async def test_feeds_that_are_saved_together_hide_nothing_of_an_event_from_each_other(
    feeds: FeedStore, off: str
) -> None:
    """One that says what it said is not read again, but the next one needs what is stored."""
    names = ("mine", "theirs", "third")
    mine, theirs, third = await polled_before(feeds, *(a_feed(name) for name in names))
    for each in (mine, theirs, third):
        await save(feeds, each, the_walk(each.id, WALK))
    await save(feeds, theirs, the_walk("theirs", replace(WALK, status=off)))
    for _ in range(2):
        await asyncio.gather(
            save(feeds, mine, the_walk("mine", WALK)), save(feeds, third, the_walk("third", WALK))
        )
        (entry,) = await feeds.entries(NOON)
        assert entry.content.event is not None
        assert entry.content.event.status == off
    await asyncio.gather(
        save(feeds, mine, the_walk("mine", WALK)), save(feeds, theirs, the_walk("theirs", WALK))
    )
    (entry,) = await feeds.entries(NOON)
    assert entry.content.event == WALK
    assert not entry.withdrawn


async def test_a_cancellation_by_a_feed_that_left_ends_with_the_next_word_of_another(
    feeds: FeedStore,
) -> None:
    mine, theirs = await polled_before(feeds, a_feed("mine"), a_feed("theirs"))
    await save(feeds, mine, the_walk("a", WALK))
    await save(feeds, theirs, the_walk("b", replace(WALK, status="cancelled")))
    await feeds.sync_feeds([a_feed("mine")], now=NOON)
    await save(feeds, mine, the_walk("a", WALK))
    (entry,) = await feeds.entries(NOON)
    assert not entry.withdrawn


async def test_news_and_a_calendar_of_one_partner_that_come_together_meet_by_title(
    feeds: FeedStore,
) -> None:
    who = (PartnerId("museum"),)
    first, blog, calendar = await polled_before(
        feeds, a_feed("first"), a_feed("blog", partners=who), a_feed("calendar", partners=who)
    )
    await asyncio.gather(
        save(feeds, first),  # what comes while it is written is written together
        save(feeds, blog, news("n", title=STORY, published_at=NOON - DAY)),
        save(feeds, calendar, news("e", title=STORY, event=WALK, link="")),
    )
    (entry,) = await feeds.entries(NOON)
    assert entry.content.event is not None


async def test_an_edit_and_an_event_that_come_together_are_both_kept(feeds: FeedStore) -> None:
    blog, calendar = await polled_before(feeds, a_feed("blog"), a_feed("calendar"))
    await save(feeds, blog, the_walk("n", None))
    for round_ in range(4):
        place = f"Room {round_}"
        both = [
            (blog, the_walk("n", None, summary=place)),
            (calendar, the_walk("e", replace(WALK, place=place))),
        ]
        await asyncio.gather(
            *(save(feeds, feed, each) for feed, each in both[:: 1 - round_ % 2 * 2])
        )
        (entry,) = await feeds.entries(NOON)
        assert entry.content.event is not None
        assert (entry.content.summary, entry.content.event.place) == (place, place)


async def test_calendars_meet_by_an_events_uid_alone(feeds: FeedStore) -> None:
    one, two = await polled_before(feeds, a_feed("one"), a_feed("two"))
    await save(feeds, one, news("a", event=WALK))
    await save(feeds, two, news("b", event=WALK), news("c", event=replace(WALK, uid="1")))
    partners = {each.content.guid: each.partners for each in await feeds.entries(NOON)}
    assert partners == {"a": ("one", "two"), "c": ("two",)}


async def test_what_a_feed_that_left_said_is_its_heirs_to_edit(feeds: FeedStore) -> None:
    old, new = await polled_before(feeds, a_feed("old"), a_feed("new"))
    await save(feeds, old, the_walk("a", WALK))
    await feeds.sync_feeds([a_feed("new")], now=NOON)
    await save(feeds, new, the_walk("b", WALK, summary="On the new host"))
    await save(feeds, new, the_walk("b", replace(WALK, status="cancelled")))
    (entry,) = await feeds.entries(NOON)
    assert (entry.feed, entry.partners, entry.withdrawn) == ("new", ("new",), True)
    (health,) = await feeds.health(now=NOON)
    assert health.entries == 1


async def test_of_two_heirs_at_the_same_moment_one_goes_on_with_the_words(
    feeds: FeedStore,
) -> None:
    old, one, two = await polled_before(feeds, *(a_feed(name) for name in ("old", "one", "two")))
    await save(feeds, old, the_walk("a", None))
    await feeds.sync_feeds([a_feed("one"), a_feed("two")], now=NOON)
    decisions = await asyncio.gather(
        save(feeds, one, the_walk("b", None, summary="In the words of the one")),
        save(feeds, two, the_walk("c", None, summary="In the words of the other")),
    )
    kinds = sorted([type(each).__name__ for each in made.intents] for made in decisions)
    assert kinds == [["Credit"], ["Credit", "Revise"]]


# Interruptions


async def test_a_save_that_is_interrupted_is_whole_or_not_there(feeds: FeedStore) -> None:
    known = await polled_before(feeds, *some_feeds(20))
    saves = [asyncio.create_task(save(feeds, each, news(f"n{each.id}"))) for each in known]
    for steps, each in enumerate(saves[::3]):
        for _ in range(steps):
            await asyncio.sleep(0)
        each.cancel()
    await asyncio.gather(*saves, return_exceptions=True)
    for each in known:
        await save(feeds, each, news(f"n{each.id}"))
    titles = [each.content.title for each in await feeds.entries(NOON)]
    assert len(titles) == len(set(titles)) == 20
