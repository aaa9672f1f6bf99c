"""The year ahead as a person reads it on a terminal of 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from herald.model.delivery import Delivery
from herald.model.mailing import Issue, IssueReason, IssueState
from herald.reporting.planview import REASONS
from herald.simulating.outlook import Late, Outlook, Unsent
from herald.simulating.troubles import Level

_MOST = 8
"""Lines of one kind; the JSON document has them all."""
_BAR = 24
_TROUBLE = {
    Level.NONE: "networks never fail, Herald is never off",
    Level.USUAL: "each network is away for some 2 days",
    Level.BAD: "each network is away for some 11 days, Herald often off",
}


def outlook_view(outlook: Outlook) -> RenderableType:
    """Render *outlook*."""
    parts: list[RenderableType] = [_heading(outlook)]
    for make in (_months, _chart, _busiest, _dry, _unsent, _late, _waiting, _issues, _left_out):
        parts += make(outlook)
    parts.append(_end(outlook))
    return Group(*parts)


def _heading(outlook: Outlook) -> RenderableType:
    first, last = outlook.begins.date(), (outlook.until - timedelta.resolution).date()
    lines: list[RenderableType] = [
        Text(f"From {first:%-d %B %Y} to {last:%-d %B %Y}, as it would go", style="bold"),
        _assumed(f"trouble: {outlook.level} ({_TROUBLE[outlook.level]})"),
        _assumed(_approval_words(outlook.approve_after)),
        _assumed(_news_words(outlook)),
        _assumed(f"by chance number {outlook.seed}: --seed N shows another year of the kind"),
    ]
    if outlook.broken:
        files = ", ".join(outlook.broken)
        lines.append(_hung("  ", f"broken: {files}: only what waits already is told", "yellow"))
    return Group(*lines)


def _assumed(words: str) -> RenderableType:
    return _hung("  ", words, "dim")


def _hung(begin: str, words: str, style: str = "") -> RenderableType:
    """Return a line that goes on below its own words where the terminal is narrow."""
    line = Table.grid()
    line.add_column(no_wrap=True)
    line.add_column()
    line.add_row(Text(begin, style=style), Text(words, style=style))
    return line


def _approval_words(after: timedelta | None) -> str:
    if after is None:
        return "approvals: nobody gives any"
    days = "1 day" if after.days == 1 else f"{after.days} days"
    return f"approvals: given {days} after they are asked for"


def _news_words(outlook: Outlook) -> str:
    rate = sum(outlook.a_week.values())
    if not rate:
        return "partners' news: none (none was read in the last four weeks)"
    count = sum(1 for each in outlook.a_week.values() if each)
    partners = "1 partner" if count == 1 else f"{count} partners"
    return f"partners' news: {rate:.1f} a week from {partners}, as in the last four weeks"


def _title(words: str) -> Text:
    return Text(f"\n{words}", style="bold")


def _months(outlook: Outlook) -> list[RenderableType]:
    table = outlook.months()
    if not table:
        return [_title("Nothing would go out.")]
    total = Counter[str]()
    for months in table.values():
        total.update(months)
    names = _span(min(total), max(total))
    shown: list[RenderableType] = [_title("What goes out, by month")]
    spans = (names[:13], names[13:26], names[26:])
    shown += [_month_table(table, some, total) for some in spans if some]
    return shown


def _month_table(
    table: dict[tuple[str, str], Counter[str]], names: Sequence[str], total: Counter[str]
) -> Table:
    view = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    view.add_column("", max_width=15, no_wrap=True, overflow="ellipsis")
    for name in names:
        label = f"{date.fromisoformat(f'{name}-01'):%b}"
        view.add_column(label, justify="right", no_wrap=True)
    for (channel, language), months in table.items():
        view.add_row(f"{channel[:11]} {language}", *(str(months[name] or "·") for name in names))
    view.add_row(Text("all", style="bold"), *(str(total[name] or "·") for name in names))
    return view


def _span(first: str, last: str) -> list[str]:
    """Return every month from *first* to *last* (``2027-05``), both included."""
    names, (year, month) = [], (int(first[:4]), int(first[5:]))
    while (name := f"{year:04}-{month:02}") <= last:
        names.append(name)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return names


def _chart(outlook: Outlook) -> list[RenderableType]:
    """Render a bar for each month, so that a full one and an empty one are seen at once."""
    total = Counter[str]()
    for months in outlook.months().values():
        total.update(months)
    if not total:
        return []
    most = max(total.values())
    lines: list[RenderableType] = [Text("")]
    for name in _span(min(total), max(total)):
        bar = "█" * max(round(total[name] / most * _BAR), 1 if total[name] else 0)
        label = f"{date.fromisoformat(f'{name}-01'):%b %Y}"
        lines.append(Text.assemble((f"{label}  ", ""), (bar, "cyan"), (f" {total[name]}", "dim")))
    return lines


def _busiest(outlook: Outlook) -> list[RenderableType]:
    days = outlook.busiest()
    if not days:
        return []
    told = ", ".join(f"{day:%a %-d %b} ({count})" for day, count in days)
    return [_title("Busiest days"), _hung("  ", told)]


def _dry(outlook: Outlook) -> list[RenderableType]:
    if not outlook.dry:
        return []
    lines: list[RenderableType] = [_title("What runs dry")]
    for one in outlook.dry:
        name = f"{one.campaign}/{one.item}" if one.item else one.campaign
        lines.append(_hung(f"  {one.on:%-d %b %Y}  ", f"{name}: {one.note}"))
    return lines


def _unsent(outlook: Outlook) -> list[RenderableType]:
    if not outlook.unsent:
        return []
    lines: list[RenderableType] = [_title(f"Would not go out: {len(outlook.unsent)}")]
    groups = Counter(_unsent_words(one) for one in outlook.unsent)
    first = {_unsent_words(one): one.row for one in reversed(outlook.unsent)}
    for words, count in groups.most_common(_MOST):
        lines.append(_count_line(count, words, first[words]))
    return [*lines, *_more(len(groups))]


def _unsent_words(one: Unsent) -> str:
    reason = REASONS.get(str(one.row.reason), "") if one.row.reason else ""
    why = reason or one.why
    return f"{one.row.campaign}: {why}"


def _count_line(count: int, words: str, row: Delivery) -> RenderableType:
    return _hung(f"  {count:>4}  ", f"{words} (first: {row.item}, {row.due_at:%-d %b})")


def _late(outlook: Outlook) -> list[RenderableType]:
    if not outlook.late:
        return []
    worst = max(outlook.late, key=lambda one: one.by)
    lines: list[RenderableType] = [_title(f"Late: {len(outlook.late)}, at most {_hours(worst.by)}")]
    groups = Counter((one.row.channel, one.why) for one in outlook.late)
    for (channel, why), count in groups.most_common(_MOST):
        longest = max(_of(outlook.late, channel, why), key=lambda one: one.by)
        words = f"{channel}: {why} (up to {_hours(longest.by)})"
        lines.append(_hung(f"  {count:>4}  ", words))
    return [*lines, *_more(len(groups))]


def _of(late: Iterable[Late], channel: str, why: str) -> list[Late]:
    return [one for one in late if (one.row.channel, one.why) == (channel, why)]


def _hours(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _waiting(outlook: Outlook) -> list[RenderableType]:
    """Say how much work the year holds for people: approvals, and words that are missing."""
    lines: list[RenderableType] = []
    if outlook.approvals:
        lines.append(_title("Waits for an approval"))
        lines += [_hung(f"  {count:>4}  ", name) for name, count in outlook.approvals.items()]
    if outlook.wordless:
        lines.append(_title("Has no words in a language, and is not posted in it"))
        lines += [
            _hung(f"  {count:>4}  ", f"{campaign}: {language}")
            for (campaign, language), count in outlook.wordless.items()
        ]
    return lines


def _issues(outlook: Outlook) -> list[RenderableType]:
    """Render a line for each newsletter and what its issues come to, the first of them named."""
    if not outlook.issues:
        return []
    lines: list[RenderableType] = [_title("Newsletters")]
    groups: dict[tuple[str, str], list[Issue]] = {}
    for issue in outlook.issues:
        name = f"{issue.campaign}/{issue.newsletter}"
        groups.setdefault((name, _issue_words(issue)), []).append(issue)
    for (name, words), some in groups.items():
        days = f"{some[0].local_date:%-d %b %Y}"
        days += f" to {some[-1].local_date:%-d %b %Y}" if len(some) > 1 else ""
        style = "" if some[0].state in _ISSUE_ENDS else "yellow"
        lines.append(_hung(f"  {len(some):>4}  ", f"{name} {words} ({days})", style))
    return lines


def _issue_words(issue: Issue) -> str:
    """Say what an issue comes to, the same for those that come to the same."""
    if issue.state in _ISSUE_ENDS:
        return _ISSUE_ENDS[issue.state]
    if issue.reason is IssueReason.WRITING:
        return f"waits: {issue.note.split(' (')[0]}" if issue.note else "waits to be written"
    waits = "waits for an approval" if issue.reason is IssueReason.APPROVAL else "waits"
    return f"{waits}: {issue.note}" if issue.note else waits


_ISSUE_ENDS = {
    IssueState.SENT: "goes out",
    IssueState.EMPTY: "has nothing to say",
    IssueState.CANCELLED: "is cancelled",
    IssueState.PENDING: "is not put together yet",
}


def _left_out(outlook: Outlook) -> list[RenderableType]:
    if not outlook.left_out:
        return []
    lines: list[RenderableType] = [_title("Not posted")]
    for (campaign, item, reason), count in list(outlook.left_out.items())[:_MOST]:
        times = f" ({count} times)" if count > 1 else ""
        lines.append(_hung("  ", f"{campaign}/{item}: {reason}{times}"))
    return [*lines, *_more(len(outlook.left_out))]


def _more(count: int) -> list[RenderableType]:
    if count <= _MOST:
        return []
    return [Text(f"  … and {count - _MOST} more kinds: --json has them all", style="dim")]


def _end(outlook: Outlook) -> RenderableType:
    count = len(outlook.sent)
    words = f"\n{count} posts would go out. Nothing was sent, and nothing was changed."
    return Text(words, style="bold")
