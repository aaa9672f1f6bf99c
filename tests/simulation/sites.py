"""The partners' sites: feeds that a simulation edits, served on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web


@dataclass(slots=True)
class Entry:
    """One piece of news, by whatever guid it goes."""

    name: str
    guid: str
    at: datetime
    version: int = 1

    @property
    def title(self) -> str:
        return f"e={self.name} festival of the year"

    def written(self) -> str:
        return (
            f"<item><title>{self.title}</title><link>https://p.example/{self.name}</link>"
            f'<guid isPermaLink="false">{self.guid}</guid>'
            f"<pubDate>{format_datetime(self.at)}</pubDate>"
            f"<description>Testo numero {self.version} di {self.name}</description></item>"
        )


@dataclass(slots=True)
class Meeting:
    """One event of a calendar."""

    name: str
    begins: datetime
    status: str = "CONFIRMED"
    sequence: int = 0

    def written(self) -> str:
        stamp = f"{self.begins:%Y%m%dT%H%M%SZ}"
        return "\r\n".join(
            [
                "BEGIN:VEVENT",
                f"UID:{self.name}@p.example",
                f"DTSTAMP:{stamp}",
                f"DTSTART:{stamp}",
                f"SEQUENCE:{self.sequence}",
                f"STATUS:{self.status}",
                f"SUMMARY:e={self.name} meeting of the neighbours",
                f"URL:https://p.example/{self.name}",
                "END:VEVENT\r\n",
            ]
        )


@dataclass(slots=True)
class Sites:
    """What every partner has published."""

    news: dict[str, list[Entry]] = field(default_factory=dict)
    calendars: dict[str, list[Meeting]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve ``/PARTNER``; yield the address of the site."""
        application = web.Application()
        application.router.add_get("/{partner}", self._answer)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        partner = request.match_info["partner"]
        if partner in self.down:
            raise web.HTTPServiceUnavailable
        if partner in self.calendars:
            events = "".join(event.written() for event in self.calendars[partner])
            head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//IT\r\n"
            text = f"{head}{events}END:VCALENDAR\r\n"
            return web.Response(text=text, content_type="text/calendar")
        items = "".join(entry.written() for entry in reversed(self.news.get(partner, [])))
        text = (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>T</title>'
            f"<link>https://p.example/</link><language>it</language>{items}</channel></rss>"
        )
        return web.Response(text=text, content_type="application/rss+xml")
