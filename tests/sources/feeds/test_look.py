"""Looking at one feed without remembering it."""

from __future__ import annotations

from pathlib import Path

from herald.clock import SetClock
from herald.model.feed import EventSource
from herald.sources.feeds.advice.look import look_at
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
