"""What a list's letters look like: the colours of a design, by day and by night.  Pure.

A list chooses two colours, and only by day.  The rest follows from them, so that nothing can be
chosen that cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from herald.composing.contrast import readable
from herald.model.mailing import LetterPicture

INK = "#22241f"
SOFT = "#575a52"
PAPER = "#ffffff"
GROUND = "#f4f1ea"
ACCENT = "#14532d"
RULE = "#d9d4c7"

NIGHT_INK = "#eceae4"
NIGHT_SOFT = "#bdb9af"
NIGHT_PAPER = "#1d1f23"
NIGHT_GROUND = "#141518"
NIGHT_RULE = "#3b3f45"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The design of a list's letters."""

    accent: str = ACCENT
    """Of links and of the bar at the top: it is read on the paper and on the ground."""
    ground: str = GROUND
    """Behind the sheet of paper."""
    logo: LetterPicture | None = None

    @property
    def night_accent(self) -> str:
        """The accent as it is read in the dark: the same hue, as much lighter as need be."""
        return readable(self.accent, NIGHT_PAPER, NIGHT_GROUND)

    @property
    def night_rule(self) -> str:
        """Lines in the dark."""
        return NIGHT_RULE
