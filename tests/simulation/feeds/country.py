"""A country of partners: what happens to each of them, day after day, by dice."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from herald.clock import SetClock
from tests.simulation.feeds.news import LANGUAGES, Agency, Piece
from tests.simulation.feeds.partners import House, Site, Trouble, View
from tests.simulation.feeds.web import Web

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
_NEWS_EVERY = (3.0, 12.0)
"""Days between two pieces of news of a partner: busy ones and quiet ones."""


@dataclass(slots=True, repr=False)
class Country:
    """Every partner, and what is about to happen."""

    clock: SetClock
    web: Web
    dice: random.Random
    agency: Agency
    mischief_every: float = 24.0
    """Days between two things that befall a partner's site."""
    shared: float = 0.07
    """Share of news that two other partners tell as well."""
    calendars: int = 1
    """How many times likelier than usual a partner has a calendar."""
    languages: tuple[str, ...] = LANGUAGES
    heard: Callable[[Piece], Collection[str]] = lambda piece: ()
    """Which houses Herald has heard telling a piece: what several tell is corrected after that, as
    nobody could tell that titles mean one thing which were never the same."""
    ahead: tuple[int, int] = (4, 40)
    """Days from an event's announcement to it."""
    houses: list[House] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    did: list[str] = field(default_factory=list)
    members_changed: bool = True
    _ahead: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _order: int = 0
    _shared: set[Piece] = field(default_factory=set)

    def settle(self, feeds: int) -> None:
        """Let partners with so many feeds be there, each with a past."""
        pages: dict[str, Piece] = {}
        made = 0
        while made < feeds:
            house = self._house(len(self.houses), pages)
            made += len(house.sites)
            self.houses.append(house)

    def next_at(self) -> datetime:
        """Return when something happens next."""
        return self._ahead[0][0]

    def live_until(self, now: datetime) -> None:
        """Let happen what is due."""
        while self._ahead and self._ahead[0][0] <= now:
            heapq.heappop(self._ahead)[2]()

    def after(self, pause: timedelta, what: Callable[[], None]) -> None:
        """Let *what* happen later."""
        self._order += 1
        heapq.heappush(self._ahead, (self.clock.now() + pause, self._order, what))

    # ------------------------------------------------------------------ founding

    def _house(self, number: int, pages: dict[str, Piece]) -> House:
        dice = self.dice
        common = [6, 4, 3, 3, 1, 1, 1, 1][: len(self.languages)]
        language = dice.choices(self.languages, weights=common)[0]
        host = f"h{number}.example"
        house = House(
            id=f"p{number:03}",
            language=language,
            place=self.agency.words(language, 1).title() + f" {number}",
            host=host,
            clock=self.clock,
            scheme=dice.choice(["https", "https", "http"]),
            guids=dice.randrange(3),
            paths=dice.randrange(3),
            hosts={host: None},
            pages=pages,
        )
        self.web.houses[host] = house
        house.sites = self._sites(house)
        for site in house.sites:
            site.url = f"{house.home}{site.path}"
        self._past(house)
        pace = dice.uniform(*_NEWS_EVERY)
        self.after(DAY * dice.expovariate(1 / pace), lambda: self._news(house, pace))
        self.after(DAY * dice.expovariate(1 / self.mischief_every), lambda: self._mischief(house))
        if dice.random() < 0.1:
            self.after(DAY * dice.uniform(10, 250), lambda: self._leave(house))
        if dice.random() < 0.03:
            self.after(DAY * dice.uniform(60, 360), lambda: self._die(house))
        return house

    def _sites(self, house: House) -> list[Site]:
        dice = self.dice
        kinds = dice.choices(
            [["rss"], ["atom"], ["json"], ["rss", "ics"], ["ics"], ["tec"], ["rss", "atom", "json"],
             ["rss", "tec", "ics"]],
            weights=[50, 12, 6, *(self.calendars * n for n in (10, 7, 3)), 6, 4 * self.calendars],
        )[0]  # fmt: skip
        sites = [Site(path=f"{kind}.xml", format=kind, partner=house) for kind in kinds]
        for site in sites:
            site.validators = dice.choices(
                ["both", "etag", "date", "none", "stale"], weights=[10, 4, 4, 3, 1]
            )[0]
            site.window = dice.choice([6, 10, 10, 15])
            site.keeps = HOUR * dice.choice([0, 0, 0, 3, 12, 20])
            if site.format in {"rss", "tec"}:
                site.ttl = HOUR * dice.choice([0, 0, 0, 8, 20])
            site.tracks = dice.random() < 0.03
            site.with_language = dice.random() < 0.7
            if site.format == "ics":
                site.window = 100
                continue
            site.order = dice.choices(["newest", "oldest", "shuffled"], weights=[8, 1, 1])[0]
            lacks = dice.random()
            if site.format in {"rss", "json"} and len(kinds) == 1:
                site.with_guid = lacks > 0.12
                site.with_date = not 0.12 < lacks < 0.2
                site.with_text = not 0.2 < lacks < 0.27
                site.with_link = not 0.27 < lacks < 0.3
        return sites

    def _past(self, house: House) -> None:
        """Give it what it published before Herald came."""
        now = self.clock.now()
        for back in range(self.dice.randint(3, 14), 0, -1):
            at = now - DAY * back * self.dice.uniform(3, 8) - HOUR * 5
            house.tell(self.agency.piece(house.language, house.place, at))
        if _has_calendar(house):
            for _ in range(self.dice.randint(0, 4)):
                self._event(house)

    # ------------------------------------------------------------------ news

    def _news(self, house: House, pace: float) -> None:
        self.after(DAY * self.dice.expovariate(1 / pace), lambda: self._news(house, pace))
        if house.gone:
            return
        kinds = {site.format in {"ics", "tec"} for site in house.sites}
        if True in kinds and (False not in kinds or self.dice.random() < 0.4):
            self._event(house)
        if False not in kinds:
            return
        piece = self.agency.piece(house.language, house.place, self._now())
        house.tell(piece)
        self.counts["news"] += 1
        if self.dice.random() < self.shared and not piece.is_heading:
            self._share(house, piece)

    def _event(self, house: House) -> None:
        now = self._now()
        begins = (now + DAY * self.dice.uniform(*self.ahead)).replace(
            hour=self.dice.choice([8, 14, 18]), minute=0, second=0, microsecond=0
        )
        piece = self.agency.piece(house.language, house.place, now, begins=begins)
        house.tell(piece, uid=f"{piece.name}@{house.host}" if self.dice.random() < 0.8 else "")
        self.counts["events"] += 1
        if self.dice.random() < self.shared and not piece.is_heading:
            self._share(house, piece)

    def _share(self, house: House, piece: Piece) -> None:
        """Let two others of the same language tell it too, in the next two days."""
        is_event = piece.begins is not None
        self._shared.add(piece)
        others = [
            one
            for one in self.houses
            if one is not house
            and one.language == house.language
            and any((site.format in {"ics", "tec"}) == is_event for site in one.sites)
        ]
        mine = house.views[-1]
        link = house.link(mine) if self.dice.random() < 0.5 else ""
        for other in self.dice.sample(others, min(2, len(others))):
            pause = HOUR * self.dice.uniform(0, 48)
            self.after(pause, partial(self._pass_on, other, mine, link))
        self.counts["told by three"] += 1

    def _pass_on(self, house: House, told: View, link: str) -> None:
        """Let *house* tell what another told, as it stands there now."""
        now = self._now()
        if house.gone or (told.begins is not None and told.begins <= now):
            return
        view = house.tell(told.piece, at=now, uid=told.uid, link=link, begins=told.begins)
        view.status, view.sequence = told.status, told.sequence

    # ------------------------------------------------------------------ mischief

    def _mischief(self, house: House) -> None:
        self.after(
            DAY * self.dice.expovariate(1 / self.mischief_every), lambda: self._mischief(house)
        )
        if house.gone:
            return
        kinds: dict[Callable[[House], None], int] = {
            self._outage: 6, self._edit: 8, self._guid: 3, self._new_system: 1, self._https: 1,
            self._domain: 1, self._reorder: 1, self._window: 2, self.flood: 1, self._archive: 1,
            self._remove: 2,
        }  # fmt: skip
        if _has_calendar(house):
            kinds |= {self._calendar: 12}
        kind = self.dice.choices(list(kinds), weights=list(kinds.values()))[0]
        kind(house)
        house.version += 1

    def _note(self, what: str, house: House) -> None:
        self.counts[what.partition(":")[0]] += 1
        self.did.append(f"{self._now():%Y-%m-%d %H:%M} {house.id} {what}")

    def _outage(self, house: House) -> None:
        kind = self.dice.choice(
            ["404", "500", "503", "429", "busy", "dead", "page", "empty", "blank", "truncated",
             "none", "bridge", "twice"]
        )  # fmt: skip
        lasts = self.dice.choices([HOUR, 8 * HOUR, 7 * DAY, 40 * DAY], weights=[5, 5, 3, 1])[0]
        now = self._now()
        house.troubles.append(Trouble(kind=kind, begins=now, ends=now + lasts))
        self._note(f"outage: {kind} for {lasts}", house)

    def _edit(self, house: House) -> None:
        view = self._one(house, 20 * DAY)
        if view is None:
            return
        kind = self.dice.choice(["typo", "date", "text", "more"])
        match kind:
            case "typo" if self._may_be_corrected(view.piece):
                at = self.dice.randrange(1, 6)
                letters = list(view.title)
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
                view.title = "".join(letters)
            case "date":
                view.at = min(view.at + HOUR * self.dice.uniform(-10, 40), self._now())
            case "text":
                words = view.text.split()
                words[0] = self.agency.words(house.language, 1)
                view.text = " ".join(words)
            case _:
                view.text = f"{view.text} {self.agency.words(house.language, 5)}"
        view.changed_at = self._now()
        self._note(f"edit: {kind} {view.piece.name}", house)

    def _guid(self, house: House) -> None:
        view = self._one(house, 20 * DAY)
        if view is not None and not view.uid:
            view.guid = f"{house.guid(view)}&v={self.dice.randrange(10_000)}"
            self._note(f"guid: {view.piece.name}", house)

    def _new_system(self, house: House) -> None:
        """Move to another CMS: ids change for all, and addresses where dates tell entries apart."""
        house.guids += 1
        for view in house.views:
            view.guid = ""
        if all(site.with_date for site in house.sites):
            house.paths += 1
        self._note("new system", house)

    def _https(self, house: House) -> None:
        if house.scheme == "http":
            house.scheme = "https"
            self._note("https", house)

    def _domain(self, house: House) -> None:
        """Move to another name; the old one leads there for some weeks, then is gone."""
        old, house.host = house.host, f"n{len(house.hosts)}.{house.host}"
        house.hosts[old] = self._now() + 45 * DAY
        house.hosts[house.host] = None
        self.web.houses[house.host] = house
        self._note("domain", house)

    def _reorder(self, house: House) -> None:
        for site in house.sites:
            site.order = self.dice.choice(["newest", "oldest", "shuffled"])
        self._note("order", house)

    def _window(self, house: House) -> None:
        """Show fewer entries for some days, then more than before: some leave and come back."""
        before = {site: site.window for site in house.sites}

        def widen() -> None:
            for site in house.sites:
                site.window = before[site] + self.dice.choice([0, 0, 5])
            house.version += 1

        for site in house.sites:
            site.window = max(2, site.window // 3)
        self.after(DAY * self.dice.uniform(2, 12), widen)
        self._note("window", house)

    def flood(self, house: House) -> None:
        """Publish a dozen at once."""
        if not any(site.format not in {"ics", "tec"} for site in house.sites):
            return
        for site in house.sites:
            site.window = max(site.window, 20)
        for minutes in range(9):
            at = self._now() - timedelta(minutes=9 - minutes)
            house.tell(self.agency.piece(house.language, house.place, at, is_flood=True))
            self.counts["news"] += 1
        self._note("flood", house)

    def _archive(self, house: House) -> None:
        """Import fifty old articles; one without dates imports none, as nobody could tell."""
        dated = all(site.with_date for site in house.sites)
        if not dated or not any(site.format not in {"ics", "tec"} for site in house.sites):
            return
        for site in house.sites:
            site.window = 70
        for back in range(50):
            at = self._now() - DAY * (30 + back * self.dice.uniform(1, 20))
            piece = self.agency.piece(house.language, house.place, at, is_archive=True)
            house.tell(piece)
        self.counts["archived"] += 50
        self._note("archive", house)

    def _remove(self, house: House) -> None:
        view = self._one(house, 10 * DAY)
        if view is not None:
            view.is_removed = True
            self._note(f"remove: {view.piece.name}", house)

    def _calendar(self, house: House) -> None:
        """Cancel, move or reinstate an event, wherever this house tells of it."""
        now = self._now()
        coming = [v for v in house.views if v.begins is not None and v.begins > now + DAY]
        if not coming:
            return
        view = self.dice.choice(coming)
        assert view.begins is not None
        status, begins = view.status, view.begins
        if status == "CANCELLED":
            status, what = "CONFIRMED", "reinstate"
        elif self.dice.random() < 0.5:
            status, what = "CANCELLED", "cancel"
        else:
            begins, what = begins + DAY * self.dice.choice([-1, 1, 3, 7]), "move"
        others = [one for each in self.houses for one in each.views if one.piece is view.piece]
        alone = self.dice.random() < 0.3
        for one in [view] if alone else others:
            one.status, one.begins, one.changed_at = status, begins, now
            one.sequence += 1
        for each in self.houses:
            each.version += not alone
        self._note(f"{what}: {view.piece.name}", house)

    # ------------------------------------------------------------------ coming and going

    def _leave(self, house: House) -> None:
        house.is_member = False
        house.left.append((self._now(), None))
        self.members_changed = True
        self._note("leave", house)
        if self.dice.random() < 0.7:
            self.after(DAY * self.dice.uniform(2, 60), lambda: self._come_back(house))

    def _come_back(self, house: House) -> None:
        house.is_member = True
        house.left[-1] = (house.left[-1][0], self._now())
        self.web.forget(house)
        self.members_changed = True
        self._note("come back", house)

    def _die(self, house: House) -> None:
        house.gone = True
        self._note("die", house)

    def _may_be_corrected(self, piece: Piece) -> bool:
        if piece not in self._shared:
            return True
        tellers = {house.id for house in self.houses for one in house.views if one.piece is piece}
        return self._now() - piece.at > 3 * DAY and tellers <= set(self.heard(piece))

    def _one(self, house: House, span: timedelta) -> View | None:
        recent = list(house.recent(self._now(), span))
        return self.dice.choice(recent) if recent else None

    def _now(self) -> datetime:
        return self.clock.now().replace(microsecond=0)


def _has_calendar(house: House) -> bool:
    return any(site.format in {"ics", "tec"} for site in house.sites)
