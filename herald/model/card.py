"""What a linked page shows of itself beside a link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from herald.model.delivery import Media


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCard:
    """A page as it is shown beside a link that leads to it."""

    link: str
    """As it was posted."""
    title: str = ""
    description: str = ""
    picture: Media | None = None
    """Its bytes are kept by their SHA-256."""
    made_at: datetime
    trouble: str = ""
    """Why the page could not be read; then all else is empty."""
