"""The preview: each planned post as its channel will show it, for a browser and for a terminal."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import groupby

from rich.console import Console
from rich.text import Text

from herald.composing.dates import spell
from herald.model.plan import Plan, Skipped
from herald.reporting.pages import render_page
from herald.reporting.posttext import plain
from herald.reporting.previewposts import PAGE_LANGUAGE, counting_rules, day_name, posts_of
from herald.reporting.previewvalues import Counter, Part, Post, Sight, Thumb

MANY = 200
"""From so many posts on a browser lays out only those near to what is seen."""
_NARROWEST = 30
_CONSOLE = Console(width=100, color_system=None)
"""Only asked where lines break; it prints nothing."""
_NOTHING = Sight()
Wrap = Callable[[str, str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The posts of one occasion, in all its languages and on all its channels."""

    id: str
    title: str
    campaign: str
    item: str
    partner: str
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The posts of one local day."""

    date: date
    name: str
    subjects: tuple[Subject, ...]

    @property
    def posts(self) -> int:
        """How many there are."""
        return sum(len(subject.posts) for subject in self.subjects)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Things that will not be posted for one reason."""

    what: str
    reason: str
    where: str


def render_preview_html(
    plan: Plan, *, title: str, moment: datetime, sight: Sight = _NOTHING
) -> str:
    """Render *plan* as one HTML page, made at *moment*: no scripts, and nothing else is fetched.

    *sight* holds what is to be seen beside the words.
    """
    posts = posts_of(plan.deliveries, sight)
    return render_page(
        "preview.html",
        title=title,
        made=f"{spell(moment, PAGE_LANGUAGE)} {moment.tzname() or ''}".strip(),
        days=_days(posts),
        posts=len(posts),
        many=len(posts) >= MANY,
        waiting=sum(1 for post in posts if post.notes),
        out=sum(1 for post in posts if post.is_out),
        channels=Tally(post.channel for post in posts).most_common(),
        languages=Tally(post.language_name for post in posts).most_common(),
        left_out=_left_out(plan.skipped),
        issues=plan.issues,
        problems=[str(problem) for problem in plan.problems],
        thumbs=_thumbs(posts),
        pictures_left_out=sight.left_out,
        rules=counting_rules(posts, sight),
    )


def render_preview_text(plan: Plan, *, width: int, sight: Sight = _NOTHING) -> str:
    """Render *plan* as plain text, *width* columns wide; wide characters count two."""
    wrap = partial(_wrapped, width=max(width, _NARROWEST))
    posts = posts_of(plan.deliveries, sight)
    lines: list[str] = []
    for day, of_day in groupby(posts, key=lambda post: post.local.date()):
        name = day_name(day)
        lines += ["", name, "─" * len(name)]
        for post in of_day:
            lines += _post_lines(post, wrap, max(width, _NARROWEST))
    left_out = _left_out(plan.skipped)
    if left_out:
        lines += ["", "Not posted", "──────────"]
        for entry in left_out:
            lines += wrap(_left_out_line(entry), "  ")
    return "\n".join(lines).strip("\n") or "Nothing is planned in this span."


def _days(posts: Iterable[Post]) -> tuple[Day, ...]:
    return tuple(
        Day(date=day, name=day_name(day), subjects=_subjects(tuple(of_day)))
        for day, of_day in groupby(posts, key=lambda post: post.local.date())
    )


def _subjects(posts: tuple[Post, ...]) -> tuple[Subject, ...]:
    """Put what is about one thing side by side, in the order of its first post."""
    together: dict[tuple[str, ...], list[Post]] = {}
    for post in posts:
        together.setdefault(post.subject, []).append(post)
    return tuple(
        Subject(
            id=found[0].id,
            title=found[0].said_of,
            campaign=found[0].campaign,
            item=found[0].item,
            partner=found[0].partner,
            posts=tuple(found),
        )
        for found in together.values()
    )


def _thumbs(posts: Iterable[Post]) -> tuple[Thumb, ...]:
    """Return every picture that is shown, once."""
    found: dict[str, Thumb] = {}
    for part in (part for post in posts for part in post.parts):
        shown = [picture.thumb for picture in part.pictures]
        shown += [part.card.thumb] if part.card else []
        found.update({thumb.id: thumb for thumb in shown if thumb})
    return tuple(found.values())


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


# ---------------------------------------------------------------------- on a terminal


def _post_lines(post: Post, wrap: Wrap, width: int) -> list[str]:
    lines: list[str] = []
    for part in post.parts:
        count = _count(part.counters)
        head = f"{post.local:%H:%M}  {post.channel} ({post.network}) · {post.language_name}"
        lines += ["", f"{head}{count:>{max(len(count) + 2, width - len(head))}}"]
        said = [f"part {part.number} of {post.of}"] * (post.of > 1)
        said += [post.stands] * bool(post.stands and part is post.parts[0])
        stands = f" · {'; '.join(said)}" if said else ""
        lines += wrap(f"{post.campaign} / {post.item}{stands}", "       ")
        lines += _part_lines(part, wrap)
    return lines


def _part_lines(part: Part, wrap: Wrap) -> list[str]:
    lines: list[str] = []
    for note in part.notes:
        lines += wrap(f"! {note}", "       ")
    if not part.paragraphs:
        lines += ["  │", "  │ (no text yet)"]
    for paragraph in part.paragraphs:
        text = "".join(segment.text for segment in paragraph.segments)
        lines += ["  │", *wrap(text, "  │ ")]
    for shown in part.pictures:
        lines += ["  │", *wrap(f"[{shown.name}: {shown.alt or 'no description'}]", "  │ ")]
    if part.card:
        lines += ["  │", *wrap(f"[link card: {part.card.title} ({part.card.site})]", "  │ ")]
    return lines


def _count(counters: tuple[Counter, ...]) -> str:
    """Spell lengths against limits; a second one only where it may be what binds."""
    said = [f"{one.length}/{one.limit}" if one.limit else f"{one.length}" for one in counters[:1]]
    said += [
        f"{one.length}/{one.limit} {one.unit}" for one in counters[1:] if one.fullness != "room"
    ]
    return ", ".join(said)


def _wrapped(text: str, lead: str, *, width: int) -> list[str]:
    """Return *text* in lines that fit beside *lead*; a link longer than that is folded."""
    folded = Text(text).wrap(_CONSOLE, width - len(lead), overflow="fold")
    return [f"{lead}{line.plain.rstrip()}" for line in folded]
