"""Subscribing from end to end: a hub, a partner's site, Herald's web application and its store.

The names with numbers are those of the subscriber tests of websub.rocks.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from herald.clock import SetClock
from herald.model.feed import HubLink
from herald.model.polling import Decision, Feed, Understood, Validators
from herald.model.websub import HubHealth
from herald.sources.feeds.fetching.fetch import Fetcher, Limits
from herald.sources.feeds.hubs import AT_ONCE, MOST_BYTES, Hubs
from herald.sources.feeds.poll import Poller
from herald.sources.feeds.wanted import wanted_feeds
from herald.sources.feeds.websub import DENIED_PAUSE, WINDOW, callback_root
from herald.store.engine import Store, open_store
from herald.store.feeds import StoredFeeds
from herald.store.websub import StoredHubs
from herald.web.app import create_app, serve
from tests.running import a_free_port
from tests.servers.hub import CHALLENGE, Hub, a_hub
from tests.sources.feeds.documents import NOW, Site, a_site, item, rss
from tests.sources.feeds.test_poll import ParsesHere, partner

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class NobodyLeaves:
    """A way out of lists for a Herald without lists."""

    async def look(self, token: str) -> None:
        return None

    async def leave(self, token: str) -> None:
        return None


async def _health() -> Any:
    raise AssertionError("nobody asks")


@dataclass
class Herald:
    """Everything that subscribing joins."""

    site: Site
    hub: Hub
    clock: SetClock
    database: Store
    fetcher: Fetcher
    client: aiohttp.ClientSession
    base: str
    hubs: Hubs
    poller: Poller

    @property
    def feeds(self) -> StoredFeeds:
        return StoredFeeds(self.database)

    @property
    def store(self) -> StoredHubs:
        return StoredHubs(self.database)

    def another(self, *, public_url: str | None = None) -> Hubs:
        """Return the hubs of another process on the same store."""
        root = callback_root(self.base if public_url is None else public_url, allow_http=True)
        return _hubs(self.database, root, self.clock)

    async def follow(self, *paths: str) -> None:
        await self.poller.sync(wanted_feeds([partner(self.site, *paths)]))

    async def polls(self) -> list[str]:
        """Poll what is due; return which paths of the site were asked."""
        before = len(self.site.requests)
        await self.poller.poll_due(self.clock.now(), asyncio.Event())
        return [request.path for request in self.site.requests[before:]]

    async def names(self, hub: str = "", topic: str = "https://one.example/feed") -> None:
        """Let the only feed have said where its changes are told."""
        feed = await self.feed()
        poll = Understood(
            title="",
            validators=Validators(),
            body_hash="h",
            interval=HOUR,
            next_check_at=self.clock.now() + 5 * HOUR,
            hub=HubLink(hub=hub or self.hub.url, topic=topic),
        )
        await self.feeds.save_understood(
            feed.id, poll, (), lambda known: Decision(), now=self.clock.now()
        )

    async def feed(self) -> Feed:
        (only,) = await self.feeds.health(now=self.clock.now())
        return only.feed

    async def due_in(self) -> timedelta:
        return (await self.feed()).next_check_at - self.clock.now()

    async def renew(self, pause: timedelta = timedelta(0)) -> None:
        self.clock.advance(pause)
        await self.hubs.renew(self.fetcher)

    async def fares(self) -> HubHealth:
        (only,) = (await self.store.active_hubs(now=self.clock.now())).values()
        return only

    async def subscribed(self) -> str:
        """Subscribe the only feed; return its callback."""
        await self.follow()
        await self.names()
        await self.renew()
        (callback,) = self.hub.subscribed
        self.clock.advance(5 * MINUTE)
        return callback


def _hubs(database: Store, root: str, clock: SetClock) -> Hubs:
    return Hubs(
        StoredHubs(database),
        root=root,
        clock=clock,
        random=lambda: 0.0,
        new_word=lambda: secrets.token_urlsafe(32),
    )


@pytest.fixture
async def herald(tmp_path: Path) -> AsyncIterator[Herald]:
    clock = SetClock(NOW)
    database = await open_store("sqlite:///herald.db", tmp_path)
    port = a_free_port()
    base = f"http://127.0.0.1:{port}"
    hubs = _hubs(database, callback_root(base, allow_http=True), clock)
    limits = Limits(connect=20, read=20, total=30, spacing=timedelta(0))
    runner = await serve(create_app(_health, NobodyLeaves(), hubs), f"127.0.0.1:{port}")
    async with (
        a_site() as site,
        a_hub() as hub,
        aiohttp.ClientSession(trust_env=False) as client,
        Fetcher(contact="", clock=clock, allow_private=True, limits=limits) as fetcher,
    ):
        poller = Poller(
            StoredFeeds(database), fetcher, ParsesHere(), clock=clock, random=lambda: 0.0
        )
        yield Herald(site, hub, clock, database, fetcher, client, base, hubs, poller)
    await runner.cleanup()
    await database.close()


def links(hub: str = "", self: str = "") -> str:
    """Return the links of a feed's head, in Atom's namespace."""
    named = {"hub": hub, "self": self}
    return "".join(
        f'<link xmlns="http://www.w3.org/2005/Atom" rel="{rel}" href="{url}"/>'
        for rel, url in named.items()
        if url
    )


def atom(head: str) -> str:
    """Return an Atom document with one entry."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>Ecomuseo</title><id>urn:e</id><updated>2027-05-10T08:00:00Z</updated>{head}"
        "<entry><id>urn:1</id><title>Story</title><updated>2027-05-10T08:00:00Z</updated>"
        '<link href="https://example.org/1"/><summary>Text</summary></entry></feed>'
    )


