"""Mails from a mould are the mails that building them one by one would give."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herald.mailing.letters.marks import PREFERENCES_MARK, UNSUBSCRIBE_MARK
from herald.mailing.sending.mime import Envelope, Pages, UnsafeHeader, make_mail, make_mould
from herald.mailing.sending.splice import Uncut, cut
from herald.mailing.tokens import message_id, preferences_token, unsubscribe_token
from herald.model.mailing import Edition, SubscriptionId
from tests.mailing.test_mime import KEY, a_sender, an_edition, an_envelope, head

URL = "https://herald.example.org"
LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
HOSTILE = (
    'Ana "the boss", <eve@evil.example>; group:',
    "=?utf-8?q?=41na?=",
    "מוזיאון \u202eאקולוגי",
    "🏛️👩🏽‍🌾" * 20,
    "a" * 300,
    "\\",
)
ADDRESSES = (
    "ana@example.org",
    '"a na"@example.org',
    '"a@b"@example.org',
    "ana@xn--muse-epa.example",
    "o'neil+news=x@example.org",
    "a" * 64 + "@" + "b" * 60 + ".example",
)


def an_own_envelope(nth: int, **changes: Any) -> Envelope:
    who = SubscriptionId(f"{nth:032x}")
    return an_envelope(
        message_id=message_id("stories/monthly/2027-05-10", who, "herald.test", KEY),
        token=unsubscribe_token(who, KEY),
        preferences=preferences_token(who, KEY),
        **changes,
    )


def a_marked_edition(text: str, between: str) -> Edition:
    return an_edition(
        text=f"{text}\n{UNSUBSCRIBE_MARK}\n{between}{PREFERENCES_MARK}{between}\n",
        html=f'<p>{between}<a href="{UNSUBSCRIBE_MARK}">x</a>{between}'
        f'<a href="{PREFERENCES_MARK}">y</a> {UNSUBSCRIBE_MARK}</p>',
    )


@given(
    name=st.text(LETTERS, max_size=60) | st.sampled_from(HOSTILE),
    address=st.sampled_from(ADDRESSES),
    between=st.text(LETTERS, max_size=90),
    nth=st.integers(0, 2**128 - 1),
    public_url=st.sampled_from(["", URL, f"{URL}/deep/down", "http://intern"]),
)
@example(name="", address=ADDRESSES[0], between="x" * 75, nth=1, public_url=URL)
@example(name="č", address=ADDRESSES[0], between="č" * 24, nth=2, public_url=URL)
@example(name=HOSTILE[0], address=ADDRESSES[0], between=". =3D \t ", nth=3, public_url="")
def test_a_mould_gives_the_very_bytes_that_building_gives(
    name: str, address: str, between: str, nth: int, public_url: str
) -> None:
    edition = a_marked_edition("Cari amici", between)
    pages = Pages(joining=f"{URL}/lists/f", letters=f"{URL}/letters/f", letter=f"{URL}/letters/f/1")
    like = an_own_envelope(77, public_url=public_url)
    mould = make_mould(edition, a_sender(), like, pages)
    own = an_own_envelope(nth, name=name, address=address, public_url=public_url)
    mail = mould.fill(own)
    assert mail == make_mail(edition, a_sender(), own, pages)
    assert max(map(len, mail.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 76
    assert b".invalid" not in mail


def test_every_reader_has_their_own_links_wherever_they_stand() -> None:
    edition = a_marked_edition("Cari amici", " ")
    mould = make_mould(edition, a_sender(), an_own_envelope(1))
    for nth in (1, 2, 3):
        own = an_own_envelope(nth)
        parsed = message_from_bytes(mould.fill(own), policy=default)
        leave, choose = f"{URL}/u/{own.token}", f"{URL}/p/{own.preferences}"
        by_mail = f"mailto:news@herald.test?subject=unsubscribe%20{quote(own.token)}"
        assert parsed["List-Unsubscribe"] == f"<{leave}>, <{by_mail}>"
        assert parsed["Message-ID"] == own.message_id
        text, html = (part.get_content() for part in parsed.iter_parts())
        assert text.splitlines()[1:] == [leave, f" {choose} "]
        assert html.count(f'href="{leave}"') == html.count(f'href="{choose}"') == 1


def test_without_public_pages_the_links_are_mails_to_the_sender() -> None:
    edition = a_marked_edition("Cari amici", " ")
    own = an_own_envelope(1, public_url="")
    mail = make_mould(edition, a_sender(), own).fill(own)
    parsed = message_from_bytes(mail, policy=default)
    text = next(parsed.iter_parts()).get_content()
    assert f"mailto:news@herald.test?subject=unsubscribe%20{own.token}" in text
    assert "subject=preferences" not in text


@given(
    leaving_to=st.sampled_from(["", "bounces@herald.test"]), public_url=st.sampled_from(["", URL])
)
def test_a_mould_keeps_where_mails_that_unsubscribe_go(leaving_to: str, public_url: str) -> None:
    own = an_own_envelope(1, leaving_to=leaving_to, public_url=public_url)
    mail = make_mould(an_edition(), a_sender(), own).fill(own)
    assert mail == make_mail(an_edition(), a_sender(), own)
    to = leaving_to or "news@herald.test"
    assert f"<mailto:{to}?subject=unsubscribe%20{own.token}>".encode() in mail


@pytest.mark.parametrize("evil", ["a\r\nBcc: b@x.org", "a\nb", "a\x00b", "a\u2028b", "a\x0bb"])
def test_a_line_break_is_refused_by_a_mould_too(evil: str) -> None:
    mould = make_mould(an_edition(), a_sender(), an_own_envelope(1))
    for own in (
        an_own_envelope(1, name=evil),
        an_own_envelope(1, address=f"{evil}@x.org"),
    ):
        with pytest.raises(UnsafeHeader):
            mould.fill(own)


@pytest.mark.parametrize("token", ["", "x", "=0D" * 20, "é" * 76, "a" * 77, "a b" + "c" * 73])
def test_a_token_that_would_not_stand_as_it_is_makes_no_mail(token: str) -> None:
    mould = make_mould(an_edition(), a_sender(), an_own_envelope(1))
    with pytest.raises(UnsafeHeader):
        mould.fill(an_envelope(token=token, message_id=an_own_envelope(1).message_id))


def test_a_name_as_long_as_a_line_may_be_is_refused() -> None:
    mould = make_mould(an_edition(), a_sender(), an_own_envelope(1))
    with pytest.raises(UnsafeHeader, match="998"):
        mould.fill(an_own_envelope(1, name="a" * 1000))


def test_a_name_that_looks_like_a_stand_in_stays_a_name() -> None:
    edition = a_marked_edition("Cari amici", " ")
    mould = make_mould(edition, a_sender(), an_own_envelope(1))
    shared = [part for part in mould.skeleton.segments if isinstance(part, bytes)]
    name = shared[0][:60].decode().split("\r\n")[0]
    own = an_own_envelope(2, name=name)
    assert mould.fill(own) == make_mail(edition, a_sender(), own)


@pytest.mark.parametrize(
    ("mail", "fixed", "free"),
    [
        (b"nothing here", {"own": b"a" * 20}, {}),
        (b"nothing here", {}, {"own": b"a" * 20}),
        (b"a" * 20 + b" " + b"a" * 20, {}, {"own": b"a" * 20}),
        (b"a" * 4, {"own": b"a" * 4}, {}),
        (b"a" * 4, {}, {"own": b""}),
    ],
    ids=["missing", "free one missing", "free one twice", "too short", "empty"],
)
def test_a_stand_in_that_did_not_survive_is_noticed(
    mail: bytes, fixed: dict[str, bytes], free: dict[str, bytes]
) -> None:
    with pytest.raises(Uncut):
        cut(mail, fixed, free)


def test_public_pages_stand_in_the_headers_where_there_are_any() -> None:
    pages = Pages(joining=f"{URL}/lists/f", letters=f"{URL}/letters/f", letter=f"{URL}/letters/ž 1")
    lines = head(make_mail(an_edition(), a_sender(), an_envelope(), pages))
    assert f"List-Subscribe: <{URL}/lists/f>" in lines
    assert f"List-Archive: <{URL}/letters/f>" in lines
    assert f"Archived-At: <{URL}/letters/%C5%BE%201>" in lines
