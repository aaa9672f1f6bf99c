"""A feed that has credit for another's entry knows its own words for it, whatever comes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from herald.model.feed import ParsedEntry
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds
from tests.contracts.test_feed_store import a_feed, news, polled_before, save

TITLE = "A feast in the salt house"
CORRECTED = "A feast at the old salt house, on Sunday"
MINE = news("mine", title=TITLE)
THEIRS = news("theirs", title=TITLE)


@pytest.fixture
async def feeds(tmp_path: Path) -> AsyncIterator[StoredFeeds]:
    store = await open_store("sqlite:///herald.db", tmp_path)
    yield StoredFeeds(store)
    await store.close()


async def lived(feeds: StoredFeeds, *documents: tuple[str, ParsedEntry]) -> list[str]:
    """Return what was decided of each document of these feeds, by the names of the intents."""
    one, two = await polled_before(feeds, a_feed("one"), a_feed("two"))
    by_name = {"one": one, "two": two}
    told = []
    for name, entry in documents:
        intents = (await save(feeds, by_name[name], entry)).intents
        told.append(" ".join(type(intent).__name__ for intent in intents))
    return told


@pytest.mark.parametrize(
    "renamed",
    [
        pytest.param(news("new", title=TITLE, published_at=None), id="guid, link and date"),
        pytest.param(
            news("new", title="Feast!", link=THEIRS.link, published_at=None), id="guid and title"
        ),
        pytest.param(
            news("new", title=TITLE, link="https://other.example/story"), id="guid and domain"
        ),
    ],
)
async def test_what_its_owner_corrected_is_known_in_another_feeds_old_words(feeds, renamed):
    told = await lived(
        feeds,
        ("one", MINE),
        ("two", THEIRS),
        ("one", news("mine", title=CORRECTED)),
        ("two", renamed),
        ("two", renamed),
    )
    assert told == ["Remember", "Credit", "Revise", "Credit", ""]
    (entry,) = await feeds.entries(MINE.published_at)
    assert entry.partners == ("one", "two")
    assert entry.content.title == CORRECTED


async def test_a_feeds_own_corrections_are_followed(feeds):
    told = await lived(
        feeds,
        ("one", MINE),
        ("two", THEIRS),
        ("two", news("theirs", title="Everybody comes to the feast")),
        ("two", news("new", title="Everybody comes to the feast")),
    )
    assert told == ["Remember", "Credit", "Retell", "Credit"]


async def test_one_feeds_words_are_no_others(feeds):
    told = await lived(
        feeds,
        ("one", MINE),
        ("two", THEIRS),
        ("two", news("theirs", title="Everybody comes to the feast")),
        ("one", news("new", title="Everybody comes to the feast")),
    )
    assert told == ["Remember", "Credit", "Retell", "Remember"]


async def test_what_a_document_still_names_is_not_told_anew(feeds):
    one, two = await polled_before(feeds, a_feed("one"), a_feed("two"))
    await save(feeds, one, MINE)
    await save(feeds, two, THEIRS)
    await save(feeds, one, news("mine", title=CORRECTED))
    decision = await save(feeds, two, THEIRS, news("another", title=TITLE))
    assert [type(intent).__name__ for intent in decision.intents] == ["Remember"]


async def test_words_that_stay_ask_for_nothing(feeds):
    assert await lived(feeds, ("one", MINE), ("two", THEIRS), ("two", THEIRS)) == [
        "Remember",
        "Credit",
        "",
    ]


async def test_looking_words_up_reads_no_other_keys(feeds):
    store = feeds._store
    async with store.reading() as connection:
        for name in ("link_hash", "title_hash"):
            plan = await connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN SELECT entry FROM feed_key WHERE feed = 'a' AND {name} IN"  # noqa: S608
                " ('b', 'c') ORDER BY seen_at DESC"
            )
            assert any(f"ix_feed_key_feed_{name}" in row.detail for row in plan)
