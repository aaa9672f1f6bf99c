"""Polling from end to end: a partner's site, the store, and what planning sees of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from herald.clock import SetClock
from herald.model.configuration import FeedConfig, Partner
from herald.model.feed import Entry, EventSource
from herald.model.ids import Language, PartnerId
from herald.model.polling import Feed, NamedFeed, Polled
from herald.sources.feeds.fetching.fetch import Fetcher, Limits
from herald.sources.feeds.parsing.parse import Document
from herald.sources.feeds.parsing.understand import understand
from herald.sources.feeds.parsing.workers import ParseFailed, Parser
from herald.sources.feeds.poll import AT_ONCE, Poller
from herald.sources.feeds.wanted import wanted_feeds
from herald.sources.feeds.webpages.pages import Pages
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds
from tests.makers import a_partner
from tests.sources.feeds.documents import NOW, Site, a_site, calendar, item, rss

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


class ParsesHere:
    """Parses in this process: what is read is ours, and it is quick."""

    async def understand(self, document: Document) -> NamedFeed | ParseFailed:
        return understand(document)


@dataclass
class Herald:
    """Everything that polling joins, on a folder of its own."""

    site: Site
    clock: SetClock
    store: StoredFeeds
    poller: Poller
    told: list[Polled]

    async def polls(self) -> tuple[Polled, ...]:
        return await self.poller.poll_due(self.clock.now(), asyncio.Event())

    async def after(self, pause: timedelta) -> tuple[Polled, ...]:
        self.clock.advance(pause)
        return await self.polls()

    async def entries(self) -> tuple[Entry, ...]:
        return await self.store.entries(LONG_AGO)

    async def news(self) -> list[str]:
        return [entry.content.title for entry in await self.entries() if not entry.seeded]

    async def feed(self) -> Feed:
        (only,) = await self.store.health(now=self.clock.now())
        return only.feed

    async def follow(self, *partners: Partner) -> None:
        await self.poller.sync(wanted_feeds(partners))


PATIENT = Limits(connect=60, read=60, total=60, spacing=timedelta(0))
IMPATIENT = Limits(connect=60, read=2, total=60, spacing=timedelta(0))


@pytest.fixture
async def herald(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Herald]:
    limits = getattr(request, "param", PATIENT)
    clock = SetClock(NOW)
    store = await open_store("sqlite:///herald.db", tmp_path)
    told: list[Polled] = []
    async with (
        a_site() as site,
        Fetcher(contact="", clock=clock, allow_private=True, limits=limits) as fetcher,
    ):
        feeds = StoredFeeds(store)
        poller = Poller(
            feeds, fetcher, ParsesHere(), clock=clock, random=lambda: 0.0, tell=told.append
        )
        yield Herald(site=site, clock=clock, store=feeds, poller=poller, told=told)
    await store.close()


def partner(site: Site, *paths: str, name: str = "argenta") -> Partner:
    feeds = tuple(FeedConfig(url=site.url(path)) for path in paths or ("/feed",))
    return a_partner(id=PartnerId(name), feeds=feeds)


async def test_a_first_poll_remembers_and_the_next_brings_news(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), item(2)))
    await herald.follow(partner(herald.site))
    (first,) = await herald.polls()
    assert (first.new, first.seeded) == (0, 2)
    assert await herald.news() == []
    herald.site.serve("/feed", rss(item(3), item(1), item(2)))
    (second,) = await herald.after(DAY)
    assert (second.new, second.seeded) == (1, 0)
    assert await herald.news() == ["Story number 3"]
    assert herald.told == [first, second]


async def test_an_entry_carries_what_planning_needs(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    (entry,) = await herald.entries()
    assert entry.partners == ("argenta",)
    assert entry.language == "it"
    assert entry.seeded
    assert entry.first_seen_at == NOW
    assert entry.content.link == "https://example.org/story-1"


async def test_a_feed_is_not_asked_before_it_is_due(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)), headers={"Cache-Control": "max-age=10800"})
    await herald.follow(partner(herald.site))
    await herald.polls()
    assert await herald.polls() == ()
    assert await herald.after(2 * HOUR) == ()
    assert len(await herald.after(DAY)) == 1


async def test_validators_are_kept_and_an_unchanged_feed_changes_nothing(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)), headers={"ETag": '"one"', "Last-Modified": "then"})
    await herald.follow(partner(herald.site))
    await herald.polls()
    herald.site.serve("/feed", status=304, headers={"ETag": '"two"'})
    (polled,) = await herald.after(DAY)
    assert polled.unchanged
    assert herald.site.requests[-1].headers["If-None-Match"] == '"one"'
    feed = await herald.feed()
    assert (feed.validators.etag, feed.validators.last_modified) == ('"two"', "then")
    assert feed.last_success_at == NOW + DAY


async def test_a_new_week_asks_for_the_whole_document(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)), headers={"ETag": '"one"'})
    await herald.follow(partner(herald.site))
    await herald.polls()
    await herald.after(8 * DAY)
    assert "If-None-Match" not in herald.site.requests[-1].headers


async def test_a_document_that_breaks_off_is_asked_for_as_a_whole_again(herald: Herald) -> None:
    whole = rss(item(2), item(1))
    herald.site.serve("/feed", whole[: whole.index("story-1")], headers={"ETag": '"one"'})
    await herald.follow(partner(herald.site))
    await herald.polls()
    assert len(await herald.entries()) == 1
    herald.site.serve("/feed", whole, headers={"ETag": '"one"'})
    await herald.after(DAY)
    assert "If-None-Match" not in herald.site.requests[-1].headers
    assert len(await herald.entries()) == 2
    assert (await herald.feed()).validators.etag == '"one"'


async def test_the_same_body_is_not_read_again(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    (polled,) = await herald.after(DAY)
    assert polled.unchanged


async def test_a_document_that_cannot_be_read_leaves_everything_as_it_was(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)), headers={"ETag": '"good"'})
    await herald.follow(partner(herald.site))
    await herald.polls()
    herald.site.serve("/feed", "<html>We are down</html>", headers={"ETag": '"bad"'})
    (polled,) = await herald.after(DAY)
    assert "web page" in polled.trouble
    feed = await herald.feed()
    assert feed.validators.etag == '"good"'
    assert feed.errors == 1
    assert feed.trouble_since == NOW + DAY
    assert len(await herald.entries()) == 1


async def test_trouble_backs_off_and_success_ends_it(herald: Herald) -> None:
    herald.site.serve("/feed", status=500)
    await herald.follow(partner(herald.site))
    pauses = []
    for _ in range(4):
        await herald.polls()
        feed = await herald.feed()
        pauses.append(feed.next_check_at - herald.clock.now())
        herald.clock.advance(pauses[-1])
    assert pauses == [timedelta(minutes=15 * 2**n) for n in range(4)]
    assert feed.trouble_since == NOW
    herald.site.serve("/feed", rss(item(1)))
    await herald.polls()
    feed = await herald.feed()
    assert (feed.errors, feed.trouble, feed.trouble_since) == (0, "", None)


async def test_a_server_that_asks_to_wait_is_left_alone(herald: Herald) -> None:
    herald.site.serve("/feed", status=429, headers={"Retry-After": "36000"})
    await herald.follow(partner(herald.site))
    await herald.polls()
    assert (await herald.feed()).next_check_at == NOW + 10 * HOUR


async def test_what_is_gone_is_asked_no_more_until_a_person_asks(herald: Herald) -> None:
    herald.site.serve("/feed", status=410)
    await herald.follow(partner(herald.site))
    await herald.polls()
    assert await herald.after(100 * DAY) == ()
    assert (await herald.feed()).gone
    herald.site.serve("/feed", rss(item(1)))
    await herald.poller.poll([(await herald.feed()).id])
    assert not (await herald.feed()).gone


@pytest.mark.parametrize("herald", [IMPATIENT], indirect=True, ids=["impatient"])
async def test_one_bad_feed_never_stops_the_others(herald: Herald) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    herald.site.serve("/good", rss(item(1)))
    herald.site.serve("/broken", b"\xff\x00<<<")
    herald.site.answers["/slow"] = drip
    await herald.follow(partner(herald.site, "/slow", "/broken", "/missing", "/good"))
    polled = {one.url.rpartition("/")[2]: one.trouble for one in await herald.polls()}
    assert polled["good"] == ""
    assert all(polled[name] for name in ("slow", "broken", "missing"))


async def test_an_edit_changes_the_entry_and_makes_no_other(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    herald.site.serve("/feed", rss(item(1), item(2, title="Wth a typo")))
    await herald.after(DAY)
    herald.site.serve("/feed", rss(item(1), item(2, title="With no typo")))
    (polled,) = await herald.after(DAY)
    assert (polled.new, polled.edited) == (0, 1)
    assert await herald.news() == ["With no typo"]


async def test_a_changed_guid_is_no_news_now_or_later(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), item(2)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    herald.site.serve("/feed", rss(item(1, guid="new-1"), item(2, guid="new-2")))
    await herald.after(DAY)
    herald.site.serve("/feed", rss(item(1, guid="new-1", title="Retold", link="https://o.example")))
    await herald.after(DAY)
    assert await herald.news() == []
    assert len(await herald.entries()) == 2


async def test_what_left_the_feed_does_not_come_back_as_news(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), item(2)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    for document in (rss(item(2)), rss(), rss(item(1), item(2))):
        herald.site.serve("/feed", document)
        await herald.after(DAY)
    assert await herald.news() == []


async def test_the_same_news_of_two_partners_is_one_that_credits_both(herald: Herald) -> None:
    herald.site.serve("/a", rss(item(1)))
    herald.site.serve("/b", rss(item(5)))
    await herald.follow(
        partner(herald.site, "/a", name="argenta"), partner(herald.site, "/b", name="bevera")
    )
    await herald.polls()
    herald.site.serve("/a", rss(item(1), item(2, title="The festival of salt is back")))
    await herald.after(DAY)
    shared = item(9, title="The festival of salt is back!", link="https://b.example/9")
    herald.site.serve("/b", rss(item(5), shared))
    await herald.after(DAY)
    (news,) = [entry for entry in await herald.entries() if not entry.seeded]
    assert news.partners == ("argenta", "bevera")


async def test_one_url_of_two_partners_is_asked_once_and_credits_both(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.follow(partner(herald.site, name="argenta"), partner(herald.site, name="bevera"))
    assert len(await herald.polls()) == 1
    (entry,) = await herald.entries()
    assert entry.partners == ("argenta", "bevera")


async def test_a_cancelled_event_of_a_calendar_is_withdrawn_and_a_moved_one_moved(
    herald: Herald,
) -> None:
    walk = "UID:w\nSUMMARY:A walk\nDTSTART:20270610T080000Z\nSTATUS:CONFIRMED"
    talk = "UID:t\nSUMMARY:A talk\nDTSTART:20270611T080000Z"
    herald.site.serve("/feed", calendar(walk, talk))
    await herald.follow(partner(herald.site))
    await herald.polls()
    herald.site.serve(
        "/feed", calendar(walk.replace("CONFIRMED", "CANCELLED"), talk.replace("11T", "12T"))
    )
    await herald.after(DAY)
    found = {entry.content.title: entry for entry in await herald.entries()}
    assert found["A walk"].withdrawn
    assert not found["A talk"].withdrawn
    assert found["A talk"].content.event is not None
    assert found["A talk"].content.event.begins_at.day == 12


async def test_an_event_ahead_stays_in_sight_however_long_ago_it_was_seen(herald: Herald) -> None:
    herald.site.serve("/feed", calendar("UID:w\nSUMMARY:A walk\nDTSTART:20271010T080000Z"))
    await herald.follow(partner(herald.site))
    await herald.polls()
    assert len(await herald.store.entries(NOW + 60 * DAY)) == 1
    assert len(await herald.store.entries(NOW + 200 * DAY)) == 0


async def test_a_feed_that_left_the_file_is_silent_and_remembers(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    await herald.follow()
    assert await herald.after(DAY) == ()
    assert await herald.entries() == ()
    assert await herald.store.health(now=NOW) == ()
    await herald.follow(partner(herald.site))
    herald.site.serve("/feed", rss(item(1), item(2)))
    await herald.after(DAY)
    assert await herald.news() == ["Story number 2"]


async def test_a_changed_configuration_asks_again_without_validators(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), head=""), headers={"ETag": '"one"'})
    before = partner(herald.site)
    await herald.follow(before)
    await herald.polls()
    changed = replace(before.feeds[0], language=Language("sl"))
    await herald.follow(replace(before, feeds=(changed,)))
    await herald.polls()
    assert len(herald.site.requests) == 2
    assert "If-None-Match" not in herald.site.requests[-1].headers


async def test_a_person_may_ask_at_any_time(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)), headers={"ETag": '"one"'})
    await herald.follow(partner(herald.site))
    await herald.polls()
    (polled,) = await herald.poller.poll([(await herald.feed()).id])
    assert not polled.unchanged
    assert "If-None-Match" not in herald.site.requests[-1].headers


async def test_a_stop_claims_no_more(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.follow(partner(herald.site))
    stop = asyncio.Event()
    stop.set()
    assert await herald.poller.poll_due(NOW, stop) == ()
    assert not herald.site.requests


async def test_two_pollers_share_the_feeds(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.follow(partner(herald.site))
    claims = [
        await herald.store.claim_feeds(owner=name, now=NOW, most=10, lease=10 * HOUR)
        for name in ("a", "b")
    ]
    assert [len(claim) for claim in claims] == [1, 0]
    assert await herald.after(9 * HOUR) == ()
    assert len(await herald.after(HOUR)) == 1


async def test_a_poll_that_is_repeated_changes_nothing(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), item(2)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    before = await herald.entries()
    await herald.poller.poll([(await herald.feed()).id])
    assert await herald.entries() == before


async def test_a_feed_that_herald_stumbles_over_is_told_and_the_next_is_read(
    herald: Herald, tmp_path: Path
) -> None:
    class Stumbles(ParsesHere):
        async def understand(self, document: Document) -> NamedFeed | ParseFailed:
            if document.url.endswith("/odd"):
                raise RuntimeError("a bug")
            return understand(document)

    herald.site.serve("/odd", rss(item(1)))
    herald.site.serve("/good", rss(item(1)))
    await herald.follow(partner(herald.site, "/odd", "/good"))
    limits = Limits(spacing=timedelta(0))
    async with Fetcher(
        contact="", clock=herald.clock, allow_private=True, limits=limits
    ) as fetcher:
        poller = Poller(herald.store, fetcher, Stumbles(), clock=herald.clock, random=lambda: 0.0)
        polled = await poller.poll_due(NOW, asyncio.Event())
    assert sorted(bool(one.trouble) for one in polled) == [False, True]


async def test_health_counts_what_a_feed_says(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), head=""))
    await herald.follow(partner(herald.site))
    await herald.polls()
    herald.site.serve("/feed", rss(item(1), *(item(number) for number in range(2, 6)), head=""))
    await herald.after(DAY)
    (health,) = await herald.store.health(now=herald.clock.now())
    assert health.entries == 5
    assert health.a_week == 1.0
    assert any("which language" in problem.message for problem in health.feed.problems)


async def test_texts_of_every_script_come_back_from_the_store_as_they_were(herald: Herald) -> None:
    titles = ["Ħamrun u l-ġnien", "Η αλυκή", "المتحف البيئي", "Żółty skansen", "👨‍👩‍👧 family"]
    herald.site.serve("/feed", rss(*(item(n, title=title) for n, title in enumerate(titles))))
    await herald.follow(partner(herald.site))
    await herald.polls()
    assert sorted(entry.content.title for entry in await herald.entries()) == sorted(titles)


async def test_a_large_feed_is_remembered_whole(herald: Herald) -> None:
    herald.site.serve("/feed", rss(*(item(number) for number in range(1200))))
    await herald.follow(partner(herald.site))
    (polled,) = await herald.polls()
    assert polled.seeded == 1200
    herald.site.serve("/feed", rss(*(item(number) for number in range(1201))))
    (polled,) = await herald.after(DAY)
    assert polled.new == 1


async def test_real_workers_read_for_the_poller(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    herald.site.serve("/bomb", b"<rss><channel><item>" + b"<a>" * 300_000)
    await herald.follow(partner(herald.site, "/feed", "/bomb"))
    limits = Limits(spacing=timedelta(0))
    async with (
        Fetcher(contact="", clock=herald.clock, allow_private=True, limits=limits) as fetcher,
        Parser(workers=2, most_seconds=2) as parser,
    ):
        poller = Poller(herald.store, fetcher, parser, clock=herald.clock, random=lambda: 0.0)
        polled = {
            one.url.rpartition("/")[2]: one for one in await poller.poll_due(NOW, asyncio.Event())
        }
    assert polled["feed"].seeded == 1
    assert set(polled) == {"feed", "bomb"}


async def test_a_slow_server_keeps_no_other_feed_waiting(herald: Herald) -> None:
    """Hands that are free take the next feeds while another's server takes its time."""
    answered = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await answered.wait()
        return web.Response(body=rss(item(1)).encode())

    herald.site.answers["/slow"] = slow
    told: list[Polled] = []
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(
            Fetcher(contact="", clock=herald.clock, allow_private=True, limits=PATIENT)
        )
        poller = Poller(
            herald.store,
            fetcher,
            ParsesHere(),
            clock=herald.clock,
            random=lambda: 0.0,
            tell=told.append,
        )
        sites = [await stack.enter_async_context(a_site()) for _ in range(8)]
        feeds = [
            FeedConfig(url=sites[number % 8].serve(f"/{number}", rss(item(number))))
            for number in range(AT_ONCE + 40)
        ]
        first = FeedConfig(url=herald.site.url("/slow"))
        await poller.sync(wanted_feeds([a_partner(feeds=(first, *feeds))]))
        polling = asyncio.create_task(poller.poll_due(herald.clock.now(), asyncio.Event()))
        async with asyncio.timeout(30):
            while len(told) < len(feeds):  # noqa: ASYNC110 - nobody tells of the last but one
                await asyncio.sleep(0.01)
        assert not polling.done()
        answered.set()
        polled = await polling
    assert [one.trouble for one in polled] == [""] * (len(feeds) + 1)


