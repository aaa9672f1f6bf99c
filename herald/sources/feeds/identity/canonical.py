"""Links, titles and contents in a form for comparing; never for showing or fetching."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from herald.model.feed import EntryEvent, EventSource, ParsedEntry

_TRACKING = frozenset(
    {
        "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "igshid", "mc_cid",
        "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "mkt_tok", "ref_src", "share_id", "srsltid",
    }
)  # fmt: skip
_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "piwik_", "matomo_", "hsa_", "oly_")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_GLOBAL_UID = 16
"""Characters from which an UID without ``@`` is taken for unique in the world."""


@lru_cache(maxsize=8192)
def canonical_link(link: str) -> str:
    """Return *link* without scheme, fragment and trackers, its query in order; "" without host."""
    try:
        parts = urlsplit(link.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return link.strip()
    if not host:
        return ""
    shown = f":{port}" if port and port != _DEFAULT_PORTS.get(parts.scheme.lower()) else ""
    query = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _is_tracking(name)
    )
    path = quote(unquote(parts.path), safe="/~:@!$&'()*+,;=-._").rstrip("/") or "/"
    return f"//{host}{shown}{path}{'?' + urlencode(query) if query else ''}"


def path_of(link: str) -> str:
    """Return what follows the host in a canonical *link*; "" for a front page."""
    host, slash, rest = link.removeprefix("//").partition("/")
    return f"/{rest}" if host and slash and rest else ""


def normal_title(title: str) -> str:
    """Return *title* as its letters and digits of any script, case folded."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join("".join(kept).split())


def global_uid(event: EntryEvent | None) -> str:
    """Return an event's UID if no other calendar would give it (RFC 5545, RFC 7986); else ""."""
    uid = "" if event is None else event.uid
    return uid if "@" in uid or len(uid) >= _GLOBAL_UID else ""


def fingerprint(entry: ParsedEntry) -> str:
    """Return a hash of what a reader would notice: not of its dates, markup or categories.

    An event that was found on the entry's page is not what its feed says, and is left out: the
    feed says the same as before whether or not the page was read this time.
    """
    image = entry.image.url if entry.image else ""
    return hash_of(
        unicodedata.normalize("NFC", entry.title),
        canonical_link(entry.link),
        entry.summary,
        canonical_link(image),
        json.dumps(_facts(entry.event)),
    )


def hash_of(*parts: str) -> str:
    """Return the SHA-256 of *parts*, each apart from the others."""
    spelled = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(spelled.encode("utf-8", errors="replace")).hexdigest()


def _facts(event: EntryEvent | None) -> list[str] | None:
    if event is None or event.source is EventSource.PAGE:
        return None
    ends = event.finishes_at.isoformat() if event.finishes_at else ""
    return [event.begins_at.isoformat(), ends, event.place, event.status]


def _is_tracking(name: str) -> bool:
    return name.lower() in _TRACKING or name.lower().startswith(_TRACKING_PREFIXES)
