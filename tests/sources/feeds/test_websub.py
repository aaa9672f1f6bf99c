"""Deciding about hubs: what is asked, what is answered, what is believed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.feed import HubLink
from herald.model.ids import FeedId
from herald.model.websub import HubQuestion, HubSteps, HubSubscription, check_after_push
from herald.sources.feeds.websub import (
    DENIED_PAUSE,
    LEASE,
    LEAST_PAUSE,
    LONGEST_LEASE,
    LONGEST_PAUSE,
    UNSUBSCRIBE_TRIES,
    WINDOW,
    after,
    ask,
    callback_root,
    hub_address,
    is_answered,
    is_token,
    note_refused,
    read_signature,
    reconcile,
    refused,
    request_fields,
)
from tests.makers import NOON

SECOND = timedelta(seconds=1)
ROOT = "https://herald.example.org/websub/"
LINK = HubLink(hub="https://hub.example.org/", topic="https://one.example/feed")
ONE = FeedId("one")
SECRET = "s" * 43


def a_subscription(**changes: Any) -> HubSubscription:
    token = changes.pop("token", "t" * 43)
    values: dict[str, Any] = {
        "token": token,
        "secret": SECRET,
        "feed": ONE,
        "link": LINK,
        "callback": ROOT + token,
        "ask_at": NOON,
    }
    return HubSubscription(**(values | changes))


def asked(**changes: Any) -> HubSubscription:
    found = ask(a_subscription(**changes), now=NOON, jitter=0.0)
    assert found is not None
    return found


def a_question(**changes: str) -> HubQuestion:
    values = {
        "mode": "subscribe",
        "topic": LINK.topic,
        "challenge": "c",
        "lease_seconds": "86400",
    }
    return HubQuestion(**(values | changes))


def steps(known: list[HubSubscription], link: HubLink | None = LINK, root: str = ROOT) -> HubSteps:
    words = (f"{number:0>43}" for number in count())
    wanted = {} if link is None else {ONE: link}
    return reconcile(wanted, known, root=root, now=NOON, new_word=lambda: next(words))


@pytest.mark.parametrize(
    ("public_url", "allow_http", "root"),
    [
        ("https://herald.example.org", False, ROOT),
        ("https://herald.example.org/", False, ROOT),
        ("https://example.org/herald/", False, "https://example.org/herald/websub/"),
        ("http://herald.example.org", False, ""),
        ("http://127.0.0.1:8460", True, "http://127.0.0.1:8460/websub/"),
        ("", True, ""),
        ("ftp://herald.example.org", True, ""),
    ],
)
def test_callbacks_are_offered_over_https_alone(
    public_url: str, allow_http: bool, root: str
) -> None:
    assert callback_root(public_url, allow_http=allow_http) == root


def test_a_new_feed_gets_words_of_its_own() -> None:
    (new,) = steps([]).begin
    assert new.token != new.secret
    assert new.callback == ROOT + new.token
    assert is_token(new.token)
    assert (new.feed, new.link, new.ask_at) == (ONE, LINK, NOON)


def test_what_is_as_wanted_stays() -> None:
    assert steps([a_subscription(lease_ends_at=NOON)]) == HubSteps()


@pytest.mark.parametrize(
    ("link", "root", "begins"),
    [
        pytest.param(replace(LINK, hub="https://other.example/"), ROOT, 1, id="another hub"),
        pytest.param(replace(LINK, topic="https://one.example/new"), ROOT, 1, id="another topic"),
        pytest.param(LINK, "https://moved.example.org/websub/", 1, id="another public_url"),
        pytest.param(LINK, "", 0, id="no public_url"),
        pytest.param(None, ROOT, 0, id="no feed or no hub"),
    ],
)
def test_what_has_changed_is_left_and_begun_anew(
    link: HubLink | None, root: str, begins: int
) -> None:
    old = a_subscription(lease_ends_at=NOON + LEASE, ask_at=NOON + LEASE, errors=4)
    found = steps([old], link, root)
    assert len(found.begin) == begins
    (left,) = found.change
    assert (left.token, left.leaving, left.ask_at, left.errors) == (old.token, True, NOON, 0)
    assert steps([left], None).change == ()


def test_what_was_never_asked_is_forgotten_without_a_word() -> None:
    new = a_subscription()
    assert steps([new], None) == HubSteps(forget=(new,))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hub.example.org/",
        "hub.example.org",
        "https://",
        "https://me@hub.example.org/",
        "https://hub.example.org/ x",
        "https://hub.example.org/\n",
        "https://[hub/",
        "https://hub.example.org/" + "x" * 2000,
    ],
)
def test_what_is_no_web_address_is_not_subscribed(url: str) -> None:
    assert steps([], replace(LINK, hub=url)) == HubSteps()
    assert steps([], replace(LINK, topic=url)) == HubSteps()


def test_a_hub_is_asked_over_https_even_if_it_is_named_with_http() -> None:
    plain = replace(LINK, hub="http://hub.example.org/?a=http:")
    assert hub_address(a_subscription(link=plain)) == "https://hub.example.org/?a=http:"
    assert hub_address(a_subscription()) == LINK.hub


def test_in_a_trial_a_hub_is_asked_as_it_is_named() -> None:
    plain = replace(LINK, hub="http://127.0.0.1:8461/")
    trial = a_subscription(link=plain, callback="http://127.0.0.1:8460/websub/t")
    assert hub_address(trial) == plain.hub


def test_a_request_says_what_the_recommendation_demands() -> None:
    assert request_fields(a_subscription()) == {
        "hub.mode": "subscribe",
        "hub.topic": LINK.topic,
        "hub.callback": ROOT + "t" * 43,
        "hub.lease_seconds": "864000",
        "hub.secret": SECRET,
    }
    assert len(SECRET) < 200


def test_leaving_tells_no_secret() -> None:
    fields = request_fields(a_subscription(leaving=True))
    assert fields["hub.mode"] == "unsubscribe"
    assert "hub.secret" not in fields


def test_every_try_is_later_than_the_last_up_to_a_day() -> None:
    pauses, now, one = [], NOON, a_subscription()
    for _ in range(8):
        found = ask(one, now=now, jitter=0.0)
        assert found is not None
        pauses.append((found.ask_at - now) / timedelta(hours=1))
        one, now = found, found.ask_at
    assert pauses == [1, 2, 4, 8, 16, 24, 24, 24]
    spread = ask(one, now=now, jitter=1.0)
    assert spread is not None
    assert spread.ask_at - now == LONGEST_PAUSE * 1.15


def test_unsubscribing_is_tried_a_few_times_and_not_after_the_lease() -> None:
    lease_ends_at = NOON + LEASE
    left: HubSubscription | None = a_subscription(leaving=True, lease_ends_at=lease_ends_at)
    tries = 0
    while left is not None:
        left = ask(left, now=NOON, jitter=0.0)
        tries += left is not None
    assert tries == UNSUBSCRIBE_TRIES
    ended = a_subscription(leaving=True, lease_ends_at=NOON)
    assert ask(ended, now=NOON, jitter=0.0) is None


def test_a_hubs_error_is_told_and_its_wish_to_wait_is_respected() -> None:
    one = asked()
    later = NOON + 5 * WINDOW
    found = refused(one, "busy", asked=one, not_before=later)
    assert (found.trouble, found.ask_at) == ("busy", later)
    sooner = refused(one, "busy", asked=one, not_before=NOON)
    assert sooner.ask_at == one.ask_at


def test_a_hub_that_confirmed_before_its_answer_was_lost_has_the_last_word() -> None:
    one = asked()
    confirmed = after(one, a_question(), now=NOON)
    assert confirmed is not None
    assert refused(confirmed, "timed out", asked=one, not_before=None) == confirmed


def test_a_lost_answer_leaves_the_question_open() -> None:
    one = asked()
    assert is_answered(refused(one, "late", asked=one, not_before=None), a_question(), now=NOON)


@pytest.mark.parametrize(
    ("question", "is_so"),
    [
        (a_question(), True),
        (a_question(topic="https://one.example/feed/"), False),
        (a_question(topic=""), False),
        (a_question(mode="unsubscribe"), False),
        (a_question(mode="Subscribe"), False),
        (a_question(mode=""), False),
        (a_question(challenge=""), False),
        (a_question(challenge="x" * 2001), False),
        (a_question(mode="denied", challenge=""), True),
        (a_question(mode="denied", topic="https://other.example/"), False),
    ],
)
def test_a_question_is_answered_only_about_what_was_asked(
    question: HubQuestion, is_so: bool
) -> None:
    assert is_answered(asked(), question, now=NOON) is is_so
    if not is_so:
        assert after(asked(), question, now=NOON) == asked()


def test_a_question_is_answered_only_while_a_request_is_pending() -> None:
    one = asked()
    assert not is_answered(a_subscription(), a_question(), now=NOON)
    assert is_answered(one, a_question(), now=NOON + WINDOW)
    assert not is_answered(one, a_question(), now=NOON + WINDOW + SECOND)
    confirmed = after(one, a_question(), now=NOON)
    assert confirmed is not None
    assert not is_answered(confirmed, a_question(), now=NOON)


def test_unsubscribing_is_confirmed_only_if_it_was_asked_for() -> None:
    question = a_question(mode="unsubscribe", lease_seconds="")
    left = asked(leaving=True, lease_ends_at=NOON + LEASE)
    assert is_answered(left, question, now=NOON)
    assert after(left, question, now=NOON) is None
    assert not is_answered(left, a_question(), now=NOON)


@pytest.mark.parametrize(
    ("seconds", "lease"),
    [
        ("86400", timedelta(days=1)),
        ("1", SECOND),
        ("99999999", LONGEST_LEASE),
        ("", LEASE),
        ("0", LEASE),
        ("-5", LEASE),
        ("1e9", LEASE),
        ("٣٦٠٠", LEASE),
        ("9" * 5000, LEASE),
    ],
)
def test_the_hubs_lease_counts_and_is_renewed_at_four_fifths(
    seconds: str, lease: timedelta
) -> None:
    found = after(asked(errors=3, trouble="away"), a_question(lease_seconds=seconds), now=NOON)
    assert found is not None
    assert found.lease_ends_at == NOON + lease
    assert found.ask_at == NOON + max(lease * 0.8, LEAST_PAUSE)
    assert (found.errors, found.trouble, found.expects_until) == (0, "", None)
    assert found.is_active(now=NOON)
    assert not found.is_active(now=NOON + lease)


def test_a_denial_is_remembered_and_asked_about_again_after_a_week() -> None:
    question = a_question(mode="denied", reason="not\x1b[31m here")
    found = after(asked(lease_ends_at=NOON + LEASE), question, now=NOON)
    assert found is not None
    assert (found.denied, found.ask_at) == (True, NOON + DENIED_PAUSE)
    assert found.trouble.endswith("it says: not[31m here")
    assert not found.is_active(now=NOON)


def signed(body: bytes, algorithm: str, secret: str = SECRET) -> str:
    return f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"


def believes(header: str, body: bytes) -> bool:
    check = read_signature(header, SECRET)
    if check is None:
        return False
    check.update(body)
    return check.matches()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
def test_a_right_signature_is_believed(algorithm: str) -> None:
    assert believes(signed(b"<rss/>", algorithm), b"<rss/>")
    assert believes(signed(b"<rss/>", algorithm).upper(), b"<rss/>")
    assert not believes(signed(b"<rss/>", algorithm), b"<rss />")
    assert not believes(signed(b"<rss/>", algorithm, "another"), b"<rss/>")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256",
        "sha256=",
        "sha256=zz",
        "=" + "0" * 64,
        "sha1=" + hmac.new(b"another", b"x", "sha1").hexdigest(),
        "sha1=" + hmac.new(SECRET.encode(), b"x", "sha256").hexdigest(),
        "md5=" + hmac.new(SECRET.encode(), b"x", "md5").hexdigest(),
        "sha256=" + hmac.new(SECRET.encode(), b"x", "sha512").hexdigest(),
        "sha512=" + hmac.new(SECRET.encode(), b"x", "sha256").hexdigest(),
        "sha256=" + hashlib.sha256(b"x").hexdigest(),
        "sha256=" + "é" * 64,
        "sha256=" + "0" * 65,
    ],
)
def test_what_is_wrong_or_malformed_is_not_believed(header: str) -> None:
    assert not believes(header, b"x")


@given(st.lists(st.binary(max_size=50)))
def test_a_body_counts_as_a_whole_however_it_is_cut(chunks: list[bytes]) -> None:
    check = read_signature(signed(b"".join(chunks), "sha256"), SECRET)
    assert check is not None
    for chunk in chunks:
        check.update(chunk)
    assert check.matches()


@given(st.text(max_size=200))
def test_any_header_is_read_without_trouble(header: str) -> None:
    assert not believes(header, b"x")


@pytest.mark.parametrize("text", ["", "short", "t" * 87, "t" * 42 + "/", "é" * 43, "t" * 43 + "\n"])
def test_what_cannot_be_a_token_is_known_for_that(text: str) -> None:
    assert not is_token(text)


def test_pushes_that_prove_nothing_are_noted_once_a_minute() -> None:
    noted = note_refused(a_subscription(), now=NOON)
    assert noted.refused_at == NOON
    assert note_refused(noted, now=NOON + 59 * SECOND) == noted
    assert note_refused(noted, now=NOON + 60 * SECOND).refused_at == NOON + 60 * SECOND
    assert note_refused(noted, now=NOON - SECOND).refused_at == NOON - SECOND


@pytest.mark.parametrize(
    ("next_in", "checked_ago", "due_in"),
    [(3600, None, 0), (3600, 120, 0), (3600, 10, 50), (20, 10, 20), (-5, 10, -5)],
)
def test_a_push_brings_a_check_forward_but_not_within_a_minute(
    next_in: int, checked_ago: int | None, due_in: int
) -> None:
    checked_at = None if checked_ago is None else NOON - checked_ago * SECOND
    found = check_after_push(NOON + next_in * SECOND, checked_at, now=NOON)
    assert found == NOON + due_in * SECOND