async def test_a_stop_ends_a_pass_at_once_and_gives_back_what_was_not_answered(
    herald: Herald,
) -> None:
    stop = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        stop.set()
        await asyncio.Event().wait()
        return web.Response()

    herald.site.answers["/never"] = never
    herald.site.serve("/next", rss(item(1)))
    await herald.follow(partner(herald.site, "/never", "/next"))
    async with asyncio.timeout(30):  # less than the server is given
        polled = await herald.poller.poll_due(NOW, stop)
    assert all("never" not in one.url for one in polled)
    taken = await herald.store.claim_feeds(owner="b", now=NOW, most=9, lease=HOUR)
    assert len(taken) + len(polled) == 2


async def test_an_address_that_moved_for_good_is_asked_and_told(herald: Herald) -> None:
    herald.site.serve("/new", rss(item(1)), headers={"ETag": '"new"'})
    herald.site.serve("/feed", status=301, headers={"Location": herald.site.url("/new")})
    await herald.follow(partner(herald.site))
    for _ in range(12):
        await herald.polls()
        herald.clock.advance(DAY)
    feed = await herald.feed()
    assert feed.address == herald.site.url("/new")
    assert any("partners.yaml" in problem.message for problem in feed.problems)
    herald.site.requests.clear()
    await herald.after(DAY)
    assert [request.path for request in herald.site.requests] == ["/new"]


