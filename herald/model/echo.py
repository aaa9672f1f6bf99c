"""What became of posts that were sent: counts, and what people wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from herald.model.account import Reactions, Reply
from herald.model.delivery import Receipt
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncounted:
    """A sent post whose reactions are to be counted."""

    key: DeliveryKey
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The reactions to a post, and when they were counted last."""

    reactions: Reactions
    counted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What somebody wrote to one of Herald's accounts."""

    channel: ChannelId
    reply: Reply
    campaign: CampaignId | None = None
    """Of the post that it answers, where that is known."""
    item: ItemId | None = None
    heard_at: datetime
    """When Herald saw it."""
