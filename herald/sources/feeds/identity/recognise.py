"""Recognises a known entry behind an unknown key: surely, perhaps, or not at all.

Every look-up is by index, and what one document may cost in comparisons is bounded: a hostile
feed has thousands of entries that all look alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Any

from herald.model.feed import EntryEvent, EventSource, ParsedEntry
from herald.model.ids import EntryId, FeedId
from herald.model.polling import Identity, KnownEntry, WantedFeed
from herald.sources.feeds.identity.canonical import global_uid, normal_title, path_of
from herald.sources.feeds.identity.carried import is_same_day

SAME_NEWS = timedelta(days=30)
"""Two feeds that say the same within this span say one thing."""
_ALIKE = 0.9
"""Share of words that two texts of one entry have in common."""
_FEWEST_WORDS = 48
"""Shorter texts are alike by chance: the boiler-plate around a teaser."""
_MOST_WORDS = 500
_SPELLED_ALIKE = 0.8
"""Share of neighbouring letters that two titles have in common where a typo was corrected."""
_MOST_LETTERS = 200
_SHORTEST_TITLE = 12
"""Characters: "News" or "Closed today" in two feeds are no sign of the same news."""
_A_DAY = timedelta(days=1)
_MOST_LOOKED_AT = 10
"""Known entries that share a link or title with one entry; more is a pattern, not an identity."""
_MOST_TEXTS = 2000
"""Texts of a document that are compared word by word."""


@dataclass(frozen=True, slots=True)
class Perhaps:
    """Somebody should look: it may be *known* again, or news."""

    known: KnownEntry
    why: str
    """What speaks for either, after "perhaps not new: "."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signs:
    """What two entries of one feed have in common."""

    title: bool
    link: bool
    """An address that stands for one entry."""
    path: bool
    """Another host, and the same address on it."""
    dated: bool
    far: bool
    """Published more than a day apart."""
    alike: bool | None
    """None: too short to tell."""
    same_text: bool
    spelled_alike: bool
    telling: bool
    """The same title, long enough to be no heading that comes back."""

    def objection(self) -> str:
        """Say why two signs are not enough: a page, or a title, that is used again; or ""."""
        if self.alike is False and (self.far or not (self.link or self.path)):
            return "it has the same title, and another text"
        again = self.far and not self.dated and not self.path
        if again and self.alike is None and not self.same_text:
            return "it has the same address and title, another date and text"
        return ""

    def suspicion(self) -> str:
        """Say why it may be the same although too little agrees, or ""."""
        if self.link:
            return "it has the same address, and other words"
        if self.telling and self.same_text:
            return "it has the same words, and another address and date"
        return ""


class OwnEntries:
    """The known entries of a feed that a document does not name by a key of theirs."""

    def __init__(
        self, feed: FeedId, known: Iterable[KnownEntry], named: Sequence[Identity],
        present: frozenset[EntryId],
    ) -> None:  # fmt: skip
        own = [entry for entry in known if entry.feed == feed]
        self._there = Counter(one.link for one in named if one.link)
        self._known = Counter(entry.link for entry in own if entry.link)
        self._index = _Index.of(entry for entry in own if entry.id not in present)
        self._taken: set[EntryId] = set()
        self._texts = _Texts()

    def find(self, identity: Identity) -> KnownEntry | Perhaps | None:
        """Return the entry that *identity* is, or may be; each is found once."""
        doubt: Perhaps | None = None
        for entry in self._candidates(identity):
            judged = self._judge(identity, entry)
            if isinstance(judged, KnownEntry):
                self._taken.add(entry.id)
                return judged
            doubt = doubt or judged
        return doubt

    def _candidates(self, identity: Identity) -> Iterator[KnownEntry]:
        found = (one for one in self._index.find(identity) if one.id not in self._taken)
        return islice(found, 3 * _MOST_LOOKED_AT)

    def _judge(self, identity: Identity, entry: KnownEntry) -> KnownEntry | Perhaps | None:
        """Weigh what agrees: two signs are enough, unless long texts or an event's time object."""
        signs = self._signs(identity, entry)
        if _is_other_time(identity.content.event, entry.content.event):
            why = _moved_event(signs)
        elif signs.title and _is_one_event(identity.content.event, entry.content.event):
            return entry
        elif signs.title and (signs.dated or signs.link or signs.path):
            why = signs.objection()
            if not why:
                return entry
        elif (signs.link and (signs.dated or signs.alike or signs.spelled_alike)) or (
            signs.alike and (signs.title or signs.path)
        ):
            return entry
        else:
            why = signs.suspicion()
        return Perhaps(entry, why) if why else None

    def _signs(self, identity: Identity, entry: KnownEntry) -> _Signs:
        new, old = identity.content, entry.content
        link = identity.link == entry.link and self._is_page_of_its_own(identity.link)
        title = bool(identity.title) and identity.title == entry.title
        return _Signs(
            title=title,
            link=link,
            path=_moved_host(identity.link, entry.link),
            dated=new.published_at is not None and new.published_at == old.published_at,
            far=_days_apart(new, old),
            alike=self._texts.compare(identity, entry),
            same_text=new.summary == old.summary,
            spelled_alike=link and _spelled_alike(identity.title, entry.title),
            telling=title and len(identity.title) >= _SHORTEST_TITLE,
        )

    def _is_page_of_its_own(self, link: str) -> bool:
        """Tell whether *link* stands for one entry: no front page, no page that many link to."""
        return bool(path_of(link)) and self._there[link] == 1 and self._known[link] <= 1


