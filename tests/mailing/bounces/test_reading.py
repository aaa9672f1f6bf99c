"""Whoever sends whatever to the bounce address: what it says is understood, or changes nothing."""

from __future__ import annotations

import logging
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.mailing.bounces.reading import Seal, read_returned
from herald.mailing.bounces.verp import (
    bounce_address,
    read_bounce_address,
)
from herald.model.bounces import LOCAL_MOST, BadBounceAddress, BounceKind, CopyOf, read_pattern
from herald.model.mailing import SubscriptionId
from tests.mailing.bounces.makers import (
    BACK_TO,
    COPY,
    KEY,
    LETTER,
    PATTERN,
    PERSON,
    QMAIL,
    SEAL,
    a_complaint,
    a_dsn,
    a_letter,
)

HARD, SOFT, COMPLAINT, NOTHING = BounceKind


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        ("bounces@news.example.org", "bounces+*@news.example.org"),
        ("bounces-*@News.Example.org", "bounces-*@news.example.org"),
        (" *@bounces.example.org ", "*@bounces.example.org"),
    ],
)
def test_a_bounce_address_is_read_in_all_its_forms(written: str, pattern: str) -> None:
    assert read_pattern(written) == pattern
    address = bounce_address(pattern, COPY, KEY)
    assert address == address.lower()
    assert read_bounce_address(f"<{address.upper()}>", pattern, KEY) == COPY


@pytest.mark.parametrize(
    "written",
    ["", "bounces", "@example.org", "a*b*@x.org", "b b@x.org", "x" * 30 + "@x.org", "b@x.org>,<c"],
)
def test_an_address_that_copies_cannot_come_back_to_is_refused(written: str) -> None:
    with pytest.raises(BadBounceAddress):
        read_pattern(written)


@given(
    subscription=st.binary(min_size=16, max_size=16).map(bytes.hex),
    recipient=st.integers(1, 2**31 - 1),
    name=st.text("abcz09.-", min_size=1, max_size=14),
)
def test_every_copy_has_an_address_that_mail_carries(
    subscription: str, recipient: int, name: str
) -> None:
    copy = CopyOf(subscription=SubscriptionId(subscription), recipient=recipient)
    pattern = read_pattern(f"{name}@x.org")
    address = bounce_address(pattern, copy, KEY)
    assert len(address.partition("@")[0]) <= LOCAL_MOST
    assert read_bounce_address(address, pattern, KEY) == copy


def test_a_forged_address_is_nobodys() -> None:
    place = len("bounces+") + 30
    other = "a" if BACK_TO[place] != "a" else "b"
    for forged in (
        BACK_TO[:place] + other + BACK_TO[place + 1 :],
        BACK_TO.replace("@", "0@"),
        BACK_TO.replace("news.", "other."),
        BACK_TO.replace("bounces+", "bounces+b"),
    ):
        assert read_bounce_address(forged, PATTERN, KEY) is None
    assert read_bounce_address(BACK_TO, PATTERN, b"j" * 32) is None


@pytest.mark.parametrize(
    ("mail", "kind", "status"),
    [
        pytest.param(a_dsn(), HARD, "5.1.1", id="no such user"),
        pytest.param(a_dsn(status="5.2.1"), HARD, "5.2.1", id="closed"),
        pytest.param(a_dsn(status="5.0.0"), HARD, "5.1.1", id="a general code, a clear word"),
        pytest.param(
            a_dsn(status="5.7.1", diagnostic="smtp; 550 5.7.1 looks like spam"),
            SOFT,
            "5.7.1",
            id="a policy says nothing of the address",
        ),
        pytest.param(
            a_dsn(status="5.2.2", diagnostic="smtp; 552 5.2.2 over quota"), SOFT, "5.2.2", id="full"
        ),
        pytest.param(
            a_dsn(status="4.4.1", diagnostic="X-Postfix; connection timed out"),
            SOFT,
            "4.4.1",
            id="given up after days",
        ),
        pytest.param(
            a_dsn(status="", diagnostic="smtp; 550 5.1.1 gone"), HARD, "5.1.1", id="no status"
        ),
        pytest.param(a_dsn(action="delayed", status="4.4.1"), NOTHING, "", id="a delay"),
        pytest.param(a_dsn(action="delivered", status="2.0.0"), NOTHING, "", id="a success"),
        pytest.param(a_complaint(), COMPLAINT, "", id="abuse"),
        pytest.param(a_complaint(kind="Opt-Out"), COMPLAINT, "", id="opt-out"),
        pytest.param(a_complaint(kind="not-spam"), NOTHING, "", id="not spam"),
        pytest.param(a_complaint(kind="auth-failure"), NOTHING, "", id="a failed signature"),
        pytest.param(a_letter(QMAIL), HARD, "5.1.1", id="qmail"),
        pytest.param(
            a_letter(QMAIL.replace("(#5.1.1)", "")), SOFT, "", id="qmail that does not say why"
        ),
        pytest.param(a_letter("I am away.", auto_submitted="auto-replied"), NOTHING, "", id="away"),
        pytest.param(
            a_letter(QMAIL, auto_submitted="auto-replied (vacation)"),
            NOTHING,
            "",
            id="away, quoting a bounce",
        ),
        pytest.param(
            a_letter("Click here to be let in.", subject="Confirm", X_Challenge="1"),
            NOTHING,
            "",
            id="a challenge",
        ),
        pytest.param(a_letter("Thank you for the letter!"), NOTHING, "", id="a person"),
    ],
)
def test_what_comes_back_is_told_apart(mail: bytes, kind: BounceKind, status: str) -> None:
    returned = read_returned(mail, SEAL)
    assert (returned.kind, returned.status) == (kind, status)
    assert returned.copy is not None
    assert returned.copy.subscription == COPY.subscription
    assert PERSON not in repr(returned)


