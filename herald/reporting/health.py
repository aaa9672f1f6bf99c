"""Is all well? One value for ``herald status``, ``/healthz`` and whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from textwrap import shorten
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from herald.model.advice import STUCK_AFTER, WEEK_OF_TROUBLE
from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.headway import Headway
from herald.model.health import OutboxHealth
from herald.model.polling import FeedHealth
from herald.model.problem import Problem
from herald.model.stop import Stop
from herald.reporting.documents import instant, local_instant
from herald.reporting.headway import headway_document, headway_lines
from herald.reporting.planview import REASONS, first_line
from herald.reporting.posttext import plain

MANUAL = "manual"
"""The network whose sent deliveries are tasks until somebody says where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Everything that an officer or a watchdog wants to know at one moment."""

    at: datetime
    outbox: OutboxHealth
    tasks: tuple[Delivery, ...] = ()
    feeds: tuple[FeedHealth, ...] = ()
    """Those in trouble."""
    stops: tuple[Stop, ...] = ()
    broken: tuple[Problem, ...] = ()
    channels: tuple[str, ...] = ()
    """Why some channels cannot be used."""
    newsletters: tuple[str, ...] = ()
    """What somebody should know or decide about newsletters."""
    letters: tuple[Headway, ...] = ()
    """Issues of newsletters that are being sent."""
    planning: str = ""
    """Why nothing new is planned, where several processes share the work."""
    disk: str = ""
    """Why somebody should look at the store's disk."""
    next: Delivery | None = None
    """What goes out next."""
    corrections: int = 0
    """Posts that are no longer true, and wait for a person to correct them."""
    zone: str = "UTC"
    """On whose clock people read moments."""

    @property
    def ok(self) -> bool:
        """Tell whether Herald does what it promises: the colour of ``/healthz``."""
        return self.outbox.is_well and not (
            self.broken or self.channels or self.planning or self.outbox.failed_lately
        )

    @property
    def waiting(self) -> int:
        """Count what waits for a person's word. Drafts wait by design and do not count."""
        return sum(
            count.count
            for count in self.outbox.counts
            if count.state is DeliveryState.HELD and count.reason in _FOR_A_PERSON
        )

    @property
    def needs_a_person(self) -> bool:
        """Tell whether somebody should look. Pauses and open tasks are known to somebody."""
        return (
            not self.ok
            or self.waiting > 0
            or self.outbox.missed_lately > 0
            or bool(self.newsletters)
            or bool(self.disk)
            or any(is_for_a_person(each, now=self.at) for each in self.feeds)
        )

    @property
    def feed_tasks(self) -> tuple[FeedHealth, ...]:
        """Feeds whose partner somebody should write to."""
        return tuple(each for each in self.feeds if asks_for_a_letter(each, now=self.at))

    def document(self) -> dict[str, Any]:
        """Return what ``herald status --json`` and ``/healthz`` answer."""
        return {
            "ok": self.ok,
            "at": instant(self.at),
            "overdue": self.outbox.overdue,
            "oldest_overdue_at": instant(self.outbox.oldest_overdue_at),
            "unclear": self.outbox.unclear,
            "failed": self.outbox.failed_lately,
            "missed": self.outbox.missed_lately,
            "deliveries": [
                {"state": count.state, "reason": count.reason, "count": count.count}
                for count in self.outbox.counts
            ],
            "tasks": [_task(task) for task in self.tasks],
            "corrections": self.corrections,
            "feeds": [
                {
                    "url": health.feed.wanted.url,
                    "trouble": health.feed.trouble,
                    "since": instant(health.feed.trouble_since),
                }
                for health in self.feeds
            ],
            "feed_tasks": [_feed_task(health) for health in self.feed_tasks],
            "stops": [
                {
                    "scope": stop.scope,
                    "name": stop.name,
                    "origin": stop.origin,
                    "because": stop.because,
                    "since": instant(stop.since),
                }
                for stop in self.stops
            ],
            "broken": [str(problem) for problem in self.broken],
            "channels": list(self.channels),
            "newsletters": list(self.newsletters),
            "sending": [_letter(each) for each in self.letters],
            "disk": self.disk or None,
            "planning": self.planning or None,
            "next": None
            if self.next is None
            else {"key": self.next.key, "due_at": instant(self.next.due_at)},
        }


_FOR_A_PERSON = frozenset(
    {"approval", "late", "moved", "translation", "unclear", "visibility", "withdrawal"}
)


def is_stuck(health: FeedHealth) -> bool:
    """Tell whether a feed does not mend itself, so that somebody should know."""
    return health.feed.gone or health.feed.errors >= STUCK_AFTER


def asks_for_a_letter(health: FeedHealth, *, now: datetime) -> bool:
    """Tell whether a feed is gone, or in trouble for a week: its partner should be written to."""
    since = health.feed.trouble_since
    return health.feed.gone or (since is not None and since <= now - WEEK_OF_TROUBLE)


def is_for_a_person(health: FeedHealth, *, now: datetime) -> bool:
    """Tell whether somebody should look at a feed."""
    return is_stuck(health) or asks_for_a_letter(health, now=now)


