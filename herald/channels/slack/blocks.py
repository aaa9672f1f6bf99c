"""A post as Slack's blocks, and back. Pure.

Rich text is shown to the letter, without any markup; only links are marked
(https://docs.slack.dev/reference/block-kit/blocks/rich-text-block). The same text stands beside
the blocks for notifications and screen readers, its three reserved characters escaped
(https://docs.slack.dev/messaging/formatting-message-text).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from herald.composing.entities import URL

_BESIDE_MOST = 4000
"""Characters of the text beside the blocks; more cannot be edited."""
_BEGINNING = 700
"""Of a text that is longer once it is escaped; each character becomes five at most."""


def rich_text(text: str) -> dict[str, Any]:
    """Return *text* as one block of rich text."""
    section = {"type": "rich_text_section", "elements": list(_elements(text))}
    return {"type": "rich_text", "elements": [section]}


def image(file: str, *, alt: str) -> dict[str, Any]:
    """Return the block that shows an uploaded picture."""
    return {"type": "image", "slack_file": {"id": file}, "alt_text": alt}


def beside(text: str) -> str:
    """Return the text that stands beside the blocks; the beginning of one that is too long."""
    whole = _escaped(text)
    return whole if len(whole) <= _BESIDE_MOST else f"{_escaped(text[:_BEGINNING])}…"


def read_text(blocks: object) -> str | None:
    """Return what the rich text among *blocks* says; None where there is none."""
    for block in _objects(blocks):
        if block.get("type") == "rich_text":
            sections = _objects(block.get("elements"))
            parts = (one for section in sections for one in _objects(section.get("elements")))
            return "".join(str(one.get("text") or one.get("url") or "") for one in parts)
    return None


def kept_images(blocks: object) -> list[dict[str, Any]]:
    """Return the pictures among *blocks* as they are sent: Slack tells more than it takes."""
    kept = []
    for block in _objects(blocks):
        file = block.get("slack_file")
        if block.get("type") == "image" and isinstance(file, dict) and file.get("id"):
            kept.append(image(str(file["id"]), alt=str(block.get("alt_text") or "")))
    return kept


def _elements(text: str) -> Iterator[dict[str, str]]:
    end = 0
    for match in URL.finditer(text):
        if match[0].casefold().startswith(("https://", "http://")):
            yield from _plain(text[end : match.start()])
            yield {"type": "link", "url": match[0]}
            end = match.end()
    yield from _plain(text[end:])


def _plain(text: str) -> Iterable[dict[str, str]]:
    return [{"type": "text", "text": text}] if text else []


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
