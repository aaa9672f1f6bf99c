"""What is news, what is known, and that each piece of news is passed on once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from herald.clock import SetClock
from herald.model.delivery import Claim, Outcome, Sighting
from herald.model.ids import ChannelId
from herald.model.network import Capabilities
from herald.ports import Channel
from tests.behaviours.house import DAY, HOUR, NOW, Ground, House, a_house
from tests.behaviours.site import a_site
from tests.folders import journal
from tests.sources.feeds.documents import item, rss

MINUTE = timedelta(minutes=1)
LONG = " ".join(f"word{n}" for n in range(60))
"""Long enough to be compared."""


def dated(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


async def known(house: House, *items: str, **words: Any) -> None:
    """Let Herald read a first document, of which nothing is news."""
    house.site.serve("/feed", rss(*items))
    await house.follow(**words)
    await house.polls()


async def then(house: House, *items: str) -> list[str]:
    """Let the site publish other entries, and return what is news after the next poll."""
    house.site.serve("/feed", rss(*items))
    await house.poll_one()
    return await house.news()


# ---------------------------------------------------------------- names within a feed


async def test_an_entry_goes_by_its_id_whatever_else_changes(house: House) -> None:
    await known(house, item(1, guid=" tag:one "))
    changed = item(9, guid="tag:one", link="https://example.org/moved", text="Other words.")
    assert await then(house, changed) == []
    (entry,) = await house.entries()
    assert entry.content.title == "Story number 9"


@pytest.mark.parametrize(
    "link",
    [
        "http://example.org/story-1",
        "https://EXAMPLE.org:443/story-1#more",
        "https://example.org/story-1?utm_source=rss&amp;fbclid=x&amp;gclid=y",
        "https://example.org/story-1/",
    ],
)
async def test_without_an_id_an_entry_goes_by_its_link_however_spelled(
    house: House, link: str
) -> None:
    await known(house, item(1, guid="", date=None))
    assert await then(house, item(1, guid="", link=link, title="Other", date=None)) == []
    assert len(await house.entries()) == 1


async def test_a_query_that_names_the_page_is_part_of_a_link(house: House) -> None:
    await known(house, item(1, guid="", link="https://example.org/?p=1&amp;a=2"))
    same = item(1, guid="", link="https://example.org/?a=2&amp;p=1")
    other = item(2, guid="", link="https://example.org/?a=2&amp;p=2")
    assert await then(house, other, same) == ["Story number 2"]


async def test_without_id_and_link_an_entry_goes_by_its_words(house: House) -> None:
    await known(house, item(1, guid="", link="", text="One."))
    assert await then(house, item(1, guid="", link="", text="One.", date=None)) == []
    assert await then(house, item(2, guid="", link="", text="Two.")) == ["Story number 2"]


@pytest.mark.parametrize(
    ("more", "link"),
    [
        ('<guid isPermaLink="false">https://example.org/?p=1</guid>', ""),
        ("<guid>number-1</guid>", ""),
        ("<guid>https://example.org/one</guid>", "https://example.org/one"),
        ('<guid isPermaLink="true">https://example.org/one</guid>', "https://example.org/one"),
    ],
)
async def test_an_id_is_a_link_only_where_it_says_so_and_looks_so(
    house: House, more: str, link: str
) -> None:
    """``isPermaLink`` is true where it is absent (RSS 2.0)."""
    await known(house, item(1, guid="", link="", more=more))
    assert (await house.only()).link == link


async def test_entries_that_share_an_id_are_told_apart_and_stay_so(house: House) -> None:
    shared = [
        item(1, guid="same"),
        item(2, guid="same"),
        item(3, guid="same", link=""),
        item(4, guid="same", link=""),
    ]
    await known(house, *shared)
    assert len(await house.entries()) == 4
    assert await then(house, *shared, item(5, guid="five")) == ["Story number 5"]
    assert len(await house.entries()) == 5


# ---------------------------------------------------------------- other ids, old news


async def test_an_entry_under_another_id_is_the_same_one(house: House) -> None:
    others = [item(n) for n in range(2, 7)]
    await known(house, item(1, text=LONG), *others)
    renamed = item(1, guid="https://new.example/1", text=LONG.replace("word1 ", "typo "))
    assert await then(house, renamed, *others) == []
    assert await house.doubted() == {}
    assert len(await house.entries()) == 6
    moved = item(1, guid="tag:again", link="https://new.example.org/story-1", text=LONG)
    assert await then(house, moved, *others) == []
    assert len(await house.entries()) == 6
    elsewhere = item(1, guid="tag:third", link="https://e.org/x", text=LONG, date=dated(NOW))
    assert await then(house, elsewhere, *others) == []
    assert len(await house.entries()) == 6


async def test_the_same_headline_over_other_words_is_looked_at_first(house: House) -> None:
    others = [item(n) for n in range(2, 7)]
    await known(house, item(1, title="Programme of the month", text=LONG), *others)
    again = item(
        8,
        title="Programme of the month",
        link="https://example.org/story-1",
        text=LONG.replace("word", "mot"),
        date=dated(NOW + 30 * HOUR),
    )
    assert await then(house, again, *others) == []
    ((_, why),) = (await house.doubted()).items()
    assert why.startswith("perhaps not new")
    (row,) = await house.outbox()
    assert row.state == "held"


async def test_a_feed_that_renames_all_its_entries_floods_nobody(house: House) -> None:
    old = [item(n, date=dated(NOW - n * HOUR)) for n in range(1, 11)]
    await known(house, *old)
    renamed = [
        item(
            n,
            title=f"{n}. Nachricht",
            guid=f"tag:{n}",
            link=f"https://example.org/n/{n}",
            date=dated(NOW - n * HOUR),
        )
        for n in range(1, 11)
    ]
    assert await then(house, *renamed) == []
    assert len(await house.doubted()) == 10
    assert {row.state for row in await house.outbox()} == {"held"}
    assert "came back under new ids" in await house.said()


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (400 * DAY, "more than a year ago"),
        (30 * HOUR, "before ten entries"),
        (9 * DAY, "before ten entries"),
    ],
)
async def test_what_is_new_and_old_at_once_is_looked_at_first(
    house: House, age: timedelta, words: str
) -> None:
    old = [item(n, date=dated(NOW - n * HOUR)) for n in range(1, 13)]
    await known(house, *old)
    late = item(99, title="Found in an attic", date=dated(NOW - age))
    assert await then(house, late, *old) == []
    assert words in (await house.doubted())["Found in an attic"]


async def test_what_is_a_week_older_than_the_newest_is_looked_at_first(house: House) -> None:
    newest = item(0, date=dated(NOW))
    old = [item(n, date=dated(NOW - 20 * DAY)) for n in range(1, 13)]
    await known(house, newest, *old)
    late = item(99, title="Found in an attic", date=dated(NOW - 8 * DAY))
    assert await then(house, newest, late, *old) == []
    assert "more than a week before" in (await house.doubted())["Found in an attic"]


# ---------------------------------------------------------------- edits


async def test_an_edit_changes_what_waits(house: House) -> None:
    await known(house, item(1), every="1h")
    await then(house, item(2), item(1))
    assert await house.planned() == ["Story number 2 — Argenta"]
    await then(house, item(2, title="The salt house opens"), item(1))
    assert await house.planned() == ["The salt house opens — Argenta"]


async def test_an_edit_of_what_was_sent_is_no_second_post(house: House) -> None:
    await known(house, item(1))
    await then(house, item(2), item(1))
    await house.outbox()
    await house.sends()
    for edit in (
        item(2, text="Other words."),
        item(2, title="Another title"),
        item(2, link="https://example.org/other"),
        item(2, date=dated(NOW + 2 * DAY)),
    ):
        await then(house, edit, item(1))
        await house.outbox()
        await house.sends()
    assert [line["text"].split("\n")[0] for line in journal(house.root)] == [
        "Story number 2 — Argenta"
    ]


async def test_a_change_of_markup_date_or_category_is_no_edit(house: House) -> None:
    await known(house, item(1, text="Neighbours &lt;b&gt;restored&lt;/b&gt; it."))
    changed = item(
        1,
        text="Neighbours &lt;i class='x'&gt;restored&lt;/i&gt; it.",
        date=dated(NOW),
        more="<category>salt</category>",
    )
    house.site.serve("/feed", rss(changed))
    assert (await house.poll_one()).edited == 0


async def test_an_entry_that_never_stops_changing_is_no_longer_followed(house: House) -> None:
    await known(house, item(1, title="Visitors: 0"))
    for count in range(1, 27):
        await then(house, item(1, title=f"Visitors: {count}"))
    assert (await house.only()).title == "Visitors: 24"


# ---------------------------------------------------------------- memory


async def test_what_left_the_feed_does_not_come_back_as_news(house: House) -> None:
    await known(house, item(1), item(2))
    await then(house, item(3), item(2))
    house.clock.advance(25 * DAY)
    await house.polls()
    house.clock.advance(25 * DAY)
    assert await then(house, item(1), item(3), item(2)) == ["Story number 3"]
    assert len(await house.entries()) == 3


async def test_a_feed_that_leaves_the_files_and_returns_brings_no_old_news(house: House) -> None:
    await known(house, item(1), item(2))
    house.partners["argenta"]["feeds"] = []
    await house.follow("/other")
    await house.polls()
    house.clock.advance(5 * DAY)
    house.site.serve("/feed", rss(item(3), item(1), item(2)))
    await house.follow()
    await house.polls()
    assert await house.news() == ["Story number 3"]


async def test_an_empty_feed_takes_nothing_back_and_is_told(house: House) -> None:
    await known(house, item(1), item(2))
    await then(house, item(3), item(1), item(2))
    assert await then(house) == ["Story number 3"]
    assert "the feed is empty, and had 3 entries before" in await house.said()
    assert await house.planned() == ["Story number 3 — Argenta"]
    assert await then(house, item(3), item(1), item(2)) == ["Story number 3"]


async def test_a_first_poll_posts_nothing(house: House) -> None:
    await known(house, *(item(n) for n in range(20)))
    assert await house.outbox() == ()
    assert len(await house.entries()) == 20


async def test_a_first_poll_lets_through_as_many_as_the_officer_wants(house: House) -> None:
    old = [item(n, date=dated(NOW - n * HOUR)) for n in range(1, 9)]
    await known(house, *old, seed="2")
    assert await house.planned() == ["Story number 2 — Argenta", "Story number 1 — Argenta"]


async def test_a_partner_on_a_new_host_begins_anew_without_a_flood(house: House) -> None:
    await known(house, *(item(n) for n in range(5)))
    async with a_site() as new:
        moved = [item(n, guid=f"new:{n}", link=f"https://new.example/story-{n}") for n in range(5)]
        new.serve("/feed", rss(item(7, title="Never seen before"), *moved))
        await house.follow(site=new)
        house.clock.advance(DAY)
        await house.polls()
    assert await house.outbox() == ()


async def test_after_a_month_of_silence_a_feed_is_remembered_not_posted(house: House) -> None:
    await known(house, item(1))
    house.site.serve("/feed", status=500)
    for _ in range(32):
        await house.after(DAY)
    house.site.serve("/feed", rss(*(item(n) for n in range(1, 8))))
    house.clock.advance(DAY)
    (polled,) = await house.polls()
    assert polled.seeded == 6
    assert await house.outbox() == ()
    assert "could not be read for more than 30 days" in await house.said()
    assert await then(house, item(99), item(1)) == ["Story number 99"]


# ---------------------------------------------------------------- passing on


async def test_a_backlog_goes_out_a_few_a_day_oldest_first(house: House) -> None:
    await known(house, item(0, date=dated(NOW - DAY)))
    old = [item(n, date=dated(NOW - (10 - n) * HOUR)) for n in range(1, 9)]
    await then(house, *reversed(old), item(0))
    rows = [row for row in await house.outbox() if row.state == "pending"]
    titles = [row.payload.text.split(" — ")[0] for row in rows]
    assert titles == [f"Story number {n}" for n in range(1, 9)]
    days = [row.due_at.date() for row in rows]
    assert [days.count(day) for day in sorted(set(days))] == [3, 3, 2]


async def test_a_backlog_that_has_grown_old_is_no_news_any_more(house: House) -> None:
    await known(house, item(0))
    many = [item(n, date=dated(NOW - (60 - n) * MINUTE)) for n in range(1, 51)]
    await then(house, *many, item(0))
    rows = [row for row in await house.outbox() if row.state == "pending"]
    assert 18 <= len(rows) <= 24
    assert max(row.due_at for row in rows) <= NOW + 8 * DAY


async def test_what_is_dated_ahead_waits_for_its_date_and_a_fast_clock_does_not(
    house: House,
) -> None:
    await known(house, item(1))
    soon, later = NOW + DAY + 20 * HOUR, NOW + 4 * DAY
    await then(house, item(2, date=dated(soon)), item(3, date=dated(later)), item(1))
    due = {row.payload.text[:14]: row.due_at for row in await house.outbox()}
    assert due["Story number 2"] <= house.clock.now()
    assert due["Story number 3"] == later


async def test_undated_entries_keep_the_order_of_their_document(house: House) -> None:
    await known(house, item(1))
    await then(house, *(item(n, date=None) for n in (4, 3, 2)), item(1))
    entries = [entry for entry in await house.entries() if not entry.seeded]
    assert {entry.first_seen_at for entry in entries} == {house.clock.now()}
    assert [entry.content.published_at for entry in entries] == [None] * 3
    assert len(await house.planned()) == 3


@pytest.mark.parametrize(
    "again",
    [
        item(7, guid="other", link="http://example.org/story-2?utm_medium=x"),
        item(2, guid="other", title="Story  NUMBER 2!", link="https://partner.example/copied"),
    ],
    ids=["link", "title"],
)
async def test_one_piece_of_news_in_two_feeds_is_one_post_that_credits_both(
    house: House, again: str
) -> None:
    async with a_site() as other:
        other.serve("/feed", rss(item(50)))
        await house.follow(partner="comacchio", site=other)
        await known(house, item(1))
        house.site.serve("/feed", rss(item(2), item(1)))
        await house.after(DAY)
        other.serve("/feed", rss(again, item(50)))
        await house.after(DAY)
        planned = await house.planned()
    assert len(planned) == 1
    assert planned[0].startswith("Story number 2 — ")
    assert "Argenta" in planned[0]
    assert "Comacchio" in planned[0]


async def test_a_month_later_the_same_headline_is_other_news(house: House) -> None:
    async with a_site() as other:
        other.serve("/feed", rss(item(50)))
        await house.follow(partner="comacchio", site=other)
        await known(house, item(2))
        for _ in range(5):
            await house.after(6 * DAY + 23 * HOUR)
        again = item(2, guid="x", link="https://partner.example/2", date=dated(house.clock.now()))
        other.serve("/feed", rss(again, item(50)))
        await house.after(DAY)
        assert await house.news() == ["Story number 2"]


async def test_an_entry_goes_out_in_its_own_language(house: House) -> None:
    await known(house, item(1))
    english = item(2, more="<dc:language>en-GB</dc:language>")
    await then(house, english, item(3), item(1))
    spoken = {row.payload.text[:14]: str(row.language) for row in await house.outbox()}
    assert spoken == {"Story number 2": "en-GB", "Story number 3": "it"}


async def test_an_entrys_picture_keeps_its_description(house: House) -> None:
    picture = (
        '<media:content url="https://example.org/p.jpg" medium="image">'
        "<media:description>Three people walk on a dyke</media:description></media:content>"
    )
    await known(house, item(1, more=picture))
    image = (await house.only()).image
    assert image is not None
    assert (image.url, image.alt) == ("https://example.org/p.jpg", "Three people walk on a dyke")


@pytest.mark.parametrize("fresh_ids", ["a", "b"])
async def test_an_error_message_of_a_feed_generator_is_no_news(
    house: House, fresh_ids: str
) -> None:
    await known(house, item(1))
    error = item(2, guid=fresh_ids, title="Bridge returned error 0! (20583)")
    headline = item(3, title="Error 500, the play")
    assert await then(house, error, headline, item(1)) == ["Error 500, the play"]


async def test_a_feed_of_nothing_but_error_messages_has_failed(house: House) -> None:
    await known(house, item(1))
    house.site.serve("/feed", rss(item(2, title="Bridge returned error 404! (20583)")))
    polled = await house.poll_one()
    assert polled.trouble != ""
    assert (await house.feed()).errors == 1


# ---------------------------------------------------------------- once


@dataclass
class Watched:
    """A journal, and what the outbox said of each delivery while it was being sent."""

    channel: Channel
    house: House
    states: list[str] = field(default_factory=list)
    hangs: bool = False
    sent: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> ChannelId:
        return self.channel.id

    @property
    def network(self) -> str:
        return self.channel.network

    async def capabilities(self) -> Capabilities:
        return await self.channel.capabilities()

    async def send(self, claim: Claim) -> Outcome:
        with self.house.database() as disk:
            found = disk.execute(
                "SELECT state FROM delivery WHERE key = ?", (claim.delivery.key,)
            ).fetchall()
        disk.close()
        self.states += [state for (state,) in found]
        outcome = await self.channel.send(claim)
        self.sent.set()
        if self.hangs:
            await asyncio.Event().wait()
        return outcome

    async def look_up(self, claim: Claim) -> Sighting:
        return await self.channel.look_up(claim)

    async def close(self) -> None:
        await self.channel.close()


def watch(house: House) -> Watched:
    trial = ChannelId("trial")
    watched = Watched(house.app.accounts.channels[trial], house)
    house.app.accounts.channels[trial] = watched
    return watched


async def test_what_is_being_sent_is_on_disk_before_and_what_came_of_it_right_after(
    house: House,
) -> None:
    await known(house, item(1))
    await then(house, item(2), item(3), item(1))
    await house.outbox()
    watched = watch(house)
    await house.sends()
    assert watched.states == ["claimed", "claimed"]
    assert {row.state for row in await house.app.store.list_deliveries()} == {"sent"}


async def test_a_crash_between_the_post_and_its_receipt_repeats_nothing(
    tmp_path: Path, ground: Ground
) -> None:
    clock = SetClock(NOW)
    async with a_site() as site:
        async with a_house(tmp_path, ground, clock=clock, site=site) as house:
            await known(house, item(1))
            await then(house, item(2), item(1))
            await house.outbox()
            watched = watch(house)
            watched.hangs = True
            sending = asyncio.create_task(house.sends())
            async with asyncio.timeout(60):
                await watched.sent.wait()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        for _ in range(3):
            clock.advance(HOUR)
            async with a_house(tmp_path, ground, clock=clock, site=site) as house:
                await house.sync()
                await house.polls()
                await house.outbox()
                await house.sends()
    assert len(journal(tmp_path)) == 1


async def test_planning_and_polling_again_and_again_posts_each_thing_once(house: House) -> None:
    await known(house, item(1))
    for _ in range(4):
        await then(house, item(2), item(3), item(1))
        await house.outbox()
        await house.outbox()
        await house.sends()
    assert len(journal(house.root)) == 2
    assert len(journal(house.root, "fedi")) == 2
