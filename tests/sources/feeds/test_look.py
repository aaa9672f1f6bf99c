"""Looking at one feed without remembering it."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.clock import SetClock
from herald.model.feed import EventSource
from herald.sources.feeds.advice.look import addresses_of, look_at
from tests.sources.feeds.documents import NOW, a_site, item, rss


async def test_a_visit_says_where_the_answer_came_from_and_how_large_it_was() -> None:
    async with a_site() as site:
        new = site.serve("/new", rss(item(1)), headers={"ETag": '"a"'})
        old = site.serve("/old", status=301, headers={"Location": new})
        looked = await look_at(old, clock=SetClock(NOW), allow_private=True)
    visit = looked.visit
    assert visit is not None
    assert (visit.asked, visit.answered) == (old, new)
    assert visit.size == len(rss(item(1)))
    assert visit.can_be_asked_for_changes
    assert any(f"moved for good to {new}" in one.message for one in looked.advice)
    assert looked.feed.problems == ()  # the document itself is sound


async def test_a_file_has_no_visit(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(rss(item(1)), encoding="utf-8")
    looked = await look_at(str(file), clock=SetClock(NOW))
    assert looked.visit is None
    assert not looked.has_failed


async def test_dates_can_be_read_as_the_days_of_events(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(rss(item(1)), encoding="utf-8")
    looked = await look_at(str(file), clock=SetClock(NOW), pubdate="event_start")
    (entry,) = looked.feed.entries
    assert entry.published_at is None
    assert entry.event is not None
    assert entry.event.source is EventSource.PUBDATE
    assert entry.event.begins_at.isoformat() == "2027-05-10T06:00:00+00:00"


async def test_an_address_without_its_scheme_is_asked_for() -> None:
    async with a_site() as site:
        url = site.serve("/feed", rss(item(1)))
        looked = await look_at(url.removeprefix("http://"), clock=SetClock(NOW), allow_private=True)
    assert not looked.has_failed
    assert looked.visit is not None
    assert looked.visit.answered == url


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("www.example.org/feed", "https://www.example.org/feed"),
        ("htp://example.org/feed/", "http://example.org/feed/"),
        ("webcal://example.org/a.ics", "https://example.org/a.ics"),
        ("www.example.org/feed.xml", "https://www.example.org/feed.xml"),
    ],
)
def test_an_address_may_be_typed_with_slips(source: str, url: str) -> None:
    assert addresses_of(source)[0] == url


@pytest.mark.parametrize("source", ["events.ics", "feed.XML", "./events", "folder/events", "-"])
def test_what_looks_like_a_file_is_not_looked_for_in_the_web(source: str) -> None:
    assert addresses_of(source) == ()


def test_a_file_counts_before_an_address_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert addresses_of("example.org")
    (tmp_path / "example.org").touch()
    assert addresses_of("example.org") == ()


async def test_a_folder_is_named_as_such(tmp_path: Path) -> None:
    looked = await look_at(str(tmp_path), clock=SetClock(NOW))
    assert [one.message for one in looked.feed.problems] == [
        f"{tmp_path} is a folder (name a file in it)"
    ]
