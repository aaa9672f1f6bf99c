"""Makers of values with good defaults: a test names only what matters to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from herald.model.campaign import Campaign, CatchUp, Item, Kind, Occasion, When
from herald.model.configuration import ChannelConfig, Partner
from herald.model.delivery import Delivery, Payload
from herald.model.ids import (
    CampaignId,
    ChannelId,
    ItemId,
    Language,
    OccasionId,
    PartnerId,
    campaign_key,
)
from herald.model.plan import PlannedDelivery
from herald.model.problem import Place
from herald.model.words import Words

NOON = datetime(2027, 5, 10, 12, 0, tzinfo=UTC)
SOMEWHERE = Place(file="campaigns/test.yaml")


def an_item(**changes: Any) -> Item:
    """Make an item that needs nothing else."""
    values: dict[str, Any] = {
        "id": ItemId("salt-house"),
        "kind": Kind.NEWS,
        "title": Words.of({"en": "The salt house", "it": "La casa del sale"}),
        "text": Words.of({"en": "Neighbours restored it.", "it": "I vicini l'hanno restaurata."}),
        "zone": "Europe/Rome",
        "place": SOMEWHERE,
    }
    return Item(**(values | changes))


def an_occasion(when: When, **changes: Any) -> Occasion:
    """Make an occasion at *when*."""
    return Occasion(**({"when": when, "place": SOMEWHERE} | changes))


def a_campaign(*items: Item, **changes: Any) -> Campaign:
    """Make a campaign in English and Italian on one channel."""
    values: dict[str, Any] = {
        "id": CampaignId("stories"),
        "zone": "Europe/Rome",
        "languages": (Language("en"), Language("it")),
        "channels": (ChannelId("fedi"),),
        "items": items,
        "place": SOMEWHERE,
    }
    return Campaign(**(values | changes))


def a_channel(**changes: Any) -> ChannelConfig:
    """Make a journal channel that speaks whatever is written."""
    values: dict[str, Any] = {
        "id": ChannelId("fedi"),
        "network": "journal",
        "place": Place(file="config/channels.yaml"),
    }
    return ChannelConfig(**(values | changes))


def a_partner(**changes: Any) -> Partner:
    """Make a partner without feeds."""
    values: dict[str, Any] = {
        "id": PartnerId("argenta"),
        "name": Words.in_every_language("Ecomuseo di Argenta"),
        "country": "IT",
        "languages": (Language("it"),),
        "place": Place(file="config/partners.yaml"),
    }
    return Partner(**(values | changes))


def a_payload(**changes: Any) -> Payload:
    """Make a short English payload."""
    return Payload(**({"text": "The salt house", "language": Language("en")} | changes))


def a_delivery(**changes: Any) -> Delivery:
    """Make a pending delivery due at noon; its key follows from its place in the plan."""
    place: dict[str, Any] = {
        "campaign": CampaignId("stories"),
        "item": ItemId("salt-house"),
        "occasion": OccasionId("2027-05-10T14:00"),
        "channel": ChannelId("fedi"),
        "language": Language("en"),
    }
    place |= {name: changes.pop(name) for name in tuple(place) if name in changes}
    due_at = changes.pop("due_at", NOON)
    values: dict[str, Any] = {
        **place,
        "key": campaign_key(
            place["campaign"], place["item"], place["occasion"], place["channel"], place["language"]
        ),
        "network": "journal",
        "occasion_local": datetime(2027, 5, 10, 14, 0),
        "zone": "Europe/Rome",
        "due_at": due_at,
        "next_at": due_at,
        "not_after_at": due_at.replace(hour=18),
        "catch_up": CatchUp.POST,
        "payload": a_payload(),
    }
    return Delivery(**(values | changes))


def a_planned_delivery(**changes: Any) -> PlannedDelivery:
    """Make what planning wants where ``a_delivery`` is what waits."""
    waits = a_delivery(
        **{
            name: changes.pop(name)
            for name in ("campaign", "item", "occasion", "channel", "language", "due_at")
            if name in changes
        }
    )
    values: dict[str, Any] = {
        "key": waits.key,
        "campaign": waits.campaign,
        "item": waits.item,
        "occasion": waits.occasion,
        "channel": waits.channel,
        "network": waits.network,
        "language": waits.language,
        "occasion_local": waits.occasion_local,
        "zone": waits.zone,
        "due_at": waits.due_at,
        "not_after_at": waits.due_at + timedelta(hours=6),
        "catch_up": CatchUp.POST,
        "moves": True,
        "payload": waits.payload,
        "content_hash": "first",
    }
    return PlannedDelivery(**(values | changes))
