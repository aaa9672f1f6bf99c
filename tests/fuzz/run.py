"""Fuzzes for some time: documents by number, each the same for the same seed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as Folder
from random import Random
from tempfile import TemporaryDirectory

from tests.fuzz.mutators import spoil
from tests.fuzz.path import Finding, Stages, a_path
from tests.fuzz.seeds import SEEDS, Seed

ROUND = 150
"""Documents that share a past; then the store is empty again."""


@dataclass(slots=True)
class Tally:
    """How a run went."""

    documents: int = 0
    read: int = 0
    entries: int = 0
    deliveries: int = 0
    slowest: tuple[float, str] = (0.0, "")
    findings: list[tuple[int, Finding]] = field(default_factory=list)
    """With the number of the document."""

    def __str__(self) -> str:
        seconds, step = self.slowest
        kinds = Counter(finding.kind for _, finding in self.findings)
        first = {finding.kind: (number, finding) for number, finding in reversed(self.findings)}
        summary = (
            f"{self.documents} documents, {self.read} read, {self.entries} entries,"
            f" {self.deliveries} deliveries; slowest step {seconds:.2f} s ({step});"
            f" {len(self.findings)} findings of {len(kinds)} kinds"
        )
        lines = [summary]
        for kind, count in kinds.most_common():
            number, finding = first[kind]
            lines.append(f"  {count} × document {number}: {finding.step}: {finding.told}")
        return "\n".join(lines)


def document(seed: int, number: int) -> tuple[Seed, bytes, Random]:
    """Make the document of that number; the chance that goes with it decides the rest."""
    chance = Random(f"{seed}/{number}")
    of = chance.choice(SEEDS)
    return of, spoil(of.text.encode(), of.kind, chance), chance


async def fuzz(
    seed: int,
    *,
    documents: int | None = None,
    seconds: float | None = None,
    most_findings: int = 1_000,
    stages: Stages | None = None,
    tell: Callable[[Tally], None] = lambda _: None,
) -> Tally:
    """Walk so many documents, for so long, or until so much was found, down the path."""
    tally, ends, wanted = Tally(), time.monotonic() + (seconds or 1e9), documents or 10**9

    def is_over() -> bool:
        return (
            tally.documents >= wanted
            or len(tally.findings) >= most_findings
            or time.monotonic() >= ends
        )

    while not is_over():
        with TemporaryDirectory() as folder:
            async with a_path(Folder(folder), stages) as path:
                for _ in range(ROUND):
                    of, body, chance = document(seed, tally.documents)
                    found = await path.walk(body, of, chance)
                    tally.findings += [(tally.documents, one) for one in found]
                    tally.documents += 1
                    if is_over():
                        break
                count = len(path.findings)
                await path.look_back()
                tally.findings += [(tally.documents, one) for one in path.findings[count:]]
        tally.read += path.read
        tally.entries += path.entries
        tally.deliveries += path.deliveries
        tally.slowest = max(tally.slowest, path.slowest)
        tell(tally)
    return tally
