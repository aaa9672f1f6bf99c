"""Fuzzes the whole path of partner feeds for as long as one likes, on one core.

    HERALD_FUZZ_SECONDS=600 HERALD_FUZZ_SEED=7 python -m tests.fuzz

The exit status is 1 if there is a finding. A finding names its document by number:
``HERALD_FUZZ_DOCUMENT=1234`` with the same seed writes that document to standard output instead.
"""

from __future__ import annotations

import asyncio
import os
import sys

from tests.fuzz.run import document, fuzz


def main() -> int:
    """Fuzz, and print what was found."""
    seed = int(os.environ.get("HERALD_FUZZ_SEED", "1"))
    if number := os.environ.get("HERALD_FUZZ_DOCUMENT"):
        sys.stdout.buffer.write(document(seed, int(number))[1])
        return 0
    seconds = float(os.environ.get("HERALD_FUZZ_SECONDS", "600"))
    tally = asyncio.run(fuzz(seed, seconds=seconds))
    print(f"seed {seed}: {tally}")  # noqa: T201 - this is a command
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
