"""A small network's folder for tests of the joined house: a journal, a page, two campaigns."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.sources.folder import DOT, write

MONDAY = datetime(2027, 5, 3, 6, 0, tzinfo=UTC)
"""8:00 in Rome."""

CHANNELS = "trial: {network: journal}\n"

STORIES = """\
campaign: stories
languages: [en, it]
channels: [trial]
items:
  - id: salt-house
    kind: news
    title: {en: The salt house, it: La casa del sale}
    text: {en: Neighbours restored it., it: I vicini l'hanno restaurata.}
    post: 2027-05-03 10:00
  - id: mill
    kind: news
    title: {en: The mill, it: Il mulino}
    post: 2027-05-05 10:00
"""


def a_network(root: Path, **files: str) -> Path:
    """Make a folder with a journal; *files* are campaigns by name, or ``config_NAME``."""
    config = {"herald": "timezone: Europe/Rome\n", "channels": CHANNELS}
    campaigns = {}
    for name, text in files.items():
        if name.startswith("config_"):
            config[name.removeprefix("config_")] = text
        else:
            campaigns[name] = text
    for name, text in config.items():
        write(root, f"config/{name}.yaml", text)
    for name, text in (campaigns or {"stories": STORIES}).items():
        write(root, f"campaigns/{name}.yaml", text)
    return root


def a_picture(root: Path, name: str = "campaigns/media/dot.png") -> Path:
    """Put a picture of one pixel into the folder."""
    return write(root, name, DOT)


def many_items(count: int, *, campaign: str = "many", day: int = 6) -> str:
    """Return a campaign of *count* posts, one a minute from noon on."""
    items = "".join(
        f"  - {{id: item-{nth}, kind: news, title: {{en: Number {nth}}},"
        f" post: 2027-05-{day:02} 12:{nth:02}}}\n"
        for nth in range(count)
    )
    return f"campaign: {campaign}\nlanguages: [en]\nchannels: [trial]\nitems:\n{items}"


def journal(root: Path, channel: str = "trial") -> list[dict[str, Any]]:
    """Return the lines of a journal, in the order in which they were written."""
    path = root / "var" / "journal" / f"{channel}.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
