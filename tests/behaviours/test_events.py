"""Events: found wherever a partner tells of them, announced in time, stopped when called off."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from herald.model.feed import EventSource
from tests.behaviours.house import DAY, HOUR, NOW, VOICES, House
from tests.behaviours.site import a_site
from tests.folders import journal
from tests.sources.feeds.documents import calendar, item, rss
from tests.sources.folder import write

BEFORE = {"from": ["*"], "approve": "auto", "post": [{"before": "3d", "at": "10:00"}]}
REMINDED = {**VOICES, "amplify": [BEFORE]}
WALK = NOW + 20 * DAY
"""A walk, at 14:00 in Rome."""


def dated(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def event(
    *,
    uid: str = "walk@example.org",
    begins: datetime = WALK,
    title: str = "A walk through the rice fields",
    more: str = "",
) -> str:
    """Make an event of a calendar."""
    return "\n".join(
        [
            f"UID:{uid}",
            "DTSTAMP:20270501T080000Z",
            f"DTSTART:{begins:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{title}",
            "LOCATION:Argenta",
            *more.splitlines(),
        ]
    )


def serve(house: House, *events: str, path: str = "/c.ics") -> None:
    headers = {"Content-Type": "text/calendar", "ETag": f'"{hash(events)}"'}
    house.site.serve(path, calendar(*events), headers=headers)


async def reminded(house: House) -> None:
    """Let the campaign announce events three days before, at ten."""
    write(house.root, "campaigns/voices.yaml", json.dumps(REMINDED))


async def due(house: House) -> dict[str, datetime]:
    """Plan, and return when what waits is due, by title."""
    rows = await house.outbox()
    return {row.payload.text.split(" — ")[0]: row.due_at for row in rows if row.state == "pending"}


THREE_DAYS_BEFORE = datetime(2027, 5, 27, 8, 0, tzinfo=UTC)
"""Ten in the morning in Rome."""


# ---------------------------------------------------------------- dates that mean the event


async def test_a_future_date_is_the_event_where_the_officer_says_so(house: House) -> None:
    await reminded(house)
    house.site.serve("/feed", rss(item(1, title="A walk", date=dated(WALK))))
    await house.follow(pubdate="event_start")
    await house.polls()
    found = await house.only()
    assert found.event is not None
    assert (found.event.begins_at, found.event.source) == (WALK, EventSource.PUBDATE)
    assert found.published_at is None
    assert await due(house) == {"A walk": THREE_DAYS_BEFORE}


async def test_dates_that_look_like_events_are_only_told(house: House) -> None:
    ahead = [item(n, date=dated(WALK + n * DAY)) for n in range(3)]
    house.site.serve("/feed", rss(*ahead, item(9, date=dated(NOW))))
    await house.follow()
    await house.polls()
    assert "they look like events" in await house.said()
    assert all(one.content.event is None for one in await house.entries())


async def test_an_officer_who_says_published_is_not_warned(house: House) -> None:
    house.site.serve("/feed", rss(item(1, date=dated(WALK))))
    await house.follow(pubdate="published")
    await house.polls()
    assert "look like events" not in await house.said()


# ---------------------------------------------------------------- calendars


async def test_events_to_come_are_announced_though_the_feed_is_read_for_the_first_time(
    house: House,
) -> None:
    await reminded(house)
    past = event(uid="past@e.org", begins=NOW - 10 * DAY, title="An old walk")
    serve(house, event(), past)
    await house.follow("/c.ics")
    await house.polls()
    assert await due(house) == {"A walk through the rice fields": THREE_DAYS_BEFORE}


async def test_an_event_that_is_called_off_stops_its_reminder(house: House) -> None:
    await reminded(house)
    serve(house, event())
    await house.follow("/c.ics")
    await house.polls()
    assert len(await due(house)) == 1
    serve(house, event(more="STATUS:CANCELLED\nSEQUENCE:1"))
    await house.poll_one()
    assert await due(house) == {}
    (entry,) = await house.entries()
    assert entry.withdrawn
    house.clock.jump(THREE_DAYS_BEFORE)
    await house.outbox()
    await house.sends()
    assert journal(house.root) == []


async def test_an_event_that_is_moved_moves_its_reminder(house: House) -> None:
    await reminded(house)
    serve(house, event())
    await house.follow("/c.ics")
    await house.polls()
    await due(house)
    serve(house, event(begins=WALK + 2 * DAY, more="SEQUENCE:1"))
    await house.poll_one()
    assert list((await due(house)).values()) == [THREE_DAYS_BEFORE + 2 * DAY]
    assert len(await house.entries()) == 1


async def test_leaving_the_calendar_calls_nothing_off(house: House) -> None:
    """Many a feed shows the next ten events only."""
    await reminded(house)
    serve(house, event(), event(uid="b@e.org", title="A market", begins=WALK + DAY))
    await house.follow("/c.ics")
    await house.polls()
    serve(house, event(uid="b@e.org", title="A market", begins=WALK + DAY))
    await house.poll_one()
    assert set(await due(house)) == {"A walk through the rice fields", "A market"}


async def test_the_evenings_of_a_series_are_events_of_their_own(house: House) -> None:
    """A recurrence is known by its UID and its RECURRENCE-ID (RFC 5545, section 3.8.4.4)."""
    rule = f"RRULE:FREQ=WEEKLY;COUNT=4\nEXDATE:{WALK + 7 * DAY:%Y%m%dT%H%M%SZ}"
    moved = event(
        begins=WALK + 15 * DAY,
        title="A walk, a day later",
        more=f"RECURRENCE-ID:{WALK + 14 * DAY:%Y%m%dT%H%M%SZ}",
    )
    serve(house, event(more=rule), moved)
    await house.follow("/c.ics")
    await house.polls()
    begins = sorted(one.content.event.begins_at for one in await house.entries())  # type: ignore[union-attr]
    assert begins == [WALK, WALK + 15 * DAY, WALK + 21 * DAY]
    serve(house, event(more=rule), moved)
    house.clock.advance(DAY)
    await house.polls()
    assert len(await house.entries()) == 3


async def test_a_day_without_a_time_is_a_whole_day_and_words_have_their_language(
    house: House,
) -> None:
    whole = "UID:d@e.org\nDTSTAMP:20270501T080000Z\nDTSTART;VALUE=DATE:20270601\n"
    serve(house, whole + "SUMMARY;LANGUAGE=de:Salzfest\nLOCATION:Cervia")
    await house.follow("/c.ics")
    await house.polls()
    found = await house.only()
    assert found.event is not None
    assert (found.event.all_day, found.event.place, found.language) == (True, "Cervia", "de")


async def test_one_event_in_two_calendars_is_one_that_credits_both(house: House) -> None:
    """By its UID, or by title, start and place."""
    await reminded(house)
    async with a_site() as other:
        other.serve("/c.ics", calendar(event(uid="42")), headers={"ETag": '"1"'})
        serve(house, event(uid="17"))
        await house.follow("/c.ics")
        await house.polls()
        await house.follow("/c.ics", partner="comacchio", site=other)
        await house.polls()
    (row,) = await house.outbox()
    assert "Argenta" in row.payload.text
    assert "Comacchio" in row.payload.text


async def test_a_calendar_without_validators_is_asked_often_enough_to_hear_a_cancellation(
    house: House,
) -> None:
    house.site.serve("/c.ics", calendar(event()))
    await house.follow("/c.ics")
    await house.polls()
    assert await house.pause() == 6 * HOUR


# ---------------------------------------------------------------- pages


def page(**facts: Any) -> str:
    about = {
        "@context": "https://schema.org",
        "@type": "TheaterEvent",
        "name": "Story number 1",
        "startDate": WALK.isoformat(),
        "location": {"@type": "Place", "name": "The barn"},
        **facts,
    }
    graph = json.dumps({"@graph": [{"@type": "WebSite"}, about]})
    return (
        "<html><script>var x = 1</script>"
        f'<script type="application/ld+json">{graph}</script><body>x</body></html>'
    )


HTML = {"Content-Type": "text/html; charset=utf-8"}


async def test_an_entrys_page_is_read_once_for_the_event_that_it_announces(house: House) -> None:
    link = house.site.serve("/walk", page(), headers=HTML)
    house.site.serve("/feed", rss(item(1, link=link)))
    await house.follow(event_pages="always", every="1h")
    await house.polls()
    found = await house.only()
    assert found.event is not None
    assert (found.event.begins_at, found.event.source) == (WALK, EventSource.PAGE)
    assert found.event.place == "The barn"
    house.site.serve("/feed", rss(item(1, link=link)) + "<!-- again -->")
    for _ in range(3):
        await house.poll_one()
    assert house.site.asks("/walk") == 1
    assert (await house.only()).event == found.event


async def test_a_page_that_announces_nothing_is_not_read_again(house: House) -> None:
    link = house.site.serve("/story", "<html><body>A story</body></html>", headers=HTML)
    house.site.serve("/feed", rss(item(1, link=link)))
    await house.follow(event_pages="always", every="1h")
    await house.polls()
    for count in range(3):
        house.site.serve("/feed", rss(item(1, link=link)) + f"<!-- {count} -->")
        await house.poll_one()
    assert house.site.asks("/story") == 1
    assert house.parser.documents == 4


async def test_a_cancellation_on_the_page_stops_the_reminder(house: House) -> None:
    await reminded(house)
    link = house.site.serve("/walk", page(), headers=HTML)
    house.site.serve("/feed", rss(item(1, link=link)))
    await house.follow(event_pages="always")
    await house.polls()
    assert len(await due(house)) == 1
    off = page(eventStatus="https://schema.org/EventCancelled")
    house.site.serve("/walk", off, headers=HTML)
    house.clock.jump(WALK - 6 * DAY)
    await house.polls()
    assert await due(house) == {}


async def test_a_page_elsewhere_in_a_private_network_is_not_asked(
    house: House,
) -> None:
    """What a public feed links to is asked through the same guard as the feed."""
    async with a_site() as secret:
        link = secret.serve("/walk", page(), headers=HTML).replace("127.0.0.1", "127.0.0.2")
        house.site.serve("/feed", rss(item(1, link=link)))
        house.use_public("127.0.0.1")
        await house.follow(event_pages="always")
        (polled,) = await house.polls()
        await house.fetcher.close()
        assert polled.trouble == ""
        assert secret.requests == []
    assert (await house.only()).event is None


# ---------------------------------------------------------------- WordPress


async def test_two_feeds_of_one_wordpress_keep_validators_apart(house: House) -> None:
    """WordPress gives every feed of a site the same pair."""
    told = {"ETag": '"site"', "Last-Modified": "Mon, 10 May 2027 07:00:00 GMT"}
    house.site.serve("/a", rss(item(1)), headers=told)
    house.site.serve("/b", rss(item(2)), headers=told)
    await house.follow("/a")
    await house.polls()
    house.clock.advance(HOUR)
    await house.follow("/a", "/b")
    await house.polls()
    assert house.site.last.path == "/b"
    assert "If-None-Match" not in house.site.last.headers
    assert len(await house.entries()) == 2


async def test_changed_words_beside_a_feed_have_it_read_anew(house: House) -> None:
    """The server says 304 while the officer's words change what is understood."""
    house.site.serve_cached("/feed", rss(item(1, date=dated(WALK))), '"1"')
    await house.follow()
    await house.polls()
    await house.follow(pubdate="event_start")
    await house.poll_one()
    assert (await house.only()).event is not None