def header(hub: str, self: str) -> dict[str, str]:
    return {"Link": f'<{hub}>; rel="hub", <{self}>; rel="self"'}


async def found(herald: Herald, path: str = "/feed") -> list[str]:
    """Poll the feed, subscribe, and return the topics that the hub was asked for."""
    await herald.follow(path)
    await herald.polls()
    await herald.renew()
    return [each["hub.topic"] for each in herald.hub.requests]


SELF = "https://one.example/self"


async def test_100_hub_and_topic_are_found_in_the_headers(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)), headers=header(herald.hub.url, SELF))
    assert await found(herald) == [SELF]


async def test_101_a_web_page_is_no_feed_whatever_it_links_to(herald: Herald) -> None:
    page = f'<!doctype html><html><head><link rel="hub" href="{herald.hub.url}"></head></html>'
    herald.site.serve("/feed", page, headers={"Content-Type": "text/html"})
    assert await found(herald) == []
    assert (await herald.feed()).trouble


async def test_102_hub_and_topic_are_found_in_atom(herald: Herald) -> None:
    herald.site.serve("/feed", atom(links(herald.hub.url, SELF)))
    assert await found(herald) == [SELF]


async def test_103_hub_and_topic_are_found_in_rss(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), head=links(herald.hub.url, SELF)))
    assert await found(herald) == [SELF]


async def test_104_the_headers_go_before_the_document(herald: Herald) -> None:
    document = rss(item(1), head=links("https://hub.invalid/", "https://one.example/other"))
    herald.site.serve("/feed", document, headers=header(herald.hub.url, SELF))
    assert await found(herald) == [SELF]


@pytest.mark.parametrize("status", [302, 301], ids=["201", "202"])
async def test_201_202_the_topic_is_found_behind_a_redirect(herald: Herald, status: int) -> None:
    headers = {"Location": herald.site.url("/new")}
    herald.site.serve("/feed", status=status, headers=headers)
    herald.site.serve("/new", rss(item(1), head=links(herald.hub.url, herald.site.url("/new"))))
    assert await found(herald) == [herald.site.url("/new")]
    assert (await herald.fares()).active_until is not None


