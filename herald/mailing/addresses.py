"""Addresses: which can be written to, and how one is known after it was forgotten."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

from email_validator import EmailNotValidError, validate_email

from herald.model.mailing import AddressHash

NAME_MOST = 100
"""Characters of a name: encoded, it still stays within a header's longest line."""


class BadAddress(ValueError):
    """What stands there is no address that mail reaches; the message says why."""


class BadName(ValueError):
    """A name cannot stand in a mail's header; the message says why."""


def read_address(written: str) -> str:
    """Return *written* as a mail server wants it: ASCII, its domain in lower case and IDNA form.

    Nothing is looked up. Raises BadAddress.
    """
    if any(unicodedata.category(mark) in {"Cc", "Cf", "Zl", "Zp"} for mark in written.strip()):
        raise BadAddress("it holds an invisible character or a line break")
    try:
        checked = validate_email(written.strip(), check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise BadAddress(str(error).rstrip(".")) from error
    if checked.ascii_email is None:
        raise BadAddress(
            "the part before the @ is not plain ASCII, which many mail servers do not take"
        )
    return checked.ascii_email


def hash_address(address: str, key: bytes) -> AddressHash:
    """Return the hash by which *address* is known to suppressions.

    Case does not matter; dots and plus tags do, because they may be other people's.
    """
    return AddressHash(hmac.new(key, address.lower().encode(), hashlib.sha256).hexdigest())


def read_name(written: str) -> str:
    """Return a person's name fit for a header, white space folded; raise BadName."""
    if any(unicodedata.category(mark) in {"Cc", "Zl", "Zp"} for mark in written.strip()):
        raise BadName("the name holds a line break or another control character")
    name = unicodedata.normalize("NFC", " ".join(written.split()))
    if len(name) > NAME_MOST:
        raise BadName(f"the name is longer than {NAME_MOST} characters")
    return name
