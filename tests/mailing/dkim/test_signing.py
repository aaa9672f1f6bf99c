"""What Herald signs, others verify; and what others did to a mail, Herald sees."""

from __future__ import annotations

import base64
from pathlib import Path

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.dkim.canonical import relaxed_body, relaxed_header, with_crlf
from herald.mailing.dkim.keys import KeyFault, SigningKey, new_key, published_key, read_key
from herald.mailing.dkim.signing import Signer, Unsignable
from herald.mailing.dkim.verifying import Flaw, Signature, read_signatures
from tests.mailing.dkim.makers import AT, a_key, a_letter, a_pem, published
from tests.mailing.dns.looking import MUSEUM, WrittenNames


async def verified(mail: bytes, key: SigningKey) -> Signature:
    (found,) = await read_signatures(mail, published(key))
    return found


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(a_letter(), id="a letter"),
        pytest.param(a_letter(body=""), id="no body"),
        pytest.param(a_letter(body="\r\n\r\n"), id="empty lines alone"),
        pytest.param(a_letter(body="a  \t b \r\n\t\r\n \r\n"), id="blanks everywhere"),
        pytest.param(a_letter(body="no line end"), id="no line end"),
        pytest.param(a_letter(body="ž — 🏛️\n.\nx\n"), id="8 bits, bare line ends"),
        pytest.param(a_letter(To="", Subject=""), id="no recipient, no subject"),
    ],
)
async def test_a_signature_is_believed_by_another_program_and_by_herald(
    kind: str, mail: bytes
) -> None:
    key = a_key(kind)
    signed = Signer(key=key).sign(mail)
    assert dkim.verify(signed, dnsfunc=lambda *_, **__: key.record.encode())
    found = await verified(signed, key)
    assert (found.flaw, found.domain, found.at) == (None, MUSEUM, AT)


def test_it_covers_what_readers_and_mail_programs_go_by_and_forbids_a_second_one() -> None:
    signed = Signer(key=a_key()).sign(a_letter())
    head = signed.partition(b"\r\nFrom:")[0].decode()
    names = "".join(head.partition("h=")[2].partition(";")[0].split()).lower().split(":")
    for name in ("from", "to", "subject", "date", "message-id", "mime-version", "content-type"):
        assert names.count(name) == 2, name
    assert names.count("list-unsubscribe") == names.count("list-unsubscribe-post") == 2
    assert names.count("list-id") == 1
    assert max(map(len, head.split("\r\n"))) < 79


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_second_attempt_sends_the_same_bytes(kind: str) -> None:
    signer = Signer(key=a_key(kind))
    assert signer.sign(a_letter()) == signer.sign(a_letter())


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        (b"it is May", b"it is June", Flaw.BODY),
        (b"it is May.\r\n", b"it  is\tMay. \r\n\r\n\r\n", None),
        (b"Subject: ", b"Subject:  \t", None),
        (b"_pozdravi", b"_pozdrav", Flaw.HEADERS),
        (b"List-Id:", b"Subject: Win!\r\nList-Id:", Flaw.HEADERS),
        (b"List-Id:", b"List-Unsubscribe: <https://evil.example>\r\nList-Id:", Flaw.HEADERS),
        (b"To: ", b"Received: from x\r\nX-Spam: no\r\nTo: ", None),
        (b"bh=", b"l=5; bh=", Flaw.SHORT),
        (b"a=rsa-sha256", b"a=rsa-sha1", Flaw.UNREADABLE),
        (b"a=rsa-sha256", b"a=ed25519-sha256", Flaw.HEADERS),
        (b"v=1;", b"v=2;", Flaw.UNREADABLE),
        (b"s=s1;", b"s=s2;", Flaw.NO_KEY),
        (b"s=s1;", b"s=a b;", Flaw.UNREADABLE),
        (b" d=museum.internal;", b"", Flaw.UNREADABLE),
    ],
)
async def test_what_was_done_on_the_way_is_seen(old: bytes, new: bytes, flaw: Flaw | None) -> None:
    key = a_key()
    signed = Signer(key=key).sign(a_letter())
    assert old in signed
    found = await verified(signed.replace(old, new, 1), key)
    assert found.flaw == flaw


async def test_a_hop_that_unpacks_quoted_printable_breaks_the_signature() -> None:
    key = a_key()
    letter = a_letter(body="=C5=BElahtni\r\n", Content_Transfer_Encoding="quoted-printable")
    signed = Signer(key=key).sign(letter)
    found = await verified(signed.replace(b"=C5=BElahtni", "žlahtni".encode()), key)
    assert found.flaw is Flaw.BODY


async def test_a_key_that_nobody_can_use_is_told_with_the_reason() -> None:
    signed = Signer(key=a_key()).sign(a_letter())
    names = WrittenNames({f"{AT} TXT": ("v=DKIM1; p=",)})
    (found,) = await read_signatures(signed, names)
    assert (found.flaw, "revoked" in found.why) == (Flaw.BAD_KEY, True)


async def test_the_signature_of_another_key_is_none() -> None:
    signed = Signer(key=a_key(bits=1024)).sign(a_letter())
    assert (await verified(signed, a_key())).flaw is Flaw.HEADERS


