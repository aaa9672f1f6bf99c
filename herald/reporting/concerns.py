"""What needs an officer now, one concern for each thing that somebody can do.  Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from shlex import quote
from urllib.parse import urlsplit

from herald.model.delivery import DeliveryState, Reason
from herald.model.echo import Heard
from herald.model.notice import NONE, URGENCY, Concern, Kind, NewsletterTrouble, Stuck
from herald.model.polling import FeedHealth
from herald.model.problem import Problem
from herald.model.stop import Stop, StopOrigin
from herald.reporting.health import Health, is_for_a_person
from herald.reporting.posttext import plain

STILL_EDITING = timedelta(minutes=10)
"""A file that is broken for less is perhaps being written."""
LOOKED_UP_WITHIN = timedelta(minutes=15)
"""So long Herald itself may need to look up what is unclear, before somebody hears of it."""
PASSING = timedelta(minutes=5)
"""Trouble with an account that lasts less may be over: its secret is just being changed."""
RELAY_RESTS = timedelta(minutes=15)
"""A mail server that takes nothing for less is being restarted."""
DETAIL_MOST = 300
PROBLEMS_SHOWN = 3

_ADDRESS = re.compile(r"[^\s<>()\"']+@[^\s<>()\"']+")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s<>\"')]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything from which concerns follow, at one moment."""

    health: Health
    accounts: tuple[str, ...] = ()
    """Why some accounts cannot be used, refused sign-ins excepted."""
    planning: str = ""
    """Why nothing new is planned."""
    stuck: tuple[Stuck, ...] = ()
    newsletters: tuple[NewsletterTrouble, ...] = ()
    heard: tuple[Heard, ...] = ()
    """What people wrote of late."""


def concerns_of(situation: Situation) -> tuple[Concern, ...]:
    """Return what needs an officer, the most urgent kinds first."""
    health = situation.health
    found = [
        *_deliveries(situation.stuck, now=health.at),
        *_accounts(health.stops, situation.accounts),
        *_planning(situation.planning),
        *_overdue(health),
        *_files(health.broken),
        *map(_newsletter, situation.newsletters),
        *_corrections(health),
        *(_feed(each) for each in health.feeds if is_for_a_person(each, now=health.at)),
    ]
    once = {concern.id: concern for concern in reversed(found)}
    return tuple(sorted(once.values(), key=lambda one: (URGENCY[one.kind], one.subject)))


def redacted(said: str) -> str:
    """Return what others said without addresses of people, and of web addresses the server only.

    A calendar's address, or a webhook's, may be a secret by itself.
    """
    without = _URL.sub(lambda found: _server(found.group()), " ".join(plain(said).split()))
    without = _ADDRESS.sub("<address>", without)
    return without if len(without) <= DETAIL_MOST else without[: DETAIL_MOST - 1] + "…"


def _server(url: str) -> str:
    try:
        parts = urlsplit(url)
        name = parts.hostname or "…"
    except ValueError:
        return "…"
    return f"{parts.scheme}://{name}/…" if parts.path.strip("/") or parts.query else name


def _deliveries(stuck: Iterable[Stuck], *, now: datetime) -> Iterator[Concern]:
    together: defaultdict[tuple[Kind, str], list[Stuck]] = defaultdict(list)
    for each in stuck:
        kind = _kind(each)
        place = f"{each.campaign}/{each.item}"
        subject = place if kind is Kind.APPROVAL else f"{_why(each)}:{each.channel}/{place}"
        together[kind, subject].append(each)
    for (kind, subject), group in together.items():
        first = min(group, key=lambda one: (one.due_at, one.key))
        whole = replace(first, count=sum(one.count for one in group))
        channels = ", ".join(sorted({one.channel for one in group}))
        concern = _of_deliveries(kind, subject, whole, channels)
        if concern.due_at is not None and concern.due_at <= now:  # its moment is over
            concern = replace(concern, since=concern.due_at, due_at=None)
        yield concern


