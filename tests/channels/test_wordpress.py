"""The WordPress channel against sites that are refused, slow, rude, badly set up or down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.channels.settings import read_settings, setting_problems
from herald.channels.wordpress.channel import WordPressChannel, open_wordpress
from herald.channels.wordpress.page import content_of, slug_of, title_of
from herald.channels.wordpress.pictures import SitePictures
from herald.channels.wordpress.settings import WordPressSettings
from herald.channels.wordpress.site import Site, is_same_place
from herald.clock import SetClock
from herald.data.networks import capabilities_of
from herald.model.account import Severity
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    Unclear,
)
from herald.model.ids import DeliveryKey, Language
from herald.model.words import EVERY
from tests.channels.faults import WAYS, patience
from tests.channels.kept import PICTURE, KeptMedia, a_picture, surroundings
from tests.contracts.places_wordpress import read_page
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.faulty import FaultyWay
from tests.servers.mastodon import Canned, Fault
from tests.servers.wordpress import PASSWORD, USER, WordPressServer, serving
from tests.servers.wordpress_real import RealWordPress

POSTS = ("POST", "wp/v2/posts")
LIST = ("GET", "wp/v2/posts")
UPLOAD = ("POST", "wp/v2/media")
INDEX = ("GET", "index")
PAGE = ("GET", "page")

PATIENCE_SECONDS = 10.0
IMPATIENCE_SECONDS = 0.8
_NEVER = (Fault.HANG_AFTER, Fault.HANG_BEFORE)


@dataclass
class World:
    """A site, a channel on it, and the clock of both."""

    server: WordPressServer
    clock: SetClock
    channel: WordPressChannel

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    async def look_up(self, **changes: Any) -> Any:
        return await self.channel.look_up(a_claim(**changes))

    def reopened(self, **settings: str) -> WordPressChannel:
        return a_wordpress(self.server.address, self.clock, **settings)


@asynccontextmanager
async def a_world(seconds: float = PATIENCE_SECONDS, **settings: str) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        channel = a_wordpress(server.address, clock, seconds=seconds, **settings)
        yield World(server, clock, channel)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def a_wordpress(
    site: str,
    clock: SetClock,
    *,
    password: str = PASSWORD,
    seconds: float = PATIENCE_SECONDS,
    **settings: str,
) -> WordPressChannel:
    config = a_channel(network="wordpress", settings={"site": site, "user": USER, **settings})
    read = read_settings(WordPressSettings, config)
    asked = Site(read, password, user_agent="Herald/test", clock=clock, seconds=seconds)
    pictures = SitePictures(
        asked,
        surroundings(Path(), clock).pictures,
        limits=capabilities_of("wordpress"),
        clock=clock,
    )
    return WordPressChannel(config.id, read, asked, pictures=pictures, clock=clock)


def a_claim(**changes: Any) -> Claim:
    names = ("text", "media", "language", "link", "title")
    payload = a_payload(**{name: changes.pop(name) for name in names if name in changes})
    target = changes.pop("target", None)
    values = {"network": "wordpress", "language": payload.language, **changes}
    delivery = a_delivery(payload=payload, frozen=payload, first_send_at=NOON, **values)
    return Claim(delivery=delivery, token=1, attempt=1, target=target)


def kind_of(outcome: Outcome) -> tuple[str, str]:
    return type(outcome).__name__, outcome.scope if isinstance(outcome, Refused) else ""


def named(status: int, code: str, words: str = "no", **headers: str) -> Canned:
    body = json.dumps({"code": code, "message": words, "data": {"status": status}})
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return Canned(status=status, body=body, headers=spelled, times=9)


def page(status: int, **headers: str) -> Canned:
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return Canned(status=status, body="<h1>No</h1>", headers=spelled, times=9)


# --- what a send comes to --------------------------------------------------------------------

DELIVERY, CHANNEL = RefusedScope.DELIVERY, RefusedScope.CHANNEL
MAINTAINED = page(503, Retry_After="600")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, what it comes to, and how many posts are there then."""

    fault: Fault | Canned | None = None
    at: tuple[str, str] = POSTS
    outcome: str
    scope: str = ""
    posts: int = 0
    pictures: int = 0


