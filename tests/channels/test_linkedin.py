"""The LinkedIn channel against a server that is refused, slow, rude, full or down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channels.linkedin.channel import LinkedInChannel
from herald.channels.linkedin.likeness import Likeness, compare, read_little
from herald.channels.linkedin.login import log_in
from herald.channels.linkedin.pictures import PagePictures
from herald.channels.linkedin.rest import Keys, Rest
from herald.channels.linkedin.settings import LinkedInSettings
from herald.channels.login import LoginFailed
from herald.channels.settings import read_settings, setting_problems
from herald.clock import SetClock
from herald.composing.escaping import linkedin as escaped
from herald.data.linkedin import linkedin_facts
from herald.data.networks import capabilities_of
from herald.errors import ChannelUnreachable
from herald.model.account import Reactions, Severity
from herald.model.card import LinkCard
from herald.model.configuration import ChannelConfig
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
    TryAgain,
    Unclear,
)
from herald.model.ids import DeliveryKey
from herald.model.network import Handle
from herald.ports import Counted
from tests.channels.faults import WAYS, patience
from tests.channels.kept import a_picture, surroundings
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.servers.faulty import Fault as OnTheWay
from tests.servers.faulty import FaultyWay
from tests.servers.linkedin import (
    CLIENT,
    CODE,
    ORGANIZATION,
    READ,
    REFRESH,
    TOKEN,
    WRITE,
    LinkedInServer,
    read,
    serving,
)
from tests.servers.mastodon import Canned, Fault

POSTS = ("POST", "/rest/posts")
LIST = ("GET", "/rest/posts")
BEGIN = ("POST", "/rest/images")
PUT = ("PUT", "/upload/")

PATIENCE_SECONDS = 10.0
IMPATIENCE_SECONDS = 0.8
_NEVER = (Fault.HANG_AFTER, Fault.HANG_BEFORE)
RENEWABLE = Keys(token=TOKEN, refresh_token=REFRESH, client_id=CLIENT[0], client_secret=CLIENT[1])


class Cards:
    """One card for every link."""

    def __init__(self, card: LinkCard | None) -> None:
        self._card = card

    async def card(self, link: str) -> LinkCard | None:
        """Return it."""
        return self._card


@dataclass
class World:
    """A server, a channel on it, and the clock of both."""

    server: LinkedInServer
    clock: SetClock
    channel: LinkedInChannel
    kept: dict[str, str] = field(default_factory=dict)
    """Secrets that were renewed."""

    async def send(self, **changes: Any) -> Outcome:
        return await self.channel.send(a_claim(**changes))

    async def look_up(self, **changes: Any) -> Any:
        return await self.channel.look_up(a_claim(**changes))

    def reopen(self, keys: Keys, *, cards: Cards | None = None) -> None:
        """Open the channel with other secrets."""

        async def keep(name: str, value: str) -> None:
            self.kept[name] = value

        self.channel = a_linkedin(
            self.server.address, self.clock, keys=keys, keep=keep, cards=cards
        )


@asynccontextmanager
async def a_world(seconds: float = PATIENCE_SECONDS) -> AsyncIterator[World]:
    clock = SetClock(NOON)
    async with serving(clock) as server:
        yield World(server, clock, a_linkedin(server.address, clock, seconds=seconds))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


def a_linkedin(
    server: str,
    clock: SetClock,
    *,
    keys: Keys | None = None,
    keep: Any = None,
    cards: Cards | None = None,
    seconds: float = PATIENCE_SECONDS,
) -> LinkedInChannel:
    config = a_page(server)
    around = surroundings(Path(), clock)
    settings = read_settings(LinkedInSettings, config)
    rest = Rest(
        keys or Keys(token=TOKEN),
        server=server,
        user_agent="Herald/test",
        keep_secret=keep or around.keep_secret,
        seconds=seconds,
    )
    pictures = PagePictures(
        rest,
        around.pictures,
        owner=settings.organization,
        limits=capabilities_of("linkedin"),
        clock=clock,
    )
    return LinkedInChannel(config.id, settings, rest, pictures=pictures, clock=clock, cards=cards)


def a_page(server: str) -> ChannelConfig:
    return a_channel(network="linkedin", settings={"organization": ORGANIZATION, "server": server})


def a_claim(**changes: Any) -> Claim:
    names = ("text", "media", "language", "link", "title")
    payload = a_payload(**{name: changes.pop(name) for name in names if name in changes})
    target, attempt = changes.pop("target", None), changes.pop("attempt", 1)
    values = {"network": "linkedin", "language": payload.language, **changes}
    delivery = a_delivery(payload=payload, frozen=payload, first_send_at=NOON, **values)
    return Claim(delivery=delivery, token=1, attempt=attempt, target=target)


def kind_of(outcome: Outcome) -> tuple[str, str]:
    return type(outcome).__name__, outcome.scope if isinstance(outcome, Refused) else ""


def named(status: int, code: str, words: str = "no", **headers: str) -> Canned:
    body = json.dumps({"status": status, "code": code, "message": words})
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return Canned(status=status, body=body, headers=spelled, times=9)


def page(status: int, **headers: str) -> Canned:
    return Canned(status=status, body="<h1>No</h1>", headers=headers, times=9)


# --- what a send comes to --------------------------------------------------------------------

DELIVERY, CHANNEL = RefusedScope.DELIVERY, RefusedScope.CHANNEL
WAITING = named(400, "MEDIA_ASSET_WAITING_UPLOAD")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault, what it comes to, and how many posts are there then."""

    fault: Fault | Canned | None = None
    at: tuple[str, str] = POSTS
    outcome: str
    scope: str = ""
    posts: int = 0
    pictures: int = 0
    text: str = "The salt house"


