"""The mail itself, header by header."""

from __future__ import annotations

from datetime import UTC, datetime
from email import charset, message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.letters.marks import UNSUBSCRIBE_MARK
from herald.mailing.sending.mime import Envelope, Sender, UnsafeHeader, mailbox, make_mail
from herald.mailing.tokens import message_id, read_token, unsubscribe_token
from herald.model.ids import Language, ListId
from herald.model.mailing import Edition, SubscriptionId

KEY = b"k" * 32
ANA = SubscriptionId("ab" * 16)
TOKEN = unsubscribe_token(ANA, KEY)


def a_sender(**changes: Any) -> Sender:
    values = {
        "list": ListId("friends"),
        "list_name": "Friends of ecomuseums",
        "name": "EcoHeritage",
        "address": "news@herald.test",
    }
    return Sender(**(values | changes))


def an_envelope(**changes: Any) -> Envelope:
    values = {
        "address": "ana@example.org",
        "name": "Ana",
        "message_id": message_id("stories/monthly/2027-05-10", ANA, "herald.test", KEY),
        "token": TOKEN,
        "date": datetime(2027, 5, 10, 12, 0, 0, 999, tzinfo=UTC),
        "public_url": "https://herald.example.org/",
    }
    return Envelope(**(values | changes))


def an_edition(**changes: Any) -> Edition:
    values = {
        "language": Language("it"),
        "subject": "Ecomusei a maggio",
        "text": "Cari amici,\n.\nč\n",
        "html": "<p>Cari amici</p>",
    }
    return Edition(**(values | changes))


def head(mail: bytes) -> list[str]:
    return mail.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def test_the_headers_are_these_and_no_others() -> None:
    mail = make_mail(an_edition(), a_sender(), an_envelope())
    name = message_id("stories/monthly/2027-05-10", ANA, "herald.test", KEY)
    link = f"https://herald.example.org/u/{TOKEN}"
    by_mail = f"mailto:news@herald.test?subject=unsubscribe%20{TOKEN}"
    assert head(mail) == [
        'From: "EcoHeritage" <news@herald.test>',
        'To: "Ana" <ana@example.org>',
        "Subject: Ecomusei a maggio",
        "Date: Mon, 10 May 2027 12:00:00 +0000",
        f"Message-ID: {name}",
        'List-Id: "Friends of ecomuseums" <friends.herald.test>',
        "List-Help: <mailto:news@herald.test?subject=help>",
        "List-Owner: <mailto:news@herald.test>",
        "List-Post: NO",
        f"List-Unsubscribe: <{link}>, <{by_mail}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        f' boundary="=_{name[1:41]}"',
        "Content-Language: it",
    ]


