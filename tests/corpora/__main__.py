"""Asks Herald's parser what other projects expect of theirs, and prints every difference.

    python -m tests.corpora feedparser=FOLDER gofeed=FOLDER miniflux=FOLDER documents=FOLDER

Each FOLDER is one that its project publishes: ``tests`` of feedparser's source distribution,
``testdata/translator`` of gofeed, ``internal/reader`` of Miniflux; ``documents`` takes any folder
of feeds and only sees that none breaks the parser. Nothing of them is kept here.

Herald reads plain documents off their tree and leaves the others to feedparser; for each corpus
this prints how many were plain, and every difference between the two ways: there must be none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from tests.corpora import documents, feedparser_suite, gofeed, miniflux
from tests.corpora.cases import Case, Finding, findings
from tests.corpora.shortcut import Comparison, compare

CORPORA: dict[str, Callable[[Path], Iterator[Case]]] = {
    "feedparser": feedparser_suite.cases,
    "gofeed": gofeed.cases,
    "miniflux": miniflux.cases,
    "documents": documents.cases,
}


@dataclass(slots=True)
class Tally:
    """How a corpus went."""

    cases: int = 0
    asked: int = 0
    """Cases with an expected value that Herald reads."""
    agreed: int = 0
    beyond: int = 0
    """Cases that only ask for what is no part of Herald's entries."""
    broken: list[str] = field(default_factory=list)
    """Cases that raised: there must be none."""
    differing: list[Finding] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def tally(cases: Iterator[Case]) -> Tally:
    """Run *cases* and count."""
    found = Tally()
    for case in cases:
        found.cases += 1
        begun = perf_counter()
        try:
            differing = findings(case)
        except Exception as error:  # noqa: BLE001 -- a crash is what this looks for
            found.broken.append(f"{case.name}: {error!r}")
            continue
        found.slowest = max(found.slowest, (perf_counter() - begun, case.name))
        found.asked += bool(case.checks)
        found.agreed += bool(case.checks) and not differing
        found.beyond += not case.checks and bool(case.beyond)
        found.differing.extend(differing)
    return found


def main(arguments: list[str]) -> int:
    """Run the named corpora; the exit status is 1 if a document broke the parser or differs."""
    pairs = [argument.partition("=") for argument in arguments]
    if not pairs or any(name not in CORPORA or not folder for name, _, folder in pairs):
        print(__doc__)  # noqa: T201 -- this is a command
        return 2
    faults = 0
    for name, _, folder in pairs:
        found = tally(CORPORA[name](Path(folder)))
        ways = compare(CORPORA[name](Path(folder)))
        faults += len(found.broken) + len(ways.differing)
        for line in (*found.broken, *map(str, found.differing), *ways.differing):
            print(line)  # noqa: T201
        print(_summary(name, found, ways))  # noqa: T201
    return 1 if faults else 0


def _summary(name: str, found: Tally, ways: Comparison) -> str:
    seconds, slowest = found.slowest
    return (
        f"{name}: {found.cases} documents, {found.asked} with values that Herald reads,"
        f" {found.agreed} agree; {found.beyond} ask only for other things;"
        f" {len(found.broken)} broke the parser; slowest {seconds:.2f} s ({slowest});"
        f" {ways.taken} of {ways.documents} XML documents are plain,"
        f" {len(ways.differing)} differences to feedparser"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
