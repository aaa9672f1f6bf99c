"""What Instagram and Threads have in common: tokens, and posts that are made ready first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channels.answer import Answer
from herald.channels.meta.errors import hindrance, read_error, trouble_publishing
from herald.channels.meta.likeness import Likeness, compare
from herald.channels.meta.token import RENEW_BEFORE, is_due
from herald.clock import SetClock
from herald.data.graph import graph_facts
from herald.model.account import Severity
from herald.model.delivery import (
    Absent,
    CannotTell,
    Found,
    Outcome,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from tests.channels.faults import a_claim, kind_of, page
from tests.channels.staged import (
    LIST,
    LOST,
    PUBLISH,
    World,
    a_world,
    an_account,
    pictures,
    receipt_of,
)
from tests.makers import NOON
from tests.servers.graph import LIFETIME, TOKEN, canned, permalink
from tests.servers.mastodon import Canned, Fault


@pytest.fixture(params=["instagram", "threads"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with a_world(request.param) as world:
        yield world


# --- made ready, then published ---


async def test_a_post_waits_until_it_is_ready(world: World) -> None:
    world.server.rules.looks_until_ready = 6
    assert isinstance(await world.send(), Sent)
    assert world.clock.now() > NOON


async def test_what_is_not_ready_in_time_is_made_once_and_used_by_the_next_try(
    world: World,
) -> None:
    world.server.rules.looks_until_ready = 15
    assert isinstance(await world.send(), TryAgain)
    assert isinstance(await world.send(), Sent)
    assert len(world.server.containers) == 1
    assert len(world.server.posts) == 1


@pytest.mark.parametrize(
    ("fails", "words", "outcome"),
    [
        ("EXPIRED", "", "TryAgain"),
        ("ERROR", "Error: Media upload has failed with error code 2207052", "TryAgain"),
        ("ERROR", "UNKNOWN", "TryAgain"),
        ("ERROR", "FAILED_DOWNLOADING_VIDEO", "TryAgain"),
        ("ERROR", "INVALID_ASPEC_RATIO", "Refused"),
        ("ERROR", "", "Refused"),
    ],
)
async def test_a_post_that_could_not_be_prepared_is_made_anew_or_refused(
    world: World, fails: str, words: str, outcome: str
) -> None:
    world.server.rules.fails, world.server.rules.fails_with = fails, words
    assert kind_of(await world.send())[0] == outcome
    assert world.server.publishing == 0
    world.server.rules.fails = ""
    assert isinstance(await world.send(), Sent)
    assert len(world.server.containers) == 2


async def test_a_post_that_was_ready_a_day_ago_is_made_anew(world: World) -> None:
    world.server.faults.append(Fault.ERROR_BEFORE)
    await world.send()
    world.clock.advance(timedelta(hours=24))
    assert await world.look_up() == Absent()
    assert isinstance(await world.send(), Sent)
    assert len(world.server.containers) == 2


async def test_a_post_is_published_where_its_state_is_not_shown(world: World) -> None:
    """A fault of Meta's own: 100/33 for a container that it made a moment before."""
    world.server.rules.hides_containers = True
    assert isinstance(await world.send(), Sent)


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.value)
async def test_a_repeat_after_a_lost_answer_publishes_nothing_more(
    world: World, fault: Fault
) -> None:
    """Even where nobody looked before: the network says that it was published."""
    world.server.faults.append(fault)
    channel = world.opened(seconds=0.5 if fault is Fault.HANG_AFTER else 10)
    claim = a_claim(media=pictures(1))
    assert isinstance(await channel.send(claim), Unclear)
    assert isinstance(await channel.send(claim), Unclear)
    assert isinstance(await channel.look_up(claim), Found)
    assert len(world.server.posts) == world.server.publishing == 1


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.value)
async def test_what_was_lost_is_found_after_a_restart(world: World, fault: Fault) -> None:
    world.server.faults.append(fault)
    before = world.opened(seconds=0.5 if fault is Fault.HANG_AFTER else 10)
    assert isinstance(await before.send(a_claim(media=pictures(1))), Unclear)
    sighting = await world.look_up()
    assert isinstance(sighting, Found)
    assert sighting.receipt.url == permalink(world.server.posts[0])