FAULTS = {
    "nothing": Case(outcome="Sent", posts=1, pictures=2),
    "lost reply": Case(fault=Fault.LOST_REPLY, outcome="Unclear", posts=1),
    "dropped before": Case(fault=Fault.DROPPED_BEFORE, outcome="Unclear"),
    "500 after": Case(fault=Fault.ERROR_AFTER, outcome="Unclear", posts=1),
    "500 before": Case(fault=Fault.ERROR_BEFORE, outcome="Unclear"),
    "504 after": Case(fault=Fault.GATEWAY_TIMEOUT_AFTER, outcome="Unclear", posts=1),
    "504 before": Case(fault=Fault.GATEWAY_TIMEOUT_BEFORE, outcome="Unclear"),
    "hang after": Case(fault=Fault.HANG_AFTER, outcome="Unclear", posts=1),
    "hang before": Case(fault=Fault.HANG_BEFORE, outcome="Unclear"),
    "cut answer": Case(fault=Fault.CUT_AFTER, outcome="Unclear", posts=1),
    "page for JSON": Case(fault=Fault.PAGE_AFTER, outcome="Unclear", posts=1),
    "other JSON": Case(fault=Fault.OTHER_JSON_AFTER, outcome="Unclear", posts=1),
    "maintained while posting": Case(fault=MAINTAINED, outcome="Unclear"),
    "408": Case(fault=page(408), outcome="Unclear"),
    "302": Case(fault=page(302, Location="https://else.example.org/"), outcome="Unclear"),
    "moved": Case(fault=page(301, Location="https://x.org"), outcome="Refused", scope=CHANNEL),
    "no such route": Case(fault=named(404, "rest_no_route"), outcome="Refused", scope=CHANNEL),
    "may not write": Case(fault=named(403, "rest_cannot_create"), outcome="Refused", scope=CHANNEL),
    "not signed in": Case(fault=named(401, "rest_cannot_create"), outcome="Refused", scope=CHANNEL),
    "a security plugin": Case(fault=page(403), outcome="Refused", scope=CHANNEL),
    "bad field": Case(fault=named(400, "rest_invalid_param"), outcome="Refused", scope=DELIVERY),
    "429": Case(fault=page(429, Retry_After="30"), outcome="Throttled"),
    "looking throttled": Case(fault=page(429), at=LIST, outcome="Throttled"),
    "looking broken": Case(fault=page(500), at=LIST, outcome="TryAgain"),
    "maintained": Case(fault=MAINTAINED, at=LIST, outcome="Throttled"),
    "looking shows a page": Case(fault=page(200), at=LIST, outcome="TryAgain"),
    "looking forbidden": Case(
        fault=Canned(
            status=400,
            body='{"code": "rest_invalid_param", "data": {"params": {"status": "is forbidden"}}}',
            times=9,
        ),
        at=LIST,
        outcome="Refused",
        scope=CHANNEL,
    ),
    "picture broken": Case(fault=page(500), at=UPLOAD, outcome="TryAgain", pictures=1),
    "picture no JSON": Case(fault=page(200), at=UPLOAD, outcome="TryAgain", pictures=1),
    "picture too large": Case(
        fault=page(413), at=UPLOAD, outcome="Refused", scope=DELIVERY, pictures=1
    ),
    "picture refused": Case(
        fault=named(400, "rest_upload_sideload_error"),
        at=UPLOAD,
        outcome="Refused",
        scope=DELIVERY,
        pictures=1,
    ),
    "picture of a kind the site does not like": Case(
        fault=named(500, "rest_upload_unknown_error"),
        at=UPLOAD,
        outcome="Refused",
        scope=DELIVERY,
        pictures=1,
    ),
    "picture not allowed": Case(
        fault=named(403, "rest_cannot_create"),
        at=UPLOAD,
        outcome="Refused",
        scope=CHANNEL,
        pictures=1,
    ),
    "no API": Case(fault=page(404), at=INDEX, outcome="Refused", scope=CHANNEL),
    "API broken": Case(fault=page(502), at=INDEX, outcome="TryAgain"),
    "API closed": Case(fault=page(403), at=INDEX, outcome="Refused", scope=CHANNEL),
    "other JSON for the API": Case(
        fault=Canned(status=200, body="{}", times=9), at=INDEX, outcome="Refused", scope=CHANNEL
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    seconds = IMPATIENCE_SECONDS if case.fault in _NEVER else PATIENCE_SECONDS
    async with a_world(seconds=seconds) as world:
        if isinstance(case.fault, Canned):
            world.server.can(*case.at, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        media = tuple(a_picture(f"number {number}") for number in range(case.pictures))
        outcome = await world.send(media=media)
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.posts) == case.posts
        assert world.server.counted(*POSTS) <= 1


AFTER = [fault for fault in Fault if "before" not in fault.value]


@pytest.mark.parametrize("fault", AFTER, ids=lambda fault: fault.value)
async def test_a_post_whose_answer_was_lost_is_found_and_not_made_again(fault: Fault) -> None:
    seconds = IMPATIENCE_SECONDS if fault in _NEVER else PATIENCE_SECONDS
    async with a_world(seconds=seconds) as world:
        world.server.faults.append(fault)
        assert isinstance(await world.send(), Unclear)
        found = await world.look_up()
        assert isinstance(found, Found)
        assert await world.send() == Sent(found.receipt)
        assert len(world.server.posts) == 1


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_one_look_tells_what_is_there(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        server.names_api = False  # it would name itself, past the way
        channel = a_wordpress(way.address, clock, seconds=patience(fault))
        way.spoil("POST", "/wp-json/wp/v2/posts", fault)
        assert isinstance(await channel.send(a_claim()), Unclear)
        assert len(server.posts) == posts
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, Found if posts else Absent)
        assert isinstance(await channel.send(a_claim()), Sent)
        assert len(server.posts) == 1


async def test_what_did_not_arrive_is_seen_to_be_absent_and_sent_once(world: World) -> None:
    world.server.faults.append(Fault.ERROR_BEFORE)
    assert isinstance(await world.send(), Unclear)
    assert await world.look_up() == Absent()
    assert isinstance(await world.send(), Sent)
    assert len(world.server.posts) == 1


async def test_a_cache_before_the_site_does_not_hide_a_post(world: World) -> None:
    world.server.caches = True
    world.server.faults.append(Fault.LOST_REPLY)
    assert isinstance(await world.send(), Unclear)
    world.clock.advance(timedelta(seconds=90))
    assert isinstance(await world.look_up(), Found)


async def test_a_site_whose_addresses_change_is_found_again(world: World) -> None:
    assert isinstance(await world.send(), Sent)
    world.server.speaking_addresses = False
    assert isinstance(await world.look_up(), CannotTell)
    assert isinstance(await world.look_up(), Found)


async def test_maintenance_is_waited_for_as_long_as_the_site_says(world: World) -> None:
    world.server.can(*LIST, MAINTAINED)
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(minutes=10)


async def test_a_look_up_that_cannot_read_says_so_and_never_that_nothing_is_there(
    world: World,
) -> None:
    for canned, again in (
        (page(500), True),
        (page(200), True),
        (page(429), True),
        (page(403), False),
        (named(401, "rest_not_logged_in"), False),
        (Canned(status=200, body='[{"id": 1}]'), True),
        (Canned(status=200, body="{}"), True),
    ):
        world.server.can(*LIST, replace(canned, times=1))
        sighting = await world.look_up()
        assert isinstance(sighting, CannotTell)
        assert sighting.again == again, canned


async def test_a_post_in_the_trash_is_found_and_not_made_again(world: World) -> None:
    assert isinstance(await world.send(), Sent)
    [post] = world.server.posts
    post.status, post.slug = "trash", f"{post.slug}__trashed"
    assert isinstance(await world.look_up(), Found)
    outcome = await world.send()
    assert isinstance(outcome, Refused)
    assert "trash" in outcome.why
    assert len(world.server.posts) == 1


async def test_a_post_that_is_there_twice_is_told(world: World) -> None:
    await world.send()
    [post] = world.server.posts
    world.server.posts.append(replace(post, id=999, slug=f"{post.slug}-2"))
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again
    assert f"{post.slug}-2" in sighting.why
    problems = [one.what for one in await world.channel.examine() if one.remedy]
    assert any("second copy" in what for what in problems)


async def test_an_address_that_was_taken_meanwhile_is_told_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.server.can(*LIST, Canned(status=200, body="[]"))
    await world.send()
    world.server.can(*LIST, Canned(status=200, body="[]"))
    assert isinstance(await world.send(), Sent)
    assert "twice" in caplog.text


# --- how sites are set up --------------------------------------------------------------------

SITES: dict[str, dict[str, Any]] = {
    "plain": {},
    "in a folder": {"folder": "/museum"},
    "plain addresses": {"speaking_addresses": False},
    "plain addresses in a folder": {"speaking_addresses": False, "folder": "/museum"},
    "says nothing of its API": {"names_api": False},
    "says nothing, plain addresses": {"names_api": False, "speaking_addresses": False},
    "warnings before the JSON": {"noisy": True},
}


@pytest.mark.parametrize("traits", SITES.values(), ids=SITES.keys())
async def test_a_post_goes_to_sites_however_they_are_set_up(
    world: World, traits: dict[str, Any]
) -> None:
    for name, value in traits.items():
        setattr(world.server, name, value)
    channel = world.reopened()
    claim = a_claim(media=(a_picture(),))
    sent = await channel.send(claim)
    assert isinstance(sent, Sent)
    assert await channel.look_up(claim) == Found(sent.receipt)
    assert len(world.server.posts) == len(world.server.uploads) == 1


async def test_the_password_goes_to_no_other_server(world: World) -> None:
    async with serving(world.clock) as other:
        header = {"Link": f'<{other.address}/wp-json/>; rel="https://api.w.org/"'}
        world.server.can(*PAGE, Canned(status=200, body="<p>", headers=header))
        outcome = await world.send()
        assert kind_of(outcome) == ("Refused", CHANNEL)
        assert isinstance(outcome, Refused)
        assert other.address in outcome.why
        assert not other.requests


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://Museum.example.org/a", "https://museum.example.org:443/b?c", True),
        ("https://κοινό.example.org", "https://xn--uxabkg1e.example.org/wp-json", True),
        ("https://museum.example.org", "http://museum.example.org", False),
        ("https://museum.example.org", "https://www.museum.example.org", False),
        ("https://museum.example.org", "https://museum.example.org:8443", False),
        ("https://museum.example.org", "https://[", False),
        ("https://museum.example.org", "/wp-json", False),
    ],
)
def test_a_server_is_known_however_its_address_is_spelled(one: str, other: str, same: bool) -> None:
    assert is_same_place(one, other) is same


