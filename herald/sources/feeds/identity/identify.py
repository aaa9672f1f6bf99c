"""Decides which entries of a document are new, edited, known by another id, or another's news.

Pure: it gets what the store holds, and returns intents that the store obeys. A feed whose line in
``partners.yaml`` gets another host is a new feed: its first poll posts nothing, what its old one
said is recognised as any other feed's news, and is the new one's to edit and to call off.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

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
    Retell,
    Revise,
)
from herald.sources.feeds.identity.canonical import (
    canonical_link,
    fingerprint,
    global_uid,
    hash_of,
    normal_title,
)
from herald.sources.feeds.identity.carried import Saying, differs, is_off, rank, standing
from herald.sources.feeds.identity.recognise import OtherFeeds, OwnEntries, Perhaps

MOST_EDITS = 24
"""After so many changes an entry is a counter or a clock, and is no longer followed."""
SILENT = timedelta(days=30)
"""A feed that failed for so long begins anew: what it shows is remembered, not posted."""
MOST_SEEDS = 3
"""Of a first poll no more than these few are news, whatever ``seed`` says."""
_LONGEST_KEY = 500
_UND = Language("und")
_A_YEAR = timedelta(days=365)
_A_WEEK = timedelta(days=7)
_A_DAY = timedelta(days=1)
_ENOUGH_KNOWN = 10
"""Entries from which on a feed has a past that something can be too old for."""
_FEW = 4
"""New entries that come together without any doubt."""
_NOT_NEW = "perhaps not new"
_Telling = TypeVar("_Telling", Credit, Retell)


def feed_id(url: str) -> FeedId:
    """Derive a feed's id from its URL as written."""
    return FeedId(hash_of("feed", url)[:16])


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
                key=key if len(key) <= _LONGEST_KEY else f"long:{hash_of(key)}",
                link=link,
                title=normal_title(entry.title),
                fingerprint=fingerprint(entry),
                uid=global_uid(entry.event),
                content=entry,
            )
        )
    return tuple(named)


