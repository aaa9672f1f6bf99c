"""How Herald asks: conditionally, seldom, within limits, and as a polite guest."""

from __future__ import annotations

import gzip
from contextlib import AsyncExitStack, closing, suppress
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from herald import __version__
from herald.clock import SetClock
from herald.errors import HeraldError
from herald.model.feed import HubLink
from herald.sources.feeds.discovery.discover import discover
from herald.sources.feeds.fetching.addresses import is_public
from herald.sources.feeds.fetching.fetch import Limits
from tests.behaviours.house import DAY, HOUR, NOW, Ground, House, a_house
from tests.behaviours.site import Gauge, a_site
from tests.sources.feeds.documents import calendar, item, rss

MINUTE = timedelta(minutes=1)
CHANGED = "If-None-Match"
SINCE = "If-Modified-Since"


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


# ---------------------------------------------------------------- conditional requests


async def test_validators_go_back_to_the_server_letter_by_letter(house: House) -> None:
    """An entity tag is opaque, and so is an odd date (RFC 9110, sections 8.8 and 13.1)."""
    told = {"ETag": 'W/"a, \\b-gzip"', "Last-Modified": "Mon, 10-May-27 07:00:00 +0000"}
    house.site.serve("/feed", rss(item(1)), headers=told)
    await house.follow()
    await house.polls()
    first = house.site.last
    assert CHANGED not in first.headers
    assert SINCE not in first.headers
    await house.poll_one()
    assert house.site.last.headers[CHANGED] == told["ETag"]
    assert house.site.last.headers[SINCE] == told["Last-Modified"]


async def test_each_validator_is_renewed_by_itself_also_by_a_304(house: House) -> None:
    house.site.serve("/feed", rss(item(1)), headers={"ETag": '"1"', "Last-Modified": "then"})
    await house.follow()
    await house.polls()
    house.site.serve("/feed", status=304, headers={"ETag": '"2"'})
    await house.poll_one()
    house.site.serve("/feed", status=304, headers={"Last-Modified": "now"})
    await house.poll_one()
    assert (house.site.last.headers[CHANGED], house.site.last.headers[SINCE]) == ('"2"', "then")
    await house.poll_one()
    assert (house.site.last.headers[CHANGED], house.site.last.headers[SINCE]) == ('"2"', "now")


async def test_a_document_that_cannot_be_read_leaves_the_validators_of_the_last_good_one(
    house: House,
) -> None:
    house.site.serve("/feed", rss(item(1)), headers={"ETag": '"good"'})
    await house.follow()
    await house.polls()
    house.site.serve("/feed", "<html>Closed for repairs</html>", headers={"ETag": '"bad"'})
    polled = await house.poll_one()
    assert "web page" in polled.trouble
    await house.poll_one()
    assert house.site.last.headers[CHANGED] == '"good"'