async def test_a_page_that_names_no_address_for_its_api_is_no_hindrance(world: World) -> None:
    header = {"Link": '<https://[/wp-json/>; rel="https://api.w.org/"'}
    world.server.can(*PAGE, Canned(status=200, body="<p>", headers=header))
    assert isinstance(await world.send(), Sent)


async def test_a_site_that_sends_visitors_elsewhere_is_told_where(world: World) -> None:
    world.server.can(*PAGE, page(301, Location="https://www.museum.example.org/"))
    world.server.can(*INDEX, page(301, Location="https://www.museum.example.org/wp-json/"))
    outcome = await world.send()
    assert isinstance(outcome, Refused)
    assert "https://www.museum.example.org/" in outcome.why


async def test_a_wrong_password_stops_the_channel_and_is_never_shown(world: World) -> None:
    wrong = "wrong wrong wrong"
    channel = a_wordpress(world.server.address, world.clock, password=wrong)
    outcome = await channel.send(a_claim())
    assert kind_of(outcome) == ("Refused", CHANNEL)
    echo = Canned(status=500, body=f"<p>{USER} {wrong} {wrong.replace(' ', '')}", times=9)
    world.server.can(*LIST, echo)
    outcome = await channel.send(a_claim())
    assert "wrong" not in str(outcome)


