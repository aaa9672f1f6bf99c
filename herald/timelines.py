"""Writes what journals would have posted as pages that read like a timeline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from herald.channels.journal_file import journal_path, read_journal
from herald.model.ids import ChannelId, Language
from herald.reporting.timeline import JournalPost, render_timeline_html


def write_timelines(folder: Path, journals: Iterable[ChannelId], *, zone: str) -> None:
    """Write each journal's readable page beside its JSON lines, in the time of *zone*."""
    for journal in journals:
        path = journal_path(folder, journal)
        lines = read_journal(path)
        if not lines:
            continue
        posts = tuple(
            JournalPost(
                sent_at=line.sent_at,
                channel=line.channel,
                language=Language(line.language),
                text=line.text,
                link=line.link,
                media=line.media,
                campaign=line.campaign,
                item=line.item,
                partner=line.partner or "",
            )
            for line in lines
        )
        page = render_timeline_html(posts, title=journal, zone=zone)
        path.with_suffix(".html").write_text(page, encoding="utf-8")