async def test_an_adopted_address_that_dies_is_given_up(herald: Herald) -> None:
    await test_an_address_that_moved_for_good_is_asked_and_told(herald)
    herald.site.serve("/new", status=410)
    herald.site.serve("/feed", rss(item(1), item(2)))
    await herald.after(DAY)
    feed = await herald.feed()
    assert (feed.gone, feed.address) == (False, herald.site.url("/feed"))
    (polled,) = await herald.after(DAY)
    assert polled.new == 1


async def test_a_feed_that_is_suddenly_empty_is_told_and_takes_nothing_back(
    herald: Herald,
) -> None:
    herald.site.serve("/feed", rss(item(1), item(2)))
    await herald.follow(partner(herald.site))
    await herald.polls()
    herald.site.serve("/feed", rss())
    (polled,) = await herald.after(DAY)
    assert any("had 2 entries before" in problem.message for problem in polled.problems)
    assert not any(entry.withdrawn for entry in await herald.entries())
    herald.site.serve("/feed", rss(item(1), item(2)))
    (polled,) = await herald.after(DAY)
    assert not any("before" in problem.message for problem in polled.problems)


async def test_the_hub_of_the_headers_comes_before_the_documents(herald: Herald) -> None:
    links = (
        '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://d.example/"/>'
    )
    herald.site.serve("/feed", rss(item(1), head=links))
    await herald.follow(partner(herald.site))
    await herald.polls()
    hub = (await herald.feed()).hub
    assert hub is not None
    assert (hub.hub, hub.topic) == ("https://d.example/", herald.site.url("/feed"))
    header = {"Link": '<https://h.example/>; rel="hub", <https://t.example/>; rel="self"'}
    herald.site.serve("/feed", rss(item(1), item(2), head=links), headers=header)
    await herald.after(DAY)
    hub = (await herald.feed()).hub
    assert hub is not None
    assert (hub.hub, hub.topic) == ("https://h.example/", "https://t.example/")


