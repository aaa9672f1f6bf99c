"""Partners and their sites: what they publish, how their systems tell it, what befalls them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from herald.model.configuration import FeedConfig, Partner
from herald.model.ids import Language, PartnerId
from herald.model.words import Words
from tests.makers import SOMEWHERE
from tests.simulation.feeds.documents import FORMATS, Told, with_ttl
from tests.simulation.feeds.news import Piece

BRIDGE_ERROR = "Bridge returned error 500! (20000)"


@dataclass(slots=True, eq=False, repr=False)
class View:
    """A piece of news as one partner's system holds it."""

    piece: Piece
    number: int
    title: str
    text: str
    at: datetime
    changed_at: datetime | None = None
    begins: datetime | None = None
    status: str = "CONFIRMED"
    sequence: int = 0
    guid: str = ""
    """Its own, where it was changed alone."""
    link: str = ""
    """A page of somebody else's that it links to."""
    path: str = ""
    """Its own page, where it is not where the site puts it."""
    uid: str = ""
    is_removed: bool = False


@dataclass(slots=True, eq=False, repr=False)
class Trouble:
    """What goes wrong with a partner's server for a while."""

    kind: str
    begins: datetime
    ends: datetime


@dataclass(slots=True, eq=False, repr=False)
class Site:
    """One feed of a partner."""

    path: str
    format: str
    partner: House
    with_guid: bool = True
    with_date: bool = True
    with_link: bool = True
    with_text: bool = True
    with_language: bool = True
    validators: str = "both"
    """both, etag, date, none, or stale: an ETag that stays when the document changes."""
    tracks: bool = False
    window: int = 10
    order: str = "newest"
    url: str = ""
    """As ``partners.yaml`` has it."""
    stale_etag: str = "W/initial"
    keeps: timedelta = timedelta(0)
    """How long its server says that an answer keeps (``Cache-Control``)."""
    ttl: timedelta = timedelta(0)
    """How long its document says that it keeps, in an RSS feed."""
    requests: int = 0
    _body: tuple[object, bytes, dict[View, str]] | None = None

    def views(self) -> list[View]:
        """Return what its document tells now, in its order."""
        house = self.partner
        is_calendar = self.format in {"ics", "tec"}
        mine = [one for one in house.views if (one.begins is not None) == is_calendar]
        mine = [one for one in mine if not one.is_removed]
        if is_calendar:
            shown = [one for one in mine if (one.begins or one.at) > house.today()]
            return sorted(shown, key=lambda one: (one.begins or one.at, one.number))[: self.window]
        newest = sorted(mine, key=lambda one: (one.at, one.number), reverse=True)[: self.window]
        if self.order == "shuffled":
            random.Random(house.version).shuffle(newest)
        elif self.order == "oldest":
            newest.reverse()
        return newest

    def document(self) -> tuple[bytes, dict[View, str]]:
        """Return its document, and the part of it that tells of each entry."""
        mark = (self.partner.version, self.requests if self.tracks else 0, self.partner.today())
        if self._body is None or self._body[0] != mark:
            written = {view: self._written(view) for view in self.views()}
            around, _, _ = FORMATS[self.format]
            house = self.partner
            language = house.language if self.with_language else ""
            text = around(house.name, language, house.home, list(written.values()))
            text = with_ttl(text, int(self.ttl.total_seconds() / 60))
            self._body = (mark, text.encode(), written)
        return self._body[1], self._body[2]

    def etag(self, body: bytes) -> str:
        """Return the validator that it gives for *body*."""
        return self.stale_etag if self.validators == "stale" else f'"{sha256(body).hexdigest()}"'

    def _written(self, view: View) -> str:
        house = self.partner
        link = view.link or house.link(view)
        if self.tracks:
            link += f"{'&' if '?' in link else '?'}utm_source=rss&utm_id={self.requests}"
        told = Told(
            guid=(view.uid or house.guid(view)) if self.with_guid or self.format == "ics" else "",
            title=view.title,
            link=link if self.with_link else "",
            text=view.text if self.with_text else "",
            at=view.at if self.with_date else None,
            changed_at=view.changed_at,
            begins=view.begins,
            status=view.status,
            sequence=view.sequence,
            place=view.piece.place,
        )
        return FORMATS[self.format][1](told)


@dataclass(slots=True, eq=False, repr=False)
class House:
    """A partner: its site, its habits and its feeds."""

    id: str
    language: str
    place: str
    host: str
    clock: object
    scheme: str = "https"
    guids: int = 0
    """How its system makes ids; another number is another system."""
    paths: int = 0
    version: int = 0
    """Grows with whatever changes a document."""
    views: list[View] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    hosts: dict[str, datetime | None] = field(default_factory=dict)
    """Every name it had, and until when the old ones lead to the new one; None: for ever."""
    gone: bool = False
    is_member: bool = True
    left: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    count: int = 0
    pages: dict[str, Piece] = field(default_factory=dict)
    """What every page ever was about, by its address without the scheme; all partners share it."""

    @property
    def name(self) -> str:
        """What its people call it."""
        return f"House {self.id}"

    @property
    def home(self) -> str:
        """Its front page."""
        return f"{self.scheme}://{self.host}/"

    def today(self) -> datetime:
        """Return the day, from which calendars show what is to come."""
        now: datetime = self.clock.now()  # type: ignore[attr-defined]
        return now.replace(hour=0, minute=0, second=0, microsecond=0)

    def configured(self) -> Partner:
        """Return its lines of ``partners.yaml``."""
        return Partner(
            id=PartnerId(self.id),
            name=Words.in_every_language(self.name),
            languages=(Language(self.language),),
            feeds=tuple(
                FeedConfig(
                    url=site.url,
                    pubdate="event_start" if site.format == "tec" else "published",
                    event_pages="never",
                )
                for site in self.sites
            ),
            place=SOMEWHERE,
        )

    def tell(self, piece: Piece, **changes: object) -> View:
        """Publish *piece*."""
        self.count += 1
        values = {
            "title": piece.title,
            "text": piece.text,
            "at": piece.at,
            "begins": piece.begins,
        } | changes
        view = View(piece=piece, number=self.count, **values)  # type: ignore[arg-type]
        self.views.append(view)
        self.version += 1
        return view

    def guid(self, view: View) -> str:
        """Return the id that its system gives an entry."""
        if view.guid:
            return view.guid
        first = next(iter(self.hosts))
        match self.guids % 3:
            case 0:
                return f"https://{first}/?p={view.number + 1000 * self.guids}"
            case 1:
                return f"tag:{first},2026:{self.guids}:{view.number}"
            case _:
                return f"{view.number + 7000}-{self.guids} at {first}"

    def link(self, view: View) -> str:
        """Return the page of an entry."""
        path = view.path
        if not path:
            match self.paths % 3:
                case 0:
                    path = f"{view.piece.at:%Y/%m}/story-{view.number}/"
                case 1:
                    path = f"node/{view.number}"
                case _:
                    path = f"index.php?option=com_content&id={view.number}"
        link = f"{self.home}{path}"
        self.pages[link.partition("://")[2]] = view.piece
        return link

    def trouble(self, now: datetime) -> str:
        """Return what is wrong with its server at *now*, or ""."""
        if self.gone:
            return "410"
        return next((one.kind for one in self.troubles if one.begins <= now < one.ends), "")

    def recent(self, now: datetime, span: timedelta) -> Iterator[View]:
        """Yield what it published within *span*."""
        yield from (v for v in self.views if not v.is_removed and now - v.at <= span)