async def test_a_feed_that_names_no_hub_any_more_is_unsubscribed(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1), head=links(herald.hub.url, SELF)))
    await found(herald)
    herald.site.serve("/feed", rss(item(2), item(1)))
    herald.clock.advance(DAY)
    assert await herald.polls() == ["/feed"]
    await herald.renew()
    assert [each["hub.mode"] for each in herald.hub.requests] == ["subscribe", "unsubscribe"]
    assert herald.hub.subscribed == {}


async def test_a_feed_that_names_a_hub_is_polled_as_soon_as_the_hub_tells_of_a_change(
    herald: Herald,
) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.subscribed()
    (asked,) = herald.hub.requests
    assert asked["hub.mode"] == "subscribe"
    assert asked["hub.topic"] == "https://one.example/feed"
    assert asked["hub.lease_seconds"] == "864000"
    assert len(asked["hub.callback"].rpartition("/")[2]) >= 43
    assert herald.hub.answers == [(200, CHALLENGE)]
    assert (await herald.fares()).active_until == NOW + 10 * DAY

    assert await herald.polls() == []
    herald.site.serve("/feed", rss(item(2), item(1)))
    assert await herald.hub.push(rss(item(2)).encode()) == 202
    assert await herald.due_in() == timedelta(0)
    assert await herald.polls() == ["/feed"]


async def test_what_a_hub_sends_is_never_read_as_news(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.subscribed()
    await herald.hub.push(rss(item(99, title="Buy this")).encode())
    await herald.polls()
    entries = await herald.feeds.entries(NOW - DAY)
    assert [each.content.title for each in entries] == ["Story number 1"]


async def test_200_the_topic_is_what_the_feed_calls_itself(herald: Herald) -> None:
    await herald.follow("/mirror")
    await herald.names(topic="https://elsewhere.example/self?a=b&c=é")
    await herald.renew()
    (asked,) = herald.hub.requests
    assert asked["hub.topic"] == "https://elsewhere.example/self?a=b&c=é"
    assert (await herald.fares()).active_until is not None


@pytest.mark.parametrize("path", ["/hub-307", "/hub-308"], ids=["203", "204"])
async def test_203_204_a_hub_may_send_on_to_another(herald: Herald, path: str) -> None:
    await herald.follow()
    await herald.names(hub=herald.hub.base + path)
    await herald.renew()
    assert herald.hub.paths == [path, "/hub"]
    assert (await herald.fares()).active_until is not None


async def test_205_a_question_about_another_topic_is_disowned(herald: Herald) -> None:
    herald.hub.verifies = False
    await herald.follow()
    await herald.names()
    await herald.renew()
    (asked,) = herald.hub.requests
    assert await herald.hub.verify(asked, topic="https://one.example/other") == 404
    assert await herald.hub.verify(asked, mode="unsubscribe") == 404
    assert (await herald.fares()).active_until is None
    assert await herald.hub.verify(asked) == 200


async def test_300_a_push_is_acknowledged_whatever_its_type(herald: Herald) -> None:
    await herald.subscribed()
    assert await herald.hub.push(b"\x00 not a feed", algorithm="sha512") == 202
    assert await herald.due_in() == timedelta(0)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("sha256=" + "0" * 64, id="301 wrong"),
        pytest.param("", id="302 missing"),
        pytest.param("sha1=" + "0" * 40, id="wrong with sha1"),
        pytest.param("nonsense", id="malformed"),
    ],
)
async def test_301_302_a_push_that_proves_nothing_changes_nothing(
    herald: Herald, signature: str
) -> None:
    await herald.subscribed()
    before = (await herald.feed()).next_check_at
    assert await herald.hub.push(signature=signature) == 202
    assert (await herald.feed()).next_check_at == before
    assert (await herald.fares()).refused_at == herald.clock.now()


