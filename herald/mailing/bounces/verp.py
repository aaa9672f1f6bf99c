"""The address to which one recipient's copy comes back, if it comes back (VERP).

Each copy has an envelope sender of its own, so that whatever a mail server returns names the copy
by the address that it is returned to.  The name is signed: a bounce that somebody made up changes
nothing.
"""

from __future__ import annotations

import base64
import hmac
import re
from functools import lru_cache

from herald.model.bounces import PLACE, CopyOf
from herald.model.mailing import SubscriptionId

_PURPOSE = b"herald.bounce"
_NAMED = f"herald.{PLACE}"
_SUBSCRIPTION = 26
"""Letters of 16 bytes in base32."""
_SEAL = 16
"""Letters of 10 bytes: 80 bits, which nobody guesses by mail."""
_RECIPIENT_MOST = 7
"""Digits of a row's number in base 36.  All three are SIGN_LONG letters."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SIGN = rf"([a-z2-7]{{{_SUBSCRIPTION}}})([a-z2-7]{{{_SEAL}}})([0-9a-z]{{1,{_RECIPIENT_MOST}}})"


def bounce_address(pattern: str, copy: CopyOf, key: bytes) -> str:
    """Return the envelope sender of one copy: the same at every attempt, of lower case letters."""
    return pattern.replace(PLACE, _signed(copy, key))


def envelope_id(copy: CopyOf, key: bytes) -> str:
    """Return what a copy is called on its way (ENVID, RFC 3461): a mail server repeats it.

    It names the copy where what comes back does not come to the copy's own address.
    """
    return bounce_address(_NAMED, copy, key)


def read_envelope_id(text: str, key: bytes) -> CopyOf | None:
    """Return whose copy the first genuine name in *text* names; None without one."""
    return read_bounce_address(text, _NAMED, key)


def bare_address(pattern: str) -> str:
    """Return the address of a mailbox that takes every copy's; empty where there is none such."""
    before, _, after = pattern.partition(PLACE)
    local = before.rstrip("+-=_.")
    return local + after if local else ""


def read_bounce_address(text: str, pattern: str, key: bytes) -> CopyOf | None:
    """Return whose copy the first genuine bounce address in *text* names; None without one.

    Case does not matter, for some mail servers change it.
    """
    for found in _finder(pattern).finditer(text.lower()):
        name, seal, number = found.groups()
        if not hmac.compare_digest(seal, _seal(name, number, key)):
            continue
        subscription = SubscriptionId(base64.b32decode(name.upper() + "======").hex())
        return CopyOf(subscription=subscription, recipient=int(number, 36) or None)
    return None


@lru_cache(maxsize=64)
def _signed(copy: CopyOf, key: bytes) -> str:
    """Return the signed name of a copy; it is said up to four times: twice over, and announced."""
    number = _in_base_36(copy.recipient or 0)
    name = base64.b32encode(bytes.fromhex(copy.subscription)).decode().rstrip("=").lower()
    return f"{name}{_seal(name, number, key)}{number}"


def _seal(name: str, number: str, key: bytes) -> str:
    place = b"\n".join((_PURPOSE, name.encode(), number.encode()))
    return base64.b32encode(hmac.digest(key, place, "sha256")[:10]).decode().lower()


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


@lru_cache(maxsize=8)
def _finder(pattern: str) -> re.Pattern[str]:
    before, _, after = pattern.lower().partition(PLACE)
    return re.compile(f"(?<![a-z0-9]){re.escape(before)}{_SIGN}{re.escape(after)}(?![a-z0-9-])")
