"""DKIM: which records are keys that receivers can use."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.dns.dkim import DkimFault, DkimKey, parse_dkim, read_tags, rsa_bits
from tests.mailing.dns.looking import an_rsa_key


def record(key: bytes, rest: str = "v=DKIM1; k=rsa") -> str:
    return f"{rest}; p={base64.b64encode(key).decode()}"


@pytest.mark.parametrize("bits", [1024, 2048, 3072, 4096])
@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
def test_the_length_of_an_rsa_key_is_told(bits: int, form: PublicFormat) -> None:
    assert parse_dkim(record(an_rsa_key(bits, form))) == DkimKey(kind="rsa", bits=bits)


def test_an_ed25519_key_is_one() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(b"1" * 32).public_key()
    assert parse_dkim(record(key.public_bytes_raw(), "v=DKIM1; k=ed25519")) == DkimKey(
        kind="ed25519", bits=256
    )


@pytest.mark.parametrize(
    "rest",
    ["", "v=DKIM1", "v=DKIM1; s=email; t=s", "v=DKIM1; s=tlsrpt:email", "k=rsa; n=made by hand"],
)
def test_tags_that_say_nothing_new_change_nothing(rest: str) -> None:
    written = record(an_rsa_key(2048), rest).removeprefix("; ")
    assert parse_dkim(written) == DkimKey(kind="rsa", bits=2048)


def test_a_key_that_is_only_tried_out_is_seen() -> None:
    key = parse_dkim(record(an_rsa_key(2048), "v=DKIM1; t=y:s"))
    assert isinstance(key, DkimKey)
    assert key.is_testing


OTHER_KIND = (
    ec.derive_private_key(7, ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        pytest.param("v=DKIM1; p=", "revoked", id="revoked"),
        pytest.param("v=DKIM1; p= ", "revoked", id="revoked, with a space"),
        pytest.param("v=DKIM1; k=rsa", "no list of tags", id="no key"),
        pytest.param("v=DKIM2; p=AAAA", "not DKIM1", id="another version"),
        pytest.param("v=DKIM1; p=AA!A", "damaged", id="no base64"),
        pytest.param(record(an_rsa_key(2048))[:-3], "damaged", id="half pasted"),
        pytest.param(record(an_rsa_key(2048)[:-40]), "perhaps a part was lost", id="cut"),
        pytest.param(record(OTHER_KIND), "no key of the kind rsa", id="an elliptic curve"),
        pytest.param(record(an_rsa_key(2048), "k=ed25519"), "kind ed25519", id="kinds differ"),
        pytest.param(record(an_rsa_key(2048), "s=tlsrpt"), "not meant for mail", id="other use"),
        pytest.param("v=spf1 -all", "no list of tags", id="another record"),
    ],
)
def test_what_is_no_key_is_told_with_the_reason(written: str, why: str) -> None:
    fault = parse_dkim(written)
    assert isinstance(fault, DkimFault)
    assert why in fault.why


def test_a_key_that_is_too_short_is_refused() -> None:
    # 768 bits, which libraries no longer make: SEQUENCE { INTEGER n, INTEGER e }
    number = b"\x02\x61\x00" + b"\xff" * 96
    fault = parse_dkim(record(b"\x30\x68" + number + b"\x02\x03\x01\x00\x01"))
    assert fault == DkimFault("the key has 768 bits, and receivers want at least 1024")


@given(st.binary(max_size=80) | st.binary(max_size=40).map(lambda rest: b"\x30\x82" + rest))
def test_no_bytes_break_the_reading_of_a_key(key: bytes) -> None:
    bits = rsa_bits(key)
    assert bits is None or 0 <= bits <= 8 * len(key)


@given(st.text(max_size=80) | st.text(alphabet="vpkts=; DKIM1y:A\\\x00", max_size=40))
def test_no_text_breaks_the_reading_of_a_record(written: str) -> None:
    assert isinstance(parse_dkim(written), DkimKey | DkimFault)
    tags = read_tags(written)
    assert tags is None or all(name == name.strip().lower() for name in tags)
