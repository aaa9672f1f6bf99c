"""What a journal channel would have posted, as a page that reads like a timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from herald.composing.dates import spell
from herald.composing.locales import language_name
from herald.model.delivery import Media
from herald.model.ids import Language
from herald.reporting.pages import render_page
from herald.reporting.posttext import Paragraph, direction, paragraphs, plain
from herald.reporting.previewposts import PAGE_LANGUAGE, picture_of
from herald.reporting.previewvalues import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPost:
    """One post that a journal channel wrote down."""

    sent_at: datetime
    """Aware."""
    channel: str
    language: Language
    text: str
    link: str = ""
    media: tuple[Media, ...] = ()
    campaign: str
    item: str
    partner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    local: datetime
    channel: str
    language: Language
    language_name: str
    direction: str
    campaign: str
    item: str
    partner: str
    paragraphs: tuple[Paragraph, ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    date: date
    name: str
    posts: tuple[_Post, ...]


def render_timeline_html(
    entries: Iterable[JournalPost], *, title: str = "Timeline", zone: str = "UTC"
) -> str:
    """Render *entries* as one HTML page, newest first, in the time of *zone* (an IANA name)."""
    posts = sorted((_post(entry, zone) for entry in entries), key=_moment, reverse=True)
    days = [
        _Day(date=day, name=spell(day, PAGE_LANGUAGE), posts=tuple(of_day))
        for day, of_day in groupby(posts, key=lambda post: post.local.date())
    ]
    return render_page("timeline.html", title=title, zone=zone, days=days, posts=len(posts))


def _moment(post: _Post) -> datetime:
    return post.local.astimezone(UTC)


def _post(entry: JournalPost, zone: str) -> _Post:
    return _Post(
        local=entry.sent_at.astimezone(ZoneInfo(zone)),
        channel=entry.channel,
        language=entry.language,
        language_name=language_name(entry.language, PAGE_LANGUAGE),
        direction=direction(entry.language, entry.text),
        campaign=plain(entry.campaign),
        item=plain(entry.item),
        partner=plain(entry.partner),
        paragraphs=paragraphs(entry.text),
        pictures=tuple(picture_of(media) for media in entry.media),
    )
