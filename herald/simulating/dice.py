"""Chance that depends on nothing but a seed and on what is asked: the same, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

_BYTES = 7  # 56 bits: more than a float between 0 and 1 tells apart


@dataclass(frozen=True, slots=True)
class Dice:
    """A source of numbers that are drawn by name.

    A sequence of draws would tie every event to the order of those before it; a name ties it to
    itself, so that one fault more or less leaves the rest of a year as it was.
    """

    seed: int

    def draw(self, *names: object) -> float:
        """Return a number from 0 (included) to 1 (not included) for *names*."""
        spelled = "\x1f".join(map(str, (self.seed, *names))).encode()
        return int.from_bytes(blake2b(spelled, digest_size=_BYTES).digest()) / (1 << 8 * _BYTES)

    def hits(self, chance: float, *names: object) -> bool:
        """Tell whether something of this *chance* (0 to 1) happens."""
        return chance > 0 and self.draw(*names) < chance

    def number(self, least: int, most: int, *names: object) -> int:
        """Return a whole number from *least* to *most*, both included."""
        return least + int(self.draw(*names) * (most - least + 1))