async def test_a_repeat_is_not_sent_where_the_state_of_the_first_is_not_shown(
    world: World,
) -> None:
    world.server.faults.append(Fault.ERROR_AFTER)
    await world.send()
    world.server.rules.hides_containers = True
    assert isinstance(await world.send(), Unclear)
    assert len(world.server.posts) == world.server.publishing == 1


async def test_a_repeat_that_the_network_does_not_know_is_left_to_a_look(world: World) -> None:
    world.server.faults.append(Fault.ERROR_BEFORE)
    assert isinstance(await world.send(), Unclear)
    world.server.can("POST", PUBLISH[world.network], canned(24, 4279009))
    assert isinstance(await world.send(), Unclear)


async def test_what_was_refused_is_made_anew_when_a_person_sends_it_again(world: World) -> None:
    world.server.can("POST", PUBLISH[world.network], canned(100, times=1))
    assert isinstance(await world.send(), Refused)
    assert isinstance(await world.send(), Sent)
    assert len(world.server.containers) == 2


async def test_nothing_is_absent_while_the_state_of_a_prepared_post_cannot_be_asked(
    world: World,
) -> None:
    world.server.faults.append(Fault.ERROR_BEFORE)
    assert isinstance(await world.send(), Unclear)
    [container] = world.server.containers
    world.server.can("GET", f"/{container}", page(503))
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again


async def test_what_is_published_and_not_listed_yet_does_not_count_as_absent(
    world: World,
) -> None:
    world.server.faults.append(Fault.ERROR_AFTER)
    await world.send()
    world.server.rules.hides_posts = True
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again
    world.server.rules.hides_posts = False
    assert isinstance(await world.look_up(), Found)


async def test_what_was_certainly_not_published_is_published_under_the_same_id(
    world: World,
) -> None:
    world.server.faults.append(Fault.ERROR_BEFORE)
    assert isinstance(await world.send(), Unclear)
    assert await world.look_up() == Absent()
    assert isinstance(await world.send(), Sent)
    assert len(world.server.containers) == 1
    assert len(world.server.posts) == 1


async def test_a_network_that_can_publish_no_more_today_is_left_alone(world: World) -> None:
    world.server.rules.quota = 1
    assert isinstance(await world.send(text="The first post"), Sent)
    outcome = await world.send(text="Another one")
    assert isinstance(outcome, Throttled)
    assert outcome.wait == timedelta(minutes=30)
    assert len(world.server.containers) == 1
    world.clock.advance(timedelta(days=1))
    assert isinstance(await world.send(text="Another one"), Sent)


async def test_pictures_without_a_public_address_are_refused_with_the_remedy(
    world: World,
) -> None:
    channel = world.opened(public_url="")
    outcome = await channel.send(a_claim(media=pictures(1)))
    assert isinstance(outcome, Refused)
    assert "web.public_url" in outcome.why
    assert world.server.requests == []


async def test_pictures_go_with_their_descriptions_in_their_order(world: World) -> None:
    assert isinstance(await world.send(media=pictures(4)), Sent)
    assert world.server.posts[0].alts == ("number 0", "number 1", "number 2", "number 3")
    assert world.server.publishing == 1


# --- whose token, and for how long ---


async def test_a_token_of_another_account_posts_nothing(world: World) -> None:
    channel = world.opened(name="casa.del.sale")
    outcome = await channel.send(a_claim(media=pictures(1)))
    assert kind_of(outcome) == ("Refused", RefusedScope.CHANNEL)
    assert "@museo.argenta" in outcome.why  # type: ignore[union-attr]
    sighting = await channel.look_up(a_claim())
    assert isinstance(sighting, CannotTell)
    assert not sighting.again
    assert world.server.posts == []


async def test_a_token_near_its_end_is_renewed_and_kept(world: World) -> None:
    channel = world.opened(ends_at=NOON + RENEW_BEFORE - timedelta(hours=1))
    assert isinstance(await channel.send(a_claim(media=pictures(1))), Sent)
    assert world.kept["access_token"] == world.server.token != TOKEN
    assert datetime.fromisoformat(world.kept["access_token_ends"]) == NOON + LIFETIME
    assert isinstance(await channel.look_up(a_claim()), Found)
    assert world.server.counted("GET", "refresh_access_token") == 1


