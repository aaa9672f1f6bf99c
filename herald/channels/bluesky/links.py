"""Reads where a post stands, from the addresses that people and programs write. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from herald.channels.bluesky.record import COLLECTION
from herald.channels.bluesky.settings import HANDLE

_WEB = re.compile(
    r"https://[^/\s]+/profile/(?P<who>[^/\s?#]+)/post/(?P<rkey>[\w.~:-]+)/?(?:[?#].*)?"
)
_AT = re.compile(rf"at://(?P<who>[^/\s]+)/{re.escape(COLLECTION)}/(?P<rkey>[\w.~:-]+)")
_DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]{1,2000}(?<![:%])")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a post stands: whose it is, by handle or DID, and under which id."""

    who: str
    rkey: str

    @property
    def is_known(self) -> bool:
        """Tell whether *who* is a DID, which needs no looking up."""
        return self.who.startswith("did:")


def read_link(link: str) -> Place | None:
    """Return the place in ``https://bsky.app/profile/WHO/post/ID`` or ``at://…``; None for others.

    Other apps than Bluesky's own use the same path.
    """
    match = _WEB.fullmatch(link.strip()) or _AT.fullmatch(link.strip())
    if match is None:
        return None
    who = unquote(match["who"])
    if _DID.fullmatch(who):
        return Place(who, match["rkey"])
    who = who.removeprefix("@").casefold()
    return Place(who, match["rkey"]) if HANDLE.fullmatch(who) else None


def parts_of(uri: str) -> tuple[str, str, str] | None:
    """Return DID, collection and key of a record's URI; None when it is none."""
    parts = uri.removeprefix("at://").split("/")
    return (parts[0], parts[1], parts[2]) if uri.startswith("at://") and len(parts) == 3 else None
