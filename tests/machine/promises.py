"""What must hold whatever happens, each with its name, and who remembers that it was broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Promise(StrEnum):
    """A sentence that is true of Herald."""

    ONCE = "nothing appears twice"
    THERE = "what is marked as sent is on the network"
    REMEMBERED = "nothing that is due and free to go is forgotten"
    IN_TIME = "nothing is sent after the moment until which it may go"
    FREE = "nothing is sent that is stopped or not approved"
    WRITTEN_FIRST = "what is sent was claimed, and its attempt recorded, before the first byte"
    LAWFUL = "every change of state stands in the table"
    COUNTED = "a network that asks to wait costs no attempt"
    SAME = "a repeat says what the first send said"
    PLANNED = "a plan is taken in"


@dataclass(slots=True)
class Broken:
    """The promises that were broken, and how."""

    what: list[tuple[Promise, str]] = field(default_factory=list)

    def __call__(self, promise: Promise, how: str) -> None:
        self.what.append((promise, how))

    @property
    def promises(self) -> set[Promise]:
        """Return which promises were broken."""
        return {promise for promise, _ in self.what}
