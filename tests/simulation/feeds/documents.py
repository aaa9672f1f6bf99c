"""The documents of partners' feeds, as their systems write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry as a document shall tell it; an empty field is left out."""

    guid: str = ""
    title: str
    link: str = ""
    text: str = ""
    at: datetime | None = None
    changed_at: datetime | None = None
    begins: datetime | None = None
    status: str = "CONFIRMED"
    sequence: int = 0
    place: str = ""


def rss(title: str, language: str, home: str, told: Sequence[str]) -> str:
    """Return an RSS 2.0 document around its written entries."""
    tag = f"<language>{language}</language>" if language else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>{home}</link><description>x</description>{tag}\n"
        f"{''.join(told)}</channel></rss>"
    )


def with_ttl(document: str, minutes: int) -> str:
    """Return *document* with the minutes that it keeps, if it is RSS and says so."""
    before = "<description>x</description>"
    told = f"<ttl>{minutes}</ttl>" if minutes else ""
    return document.replace(before, f"{before}{told}", 1)


def rss_item(one: Told) -> str:
    """Return an RSS entry; of an event whose feed dates mean it, the date is the beginning."""
    at = one.begins or one.at
    return (
        f"<item><title>{escape(one.title)}</title>"
        + (f"<link>{escape(one.link)}</link>" if one.link else "")
        + (f'<guid isPermaLink="false">{escape(one.guid)}</guid>' if one.guid else "")
        + (f"<pubDate>{format_datetime(at)}</pubDate>" if at else "")
        + (f"<description>{escape(f'<p>{escape(one.text)}</p>')}</description>" if one.text else "")
        + "</item>\n"
    )


def atom(title: str, language: str, home: str, told: Sequence[str]) -> str:
    """Return an Atom document around its written entries."""
    tag = f' xml:lang="{language}"' if language else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"{tag}>'
        f'<title>{escape(title)}</title><id>{home}</id><link href="{home}"/>\n'
        f"{''.join(told)}</feed>"
    )


def atom_entry(one: Told) -> str:
    """Return an Atom entry."""
    changed = one.changed_at or one.at
    return (
        f"<entry><title>{escape(one.title)}</title>"
        + (f'<link rel="alternate" href="{escape(one.link)}"/>' if one.link else "")
        + (f"<id>{escape(one.guid)}</id>" if one.guid else "")
        + (f"<published>{one.at.isoformat()}</published>" if one.at else "")
        + (f"<updated>{changed.isoformat()}</updated>" if changed else "")
        + (f"<summary>{escape(one.text)}</summary>" if one.text else "")
        + "</entry>\n"
    )


def json_feed(title: str, language: str, home: str, told: Sequence[str]) -> str:
    """Return a JSON Feed around its written entries."""
    head = {"version": "https://jsonfeed.org/version/1.1", "title": title, "home_page_url": home}
    if language:
        head["language"] = language
    return f'{json.dumps(head, ensure_ascii=False)[:-1]}, "items": [\n{",".join(told)}]}}'


def json_item(one: Told) -> str:
    """Return an entry of a JSON Feed."""
    found = {
        "title": one.title,
        "id": one.guid,
        "url": one.link,
        "content_text": one.text,
        "date_published": one.at.isoformat() if one.at else "",
        "date_modified": one.changed_at.isoformat() if one.changed_at else "",
    }
    return json.dumps({k: v for k, v in found.items() if v}, ensure_ascii=False) + "\n"


def ical(title: str, language: str, home: str, told: Sequence[str]) -> str:
    """Return a calendar around its written events."""
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//{home}//X//EN\r\nX-WR-CALNAME:{title}\r\n"
    return f"{head}{''.join(told)}END:VCALENDAR\r\n"


def ical_event(one: Told) -> str:
    """Return an event of a calendar, its long lines folded."""
    assert one.begins is not None
    stamp = (one.changed_at or one.at or one.begins).astimezone(UTC)
    lines = [
        "BEGIN:VEVENT",
        f"UID:{one.guid}",
        f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{one.begins.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"SEQUENCE:{one.sequence}",
        f"STATUS:{one.status}",
        f"SUMMARY:{one.title}",
        *([f"DESCRIPTION:{one.text}"] if one.text else []),
        *([f"URL:{one.link}"] if one.link else []),
        *([f"LOCATION:{one.place}"] if one.place else []),
        "END:VEVENT",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _folded(line: str) -> str:
    return "\r\n ".join(line[at : at + 35] for at in range(0, len(line), 35))


FORMATS = {
    "rss": (rss, rss_item, "application/rss+xml"),
    "atom": (atom, atom_entry, "application/atom+xml"),
    "json": (json_feed, json_item, "application/feed+json"),
    "ics": (ical, ical_event, "text/calendar"),
    "tec": (rss, rss_item, "application/rss+xml"),
}
"""What writes a document, what writes an entry, and how the server calls it."""