async def test_a_partner_may_agree_to_be_asked_more_often(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    agreed = FeedConfig(url=herald.site.url("/feed"), every=timedelta(hours=2))
    await herald.follow(a_partner(feeds=(agreed,)))
    await herald.polls()
    assert (await herald.feed()).next_check_at == NOW + 2 * HOUR


async def test_the_event_of_a_page_is_read_once_and_stays_though_the_page_is_down(
    herald: Herald,
) -> None:
    """A page that cannot be reached is no event that was taken back."""
    walk = (
        '<html><script type="application/ld+json">{"@context": "https://schema.org",'
        '"@type": "Event", "name": "A walk", "startDate": "2027-09-10T10:00:00+02:00"}'
        "</script></html>"
    )
    page = herald.site.serve("/walk", walk, headers={"Content-Type": "text/html"})
    herald.site.serve("/feed", rss(item(1, title="A walk", link=page)))
    always = FeedConfig(url=herald.site.url("/feed"), event_pages="always")
    await herald.follow(a_partner(feeds=(always,)))
    limits = Limits(spacing=timedelta(0))
    async with (
        Fetcher(contact="", clock=herald.clock, allow_private=True, limits=limits) as fetcher,
        Parser(workers=1) as parser,
    ):
        pages = Pages(fetcher, parser, clock=herald.clock)
        poller = Poller(
            herald.store, fetcher, parser, clock=herald.clock, random=lambda: 0.0, pages=pages
        )
        await poller.poll_due(NOW, asyncio.Event())
        (entry,) = await herald.entries()
        assert entry.content.event is not None
        assert entry.content.event.source is EventSource.PAGE
        herald.site.serve("/walk", status=500)
        edited = item(1, title="A walk", link=page, text="Bring shoes, it may be wet.")
        for document in (rss(item(1, title="A walk", link=page), item(2)), rss(edited)):
            herald.site.serve("/feed", document)
            herald.clock.advance(2 * DAY)
            await poller.poll_due(herald.clock.now(), asyncio.Event())
        entry = next(one for one in await herald.entries() if one.content.title == "A walk")
        assert entry.content.summary == "Bring shoes, it may be wet."
        assert entry.content.event is not None
        assert entry.content.event.begins_at.day == 10
        assert not entry.withdrawn
