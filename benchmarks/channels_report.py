"""What is asked of each side of the channels benchmark, and what it answers."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.measuring import peak_memory, percentile

_TEXT = (
    "Neighbours restored a salt store beside the lagoon, and every Saturday they open it and show"
    " how salt was made, weighed and smuggled."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is to be posted, where."""

    side: str
    """Who posts: a word that ``channels_herald`` or ``channels_loops`` knows."""
    server: str
    accounts: int
    posts: int
    """Of all accounts together."""
    name: str
    """Tells the texts of one run from those of another on the same server."""

    def account_of(self, nth: int) -> int:
        """Return whose the *nth* post is: all accounts take turns."""
        return nth % self.accounts

    def text(self, nth: int) -> str:
        """Return the text of the *nth* post."""
        link = f"https://example.org/{self.name}/{nth}"
        return f"The salt house, {self.name} {nth}\n\n{_TEXT}\n\n{link}\n\n#Ecomuseums #Salt"

    def spelled(self) -> str:
        """Return it as another process reads it."""
        return json.dumps(asdict(self))


def read_load(spelled: str) -> Load:
    """Return what ``Load.spelled`` wrote."""
    return Load(**json.loads(spelled))


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How one side did."""

    seconds: float
    processor: float
    """Seconds of all cores, this side's own; the server is another process."""
    peak: int
    """The most bytes of memory that the process held, its libraries included."""
    took: tuple[float, ...]
    """Seconds of each post, from its taking up until its answer is known (and kept)."""

    def spelled(self) -> str:
        """Return it as another process reads it."""
        return json.dumps(asdict(self))


def read_posted(spelled: str) -> Posted:
    """Return what ``Posted.spelled`` wrote."""
    values = json.loads(spelled)
    return Posted(**values | {"took": tuple(values["took"])})


class Stopwatch:
    """Measures what this process does from its making on."""

    def __init__(self) -> None:
        self._begun, self._worked = time.perf_counter(), time.process_time()

    def stopped(self, took: Sequence[float]) -> Posted:
        """Return how it did, *took* being the seconds of each post."""
        return Posted(
            seconds=time.perf_counter() - self._begun,
            processor=time.process_time() - self._worked,
            peak=peak_memory(),
            took=tuple(took),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One side's run, and what its server saw of it."""

    side: str
    posts: int
    posted: Posted
    seen: dict[str, int]

    @property
    def a_second(self) -> float:
        """Posts per second."""
        return self.posts / self.posted.seconds

    def cells(self, base: float) -> tuple[str, ...]:
        """Return the row of a table; *base* is the posts per second of what it is beside."""
        posted = self.posted
        return (
            self.side,
            f"{self.a_second:,.0f}",
            f"{self.a_second / base:.2f}",
            *(f"{percentile(posted.took, part) * 1000:.1f}" for part in (0.5, 0.99)),
            f"{posted.processor / self.posts * 1000:.1f}",
            f"{posted.peak / 1e6:.0f}",
            f"{self.seen['requests'] / self.posts:.1f}",
        )


HEAD = ("", "posts/s", "ratio", "p50 ms", "p99 ms", "CPU s/1,000", "peak MB", "requests")