async def test_a_token_that_is_renewed_by_the_same_lives_on(world: World) -> None:
    world.server.rules.renews_with_the_same = True
    channel = world.opened(ends_at=NOON + timedelta(days=1))
    assert isinstance(await channel.send(a_claim(media=pictures(1))), Sent)
    assert world.kept["access_token"] == TOKEN


async def test_a_token_far_from_its_end_is_left_alone(world: World) -> None:
    assert isinstance(await world.send(), Sent)
    assert world.server.counted("GET", "refresh_access_token") == 0


async def test_a_token_is_renewed_once_however_many_want_it(world: World) -> None:
    channel = world.opened(ends_at=NOON + timedelta(days=1))
    claims = [a_claim(text=f"{number} things to see", media=pictures(1)) for number in range(3)]
    looked = await asyncio.gather(*(channel.look_up(claim) for claim in claims))
    assert looked == [Absent()] * 3
    assert world.server.counted("GET", "refresh_access_token") == 1


BAD_RENEWALS = {
    "too young": canned(100),
    "500": page(500),
    "no JSON": page(200),
    "no token": Canned(status=200, body='{"expires_in": 5}', times=9),
    "no end": Canned(status=200, body='{"access_token": "abc"}', times=9),
    "two words": Canned(status=200, body='{"access_token": "a b", "expires_in": 9}', times=9),
}


@pytest.mark.parametrize("answer", BAD_RENEWALS.values(), ids=BAD_RENEWALS.keys())
async def test_a_renewal_that_fails_stops_nothing_and_is_tried_half_a_day_later(
    world: World, answer: Canned
) -> None:
    world.server.can("GET", "/refresh_access_token", answer)
    channel = world.opened(ends_at=NOON + timedelta(days=3))
    claim = a_claim(media=pictures(1))
    assert isinstance(await channel.send(claim), Sent)
    await channel.look_up(claim)
    assert world.server.counted("GET", "refresh_access_token") == 1
    world.clock.advance(timedelta(hours=12))
    await channel.look_up(claim)
    assert world.server.counted("GET", "refresh_access_token") == 2
    assert world.kept == {}


async def test_an_ended_token_stops_the_account(world: World) -> None:
    world.server.token = "another"
    outcome = await world.send()
    assert kind_of(outcome) == ("Refused", RefusedScope.CHANNEL)
    assert "make a new one" in outcome.why  # type: ignore[union-attr]


async def test_the_token_stands_in_no_address_and_in_nothing_that_is_told(world: World) -> None:
    channel = world.opened(ends_at=NOON + timedelta(days=1))
    answer = canned(100, said=f"bad tokens {TOKEN} and EAArenewed1001")
    world.server.can("POST", PUBLISH[world.network], answer)
    outcome = await channel.send(a_claim(media=pictures(1)))
    assert TOKEN not in repr(outcome)
    assert "EAArenewed1001" not in repr(outcome)
    assert world.server.token == "EAArenewed1001"
    assert all(TOKEN not in seen.path + str(seen.query) for seen in world.server.requests)


@pytest.mark.parametrize(
    ("ends_at", "tried_at", "due"),
    [
        (None, None, True),
        (NOON + timedelta(days=11), None, False),
        (NOON + timedelta(days=9), None, True),
        (NOON - timedelta(days=9), None, True),
        (NOON + timedelta(days=9), NOON - timedelta(hours=1), False),
        (None, NOON - timedelta(hours=1), False),
        (None, NOON - timedelta(hours=12), True),
    ],
)
def test_when_a_token_is_to_be_renewed(
    ends_at: datetime | None, tried_at: datetime | None, due: bool
) -> None:
    assert is_due(ends_at=ends_at, tried_at=tried_at, now=NOON) is due


async def test_an_account_that_is_well_is_told_so(world: World) -> None:
    findings = await world.channel.examine()
    assert [each.severity for each in findings] == [Severity.WELL] * 3
    assert "60 more days" in findings[1].what
    assert "100 more posts" in findings[2].what


async def test_an_account_in_need_is_told_so(world: World) -> None:
    world.server.rules.quota = 0
    findings = await world.opened(ends_at=NOON + timedelta(days=3)).examine()
    severities = [each.severity for each in findings]
    assert severities == [Severity.WELL, Severity.PROBLEM, Severity.PROBLEM]
    assert "ends in 3 days" in findings[1].what
    assert world.server.counted("GET", "refresh_access_token") == 0