class OtherFeeds:
    """The known entries of other feeds that share a link, title or UID with a document's."""

    def __init__(
        self, feed: WantedFeed, known: Iterable[KnownEntry], named: Sequence[Identity],
        present: frozenset[EntryId] = frozenset(),
    ) -> None:  # fmt: skip
        self._partners = frozenset(feed.partners)
        others = [entry for entry in known if entry.feed != feed.id and entry.id not in present]
        self._index = _Index.of(others)
        self._there = Counter(one.link for one in named if one.link)
        self._titles = Counter(one.title for one in named if one.title)
        # One entry may come in several words: each counts once.
        linked = {(entry.feed, entry.link, entry.id) for entry in others if entry.link}
        self._known = Counter((feed_, link) for feed_, link, _ in linked)

    def find(self, identity: Identity, *, now: datetime) -> KnownEntry | None:
        """Return the entry that says the same news, the first of them."""
        candidates = islice(self._index.find(identity), 3 * _MOST_LOOKED_AT)
        return next((one for one in candidates if self._is_same(identity, one, now=now)), None)

    def _is_same(self, identity: Identity, entry: KnownEntry, *, now: datetime) -> bool:
        new, old = identity.content, entry.content
        if _same_uid(new, old) and (
            not _is_other_time(new.event, old.event) or _is_known_move(identity, entry)
        ):
            return True
        link = (
            bool(path_of(identity.link))
            and identity.link == entry.link
            and self._there[identity.link] == 1
            and self._known[entry.feed, entry.link] == 1
        )
        title = bool(identity.title) and identity.title == entry.title
        if _is_other_time(new.event, old.event):
            # One page's day in a news feed, and its hour in the calendar.
            return link and title and _is_bare_date(new.event, old.event)
        if new.event is not None and old.event is not None and not link:
            return title and _same_place(new.event.place, old.event.place)
        lone = len(identity.title) >= _SHORTEST_TITLE and self._titles[identity.title] == 1
        dated = new.published_at is not None and new.published_at == old.published_at
        # A partner's new feed, or its new domain, says again what its old one said long ago.
        if title and (link or _moved_host(identity.link, entry.link) or (dated and lone)):
            return True
        by_title = title and lone and not self._is_anothers_event(new, entry)
        return now - entry.first_seen_at <= SAME_NEWS and (link or by_title)

    def _is_anothers_event(self, new: ParsedEntry, entry: KnownEntry) -> bool:
        """Tell whether an event has but a title in common with another partner's news.

        Every museum has its Night of Museums: the event of one is not lost in the news of another.
        """
        brings = new.event is not None and entry.content.event is None
        return brings and self._partners.isdisjoint(entry.partners)


def _lists() -> Any:
    return defaultdict(list)


@dataclass(slots=True)
class _Index:
    """Known entries by link, title and UID, the newest first."""

    by_link_and_title: dict[tuple[str, str], list[KnownEntry]] = field(default_factory=_lists)
    by_title: dict[str, list[KnownEntry]] = field(default_factory=_lists)
    by_title_and_date: dict[tuple[str, datetime], list[KnownEntry]] = field(default_factory=_lists)
    by_title_and_start: dict[tuple[str, datetime], list[KnownEntry]] = field(default_factory=_lists)
    """A course has one title and fifty evenings."""
    by_link: dict[str, list[KnownEntry]] = field(default_factory=_lists)
    by_uid: dict[tuple[str, str | datetime], list[KnownEntry]] = field(default_factory=_lists)
    """An UID names a series: with the guid, or the beginning, it names one of its evenings."""

    @classmethod
    def of(cls, entries: Iterable[KnownEntry]) -> _Index:
        index = cls()
        for entry in sorted(entries, key=lambda one: (one.first_seen_at, one.id), reverse=True):
            published = entry.content.published_at
            if entry.link and entry.title:
                index.by_link_and_title[entry.link, entry.title].append(entry)
            if entry.title and published is not None:
                index.by_title_and_date[entry.title, published].append(entry)
            if entry.title and (event := entry.content.event) is not None:
                index.by_title_and_start[entry.title, event.begins_at].append(entry)
            if entry.title:
                index.by_title[entry.title].append(entry)
            if entry.link:
                index.by_link[entry.link].append(entry)
            for name in _uid_names(entry.content):
                index.by_uid[name].append(entry)
        return index

    def find(self, identity: Identity) -> Iterator[KnownEntry]:
        """Yield the likeliest entries first, a few of each kind, each in each of its words once."""
        title, link = identity.title, identity.link
        published, event = identity.content.published_at, identity.content.event
        kinds = (
            *(self.by_uid.get(name, ()) for name in _uid_names(identity.content)),
            self.by_link_and_title.get((link, title), ()) if link and title else (),
            self.by_title_and_start.get((title, event.begins_at), ()) if title and event else (),
            self.by_title_and_date.get((title, published), ()) if title and published else (),
            self.by_link.get(link, ()) if link else (),
            self.by_title.get(title, ()) if title else (),
        )
        seen: set[int] = set()
        for kind in kinds:
            for entry in kind[:_MOST_LOOKED_AT]:
                if id(entry) not in seen:
                    seen.add(id(entry))
                    yield entry


