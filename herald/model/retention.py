"""How long what is held of people is kept, and what was forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long each kind is kept; what is older is forgotten once a day."""

    letters: timedelta = timedelta(days=400)
    """After an issue was sent: whose copies its rows are."""
    left: timedelta = timedelta(days=1095)
    """After somebody left a list: address, name, and what proved the consent."""
    unconfirmed: timedelta = timedelta(days=90)
    """After an import: people of whom nobody noted a consent, and who never confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was forgotten at one time."""

    letters: int = 0
    """Copies that lead to nobody any more."""
    left: int = 0
    """Ties to lists that had ended."""
    unconfirmed: int = 0
    people: int = 0
    """Who is on no list, and was on none for as long."""
    returns: int = 0
    """Notes of letters that came back."""

    @property
    def is_nothing(self) -> bool:
        """Tell whether all was kept."""
        return not (self.letters or self.left or self.unconfirmed or self.people or self.returns)
