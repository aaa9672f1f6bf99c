"""How far back planning looks: of years of ended deliveries, those that can still matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.model.ids import CampaignId, EntryId, ItemId, PartnerId

EVER = timedelta(days=365 * 1000)
"""So far back nothing is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReach:
    """What of one campaign's past its file can ask about."""

    campaign: CampaignId
    items: tuple[tuple[ItemId, timedelta], ...] = ()
    """Each item and card of the file, and how far before ``Reach.begins`` what comes back of it
    matters. What an edit can move (``Delivery.moves``) matters however old it is."""
    series: tuple[str, ...] = ()
    """The ids of its series: of each card the last turn matters however old it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What of the past a plan of certain files and entries can depend on.

    What waits, or is being sent, always matters, and is no part of this.
    """

    begins: datetime
    """Where the plan begins, and never after now."""
    first: datetime
    last: datetime
    """The span: what was sent in it is shown."""
    back: timedelta
    """What was due so long before ``begins`` matters, whatever it was."""
    news_back: timedelta
    """Of partners' entries, what was due so long before ``begins``: limits count it."""
    campaigns: tuple[CampaignReach, ...] = ()
    entries: tuple[EntryId, ...] = ()
    """Of these everything matters."""
    partners: tuple[PartnerId, ...] = ()
    """Of these the last turn matters, and whether they are trusted."""
    boosts: bool = False
    """Something is to be boosted: whose boosts are trusted matters too."""