def _why(stuck: Stuck) -> str:
    """Return what parts concerns of one kind about the same item and channel."""
    return "missed" if stuck.state is DeliveryState.EXPIRED else stuck.reason or ""


def _kind(stuck: Stuck) -> Kind:
    match stuck.state, stuck.reason:
        case ((DeliveryState.FAILED | DeliveryState.EXPIRED), _):
            return Kind.FAILED
        case DeliveryState.CLAIMED, _:
            return Kind.UNCLEAR
        case DeliveryState.SENT, _:
            return Kind.TASK
        case _, Reason.UNCLEAR:
            return Kind.UNCLEAR
        case _, Reason.APPROVAL:
            return Kind.APPROVAL
    return Kind.DECISION


def _of_deliveries(kind: Kind, subject: str, stuck: Stuck, channels: str) -> Concern:
    key = stuck.key[:8]
    item = f"{stuck.campaign} / {stuck.partner or key if stuck.entry else stuck.item}"
    is_looked_up = stuck.state is DeliveryState.CLAIMED
    is_missed = stuck.state is DeliveryState.EXPIRED
    say = {
        Kind.FAILED: "missed" if is_missed else "failed",
        Kind.UNCLEAR: "looked_up" if is_looked_up else "unclear",
        Kind.APPROVAL: "approval",
        Kind.TASK: "task",
    }.get(kind, f"held_{stuck.reason}")
    waits = kind in {Kind.APPROVAL, Kind.DECISION}
    return Concern(
        kind=kind,
        subject=subject,
        say=say,
        names=(("item", redacted(item)), ("channel", channels), ("count", str(stuck.count))),
        since={Kind.UNCLEAR: stuck.unclear_at, Kind.TASK: stuck.sent_at}.get(
            kind, None if waits else stuck.due_at
        ),
        due_at=stuck.due_at if waits else None,
        detail=redacted(stuck.said),
        commands=_commands(kind, stuck, key),
        lasting=LOOKED_UP_WITHIN if is_looked_up else NONE,
    )


def _commands(kind: Kind, stuck: Stuck, key: str) -> tuple[str, ...]:
    """Return what to type: to look first, then to decide."""
    item = f"--campaign {quote(stuck.campaign)} --item {quote(stuck.item)}"
    look, which = f"herald outbox show {key}", key
    if stuck.count > 1:
        look, which = f"herald outbox list --state {stuck.state} {item}", item
    decide: tuple[str, ...] = ()
    match kind, stuck.reason:
        case Kind.TASK, _:
            look = f"herald done {key} LINK"
        case Kind.FAILED, _:
            decide = (f"herald outbox retry {which}",)
        case Kind.APPROVAL, _:
            decide = (f"herald outbox approve {which}",)
        case _, Reason.UNCLEAR:
            decide = (f"herald outbox mark-sent {key} LINK", f"herald outbox retry {key} --sure")
        case _, Reason.WITHDRAWAL:
            look = "herald plan"
        case _, Reason.TRANSLATION:
            decide = (f'herald outbox translate {key} LANGUAGE "TEXT"',)
        case _, (Reason.LATE | Reason.MOVED):
            decide = (f"herald outbox release {which}", f"herald outbox withdraw {which}")
    return look, *decide


def _accounts(stops: Iterable[Stop], accounts: Iterable[str]) -> Iterator[Concern]:
    for stop in stops:
        if stop.origin is StopOrigin.AUTH:
            yield Concern(
                kind=Kind.CHANNEL,
                subject=f"sign-in:{stop.name}",
                say="sign_in",
                names=(("channel", stop.name),),
                since=stop.since,
                detail=redacted(stop.because),
                commands=(f"herald resume {quote(stop.name)}",),
            )
    for why in accounts:
        yield Concern(
            kind=Kind.CHANNEL,
            subject=redacted(why),
            say="channel",
            detail=redacted(why),
            commands=("herald status",),
            lasting=PASSING,
        )