def health_view(health: Health) -> RenderableType:
    """Render the health for a terminal: trouble first, then what waits, then what is next."""
    lines: list[Text] = [
        Text("Something needs a person.", style="bold red")
        if health.needs_a_person
        else Text("All is well.", style="bold green")
    ]
    lines += [Text(f"  ✗ {line}", style="red") for line in _trouble(health)]
    counts = [
        f"{count.count} {count.state}"
        + (f" ({REASONS.get(count.reason, count.reason)})" if count.reason else "")
        for count in health.outbox.counts
    ]
    lines.append(Text(f"\nOutbox: {', '.join(counts) or 'empty'}"))
    for stop in health.stops:
        what = "everything" if stop.scope == "everything" else f"{stop.scope} {stop.name}"
        because = f": {stop.because}" if stop.because else ""
        since = _when(stop.since, health.zone)
        lines.append(Text(f"Paused: {what}, since {since}{because}", "yellow"))
    lines += [Text("Newsletter " + "\n".join(headway_lines(each))) for each in health.letters]
    lines += _restless(health)
    if health.tasks or health.feed_tasks or health.corrections:
        lines.append(Text("\nTasks for people", style="bold"))
    lines += [
        Text(
            f"  {task.key[:8]}  {task.channel} {task.language}  {_in_short(task)}"
            f"\n            post it, then: herald done {task.key[:8]} LINK"
        )
        for task in health.tasks
    ]
    if health.corrections:
        lines.append(Text(f"  {health.corrections} sent and no longer true: herald outbox correct"))
    lines += [
        Text(
            f"  {', '.join(each.feed.wanted.partners)}: the feed needs its web master"
            f"\n            {plain(each.feed.address)}: {plain(each.feed.trouble)}"
            f"\n            a mail to send: {letter_command(each)}"
        )
        for each in health.feed_tasks
    ]
    if health.next is not None:
        due = _when(health.next.due_at, health.next.zone)
        lines.append(
            Text(f"\nNext: {due}  {health.next.channel} {health.next.language}  ").append(
                _in_short(health.next)
            )
        )
    return Group(*lines)


def _letter(headway: Headway) -> dict[str, Any]:
    """Return an issue's figures; what binds it may name people's domains, and stays inside."""
    figures = headway_document(headway)
    return {"key": headway.key} | {name: figures[name] for name in figures if name != "binds"}


def _in_short(delivery: Delivery) -> str:
    return shorten(first_line(delivery.payload.text), 50, placeholder=" …")


def _trouble(health: Health) -> list[str]:
    told = [str(problem) for problem in health.broken]
    told += health.channels
    if health.planning:
        told.append(health.planning)
    if health.outbox.overdue:
        since = _when(health.outbox.oldest_overdue_at, health.zone)
        told.append(
            f"{health.outbox.overdue} overdue, the oldest since {since}: is Herald running?"
        )
    for_a_person = health.outbox.count(DeliveryState.HELD, Reason.UNCLEAR)
    if looked_up := health.outbox.unclear - for_a_person:
        told.append(f"{looked_up} may be out there or not: Herald looks them up while it runs")
    if for_a_person:
        told.append(
            f"{for_a_person} may be out there or not, and Herald cannot tell: look, then herald"
            " outbox mark-sent or retry (herald outbox list --state held)"
        )
    if health.outbox.failed_lately:
        told.append(
            f"{health.outbox.failed_lately} failed within a day: herald outbox list --state failed"
        )
    if health.outbox.missed_lately:
        told.append(
            f"{health.outbox.missed_lately} did not go out in time within three days, and are left"
            " out: herald outbox list --state expired"
        )
    if waiting := health.waiting - for_a_person:
        told.append(f"{waiting} wait for your word: herald outbox list --state held")
    told += health.newsletters
    told += [health.disk] if health.disk else []
    told += [
        _of_feed(each, health.zone) for each in health.feeds if is_for_a_person(each, now=health.at)
    ]
    return told


def _restless(health: Health) -> list[Text]:
    """Tell of feeds that answered badly of late: they are asked again, and nobody need act."""
    feeds = [each for each in health.feeds if not is_for_a_person(each, now=health.at)]
    return [Text(f"Asked again by itself: {_of_feed(each, health.zone)}") for each in feeds]


def _of_feed(health: FeedHealth, zone: str) -> str:
    feed = health.feed
    since = _when(feed.trouble_since, zone)
    return f"feed {plain(feed.wanted.url)}: {plain(feed.trouble)} (since {since})"


def letter_command(health: FeedHealth) -> str:
    """Return the command that proposes a mail to the partner of a feed."""
    return f"herald feeds letter {quote(plain(health.feed.wanted.url))}"


def _when(moment: datetime | None, zone: str) -> str:
    """Spell a moment as a person reads it on the clock of *zone*."""
    if moment is None:
        return "now"
    return local_instant(moment, zone)[:16].replace("T", " ")


def _feed_task(health: FeedHealth) -> dict[str, Any]:
    return {
        "url": health.feed.wanted.url,
        "partners": list(health.feed.wanted.partners),
        "trouble": health.feed.trouble,
        "since": instant(health.feed.trouble_since),
        "gone": health.feed.gone,
        "letter": letter_command(health),
    }


def _task(task: Delivery) -> dict[str, Any]:
    return {
        "key": task.key,
        "channel": task.channel,
        "language": task.language,
        "due_at": instant(task.due_at),
        "sent_at": instant(task.sent_at),
        "text": task.payload.text,
    }
