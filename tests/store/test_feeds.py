"""Feeds and entries in the store: what a transaction holds, and what comes back."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.feed import Enclosure, EntryEvent, EntryImage, FeedProblem, ParsedEntry
from herald.model.ids import EntryId, FeedId, Language, PartnerId
from herald.model.polling import (
    Alias,
    Credit,
    Decision,
    Failed,
    Identity,
    Known,
    Remember,
    Revise,
    Unchanged,
    Understood,
    Validators,
    WantedFeed,
)
from herald.store.engine import open_store
from herald.store.feed_values import read_content, read_problems, write_content, write_problems
from herald.store.feeds import StoredFeeds
from tests.makers import NOON
from tests.stores import lay_older_store

DAY = timedelta(days=1)
ONE, TWO = (
    WantedFeed(id=FeedId(name), url=f"https://{name}.example", partners=(PartnerId(name),))
    for name in ("one", "two")
)
POLL = Understood(
    title="Ecomuseo",
    validators=Validators(etag='"e"', last_modified="then"),
    body_hash="h",
    interval=timedelta(hours=3),
    next_check_at=NOON + DAY,
)
WHOLE = ParsedEntry(
    guid="g",
    title="Ħ é",
    summary="text",
    link="https://example.org/a",
    published_at=NOON,
    updated_at=NOON,
    language=Language("mt"),
    author="Ana",
    categories=("a", "b"),
    image=EntryImage(url="https://example.org/i.png", alt="A pan"),
    enclosures=(Enclosure(url="https://example.org/t.mp3", type="audio/mpeg", length=5),),
    event=EntryEvent(uid="u", begins_at=NOON, finishes_at=NOON, zone="Europe/Rome", place="x"),
    licence="CC0",
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[StoredFeeds]:
    opened = await open_store("sqlite:///herald.db", tmp_path)
    feeds = StoredFeeds(opened)
    await feeds.sync_feeds([ONE, TWO], now=NOON)
    yield feeds
    await opened.close()


def an_identity(key: str = "guid:g", **changes: object) -> Identity:
    values: dict[str, object] = {
        "key": key,
        "link": f"//example.org/{key}",
        "title": f"title of {key}",
        "fingerprint": "f",
        "content": replace(WHOLE, guid=key),
    }
    return Identity(**(values | changes))  # type: ignore[arg-type]


def remembering(key: str = "guid:g") -> Remember:
    return Remember(
        id=EntryId(key),
        identity=an_identity(key),
        language=Language("mt"),
        licence="CC-BY-4.0",
        seeded=False,
    )


async def save(store: StoredFeeds, *intents: object, feed: FeedId = ONE.id) -> None:
    decision = Decision(intents=intents)  # type: ignore[arg-type]
    await store.save_understood(feed, POLL, (), lambda known: decision, now=NOON)


async def test_an_entry_comes_back_as_it_was(store: StoredFeeds) -> None:
    await save(store, remembering())
    (entry,) = await store.entries(NOON)
    assert entry.content == replace(WHOLE, guid="guid:g", licence="CC-BY-4.0")
    assert (entry.id, entry.feed, entry.partners) == ("guid:g", "one", ("one",))
    assert (entry.language, entry.first_seen_at, entry.seeded) == ("mt", NOON, False)


async def test_entries_validators_and_keys_are_saved_together_or_not_at_all(
    store: StoredFeeds,
) -> None:
    def breaks(known: Known) -> Decision:
        raise RuntimeError("a crash in the middle")

    with pytest.raises(RuntimeError):
        await store.save_understood(ONE.id, POLL, (an_identity(),), breaks, now=NOON)
    (health, _) = await store.health(now=NOON)
    assert health.feed.validators == Validators()
    assert health.feed.last_success_at is None
    assert await store.entries(NOON - DAY) == ()


async def test_deciding_sees_keys_of_the_feed_and_likenesses_in_all(store: StoredFeeds) -> None:
    await save(store, remembering("guid:a"))
    await save(store, remembering("guid:b"), feed=TWO.id)
    seen: list[Known] = []

    def look(known: Known) -> Decision:
        seen.append(known)
        return Decision()

    named = (
        an_identity("guid:a"),
        an_identity("guid:new", link="//example.org/guid:b"),
        an_identity("guid:newer", title="title of guid:b", link=""),
    )
    await store.save_understood(ONE.id, POLL, named, look, now=NOON)
    assert dict(seen[0].keys) == {"guid:a": "guid:a"}
    assert set(seen[0].entries) == {"guid:a", "guid:b"}
    assert seen[0].entries[EntryId("guid:b")].feed == "two"
    assert seen[0].entries[EntryId("guid:b")].content == replace(WHOLE, guid="guid:b")


async def test_an_empty_link_or_title_is_like_no_other(store: StoredFeeds) -> None:
    nameless = replace(remembering("guid:a"), identity=an_identity("guid:a", link="", title=""))
    await save(store, nameless)
    seen: list[Known] = []

    def look(known: Known) -> Decision:
        seen.append(known)
        return Decision()

    other = an_identity("guid:b", link="", title="")
    await store.save_understood(TWO.id, POLL, (other,), look, now=NOON)
    assert seen[0].entries == {}


async def test_a_revision_replaces_and_counts(store: StoredFeeds) -> None:
    await save(store, remembering())
    edited = an_identity(content=replace(WHOLE, title="Edited"), fingerprint="other")
    revise = Revise(id=EntryId("guid:g"), identity=edited, feed=ONE.id, withdrawn=True)
    await save(store, revise)
    (entry,) = await store.entries(NOON)
    assert (entry.content.title, entry.fingerprint, entry.withdrawn) == ("Edited", "other", True)
    assert entry.language == "mt"
    assert entry.first_seen_at == NOON


async def test_an_alias_is_a_key_like_the_first(store: StoredFeeds) -> None:
    await save(store, remembering(), Alias(id=EntryId("guid:g"), key="guid:alias"))
    seen: list[Known] = []

    def look(known: Known) -> Decision:
        seen.append(known)
        return Decision()

    await store.save_understood(ONE.id, POLL, (an_identity("guid:alias"),), look, now=NOON)
    assert dict(seen[0].keys) == {"guid:alias": "guid:g"}


async def test_credit_is_shared_once_and_in_order(store: StoredFeeds) -> None:
    await save(store, remembering())
    await save(store, Credit(id=EntryId("guid:g"), key="guid:theirs"), feed=TWO.id)
    await save(store, Credit(id=EntryId("guid:g"), key="guid:again"), feed=TWO.id)
    (entry,) = await store.entries(NOON)
    assert entry.partners == ("one", "two")


async def test_a_failure_keeps_since_when(store: StoredFeeds) -> None:
    for hours in (0, 5):
        await store.save_failed(
            ONE.id,
            Failed(why=f"why {hours}", next_check_at=NOON),
            now=NOON + timedelta(hours=hours),
        )
    (health, _) = await store.health(now=NOON)
    assert (health.feed.errors, health.feed.trouble) == (2, "why 5")
    assert health.feed.trouble_since == NOON
    await store.save_unchanged(
        ONE.id, Unchanged(validators=Validators(), next_check_at=NOON), now=NOON
    )
    (health, _) = await store.health(now=NOON)
    assert (health.feed.errors, health.feed.trouble_since) == (0, None)


async def test_the_longest_due_is_taken_first_and_a_lapsed_lease_is_free(
    store: StoredFeeds,
) -> None:
    await store.save_failed(ONE.id, Failed(why="x", next_check_at=NOON - DAY), now=NOON)
    claims = [
        await store.claim_feeds(owner="a", now=now, most=1, lease=DAY)
        for now in (NOON, NOON, NOON, NOON + DAY)
    ]
    assert [[feed.id for feed in claim] for claim in claims] == [["one"], ["two"], [], ["one"]]


async def test_only_entries_since_then_and_events_from_then(store: StoredFeeds) -> None:
    plain = replace(
        remembering("guid:plain"),
        identity=an_identity("guid:plain", content=replace(WHOLE, event=None)),
    )
    await save(store, remembering("guid:event"), plain)
    assert len(await store.entries(NOON)) == 2
    assert await store.entries(NOON + DAY) == ()
    later = replace(WHOLE, event=EntryEvent(begins_at=NOON + 90 * DAY))
    revise = Revise(
        id=EntryId("guid:event"),
        identity=an_identity(content=later),
        feed=ONE.id,
        withdrawn=False,
    )
    await save(store, revise)
    assert [entry.id for entry in await store.entries(NOON + DAY)] == ["guid:event"]


MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
)


@given(
    title=st.text(),
    moment=st.none() | MOMENTS,
    begins=st.none() | MOMENTS,
    tags=st.lists(st.text()),
)
def test_whatever_an_entry_holds_is_read_as_it_was_written(
    title: str, moment: datetime | None, begins: datetime | None, tags: list[str]
) -> None:
    content = replace(
        WHOLE,
        title=title,
        published_at=moment,
        categories=tuple(tags),
        event=EntryEvent(begins_at=begins, finishes_at=moment) if begins else None,
        image=None if moment is None else WHOLE.image,
        language=None if begins is None else WHOLE.language,
    )
    assert read_content(write_content(content)) == content


def test_problems_come_back() -> None:
    problems = (FeedProblem(severity="warning", message="è"),)
    assert read_problems(write_problems(problems)) == problems
    assert read_problems(write_problems(())) == ()


async def test_a_store_of_before_learns_when_its_entries_were_published(tmp_path: Path) -> None:
    """What earlier versions wrote is read as if this one had written it."""
    opened = await open_store("sqlite:///now.db", tmp_path)
    feeds = StoredFeeds(opened)
    await feeds.sync_feeds([ONE], now=NOON)
    await save(feeds, remembering())
    await opened.close()
    await asyncio.to_thread(lay_older_store, tmp_path / "herald.db", "0003", tmp_path / "now.db")
    with closing(sqlite3.connect(tmp_path / "herald.db")) as connection, connection:
        ((content,),) = connection.execute("SELECT content FROM entry").fetchall()
        old = json.loads(content)
        old["event"] |= {"uid": "walk@one.example"}
        for name in ("source", "by", "called_off_by"):
            del old["event"][name]
        connection.execute("UPDATE entry SET content = ?", (json.dumps(old),))
    opened = await open_store("sqlite:///herald.db", tmp_path)
    feeds = StoredFeeds(opened)
    seen: list[Known] = []

    def look(known: Known) -> Decision:
        seen.append(known)
        return Decision()

    new = an_identity("guid:new", uid="walk@one.example")
    await feeds.save_understood(ONE.id, POLL, (new,), look, now=NOON)
    assert seen[0].latest == (NOON,)
    assert list(seen[0].entries) == ["guid:g"]
    (entry,) = await feeds.entries(NOON)
    assert WHOLE.event is not None
    assert entry.content.event == replace(WHOLE.event, uid="walk@one.example")
    (health,) = await feeds.health(now=NOON)
    assert health.feed.wanted == ONE
    assert (
        await feeds.claim_feeds(
            owner="a", now=NOON + DAY, most=1, lease=DAY, not_hosts=["one.example"]
        )
        == ()
    )
    await opened.close()