def _planning(why: str) -> Iterator[Concern]:
    if why:
        yield Concern(
            kind=Kind.PLANNING,
            subject="",
            say="planning",
            detail=redacted(why),
            commands=("herald status",),
            lasting=PASSING,
        )


def _overdue(health: Health) -> Iterator[Concern]:
    if health.outbox.overdue:
        yield Concern(
            kind=Kind.OVERDUE,
            subject="",
            say="overdue",
            names=(("count", str(health.outbox.overdue)),),
            since=health.outbox.oldest_overdue_at,
            commands=("herald status", "herald outbox list --state pending"),
        )


def _corrections(health: Health) -> Iterator[Concern]:
    if health.corrections:
        yield Concern(
            kind=Kind.TASK,
            subject="corrections",
            say="corrections",
            names=(("count", str(health.corrections)),),
            commands=("herald outbox correct",),
        )


def _files(problems: Iterable[Problem]) -> Iterator[Concern]:
    of_file: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        of_file[problem.place.file].append(problem)
    for file, found in of_file.items():
        more = f" (+ {len(found) - PROBLEMS_SHOWN})" if len(found) > PROBLEMS_SHOWN else ""
        shown = "; ".join(redacted(str(problem)) for problem in found[:PROBLEMS_SHOWN])
        yield Concern(
            kind=Kind.BROKEN_FILE,
            subject=file,
            say="broken_file",
            names=(("file", file),),
            detail=shown + more,
            commands=("herald check",),
            lasting=STILL_EDITING,
        )


_SAID = {
    "approval": "newsletter_approval",
    "relay": "relay",
    "empty": "newsletter_empty",
}
"""The sentence for what a newsletter's trouble is called."""


def _newsletter(trouble: NewsletterTrouble) -> Concern:
    issue = quote(trouble.issue)
    commands: dict[str, tuple[str, ...]] = {
        "approval": (f"herald newsletter preview {issue}", f"herald newsletter approve {issue}"),
        "late": (f"herald newsletter preview {issue}", f"herald newsletter approve {issue}"),
        "uncertain": (
            f"herald newsletter progress {issue}",
            f"herald newsletter look-up {issue}",
            f"herald newsletter resend-uncertain {issue}",
            f"herald newsletter hold-uncertain {issue}",
        ),
        "writing": (f"herald newsletter write {issue}",),
        "empty": (),
        "relay": ("herald notify --test",),
        "signature": ("herald newsletter verify",),
    }
    progress = (f"herald newsletter progress {issue}",)
    is_approval = trouble.code == "approval"
    return Concern(
        kind=Kind.APPROVAL if is_approval else Kind.NEWSLETTER,
        subject=f"newsletter:{trouble.issue}:{trouble.code}",
        say="newsletter_writing" if trouble.paste else _SAID.get(trouble.code, "newsletter"),
        names=(("issue", trouble.issue), ("file", trouble.file)),
        due_at=trouble.due_at,
        detail=redacted(trouble.message.partition(": ")[2] if is_approval else trouble.message),
        paste=trouble.paste,
        link=trouble.link,
        commands=commands.get(trouble.code, progress),
        lasting=RELAY_RESTS if trouble.code == "relay" else NONE,
    )


def _feed(health: FeedHealth) -> Concern:
    feed = health.feed
    who = ", ".join(feed.wanted.partners)
    return Concern(
        kind=Kind.FEED,
        subject=feed.wanted.id,
        say="feed_gone" if health.feed.gone else "feed",
        names=(("partner", who), ("server", urlsplit(feed.wanted.url).hostname or "")),
        since=feed.trouble_since,
        detail=redacted(feed.trouble),
        commands=tuple(f"herald feeds letter {quote(each)}" for each in feed.wanted.partners[:1]),
    )