async def test_validators_are_only_remembered_together_with_the_entries(house: House) -> None:
    """Were a tag kept without its entries, a 304 would hide them for ever."""
    house.site.serve("/feed", rss(item(1)), headers={"ETag": '"1"'})
    await house.follow()
    await house.polls()
    house.site.serve_cached("/feed", rss(item(2), item(1)), '"2"')
    with closing(house.database()) as disk:
        disk.execute(
            "CREATE TRIGGER full BEFORE INSERT ON feed_key"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        house.clock.advance(DAY)
        with suppress(HeraldError):
            await house.polls()
        assert house.site.asks("/feed") == 2
        disk.execute("DROP TRIGGER full")
    await house.after(DAY)
    assert house.site.last.headers.get(CHANGED) == '"1"'
    assert await house.news() == ["Story number 2"]


async def test_without_validators_an_equal_body_is_not_read_again(house: House) -> None:
    house.site.serve("/feed", rss(item(1)))
    await house.follow()
    await house.polls()
    assert house.parser.documents == 1
    polled = await house.poll_one()
    assert polled.unchanged
    assert not {CHANGED, SINCE} & set(house.site.last.headers)
    assert house.parser.documents == 1


async def test_a_server_without_caching_is_asked_for_the_whole_document(house: House) -> None:
    """``Expires: 0`` is caching switched off; a tag beside it is known not to change."""
    house.site.serve_cached("/feed", rss(item(1)), '"same"', Expires="0")
    await house.follow()
    await house.polls()
    house.site.serve_cached("/feed", rss(item(2), item(1)), '"same"', Expires="0")
    await house.poll_one()
    assert await house.news() == ["Story number 2"]


async def test_a_304_ends_the_trouble_and_changes_no_entry(house: House) -> None:
    house.site.serve("/feed", rss(item(1)), headers={"ETag": '"1"'})
    await house.follow()
    await house.polls()
    before = await house.entries()
    house.site.serve("/feed", status=500)
    await house.poll_one()
    assert (await house.feed()).errors == 1
    house.site.serve("/feed", status=304)
    await house.poll_one()
    feed = await house.feed()
    assert (feed.errors, feed.trouble, feed.trouble_since) == (0, "", None)
    assert feed.last_success_at == house.clock.now()
    assert await house.entries() == before


async def test_the_caching_headers_of_a_304_count(house: House) -> None:
    """A 304 renews the freshness of what is stored (RFC 9111, section 4.3.4)."""
    house.site.serve("/feed", rss(item(1)), headers={"ETag": '"1"'})
    await house.follow(every="1h")
    await house.polls()
    assert await house.pause() == HOUR
    house.site.serve("/feed", status=304, headers={"Cache-Control": "max-age=36000"})
    await house.poll_one()
    assert await house.pause() == 10 * HOUR


# ---------------------------------------------------------------- when to ask again


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Cache-Control": "max-age=7200"}, 2 * HOUR),
        ({"Cache-Control": "public, max-age=7200", "Expires": http_date(NOW)}, 2 * HOUR),
        ({"Date": http_date(NOW - DAY), "Expires": http_date(NOW - DAY + 3 * HOUR)}, 3 * HOUR),
        ({"Cache-Control": "no-cache, max-age=7200"}, HOUR),
        ({"Cache-Control": "max-age=7200, no-store"}, HOUR),
        ({"Cache-Control": "max-age=60"}, HOUR),
        ({"Cache-Control": "max-age=864000"}, DAY),
        ({"Date": http_date(NOW), "Expires": http_date(NOW + 40 * DAY)}, DAY),
    ],
    ids=str,
)
async def test_a_server_says_how_long_its_answer_stays_fresh(
    house: House, headers: dict[str, str], pause: timedelta
) -> None:
    """``max-age``, else ``Expires`` since ``Date``, at most a day (RFC 9111, section 4.2)."""
    house.site.serve("/feed", rss(item(1)), headers={"ETag": '"1"', **headers})
    await house.follow(every="1h")
    await house.polls()
    assert await house.pause() == pause


SYNDICATION = ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


@pytest.mark.parametrize(
    ("asks", "pause"),
    [
        ("<ttl>180</ttl>", 3 * HOUR),
        ("<ttl>5</ttl>", HOUR),
        ("<ttl>99999</ttl>", DAY),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
            12 * HOUR,
        ),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", HOUR),
        ("<skipHours><hour>13</hour><hour>14</hour></skipHours>", 3 * HOUR),
        ("<skipDays><day>Monday</day><day>Tuesday</day></skipDays>", 36 * HOUR),
    ],
)
async def test_a_document_may_ask_for_longer_pauses_and_closed_hours(
    house: House, asks: str, pause: timedelta
) -> None:
    """``ttl`` in minutes, ``skipHours`` and ``skipDays`` in GMT (RSS 2.0), and RSS 1.0's ``sy:``.

    It is Monday noon, GMT.
    """
    house.site.serve("/feed", rss(item(1), head=asks, attributes=SYNDICATION))
    await house.follow(every="1h")
    await house.polls()
    assert await house.pause() == pause


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "pause"),
    [
        ("36000", 10 * HOUR),
        (http_date(NOW + 5 * HOUR), 5 * HOUR),
        ("864000", 48 * HOUR),
        (http_date(NOW + 9 * DAY), 48 * HOUR),
        ("60", 15 * MINUTE),
        ("soon", 15 * MINUTE),
    ],
)
async def test_a_server_that_asks_for_patience_gets_it(
    house: House, status: int, value: str, pause: timedelta
) -> None:
    """``Retry-After`` is seconds or a date (RFC 9110, section 10.2.3); at most two days."""
    house.site.serve("/feed", status=status, headers={"Retry-After": value})
    await house.follow()
    (polled,) = await house.polls()
    assert await house.pause() == pause
    assert "asked Herald to come back later" in polled.trouble


