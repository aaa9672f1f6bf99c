"""Keeps a language from being said twice where one post may hold several. Pure.

Planning sees to that by what it knows. Between planning and this, a post may have been claimed:
what it holds is being said, and the plan, a little older, may want it said in another post.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from herald.model.delivery import Delivery
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId, Language, OccasionId
from herald.model.plan import PlannedDelivery
from herald.outbox.threads import is_of_plans, may_have_been_said

Spot = tuple[CampaignId, ItemId, OccasionId, ChannelId]
Said = Mapping[Spot, Mapping[Language, DeliveryKey]]
"""By moment and channel, each language that may be out there, and the post that holds it."""


def said_together(wanted: Iterable[PlannedDelivery], deliveries: Iterable[Delivery]) -> Said:
    """Return what was said at each moment at which one post holds several languages."""
    rows = [row for row in deliveries if is_of_plans(row) and may_have_been_said(row)]
    spots = {_spot(row) for row in rows if (row.frozen or row.payload).also}
    spots |= {_spot(planned) for planned in wanted if planned.payload.also}
    said: dict[Spot, dict[Language, DeliveryKey]] = defaultdict(dict)
    for row in rows if spots else ():
        if _spot(row) in spots and row.part == 0:
            for language in (row.language, *(row.frozen or row.payload).also):
                said[_spot(row)].setdefault(language, row.key)
    return said


def is_said_elsewhere(planned: PlannedDelivery, said: Said) -> bool:
    """Tell whether another post than *planned* says one of its languages at its moment."""
    there = said.get(_spot(planned), {})
    languages = (planned.language, *planned.payload.also)
    return any(there.get(language, planned.key) != planned.key for language in languages)


def _spot(one: Delivery | PlannedDelivery) -> Spot:
    return (one.campaign, one.item, one.occasion, one.channel)
