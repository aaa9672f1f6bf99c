"""The plan as a person reads it on a terminal: what changes first, the rest as a count."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

MARKS = {
    "new": ("+", "green"),
    "changed": ("~", "yellow"),
    "withdrawn": ("-", "red"),
    "unchanged": ("=", "dim"),
    "sent": ("✓", "cyan"),
}
REASONS = {
    "approval": "waits for approval",
    "draft": "a draft, never sent",
    "late": "late: release or withdraw it",
    "moved": "posted before: release to post again",
    "person": "held by a person",
    "translation": "waits for a translation",
    "unclear": "may be out there: look",
    "visibility": "lacks its funding statement",
    "withdrawal": "too much would go: confirm the plan",
    "paused": "paused",
    "auth": "the channel's sign-in failed",
}
"""Why something waits, in words."""


def plan_view(document: dict[str, Any], *, everything: bool) -> RenderableType:
    """Render a plan document; without *everything*, unchanged and sent lines are only counted.

    When nothing was waiting yet, every line is new and all are shown.
    """
    lines = document["deliveries"]
    counts = Counter(str(line["change"]) for line in lines)
    shown = [line for line in lines if everything or line["change"] not in {"unchanged", "sent"}]
    # What goes out at one moment stands in the order of accounts, a thread's parts as they follow.
    shown.sort(key=lambda line: (str(line["due_at"]), str(line["channel"])))
    parts: list[RenderableType] = []
    for day, of_day in groupby(shown, key=lambda line: str(line["due_local"])[:10]):
        parts.append(Text(f"\n{datetime.fromisoformat(day):%A %-d %B %Y}", style="bold"))
        parts.append(_day(list(of_day)))
    if document["issues"]:
        parts.append(_issues(document["issues"]))
    if document["skipped"]:
        parts.append(_skipped(document["skipped"], everything=everything))
    if document.get("corrections"):
        parts.append(_corrections(document["corrections"]))
    parts.append(Text(f"\n{_summary(counts, len(document['skipped']))}", style="bold"))
    hidden = len(lines) - len(shown)
    if hidden:
        parts.append(Text(f"{hidden} unchanged or sent are not shown: herald plan --all", "dim"))
    return Group(*parts)


def _day(lines: list[dict[str, Any]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False, expand=True)
    for width in (1, 5, 10, 5):
        table.add_column(min_width=width, max_width=14, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(min_width=7, justify="right", no_wrap=True)
    for line in lines:
        mark, style = MARKS[line["change"]]
        # The words first: on a narrow terminal the end of the line is cut off.
        what = Text()
        if line.get("action") == "boost":
            what.append("(boost) ", style="dim")
        what.append(first_line(line["text"]))
        what.append(f"  {line['campaign']}/{line['item']}", style="dim")
        if line["reason"]:
            what = Text.assemble((f"[{REASONS.get(line['reason'], line['reason'])}] ", "red"), what)
        limit = f"/{line['limit']}" if line["limit"] else ""
        table.add_row(
            Text(mark, style=style),
            str(line["due_local"])[11:16],
            str(line["channel"]),
            str(line["language"]),
            what,
            Text(f"{line['length']}{limit}" if line["length"] else "", style="dim"),
        )
        if line["reason"] == "approval" and line.get("note"):
            note = Text(str(line["note"]), style="yellow", no_wrap=False, overflow="fold")
            table.add_row("", "", "", "", note, "")
    return table


def first_line(text: str) -> str:
    """Return the first line of a text that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "(no text yet)")


def _issues(issues: list[dict[str, Any]]) -> RenderableType:
    """Render the newsletters' issues; the end of a key is its local day."""
    lines = [Text("\nNewsletters", style="bold")]
    for issue in issues:
        name, _, day = str(issue["key"]).rpartition("/")
        lines.append(
            Text(
                f"✉  {datetime.fromisoformat(day):%A %-d %B %Y}  {name}"
                f"  {', '.join(issue['languages'])}  ({issue['state']})"
                + ("  on each reader's own clock" if issue.get("local_time") else "")
            )
        )
    return Group(*lines)


def _skipped(skipped: list[dict[str, Any]], *, everything: bool) -> RenderableType:
    reasons = Counter(
        (str(line["campaign"]), str(line["item"]), str(line["reason"])) for line in skipped
    )
    most = len(reasons) if everything else 8
    lines = [Text("\nNot posted", style="bold")]
    for (campaign, item, reason), count in list(reasons.items())[:most]:
        times = f" ({count} times)" if count > 1 else ""
        lines.append(Text(f"  {campaign}/{item}: {reason}{times}"))
    if len(reasons) > most:
        lines.append(Text(f"  … and {len(reasons) - most} more: herald plan --all", style="dim"))
    return Group(*lines)


def _corrections(corrections: list[dict[str, Any]]) -> RenderableType:
    """Render what was sent and is no longer true; only a person can set it right."""
    lines = [Text("\nStill to be read, no longer true, and yours to correct", style="bold")]
    for line in corrections:
        lines.append(Text(f"  {line['note']}"))
        lines.append(Text(f"    {line['url'] or 'herald outbox show ' + line['key']}", style="dim"))
    return Group(*lines)


def _summary(counts: Counter[str], skipped: int) -> str:
    told = [f"{counts[name]} {name}" for name in MARKS if counts[name]]
    if skipped:
        told.append(f"{skipped} not posted")
    return ", ".join(told) if told else "Nothing is planned in this span."