async def test_a_right_signature_with_sha1_is_heard(herald: Herald) -> None:
    await herald.subscribed()
    assert await herald.hub.push(algorithm="sha1") == 202
    assert await herald.due_in() == timedelta(0)


async def test_a_question_is_answered_once(herald: Herald) -> None:
    await herald.subscribed()
    (asked,) = herald.hub.requests
    assert await herald.hub.verify(asked) == 404


async def test_a_question_that_comes_late_is_not_answered(herald: Herald) -> None:
    herald.hub.verifies = False
    await herald.follow()
    await herald.names()
    await herald.renew()
    (asked,) = herald.hub.requests
    herald.clock.advance(WINDOW + SECOND)
    assert await herald.hub.verify(asked) == 404


async def test_a_restart_between_request_and_question_loses_nothing(herald: Herald) -> None:
    herald.hub.verifies = False
    await herald.follow()
    await herald.names()
    await herald.another().renew(herald.fetcher)
    (asked,) = herald.hub.requests
    assert await herald.hub.verify(asked) == 200
    assert (await herald.fares()).active_until == NOW + 10 * DAY


async def test_two_processes_ask_once(herald: Herald) -> None:
    herald.hub.verifies = False
    await herald.follow()
    await herald.names()
    await asyncio.gather(
        herald.renew(), *(herald.another().renew(herald.fetcher) for _ in range(3))
    )
    assert len(herald.hub.requests) == 1


async def test_a_lease_is_renewed_at_four_fifths_with_the_same_callback(herald: Herald) -> None:
    herald.hub.lease = 86_400
    callback = await herald.subscribed()
    herald.clock.jump(NOW + DAY * 0.8 - SECOND)
    await herald.renew()
    assert len(herald.hub.requests) == 1
    await herald.renew(SECOND)
    assert [each["hub.callback"] for each in herald.hub.requests] == [callback] * 2
    assert (await herald.fares()).active_until == herald.clock.now() + DAY


