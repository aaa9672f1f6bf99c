"""Turns the values of feeds into JSON text and back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from herald.model.feed import (
    Cadence,
    Enclosure,
    EntryEvent,
    EntryImage,
    EventSource,
    FeedProblem,
    HubLink,
    ParsedEntry,
)
from herald.model.ids import FeedId, Language, PartnerId
from herald.model.polling import Move


def write_content(content: ParsedEntry) -> str:
    """Return an entry's content as JSON."""
    return _WRITER.encode(content)


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; ``asdict`` would first copy all that is in it."""
    if isinstance(value, datetime):
        return value.isoformat()
    kind: type = type(value)
    return {name: getattr(value, name) for name in _fields_of(kind)}


@cache
def _fields_of(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


_WRITER = json.JSONEncoder(ensure_ascii=False, default=_plain)


def read_content(text: str) -> ParsedEntry:
    """Read what ``write_content`` wrote."""
    found: dict[str, Any] = json.loads(text)
    event, image, language = found["event"], found["image"], found["language"]
    return ParsedEntry(
        **{
            **found,
            "published_at": _moment(found["published_at"]),
            "updated_at": _moment(found["updated_at"]),
            "language": Language(language) if language else None,
            "categories": tuple(found["categories"]),
            "image": EntryImage(**image) if image else None,
            "enclosures": tuple(Enclosure(**enclosure) for enclosure in found["enclosures"]),
            "event": _event(event) if event else None,
        }
    )


def write_problems(problems: tuple[FeedProblem, ...]) -> str:
    """Return a feed's problems as JSON, "" for none."""
    if not problems:
        return ""
    return json.dumps([asdict(problem) for problem in problems], ensure_ascii=False)


def read_problems(text: str) -> tuple[FeedProblem, ...]:
    """Read what ``write_problems`` wrote."""
    return tuple(FeedProblem(**problem) for problem in json.loads(text)) if text else ()


def write_cadence(cadence: Cadence) -> str:
    """Return how often a feed asks to be asked as JSON, "" where it asks for nothing."""
    if cadence == Cadence():
        return ""
    return json.dumps(
        {
            "pause": cadence.pause.total_seconds(),
            "closed_hours": sorted(cadence.closed_hours),
            "closed_days": sorted(cadence.closed_days),
        }
    )


def read_cadence(text: str) -> Cadence:
    """Read what ``write_cadence`` wrote."""
    if not text:
        return Cadence()
    found = json.loads(text)
    return Cadence(
        pause=timedelta(seconds=found["pause"]),
        closed_hours=frozenset(found["closed_hours"]),
        closed_days=frozenset(found["closed_days"]),
    )


def write_move(move: Move | None) -> str:
    """Return a redirect that is being watched as JSON, "" for none."""
    if move is None:
        return ""
    return json.dumps(asdict(move), ensure_ascii=False, default=datetime.isoformat)


def read_move(text: str) -> Move | None:
    """Read what ``write_move`` wrote."""
    if not text:
        return None
    found = json.loads(text)
    return Move(**{**found, "since": datetime.fromisoformat(found["since"])})


def write_hub(hub: HubLink | None) -> str:
    """Return where changes can be subscribed to as JSON, "" for nowhere."""
    return "" if hub is None else json.dumps(asdict(hub), ensure_ascii=False)


def read_hub(text: str) -> HubLink | None:
    """Read what ``write_hub`` wrote."""
    return HubLink(**json.loads(text)) if text else None


def write_partners(partners: tuple[PartnerId, ...]) -> str:
    """Return partners as JSON."""
    return json.dumps(partners, ensure_ascii=False)


def read_partners(text: str) -> tuple[PartnerId, ...]:
    """Read what ``write_partners`` wrote."""
    return tuple(PartnerId(name) for name in json.loads(text))


def _event(found: dict[str, Any]) -> EntryEvent:
    begins_at = _moment(found["begins_at"])
    if begins_at is None:
        raise ValueError("a stored event has no beginning")
    return EntryEvent(
        **{
            **found,
            "begins_at": begins_at,
            "finishes_at": _moment(found["finishes_at"]),
            # An event that was stored before there was another source stood in its feed.
            "source": EventSource(found.get("source", EventSource.FEED)),
            "called_off_by": tuple(FeedId(name) for name in found.get("called_off_by", ())),
        }
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
