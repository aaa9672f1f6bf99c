"""A working folder for tests: sound configuration, a picture, and whatever a test adds."""

from __future__ import annotations

import base64
from pathlib import Path

from herald.sources.load import Loaded, Loader

ANCHORS = frozenset({"museum_day", "europe_day"})
NETWORKS = frozenset({"journal", "manual", "mastodon"})

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A picture of one pixel."""

CONFIG = {
    "herald": 'timezone: Europe/Rome\nquiet_hours: "20:00-08:30"\n',
    "channels": "fedi: {network: journal}\nfacebook: {network: manual, label: A page}\n",
    "partners": "argenta: {name: Ecomuseo di Argenta, country: IT, tags: [museums]}\n",
    "projects": "ecoheritage: {name: EcoHeritage, grant: 2020-1-ES01-KA204-082769}\n",
    "lists": "friends: {name: Friends, from: {name: Us, address: us@example.org}}\n",
}


def a_folder(root: Path, **campaigns: str) -> Path:
    """Make a working folder whose campaigns are given by file name and text."""
    for name, text in CONFIG.items():
        write(root, f"config/{name}.yaml", text)
    media = root / "campaigns" / "media"
    media.mkdir(parents=True)
    (media / "dot.png").write_bytes(DOT)
    (media / "note.jpg").write_text("no picture")
    for name, text in campaigns.items():
        write(root, f"campaigns/{name}.yaml", text)
    return root


def write(root: Path, name: str, text: str | bytes) -> Path:
    """Write one file of a working folder."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def a_loader(root: Path) -> Loader:
    """Make a loader that knows a few anchors and the first networks."""
    return Loader(root, anchors=ANCHORS, networks=NETWORKS)


def loaded(root: Path) -> Loaded:
    """Load a folder once."""
    return a_loader(root).load()