async def test_an_account_that_cannot_be_asked_is_a_finding_and_no_error(world: World) -> None:
    world.server.token = "another"
    [finding] = await world.channel.examine()
    assert finding.severity is Severity.PROBLEM
    gone = an_account(world.network, "http://127.0.0.1:9", SetClock(NOON))
    [finding] = await gone.examine()
    assert finding.severity is Severity.PROBLEM


# --- reading back ---


async def test_a_post_is_found_behind_many_newer_ones(world: World) -> None:
    await world.send(text="The salt house")
    for number in range(120):
        world.server.keep(f"{number} something else", at=NOON + timedelta(minutes=5))
    sighting = await world.look_up(text="The salt house")
    assert isinstance(sighting, Found)
    assert sighting.receipt.remote_id == receipt_of(world).remote_id
    assert world.server.counted("GET", LIST[world.network][1:]) == 3


@pytest.mark.parametrize(
    ("answer", "again"),
    [(page(503), True), (page(200), True), (canned(4), True), (canned(10), False)],
)
async def test_a_look_that_shows_no_sound_page_proves_nothing(
    world: World, answer: Canned, again: bool
) -> None:
    world.server.can("GET", LIST[world.network], answer)
    sighting = await world.look_up()
    assert isinstance(sighting, CannotTell)
    assert sighting.again is again


# --- what errors mean ---


@given(
    code=st.integers(-5, 100_000),
    subcode=st.integers(0, 5_000_000),
    status=st.sampled_from([200, 400, 401, 403, 404, 500, 503]),
    transient=st.booleans(),
)
def test_whatever_error_comes_is_never_taken_for_a_post(
    code: int, subcode: int, status: int, transient: bool
) -> None:
    answer = _answer(canned(code, subcode, status=status, transient=transient))
    outcome: Outcome = trouble_publishing(answer, network="Threads", now=NOON)
    assert not isinstance(outcome, Sent)
    assert outcome.why
    before = hindrance(answer, network="Threads", what="it could not be made ready", now=NOON)
    assert before.why


@pytest.mark.parametrize("code", [100, 190, 4, 9007])
def test_an_error_in_an_answer_that_says_well_done_is_no_refusal(code: int) -> None:
    answer = _answer(canned(code, status=200))
    assert isinstance(trouble_publishing(answer, network="Facebook", now=NOON), Unclear)


@pytest.mark.parametrize("code", [1, 2, -1, -2])
@pytest.mark.parametrize("status", [200, 400, 500])
def test_errors_that_were_seen_with_a_post_leave_it_to_a_look(code: int, status: int) -> None:
    answer = _answer(canned(code, status=status))
    assert isinstance(trouble_publishing(answer, network="Facebook", now=NOON), Unclear)


@pytest.mark.parametrize("body", ["", "[]", '{"error": "no"}', '{"error": {"code": "1"}}'])
def test_what_is_not_graphs_error_is_read_as_none(body: str) -> None:
    assert read_error(Answer(status=400, body=body.encode())) is None


@pytest.mark.parametrize(
    ("shown", "sent", "likeness"),
    [
        ("A walk", "A  walk\n", Likeness.SAME),
        ("e\u0301", "é", Likeness.SAME),
        ("", "", Likeness.PERHAPS),
        ("A walk through the fields", "A walk through the fields!", Likeness.PERHAPS),
        ("A walk", "The boats", Likeness.OTHER),
        ("", "The boats", Likeness.OTHER),
    ],
)
def test_texts_are_compared_without_their_space(shown: str, sent: str, likeness: Likeness) -> None:
    assert compare(shown, sent) is likeness


def test_every_interface_has_an_address_a_version_a_source_and_a_date() -> None:
    assert set(graph_facts()) == {"facebook", "instagram", "threads"}
    for facts in graph_facts().values():
        assert facts.server.startswith("https://graph.")
        assert facts.version.startswith("v")
        assert facts.source
        assert facts.as_of == "2026-11"
        assert facts.confidence in {"documented", "source", "observed", "unconfirmed"}


def _answer(told: Canned) -> Answer:
    return Answer(status=told.status, body=told.body.encode())