def test_text_comes_before_html() -> None:
    mail = message_from_bytes(make_mail(an_edition(), a_sender(), an_envelope()), policy=default)
    parts = list(mail.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert parts[0].get_content() == "Cari amici,\r\n.\r\nč\r\n"


def test_a_retry_sends_the_same_bytes() -> None:
    assert make_mail(an_edition(), a_sender(), an_envelope()) == make_mail(
        an_edition(), a_sender(), an_envelope()
    )


@pytest.mark.parametrize("public_url", ["", "http://herald.example.org"])
def test_without_https_there_is_no_one_click(public_url: str) -> None:
    lines = head(make_mail(an_edition(), a_sender(), an_envelope(public_url=public_url)))
    assert not any(line.startswith("List-Unsubscribe-Post") for line in lines)
    (line,) = [line for line in lines if line.startswith("List-Unsubscribe:")]
    assert line == f"List-Unsubscribe: <mailto:news@herald.test?subject=unsubscribe%20{TOKEN}>"


@pytest.mark.parametrize("public_url", ["", "https://herald.example.org"])
def test_a_mail_that_unsubscribes_goes_where_herald_reads_it(public_url: str) -> None:
    envelope = an_envelope(leaving_to="bounces@herald.test", public_url=public_url)
    edition = an_edition(text=f"{UNSUBSCRIBE_MARK}\n")
    mail = message_from_bytes(make_mail(edition, a_sender(), envelope), policy=default)
    by_mail = f"mailto:bounces@herald.test?subject=unsubscribe%20{TOKEN}"
    page = f"{public_url}/u/{TOKEN}" if public_url else ""
    assert mail["List-Unsubscribe"] == (f"<{page}>, <{by_mail}>" if page else f"<{by_mail}>")
    assert next(mail.iter_parts()).get_content().strip() == (page or by_mail)
    assert mail["List-Owner"] == "<mailto:news@herald.test>"


def test_a_long_subject_in_many_scripts_is_folded_and_read_back() -> None:
    subject = "Ecomuseums — Zażółć gęślą jaźń — Οικομουσεία — متاحف 🏛️ " * 8
    mail = make_mail(an_edition(subject=subject.strip()), a_sender(), an_envelope())
    words = [word for line in head(mail) for word in line.split() if word.startswith("=?")]
    assert words
    assert max(map(len, words)) <= 75
    assert "Subject" in message_from_bytes(mail)
    assert str(make_header(decode_header(message_from_bytes(mail)["Subject"]))) == subject.strip()


def test_what_a_library_sets_for_all_mails_of_the_process_changes_no_byte() -> None:
    """Apprise does, as soon as it is loaded."""
    made = {"name": "Музей солі" * 3}, {"subject": "Οικομουσεία " * 8}
    before = make_mail(an_edition(**made[1]), a_sender(**made[0]), an_envelope(**made[0]))
    kept = charset.CHARSETS["utf-8"]
    charset.add_charset("utf-8", charset.QP, charset.QP, "utf-8")
    try:
        after = make_mail(an_edition(**made[1]), a_sender(**made[0]), an_envelope(**made[0]))
    finally:
        charset.CHARSETS["utf-8"] = kept
    assert after == before


@given(
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=100
    ).filter(lambda name: name.strip() == name)
)
def test_whatever_a_name_holds_there_is_one_recipient(name: str) -> None:
    mail = make_mail(an_edition(), a_sender(list_name=name, name=name), an_envelope(name=name))
    assert max(map(len, mail.splitlines())) <= 998
    parsed = message_from_bytes(mail, policy=default)
    assert [one.addr_spec for one in parsed["To"].addresses] == ["ana@example.org"]
    assert [one.addr_spec for one in parsed["From"].addresses] == ["news@herald.test"]
    raw = next(line for line in head(mail) if line.startswith("To: "))
    phrase = raw.removeprefix("To: ").rpartition(" <")[0]
    if phrase.startswith("=?"):
        assert str(make_header(decode_header(phrase))) == name


@pytest.mark.parametrize("evil", ["a\r\nBcc: b@x.org", "a\nb", "a\x00b", "a\u2028b", "a\x0bb"])
def test_a_line_break_in_a_header_is_refused(evil: str) -> None:
    for make in (
        lambda: make_mail(an_edition(subject=evil), a_sender(), an_envelope()),
        lambda: make_mail(an_edition(), a_sender(name=evil), an_envelope()),
        lambda: make_mail(an_edition(), a_sender(list_name=evil), an_envelope()),
        lambda: make_mail(an_edition(), a_sender(), an_envelope(name=evil)),
        lambda: make_mail(an_edition(), a_sender(), an_envelope(address=f"{evil}@x.org")),
        lambda: make_mail(an_edition(language=evil), a_sender(), an_envelope()),
    ):
        with pytest.raises(UnsafeHeader):
            make()


@given(st.from_regex(r"\A[A-Za-z0-9_+=-]+(\.[A-Za-z0-9_+=-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z"))
def test_a_usual_address_stands_as_the_library_would_write_it(address: str) -> None:
    assert mailbox("", address) == str(Address(addr_spec=address))


def test_a_token_names_its_subscription_and_nobody_elses() -> None:
    assert read_token(TOKEN, KEY) == ANA
    assert read_token(TOKEN, b"j" * 32) is None


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        ANA,
        f"{ANA}.",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN.upper(),
        "0" + TOKEN[1:],
        "č" * 40,
        "a" * 5000,
        unsubscribe_token(SubscriptionId("not an id"), KEY),
    ],
)
def test_a_forged_token_is_nobodys(forged: str) -> None:
    assert read_token(forged, KEY) is None


def test_a_message_id_is_of_one_issue_and_one_recipient() -> None:
    other = SubscriptionId("cd" * 16)
    names = {
        message_id(issue, who, "herald.test", KEY) for issue in ("a", "b") for who in (ANA, other)
    }
    assert len(names) == 4