@dataclass(slots=True)
class _Texts:
    """Compares texts as bags of words, in a time that is linear in their length."""

    left: int = _MOST_TEXTS
    bags: dict[int, Counter[str]] = field(default_factory=dict)

    def compare(self, identity: Identity, entry: KnownEntry) -> bool | None:
        """Tell whether both say the same at length; None where that cannot be told."""
        if self.left <= 0:
            return None
        mine, theirs = self._bag(identity.content), self._bag(entry.content)
        sizes = mine.total(), theirs.total()
        if min(sizes) < _FEWEST_WORDS:
            return None
        self.left -= 1
        return 2 * (mine & theirs).total() / sum(sizes) >= _ALIKE

    def _bag(self, content: ParsedEntry) -> Counter[str]:
        name = id(content)
        if name not in self.bags:
            words = content.summary[: 20 * _MOST_WORDS].casefold().split()[:_MOST_WORDS]
            self.bags[name] = Counter(words)
        return self.bags[name]


def _moved_event(signs: _Signs) -> str:
    """Doubt where one event may have been moved; a course's evenings share page and title."""
    moved = signs.link and signs.title
    return "it has the same address and title, and another time" if moved else ""


def _moved_host(one: str, other: str) -> bool:
    """Tell whether two canonical links differ in nothing but their host."""
    return one != other and bool(path_of(one)) and path_of(one) == path_of(other)


def _days_apart(one: ParsedEntry, other: ParsedEntry) -> bool:
    if one.published_at is None or other.published_at is None:
        return False
    return abs(one.published_at - other.published_at) > _A_DAY


def _spelled_alike(one: str, other: str) -> bool:
    """Tell whether two titles differ by no more than a few letters."""
    mine, theirs = Counter(pairwise(one[:_MOST_LETTERS])), Counter(pairwise(other[:_MOST_LETTERS]))
    size = mine.total() + theirs.total()
    if size == 0 or _numbers(one) != _numbers(other):
        return False  # "Evening 3" is no typo of "Evening 2"
    return 2 * (mine & theirs).total() / size >= _SPELLED_ALIKE


def _numbers(title: str) -> list[str]:
    return [word for word in title.split() if any(letter.isdigit() for letter in word)]


def _is_other_time(one: EntryEvent | None, other: EntryEvent | None) -> bool:
    """Tell whether both are events at different times: a course's evenings share page and title."""
    return one is not None and other is not None and one.begins_at != other.begins_at


def _is_one_event(one: EntryEvent | None, other: EntryEvent | None) -> bool:
    """Tell whether two events of one title are one: at one time, in one place as far as told."""
    if one is None or other is None or one.begins_at != other.begins_at:
        return False
    return _same_place(one.place, other.place)


def _is_bare_date(one: EntryEvent | None, other: EntryEvent | None) -> bool:
    """Tell whether one of two events tells but a day, on which the other is."""
    if one is None or other is None:
        return False
    is_bare = any(each.all_day or each.source is EventSource.PUBDATE for each in (one, other))
    return is_bare and is_same_day(one, other)


def _uid_names(content: ParsedEntry) -> tuple[tuple[str, str | datetime], ...]:
    """Return the names of an event which no other event in the world has."""
    event, uid = content.event, global_uid(content.event)
    return ((uid, content.guid), (uid, event.begins_at)) if event is not None and uid else ()


def _same_uid(one: ParsedEntry, other: ParsedEntry) -> bool:
    """Tell whether two calendars mean one event by an UID that nobody else would give.

    An UID names a whole series: an evening of it is the same only at the same time, or if the
    calendars say that it is the same evening.
    """
    return not frozenset(_uid_names(one)).isdisjoint(_uid_names(other))


def _is_known_move(identity: Identity, entry: KnownEntry) -> bool:
    """Tell whether an event of one UID was moved: the rest of it is the same, or a later edition.

    A site that numbers its events like all others of its make says something else altogether.
    """
    new, old = identity.content.event, entry.content.event
    if new is None or old is None:
        return False
    same = identity.title == entry.title or (identity.link != "" and identity.link == entry.link)
    return same or new.sequence != old.sequence


def _same_place(one: str, other: str) -> bool:
    """Tell whether two places may be one: "Argenta" and "Argenta, Italy"; or one is not told."""
    mine, theirs = normal_title(one), normal_title(other)
    return mine in theirs or theirs in mine
