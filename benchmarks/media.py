"""How long it takes to make a photograph of 12 million pixels ready, and how much memory.

Run ``python -m benchmarks.media``; ``--small`` takes a tenth of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from functools import cache
from io import BytesIO

from PIL import Image

from benchmarks.measuring import machine, print_table
from herald.data.networks import network_facts
from herald.media.fitting import Limits, limits_of
from herald.media.looking import look_at
from herald.media.prepare import prepare

SIZE = (4000, 3000)
TIMES = 20
NETWORKS = ("bluesky", "instagram", "mastodon", "matrix", "telegram")
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
    rows = []
    for network in ("look at it only", *NETWORKS):
        with alone.Pool(1) as pool:
            rows.append(pool.apply(measured, (network, content, times)))
    print_table(("for", "per second", "ms each", "peak MB", "MB sent", "pixels sent"), rows)


def measured(network: str, content: bytes, times: int) -> tuple[str, ...]:
    """Return a row of the table: how *content* is made ready for *network*, *times* times."""
    facts = network_facts().get(network)
    limits = limits_of(facts.capabilities) if facts else None
    made = "", ""
    began = time.perf_counter()
    for _ in range(times):
        made = _once(content, limits)
    took = (time.perf_counter() - began) / times
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (network, f"{1 / took:.1f}", f"{took * 1000:.0f}", f"{peak:.0f}", *made)


def _once(content: bytes, limits: Limits | None) -> tuple[str, str]:
    if limits is None:
        look_at(content)
        return "", ""
    picture = prepare(content, limits)
    return f"{len(picture.content) / 1e6:.2f}", f"{picture.width} x {picture.height}"


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
