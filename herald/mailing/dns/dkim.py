"""DKIM: the public key by which receivers know that a mail is signed for a domain (RFC 6376)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

RSA_LEAST = 1024
"""Bits, below which receivers do not look at a signature (RFC 8301 section 3.2)."""
RSA_ADVISED = 2048
_ED25519_BYTES = 32
_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A key that signatures can be checked with."""

    kind: str
    """``rsa`` or ``ed25519``."""
    bits: int
    is_testing: bool = False
    """Whether it asks receivers to treat signed mails like unsigned ones (``t=y``)."""


@dataclass(frozen=True, slots=True)
class DkimFault:
    """Why a record is no key, as the end of a sentence."""

    why: str


def read_tags(record: str) -> dict[str, str] | None:
    """Return the tags of a record such as ``v=DMARC1; p=none``, None if it is no such list.

    Names are in lower case; white space around values is gone (RFC 6376 section 3.2).
    """
    tags: dict[str, str] = {}
    for part in record.strip().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in tags:
            return None
        tags[name] = value.strip()
    return tags


def parse_dkim(record: str) -> DkimKey | DkimFault:
    """Return the key that a record publishes, or why it is none."""
    tags = read_tags(record)
    if tags is None or "p" not in tags:
        return DkimFault("it is no list of tags with a key in p=")
    if tags.get("v", "DKIM1") != "DKIM1":
        return DkimFault("its v= is not DKIM1")
    if not (written := re.sub(r"\s", "", tags["p"])):
        return DkimFault("the key is revoked: its p= is empty")
    try:
        key = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return DkimFault("the key in p= is damaged: perhaps a part was lost when it was pasted")
    if tags.get("s", "*") not in {"*", "email"} and "email" not in tags["s"].split(":"):
        return DkimFault("it is not meant for mail (s=)")
    return _key(tags.get("k", "rsa").lower(), key, "y" in tags.get("t", "").lower().split(":"))


def _key(kind: str, key: bytes, is_testing: bool) -> DkimKey | DkimFault:
    if kind == "ed25519" and len(key) == _ED25519_BYTES:
        return DkimKey(kind=kind, bits=256, is_testing=is_testing)
    bits = rsa_bits(key) if kind == "rsa" else None
    if bits is None:
        return DkimFault(f"p= holds no key of the kind {kind}: perhaps a part was lost")
    if bits < RSA_LEAST:
        return DkimFault(f"the key has {bits} bits, and receivers want at least {RSA_LEAST}")
    return DkimKey(kind=kind, bits=bits, is_testing=is_testing)


def rsa_bits(key: bytes) -> int | None:
    """Return the bits of an RSA key, None if *key* holds none.

    Both forms are about: SubjectPublicKeyInfo and the RSAPublicKey inside it (RFC 6376 erratum
    3017).
    """
    outer = _element(key)
    if outer is None or outer[0] != _SEQUENCE or outer[2]:
        return None
    first = _element(outer[1])
    if first is None:
        return None
    if first[0] == _SEQUENCE:
        bits = _element(first[2])
        wrapped = bits is not None and bits[0] == _BITS and bits[1][:1] == b"\0"
        return rsa_bits(bits[1][1:]) if bits is not None and wrapped else None
    exponent = _element(first[2])
    if first[0] != _INTEGER or exponent is None or exponent[0] != _INTEGER:
        return None
    return int.from_bytes(first[1], "big").bit_length()


def _element(der: bytes) -> tuple[int, bytes, bytes] | None:
    """Return the tag, the content and what follows of the first DER element."""
    if len(der) < 2:
        return None
    tag, length, begins = der[0], der[1], 2
    if length & 0x80:
        begins += length & 0x7F
        length = int.from_bytes(der[2:begins], "big")
    ends = begins + length
    return (tag, der[begins:ends], der[ends:]) if ends <= len(der) else None
