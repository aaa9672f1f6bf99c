"""Decides which entries of a document are new, edited, known by another id, or another's news.

Pure: it gets what the store holds, and returns intents that the store obeys.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from herald.model.feed import FeedProblem, ParsedEntry, ParsedFeed
from herald.model.ids import EntryId, FeedId, Language
from herald.model.polling import (
    Alias,
    Credit,
    Decision,
    Feed,
    Identity,
    Intent,
    Known,
    KnownEntry,
    Remember,
    Revise,
)

SAME_NEWS = timedelta(days=30)
"""Two feeds that say the same within this span say one thing."""
MOST_EDITS = 24
"""After so many changes an entry is a counter or a clock, and is no longer followed."""
SILENT = timedelta(days=30)
"""A feed that failed for so long begins anew: what it shows is remembered, not posted."""
_ALIKE = 0.9
"""Share of words that two texts of one entry have in common."""
_FEWEST_WORDS = 48
_SHORTEST_TITLE = 12
"""Characters: "News" or "Closed today" in two feeds are no sign of the same news."""
_TRACKING = frozenset(
    {
        "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "igshid", "mc_cid",
        "mc_eid", "_ga", "_gl", "_hsenc", "_hsmi", "mkt_tok", "ref_src", "share_id", "srsltid",
    }
)  # fmt: skip
_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "piwik_", "matomo_", "hsa_", "oly_")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UND = Language("und")


def feed_id(url: str) -> FeedId:
    """Derive a feed's id from its URL as written."""
    return FeedId(_hash("feed", url)[:16])


def canonical_link(link: str) -> str:
    """Return *link* in a form for comparing: no scheme, no fragment, no trackers, query in order.

    Never for showing or fetching.
    """
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


def normal_title(title: str) -> str:
    """Return *title* in a form for comparing: letters and digits of any script, case folded."""
    folded = unicodedata.normalize("NFKC", title).casefold()
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join("".join(kept).split())


def fingerprint(entry: ParsedEntry) -> str:
    """Return a hash of what a reader would notice: not of its dates, markup or categories."""
    event = entry.event
    facts = (
        None
        if event is None
        else [
            event.begins_at.isoformat(),
            event.finishes_at.isoformat() if event.finishes_at else "",
            event.place,
            event.status,
        ]
    )
    image = entry.image.url if entry.image else ""
    return _hash(
        unicodedata.normalize("NFC", entry.title),
        canonical_link(entry.link),
        entry.summary,
        canonical_link(image),
        json.dumps(facts),
    )


def identities(entries: Sequence[ParsedEntry]) -> tuple[Identity, ...]:
    """Name every entry of a document; a repeated guid is made unlike by its link, then a count."""
    taken: Counter[str] = Counter()
    named = []
    for entry in entries:
        link = canonical_link(entry.link)
        key = _key(entry, link)
        if key in taken and link:
            key = f"{key} {link}"
        taken[key] += 1
        if taken[key] > 1:
            key = f"{key} {taken[key]}"
            taken[key] += 1
        named.append(
            Identity(
                key=key if len(key) <= _LONGEST_KEY else f"long:{_hash(key)}",
                link=link,
                title=normal_title(entry.title),
                fingerprint=fingerprint(entry),
                content=entry,
            )
        )
    return tuple(named)


_LONGEST_KEY = 500


def decide(
    feed: Feed, parsed: ParsedFeed, named: Sequence[Identity], known: Known, *, now: datetime
) -> Decision:
    """Compare a document with what is known and say what the store shall write."""
    present = frozenset(identity.key for identity in named)
    seed = _must_seed(feed, named, known, now=now)
    links = Counter(identity.link for identity in named if identity.link)
    own_known = _own_by_link_and_title(feed, known, present)
    intents: list[Intent] = []
    twins: dict[tuple[str, str, str], EntryId] = {}
    for identity in named:
        if identity.key in known.keys:
            entry = known.entries.get(known.keys[identity.key])
            if entry is not None:
                intents.extend(_revised(entry, identity, feed))
            continue
        same = _same_entry(identity, own_known, links)
        if same is not None:
            own_known.remove(same)
            intents.append(Alias(id=same.id, key=identity.key))
            intents.extend(_revised(same, identity, feed))
            continue
        twin = twins.get(_twin_key(identity))
        if twin is not None and identity.link:
            intents.append(Alias(id=twin, key=identity.key))
            continue
        fresh = _new_or_shared(feed, parsed, identity, known, bool(seed), now=now)
        twins[_twin_key(identity)] = fresh.id
        intents.append(fresh)
    return Decision(intents=tuple(intents), problems=_told(seed))


