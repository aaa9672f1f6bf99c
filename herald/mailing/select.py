"""Which items and which partners' entries a section of an issue tells.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from herald.model.campaign import Campaign, Item, Section, Status
from herald.model.configuration import Partner
from herald.model.delivery import DeliveryState, History
from herald.model.feed import Entry
from herald.model.ids import CampaignId, ItemId, PartnerId
from herald.model.wallclock import day_begins, moment_of

_OVER = frozenset({DeliveryState.EXPIRED, DeliveryState.WITHDRAWN, DeliveryState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What a section tells, in its order."""

    items: tuple[tuple[Campaign, Item], ...] = ()
    entries: tuple[Entry, ...] = ()


def pick_items(
    section: Section,
    campaigns: tuple[Campaign, ...],
    history: History,
    *,
    begins: datetime,
    ends: datetime | None,
    now: datetime,
    since: datetime | None,
    told: frozenset[str],
) -> tuple[tuple[Campaign, Item], ...]:
    """Return the items of the section's kinds, with *ends* those that begin until then.

    With *since*, only what was first posted later, and what no earlier issue has told.
    """
    if not section.kinds:
        return ()
    posts = _first_posts(history)
    found = [
        (campaign, item)
        for campaign, item in _items(section, campaigns)
        if (ends is None or begins <= _begins(item, begins) <= ends)
        and (since is None or _is_news(campaign, item, posts, now, since, told))
    ]
    if ends is not None:
        found.sort(key=lambda pair: (_begins(pair[1], begins), pair[0].id, pair[1].id))
    return tuple(found)


def pick_entries(
    section: Section,
    entries: tuple[Entry, ...],
    partners: Mapping[PartnerId, Partner],
    *,
    begins: datetime,
    ends: datetime | None,
    now: datetime,
    since: datetime | None,
    told: frozenset[str],
) -> tuple[Entry, ...]:
    """Return the entries of the section's partners, who take turns, each with the latest first.

    With *ends*, only events that begin until then, the next first.
    """
    if not section.partners:
        return ()
    chosen = _chosen_partners(section, partners)
    by_partner: dict[PartnerId, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.first_seen_at, entry.id), reverse=True):
        partner = next((name for name in entry.partners if name in chosen), None)
        if partner is None or entry.withdrawn or entry.first_seen_at > now or entry.content.post_of:
            continue
        if since is not None and (entry.first_seen_at <= since or f"entry:{entry.id}" in told):
            continue
        if not (_is_coming(entry, begins, ends) if ends is not None else not entry.seeded):
            continue
        by_partner.setdefault(partner, []).append(entry)
    turns = (entry for turn in zip_longest(*by_partner.values()) for entry in turn if entry)
    if ends is None:
        return tuple(turns)
    return tuple(sorted(turns, key=_event_begins))


def _items(section: Section, campaigns: tuple[Campaign, ...]) -> Iterator[tuple[Campaign, Item]]:
    for campaign in campaigns:
        if campaign.paused or (section.campaigns and campaign.id not in section.campaigns):
            continue
        cards = (card for series in campaign.series for card in series.cards)
        for item in (*campaign.items, *cards):
            if item.kind in section.kinds and item.status is Status.PLANNED:
                yield campaign, item


def _first_posts(history: History) -> dict[tuple[CampaignId, ItemId], datetime | None]:
    """Return when each item was first posted; None for one whose posts are yet to come."""
    posts: dict[tuple[CampaignId, ItemId], datetime | None] = {
        (one.campaign, one.item): one.first_sent_at
        for one in history.earlier
        if one.first_sent_at is not None
    }
    for delivery in history.deliveries:
        if delivery.entry is not None or delivery.state in _OVER:
            continue
        place = (delivery.campaign, delivery.item)
        sent_at, known = delivery.sent_at, posts.get(place)
        if sent_at is None:
            posts.setdefault(place, None)
        else:
            posts[place] = sent_at if known is None else min(sent_at, known)
    return posts


def _is_news(
    campaign: Campaign,
    item: Item,
    posts: Mapping[tuple[CampaignId, ItemId], datetime | None],
    now: datetime,
    since: datetime,
    told: frozenset[str],
) -> bool:
    place = (campaign.id, item.id)
    if f"item:{campaign.id}/{item.id}" in told:
        return False
    if place not in posts:
        # No channel posts it: the newsletter is where it appears.
        return item.post == ()
    posted_at = posts[place]
    return posted_at is not None and since < posted_at <= now


def _begins(item: Item, otherwise: datetime) -> datetime:
    """Return when an item begins; one without a beginning never does."""
    if item.begins is None:
        return datetime.min.replace(tzinfo=otherwise.tzinfo)
    if isinstance(item.begins, datetime):
        return moment_of(item.begins, item.zone)
    return day_begins(item.begins, item.zone)


def _chosen_partners(
    section: Section, partners: Mapping[PartnerId, Partner]
) -> frozenset[PartnerId]:
    return frozenset(
        name
        for name, partner in partners.items()
        if not partner.paused
        and any(
            wanted in {"*", name} or wanted.removeprefix("tag:") in partner.tags
            for wanted in section.partners
            if wanted in {"*", name} or wanted.startswith("tag:")
        )
    )


def _is_coming(entry: Entry, begins: datetime, ends: datetime) -> bool:
    event = entry.content.event
    if event is None or event.status in {"cancelled", "postponed"}:
        return False
    return begins <= event.begins_at <= ends


def _event_begins(entry: Entry) -> tuple[datetime, str]:
    event = entry.content.event
    return (event.begins_at if event else entry.first_seen_at, entry.id)