async def test_a_feed_that_is_put_off_does_not_freeze_others_of_its_server(house: House) -> None:
    """One address often serves feeds of many sites."""
    house.site.serve("/slow", status=429, headers={"Retry-After": "172800"})
    house.site.serve("/good", rss(item(1)), headers={"ETag": '"1"'})
    await house.follow("/slow", "/good", every="1h")
    await house.polls()
    polled = await house.after(HOUR)
    assert [URL(one.url).path for one in polled] == ["/good"]
    assert polled[0].trouble == ""


async def test_failures_in_a_row_are_answered_with_growing_patience_and_never_given_up(
    house: House,
) -> None:
    house.site.serve("/feed", status=500)
    await house.follow()
    pauses = []
    for _ in range(10):
        await house.poll_one()
        pauses.append(await house.pause())
    grown = [15 * MINUTE * 2**n for n in range(7)]
    assert pauses == [*grown, DAY, DAY, DAY]
    assert (await house.feed()).errors == 10
    house.site.serve("/feed", status=503, headers={"Retry-After": "60"})
    await house.poll_one()
    assert await house.pause() == DAY


async def test_trouble_that_lasts_is_told_to_the_operator(house: House) -> None:
    house.site.serve("/feed", status=500)
    await house.follow()
    for _ in range(5):
        await house.poll_one()
    (told,) = (await house.app.condition.health()).feeds
    assert told.feed.errors == 5
    assert told.feed.trouble_since == NOW
    assert "(500)" in told.feed.trouble


async def test_pauses_differ_by_up_to_fifteen_per_cent(tmp_path: Path, ground: Ground) -> None:
    async with a_house(tmp_path, ground, jitter=lambda: 1.0) as house:
        house.site.serve("/feed", rss(item(1)))
        await house.follow(every="10h")
        await house.polls()
        assert await house.pause() == 11.5 * HOUR
        house.site.serve("/feed", status=500)
        await house.poll_one()
        assert await house.pause() == 1.15 * 15 * MINUTE


async def test_a_restart_asks_nobody_early(tmp_path: Path, ground: Ground) -> None:
    clock = SetClock(NOW)
    async with a_site() as site:
        site.serve("/feed", rss(item(1)))
        async with a_house(tmp_path, ground, clock=clock, site=site) as house:
            await house.follow(every="10h")
            await house.polls()
        async with a_house(tmp_path, ground, clock=clock, site=site) as house:
            await house.sync()
            assert await house.after(9 * HOUR) == ()
            assert len(await house.after(HOUR)) == 1
        assert site.asks("/feed") == 2


def dated(count: int, over: timedelta) -> list[str]:
    return [item(n, date=http_date(NOW - over * (n + 1) / (count + 1))) for n in range(count)]