async def test_a_web_server_that_drops_the_password_is_told(world: World) -> None:
    world.server.passes_password_on = False
    outcome = await world.send()
    assert isinstance(outcome, Refused)
    assert outcome.scope is CHANNEL
    assert "sign in" in outcome.why


# --- what a post is --------------------------------------------------------------------------


async def test_a_post_has_title_text_categories_and_its_own_address(world: World) -> None:
    channel = world.reopened(categories="News & events, 12", status="draft")
    claim = a_claim(title="Salt", text="Salt\n\nNeighbours restored it.", media=(a_picture(),))
    sent = await channel.send(claim)
    [post] = world.server.posts
    assert (post.title, post.status, post.categories) == ("Salt", "draft", [7, 12])
    assert read_page(post.content).text == "Neighbours restored it."
    assert post.excerpt == "Neighbours restored it."
    assert post.slug == slug_of(claim.delivery)
    assert post.slug.startswith("salt-house-")
    assert post.featured_media == world.server.uploads[0].id
    url = f"{world.server.address}/?p={post.id}"
    assert sent == Sent(Receipt(remote_id=str(post.id), url=url))


async def test_a_category_that_is_not_there_stops_the_channel(world: World) -> None:
    outcome = await world.reopened(categories="Newz").send(a_claim())
    assert kind_of(outcome) == ("Refused", CHANNEL)
    assert isinstance(outcome, Refused)
    assert "Newz" in outcome.why


