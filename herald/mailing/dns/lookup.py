"""What can be asked of the DNS, and what it may answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What is asked for of a name."""

    TXT = "TXT"
    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    PTR = "PTR"


@dataclass(frozen=True, slots=True)
class Found:
    """The records of a name; of an MX the server alone, the preferred one first."""

    values: tuple[str, ...]
    """Never empty; strangers wrote them."""


@dataclass(frozen=True, slots=True)
class NoRecord:
    """The name has no such record."""

    is_name_known: bool = False
    """Whether the name has, or leads to, records of another kind."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody knows: the network or a name server failed."""

    why: str


Answer = Found | NoRecord | Unanswered


class Names(Protocol):
    """Looks names up; a fake of it is a map."""

    async def look_up(self, name: str, kind: Kind) -> Answer:
        """Return what *name* has of *kind*, aliases followed; never raises."""
        ...


class NamesFail(Exception):
    """A look-up that others build on was not answered; say so, and look at nothing more."""


async def values_of(names: Names, name: str, kind: Kind) -> tuple[str, ...]:
    """Return the records of *name*, none where it has none; raise NamesFail if nobody knows."""
    answer = await names.look_up(name, kind)
    match answer:
        case Found():
            return answer.values
        case NoRecord():
            return ()
        case Unanswered():
            raise NamesFail(answer.why)
