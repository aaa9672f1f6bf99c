"""Makes plans for tests: one campaign, one channel, no past, unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from herald.model.campaign import Campaign, Every, Item
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.delivery import Delivery, DeliveryState, History
from herald.model.feed import Entry
from herald.model.ids import ChannelId, Language
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery
from herald.model.recurrence import parse_recurrence
from herald.model.wallclock import localise
from herald.model.words import Words
from herald.planning.plan import make_plan
from tests.makers import a_campaign, a_channel, a_delivery, an_item

MORNING = datetime(2027, 5, 1, 6, 0, tzinfo=UTC)
"""A Saturday; 8:00 in Rome."""
ENGLISH = (Language("en"),)


def plan_of(
    *items: Item,
    now: datetime = MORNING,
    ahead: timedelta = timedelta(days=60),
    first: datetime | None = None,
    past: Sequence[Delivery] = (),
    seen: Sequence[tuple[str, datetime]] = (),
    configuration: Configuration | None = None,
    entries: Sequence[Entry] = (),
    limits: Capabilities | None = None,
    **campaign: Any,
) -> Plan:
    """Plan a campaign of *items* for the days *ahead*."""
    return plan_campaigns(
        a_campaign(*items, **campaign),
        now=now,
        ahead=ahead,
        first=first,
        past=past,
        seen=seen,
        configuration=configuration,
        entries=entries,
        limits=limits,
    )


def plan_campaigns(
    *campaigns: Campaign,
    now: datetime = MORNING,
    ahead: timedelta = timedelta(days=60),
    first: datetime | None = None,
    past: Sequence[Delivery] = (),
    seen: Sequence[tuple[str, datetime]] = (),
    configuration: Configuration | None = None,
    entries: Sequence[Entry] = (),
    limits: Capabilities | None = None,
) -> Plan:
    """Plan *campaigns* for the days *ahead* of *first*, which is *now* unless given.

    *limits* are those of every channel; else its network's are taken.
    """
    begin = now if first is None else first
    configured = configuration or a_configuration(a_channel())
    return make_plan(
        campaigns,
        configured,
        entries=entries,
        history=History(deliveries=tuple(past), first_seen=tuple(seen)),
        capabilities={} if limits is None else dict.fromkeys(configured.channels, limits),
        now=now,
        first=begin,
        last=begin + ahead,
    )


def a_configuration(*channels: ChannelConfig, **changes: Any) -> Configuration:
    """Make a configuration of some channels."""
    return Configuration(**({"channels": {one.id: one for one in channels}} | changes))


def in_english(text: str) -> Words:
    """Make words in English alone."""
    return Words.of({"en": text})


def an_english_item(**changes: Any) -> Item:
    """Make an item with a title and nothing else."""
    return an_item(**({"title": in_english("The salt house"), "text": Words()} | changes))


def every(rule: str, **changes: Any) -> Every:
    """Make a recurrence as an editor writes it."""
    return Every(recurrence=parse_recurrence(rule), **changes)


def whens(plan: Plan) -> list[tuple[str, str]]:
    """Return each delivery's occasion and its moment on the wall clock of its zone."""
    return [(one.occasion, shown(one)) for one in plan.deliveries]


def shown(delivery: PlannedDelivery) -> str:
    """Return when *delivery* is due on the wall clock of its zone."""
    return localise(delivery.due_at, delivery.zone).isoformat(timespec="minutes")


def texts(plan: Plan) -> list[str]:
    """Return the texts in the order of their moments."""
    return [one.payload.text for one in plan.deliveries]


def codes(plan: Plan) -> list[str]:
    """Return the codes of the plan's warnings."""
    return [problem.code for problem in plan.problems]


def reasons(plan: Plan) -> list[str]:
    """Return why things were left out."""
    return [skipped.reason for skipped in plan.skipped]


def as_delivered(
    plan: Plan, *, state: DeliveryState = DeliveryState.SENT, **changes: Any
) -> list[Delivery]:
    """Turn what *plan* wants into history."""
    return [
        a_delivery(
            **{
                "campaign": one.campaign,
                "item": one.item,
                "occasion": one.occasion,
                "channel": ChannelId(one.channel),
                "language": one.language,
                "part": one.part,
                "target": one.target,
                "thread": one.thread,
                "content_hash": one.content_hash,
                "entry": one.entry,
                "key": one.key,
                "occasion_local": one.occasion_local,
                "zone": one.zone,
                "due_at": one.due_at,
                "not_after_at": one.not_after_at,
                "moves": one.moves,
                "payload": one.payload,
                "state": state,
                **changes,
            }
        )
        for one in plan.deliveries
    ]