async def test_the_first_picture_is_featured_only_where_that_is_wanted(world: World) -> None:
    await world.reopened(featured_image="false").send(a_claim(media=(a_picture(),)))
    assert world.server.posts[0].featured_media == 0


async def test_a_picture_is_uploaded_once_and_again_for_another_description(world: World) -> None:
    world.server.can(*POSTS, Canned(status=500))
    for _ in range(2):
        await world.send(media=(a_picture("A dyke"),))
    assert len(world.server.uploads) == 1
    await world.send(media=(a_picture("Una diga"),), key=DeliveryKey("another"))
    assert [one.alt for one in world.server.uploads] == ["A dyke", "Una diga"]


async def test_a_picture_says_whose_it_is(world: World) -> None:
    picture = replace(a_picture('A "dyke" <b>'), credit="A & B", licence="CC-BY-4.0")
    await world.send(media=(picture,))
    [post] = world.server.posts
    assert "<figcaption>A &amp; B, CC-BY-4.0</figcaption>" in post.content
    assert read_page(post.content).alts == ('A "dyke" <b>',)
    assert world.server.uploads[0].caption == "A &amp; B, CC-BY-4.0"


async def test_a_plugin_for_translations_is_told_the_language_and_asked_by_it() -> None:
    async with a_world(language_parameter="lang") as world:
        world.server.translates = True
        italian = a_claim(text="Il sale", language=Language("it"))
        world.server.faults.append(Fault.LOST_REPLY)
        assert isinstance(await world.channel.send(italian), Unclear)
        assert world.server.posts[0].language == "it"
        assert isinstance(await world.channel.look_up(italian), Found)


PAGES = {
    "a link": (
        "See https://example.org/a?b=1&c=2.",
        '<a href="https://example.org/a?b=1&amp;c=2">',
    ),
    "a shortcode": ("[gallery ids=1]", "&#91;gallery ids=1]"),
    "markup": ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
    "a line": ("one\ntwo", "one<br>two"),
    "a language": ("x", '<p lang="en" dir="auto">x</p>'),
}


@pytest.mark.parametrize(("text", "shown"), PAGES.values(), ids=PAGES.keys())
def test_text_becomes_clean_html(text: str, shown: str) -> None:
    assert shown in content_of(a_payload(text=text))


def test_a_text_in_no_language_is_marked_with_none() -> None:
    assert content_of(a_payload(text="x", language=EVERY)) == '<p dir="auto">x</p>'


def test_a_link_that_the_text_lacks_is_added_once() -> None:
    link = "https://example.org/salt"
    assert content_of(a_payload(text="Salt", link=link)).count(f'href="{link}"') == 1
    assert content_of(a_payload(text=f"Salt {link}", link=link)).count(f'href="{link}"') == 1


def test_a_text_without_a_title_is_named_by_its_first_sentence() -> None:
    assert title_of(a_payload(text="\nCome and see! It is salt.")) == "Come and see!"
    long = title_of(a_payload(text="word " * 60))
    assert len(long) <= 120
    assert long.endswith("word…")


def test_an_address_is_the_same_for_ever_and_another_for_each_delivery() -> None:
    first = a_delivery(key=DeliveryKey("one"), item="Müller's Haus — Σπίτι")
    assert slug_of(first) == slug_of(replace(first, due_at=NOON + timedelta(days=1)))
    assert slug_of(first).startswith("muller-s-haus-")
    assert slug_of(first) != slug_of(replace(first, key=DeliveryKey("two")))
    assert slug_of(replace(first, item="Σπίτι")).startswith("post-")  # type: ignore[arg-type]


