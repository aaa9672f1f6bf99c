"""Tells how far back a plan looks, so that years of ended deliveries need not be read for it.

Each rule here answers one question that planning asks of the past; leaving out what it names may
change no plan. ``tests/planning/test_reach.py`` compares plans with and without the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from herald.model.campaign import Anchored, Campaign, Every, Item, Now, Occasion, Status
from herald.model.configuration import Configuration
from herald.model.feed import Entry
from herald.model.ids import ItemId
from herald.model.reach import EVER, CampaignReach, Reach
from herald.planning.amplify_room import BACKLOG
from herald.planning.moment import at_most_late

_MARGIN = timedelta(days=8)
"""Zones, stagger, a limit's local days, and an edit of the hour or of how late it may be."""
_YEARS = timedelta(days=3 * 366)
"""An anchored occasion looks at the year before last, to say of what is over that it was missed."""


def reach_of(
    campaigns: Sequence[Campaign],
    configuration: Configuration,
    entries: Iterable[Entry],
    *,
    now: datetime,
    first: datetime,
    last: datetime,
) -> Reach:
    """Return what of the past ``make_plan`` can depend on, given the same arguments."""
    late = max((_latest(campaign) for campaign in campaigns), default=timedelta(0))
    return Reach(
        begins=min(now, first),
        first=first,
        last=last,
        back=late + _MARGIN,
        news_back=late + _longest_limit(campaigns) + _MARGIN,
        campaigns=tuple(_campaign(one, late + _MARGIN) for one in campaigns),
        entries=tuple(dict.fromkeys(entry.id for entry in entries)),
        partners=tuple(configuration.partners),
        boosts=any(rule.boost for campaign in campaigns for rule in campaign.amplify),
    )


def _campaign(campaign: Campaign, back: timedelta) -> CampaignReach:
    items: dict[ItemId, timedelta] = {}
    for item in _items(campaign):
        items[item.id] = max(items.get(item.id, back), _back(item, back))
    return CampaignReach(
        campaign=campaign.id,
        items=tuple(items.items()),
        series=tuple(one.id for one in campaign.series),
    )


def _items(campaign: Campaign) -> Iterator[Item]:
    yield from campaign.items
    for one in campaign.series:
        yield from one.cards


def _back(item: Item, back: timedelta) -> timedelta:
    """Return how far back what comes again of *item* matters."""
    if item.status is not Status.PLANNED:
        return EVER  # everything that was sent of it is to be corrected
    if any(one.on is not None for one in item.on_channel):
        return EVER  # due on a date of its own, whatever the day of its turn
    for occasion in item.post or ():
        if any(one.on is not None for one in occasion.on_channel):
            return EVER
        named = occasion.id is not None and not isinstance(occasion.when, Every | Anchored)
        if named or isinstance(occasion.when, Now):
            return EVER  # its key names no day, so it is looked up whenever that was
        if isinstance(occasion.when, Anchored):
            when = occasion.when
            reach = sum((one.as_timedelta() for one in (when.before, when.after) if one), _YEARS)
            back = max(back, reach + back)
    return back


def _latest(campaign: Campaign) -> timedelta:
    """Return how late anything of *campaign* may go out."""
    lates = [campaign.at_most_late]
    for item in _items(campaign):
        if item.at_most_late is not None:
            lates.append(item.at_most_late)
        lates += [at_most_late(one, item, campaign) for one in item.post or ()]
    lates += [one.at_most_late for one in _of_rules(campaign) if one.at_most_late is not None]
    return max(lates)


def _of_rules(campaign: Campaign) -> Iterator[Occasion]:
    for rule in campaign.amplify:
        yield from rule.post


def _longest_limit(campaigns: Iterable[Campaign]) -> timedelta:
    """Return the longest time over which a rule counts what it passed on."""
    limits = [
        limit.period
        for campaign in campaigns
        for rule in campaign.amplify
        for limit in (rule.limit_partner, rule.limit_total)
        if limit is not None
    ]
    return max([BACKLOG.period, *limits])