@pytest.mark.parametrize(
    ("entries", "headers", "words", "pause"),
    [
        (dated(56, 28 * DAY), {"ETag": '"1"'}, {}, 12 * HOUR),
        (dated(4, 28 * DAY), {"ETag": '"1"'}, {}, DAY),
        (dated(900, 28 * DAY), {"ETag": '"1"'}, {}, HOUR),
        ([], {"ETag": '"1"'}, {}, DAY),
        (dated(56, 28 * DAY), {}, {}, DAY),
        (dated(56, 28 * DAY), {}, {"every": "2h"}, 2 * HOUR),
    ],
    ids=["two a day", "one a week", "thirty a day", "silent", "no validators", "agreed"],
)
async def test_a_feed_is_asked_as_often_as_it_speaks(
    house: House,
    entries: list[str],
    headers: dict[str, str],
    words: dict[str, Any],
    pause: timedelta,
) -> None:
    house.site.serve("/feed", rss(*entries), headers=headers)
    await house.follow(**words)
    await house.polls()
    assert await house.pause() == pause


# ---------------------------------------------------------------- turns and times


async def test_a_server_is_asked_one_thing_at_a_time_with_a_second_between(
    tmp_path: Path, ground: Ground
) -> None:
    limits = Limits(connect=20, read=20, total=30)
    assert (limits.spacing, limits.at_once) == (timedelta(seconds=1), 32)
    moments: list[float] = []
    async with a_house(tmp_path, ground, limits=limits) as house:
        house.site.heard = lambda: moments.append(house.clock.monotonic())
        for n in range(6):
            house.site.serve(f"/{n}", rss(item(n)), delay=0.02)
        await house.follow(*(f"/{n}" for n in range(6)))
        assert len(await house.polls()) == 6
        assert house.site.gauge.most == 1
    assert len(moments) == 6
    assert all(later - earlier >= 1 for earlier, later in pairwise(moments))


async def test_all_servers_together_are_asked_no_more_than_so_much(
    tmp_path: Path, ground: Ground
) -> None:
    limits = Limits(connect=20, read=20, total=30, at_once=2, spacing=timedelta(0))
    gauge = Gauge()
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(a_house(tmp_path, ground, limits=limits))
        for n in range(6):
            site = await stack.enter_async_context(a_site(gauge=gauge))
            site.serve("/feed", rss(item(n)), delay=0.1)
            await house.follow(partner=f"partner{n}", site=site)
        assert len(await house.polls()) == 6
    assert gauge.most == 2


async def test_waiting_for_a_turn_is_no_part_of_the_time_limit(
    tmp_path: Path, ground: Ground
) -> None:
    limits = Limits(connect=2, read=2, total=1.5, spacing=timedelta(0))
    async with a_house(tmp_path, ground, limits=limits) as house:
        for n in range(7):
            house.site.serve(f"/{n}", rss(item(n)), delay=0.3)
        await house.follow(*(f"/{n}" for n in range(7)))
        assert [one.trouble for one in await house.polls()] == [""] * 7


def test_the_times_and_sizes_that_a_feed_may_take_are_short() -> None:
    limits = Limits()
    assert (limits.connect, limits.read, limits.total) == (10, 15, 30)
    assert limits.most_bytes == 5 * 1024 * 1024
    assert limits.redirects == 5


async def test_a_server_that_sends_nothing_is_left_and_so_told(
    tmp_path: Path, ground: Ground
) -> None:
    limits = Limits(connect=2, read=0.2, total=20, spacing=timedelta(0))
    async with a_house(tmp_path, ground, limits=limits) as house:
        house.site.serve("/feed", rss(item(1)), delay=1.5)
        await house.follow()
        (polled,) = await house.polls()
        assert polled.trouble == "the server sent nothing for 0.2 seconds"


async def test_the_size_of_a_document_is_counted_unpacked(house: House) -> None:
    limits = Limits()
    body = rss(item(1)).encode()
    padded = body + b" " * (limits.most_bytes - len(body))
    house.site.serve("/fits", padded, packed=True)
    house.site.serve("/larger", padded + b" ", packed=True)
    assert len(gzip.compress(padded)) < 20_000
    await house.follow("/fits", "/larger")
    await house.polls()
    feeds = await house.feeds()
    assert feeds["/fits"].trouble == ""
    assert feeds["/larger"].trouble == "the document is larger than 5 MB"