async def test_a_hostile_mail_gets_an_answer() -> None:
    many = b"DKIM-Signature: v=1; a=;;b=\r\n" * 200 + b"DKIM-Signature\r\n: x\r\n\r\n"
    found = await read_signatures(many, WrittenNames({}))
    assert len(found) == 10
    assert {one.flaw for one in found} == {Flaw.UNREADABLE}
    assert await read_signatures(b"\xff\x00", WrittenNames({})) == ()


async def test_what_others_sign_is_verified_whatever_its_form() -> None:
    key = a_key()
    for form in (b"simple", b"relaxed"):
        headers = dkim.sign(
            a_letter(),
            b"s1",
            MUSEUM.encode(),
            a_pem().encode(),
            canonicalize=(form, form),
        )
        assert (await verified(headers + a_letter(), key)).flaw is None


@pytest.mark.parametrize(
    "sender",
    ["", "nobody", "news@museum.internal>\r\nFrom: <x@y.org"],
)
def test_a_mail_that_has_no_one_sender_is_not_signed(sender: str) -> None:
    with pytest.raises(Unsignable):
        Signer(key=a_key()).sign(a_letter(From=sender))


def test_a_domain_with_other_letters_signs_as_it_is_looked_up() -> None:
    signed = Signer(key=a_key()).sign(a_letter(From="<news@ecomusée.example>"))
    assert b"d=xn--ecomuse-gya.example;" in signed


@given(st.lists(st.sampled_from([b" ", b"\t", b"a", b"\r\n", b"="]), max_size=30))
def test_bodies_take_the_form_that_another_program_gives_them(pieces: list[bytes]) -> None:
    from dkim.canonicalization import Relaxed

    body = with_crlf(b"".join(pieces)) + b"\r\n"
    mine = relaxed_body(body)
    # That program leaves a body of line ends alone, which RFC 6376 section 3.4.4 makes empty.
    assert mine == Relaxed.canonicalize_body(body) or mine == b""
    if mine == b"":
        assert not body.strip()


@given(st.text(alphabet=" \tab", max_size=20))
def test_headers_take_the_form_that_another_program_gives_them(value: str) -> None:
    from dkim.canonicalization import Relaxed

    field = (b"Subject", value.encode() + b"\r\n")
    ((name, kept),) = Relaxed.canonicalize_headers([field])
    assert relaxed_header(b"Subject", value.encode()) + b"\r\n" == name + b":" + kept


# ---------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("written", "selector", "word"),
    [
        pytest.param("keys/none.pem", "s1", "No such file", id="no file"),
        pytest.param(a_pem(), None, "dkim_selector", id="no name"),
        pytest.param("-----BEGIN PUBLIC KEY-----\nx", "s1", "public half", id="the public half"),
        pytest.param("-----BEGIN CERTIFICATE-----\nx", "s1", "certificate", id="a certificate"),
        pytest.param(a_pem()[:300], "s1", "is a part missing", id="half a key"),
    ],
)
def test_what_cannot_sign_is_told_in_words(
    tmp_path: Path, written: str, selector: str | None, word: str
) -> None:
    found = read_key(written, selector=selector, folder=tmp_path)
    assert isinstance(found, KeyFault)
    assert word in found.why
    assert "BEGIN PRIVATE" not in found.why


def test_a_locked_a_short_and_a_strange_key_are_told(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    curve = ec.generate_private_key(ec.SECP256R1())
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505  # it is to be too short
    form = (Encoding.PEM, PrivateFormat.PKCS8)
    pems = {
        "passphrase": curve.private_bytes(*form, BestAvailableEncryption(b"x")),
        "another kind": curve.private_bytes(*form, NoEncryption()),
    }
    for word, pem in pems.items():
        (tmp_path / "key.pem").write_bytes(pem)
        found = read_key("key.pem", selector="s1", folder=tmp_path)
        assert isinstance(found, KeyFault)
        assert word in found.why
    weak = read_key(
        short.private_bytes(*form, NoEncryption()).decode(), selector="s1", folder=tmp_path
    )
    assert isinstance(weak, SigningKey)
    assert weak.is_weak
    assert not a_key().is_weak
    assert not a_key("ed25519").is_weak


def test_a_key_in_the_surroundings_may_have_its_line_ends_written_out(tmp_path: Path) -> None:
    written = a_pem().replace("\n", "\\n")
    assert isinstance(read_key(written, selector="s1", folder=tmp_path), SigningKey)


def test_a_record_is_known_by_its_key_in_either_form() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = a_key()
    assert key.is_published_by(key.record)
    assert not key.is_published_by(a_key("ed25519").record)
    assert not key.is_published_by("v=DKIM1; p=AAAA")
    assert not key.is_published_by("nonsense")
    bare = key.private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert key.is_published_by(f"p={base64.b64encode(bare).decode()}")
    assert published_key(a_key("ed25519").record) == a_key("ed25519").private.public_key()


def test_every_new_key_is_another() -> None:
    assert new_key("ed25519") != new_key("ed25519")
