"""Keeps the garbage collector from looking through a hundred thousand rows, over and over.

Rows are values that hold each other in no ring, so they are freed without it; yet whenever their
number has grown by a quarter it stops every thread to look at each, for some 200 ms with 100,000.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nothing be collected within this block, which ends in seconds.

    Where two overlap, the end of the one that began first ends it for both.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # What was made here counts as old at once, or the next look at the young would see it all.
        gc.freeze()
        gc.unfreeze()
        if was_enabled:
            gc.enable()
