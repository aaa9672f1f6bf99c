"""The outbox as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from herald.model.delivery import Delivery
from herald.reporting.planview import REASONS, first_line

STYLES = {
    "pending": "default",
    "claimed": "yellow",
    "held": "red",
    "sent": "green",
    "failed": "bold red",
    "expired": "dim",
    "withdrawn": "dim",
}

_KEY = 8
"""Digits of a key that are shown."""

_SAID = {
    "action": "does",
    "target": "follows",
    "note": "why",
    "due_local": "due",
    "not_after_at": "never after",
    "sent_at": "sent",
    "url": "where",
    "error": "trouble",
}
"""What a person reads for the names of a document."""


def outbox_view(deliveries: Sequence[Delivery]) -> RenderableType:
    """Render deliveries as a table, one a line."""
    if not deliveries:
        return Text("Nothing here.")
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim", expand=True)
    # Expanded, so that the last column alone is cut: a cut key cannot be copied.
    for name in ("key", "when", "channel", "", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("what", ratio=1, overflow="ellipsis", no_wrap=True)
    for delivery in sorted(deliveries, key=_in_threads):
        local = delivery.due_at.astimezone(ZoneInfo(delivery.zone))
        table.add_row(
            delivery.key[:_KEY],
            f"{local:%Y-%m-%d %H:%M}",
            delivery.channel,
            delivery.language,
            Text(delivery.state, style=STYLES[delivery.state]),
            _what(delivery),
        )
    counted = "1 delivery" if len(deliveries) == 1 else f"{len(deliveries)} deliveries"
    return Group(table, Text(f"\n{counted}", style="bold"))


def delivery_view(document: dict[str, Any]) -> RenderableType:
    """Render one delivery's document with its text and its attempts."""
    facts = Table.grid(padding=(0, 2))
    for name in ("key", "campaign", "item", "occasion", "partner", "channel", "language"):
        if document[name]:
            facts.add_row(Text(name, style="dim"), Text(str(document[name])))
    state = str(document["state"])
    if document["reason"]:
        state += f": {REASONS.get(document['reason'], document['reason'])}"
    facts.add_row(Text("state", style="dim"), Text(state, style=STYLES[document["state"]]))
    for name, said in _SAID.items():
        if document.get(name):
            facts.add_row(Text(said, style="dim"), Text(_spelled(str(document[name]))))
    if document.get("part"):
        facts.add_row(Text("part", style="dim"), Text(f"{document['part'] + 1} of its thread"))
    for correction in document.get("corrected_by", ()):
        facts.add_row(Text("corrected", style="dim"), Text(_correction(correction)))
    if reactions := document.get("reactions"):
        facts.add_row(Text("reactions", style="dim"), Text(_reactions(reactions)))
    parts: list[RenderableType] = [facts, Text(f"\n{document['text']}\n")]
    parts.extend(
        Text(f"picture: {media.get('file') or media.get('url')} — {media['alt'] or 'no words'}")
        for media in document["media"]
    )
    parts.extend(
        Text(
            f"attempt {_spelled(attempt['started_at'])}: {attempt['outcome'] or 'no answer yet'}"
            f"{' ' + str(attempt['status']) if attempt['status'] else ''}"
            f"{' — ' + attempt['answer'] if attempt['answer'] else ''}"
        )
        for attempt in document["attempts_made"]
    )
    return Group(*parts)


def _reactions(document: dict[str, Any]) -> str:
    """Say in a line how often a post was passed on, liked and answered."""
    named = ", ".join(
        f"{document[name]} {name}"
        for name in ("boosts", "likes", "replies")
        if document[name] is not None
    )
    return f"{named} (counted {_spelled(document['counted_at'])})"


def _correction(document: dict[str, Any]) -> str:
    """Say in a line what corrects a post."""
    verb = {"edit": "edited", "delete": "deleted", "reply": "answered"}[document["action"]]
    when = _spelled(str(document["sent_at"] or document["state"]))
    told = f"{verb} by {document['key'][:_KEY]}: {when}"
    return told if document["action"] == "delete" else f"{told}  {first_line(document['text'])}"


def _spelled(told: str) -> str:
    """Return a document's moment as people write it; other words as they are."""
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return told
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}"


def _in_threads(delivery: Delivery) -> tuple[datetime, str, int]:
    """Return the place of *delivery* by its moment, the parts of a thread in their order."""
    return delivery.due_at, delivery.thread or delivery.key, delivery.part


def _what(delivery: Delivery) -> Text:
    what = Text()
    if delivery.reason and delivery.state in {"held", "pending"}:
        what.append(f"[{REASONS[delivery.reason]}] ", style="red")
    elif delivery.state == "failed" and delivery.error:
        what.append(f"[{delivery.error}] ", style="red")
    elif delivery.state == "pending" and delivery.target and delivery.note:
        what.append(f"[{delivery.note}] ", style="yellow")
    if delivery.corrects or delivery.action == "boost":
        verb = "reply" if delivery.action == "create" else delivery.action
        what.append(f"({verb}) ", style="dim")
    elif delivery.part:
        what.append(f"({delivery.part + 1}) ", style="dim")
    # The words first: on a narrow terminal the end of the line is cut off.
    what.append(first_line((delivery.frozen or delivery.payload).text))
    what.append(f"  {delivery.campaign}/{delivery.item}", style="dim")
    return what
