"""Describes feeds as the JSON that programs may rely on (``herald feeds … --json``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import UTC, datetime
from typing import Any

from herald.model.feed import EntryEvent, FeedProblem, ParsedEntry, ParsedFeed
from herald.model.ids import FeedId
from herald.model.polling import FeedHealth, Polled
from herald.model.websub import HubHealth


def describe_feed(source: str, feed: ParsedFeed) -> dict[str, Any]:
    """Return what Herald understands of a document; absent values are None."""
    return {
        "source": source,
        "format": feed.format or None,
        "title": feed.title or None,
        "language": feed.language,
        "link": feed.link or None,
        "entries": [_entry(entry) for entry in feed.entries],
        "problems": _problems(feed.problems),
    }


def describe_health(
    feeds: Iterable[FeedHealth], *, paused: Set[str], hubs: Mapping[FeedId, HubHealth]
) -> dict[str, Any]:
    """Return how the configured feeds fare; *paused* are partners of which nothing is posted."""
    return {
        "feeds": [
            {
                "id": one.feed.id,
                "url": one.feed.wanted.url,
                "address": one.feed.address,
                "partners": list(one.feed.wanted.partners),
                "paused": set(one.feed.wanted.partners) <= paused,
                "pushed_until": _moment(hubs[one.feed.id].active_until)
                if one.feed.id in hubs
                else None,
                "title": one.feed.title or None,
                "entries": one.entries,
                "entries_a_week": round(one.a_week, 2),
                "checked_at": _moment(one.feed.checked_at),
                "last_success_at": _moment(one.feed.last_success_at),
                "next_check_at": None if one.feed.gone else _moment(one.feed.next_check_at),
                "errors": one.feed.errors,
                "trouble": one.feed.trouble or None,
                "trouble_since": _moment(one.feed.trouble_since),
                "gone": one.feed.gone,
                "problems": _problems(one.feed.problems),
            }
            for one in feeds
        ]
    }


def describe_polled(feeds: Iterable[Polled]) -> dict[str, Any]:
    """Return what came of polling."""
    return {
        "feeds": [
            {
                "id": one.feed,
                "url": one.url,
                "partners": list(one.partners),
                "new": one.new,
                "edited": one.edited,
                "remembered": one.seeded,
                "unchanged": one.unchanged,
                "trouble": one.trouble or None,
                "next_check_at": _moment(one.next_check_at),
                "problems": _problems(one.problems),
            }
            for one in feeds
        ]
    }


def _entry(entry: ParsedEntry) -> dict[str, Any]:
    image = entry.image
    return {
        "id": entry.guid or None,
        "title": entry.title or None,
        "summary": entry.summary or None,
        "link": entry.link or None,
        "published_at": _moment(entry.published_at),
        "updated_at": _moment(entry.updated_at),
        "language": entry.language,
        "author": entry.author or None,
        "categories": list(entry.categories),
        "image": {"url": image.url, "alt": image.alt or None} if image else None,
        "enclosures": [
            {"url": one.url, "type": one.type or None, "length": one.length}
            for one in entry.enclosures
        ],
        "event": _event(entry.event) if entry.event else None,
    }


def _event(event: EntryEvent) -> dict[str, Any]:
    return {
        "uid": event.uid or None,
        "begins_at": _moment(event.begins_at),
        "finishes_at": _moment(event.finishes_at),
        "all_day": event.all_day,
        "place": event.place or None,
        "status": event.status,
        "sequence": event.sequence,
    }


def _problems(problems: Iterable[FeedProblem]) -> list[dict[str, str]]:
    return [{"severity": one.severity, "message": one.message} for one in problems]


def _moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
