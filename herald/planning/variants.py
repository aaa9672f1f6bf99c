"""From a moment to its variants: every channel and language, its time, and where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from herald.composing.language import Choice, Routing, route
from herald.model.campaign import At, Campaign, CatchUp, ChannelOverride, Item, Now
from herald.model.configuration import ChannelConfig
from herald.model.delivery import Delivery
from herald.model.ids import ChannelId, DeliveryKey, Language, campaign_key
from herald.planning.horizon import Horizon
from herald.planning.moment import Moment, Scene
from herald.planning.records import is_waiting
from herald.planning.schedule import Slot, stagger
from herald.planning.together import Arrangement, Told, is_said, said_in
from herald.planning.wording import Script, override


class Fate(Enum):
    """Where a variant belongs, by its moment and by what is known of it."""

    WANTED = auto()
    """It lies in the span, and can go out or is known to history."""
    STANDING = auto()
    """History knows it and the files still hold it, outside the span."""
    PAST = auto()
    """Its moment was over before it was ever seen."""
    LATE = auto()
    """Its moment is over, it could still go out, and the editor wants late ones left out."""
    ELSEWHERE = auto()
    """It belongs to another span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One language of a moment on one channel, not yet put into words."""

    key: DeliveryKey
    choice: Choice
    channel: ChannelConfig
    script: Script
    slot: Slot
    due_at: datetime
    fate: Fate
    also: tuple[Choice, ...] = ()
    """Further languages in the same post."""
    root: DeliveryKey | None = None
    """The post of another language, which this one answers."""
    is_begun: bool = False
    """Its first part is out: as a thread it goes on as it began, and no post becomes one."""
    begun: tuple[Delivery, ...] = ()
    """The further parts of a thread that has begun."""


def channel_ids(moment: Moment, item: Item, campaign: Campaign) -> tuple[ChannelId, ...]:
    """Return the channels that get *moment*: the closest list counts."""
    return moment.occasion.channels or item.channels or campaign.channels


def languages(moment: Moment, item: Item, campaign: Campaign) -> tuple[Language, ...]:
    """Return the languages in which *moment* is wanted, the leading one first."""
    return moment.occasion.languages or item.languages or campaign.languages


def catch_up(moment: Moment, item: Item, campaign: Campaign) -> CatchUp:
    """Return what a late post of *moment* does: the closest word counts."""
    return moment.occasion.catch_up or item.catch_up or campaign.catch_up


def time_override(moment: Moment, item: Item, channel: ChannelId) -> ChannelOverride | None:
    """Return the channel's own time for *moment*, if it has one.

    A date that the item gives a channel can only be meant where the item is posted once.
    """
    close = override(moment.occasion.on_channel, channel)
    if close is not None and not (close.on is None and close.at is None):
        return close
    wide = override(item.on_channel, channel)
    if wide is None or (wide.on is None and wide.at is None):
        return None
    return wide if is_posted_once(item) else replace(wide, on=None)


def is_posted_once(item: Item) -> bool:
    """Tell whether *item* has a single moment of its own."""
    return item.post is not None and len(item.post) == 1 and isinstance(item.post[0].when, At | Now)


def routing(
    moment: Moment, item: Item, campaign: Campaign, channel: ChannelConfig, script: Script
) -> Routing:
    """Return the languages in which *moment* goes to *channel*, and those that are missing."""
    return route(
        script.languages(),
        wanted=languages(moment, item, campaign),
        spoken=channel.languages,
        missing_translation=item.missing_translation or campaign.missing_translation,
    )


def variants(
    moment: Moment,
    item: Item,
    scene: Scene,
    *,
    channel: ChannelConfig,
    slot: Slot,
    script: Script,
    arranged: Arrangement,
) -> Iterator[Variant]:
    """Yield a variant for each post, at its language's place in the stagger if there is one."""
    order = _order(moment, item, scene.campaign)
    late = catch_up(moment, item, scene.campaign)
    at_once = arranged.at_once
    due = stagger(slot, moment, scene.campaign, 1 if at_once else len(order))
    spot = (scene.campaign.id, item.id, moment.id, channel.id)
    root = campaign_key(*spot, arranged.root) if arranged.root is not None else None
    for choice in arranged.choices:
        due_at = due[0 if at_once else order.index(choice.language)]
        key = campaign_key(*spot, choice.language)
        known = scene.records.by_key.get(key)
        is_begun = known is not None and is_said(known)
        yield Variant(
            key=key,
            choice=choice,
            channel=channel,
            script=script,
            slot=slot,
            due_at=due_at,
            fate=fate(
                due_at,
                slot.not_after(due_at),
                known,
                scene.horizon,
                moves=moment.moves,
                catch_up=late,
            ),
            also=arranged.also if choice is arranged.choices[0] else (),
            root=None if root == key else root,
            is_begun=is_begun,
            begun=scene.records.further.get((spot, choice.language), ()) if is_begun else (),
        )


def told(
    moment: Moment, item: Item, scene: Scene, channel: ChannelConfig, choices: tuple[Choice, ...]
) -> Told:
    """Return what is known of the languages of *moment* on *channel*."""
    spot = (scene.campaign.id, item.id, moment.id, channel.id)
    rows = {
        choice.language: scene.records.by_key.get(campaign_key(*spot, choice.language))
        for choice in choices
    }
    posts = (row for row in scene.records.combined.get(spot, ()) if is_said(row))
    return Told(
        by_language={language: row for language, row in rows.items() if row is not None},
        in_others=frozenset(language for row in posts for language in said_in(row)),
    )


def fate(
    due_at: datetime,
    not_after_at: datetime,
    known: Delivery | None,
    horizon: Horizon,
    *,
    moves: bool,
    catch_up: CatchUp,
) -> Fate:
    """Return where a delivery belongs that is due at *due_at* and *known* to history, or not."""
    if known is not None:
        if horizon.holds(due_at) or horizon.keeps(due_at, not_after_at):
            return Fate.WANTED
        return Fate.STANDING if moves or is_waiting(known) else Fate.ELSEWHERE
    if horizon.keeps(due_at, not_after_at):
        skips = catch_up is CatchUp.SKIP and due_at < horizon.now
        return Fate.LATE if skips else Fate.WANTED
    return Fate.PAST if due_at < horizon.now and horizon.spans(due_at) else Fate.ELSEWHERE


def _order(moment: Moment, item: Item, campaign: Campaign) -> tuple[Language, ...]:
    """Return every language in its place: the campaign's list, then what only this moment has."""
    wanted = languages(moment, item, campaign)
    if wanted is campaign.languages:
        return wanted
    return tuple(dict.fromkeys((*campaign.languages, *wanted)))
