"""Keys and letters for signing; making an RSA key takes long, so there is one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from herald.mailing.dkim.keys import SigningKey, new_key, read_key
from tests.mailing.dns.looking import MUSEUM, WrittenNames

NEWS = f"news@{MUSEUM}"
AT = f"s1._domainkey.{MUSEUM}"


def a_pem(kind: str = "rsa", bits: int = 2048) -> str:
    """Make a private key's file; the same each time."""
    return _made(kind, bits)


@cache
def _made(kind: str, bits: int) -> str:
    return new_key(kind, bits=bits).decode()


def a_key(kind: str = "rsa", bits: int = 2048, selector: str = "s1") -> SigningKey:
    """Make a key that signs under *selector*."""
    key = read_key(a_pem(kind, bits), selector=selector, folder=Path())
    assert isinstance(key, SigningKey)
    return key


def as_zone(record: str) -> str:
    """Return a record as zone files write it: in strings of at most 255 bytes."""
    return " ".join(f'"{record[at : at + 250]}"' for at in range(0, len(record), 250))


def published(key: SigningKey) -> WrittenNames:
    """Return names that know the key of the museum."""
    return WrittenNames({f"{AT} TXT": (key.record,)})


def a_letter(body: str = "Dear friends,\r\nit is May.\r\n", **more: str) -> bytes:
    """Make a letter as Herald writes them."""
    headers = {
        "From": f'"Eco" <{NEWS}>',
        "To": '"Ana" <ana@example.org>',
        "Subject": "=?utf-8?q?=C5=BDlahtni?=\r\n =?utf-8?q?_pozdravi?=",
        "Date": "Mon, 10 May 2027 12:00:00 +0000",
        "Message-ID": f"<1@{MUSEUM}>",
        "List-Id": f'"Friends" <friends.{MUSEUM}>',
        "List-Unsubscribe": "<https://herald.museum.internal/u/abc>, <mailto:news@x>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return f"{head}\r\n{body}".encode()
