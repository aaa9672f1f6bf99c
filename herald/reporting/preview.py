"""The preview: each planned post as its channel will show it, for a browser and for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
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
Post = tuple[str, str, str, str, str]
"""What the parts of a thread have in common: channel, campaign, item, occasion and language."""
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
    stands: str = ""
    """How it stands to others: "part 2 of 3", "answers the post in English"."""

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
    posts = _posts(plan.deliveries)
    ordered = sorted(plan.deliveries, key=lambda one: _place(one, posts))
    cards = [replace(_card(one, statements), stands=_stands(one, posts)) for one in ordered]
    return tuple(
        Day(date=day, name=spell(day, PAGE_LANGUAGE), cards=tuple(of_day))
        for day, of_day in groupby(cards, key=lambda card: card.local.date())
    )


def _posts(deliveries: Iterable[PlannedDelivery]) -> dict[Post, list[PlannedDelivery]]:
    """Return the parts of each post, first things first."""
    posts: dict[Post, list[PlannedDelivery]] = {}
    for one in sorted(deliveries, key=lambda one: one.part):
        posts.setdefault(_post_of(one), []).append(one)
    return posts


def _post_of(one: PlannedDelivery) -> Post:
    return (one.channel, one.campaign, one.item, one.occasion, one.language)


def _place(
    one: PlannedDelivery, posts: dict[Post, list[PlannedDelivery]]
) -> tuple[date, datetime, str, bool, Post, int]:
    """Order by moment and channel; what others answer comes before them, parts in their order."""
    answers = posts[_post_of(one)][0].target is not None
    day = one.due_at.astimezone(ZoneInfo(one.zone)).date()
    return day, one.due_at, one.channel, answers, _post_of(one), one.part


def _stands(one: PlannedDelivery, posts: dict[Post, list[PlannedDelivery]]) -> str:
    parts = posts[_post_of(one)]
    said = [f"part {one.part + 1} of {max(part.part for part in parts) + 1}"] * (
        len(parts) > 1 or one.part > 0
    )
    if one.part == 0 and one.target is not None:
        root = next(
            (each for found in posts.values() for each in found if each.key == one.target), None
        )
        leads = f" in {language_name(root.language, PAGE_LANGUAGE)}" if root is not None else ""
        said.append(f"answers the post{leads}")
    if one.payload.also:
        names = (language_name(tag, PAGE_LANGUAGE) for tag in one.payload.also)
        said.append(f"also in {', '.join(names)}")
    return "; ".join(said)


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
    stands = f" · {card.stands}" if card.stands else ""
    lines += wrap(f"{card.campaign} / {card.item}{stands}", "       ")
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