# --- corrections -----------------------------------------------------------------------------


async def test_a_post_is_edited_and_the_edit_is_seen(world: World) -> None:
    sent = await world.send(text="The salt hose")
    assert isinstance(sent, Sent)
    edit = a_claim(
        text="The salt house", action=Action.EDIT, key=DeliveryKey("e"), target=sent.receipt
    )
    assert await world.channel.look_up(edit) == Absent()
    world.server.faults.append(Fault.LOST_REPLY)
    assert isinstance(await world.channel.send(edit), Unclear)
    assert await world.channel.look_up(edit) == Found(sent.receipt)
    assert await world.channel.send(edit) == Sent(sent.receipt)
    assert [read_page(post.content).text for post in world.server.posts] == ["The salt house"]


async def test_a_post_is_put_into_the_trash_and_that_is_seen(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    delete = a_claim(action=Action.DELETE, key=DeliveryKey("d"), target=sent.receipt)
    assert await world.channel.look_up(delete) == Absent()
    for _ in range(2):
        assert await world.channel.send(delete) == Sent(sent.receipt)
    assert await world.channel.look_up(delete) == Found(sent.receipt)
    assert [post.status for post in world.server.posts] == ["trash"]


async def test_a_site_without_a_trash_loses_nothing(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    world.server.has_trash = False
    delete = a_claim(action=Action.DELETE, key=DeliveryKey("d"), target=sent.receipt)
    assert kind_of(await world.channel.send(delete)) == ("Refused", DELIVERY)
    assert len(world.server.posts) == 1


async def test_a_post_that_is_gone_cannot_be_edited_but_counts_as_deleted(world: World) -> None:
    nowhere = Receipt(remote_id="9999")
    edit = a_claim(action=Action.EDIT, target=nowhere)
    delete = a_claim(action=Action.DELETE, target=nowhere)
    assert kind_of(await world.channel.send(edit)) == ("Refused", DELIVERY)
    assert isinstance(await world.channel.look_up(edit), CannotTell)
    assert await world.channel.send(delete) == Sent(nowhere)
    assert await world.channel.look_up(delete) == Found(nowhere)


@pytest.mark.parametrize("action", [Action.BOOST, Action.EDIT, Action.CREATE])
async def test_what_a_site_cannot_do_is_refused_unasked(world: World, action: Action) -> None:
    target = Receipt(remote_id="100") if action is Action.CREATE else None
    outcome = await world.channel.send(a_claim(action=action, target=target))
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert not world.server.requests


# --- the account -----------------------------------------------------------------------------


async def test_an_account_that_fares_well_has_no_problem(world: World) -> None:
    found = await world.channel.examine()
    assert {one.severity for one in found} == {Severity.WELL, Severity.PROBLEM}
    assert [one.what for one in found if one.severity is Severity.PROBLEM] == [
        "the site has no TLS"
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rights": frozenset({"edit_posts"})}, "may not publish posts or upload pictures"),
        ({"passes_password_on": False}, "does not let herald sign in"),
        ({"speaking_addresses": False}, "no speaking addresses"),
    ],
    ids=["rights", "password dropped", "plain addresses"],
)
async def test_what_an_account_lacks_is_told_with_a_remedy(
    world: World, change: dict[str, Any], words: str
) -> None:
    for name, value in change.items():
        setattr(world.server, name, value)
    found = await world.reopened().examine()
    assert any(words in one.what and one.remedy for one in found)


async def test_a_site_that_is_down_is_a_finding() -> None:
    channel = a_wordpress("https://no.such.site.invalid", SetClock(NOON))
    [finding] = await channel.examine()
    assert finding.severity is Severity.PROBLEM


SETTINGS = {
    "bare host": ("museum.example.org", "https://museum.example.org"),
    "a folder": ("https://example.org/museum/", "https://example.org/museum"),
}


@pytest.mark.parametrize(("site", "read"), SETTINGS.values(), ids=SETTINGS.keys())
def test_an_address_is_read_with_its_folder(site: str, read: str) -> None:
    assert WordPressSettings(site=site, user="ana").site == read


UNSOUND = {
    "in the open": {"site": "http://museum.example.org", "user": "ana"},
    "an admin page": {"site": "https://museum.example.org/wp-admin/", "user": "ana"},
    "with a query": {"site": "https://museum.example.org/?p=1", "user": "ana"},
    "no address": {"site": "our site", "user": "ana"},
    "half a bracket": {"site": "https://[::1", "user": "ana"},
    "no user": {"site": "https://museum.example.org", "user": ""},
    "other status": {"site": "https://museum.example.org", "user": "ana", "status": "future"},
}


@pytest.mark.parametrize("settings", UNSOUND.values(), ids=UNSOUND.keys())
def test_unsound_settings_are_told(settings: dict[str, str]) -> None:
    config = a_channel(network="wordpress", settings=settings)
    [problem] = setting_problems(WordPressSettings, config)
    assert problem.code == "bad-value"


# --- WordPress itself ------------------------------------------------------------------------


async def test_wordpress_itself_keeps_a_post_as_it_was_sent(wordpress: RealWordPress) -> None:
    wordpress.empty()
    channel = _on(wordpress, status="publish", categories="News")
    text = "Sale [gallery] <b> \\ 👩🏽‍🌾\ndue righe\n\nhttps://example.org/a?b=1&c=2"
    picture = replace(a_picture('Una "diga" & [più]', content=PNG), credit="A & B")
    claim = a_claim(text=text, title="5 < 6 & 'sale'", language=Language("it"), media=(picture,))
    sent = await channel.send(claim)
    assert isinstance(sent, Sent)
    [post] = wordpress.posts()
    assert post["slug"] == slug_of(claim.delivery)
    assert post["title"]["raw"] == "5 < 6 & 'sale'"
    held = read_page(post["content"]["raw"])
    assert (held.text, held.language, held.alts) == (text, "it", (picture.alt,))
    [upload] = wordpress.media()
    assert (upload["alt_text"], upload["caption"]["raw"]) == (picture.alt, "A &amp; B")
    assert post["featured_media"] == upload["id"]
    assert post["categories"] != [1]
    assert await channel.look_up(claim) == Found(sent.receipt)
    assert await _on(wordpress).send(claim) == sent


async def test_wordpress_itself_edits_and_trashes(wordpress: RealWordPress) -> None:
    wordpress.empty()
    channel = _on(wordpress)
    claim = a_claim(text="The salt hose [x]")
    sent = await channel.send(claim)
    assert isinstance(sent, Sent)
    edit = a_claim(
        text="The salt <house> [y] https://example.org/", action=Action.EDIT, target=sent.receipt
    )
    assert await channel.look_up(edit) == Absent()
    assert await channel.send(edit) == sent
    assert await channel.look_up(edit) == Found(sent.receipt)
    delete = a_claim(action=Action.DELETE, target=sent.receipt)
    assert await channel.look_up(delete) == Absent()
    for _ in range(2):
        assert await channel.send(delete) == sent
        assert await channel.look_up(delete) == Found(sent.receipt)
    assert isinstance(await channel.look_up(claim), Found)
    assert isinstance(await channel.send(claim), Refused)
    assert not wordpress.posts()


async def test_wordpress_itself_is_examined_and_refuses_strangers(
    wordpress: RealWordPress,
) -> None:
    found = await _on(wordpress).examine()
    assert [one.what for one in found if one.severity is not Severity.WELL] == [
        "the site has no TLS"
    ]
    stranger = a_wordpress(wordpress.address, SetClock(NOON), password="wrong")
    outcome = await stranger.send(a_claim())
    assert kind_of(outcome) == ("Refused", CHANNEL)
    assert isinstance(outcome, Refused)
    assert "sign in" in outcome.why
    assert isinstance(await stranger.look_up(a_claim()), CannotTell)


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c"
    "49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def _on(site: RealWordPress, **settings: str) -> WordPressChannel:
    clock = SetClock(NOON)
    config = a_channel(
        network="wordpress", settings={"site": site.address, "user": site.user, **settings}
    )
    around = surroundings(Path(), clock, media=KeptMedia(PICTURE, PNG))
    return open_wordpress(config, password=site.password, around=around)