# ---------------------------------------------------------------- redirects and ends


@pytest.mark.parametrize(("hops", "trouble"), [(5, ""), (6, "more than 5 times")])
async def test_redirects_are_followed_five_times(house: House, hops: int, trouble: str) -> None:
    for n in range(hops):
        house.site.lead(f"/{n}", f"/{n + 1}", status=307)
    house.site.serve(f"/{hops}", rss(item(1)))
    await house.follow("/0")
    (polled,) = await house.polls()
    assert trouble in polled.trouble
    assert bool(trouble) is bool(polled.trouble)


async def follow_moved(house: House, status: int, polls: int, every: str) -> None:
    house.site.lead("/old", "/new", status=status)
    house.site.serve("/new", rss(item(1)), headers={"ETag": '"1"'})
    await house.follow("/old", every=every)
    for _ in range(polls):
        await house.poll_one()
    house.site.requests.clear()


@pytest.mark.parametrize("status", [301, 308])
@pytest.mark.parametrize("last", [item(1), item(5)], ids=["unchanged", "changed"])
async def test_a_move_that_has_proven_itself_is_adopted_and_told(
    house: House, status: int, last: str
) -> None:
    await follow_moved(house, status, 9, "9h")
    house.site.serve("/new", rss(last), headers={"ETag": '"2"'})
    await house.poll_one()
    house.site.requests.clear()
    files = (house.root / "config/partners.yaml").read_bytes()
    await house.poll_one()
    assert house.site.paths == ["/new"]
    assert CHANGED not in house.site.last.headers
    house.site.serve("/new", rss(item(2), item(1)))
    polled = await house.poll_one()
    moved = f"this feed has moved for good to {house.site.url('/new')}"
    assert any(moved in problem.message for problem in polled.problems)
    assert (house.root / "config/partners.yaml").read_bytes() == files
    assert polled.new == 1


@pytest.mark.parametrize(
    ("status", "polls", "every"),
    [(302, 12, "9h"), (307, 12, "9h"), (301, 9, "9h"), (308, 12, "1h")],
    ids=["found", "temporary", "too few", "too soon"],
)
async def test_a_move_that_has_not_proven_itself_is_only_followed(
    house: House, status: int, polls: int, every: str
) -> None:
    await follow_moved(house, status, polls, every)
    await house.poll_one()
    assert house.site.paths == ["/old", "/new"]


async def test_a_move_counts_only_while_every_poll_leads_to_one_place(house: House) -> None:
    await follow_moved(house, 301, 9, "9h")
    house.site.lead("/old", "/elsewhere", status=301)
    house.site.serve("/elsewhere", rss(item(1)))
    await house.poll_one()
    house.site.lead("/old", "/new", status=301)
    for _ in range(5):
        await house.poll_one()
    assert house.site.paths[-2:] == ["/old", "/new"]


async def test_a_feed_that_is_gone_for_ever_is_asked_no_more_and_told(house: House) -> None:
    """410 is meant (RFC 9110, section 15.5.11); 404 may pass."""
    house.site.serve("/gone", status=410)
    await house.follow("/gone", "/lost")
    await house.polls()
    feeds = await house.feeds()
    assert feeds["/gone"].gone
    assert "gone for ever (410)" in feeds["/gone"].trouble
    assert "no document at this address (404)" in feeds["/lost"].trouble
    for _ in range(3):
        await house.after(30 * DAY)
    assert house.site.asks("/gone") == 1
    assert house.site.asks("/lost") == 4
    assert {one.feed.trouble[:10] for one in (await house.app.condition.health()).feeds} == {
        "the server",
        "there is n",
    }


# ---------------------------------------------------------------- where it does not go


