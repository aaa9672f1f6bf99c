"""Verifying the signatures of a mail that came through mail servers (RFC 6376 section 6).

Strangers may write such a mail: whatever it holds, the answer is a value.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, replace
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from herald.mailing.dkim.canonical import (
    Field,
    chosen,
    relaxed_body,
    relaxed_header,
    simple_body,
    simple_header,
    split_mail,
    with_crlf,
)
from herald.mailing.dkim.keys import PublicKey, published_key
from herald.mailing.dns.dkim import DkimFault, parse_dkim, read_tags
from herald.mailing.dns.lookup import Kind, Names, values_of

MOST = 10
"""Signatures of one mail that are looked at."""

_HEADER = b"dkim-signature"
_NEEDED = frozenset({"v", "a", "b", "bh", "d", "h", "s"})
_VALUE_OF_B = re.compile(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class Flaw(StrEnum):
    """Why a signature proves nothing."""

    UNREADABLE = "unreadable"
    NO_KEY = "no key"
    BAD_KEY = "bad key"
    BODY = "body changed"
    HEADERS = "headers changed"
    SHORT = "body not signed to its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of a mail, verified."""

    domain: str = ""
    selector: str = ""
    signed: tuple[str, ...] = ()
    """The headers that it covers, in lower case, in the order of ``h=``."""
    flaw: Flaw | None = None
    """None where it is sound."""
    why: str = ""
    """More about the flaw, where there is more."""

    @property
    def at(self) -> str:
        """Where its key is to be found in the DNS."""
        return f"{self.selector}._domainkey.{self.domain}"


async def read_signatures(mail: bytes, names: Names) -> tuple[Signature, ...]:
    """Return the signatures of a mail, from top to bottom; raise NamesFail if the DNS is away."""
    fields, body = split_mail(with_crlf(mail))
    ours = [field for field in fields if field[0].lower() == _HEADER][:MOST]
    return tuple([await _read(field, fields, body, names) for field in ours])


async def _read(field: Field, fields: tuple[Field, ...], body: bytes, names: Names) -> Signature:
    written = b"".join(field[1].split(b"\r\n")).decode("ascii", "replace")
    tags = read_tags(written) or {}
    if not tags.keys() >= _NEEDED or tags["v"] != "1":
        return Signature(flaw=Flaw.UNREADABLE, why="a part is missing")
    found = Signature(
        domain=tags["d"].lower(),
        selector=tags["s"].lower(),
        signed=tuple(name.strip().lower() for name in tags["h"].split(":")),
    )
    if flaw := _flaw_in_itself(found, tags, body):
        return replace(found, flaw=flaw[0], why=flaw[1])
    records = await values_of(names, found.at, Kind.TXT)
    if not records:
        return replace(found, flaw=Flaw.NO_KEY)
    parsed, key = parse_dkim(records[0]), published_key(records[0])
    if isinstance(parsed, DkimFault) or key is None:
        why = parsed.why if isinstance(parsed, DkimFault) else "nobody can read it"
        return replace(found, flaw=Flaw.BAD_KEY, why=why)
    headers = chosen(fields, [name.encode() for name in found.signed])
    is_sound = _is_signed(key, tags, field, headers)
    return found if is_sound else replace(found, flaw=Flaw.HEADERS)


def _flaw_in_itself(found: Signature, tags: dict[str, str], body: bytes) -> tuple[Flaw, str] | None:
    """Return what is wrong with a signature before its key is asked for."""
    if not (_DOMAIN.fullmatch(found.domain) and _DOMAIN.fullmatch(found.selector)):
        return Flaw.UNREADABLE, "d= or s= is no name"
    if tags["a"] not in {"rsa-sha256", "ed25519-sha256"}:
        return Flaw.UNREADABLE, f"nobody verifies {tags['a'][:30]} any more"
    if "l" in tags:
        return Flaw.SHORT, "l= lets anybody add to the letter"
    return None if _is_body_whole(tags, body) else (Flaw.BODY, "")


def _is_body_whole(tags: dict[str, str], body: bytes) -> bool:
    form = tags.get("c", "simple/simple").lower().partition("/")[2]
    canonical = relaxed_body(body) if form == "relaxed" else simple_body(body)
    return _bytes_of(tags["bh"]) == hashlib.sha256(canonical).digest()


def _is_signed(key: PublicKey, tags: dict[str, str], field: Field, headers: list[Field]) -> bool:
    form = tags.get("c", "simple/simple").lower().partition("/")[0]
    canonical = relaxed_header if form == "relaxed" else simple_header
    bare = (field[0], _VALUE_OF_B.sub(rb"\1", field[1], count=1))
    text = b"".join([*(canonical(*one) + b"\r\n" for one in headers), canonical(*bare)])
    signature = _bytes_of(tags["b"])
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, text, PKCS1v15(), SHA256())
        else:
            key.verify(signature, hashlib.sha256(text).digest())
    except InvalidSignature:
        return False
    return tags["a"].startswith("rsa") == isinstance(key, RSAPublicKey)


def _bytes_of(written: str) -> bytes:
    try:
        return base64.b64decode("".join(written.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
