"""How long it takes to make a photograph of 12 million pixels ready, and how much memory.

Beside plain Pillow, which opens, turns, scales and saves it to the same size: without the colours
of its camera made plain, without a look at the network's bytes, and encoded once.

Run ``python -m benchmarks.media``; ``--small`` takes a tenth of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from functools import cache
from io import BytesIO
from multiprocessing.context import SpawnContext

from PIL import Image, ImageOps

from benchmarks.measuring import machine, peak_memory, print_table
from herald.data.networks import network_facts
from herald.media.fitting import limits_of
from herald.media.looking import look_at
from herald.media.prepare import prepare

SIZE = (4000, 3000)
TIMES = 20
NETWORKS = ("bluesky", "instagram", "mastodon", "matrix", "telegram")
HEAD = ("for", "per second", "ms each", "peak MB", "MB sent", "pixels sent", "times as long")
_TURNED = 6
"""As a telephone held upright stores it."""


def main() -> None:
    """Measure each network in a process of its own, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of the pictures")
    times = TIMES // 10 if parser.parse_args().small else TIMES
    content = photograph()
    print(f"A JPEG of 12 million pixels, {len(content) / 1e6:.1f} MB, held upright; {machine()}")
    alone = multiprocessing.get_context("spawn")
    rows = [("look at it only", *_alone(alone, looked_at, content, times))]
    for network in NETWORKS:
        herald = _alone(alone, measured, network, content, times)
        width, height = (int(side) for side in herald[-1].split(" x "))
        pillow = _alone(alone, plain, content, (width, height), times)
        longer = f"{float(herald[1]) / float(pillow[1]):.1f}"
        rows += [(network, *herald, longer), ("  Pillow alone", *pillow)]
    print_table(HEAD, [(*row, *[""] * (len(HEAD) - len(row))) for row in rows])


def measured(network: str, content: bytes, times: int) -> tuple[str, ...]:
    """Return how *content* is made ready for *network*, *times* times."""
    limits = limits_of(network_facts()[network].capabilities)

    def once() -> tuple[int, str]:
        picture = prepare(content, limits)
        return len(picture.content), f"{picture.width} x {picture.height}"

    return _told(once, times)


def plain(content: bytes, size: tuple[int, int], times: int) -> tuple[str, ...]:
    """Return how Pillow alone makes *content* as large as *size*, *times* times."""

    def once() -> tuple[int, str]:
        with Image.open(BytesIO(content)) as opened:
            turned = ImageOps.exif_transpose(opened)
            scaled = turned if turned.size == size else turned.resize(size)
            written = BytesIO()
            scaled.save(written, "JPEG", quality=90)
        return len(written.getvalue()), f"{size[0]} x {size[1]}"

    return _told(once, times)


def looked_at(content: bytes, times: int) -> tuple[str, ...]:
    """Return how *content* is looked at, *times* times."""

    def once() -> tuple[int, str]:
        look_at(content)
        return 0, ""

    return _told(once, times)[:3]


def _told(once: Callable[[], tuple[int, str]], times: int) -> tuple[str, ...]:
    sent, size = 0, ""
    began = time.perf_counter()
    for _ in range(times):
        sent, size = once()
    took = (time.perf_counter() - began) / times
    peak = f"{peak_memory() / 1e6:.0f}"
    return f"{1 / took:.1f}", f"{took * 1000:.0f}", peak, f"{sent / 1e6:.2f}", size


def _alone(
    alone: SpawnContext, measure: Callable[..., tuple[str, ...]], *arguments: object
) -> tuple[str, ...]:
    """Measure in a process of its own, so that its peak is no other's."""
    with alone.Pool(1) as pool:
        return pool.apply(measure, arguments)


@cache
def photograph() -> bytes:
    """Make something that is as hard to encode as a photograph: shades, and grain over them."""
    shades = [Image.linear_gradient("L").rotate(90 * turn).resize(SIZE) for turn in range(3)]
    grain = Image.effect_noise(SIZE, 24)
    image = Image.merge("RGB", [Image.blend(shade, grain, 0.25) for shade in shades])
    exif = Image.Exif()
    exif[0x0112] = _TURNED
    written = BytesIO()
    image.save(written, "JPEG", quality=90, exif=exif.tobytes())
    return written.getvalue()


if __name__ == "__main__":
    main()