REFUSED = ("the address leads into a private network", "the address cannot be used")
PRIVATE = [
    "http://127.0.0.1:{port}/feed",
    "http://localhost:{port}/feed",
    "http://2130706433:{port}/feed",
    "http://127.1:{port}/feed",
    "http://[::1]:{port}/feed",
    "http://[::ffff:127.0.0.1]:{port}/feed",
    "http://[::ffff:7f00:1]:{port}/feed",
    "http://10.0.0.1/feed",
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/feed",
    "http://[64:ff9b::7f00:1]/feed",
    "http://0.0.0.0:{port}/feed",
    "http://224.0.0.1/feed",
]


@pytest.mark.parametrize("way", ["named", "redirected"])
async def test_no_feed_leads_into_a_private_network(
    tmp_path: Path, ground: Ground, way: str
) -> None:
    """Names, literals and every hop, at the connection itself: what a look at an address misses."""

    def allows(address: str) -> bool:
        return address == "127.0.0.2" or is_public(address)

    async with (
        a_site() as secret,
        a_site(host="127.0.0.2") as public,
        a_house(tmp_path, ground, allow_private=False, allows=allows) as house,
    ):
        secret.serve("/feed", rss(item(1, title="The secret")))
        targets = [address.format(port=URL(secret.base).port) for address in PRIVATE]
        if way == "redirected":
            targets = [public.lead(f"/{n}", target) for n, target in enumerate(targets)]
        await house.follow(*targets)
        polled = await house.polls()
        assert len(polled) == len(PRIVATE)
        for one in polled:
            assert one.trouble.startswith(REFUSED), one
        assert await house.entries() == ()
        assert secret.requests == []
        assert len(public.requests) == (len(PRIVATE) if way == "redirected" else 0)


async def test_a_redirect_to_another_name_for_the_same_public_server_is_followed(
    tmp_path: Path, ground: Ground
) -> None:
    async with a_house(
        tmp_path, ground, allow_private=False, allows=lambda address: address == "127.0.0.1"
    ) as house:
        house.site.lead("/feed", house.site.url("/there"))
        house.site.serve("/there", rss(item(1)))
        await house.follow()
        (polled,) = await house.polls()
        assert polled.trouble == ""


# ---------------------------------------------------------------- documents


ACCENTED = "Città è già"


def latin(declared: str) -> bytes:
    return rss(item(1, title=ACCENTED)).replace("UTF-8", declared).encode("windows-1252")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (("\ufeff" + rss(item(1, title=ACCENTED))).encode("utf-16-le"), "text/xml; charset=utf-8"),
        (
            b"\xef\xbb\xbf" + rss(item(1, title=ACCENTED)).replace("UTF-8", "ISO-8859-1").encode(),
            "text/xml; charset=iso-8859-1",
        ),
        (
            rss(item(1, title=ACCENTED)).replace("UTF-8", "ISO-8859-1").encode(),
            "application/rss+xml; charset=ISO-8859-1",
        ),
        (latin("windows-1252"), "text/xml; charset=iso-8859-7"),
        (
            rss(item(1, title=ACCENTED)).replace(' encoding="UTF-8"', "").encode("mac_roman"),
            "text/xml; charset=macintosh",
        ),
        (latin("UTF-8"), "text/xml"),
    ],
    ids=["byte order mark", "mark over all", "strict UTF-8", "prolog", "header", "last resort"],
)
async def test_characters_are_right_whatever_header_and_prolog_claim(
    house: House, body: bytes, content_type: str
) -> None:
    house.site.serve("/feed", body, headers={"Content-Type": content_type})
    await house.follow()
    await house.polls()
    assert (await house.only()).title == ACCENTED


