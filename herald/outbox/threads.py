"""Keeps a thread together: as long as nothing of it is out there it follows its file, then no more.

Its parts are deliveries, each of which waits for the one before. To change or drop one that is to
follow what readers already see would tear the thread, and to add one would give it a second end.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from herald.model.delivery import Delivery
from herald.model.ids import CampaignId, ChannelId, ItemId, Language, OccasionId
from herald.model.plan import PlannedDelivery
from herald.outbox.lifecycle import waits

Post = tuple[CampaignId, ItemId, OccasionId, ChannelId, Language]
"""What all parts of one text have in common. An answer in another language is a post of its own."""


def post_of(one: Delivery | PlannedDelivery) -> Post:
    """Return of which post *one* is a part."""
    return (one.campaign, one.item, one.occasion, one.channel, one.language)


def begun(deliveries: Iterable[Delivery]) -> frozenset[Post]:
    """Return the posts of which something is, or may be, out there."""
    return frozenset(
        post_of(row) for row in deliveries if is_of_plans(row) and may_have_been_said(row)
    )


def follows(one: Delivery | PlannedDelivery, begun: Container[Post]) -> bool:
    """Tell whether *one* is to follow what readers of its thread already see."""
    return one.part > 0 and post_of(one) in begun


def may_have_been_said(row: Delivery) -> bool:
    """Tell whether *row* was sent, is being sent, or may have arrived when it was."""
    return row.may_be_out_there or (waits(row) and row.frozen is not None)


def is_of_plans(row: Delivery) -> bool:
    """Tell whether a plan could hold *row*: corrections are a person's."""
    return not row.corrects
