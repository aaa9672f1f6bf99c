"""Turns the values of feeds into JSON text and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from herald.model.feed import Enclosure, EntryEvent, EntryImage, FeedProblem, ParsedEntry
from herald.model.ids import Language, PartnerId


def write_content(content: ParsedEntry) -> str:
    """Return an entry's content as JSON."""
    return json.dumps(asdict(content), ensure_ascii=False, default=datetime.isoformat)


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
        **{**found, "begins_at": begins_at, "finishes_at": _moment(found["finishes_at"])}
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