async def test_what_a_broken_feed_still_says_is_kept_and_its_fault_told(house: House) -> None:
    whole = rss(item(1), item(2), item(3))
    house.site.serve("/feed", whole[: whole.rindex("</item>")].replace("Story", "Salt & story"))
    await house.follow()
    (polled,) = await house.polls()
    assert polled.trouble == ""
    assert polled.seeded == 2  # the entry in which it breaks off is left for another time
    assert sorted(one.content.title for one in await house.entries()) == [
        "Salt & story number 1",
        "Salt & story number 2",
    ]
    assert await house.said() != ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<rss><channel>", ""),
        ("<!doctype html><html><body>Hello</body></html>", "web page"),
        ('<html><form><input type="password"></form></html>', "password"),
        ("   ", "empty"),
        ("nothing of the kind", ""),
    ],
)
async def test_a_broken_feed_that_says_nothing_is_an_error(
    house: House, body: str, words: str
) -> None:
    house.site.serve("/feed", body)
    await house.follow()
    (polled,) = await house.polls()
    assert polled.trouble != ""
    assert words in polled.trouble
    assert (await house.feed()).errors == 1


# ---------------------------------------------------------------- an honest guest


async def test_requests_say_who_asks_and_give_nothing_else_away(
    tmp_path: Path, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with a_house(tmp_path, ground) as house:
        house.site.serve("/feed", status=302, headers={"Location": "/real", "Set-Cookie": "a=b"})
        house.site.serve("/real", rss(item(1)), headers={"Set-Cookie": "track=me; Path=/"})
        await house.follow()
        await house.polls()
        await house.poll_one()
        assert len(house.site.requests) == 4
        for request in house.site.requests:
            assert request.method == "GET"
            agent = f"Herald/{__version__} (+https://network.example/herald)"
            assert request.headers["User-Agent"] == agent
            for kind in ("atom+xml", "rss+xml", "feed+json", "xml", "text/calendar"):
                assert kind in request.headers["Accept"]
            assert {"gzip", "deflate"} <= set(request.headers["Accept-Encoding"].split(", "))
            assert not {"Cookie", "Referer", "Authorization"} & set(request.headers)


async def test_a_feed_with_a_hub_is_polled_all_the_same(house: House) -> None:
    """A subscription may lapse or lie (W3C WebSub, section 5): a poll a day finds out."""
    link = '<https://hub.example/>; rel="hub", <https://example.org/feed>; rel="self"'
    house.site.serve("/feed", rss(item(1)), headers={"Link": link, "ETag": '"1"'})
    await house.follow()
    await house.polls()
    feed = await house.feed()
    assert feed.hub == HubLink(hub="https://hub.example/", topic="https://example.org/feed")
    assert await house.pause() <= DAY


async def test_a_site_is_searched_for_its_feeds_and_calendars(house: House) -> None:
    kind = 'rel="alternate" type="application/rss+xml"'
    page = f"<html><head><link {kind} href='news/feed'></head><body>A museum</body></html>"
    house.site.serve("/", page, headers={"Content-Type": "text/html"})
    house.site.serve("/news/feed", rss(item(1)), headers={"Content-Type": "text/xml"})
    found = await discover(
        house.site.base, fetcher=house.fetcher, parser=house.parser, clock=house.clock
    )
    assert [one.url for one in found.candidates] == [house.site.url("/news/feed")]
    assert found.trouble == ""


@pytest.mark.parametrize("path", ["/feed/", "/rss.xml", "/atom.xml"])
async def test_a_site_that_names_no_feed_is_asked_at_the_usual_paths(
    house: House, path: str
) -> None:
    house.site.serve("/", "<html><body>A museum</body></html>")
    house.site.serve(path, rss(item(1)), headers={"Content-Type": "text/xml"})
    found = await discover(
        house.site.base, fetcher=house.fetcher, parser=house.parser, clock=house.clock
    )
    assert [URL(one.url).path for one in found.candidates] == [path]


async def test_an_address_that_is_a_calendar_needs_no_search(house: House) -> None:
    event = "UID:1\nSUMMARY:A walk\nDTSTART:20270601T080000Z\nDTSTAMP:20270501T080000Z"
    url = house.site.serve("/c.ics", calendar(event), headers={"Content-Type": "text/calendar"})
    found = await discover(url, fetcher=house.fetcher, parser=house.parser, clock=house.clock)
    assert [one.url for one in found.candidates] == [url]