def test_a_copy_is_known_by_where_it_came_to() -> None:
    mail = a_dsn(to="undisclosed-recipients:;", letter="Subject: gone\n\n")
    assert read_returned(mail, SEAL).copy is None
    assert read_returned(mail, SEAL, came_to=BACK_TO).copy == COPY


@pytest.mark.parametrize(
    "letter",
    [
        pytest.param(f"Return-Path: <{BACK_TO}>\nSubject: x\n\n", id="return path"),
        pytest.param(LETTER.replace(PERSON, "redacted@provider.example"), id="redacted"),
    ],
)
def test_a_complaint_is_known_by_the_letter_that_it_encloses(letter: str) -> None:
    copy = read_returned(a_complaint(letter=letter), SEAL).copy
    assert copy is not None
    assert copy.subscription == COPY.subscription


def test_a_complaint_is_known_where_copies_have_no_address_of_their_own() -> None:
    copy = read_returned(a_complaint(), Seal(key=KEY)).copy
    assert copy == CopyOf(subscription=COPY.subscription)


def test_the_link_of_another_herald_is_nobodys() -> None:
    assert read_returned(a_complaint(), Seal(key=b"j" * 32, pattern=PATTERN)).copy is None


def test_the_same_mail_is_known_again_by_whatever_way_it_comes() -> None:
    first = read_returned(a_dsn(), SEAL)
    again = read_returned(b"Delivered-To: x@example.org\n" + a_dsn(), SEAL)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != read_returned(a_dsn(name="<2@mx>"), SEAL).fingerprint


NESTED = b"Content-Type: message/rfc822\n\n"
DEEP = b"".join(
    b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (place, place)
    for place in range(3000)
)


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0" * 1000, id="zeros"),
        pytest.param(a_dsn() + b"x" * 10_000_000, id="10 MB"),
        pytest.param(b"To: " + BACK_TO.encode() + b"\n\n" + b"a@b " * 2_500_000, id="addresses"),
        pytest.param(NESTED * 8000, id="letters in letters"),
        pytest.param(DEEP, id="boxes in boxes"),
        pytest.param(b"X: y\n" * 50_000 + b"\n", id="headers without end"),
        pytest.param(b"To: " + b"a" * 10_000_000, id="one endless header"),
        pytest.param(a_dsn().replace(b"us-ascii", b"x-nobody-knows"), id="unknown charset"),
        pytest.param(a_dsn(diagnostic="smtp; " + "<" * 100_000), id="brackets"),
        pytest.param(a_dsn(diagnostic="smtp; 550 \x1b[31m\r evil"), id="controls"),
        pytest.param(a_letter("<" + "a" * 60_000 + "\n"), id="a long line"),
        pytest.param(a_letter("\n \n<" * 15_000), id="many short lines"),
        pytest.param(a_letter("(a@" * 20_000), id="half an address, again and again"),
    ],
)
def test_a_hostile_mail_is_read_in_moments(mail: bytes) -> None:
    began = time.process_time()
    returned = read_returned(mail, SEAL)
    assert time.process_time() - began < 3
    assert len(returned.diagnostic) <= 300
    assert returned.diagnostic.isprintable()


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.integers(0, len(a_dsn()) - 1),
    st.sampled_from([a_dsn(), a_complaint(), a_letter(QMAIL)]),
)
def test_whatever_bytes_come_nothing_is_raised_and_nobody_made_up(
    noise: bytes, place: int, mail: bytes
) -> None:
    assert read_returned(noise, SEAL).copy is None
    returned = read_returned(mail[:place] + noise + mail[place + len(noise) :], SEAL)
    assert returned.copy is None or returned.copy.subscription == COPY.subscription
    assert "ana@" not in returned.diagnostic


def test_reading_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for mail in (a_dsn(), a_complaint(), a_letter(QMAIL), a_letter("Hello")):
            read_returned(mail, SEAL)
    assert caplog.text == ""
