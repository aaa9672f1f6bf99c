"""The names of things, and the key by which a delivery is known for ever."""

import hashlib
from json.encoder import encode_basestring
from typing import NewType

CampaignId = NewType("CampaignId", str)
ItemId = NewType("ItemId", str)
OccasionId = NewType("OccasionId", str)
PartnerId = NewType("PartnerId", str)
ChannelId = NewType("ChannelId", str)
ProjectId = NewType("ProjectId", str)
ListId = NewType("ListId", str)
FeedId = NewType("FeedId", str)
EntryId = NewType("EntryId", str)
DeliveryKey = NewType("DeliveryKey", str)
Language = NewType("Language", str)
"""A BCP 47 tag such as ``sl`` or ``sr-Latn``."""

KEY_LENGTH = 32
"""Hexadecimal digits of a key: 128 bits, so that two deliveries never share one."""


def campaign_key(
    campaign: CampaignId,
    item: ItemId,
    occasion: OccasionId,
    channel: ChannelId,
    language: Language,
    *,
    action: str = "create",
    part: int = 0,
) -> DeliveryKey:
    """Derive the key of a campaign's delivery from its place in the plan, never from its text."""
    return _key("campaign", campaign, item, occasion, channel, language, action, part)


def amplify_key(
    entry: EntryId,
    occasion: OccasionId,
    channel: ChannelId,
    language: Language,
    *,
    action: str = "create",
    part: int = 0,
) -> DeliveryKey:
    """Derive the key of an amplified entry's delivery; campaigns that match it share the key."""
    return _key("amplify", entry, occasion, channel, language, action, part)


def _key(*places: str | int) -> DeliveryKey:
    # JSON without spaces; a whole encoder for each key took a tenth of all planning
    spelled = ",".join(
        [encode_basestring(place) if isinstance(place, str) else str(place) for place in places]
    )
    return DeliveryKey(hashlib.sha256(f"[{spelled}]".encode()).hexdigest()[:KEY_LENGTH])