async def test_once_a_week_the_whole_document_is_asked_for(house: House) -> None:
    """A WordPress keeps its tag when its settings change."""
    house.site.serve_cached("/feed", rss(item(1)), '"1"')
    await house.follow()
    await house.polls()
    await house.poll_one()
    assert "If-None-Match" in house.site.last.headers
    house.site.serve_cached("/feed", rss(item(2), item(1)), '"1"')
    for _ in range(7):
        await house.poll_one()
    assert await house.news() == ["Story number 2"]


async def test_a_person_who_asks_gets_the_whole_document(house: House) -> None:
    house.site.serve_cached("/feed", rss(item(1)), '"1"')
    await house.follow()
    await house.polls()
    house.site.serve_cached("/feed", rss(item(2), item(1)), '"1"')
    await house.poller.poll([(await house.feed()).id])
    assert "If-None-Match" not in house.site.last.headers
    assert await house.news() == ["Story number 2"]


async def test_a_new_address_of_a_wordpress_post_is_an_edit(house: House) -> None:
    """Its guid is the address at the first save, and no link."""
    house.site.serve("/feed", rss(item(1, link="https://e.org/old")))
    await house.follow()
    await house.polls()
    house.site.serve("/feed", rss(item(1, link="https://e.org/new")))
    assert (await house.poll_one()).edited == 1
    assert (await house.only()).link == "https://e.org/new"


async def test_a_feed_without_entries_is_no_failure(house: House) -> None:
    """A WordPress category that does not exist answers so."""
    house.site.serve("/feed", rss(), headers={"ETag": '"1"'})
    await house.follow()
    (polled,) = await house.polls()
    assert polled.trouble == ""
    assert "no entries" in await house.said()


async def test_an_events_reminder_is_never_sent_after_it_began(
    house: House,
) -> None:
    await reminded(house)
    serve(house, event())
    await house.follow("/c.ics")
    await house.polls()
    await house.outbox()
    house.clock.jump(WALK + DAY)
    await house.outbox()
    await house.sends()
    assert journal(house.root) == []