async def test_a_hub_that_goes_away_costs_nothing_but_its_pushes(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.subscribed()
    before = (await herald.feed()).next_check_at
    herald.hub.status = 500
    await herald.renew(9 * DAY)
    told = await herald.fares()
    assert told.trouble == "the hub answered with an error (500)"
    assert (await herald.feed()).next_check_at == before
    assert await herald.polls() == ["/feed"]
    await herald.names()
    await herald.renew(WINDOW - SECOND)
    assert len(herald.hub.requests) == 2
    await herald.renew(SECOND)
    await herald.renew(HOUR)
    assert len(herald.hub.requests) == 3
    await herald.renew(DAY)
    assert (await herald.fares()).active_until is None
    herald.hub.status = 202
    await herald.renew(DAY)
    told = await herald.fares()
    assert (told.trouble, told.active_until) == ("", herald.clock.now() + 10 * DAY)


async def test_a_hub_that_cannot_be_reached_is_trouble_of_the_hub_alone(herald: Herald) -> None:
    await herald.follow()
    await herald.names(hub=f"http://127.0.0.1:{a_free_port()}/")
    await herald.renew()
    assert (await herald.fares()).trouble == "the server cannot be reached"
    assert (await herald.feed()).trouble == ""


async def test_a_denial_is_told_and_not_asked_about_again_for_a_week(herald: Herald) -> None:
    herald.hub.denies = "not on our list"
    await herald.follow()
    await herald.names()
    await herald.renew()
    assert herald.hub.answers == [(200, "")]
    assert "not on our list" in (await herald.fares()).trouble
    await herald.renew(DENIED_PAUSE - SECOND)
    assert len(herald.hub.requests) == 1
    await herald.renew(SECOND)
    assert len(herald.hub.requests) == 2


async def test_a_feed_that_moves_to_another_hub_leaves_the_old_one(herald: Herald) -> None:
    old = await herald.subscribed()
    async with a_hub() as other:
        await herald.names(hub=other.url)
        await herald.renew()
        (asked,) = other.requests
        assert asked["hub.mode"] == "subscribe"
        assert asked["hub.callback"] != old
        assert asked["hub.secret"] != herald.hub.requests[0]["hub.secret"]
        assert list(other.subscribed) == [asked["hub.callback"]]
    assert herald.hub.requests[1]["hub.mode"] == "unsubscribe"
    assert herald.hub.requests[1]["hub.callback"] == old
    assert herald.hub.subscribed == {}
    assert await herald.hub.push(callback=old, signature="sha256=" + "0" * 64) == 410


async def test_a_feed_that_left_the_configuration_is_unsubscribed(herald: Herald) -> None:
    callback = await herald.subscribed()
    await herald.poller.sync([])
    await herald.renew()
    assert herald.hub.subscribed == {}
    assert await herald.store.hub(callback.rpartition("/")[2]) is None


async def test_a_hub_that_does_not_let_go_is_told_that_nobody_is_here(herald: Herald) -> None:
    callback = await herald.subscribed()
    herald.hub.status = 500
    await herald.poller.sync([])
    for _ in range(6):
        await herald.renew(DAY)
    assert [each["hub.mode"] for each in herald.hub.requests[1:]] == ["unsubscribe"] * 3
    assert await herald.hub.push(callback=callback) == 410


async def test_while_a_hub_is_being_left_its_pushes_are_turned_away(herald: Herald) -> None:
    callback = await herald.subscribed()
    herald.hub.verifies = False
    await herald.poller.sync([])
    await herald.renew()
    assert await herald.store.hub(callback.rpartition("/")[2]) is not None
    assert await herald.hub.push(callback=callback) == 410


async def test_another_public_url_is_subscribed_anew(herald: Herald) -> None:
    callback = await herald.subscribed()
    moved = herald.another(public_url=f"{herald.base}/")
    await moved.renew(herald.fetcher)
    assert len(herald.hub.requests) == 1
    elsewhere = herald.another(public_url=herald.base.replace("127.0.0.1", "localhost"))
    herald.hub.verifies = False
    await elsewhere.renew(herald.fetcher)
    modes = {each["hub.callback"]: each["hub.mode"] for each in herald.hub.requests[1:]}
    assert modes.pop(callback) == "unsubscribe"
    ((new, mode),) = modes.items()
    assert new.startswith("http://localhost:")
    assert mode == "subscribe"


async def test_without_a_public_url_nothing_is_asked(herald: Herald) -> None:
    await herald.follow()
    await herald.names()
    await herald.another(public_url="").renew(herald.fetcher)
    assert herald.hub.requests == []


async def test_a_thousand_feeds_are_subscribed_a_few_at_a_time(herald: Herald) -> None:
    herald.hub.verifies = False
    await herald.follow(*(f"/feed-{number}" for number in range(AT_ONCE + 8)))
    for each in await herald.feeds.health(now=NOW):
        poll = Understood(
            title="",
            validators=Validators(),
            body_hash="h",
            interval=HOUR,
            next_check_at=NOW,
            hub=HubLink(hub=herald.hub.url, topic=each.feed.address),
        )
        await herald.feeds.save_understood(
            each.feed.id, poll, (), lambda known: Decision(), now=NOW
        )
    await herald.renew()
    assert len(herald.hub.requests) == AT_ONCE
    await herald.renew()
    assert len(herald.hub.requests) == AT_ONCE + 8
    assert len({each["hub.callback"] for each in herald.hub.requests}) == AT_ONCE + 8
    assert len({each["hub.secret"] for each in herald.hub.requests}) == AT_ONCE + 8


@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", 405), ("PUT", 405), ("DELETE", 405), ("PATCH", 405), ("OPTIONS", 405), ("GET", 404)],
)
async def test_a_callback_answers_nothing_that_no_hub_asks(
    herald: Herald, method: str, status: int
) -> None:
    callback = await herald.subscribed()
    async with herald.client.request(method, callback) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe",
        "hub.challenge=x",
        "hub.mode=subscribe&hub.mode=subscribe&hub.topic={topic}&hub.challenge=x",
        "hub.mode=subscribe&hub.topic={topic}&hub.challenge=",
        "hub.mode=subscribe&hub.topic={topic}&hub.challenge=" + "x" * 3000,
        "hub.mode=%FF%00&hub.topic=%ED%A0%80&hub.challenge=%00",
        "&" * 2000,
    ],
)
async def test_a_question_that_is_no_proper_one_is_disowned(herald: Herald, query: str) -> None:
    herald.hub.verifies = False
    await herald.follow()
    await herald.names()
    await herald.renew()
    (asked,) = herald.hub.requests
    target = f"{asked['hub.callback']}?{query.format(topic=asked['hub.topic'])}"
    async with herald.client.get(target) as answer:
        assert (answer.status, await answer.read()) == (404, b"")
    assert await herald.hub.verify(asked) == 200


