"""Walks documents down the whole path, one after another, so that each meets the others' past.

async with a_path(folder, stages) as path:
    findings = await path.walk(body, seed, chance)
"""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path as Folder
from random import Random
from types import FrameType

from herald.model.delivery import History
from herald.model.feed import Entry, ParsedFeed
from herald.model.ids import EntryId, Language, PartnerId
from herald.model.page import PageFacts
from herald.model.plan import Plan
from herald.model.polling import Decision, Feed, Identity, Known, Understood, Validators, WantedFeed
from herald.planning.plan import make_plan
from herald.reporting.feedpage import render_feed_html
from herald.sources.feeds.identity.identify import decide, feed_id, identities
from herald.sources.feeds.parsing.parse import Document, has_failed, parse
from herald.sources.feeds.webpages.webpage import read_page
from herald.store.engine import open_store
from herald.store.feeds import StoredFeeds
from tests.fuzz.rules_posting import (
    CONFIGURATION,
    PARTNERS,
    campaign,
    faults_of_outbox,
    faults_of_plan,
)
from tests.fuzz.rules_reading import faults_of_feed, faults_of_page
from tests.fuzz.rules_showing import (
    faults_of_letter,
    faults_of_newsletter,
    faults_of_previews,
    faults_of_screens,
)
from tests.fuzz.seeds import Seed
from tests.sources.feeds.documents import NOW

SLOW = 2.0
"""Seconds of CPU that a step may take."""
_ENDLESS = 10.0
_PLANNED = 12
"""Entries of a document that are planned: each meets five networks."""
_AHEAD = timedelta(days=60)
_CAMPAIGN = campaign()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be."""

    step: str
    told: str

    @property
    def kind(self) -> str:
        """What sorts like findings together."""
        return f"{self.step}: {self.told.split(':')[0]}: {self.told.split(':')[-1][:20]}"


def plan_of(entries: Sequence[Entry], now: datetime) -> Plan:
    """Plan *entries* for every channel."""
    return make_plan(
        (_CAMPAIGN,),
        CONFIGURATION,
        entries=entries,
        history=History(),
        capabilities={},
        now=now,
        first=now,
        last=now + _AHEAD,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What is walked through: the product's own, unless a test puts a broken one in."""

    parse: Callable[[Document], ParsedFeed] = parse
    read_page: Callable[[Document], PageFacts] = read_page
    plan: Callable[[Sequence[Entry], datetime], Plan] = plan_of
    page: Callable[..., str] = render_feed_html
    identities: Callable[[ParsedFeed], Sequence[Identity]] = lambda feed: identities(feed.entries)


class TooSlow(BaseException):
    """A step does not end; nothing that catches errors keeps it from being told."""


