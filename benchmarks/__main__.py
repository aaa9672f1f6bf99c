"""Runs every benchmark: ``python -m benchmarks [--small]``."""

from __future__ import annotations

from benchmarks import (
    channels,
    check,
    delivery,
    feeds,
    importing,
    mailing,
    media,
    planning,
    smtp,
    workers,
)


def main() -> None:
    """Run them one after the other, each with the command line's arguments."""
    for benchmark in (
        planning,
        check,
        media,
        channels,
        delivery,
        workers,
        feeds,
        importing,
        smtp,
        mailing,
    ):
        benchmark.main()


if __name__ == "__main__":
    main()