async def test_a_huge_query_is_refused(herald: Herald) -> None:
    callback = await herald.subscribed()
    async with herald.client.get(f"{callback}?hub.challenge={'x' * 100_000}") as answer:
        assert answer.status == 400


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 5000, "%00" * 40, "..%2F" * 9])
async def test_callbacks_that_nobody_gave_out_are_not_there(herald: Herald, token: str) -> None:
    async with herald.client.get(f"{herald.base}/websub/{token}") as answer:
        assert answer.status == 404
    async with herald.client.post(f"{herald.base}/websub/{token}", data=b"x") as answer:
        assert answer.status == 410


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES, 202), (MOST_BYTES + 1, 413)])
async def test_a_push_may_be_as_large_as_a_feed(herald: Herald, size: int, status: int) -> None:
    await herald.subscribed()
    before = await herald.due_in()
    assert await herald.hub.push(b"x" * size) == status
    assert await herald.due_in() == (timedelta(0) if status == 202 else before)


async def test_a_push_that_breaks_off_changes_nothing(
    herald: Herald, caplog: pytest.LogCaptureFixture
) -> None:
    callback = await herald.subscribed()
    before = await herald.due_in()
    host, port = herald.base.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    path = callback.removeprefix(herald.base)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n"
        f"X-Hub-Signature: sha256={'0' * 64}\r\n\r\nhalf"
    )
    writer.write(head.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await herald.hub.push(signature="") == 202
    assert await herald.due_in() == before
    assert "page failed" not in caplog.text


async def test_a_storm_of_pushes_is_one_poll_a_minute(herald: Herald) -> None:
    herald.site.serve("/feed", rss(item(1)))
    await herald.subscribed()
    assert set(await asyncio.gather(*(herald.hub.push() for _ in range(20)))) == {202}
    assert await herald.polls() == ["/feed"]
    assert await herald.hub.push() == 202
    assert await herald.polls() == []
    herald.clock.advance(MINUTE)
    assert await herald.polls() == ["/feed"]
    herald.clock.advance(MINUTE)
    assert await herald.polls() == []


async def test_neither_tokens_nor_secrets_are_logged(
    herald: Herald, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    callback = await herald.subscribed()
    await herald.hub.push()
    await herald.hub.push(signature="sha256=" + "0" * 64)
    herald.hub.status = 500
    await herald.renew(9 * DAY)
    # The library under the tests' own client and the store tell what they do at this level.
    ours = [each for each in caplog.records if each.name.startswith(("herald", "aiohttp.access"))]
    assert {"hub answered", "a push was not believed"} <= {each.getMessage() for each in ours}
    told = "".join(f"{each.getMessage()} {vars(each)}" for each in ours)
    assert callback.rpartition("/")[2] not in told
    assert herald.hub.requests[0]["hub.secret"] not in told