def decide(
    feed: Feed, parsed: ParsedFeed, named: Sequence[Identity], known: Known, *, now: datetime
) -> Decision:
    """Compare a document with what is known and say what the store shall write."""
    keys = {identity.key for identity in named}
    present = frozenset(entry for key, entry in known.keys.items() if key in keys)
    # Some systems write a document's entries twice, word for word: that makes no page shared.
    once = tuple({one.content: one for one in named}.values())
    own = OwnEntries(feed.id, known.entries.values(), once, present)
    others = OtherFeeds(feed.wanted, known.entries.values(), once)
    # What others corrected meanwhile this feed may tell in its old words, under other ids.
    former = OtherFeeds(feed.wanted, known.told, once, present)
    intents: list[Intent] = []
    fresh: list[_New] = []
    twins: dict[tuple[str, str, str], EntryId] = {}
    said: dict[EntryId, list[Identity]] = defaultdict(list)
    copies: dict[ParsedEntry, EntryId] = {}
    shared_here: set[EntryId] = set()
    for identity in named:
        if identity.key in known.keys:
            is_of = known.keys[identity.key]
            said[is_of].append(identity)
            if identity.key in known.retold:
                intents.append(_said(Retell, is_of, identity))
        elif identity.content in copies:
            is_of = copies[identity.content]
            intents.append(_named_too(is_of, identity, shared_here))
        elif isinstance(same := own.find(identity), KnownEntry):
            is_of = same.id
            intents.append(Alias(id=is_of, key=identity.key))
            said[is_of].append(identity)
        elif _twin_key(identity) in twins and identity.link:
            is_of = twins[_twin_key(identity)]
            intents.append(_named_too(is_of, identity, shared_here))
        elif (
            shared := former.find(identity, now=now) or others.find(identity, now=now)
        ) is not None:
            is_of = shared.id
            shared_here.add(is_of)
            intents.append(_said(Credit, is_of, identity))
            said[is_of].append(identity)
        else:
            new = _New(id=_entry_id(feed, identity), identity=identity, doubt=same)
            is_of = twins[_twin_key(identity)] = new.id
            fresh.append(new)
            intents.append(_remember(new, feed, parsed))
        copies.setdefault(identity.content, is_of)
    for one, identities_of_it in said.items():
        if (entry := known.entries.get(one)) is not None:
            intents.extend(_revised(entry, _speaker(identities_of_it), feed, known.left))
    return _weighed(intents, fresh, feed, known, len(named), now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """An entry of which nothing known is surely the same."""

    id: EntryId
    identity: Identity
    doubt: Perhaps | None

    @property
    def content(self) -> ParsedEntry:
        return self.identity.content


def _named_too(is_of: EntryId, identity: Identity, shared: AbstractSet[EntryId]) -> Alias | Credit:
    """Name an entry by another key; another feed's entry also in this feed's words."""
    return _said(Credit, is_of, identity) if is_of in shared else Alias(id=is_of, key=identity.key)


def _weighed(
    intents: Sequence[Intent],
    fresh: Sequence[_New],
    feed: Feed,
    known: Known,
    named: int,
    *,
    now: datetime,
) -> Decision:
    """Say of each new entry whether it is passed on, only remembered, or looked at first."""
    is_first = feed.last_success_at is None
    silent = feed.last_success_at is not None and now - feed.last_success_at > SILENT
    news = _newest(fresh, feed.wanted.seed) if is_first else frozenset()
    renamed = not is_first and len(fresh) > max(_FEW, named / 2)
    by_id = {new.id: new for new in fresh}
    weighed: list[Intent] = []
    for intent in intents:
        if not isinstance(intent, Remember):
            weighed.append(intent)
            continue
        seeded = silent or (is_first and intent.id not in news)
        why = "" if is_first else _doubt(by_id[intent.id], known, renamed=renamed, now=now)
        weighed.append(replace(intent, seeded=seeded, review=why))
    problems = _told(weighed, silent=silent and bool(fresh), renamed=renamed)
    return Decision(intents=tuple(weighed), problems=problems)


def _newest(fresh: Sequence[_New], wanted: int) -> frozenset[EntryId]:
    """Return those that a first poll lets through: dated before undated, then document order."""
    dated = [one for one in fresh if one.content.published_at is not None]
    dated.sort(key=lambda one: (one.content.published_at, one.id))
    undated = [one for one in fresh if one.content.published_at is None]
    count = max(0, min(wanted, MOST_SEEDS))
    return frozenset(one.id for one in (*undated, *dated)[-count:]) if count else frozenset()


def _doubt(new: _New, known: Known, *, renamed: bool, now: datetime) -> str:
    """Say why a person should look before *new* is passed on, or "".

    An event's date is the event's, not when it was announced: it says nothing about age.
    """
    published = new.content.published_at
    if new.doubt is not None:
        before = new.doubt.known
        seen = (
            f"“{before.content.title or before.link}”, first seen {before.first_seen_at:%Y-%m-%d}"
        )
        return f"{_NOT_NEW}: {new.doubt.why} as {seen}"
    # A clock that runs ahead, or a misspelt year, must not make all that follows look old.
    past = [moment for moment in known.latest if moment <= now + _A_DAY]
    is_later = published is not None and (not past or published > past[0])
    if renamed and new.content.event is None and not is_later:
        return f"{_NOT_NEW}: most entries of the feed came back under other ids"
    return "" if published is None or new.content.event is not None else _age(published, past, now)


def _age(published: datetime, past: Sequence[datetime], now: datetime) -> str:
    """Say why something so old is hardly new; *past* are the feed's newest known dates."""
    day = f"{published:%Y-%m-%d}"
    if now - published > _A_YEAR:
        return f"{_NOT_NEW}: it is dated {day}, more than a year ago"
    if len(past) < _ENOUGH_KNOWN:
        return ""
    if published < past[_ENOUGH_KNOWN - 1]:
        return f"{_NOT_NEW}: it is dated {day}, before ten entries that are known already"
    if past[0] - published > _A_WEEK:
        return f"{_NOT_NEW}: it is dated {day}, more than a week before the newest known entry"
    return ""


def _told(intents: Sequence[Intent], *, silent: bool, renamed: bool) -> tuple[FeedProblem, ...]:
    if silent:
        message = (
            "new entries of this poll were remembered and not posted: "
            "it could not be read for more than 30 days"
        )
        return (FeedProblem(severity="warning", message=message),)
    doubted = sum(isinstance(one, Remember) and one.review != "" for one in intents)
    if renamed and doubted > _FEW:
        message = (
            f"{doubted} entries came back under new ids, and may not be new: keep each entry's "
            "id (guid, UID) for ever, whatever else changes"
        )
        return (FeedProblem(severity="warning", message=message),)
    return ()


def _twin_key(identity: Identity) -> tuple[str, str, str]:
    """Name what stands twice in one document under two ids: all of it alike."""
    return identity.fingerprint, identity.link, identity.title


def _speaker(said: Sequence[Identity]) -> Identity:
    """Choose the one that speaks for its entry, of all that a document says of it.

    An event that was entered anew stands beside its cancelled copy; else the first is as good as
    any, as long as it is the same at every poll.
    """

    def weight(identity: Identity) -> tuple[bool, int]:
        event = identity.content.event
        return event is not None and not is_off(event), -1 if event is None else rank(event)

    return max(said, key=weight)


def _revised(
    entry: KnownEntry, identity: Identity, feed: Feed, left: frozenset[FeedId]
) -> tuple[Revise, ...]:
    """Return the edit that *identity* is of *entry*: its words are those of its own feed alone.

    The event is that of any feed which carries it (``carried``). What left the configuration edits
    no more: its entry becomes that of the first feed which goes on with it.
    """
    inherits = entry.feed in left and feed.id not in left
    is_of = feed.id if inherits else entry.feed
    saying = Saying(feed=feed.id, event=identity.content.event, left=left)
    event = standing(entry.content.event, saying, was_of=entry.feed, is_of=is_of)
    is_own = is_of == feed.id
    if not differs(event, entry.content.event) and not (
        is_own and entry.fingerprint != identity.fingerprint
    ):
        return ()
    words = identity if is_own else _as_known(entry, identity)
    edit = replace(words, uid=global_uid(event), content=replace(words.content, event=event))
    if entry.edits >= MOST_EDITS and _status(entry.content) == _status(edit.content):
        return ()
    withdrawn = _status(edit.content) == "cancelled"
    return (Revise(id=entry.id, identity=edit, feed=is_of, withdrawn=withdrawn),)


def _said(kind: type[_Telling], is_of: EntryId, identity: Identity) -> _Telling:
    """Return the intent to keep the words in which a feed tells another feed's entry."""
    return kind(id=is_of, key=identity.key, link=identity.link, title=identity.title)


def _as_known(entry: KnownEntry, identity: Identity) -> Identity:
    """Return what is known of *entry*, named as *identity* is."""
    return Identity(
        key=identity.key,
        link=entry.link,
        title=entry.title,
        fingerprint=entry.fingerprint,
        content=entry.content,
    )


def _status(content: ParsedEntry) -> str:
    return "" if content.event is None else content.event.status


def _remember(new: _New, feed: Feed, parsed: ParsedFeed) -> Remember:
    return Remember(
        id=new.id,
        identity=new.identity,
        language=_language(feed, parsed, new.content),
        licence=new.content.licence or feed.wanted.licence,
        seeded=False,
    )


def _entry_id(feed: Feed, identity: Identity) -> EntryId:
    return EntryId(hash_of("entry", feed.id, identity.key)[:16])


def _language(feed: Feed, parsed: ParsedFeed, entry: ParsedEntry) -> Language:
    """Take the entry's own, else the officer's word, the document's, the partner's first."""
    wanted = feed.wanted
    return entry.language or wanted.language or parsed.language or wanted.partner_language or _UND


def _key(entry: ParsedEntry, link: str) -> str:
    if entry.guid.strip():
        return f"guid:{entry.guid.strip()}"
    return f"link:{link}" if link else f"hash:{hash_of(entry.title, entry.summary)}"
