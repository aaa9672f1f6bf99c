"""How long checking takes: campaign files of 20 items in 4 languages, read from a disk.

Run ``python -m benchmarks.check``; ``--small`` takes a tenth of it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import machine, print_table
from herald.channels.registry import networks
from herald.data.calendar import observances
from herald.sources.load import Loaded, Loader

ITEMS = 20
CONFIG = {
    "herald.yaml": "timezone: Europe/Rome\n",
    "channels.yaml": "fedi: {network: journal, like: mastodon}\n",
    "partners.yaml": (
        "saline: {name: Ecomuseo delle Saline, country: IT, languages: [it],"
        ' feeds: [{url: "https://saline.example.org/feed/", licence: CC-BY-4.0}]}\n'
    ),
}
HEAD = """\
campaign: stories-{number}
title: {{en: Stories from ecomuseums, it: Storie dagli ecomusei}}
timezone: Europe/Rome
languages: [en, it, sl, pl]
channels: [fedi]
starts: 2026-12-01
ends: 2027-11-30

items:
"""
ITEM = """\
  - id: story-{nth}
    kind: news
    partner: saline
    title:
      en: The salt house opens its doors again
      it: La casa del sale riapre le porte
      sl: Hiša soli znova odpira vrata
      pl: Dom soli znów otwiera drzwi
    text:
      en: For thirty years the salt store stood empty. Then its neighbours repaired the roof.
      it: Per trent'anni il magazzino è rimasto vuoto. Poi i vicini hanno riparato il tetto.
      sl: Skladišče soli je trideset let stalo prazno. Potem so sosedje popravili streho.
      pl: Przez trzydzieści lat skład soli stał pusty. Potem sąsiedzi naprawili dach.
    link: "https://example.org/{{language}}/story-{nth}"
    post: 2027-{month:02}-{day:02} 10:00
"""


def main() -> None:
    """Check, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the files")
    sizes = (10, 100) if parser.parse_args().small else (10, 100, 1000)
    print(f"Check on {machine()}\n")
    rows = [measure(size) for size in sizes]
    print("Campaign files of 20 items in 4 languages: all read, none changed, one changed")
    print_table(("files", "MB", "all s", "files/s", "none s", "one s"), rows)


def measure(size: int) -> tuple[str, ...]:
    """Check *size* files three times and return the row of a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write(folder, size)
        loader = Loader(folder, anchors=frozenset(observances()), networks=frozenset(networks()))
        every = seconds_to_load(loader, size)
        none = seconds_to_load(loader, size)
        paths[0].write_text(paths[0].read_text("utf-8") + "# changed\n", "utf-8")
        one = seconds_to_load(loader, size)
        megabytes = sum(path.stat().st_size for path in paths) / 1e6
    return (
        f"{size:,}",
        f"{megabytes:.1f}",
        f"{every:.2f}",
        f"{size / every:,.0f}",
        f"{none:.3f}",
        f"{one:.3f}",
    )


def seconds_to_load(loader: Loader, size: int) -> float:
    """Return how long a load takes; every file must be sound."""
    begun = time.perf_counter()
    loaded: Loaded = loader.load()
    took = time.perf_counter() - begun
    assert (len(loaded.campaigns), loaded.broken) == (size, ()), loaded.problems[:3]
    return took


def write(folder: Path, size: int) -> list[Path]:
    """Write *size* campaign files and their configuration."""
    for part in ("campaigns", "config"):
        (folder / part).mkdir()
    for name, text in CONFIG.items():
        (folder / "config" / name).write_text(text, "utf-8")
    paths = [folder / "campaigns" / f"stories-{number}.yaml" for number in range(size)]
    for number, path in enumerate(paths):
        items = (ITEM.format(nth=nth, month=nth % 11 + 1, day=nth % 27 + 1) for nth in range(ITEMS))
        path.write_text(HEAD.format(number=number) + "".join(items), "utf-8")
    return paths


if __name__ == "__main__":
    main()