@dataclass
class Path:
    """Stages, a store, and the feeds of three partners whose documents come in turns."""

    stages: Stages
    store: StoredFeeds
    feeds: dict[str, Feed]
    now: datetime = NOW
    findings: list[Finding] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    entries: int = 0
    deliveries: int = 0
    read: int = 0
    """Documents of which something could be read."""

    async def walk(self, body: bytes, seed: Seed, chance: Random) -> tuple[Finding, ...]:
        """Take one document down the path; return what must not be."""
        before = len(self.findings)
        self.now += timedelta(minutes=7)
        name = chance.choice(PARTNERS)
        document = Document(
            body=body,
            content_type=chance.choice((seed.content_type, seed.content_type, "", "text/html")),
            url=self.feeds[name].wanted.url,
            now=self.now,
            pubdate=chance.choice(("auto", "auto", "published", "event_start")),
            zone=chance.choice(("", "Europe/Rome")),
        )
        self._page(document)
        parsed = self._parsed(document)
        if parsed is not None:
            with self._step("screens"):
                self._tell(
                    "screens", faults_of_screens(parsed, now=self.now, page=self.stages.page)
                )
                troubles = [one.message for one in parsed.problems[:1]]
                for trouble in troubles:
                    letter = faults_of_letter(self.feeds[name], trouble, now=self.now)
                    self._tell("screens", letter)
            if not has_failed(parsed):
                self.read += 1
                await self._remembered(name, parsed)
        return tuple(self.findings[before:])

    async def look_back(self) -> None:
        """Plan all that is remembered, as the store gives it back."""
        entries = await self.store.entries(NOW - timedelta(days=1))
        with self._step("plan of all"):
            plan = self.stages.plan(entries[:300], self.now)
            self._tell("plan of all", faults_of_plan(plan, entries))

    def _page(self, document: Document) -> None:
        with self._step("page"):
            self._tell("page", faults_of_page(self.stages.read_page(document)))

    def _parsed(self, document: Document) -> ParsedFeed | None:
        with self._step("parse"):
            parsed = self.stages.parse(document)
            self._tell("parse", faults_of_feed(parsed))
            return parsed
        return None

    async def _remembered(self, name: str, parsed: ParsedFeed) -> None:
        """Identify the entries, save them, save them again; plan what was said."""
        feed, named = self.feeds[name], ()
        with self._step("identify"):
            named = tuple(self.stages.identities(parsed))
            if named != tuple(self.stages.identities(parsed)):
                self._tell("identify", ["ids: they change from one look to the next"])
            if len({one.key for one in named}) != len(named):
                self._tell("identify", ["ids: two entries share one"])
        await self._save(feed, parsed, named)
        again = await self._save(feed, parsed, tuple(self.stages.identities(parsed)))
        for intent in again.intents:
            told = f"again: {type(intent).__name__} though nothing changed"
            self._tell("identify", [told])
        self.entries += len(named)
        self._planned(name, parsed, named)

    async def _save(self, feed: Feed, parsed: ParsedFeed, named: Sequence[Identity]) -> Decision:
        def decided(known: Known) -> Decision:
            first = decide(feed, parsed, named, known, now=self.now)
            if first != decide(feed, parsed, named, known, now=self.now):
                self._tell("identify", ["decide: not the same twice"])
            return first

        began = time.process_time()
        try:
            saved = await self.store.save_understood(
                feed.id, _poll(parsed, self.now), named, decided, now=self.now
            )
        except Exception as error:  # noqa: BLE001 - any error is what this looks for
            self.findings.append(Finding("store", _said(error)))
            return Decision()
        self._timed("store", time.process_time() - began)
        return saved

    def _planned(self, name: str, parsed: ParsedFeed, named: Sequence[Identity]) -> None:
        entries = [
            Entry(
                id=EntryId(f"{name}-{number}"),
                feed=self.feeds[name].id,
                partners=(PartnerId(name),),
                language=one.content.language or parsed.language or Language("it"),
                content=one.content,
                fingerprint=one.fingerprint,
                first_seen_at=self.now - timedelta(minutes=1),
            )
            for number, one in enumerate(named[-_PLANNED:])
        ]
        with self._step("plan"):
            plan = self.stages.plan(entries, self.now)
            self.deliveries += len(plan.deliveries)
            self._tell("plan", faults_of_plan(plan, entries))
            self._tell("plan", faults_of_outbox(plan, now=self.now))
            self._tell("plan", faults_of_previews(plan, now=self.now))
        with self._step("newsletter"):
            self._tell("newsletter", faults_of_newsletter(entries, now=self.now))

    def _tell(self, step: str, faults: Iterator[str] | list[str]) -> None:
        self.findings.extend(Finding(step, fault) for fault in faults)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Run a step: what it raises, and how long it takes, is a finding."""
        began = time.process_time()
        try:
            with _no_longer_than(_ENDLESS):
                yield
        except TooSlow:
            self.findings.append(Finding(name, "it does not end"))
        except Exception as error:  # noqa: BLE001 - any error is what this looks for
            self.findings.append(Finding(name, _said(error)))
        self._timed(name, time.process_time() - began)

    def _timed(self, name: str, seconds: float) -> None:
        self.slowest = max(self.slowest, (seconds, name))
        if seconds > SLOW:
            self.findings.append(Finding(name, f"slow: {seconds:.1f} s of CPU"))


@asynccontextmanager
async def a_path(folder: Folder, stages: Stages | None = None) -> AsyncIterator[Path]:
    """Open a path with an empty store; its feeds were read once already."""
    store = await open_store("sqlite:///herald.db", folder)
    feeds = StoredFeeds(store)
    wanted = [
        WantedFeed(
            id=feed_id(f"https://{name}.example.org/feed"),
            url=f"https://{name}.example.org/feed",
            partners=(PartnerId(name),),
            partner_language=Language("it"),
        )
        for name in PARTNERS
    ]
    before = NOW - timedelta(hours=1)
    await feeds.sync_feeds(wanted, now=before)
    stored = {one.feed.wanted.id: one.feed for one in await feeds.health(now=before)}
    known = {
        name: replace(stored[one.id], last_success_at=before)
        for name, one in zip(PARTNERS, wanted, strict=True)
    }
    try:
        yield Path(stages=stages or Stages(), store=feeds, feeds=known)
    finally:
        await store.close()


def _poll(parsed: ParsedFeed, now: datetime) -> Understood:
    return Understood(
        title=parsed.title,
        validators=Validators(),
        body_hash="",
        interval=timedelta(hours=1),
        next_check_at=now + timedelta(hours=1),
        entries=len(parsed.entries),
        cadence=parsed.cadence,
        hub=parsed.hub,
        problems=parsed.problems,
    )


def _said(error: Exception) -> str:
    places = [
        f"{Folder(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return f"raised {type(error).__name__} in {' > '.join(places[-4:])}: {str(error)[:200]}"


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    def ring(signum: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
