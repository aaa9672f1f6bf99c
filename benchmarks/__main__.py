"""Runs every benchmark: ``python -m benchmarks [--small]``."""

from __future__ import annotations

from benchmarks import channels, check, delivery, feeds, media, planning, smtp, workers


def main() -> None:
    """Run them one after the other, each with the command line's arguments."""
    for benchmark in (planning, check, media, channels, delivery, workers, feeds, smtp):
        benchmark.main()


if __name__ == "__main__":
    main()