def _must_seed(feed: Feed, named: Sequence[Identity], known: Known, *, now: datetime) -> str:
    """Say why new entries are only remembered this time, or ""."""
    if feed.last_success_at is None:
        return "first"
    if now - feed.last_success_at > SILENT:
        return "it could not be read for more than 30 days"
    unknown = [identity for identity in named if identity.key not in known.keys]
    undated = all(
        identity.content.published_at is None and identity.content.event is None
        for identity in unknown
    )
    if len(unknown) > max(4, len(named) / 2) and undated:
        return "most entries came back under new ids and without dates"
    return ""


def _told(seed: str) -> tuple[FeedProblem, ...]:
    if seed in {"", "first"}:
        return ()
    message = f"new entries of this poll were remembered and not posted: {seed}"
    return (FeedProblem(severity="warning", message=message),)


def _own_by_link_and_title(feed: Feed, known: Known, present: frozenset[str]) -> list[KnownEntry]:
    """Return the feed's known entries that this document does not name by a key of theirs."""
    named = {entry for key, entry in known.keys.items() if key in present}
    return [
        entry for entry in known.entries.values() if entry.feed == feed.id and entry.id not in named
    ]


def _same_entry(
    identity: Identity, candidates: Sequence[KnownEntry], links: Counter[str]
) -> KnownEntry | None:
    """Find the known entry that came back under another id."""
    for entry in candidates:
        same_day = (
            identity.content.published_at is not None
            and identity.content.published_at == entry.content.published_at
        )
        same_title = bool(identity.title) and identity.title == entry.title
        same_link = (
            bool(identity.link) and identity.link == entry.link and links[identity.link] == 1
        )
        if _is_other_event(identity.content, entry.content):
            continue
        if same_title and same_day:
            return entry
        if same_link and (same_title or same_day or _alike(identity.content, entry.content)):
            return entry
    return None


def _twin_key(identity: Identity) -> tuple[str, str, str]:
    """Name what stands twice in one document under two ids: all of it alike."""
    return identity.fingerprint, identity.link, identity.title


def _is_other_event(one: ParsedEntry, other: ParsedEntry) -> bool:
    """Tell whether both are events at different times: a course's evenings share page and title."""
    if one.event is None or other.event is None:
        return False
    return one.event.begins_at != other.event.begins_at


def _alike(one: ParsedEntry, other: ParsedEntry) -> bool:
    mine, theirs = one.summary.casefold().split(), other.summary.casefold().split()
    if min(len(mine), len(theirs)) < _FEWEST_WORDS:
        return False
    return SequenceMatcher(None, mine[:500], theirs[:500], autojunk=False).ratio() >= _ALIKE


def _revised(entry: KnownEntry, identity: Identity, feed: Feed) -> tuple[Revise, ...]:
    if entry.feed != feed.id or entry.fingerprint == identity.fingerprint:
        return ()
    if entry.edits >= MOST_EDITS and not _is_cancelled(identity.content):
        return ()
    return (
        Revise(
            id=entry.id,
            identity=identity,
            withdrawn=_is_cancelled(identity.content),
        ),
    )


def _new_or_shared(
    feed: Feed, parsed: ParsedFeed, identity: Identity, known: Known, seed: bool, *, now: datetime
) -> Remember | Credit:
    shared = next(
        (
            entry
            for entry in known.entries.values()
            if entry.feed != feed.id and _same_news(identity, entry, now=now)
        ),
        None,
    )
    if shared is not None:
        return Credit(id=shared.id, key=identity.key)
    return Remember(
        id=EntryId(_hash("entry", feed.id, identity.key)[:16]),
        identity=identity,
        language=_language(feed, parsed, identity.content),
        licence=identity.content.licence or feed.wanted.licence,
        seeded=seed,
    )


def _same_news(identity: Identity, entry: KnownEntry, *, now: datetime) -> bool:
    if now - entry.first_seen_at > SAME_NEWS or _is_other_event(identity.content, entry.content):
        return False
    # A partner's feed that links every entry to its front page would swallow its neighbours.
    if identity.link and identity.link == entry.link and not identity.link.endswith("/"):
        return True
    return len(identity.title) >= _SHORTEST_TITLE and identity.title == entry.title


def _language(feed: Feed, parsed: ParsedFeed, entry: ParsedEntry) -> Language:
    """Take the entry's own, else the officer's word, the document's, the partner's first."""
    wanted = feed.wanted
    return entry.language or wanted.language or parsed.language or wanted.partner_language or _UND


def _is_cancelled(entry: ParsedEntry) -> bool:
    return entry.event is not None and entry.event.status == "cancelled"


def _is_tracking(name: str) -> bool:
    return name.lower() in _TRACKING or name.lower().startswith(_TRACKING_PREFIXES)


def _key(entry: ParsedEntry, link: str) -> str:
    if entry.guid.strip():
        return f"guid:{entry.guid.strip()}"
    return f"link:{link}" if link else f"hash:{_hash(entry.title, entry.summary)}"


def _hash(*parts: str) -> str:
    spelled = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(spelled.encode("utf-8", errors="replace")).hexdigest()
