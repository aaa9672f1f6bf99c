"""Makes the plan: every delivery wanted in a span of time, and what is left out and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, MINYEAR, datetime
from typing import assert_never

from herald.model.campaign import Campaign, Item, Series, Status
from herald.model.configuration import Configuration
from herald.model.delivery import History
from herald.model.feed import Entry
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId, OccasionId
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery, PlannedIssue, Skipped
from herald.model.problem import Place, Problem
from herald.model.words import speaks
from herald.planning import defaults, occasions, series
from herald.planning.amplified import amplified
from herald.planning.amplify import choose
from herald.planning.amplify_once import said_once
from herald.planning.boosted import boosted
from herald.planning.corrections import corrections, still_read
from herald.planning.deliveries import Result, Seen, Standing, deliveries
from herald.planning.horizon import Horizon
from herald.planning.issues import issues
from herald.planning.moment import Finding, Moment, Scene, left_out, warning
from herald.planning.payloads import Composer, composers
from herald.planning.records import Records, index
from herald.planning.references import finishes
from herald.planning.window import opening


def make_plan(  # noqa: PLR0913 - the last one is an aid, and may be left out
    campaigns: Sequence[Campaign],
    configuration: Configuration,
    *,
    entries: Sequence[Entry] = (),
    history: History,
    capabilities: Mapping[ChannelId, Capabilities],
    now: datetime,
    first: datetime,
    last: datetime,
    composed_by: Mapping[CampaignId, Composer] | None = None,
) -> Plan:
    """Return everything wanted from *first* (included) to *last* (not included), seen at *now*.

    The same input gives the same plan; *composed_by* (see ``payloads.composers``) makes it come
    sooner, and no other. What is late at *now* and may still go out belongs to a
    span that begins by now. Moments are aware, in UTC.
    """
    horizon = Horizon(now=now, first=first, last=last)
    records = index(history)
    by_campaign = composed_by or composers(campaigns, configuration, capabilities)
    tray = _Tray()
    for campaign in campaigns:
        scene = _scene(campaign, configuration, horizon, records)
        tray.take(_campaign(scene, configuration, by_campaign[campaign.id]))
        tray.issues.extend(issues(campaign, configuration, horizon))
    datable = [entry for entry in entries if _is_datable(entry)]
    chosen, skipped = choose(campaigns, datable, configuration, history, now=now, last=last)
    once = said_once(chosen, datable, configuration, capabilities, records, now=now)
    for one in chosen:
        composer = by_campaign[one.campaign.id]
        make = boosted if one.rule.boost else amplified
        found = make(one, configuration, composer, horizon=horizon, records=records, once=once)
        name, place = ItemId(one.entry.id), one.rule.place
        tray.take(_within_the_calendar(found, name, place, one.campaign))
    tray.take(iter(skipped))
    untrue = corrections(campaigns, datable, history.deliveries, now=now)
    return replace(
        tray.plan(horizon), corrections=untrue, channels=frozenset(configuration.channels)
    )


def _is_datable(entry: Entry) -> bool:
    """Tell whether the moments of *entry* leave room to count from them.

    A partner's calendar may say the year 1 or 9999, which no zone can show.
    """
    content, event = entry.content, entry.content.event
    moments = [content.published_at, content.updated_at]
    if event is not None:
        moments += [event.begins_at, event.finishes_at]
    return all(MINYEAR + 1 < one.year < MAXYEAR - 1 for one in moments if one is not None)


@dataclass(slots=True)
class _Tray:
    """Gathers what planning finds, each thing once."""

    deliveries: dict[DeliveryKey, PlannedDelivery] = field(default_factory=dict)
    standing: dict[DeliveryKey, PlannedDelivery] = field(default_factory=dict)
    skipped: dict[Skipped, None] = field(default_factory=dict)
    problems: dict[Problem, None] = field(default_factory=dict)
    seen: dict[str, None] = field(default_factory=dict)
    issues: list[PlannedIssue] = field(default_factory=list)

    def take(self, results: Iterator[Result]) -> None:
        """Sort *results*; of two that have the same identity the first stays."""
        for result in results:
            match result:
                case PlannedDelivery():
                    self.deliveries.setdefault(result.key, result)
                case Standing():
                    self.standing.setdefault(result.delivery.key, result.delivery)
                case Skipped():
                    self.skipped[result] = None
                case Problem():
                    self.problems[result] = None
                case Seen():
                    self.seen[result.name] = None
                case _:
                    assert_never(result)

    def plan(self, horizon: Horizon) -> Plan:
        """Return the plan in its order."""
        return Plan(
            made_at=horizon.now,
            first=horizon.first,
            last=horizon.last,
            deliveries=tuple(sorted(self.deliveries.values(), key=_by_moment)),
            standing=tuple(sorted(self.standing.values(), key=_by_moment)),
            skipped=tuple(self.skipped),
            issues=tuple(sorted(self.issues, key=lambda issue: (issue.due_at, issue.key))),
            problems=tuple(self.problems),
            first_seen=tuple(sorted(self.seen)),
        )


def _by_moment(delivery: PlannedDelivery) -> tuple[datetime, DeliveryKey]:
    return delivery.due_at, delivery.key


def _campaign(scene: Scene, configuration: Configuration, composer: Composer) -> Iterator[Result]:
    campaign = scene.campaign
    yield from _unheard(campaign, configuration)
    for item in campaign.items:
        found = _item(item, scene, configuration, composer)
        yield from _within_the_calendar(found, item.id, item.place, campaign)
    for one in campaign.series:
        found = _series(one, scene, configuration, composer)
        yield from _within_the_calendar(found, ItemId(one.id), one.place, campaign)


def _within_the_calendar(
    found: Iterator[Result], name: ItemId, place: Place, campaign: Campaign
) -> Iterator[Result]:
    """Yield what was *found*; a date at the end of the calendar stops one item, and no other."""
    try:
        yield from found
    except OverflowError:
        reason = "a date of it lies at the end of the calendar (the years 1 and 9999)"
        yield left_out(campaign, name, reason)
        yield warning(place, "no-such-date", f"{name}: {reason}", "give another date")


def _series(
    one: Series, scene: Scene, configuration: Configuration, composer: Composer
) -> Iterator[Result]:
    for turn in series.turns(one, scene):
        if isinstance(turn, tuple):
            card, moment = turn
            yield from deliveries(
                moment, card, scene, configuration=configuration, composer=composer
            )
        else:
            yield turn


def _item(
    item: Item, scene: Scene, configuration: Configuration, composer: Composer
) -> Iterator[Result]:
    named: set[OccasionId] = set()
    for finding in _moments(item, scene):
        if not isinstance(finding, Moment):
            yield finding
        elif finding.id in named:
            yield _named_twice(finding, item)
        else:
            named.add(finding.id)
            yield from deliveries(
                finding, item, scene, configuration=configuration, composer=composer
            )


def _moments(item: Item, scene: Scene) -> Iterator[Finding]:
    """Yield the moments of *item*: its own, or those of its kind; none if it is called off."""
    if item.status is not Status.PLANNED:
        yield from _called_off(item, scene)
        return
    if item.post is not None:
        for occasion in item.post:
            yield from occasions.moments(occasion, item, scene)
    elif not series.covers(scene.campaign.series, item):
        yield from defaults.moments(item, scene)


def _called_off(item: Item, scene: Scene) -> Iterator[Finding]:
    """Say that nothing is posted of *item*, as long as somebody might still expect it."""
    end = finishes(item)
    if end is None or end.at > scene.horizon.now:
        still = still_read(scene.past.deliveries, item.id)
        reason = f"it is {item.status}: nothing more is posted{still}"
        yield left_out(scene.campaign, item.id, reason)


def _named_twice(moment: Moment, item: Item) -> Problem:
    return warning(
        moment.occasion.place,
        "same-occasion",
        f"{item.id} has two occasions {moment.id}: only the first is posted",
        "give one of them an `id:`",
    )


def _unheard(campaign: Campaign, configuration: Configuration) -> Iterator[Problem]:
    """Tell of languages that the campaign writes and that no channel of its speaks."""
    if not (campaign.items or campaign.series):
        return
    used = {
        channel
        for lists in (
            campaign.channels,
            *(item.channels for item in campaign.items),
            *(one.channels for one in campaign.series),
        )
        for channel in lists
    }
    spoken = [
        configuration.channels[channel].languages
        for channel in used
        if channel in configuration.channels
    ]
    for language in campaign.languages:
        if spoken and not any(not tags or speaks(tags, language) for tags in spoken):
            yield warning(
                campaign.place,
                "unheard-language",
                f"no channel of this campaign speaks {language}: nothing goes out in it",
                "add the language to a channel in config/channels.yaml, or a channel here",
            )


def _scene(
    campaign: Campaign, configuration: Configuration, horizon: Horizon, records: Records
) -> Scene:
    cards = [card for one in campaign.series for card in one.cards]
    items = {item.id: item for item in (*campaign.items, *cards)}
    return Scene(
        campaign=campaign,
        horizon=horizon,
        records=records,
        past=records.past(campaign.id),
        items=items,
        country={item.id: _country(item, configuration) for item in items.values()},
        opening=opening(campaign, configuration),
    )


def _country(item: Item, configuration: Configuration) -> str:
    if item.location is not None and item.location.country:
        return item.location.country
    partner = configuration.partners.get(item.partner) if item.partner else None
    return partner.country if partner is not None else ""
