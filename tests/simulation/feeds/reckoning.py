"""Holds what Herald did against what really happened: every promise about partners' feeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from herald.clock import SetClock
from herald.model.delivery import Delivery, DeliveryState
from herald.model.feed import Entry
from herald.model.ids import OccasionId
from herald.model.plan import Plan
from herald.model.polling import Polled
from tests.simulation.feeds.country import Country
from tests.simulation.feeds.news import MARK, Piece
from tests.simulation.feeds.partners import BRIDGE_ERROR, House, Site
from tests.simulation.feeds.web import Web

CHANNELS: dict[str, tuple[str, ...]] = {"fedi": (), "south": ("it", "es")}
"""Accounts, and the languages that they speak; none is all."""
LIMIT = 3
"""Posts of a partner a day."""
FRESH = timedelta(days=7)
NEW, BEFORE = OccasionId("new"), OccasionId("before-2d")
ROME = ZoneInfo("Europe/Rome")
_SILENT = timedelta(days=30)
_LATE = timedelta(hours=6)
_MARGIN = timedelta(hours=7)
"""Between polling, planning and an occasion's moment: nearer than this either is right."""
_MINUTES = timedelta(minutes=20)
_PLANNED = timedelta(hours=20)
"""So long after it was seen at the latest another's credit stands in what waits."""
SETTLES = timedelta(days=9)
"""What was seen so shortly before the end may still wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What readers of a channel saw."""

    at: datetime
    due_at: datetime
    channel: str
    language: str
    occasion: str
    partner: str
    entry: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a feed said of an event."""

    at: datetime
    begins: datetime
    is_off: bool


@dataclass(slots=True, eq=False, repr=False)
class Known:
    """What Herald could know of a piece of news."""

    at: datetime
    site: Site
    is_seed: bool
    dated: datetime | None
    carriers: dict[str, datetime] = field(default_factory=dict)
    """Partners whose document told it, and since when Herald saw that."""
    told: dict[Site, list[Said]] = field(default_factory=dict)
    """What each feed said of its event, and since when Herald saw that."""
    latest_date: datetime | None = None


@dataclass(slots=True, repr=False)
class Reckoning:
    """The promises, and what broke them."""

    clock: SetClock
    country: Country
    web: Web
    broken: list[str] = field(default_factory=list)
    known: dict[Piece, Known] = field(default_factory=dict)
    last_success: dict[Site, datetime] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    posts: dict[Piece, list[Post]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[str, Piece] = field(default_factory=dict)
    skips: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    days: Counter[tuple[str, str, object]] = field(default_factory=Counter)
    by_hand: dict[Piece, str] = field(default_factory=dict)

    # ------------------------------------------------------------------ what Herald could see

    def hear(self, site: Site, polled: Polled) -> None:
        """Note what a poll that succeeded showed."""
        now = self.clock.now()
        if polled.trouble:
            return
        before = self.last_success.get(site)
        self.last_success[site] = now
        is_seed = before is None or now - before > _SILENT
        if polled.unchanged:
            return
        for view in self.web.told[site]:
            at = None if not site.with_date or site.format == "tec" else view.at
            known = self.known.get(view.piece)
            if known is None:
                known = Known(at=now, site=site, is_seed=is_seed, dated=at)
                self.known[view.piece] = known
            known.carriers.setdefault(site.partner.id, now)
            if at is not None:
                known.latest_date = max(known.latest_date or at, at)
            if view.begins is not None:
                is_off = site.format == "ics" and view.status == "CANCELLED"
                heard = known.told.setdefault(site, [])
                if not heard or (heard[-1].begins, heard[-1].is_off) != (view.begins, is_off):
                    heard.append(Said(now, view.begins, is_off))

    def tellers(self, piece: Piece) -> Collection[str]:
        """Return the partners that Herald has heard telling a piece."""
        known = self.known.get(piece)
        return () if known is None else known.carriers.keys()

    def planned(self, plan: Plan) -> None:
        """Note the reasons that a plan tells for what it leaves out."""
        for one in plan.skipped:
            self.skips[str(one.item)].add(one.reason)

    def piece_of(self, text: str, link: str) -> Piece | None:
        """Return what a post is about."""
        if mark := MARK.search(text):
            return self.country.agency.pieces.get(mark[0])
        page = link.partition("://")[2].partition("?utm_")[0].partition("&utm_")[0]
        return self.country.houses[0].pages.get(page)

    def judge_by_hand(self, row: Delivery) -> bool:
        """Tell, as a person who knows the partners would, whether a held post is news."""
        piece = self.piece_of(row.payload.text, row.payload.link)
        self.counts["held"] += 1
        if piece is None or piece.is_archive:
            return False
        self.counts["doubt " + row.note.partition("”")[0][:70].split("“")[0]] += 1
        known = self.known.get(piece)
        if row.occasion == NEW and known is not None and known.is_seed:
            return False
        repeats = any(
            post.channel == row.channel and post.occasion == row.occasion
            for post in self.posts[piece]
        )
        if not repeats:
            self.by_hand[piece] = row.note
        return not repeats

    # ------------------------------------------------------------------ what Herald said

    def look(self, wires: Iterable[object]) -> None:
        """Check what was sent since the last look, and politeness."""
        for wire in wires:
            self.broken += wire.twice  # type: ignore[attr-defined]
            unseen: list[Post] = wire.unseen  # type: ignore[attr-defined]
            for post in unseen:
                self._check(post)
            unseen.clear()
        self.broken += self.web.broken
        self.web.broken.clear()

    def _check(self, post: Post) -> None:
        piece = self.piece_of(post.text, post.link)
        if piece is None:
            fault = "an error item" if BRIDGE_ERROR in post.text else "something unknown"
            self._break(f"{fault} was posted: {post.text[:100]!r}")
            return
        known = self.known.get(piece)
        self.entries[post.entry] = piece
        if known is None:
            self._break(f"{piece.name} was posted before any feed told it whole", piece)
            return
        for before in self.posts[piece]:
            if (before.channel, before.occasion) == (post.channel, post.occasion):
                self._break(f"{piece.name} went out twice ({post.occasion})", piece)
        self.posts[piece].append(post)
        self.counts[f"posts {post.occasion}"] += 1
        self._check_limits(post, piece, known)
        self._check_credit(post, piece, known)
        if post.occasion == BEFORE:
            self._check_reminder(post, piece, known)
        elif known.is_seed:
            self._break(f"{piece.name} went out, and was there on the first poll", piece)

    def _check_limits(self, post: Post, piece: Piece, known: Known) -> None:
        day = post.due_at.astimezone(ROME).date()
        self.days[post.channel, post.partner, day] += 1
        if self.days[post.channel, post.partner, day] > LIMIT:
            self._break(f"{post.partner} was passed on more than {LIMIT} times on {day}", piece)
        dated = known.latest_date or known.at
        if post.occasion == NEW and post.at > max(dated, known.at) + FRESH:
            self._break(f"{piece.name} was no news any more", piece)
        if post.occasion == NEW and post.at > dated + FRESH + _LATE:
            self._break(f"{piece.name} of {dated} was older than fresh", piece)

    def _check_credit(self, post: Post, piece: Piece, known: Known) -> None:
        houses = {house.id: house for house in self.country.houses}
        for one, since in known.carriers.items():
            house = houses[one]
            if since < post.at - _PLANNED and house.is_member and house.name not in post.text:
                self._break(f"{one} is not credited for {piece.name}", piece)

    def _check_reminder(self, post: Post, piece: Piece, known: Known) -> None:
        """Check that a reminder went out for an event that was on, at its own moment.

        Where feeds disagree on its date, either is right; that one calls it off is enough.
        """
        near = [
            _around(said, post.at - _MARGIN, post.at)
            for site, said in known.told.items()
            if site.partner.is_member
        ]
        if any(some and all(_is_called_off(one, post) for one in some) for some in near):
            self._break(f"{piece.name} was announced, and was called off", piece)
        said = [one for some in near for one in some if not one.is_off]
        on_time = any(abs(post.at - reminder(one.begins)) < _MARGIN for one in said)
        yesterday = (post.at - timedelta(days=1)).astimezone(ROME).date()
        if not on_time and self.days[post.channel, post.partner, yesterday] < LIMIT:
            self._break(f"{piece.name} was announced at the wrong time", piece)

    # ------------------------------------------------------------------ at the end

    def identify(self, entries: Iterable[Entry]) -> None:
        """Note what entries are about: a plan gives its reasons for some that were never posted."""
        for entry in entries:
            content = entry.content
            piece = self.piece_of(f"{content.title} {content.summary}", content.link)
            if piece is not None:
                self.entries.setdefault(str(entry.id), piece)

    def close(self, wires: Iterable[object], rows: Sequence[Delivery]) -> None:
        """Check that nothing was lost."""
        self.look(wires)
        states: dict[Piece, set[str]] = defaultdict(set)
        for row in rows:
            piece = self.piece_of(row.payload.text, row.payload.link)
            if piece is not None:
                self.entries[str(row.entry)] = piece
                states[piece].add(f"{row.channel} {row.occasion} {row.state} {row.note}")
        reasons: dict[Piece, set[str]] = defaultdict(set)
        for entry, told in self.skips.items():
            if entry in self.entries:
                reasons[self.entries[entry]] |= told
        for piece, known in self.known.items():
            self._check_lost(piece, known, reasons[piece], states[piece])
        for row in rows:
            if row.state in {DeliveryState.FAILED, DeliveryState.CLAIMED}:
                self._break(f"{row.key[:8]} ended as {row.state}")

    def _check_lost(self, piece: Piece, known: Known, reasons: set[str], states: set[str]) -> None:
        channels = [
            name for name, spoken in CHANNELS.items() if not spoken or piece.language in spoken
        ]
        if piece.begins is not None:
            wanted = self._reminder_is_owed(known)
            occasion: str = BEFORE
        else:
            wanted = self._news_is_owed(piece, known)
            occasion = NEW
        if not wanted:
            return
        self.counts[f"owed {occasion}"] += len(channels)
        for channel in channels:
            if any((p.channel, p.occasion) == (channel, occasion) for p in self.posts[piece]):
                continue
            if reasons:
                self.counts["left out, and told why"] += 1
                continue
            self._break(f"{piece.name} was lost on {channel} {sorted(states)}", piece)

    def _news_is_owed(self, piece: Piece, known: Known) -> bool:
        if known.is_seed or piece.is_archive or known.at > self.clock.now() - SETTLES:
            return False
        if (known.dated or known.at) + FRESH <= known.at + _MARGIN:
            self.counts["too old when it was seen"] += 1
            return False
        return not self._left_meanwhile(known.site.partner, known.at, known.at + FRESH)

    def _reminder_is_owed(self, known: Known) -> bool:
        """Tell whether all feeds agreed that an event is on, around the moment of a reminder."""
        for begins in {one.begins for said in known.told.values() for one in said}:
            moment = reminder(begins)
            first, last = moment - _MARGIN, moment + _MARGIN
            if last > self.clock.now() - timedelta(days=1) or known.at >= first:
                continue
            near = [one for said in known.told.values() for one in _around(said, first, last)]
            agree = all(one.begins == begins and not one.is_off for one in near)
            houses = {site.partner for site in known.told}
            if agree and not any(self._left_meanwhile(house, first, last) for house in houses):
                return True
        return False

    def _left_meanwhile(self, house: House, begins: datetime, ends: datetime) -> bool:
        return any(
            left < ends and (back is None or back > begins - timedelta(days=1))
            for left, back in house.left
        )

    def _break(self, what: str, piece: Piece | None = None) -> None:
        self.broken.append(f"{self.clock.now():%Y-%m-%d %H:%M} {what}{self._story(piece)}")

    def _story(self, piece: Piece | None) -> str:
        if piece is None:
            return ""
        known = self.known.get(piece)
        lines = [f"\n    {piece.title!r} of {piece.at:%Y-%m-%d %H:%M} begins {piece.begins}"]
        if known is not None:
            site = known.site
            lines.append(
                f"    known since {known.at:%m-%d %H:%M} by {site.url} ({site.format}"
                f" guid={site.with_guid} date={site.with_date} link={site.with_link}"
                f" text={site.with_text} {site.validators}) seed={known.is_seed}"
                f" dated={known.dated} carriers={known.carriers}"
            )
            lines += [
                f"    {feed.url} said {one.at:%m-%d %H:%M}: {one.begins} off={one.is_off}"
                for feed, said in known.told.items()
                for one in said
            ]
        lines += [
            f"    post {p.at:%m-%d %H:%M} {p.channel} {p.occasion} {p.entry} {p.text[:60]!r}"
            for p in self.posts[piece]
        ]
        if known is not None:
            lines += [
                f"    {one}"
                for house in known.carriers
                for one in [one for one in self.country.did if f" {house} " in one][-6:]
            ]
        return "\n".join(lines)


def reminder(begins: datetime) -> datetime:
    """Return when the reminder of an event is due: two days before, at ten."""
    day = begins.astimezone(ROME).date() - timedelta(days=2)
    return datetime.combine(day, time(10), ROME)


def _is_called_off(said: Said, post: Post) -> bool:
    """Tell whether a feed called off what was announced, and not another date of it."""
    return said.is_off and abs(post.at - reminder(said.begins)) < timedelta(days=1)


def _around(said: Sequence[Said], begins: datetime, ends: datetime) -> list[Said]:
    """Return what held at some moment between *begins* and *ends*."""
    return [
        one
        for number, one in enumerate(said)
        if one.at <= ends and (number + 1 == len(said) or said[number + 1].at >= begins)
    ]
