"""The preview: each planned post as its channel will show it, for a browser and for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import groupby
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from herald.composing.dates import spell
from herald.composing.locales import language_name
from herald.model.delivery import Media, Payload
from herald.model.ids import Language
from herald.model.plan import Plan, PlannedDelivery, Skipped
from herald.reporting.pages import render_page
from herald.reporting.planview import REASONS
from herald.reporting.posttext import Paragraph, direction, paragraphs, plain

PAGE_LANGUAGE = Language("en")
"""Herald's own words are English so far; each post says its own language."""
NEARLY_FULL = 0.9
_NARROWEST = 30
_CONSOLE = Console(width=100, color_system=None)
"""Only asked where lines break; it prints nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as the preview shows it: by its description."""

    name: str
    alt: str
    credit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One planned post, ready to be shown."""

    id: str
    local: datetime
    """With its zone."""
    zone: str
    channel: str
    network: str
    language: Language
    language_name: str
    direction: str
    campaign: str
    item: str
    partner: str
    paragraphs: tuple[Paragraph, ...]
    pictures: tuple[Picture, ...]
    length: int
    limit: int | None
    notes: tuple[str, ...]
    """Why it may not go out as it is."""

    @property
    def share(self) -> int:
        """How much of the limit is used, in per cent, at most 100."""
        return min(100, round(100 * self.length / self.limit)) if self.limit else 0

    @property
    def fullness(self) -> str:
        """``over``, ``nearly`` or ``room``."""
        if not self.limit:
            return "room"
        if self.length > self.limit:
            return "over"
        return "nearly" if self.length > self.limit * NEARLY_FULL else "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The posts of one local day."""

    date: date
    name: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Things that will not be posted for one reason."""

    what: str
    reason: str
    where: str


def render_preview_html(
    plan: Plan, *, title: str, moment: datetime, statements: Iterable[str] = ()
) -> str:
    """Render *plan* as one HTML page, made at *moment*.

    *statements* are the projects' own funding statements, so that they are marked as such.
    """
    days = _days(plan, tuple(statements))
    cards = [card for day in days for card in day.cards]
    return render_page(
        "preview.html",
        title=title,
        made=f"{spell(moment, PAGE_LANGUAGE)} {moment.tzname() or ''}".strip(),
        days=days,
        posts=len(cards),
        waiting=sum(1 for card in cards if card.notes),
        channels=Counter(card.channel for card in cards).most_common(),
        languages=Counter(card.language_name for card in cards).most_common(),
        left_out=_left_out(plan.skipped),
        issues=plan.issues,
        problems=[str(problem) for problem in plan.problems],
    )


def render_preview_text(plan: Plan, *, width: int) -> str:
    """Render *plan* as plain text, *width* columns wide; wide characters count two."""
    wrap = partial(_wrapped, width=max(width, _NARROWEST))
    lines: list[str] = []
    for day in _days(plan, ()):
        lines += ["", day.name, "─" * len(day.name)]
        for card in day.cards:
            lines += _card_lines(card, wrap, max(width, _NARROWEST))
    left_out = _left_out(plan.skipped)
    if left_out:
        lines += ["", "Not posted", "──────────"]
        for entry in left_out:
            lines += wrap(_left_out_line(entry), "  ")
    return "\n".join(lines).strip("\n") or "Nothing is planned in this span."


def _days(plan: Plan, statements: tuple[str, ...]) -> tuple[Day, ...]:
    cards = sorted(
        (_card(delivery, statements) for delivery in plan.deliveries),
        key=lambda card: (card.local.date(), card.local, card.channel, card.language),
    )
    return tuple(
        Day(date=day, name=spell(day, PAGE_LANGUAGE), cards=tuple(of_day))
        for day, of_day in groupby(cards, key=lambda card: card.local.date())
    )


def _card(delivery: PlannedDelivery, statements: tuple[str, ...]) -> Card:
    payload = delivery.payload
    return Card(
        id=delivery.key[:12],
        local=delivery.due_at.astimezone(ZoneInfo(delivery.zone)),
        zone=delivery.zone,
        channel=delivery.channel,
        network=delivery.network,
        language=payload.language,
        language_name=language_name(payload.language, PAGE_LANGUAGE),
        direction=direction(payload.language, payload.text),
        campaign=delivery.campaign,
        item=plain(delivery.item),
        partner=delivery.partner or "",
        paragraphs=paragraphs(payload.text, statements=statements),
        pictures=tuple(picture(media) for media in payload.media),
        length=payload.length,
        limit=payload.limit,
        notes=_notes(delivery, payload),
    )


def picture(media: Media) -> Picture:
    """Return how a picture is shown: its name, description and credit."""
    name = (media.file or media.url).rstrip("/").rsplit("/", 1)[-1]
    credit = ", ".join(part for part in (plain(media.credit), plain(media.licence)) if part)
    return Picture(name=plain(name), alt=plain(media.alt), credit=credit)


def _notes(delivery: PlannedDelivery, payload: Payload) -> tuple[str, ...]:
    notes = [REASONS.get(delivery.hold, str(delivery.hold))] if delivery.hold else []
    if delivery.needs_approval:
        notes.append(REASONS["approval"])
    if payload.limit is not None and payload.length > payload.limit:
        notes.append(f"too long by {payload.length - payload.limit}: write a shorter text")
    return tuple(notes)


def _left_out(skipped: Iterable[Skipped]) -> list[LeftOut]:
    """Gather what is skipped by item and reason: one line tells all its channels and languages."""
    gathered: dict[tuple[str, str], dict[str, None]] = {}
    for line in skipped:
        where = " ".join(part for part in (line.channel, line.language) if part)
        entry = gathered.setdefault((f"{line.campaign} / {plain(line.item)}", line.reason), {})
        if where:
            entry[where] = None
    return [
        LeftOut(what=what, reason=plain(reason), where=", ".join(where))
        for (what, reason), where in gathered.items()
    ]


def _left_out_line(entry: LeftOut) -> str:
    where = f" ({entry.where})" if entry.where else ""
    return f"{entry.what}{where}: {entry.reason}"


def _card_lines(card: Card, wrap: Callable[[str, str], list[str]], width: int) -> list[str]:
    count = f"{card.length}/{card.limit}" if card.limit else f"{card.length}"
    head = f"{card.local:%H:%M}  {card.channel} ({card.network}) · {card.language_name}"
    lines = ["", f"{head}{count:>{max(len(count) + 2, width - len(head))}}"]
    lines += wrap(f"{card.campaign} / {card.item}", "       ")
    for note in card.notes:
        lines += wrap(f"! {note}", "       ")
    if not card.paragraphs:
        lines += ["  │", "  │ (no text yet)"]
    for paragraph in card.paragraphs:
        text = "".join(segment.text for segment in paragraph.segments)
        lines += ["  │", *wrap(text, "  │ ")]
    for shown in card.pictures:
        lines += ["  │", *wrap(f"[{shown.name}: {shown.alt or 'no description'}]", "  │ ")]
    return lines


def _wrapped(text: str, lead: str, *, width: int) -> list[str]:
    """Return *text* in lines that fit beside *lead*; a link longer than that is folded."""
    folded = Text(text).wrap(_CONSOLE, width - len(lead), overflow="fold")
    return [f"{lead}{line.plain.rstrip()}" for line in folded]