FAULTS = {
    "nothing": Case(outcome="Sent", posts=1),
    "one picture": Case(outcome="Sent", posts=1, pictures=1),
    "twenty pictures": Case(outcome="Sent", posts=1, pictures=20),
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
    "503": Case(fault=page(503), outcome="Unclear"),
    "409": Case(fault=named(409, "CONFLICT"), outcome="Unclear"),
    "302": Case(fault=page(302, Location="https://else.example.org/"), outcome="Unclear"),
    "moved": Case(fault=page(301, Location="https://x.org"), outcome="Refused", scope=CHANNEL),
    "404": Case(fault=page(404), outcome="Refused", scope=CHANNEL),
    "expired": Case(fault=named(401, "EXPIRED_ACCESS_TOKEN"), outcome="Refused", scope=CHANNEL),
    "no right": Case(fault=named(403, "ACCESS_DENIED"), outcome="Refused", scope=CHANNEL),
    "old version": Case(fault=named(426, "NONEXISTENT_VERSION"), outcome="Refused", scope=CHANNEL),
    "422": Case(fault=named(422, "INVALID_VALUE"), outcome="Refused", scope=DELIVERY),
    "400": Case(fault=named(400, "ILLEGAL_ARGUMENT"), outcome="Refused", scope=DELIVERY),
    "429": Case(fault=named(429, "TOO_MANY_REQUESTS"), outcome="Throttled"),
    "too long": Case(text="(" * 1501, outcome="Refused", scope=DELIVERY),
    "as long as can be": Case(text="(" * 1500, outcome="Sent", posts=1),
    "media not ready": Case(fault=WAITING, outcome="TryAgain", pictures=1),
    "upload refused": Case(
        fault=named(400, "x"), at=BEGIN, outcome="Refused", scope=DELIVERY, pictures=1
    ),
    "upload broken": Case(fault=page(500), at=BEGIN, outcome="TryAgain", pictures=1),
    "upload without JSON": Case(fault=page(200), at=BEGIN, outcome="TryAgain", pictures=1),
    "upload throttled": Case(fault=named(429, "x"), at=BEGIN, outcome="Throttled", pictures=1),
    "upload not allowed": Case(
        fault=named(403, "x"), at=BEGIN, outcome="Refused", scope=CHANNEL, pictures=1
    ),
    "picture lost": Case(fault=page(500), at=PUT, outcome="TryAgain", pictures=1),
    "picture too large": Case(
        fault=page(413), at=PUT, outcome="Refused", scope=DELIVERY, pictures=1
    ),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_comes_to_its_outcome_and_never_to_two_posts(case: Case) -> None:
    seconds = IMPATIENCE_SECONDS if case.fault in _NEVER else PATIENCE_SECONDS
    async with a_world(seconds) as world:
        if isinstance(case.fault, Canned):
            world.server.can(*case.at, case.fault)
        elif case.fault:
            world.server.faults.append(case.fault)
        media = tuple(a_picture(f"number {number}") for number in range(case.pictures))
        outcome = await world.send(media=media, text=case.text)
        assert kind_of(outcome) == (case.outcome, case.scope)
        assert len(world.server.posts) == case.posts
        assert world.server.counted(*POSTS) <= 1


AFTER = [fault for fault in Fault if "before" not in fault.value]


@pytest.mark.parametrize("fault", AFTER, ids=lambda fault: fault.value)
async def test_a_post_whose_answer_was_lost_is_found(fault: Fault) -> None:
    async with a_world(IMPATIENCE_SECONDS if fault in _NEVER else PATIENCE_SECONDS) as world:
        world.server.faults.append(fault)
        assert isinstance(await world.send(), Unclear)
        [post] = world.server.posts
        found = await world.look_up()
        assert isinstance(found, Found)
        assert found.receipt.remote_id == post.urn
        assert found.receipt.url == f"https://www.linkedin.com/feed/update/{post.urn}"


@pytest.mark.parametrize(("fault", "posts"), WAYS.values(), ids=WAYS.keys())
async def test_whatever_breaks_on_the_way_one_look_tells_what_is_there(
    fault: OnTheWay, posts: int
) -> None:
    clock = SetClock(NOON)
    async with serving(clock) as server, FaultyWay(server.address).serving() as way:
        channel = a_linkedin(way.address, clock, seconds=patience(fault))
        way.spoil(*POSTS, fault)
        outcome = await channel.send(a_claim())
        # LinkedIn's answer to a post is all head: half of its body is the whole of it.
        assert isinstance(outcome, Sent if fault.gives == 0.5 else Unclear)
        assert len(server.posts) == posts
        sighting = await channel.look_up(a_claim())
        assert isinstance(sighting, Found if posts else Absent)
        assert len(way.passed) == 2


async def test_what_did_not_arrive_is_seen_to_be_absent_and_sent_once(world: World) -> None:
    world.server.faults.append(Fault.ERROR_BEFORE)
    assert isinstance(await world.send(), Unclear)
    assert await world.look_up() == Absent()
    assert isinstance(await world.send(attempt=2), Sent)
    assert len(world.server.posts) == 1


async def test_a_duplicate_may_be_an_earlier_try_of_the_same_post(world: World) -> None:
    world.server.faults.append(Fault.LOST_REPLY)
    assert isinstance(await world.send(), Unclear)
    assert isinstance(await world.send(attempt=2), Unclear)
    assert isinstance(await world.look_up(attempt=2), Found)
    assert len(world.server.posts) == 1


async def test_a_duplicate_of_another_post_is_refused_at_the_first_try(world: World) -> None:
    earlier = world.server.keep("The salt house")
    outcome = await world.send()
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert isinstance(outcome, Refused)
    assert earlier.urn in outcome.why


async def test_a_quota_of_a_day_is_waited_for_until_midnight_utc(world: World) -> None:
    words = "Resource level throttle APPLICATION DAY limit for calls to this resource is reached"
    world.server.can(*POSTS, named(429, "TOO_MANY_REQUESTS", words))
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(hours=12)


async def test_a_quota_with_a_time_is_waited_for_so_long(world: World) -> None:
    world.server.can(*POSTS, named(429, "TOO_MANY_REQUESTS", "DAY limit", Retry_After="90"))
    outcome = await world.send()
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(seconds=90)


# --- tokens ----------------------------------------------------------------------------------


async def test_an_expired_token_is_renewed_once_and_the_post_is_tried_again(world: World) -> None:
    world.reopen(RENEWABLE)
    world.server.token = "expired, so another one is wanted"
    assert isinstance(await world.send(), TryAgain)
    assert world.server.refreshes == 1
    assert world.kept == {"access_token": world.server.token, "refresh_token": REFRESH}
    assert isinstance(await world.send(attempt=2), Sent)
    assert len(world.server.posts) == 1
    assert world.server.counted(*POSTS) == 2


async def test_an_expired_token_is_renewed_before_pictures_and_reading(world: World) -> None:
    world.reopen(RENEWABLE)
    world.server.token = "expired, so another one is wanted"
    assert await world.look_up() == Absent()
    assert isinstance(await world.send(media=(a_picture(),)), Sent)
    assert world.server.refreshes == 1


async def test_a_token_that_cannot_be_renewed_stops_the_channel(world: World) -> None:
    world.reopen(RENEWABLE)
    world.server.token, world.server.renews = "expired", False
    assert kind_of(await world.send()) == ("Refused", CHANNEL)
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again
    assert world.kept == {}


async def test_a_renewed_token_that_cannot_be_kept_is_used_all_the_same(world: World) -> None:
    async def full(name: str, value: str) -> None:
        raise OSError("disk full")

    world.channel = a_linkedin(world.server.address, world.clock, keys=RENEWABLE, keep=full)
    world.server.token = "expired"
    assert isinstance(await world.send(), TryAgain)
    assert isinstance(await world.send(), Sent)


async def test_no_secret_is_shown_whatever_a_server_repeats(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.reopen(RENEWABLE)
    echo = named(400, "x", f"{TOKEN} {REFRESH} {CLIENT[1]}")
    world.server.can(*POSTS, echo)
    outcome = await world.send()
    assert "must-never-be-seen" not in str(outcome)
    world.server.token, world.server.renews = "expired", False
    await world.send()
    assert "must-never-be-seen" not in caplog.text + repr(RENEWABLE)


async def test_a_token_that_was_replaced_stays_hidden(world: World) -> None:
    world.reopen(RENEWABLE)
    world.server.token = "expired"
    assert isinstance(await world.send(), TryAgain)
    world.server.can(*POSTS, named(400, "x", f"{TOKEN} and {world.server.token}"))
    assert "must-never-be-seen" not in str(await world.send())


async def test_the_token_goes_to_no_address_that_is_not_linkedins(world: World) -> None:
    async with serving(world.clock) as other:
        for elsewhere in (f"{other.address}/upload/x", "https://linkedin.com.example.org/x", "["):
            world.server.upload_address = elsewhere
            outcome = await world.send(media=(a_picture(),))
            assert kind_of(outcome) == ("Refused", DELIVERY)
        assert not other.requests


# --- reading back ----------------------------------------------------------------------------


async def test_a_token_that_may_not_read_back_leaves_lost_answers_to_a_person(
    world: World,
) -> None:
    world.server.rights = {WRITE}
    assert (await world.channel.capabilities()).handle is Handle.NOTHING
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert not sighting.again
    assert "r_organization_social" in sighting.why


async def test_whether_a_token_may_read_back_is_asked_once(world: World) -> None:
    for _ in range(3):
        assert (await world.channel.capabilities()).handle is Handle.LOOK_UP
    assert world.server.counted(*LIST) == 1


async def test_limits_that_cannot_be_asked_for_are_not_made_up(world: World) -> None:
    world.server.can(*LIST, replace(page(503), times=1))
    with pytest.raises(ChannelUnreachable):
        await world.channel.capabilities()
    assert (await world.channel.capabilities()).handle is Handle.LOOK_UP


async def test_a_look_up_that_cannot_read_says_so_and_never_that_nothing_is_there(
    world: World,
) -> None:
    for canned, again in (
        (page(500), True),
        (page(200), True),
        (page(429), True),
        (named(400, "ILLEGAL_ARGUMENT"), False),
        (Canned(status=200, body='{"elements": [{"id": "urn:li:share:1"}]}'), True),
        (Canned(status=200, body='{"elements": [7]}'), True),
        (Canned(status=200, body="[]"), True),
    ):
        world.server.can(*LIST, replace(canned, times=1))
        sighting = await world.look_up()
        assert isinstance(sighting, CannotTell)
        assert sighting.again == again, canned


async def test_a_post_is_found_behind_many_others(world: World) -> None:
    await world.send(text="The one")
    for number in range(120):
        world.server.keep(f"another {number}")
    assert isinstance(await world.look_up(text="The one"), Found)
    assert await world.look_up(text="Never sent") == Absent()
    assert world.server.counted(*LIST) == 6


async def test_older_posts_in_the_same_words_are_not_taken_for_it(world: World) -> None:
    old = world.server.keep("The salt house")
    old.created_at = NOON - timedelta(days=30)
    assert await world.look_up() == Absent()


async def test_a_server_whose_clock_is_behind_is_read_by_its_own_clock(world: World) -> None:
    world.server.clock_ahead = -timedelta(minutes=10)
    await world.send()
    assert isinstance(await world.look_up(), Found)


async def test_a_clock_that_was_set_back_rules_nothing_out(world: World) -> None:
    world.clock.jump(NOON - timedelta(days=1))
    assert isinstance(await world.look_up(), CannotTell)


async def test_posts_that_move_while_they_are_read_are_read_again(world: World) -> None:
    for number in range(80):
        world.server.keep(f"another {number}")
    moved = {"elements": [], "paging": {}}
    shown = await world.channel._rest.read(
        "posts",
        {"q": "author", "author": ORGANIZATION, "start": "0", "count": "50"},
        finds=True,
    )
    world.server.can(*LIST, Canned(status=200, body=shown.body.decode()))  # type: ignore[union-attr]
    world.server.can(*LIST, Canned(status=200, body=json.dumps(moved)))
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again


# --- texts -----------------------------------------------------------------------------------


async def test_hashtags_come_back_as_templates_and_are_read(world: World) -> None:
    text = "Salt (and more) #EcoMuséesÀlaUne #Ecomusei — a_b 50% @ana {x} \\"
    await world.send(text=text)
    [post] = world.server.posts
    assert post.text == text
    assert "{hashtag|" in post.commentary
    assert isinstance(await world.look_up(text=text), Found)


async def test_short_links_are_known_by_the_article(world: World) -> None:
    world.server.shortens_links = True
    link = "https://example.org/a/long/path/that/is/shortened"
    text = f"Come and see: {link}"
    await world.send(text=text, link=link)
    assert isinstance(await world.look_up(text=text, link=link), Found)
    other = a_claim(text="Come and see: https://example.org/another/path/altogether")
    sighting = await world.channel.look_up(other)
    assert isinstance(sighting, CannotTell)
    assert "nearly the same" in sighting.why


def test_a_text_that_was_cut_is_neither_ours_nor_passed_over() -> None:
    wanted = a_payload(text="Neighbours restored a salt store ~ and now teach there")
    assert compare({"commentary": "Neighbours restored a salt store"}, wanted) is Likeness.PERHAPS
    assert compare({"commentary": "Neighbours"}, wanted) is Likeness.OTHER
    assert compare({}, wanted) is Likeness.OTHER


@given(st.text(max_size=80))
def test_every_text_is_shown_and_read_back_as_it_was_sent(text: str) -> None:
    commentary = escaped(text)
    assert read_little(commentary) == text
    assert compare({"commentary": commentary}, a_payload(text=text)) is Likeness.SAME


def test_the_server_of_these_tests_cuts_a_text_at_a_bare_reserved_sign() -> None:
    assert read("one (two)") == "one "
    assert read(escaped("one (two)")) == "one (two)"


# --- pictures and links ----------------------------------------------------------------------


async def test_a_picture_goes_as_one_and_several_as_a_row(world: World) -> None:
    await world.send(media=(a_picture("A dyke"),))
    await world.send(text="Two", media=(a_picture("A dyke"), a_picture("A field")))
    one, two = (post.content for post in world.server.posts)
    assert one["media"]["altText"] == "A dyke"
    assert [each["altText"] for each in two["multiImage"]["images"]] == ["A dyke", "A field"]


async def test_a_picture_is_waited_for_and_uploaded_once(world: World) -> None:
    world.server.looks_until_ready = 4
    world.server.faults.append(Fault.ERROR_BEFORE)
    assert isinstance(await world.send(media=(a_picture(),)), Unclear)
    assert isinstance(await world.send(media=(a_picture(),)), Sent)
    assert world.server.counted(*BEGIN) == 1


async def test_a_picture_that_is_never_ready_is_tried_again(world: World) -> None:
    world.server.looks_until_ready = 1000
    assert isinstance(await world.send(media=(a_picture(),)), TryAgain)
    assert not world.server.posts


async def test_a_picture_that_linkedin_cannot_use_is_refused(world: World) -> None:
    world.server.processing_fails = True
    outcome = await world.send(media=(a_picture(),))
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert not world.server.posts


async def test_a_refused_post_has_its_pictures_uploaded_anew(world: World) -> None:
    world.server.can(*POSTS, replace(named(422, "INVALID"), times=1))
    await world.send(media=(a_picture(),))
    await world.send(media=(a_picture(),))
    assert world.server.counted(*BEGIN) == 2


async def test_a_link_is_shown_with_title_description_and_picture(world: World) -> None:
    card = LinkCard(
        link="https://example.org/salt",
        title="The salt house",
        description="A store of 1720",
        picture=a_picture("A store"),
        made_at=NOON,
    )
    world.reopen(Keys(token=TOKEN), cards=Cards(card))
    await world.send(link="https://example.org/salt")
    article = world.server.posts[0].content["article"]
    assert article["thumbnail"] in {image.urn for image in world.server.images.values()}
    del article["thumbnail"]
    assert article == {
        "source": "https://example.org/salt",
        "title": "The salt house",
        "description": "A store of 1720",
    }


@pytest.mark.parametrize(
    ("card", "title"),
    [
        (None, "example.org"),
        (LinkCard(link="x", made_at=NOON, picture=a_picture()), "example.org"),
    ],
    ids=["no card", "a picture that is lost"],
)
async def test_a_link_goes_out_whatever_its_page_lacks(
    world: World, card: LinkCard | None, title: str
) -> None:
    world.reopen(Keys(token=TOKEN), cards=Cards(card))
    world.server.can(*BEGIN, page(500))
    assert isinstance(await world.send(link="https://www.example.org/salt"), Sent)
    article = world.server.posts[0].content["article"]
    assert article == {"source": "https://www.example.org/salt", "title": title}


# --- corrections -----------------------------------------------------------------------------


async def test_a_post_is_edited_and_the_edit_is_seen(world: World) -> None:
    sent = await world.send(text="The salt hose")
    assert isinstance(sent, Sent)
    edit = a_claim(text="The salt (house)", action=Action.EDIT, target=sent.receipt)
    assert await world.channel.look_up(edit) == Absent()
    world.server.faults.append(Fault.LOST_REPLY)
    assert isinstance(await world.channel.send(edit), Unclear)
    assert await world.channel.look_up(edit) == Found(sent.receipt)
    assert await world.channel.send(edit) == Sent(sent.receipt)
    assert [post.text for post in world.server.posts] == ["The salt (house)"]


async def test_a_post_is_deleted_and_that_is_seen(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    delete = a_claim(action=Action.DELETE, target=sent.receipt)
    assert await world.channel.look_up(delete) == Absent()
    for _ in range(2):
        assert await world.channel.send(delete) == Sent(sent.receipt)
    assert await world.channel.look_up(delete) == Found(sent.receipt)
    assert not world.server.posts


async def test_a_post_that_is_gone_cannot_be_edited_but_counts_as_deleted(world: World) -> None:
    nowhere = Receipt(remote_id="urn:li:share:1")
    edit = a_claim(action=Action.EDIT, target=nowhere)
    assert kind_of(await world.channel.send(edit)) == ("Refused", DELIVERY)
    assert isinstance(await world.channel.look_up(edit), CannotTell)
    world.server.can("DELETE", "/rest/posts", named(404, "NOT_FOUND"))
    delete = a_claim(action=Action.DELETE, target=nowhere)
    assert await world.channel.send(delete) == Sent(nowhere)


async def test_a_page_of_something_else_is_no_proof_that_a_post_is_gone(world: World) -> None:
    target = Receipt(remote_id="urn:li:share:1")
    delete = a_claim(action=Action.DELETE, target=target)
    world.server.can("DELETE", "/rest/posts", page(404))
    assert kind_of(await world.channel.send(delete)) == ("Refused", CHANNEL)
    world.server.can(*LIST, page(404))
    assert isinstance(await world.channel.look_up(delete), CannotTell)


async def test_a_correction_with_an_old_token_is_tried_again(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    world.reopen(RENEWABLE)
    world.server.token = "expired"
    delete = a_claim(action=Action.DELETE, key=DeliveryKey("d"), target=sent.receipt)
    assert isinstance(await world.channel.send(delete), TryAgain)
    assert await world.channel.send(delete) == Sent(sent.receipt)


@pytest.mark.parametrize("action", [Action.BOOST, Action.EDIT, Action.CREATE])
async def test_what_a_page_cannot_do_is_refused_unasked(world: World, action: Action) -> None:
    target = Receipt(remote_id="urn:li:share:1") if action is Action.CREATE else None
    outcome = await world.channel.send(a_claim(action=action, target=target))
    assert kind_of(outcome) == ("Refused", DELIVERY)
    assert not world.server.requests


# --- signing in ------------------------------------------------------------------------------


class Person:
    """Somebody with a browser, who allows the app."""

    user_agent = "Herald/test"

    def __init__(self, code: str = CODE) -> None:
        self.answers, self.said, self.hidden = [*CLIENT], [""], [""]
        self.page, self.code = "", code

    def say(self, text: str) -> None:
        self.said.append(text)

    async def ask(self, question: str, *, hidden: bool = False) -> str:
        self.hidden.append(question if hidden else "")
        return self.answers.pop(0)

    async def come_back(self, page: str, *, state: str) -> dict[str, str]:
        self.page = page
        return {"code": self.code, "state": state}


@pytest.mark.parametrize("gives", [True, False], ids=["with refresh token", "without"])
async def test_who_signs_in_gets_a_token_and_all_that_renews_it(world: World, gives: bool) -> None:
    world.server.gives_refresh_tokens = gives
    person = Person()
    found = await log_in(a_page(world.server.address), person)
    kept = {"access_token": TOKEN, "client_id": CLIENT[0], "client_secret": CLIENT[1]}
    assert found == ({**kept, "refresh_token": REFRESH} if gives else kept)
    assert "Client Secret" in person.hidden
    assert "http://localhost:8461/" in person.said[-1]
    asked = dict(parse_qsl(urlsplit(person.page).query))
    assert {READ, WRITE} <= set(asked["scope"].split())


async def test_a_sign_in_that_is_refused_is_told(world: World) -> None:
    with pytest.raises(LoginFailed, match="400"):
        await log_in(a_page(world.server.address), Person(code="used"))


# --- counts ----------------------------------------------------------------------------------


async def test_likes_and_answers_are_counted_of_the_posts_that_are_there(world: World) -> None:
    sent = await world.send()
    assert isinstance(sent, Sent)
    gone = Receipt(remote_id="urn:li:share:1")
    counted = await world.channel.reactions((gone, sent.receipt))
    assert counted == {sent.receipt.remote_id: Reactions(likes=3, replies=4)}
    assert isinstance(world.channel, Counted)


@pytest.mark.parametrize(
    "answer", [page(429), page(403), page(500), page(200)], ids=lambda one: str(one.status)
)
async def test_what_cannot_be_counted_is_left_out(world: World, answer: Canned) -> None:
    world.server.can("GET", "/rest/socialActions", answer)
    assert await world.channel.reactions((Receipt(remote_id="urn:li:share:1"),)) == {}


# --- the account -----------------------------------------------------------------------------


async def test_an_account_that_fares_well_has_no_problem(world: World) -> None:
    world.reopen(RENEWABLE)
    found = await world.channel.examine()
    assert {one.severity for one in found} == {Severity.WELL}
    assert any("2027-06-09, and Herald renews it" in one.what for one in found)


LACKS: dict[str, tuple[dict[str, Any], str]] = {
    "reading": ({"rights": {WRITE}}, "may not read"),
    "writing": ({"rights": {READ}}, "may not post on pages"),
    "role": ({"role": "ANALYST"}, "owner may not post"),
    "nearly ended": ({"token_ends": NOON + timedelta(days=3)}, "ends on 2027-05-13"),
    "ended": ({"token": "another"}, "no longer valid"),
}


@pytest.mark.parametrize(("change", "words"), LACKS.values(), ids=LACKS.keys())
async def test_what_an_account_lacks_is_told_with_a_remedy(
    world: World, change: dict[str, Any], words: str
) -> None:
    world.reopen(replace(RENEWABLE, refresh_token=""))
    for name, value in change.items():
        setattr(world.server, name, value)
    found = await world.channel.examine()
    told = [one for one in found if words in one.what]
    assert told
    assert all(one.remedy for one in told)


async def test_a_server_that_is_down_is_a_finding() -> None:
    channel = a_linkedin("https://no.such.server.invalid", SetClock(NOON))
    found = await channel.examine()
    assert found[0].severity is Severity.PROBLEM


async def test_a_version_that_ended_is_told_in_words(world: World) -> None:
    ended = named(426, "NONEXISTENT_VERSION", "Requested version 20220101 is not active")
    world.server.can(*POSTS, ended)
    outcome = await world.send()
    assert isinstance(outcome, Refused)
    assert "update Herald" in outcome.why


def test_the_version_is_data_with_a_source() -> None:
    facts = linkedin_facts()
    assert len(facts.version) == 6
    assert facts.version.isdigit()
    assert facts.source
    assert facts.as_of


@pytest.mark.parametrize("written", ["2414183", "urn:li:organization:2414183"])
def test_a_page_is_known_by_its_number(written: str) -> None:
    assert LinkedInSettings(organization=written).organization == ORGANIZATION


@pytest.mark.parametrize(
    "written", ["ecoheritage", "urn:li:person:1", "", "https://x.org/company/1"]
)
def test_a_page_without_its_number_is_told_where_it_stands(written: str) -> None:
    config = a_channel(network="linkedin", settings={"organization": written})
    [problem] = setting_problems(LinkedInSettings, config)
    assert "linkedin.com/company/NUMBER/admin" in problem.message
